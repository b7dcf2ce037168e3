"""Places: residents by area and group, from census tables, the user's own tables, or made from a few numbers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from contactsim.errors import UserError, nearest
from contactsim.paths import group_files, read_mapping
from contactsim.place.build import made_place, read_table, synthetic_place, table_place
from contactsim.place.config import SamplePlace, TablePlace, parse
from contactsim.place.core import Level, Place, Provenance, Source
from contactsim.place.describe import describe, render
from contactsim.place.sample import sampled_place
from contactsim.place.segregation import index_table

__all__ = ["Level", "Place", "Provenance", "Source", "bundled_names", "bundled_place", "describe",
           "index_table", "load_place", "read_table", "render", "synthetic_place"]


def load_place(config: Mapping[str, Any], base: Path | None = None) -> Place:
    """A place from its configuration.

    Args:
        config: the keys of :mod:`contactsim.place.config`.
        base: folder of relative paths; the working directory if None. The bundled configs are searched next.

    Raises UserError for a key or a table that cannot be used.
    """
    keys = parse(config)
    if isinstance(keys, TablePlace):
        return table_place(keys, base or Path.cwd())
    if isinstance(keys, SamplePlace):
        return sampled_place(keys, base or Path.cwd())
    return made_place(keys)


def bundled_names(config_dir: str | None = None) -> list[str]:
    """Names of the configured places, sorted: those of contactsim and those of ``config_dir/place``.

    Raises UserError for a wrong ``config_dir``.
    """
    return sorted(group_files("place", config_dir))


def bundled_place(name: str, config_dir: str | None = None, **changes: Any) -> Place:
    """A configured place with keys changed: ``bundled_place("bradford", scheme="six")``.

    Args:
        name: of a shipped place or of ``config_dir/place/NAME.yaml``.
        config_dir: a folder of the user's own.
        changes: keys of :mod:`contactsim.place.config`.

    Raises UserError for an unknown name, a file that cannot be read and a value that is not allowed.
    """
    files = group_files("place", config_dir)
    if name not in files:
        raise UserError(f"place={name} is unknown: allowed are {', '.join(sorted(files))}.{nearest(name, files)}")
    values = read_mapping(files[name], "kind and residents")
    return load_place({**values, **changes})
