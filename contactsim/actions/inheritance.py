"""Actions that are like another one: a file that came with contactsim, or one of the user's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from contactsim.errors import UserError, nearest


def alike(actions: Any, folders: Sequence[Path], key: str, known: tuple[str, ...] = ()) -> Any:
    """Actions (plain data under ``key``) with each ``like: NAME`` filled in from NAME.yaml in one of the folders.

    What stands beside ``like`` wins over the file, and sections inside it are filled in key by key. The parts of
    a plan may be like others, too. Raises UserError.
    """
    if not isinstance(actions, Mapping):
        return actions
    return {name: _filled(value, folders, f"{key}.{name}", known) if isinstance(value, Mapping) else value
            for name, value in actions.items()}


def over(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with the values of ``own`` in their place, mapping by mapping."""
    both = [name for name, value in own.items() if isinstance(value, Mapping) and isinstance(base.get(name), Mapping)]
    return {**base, **own, **{name: over(base[name], own[name]) for name in both}}


def read(name: str, folders: Sequence[Path], key: str) -> dict[str, Any]:
    """What NAME.yaml says. Raises UserError, which names ``key``."""
    import yaml

    files = {path.stem: path for folder in folders for path in sorted(folder.glob("*.yaml"))}
    if name not in files:
        raise UserError(f"{key}.like={name} is no action: allowed are {', '.join(files)}.{nearest(name, files)}")
    try:
        found = yaml.safe_load(files[name].read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UserError(f"{files[name]} cannot be read: {str(error).splitlines()[0]}.") from None
    if not isinstance(found, Mapping):
        raise UserError(f"{files[name]} holds no mapping of keys such as mechanism and title.")
    return dict(found)


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
