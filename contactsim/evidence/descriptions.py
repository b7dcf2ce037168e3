"""Estimands that describe one world: means, spreads and shapes of a column. One number for one seed each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import stats

from contactsim.evidence.effects import Who, Worlds
from contactsim.evidence.panel import END, Array


def average(case: Worlds, world: str, column: str, who: Who = None) -> float:
    """Mean of a column at the end."""
    return float(_values(case, world, column, who).mean())


def spread(case: Worlds, world: str, column: str, who: Who = None) -> float:
    """Standard deviation of a column at the end."""
    return float(_values(case, world, column, who).std())


def bimodality(case: Worlds, world: str, column: str, who: Who = None) -> float:
    """Sarle's coefficient of a column at the end."""
    return sarle(_values(case, world, column, who))


def bimodality_change(case: Worlds, of: str, than: str, column: str, who: Who = None) -> float:
    """:func:`bimodality` in one world less that in another."""
    return bimodality(case, of, column, who) - bimodality(case, than, column, who)


def share_above_zero(case: Worlds, world: str, column: str, who: Who = None) -> float:
    """Share of people with more than zero in a column at the end."""
    return float(np.mean(_values(case, world, column, who) > 0))


def share_between_areas(case: Worlds, world: str, column: str, who: Who = None) -> float:
    """Share of a column's variance at the end that lies between neighbourhoods."""
    values = _values(case, world, column, who)
    area = case.worlds[world].people["neighbourhood"][case.mask(who, world)]
    n = np.bincount(area)
    means = np.bincount(area, weights=values) / np.maximum(n, 1)
    return float(np.sum(n * (means - values.mean()) ** 2) / max(np.sum((values - values.mean()) ** 2), 1e-300))


def people(case: Worlds, world: str, who: Who = None) -> float:
    """How many people a figure is about."""
    return float(np.count_nonzero(case.mask(who, world)))


def burn_in(case: Worlds, world: str, what: str) -> float:
    """``weeks`` of the burn-in, or 1 where it was ``flat`` at its end (0 otherwise)."""
    return case.worlds[world].burn_in[what]


def sarle(x: Array) -> float:
    """Sarle's bimodality coefficient with the sample correction; about 5/9 for a uniform distribution.

    Source: the definition in SAS; (skewness^2 + 1) / (excess kurtosis + 3 (n-1)^2 / ((n-2)(n-3))).
    """
    n = x.shape[0]
    if n < 4 or x.std() == 0.0:
        return float("nan")
    skew, kurtosis = stats.skew(x, bias=False), stats.kurtosis(x, bias=False)
    return float((skew**2 + 1) / (kurtosis + 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))))


def _values(case: Worlds, world: str, column: str, who: Who) -> Array:
    return case.worlds[world].at(column, END)[case.mask(who, world)]


ESTIMANDS: Mapping[str, Any] = {f.__name__: f for f in (
    average, spread, bimodality, bimodality_change, share_above_zero, share_between_areas, people, burn_in)}
