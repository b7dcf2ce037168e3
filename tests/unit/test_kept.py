"""Kept results: what has moved is told, within what seeds allow it is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contactsim.evidence import baseline
from contactsim.evidence.results import Entry, Judged
from contactsim.evidence.verdicts import NOT_REPRODUCED, REPRODUCED, blind, interval, verdict

BAND = (0.05, None)


def entry(values: list[float], name: str = "F1") -> Entry:
    found = interval(values, 1)
    word, reason = verdict(found, BAND, {})
    row = Judged(name, "says", "SD", BAND, "assumed", "emergent", True, found, {}, word, reason, blind(found, BAND),
                 values)
    return Entry(name, "claim", "odd", "title", [1], "source", "ours", [], "emergent", "", "reading", {}, False, [], 1,
                 len(values), 100, [row])


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "odd").mkdir()
    monkeypatch.setattr(baseline, "experiments_folder", lambda: tmp_path)
    return tmp_path


VALUES = [0.9, 1.0, 1.1, 1.0]


def test_the_same_results_have_not_moved() -> None:
    assert baseline.keep([entry(VALUES)], "quick") == ["F1: new"]
    assert baseline.moved([entry(VALUES)], "quick") == []
    assert baseline.moved([entry(VALUES)], "full") == []  # nothing is kept of the other sample


def test_a_figure_may_move_as_far_as_its_seeds_make_it_uncertain() -> None:
    baseline.keep([entry(VALUES)], "quick")
    tolerance = baseline.read("odd", "quick")["F1"]["tolerance"]
    assert 0.1 < tolerance < 0.2  # four standard errors of these four values
    near, far = ([value + by * tolerance for value in VALUES] for by in (0.9, 1.1))
    assert baseline.moved([entry(near)], "quick") == []
    assert "now" in baseline.moved([entry(far)], "quick")[0]


def test_another_verdict_has_moved() -> None:
    baseline.keep([entry(VALUES)], "quick")
    said = baseline.moved([entry([-value for value in VALUES])], "quick")
    assert REPRODUCED in said[0]
    assert NOT_REPRODUCED in said[0]


def test_keeping_some_findings_leaves_the_others(folder: Path) -> None:
    baseline.keep([entry(VALUES), entry(VALUES, "F2")], "quick")
    assert baseline.keep([entry([2 * value for value in VALUES])], "quick") == ["F1: kept 1 ± 0.16, now 2"]
    both = json.loads((folder / "odd" / "kept.json").read_text())["quick"]
    assert (both["F1"]["mean"], both["F2"]["mean"]) == (2.0, 1.0)


def test_a_sample_that_could_not_see_a_break_says_so() -> None:
    assert blind(interval([0.9, 1.0, 1.1], 1), BAND) == ""
    assert "could not be seen" in blind(interval([0.0, 0.3, 0.1], 1), BAND)
    assert "wider than the band" in blind(interval([-1.0, 1.0, 0.0], 1), (-0.1, 0.1))
    assert "so few seeds" in blind(interval([1.0], 1), BAND)
    nothing = interval([0.0, 0.001, -0.001], 1)
    assert "cannot tell it from null_action" in blind(nothing, BAND, {"null_action": interval([0.0, 0.0], 1)})
    assert blind(nothing, BAND, {"other": interval([0.9, 1.0, 1.1], 1)}) == ""


def test_a_finding_names_the_rows_of_which_a_break_would_not_be_seen() -> None:
    assert entry(VALUES).too_small == []
    assert entry([0.0, 0.3, 0.1]).too_small == ["F1"]
