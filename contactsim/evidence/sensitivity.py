"""Sensitivity analyses: which parameters change which outcomes, and where outcomes cross their acceptance intervals.

Parameters of the psychology are changed one at a time; contested ones also along their ranges, and several at a time
by the methods of Morris and Sobol (SALib).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from contactsim.evidence import runs
from contactsim.evidence.design import AcceptanceInterval, DesignPart, Finding, Outcome
from contactsim.evidence.loading import read_yaml
from contactsim.evidence.numbers import general, rounded
from contactsim.evidence.runs import BySeed, ParameterSet, Progress
from contactsim.parameters import ModelParameters, Psychology
from contactsim.sweeps.designs import LEVELS, problem

#: Values along a range.
ALONG = 5
#: A change is material if it exceeds so many standard errors and so much in the outcome's unit.
STANDARD_ERRORS, AT_LEAST = 4.0, 0.02


class Sensitivity(DesignPart):
    """The design of the analyses: parameters and their ranges, findings, sample and budgets."""

    contested: dict[str, tuple[float, float]]
    relative_change: float
    first_seed: int
    seeds: int
    residents: int
    findings: list[str]
    budget: dict[Literal["morris", "sobol"], int]
    extra_outcomes: dict[str, list[Outcome]]
    retained_although_idle: dict[str, str]


def design() -> Sensitivity:
    """The design of ``experiments/sensitivity.yaml``."""
    return Sensitivity.model_validate(read_yaml("sensitivity.yaml"))


# --- parameter sets

def one_at_a_time(design: Sensitivity, base: ModelParameters) -> list[ParameterSet]:
    """The base, and each parameter of the psychology that is not 0, decreased and increased within its bounds."""
    out: list[ParameterSet] = [{}]
    for name, field in Psychology.model_fields.items():
        value = float(getattr(base.psychology, name))
        low = max((m.ge for m in field.metadata if hasattr(m, "ge")), default=-np.inf)
        high = min((m.le for m in field.metadata if hasattr(m, "le")), default=np.inf)
        for factor in (1 - design.relative_change, 1 + design.relative_change):
            moved = float(np.clip(value * factor, low, high))
            if moved != value:
                out.append({f"psychology.{name}": moved})
    return out


def along(design: Sensitivity, names: Sequence[str]) -> list[ParameterSet]:
    """The base, and each of the contested parameters at equal steps along its range."""
    return [{}, *({name: round(float(value), 6)} for name in names
                  for value in np.linspace(*design.contested[name], ALONG))]


def sample(design: Sensitivity, names: Sequence[str], method: str, budget: int, seed: int = 1) -> np.ndarray:
    """(sets, parameters) values of Morris's or Sobol's (Saltelli's) design, with ``budget`` parameter sets at most."""
    of_names = problem(names, design.contested)
    if method == "morris":
        from SALib.sample import morris

        return np.asarray(morris.sample(of_names, max(2, budget // (len(names) + 1)), LEVELS, seed=seed))
    from SALib.sample import sobol

    size = 2 ** max(2, int(np.log2(max(4, budget // (len(names) + 2)))))
    return np.asarray(sobol.sample(of_names, size, calc_second_order=False, seed=seed))


# --- figures and tables

def analysed(design: Sensitivity) -> list[Finding]:
    """The findings without knock-outs, with the extra outcomes that are computed from their worlds."""
    return [finding.model_copy(update={"outcomes": [*finding.outcomes, *design.extra_outcomes.get(finding.id, [])]})
            for finding in runs.base_findings(design.findings)]


def run(design: Sensitivity, parameter_sets: Sequence[ParameterSet], findings: Sequence[Finding],
        base: ModelParameters, store: Path, jobs: int | None, progress: Progress | None) -> list[BySeed]:
    """The figures under each parameter set; those that ``store`` has are not computed again."""
    seeds = [design.first_seed + k for k in range(design.seeds)]
    return runs.evaluate(parameter_sets, findings, base, seeds, design.residents, store, jobs, progress)


def changes_table(parameter_sets: Sequence[ParameterSet], found: Sequence[BySeed],
                  findings: Sequence[Finding]) -> pd.DataFrame:
    """One line for each changed parameter, its value and outcome. The first parameter set is the base.

    Columns: parameter, value, outcome, base, changed, change, standard_error, material (the change exceeds
    ``STANDARD_ERRORS`` and ``AT_LEAST``), crosses (inside the acceptance interval at one of both and outside at the
    other). Changes are paired over seeds. The standard error of an outcome is pooled over all parameter sets that
    change it, because each has few seeds.
    """
    acceptance = {one.id: one.acceptance for finding in findings for one in finding.outcomes}
    base = found[0]
    changes = {name: [np.asarray(here[name]) - np.asarray(values) for here in found[1:]]
               for name, values in base.items()}
    errors = {name: _pooled_error(of_outcome) for name, of_outcome in changes.items()}
    lines = []
    for k, values_of_set in enumerate(parameter_sets[1:]):
        (path, value), = values_of_set.items()
        for name, values in base.items():
            change, before, after = float(changes[name][k].mean()), runs.mean(values), runs.mean(found[k + 1][name])
            lines.append({"parameter": path, "value": value, "outcome": name, "base": before, "changed": after,
                          "change": change, "standard_error": errors[name],
                          "material": bool(abs(change) > max(STANDARD_ERRORS * errors[name], AT_LEAST)),
                          "crosses": inside(before, acceptance[name]) != inside(after, acceptance[name])})
    return pd.DataFrame(lines)


def _pooled_error(changes: Sequence[NDArray[np.float64]]) -> float:
    """Standard error of a mean change over seeds, from all parameter sets with a change; 0 without any."""
    spreads = [change.var(ddof=1) / change.shape[0] for change in changes
               if change.shape[0] > 1 and change.any() and np.isfinite(change).all()]
    return float(np.sqrt(np.mean(spreads))) if spreads else 0.0


def inside(value: float, acceptance: AcceptanceInterval) -> bool:
    """Whether a figure lies in an acceptance interval."""
    low, high = acceptance
    return (low is None or value >= low) and (high is None or value <= high)


def indices(design: Sensitivity, names: Sequence[str], method: str, values: np.ndarray, found: Sequence[BySeed],
            acceptance: Mapping[str, AcceptanceInterval]) -> pd.DataFrame:
    """One line for each outcome and parameter. Morris: mu_star, sigma; Sobol: S1, ST; with half 95 % intervals.

    ``inside_low`` and ``inside_high`` are the shares of parameter sets whose figure lies in the acceptance interval,
    with the parameter in the lower and in the upper half of its range. If they differ, the verdict depends on it.
    """
    lines = []
    for outcome in found[0]:
        y = np.array([runs.mean(here[outcome]) for here in found])
        if not np.isfinite(y).all() or y.std() == 0:
            continue
        if method == "morris":
            from SALib.analyze import morris

            got = morris.analyze(problem(names, design.contested), values, y, num_levels=LEVELS, seed=1)
            columns: tuple[str, ...] = ("mu_star", "mu_star_conf", "sigma")
        else:
            from SALib.analyze import sobol

            got = sobol.analyze(problem(names, design.contested), y, calc_second_order=False, seed=1)
            columns = ("S1", "S1_conf", "ST", "ST_conf")
        good = np.array([inside(value, acceptance[outcome]) for value in y])
        for k, name in enumerate(names):
            upper = values[:, k] > np.mean(design.contested[name])
            lines.append({"outcome": outcome, "parameter": name,
                          **{column: float(got[column][k]) for column in columns},
                          "inside_low": _share(good[~upper]), "inside_high": _share(good[upper])})
    return pd.DataFrame(lines)


def _share(good: NDArray[np.bool_]) -> float:
    return float(good.mean()) if good.size else float("nan")


# --- sentences

def changed_outcomes(table: pd.DataFrame) -> dict[str, tuple[list[str], list[str]]]:
    """By parameter: the outcomes that change materially, and those of them that cross their acceptance interval."""
    found = {}
    for parameter, lines in table.groupby("parameter", sort=False):
        material = lines[lines["material"]]
        found[str(parameter)] = (list(dict.fromkeys(material["outcome"])),
                                 list(dict.fromkeys(material.loc[material["crosses"], "outcome"])))
    return found


def sentences(table: pd.DataFrame, method: str) -> list[str]:
    """One for each parameter (``each``), or for each parameter and outcome that crosses its interval (``along``)."""
    if method == "each":
        return [f"{parameter}: changes {', '.join(outcomes) or 'no outcome'}"
                + (f"; verdict changes: {', '.join(crossing)}" if crossing else "")
                for parameter, (outcomes, crossing) in changed_outcomes(table).items()]
    found = []
    for (parameter, outcome), lines in table.groupby(["parameter", "outcome"], sort=False):
        crossing = lines[lines["crosses"] & lines["material"]]
        if not crossing.empty:
            values = ", ".join(f"{general(value)} ({rounded(changed)})" for value, changed in zip(
                crossing["value"], crossing["changed"], strict=True))
            found.append(f"{outcome} ({rounded(lines['base'].iloc[0])}) crosses an end of its acceptance interval "
                         f"along {parameter}: at {values}.")
    return found
