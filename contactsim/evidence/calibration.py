"""Calibration: fit parameters to the calibrated outcomes (F7, F13), separately from the test of findings.

A fit does not change the model. Its values are stored next to its design, and somebody decides whether to enter them
in ``psychology.py`` or ``parameters.py``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from contactsim.evidence import runs
from contactsim.evidence.baseline import write_json
from contactsim.evidence.design import DesignPart
from contactsim.evidence.loading import read_yaml
from contactsim.evidence.worlds import value_at
from contactsim.parameters import ModelParameters
from contactsim.paths import experiments_folder
from contactsim.storage.provenance import model_digest

METHOD = "Nelder-Mead, scipy.optimize.minimize"


class Target(DesignPart):
    """The target value of an outcome, and the scale of deviations from it (both in the outcome's unit)."""

    target: float
    scale: float


class Calibration(DesignPart):
    """The design of a fit: parameters with their ranges, targets, seeds and the largest number of evaluations."""

    title: str
    conclusion: str
    """whether the fitted values are in use, and why"""
    outcomes: dict[str, Target]
    parameters: dict[str, tuple[float, float]]
    budget: int
    first_seed: int
    seeds: int
    residents: int


@dataclass(frozen=True)
class Fit:
    """The result of a fit."""

    parameters: dict[str, float]
    objective: float
    outcomes: dict[str, float]
    evaluations: int
    trace: list[dict[str, float]]
    """parameters, outcomes and objective of each evaluation"""


def designs() -> dict[str, Calibration]:
    """The designs of ``experiments/calibration.yaml`` by name."""
    return {name: Calibration.model_validate(one) for name, one in read_yaml("calibration.yaml").items()}


def fit(design: Calibration, base: ModelParameters, store: Path, budget: int, jobs: int | None = None,
        report: Callable[[dict[str, float]], None] = lambda line: None) -> Fit:
    """Minimise the objective by the Nelder-Mead simplex (scipy) within the parameters' ranges, from the model's values.

    The search is deterministic and its figures are stored: when a stopped search is run again, it repeats the same
    steps and simulates only what the store does not have. ``report`` is called with each line of the trace.
    """
    from scipy.optimize import minimize

    findings = runs.base_findings(sorted({one.split("-")[0] for one in design.outcomes}), list(design.outcomes))
    seeds = [design.first_seed + k for k in range(design.seeds)]
    low, high = (np.array([ends[k] for ends in design.parameters.values()]) for k in (0, 1))
    trace: list[dict[str, float]] = []

    def evaluate(x: np.ndarray) -> float:
        values = dict(zip(design.parameters, (low + np.clip(x, 0, 1) * (high - low)).tolist(), strict=True))
        found = runs.evaluate([values], findings, base, seeds, design.residents, store, jobs)[0]
        outcomes = {name: runs.mean(found[name]) for name in design.outcomes}
        trace.append({**values, **outcomes, "objective": objective(design, outcomes)})
        report(trace[-1])
        return trace[-1]["objective"]

    start = (np.array([float(value_at(base, path)) for path in design.parameters]) - low) / (high - low)
    minimize(evaluate, start, method="Nelder-Mead", bounds=[(0.0, 1.0)] * len(low),
             options={"maxfev": budget, "xatol": 0.005, "fatol": 0.001,
                      "initial_simplex": [start, *(np.clip(start + 0.15 * (1 - 2 * (start > 0.8)) * step, 0, 1)
                                                   for step in np.eye(len(low)))]})
    best = min(trace, key=lambda line: line["objective"])
    return Fit({path: round(best[path], 4) for path in design.parameters}, best["objective"],
               {name: best[name] for name in design.outcomes}, len(trace), trace)


def objective(design: Calibration, outcomes: Mapping[str, float]) -> float:
    """Sum over outcomes of ((figure - target) / scale) squared."""
    return float(sum(((outcomes[name] - of.target) / of.scale) ** 2 for name, of in design.outcomes.items()))


def _file(name: str) -> Path:
    return experiments_folder() / "calibration" / f"{name}.json"


def archive(name: str, design: Calibration, found: Fit, budget: int) -> Path:
    """Write a fit to ``experiments/calibration/NAME.json``; returns the path."""
    write_json({"design": design.model_dump(mode="json", exclude={"title", "conclusion"}), "budget": budget,
                "method": METHOD, "model": model_digest(), **asdict(found)}, _file(name))
    return _file(name)


def archived(name: str) -> dict[str, Any] | None:
    """The archived fit of a design; None if there is none."""
    if not _file(name).is_file():
        return None
    found: dict[str, Any] = json.loads(_file(name).read_text(encoding="utf-8"))
    return found
