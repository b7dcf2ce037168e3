"""Descriptive statistics of a place, as plain data and as a table for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from contactsim.place.core import Place
from contactsim.place.segregation import OTHERS, UNITS, dissimilarity, index_table

if TYPE_CHECKING:
    from rich.console import RenderableType


def describe(place: Place) -> dict[str, Any]:
    """All figures of a place and their origin, as plain dicts, lists, strings and numbers.

    ``dissimilarity`` is that of the reference group against all others, by level; levels with one area are left out.
    ``indices`` has all indices with their units, ``cleaning_notes`` what was corrected in the table.
    """
    totals = place.counts.sum(axis=0, dtype=np.int64)
    return {
        "name": place.name,
        "residents": place.residents,
        "stated_total": place.provenance.stated_total,
        "difference": place.difference,
        "reference": place.groups[0],
        "groups": {group: {"residents": int(n), "share": float(s)}
                   for group, n, s in zip(place.groups, totals, place.shares, strict=True)},
        "dissimilarity": _by_level(place),
        "levels": [{"name": level.name, "role": place.role_of(level), "synthetic": level.synthetic,
                    "areas": level.areas, "mean_residents": place.residents / level.areas} for level in place.levels],
        "indices": _indices(place),
        "cleaning_notes": list(place.provenance.cleaning_notes),
        "census": list(place.provenance.census),
        "synthetic": list(place.provenance.synthetic),
        "sources": [{"file": source.path, "sha256": source.sha256, "kind": source.kind, "areas": source.areas}
                    for source in place.provenance.sources],
        "note": place.provenance.note,
    }


def _by_level(place: Place) -> dict[str, float]:
    values = {level.name: dissimilarity(place.totals(level.name))
              for level in place.levels if level.areas > 1}
    return {name: value for name, value in values.items() if np.isfinite(value)}


def _indices(place: Place) -> list[dict[str, Any]]:
    table = index_table(place)
    records = table.astype({"value": object}).where(table["value"].notna(), None).to_dict("records")
    return [{str(key): value for key, value in record.items()} for record in records]


def render(place: Place) -> RenderableType:
    """The same as text: tables of groups and indices, and what comes from the table, was made or was cleaned."""
    from rich.console import Group
    from rich.table import Column, Table
    from rich.text import Text

    figures = describe(place)
    head = f"{place.name}: {place.residents:,} residents"
    if place.difference is not None:
        head += f" (the table states {figures['stated_total']:,}; difference {place.difference:+,})"
    groups = Table("group", Column("residents", justify="right"), Column("share", justify="right"), box=None)
    for group, row in figures["groups"].items():
        groups.add_row(group, f"{row['residents']:,}", f"{row['share']:.1%}")
    roles = [f"{place.role_of(level)}s are {level.name.replace('_', ' ')}s" for level in place.levels[1:]
             if place.role_of(level) not in ("", level.name)]
    lines = [*([f"levels: {', '.join(roles)}"] if roles else []),
             *(f"table: {text}" for text in figures["census"]),
             *(f"made: {text}" for text in figures["synthetic"]),
             *(f"cleaned: {text}" for text in figures["cleaning_notes"]),
             *(f"file: {s['file']} ({s['kind']}, {s['areas']:,} areas, sha256 {s['sha256'][:12]})"
               for s in figures["sources"]), *([figures["note"]] if figures["note"] else [])]
    return Group(Text(head, style="bold"), Text(""), groups, Text(""), _level_table(place), Text(""),
                 *(Text(line) for line in lines))


#: Short headings of the table for people.
_HEADINGS = {"dissimilarity": "D", "isolation": "isolation", "exposure": "exposure", "diversity": "diversity",
             "entropy": "entropy", "theil_h": "H"}


def _level_table(place: Place) -> RenderableType:
    from rich.table import Column, Table

    table = index_table(place)
    of_reference = (table["group"] == place.groups[0]) & table["other"].isin([OTHERS, place.groups[0]])
    main = table[(table["group"] == "") | of_reference]
    value = {(str(level), str(index)): float(v)
             for level, index, v in zip(main["level"], main["index"], main["value"], strict=True)}
    out = Table(Column("level", no_wrap=True), *(Column(title, justify="right", no_wrap=True)
                           for title in ("areas", "residents", *_HEADINGS.values())),
                title=f"{place.groups[0]} against all others, and diversity of all groups",
                title_justify="left",
                caption="* made; " + "; ".join(f"{_HEADINGS[name]}: {unit}" for name, unit in UNITS.items()),
                caption_justify="left", box=None, padding=(0, 1, 0, 0), pad_edge=False)
    shown = [(level.name, f"{level.name.replace('_', ' ')} *" if level.synthetic else level.name, level.areas)
             for level in place.levels if level.areas > 1]
    for name, title, areas in [*shown, ("place", "whole place", 1)]:
        values = [value.get((name, index), np.nan) for index in _HEADINGS]
        out.add_row(title, f"{areas:,}", f"{place.residents / areas:,.0f}",
                    *("" if np.isnan(v) else f"{v:.3f}" for v in values))
    return out
