"""Census 2011 of England and Wales, usual residents by ethnic group (table KS201EW), one row an area."""

from __future__ import annotations

from contactsim.errors import UserError, nearest
from contactsim.place.core import Source
from contactsim.place.csv_reader import Lines, body_below, counts_of
from contactsim.place.tables import AreaTable

GROUPS = ("WhiteBrit", "Irish", "OtherWhite", "Mixed", "Indian", "Pakistani", "Bangladeshi", "Chinese",
          "OtherAsian", "BlkAfrican", "BlkCaribbean", "OtherBlk", "Arab", "Other")
_AREAS = ("OA", "LSOA", "MSOA", "LAD", "RGN")
_TOTAL = "Persons"
KIND = "census 2011 table KS201EW"


def looks_like(lines: Lines) -> bool:
    """The first row names at least half of the groups."""
    return sum(name in lines.rows[0] for name in GROUPS) >= len(GROUPS) // 2


def read(lines: Lines) -> AreaTable:
    """The table, with the larger areas that the file names (LSOA, MSOA, LAD, RGN)."""
    heading = lines.rows[0]
    for name in GROUPS:
        if name not in heading:
            raise UserError(f"{lines.path} looks like a {KIND} but has no column '{name}'."
                            f"{nearest(name, heading)}")
    areas = [name for name in _AREAS if name in heading]
    if not areas:
        raise UserError(f"{lines.path} looks like a {KIND} but has no column of area codes (one of "
                        f"{', '.join(_AREAS)}).")
    body = body_below(lines, 0, [*GROUPS, *([_TOTAL] if _TOTAL in heading else [])])
    codes = tuple(body.column(areas[0]))
    return AreaTable(
        level=areas[0], codes=codes, names=codes, columns=GROUPS, counts=counts_of(body, list(GROUPS)),
        stated=counts_of(body, [_TOTAL])[:, 0] if _TOTAL in heading else None,
        parents={name: tuple(body.column(name)) for name in areas[1:]}, dissimilarity=None,
        notes=body.notes, source=Source(body.path, body.sha256, KIND, len(codes)))
