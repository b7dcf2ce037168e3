"""contactsim: a laboratory for intergroup contact."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contactsim.model import NeighbourhoodModel

__all__ = ["NeighbourhoodModel", "__version__"]
__version__ = metadata.version("contactsim")


def __getattr__(name: str) -> Any:
    """``NeighbourhoodModel``, imported when it is asked for: Mesa takes a second to import."""
    if name == "NeighbourhoodModel":
        from contactsim.model import NeighbourhoodModel

        return NeighbourhoodModel
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
