"""Actions that inherit the fields of another one (``like: NAME``), from a shipped file or one of the user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from contactsim.errors import UserError, nearest
from contactsim.paths import read_mapping


def alike(actions: Any, folders: Sequence[Path], key: str, known: tuple[str, ...] = ()) -> Any:
    """Actions (plain data under ``key``) with each ``like: NAME`` replaced by the contents of NAME.yaml.

    Fields next to ``like`` override those of the file; sections are merged key by key. The parts of a plan may
    inherit, too.

    Args:
        actions: {name: fields}; anything else is returned unchanged.
        folders: where the files are looked up.
        key: of the mapping, for messages.
        known: names that are being resolved, to detect a circle.

    Raises UserError for an unknown name, an unreadable file and a circle.
    """
    if not isinstance(actions, Mapping):
        return actions
    return {name: _filled(value, folders, f"{key}.{name}", known) if isinstance(value, Mapping) else value
            for name, value in actions.items()}


def over(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with the values of ``own`` instead of its own, merged mapping by mapping."""
    both = [name for name, value in own.items() if isinstance(value, Mapping) and isinstance(base.get(name), Mapping)]
    return {**base, **own, **{name: over(base[name], own[name]) for name in both}}


def read(name: str, folders: Sequence[Path], key: str) -> dict[str, Any]:
    """The contents of NAME.yaml. Raises UserError, which names ``key``."""
    files = {path.stem: path for folder in folders for path in sorted(folder.glob("*.yaml"))}
    if name not in files:
        raise UserError(f"{key}.like={name} is no action: allowed are {', '.join(files)}.{nearest(name, files)}")
    found = read_mapping(files[name], "mechanism and title")
    return found


def _filled(values: Mapping[str, Any], folders: Sequence[Path], key: str, known: tuple[str, ...]) -> dict[str, Any]:
    own = dict(values)
    name = own.pop("like", None)
    if name is not None:
        if "mechanism" in own:
            raise UserError(f"{key} has a mechanism and is like {name}, too: give one of the two another name.")
        if name in known:
            raise UserError(f"{key}.like={name} goes round in a circle: {' is like '.join((*known, str(name)))}.")
        known = (*known, str(name))
        own = over(_filled(read(str(name), folders, key), folders, key, known), own)
    if "parts" in own:
        own["parts"] = alike(own["parts"], folders, f"{key}.parts", known)
    return own
