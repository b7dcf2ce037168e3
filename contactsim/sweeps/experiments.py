"""Experiments of a store: named sets of runs, with their frozen configurations, labels and identities."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from contactsim.errors import UserError, nearest
from contactsim.storage.atomic import new_file
from contactsim.storage.identity import canonical_json, digest_of
from contactsim.storage.provenance import model_digest
from contactsim.storage.store import Store
from contactsim.sweeps.task import NOT_SCIENCE, PlannedRun

_SCHEMA = pa.schema([("id", pa.string()), ("replication", pa.int32()), ("labels", pa.string()),
                     ("config", pa.string())])
NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,80}")


def check(store: Store, name: str | None, runs: Sequence[PlannedRun]) -> str:
    """The name of the experiment of these runs: the given one, or one made from the runs. Writes nothing.

    A name may be used again for the same runs, for a part of them, and for more. Raises UserError for other runs.
    """
    ids = {run.id for run in runs}
    if name is None:
        return f"sweep-{digest_of(sorted(ids))[:8]}"
    if not NAME.fullmatch(name):
        raise UserError(f"name={name} is not allowed: use letters, digits, dots, dashes and underscores.")
    known = _ids(store, name)
    if not ids <= known and not known <= ids:
        raise UserError(_conflict(store, name, known, ids))
    return name


def record(store: Store, name: str | None, runs: Sequence[PlannedRun], about: dict[str, Any]) -> str:
    """Record the runs under a name, unless it includes them already; returns the name.

    ``about`` describes the design. Raises UserError as :func:`check` does.
    """
    name = check(store, name, runs)
    if {run.id for run in runs} <= _ids(store, name):
        return name
    rows = {run.id: {"id": run.id, "replication": run.spec.replication, "labels": canonical_json(dict(run.spec.labels)),
                     "config": canonical_json(run.spec.config.model_dump(mode="json", exclude=NOT_SCIENCE))}
            for run in runs}
    description = {"name": name, "model": model_digest(), **about}
    table = pa.Table.from_pylist([rows[key] for key in sorted(rows)], schema=_SCHEMA)
    table = table.replace_schema_metadata({"contactsim": canonical_json(description)})
    with store.writing(), new_file(store.experiments / f"{name}.parquet") as partial:
        pq.write_table(table, partial, compression="zstd")
    return name


def _ids(store: Store, name: str) -> set[str]:
    return {run["id"] for run in read(store, name)} if name in names(store) else set()


def _conflict(store: Store, name: str, known: set[str], ids: set[str]) -> str:
    other = about(store, name).get("model") != model_digest()
    why = " (it was planned with another version of the model)" if other else ""
    return (f"name={name} stands for another sweep in {store.path}: {len(known)} runs, of which {len(known - ids)} are "
            f"not in this one{why}; nothing was changed: choose another name, or leave name= out.")


def names(store: Store) -> list[str]:
    """Names of the experiments, sorted."""
    return sorted(path.stem for path in store.experiments.glob("*.parquet") if not path.name.startswith("."))


def read(store: Store, name: str) -> list[dict[str, Any]]:
    """The runs of an experiment: id, replication, labels and config (both JSON). Raises UserError."""
    rows: list[dict[str, Any]] = _table(store, name).to_pylist()
    return rows


def about(store: Store, name: str) -> dict[str, Any]:
    """The design of an experiment: name, model, and what :func:`record` was given."""
    description: dict[str, Any] = json.loads((_table(store, name).schema.metadata or {}).get(b"contactsim", b"{}"))
    return description


def _table(store: Store, name: str) -> pa.Table:
    if name not in names(store):
        raise UserError(f"name={name} is no experiment of {store.path}: its experiments are "
                        f"{', '.join(names(store)) or 'none'}.{nearest(name, names(store))}")
    path = store.experiments / f"{name}.parquet"
    try:
        return pq.read_table(path)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise UserError(f"{path} is damaged ({str(error).splitlines()[0][:120]}); the runs are intact: delete this "
                        f"file and repeat the sweep's command.") from None
