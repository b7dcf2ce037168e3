"""Where the ledger's figures lie: in a store of runs, one row for each unit.

A unit is a seed of what the ledger lives, and a pure function of what its row tells: design, parameters and model. The
row's identity is their digest; so what is there is never lived again, whichever command asks for it.
"""

from __future__ import annotations

import os
import platform
import socket
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from contactsim.compiled import sources_digest
from contactsim.lab.provenance import digest_of, model_digest
from contactsim.sweep.live import dumps
from contactsim.sweep.rows import LEDGER, OK, Found, row
from contactsim.sweep.store import Store

#: {row: {base or knock-out: figure}}
Figures = dict[str, dict[str, float]]
#: Between a row and its side in the name of a stored number; no name of a side has it.
_BETWEEN = "/"


@dataclass(frozen=True)
class Unit:
    """A seed to be lived, with all that decides its figures."""

    finding: str
    """what ``contactsim replay`` is asked for to live it: a finding or a folder"""
    seed: int
    residents: int
    config: str
    """what else decides its figures, as JSON; claims and bands do not"""
    point: Mapping[str, Any] = field(default_factory=dict)
    """labels of its row besides the finding; the config decides"""

    @cached_property
    def id(self) -> str:
        """Digest of everything that decides the figures."""
        return digest_of([self.finding, self.seed, self.residents, self.config, model_digest()])


@dataclass(frozen=True)
class Lived:
    """What a unit came to."""

    figures: Figures
    arrays: Mapping[str, Sequence[float]] = field(default_factory=dict)


def default_folder() -> Path:
    """Where figures are kept unless another store is named."""
    return Path(platformdirs.user_cache_dir("contactsim")) / "ledger"


def forget(store: Path) -> None:
    """Remove the ledger's figures from a store, and nothing else that it holds. Raises UserError."""
    Store(store, missing=True).forget(LEDGER)


def has(store: Store, unit: Unit) -> bool:
    """Whether a unit is there, perhaps by another process since this one planned."""
    return store.read(["id"], {unit.id}).num_rows > 0


def keep(store: Store, unit: Unit, lived: Lived, seconds: float) -> None:
    """Store a unit's figures, whole or not at all. Raises UserError."""
    record = {**_here(), "ended": datetime.now(UTC).isoformat(timespec="seconds"), "seconds": round(seconds, 4)}
    facts = {"id": unit.id, "status": OK, "measure": LEDGER, "model": model_digest(), "seed": unit.seed,
             "residents": unit.residents, "point": dumps({"finding": unit.finding, **unit.point}),
             "config": unit.config, "provenance": dumps(record)}
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


def read(store: Store, ids: Collection[str]) -> dict[str, Lived]:
    """What a store has of those units, by id."""
    rows = store.read(["numbers", "arrays"], ids).to_pylist()
    return {row["id"]: Lived(_figures(row["numbers"]), dict(row["arrays"])) for row in rows}


def _figures(numbers: Sequence[tuple[str, float]]) -> Figures:
    figures: Figures = {}
    for name, value in numbers:
        of, _, side = name.rpartition(_BETWEEN)
        figures.setdefault(of, {})[side] = value
    return figures
