"""Questions on which sources disagree: in what share of the plausible worlds does each reading hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field, TypeAdapter

from contactsim.evidence.across_sets import Share
from contactsim.evidence.design import DesignPart
from contactsim.evidence.judging import FindingResult, OutcomeResult
from contactsim.evidence.loading import read_yaml


class Position(DesignPart):
    """The position of some sources, and the outcome that tests it."""

    evidence: list[str]
    position: str
    outcome: str
    knock_out: str | None = None
    """the knock-out in which the outcome is computed; the base worlds if None"""


class Dispute(DesignPart):
    """A question on which sources disagree."""

    question: str
    note: str
    positions: list[Position] = Field(min_length=2)


def disputes() -> list[Dispute]:
    """The disputes of ``experiments/disputes.yaml``."""
    return TypeAdapter(list[Dispute]).validate_python(read_yaml("disputes.yaml"))


@dataclass(frozen=True)
class TestedPosition:
    """The position of some sources and the result that tests it."""

    position: Position
    outcome: OutcomeResult
    typical: float
    """median over sets, or the mean under the knock-out"""
    holds: Share


@dataclass(frozen=True)
class TestedDispute:
    """A question on which sources disagree, with the tests of their positions."""

    question: str
    note: str
    positions: list[TestedPosition]


def tested(results: Sequence[FindingResult]) -> list[TestedDispute]:
    """The disputes all of whose positions are tested by the results."""
    outcomes = {one.id: one for result in results for one in result.outcomes}

    def there(of: Position) -> bool:
        return of.outcome in outcomes and (of.knock_out is None or of.knock_out in outcomes[of.outcome].removals)

    return [TestedDispute(one.question, one.note, [_tested(of, outcomes[of.outcome]) for of in one.positions])
            for one in disputes() if all(map(there, one.positions))]


def _tested(of: Position, outcome: OutcomeResult) -> TestedPosition:
    if of.knock_out is None:
        return TestedPosition(of, outcome, outcome.median, outcome.holds)
    off = outcome.removals[of.knock_out]
    return TestedPosition(of, outcome, off.mean, off.holds)
