"""The figures that designs ask for, each computed for one seed from what was observed.

An estimand takes the seed's :class:`Case` and the arguments of the design and gives one number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contactsim.evidence.observe import Observed, sarle

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """One seed: the world looked at, by share of the minority, and what it may be compared with."""

    world: dict[float, Observed]
    base: dict[float, Observed]
    selected_in: dict[float, Observed]
    """the world whose negative contact says who belongs to the worst tenth"""
    twin: dict[float, Observed]
    """the same people without any contact"""
    others: dict[str, dict[float, Observed]]
    """all worlds by name"""

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the most diverse share."""
        return min(self.world), max(self.world)


def contact_rise(case: Case, valence: str) -> float:
    """Meetings a week in the most diverse place less those in the least, in SD of both places' residents."""
    low, high = (_meetings(case.world[s], valence) for s in case.ends)
    sd = np.concatenate([low, high]).std()
    return float((high.mean() - low.mean()) / sd) if sd > 0 else 0.0


def elasticity(case: Case, valence: str) -> float:
    """Slope of log meetings a week on log share of the minority."""
    shares = sorted(case.world)
    means = [_meetings(case.world[s], valence).mean() for s in shares]
    if min(means) <= 0:
        return float("nan")
    return float(np.polyfit(np.log(shares), np.log(means), 1)[0])


def contact_ratio(case: Case, valence: str, world: str) -> float:
    """Meetings in another world of the design over those in this one, most diverse place."""
    share = case.ends[1]
    here = _meetings(case.world[share], valence).mean()
    return float(_meetings(case.others[world][share], valence).mean() / here) if here > 0 else float("nan")


def mediated(case: Case) -> float:
    """Net indirect effect of diversity through positive and negative contact (product of coefficients).

    With share d, contacts p and n and attitude y over all places: p = a1 d, n = a2 d, y = c d + b1 p + b2 n;
    the net indirect effect is a1 b1 + a2 b2, here from the least to the most diverse place in SD of y.
    """
    shares = sorted(case.world)
    d = np.concatenate([np.full(case.world[s].end.shape[0], s) for s in shares])
    p = np.concatenate([case.world[s].positive[1] for s in shares])
    n = np.concatenate([case.world[s].negative[1] for s in shares])
    y = np.concatenate([case.world[s].end for s in shares])
    a1, a2 = (np.cov(d, m)[0, 1] / d.var(ddof=1) for m in (p, n))
    design = np.column_stack([np.ones_like(d), d, p, n])
    _, _, b1, b2 = np.linalg.lstsq(design, y, rcond=None)[0]
    return float((a1 * b1 + a2 * b2) * (shares[-1] - shares[0]) / y.std())


def worst_tenth(case: Case, reading: str, share: float) -> float:
    """The tenth with most negative contact in the first half against everybody else, in SD of attitude.

    Readings: ``level`` at the end; ``change`` over the second half; ``effect``: end less the same people's
    end in the twin world without contact.
    """
    seen = case.world[share]
    value = {"level": lambda: seen.end, "change": lambda: seen.end - seen.middle,
             "effect": lambda: seen.end - case.twin[share].end}[reading]()
    worst = _worst(case.selected_in[share])
    return float((value[worst].mean() - value[~worst].mean()) / seen.end.std())


def worst_tenth_gradient(case: Case, reading: str, less: float, more: float) -> float:
    """:func:`worst_tenth` in the more diverse place less that in the less diverse one."""
    return worst_tenth(case, reading, more) - worst_tenth(case, reading, less)


def spread_rise(case: Case) -> float:
    """SD of attitude in the most diverse place over that in the least, minus 1."""
    low, high = (case.world[s].end.std() for s in case.ends)
    return float(high / low - 1)


def bimodality_rise(case: Case) -> float:
    """Sarle's coefficient of attitude in the most diverse place less that in the least."""
    low, high = (sarle(case.world[s].end) for s in case.ends)
    return high - low


def _meetings(seen: Observed, valence: str) -> Array:
    return (seen.positive if valence == "positive" else seen.negative)[1]


def _worst(seen: Observed) -> NDArray[np.bool_]:
    order = np.lexsort((seen.lot, -seen.negative[0]))
    worst = np.zeros(order.shape[0], bool)
    worst[order[: max(1, order.shape[0] // 10)]] = True
    return worst


ESTIMANDS: dict[str, Callable[..., float]] = {
    f.__name__: f for f in (contact_rise, elasticity, contact_ratio, mediated, worst_tenth, worst_tenth_gradient,
                            spread_rise, bimodality_rise)}
