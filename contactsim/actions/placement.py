"""Seats as something that can be levelled: jobs for those without, and places assigned anew."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contactsim.actions.base import Rows
from contactsim.draws import Decision, fold, uniforms
from contactsim.settings.seating import district_of_row
from contactsim.state import State

#: Seats that somebody looks at in a week before the search goes on in the next one (assumed).
LOOKS = 60


def employ(world: State, name: str, rows: Rows) -> Rows:
    """Find each row an empty seat at work; returns those who got one. Draws settle who gets a seat that two want."""
    work, uid = world.settings["work"], world.people.uid
    base, left = world.base(Decision.PLACEMENT, name), rows
    for look in range(LOOKS):
        if not left.size or not work.occupant.size:
            break
        seat = (uniforms(np.uint64(fold(base, np.uint64(look))), uid[left]) * work.occupant.size).astype(int)
        able = np.flatnonzero(work.occupant[seat] < 0)
        order = able[np.lexsort((uniforms(base, uid[left[able]]), seat[able]))]
        won = order[np.flatnonzero(np.diff(seat[order], prepend=-1))]
        work.occupant[seat[won]], work.seat[left[won]] = left[won], seat[won]
        left = np.delete(left, won)
    found = np.setdiff1d(rows, left)
    note_small_groups(world, found)
    return found


def reassign(world: State, name: str, setting: str, rows: Rows, within: str) -> Rows:
    """Give the seats of rows out anew among them, whoever they are; returns those whose mixing group changed.

    Pupils change seats with others of their year of age, ``within`` their district or the whole place; workers
    with anybody there. Nobody loses a seat, and no mixing group grows.
    """
    people, at = world.people, world.settings[setting]
    rows = rows[at.seat[rows] >= 0]
    year = np.floor(people.age[rows]).astype(np.int64) if setting == "school" else np.zeros(rows.shape[0], np.int64)
    area = district_of_row(world.place, people)[rows] if within == "district" else np.zeros(rows.shape[0], np.int64)
    draw = uniforms(world.base(Decision.PLACEMENT, name), people.uid[rows])
    seats = at.seat[rows].copy()
    given, taken = np.lexsort((rows, year, area)), np.lexsort((draw, year, area))
    start = at.partitions["mixing_group"].start
    before = _mixing_group(start, at.seat[rows])
    new = np.empty_like(seats)
    new[taken] = seats[given]
    at.occupant[new], at.seat[rows] = rows, new
    note_small_groups(world, rows)
    return rows[_mixing_group(start, new) != before]


def note_small_groups(world: State, rows: Rows) -> None:
    """As ``world.reseated()``, for the rows alone."""
    for column, setting in enumerate(world.settings.values()):
        seat = setting.seat[rows]
        small_group = np.searchsorted(setting.partitions["small_group"].start, seat, side="right") - 1
        world.small_groups[rows, column] = np.where(seat >= 0, small_group, -1)


def _mixing_group(start: NDArray[np.int64], seats: NDArray[np.int32]) -> NDArray[np.intp]:
    return np.searchsorted(start, seats, side="right") - 1
