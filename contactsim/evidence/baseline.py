"""The baseline: earlier results in ``experiments/`` with which later ones are compared.

It holds the means of the regression's outcomes (``experiments/regression.yaml``), and tables of sensitivity analyses
and full replays. A mean may deviate from the baseline by :data:`TOLERANCE` of its standard errors. The same code gives
identical figures; the tolerance allows for changes of the code that should not matter. Nothing is judged.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from contactsim.paths import experiments_folder
from contactsim.storage.atomic import new_file
from contactsim.storage.provenance import model_digest, numbers_digest

#: Standard errors by which a mean may deviate (two independent samples differ by more once in 200 times).
TOLERANCE = 4.0
#: By outcome: mean and tolerance.
Baseline = dict[str, dict[str, Any]]
FILE = "baseline.json"


@dataclass(frozen=True)
class Measured:
    """An outcome of the regression: its figures in one parameter set."""

    folder: str
    finding: str
    id: str
    statement: str
    unit: str
    values: list[float]
    """by seed"""

    @property
    def mean(self) -> float:
        """Mean over seeds."""
        return float(np.mean(self.values))


def read(folder: str, sample: str) -> Baseline:
    """{outcome: {mean, tolerance}} of a folder's sample; empty if there is no baseline."""
    file = experiments_folder() / folder / FILE
    if not file.is_file():
        return {}
    found: Baseline = json.loads(file.read_text(encoding="utf-8")).get(sample, {})
    return found


def entries(measured: Sequence[Measured]) -> Baseline:
    """The baseline that these figures give."""
    return {one.id: {"mean": round(one.mean, 4), "tolerance": _tolerance(one.values)} for one in measured}


def _tolerance(values: list[float]) -> float | None:
    x = np.asarray(values)
    if x.shape[0] < 2 or not np.isfinite(x).all():
        return None
    return float(f"{max(TOLERANCE * x.std(ddof=1) / np.sqrt(x.shape[0]), 1e-4):.2g}")


def deviations(measured: Sequence[Measured], sample: str) -> list[str]:
    """A sentence for each outcome whose mean deviates from the baseline."""
    sentences = []
    for one in measured:
        before, now = read(one.folder, sample).get(one.id), round(one.mean, 4)
        if before is not None and before["tolerance"] is not None and (
                not abs(now - before["mean"]) <= before["tolerance"]):
            sentences.append(f"{one.id}: baseline {before['mean']:g} ± {before['tolerance']:g}, now {now:g}")
    return sentences


def missing(measured: Sequence[Measured], sample: str) -> list[str]:
    """Outcomes that the baseline does not have yet."""
    return [one.id for one in measured if one.id not in read(one.folder, sample)]


def update(measured: Sequence[Measured], sample: str) -> list[str]:
    """Write these figures to the baseline files of their folders; returns a sentence for each change."""
    sentences = deviations(measured, sample) + [f"{name}: new" for name in missing(measured, sample)]
    for folder in sorted({one.folder for one in measured}):
        file = experiments_folder() / folder / FILE
        everything = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        found = entries([one for one in measured if one.folder == folder])
        everything[sample] = {**everything.get(sample, {}), **found}
        write_json(everything, file, sort_keys=True)
    return sentences


# --- archived tables

@dataclass(frozen=True)
class ArchivedTable:
    """An archived table and its record."""

    table: pd.DataFrame
    record: dict[str, Any]
    """parameter sets, seeds, digests and the like; empty if there is no record"""

    @property
    def outdated(self) -> bool:
        """Whether the model gives other numbers than when the table was computed."""
        return self.record.get("numbers") != numbers_digest()


def read_table(name: str) -> ArchivedTable | None:
    """The table ``experiments/NAME.csv`` with its record ``NAME.json``; None if there is no such table."""
    file = experiments_folder() / f"{name}.csv"
    if not file.is_file():
        return None
    record = file.with_suffix(".json")
    return ArchivedTable(pd.read_csv(file), json.loads(record.read_text(encoding="utf-8")) if record.is_file() else {})


def archive_table(table: pd.DataFrame, name: str, record: dict[str, Any]) -> Path:
    """Write a table to ``experiments/NAME.csv`` and its record to ``NAME.json``; returns the path of the CSV file."""
    file = experiments_folder() / f"{name}.csv"
    write_csv(table, file)
    write_json({**record, "model": model_digest(), "numbers": numbers_digest()}, file.with_suffix(".json"))
    return file


def write_csv(table: pd.DataFrame, file: Path) -> None:
    """Write a table as CSV, atomically, with five decimal places."""
    with new_file(file) as partial:
        table.round(5).to_csv(partial, index=False)


def write_json(content: dict[str, Any], file: Path, sort_keys: bool = False) -> None:
    """Write indented JSON, atomically."""
    with new_file(file) as partial:
        partial.write_text(json.dumps(content, indent=1, sort_keys=sort_keys) + "\n", encoding="utf-8")
