"""Where verdicts turn: every number of the psychology by itself, and the contested ones together (SALib)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from contactsim.evidence import points
from contactsim.evidence.judge import Band
from contactsim.evidence.ledger import Finding, Part
from contactsim.evidence.points import Point
from contactsim.evidence.replay import Progress
from contactsim.parameters import ModelParameters, Psychology
from contactsim.paths import experiments_folder

#: Levels of each parameter in Morris's design.
LEVELS = 4
#: Standard errors by which a row must move to count as moved.
MOVED = 3.0


class Sensitivity(Part):
    """What is moved, how far, and what is looked at."""

    contested: dict[str, tuple[float, float]]
    share: float
    first_seed: int
    seeds: int
    residents: int
    findings: list[str]
    budget: int


def design() -> Sensitivity:
    """What ``experiments/sensitivity.yaml`` says."""
    return Sensitivity.model_validate(yaml.safe_load((experiments_folder() / "sensitivity.yaml").read_text()))


def one_at_a_time(of: Sensitivity, base: ModelParameters) -> list[Point]:
    """The base, and each number of the psychology (0 aside) less and more by the share, within its range."""
    out: list[Point] = [{}]
    for name, field in Psychology.model_fields.items():
        value = float(getattr(base.psychology, name))
        low = max((m.ge for m in field.metadata if hasattr(m, "ge")), default=-np.inf)
        high = min((m.le for m in field.metadata if hasattr(m, "le")), default=np.inf)
        for factor in (1 - of.share, 1 + of.share):
            moved = float(np.clip(value * factor, low, high))
            if moved != value:
                out.append({f"psychology.{name}": moved})
    return out


def moved_rows(of: Sensitivity, at: Sequence[Point], found: Sequence[dict[str, list[float]]],
               findings: Sequence[Finding]) -> pd.DataFrame:
    """One line for each moved number and row: by how much, paired over seeds, and whether the row leaves its band.

    Columns: parameter, value, row, base, moved, change, standard_error, counts (more than ``MOVED`` standard errors
    and .02 of the row's unit), turns (inside the band at one and outside at the other).
    """
    bands = {row.id: row.band for finding in findings for row in finding.outcomes}
    base, lines = found[0], []
    for point, here in zip(at[1:], found[1:], strict=True):
        (path, value), = point.items()
        for row, values in here.items():
            change = np.asarray(values) - np.asarray(base[row])
            error = float(change.std(ddof=1) / np.sqrt(change.shape[0])) if change.shape[0] > 1 else float("nan")
            then, now = points.mean(base[row]), points.mean(values)
            counts = abs(change.mean()) > max(MOVED * (error if np.isfinite(error) else 0.0), 0.02)
            lines.append({"parameter": path, "value": value, "row": row, "base": then, "moved": now,
                          "change": float(change.mean()), "standard_error": error, "counts": bool(counts),
                          "turns": _inside(then, bands[row]) != _inside(now, bands[row])})
    return pd.DataFrame(lines)


def _inside(value: float, band: Band) -> bool:
    low, high = band
    return (low is None or value >= low) and (high is None or value <= high)


def problem(of: Sensitivity, names: Sequence[str]) -> dict[str, Any]:
    """The contested numbers as SALib wants them."""
    return {"num_vars": len(names), "names": list(names), "bounds": [list(of.contested[name]) for name in names]}


def sample(of: Sensitivity, names: Sequence[str], method: str, budget: int, seed: int = 1) -> np.ndarray:
    """Points of Morris's screening or of Sobol's indices (Saltelli), as many as the budget allows."""
    if method == "morris":
        from SALib.sample import morris

        return np.asarray(morris.sample(problem(of, names), max(2, budget // (len(names) + 1)), LEVELS, seed=seed))
    from SALib.sample import sobol

    size = 2 ** max(2, int(np.log2(max(4, budget // (len(names) + 2)))))
    return np.asarray(sobol.sample(problem(of, names), size, calc_second_order=False, seed=seed))


def indices(of: Sensitivity, names: Sequence[str], method: str, at: np.ndarray,
            found: Sequence[dict[str, list[float]]]) -> pd.DataFrame:
    """One line for each row and number. Morris: mu_star, sigma; Sobol: S1, ST; with half 95 % intervals."""
    lines = []
    for row in found[0]:
        y = np.array([points.mean(here[row]) for here in found])
        if not np.isfinite(y).all() or y.std() == 0:
            continue
        if method == "morris":
            from SALib.analyze import morris

            got = morris.analyze(problem(of, names), at, y, num_levels=LEVELS, seed=1)
            columns: tuple[str, ...] = ("mu_star", "mu_star_conf", "sigma")
        else:
            from SALib.analyze import sobol

            got = sobol.analyze(problem(of, names), y, calc_second_order=False, seed=1)
            columns = ("S1", "S1_conf", "ST", "ST_conf")
        lines += [{"row": row, "parameter": name, **{column: float(got[column][k]) for column in columns}}
                  for k, name in enumerate(names)]
    return pd.DataFrame(lines)


def run(of: Sensitivity, at: Sequence[Point], base: ModelParameters, store: Path, jobs: int | None,
        progress: Progress | None) -> tuple[list[Finding], list[dict[str, list[float]]]]:
    """Figures at points."""
    findings = points.bare(of.findings)
    seeds = [of.first_seed + k for k in range(of.seeds)]
    return findings, points.figures(at, findings, base, seeds, of.residents, store, jobs, progress)
