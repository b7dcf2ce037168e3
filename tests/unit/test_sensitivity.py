"""Sensitivity analyses, on figures with known answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from contactsim import cli
from contactsim.config.run_config import compose
from contactsim.errors import UserError
from contactsim.evidence import baseline, loading, runs, sensitivity, tasks
from contactsim.evidence.worlds import changed
from contactsim.parameters import Psychology

BASE = compose(["place=synthetic"]).parameters


def test_each_parameter_is_changed_within_its_range() -> None:
    at = sensitivity.one_at_a_time(sensitivity.design(), BASE)
    assert at[0] == {}
    moved = {name for point in at[1:] for name in point}
    assert moved == {f"psychology.{name}" for name in Psychology.model_fields if getattr(BASE.psychology, name) != 0}
    assert all(len(point) == 1 for point in at[1:])
    for point in at:
        changed(BASE, dict(point))


def test_an_outcome_that_changes_and_one_that_does_not() -> None:
    findings = runs.base_findings(["R1", "R3"])
    at = [{}, {"psychology.appraisal": 1.4}]
    others = {"R1-frequency": [0.1, 0.1], "R1-friend": [0.1, 0.1]}
    found = [{"R1-net": [0.34, 0.36], "R3": [-0.1, -0.2], **others},
             {"R1-net": [0.44, 0.47], "R3": [-0.2, -0.1], **others}]
    table = sensitivity.changes_table(at, found, findings).set_index("outcome")
    assert table.loc["R1-net", "material"]
    assert table.loc["R1-net", "crosses"]  # .35 lies inside the acceptance interval, .455 not
    assert not table.loc["R3", "material"]
    assert sensitivity.sentences(table.reset_index(), "each") == [
        "psychology.appraisal: changes R1-net; verdict changes: R1-net"]
    assert sensitivity.sentences(table.reset_index(), "along") == [
        "R1-net (0.35) crosses an end of its acceptance interval along psychology.appraisal: at 1.4 (0.455)."]


def test_the_error_of_an_outcome_is_pooled_over_the_sets_that_change_it() -> None:
    """Two seeds estimate a variance poorly, many parameter sets well; those without a change do not count."""
    changes = [np.array([0.1, -0.1]), np.array([0.3, 0.1]), np.zeros(2), np.array([np.nan, 0.0])]
    assert sensitivity._pooled_error(changes) == pytest.approx(np.sqrt((0.02 + 0.02) / 2 / 2))
    assert sensitivity._pooled_error([np.zeros(2)]) == 0.0


def test_contested_parameters_take_values_along_their_ranges() -> None:
    of = sensitivity.design()
    at = sensitivity.along(of, ["psychology.negative_weight"])
    assert at == [{}, *({"psychology.negative_weight": value} for value in (1.0, 1.375, 1.75, 2.125, 2.5))]


def test_extra_outcomes_are_computed_from_the_worlds_of_their_findings() -> None:
    of = sensitivity.design()
    extra = loading.all_findings()["F23"][1].outcomes[0].model_copy(update={"id": "extra"})
    analysed = {one.id: one for one in sensitivity.analysed(of.model_copy(update={"extra_outcomes": {"F23": [extra]}}))}
    assert set(analysed) == set(of.findings) and not analysed["F23"].knock_outs
    assert analysed["F23"].outcomes[-1] == extra


def test_only_parameters_of_the_psychology_are_retained_although_idle() -> None:
    assert {name.removeprefix("psychology.") for name in sensitivity.design().retained_although_idle} <= set(
        Psychology.model_fields)


def test_every_parameter_changes_an_outcome_or_is_justified() -> None:
    archived = baseline.read_table("sensitivity/each")
    if archived is None:
        pytest.skip("there is no archived table of 'contactsim sensitivity each'")
    idle = {name for name, (outcomes, _) in sensitivity.changed_outcomes(archived.table).items() if not outcomes}
    assert idle <= set(sensitivity.design().retained_although_idle)


def test_a_stopped_analysis_resumes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Stored figures are not computed again, and an interruption does not lose what was finished."""
    computed: list[float] = []

    def figures(finding: Any, simulated: tasks.SimulatedWorlds, residents: int) -> tasks.Figures:
        if len(computed) == 3:
            raise KeyboardInterrupt
        computed.append(simulated.base.psychology.appraisal)
        return {one.id: {"base": float(len(computed))} for one in finding.outcomes}

    monkeypatch.setattr(tasks, "figures", figures)
    at, findings = [{}, {"psychology.appraisal": 1.0}, {"psychology.appraisal": 3.0}], runs.base_findings(["R1"])
    progress: list[tuple[int, int]] = []
    with pytest.raises(KeyboardInterrupt):
        runs.evaluate(at, findings, BASE, [1, 2], 1200, tmp_path, 1, lambda *of: progress.append(of))
    assert progress[-1] == (3, 6)
    monkeypatch.setattr(tasks, "figures", lambda finding, simulated, residents: {
        one.id: {"base": 9.0} for one in finding.outcomes})
    found = runs.evaluate(at, findings, BASE, [1, 2], 1200, tmp_path, 1, lambda *of: progress.append(of))
    assert progress[-1] == (3, 3)
    assert [here["R1-net"] for here in found] == [[1.0, 2.0], [3.0, 9.0], [9.0, 9.0]]


def test_archived_tables_report_whether_the_model_has_changed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(baseline, "experiments_folder", lambda: tmp_path)
    assert baseline.read_table("sensitivity/each") is None
    baseline.archive_table(pd.DataFrame({"outcome": ["R1"]}), "sensitivity/each", {"seeds": 2})
    archived = baseline.read_table("sensitivity/each")
    assert archived is not None and not archived.outdated and archived.record["seeds"] == 2
    monkeypatch.setattr(baseline, "numbers_digest", lambda: "another")
    assert archived.outdated


@pytest.mark.parametrize("method, by", [("morris", "mu_star"), ("sobol", "ST")])
def test_screening_ranks_what_matters_first(method: str, by: str) -> None:
    of = sensitivity.design()
    names = list(of.contested)
    at = sensitivity.sample(of, names, method, budget=400)
    low, high = (np.array([of.contested[name][k] for name in names]) for k in (0, 1))
    found = [{"outcome": [float(5 * x[2] + x[0])]} for x in (at - low) / (high - low)]
    table = sensitivity.indices(of, names, method, at, found, {"outcome": (3.0, None)}).sort_values(by, ascending=False)
    assert list(table["parameter"][:2]) == [names[2], names[0]]
    first = table.iloc[0]
    assert first["inside_high"] > 0.9 > 0.1 > first["inside_low"]  # the verdict depends on what matters most
    assert table[by].iloc[2] < 0.05
    assert len(at) <= 500


@pytest.mark.parametrize("words, message", [
    (["morris", "--parameters", "psychology.negativ_weight"], "negativ_weight"),
    (["each", "--budget", "9"], "--budget"), (["each", "--parameters", "psychology.norms"], "--parameters"),
    (["morris", "--budget", "11"], "12 parameter sets or more")])
def test_invalid_options_are_refused(words: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        cli.main(["sensitivity", *words, "--debug"])
