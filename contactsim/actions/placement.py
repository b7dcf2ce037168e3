"""Seats at work and school as objects of actions: jobs for the unemployed, reassigned seats, whole school classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contactsim.actions.base import Rows
from contactsim.draws import Decision, fold, name_key, stream, uniforms
from contactsim.settings.seating import district_of_row
from contactsim.state import State

#: Seats that a person tries in a week before the search continues in the next week (assumed).
LOOKS = 60


def employ(world: State, name: str, rows: Rows) -> Rows:
    """Find an empty seat at work for each row; returns the rows that got one. Draws decide conflicts over a seat."""
    work, uid = world.settings["work"], world.people.uid
    base, left = world.base(Decision.PLACEMENT, name), rows
    for look in range(LOOKS):
        if not left.size or not work.occupant.size:
            break
        seat = (uniforms(np.uint64(fold(base, np.uint64(look))), uid[left]) * work.occupant.size).astype(int)
        able = np.flatnonzero(work.occupant[seat] < 0)
        order = able[np.lexsort((uniforms(base, uid[left[able]]), seat[able]))]
        won = order[np.flatnonzero(np.diff(seat[order], prepend=-1))]
        work.place(left[won], seat[won], world.clock)
        left = np.delete(left, won)
    return np.setdiff1d(rows, left)


def reassign(world: State, name: str, setting: str, rows: Rows, within: str) -> Rows:
    """Reassign the seats of rows at random among them; returns the rows whose mixing group changed.

    Pupils change seats with others of the same year of age, workers with any other, ``within`` their "district" or the
    whole "place". Nobody loses a seat, and no mixing group grows.
    """
    people, at = world.people, world.settings[setting]
    seat_of = at.seat
    rows = rows[seat_of[rows] >= 0]
    year = np.floor(people.age[rows]).astype(np.int64) if setting == "school" else np.zeros(rows.shape[0], np.int64)
    area = district_of_row(world.place, people)[rows] if within == "district" else np.zeros(rows.shape[0], np.int64)
    draw = uniforms(world.base(Decision.PLACEMENT, name), people.uid[rows])
    seats = seat_of[rows]
    given, taken = np.lexsort((rows, year, area)), np.lexsort((draw, year, area))
    new = np.empty_like(seats)
    new[taken] = seats[given]
    moved = new != seats  # all others stay, and stay familiar with their small group
    at.place(rows[moved], new[moved], world.clock)
    return rows[at.group_of("mixing_group", new) != at.group_of("mixing_group", seats)]


def whole_classes(world: State, name: str, candidates: Rows, places: int, share: float,
                  link: bool) -> tuple[Rows, Rows, Rows]:
    """Draw school classes that take part as a whole, so that no pupil selects in.

    A class is eligible if most of its pupils are among ``candidates``. Linked classes (``link``) are paired within a
    year of age where possible, the class with the largest share of the first group with that with the smallest.

    Args:
        world: at its present week.
        name: of the action; it keys the draws.
        candidates: rows that may take part.
        places: most pupils.
        share: of the eligible classes that take part, 0 to 1.
        link: pair the classes.

    Returns:
        (rows, label, block), each (pupils,): a block is a pair, or a class; labels are the classes of a pair, or the
        groups of a class.
    """
    people, school = world.people, world.settings["school"]
    partition = school.partitions["mixing_group"]
    number = len(partition)
    seats = np.flatnonzero(school.occupant >= 0)
    rows = school.occupant[seats].astype(np.intp)
    of = np.searchsorted(partition.start, seats, side="right") - 1
    size = np.bincount(of, minlength=number)
    inside = np.zeros(len(people), bool)
    inside[candidates] = True
    able = np.bincount(of, weights=inside[rows], minlength=number) * 2 > size
    draw = uniforms(stream(world.seed, Decision.RECRUITED, world.clock, name_key(name)), partition.keys)
    classes = np.flatnonzero(able & (draw < share))
    classes = classes[np.argsort(draw[classes], kind="stable")]
    classes = np.sort(classes[np.cumsum(size[classes]) <= places])
    block = np.full(number, -1, np.intp)
    block[classes] = np.arange(classes.shape[0])
    if link:
        year = np.round(np.bincount(of, weights=people.age[rows], minlength=number) / np.maximum(size, 1))
        first = np.bincount(of, weights=people.group[rows] == 0, minlength=number) / np.maximum(size, 1)
        block = _pairs(classes, year, first, number)
    taken = (block[of] >= 0) & inside[rows]
    rows, of = rows[taken], of[taken]
    label = of if link else people.group[rows].astype(np.intp)
    order = np.argsort(rows)
    return rows[order], label[order], block[of][order]


def _pairs(classes: Rows, year: NDArray[np.float64], first: NDArray[np.float64], number: int) -> Rows:
    """(classes of the place,) pair of each class, -1 for none: the most unlike classes of a year together.

    Classes without a partner in their year are paired with the next in age, so that at most one stays alone.
    """
    block = np.full(number, -1, np.intp)
    pair = 0
    for age in np.unique(year[classes]):
        alike = classes[year[classes] == age]
        alike = alike[np.argsort(first[alike], kind="stable")]
        half = alike.shape[0] // 2
        block[alike[:half]] = block[alike[::-1][:half]] = pair + np.arange(half)
        pair += half
    left = classes[block[classes] < 0]
    left = left[np.argsort(year[left], kind="stable")]
    half = left.shape[0] // 2
    block[left[:2 * half]] = pair + np.arange(2 * half) // 2
    return block
