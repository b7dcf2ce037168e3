"""Fitting and screening, on figures whose answer is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contactsim.commands import calibrate
from contactsim.commands import sensitivity as command
from contactsim.config import compose
from contactsim.errors import UserError
from contactsim.evidence import calibration, points, sensitivity
from contactsim.parameters import Psychology

BASE = compose(["place=synthetic"]).parameters


def test_only_calibrated_rows_are_fitted() -> None:
    of = calibration.design()
    assert {row.split("-")[0] for row in of.rows} <= {"F7", "F13"}
    assert {row.id for finding in points.bare(["F7", "F13"], list(of.rows)) for row in finding.outcomes} == set(of.rows)


def test_a_fit_finds_the_point_that_meets_the_targets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[dict[str, float]] = []

    def figures(at: Any, *_: Any) -> list[dict[str, list[float]]]:
        seen.extend(at)
        x, y = at[0]["psychology.negative_base"], at[0]["psychology.tie_cross"]
        return [{"F7-ratio": [3.0 - 4 * (x + 2.0), 3.0 - 4 * (x + 2.0)], "F13-friend": [0.35 + 5 * (y - 0.08)]}]

    monkeypatch.setattr(points, "figures", figures)
    found = calibration.fit(calibration.design(), BASE, tmp_path, budget=60)
    assert abs(found.parameters["psychology.negative_base"] + 2.0) < 0.02
    assert abs(found.parameters["psychology.tie_cross"] - 0.08) < 0.005
    assert found.evaluations == len(seen) <= 61
    again = calibration.fit(calibration.design(), BASE, tmp_path, budget=60)
    assert again.trace == found.trace  # the same steps, so that a stopped fit finds its figures in the store


def test_each_number_is_moved_within_its_range() -> None:
    at = sensitivity.one_at_a_time(sensitivity.design(), BASE)
    assert at[0] == {}
    moved = {name for point in at[1:] for name in point}
    assert moved == {f"psychology.{name}" for name in Psychology.model_fields if getattr(BASE.psychology, name) != 0}
    assert all(len(point) == 1 for point in at[1:])
    for point in at:
        points.changed(BASE, dict(point))


def test_a_row_that_moves_and_one_that_does_not() -> None:
    of = sensitivity.design()
    findings = points.bare(["R1", "R3"])
    at = [{}, {"psychology.appraisal": 1.4}]
    found = [{"R1": [0.50, 0.52], "R3": [-0.1, -0.2]}, {"R1": [0.60, 0.63], "R3": [-0.2, -0.1]}]
    table = sensitivity.moved_rows(of, at, found, findings).set_index("row")
    assert table.loc["R1", "counts"]
    assert table.loc["R1", "turns"]  # .51 lies inside the band, .615 above it
    assert not table.loc["R3", "counts"]


@pytest.mark.parametrize("method, by", [("morris", "mu_star"), ("sobol", "ST")])
def test_screening_ranks_what_matters_first(method: str, by: str) -> None:
    of = sensitivity.design()
    names = list(of.contested)
    at = sensitivity.sample(of, names, method, budget=400)
    low, high = (np.array([of.contested[name][k] for name in names]) for k in (0, 1))
    found = [{"row": [float(5 * x[2] + x[0])]} for x in (at - low) / (high - low)]
    table = sensitivity.indices(of, names, method, at, found).sort_values(by, ascending=False)
    assert list(table["parameter"][:2]) == [names[2], names[0]]
    assert table[by].iloc[2] < 0.05
    assert len(at) <= 500


def test_mistakes_are_told() -> None:
    with pytest.raises(UserError, match="--budget=1"):
        calibrate.main(["--budget", "1"])
    with pytest.raises(UserError, match="negativ_weight"):
        command.main(["morris", "--parameters", "psychology.negativ_weight"])
