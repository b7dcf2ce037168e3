"""Whole classes: nobody in them selects in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contactsim.actions.base import Rows
from contactsim.draws import Decision, name_key, stream, uniforms
from contactsim.state import State

Index = NDArray[np.intp]


def whole_classes(world: State, name: str, mixing_group: Rows, places: int, share: float,
                  link: bool) -> tuple[Rows, Index, Index]:
    """(rows, label, block) of the classes that take part: a ``share`` of those of which most are in ``mixing_group``.

    Linked classes are paired within a year of age where possible, the one with the largest share of the first group
    with the one with the smallest; a pair is a block and its classes are the labels. Else each class is a block and its
    groups are the labels.
    """
    people, school = world.people, world.settings["school"]
    partition = school.partitions["mixing_group"]
    number = len(partition)
    seats = np.flatnonzero(school.occupant >= 0)
    rows = school.occupant[seats].astype(np.intp)
    of = np.searchsorted(partition.start, seats, side="right") - 1
    size = np.bincount(of, minlength=number)
    inside = np.zeros(len(people), bool)
    inside[mixing_group] = True
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


def _pairs(classes: Index, year: NDArray[np.float64], first: NDArray[np.float64], number: int) -> Index:
    """(classes of the place,) pair of each class, -1 for none: most unlike classes of a year together.

    Those that are left over in their years are paired with the next in age, so that at most one is left alone.
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
