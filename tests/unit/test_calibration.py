"""Fitting and screening, on figures whose answer is known."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from contactsim import cli
from contactsim.config.run_config import compose
from contactsim.errors import UserError
from contactsim.evidence import (
    archived_tables,
    calibration,
    evaluate_points,
    ledger,
    sensitivity,
    sensitivity_text,
    tasks,
)
from contactsim.parameters import Psychology

BASE = compose(["place=synthetic"]).parameters


def test_only_calibrated_rows_are_fitted() -> None:
    for of in calibration.designs().values():
        assert {row.split("-")[0] for row in of.rows} <= {"F7", "F13"}
        known = {row.id for finding in evaluate_points.bare(["F7", "F13"], list(of.rows)) for row in finding.outcomes}
        assert known == set(of.rows)


def test_what_is_kept_of_a_fit_is_of_its_design() -> None:
    for name, of in calibration.designs().items():
        kept = calibration.kept(name)
        assert kept is not None and kept["design"] == of.model_dump(mode="json", exclude={"title", "outcome"})
        assert set(kept["parameters"]) == set(of.parameters) and kept["evaluations"] == len(kept["trace"])


def test_the_value_in_use_is_told_and_gives_the_ratio_it_was_fitted_to() -> None:
    of, kept = calibration.designs()["in_use"], calibration.kept("in_use")
    assert kept is not None and f"{BASE.psychology.negative_base:g}" in of.outcome
    start = kept["trace"][0]
    assert start["psychology.negative_base"] == pytest.approx(BASE.psychology.negative_base)
    assert start["objective"] < 0.1  # within a third of a positive meeting for each negative one


def test_a_fit_finds_the_point_that_meets_the_targets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[dict[str, float]] = []

    def figures(at: Any, *_: Any) -> list[dict[str, list[float]]]:
        seen.extend(at)
        x, y = at[0]["psychology.negative_base"], at[0]["psychology.tie_cross"]
        return [{"F7-ratio": [3.0 - 4 * (x + 2.0), 3.0 - 4 * (x + 2.0)], "F13-friend": [0.35 + 5 * (y - 0.08)]}]

    monkeypatch.setattr(evaluate_points, "figures", figures)
    joint = calibration.designs()["joint"]
    found = calibration.fit(joint, BASE, tmp_path, budget=60)
    assert abs(found.parameters["psychology.negative_base"] + 2.0) < 0.02
    assert abs(found.parameters["psychology.tie_cross"] - 0.08) < 0.005
    assert found.evaluations == len(seen) <= 61
    again = calibration.fit(joint, BASE, tmp_path, budget=60)
    assert again.trace == found.trace  # the same steps, so that a stopped fit finds its figures in the store


def test_each_number_is_moved_within_its_range() -> None:
    at = sensitivity.one_at_a_time(sensitivity.design(), BASE)
    assert at[0] == {}
    moved = {name for point in at[1:] for name in point}
    assert moved == {f"psychology.{name}" for name in Psychology.model_fields if getattr(BASE.psychology, name) != 0}
    assert all(len(point) == 1 for point in at[1:])
    for point in at:
        evaluate_points.changed(BASE, dict(point))


def test_a_row_that_moves_and_one_that_does_not() -> None:
    findings = evaluate_points.bare(["R1", "R3"])
    at = [{}, {"psychology.appraisal": 1.4}]
    found = [{"R1": [0.50, 0.52], "R3": [-0.1, -0.2]}, {"R1": [0.60, 0.63], "R3": [-0.2, -0.1]}]
    table = sensitivity.moved_rows(at, found, findings).set_index("row")
    assert table.loc["R1", "counts"]
    assert table.loc["R1", "turns"]  # .51 lies inside the band, .615 above it
    assert not table.loc["R3", "counts"]
    assert sensitivity_text.sentences(table.reset_index(), "each") == ["psychology.appraisal: moves R1; turns R1"]
    assert sensitivity_text.sentences(table.reset_index(), "along") == [
        "R1 (now 0.51) turns along psychology.appraisal: at 1.4 (0.615)."]


def test_a_rows_error_is_pooled_over_the_points_that_move_it() -> None:
    """Two seeds tell little of their spread; many points do, and those that leave a row as it is tell nothing."""
    changes = [np.array([0.1, -0.1]), np.array([0.3, 0.1]), np.zeros(2), np.array([np.nan, 0.0])]
    assert sensitivity._pooled_error(changes) == pytest.approx(np.sqrt((0.02 + 0.02) / 2 / 2))
    assert sensitivity._pooled_error([np.zeros(2)]) == 0.0


def test_contested_numbers_go_along_their_ranges() -> None:
    of = sensitivity.design()
    at = sensitivity.along(of, ["psychology.negative_weight"])
    assert at == [{}, *({"psychology.negative_weight": value} for value in (1.0, 1.375, 1.75, 2.125, 2.5))]


def test_rows_read_beside_are_those_of_their_findings() -> None:
    of = sensitivity.design()
    looked_at = {finding.id: finding for finding in sensitivity.looked_at(of)}
    bands = {row.id: row.band for finding in ledger.folder("polarisation").findings for row in finding.outcomes}
    for finding, rows in of.read_beside.items():
        assert {row.id for row in rows} <= {row.id for row in looked_at[finding].outcomes}
        for row in rows:
            assert row.band == bands[row.id.split(" ")[0]]
            inspect.signature(tasks.ESTIMANDS[row.estimand]).bind(None, **row.arguments)


def test_only_numbers_of_the_psychology_are_excused() -> None:
    assert {name.removeprefix("psychology.") for name in sensitivity.design().kept_although_idle} <= set(
        Psychology.model_fields)


def test_every_number_moves_a_row_or_is_justified() -> None:
    kept = archived_tables.read("sensitivity/each")
    if kept is None:
        pytest.skip("no table of 'contactsim sensitivity each' is kept")
    idle = {name for name, (rows, _) in sensitivity_text.moves(kept.table).items() if not rows}
    assert idle <= set(sensitivity.design().kept_although_idle)


def test_a_stopped_sensitivity_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is in the store is not lived again, and an error half way leaves what was finished."""
    lived: list[float] = []

    def figures(finding: Any, lives: tasks.Lives, residents: int) -> tasks.Figures:
        if len(lived) == 3:
            raise KeyboardInterrupt
        lived.append(lives.base.psychology.appraisal)
        return {row.id: {"base": float(len(lived))} for row in finding.outcomes}

    monkeypatch.setattr(tasks, "figures", figures)
    at, findings = [{}, {"psychology.appraisal": 1.0}, {"psychology.appraisal": 3.0}], evaluate_points.bare(["R1"])
    progress: list[tuple[int, int]] = []
    with pytest.raises(KeyboardInterrupt):
        evaluate_points.figures(at, findings, BASE, [1, 2], 1200, tmp_path, 1, lambda *of: progress.append(of))
    assert progress[-1] == (3, 6)
    monkeypatch.setattr(tasks, "figures", lambda finding, lives, residents: {
        row.id: {"base": 9.0} for row in finding.outcomes})
    found = evaluate_points.figures(at, findings, BASE, [1, 2], 1200, tmp_path, 1, lambda *of: progress.append(of))
    assert progress[-1] == (3, 3)
    assert [here["R1"] for here in found] == [[1.0, 2.0], [3.0, 9.0], [9.0, 9.0]]


