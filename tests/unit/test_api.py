"""The Python interface: results, written files and error messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

import contactsim
from contactsim import cli
from contactsim.api import ComparisonResult, RunResult, Saved, SweepResult, sweep
from contactsim.config.run_config import compose
from contactsim.errors import UserError
from contactsim.overrides import override_lines

SMALL = {"place.residents": 1000, "scenario": "no_burn_in", "threads": 1}
SWEPT = {"place.residents": 1000, "scenario": "no_burn_in"}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_misspelt_name_of_the_package_is_an_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'rnu'"):
        contactsim.rnu  # noqa: B018


def test_a_run_is_in_memory_unless_a_folder_is_named(here: Path) -> None:
    result = contactsim.run("weeks=2", SMALL, {"action": "library_chat"}, seed=7)
    assert isinstance(result, RunResult) and result.folder is None and list(here.iterdir()) == []
    assert result.provenance["seed"] == 7 and result.config["weeks"] == 2
    assert repr(result) == "<Run of synthetic: 1,000 residents, 2 weeks, seed 7, actions: library_chat>"
    assert "<table" in result._repr_html_() and "majority" in result._repr_html_()
    assert isinstance(result.plot("figure.svg"), Figure) and (here / "figure.svg").stat().st_size > 1000

    written = contactsim.run("weeks=2", SMALL, {"action": "library_chat"}, seed=7, output="town")
    assert written.folder == Path("town")
    loaded = contactsim.load("town")
    for one in (written, loaded):
        assert isinstance(one, RunResult)
        for table in ("weekly", "survey", "ledger"):
            pd.testing.assert_frame_equal(getattr(one, table), getattr(result, table))
        assert (one.place, one.actions) == (result.place, result.actions)
        assert {key for key in one.config if one.config[key] != result.config[key]} == {"output"}
        assert {key for key in one.provenance if one.provenance[key] != result.provenance[key]} <= {"seconds"}


def test_a_run_tells_how_far_it_is() -> None:
    steps: list[tuple[str, int, int]] = []
    contactsim.run("weeks=3", SMALL, progress=lambda *step: steps.append(step))
    assert steps == [("weeks", 1, 3), ("weeks", 2, 3), ("weeks", 3, 3)]


@pytest.fixture
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stored comparisons lie in a folder of the test instead of the user's cache."""
    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr("contactsim.comparison.compare.default_store", lambda name: cache / name)


@pytest.mark.usefixtures("_own_cache")
def test_a_comparison_has_tables_and_a_folder_if_one_is_named(here: Path) -> None:
    words = (SMALL, "action=library_chat", "weeks=3")
    found = contactsim.compare(*words, seeds=2, jobs=0)
    assert isinstance(found, ComparisonResult) and list(here.iterdir()) == []
    assert set(found.by_seed["seed"]) == {1, 2} and "2 seeds" in repr(found)
    assert isinstance(found.plot(), Figure) and "attitude" in found._repr_html_()
    repeated = contactsim.compare(*words, seeds=2, jobs=2, output="out", store="store")
    pd.testing.assert_frame_equal(repeated.effects, found.effects, check_exact=True)
    saved = contactsim.load("out")
    assert isinstance(saved, Saved) and saved.kind == "comparison" and "effects" in repr(saved)
    pd.testing.assert_frame_equal(saved.effects, found.effects)
    assert saved.summary["actions"] == ["library_chat"] and saved.provenance["seeds"] == [1, 2]
    with pytest.raises(AttributeError, match="no 'efects'; its tables are by_seed"):
        saved.efects  # noqa: B018


def test_a_comparison_can_be_of_parameters_and_a_grid() -> None:
    steps: list[tuple[str, int, int]] = []
    found = contactsim.compare(SMALL, {"psychology.norms": 0.1}, "weeks=2", "psychology.negative_weight=1,2", seeds=1,
                               without=[{"psychology.norms": 0}], store="store", jobs=0,
                               progress=lambda *step: steps.append(step))
    assert steps[-1] == ("replications", 2, 2) and "2 cells" in repr(found) and isinstance(found.plot(), Figure)
    assert set(found.differences["value"]) == {2} and found.differences["seeds"].max() == 1
    assert found.effect("attitude", "everybody", cell={"psychology.negative_weight": 2})["residents"] > 0


