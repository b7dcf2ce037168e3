"""The baseline: deviations are reported unless the seeds' uncertainty explains them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contactsim.evidence import baseline
from contactsim.evidence.baseline import Measured


def result(values: list[float], name: str = "F1") -> Measured:
    return Measured("odd", "F1", name, "statement", "SD", values)


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


def test_an_update_of_some_findings_does_not_change_others(folder: Path) -> None:
    baseline.update([result(VALUES), result(VALUES, "F2")], "quick")
    assert baseline.update([result([2 * value for value in VALUES])], "quick") == ["F1: baseline 1 ± 0.16, now 2"]
    both = json.loads((folder / "odd" / "baseline.json").read_text())["quick"]
    assert (both["F1"]["mean"], both["F2"]["mean"]) == (2.0, 1.0)
