"""Where verdicts turn: every number of the psychology by itself, and the contested ones alone and together (SALib)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from contactsim.evidence import evaluate_points
from contactsim.evidence.evaluate_points import Point
from contactsim.evidence.ledger import Finding, Part, Row
from contactsim.evidence.runs import Progress
from contactsim.evidence.verdicts import Band
from contactsim.parameters import ModelParameters, Psychology
from contactsim.paths import experiments_folder

#: Levels of each parameter in Morris's design, and points along a range.
LEVELS, ALONG = 4, 5
#: Standard errors by which a row must move to count as moved, and how far at least, in its own unit.
MOVED, AT_LEAST = 4.0, 0.02
Found = dict[str, list[float]]


class Sensitivity(Part):
    """What is moved, how far, and what is looked at."""

    contested: dict[str, tuple[float, float]]
    share: float
    first_seed: int
    seeds: int
    residents: int
    findings: list[str]
    budget: dict[Literal["morris", "sobol"], int]
    read_beside: dict[str, list[Row]]
    kept_although_idle: dict[str, str]


def design() -> Sensitivity:
    """What ``experiments/sensitivity.yaml`` says."""
    text = (experiments_folder() / "sensitivity.yaml").read_text(encoding="utf-8")
    return Sensitivity.model_validate(yaml.safe_load(text))


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


def along(of: Sensitivity, names: Sequence[str]) -> list[Point]:
    """The base, and each of the contested numbers at even steps along its range."""
    return [{}, *({name: round(float(value), 6)} for name in names
                  for value in np.linspace(*of.contested[name], ALONG))]


def moved_rows(at: Sequence[Point], found: Sequence[Found], findings: Sequence[Finding]) -> pd.DataFrame:
    """One line for each moved number, its value and row: by how much, and whether the row leaves its band.

    Columns: parameter, value, row, base, moved, change, standard_error, counts (more than ``MOVED`` standard errors
    and ``AT_LEAST``), turns (inside the band at one and outside at the other). Changes are paired over seeds; the
    standard error of a row is pooled over all points that move it at all, since a point has few seeds.
    """
    bands = {row.id: row.band for finding in findings for row in finding.outcomes}
    base = found[0]
    changes = {row: [np.asarray(here[row]) - np.asarray(values) for here in found[1:]] for row, values in base.items()}
    errors = {row: _pooled_error(of_row) for row, of_row in changes.items()}
    lines = []
    for k, point in enumerate(at[1:]):
        (path, value), = point.items()
        for row, values in base.items():
            change, then, now = float(changes[row][k].mean()), evaluate_points.mean(values), evaluate_points.mean(found[k + 1][row])
            lines.append({"parameter": path, "value": value, "row": row, "base": then, "moved": now, "change": change,
                          "standard_error": errors[row],
                          "counts": bool(abs(change) > max(MOVED * errors[row], AT_LEAST)),
                          "turns": inside(then, bands[row]) != inside(now, bands[row])})
    return pd.DataFrame(lines)


def _pooled_error(changes: Sequence[NDArray[np.float64]]) -> float:
    """Standard error of a mean change over seeds, from all points at which anything changed; 0 where none did."""
    spreads = [change.var(ddof=1) / change.shape[0] for change in changes
               if change.shape[0] > 1 and change.any() and np.isfinite(change).all()]
    return float(np.sqrt(np.mean(spreads))) if spreads else 0.0


def inside(value: float, band: Band) -> bool:
    """Whether a figure lies in a band."""
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


def indices(of: Sensitivity, names: Sequence[str], method: str, at: np.ndarray, found: Sequence[Found],
            bands: Mapping[str, Band]) -> pd.DataFrame:
    """One line for each row and number. Morris: mu_star, sigma; Sobol: S1, ST; with half 95 % intervals.

    ``inside_low`` and ``inside_high`` are the shares of points whose figure lies in the row's band, with the number in
    the lower and in the upper half of its range: where they differ, the verdict turns on it.
    """
    lines = []
    for row in found[0]:
        y = np.array([evaluate_points.mean(here[row]) for here in found])
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
        good = np.array([inside(value, bands[row]) for value in y])
        for k, name in enumerate(names):
            upper = at[:, k] > np.mean(of.contested[name])
            lines.append({"row": row, "parameter": name, **{column: float(got[column][k]) for column in columns},
                          "inside_low": _share(good[~upper]), "inside_high": _share(good[upper])})
    return pd.DataFrame(lines)


def _share(good: NDArray[np.bool_]) -> float:
    return float(good.mean()) if good.size else float("nan")


def looked_at(of: Sensitivity) -> list[Finding]:
    """The findings without knock-outs, and the rows that are read off their worlds besides."""
    return [finding.model_copy(update={"outcomes": [*finding.outcomes, *of.read_beside.get(finding.id, [])]})
            for finding in evaluate_points.bare(of.findings)]


def run(of: Sensitivity, at: Sequence[Point], findings: Sequence[Finding], base: ModelParameters, store: Path,
        jobs: int | None, progress: Progress | None) -> list[Found]:
    """Figures at points, one for each seed; what ``store`` has is not run again."""
    seeds = [of.first_seed + k for k in range(of.seeds)]
    return evaluate_points.figures(at, findings, base, seeds, of.residents, store, jobs, progress)
