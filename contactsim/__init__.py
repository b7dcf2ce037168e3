"""contactsim: a laboratory for intergroup contact.

``run``, ``compare``, ``sweep`` and ``load`` are functions of :mod:`contactsim.api`, ``NeighbourhoodModel`` the Mesa
model of :mod:`contactsim.mesa_model.model`. They are imported when they are first used, for Mesa alone takes a second.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contactsim.api import compare, load, run, sweep
    from contactsim.errors import UserError
    from contactsim.mesa_model.model import NeighbourhoodModel

    __version__: str

__all__ = ["NeighbourhoodModel", "UserError", "__version__", "compare", "load", "run", "sweep"]

_HOME = {"NeighbourhoodModel": "contactsim.mesa_model.model", "UserError": "contactsim.errors",
         **dict.fromkeys(("compare", "load", "run", "sweep"), "contactsim.api")}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("contactsim")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
