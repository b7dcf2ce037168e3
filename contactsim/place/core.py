"""What a place is: residents by output area and group, and the nested areas that decide who lives near whom."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from contactsim.errors import UserError, nearest

#: How many groups a place may have.
FEWEST_GROUPS, MOST_GROUPS = 2, 16


@dataclass(frozen=True)
class Level:
    """One level of nested areas."""

    name: str
    """OA, LSOA, MSOA, ward, LAD ... as in the table; output area, block or district where made by us"""
    synthetic: bool
    """made by us, not in the table"""
    area_of_output_area: NDArray[np.int32]
    """(output areas,) index of the area of this level that holds the output area"""
    codes: tuple[str, ...]
    """stable names of the areas of this level, in the order of their index"""

    @property
    def areas(self) -> int:
        """Number of areas."""
        return len(self.codes)

    @property
    def names_in_keys(self) -> tuple[str, ...]:
        """The codes as the keys of draws have them: a made district was once called a quarter, and no draw may move."""
        if not self.synthetic:
            return self.codes
        return tuple(re.sub(r"(?<![^ ])district (?=\d)", "quarter ", code) for code in self.codes)


@dataclass(frozen=True)
class Source:
    """A file that a place was made from."""

    path: str
    """as the user named it"""
    sha256: str
    kind: str
    """KS201EW 2011, TS021 2021, own table (long) ..."""
    areas: int
    """areas read from it, before any selection"""


@dataclass(frozen=True)
class Provenance:
    """Where the figures of a place come from."""

    sources: tuple[Source, ...]
    mended: tuple[str, ...]
    """what was untidy in the table and what was done, one plain sentence each, with counts"""
    stated_total: int | None
    """the total that the table itself states, over the same areas; None where it states none"""
    census: tuple[str, ...]
    """figures that come from the table"""
    synthetic: tuple[str, ...]
    """figures that were made, and how"""
    note: str = ""
    """source and licence in words"""


@dataclass(frozen=True)
class Place:
    """Residents by output area and group. Output areas with nobody are not kept; output areas of an area stand side by side."""

    name: str
    groups: tuple[str, ...]
    """2 to 16 names; the first is the reference group"""
    counts: NDArray[np.int32]
    """(output areas, groups) residents"""
    levels: tuple[Level, ...]
    """from the output areas themselves (about 300 residents each) to the coarsest areas; at least three"""
    provenance: Provenance

    @property
    def residents(self) -> int:
        """Residents: the sum of the group counts."""
        return int(self.counts.sum())

    @property
    def difference(self) -> int | None:
        """Residents minus the total that the table states; None where it states none."""
        stated = self.provenance.stated_total
        return None if stated is None else self.residents - stated

    @property
    def shares(self) -> NDArray[np.float64]:
        """(groups,) shares of the groups among residents."""
        totals: NDArray[np.float64] = self.counts.sum(axis=0, dtype=np.int64) / self.residents
        return totals

    def level(self, name: str) -> Level:
        """The level called ``name``; raises UserError for an unknown one."""
        for level in self.levels:
            if level.name == name:
                return level
        names = [level.name for level in self.levels]
        raise UserError(f"The place '{self.name}' has no level '{name}': it has {', '.join(names)}."
                        f"{nearest(name, names)}")

    def totals(self, level: str) -> NDArray[np.int64]:
        """(areas, groups) residents at a level."""
        return area_totals(self.counts, self.level(level))


def area_totals(counts: NDArray[np.integer], level: Level) -> NDArray[np.int64]:
    """(areas, groups) sums of (output areas, groups) counts over the areas of a level."""
    columns = [np.bincount(level.area_of_output_area, weights=column, minlength=level.areas) for column in counts.T]
    return np.stack(columns, axis=1).astype(np.int64)  # sums of whole numbers are exact below 2**53


def check_nesting(levels: tuple[Level, ...], where: str) -> None:
    """Raise UserError unless each area lies in exactly one area of the next coarser level."""
    for fine, coarse in pairwise(levels):
        parent = np.full(fine.areas, -1, np.int64)
        parent[fine.area_of_output_area] = coarse.area_of_output_area
        wrong = np.flatnonzero(parent[fine.area_of_output_area] != coarse.area_of_output_area)
        if wrong.size:
            area = fine.area_of_output_area[wrong[0]]
            one, other = coarse.area_of_output_area[wrong[0]], parent[area]
            raise UserError(f"{where}: {fine.name} {fine.codes[area]} lies in two areas of level "
                            f"{coarse.name} ({coarse.codes[one]} and {coarse.codes[other]}), but areas must "
                            f"nest.")
