"""What a comparison came to: for programs (JSON-ready) and for people."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from math import isnan
from typing import TYPE_CHECKING, Any

import pandas as pd

from contactsim.comparison.compare import Comparison
from contactsim.comparison.design import SILENT, WITH
from contactsim.comparison.effects import PARTS
from contactsim.observers.panel import OUTCOMES

if TYPE_CHECKING:
    from rich.console import RenderableType

LEGEND = ("Effects in standard deviations of the own group in the untreated world, with 95 % intervals over seeds; "
          "* the interval leaves out 0. Averages are what is estimated; one person's difference is illustrative.")
#: Week at which twins are held against independent seeds, where it is read.
PRECISION_WEEK = 52


def summary(comparison: Comparison, folder: str) -> dict[str, Any]:
    """Place, sides, seeds, effects by week and part, cost, precision and reach."""
    design, place = comparison.design, comparison.place
    return {
        "folder": folder,
        "place": {"name": place.name, "residents": place.residents, "groups": list(place.groups)},
        "actions": list(design.config.actions), "sides": list(design.configs), "seeds": list(design.seeds),
        "end": design.end, "read_at": list(design.read_at), "notes": list(comparison.notes),
        "parts": PARTS, "outcomes": OUTCOMES,
        "participants": _mean(comparison.seeds, "participants"), "staff": _mean(comparison.seeds, "staff"),
        "interested": _mean(comparison.seeds, "interested"), "total_cost": _mean(comparison.seeds, "cost"),
        "cost": _costs(comparison), "precision": _precision(comparison), "reach": _reach(comparison.reach),
        "effects": _records(comparison.effects[comparison.effects["week"] > 0]),
    }


def render(found: Mapping[str, Any]) -> RenderableType:
    """The summary as tables for a terminal."""
    from rich.console import Group
    from rich.text import Text

    table = pd.DataFrame(found["effects"])
    what = ", ".join(found["actions"]) or "other parameters"
    head = (f"{what} in {found['place']['name']} ({found['place']['residents']:,} residents), "
            f"{len(found['seeds'])} seeds, with and without")
    blocks: list[Any] = [Text(head, style="bold"), Text(LEGEND, style="dim")]
    for week in _shown_weeks(found):
        blocks += [Text(""), Text(_when(found, week)), _by_part(table[(table["week"] == week)], WITH)]
    blocks += [Text(""), *_cuts(table, found)]
    return Group(*blocks, *(Text(line) for line in _lines(found, table)))


def _shown_weeks(found: Mapping[str, Any]) -> list[int]:
    end, weeks = found["end"], found["read_at"]
    return sorted({end, weeks[-1]} & set(weeks)) if end is not None else [weeks[-1]]


def _when(found: Mapping[str, Any], week: int) -> str:
    end = found["end"]
    if end is None:
        return f"Week {week}, while it lasts"
    return f"Week {week}, at its end" if week == end else f"Week {week}, {week - end} weeks after its end"


def _by_part(table: pd.DataFrame, side: str) -> RenderableType:
    from rich.table import Column, Table

    here = table[(table["by"] == "all") & (table["side"] == side)]
    seen = [part for part in PARTS if (here.loc[here["part"] == part, "residents"] > 0).any()]
    shown = Table("outcome", *(Column(f"{part}\n{_number(here, part)}", justify="right", no_wrap=True)
                                 for part in seen), box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for outcome in OUTCOMES:
        cells = [here[(here["outcome"] == outcome) & (here["part"] == part)].iloc[0] for part in seen]
        if any(cell["raw"] != 0 for cell in cells):
            shown.add_row(outcome, *(_cell(cell) for cell in cells))
    if not shown.row_count:
        shown.add_row("no outcome differs", *("" for _ in seen))
    return shown


def _cuts(table: pd.DataFrame, found: Mapping[str, Any]) -> list[RenderableType]:
    """Attitude by group, age and prior contact, of those who took part, or of everybody."""
    from rich.table import Column, Table
    from rich.text import Text

    week, part = _shown_weeks(found)[0], _main_part(found)
    here = table[(table["week"] == week) & (table["part"] == part) & (table["outcome"] == "attitude")
                 & (table["side"] == WITH) & (table["by"] != "all") & (table["residents"] > 0)]
    shown = Table("", "", Column("people", justify="right"), Column("attitude", justify="right"), box=None,
                  pad_edge=False, padding=(0, 2, 0, 0))
    for _, cell in here.iterrows():
        shown.add_row(cell["by"], cell["level"], f"{cell['residents']:,.0f}", _cell(cell).replace("\n", "  "))
    return [Text(f"Attitude of {part} by group, age and prior contact, week {week}"), shown, Text("")]


def _main_part(found: Mapping[str, Any]) -> str:
    return "participants" if found["participants"] else "everybody"


def _lines(found: Mapping[str, Any], table: pd.DataFrame) -> list[str]:
    lines = _cost_lines(found)
    if SILENT in found["sides"]:
        lines += _silent_lines(found, table)
    for one in found["precision"]:
        if one["outcome"] == "attitude" and one["part"] in ("everybody", "participants"):
            lines.append(f"Precision: the variance of the effect on attitude of {one['part']} is "
                         f"{_times(one['ratio'])} that of independent seeds (week {one['week']}).")
    reached = "; ".join(f"week {one['week']}: {one['differing']:.0%}, {one['moved']:.1%}" for one in found["reach"])
    if reached:
        lines.append(f"Reached, in any bit and in attitude by more than .01: {reached}.")
    return [*lines, *found["notes"], f"{found['folder']}: tables, figure, configuration"]


def _cost_lines(found: Mapping[str, Any]) -> list[str]:
    if found["total_cost"] is None or isnan(found["total_cost"]):
        return []
    part, first = _main_part(found), f"Cost £{found['total_cost']:,.0f}"
    costs = [one for one in found["cost"] if one["side"] == WITH and one["part"] == part]
    if not costs:
        return [f"{first}; no cost per unit, since no effect on {part} can be told from none."]
    each = "; ".join(f"{one['outcome']} ({one['unit']}) {one['text']}" for one in costs)
    return [f"{first}; for each person of {part} moved by one unit, week {costs[0]['week']}: {each}."]


def _silent_lines(found: Mapping[str, Any], table: pd.DataFrame) -> list[str]:
    week = _shown_weeks(found)[0]
    here = table[(table["week"] == week) & (table["by"] == "all") & (table["outcome"] == "attitude")]
    cells = {(side, who): _cell(_one(here, side, who)).replace("\n", "  ")
             for who in dict.fromkeys((_main_part(found), "everybody")) for side in (WITH, SILENT)}
    return [f"Attitude of {who}, week {week}: {cells[WITH, who]} with its message, {cells[SILENT, who]} with the "
            f"message off." for who in dict.fromkeys(who for _, who in cells)]


def _one(table: pd.DataFrame, side: str, part: str) -> pd.Series[Any]:
    return table[(table["side"] == side) & (table["part"] == part)].iloc[0]


def _cell(cell: pd.Series[Any]) -> str:
    """Effect, and its interval on a line of its own."""
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
    return "0 beside" if ratio is None or ratio > 1e9 else f"1/{ratio:,.0f} of"


def _mean(seeds: pd.DataFrame, what: str) -> float:
    return float(seeds.loc[seeds["side"] == WITH, what].mean())


def _costs(comparison: Comparison) -> list[dict[str, Any]]:
    """Cost of a unit of each outcome, for participants and everybody, where the effect can be told from none."""
    e, design = comparison.effects, comparison.design
    week = design.end if design.end in design.read_at else design.read_at[-1]
    cells = e[(e["week"] == week) & (e["by"] == "all") & e["part"].isin(["participants", "everybody"])
              & e["significant"]]
    found = [(cell, comparison.cost_effectiveness(cell["outcome"], cell["part"], week, cell["side"]))
             for _, cell in cells.iterrows()]
    return [{"side": cell["side"], "week": week, "part": cell["part"], "outcome": cell["outcome"],
             **dataclasses.asdict(one), "text": str(one)} for cell, one in found if not isnan(one.cost)]


def _precision(comparison: Comparison) -> list[dict[str, Any]]:
    weeks = comparison.design.read_at
    week = PRECISION_WEEK if PRECISION_WEEK in weeks else weeks[-1]
    p = comparison.precision
    return _records(p[(p["week"] == week) & (p["side"] == WITH)])


def _reach(reach: pd.DataFrame) -> list[dict[str, Any]]:
    """Shares at the weeks whose reachable sets were worked out, mean over seeds; as weeks lived."""
    here = reach[(reach["side"] == WITH) & reach["reachable"].notna()]
    shown = here.groupby("week")[["differing", "moved", "reachable", "stray"]].mean().reset_index()
    return _records(shown.assign(week=shown["week"] + 1))


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]
