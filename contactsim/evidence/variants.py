"""Variants of the model: parameters changed by dotted path, and negative controls.

A negative control breaks the model in a known way. A replay must then report deviations from the baseline.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contactsim.errors import UserError, nearest
from contactsim.evidence.loading import read_yaml
from contactsim.parameters import ModelParameters


def changed(base: ModelParameters, changes: Mapping[str, Any]) -> ModelParameters:
    """Parameters with values set at dotted paths; ``*`` stands for every name, ``{shift: x}`` adds x to the value.

    Raises UserError for a path that does not exist.
    """
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


def negative_controls() -> dict[str, dict[str, Any]]:
    """{name: {text, set}} of ``experiments/negative_controls.yaml``."""
    found: dict[str, dict[str, Any]] = read_yaml("negative_controls.yaml")
    return found


def negative_control(name: str, base: ModelParameters) -> ModelParameters:
    """The parameters of a negative control. Raises UserError for an unknown name."""
    controls = negative_controls()
    if name not in controls:
        raise UserError(f"--negative-control={name} does not exist: allowed are {', '.join(controls)}."
                        f"{nearest(name, controls)}")
    return changed(base, controls[name]["set"])
