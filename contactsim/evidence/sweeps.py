"""Rows of a folder at other values of contested and unsourced numbers: where its findings turn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from contactsim.evidence import evaluate_points, formats
from contactsim.evidence.evaluate_points import WITHIN_UNITS, Point
from contactsim.evidence.ledger import Finding, Folder, Sweeps
from contactsim.evidence.runs import Progress
from contactsim.evidence.verdicts import interval
from contactsim.parameters import ModelParameters

#: What the dissimilarity inside units is called in a table.
NAMES = {WITHIN_UNITS: "dissimilarity within units"}


def at(sweeps: Sweeps) -> list[Point]:
    """One point for each value of each number."""
    found: list[Point] = [{path: value} for path, values in sweeps.parameters.items() for value in values]
    return found + [{WITHIN_UNITS: value} for value in sweeps.dissimilarity_within_units]


def run(folder: Folder, sweeps: Sweeps, base: ModelParameters, store: Path, jobs: int | None = None,
        progress: Progress | None = None, scheduler: str | None = None) -> list[dict[str, Any]]:
    """Evaluate the rows at each value; what ``store`` has is not run again.

    One line for each value and row: parameter, value, whether it is the base's, outcome, mean, low, high (95 %
    interval of its own, not of a family), and whether that lies inside or outside the band.
    """
    size, findings = sweeps.sample, _findings(folder, sweeps)
    bands = {row.id: row.band for finding in findings for row in finding.outcomes}
    seeds = [folder.first_seed + k for k in range(size.seeds)]
    found = evaluate_points.figures(at(sweeps), findings, base, seeds, size.residents, store, jobs, progress, scheduler)
    lines = []
    for point, figures in zip(at(sweeps), found, strict=True):
        (path, value), = point.items()
        for row in sweeps.rows:
            of = interval(figures[row], 1)
            lines.append({"parameter": NAMES.get(path, path), "value": value, "is_base": is_base(base, path, value),
                          "outcome": row, "mean": of.mean, "low": of.low, "high": of.high,
                          "inside": of.inside(bands[row]), "outside": of.outside(bands[row])})
    return lines


def _findings(folder: Folder, sweeps: Sweeps) -> list[Finding]:
    bare = [evaluate_points.without_knock_outs(finding, sweeps.rows) for finding in folder.findings]
    return [finding.model_copy(update={"outcomes": [
        row.model_copy(update={"arguments": {**row.arguments, **sweeps.arguments.get(row.id, {})}})
        for row in finding.outcomes]}) for finding in bare if finding.outcomes]


def is_base(base: ModelParameters, path: str, value: float | None) -> bool:
    """Whether a value is the one that the model has."""
    if path == WITHIN_UNITS:
        return value is None
    section, name = path.split(".")
    return bool(getattr(getattr(base, section), name) == value)


def sentences(swept: Sequence[dict[str, Any]]) -> list[str]:
    """Where rows leave their bands along each number, one sentence each."""
    said: list[str] = []
    if not swept:
        return said
    for (parameter, outcome), found in pd.DataFrame(swept).groupby(["parameter", "outcome"], sort=False):
        out = [formats.swept(value) for value in found.loc[found["outside"], "value"]]
        unclear = [formats.swept(value) for value in found.loc[~found["outside"] & ~found["inside"], "value"]]
        if out or unclear:
            parts = [f"outside its band at {', '.join(out)}"] if out else []
            parts += [f"not decided at {', '.join(unclear)}"] if unclear else []
            said.append(f"{outcome} along {parameter}: {'; '.join(parts)}.")
    return said
