"""Calibration, apart from testing: parameters are fitted to the calibrated rows (F7, F13) and to nothing else.

A fit changes nothing in the model: its values are kept beside its design, and set in ``parameters.py`` by hand or left.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from contactsim.evidence import evaluate_points
from contactsim.evidence.ledger import Part
from contactsim.parameters import ModelParameters
from contactsim.paths import experiments_folder
from contactsim.storage.atomic import new_file
from contactsim.storage.provenance import model_digest

METHOD = "Nelder-Mead, scipy.optimize.minimize"


class Target(Part):
    """What a row should be, and by how much it may miss."""

    target: float
    scale: float


class Calibration(Part):
    """What is fitted to what, on which seeds, with how many evaluations."""

    title: str
    outcome: str
    """what became of it: in use, or tried and left"""
    rows: dict[str, Target]
    parameters: dict[str, tuple[float, float]]
    budget: int
    first_seed: int
    seeds: int
    residents: int


@dataclass(frozen=True)
class Fit:
    """What a calibration came to."""

    parameters: dict[str, float]
    objective: float
    rows: dict[str, float]
    evaluations: int
    trace: list[dict[str, float]]
    """each evaluation's parameters, rows and objective"""


def designs() -> dict[str, Calibration]:
    """The fits of ``experiments/calibration.yaml`` by name."""
    text = (experiments_folder() / "calibration.yaml").read_text(encoding="utf-8")
    return {name: Calibration.model_validate(one) for name, one in yaml.safe_load(text).items()}


def fit(of: Calibration, base: ModelParameters, store: Path, budget: int, jobs: int | None = None,
        tell: Callable[[dict[str, float]], None] = lambda line: None) -> Fit:
    """Nelder and Mead's simplex (scipy) over the parameters' ranges, from where the model stands.

    The search is a pure function of the figures, and the figures are in the store: stopped and begun again, it takes
    the same steps and lives only what is lacking.
    """
    from scipy.optimize import minimize

    findings = evaluate_points.bare(sorted({row.split("-")[0] for row in of.rows}), list(of.rows))
    seeds = [of.first_seed + k for k in range(of.seeds)]
    low, high = (np.array([ends[k] for ends in of.parameters.values()]) for k in (0, 1))
    trace: list[dict[str, float]] = []

    def objective(x: np.ndarray) -> float:
        point = dict(zip(of.parameters, (low + np.clip(x, 0, 1) * (high - low)).tolist(), strict=True))
        found = evaluate_points.figures([point], findings, base, seeds, of.residents, store, jobs)[0]
        rows = {row: evaluate_points.mean(found[row]) for row in of.rows}
        miss = missed(of, rows)
        trace.append({**point, **rows, "objective": miss})
        tell(trace[-1])
        return miss

    start = (np.array([_value(base, path) for path in of.parameters]) - low) / (high - low)
    minimize(objective, start, method="Nelder-Mead", bounds=[(0.0, 1.0)] * len(low),
             options={"maxfev": budget, "xatol": 0.005, "fatol": 0.001,
                      "initial_simplex": [start, *(np.clip(start + 0.15 * (1 - 2 * (start > 0.8)) * row, 0, 1)
                                                   for row in np.eye(len(low)))]})
    best = min(trace, key=lambda line: line["objective"])
    return Fit({path: round(best[path], 4) for path in of.parameters}, best["objective"],
               {row: best[row] for row in of.rows}, len(trace), trace)


def missed(of: Calibration, rows: Mapping[str, float]) -> float:
    """The objective."""
    return float(sum(((rows[row] - aim.target) / aim.scale) ** 2 for row, aim in of.rows.items()))


def _value(base: ModelParameters, path: str) -> float:
    section, name = path.split(".")
    return float(getattr(getattr(base, section), name))


def _file(name: str) -> Path:
    return experiments_folder() / "calibration" / f"{name}.json"


def keep(name: str, of: Calibration, found: Fit, budget: int) -> Path:
    """Write a fit as ``experiments/calibration/NAME.json``."""
    text: dict[str, Any] = {"design": of.model_dump(mode="json", exclude={"title", "outcome"}), "budget": budget,
                            "method": METHOD, "model": model_digest(), **asdict(found)}
    with new_file(_file(name)) as partial:
        partial.write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")
    return _file(name)


def kept(name: str) -> dict[str, Any] | None:
    """What is kept of a fit; None where nothing is."""
    if not _file(name).is_file():
        return None
    found: dict[str, Any] = json.loads(_file(name).read_text(encoding="utf-8"))
    return found
