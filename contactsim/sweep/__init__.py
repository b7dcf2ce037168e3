"""Sweeps: many runs, a store that never loses one, and what they came to."""

from __future__ import annotations

from contactsim.storage.store import Store
from contactsim.sweep.frames import load
from contactsim.sweep.results import Result, Results
from contactsim.sweep.spec import RunSpec
from contactsim.sweep.sweeping import sweep

__all__ = ["Result", "Results", "RunSpec", "Store", "load", "sweep"]
