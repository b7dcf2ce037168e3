"""Summary of a run: as JSON-ready values, as a few lines, and as tables for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from contactsim.observers.weekly import ALL_OTHERS
from contactsim.runs.folder import Run

if TYPE_CHECKING:
    from rich.console import RenderableType

#: Number of weeks at each end over which meetings are averaged.
SPAN = 4
LEGEND = (f"16+: residents aged 16 and over. positive, negative: meetings with other groups per resident and week "
          f"(mean of the first and last {SPAN} weeks). attitude, SD: mean and spread of attitudes to all others, "
          f"-1 to 1. friends: share with a friend in another group. anxiety, threat: 0 to 1.")


def summarise(run: Run) -> dict[str, Any]:
    """JSON-ready: place, burn-in, actions, and by group contact and attitudes at the start and at the end.

    Contact is the mean over the first and last :data:`SPAN` weeks; attitudes are the mean and standard deviation,
    towards all other groups, in the first and in the last week.
    """
    weeks = sorted(run.weekly["week"].unique())
    spans = {"start": weeks[:SPAN], "end": weeks[-SPAN:]}
    ends = {"start": weeks[:1], "end": weeks[-1:]}
    groups = {}
    for group in run.place["groups"]:
        own = run.weekly[run.weekly["group"] == group]
        groups[group] = {
            **{name: _at(own, name, ALL_OTHERS, spans) for name in ("positive", "negative", "declined")},
            **{name: _at(own, name, ALL_OTHERS, ends) for name in ("attitude", "attitude_sd")},
            **{name: _at(own, name, "", ends) for name in ("residents", "cross_friend", "anxiety", "threat")}}
    record = run.provenance
    return {
        "folder": str(run.folder) if run.folder else None,
        "place": {key: run.place[key] for key in (
            "name", "residents", "groups", "census", "synthetic", "cleaning_notes", "note")},
        "weeks": record["weeks"], "seed": record["seed"], "digest": record["digest"],
        "contactsim": record["contactsim"], "burn_in": record["burn_in"], "seconds": record["seconds"],
        "groups": groups,
        "respondents": int(run.survey[["week", "resident"]].drop_duplicates().shape[0]),
        "actions": run.actions,
        "figure": str(run.folder / "figure.png") if run.folder else None,
    }


def closing_lines(run: Run) -> list[str]:
    """Three to six lines on a run that has just ended."""
    figures = summarise(run)
    largest = sorted(figures["groups"], key=lambda name: -figures["place"]["groups"][name]["residents"])[:3]
    lines = [f"{figures['place']['name']}: {figures['place']['residents']:,} residents, {_burn_in(figures)}"]
    for name in largest:
        g = figures["groups"][name]
        lines.append(
            f"{name}, first to last week: positive meetings {_change(g['positive'], 2)} and negative "
            f"{_change(g['negative'], 2)} per week; attitude {_change(g['attitude'], 3)}, SD "
            f"{_change(g['attitude_sd'], 3)}")
    return [*lines, *_actions(run), f"{figures['folder']}: contactsim show {figures['folder']}"]


def render(run: Run) -> RenderableType:
    """The summary as tables for a terminal."""
    from rich.console import Group
    from rich.text import Text

    figures = summarise(run)
    place = figures["place"]
    head = f"{place['name']}: {place['residents']:,} residents, {figures['weeks']} weeks, seed {figures['seed']}"
    shares = ", ".join(f"{name} {values['share']:.1%}" for name, values in place["groups"].items())
    facts = [f"groups: {shares}", *(f"table: {text}" for text in place["census"]),
             *(f"made: {text}" for text in place["synthetic"]),
             *(f"cleaned: {text}" for text in place["cleaning_notes"]),
             *([place["note"]] if place["note"] else []),
             _burn_in(figures), *_actions(run), f"surveys: {figures['respondents']:,} answers in two waves",
             f"contactsim {figures['contactsim']}, digest {figures['digest']}, {figures['seconds']:.1f} s",
             f"figure: {figures['figure']}"]
    return Group(Text(head, style="bold"), Text(""), _table(figures), Text(LEGEND, style="dim"), Text(""),
                 *(Text(fact) for fact in facts))


def _actions(run: Run) -> list[str]:
    """A line for each action: number of participants, costs, and notes for an evaluation."""
    lines = []
    for one in run.actions:
        people = f"{one['participants']:,} people reached"
        if one["interested"]:
            people = (f"{one['participants']:,} of {one['interested']:,} interested took part"
                      if one["participants"] <= one["interested"] else f"{people}, {one['interested']:,} interested")
        lines.append("; ".join([f"action {one['name']} ({one['mechanism']}): {people}, {one['staff']:,} staff and "
                                f"volunteers, £{one['costs']['total']:,.0f}", *one["notes"][:2]]))
    return lines


def _table(figures: dict[str, Any]) -> RenderableType:
    from rich.table import Column, Table

    titles = ("16+", "positive", "negative", "attitude", "SD", "friends", "anxiety", "threat")
    table = Table("group", Column("week", no_wrap=True),
                  *(Column(title, justify="right", no_wrap=True) for title in titles),
                  box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for name, g in figures["groups"].items():
        for end, title in (("start", "first"), ("end", "last")):
            table.add_row(
                name if end == "start" else "", title, f"{g['residents'][end]:,.0f}",
                f"{g['positive'][end]:.2f}", f"{g['negative'][end]:.2f}",
                f"{g['attitude'][end]:.3f}", f"{g['attitude_sd'][end]:.3f}",
                f"{g['cross_friend'][end]:.0%}", f"{g['anxiety'][end]:.2f}", f"{g['threat'][end]:.2f}")
    return table


def _at(own: pd.DataFrame, measure: str, target: str, ends: dict[str, Any]) -> dict[str, float]:
    rows = own[(own["measure"] == measure) & (own["target"] == target)]
    return {end: float(rows.loc[rows["week"].isin(weeks), "value"].mean()) for end, weeks in ends.items()}


def _change(values: dict[str, float], digits: int) -> str:
    return f"{values['start']:.{digits}f} → {values['end']:.{digits}f}"


def _burn_in(figures: dict[str, Any]) -> str:
    burn_in = figures["burn_in"]
    if not burn_in["weeks"]:
        return "no burn-in: nobody has met before week 0, so much of the change is an effect of first meetings"
    flat = "flat at its end" if burn_in["flat"] else (
        f"NOT flat at its end (drift {burn_in['drift_sd_per_half_year']:.3f} SD in half a year)")
    return f"burn-in of {burn_in['weeks']} weeks before week 0, {flat}"
