"""Sessions: meetings that an action calls together in a week, beside the ordinary ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contactsim.draws import Decision, name_key, streams, uniforms
from contactsim.encounters.arrays import People, Week, terms_of_session
from contactsim.encounters.meeting import meet
from contactsim.encounters.schedule import DECISIONS, Slots, table_row
from contactsim.parameters import Conditions, Psychology


@dataclass(frozen=True)
class Session:
    """Teams that meet this week, each a small group of numbered seats.

    A team's pairs depend on the seed, the week, the name, the team's number and its number of seats: keep seats
    fixed and leave a gap (-1) for who does not come.
    """

    name: str
    """names the draws; another one for each session of a week"""
    start: NDArray[np.int64]
    """(teams + 1,) edges of the teams' seats"""
    occupant: NDArray[np.int32]
    """(seats,) row of who sits there, -1 for nobody"""
    conditions: Conditions
    encounters: int
    """how many times pairs are made, and how many slots of the week everybody spends on it"""

    @property
    def rows(self) -> NDArray[np.int32]:
        """Rows of all who came."""
        return self.occupant[self.occupant >= 0]

    def live(self, seed: int, week: int, psychology: Psychology, people: People, notes: Week) -> None:
        """All teams meet."""
        teams = self.start.shape[0] - 1
        key = name_key("session", self.name)
        row = table_row(terms_of_session(self.conditions, psychology), scale=0, bit=None)
        slots = Slots(np.repeat(row, self.encounters), np.full(self.encounters, key, np.int64), np.arange(self.encounters))
        keys = np.arange(teams, dtype=np.uint64)
        longest = int(np.diff(self.start).max(initial=0))
        meet(0, teams, slots.draw(seed, week, DECISIONS), np.arange(teams + 1, dtype=np.int64)[None], self.start, keys,
             self.occupant, people, notes, np.empty(longest, np.int32), np.empty(longest, np.int32))


def take_away(notes: Week, uid: NDArray[np.int64], rows: NDArray[np.integer], number: int | None,
              places: list[tuple[int, int, int]], seed: int, week: int) -> None:
    """Mark ``number`` (None: all) of the slots ``places`` as spent elsewhere by ``rows``.

    A slot is given by the key of its occasion's name (with that of what takes it), its number in the contact context and
    its bit. Which, is drawn for each person among those still free; where fewer are free than asked for, all of them.
    """
    bits = [bit for _, _, bit in places]
    if number is None:
        notes.displaced[rows] |= np.uint32(sum(1 << bit for bit in bits))
        return
    keys, slots = (np.array([place[k] for place in places], np.int64) for k in (0, 1))
    base = streams(seed, np.array([Decision.DISPLACED]), week, keys, slots)[:, 0]
    rank = np.stack([uniforms(b, uid[rows]) for b in base], axis=1)
    flag = np.uint32(1) << np.array(bits, np.uint32)
    rank[notes.displaced[rows, None] & flag > 0] = np.inf
    order = np.argsort(rank, axis=1, kind="stable")[:, :number]
    chosen = np.where(np.isfinite(np.take_along_axis(rank, order, axis=1)), flag[order], np.uint32(0))
    notes.displaced[rows] |= np.bitwise_or.reduce(chosen, axis=1)
