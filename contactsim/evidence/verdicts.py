"""Verdicts from figures over seeds: confidence intervals, acceptance intervals and knock-outs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from contactsim.evidence.design import AcceptanceInterval
from contactsim.stats import simultaneous_interval

REPRODUCED = "reproduced"
NOT_REPRODUCED = "not reproduced"
NOT_EXPLAINED = "not explained by the mechanism"
INCONCLUSIVE = "inconclusive"
#: Worst first. The verdict on a finding is the worst of its judged outcomes.
ORDER = (NOT_REPRODUCED, NOT_EXPLAINED, INCONCLUSIVE, REPRODUCED)


@dataclass(frozen=True)
class Interval:
    """A mean over seeds and its confidence interval."""

    mean: float
    low: float
    high: float
    seeds: int

    def inside(self, acceptance: AcceptanceInterval) -> bool:
        """Whether all of the interval lies inside the closed acceptance interval."""
        low, high = _ends(acceptance)
        return bool(low <= self.low and self.high <= high)

    def outside(self, acceptance: AcceptanceInterval) -> bool:
        """Whether all of the interval lies outside the acceptance interval."""
        low, high = _ends(acceptance)
        return bool(self.high < low or self.low > high)


def _ends(acceptance: AcceptanceInterval) -> tuple[float, float]:
    low, high = acceptance
    return -np.inf if low is None else low, np.inf if high is None else high


def interval(values: Sequence[float], family: int) -> Interval:
    """Student's t interval of the mean over seeds, one of ``family`` simultaneous 95 % intervals (Bonferroni).

    The interval is unbounded with fewer than two seeds or a figure that is not finite.
    """
    return Interval(*simultaneous_interval(values, family), len(values))


def verdict(effect: Interval, acceptance: AcceptanceInterval, must_exit: Mapping[str, Interval]) -> tuple[str, str]:
    """The verdict and its reason; ``must_exit`` has the intervals with each knock-out that must fail the outcome."""
    if effect.outside(acceptance):
        where = "above" if effect.low > _ends(acceptance)[1] else "below"
        return NOT_REPRODUCED, f"the interval lies {where} the acceptance interval"
    if not effect.inside(acceptance):
        return INCONCLUSIVE, "the interval crosses an end of the acceptance interval"
    stays = [name for name, knocked in must_exit.items() if knocked.inside(acceptance)]
    if stays:
        return NOT_EXPLAINED, f"the outcome stays inside the acceptance interval with {', '.join(stays)}"
    unclear = [name for name, knocked in must_exit.items() if not knocked.outside(acceptance)]
    if unclear:
        return INCONCLUSIVE, (f"the sample does not decide whether the outcome leaves the acceptance interval with "
                              f"{', '.join(unclear)}")
    return REPRODUCED, ("inside the acceptance interval, and outside it with each knock-out" if must_exit
                        else "inside the acceptance interval")


def underpowered(effect: Interval, acceptance: AcceptanceInterval,
                 must_exit: Mapping[str, Interval] = MappingProxyType({})) -> str:
    """What the sample could not detect, in a sentence; empty if it is large enough.

    A sample is too small for an outcome if half the width of the interval exceeds the distance of the mean to the
    nearest end of the acceptance interval, if the interval is wider than the acceptance interval, or if it overlaps
    the interval of a knock-out that must exit (and does not stay inside).
    """
    if not np.isfinite(effect.low):
        return "with so few seeds nothing can be detected"
    low, high = _ends(acceptance)
    half = (effect.high - effect.low) / 2
    distance = min(abs(effect.mean - end) for end in (low, high) if np.isfinite(end))
    if half > (high - low) / 2:
        return (f"the interval (± {half:.2g}) is wider than the acceptance interval: this sample could not show the "
                f"outcome")
    if half > distance:
        return f"this sample could not detect a change of less than {half:.2g}"
    same = [name for name, off in must_exit.items()
            if off.low <= effect.high and effect.low <= off.high and not off.inside(acceptance)]
    return f"this sample could not detect the difference from {', '.join(same)}" if same else ""
