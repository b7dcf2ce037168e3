"""Effects over seeds: means with intervals, differences between cells of a grid, precision and cost-effectiveness.

Each seed gives one value of an effect; intervals are Student's t over seeds. Tables of a grid begin with its axes: one
column for each key of which several values are compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isinf, isnan, nan
from typing import Any

import numpy as np
import pandas as pd

from contactsim.stats import cell_intervals, excludes_zero, ratio_interval

#: What identifies an effect within a cell.
KEYS = ["arm", "week", "part", "by", "level", "outcome"]
NOT_SIGNIFICANT = "no cost per unit: the effect cannot be distinguished from zero"


def summarise(by_seed: pd.DataFrame, axes: Sequence[str] = ()) -> pd.DataFrame:
    """Means over seeds of effects (columns of :func:`contactsim.comparison.effects.effects`, seed and axes).

    Columns: axes, arm, week, part, by, level, outcome, residents (mean number), seeds, effect, low, high, raw, raw_low,
    raw_high, control, control_sd, shown, significant. ``shown`` says which of the two intervals is reported: that of
    the standardised ``effect``, or that of ``raw`` if the outcome does not vary in the control arm. ``significant`` is
    whether the reported interval excludes 0.
    """
    cells = by_seed.groupby([*axes, *KEYS], sort=False, observed=True)
    means = cells[["residents", "control", "control_sd"]].mean()
    return _estimates(cells, means[["residents"]], means[["control", "control_sd"]])


def differences(by_seed: pd.DataFrame, axes: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """Difference-in-differences: an effect at each value of an axis minus the effect at the axis's first value.

    Pairs have the same seed and the same values of the other axes, and common random numbers.

    Columns: axis, value, reference, the other axes (null for the axis itself), arm, week, part, by, level, outcome,
    seeds, effect (in standard deviations: means of own groups in the control arm of the reference cell), low, high,
    raw, raw_low, raw_high (the outcome's unit), shown, significant. A pair counts if it has both effects; weeks that
    only one of the cells is read at are left out.
    """
    found = [_against(by_seed, axis, values[0], value, [other for other in axes if other != axis])
             for axis, values in axes.items() for value in values[1:]]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def _against(by_seed: pd.DataFrame, axis: str, reference: Any, value: Any, others: list[str]) -> pd.DataFrame:
    keys = [*others, *KEYS]
    here, there = (by_seed[by_seed[axis] == one] for one in (value, reference))
    pairs = here.merge(there, on=[*keys, "seed"], suffixes=("", "_reference"))
    raw = pairs["raw"] - pairs["raw_reference"]
    sd = pairs["control_sd_reference"]
    pairs = pairs.assign(raw=raw, effect=(raw / sd.where(sd > 0)).where(raw != 0, 0.0))
    table = _estimates(pairs.groupby(keys, sort=False, observed=True))
    for name, one in (("reference", reference), ("value", value), ("axis", axis)):
        table.insert(0, name, one)
    return table


def _estimates(cells: Any, *more: pd.DataFrame) -> pd.DataFrame:
    """Means and intervals of the columns raw and effect; of ``more`` the first stands before, the second behind."""
    raw, effect = cell_intervals(cells["raw"]), cell_intervals(cells["effect"])
    in_own_unit = effect["mean"].isna() & raw["mean"].notna()
    before, behind = more or (raw[[]], raw[[]])
    return pd.DataFrame({
        **before, "seeds": raw["count"].astype(int), "effect": effect["mean"],
        "low": effect["low"], "high": effect["high"], "raw": raw["mean"], "raw_low": raw["low"],
        "raw_high": raw["high"], **behind, "shown": np.where(in_own_unit, "raw", "effect"),
        "significant": np.where(in_own_unit, excludes_zero(raw["low"], raw["high"]),
                                excludes_zero(effect["low"], effect["high"])),
    }).reset_index()


def precision(by_seed: pd.DataFrame, axes: Sequence[str] = ()) -> pd.DataFrame:
    """Variance of a mean effect over seeds, with paired runs and with independent seeds.

    Independent seeds would compare the arm's means of one set of seeds with the control means of another, so their
    variance is the sum of both. Columns: axes, arm, week, part, outcome, paired, independent (variances of one seed's
    effect, in the outcome's unit), ratio (independent over paired; inf if paired runs never differ).
    """
    keys = [*axes, "arm", "week", "part", "outcome"]
    rows = []
    for key, cell in by_seed[by_seed["by"] == "all"].groupby(keys, sort=False, observed=True):
        control, raw = cell["control"].to_numpy(float), cell["raw"].to_numpy(float)
        known = ~np.isnan(raw)
        if known.sum() < 2:
            continue
        paired = float(raw[known].var(ddof=1))
        independent = float((control + raw)[known].var(ddof=1) + control[known].var(ddof=1))
        rows.append({**dict(zip(keys, key, strict=True)), "paired": paired, "independent": independent,
                     "ratio": independent / paired if paired > 0 else float("inf")})
    return pd.DataFrame(rows, columns=[*keys, "paired", "independent", "ratio"])


@dataclass(frozen=True)
class CostEffectiveness:
    """Pounds per unit of an outcome in one person; nan unless the effect is significant.

    A harm has a negative gain: the ratio is then the (negative) cost of one unit of harm.
    """

    unit: str
    """what is gained: ``SD``, or the outcome's unit if it does not vary in the control arm"""
    cost: float
    """mean cost over seeds, in pounds"""
    gain: float
    """mean gain over seeds: units summed over people"""
    ratio: float
    low: float
    high: float
    """Fieller's interval; infinite if the number of people varies so much that there is no limit"""

    def __str__(self) -> str:
        if isnan(self.cost):
            return "the cost is not known"
        if isnan(self.ratio):
            return NOT_SIGNIFICANT
        low, high = sorted((abs(self.low), abs(self.high)))
        limit = "no limit" if isinf(high) else f"{high:,.0f}"
        return f"£{abs(self.ratio):,.0f} [{low:,.0f}, {limit}]{' per unit lost' if self.gain < 0 else ''}"


def cost_effectiveness(costs: Sequence[float], gains: Sequence[float], significant: bool,
                       unit: str = "SD") -> CostEffectiveness:
    """Mean cost over mean gain, paired by seed; a ratio only if the effect is ``significant``.

    Seeds without a cost or a gain (nan) are left out.
    """
    c, g = np.asarray(costs, float), np.asarray(gains, float)
    known = ~(np.isnan(c) | np.isnan(g))
    if not known.any():
        return CostEffectiveness(unit, nan, nan, nan, nan, nan)
    found = ratio_interval(c, g) if significant else (nan, nan, nan)
    return CostEffectiveness(unit, float(c[known].mean()), float(g[known].mean()), *found)
