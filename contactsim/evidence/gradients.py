"""Descriptives along a gradient of diversity, and sweeps of parameters, of the folders that have them.

They are computed in one parameter set, the one nearest the middle, and judge nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from contactsim.evidence import runs
from contactsim.evidence.design import BASE, AcceptanceInterval, Finding, Folder, Gradient, Outcome, Sweeps
from contactsim.evidence.numbers import swept
from contactsim.evidence.runs import WITHIN_UNITS, ParameterSet
from contactsim.evidence.tasks import Figures
from contactsim.evidence.worlds import value_at
from contactsim.parameters import ModelParameters
from contactsim.runs.task import Task
from contactsim.stats import simultaneous_interval

#: Name of the dissimilarity inside units in tables.
NAMES = {WITHIN_UNITS: "dissimilarity within units"}


@dataclass(frozen=True)
class FolderTables:
    """Descriptives and sweeps of a folder that has a gradient or sweeps."""

    folder: Folder
    descriptives: pd.DataFrame
    """see :func:`gradient_table`; empty without a gradient"""
    swept: list[dict[str, Any]]
    """see :func:`sweep_table`; empty if nothing was swept"""


# --- descriptives along a gradient

def gradient_finding(folder: Folder, gradient: Gradient) -> Finding:
    """The descriptives as outcomes of a finding without a claim, so that they are computed like all others.

    Each world is described with each alternative.
    """
    outcomes = [_descriptive(gradient, world, name, alternative)
                for alternative in (None, *folder.alternatives)
                for world in gradient.worlds for name in gradient.descriptives]
    return Finding(id=folder.name, claim="", source="", grade="ours", role="emergent", measurement="",
                   worlds={world: folder.worlds[world] for world in gradient.worlds},
                   alternatives=folder.alternatives, outcomes=outcomes)


def _descriptive(gradient: Gradient, world: str, name: str, alternative: str | None) -> Outcome:
    of = gradient.descriptives[name]
    return Outcome(id=_id(world, name, alternative), statement=name, estimand=of.estimand,
                   arguments={**of.arguments, "world": world}, unit="", acceptance=(None, None), acceptance_source="",
                   judged=False, alternative=alternative)


def _id(world: str, name: str, alternative: str | None) -> str:
    return f"{world}:{name}" if alternative is None else f"{world}:{name}@{alternative}"


def gradient_table(folder: Folder, gradient: Gradient, seeds: Sequence[int],
                   figures: Sequence[Figures]) -> pd.DataFrame:
    """One line for each alternative, world along the gradient and seed.

    Columns: folder, alternative, share (of the minority, 0 to 1), seed, and one for each descriptive.
    """
    return pd.DataFrame([
        {"folder": folder.name, "alternative": alternative or BASE, "share": share, "seed": seed,
         **{name: found[_id(world, name, alternative)][BASE] for name in gradient.descriptives}}
        for alternative in (None, *folder.alternatives) for seed, found in zip(seeds, figures, strict=True)
        for world, share in gradient.worlds.items()])


def gradient_means(descriptives: pd.DataFrame) -> pd.DataFrame:
    """Means of the base worlds over seeds, by alternative and share."""
    frame = descriptives.drop(columns=["folder", "seed"])
    return frame.groupby(["alternative", "share"], sort=False).mean().reset_index()


# --- sweeps

def sweep_sets(sweeps: Sweeps, base: ModelParameters) -> list[ParameterSet]:
    """One parameter set for each value of each parameter, in the order of the values; None is the model's own."""
    found: list[ParameterSet] = [
        {path: value} for path, values in sweeps.parameters.items()
        for value in sorted(float(value_at(base, path)) if one is None else one for one in values)]
    return found + [{WITHIN_UNITS: value} for value in sweeps.dissimilarity_within_units]


def sweep_tasks(folder: Folder, sweeps: Sweeps, base: ModelParameters) -> list[list[Task]]:
    """The tasks of a folder's sweeps, by parameter set."""
    size = sweeps.sample
    seeds = [folder.first_seed + k for k in range(size.seeds)]
    return runs.tasks_of_sets(sweep_sets(sweeps, base), _swept_findings(folder, sweeps), base, seeds, size.residents)


def sweep_table(folder: Folder, sweeps: Sweeps, base: ModelParameters, of_sets: Sequence[Sequence[Task]],
                computed: Mapping[str, Figures]) -> list[dict[str, Any]]:
    """One line for each value and outcome of a folder's sweeps.

    Keys: parameter, value, is_base (the model's own value), outcome, mean, low, high (95 % interval, not simultaneous),
    inside and outside (whether the interval lies inside or outside the acceptance interval).
    """
    acceptance = {one.id: one.acceptance for finding in folder.findings for one in finding.outcomes}
    lines = []
    for values, of_set in zip(sweep_sets(sweeps, base), of_sets, strict=True):
        (path, value), = values.items()
        figures = runs.base_figures(of_set, computed)
        for outcome in sweeps.outcomes:
            mean, low, high = simultaneous_interval(figures[outcome], 1)
            least, most = ends(acceptance[outcome])
            lines.append({"parameter": NAMES.get(path, path), "value": value, "is_base": is_base(base, path, value),
                          "outcome": outcome, "mean": mean, "low": low, "high": high,
                          "inside": least <= low and high <= most, "outside": high < least or low > most})
    return lines


def ends(acceptance: AcceptanceInterval) -> tuple[float, float]:
    """The ends of an acceptance interval; infinite where it is unbounded."""
    low, high = acceptance
    return -float("inf") if low is None else low, float("inf") if high is None else high


def _swept_findings(folder: Folder, sweeps: Sweeps) -> list[Finding]:
    findings = [runs.base_only(finding, sweeps.outcomes) for finding in folder.findings]
    return [finding.model_copy(update={"outcomes": [
        one.model_copy(update={"arguments": {**one.arguments, **sweeps.arguments.get(one.id, {})}})
        for one in finding.outcomes]}) for finding in findings if finding.outcomes]


def is_base(base: ModelParameters, path: str, value: float | None) -> bool:
    """Whether a value is the model's own."""
    if path == WITHIN_UNITS:
        return value is None
    return bool(value_at(base, path) == value)


def sweep_sentences(lines: Sequence[dict[str, Any]]) -> list[str]:
    """Where outcomes leave their acceptance intervals along each parameter, one sentence each."""
    sentences: list[str] = []
    if not lines:
        return sentences
    for (parameter, outcome), found in pd.DataFrame(lines).groupby(["parameter", "outcome"], sort=False):
        out = [swept(value) for value in found.loc[found["outside"], "value"]]
        unclear = [swept(value) for value in found.loc[~found["outside"] & ~found["inside"], "value"]]
        if out or unclear:
            parts = [f"outside its acceptance interval at {', '.join(out)}"] if out else []
            parts += [f"not decided at {', '.join(unclear)}"] if unclear else []
            sentences.append(f"{outcome} along {parameter}: {'; '.join(parts)}.")
    return sentences
