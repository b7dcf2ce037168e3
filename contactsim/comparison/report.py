"""The report of a comparison: tables for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan
from typing import TYPE_CHECKING, Any

import pandas as pd

from contactsim.comparison.design import at_point, point_text
from contactsim.comparison.effects import PARTS
from contactsim.comparison.paired_runs import MESSAGE_OFF, TREATMENT
from contactsim.observers.panel import OUTCOMES

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

LEGEND = ("Effects in standard deviations of the own group in the control arm, with 95 % intervals over {}; "
          "* the interval excludes 0. Averages are estimates; one person's difference is illustrative only.")
#: Where parameter sets are pooled.
POOLED = ("Over {}: an interval is that of the mean over sets and seeds together (Student's t over the sets' means). "
          "'Between sets' shows how the sets differ net of seed noise: their SD, 10th and 90th percentile, and the "
          "share of sets in which the effect has the sign of the mean.")
#: What the last lines of a table count.
CLOSE_HOURS = ("Close hours are hours of company with other groups times their closeness, in good or bad meetings: "
               "added by then, and of the same people in an ordinary year.")


def render(found: Mapping[str, Any]) -> RenderableType:
    """The summary as tables for a terminal."""
    from rich.console import Group
    from rich.text import Text

    table = pd.DataFrame(found["effects"])
    what = ", ".join(found["actions"]) or "other parameters"
    head = (f"{what} in {found['place']['name']} ({found['place']['residents']:,} residents), "
            f"{runs_text(found)}, treatment minus control")
    legend = LEGEND.format("parameter sets and seeds" if "ensemble" in found else "seeds")
    blocks: list[Any] = [Text(head, style="bold"), Text(f"{legend} {CLOSE_HOURS}", style="dim")]
    if "ensemble" in found:
        blocks.append(Text(POOLED.format(runs_text(found))))
    if "axes" in found:
        return Group(*blocks, *_grid(table, found), *map(Text, [*found["notes"], _written(found)]))
    for week in _shown_weeks(found):
        here = table[table["week"] == week]
        blocks += [Text(""), Text(_when(found, week)), _by_part(here, found["dose"], week),
                   *_between(here[(here["arm"] == TREATMENT) & (here["by"] == "all")], list(OUTCOMES), found)]
    blocks += [Text(""), *_cuts(table, found)]
    return Group(*blocks, *map(Text, _lines(found, table)))


def plain_table(names: Sequence[str], numbers: Sequence[str], gap: int = 1) -> Table:
    """An empty table without lines: columns of names, and columns of numbers that are never broken."""
    from rich.table import Column, Table

    return Table(*names, *(Column(name, justify="right", no_wrap=True) for name in numbers), padding=(0, gap, 0, 0),
                 box=None, pad_edge=False)


def runs_text(found: Mapping[str, Any], what: str = "seed", more: str = "") -> str:
    """``10 seeds``, or ``40 parameter sets and 2 seeds each``."""
    many = len(found["seeds"])
    seeds = f"{many} {what}{'' if many == 1 else 's'}{more}"
    return f"{len(found['ensemble']['sets'])} parameter sets and {seeds} each" if "ensemble" in found else seeds


def between_row(name: str, row: Any, prefix: str = "sets") -> tuple[str, str, str, str, str]:
    """How parameter sets differ: name, sets, standard deviation, percentiles, share with the sign of the mean.

    ``row`` has :data:`contactsim.comparison.effects.BETWEEN`, with ``prefix`` in the place of ``sets``.
    """
    sd, low, high, agree = (row[f"{prefix}_{what}"] for what in ("sd", "p10", "p90", "same_sign"))
    return (name, f"{row[prefix]:.0f}", "–" if pd.isna(sd) else _short(sd).removeprefix("+"),
            "–" if pd.isna(low) else f"{_short(low)} {_short(high)}", "–" if pd.isna(agree) else f"{agree:.0%}")


def between_table(title: str) -> Table:
    """An empty table for :func:`between_row`."""
    return plain_table([title], ["sets", "SD between", "10th to 90th", "same sign"], gap=2)


def _between(effects: pd.DataFrame, outcomes: Sequence[str], found: Mapping[str, Any]) -> list[RenderableType]:
    """How effects on the main part differ between parameter sets, by outcome; empty if no sets are pooled."""
    if "ensemble" not in found:
        return []
    part = _main_part(found)
    shown = between_table(f"{part}, between sets")
    for outcome in outcomes:
        for _, row in effects[(effects["part"] == part) & (effects["outcome"] == outcome)].iterrows():
            if not pd.isna(row["raw"]) and row["raw"] != 0:
                shown.add_row(*between_row(outcome, row))
    return [shown] if shown.row_count else []


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
        blocks += [Text(""), Text(f"{label}, week {cell['week']}"), _by_outcome(rows, shown),
                   *_between(rows, shown, found)]
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
                   _by_outcome(rows, shown), *_between(rows, shown, found)]
    return blocks


def _significant(table: pd.DataFrame) -> list[str]:
    return [name for name in OUTCOMES if table.loc[table["outcome"] == name, "significant"].any()]


def _by_outcome(table: pd.DataFrame, outcomes: Sequence[str]) -> RenderableType:
    """One line for each outcome, one column for each part."""
    parts = [part for part in PARTS if table.loc[table["part"] == part, "raw"].notna().any()]
    shown = plain_table(["outcome"], parts)
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


def _by_part(table: pd.DataFrame, doses: Sequence[Mapping[str, Any]], week: int) -> RenderableType:
    """One line for each outcome that differs, and the close hours below."""
    here = table[(table["by"] == "all") & (table["arm"] == TREATMENT)]
    present = [part for part in PARTS if (here.loc[here["part"] == part, "residents"] > 0).any()]
    shown = plain_table(["outcome"], [f"{part}\n{_number(here, part)}" for part in present])
    for outcome in OUTCOMES:
        cells = [here[(here["outcome"] == outcome) & (here["part"] == part)].iloc[0] for part in present]
        if any(cell["raw"] != 0 for cell in cells):
            shown.add_row(outcome, *(_cell(cell) for cell in cells))
    if not shown.row_count:
        shown.add_row("no outcome differs", *("" for _ in present))
    dose = {one["part"]: one for one in doses
            if (one["week"], one["by"], one["arm"]) == (week, "all", TREATMENT) and one["part"] in present}
    if dose:
        shown.add_row("close hours added", *(_added(dose[part]) for part in present))
        shown.add_row("in an ordinary year", *(f"{dose[part]['ordinary']:,.1f}" for part in present))
    return shown


def _added(dose: Mapping[str, Any]) -> str:
    """Close hours, and their interval on the next line."""
    limits = [dose[name] for name in ("low", "high")]
    return f"{dose['added']:+,.1f}" + ("" if any(pd.isna(one) for one in limits)
                                       else "\n" + " ".join(f"{one:+,.1f}" for one in limits))


def _cuts(table: pd.DataFrame, found: Mapping[str, Any]) -> list[RenderableType]:
    """Attitude by group, age and prior contact, of participants if there are any, else of everybody."""
    from rich.text import Text

    week, part = _shown_weeks(found)[0], _main_part(found)
    here = table[(table["week"] == week) & (table["part"] == part) & (table["outcome"] == "attitude")
                 & (table["arm"] == TREATMENT) & (table["by"] != "all") & (table["residents"] > 0)]
    shown = plain_table(["", ""], ["people", "attitude"], gap=2)
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
