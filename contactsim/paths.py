"""Where the files that travel with the package are: in an installed wheel or in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def _folder(name: str) -> Path:
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def configs_folder() -> Path:
    """The configuration groups (places, schemes, settings ...)."""
    return _folder("configs")


def experiments_folder() -> Path:
    """The experiments with their designs and kept results."""
    return _folder("experiments")
