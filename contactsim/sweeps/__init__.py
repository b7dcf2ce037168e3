"""Sweeps: many runs, a store that never loses one, and what they came to."""

from __future__ import annotations

from contactsim.storage.store import Store
from contactsim.sweeps.frames import load
from contactsim.sweeps.plan import sweep
from contactsim.sweeps.results import Result, Results
from contactsim.sweeps.spec import RunSpec

__all__ = ["Result", "Results", "RunSpec", "Store", "load", "sweep"]