def test_a_sweep_has_a_row_for_each_run_and_goes_on_where_it_was() -> None:
    steps: list[tuple[str, int, int]] = []
    words: Any = ("psychology.negative_weight=1,2", SWEPT, "weeks=2")
    found = sweep(*words, store="study", replications=2, jobs=1, progress=lambda *step: steps.append(step))
    assert isinstance(found, SweepResult) and steps[-1] == ("runs", 4, 4) and len(found) == 4
    assert set(found.frame["psychology.negative_weight"]) == {1, 2} and (found.frame["status"] == "ok").all()
    assert found.weekly(["attitude"], target="all others").shape[0] == 4 * 2 * 2
    means = found.summary(measures=["attitude"])
    row = means[(means["psychology.negative_weight"] == 1) & (means["group"] == "majority")].iloc[0]
    runs = found.frame[found.frame["psychology.negative_weight"] == 1]
    assert row["mean"] == pytest.approx(runs["attitude[majority]"].mean())
    assert "4 ok" in repr(found) and "negative_weight" in found._repr_html_() and found.failed().empty
    assert isinstance(found.plot("sweep.png"), Figure) and Path("sweep.png").is_file()

    steps.clear()
    loaded = contactsim.load("study")
    assert isinstance(loaded, SweepResult) and loaded.frame.equals(found.frame)
    sweep(*words, store="study", replications=2, jobs=1, progress=lambda *step: steps.append(step))
    assert steps == []


class Population:
    """An observer of a user's own."""

    moment = "week_end"

    def begin(self, world: Any) -> None:
        self.people = 0.0

    def look(self, world: Any) -> None:
        self.people = float(world.people.active.sum())

    def result(self) -> dict[str, float]:
        return {"people": self.people}


def test_a_sweep_takes_an_observer_of_one_s_own() -> None:
    found = sweep("seed=1,2", SWEPT, "weeks=1", store="own", measure=Population, jobs=1)
    assert found.failed()["message"].tolist() == [] and found.frame["people"].tolist() == [1000.0, 1000.0]


@pytest.mark.parametrize(("given", "match"), [
    ((contactsim.run, ["weeks=0"], {}), "weeks=0.*from 1"),
    ((contactsim.run, ["seed=1"], {"seed": 2}), "seed is given twice"),
    ((contactsim.run, [3], {}), "3 is no override"),
    ((contactsim.run, ["store=x"], {}), "contactsim.sweep"),
    ((contactsim.run, ["place=bradfort"], {}), "Did you mean 'bradford'"),
    ((contactsim.compare, ["weeks=2"], {}), "Nothing differs"),
    ((contactsim.compare, ["action=library_chat"], {"seeds": 0}), "seeds=0"),
    ((sweep, ["output=x"], {}), "no meaning in a sweep"),
])
def test_mistakes_are_said_in_a_sentence(given: Any, match: str, here: Path) -> None:
    function, overrides, keywords = given
    with pytest.raises(UserError, match=match):
        function(*overrides, **keywords)
    assert list(here.iterdir()) == []


def test_other_folders_are_refused(here: Path) -> None:
    (here / "thesis").mkdir()
    (here / "thesis" / "chapter.txt").write_text("dear")
    (here / "broken").mkdir()
    (here / "broken" / "comparison.json").write_text("{")
    (here / ".town.partial-1").mkdir()
    for folder, match in (("nowhere", "no such folder"), ("thesis", "neither a run"), ("broken", "is damaged"),
                          (".town.partial-1", "unfinished")):
        with pytest.raises(UserError, match=match):
            contactsim.load(folder)
    with pytest.raises(UserError, match="experiment of a store"):
        contactsim.load("thesis", name="x")


def test_a_replay_is_loaded(here: Path) -> None:
    (here / "replay").mkdir()
    (here / "replay" / "ledger.json").write_text(json.dumps({"sample": "quick", "provenance": {"python": "3.11"}}))
    pd.DataFrame({"id": ["F1"], "verdict": ["reproduced"]}).to_csv(here / "replay" / "ledger.csv", index=False)
    found = contactsim.load("replay")
    assert isinstance(found, Saved) and found.kind == "replay" and found.provenance == {"python": "3.11"}
    assert found.ledger["verdict"].tolist() == ["reproduced"] and found.summary["sample"] == "quick"


def test_a_power_analysis_is_loaded() -> None:
    assert cli.main(["power", "output=needed", "--quiet"]) == 0
    found = contactsim.load("needed")
    assert isinstance(found, Saved) and found.kind == "power analysis" and len(found.power) > 0


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12).filter(lambda t: "$" not in t))
def test_text_reaches_the_configuration_as_it_is(text: str) -> None:
    from hydra.core.override_parser.overrides_parser import OverridesParser

    line = override_lines([{"output": text}])[0]
    assert OverridesParser.create().parse_override(line).value() == text


def test_values_reach_the_configuration_as_they_are() -> None:
    import numpy as np

    values = {"weeks": np.int64(9), "cache_burn_in": False, "psychology.negative_weight": np.float64(2.5),
              "threads": None, "place.shares": (0.7, 0.3), "action": ["library_chat"], "output": "it's"}
    config = compose(override_lines([values]))
    assert (config.weeks, config.cache_burn_in, config.threads) == (9, False, None)
    assert config.psychology.negative_weight == 2.5
    assert config.place["shares"] == [0.7, 0.3] and list(config.actions) == ["library_chat"] and config.output == "it's"
