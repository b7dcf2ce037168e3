"""Judge findings: in which share of the plausible worlds does each outcome hold, and what carries it.

A plausible world is a parameter set that agrees with the surveys. See :mod:`contactsim.evidence.across_sets` for the
statistics, and ``docs/evidence.md`` for the words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import nan
from typing import Any

import numpy as np

from contactsim import stats
from contactsim.evidence.across_sets import Array, Decider, Share, decider, holds, removed, set_means, share_of
from contactsim.evidence.design import BASE, AcceptanceInterval, Finding, Folder, KnockOut, Outcome
from contactsim.evidence.tasks import Figures
from contactsim.paths import experiments_folder

ROBUST, DEPENDS, ABSENT, REPORTED = "robust", "depends", "absent", "reported"
#: Words if there is one parameter set only, which says nothing across worlds.
HOLDS, FAILS = "holds here", "fails here"
#: Worst first. The verdict on a finding is the worst of its judged outcomes.
ORDER = (ABSENT, FAILS, DEPENDS, ROBUST, HOLDS)
#: Share of the sets from which on an outcome is robust, and up to which it is absent.
MOST, FEW = 0.9, 0.1
#: Share of the effect that is gone without a mechanism from which on the mechanism carries it.
CARRIES = 0.5
#: How far the share that a null action removes may differ from 1.
NULL_TOLERANCE = 0.1
#: A diagnosis in a folder's README, ``- **F6, F12**: text``, its further lines indented.
_ITEM = re.compile(r"^- \*\*((?:[FR]\d+)(?:, [FR]\d+)*)\*\*: (.+(?:\n  .+)*)", re.MULTILINE)


@dataclass(frozen=True)
class Removal:
    """What is left of an outcome without a mechanism or an action."""

    text: str
    mechanism: bool
    null_action: bool
    share: float
    """share of the effect that is gone: 1 for all of it, below 0 if the effect grows; nan if there is no effect"""
    low: float
    high: float
    """90 % interval"""
    mean: float
    """mean of the outcome without it, in the outcome's unit"""
    sets: int
    holds: Share
    """share of these sets in which the outcome holds without it"""

    @property
    def carries(self) -> bool:
        """Whether at least half of the effect is gone without the mechanism."""
        return self.mechanism and self.share >= CARRIES

    @property
    def fault(self) -> bool:
        """Whether a null action leaves something of the effect."""
        return self.null_action and abs(self.share - 1) > NULL_TOLERANCE


@dataclass(frozen=True)
class OutcomeResult:
    """An outcome across parameter sets."""

    id: str
    statement: str
    unit: str
    acceptance: AcceptanceInterval
    acceptance_source: str
    role: str
    grade: str
    judged: bool
    verdict: str
    holds: Share
    median: float
    low: float
    high: float
    """median, 10th and 90th percentile over sets, net of seed noise"""
    noise: float
    """share of the variance between set means that is seed noise; nan with one seed"""
    seeds: int
    missing: int
    """sets in which the figure could not be computed; there the outcome does not hold"""
    removals: dict[str, Removal]
    """by knock-out"""
    decider: Decider | None
    effects: list[float] = field(repr=False)
    """net of seed noise, by set"""

    @property
    def carriers(self) -> list[str]:
        """The mechanisms that carry it, the most important first."""
        found = {name: one.share for name, one in self.removals.items() if one.carries}
        return sorted(found, key=lambda name: -found[name])


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
    check: bool
    """a realism check rather than a finding"""
    registered: str
    changes: list[dict[str, Any]]
    sets: int
    seeds: int
    residents: int
    outcomes: list[OutcomeResult]
    diagnosis: str = ""
    """why it does not come out, from the folder's README; empty if there is none"""

    @property
    def judged(self) -> list[OutcomeResult]:
        """The outcomes that count."""
        return [one for one in self.outcomes if one.judged]

    @property
    def worst(self) -> OutcomeResult | None:
        """The judged outcome that holds in the smallest share of the sets; None if none is judged."""
        return min(self.judged, key=lambda one: one.holds.share, default=None)

    @property
    def verdict(self) -> str:
        """The worst verdict of the judged outcomes."""
        return next((word for word in ORDER if any(one.verdict == word for one in self.judged)), REPORTED)

    @property
    def counted(self) -> str:
        """``3 of 4``: how many of the judged outcomes are robust, or hold in the only set."""
        return f"{sum(one.verdict in (ROBUST, HOLDS) for one in self.judged)} of {len(self.judged)}"

    @property
    def faults(self) -> list[str]:
        """A sentence for each null action that leaves something of an effect."""
        return [f"{one.id}: without reach the action still has {1 - off.share:.0%} of its effect, so that something "
                f"else is measured too" for one in self.judged for off in one.removals.values() if off.fault]


