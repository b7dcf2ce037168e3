"""Results as tables for the terminal, CSV and JSON, and the format of their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.table import Table

from contactsim.evidence.design import BASE, AcceptanceInterval
from contactsim.evidence.results import FindingResult
from contactsim.evidence.verdicts import INCONCLUSIVE, NOT_EXPLAINED, NOT_REPRODUCED, REPRODUCED, Interval

STYLES = {REPRODUCED: "green", NOT_REPRODUCED: "red", NOT_EXPLAINED: "yellow", INCONCLUSIVE: "dim"}


# --- numbers

def estimate(found: Interval) -> str:
    """``0.123 [0.100, 0.150]``"""
    return f"{found.mean:.3f} [{found.low:.3f}, {found.high:.3f}]"


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


def thousands(number: int) -> str:
    """``8,000``"""
    return f"{number:,}"


def swept(value: Any, missing: str = "known output areas") -> str:
    """A value of a sweep; ``missing`` for places as they are."""
    return missing if pd.isna(value) else general(value)


def words(name: str) -> str:
    """``no contact`` for ``no_contact``."""
    return name.replace("_", " ")


# --- tables

def results_table(results: Sequence[FindingResult], sample: str) -> Table:
    """One line for each outcome, below its finding; knock-outs beneath."""
    out = Table(title=f"Findings ({sample} sample)", title_justify="left", pad_edge=False, box=SIMPLE_HEAD)
    for column in ("outcome", "effect and interval", "acceptance interval", "role", "verdict"):
        out.add_column(column, no_wrap=column != "verdict")
    for result in results:
        small = f"; sample too small for {', '.join(result.too_small)}" if result.too_small else ""
        word = f"[{STYLES[result.verdict]}]{result.verdict}[/] ({result.counted} outcomes{small})"
        out.add_row(result.id, "", "", result.role, word, style="bold")
        for one in result.outcomes:
            word = one.verdict if one.judged else f"not judged: {one.verdict}"
            role = one.role if one.role != result.role else ""
            out.add_row(f"  {one.id}", estimate(one.effect), acceptance(one.acceptance), role, word)
            for name, (rule, found) in one.knock_outs.items():
                out.add_row(f"    {name}", estimate(found), "must exit" if rule == "must_exit" else "reported", "", "",
                            style="dim")
    return out


def count(results: Sequence[FindingResult]) -> str:
    """Number of findings by verdict, in a sentence."""
    findings = [result for result in results if not result.check]
    counts = [f"{sum(one.verdict == word for one in findings)} {word}"
              for word in (REPRODUCED, NOT_REPRODUCED, NOT_EXPLAINED, INCONCLUSIVE)]
    checks = [result for result in results if result.check]
    sentence = f"{len(findings)} findings: {', '.join(counts)}." if findings else ""
    passed = sum(one.verdict == REPRODUCED for one in checks)
    return sentence + (f" {passed} of {len(checks)} realism checks hold." if checks else "")


def csv(results: Sequence[FindingResult]) -> pd.DataFrame:
    """One line for each outcome and for its base worlds and each knock-out (column ``worlds``)."""
    lines = []
    for result in results:
        for one in result.outcomes:
            common = {"finding": result.id, "outcome": one.id, "claim": result.claim, "statement": one.statement,
                      "unit": one.unit, "grade": result.grade, "role": one.role, "acceptance_low": one.acceptance[0],
                      "acceptance_high": one.acceptance[1], "judged": one.judged}
            for worlds, found in {BASE: one.effect, **{name: of for name, (_, of) in one.knock_outs.items()}}.items():
                lines.append({**common, "worlds": worlds, "mean": found.mean, "low": found.low, "high": found.high,
                              "seeds": found.seeds, "verdict": one.verdict if worlds == BASE else ""})
    return pd.DataFrame(lines)


def plain(results: Sequence[FindingResult]) -> list[dict[str, Any]]:
    """Results as plain data, with the verdicts that follow from their outcomes."""
    return [{**asdict(result), "verdict": result.verdict, "reproduced": result.counted, "too_small": result.too_small}
            for result in results]
