"""The ledger as tables: for the terminal, as CSV, as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.table import Table

from contactsim.evidence.formats import band, estimate
from contactsim.evidence.results import Entry
from contactsim.evidence.tasks import BASE
from contactsim.evidence.verdicts import INCONCLUSIVE, NOT_EXPLAINED, NOT_REPRODUCED, REPRODUCED

STYLES = {REPRODUCED: "green", NOT_REPRODUCED: "red", NOT_EXPLAINED: "yellow", INCONCLUSIVE: "dim"}


def ledger(entries: list[Entry], sample: str) -> Table:
    """One line a row, under each finding; knock-outs beneath."""
    out = Table(title=f"The ledger ({sample} sample)", title_justify="left", pad_edge=False, box=SIMPLE_HEAD)
    for column in ("row", "effect and interval", "band", "role", "verdict"):
        out.add_column(column, no_wrap=column != "verdict")
    for entry in entries:
        small = f"; too small a sample for {', '.join(entry.too_small)}" if entry.too_small else ""
        word = f"[{STYLES[entry.verdict]}]{entry.verdict}[/] ({entry.counted} rows{small})"
        out.add_row(entry.id, "", "", entry.role, word, style="bold")
        for row in entry.rows:
            word = row.verdict if row.judged else f"not judged: {row.verdict}"
            role = row.role if row.role != entry.role else ""
            out.add_row(f"  {row.id}", estimate(row.effect), band(row.band), role, word)
            for name, (rule, found) in row.knock_outs.items():
                out.add_row(f"    {name}", estimate(found), "must leave" if rule == "leaves" else "reported", "", "",
                            style="dim")
    return out


def count(entries: list[Entry]) -> str:
    """How many findings came out, in a sentence."""
    findings = [entry for entry in entries if not entry.check]
    words = [f"{sum(e.verdict == word for e in findings)} {word}"
             for word in (REPRODUCED, NOT_REPRODUCED, NOT_EXPLAINED, INCONCLUSIVE)]
    checks = [entry for entry in entries if entry.check]
    said = f"{len(findings)} findings: {', '.join(words)}." if findings else ""
    passed = sum(e.verdict == REPRODUCED for e in checks)
    return said + (f" {passed} of {len(checks)} realism checks hold." if checks else "")


def csv(entries: list[Entry]) -> pd.DataFrame:
    """One line for each row and world."""
    lines = []
    for entry in entries:
        for row in entry.rows:
            common = {"finding": entry.id, "row": row.id, "claim": entry.claim, "says": row.says, "unit": row.unit,
                      "grade": entry.grade, "role": row.role, "band_low": row.band[0], "band_high": row.band[1],
                      "judged": row.judged}
            for world, found in {BASE: row.effect, **{name: one for name, (_, one) in row.knock_outs.items()}}.items():
                lines.append({**common, "world": world, "mean": found.mean, "low": found.low, "high": found.high,
                              "seeds": found.seeds, "verdict": row.verdict if world == BASE else ""})
    return pd.DataFrame(lines)


def plain(entries: list[Entry]) -> list[dict[str, Any]]:
    """Entries as plain data, with what follows from their rows."""
    return [{**asdict(entry), "verdict": entry.verdict, "reproduced": entry.counted, "too_small": entry.too_small}
            for entry in entries]
