"""Negative controls: the model broken in a known way. A replay that does not notice is no test."""

from __future__ import annotations

from typing import Any

import yaml

from contactsim.errors import UserError, nearest
from contactsim.evidence.variants import changed
from contactsim.parameters import ModelParameters
from contactsim.paths import experiments_folder


def read() -> dict[str, dict[str, Any]]:
    """{name: {text, set}} of ``experiments/negative_controls.yaml``."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(
        (experiments_folder() / "negative_controls.yaml").read_text(encoding="utf-8"))
    return found


def names() -> list[str]:
    """Names of all controls."""
    return list(read())


def apply(name: str, base: ModelParameters) -> ModelParameters:
    """The parameters broken; raises UserError for an unknown control."""
    controls = read()
    if name not in controls:
        raise UserError(f"--negative-control={name} is none; there are: {', '.join(controls)}."
                        f"{nearest(name, controls)}")
    return changed(base, controls[name]["set"])
