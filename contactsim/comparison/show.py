"""The summary of a comparison: as data for programs, and as tables for a terminal."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from math import isnan
from typing import TYPE_CHECKING, Any

import pandas as pd

from contactsim.comparison.compare import Comparison
from contactsim.comparison.design import Cell, Design, at_point, point_text
from contactsim.comparison.effects import PARTS
from contactsim.comparison.paired_runs import MESSAGE_OFF, TREATMENT
from contactsim.observers.panel import OUTCOMES

if TYPE_CHECKING:
    from rich.console import RenderableType

LEGEND = ("Effects in standard deviations of the own group in the control arm, with 95 % intervals over seeds; "
          "* the interval excludes 0. Averages are estimates; one person's difference is illustrative only.")
#: Week at which paired runs are compared with independent seeds, if it is read.
PRECISION_WEEK = 52
_PLAIN = {"box": None, "pad_edge": False}


# --- as data

def summary(comparison: Comparison, folder: str) -> dict[str, Any]:
    """Place, arms, seeds, effects by week and part, cost, precision and footprint, ready for JSON.

    In a grid these are of the reference cell, except effects, cost and differences, which have the axes as keys.
    """
    design, place = comparison.design, comparison.place
    seeds = comparison.of_cell(comparison.seeds)
    found: dict[str, Any] = {
        "folder": folder,
        "place": {"name": place.name, "residents": place.residents, "groups": list(place.groups)},
        "actions": list(design.config.actions), "arms": list(design.configs), "seeds": list(design.seeds),
        "end": design.end, "readout_weeks": list(design.readout_weeks), "notes": list(comparison.notes),
        "parts": PARTS, "outcomes": OUTCOMES,
        "participants": _mean(seeds, "participants"), "staff": _mean(seeds, "staff"),
        "interested": _mean(seeds, "interested"), "total_cost": _mean(seeds, "cost"),
        "cost": [one for cell in comparison.grid.cells for one in _costs(comparison, cell)],
        "precision": _precision(comparison), "footprint": _footprint(comparison.of_cell(comparison.footprint)),
        "effects": _records(comparison.effects[comparison.effects["week"] > 0]),
    }
    if comparison.grid.axes:
        d = comparison.differences
        found |= {"axes": {key: list(values) for key, values in comparison.grid.axes.items()},
                  "cells": [{"point": dict(cell.design.point), "week": main_week(cell.design)}
                            for cell in comparison.grid.cells],
                  "differences": _records(d[(d["week"] > 0) & (d["by"] == "all")])}
    return found


def main_week(design: Design) -> int:
    """The end of the action if it is read, else the last readout week."""
    return design.end if design.end in design.readout_weeks else design.readout_weeks[-1]


def _mean(seeds: pd.DataFrame, what: str) -> float:
    return float(seeds.loc[seeds["arm"] == TREATMENT, what].mean())


def _costs(comparison: Comparison, cell: Cell) -> list[dict[str, Any]]:
    """Cost of a unit of each outcome, for participants and everybody, if the effect is significant."""
    point, week = cell.design.point, main_week(cell.design)
    e = comparison.of_cell(comparison.effects, point)
    rows = e[(e["week"] == week) & (e["by"] == "all") & e["part"].isin(["participants", "everybody"])
             & e["significant"]]
    found = [(row, comparison.cost_effectiveness(row["outcome"], row["part"], week, row["arm"], point))
             for _, row in rows.iterrows()]
    return [{**point, "arm": row["arm"], "week": week, "part": row["part"], "outcome": row["outcome"],
             **dataclasses.asdict(one), "text": str(one)} for row, one in found if not isnan(one.cost)]


def _precision(comparison: Comparison) -> list[dict[str, Any]]:
    weeks = comparison.design.readout_weeks
    week = PRECISION_WEEK if PRECISION_WEEK in weeks else weeks[-1]
    p = comparison.of_cell(comparison.precision)
    return _records(p[(p["week"] == week) & (p["arm"] == TREATMENT)])


def _footprint(footprint: pd.DataFrame) -> list[dict[str, Any]]:
    """Shares in the weeks whose reachable sets were computed, means over seeds; weeks since the burn-in."""
    here = footprint[(footprint["arm"] == TREATMENT) & footprint["reachable"].notna()]
    shown = here.groupby("week")[["differing", "moved", "reachable", "stray"]].mean().reset_index()
    return _records(shown.assign(week=shown["week"] + 1))


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


# --- as tables

def render(found: Mapping[str, Any]) -> RenderableType:
    """The summary as tables for a terminal."""
    from rich.console import Group
    from rich.text import Text

    table = pd.DataFrame(found["effects"])
    what = ", ".join(found["actions"]) or "other parameters"
    head = (f"{what} in {found['place']['name']} ({found['place']['residents']:,} residents), "
            f"{len(found['seeds'])} seeds, treatment minus control")
    blocks: list[Any] = [Text(head, style="bold"), Text(LEGEND, style="dim")]
    if "axes" in found:
        return Group(*blocks, *_grid(table, found), *map(Text, [*found["notes"], _written(found)]))
    for week in _shown_weeks(found):
        blocks += [Text(""), Text(_when(found, week)), _by_part(table[(table["week"] == week)])]
    blocks += [Text(""), *_cuts(table, found)]
    return Group(*blocks, *map(Text, _lines(found, table)))


def _written(found: Mapping[str, Any]) -> str:
    return f"{found['folder']}: tables, figure, configuration"


def _grid(table: pd.DataFrame, found: Mapping[str, Any]) -> list[RenderableType]:
    """Effects in each cell, and the difference-in-differences of outcomes in which some are significant."""
    from rich.text import Text

    effects = table[(table["arm"] == TREATMENT) & (table["by"] == "all")]
    cells = {point_text(cell["point"]): at_point(effects, cell["point"]).query(f"week == {cell['week']}")
             for cell in found["cells"]}
    shown = _significant(pd.concat(cells.values())) or ["attitude"]
    blocks: list[Any] = []
    for cell, (label, rows) in zip(found["cells"], cells.items(), strict=True):
        blocks += [Text(""), Text(f"{label}, week {cell['week']}"), _by_outcome(rows, shown)]
    blocks += [Text(""), Text("Difference-in-differences: effect at a value minus effect at the key's first value, in "
                              "SD of the control arm there", style="bold")]
    d = pd.DataFrame(found["differences"])
    if d.empty:
        return [*blocks, Text("The cells have no week in common.")]
    week = found["cells"][0]["week"] if (d["week"] == found["cells"][0]["week"]).any() else d["week"].max()
    d = d[(d["arm"] == TREATMENT) & (d["week"] == week)]
    shown = _significant(d)
    if not shown:
        return [*blocks, Text(f"None is significant in week {week}.")]
    others = [axis for axis in found["axes"] if axis in d]
    for (axis, value, reference, *rest), rows in d.groupby(["axis", "value", "reference", *others], sort=False,
                                                           dropna=False):
        held = point_text({key: one for key, one in zip(others, rest, strict=True) if key != axis})
        blocks += [Text(""), Text(f"{axis} {value} minus {reference}{f' ({held})' if held else ''}, week {week}"),
                   _by_outcome(rows, shown)]
    return blocks


def _significant(table: pd.DataFrame) -> list[str]:
    return [name for name in OUTCOMES if table.loc[table["outcome"] == name, "significant"].any()]


def _by_outcome(table: pd.DataFrame, outcomes: Sequence[str]) -> RenderableType:
    """One line for each outcome, one column for each part."""
    from rich.table import Column, Table

    parts = [part for part in PARTS if table.loc[table["part"] == part, "raw"].notna().any()]
    shown = Table("outcome", *(Column(part, justify="right", no_wrap=True) for part in parts), padding=(0, 1, 0, 0),
                  **_PLAIN)  # type: ignore[arg-type]
    for outcome in outcomes:
        by = {row["part"]: row for _, row in table[table["outcome"] == outcome].iterrows()}
        shown.add_row(outcome, *(_cell(by[part]) if part in by else "–" for part in parts))
    return shown


def _shown_weeks(found: Mapping[str, Any]) -> list[int]:
    end, weeks = found["end"], found["readout_weeks"]
    return sorted({end, weeks[-1]} & set(weeks)) if end is not None else [weeks[-1]]


def _when(found: Mapping[str, Any], week: int) -> str:
    end = found["end"]
    if end is None:
        return f"Week {week}, while it lasts"
    return f"Week {week}, at its end" if week == end else f"Week {week}, {week - end} weeks after its end"


def _by_part(table: pd.DataFrame) -> RenderableType:
    from rich.table import Column, Table

    here = table[(table["by"] == "all") & (table["arm"] == TREATMENT)]
    present = [part for part in PARTS if (here.loc[here["part"] == part, "residents"] > 0).any()]
    shown = Table("outcome", *(Column(f"{part}\n{_number(here, part)}", justify="right", no_wrap=True)
                               for part in present), padding=(0, 1, 0, 0), **_PLAIN)  # type: ignore[arg-type]
    for outcome in OUTCOMES:
        cells = [here[(here["outcome"] == outcome) & (here["part"] == part)].iloc[0] for part in present]
        if any(cell["raw"] != 0 for cell in cells):
            shown.add_row(outcome, *(_cell(cell) for cell in cells))
    if not shown.row_count:
        shown.add_row("no outcome differs", *("" for _ in present))
    return shown


def _cuts(table: pd.DataFrame, found: Mapping[str, Any]) -> list[RenderableType]:
    """Attitude by group, age and prior contact, of participants if there are any, else of everybody."""
    from rich.table import Column, Table
    from rich.text import Text

    week, part = _shown_weeks(found)[0], _main_part(found)
    here = table[(table["week"] == week) & (table["part"] == part) & (table["outcome"] == "attitude")
                 & (table["arm"] == TREATMENT) & (table["by"] != "all") & (table["residents"] > 0)]
    shown = Table("", "", Column("people", justify="right"), Column("attitude", justify="right"),
                  padding=(0, 2, 0, 0), **_PLAIN)  # type: ignore[arg-type]
    for _, cell in here.iterrows():
        shown.add_row(cell["by"], cell["level"], f"{cell['residents']:,.0f}", _cell(cell).replace("\n", "  "))
    return [Text(f"Attitude of {part} by group, age and prior contact, week {week}"), shown, Text("")]


def _main_part(found: Mapping[str, Any]) -> str:
    return "participants" if found["participants"] else "everybody"


def _lines(found: Mapping[str, Any], table: pd.DataFrame) -> list[str]:
    lines = _cost_lines(found)
    if MESSAGE_OFF in found["arms"]:
        lines += _message_lines(found, table)
    for one in found["precision"]:
        if one["outcome"] == "attitude" and one["part"] in ("everybody", "participants"):
            lines.append(f"Precision: the variance of the effect on attitude of {one['part']} is "
                         f"{_times(one['ratio'])} that of independent seeds (week {one['week']}).")
    reached = "; ".join(f"week {one['week']}: {one['differing']:.0%}, {one['moved']:.1%}" for one in found["footprint"])
    if reached:
        lines.append(f"Residents who differ in anything, and in attitude by more than .01: {reached}.")
    return [*lines, *found["notes"], _written(found)]


def _cost_lines(found: Mapping[str, Any]) -> list[str]:
    if found["total_cost"] is None or isnan(found["total_cost"]):
        return []
    part, first = _main_part(found), f"Cost £{found['total_cost']:,.0f}"
    costs = [one for one in found["cost"] if one["arm"] == TREATMENT and one["part"] == part]
    if not costs:
        return [f"{first}; no cost per unit, since no effect on {part} can be distinguished from zero."]
    each = "; ".join(f"{one['outcome']} ({one['unit']}) {one['text']}" for one in costs)
    return [f"{first}; to change one person of {part} by one unit, week {costs[0]['week']}: {each}."]


def _message_lines(found: Mapping[str, Any], table: pd.DataFrame) -> list[str]:
    week = _shown_weeks(found)[0]
    here = table[(table["week"] == week) & (table["by"] == "all") & (table["outcome"] == "attitude")]
    lines = []
    for part in dict.fromkeys((_main_part(found), "everybody")):
        on, off = (_cell(here[(here["arm"] == arm) & (here["part"] == part)].iloc[0]).replace("\n", "  ")
                   for arm in (TREATMENT, MESSAGE_OFF))
        lines.append(f"Attitude of {part}, week {week}: {on} with its message, {off} with the message off.")
    return lines


def _cell(cell: pd.Series[Any]) -> str:
    """An effect, and its interval on the next line."""
    if pd.isna(cell["raw"]):
        return "–"
    own = cell["shown"] == "raw"
    mean, low, high = (cell[name] for name in (("raw", "raw_low", "raw_high") if own else ("effect", "low", "high")))
    star = "*" if cell["significant"] else ""
    limits = "" if pd.isna(low) else f"\n{_short(low)} {_short(high)}"
    return f"{_short(mean)}{star}{' in its unit' if own else ''}{limits}"


def _short(value: float) -> str:
    """Three decimals with the sign, without the zero before the point."""
    text = f"{value:+.3f}"
    return " 0" if text in ("+0.000", "-0.000") else text.replace("0.", ".", 1) if text[1] == "0" else text


def _number(table: pd.DataFrame, part: str) -> str:
    return f"{table.loc[table['part'] == part, 'residents'].iloc[0]:,.0f}"


def _times(ratio: float | None) -> str:
    return "0 relative to" if ratio is None or ratio > 1e9 else f"1/{ratio:,.0f} of"
