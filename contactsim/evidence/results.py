"""The ledger judged: one entry a finding, with its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contactsim.evidence import diagnoses
from contactsim.evidence.ledger import Finding, Folder
from contactsim.evidence.result_store import Figures
from contactsim.evidence.tasks import BASE
from contactsim.evidence.verdicts import (
    INCONCLUSIVE,
    NOT_EXPLAINED,
    NOT_REPRODUCED,
    REPRODUCED,
    Band,
    Interval,
    blind,
    interval,
    verdict,
)

#: Worst first: what a finding is said to be, by its rows.
ORDER = (NOT_REPRODUCED, NOT_EXPLAINED, INCONCLUSIVE, REPRODUCED)


@dataclass(frozen=True)
class Judged:
    """One row: a figure with its interval, band, knock-outs and verdict."""

    id: str
    says: str
    unit: str
    band: Band
    band_source: str
    role: str
    judged: bool
    effect: Interval
    knock_outs: dict[str, tuple[str, Interval]]
    """by name: the rule (leaves or reported) and the interval"""
    verdict: str
    reason: str
    note: str
    """what the sample could not have told; empty if nothing"""
    values: list[float] = field(repr=False)
    """by seed"""

    @property
    def held(self) -> bool:
        """It has a knock-out that must make it go."""
        return any(rule == "leaves" for rule, _ in self.knock_outs.values())


@dataclass(frozen=True)
class Entry:
    """One finding as judged."""

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
    reading: str
    knock_outs: dict[str, str]
    """what each switches off, in words"""
    check: bool
    """a realism check rather than a finding"""
    changes: list[dict[str, Any]]
    family: int
    seeds: int
    residents: int
    rows: list[Judged]
    diagnosis: str = ""
    """why the kept result is as it is; empty where nothing is written"""

    @property
    def verdict(self) -> str:
        """The worst of the judged rows."""
        return next(word for word in ORDER if any(row.verdict == word for row in self.rows if row.judged))

    @property
    def counted(self) -> str:
        """``3 of 4 rows``: how many of the judged rows are reproduced."""
        judged = [row for row in self.rows if row.judged]
        return f"{sum(row.verdict == REPRODUCED for row in judged)} of {len(judged)}"

    @property
    def held(self) -> bool:
        """Every judged emergent row has a knock-out that must make it go."""
        return all(row.held for row in self.rows if row.judged and row.role == "emergent")

    @property
    def too_small(self) -> list[str]:
        """The judged rows of which the sample could not tell a break."""
        return [row.id for row in self.rows if row.judged and (row.note or row.verdict == INCONCLUSIVE)]


def family_of(findings: list[Finding]) -> int:
    """How many intervals must hold together: judged rows and the knock-outs that must leave."""
    return sum(1 + sum(rule == "leaves" for rule in row.knock_outs.values())
               for finding in findings for row in finding.outcomes if row.judged)


def entry(folder: Folder, finding: Finding, figures: list[Figures], sample: str) -> Entry:
    """A finding of a folder from its figures, one for each seed; intervals hold together over the folder."""
    family, size = family_of(folder.findings), folder.samples[sample]  # type: ignore[index]
    rows = []
    for row in finding.outcomes:
        of = {name: [one[row.id][name] for one in figures] for name in (BASE, *row.knock_outs)}
        rows.append(_judged(row.id, row.says, row.unit, row.band, row.band_source, row.role or finding.role, row.judged,
                            of, row.knock_outs, family))
    return Entry(finding.id, finding.claim, folder.name, folder.title, folder.essays, finding.source, finding.grade,
                 finding.evidence, finding.role, finding.role_note, finding.reading,
                 {name: one.text for name, one in finding.knock_outs.items()}, folder.checks, folder.changes, family,
                 size.seeds, folder.residents(finding, sample), rows, diagnoses.read(folder.name).get(finding.id, ""))


def _judged(id: str, says: str, unit: str, band: Band, band_source: str, role: str, is_judged: bool,
            figures: Mapping[str, list[float]], rules: Mapping[str, Any], family: int) -> Judged:
    effect = interval(figures[BASE], family)
    knocked = {name: (rule, interval(figures[name], family)) for name, rule in rules.items()}
    must_leave = _must_leave(rules, {name: found for name, (_, found) in knocked.items()})
    word, reason = verdict(effect, band, must_leave)
    return Judged(id, says, unit, band, band_source, role, is_judged, effect, knocked, word, reason,
                  blind(effect, band, must_leave), figures[BASE])


def _must_leave(rules: Mapping[str, Any], found: Mapping[str, Interval]) -> dict[str, Interval]:
    return {name: found[name] for name, rule in rules.items() if rule == "leaves"}
