"""Places in a store, as plain arrays and text (no pickle): runs can be repeated without the files they came from."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from contactsim.errors import UserError
from contactsim.place import load_place
from contactsim.place.core import Level, Place, Provenance, Source
from contactsim.storage.atomic import new_file
from contactsim.storage.identity import place_digest

#: Key of a place's configuration that names a place in the store, because it was made in Python.
IN_STORE = "stored"


class Places:
    """Places by their configuration; the last few stay in memory.

    Args:
        base: folder for relative paths of input files.
        stored: the store's folder of places.
        most: number of places in memory.
    """

    def __init__(self, base: Path, stored: Path, most: int = 8) -> None:
        self.base, self.stored, self.most = base, stored, most
        self._known: dict[str, tuple[Place, str]] = {}

    def get(self, config: Mapping[str, Any], digest: str = "") -> tuple[Place, str]:
        """(place, its digest); the store's copy, if it has one of that ``digest``. Raises UserError."""
        key = json.dumps([config, digest], sort_keys=True, default=str)
        if key not in self._known:
            if len(self._known) >= self.most:
                self._known.pop(next(iter(self._known)))
            place = self._read(config, digest)
            self._known[key] = place, place_digest(place)
        return self._known[key]

    def _read(self, config: Mapping[str, Any], digest: str) -> Place:
        copy = self.stored / f"{config.get(IN_STORE, digest)}.npz"
        if IN_STORE not in config and not copy.is_file():
            return load_place(config, self.base)
        return read_place(copy)


def write_place(place: Place, folder: Path) -> None:
    """Write a place under its digest, unless a complete copy is there. Raises OSError."""
    target = folder / f"{place_digest(place)}.npz"
    with suppress(UserError):
        read_place(target)
        return
    text = {"name": place.name, "groups": place.groups, "provenance": asdict(place.provenance),
            "levels": [[level.name, level.synthetic, level.codes] for level in place.levels]}
    with new_file(target) as partial, partial.open("wb") as out:
        np.savez(out, text=np.array(json.dumps(text)), counts=place.counts,
                 areas=np.stack([level.area_of_output_area for level in place.levels]))


def read_place(path: Path) -> Place:
    """Read a place back. Raises UserError if its file is missing, damaged or holds another place."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            text, counts, areas = json.loads(str(arrays["text"])), arrays["counts"], arrays["areas"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is missing or damaged ({str(error).splitlines()[0]}): the place in it cannot be "
                        f"read.") from None
    levels = tuple(Level(name, synthetic, area, tuple(codes))
                   for (name, synthetic, codes), area in zip(text["levels"], areas, strict=True))
    record: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value
                              for key, value in text["provenance"].items()}
    record["sources"] = tuple(Source(**source) for source in record["sources"])
    place = Place(text["name"], tuple(text["groups"]), counts, levels, Provenance(**record))
    if place_digest(place) != path.stem:
        raise UserError(f"{path} is damaged: it does not hold the place of its name.")
    return place
