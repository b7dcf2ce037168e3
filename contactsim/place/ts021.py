"""Census 2021 of England and Wales, ethnic group (Nomis table TS021): as downloaded or as a query export.

A subtotal stands before its parts, so only the 19 leaves are counted. A query export has lines above its
heading, a percentage beside every count, and headings without the words "Ethnic group:".
"""

from __future__ import annotations

import re

import numpy as np

from contactsim.errors import UserError, nearest
from contactsim.place.core import Source
from contactsim.place.csv_reader import Body, Lines, body_below, counts_of
from contactsim.place.tables import CODE, AreaTable, level_of_code

KIND = "census 2021 table TS021"
TOTAL = "Total: All usual residents"
_ASIAN = "Asian, Asian British or Asian Welsh"
_BLACK = "Black, Black British, Black Welsh, Caribbean or African"
_MIXED = "Mixed or Multiple ethnic groups"
_OTHER = "Other ethnic group"
#: The 19 groups of the table, by the broad group that holds them.
PARTS: dict[str, tuple[str, ...]] = {
    _ASIAN: ("Bangladeshi", "Chinese", "Indian", "Pakistani", "Other Asian"),
    _BLACK: ("African", "Caribbean", "Other Black"),
    _MIXED: ("White and Asian", "White and Black African", "White and Black Caribbean",
             "Other Mixed or Multiple ethnic groups"),
    "White": ("English, Welsh, Scottish, Northern Irish or British", "Irish", "Gypsy or Irish Traveller",
              "Roma", "Other White"),
    _OTHER: ("Arab", "Any other ethnic group"),
}
GROUPS = tuple(f"{broad}: {part}" for broad, parts in PARTS.items() for part in parts)
_KNOWN = {name.lower(): name for name in (TOTAL, *PARTS, *GROUPS)}
_CODE_HEADINGS = ("geography code", "mnemonic", "area code", "code")
#: Names of ONS lower and middle layer areas hold the district and the middle layer area: "Bolton 001A".
_LAYER_NAME = re.compile(r"(.+) (\d{3})([A-Z]?)")


def _plain(heading: str) -> str:
    """A heading in the table's own words, or '' for one that is neither total, subtotal nor group."""
    text = re.sub(r"\s+", " ", heading).strip().lower()
    text = text.removeprefix("ethnic group: ").removesuffix("; measures: value")
    return _KNOWN.get(text, "")


def _heading_at(lines: Lines) -> int | None:
    """The row that names at least half of the 19 groups, among the first forty."""
    for i, row in enumerate(lines.rows[:40]):
        if len({_plain(field) for field in row} & set(GROUPS)) >= len(GROUPS) // 2:
            return i
    return None


def looks_like(lines: Lines) -> bool:
    """There is a heading row that names at least half of the groups."""
    return _heading_at(lines) is not None


def read(lines: Lines) -> AreaTable:
    """The table's leaves; LSOA and MSOA names give the larger areas that hold them, where there are names."""
    at = _heading_at(lines)
    assert at is not None
    heading = lines.rows[at]
    column_of = {_plain(field): field for field in heading if _plain(field)}
    for name in GROUPS:
        if name not in column_of:
            raise UserError(f"{lines.path} looks like a {KIND} but has no column '{name}'."
                            f"{nearest(name, heading)}")
    body = body_below(lines, at, list(column_of.values()))
    codes, names = _areas(body)
    counts = counts_of(body, [column_of[name] for name in GROUPS])
    percentages = sum(1 for field in heading if field.strip().lower().startswith(("%", "percent"))
                      or field.lower().endswith("measures: percent"))
    kind = f"{KIND}, query export" if percentages or at else KIND
    notes = (*body.notes, *_subtotal_notes(body, column_of, counts))
    if percentages:
        notes = (*notes, f"{percentages} columns of percentages left out.")
    table = AreaTable(
        level="area", codes=codes, names=names, columns=GROUPS, counts=counts,
        stated=counts_of(body, [column_of[TOTAL]])[:, 0] if TOTAL in column_of else None,
        parents=_parents(codes, names), dissimilarity=None,
        notes=notes, source=Source(body.path, body.sha256, kind, len(codes)))
    return _without_sum_row(table)


def _areas(body: Body) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Codes and names: from a column of codes, or from codes within the names, or the names alone."""
    lower = [field.lower() for field in body.heading]
    code_at = next((lower.index(name) for name in _CODE_HEADINGS if name in lower), None)
    plain = [i for i, name in enumerate(lower) if not _plain(name) and i != code_at and name != "date"]
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
    for broad, parts in PARTS.items():
        if broad in column_of:
            where = [GROUPS.index(f"{broad}: {part}") for part in parts]
            stated = counts_of(body, [column_of[broad]])[:, 0]
            wrong += int((stated != counts[:, where].sum(axis=1)).sum())
    if not wrong:
        return ()
    return (f"{wrong:,} subtotals differ from the sum of their parts; only the parts are counted.",)
