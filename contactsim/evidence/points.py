"""Figures of findings at points of the parameter space: what calibration and sensitivity both evaluate.

Only the findings' own worlds are lived, without knock-outs. A point is a unit like those of a replay: its figures are
written whole under the digest of what decides them, so that both commands go on where they were stopped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from contactsim.evidence import runs, unit
from contactsim.evidence.asked import asked
from contactsim.evidence.ledger import Finding
from contactsim.evidence.replay import Progress
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
    there = [changed(base, dict(point)) for point in points]
    names = {(k, seed, finding.id): unit.name_of(finding, parameters, residents, seed)
             for k, parameters in enumerate(there) for seed in seeds for finding in findings}
    chunks: list[runs.Chunk] = []
    for k, parameters in enumerate(there):
        for seed in seeds:
            work = [(finding, residents, names[k, seed, finding.id]) for finding in findings
                    if unit.kept(store, names[k, seed, finding.id]) is None]
            if work:
                chunks.append((unit.live_seed, (str(store), parameters, seed, work), 1))
    runs.spread(chunks, jobs, progress)
    found = []
    for k in range(len(there)):
        by_row: dict[str, list[float]] = {}
        for finding in findings:
            for seed in seeds:
                for row, values in runs.read(store, names[k, seed, finding.id]).items():
                    by_row.setdefault(row, []).append(values[BASE])
        found.append(by_row)
    return found


def mean(values: Sequence[float]) -> float:
    """Mean over seeds."""
    return float(np.mean(values))
