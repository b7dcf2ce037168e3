"""Numbers of a replay as text, for terminals and reports."""

from __future__ import annotations

from math import nan
from typing import Any

import numpy as np
import pandas as pd

from contactsim.evidence.across_sets import Share
from contactsim.evidence.design import AcceptanceInterval


def with_range(value: float, low: float, high: float) -> str:
    """``0.123 [0.100, 0.150]``; ``0.123`` if there is one value"""
    if not np.isfinite(value):
        return "not computable"
    return f"{value:.3f}" if low == high else f"{value:.3f} [{low:.3f}, {high:.3f}]"


def acceptance(limits: AcceptanceInterval) -> str:
    """``0.05 or more``, ``-0.05 or less``, ``0.03 to 0.25``"""
    low, high = limits
    if low is None:
        return "any" if high is None else f"{high:g} or less"
    return f"{low:g} or more" if high is None else f"{low:g} to {high:g}"


def general(value: float) -> str:
    """``0.004``, ``12``: as many digits as necessary."""
    return f"{value:g}"


def rounded(value: float) -> str:
    """``0.327``: three significant digits."""
    return f"{value:.3g}"


def plus_minus(value: float, half: float) -> str:
    """``0.50 ± 0.12``"""
    return f"{value:.2f} ± {half:.2f}"


def percent(share: float) -> str:
    """``75%``"""
    return f"{share:.0%}"


def percents(value: float, low: float = nan, high: float = nan) -> str:
    """``82% [70, 95]``; without an interval ``82%``; ``-`` for nan"""
    if not np.isfinite(value):
        return "-"
    if np.isnan(low) or np.isnan(high):
        return percent(value)
    return f"{value:.0%} [{_whole(low)}, {_whole(high)}]"


def _whole(share: float) -> str:
    return f"{100 * share:.0f}" if abs(share) < 10 else "-inf" if share < 0 else "inf"


def held(one: Share) -> str:
    """``38 of 40``"""
    return f"{one.number} of {one.of}"


def thousands(number: int) -> str:
    """``8,000``"""
    return f"{number:,}"


def swept(value: Any, missing: str = "known output areas") -> str:
    """A value of a sweep; ``missing`` for places as they are."""
    return missing if pd.isna(value) else general(value)


def words(name: str) -> str:
    """``no contact`` for ``no_contact``."""
    return name.replace("_", " ")
