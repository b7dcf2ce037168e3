"""Sweeps: many runs into a resumable store, and their results as tables, figures and sensitivity indices."""

from __future__ import annotations

from contactsim.storage.store import Store
from contactsim.sweeps.plan import sweep
from contactsim.sweeps.results import Result, Results, load
from contactsim.sweeps.task import RunSpec

__all__ = ["Result", "Results", "RunSpec", "Store", "load", "sweep"]
