"""Sessions and impulses: meetings that are added to an ordinary week."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contactsim.draws import Decision, name_key, streams, uniforms
from contactsim.encounters.arrays import CLOSE_HOUR, Members, People, Week, rules, terms_of_session
from contactsim.encounters.meeting import meet
from contactsim.encounters.schedule import DECISIONS, Slots, table_row
from contactsim.parameters import Conditions, Psychology
from contactsim.residents import MEETING_AGE, position_of


@dataclass(frozen=True)
class Session:
    """Teams that an action brings together in a week; each team is a small group of numbered seats.

    A team's pairs depend on the seed, the week, the session's name, the team's number and its number of seats. Keep the
    seats fixed and leave a gap (-1) for a member who does not come.
    """

    name: str
    """names the draws; must differ between the sessions of a week"""
    start: NDArray[np.int64]
    """(teams + 1,) first seat of each team, and the number of seats"""
    occupant: NDArray[np.int32]
    """(seats,) row in each seat, -1 for nobody"""
    conditions: Conditions
    encounters: int
    """number of times that pairs are made"""
    hours: float = 1.0
    """hours of company of the whole session, also those that it displaces for each member"""
    hours_before: NDArray[np.float32] | None = None
    """(seats,) hours that the member in each seat has spent with this company before; None: all members are new"""
    dilution: float = 1.0
    """how fast members become familiar: 1 for a team that stays the same, less where hours spread over more people"""

    @property
    def rows(self) -> NDArray[np.int32]:
        """Rows of all members who came."""
        return self.occupant[self.occupant >= 0]

    def meet(self, seed: int, week: int, psychology: Psychology, people: People, results: Week,
             members: Members) -> None:
        """All meetings of the session; they are added to ``results``. ``members`` is scratch for the largest team."""
        teams, slots = self.start.shape[0] - 1, max(self.encounters, 1)
        key = name_key("session", self.name)
        pace = self.dilution / psychology.familiarity if psychology.familiarity > 0 else 0.0
        row = table_row(terms_of_session(self.conditions, psychology, self.hours / slots), 0, None, pace)
        table = Slots(np.repeat(row, self.encounters), np.full(self.encounters, key, np.int64),
                      np.arange(self.encounters))
        before = np.zeros(self.occupant.shape, np.float32) if self.hours_before is None else self.hours_before
        meet(0, teams, table.draw(seed, week, DECISIONS), np.arange(teams + 1, dtype=np.int32)[None],
             self.start.astype(np.int32), np.arange(teams, dtype=np.uint64), self.occupant, before, 0.0,
             rules(psychology), 0.0, True, False, people, results, members)


def displace(results: Week, uid: NDArray[np.integer], rows: NDArray[np.integer], hours: float | None,
             slots: list[tuple[int, int, int, float]], seed: int, week: int) -> None:
    """Mark ``hours`` (None: all) of ``slots`` as displaced for each of ``rows``.

    A slot is given by the key of its name (action and contact context), its number in the contact context, its bit and
    its hours. Slots are drawn for each resident from those not displaced yet until their hours add up; the last one is
    displaced with the probability that makes the hours right on average. If fewer hours remain, all are displaced.
    """
    bits = [slot[2] for slot in slots]
    if hours is None:
        results.displaced[rows] |= np.uint32(sum(1 << bit for bit in bits))
        return
    keys, numbers = (np.array([slot[k] for slot in slots], np.int64) for k in (0, 1))
    base = streams(seed, np.array([Decision.DISPLACED]), week, keys, numbers)[:, 0]
    rank = np.stack([uniforms(b, uid[rows]) for b in base], axis=1)
    flag = np.uint32(1) << np.array(bits, np.uint32)
    rank[results.displaced[rows, None] & flag > 0] = np.inf
    order = np.argsort(rank, axis=1, kind="stable")
    free = np.isfinite(np.take_along_axis(rank, order, axis=1))
    length = np.array([slot[3] for slot in slots])[order]
    left = hours - (np.cumsum(length * free, axis=1) - length)
    fits = uniforms(base[0] ^ np.uint64(1), uid[rows])[:, None] * length < left
    chosen = np.where(free & fits, flag[order], np.uint32(0))
    results.displaced[rows] |= np.bitwise_or.reduce(chosen, axis=1)


@dataclass(frozen=True)
class Impulse:
    """One close hour of a given valence for every member of a group who is old enough to meet people.

    An impulse shows what a single experience changes. It is added to the week's results like any other meeting; the
    rules of learning do the rest. It has no partner, so no member of ``target`` has an additional meeting.
    """

    kind: int
    """POSITIVE or NEGATIVE (:mod:`contactsim.encounters.arrays`)"""
    week: int = 0
    """week in which it happens"""
    group: int = 0
    """index of the group whose members have the meeting"""
    target: int = 1
    """index of the group that the meeting is with"""

    def meet(self, people: People, results: Week) -> None:
        """Add the meeting to ``results``."""
        rows = np.flatnonzero((people.group == self.group) & (results.availability > 0) & (people.age >= MEETING_AGE))
        at = position_of(self.target, self.group)
        results.counts[rows, at, self.kind] += 1
        results.dose[rows, at, self.kind] += CLOSE_HOUR
