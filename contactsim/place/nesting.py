"""Groups areas into larger ones, in the order of their codes, and adds the levels that a table does not have.

Output areas must be ordered so that those of each area are adjacent.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contactsim.place.core import Level

#: Residents of an area of each synthetic level. Sizes are those of the census 2011 output areas, lower and
#: middle layer areas (about 300, 1,500 and 7,500), so that made levels are comparable with real ones.
BLOCK, DISTRICT = 1500, 7500
#: A level of the table takes the place of a made one if its mean area is within these sizes (residents).
_EQUIVALENT = {"block": (500.0, 3500.0), "district": (3500.0, 25000.0)}
_SIZE = {"block": BLOCK, "district": DISTRICT}

Ints = NDArray[np.int64]


def runs(keys: Ints) -> Ints:
    """Number equal neighbours: [5, 5, 2, 2, 5] -> [0, 0, 1, 1, 2]."""
    out = np.zeros(keys.size, np.int64)
    np.cumsum(keys[1:] != keys[:-1], out=out[1:])
    return out


def group_in_order(size: NDArray[np.number], parent: Ints, target: float) -> Ints:
    """Group areas into consecutive ones of about ``target`` residents, within their parents.

    ``size`` (areas,) residents, ``parent`` (areas,) contiguous runs numbered from 0. Each parent with n
    residents gets round(n / target) groups, at least one and at most its number of areas; an area belongs
    to the group in which its midpoint falls. Returns (areas,) group numbers from 0, nested in parents.
    """
    starts = np.flatnonzero(np.r_[True, parent[1:] != parent[:-1]])
    members = np.diff(np.r_[starts, parent.size])
    total = np.add.reduceat(size.astype(np.float64), starts)
    wanted = np.clip(np.rint(total / target), 1, members)
    before = np.cumsum(size, dtype=np.float64) - size
    middle = before - np.repeat(before[starts], members) + 0.5 * size
    share = middle / np.repeat(np.maximum(total, 1e-300), members)
    inside = np.minimum(np.floor(share * np.repeat(wanted, members)), np.repeat(wanted, members) - 1)
    return runs(np.repeat(np.arange(starts.size), members) * (parent.size + 1) + inside.astype(np.int64))


def fill(levels: list[Level], residents: Ints, made: dict[str, Ints]) -> list[Level]:
    """Add the levels "block" and "district" if the table has no level of that size.

    ``levels`` from fine to coarse, the first being the output areas; ``residents`` (output areas,); ``made`` gives the
    blocks and districts (output areas,) inside units that were split, used where the units are larger than these.
    """
    for name in ("block", "district"):
        low, high = _EQUIVALENT[name]
        sizes = [residents.sum() / level.areas for level in levels]
        if any(low <= size < high for size in sizes[1:]):
            continue
        place = next((i for i, size in enumerate(sizes) if i and size >= high), len(levels))
        finer, coarser = levels[place - 1], levels[place] if place < len(levels) else None
        given = name in made and finer.synthetic
        area = made[name] if given else _grouped(finer, coarser, residents, _SIZE[name])
        levels = [*levels[:place], _named(name, area, coarser), *levels[place:]]
    return levels


def _grouped(finer: Level, coarser: Level | None, residents: Ints, target: float) -> Ints:
    area = finer.area_of_output_area.astype(np.int64)
    first = np.flatnonzero(np.r_[True, area[1:] != area[:-1]])
    parent = coarser.area_of_output_area[first] if coarser is not None else np.zeros(first.size)
    groups = group_in_order(np.add.reduceat(residents, first), runs(parent.astype(np.int64)), target)
    return groups[runs(area)]


def _named(name: str, area: Ints, coarser: Level | None) -> Level:
    """A made level; its areas are numbered within the coarser area that holds them, if there is one."""
    first = np.flatnonzero(np.r_[True, area[1:] != area[:-1]])
    if coarser is None:
        codes = tuple(f"{name} {i + 1}" for i in range(first.size))
    else:
        parent = coarser.area_of_output_area[first].astype(np.int64)
        starts = np.flatnonzero(np.r_[True, parent[1:] != parent[:-1]])
        number = np.arange(first.size) - np.repeat(starts, np.diff(np.r_[starts, first.size]))
        codes = tuple(f"{coarser.codes[p]} {name} {i + 1}" for p, i in zip(parent, number, strict=True))
    return Level(name, True, area.astype(np.int32), codes)
