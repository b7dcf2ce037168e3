"""Places: who lives where, from census tables, tables of one's own, or made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from contactsim.errors import UserError, nearest
from contactsim.paths import configs_folder
from contactsim.place.build import made_place, read_table, synthetic_place, table_place
from contactsim.place.config import TablePlace, parse
from contactsim.place.core import Level, Place, Provenance, Source
from contactsim.place.describe import describe, render
from contactsim.place.indices import index_table

__all__ = ["Level", "Place", "Provenance", "Source", "bundled_names", "bundled_place", "describe",
           "index_table", "load_place", "read_table", "render", "synthetic_place"]


def load_place(config: Mapping[str, Any], base: Path | None = None) -> Place:
    """A place from its configuration (the keys of :mod:`contactsim.place.config`).

    Files are looked up relative to ``base`` (the working directory if not given), then to the bundled
    configs. Raises UserError.
    """
    keys = parse(config)
    if isinstance(keys, TablePlace):
        return table_place(keys, base or Path.cwd())
    return made_place(keys)


def bundled_names() -> list[str]:
    """Names of the places in ``configs/place``."""
    return sorted(path.stem for path in (configs_folder() / "place").glob("*.yaml"))


def bundled_place(name: str, **changes: Any) -> Place:
    """A place of ``configs/place`` with keys changed: ``bundled_place("bradford", scheme="six")``."""
    import yaml

    if name not in bundled_names():
        raise UserError(f"place={name} is unknown: allowed are {', '.join(bundled_names())}."
                        f"{nearest(name, bundled_names())}")
    path = configs_folder() / "place" / f"{name}.yaml"
    return load_place({**yaml.safe_load(path.read_text(encoding="utf-8")), **changes})
