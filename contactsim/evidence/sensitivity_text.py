"""What tables of sensitivity say, in sentences: which rows a number moves, and where a row's verdict turns."""

from __future__ import annotations

import pandas as pd

from contactsim.evidence.formats import general, rounded


def moves(table: pd.DataFrame) -> dict[str, tuple[list[str], list[str]]]:
    """By number of the psychology: the rows that it moves, and those of them that enter or leave their band."""
    found = {}
    for parameter, lines in table.groupby("parameter", sort=False):
        counting = lines[lines["counts"]]
        found[str(parameter)] = (list(dict.fromkeys(counting["row"])),
                                 list(dict.fromkeys(counting.loc[counting["turns"], "row"])))
    return found


def sentences(table: pd.DataFrame, method: str) -> list[str]:
    """One for each number moved by itself (``each``), or for each number and row that turns (``along``)."""
    if method == "each":
        return [f"{parameter}: moves {', '.join(rows) or 'no row'}" + (f"; turns {', '.join(turns)}" if turns else "")
                for parameter, (rows, turns) in moves(table).items()]
    said = []
    for (parameter, row), lines in table.groupby(["parameter", "row"], sort=False):
        turning = lines[lines["turns"] & lines["counts"]]
        if not turning.empty:
            values = ", ".join(f"{general(value)} ({rounded(moved)})" for value, moved in zip(
                turning["value"], turning["moved"], strict=True))
            said.append(f"{row} (now {rounded(lines['base'].iloc[0])}) turns along {parameter}: at {values}.")
    return said
