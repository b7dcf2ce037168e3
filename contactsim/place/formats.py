"""The tables of residents that can be read: census 2011 KS201EW, census 2021 TS021, and tables of the user's own.

Each kind has a test of the heading (``is_...``) and a reader (``read_...``), which returns an
:class:`~contactsim.place.tables.AreaTable` or raises UserError.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from contactsim.errors import UserError, nearest
from contactsim.place.config import Columns
from contactsim.place.core import Source
from contactsim.place.csv_reader import Body, Lines, body_below, counts_of, shares_as_counts
from contactsim.place.tables import CODE, AreaTable, level_of_code

KS201_GROUPS = ("WhiteBrit", "Irish", "OtherWhite", "Mixed", "Indian", "Pakistani", "Bangladeshi", "Chinese",
          "OtherAsian", "BlkAfrican", "BlkCaribbean", "OtherBlk", "Arab", "Other")
_KS201_AREAS = ("OA", "LSOA", "MSOA", "LAD", "RGN")
_KS201_TOTAL = "Persons"
KS201 = "census 2011 table KS201EW"

TS021 = "census 2021 table TS021"
TS021_TOTAL = "Total: All usual residents"
_ASIAN = "Asian, Asian British or Asian Welsh"
_BLACK = "Black, Black British, Black Welsh, Caribbean or African"
_MIXED = "Mixed or Multiple ethnic groups"
_OTHER = "Other ethnic group"
#: The 19 groups of the table, by the broad group that holds them.
TS021_PARTS: dict[str, tuple[str, ...]] = {
    _ASIAN: ("Bangladeshi", "Chinese", "Indian", "Pakistani", "Other Asian"),
    _BLACK: ("African", "Caribbean", "Other Black"),
    _MIXED: ("White and Asian", "White and Black African", "White and Black Caribbean",
             "Other Mixed or Multiple ethnic groups"),
    "White": ("English, Welsh, Scottish, Northern Irish or British", "Irish", "Gypsy or Irish Traveller",
              "Roma", "Other White"),
    _OTHER: ("Arab", "Any other ethnic group"),
}
TS021_GROUPS = tuple(f"{broad}: {part}" for broad, parts in TS021_PARTS.items() for part in parts)
_KNOWN = {name.lower(): name for name in (TS021_TOTAL, *TS021_PARTS, *TS021_GROUPS)}
_CODE_HEADINGS = ("geography code", "mnemonic", "area code", "code")
#: Names of ONS lower and middle layer areas hold the district and the middle layer area: "Bolton 001A".
_LAYER_NAME = re.compile(r"(.+) (\d{3})([A-Z]?)")

_LONG = Columns()


def is_ks201(lines: Lines) -> bool:
    """The first row names at least half of the groups."""
    return sum(name in lines.rows[0] for name in KS201_GROUPS) >= len(KS201_GROUPS) // 2


def read_ks201(lines: Lines) -> AreaTable:
    """The table, with the larger areas that the file names (LSOA, MSOA, LAD, RGN)."""
    heading = lines.rows[0]
    for name in KS201_GROUPS:
        if name not in heading:
            raise UserError(f"{lines.path} looks like a {KS201} but has no column '{name}'."
                            f"{nearest(name, heading)}")
    areas = [name for name in _KS201_AREAS if name in heading]
    if not areas:
        raise UserError(f"{lines.path} looks like a {KS201} but has no column of area codes (one of "
                        f"{', '.join(_KS201_AREAS)}).")
    body = body_below(lines, 0, [*KS201_GROUPS, *([_KS201_TOTAL] if _KS201_TOTAL in heading else [])])
    codes = tuple(body.column(areas[0]))
    return AreaTable(
        level=areas[0], codes=codes, names=codes, columns=KS201_GROUPS, counts=counts_of(body, list(KS201_GROUPS)),
        stated=counts_of(body, [_KS201_TOTAL])[:, 0] if _KS201_TOTAL in heading else None,
        parents={name: tuple(body.column(name)) for name in areas[1:]}, dissimilarity=None,
        notes=body.notes, source=Source(body.path, body.sha256, KS201, len(codes)))


def _standard_heading(heading: str) -> str:
    """A heading in the table's own words, or '' for one that is neither total, subtotal nor group."""
    text = re.sub(r"\s+", " ", heading).strip().lower()
    text = text.removeprefix("ethnic group: ").removesuffix("; measures: value")
    return _KNOWN.get(text, "")


def _heading_at(lines: Lines) -> int | None:
    """The row that names at least half of the 19 groups, among the first forty."""
    for i, row in enumerate(lines.rows[:40]):
        if len({_standard_heading(field) for field in row} & set(TS021_GROUPS)) >= len(TS021_GROUPS) // 2:
            return i
    return None


def is_ts021(lines: Lines) -> bool:
    """There is a heading row that names at least half of the groups."""
    return _heading_at(lines) is not None


