"""How numbers of the ledger are written, in a terminal, a table and a report alike."""

from __future__ import annotations

from typing import Any

import pandas as pd

from contactsim.evidence.verdicts import Band, Interval


def estimate(found: Interval) -> str:
    """``0.123 [0.100, 0.150]``"""
    return f"{found.mean:.3f} [{found.low:.3f}, {found.high:.3f}]"


def band(limits: Band) -> str:
    """``0.05 or more``, ``-0.05 or less``, ``0.03 to 0.25``"""
    low, high = limits
    if low is None:
        return "any" if high is None else f"{high:g} or less"
    return f"{low:g} or more" if high is None else f"{low:g} to {high:g}"


def general(value: float) -> str:
    """``0.004``, ``12``: as many digits as it takes."""
    return f"{value:g}"


def rounded(value: float) -> str:
    """``0.327``: three digits that count."""
    return f"{value:.3g}"


def plus_minus(value: float, half: float) -> str:
    """``0.50 ± 0.12``"""
    return f"{value:.2f} ± {half:.2f}"


def percent(share: float) -> str:
    """``75%``"""
    return f"{share:.0%}"


def thousands(number: int) -> str:
    """``8,000``"""
    return f"{number:,}"


def swept(value: Any, missing: str = "known cells") -> str:
    """A value along a sweep; none is that of places as they are."""
    return missing if pd.isna(value) else general(value)


def words(name: str) -> str:
    """``no contact`` of ``no_contact``."""
    return name.replace("_", " ")
