"""A table of the user's own: long (area, group, count) or wide (one column a group), by a column mapping."""

from __future__ import annotations

import numpy as np
import pandas as pd

from contactsim.errors import UserError
from contactsim.place.config import Columns
from contactsim.place.core import Source
from contactsim.place.csv_reader import Body, Lines, body_below, counts_of
from contactsim.place.tables import AreaTable

_LONG = Columns()


def looks_like(lines: Lines) -> bool:
    """The first row names area, group and count."""
    return {_LONG.area, _LONG.group, _LONG.count} <= set(lines.rows[0])


def read(lines: Lines, columns: Columns) -> AreaTable:
    """The table by the mapping; raises UserError for columns that it does not have."""
    if columns.groups is None:
        return _long(body_below(lines, 0, _present(lines, [columns.count])), columns)
    names = _group_names(columns)
    wanted = list(names.values())
    body = body_below(lines, 0, _present(lines, wanted))
    codes = tuple(body.column(columns.area))
    return AreaTable(
        level=columns.level, codes=codes, names=tuple(body.column(columns.name)) if columns.name else codes,
        columns=tuple(names), counts=counts_of(body, wanted),
        stated=counts_of(body, [columns.total])[:, 0] if columns.total else None,
        parents={level: tuple(body.column(column)) for level, column in columns.parents.items()},
        dissimilarity=_dissimilarity(body, columns), notes=body.notes,
        source=Source(body.path, body.sha256, "own table (wide)", len(codes)))


def _group_names(columns: Columns) -> dict[str, str]:
    groups = columns.groups
    assert groups is not None
    return dict(groups) if isinstance(groups, dict) else {name: name for name in groups}


def _present(lines: Lines, columns: list[str]) -> list[str]:
    """The columns; raises UserError for the first that the heading does not have."""
    Body(lines.path, "", lines.rows[0], [], [], ()).column(columns[0])
    for column in columns:
        Body(lines.path, "", lines.rows[0], [], [], ()).column(column)
    return columns


def _dissimilarity(body: Body, columns: Columns) -> np.ndarray | None:
    if columns.dissimilarity_within is None:
        return None
    texts = body.column(columns.dissimilarity_within)
    values = pd.to_numeric(pd.Series(texts, dtype=object), errors="coerce").to_numpy(np.float64)
    wrong = np.flatnonzero(~((values >= 0) & (values < 1)))
    if wrong.size:
        i = int(wrong[0])
        raise UserError(f"{body.path}, line {body.numbers[i]}, column '{columns.dissimilarity_within}': "
                        f"{texts[i]!r} is not a dissimilarity (at least 0 and below 1).")
    return values


def _long(body: Body, columns: Columns) -> AreaTable:
    """One row for each area and group; a pair that is missing counts nobody."""
    frame = pd.DataFrame({"area": body.column(columns.area), "group": body.column(columns.group),
                          "count": counts_of(body, [columns.count])[:, 0], "line": body.numbers})
    again = frame[frame.duplicated(["area", "group"])]
    if len(again):
        row = again.iloc[0]
        raise UserError(f"{body.path}, line {row['line']}: area '{row['area']}' and group '{row['group']}' "
                        f"stand together more than once.")
    wide = frame.pivot(index="area", columns="group", values="count").fillna(0).astype(np.int64)
    largest = wide.sum().sort_values(ascending=False, kind="stable").index
    codes = tuple(str(code) for code in wide.index)
    parents = {level: _parent_of(body, columns, column, codes) for level, column in columns.parents.items()}
    return AreaTable(
        level=columns.level, codes=codes, names=codes, columns=tuple(str(name) for name in largest),
        counts=wide[largest].to_numpy(np.int64), stated=None, parents=parents,
        dissimilarity=None, notes=body.notes,
        source=Source(body.path, body.sha256, "own table (long)", len(codes)))


def _parent_of(body: Body, columns: Columns, column: str, codes: tuple[str, ...]) -> tuple[str, ...]:
    found: dict[str, str] = {}
    areas, parents = body.column(columns.area), body.column(column)
    for area, parent, number in zip(areas, parents, body.numbers, strict=True):
        if found.setdefault(area, parent) != parent:
            raise UserError(f"{body.path}, line {number}: area '{area}' lies in '{parent}' here and in "
                            f"'{found[area]}' above, but areas must nest.")
    return tuple(found[code] for code in codes)
