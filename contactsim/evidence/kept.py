"""The kept results of the last full replay: verdicts on findings, from ``experiments/FOLDER/result.csv``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import pandas as pd

from contactsim.evidence.baseline import read_table
from contactsim.evidence.design import BASE, Finding, Folder
from contactsim.evidence.judging import ORDER, REPORTED, diagnoses
from contactsim.evidence.loading import select

#: State of a finding without a kept result.
NOT_KEPT = "not replayed yet"


@dataclass(frozen=True)
class Kept:
    """The kept result of a finding."""

    folder: Folder
    finding: Finding
    outcomes: list[dict[str, Any]]
    """a line for each outcome: id, statement, unit, acceptance, share of worlds, verdict, median, p10, p90 ..."""
    removed: list[dict[str, Any]]
    """a line for each outcome and mechanism: what is gone without it"""
    record: dict[str, Any]
    """parameter sets, seeds and digests of the replay"""
    outdated: bool
    """whether the model gives other numbers than when it was computed"""

    @property
    def judged(self) -> list[dict[str, Any]]:
        """The outcomes that count."""
        return [one for one in self.outcomes if one["judged"]]

    @property
    def worst(self) -> dict[str, Any] | None:
        """The judged outcome that holds in the smallest share of worlds."""
        return min(self.judged, key=lambda one: float(one["share"]), default=None)

    @property
    def verdict(self) -> str:
        """The worst verdict of the judged outcomes."""
        return next((word for word in ORDER if any(one["verdict"] == word for one in self.judged)), REPORTED)

    @property
    def diagnosis(self) -> str:
        """Why it does not come out, from the folder's README; "" if nothing is said."""
        return diagnoses(self.folder.name).get(self.finding.id, "")

    def carriers(self, outcome: str) -> list[str]:
        """The mechanisms that carry an outcome, the most important first."""
        found = [one for one in self.removed if one["outcome"] == outcome and one["carries"] is True]
        return [str(one["worlds"]) for one in sorted(found, key=lambda one: -float(one["removed"]))]


@cache
def kept() -> dict[str, Kept]:
    """The kept results by finding, in the order of their numbers."""
    found = {}
    for folder in select([]).folders:
        archived = read_table(f"{folder.name}/result")
        if archived is None:
            continue
        for finding in folder.findings:
            lines = archived.table[archived.table["finding"] == finding.id]
            base = lines["worlds"] == BASE
            if base.any():
                found[finding.id] = Kept(folder, finding, _records(lines[base]), _records(lines[~base]),
                                         archived.record, archived.outdated)
    return dict(sorted(found.items(), key=lambda item: (item[0][0], int(item[0][1:]))))


def state(finding: str) -> str:
    """The verdict on a finding, and in how many worlds its weakest outcome holds, as in ``robust, 38 of 40``."""
    one = kept().get(finding)
    if one is None:
        return NOT_KEPT
    worst = one.worst
    return one.verdict if worst is None else f"{one.verdict}, {worst['holds']:.0f} of {worst['sets']:.0f}"


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in line.items()} for line in table.to_dict("records")]
