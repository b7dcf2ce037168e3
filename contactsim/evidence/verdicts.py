"""From figures over seeds to a verdict: intervals, bands, knock-outs. Never a bare p-value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from contactsim.stats import simultaneous_interval

REPRODUCED = "reproduced"
NOT_REPRODUCED = "not reproduced"
NOT_EXPLAINED = "not explained by the mechanism"
INCONCLUSIVE = "inconclusive"

Band = tuple[float | None, float | None]


@dataclass(frozen=True)
class Interval:
    """A mean over seeds and its confidence interval."""

    mean: float
    low: float
    high: float
    seeds: int

    def inside(self, band: Band) -> bool:
        """The whole interval lies in the closed band."""
        low, high = _ends(band)
        return bool(low <= self.low and self.high <= high)

    def outside(self, band: Band) -> bool:
        """No point of the interval lies in the band."""
        low, high = _ends(band)
        return bool(self.high < low or self.low > high)


def _ends(band: Band) -> tuple[float, float]:
    low, high = band
    return -np.inf if low is None else low, np.inf if high is None else high


def interval(values: Sequence[float], family: int) -> Interval:
    """Student's t interval of the mean over seeds, one of ``family`` that hold together at 95 % (Bonferroni).

    With fewer than two seeds, or a figure that could not be computed, the interval is unbounded.
    """
    return Interval(*simultaneous_interval(values, family), len(values))


def verdict(effect: Interval, band: Band, must_leave: Mapping[str, Interval]) -> tuple[str, str]:
    """The verdict and a plain reason."""
    if effect.outside(band):
        side = "above" if effect.low > _ends(band)[1] else "below"
        return NOT_REPRODUCED, f"the interval lies {side} the band"
    if not effect.inside(band):
        return INCONCLUSIVE, "the interval reaches over the edge of the band"
    stays = [name for name, knocked in must_leave.items() if knocked.inside(band)]
    if stays:
        return NOT_EXPLAINED, f"the finding stays with {', '.join(stays)}"
    unclear = [name for name, knocked in must_leave.items() if not knocked.outside(band)]
    if unclear:
        return INCONCLUSIVE, f"the sample cannot tell whether the finding goes with {', '.join(unclear)}"
    return REPRODUCED, "inside the band, and gone with each knock-out" if must_leave else "inside the band"


def blind(effect: Interval, band: Band, must_leave: Mapping[str, Interval] = MappingProxyType({})) -> str:
    """What the sample could not have told: a sentence, or nothing.

    A sample is too small for a row when its interval reaches from the mean over the band's nearest edge, is wider
    than the band, or overlaps that of a world without a mechanism which should make a difference (and does not stay).
    """
    if not np.isfinite(effect.low):
        return "with so few seeds nothing can be told"
    low, high = _ends(band)
    reach = (effect.high - effect.low) / 2
    edge = min(abs(effect.mean - end) for end in (low, high) if np.isfinite(end))
    if reach > (high - low) / 2:
        return f"the interval (± {reach:.2g}) is wider than the band: this sample could not show the finding"
    if reach > edge:
        return f"a break of less than {reach:.2g} could not be seen with this sample"
    same = [name for name, off in must_leave.items()
            if off.low <= effect.high and effect.low <= off.high and not off.inside(band)]
    return f"a break would not be seen: the sample cannot tell it from {', '.join(same)}" if same else ""
