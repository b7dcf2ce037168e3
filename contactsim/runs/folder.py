"""The folder of a finished run: its tables, figures and provenance, and how to read them back."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from contactsim.errors import UserError
from contactsim.storage.atomic import is_partial
from contactsim.storage.provenance import FORMAT

FILES = ("config.yaml", "weekly.parquet", "survey.parquet", "place.json", "provenance.json", "figure.png")


@dataclass(frozen=True)
class Run:
    """A finished run."""

    folder: Path | None
    """where it is stored; None if it was not written"""
    config: dict[str, Any]
    """the resolved configuration"""
    weekly: pd.DataFrame
    """week, measure, group, target, value (see :mod:`contactsim.observers.weekly`)"""
    survey: pd.DataFrame
    """respondents before the first week and after the last (see :mod:`contactsim.observers.survey`)"""
    place: dict[str, Any]
    """description of the place (see :func:`contactsim.place.describe`)"""
    provenance: dict[str, Any]
    """versions, digests, inputs, burn-in"""
    actions: list[dict[str, Any]] = field(default_factory=list)
    """results and costs of each action (see :func:`contactsim.actions.outcomes`)"""
    ledger: pd.DataFrame = field(default_factory=pd.DataFrame)
    """action, week, interested ... sessions (see :func:`contactsim.actions.ledgers`)"""


def load_run(folder: Path | str) -> Run:
    """Read a run folder back. Raises UserError with one sentence if it is none, unfinished or damaged."""
    path = Path(folder)
    if not path.is_dir():
        raise UserError(f"{path} is no run: there is no such folder.")
    if is_partial(path.absolute()):
        raise UserError(f"{path} is what an unfinished run left: it can be deleted.")
    lacking = [name for name in FILES if name != "figure.png" and not (path / name).is_file()]
    if lacking:
        raise UserError(f"{path} is no finished run: it lacks {', '.join(lacking)}.")
    record = read_json(path / "provenance.json")
    if record.get("format") != FORMAT:
        raise UserError(f"{path} was written in format {record.get('format')} by contactsim "
                        f"{record.get('contactsim')}; this version reads format {FORMAT}.")
    try:
        config = yaml.safe_load((path / "config.yaml").read_text(encoding="utf-8"))
        has_actions = config.get("actions")
        weekly, survey = (read_table(path / name) for name in ("weekly.parquet", "survey.parquet"))
        ledger = read_table(path / "actions.parquet") if has_actions else pd.DataFrame()
    except (OSError, ValueError, AttributeError, yaml.YAMLError) as error:  # pyarrow's errors are of these kinds
        raise UserError(f"{path} is damaged: {str(error).splitlines()[0]}.") from None
    actions = read_json(path / "actions.json")["actions"] if has_actions else []
    return Run(path, config, weekly, survey, read_json(path / "place.json"), record, actions, ledger)


def write_table(path: Path, table: pd.DataFrame, units: dict[str, str]) -> None:
    """Write a typed Parquet table, its units in the metadata of the schema and of each column."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrow = pa.Table.from_pandas(table, preserve_index=False)
    fields = [field.with_metadata({"unit": units[field.name]}) if field.name in units else field
              for field in arrow.schema]
    schema = pa.schema(fields, {**(arrow.schema.metadata or {}), b"units": json.dumps(units).encode()})
    pq.write_table(arrow.cast(schema), path, write_page_checksum=True)


def read_table(path: Path) -> pd.DataFrame:
    """Read a table of :func:`write_table` back. Raises OSError or ValueError if it is missing or damaged."""
    return pd.read_parquet(path, engine="pyarrow", page_checksum_verification=True)


def read_json(path: Path) -> dict[str, Any]:
    """Read a mapping. Raises UserError if the file is missing or damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} is damaged: {error}.") from None
    if not isinstance(found, dict):
        raise UserError(f"{path} is damaged: it holds no mapping.")
    return found


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Write a mapping. Raises ValueError for a number that JSON lacks."""
    text = json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(f"{text}\n", encoding="utf-8")