def test_kept_tables_tell_whether_the_model_has_changed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(archived_tables, "experiments_folder", lambda: tmp_path)
    assert archived_tables.read("sensitivity/each") is None
    archived_tables.keep(pd.DataFrame({"row": ["R1"]}), "sensitivity/each", {"seeds": 2})
    kept = archived_tables.read("sensitivity/each")
    assert kept is not None and not kept.outdated and kept.about["seeds"] == 2
    monkeypatch.setattr(archived_tables, "numbers_digest", lambda: "another")
    assert kept.outdated


@pytest.mark.parametrize("method, by", [("morris", "mu_star"), ("sobol", "ST")])
def test_screening_ranks_what_matters_first(method: str, by: str) -> None:
    of = sensitivity.design()
    names = list(of.contested)
    at = sensitivity.sample(of, names, method, budget=400)
    low, high = (np.array([of.contested[name][k] for name in names]) for k in (0, 1))
    found = [{"row": [float(5 * x[2] + x[0])]} for x in (at - low) / (high - low)]
    table = sensitivity.indices(of, names, method, at, found, {"row": (3.0, None)}).sort_values(by, ascending=False)
    assert list(table["parameter"][:2]) == [names[2], names[0]]
    first = table.iloc[0]
    assert first["inside_high"] > 0.9 > 0.1 > first["inside_low"]  # the verdict turns on what matters most
    assert table[by].iloc[2] < 0.05
    assert len(at) <= 500


@pytest.mark.parametrize("words, said", [
    (["morris", "--parameters", "psychology.negativ_weight"], "negativ_weight"),
    (["each", "--budget", "9"], "--budget"), (["each", "--parameters", "psychology.norms"], "--parameters"),
    (["morris", "--budget", "11"], "12 parameter sets or more")])
def test_mistakes_are_told(words: list[str], said: str) -> None:
    with pytest.raises(UserError, match=said):
        cli.main(["sensitivity", *words, "--debug"])


def test_mistakes_of_a_fit_are_told() -> None:
    with pytest.raises(UserError, match="--budget 1"):
        cli.main(["calibrate", "--budget", "1", "--debug"])
    with pytest.raises(UserError, match="Did you mean 'joint'"):
        cli.main(["calibrate", "joimt", "--debug"])
