"""Cache of burn-ins: the state at week 0 for a place, its parameters and a seed.

The cache saves time and changes nothing: a world restored from it continues bit for bit like a new one. A file that
cannot be read, written or trusted is ignored.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from contactsim.parameters import ModelParameters
from contactsim.place import Place
from contactsim.storage.atomic import new_file
from contactsim.storage.identity import code_digest, digest_of, place_digest
from contactsim.world import BurnIn, World, world_after_burn_in

#: Bytes of all cached burn-ins together; those unused for longest are removed first.
LIMIT = 2_000_000_000
#: Fields of a scenario that a burn-in depends on: events, moves and arrivals begin with week 0.
_SCENARIO = {"burn_in", "burn_in_min", "burn_in_max", "stationary"}


def folder() -> Path:
    """The folder of the cache."""
    return Path(platformdirs.user_cache_dir("contactsim")) / "burn_ins"


def key(place: Place, parameters: ModelParameters, seed: int) -> str:
    """Digest of everything that decides a burn-in, the code included."""
    values = parameters.model_dump(mode="json", include={
        "residents": True, "settings": True, "psychology": True, "scenario": _SCENARIO})
    return digest_of([place_digest(place), values, int(seed), code_digest(World.__module__)])


def cached_world(place: Place, parameters: ModelParameters, seed: int, threads: int | None = None,
                 progress: Callable[[int, int], None] | None = None) -> tuple[World, BurnIn, bool]:
    """As :func:`contactsim.world.world_after_burn_in`, from a cached burn-in where there is one.

    The last value is whether the burn-in was cached.
    """
    if not parameters.scenario.burn_in:
        return *world_after_burn_in(place, parameters, seed, threads, progress), False
    file = folder() / f"{key(place, parameters, seed)}.npz"
    found = _read(file, place, parameters, seed, threads)
    if found is not None:
        return *found, True
    world, burn_in = world_after_burn_in(place, parameters, seed, threads, progress)
    _write(file, world, burn_in)
    return world, burn_in, False


def _read(file: Path, place: Place, parameters: ModelParameters, seed: int,
          threads: int | None) -> tuple[World, BurnIn] | None:
    if not file.is_file():
        return None
    try:
        with np.load(file, allow_pickle=False) as file_arrays:
            arrays = {name: file_arrays[name] for name in file_arrays.files}
        weeks, drift, flat = arrays.pop("burn_in")
        world = World(place, parameters, seed, threads)
        world.restore(arrays)
        file.touch()
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return world, BurnIn(int(weeks), float(drift), bool(flat))


def _write(file: Path, world: World, burn_in: BurnIn) -> None:
    try:
        with new_file(file) as partial, partial.open("wb") as out:
            facts = np.array([burn_in.weeks, burn_in.drift, burn_in.stationary])
            arrays: dict[str, Any] = {"burn_in": facts, **world.arrays()}
            np.savez(out, **arrays)
        _remove_oldest()
    except OSError:
        return


def _remove_oldest() -> None:
    files = sorted(folder().glob("*.npz"), key=lambda path: path.stat().st_mtime, reverse=True)
    total = 0
    for path in files:
        total += path.stat().st_size
        if total > LIMIT:
            path.unlink(missing_ok=True)
