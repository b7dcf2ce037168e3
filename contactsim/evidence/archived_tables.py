"""Archived tables of sensitivity analyses and full replays, with a record of whether the model has changed since."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from contactsim.paths import experiments_folder
from contactsim.storage.atomic import new_file
from contactsim.storage.provenance import model_digest, numbers_digest


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


def read(name: str) -> ArchivedTable | None:
    """The table ``experiments/NAME.csv`` with its record ``NAME.json``; None if there is no such table."""
    file = experiments_folder() / f"{name}.csv"
    if not file.is_file():
        return None
    record = file.with_suffix(".json")
    return ArchivedTable(pd.read_csv(file), json.loads(record.read_text(encoding="utf-8")) if record.is_file() else {})


def archive(table: pd.DataFrame, name: str, record: dict[str, Any]) -> Path:
    """Write a table to ``experiments/NAME.csv`` and its record to ``NAME.json``; returns the path of the CSV file."""
    file = experiments_folder() / f"{name}.csv"
    write(table, file)
    write_json({**record, "model": model_digest(), "numbers": numbers_digest()}, file.with_suffix(".json"))
    return file


def write(table: pd.DataFrame, file: Path) -> None:
    """Write a table as CSV, atomically, with five decimal places."""
    with new_file(file) as partial:
        table.round(5).to_csv(partial, index=False)


def write_json(content: dict[str, Any], file: Path, sort_keys: bool = False) -> None:
    """Write indented JSON, atomically."""
    with new_file(file) as partial:
        partial.write_text(json.dumps(content, indent=1, sort_keys=sort_keys) + "\n", encoding="utf-8")
