"""What an effect costs: a ratio whose uncertainty is that of the effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isinf, isnan, nan

import numpy as np

from contactsim.stats import ratio_interval

NOT_SIGNIFICANT = "no cost per unit: the effect cannot be told from none"


@dataclass(frozen=True)
class CostEffectiveness:
    """Pounds for one unit of an outcome in one person; nan unless the effect can be told from none.

    A harm has a negative gain: what one unit of it has cost is then negative.
    """

    unit: str
    """what is gained: ``SD``, or the outcome's unit where it does not vary in the untreated world"""
    cost: float
    """mean cost of a seed, in pounds"""
    gain: float
    """mean gain of a seed: units added up over people"""
    ratio: float
    low: float
    high: float
    """Fieller's interval; infinite where the number of people varies so much that there is no limit"""

    def __str__(self) -> str:
        if isnan(self.cost):
            return "the cost is not known"
        if isnan(self.ratio):
            return NOT_SIGNIFICANT
        low, high = sorted((abs(self.low), abs(self.high)))
        limit = "no limit" if isinf(high) else f"{high:,.0f}"
        return f"£{abs(self.ratio):,.0f} [{low:,.0f}, {limit}]{' for one less' if self.gain < 0 else ''}"


def cost_effectiveness(costs: Sequence[float], gains: Sequence[float], significant: bool,
                       unit: str = "SD") -> CostEffectiveness:
    """Mean cost over mean gain, seeds paired; a ratio only where the effect is ``significant``.

    Seeds without a cost or a gain (nan) are left out.
    """
    c, g = np.asarray(costs, float), np.asarray(gains, float)
    known = ~(np.isnan(c) | np.isnan(g))
    if not known.any():
        return CostEffectiveness(unit, nan, nan, nan, nan, nan)
    found = ratio_interval(c, g) if significant else (nan, nan, nan)
    return CostEffectiveness(unit, float(c[known].mean()), float(g[known].mean()), *found)
