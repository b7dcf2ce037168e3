"""Figures of findings at points of the parameter space: what calibration and sensitivity both evaluate.

Only the findings' own worlds are lived, without knock-outs. Their units lie in the store beside those
of replays, so that both commands go on where they were stopped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from contactsim.evidence import runs, unit
from contactsim.evidence.asked import asked
from contactsim.evidence.ledger import Finding
from contactsim.evidence.runs import Progress
from contactsim.evidence.shelf import Unit
from contactsim.evidence.unit import AGAINST, BASE
from contactsim.evidence.variants import changed
from contactsim.parameters import ModelParameters

Point = Mapping[str, float]


def bare(names: Sequence[str], rows: Sequence[str] | None = None) -> list[Finding]:
    """Findings without knock-outs, and with those rows only (all, if none are named)."""
    out = []
    for _, finding in asked(list(names)).findings:
        kept = [row.model_copy(update={"knock_outs": {}}) for row in finding.outcomes
                if row.estimand != AGAINST and (rows is None or row.id in rows)]
        spoken = str([row.arguments for row in kept])
        worlds = {name: world for name, world in finding.worlds.items() if name in spoken}
        out.append(finding.model_copy(update={"outcomes": kept, "knock_outs": {}, "worlds": worlds}))
    return out


def figures(points: Sequence[Point], findings: Sequence[Finding], base: ModelParameters, seeds: Sequence[int],
            residents: int, store: Path, jobs: int | None = None,
            progress: Progress | None = None) -> list[dict[str, list[float]]]:
    """For each point {row: figures, one for each seed}; what ``store`` has is not run again."""
    by_id = {finding.id: finding for finding in findings}
    chunks: list[runs.Chunk] = []
    units: list[list[Unit]] = []
    for point in points:
        parameters = changed(base, dict(point))
        units.append([one for finding in findings for one in unit.of_seeds(finding, parameters, residents, seeds)])
        chunks += [runs.Chunk(unit.live_seed, [one for one in units[-1] if one.seed == seed], (parameters, seed, by_id))
                   for seed in seeds]
    lived = runs.live(chunks, store, jobs, progress)
    found = []
    for here in units:
        by_row: dict[str, list[float]] = {}
        for one in here:
            for row, values in lived[one.id].figures.items():
                by_row.setdefault(row, []).append(values[BASE])
        found.append(by_row)
    return found


def mean(values: Sequence[float]) -> float:
    """Mean over seeds."""
    return float(np.mean(values))
