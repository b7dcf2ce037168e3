"""What a calibration teaches: which parameters and targets pull where, what can be recovered, and what is predicted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from contactsim.calibration.design import HALF_WIDTH, Design, Target
from contactsim.calibration.matching import Array, spread_on, squeezed
from contactsim.calibration.waves import Calibration, worst_of

#: Standard deviation of an even distribution on the unit interval.
EVEN = 1 / np.sqrt(12)
#: Rank correlation from which two parameters are said to trade off.
STRONG = 0.35


def agreement(of: Calibration) -> pd.DataFrame:
    """For each target: its interval, and the ensemble's figures on new seeds (median, 10th and 90th percentile, and the
    share of sets inside the interval)."""
    rows = []
    for target in of.targets:
        got = np.array([of.candidates.figures[k][target.figure] for k in of.kept])
        low, middle, high = np.quantile(got, [0.1, 0.5, 0.9]) if got.size else [np.nan] * 3
        inside = np.mean((got >= target.low) & (got <= target.high)) if got.size else np.nan
        rows.append({"id": target.id, "quantity": target.quantity, "value": target.value, "low": target.low,
                     "high": target.high, "grade": target.grade, "source": target.source, "median": middle,
                     "p10": low, "p90": high, "inside": inside})
    return pd.DataFrame(rows)


def pinned(of: Calibration) -> pd.DataFrame:
    """For each parameter: its prior range, the ensemble's median, 10th and 90th percentile, and the standard deviation
    that is left of the prior's (1: nothing was learned)."""
    rows = []
    for path, prior in of.space.priors.items():
        values = np.array([one[path] for one in of.ensemble])
        units = np.array([prior.unit(value) for value in values])
        low, middle, high = np.quantile(values, [0.1, 0.5, 0.9]) if values.size else [np.nan] * 3
        rows.append({"parameter": path, "low": prior.low, "high": prior.high, "log": prior.log, "p10": low,
                     "median": middle, "p90": high, "left": float(units.std() / EVEN) if units.size else np.nan})
    return pd.DataFrame(rows).sort_values("left", kind="stable")


def trade_offs(of: Calibration) -> pd.DataFrame:
    """Pairs of parameters that make up for each other among the sets not ruled out: their rank correlation."""
    correlation = np.atleast_2d(spearmanr(of.region.units).statistic)
    names = of.space.names
    pairs = [{"one": names[i], "other": names[j], "correlation": float(correlation[i, j])}
             for i in range(len(names)) for j in range(i) if abs(correlation[i, j]) >= STRONG]
    return pd.DataFrame(pairs, columns=["one", "other", "correlation"]).sort_values(
        "correlation", key=lambda column: -column.abs(), kind="stable")


def left_out(of: Calibration) -> pd.DataFrame:
    """Each target predicted from all others by emulators, and the target that moves most when it is left out.

    Columns: id, quantity, low, high, p10, median, p90 (predictions among the sets that the other targets do not rule
    out), ruled_out (share of these sets that the target then rules out), moves (the other target whose expected
    deviation changes most) and by (that change, in standard deviations).
    """
    expected = _expected(of, of.region.units)
    rows = []
    for k, target in enumerate(of.targets):
        random = np.random.RandomState(of.design.first_seed + k)
        units, _ = spread_on(worst_of(of.matcher, k), of.region.units, of.design.cutoff, random)
        without = _expected(of, units)
        shift = without.mean(axis=0) - expected.mean(axis=0)
        shift[k] = 0.0
        most = int(np.abs(shift).argmax())
        low, middle, high = (_figure(float(z), target, of.design) for z in np.quantile(without[:, k], [0.1, 0.5, 0.9]))
        ruled_out = float(np.mean(of.matcher.of(k, squeezed(without[:, k])) > of.design.cutoff))
        rows.append({"id": target.id, "quantity": target.quantity, "low": target.low, "high": target.high, "p10": low,
                     "median": middle, "p90": high, "ruled_out": ruled_out, "moves": of.targets[most].quantity,
                     "by": float(shift[most])})
    return pd.DataFrame(rows)


def recovery(of: Calibration) -> pd.DataFrame:
    """Known parameter sets, each taken for the truth: is it ruled out by its own data?

    The data of a truth are its figures on new seeds and in other samples of areas, with the targets' intervals. Its
    implausibility comes from emulators without its own run. Columns: set, worst (implausibility), recovered.
    """
    rows = []
    for k in range(min(of.sample.truths, len(of.candidates.sets))):
        truth = of.candidates.sets[k]
        run = next(n for n, one in enumerate(of.runs.sets) if all(one[path] == truth[path] for path in of.space.names))
        data = of.candidates.deviation[k]
        worst = 0.0
        for target, emulator in enumerate(of.matcher.emulators):
            predicted = float(emulator.left_out[run])
            error = emulator.error * np.cosh(predicted / 2)
            worst = max(worst, abs(2 * np.sinh(predicted / 2) - data[target]) / float(np.hypot(1.0, error)))
        rows.append({"set": k + 1, "worst": worst, "recovered": worst <= of.design.cutoff})
    return pd.DataFrame(rows, columns=["set", "worst", "recovered"])


def _expected(of: Calibration, units: Array) -> Array:
    """(m, targets) expected deviations."""
    return np.column_stack([2 * np.sinh(one(units) / 2) for one in of.matcher.emulators])


def _figure(deviation: float, target: Target, design: Design) -> float:
    """The figure at a deviation."""
    scale = float(np.hypot(1 / HALF_WIDTH, design.discrepancy)) / 2
    if target.figure in design.logs:
        return float(np.exp(np.log(target.value) + deviation * np.log(target.high / target.low) * scale))
    return target.value + deviation * (target.high - target.low) * scale


def table(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """A table as plain data, numbers with four significant digits."""
    return [{str(key): float(f"{value:.4g}") if isinstance(value, float) else value for key, value in row.items()}
            for row in frame.to_dict("records")]


def everything(of: Calibration) -> dict[str, Sequence[dict[str, Any]]]:
    """All diagnoses as plain data."""
    return {name: table(make(of)) for name, make in (
        ("targets", agreement), ("parameters", pinned), ("trade_offs", trade_offs), ("left_out", left_out),
        ("recovery", recovery))}
