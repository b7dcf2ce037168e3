"""Kept results: verdicts and figures that a later replay is held against.

A figure may move by as much as its own seeds make it uncertain: ``TOLERANCE`` standard errors of its mean. The same
code gives the same bits; a tolerance is for changes that should not matter.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from contactsim.evidence.results import Entry
from contactsim.paths import experiments_folder
from contactsim.storage.atomic import new_file

#: Standard errors of its mean by which a figure may move (two independent samples differ by more once in 200 times).
TOLERANCE = 4.0
Kept = dict[str, dict[str, Any]]


def read(folder: str, sample: str) -> Kept:
    """{row: {verdict, mean, tolerance}} kept for a folder's sample; empty where none is."""
    file = experiments_folder() / folder / "kept.json"
    if not file.is_file():
        return {}
    found: Kept = json.loads(file.read_text(encoding="utf-8")).get(sample, {})
    return found


def rows(entries: list[Entry]) -> Kept:
    """What would be kept of entries."""
    return {row.id: {"verdict": row.verdict, "mean": round(row.effect.mean, 4), "tolerance": _tolerance(row.values)}
            for entry in entries for row in entry.rows}


def _tolerance(values: list[float]) -> float | None:
    x = np.asarray(values)
    if x.shape[0] < 2 or not np.isfinite(x).all():
        return None
    return float(f"{max(TOLERANCE * x.std(ddof=1) / np.sqrt(x.shape[0]), 1e-4):.2g}")


def moved(entries: list[Entry], sample: str) -> list[str]:
    """A sentence for each kept result of these entries that no longer holds."""
    said = []
    for entry in entries:
        kept, now = read(entry.folder, sample), rows([entry])
        for name, found in now.items():
            before = kept.get(name)
            if before is None:
                continue
            if before["verdict"] != found["verdict"]:
                said.append(f"{name}: kept '{before['verdict']}' ({before['mean']:g}), now '{found['verdict']}' "
                            f"({found['mean']:g})")
            elif before["tolerance"] is not None and not abs(found["mean"] - before["mean"]) <= before["tolerance"]:
                said.append(f"{name}: kept {before['mean']:g} ± {before['tolerance']:g}, now {found['mean']:g}")
    return said


def unkept(entries: list[Entry], sample: str) -> list[str]:
    """Rows for which nothing is kept yet."""
    return [row.id for entry in entries for row in entry.rows if row.id not in read(entry.folder, sample)]


def keep(entries: list[Entry], sample: str) -> list[str]:
    """Keep these results, in the folders of their findings; returns what moved and what is new, a sentence each."""
    said = moved(entries, sample) + [f"{name}: new" for name in unkept(entries, sample)]
    for folder in sorted({entry.folder for entry in entries}):
        file = experiments_folder() / folder / "kept.json"
        everything = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        of_folder = [entry for entry in entries if entry.folder == folder]
        everything[sample] = {**everything.get(sample, {}), **rows(of_folder)}
        with new_file(file) as partial:
            partial.write_text(json.dumps(everything, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return said
