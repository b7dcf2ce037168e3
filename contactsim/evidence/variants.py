"""Parameters changed by dotted path, as the worlds of a design ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contactsim.errors import UserError, nearest
from contactsim.parameters import ModelParameters


def changed(base: ModelParameters, changes: Mapping[str, Any]) -> ModelParameters:
    """``base`` with values set at dotted paths; ``*`` stands for every name, ``{shift: x}`` adds x."""
    tree = base.model_dump()
    for path, value in changes.items():
        _set(tree, path.split("."), value, path)
    return ModelParameters.model_validate(tree)


def _set(tree: dict[str, Any], keys: list[str], value: Any, path: str) -> None:
    key, rest = keys[0], keys[1:]
    if key == "*":
        for name in tree:
            _set(tree, [name, *rest], value, path)
    elif key not in tree:
        raise UserError(f"{path}: there is no '{key}'; allowed are {', '.join(tree)}.{nearest(key, tree)}")
    elif rest:
        _set(tree[key], rest, value, path)
    else:
        tree[key] = tree[key] + value["shift"] if isinstance(value, Mapping) and set(value) == {"shift"} else value
