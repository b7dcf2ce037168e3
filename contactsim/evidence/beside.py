"""Sections of the report beside the findings: disputes of the sources, what moves what, and what was fitted."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from contactsim.evidence import calibration, disputes, sensitivity, tried, turns
from contactsim.evidence.entries import Entry, Judged
from contactsim.evidence.tables import band, number
from contactsim.evidence.tried import Tried

UNJUSTIFIED = "no row of those looked at"
OUTDATED = "<p class=note>Computed before the model's numbers last changed, and to be run again.</p>"
INDEX = {"morris": ("mu_star", "how far a number moves a row over its range, the others anywhere (Morris's mu*)"),
         "sobol": ("ST", "the share of a row's variance that a number has a part in (Sobol's total index)")}


def disputed(entries: Sequence[Entry]) -> str:
    """Both readings of each matter that the entries have the rows of, side by side."""
    rows = {row.id: row for entry in entries for row in entry.rows}
    parts = []
    for one in disputes.read():
        if all(side.row in rows for side in one.sides):
            cells = [_side(side, rows[side.row]) for side in one.sides]
            lines = ["".join(f"<{tag}>{cell[k]}" for cell in cells) for k, tag in enumerate(("th", "td", "td", "td"))]
            parts.append(f"<h3>{escape(one.matter)}</h3><table class=sides>"
                         f"{''.join(f'<tr>{line}</tr>' for line in lines)}</table><p>{escape(one.note)}</p>")
    return "".join(parts)


def _side(side: disputes.Side, row: Judged) -> tuple[str, str, str, str]:
    found = row.effect if side.knock_out is None else row.knock_outs[side.knock_out][1]
    where = "" if side.knock_out is None else f", {side.knock_out.replace('_', ' ')}"
    agrees = "agrees with this reading" if found.inside(row.band) else (
        "contradicts it" if found.outside(row.band) else "cannot be told with this sample")
    if side.knock_out is not None:
        agrees = "what is found where this reading is put in"
    return (f"{escape(', '.join(side.evidence))}: {escape(side.reading)}", f"{row.id}{where}: {escape(row.says)}",
            f"{number(found)} {escape(row.unit)}; band {band(row.band)}", f"<b>{agrees}</b>")


def moving() -> str:
    """Which rows each number moves, and where verdicts turn, from the kept tables of ``contactsim sensitivity``."""
    parts = []
    for method, show in (("each", _each), ("along", _along), ("morris", _indices), ("sobol", _indices)):
        kept = tried.read(f"sensitivity/{method}")
        if kept is not None:
            parts.append(f"{show(kept, method)}{OUTDATED if kept.outdated else ''}")
    return "".join(parts) or "<p>Nothing is kept yet: contactsim sensitivity each --update-baseline.</p>"


def _about(kept: Tried) -> str:
    about = kept.about
    return f"{about['points']} points, {about['seeds']} seeds each, places of {about['residents']:,} residents." \
        if about else ""


def _each(kept: Tried, _: str) -> str:
    idle = sensitivity.design().kept_although_idle
    lines = []
    for name, (rows, turning) in turns.moves(kept.table).items():
        moved = escape(", ".join(rows)) or f"<b>none</b>: {escape(idle.get(name, UNJUSTIFIED))}"
        lines.append(f"<tr><td>{escape(name)}<td>{moved}<td>{escape(', '.join(turning)) or '-'}</tr>")
    return ("<h3>Each number of the psychology by itself, 30 % less and more</h3><p>A row counts as moved beyond "
            f"{sensitivity.MOVED:g} standard errors and {sensitivity.AT_LEAST:g} of its unit. Numbers that are 0 "
            f"cannot be moved so. {_about(kept)}</p><table><tr><th>number<th>rows that it moves<th>of these, enter or "
            f"leave their band</tr>{''.join(lines)}</table>")


def _along(kept: Tried, method: str) -> str:
    items = "".join(f"<li>{escape(one)}</li>" for one in turns.sentences(kept.table, method)) or "<li>nowhere</li>"
    return ("<h3>Where verdicts turn along the contested and unsourced numbers</h3><p>Each by itself, the others as "
            f"they are. {_about(kept)}</p><ul>{items}</ul>")


def _indices(kept: Tried, method: str) -> str:
    column, text = INDEX[method]
    parameters = list(dict.fromkeys(kept.table["parameter"]))
    lines = [f"<tr><th>row{''.join(f'<th>{escape(name)}' for name in parameters)}</tr>"]
    for row, found in kept.table.groupby("row", sort=False):
        values = found.set_index("parameter")
        cells = "".join(f"<td>{_index(values.loc[name], column)}{_turning(values.loc[name])}" for name in parameters)
        lines.append(f"<tr><td>{escape(str(row))}{cells}</tr>")
    return (f"<h3>The contested and unsourced numbers together: {method.title()}</h3><p>A figure is {escape(text)}, "
            "± half its 95 % interval by resampling: where that is as large, the sample cannot tell it; in brackets, "
            "the share of points inside the row's band with the number in the lower and in the upper half of its "
            f"range, where these differ by a fifth or more. {_about(kept)}</p><table>{''.join(lines)}</table>")


def _index(values: Any, column: str) -> str:
    return f"{values[column]:.2f} ± {values[f'{column}_conf']:.2f}"


def _turning(values: Any) -> str:
    low, high = values["inside_low"], values["inside_high"]
    return f" <b>({low:.0%}, {high:.0%})</b>" if abs(high - low) >= 0.2 else ""


def fitted() -> str:
    """What was fitted to the calibrated rows, on which budget, and whether it is in use."""
    parts = []
    for name, of in calibration.designs().items():
        kept = calibration.kept(name)
        if kept is not None:
            parts.append(f"<h3>{escape(of.title)}</h3><p>{_fit(of, kept)} {escape(of.outcome)}</p>")
    return "".join(parts) or "<p>Nothing is kept yet: contactsim calibrate --update-baseline.</p>"


def _fit(of: calibration.Calibration, kept: dict[str, Any]) -> str:
    values = ", ".join(f"{name} = {value:g}" for name, value in kept["parameters"].items())
    rows = ", ".join(f"{row} {value:.3g} (aim {of.rows[row].target:g})" for row, value in kept["rows"].items())
    return (f"{escape(kept['method'])}, {kept['evaluations']} evaluations of a budget of {kept['budget']}, "
            f"{kept['design']['seeds']} seeds that no finding is tested on: {escape(values)}; there {escape(rows)}; "
            f"objective {kept['objective']:.3g}, the sum of ((figure - aim) / scale) squared.")
