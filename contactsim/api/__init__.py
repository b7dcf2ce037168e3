"""The Python interface: run, compare and sweep in one line each, and load what was written.

``contactsim.run``, ``contactsim.compare`` and ``contactsim.load`` are these functions; they are imported when they are
first used, so that ``import contactsim`` takes no time.
"""

from contactsim.api.functions import compare, load, run, sweep
from contactsim.api.results import ComparisonResult, RunResult, Saved, SweepResult

__all__ = ["ComparisonResult", "RunResult", "Saved", "SweepResult", "compare", "load", "run", "sweep"]
