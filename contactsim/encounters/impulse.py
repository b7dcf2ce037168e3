"""Impulses: one meeting that everybody of a group has in a given week, to see what a single experience changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from contactsim.encounters.arrays import People, Week
from contactsim.residents import MEETING_AGE

#: Hundredths of closeness of the meeting: as close as can be.
CLOSE = 100


@dataclass(frozen=True)
class Impulse:
    """One close meeting of one kind, for everybody of a group who is old enough to meet people.

    It is written into the week's notes like any other meeting; what it changes is left to the rules of learning.
    There is no partner, so nobody of ``target`` has a meeting more.
    """

    kind: int
    """POSITIVE or NEGATIVE (:mod:`contactsim.encounters.arrays`)"""
    week: int = 0
    """the week in which it happens"""
    group: int = 0
    """index of the group whose members have it"""
    target: int = 1
    """index of the group that it is with"""

    def note(self, people: People, notes: Week) -> None:
        """Add the meeting to the week's notes."""
        rows = np.flatnonzero((people.group == self.group) & (notes.availability > 0) & (people.age >= MEETING_AGE))
        notes.counts[rows, self.target, self.kind] += 1
        notes.dose[rows, self.target, self.kind] += CLOSE
