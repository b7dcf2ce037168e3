"""contactsim: a laboratory for intergroup contact."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contactsim.model import NeighbourhoodModel
    from contactsim.sweep.frames import load

__all__ = ["NeighbourhoodModel", "__version__", "load"]
__version__ = metadata.version("contactsim")


def __getattr__(name: str) -> Any:
    """``NeighbourhoodModel`` and ``load``, imported when they are asked for: Mesa takes a second to import."""
    if name == "NeighbourhoodModel":
        from contactsim.model import NeighbourhoodModel

        return NeighbourhoodModel
    if name == "load":
        from contactsim.sweep.frames import load

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
