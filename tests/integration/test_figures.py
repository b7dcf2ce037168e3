"""The figure of a run says what it shows, in which unit, and what it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from contactsim.config.run_config import compose
from contactsim.runs.folder import Run, load_run
from contactsim.runs.plots import CAVEAT, COLOURS, MOST_GROUPS, figure, save
from contactsim.runs.run import execute


def run_of(folder: Path, *overrides: str) -> Run:
    return load_run(execute(compose(["place=synthetic", "place.residents=1200", "scenario=no_burn_in", "weeks=3",
                                     f"output={folder}", *overrides]))[0])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_of(tmp_path_factory.mktemp("figures") / "run")


def test_panels_are_labelled_with_units_and_the_caveat_stands_below(run: Run) -> None:
    drawn = figure(run)
    titles = [axis.get_title() for axis in drawn.axes]
    assert len(titles) == 4 and all(titles) and all(axis.get_xlabel() and axis.get_ylabel() for axis in drawn.axes)
    assert any(CAVEAT in text.get_text() for text in drawn.texts) and "does not predict" in CAVEAT
    assert [text.get_text() for text in drawn.legends[0].get_texts()] == ["majority", "minority"]


def test_lines_show_the_record(run: Run) -> None:
    meetings = figure(run).axes[0]
    record = run.weekly.query("measure == 'negative' and group == 'minority' and target == 'all others'")["value"]
    shown = [line for line in meetings.lines if line.get_color() == COLOURS[1]]
    assert len(shown) == 2 and list(shown[1].get_ydata()) == list(record)


def test_drawing_never_touches_the_global_state_of_pyplot(run: Run, tmp_path: Path) -> None:
    import sys

    before = "matplotlib.pyplot" in sys.modules
    save(run, tmp_path / "x.png")
    assert ("matplotlib.pyplot" in sys.modules) == before


def test_many_groups_and_no_survey(tmp_path: Path) -> None:
    names, shares = [f"g{i}" for i in range(8)], [0.3, *[0.1] * 7]
    many = run_of(
        tmp_path / "many", f"place.groups={names}".replace("'", ""), f"place.shares={shares}", "survey.size=0"
    )
    drawn = figure(many)
    assert len(drawn.legends[0].get_texts()) == MOST_GROUPS
    assert any("2 smaller groups are not drawn" in text.get_text() for text in drawn.texts)
    assert any("no respondents" in text.get_text() for text in drawn.axes[2].texts)