def judge(folder: Folder, finding: Finding, figures: Sequence[Sequence[Figures]], sets: Sequence[Mapping[str, float]],
          residents: int) -> FindingResult:
    """The result of a finding.

    Args:
        figures: by parameter set and seed; some of the sets also have figures under knock-outs.
        sets: the parameter sets.
        residents: of its synthetic places.
    """
    outcomes = [judge_outcome(outcome, finding, figures, sets) for outcome in finding.outcomes]
    return FindingResult(
        finding.id, finding.claim, folder.name, folder.title, folder.essays, finding.source, finding.grade,
        finding.evidence, finding.role, finding.role_note, finding.measurement, folder.checks,
        folder.registered.isoformat(), folder.changes, len(figures), len(figures[0]), residents, outcomes,
        diagnoses(folder.name).get(finding.id, ""))


def judge_outcome(outcome: Outcome, finding: Finding, figures: Sequence[Sequence[Figures]],
                  sets: Sequence[Mapping[str, float]]) -> OutcomeResult:
    """The result of an outcome; arguments as of :func:`judge`."""
    base = _values(figures, outcome.id, BASE)
    means = set_means(base)
    hold = share_of(holds(means, outcome.acceptance))
    median, low, high = stats.quantiles(means.net[np.isfinite(means.net)], (0.5, 0.1, 0.9))
    removals = {name: _removal(outcome, finding.knock_outs[name], name, of) for name in finding.knock_outs_of(outcome)
                if (of := [of_set for of_set in figures if all(name in seed[outcome.id] for seed in of_set)])}
    word = verdict(hold) if outcome.judged else REPORTED
    return OutcomeResult(
        outcome.id, outcome.statement, outcome.unit, outcome.acceptance, outcome.acceptance_source,
        outcome.role or finding.role, outcome.grade or finding.grade, outcome.judged, word, hold, median, low, high,
        means.noise, base.shape[1], int(np.isnan(means.raw).sum()), removals,
        decider(means.net, sets) if word == DEPENDS else None, means.net.tolist())


def verdict(hold: Share) -> str:
    """The verdict from the share of sets in which an outcome holds."""
    if hold.of == 1:
        return HOLDS if hold.number else FAILS
    return ROBUST if hold.share >= MOST else ABSENT if hold.share <= FEW else DEPENDS


def _removal(outcome: Outcome, knock_out: KnockOut, name: str, figures: Sequence[Sequence[Figures]]) -> Removal:
    """What the knock-out ``name`` leaves, from the figures of the sets that have it."""
    off = _values(figures, outcome.id, name)
    gone = removed(_values(figures, outcome.id, BASE), off, outcome.no_effect)
    means = set_means(off)
    mean = float(np.nanmean(means.raw)) if np.isfinite(means.raw).any() else nan
    return Removal(knock_out.text, knock_out.mechanism, knock_out.null_action, *gone, mean, len(figures),
                   share_of(holds(means, outcome.acceptance)))


def _values(figures: Sequence[Sequence[Figures]], outcome: str, arm: str) -> Array:
    """(sets, seeds) figures of an outcome."""
    return np.array([[seed[outcome][arm] for seed in of_set] for of_set in figures], float)


@cache
def diagnoses(folder: str) -> dict[str, str]:
    """Why findings do not come out, as plain text by finding, from ``experiments/FOLDER/README.md``.

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
