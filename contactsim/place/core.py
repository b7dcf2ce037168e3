"""The data of a place: residents by output area and group, and nested areas that define who lives near whom."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from contactsim import renamed
from contactsim.errors import UserError, nearest

#: How many groups a place may have.
FEWEST_GROUPS, MOST_GROUPS = 2, 16
#: What the levels of a place are to its residents, from fine to coarse.
ROLES = ("output_area", "neighbourhood", "district", "town", "region")
#: Names of levels that are regions wherever they stand among the larger levels of a table; KS201EW writes RGN.
REGIONS = ("region", "RGN", "country")
#: Names of levels that are towns although other levels larger than a district stand below them (wards).
TOWNS = ("town", "LAD")


@dataclass(frozen=True)
class Level:
    """One level of nested areas."""

    name: str
    """OA, LSOA, MSOA, ward, LAD ... as in the table; output_area, block or district if made"""
    synthetic: bool
    """whether the level was made and is not in the table"""
    area_of_output_area: NDArray[np.int32]
    """(output areas,) index of the area of this level that holds the output area"""
    codes: tuple[str, ...]
    """stable names of the areas, in the order of their index"""

    @property
    def areas(self) -> int:
        """Number of areas."""
        return len(self.codes)

    @property
    def names_in_keys(self) -> tuple[str, ...]:
        """The codes that name draws. Synthetic districts were once called quarters; their draws keep that name."""
        if not self.synthetic:
            return self.codes
        return tuple(re.sub(r"(?<![^ ])district (?=\d)", "quarter ", code) for code in self.codes)


@dataclass(frozen=True)
class Source:
    """A file from which a place was built."""

    path: str
    """path as given by the user"""
    sha256: str
    kind: str
    """KS201EW 2011, TS021 2021, own table (long) ..."""
    areas: int
    """number of areas in the file, before any selection"""


@dataclass(frozen=True)
class Provenance:
    """The origin of the figures of a place."""

    sources: tuple[Source, ...]
    cleaning_notes: tuple[str, ...]
    """irregularities of the table and how they were treated, one sentence each, with counts"""
    stated_total: int | None
    """the total that the table states for the same areas; None if it states none"""
    census: tuple[str, ...]
    """which figures come from the table"""
    synthetic: tuple[str, ...]
    """which figures were made, and how"""
    note: str = ""
    """source and licence in words"""


@dataclass(frozen=True)
class Place:
    """Residents by output area and group.

    Output areas without residents are left out; those of one area are adjacent in the order of the rows.
    """

    name: str
    groups: tuple[str, ...]
    """2 to 16 names; the first is the reference group"""
    counts: NDArray[np.int32]
    """(output areas, groups) residents"""
    levels: tuple[Level, ...]
    """from the output areas (about 300 residents each) to the largest areas; at least three"""
    provenance: Provenance

    @property
    def residents(self) -> int:
        """Residents: the sum of the group counts."""
        return int(self.counts.sum())

    @property
    def difference(self) -> int | None:
        """Residents minus the total that the table states; None if it states none."""
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
        new = renamed.new_value("level", name, names)
        if new is not None:
            raise UserError(f"The level '{name}' of the place '{self.name}' is now called '{new}'.")
        raise UserError(f"The place '{self.name}' has no level '{name}': it has {', '.join(names)}."
                        f"{nearest(name, names)}")

    def of_role(self, role: str) -> Level:
        """The level that is a place's output areas, neighbourhoods, districts, towns or regions (``ROLES``).

        The first three levels have the first three roles. Of those above, the regions are the first one with a name of
        ``REGIONS``, else the last of several; the towns are, of those below the regions, the first one with a name
        of ``TOWNS``, else the first. A place without towns (regions) is one town (region): a level of one area.

        Raises UserError for an unknown role.
        """
        if role not in ROLES:
            raise UserError(f"'{role}' is no role of a level: allowed are {', '.join(ROLES)}.{nearest(role, ROLES)}")
        if role in ROLES[:3]:
            return self.levels[ROLES.index(role)]
        whole = Level("place", True, np.zeros(self.counts.shape[0], np.int32), ("place",))
        return _towns_and_regions(self.levels[3:]).get(role, whole)

    def role_of(self, level: Level) -> str:
        """The role of one of the levels; "" for one without, such as counties between the towns and the regions."""
        return next((role for role in ROLES if self.of_role(role) is level), "")

    def totals(self, level: str) -> NDArray[np.int64]:
        """(areas, groups) residents at a level."""
        return area_totals(self.counts, self.level(level))


def _towns_and_regions(larger: tuple[Level, ...]) -> dict[str, Level]:
    """The towns and the regions among the levels above the districts, by role; either may be missing."""
    names = [level.name for level in larger]
    last = len(names) - 1 if len(names) > 1 else len(names)
    region = next((i for i, name in enumerate(names) if name in REGIONS), last)
    town = next((i for i, name in enumerate(names[:region]) if name in TOWNS), 0)
    return {role: larger[i] for role, i, end in (("town", town, region), ("region", region, len(names))) if i < end}


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
