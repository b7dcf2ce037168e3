"""Places made in Python or read from files, kept in the store as plain arrays and text (no pickle)."""

from __future__ import annotations

import json
import zipfile
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from contactsim.errors import UserError
from contactsim.place.core import Level, Place, Provenance, Source
from contactsim.storage.concurrent import write_whole
from contactsim.storage.identity import place_digest


def keep_place(place: Place, folder: Path) -> None:
    """Write a place under its digest, unless it is there, whole."""
    target = folder / f"{place_digest(place)}.npz"
    with suppress(UserError):
        read_place(target)
        return
    words = {"name": place.name, "groups": place.groups, "provenance": asdict(place.provenance),
             "levels": [[level.name, level.synthetic, level.codes] for level in place.levels]}

    def write(path: Path) -> None:
        with path.open("wb") as out:
            np.savez(out, words=np.array(json.dumps(words)), counts=place.counts,
                     areas=np.stack([level.area_of_output_area for level in place.levels]))

    write_whole(target, write)


def read_place(path: Path) -> Place:
    """Read a kept place back. Raises UserError if it is missing, damaged or another."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            words, counts, areas = json.loads(str(kept["words"])), kept["counts"], kept["areas"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is missing or damaged ({str(error).splitlines()[0]}): the place in it cannot be "
                        f"read.") from None
    levels = tuple(Level(name, synthetic, area, tuple(codes))
                   for (name, synthetic, codes), area in zip(words["levels"], areas, strict=True))
    record: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value
                              for key, value in words["provenance"].items()}
    record["sources"] = tuple(Source(**source) for source in record["sources"])
    place = Place(words["name"], tuple(words["groups"]), counts, levels, Provenance(**record))
    if place_digest(place) != path.stem:
        raise UserError(f"{path} is damaged: it does not hold the place of its name.")
    return place
