"""Measures of a run: the weekly table, or the result of a user's observer."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from contactsim.errors import UserError
from contactsim.storage.results import TaskOutput
from contactsim.world import World

#: The default measure: the weekly table, as ``contactsim run`` writes it.
WEEKLY = "weekly"
_COLUMNS = ("week", "measure", "group", "target", "value")


def measure_name(measure: str | type[Any]) -> str:
    """A measure as ``package.module:Observer``. Raises UserError for one that another process could not find."""
    if measure == WEEKLY:
        return WEEKLY
    name = measure if isinstance(measure, str) else f"{measure.__module__}:{measure.__qualname__}"
    if name.startswith("__main__:"):
        raise UserError(f"measure={name} cannot be found by other processes: put the observer into a module of its "
                        f"own, next to the script, and import it.")
    find_observer(name)
    return name


def measure_module(name: str) -> str:
    """The module whose import closure computes a measure."""
    return __name__ if name == WEEKLY else name.partition(":")[0]


def find_observer(name: str) -> Callable[[], Any]:
    """The observer's class by the name of a measure, also from the working folder. Raises UserError."""
    module, _, kind = name.partition(":")
    here = str(Path.cwd())
    if here not in sys.path and "" not in sys.path:
        sys.path.append(here)
    try:
        found = getattr(importlib.import_module(module), kind)
    except (ImportError, AttributeError, ValueError) as error:
        raise UserError(f"measure={name} cannot be found ({error}): give 'weekly' or the name of an observer in a "
                        f"module that can be imported, as package.module:Observer.") from None
    lacking = [method for method in ("begin", "look", "result") if not callable(getattr(found, method, None))]
    if not isinstance(found, type) or lacking:
        raise UserError(f"measure={name} is no observer: it must be a class with the methods begin(world), "
                        f"look(world) and result().")
    observer: Callable[[], Any] = found
    return observer


def observed(world: World, weeks: int, measure: str = WEEKLY, tick: Callable[[], None] = lambda: None) -> TaskOutput:
    """Simulate ``weeks`` weeks and return the results of the measure. ``tick`` is called after each week."""
    observer = None if measure == WEEKLY else find_observer(measure)()
    if observer is not None:
        world.observe(observer)
    for _ in range(weeks):
        world.step()
        tick()
    return TaskOutput(world.weekly()) if observer is None else results_of(observer.result(), measure)


def results_of(values: Any, measure: str) -> TaskOutput:
    """An observer's result: a weekly table, or {name: number or one-dimensional array}. Raises TypeError."""
    if isinstance(values, pd.DataFrame):
        if lacking := [name for name in _COLUMNS if name not in values]:
            raise TypeError(f"the table of {measure} lacks {', '.join(lacking)}: it needs {', '.join(_COLUMNS)}")
        return TaskOutput(weekly=values[list(_COLUMNS)].reset_index(drop=True))
    if not isinstance(values, Mapping):
        raise TypeError(f"{measure} gives {type(values).__name__}: it must be a mapping of names to numbers or arrays, "
                        f"or a weekly table")
    arrays = {str(name): np.asarray(values[name], float) for name in sorted(values)}
    if wrong := [name for name, array in arrays.items() if array.ndim > 1]:
        raise TypeError(f"{wrong[0]} of {measure} has {arrays[wrong[0]].ndim} dimensions: one at most")
    return TaskOutput(numbers={name: float(array) for name, array in arrays.items() if array.ndim == 0},
                 arrays={name: array for name, array in arrays.items() if array.ndim == 1})
