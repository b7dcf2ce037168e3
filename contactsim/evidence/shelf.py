"""Where the ledger's figures lie: in a store of runs, one row for each unit.

A unit is a seed of what the ledger lives, and a pure function of what its row tells: design, parameters and model. The
row's identity is their digest; so what is there is never lived again, whichever command asks for it.
"""

from __future__ import annotations

import os
import platform
import socket
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from contactsim.compiled import sources_digest
from contactsim.evidence.unit import Figures, Lived, Unit
from contactsim.storage.identity import canonical_json
from contactsim.sweep.rows import LEDGER, OK, Found, row
from contactsim.sweep.store import Store

#: Between a row and its side in the name of a stored number; no name of a side has it.
_BETWEEN = "/"


def default_folder() -> Path:
    """Where figures are kept unless another store is named."""
    return Path(platformdirs.user_cache_dir("contactsim")) / "ledger"


def forget(store: Path) -> None:
    """Remove the ledger's figures from a store, and nothing else that it holds. Raises UserError."""
    Store(store, missing=True).forget(LEDGER)


def has(store: Store, unit: Unit) -> bool:
    """Whether a unit is there, perhaps by another process since this one planned."""
    return store.read_whole(["id"], {unit.id})[0].num_rows > 0


def keep(store: Store, unit: Unit, lived: Lived, seconds: float) -> None:
    """Store a unit's figures, whole or not at all. Raises UserError."""
    record = {**_here(), "ended": datetime.now(UTC).isoformat(timespec="seconds"), "seconds": round(seconds, 4)}
    facts = {"id": unit.id, "status": OK, "measure": LEDGER, "model": unit.code, "seed": unit.seed,
             "residents": unit.residents, "point": canonical_json({"finding": unit.finding, **unit.point}),
             "config": unit.config, "provenance": canonical_json(record)}
    numbers = {f"{name}{_BETWEEN}{side}": value for name, sides in lived.figures.items()
               for side, value in sides.items()}
    arrays = {name: np.asarray(values, float) for name, values in lived.arrays.items()}
    with store.writing():
        store.write(row(facts, Found(numbers=numbers, arrays=arrays)))


@cache
def _here() -> dict[str, Any]:
    """What a row's provenance tells of this process."""
    return {"contactsim": version("contactsim"), "kernels": sources_digest(), "python": platform.python_version(),
            "platform": platform.platform(), "host": socket.gethostname(), "process": os.getpid()}


def read(store: Store, ids: Collection[str]) -> tuple[dict[str, Lived], list[str]]:
    """What a store has of those units, by id; and its damaged files, which may hold some of the others."""
    table, damaged = store.read_whole(["numbers", "arrays"], ids)
    lived = {row["id"]: Lived(_figures(row["numbers"]), dict(row["arrays"])) for row in table.to_pylist()}
    return lived, sorted(damaged)


def _figures(numbers: Sequence[tuple[str, float]]) -> Figures:
    figures: Figures = {}
    for name, value in numbers:
        of, _, side = name.rpartition(_BETWEEN)
        figures.setdefault(of, {})[side] = value
    return figures
