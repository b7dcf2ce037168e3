"""What an effect costs: a ratio whose uncertainty is that of the effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, sqrt

import numpy as np

from contactsim.lab.effects import CONFIDENCE, interval, told

NOT_TOLD = "cannot be told from no effect"


@dataclass(frozen=True)
class Worth:
    """Cost of one unit of effect with Fieller's interval; nan where the effect cannot be told from none."""

    cost: float
    """mean cost of a seed"""
    gain: float
    """mean gain of a seed: standard deviations added up over people"""
    ratio: float
    low: float
    high: float

    def __str__(self) -> str:
        if isnan(self.cost):
            return "no cost is told"
        if isnan(self.ratio):
            return NOT_TOLD
        low, high = sorted((abs(self.low), abs(self.high)))
        return f"£{abs(self.ratio):,.0f} [{low:,.0f}, {high:,.0f}]{' for one less' if self.gain < 0 else ''}"


def worth(costs: Sequence[float], gains: Sequence[float], level: float = CONFIDENCE) -> Worth:
    """Mean cost over mean gain, seeds paired, with Fieller's (1954) interval.

    With means c and g, variances of the means v_c and v_g, their covariance v_cg and Student's t, the limits solve
    (c - r g)^2 = t^2 (v_c - 2 r v_cg + r^2 v_g). The interval is finite only where g itself can be told from 0.
    A harm has a negative gain: what one unit of it cost is then negative.
    """
    from scipy.stats import t

    c, g = np.asarray(costs, float), np.asarray(gains, float)
    kept = ~(np.isnan(c) | np.isnan(g))
    c, g = c[kept], g[kept]
    if c.size == 0:
        return Worth(*[float("nan")] * 5)
    mean_g, low, high = interval(g, level)
    if c.size < 2 or not told(low, high):
        return Worth(float(c.mean()), mean_g, *[float("nan")] * 3)
    v = np.cov(c, g) / c.size
    q = float(t.ppf((1 + level) / 2, c.size - 1)) ** 2
    a, b, d = mean_g**2 - q * v[1, 1], c.mean() * mean_g - q * v[0, 1], c.mean() ** 2 - q * v[0, 0]
    root = sqrt(max(float(b * b - a * d), 0.0))
    return Worth(float(c.mean()), mean_g, float(c.mean() / mean_g), float((b - root) / a), float((b + root) / a))
