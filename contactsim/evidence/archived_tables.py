"""Kept tables: what was tried beside the findings, with what it takes to tell whether the model has changed since."""

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
class Tried:
    """A kept table and how it came about."""

    table: pd.DataFrame
    about: dict[str, Any]
    """budget, seeds and the like; empty where nothing was written down"""

    @property
    def outdated(self) -> bool:
        """The model gives other numbers than those that it was computed from."""
        return self.about.get("numbers") != numbers_digest()


def read(name: str) -> Tried | None:
    """The table ``experiments/NAME.csv`` with what ``NAME.json`` says of it; None where there is none."""
    file = experiments_folder() / f"{name}.csv"
    if not file.is_file():
        return None
    beside = file.with_suffix(".json")
    return Tried(pd.read_csv(file), json.loads(beside.read_text(encoding="utf-8")) if beside.is_file() else {})


def keep(table: pd.DataFrame, name: str, about: dict[str, Any]) -> Path:
    """Keep a table as ``experiments/NAME.csv``, and beside it how it came about; returns the CSV's path."""
    file = experiments_folder() / f"{name}.csv"
    write(table, file)
    with new_file(file.with_suffix(".json")) as partial:
        of = {"model": model_digest(), "numbers": numbers_digest()}
        partial.write_text(json.dumps({**about, **of}, indent=1) + "\n", encoding="utf-8")
    return file


def write(table: pd.DataFrame, file: Path) -> None:
    """Write a table as CSV, whole or not at all."""
    with new_file(file) as partial:
        table.round(5).to_csv(partial, index=False)
