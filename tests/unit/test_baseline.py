"""The baseline: deviations are reported unless the seeds' uncertainty explains them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contactsim.evidence import baseline
from contactsim.evidence.verdicts import FindingResult, OutcomeResult, interval, underpowered, verdict

ACCEPTANCE = (0.05, None)


def result(values: list[float], name: str = "F1") -> FindingResult:
    found = interval(values, 1)
    word, reason = verdict(found, ACCEPTANCE, {})
    outcome = OutcomeResult(name, "statement", "SD", ACCEPTANCE, "assumed", "emergent", True, found, {}, word, reason,
                            underpowered(found, ACCEPTANCE), values)
    return FindingResult(name, "claim", "odd", "title", [1], "source", "ours", [], "emergent", "", "measurement", {},
                         False, [], 1, len(values), 100, [outcome])


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "odd").mkdir()
    monkeypatch.setattr(baseline, "experiments_folder", lambda: tmp_path)
    return tmp_path


VALUES = [0.9, 1.0, 1.1, 1.0]


def test_the_same_results_do_not_deviate() -> None:
    assert baseline.update([result(VALUES)], "quick") == ["F1: new"]
    assert baseline.deviations([result(VALUES)], "quick") == []
    assert baseline.deviations([result(VALUES)], "full") == []  # the other sample has no baseline


def test_a_mean_may_deviate_by_its_tolerance() -> None:
    baseline.update([result(VALUES)], "quick")
    tolerance = baseline.read("odd", "quick")["F1"]["tolerance"]
    assert 0.1 < tolerance < 0.2  # four standard errors of these four values
    near, far = ([value + by * tolerance for value in VALUES] for by in (0.9, 1.1))
    assert baseline.deviations([result(near)], "quick") == []
    assert "now" in baseline.deviations([result(far)], "quick")[0]


def test_verdicts_are_not_compared() -> None:
    baseline.update([result([-0.02, 0.16, 0.05, 0.15])], "quick")
    assert "verdict" not in baseline.read("odd", "quick")["F1"]
    assert baseline.deviations([result([0.085] * 4)], "quick") == []


def test_only_outcomes_of_the_regression_enter_the_baseline(folder: Path) -> None:
    assert baseline.update([result(VALUES, "F33-gain")], "quick") == []
    assert not (folder / "odd" / "baseline.json").exists()


def test_an_update_of_some_findings_does_not_change_others(folder: Path) -> None:
    baseline.update([result(VALUES), result(VALUES, "F2")], "quick")
    assert baseline.update([result([2 * value for value in VALUES])], "quick") == ["F1: baseline 1 ± 0.16, now 2"]
    both = json.loads((folder / "odd" / "baseline.json").read_text())["quick"]
    assert (both["F1"]["mean"], both["F2"]["mean"]) == (2.0, 1.0)


def test_an_underpowered_sample_is_reported() -> None:
    assert underpowered(interval([0.9, 1.0, 1.1], 1), ACCEPTANCE) == ""
    assert "could not detect a change" in underpowered(interval([0.0, 0.3, 0.1], 1), ACCEPTANCE)
    assert "wider than the acceptance interval" in underpowered(interval([-1.0, 1.0, 0.0], 1), (-0.1, 0.1))
    assert "so few seeds" in underpowered(interval([1.0], 1), ACCEPTANCE)
    nothing = interval([0.0, 0.001, -0.001], 1)
    null = {"null_action": interval([0.0, 0.0], 1)}
    assert "could not detect the difference from null_action" in underpowered(nothing, ACCEPTANCE, null)
    assert underpowered(nothing, ACCEPTANCE, {"other": interval([0.9, 1.0, 1.1], 1)}) == ""


def test_a_finding_names_the_outcomes_for_which_the_sample_is_too_small() -> None:
    assert result(VALUES).too_small == []
    assert result([0.0, 0.3, 0.1]).too_small == ["F1"]
