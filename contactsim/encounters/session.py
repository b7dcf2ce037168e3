"""Sessions and impulses: meetings that are added to an ordinary week."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contactsim.draws import Decision, name_key, streams, uniforms
from contactsim.encounters.arrays import People, Week, terms_of_session
from contactsim.encounters.meeting import meet
from contactsim.encounters.schedule import DECISIONS, Slots, table_row
from contactsim.parameters import Conditions, Psychology
from contactsim.residents import MEETING_AGE

#: Closeness of an impulse in hundredths: the closest possible meeting.
CLOSE = 100


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
    """number of times that pairs are made, and number of slots that the session displaces for each member"""

    @property
    def rows(self) -> NDArray[np.int32]:
        """Rows of all members who came."""
        return self.occupant[self.occupant >= 0]

    def meet(self, seed: int, week: int, psychology: Psychology, people: People, results: Week) -> None:
        """All meetings of the session; they are added to ``results``."""
        teams = self.start.shape[0] - 1
        key = name_key("session", self.name)
        row = table_row(terms_of_session(self.conditions, psychology), scale=0, bit=None)
        numbers = np.arange(self.encounters)
        slots = Slots(np.repeat(row, self.encounters), np.full(self.encounters, key, np.int64), numbers)
        keys = np.arange(teams, dtype=np.uint64)
        longest = int(np.diff(self.start).max(initial=0))
        meet(0, teams, slots.draw(seed, week, DECISIONS), np.arange(teams + 1, dtype=np.int64)[None], self.start, keys,
             self.occupant, people, results, np.empty(longest, np.int32), np.empty(longest, np.int32))


def displace(results: Week, uid: NDArray[np.int64], rows: NDArray[np.integer], number: int | None,
             slots: list[tuple[int, int, int]], seed: int, week: int) -> None:
    """Mark ``number`` of ``slots`` (None: all) as displaced for each of ``rows``.

    A slot is given by the key of its name (action and contact context), its number in the contact context and its bit.
    The slots are drawn for each resident from those not displaced yet; if fewer than ``number`` remain, all are taken.
    """
    bits = [bit for _, _, bit in slots]
    if number is None:
        results.displaced[rows] |= np.uint32(sum(1 << bit for bit in bits))
        return
    keys, numbers = (np.array([slot[k] for slot in slots], np.int64) for k in (0, 1))
    base = streams(seed, np.array([Decision.DISPLACED]), week, keys, numbers)[:, 0]
    rank = np.stack([uniforms(b, uid[rows]) for b in base], axis=1)
    flag = np.uint32(1) << np.array(bits, np.uint32)
    rank[results.displaced[rows, None] & flag > 0] = np.inf
    order = np.argsort(rank, axis=1, kind="stable")[:, :number]
    chosen = np.where(np.isfinite(np.take_along_axis(rank, order, axis=1)), flag[order], np.uint32(0))
    results.displaced[rows] |= np.bitwise_or.reduce(chosen, axis=1)


@dataclass(frozen=True)
class Impulse:
    """One close meeting of a given valence for every member of a group who is old enough to meet people.

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
        results.counts[rows, self.target, self.kind] += 1
        results.dose[rows, self.target, self.kind] += CLOSE
