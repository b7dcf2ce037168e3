"""What the benchmarks share: worlds with the ordinary week, timing, memory, processes of their own, the machine."""

from __future__ import annotations

import dataclasses
import gc
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import mesa
import numba
import numpy as np

from contactsim.compiled import Threads
from contactsim.config.run_config import compose
from contactsim.place import synthetic_place
from contactsim.world import World

SEED, DISSIMILARITY = 7, 0.4
ROOT = Path(__file__).parents[1]


def shares(groups: int) -> dict[str, float]:
    """A majority of 70 % and one minority, or a majority of 40 % and equal minorities."""
    majority = 0.7 if groups == 2 else 0.4
    return {"majority": majority} | {f"minority {g}": (1 - majority) / (groups - 1) for g in range(1, groups)}


def world(residents: int, groups: int = 2, threads: int | None = 1) -> World:
    """A synthetic place with the ordinary week and all defaults."""
    place = synthetic_place("benchmark", residents, shares(groups), DISSIMILARITY)
    return World(place, compose(["scenario=no_burn_in"]).parameters, SEED, threads)


def simulated(residents: int, before: int, groups: int = 2, threads: int | None = 1) -> World:
    """A world ``before`` weeks later, compiled and warm, whose residents have ties and experience."""
    one = world(residents, groups, threads)
    for _ in range(before):
        one.step()
    return one


def timed(step: Callable[[], None], weeks: int) -> tuple[float, float]:
    """(wall, processor) seconds a week over whole weeks.

    As in timeit, garbage is collected before and not meanwhile: in a process that holds both models, a collection that
    falls into one's week walks over the objects of the other.
    """
    gc.collect()
    gc.disable()
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(weeks):
        step()
    took = (time.perf_counter() - wall) / weeks, (time.process_time() - cpu) / weeks
    gc.enable()
    return took


def rate(residents: int, times: list[tuple[float, float]]) -> dict[str, float]:
    """Resident-weeks a second from (wall, processor) seconds a week: fastest and median repeat."""
    wall, cpu = zip(*times, strict=True)
    return {"best": residents / min(wall), "median": residents / median(wall),
            "median_by_processor_time": residents / median(cpu)}


def mean_ties(one: World) -> float:
    """Ties of a resident, on average."""
    return float(one.people.friends[one.people.active].mean())


def bytes_held(one: World) -> dict[str, int]:
    """Bytes of all arrays that a world holds, by part; an array that two parts share is counted with the first."""
    seen: dict[int, Any] = {}
    parts: dict[str, Any] = {
        "people_and_week": one.people, "settings": one.settings,
        "schedule_and_scratch": (one.setting_weeks, one.friends, one._scratch, one._areas_of_threads),
        "place": one.place, "other": one}
    return {name: _nbytes(part, seen) for name, part in parts.items()}


def _nbytes(thing: Any, seen: dict[int, Any]) -> int:
    """Bytes of the arrays that can be reached from ``thing`` through containers and objects of contactsim.

    ``seen`` holds what has been counted by its identity, and keeps it, so that no other object gets the same one.
    """
    if isinstance(thing, np.ndarray):
        while isinstance(thing.base, np.ndarray):
            thing = thing.base
    if id(thing) in seen:
        return 0
    seen[id(thing)] = thing
    if isinstance(thing, np.ndarray):
        return thing.nbytes
    if isinstance(thing, dict):
        return sum(_nbytes(one, seen) for one in thing.values())
    if isinstance(thing, (list, tuple)):
        return sum(_nbytes(one, seen) for one in thing)
    if type(thing).__module__.startswith("contactsim"):
        inside = ([getattr(thing, one.name) for one in dataclasses.fields(thing)] if dataclasses.is_dataclass(thing)
                  else list(vars(thing).values()))
        return _nbytes(inside, seen)
    return 0


def peak() -> int:
    """Highest resident set of this process so far, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def in_a_process(script: str, *options: str, cache: str | None = None) -> dict[str, Any]:
    """The JSON object that a script prints last, with its seconds from start to end as ``all``."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    if cache is not None:
        environment["XDG_CACHE_HOME"] = cache
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
    began = time.perf_counter()
    done = subprocess.run([sys.executable, script, *options], env=environment, check=True, stdout=subprocess.PIPE,
                          text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found | {"all": time.perf_counter() - began}


def machine() -> dict[str, Any]:
    """The machine in general words."""
    model = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.exists():
        model = next((line.split(":")[1].strip() for line in info.read_text().splitlines()
                      if line.startswith("model name")), model)
    return {"processor": model, "processors": Threads(None).number, "load": round(os.getloadavg()[0], 1),
            "system": platform.system(), "python": platform.python_version(), "mesa": mesa.__version__,
            "numpy": np.__version__, "numba": numba.__version__}
