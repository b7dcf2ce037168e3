"""A table of residents by area and group, independent of the format of its file."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from contactsim.errors import UserError, nearest
from contactsim.place.core import Source

#: Level of areas by the first letters of a code of the Office for National Statistics, England and Wales.
_LEVEL_OF_PREFIX = {
    "E00": "OA", "W00": "OA", "E01": "LSOA", "W01": "LSOA", "E02": "MSOA", "W02": "MSOA",
    "E05": "ward", "W05": "ward", "E06": "LAD", "E07": "LAD", "E08": "LAD", "E09": "LAD", "W06": "LAD",
    "E10": "county", "E12": "region", "E92": "country", "W92": "country", "K04": "country",
}
CODE = re.compile(r"\b[EWK]\d{8}\b")
_MANY = {"ward": "wards", "county": "counties", "country": "countries", "region": "regions"}


@dataclass(frozen=True)
class AreaTable:
    """Residents of areas by the columns of a table. Rows are ordered by code, not as in the file."""

    level: str
    """level of the areas: OA, LSOA, MSOA, ward, LAD ..."""
    codes: tuple[str, ...]
    names: tuple[str, ...]
    """(areas,) names, equal to the codes where the table has none"""
    columns: tuple[str, ...]
    counts: NDArray[np.int64]
    """(areas, columns)"""
    stated: NDArray[np.int64] | None
    """(areas,) the total that the table states"""
    parents: dict[str, tuple[str, ...]]
    """level -> (areas,) code or name of the larger area that holds each"""
    dissimilarity: NDArray[np.float64] | None
    """(areas,) dissimilarity among the smaller areas inside each, if the table has it"""
    notes: tuple[str, ...]
    source: Source

    def rows(self, keep: NDArray[np.integer]) -> AreaTable:
        """The areas at these positions, in this order."""
        def pick(values: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(values[i] for i in keep)

        return replace(
            self, codes=pick(self.codes), names=pick(self.names), counts=self.counts[keep],
            stated=None if self.stated is None else self.stated[keep],
            parents={name: pick(values) for name, values in self.parents.items()},
            dissimilarity=None if self.dissimilarity is None else self.dissimilarity[keep])

    def noted(self, *notes: str) -> AreaTable:
        """The same table with more notes."""
        return replace(self, notes=self.notes + notes)


def level_of_code(code: str) -> str | None:
    """The level of an ONS code, or None for any other text."""
    return _LEVEL_OF_PREFIX.get(code[:3]) if CODE.fullmatch(code) else None


def level_name(text: str) -> str:
    """The standard spelling of a level: 'lsoa' -> 'LSOA', 'Ward' -> 'ward'."""
    known = {name.lower(): name for name in _LEVEL_OF_PREFIX.values()}
    return known.get(text.strip().lower(), text.strip())


def choose_level(table: AreaTable, level: str | None) -> AreaTable:
    """Keep one level of geography; raises UserError where a table mixes several and none is chosen."""
    found = [level_of_code(code) or table.level for code in table.codes]
    number = Counter(found)
    levels = ", ".join(f"{n:,} {many(name, n)}" for name, n in sorted(number.items()))
    if level is None:
        if len(number) > 1:
            raise UserError(f"{table.source.path} mixes levels of geography ({levels}), which would count some "
                            f"people twice: choose one with place.level=, such as place.level={found[0]}.")
        return replace(table, level=found[0])
    wanted = level_name(level)
    if wanted not in number:
        raise UserError(f"place.level={level} is not in {table.source.path}, which has {levels}."
                        f"{nearest(level, number)}")
    keep = np.array([i for i, name in enumerate(found) if name == wanted])
    left = len(found) - keep.size
    chosen = replace(table.rows(keep), level=wanted)
    if not left:
        return chosen
    return chosen.noted(f"{left:,} row{'s' if left > 1 else ''} of other levels of geography left out "
                        f"({levels}; {wanted} was chosen).")


def many(level: str, n: int = 2) -> str:
    """The level's name for n areas: 'OA' -> 'OAs', 'ward' -> 'wards'."""
    return level if n == 1 else _MANY.get(level, f"{level}s")


def in_code_order(table: AreaTable) -> AreaTable:
    """Order the areas by code; raises UserError for an area that occurs twice."""
    order = np.array(sorted(range(len(table.codes)), key=lambda i: table.codes[i]), np.int64)
    ordered = table.rows(order)
    for one, two in pairwise(ordered.codes):
        if one == two:
            raise UserError(f"{table.source.path} has the area '{one}' more than once: each area must have "
                            f"one row.")
    return ordered


def select(table: AreaTable, within: dict[str, list[str]]) -> AreaTable:
    """Keep the areas that lie in the named areas of every level in ``within`` (codes or names)."""
    keep = np.ones(len(table.codes), bool)
    for key, wanted in within.items():
        level = level_name(key)
        columns = [*([table.codes, table.names] if level == table.level else []),
                   *([table.parents[level]] if level in table.parents else [])]
        if not columns:
            has = [table.level, *table.parents]
            raise UserError(f"place.within names the level '{key}', but {table.source.path} has only "
                            f"{', '.join(has)}.{nearest(key, has)}")
        known = {name for column in columns for name in column}
        for name in wanted:
            if name not in known:
                raise UserError(f"place.within: '{name}' is no {level} of {table.source.path}."
                                f"{nearest(name, known)}")
        chosen = set(wanted)
        keep &= np.array([any(c[i] in chosen for c in columns) for i in range(len(table.codes))])
    if not keep.any():
        raise UserError(f"place.within={within} leaves no area of {table.source.path}.")
    return table.rows(np.flatnonzero(keep))


def check_totals(table: AreaTable) -> AreaTable:
    """Note rows whose groups do not add up to the stated total, and areas with nobody."""
    notes = []
    sums = table.counts.sum(axis=1)
    if table.stated is not None:
        off = np.abs(sums - table.stated)
        wrong = int((off > 0).sum())
        if wrong:
            notes.append(f"In {wrong:,} of {sums.size:,} areas the groups do not add up to the stated total "
                         f"(off by at most {int(off.max()):,}); the sum of the groups is used.")
    empty = int((sums == 0).sum())
    if empty:
        notes.append(f"{empty:,} area{'s' if empty > 1 else ''} with nobody left out.")
    if not sums.any():
        raise UserError(f"{table.source.path} has no residents in the chosen areas.")
    return table.noted(*notes)