def read_ts021(lines: Lines) -> AreaTable:
    """The table's leaves; LSOA and MSOA names give the larger areas that hold them, where there are names."""
    at = _heading_at(lines)
    assert at is not None
    heading = lines.rows[at]
    column_of = {_standard_heading(field): field for field in heading if _standard_heading(field)}
    for name in TS021_GROUPS:
        if name not in column_of:
            raise UserError(f"{lines.path} looks like a {TS021} but has no column '{name}'."
                            f"{nearest(name, heading)}")
    body = body_below(lines, at, list(column_of.values()))
    codes, names = _codes_and_names(body)
    counts = counts_of(body, [column_of[name] for name in TS021_GROUPS])
    percentages = sum(1 for field in heading if field.strip().lower().startswith(("%", "percent"))
                      or field.lower().endswith("measures: percent"))
    kind = f"{TS021}, query export" if percentages or at else TS021
    notes = (*body.notes, *_subtotal_notes(body, column_of, counts))
    if percentages:
        notes = (*notes, f"{percentages} columns of percentages left out.")
    table = AreaTable(
        level="area", codes=codes, names=names, columns=TS021_GROUPS, counts=counts,
        stated=counts_of(body, [column_of[TS021_TOTAL]])[:, 0] if TS021_TOTAL in column_of else None,
        parents=_parents(codes, names), dissimilarity=None,
        notes=notes, source=Source(body.path, body.sha256, kind, len(codes)))
    return _without_sum_row(table)


def _codes_and_names(body: Body) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Codes and names: from a column of codes, or from codes within the names, or the names alone."""
    lower = [field.lower() for field in body.heading]
    code_at = next((lower.index(name) for name in _CODE_HEADINGS if name in lower), None)
    plain = [i for i, name in enumerate(lower) if not _standard_heading(name) and i != code_at and name != "date"]
    name_at = lower.index("geography") if "geography" in lower else next(iter(plain), code_at)
    if name_at is None:
        raise UserError(f"{body.path} has no column of areas (such as 'geography code').")
    names = [row[name_at] for row in body.rows]
    texts = names if code_at is None else [row[code_at] for row in body.rows]
    codes = [match.group() if (match := CODE.search(text)) else text for text in texts]
    if "" in codes:
        codes = [code or name for code, name in zip(codes, names, strict=True)]
    names = [CODE.sub("", name).strip(" :") or code for name, code in zip(names, codes, strict=True)]
    return tuple(codes), tuple(names)


def _without_sum_row(table: AreaTable) -> AreaTable:
    """Leave out a last row that adds up the others."""
    rest = [i for i, code in enumerate(table.codes)
            if code.lower().strip(":") not in ("total", "column total", "all areas", "")]
    left = len(table.codes) - len(rest)
    if not left:
        return table
    return table.rows(np.array(rest, np.int64)).noted(f"{left} row of column totals left out.")


def _parents(codes: tuple[str, ...], names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Larger areas from names such as 'Bolton 001A', if every LSOA (or MSOA) is named so."""
    levels = {level_of_code(code) for code in codes}
    if len(levels) != 1 or not levels <= {"LSOA", "MSOA"}:
        return {}
    found = [_LAYER_NAME.fullmatch(name) for name in names]
    if not all(found):
        return {}
    districts = tuple(match.group(1) for match in found if match)
    if levels == {"MSOA"}:
        return {"LAD": districts}
    return {"MSOA": tuple(f"{m.group(1)} {m.group(2)}" for m in found if m), "LAD": districts}


def _subtotal_notes(body: Body, column_of: dict[str, str], counts: np.ndarray) -> tuple[str, ...]:
    """A note on rows where a subtotal differs from the sum of its parts (perturbed counts do)."""
    wrong = 0
    for broad, parts in TS021_PARTS.items():
        if broad in column_of:
            where = [TS021_GROUPS.index(f"{broad}: {part}") for part in parts]
            stated = counts_of(body, [column_of[broad]])[:, 0]
            wrong += int((stated != counts[:, where].sum(axis=1)).sum())
    if not wrong:
        return ()
    return (f"{wrong:,} subtotals differ from the sum of their parts; only the parts are counted.",)


def is_own_table(lines: Lines) -> bool:
    """The first row names area, group and count."""
    return {_LONG.area, _LONG.group, _LONG.count} <= set(lines.rows[0])


def read_own_table(lines: Lines, columns: Columns) -> AreaTable:
    """The table by the mapping; raises UserError for columns that it does not have."""
    if columns.groups is None:
        return _long(body_below(lines, 0, _present(lines, [columns.count])), columns)
    names = _columns_of_groups(columns)
    wanted = list(names.values())
    body = body_below(lines, 0, _present(lines, wanted))
    codes = tuple(body.column(columns.area))
    counts = shares_as_counts(body, wanted, columns.total) if columns.shares else counts_of(body, wanted)
    return AreaTable(
        level=columns.level, codes=codes, names=tuple(body.column(columns.name)) if columns.name else codes,
        columns=tuple(names), counts=counts,
        stated=counts_of(body, [columns.total])[:, 0] if columns.total else None,
        parents={level: tuple(body.column(column)) for level, column in columns.parents.items()},
        dissimilarity=_dissimilarity(body, columns), notes=body.notes,
        source=Source(body.path, body.sha256, "own table (wide)", len(codes)))


def _columns_of_groups(columns: Columns) -> dict[str, str]:
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
    repeated = frame[frame.duplicated(["area", "group"])]
    if len(repeated):
        row = repeated.iloc[0]
        raise UserError(f"{body.path}, line {row['line']}: area '{row['area']}' and group '{row['group']}' "
                        f"occur together more than once.")
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
