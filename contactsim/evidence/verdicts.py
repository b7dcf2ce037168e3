"""Verdicts on findings from figures over seeds: confidence intervals, acceptance intervals, knock-outs and reasons."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np

from contactsim.evidence.design import BASE, AcceptanceInterval, Finding, Folder, Outcome
from contactsim.evidence.tasks import Figures
from contactsim.paths import experiments_folder
from contactsim.stats import simultaneous_interval

#: A diagnosis in a folder's README, ``- **F6, F12**: text``, its further lines indented.
_ITEM = re.compile(r"^- \*\*((?:[FR]\d+)(?:, [FR]\d+)*)\*\*: (.+(?:\n  .+)*)", re.MULTILINE)
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


# --- results

@dataclass(frozen=True)
class OutcomeResult:
    """An outcome with its confidence interval, knock-outs and verdict."""

    id: str
    statement: str
    unit: str
    acceptance: AcceptanceInterval
    acceptance_source: str
    role: str
    judged: bool
    effect: Interval
    knock_outs: dict[str, tuple[str, Interval]]
    """by name: the rule (must_exit or reported) and the interval"""
    verdict: str
    reason: str
    note: str
    """what the sample could not detect; empty if it is large enough"""
    values: list[float] = field(repr=False)
    """by seed"""

    @property
    def mechanism_tested(self) -> bool:
        """Whether it has a knock-out that must exit."""
        return any(rule == "must_exit" for rule, _ in self.knock_outs.values())


@dataclass(frozen=True)
class FindingResult:
    """A finding with the results of its outcomes."""

    id: str
    claim: str
    folder: str
    title: str
    essays: list[int]
    source: str
    grade: str
    evidence: list[str]
    role: str
    role_note: str
    measurement: str
    knock_outs: dict[str, str]
    """by name: what is switched off"""
    check: bool
    """a realism check rather than a finding"""
    changes: list[dict[str, Any]]
    family: int
    """number of simultaneous intervals in its folder"""
    seeds: int
    residents: int
    outcomes: list[OutcomeResult]
    diagnosis: str = ""
    """explanation of the baseline verdict; empty if there is none"""

    @property
    def verdict(self) -> str:
        """The worst verdict of the judged outcomes."""
        return next(word for word in ORDER if any(one.verdict == word for one in self.outcomes if one.judged))

    @property
    def counted(self) -> str:
        """``3 of 4``: how many of the judged outcomes are reproduced."""
        judged = [one for one in self.outcomes if one.judged]
        return f"{sum(one.verdict == REPRODUCED for one in judged)} of {len(judged)}"

    @property
    def mechanism_tested(self) -> bool:
        """Whether every judged emergent outcome has a knock-out that must exit."""
        return all(one.mechanism_tested for one in self.outcomes if one.judged and one.role == "emergent")

    @property
    def too_small(self) -> list[str]:
        """The judged outcomes for which the sample is too small."""
        return [one.id for one in self.outcomes if one.judged and (one.note or one.verdict == INCONCLUSIVE)]


@cache
def diagnoses(folder: str) -> dict[str, str]:
    """Explanations of baseline verdicts as plain text by finding, from ``experiments/FOLDER/README.md``.

    They are the items of the form ``- **F6, F12**: text``; the result is empty if there is no such file.
    """
    file = experiments_folder() / folder / "README.md"
    if not file.is_file():
        return {}
    found: dict[str, str] = {}
    for ids, text in _ITEM.findall(file.read_text(encoding="utf-8")):
        plain = re.sub(r"[*`]", "", " ".join(text.split()))
        plain = plain[0].upper() + plain[1:]
        for name in ids.split(", "):
            found[name] = f"{found[name]} {plain}" if name in found else plain
    return found


def family_of(findings: list[Finding]) -> int:
    """Number of simultaneous intervals: judged outcomes and their knock-outs that must exit."""
    return sum(1
               for finding in findings for outcome in finding.outcomes if outcome.judged)


def judge(folder: Folder, finding: Finding, figures: list[Figures], sample: str) -> FindingResult:
    """The result of a finding from its figures, one for each seed; intervals hold simultaneously in a folder."""
    family, size = family_of(folder.findings), folder.samples[sample]  # type: ignore[index]
    outcomes = [judge_outcome(outcome, finding.role, {
        name: [one[outcome.id][name] for one in figures] for name in (BASE, *finding.knock_outs_of(outcome))}, family)
        for outcome in finding.outcomes]
    return FindingResult(
        finding.id, finding.claim, folder.name, folder.title, folder.essays, finding.source, finding.grade,
        finding.evidence, finding.role, finding.role_note, finding.measurement,
        {name: one.text for name, one in finding.knock_outs.items()}, folder.checks, folder.changes, family,
        size.seeds, folder.residents(finding, sample), outcomes, diagnoses(folder.name).get(finding.id, ""))


def judge_outcome(outcome: Outcome, role: str, figures: dict[str, list[float]], family: int) -> OutcomeResult:
    """The result of an outcome; ``figures`` are those of the base worlds and of each knock-out, by seed.

    ``role`` is the finding's.
    """
    effect = interval(figures[BASE], family)
    knocked = {name: ("reported", interval(found, family)) for name, found in figures.items() if name != BASE}
    must_exit = {name: found for name, (rule, found) in knocked.items() if rule == "must_exit"}
    word, reason = verdict(effect, outcome.acceptance, must_exit)
    return OutcomeResult(
        outcome.id, outcome.statement, outcome.unit, outcome.acceptance, outcome.acceptance_source,
        outcome.role or role, outcome.judged, effect, dict(knocked), word, reason,
        underpowered(effect, outcome.acceptance, must_exit), figures[BASE])
