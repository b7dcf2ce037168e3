"""``load``: whatever contactsim has written, read back."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from contactsim.api.results import RunResult, SweepResult, described
from contactsim.errors import UserError
from contactsim.runs.folder import load_run
from contactsim.storage.atomic import is_partial

#: The file by which a folder is known, and what the folder is.
KINDS = {"comparison.json": "comparison", "evaluation.json": "evaluation", "power.json": "power analysis",
         "ledger.json": "replay"}
STORE, RUN = "store.json", "provenance.json"


@dataclass(frozen=True, repr=False)
class Saved:
    """A comparison, evaluation, power analysis or replay, read back from its folder.

    Each table is an attribute, too: ``load("comparisons/...").effects``.
    """

    kind: str
    """comparison, evaluation, power analysis or replay"""
    folder: Path
    summary: dict[str, Any]
    """the results that the command prints, as data"""
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    """the tables of the folder, by file name without its ending"""
    provenance: dict[str, Any] = field(default_factory=dict)
    """versions, digests and inputs"""

    def __getattr__(self, name: str) -> pd.DataFrame:
        tables = self.__dict__.get("tables", {})
        if name not in tables:
            raise AttributeError(f"this {self.__dict__.get('kind', 'result')} has no '{name}'; its tables are "
                                 f"{', '.join(tables)}")
        return tables[name]

    def __repr__(self) -> str:
        return f"<Saved {self.kind} in {self.folder}: tables {', '.join(self.tables)}>"

    def _repr_html_(self) -> str:
        return described(self, next(iter(self.tables.values()), pd.DataFrame()))


def load(folder: Path | str, name: str | None = None) -> RunResult | SweepResult | Saved:
    """Read back any folder that contactsim writes.

    Args:
        folder: of a run, comparison, evaluation, power analysis or replay, or a store of many runs.
        name: of one experiment of a store; all of its runs if None.

    Returns:
        :class:`RunResult` for a run, :class:`SweepResult` for a store, :class:`Saved` for the others.

    Raises:
        UserError: if there is no such folder, it is unfinished or damaged, or nothing that contactsim writes.

    Example:
        >>> load("runs/bradford-seed7-1a2b3c4d").weekly  # doctest: +SKIP
        >>> load("sweeps").frame  # doctest: +SKIP
    """
    path = Path(folder).expanduser()
    if not path.is_dir():
        raise UserError(f"{path} cannot be loaded: there is no such folder.")
    if is_partial(path.absolute()):
        raise UserError(f"{path} is an unfinished result, left by an interruption: it can be deleted.")
    if (path / STORE).is_file():
        return SweepResult(path, name)
    if name is not None:
        raise UserError(f"name={name} asks for an experiment of a store, and {path} is none.")
    for file, kind in KINDS.items():
        if (path / file).is_file():
            return _saved(path, file, kind)
    if (path / RUN).is_file():
        return RunResult.of(load_run(path))
    raise UserError(f"{path} cannot be loaded: it is neither a run, a comparison, an evaluation, a power analysis, a "
                    f"replay nor a store of contactsim.")


def _saved(path: Path, file: str, kind: str) -> Saved:
    try:
        summary = json.loads((path / file).read_text(encoding="utf-8"))
        record = path / RUN
        provenance = (json.loads(record.read_text(encoding="utf-8")) if record.is_file()
                      else summary.get("provenance", {}))
        tables = {table.stem: pd.read_parquet(table) for table in sorted(path.glob("*.parquet"))}
        tables |= {table.stem: pd.read_csv(table) for table in sorted(path.glob("*.csv"))}
    except (OSError, ValueError, AttributeError) as error:  # pyarrow's and pandas' errors are of these kinds
        raise UserError(f"{path} is damaged: {str(error).splitlines()[0]}.") from None
    return Saved(kind, path, summary, tables, provenance)
