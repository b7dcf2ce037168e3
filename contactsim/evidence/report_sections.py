"""What the report shows besides findings: disputes of the sources, what moves what, and what was fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contactsim.evidence import archived_tables, calibration, disputes, sensitivity, sensitivity_text
from contactsim.evidence.results import Entry, Judged
from contactsim.evidence.verdicts import Interval

UNJUSTIFIED = "no row of those looked at"
#: By method: the column that is shown, its interval's, and what it says.
INDICES = {"morris": ("mu_star", "how far a number moves a row over its range, the others anywhere (Morris's mu*)"),
           "sobol": ("ST", "the share of a row's variance that a number has a part in (Sobol's total index)")}
#: Difference of the shares inside a band from which on a number is said to decide.
DECIDES = 0.2


@dataclass(frozen=True)
class Side:
    """A reading of some sources and the row that shows it."""

    evidence: list[str]
    reading: str
    row: Judged
    knock_out: str | None
    found: Interval
    agrees: str


@dataclass(frozen=True)
class Dispute:
    """A matter on which sources disagree, with both readings."""

    matter: str
    note: str
    sides: list[Side]


def disputed(entries: Sequence[Entry]) -> list[Dispute]:
    """The matters of which the entries have all rows."""
    rows = {row.id: row for entry in entries for row in entry.rows}
    return [Dispute(one.matter, one.note, [_side(side, rows[side.row]) for side in one.sides])
            for one in disputes.read() if all(side.row in rows for side in one.sides)]


def _side(side: disputes.Side, row: Judged) -> Side:
    found = row.effect if side.knock_out is None else row.knock_outs[side.knock_out][1]
    agrees = "agrees with this reading" if found.inside(row.band) else (
        "contradicts it" if found.outside(row.band) else "cannot be told with this sample")
    if side.knock_out is not None:
        agrees = "what is found where this reading is put in"
    return Side(side.evidence, side.reading, row, side.knock_out, found, agrees)


def moving() -> dict[str, Any]:
    """Which rows each number moves, and where verdicts turn, from the kept tables of ``contactsim sensitivity``.

    ``each`` and ``along`` are None, and ``indices`` is empty, where nothing is kept.
    """
    each, along = archived_tables.read("sensitivity/each"), archived_tables.read("sensitivity/along")
    idle = sensitivity.design().kept_although_idle
    return {
        "moved": sensitivity.MOVED, "at_least": sensitivity.AT_LEAST,
        "each": None if each is None else {"kept": each, "numbers": [
            {"name": name, "rows": rows, "turning": turning, "idle": idle.get(name, UNJUSTIFIED)}
            for name, (rows, turning) in sensitivity_text.moves(each.table).items()]},
        "along": None if along is None else {"kept": along, "sentences": sensitivity_text.sentences(along.table, "along")},
        "indices": [_indices(method) for method in INDICES if archived_tables.read(f"sensitivity/{method}") is not None]}


def _indices(method: str) -> dict[str, Any]:
    kept = archived_tables.read(f"sensitivity/{method}")
    assert kept is not None
    column, text = INDICES[method]
    parameters = list(dict.fromkeys(kept.table["parameter"]))
    rows = [(str(row), [_index(found.set_index("parameter").loc[name], column) for name in parameters])
            for row, found in kept.table.groupby("row", sort=False)]
    return {"kept": kept, "method": method, "text": text, "parameters": parameters, "rows": rows}


def _index(values: Any, column: str) -> dict[str, Any]:
    low, high = values["inside_low"], values["inside_high"]
    return {"value": values[column], "half": values[f"{column}_conf"], "low": low, "high": high,
            "turns": abs(high - low) >= DECIDES}


def fitted() -> list[tuple[calibration.Calibration, Mapping[str, Any]]]:
    """What was fitted to the calibrated rows and is kept, each with its design."""
    found = [(of, calibration.kept(name)) for name, of in calibration.designs().items()]
    return [(of, kept) for of, kept in found if kept is not None]
