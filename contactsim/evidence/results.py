"""Results of findings: each outcome with its intervals, verdict and reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from contactsim.evidence.annotations import diagnoses
from contactsim.evidence.design import BASE, AcceptanceInterval, Finding, Folder, Outcome
from contactsim.evidence.tasks import Figures
from contactsim.evidence.verdicts import INCONCLUSIVE, ORDER, REPRODUCED, Interval, interval, underpowered, verdict


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


def family_of(findings: list[Finding]) -> int:
    """Number of simultaneous intervals: judged outcomes and their knock-outs that must exit."""
    return sum(1 + sum(rule == "must_exit" for rule in outcome.knock_outs.values())
               for finding in findings for outcome in finding.outcomes if outcome.judged)


def judge(folder: Folder, finding: Finding, figures: list[Figures], sample: str) -> FindingResult:
    """The result of a finding from its figures, one for each seed; intervals hold simultaneously in a folder."""
    family, size = family_of(folder.findings), folder.samples[sample]  # type: ignore[index]
    outcomes = [judge_outcome(outcome, finding.role, {
        name: [one[outcome.id][name] for one in figures] for name in (BASE, *outcome.knock_outs)}, family)
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
    knocked = {name: (rule, interval(figures[name], family)) for name, rule in outcome.knock_outs.items()}
    must_exit = {name: found for name, (rule, found) in knocked.items() if rule == "must_exit"}
    word, reason = verdict(effect, outcome.acceptance, must_exit)
    return OutcomeResult(
        outcome.id, outcome.statement, outcome.unit, outcome.acceptance, outcome.acceptance_source,
        outcome.role or role, outcome.judged, effect, dict(knocked), word, reason,
        underpowered(effect, outcome.acceptance, must_exit), figures[BASE])
