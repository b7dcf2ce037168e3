"""One row of a Parquet file for each run: the columns of a store."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from contactsim.storage.results import TaskOutput

_WEEK = pa.struct([("week", pa.int32()), ("measure", pa.string()), ("group", pa.string()),
                   ("target", pa.string()), ("value", pa.float64())])
#: Columns of a run. ``labels`` (the parameter set), ``config``, ``burn_in`` and ``provenance`` are JSON; ``keep`` names
#: the files stored on request. Times and hosts are in ``provenance`` alone, so that all other columns of a run are the
#: same wherever and however often it is simulated.
SCHEMA = pa.schema([
    ("id", pa.string()), ("status", pa.string()), ("message", pa.string()), ("measure", pa.string()),
    ("digest", pa.string()), ("model", pa.string()), ("place", pa.string()), ("place_digest", pa.string()),
    ("residents", pa.int64()), ("seed", pa.int64()), ("weeks", pa.int32()), ("replication", pa.int32()),
    ("labels", pa.string()), ("config", pa.string()), ("burn_in", pa.string()), ("keep", pa.list_(pa.string())),
    ("provenance", pa.string()),
    ("numbers", pa.map_(pa.string(), pa.float64())), ("arrays", pa.map_(pa.string(), pa.list_(pa.float64()))),
    ("weekly", pa.list_(_WEEK)), ("files", pa.map_(pa.string(), pa.large_binary())),
])
#: Columns that hold results; they are read on request only.
DATA = ("numbers", "arrays", "weekly", "files")
CATALOGUE = [name for name in SCHEMA.names if name not in DATA]
OK, FAILED, TIMEOUT = "ok", "failed", "timeout"


def row(values: Mapping[str, Any], output: TaskOutput | None = None) -> pa.Table:
    """A table of one row. ``values`` are the columns without results; those not given are null.

    Raises ValueError for an unknown column.
    """
    if unknown := values.keys() - set(CATALOGUE):
        raise ValueError(f"a store has no column {min(unknown)}")
    columns: dict[str, Any] = {name: [values.get(name)] for name in CATALOGUE}
    output = output or TaskOutput()
    columns["numbers"] = [[(name, float(value)) for name, value in output.numbers.items()]]
    columns["arrays"] = [[(name, np.asarray(value, float)) for name, value in output.arrays.items()]]
    columns["files"] = [list(output.files.items())]
    arrays = [_weekly(output.weekly) if name == "weekly" else pa.array(columns[name], SCHEMA.field(name).type)
              for name in SCHEMA.names]
    table = pa.Table.from_arrays(arrays, schema=SCHEMA)
    if values.get("status") == OK:
        at = SCHEMA.get_field_index("digest")
        table = table.set_column(at, SCHEMA.field(at), pa.array([result_digest(table)]))
    return table


def _weekly(weekly: pd.DataFrame | None) -> pa.Array:
    if weekly is None:
        return pa.nulls(1, SCHEMA.field("weekly").type)
    arrays = [pc.cast(pa.array(weekly[name], from_pandas=False), _WEEK.field(name).type) for name in
              ("week", "measure", "group", "target", "value")]
    inner = pa.StructArray.from_arrays(arrays, fields=list(_WEEK))
    return pa.ListArray.from_arrays(pa.array([0, len(weekly)], pa.int32()), inner, type=SCHEMA.field("weekly").type)


def result_digest(table: pa.Table) -> str:
    """Digest of the results in a table of one row, to the last bit; files stored on request do not count."""
    digest = hashlib.blake2b(digest_size=8)
    for name, number in table["numbers"][0].as_py() or []:
        digest.update(name.encode() + np.float64(number).tobytes())
    for name, values in table["arrays"][0].as_py() or []:
        digest.update(name.encode() + np.asarray(values, float).tobytes())
    weekly = table["weekly"].combine_chunks()
    if weekly.null_count == 0:
        inner = weekly.flatten()
        for name in _WEEK.names:
            column = inner.field(name)
            if pa.types.is_string(column.type):
                coded = column.dictionary_encode()
                digest.update("\n".join(coded.dictionary.to_pylist()).encode())
                column = coded.indices
            digest.update(np.ascontiguousarray(column.to_numpy(zero_copy_only=False)).tobytes())
    return digest.hexdigest()


def weekly_frame(weekly: pa.ChunkedArray, only: Mapping[str, list[Any]] | None = None) -> pd.DataFrame:
    """The weekly tables of many rows as one frame; column ``row`` is the number of the row.

    ``only`` filters: {column: allowed values}.
    """
    parts = []
    start = 0
    for chunk in weekly.chunks:
        inner, parent = chunk.flatten(), pc.list_parent_indices(chunk)
        table = pa.Table.from_arrays([pc.cast(parent, pa.int64()), *inner.flatten()], names=["row", *_WEEK.names])
        table = table.set_column(0, "row", pc.add(table["row"], start))
        for name, values in (only or {}).items():
            table = table.filter(pc.is_in(table[name], pa.array(values, _WEEK.field(name).type)))
        for name in ("measure", "group", "target"):
            table = table.set_column(table.schema.get_field_index(name), name, pc.dictionary_encode(table[name]))
        parts.append(table)
        start += len(chunk)
    if not sum(map(len, parts)):
        return pd.DataFrame(columns=["row", *_WEEK.names])
    return pa.concat_tables(parts).unify_dictionaries().to_pandas()
