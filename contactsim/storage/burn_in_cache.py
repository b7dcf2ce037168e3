"""Lived histories, kept for later runs: the state at week 0 of a place, its parameters and a seed.

A kept history is a shortcut and nothing else: a world restored from it lives on bit for bit like a fresh
one. A file that cannot be read, written or trusted is ignored.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from contactsim import burn_in
from contactsim.burn_in import History, lived_world
from contactsim.parameters import ModelParameters
from contactsim.place import Place
from contactsim.storage.atomic import new_file
from contactsim.storage.identity import code_digest, digest_of, place_digest
from contactsim.world import World

#: Bytes of all kept histories together; the longest unused go first.
LIMIT = 2_000_000_000
#: What of a scenario a history hangs on: events, moves and arrivals begin with week 0.
_SCENARIO = {"history", "spin_up_min", "spin_up_max", "flat"}


def folder() -> Path:
    """Where histories are kept."""
    return Path(platformdirs.user_cache_dir("contactsim")) / "histories"


def key(place: Place, parameters: ModelParameters, seed: int) -> str:
    """Digest of everything that decides a history, the code included."""
    values = parameters.model_dump(mode="json", include={
        "residents": True, "settings": True, "psychology": True, "scenario": _SCENARIO})
    return digest_of([place_digest(place), values, int(seed), code_digest(burn_in.__name__)])


def kept_world(place: Place, parameters: ModelParameters, seed: int, threads: int | None = None,
               progress: Callable[[int, int], None] | None = None) -> tuple[World, History, bool]:
    """As :func:`contactsim.burn_in.lived_world`, from a kept history where there is one.

    The last value says whether there was one.
    """
    if parameters.scenario.history != "lived":
        return *lived_world(place, parameters, seed, threads, progress), False
    file = folder() / f"{key(place, parameters, seed)}.npz"
    found = _read(file, place, parameters, seed, threads)
    if found is not None:
        return *found, True
    world, history = lived_world(place, parameters, seed, threads, progress)
    _write(file, world, history)
    return world, history, False


def _read(file: Path, place: Place, parameters: ModelParameters, seed: int,
          threads: int | None) -> tuple[World, History] | None:
    if not file.is_file():
        return None
    try:
        with np.load(file, allow_pickle=False) as kept:
            arrays = {name: kept[name] for name in kept.files}
        weeks, drift, flat = arrays.pop("history")
        world = World(place, parameters, seed, threads)
        world.restore(arrays)
        file.touch()
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return world, History(int(weeks), float(drift), bool(flat))


def _write(file: Path, world: World, history: History) -> None:
    try:
        with new_file(file) as partial, partial.open("wb") as out:
            facts = np.array([history.weeks, history.drift, history.flat])
            arrays: dict[str, Any] = {"history": facts, **world.arrays()}
            np.savez(out, **arrays)
        _forget_oldest()
    except OSError:
        return


def _forget_oldest() -> None:
    files = sorted(folder().glob("*.npz"), key=lambda path: path.stat().st_mtime, reverse=True)
    total = 0
    for path in files:
        total += path.stat().st_size
        if total > LIMIT:
            path.unlink(missing_ok=True)
