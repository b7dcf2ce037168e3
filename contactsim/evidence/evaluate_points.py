"""Figures of findings at points of the parameter space: what calibration and sensitivity both evaluate.

Only the findings' own worlds are lived, without knock-outs. Their units lie in the store beside those
of replays, so that both commands go on where they were stopped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from contactsim.evidence import runs, tasks
from contactsim.evidence.ledger import Finding
from contactsim.evidence.runs import Progress
from contactsim.evidence.selection import asked
from contactsim.evidence.tasks import AGAINST, BASE
from contactsim.evidence.variants import changed
from contactsim.parameters import ModelParameters
from contactsim.runs.task import Task

#: Values by dotted path: the model's parameters, and :data:`WITHIN_UNITS`.
Point = Mapping[str, float | None]
#: The dissimilarity inside units of every place (see ``within_units`` of a made place); None for places as they are.
WITHIN_UNITS = "place.within_units"


def bare(names: Sequence[str], rows: Sequence[str] | None = None) -> list[Finding]:
    """Findings without knock-outs, and with those rows only (all, if none are named)."""
    return [without_knock_outs(finding, rows) for _, finding in asked(list(names)).findings]


def without_knock_outs(finding: Finding, rows: Sequence[str] | None = None) -> Finding:
    """A finding without knock-outs and alternatives, and with those rows only (all, if none are named)."""
    kept = [row.model_copy(update={"knock_outs": {}}) for row in finding.outcomes if row.alternative is None
            and row.estimand != AGAINST and (rows is None or row.id in rows)]
    spoken = str([row.arguments for row in kept])
    worlds = {name: world for name, world in finding.worlds.items() if name in spoken}
    return finding.model_copy(update={"outcomes": kept, "knock_outs": {}, "alternatives": {}, "worlds": worlds})


def moved(point: Point, findings: Sequence[Finding], base: ModelParameters) -> tuple[ModelParameters, list[Finding]]:
    """Parameters and findings at a point."""
    parameters = changed(base, {path: value for path, value in point.items() if path != WITHIN_UNITS})
    if point.get(WITHIN_UNITS) is None:
        return parameters, list(findings)
    return parameters, [finding.model_copy(update={"worlds": {
        name: world.model_copy(update={"place": world.place.model_copy(update={"within_units": point[WITHIN_UNITS]})})
        for name, world in finding.worlds.items()}}) for finding in findings]


def figures(points: Sequence[Point], findings: Sequence[Finding], base: ModelParameters, seeds: Sequence[int],
            residents: int, store: Path, jobs: int | None = None, progress: Progress | None = None,
            scheduler: str | None = None) -> list[dict[str, list[float]]]:
    """For each point {row: figures, one for each seed}; what ``store`` has is not run again."""
    by_point: list[list[Task]] = []
    for point in points:
        parameters, here = moved(point, findings, base)
        by_point.append([one for finding in here for one in tasks.of_seeds(finding, parameters, residents, seeds)])
    computed = runs.figures([one for of_point in by_point for one in of_point], store, jobs, progress, scheduler)
    found = []
    for of_point in by_point:
        by_row: dict[str, list[float]] = {}
        for one in of_point:
            for row, values in computed[one.id].items():
                by_row.setdefault(row, []).append(values[BASE])
        found.append(by_row)
    return found


def mean(values: Sequence[float]) -> float:
    """Mean over seeds."""
    return float(np.mean(values))
