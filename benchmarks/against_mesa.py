"""contactsim compared with the same rules in idiomatic Mesa: speed, memory, start-up.

Run ``python benchmarks/against_mesa.py --help``; ``README.md`` in this folder describes the measurements.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import io
import json
import os
import platform
import pstats
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import mesa
import numba
import numpy as np
import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.idiomatic_mesa import Town
from contactsim.compiled import Threads
from contactsim.encounters.arrays import BONDING
from contactsim.parameters import ModelParameters
from contactsim.paths import configs_folder
from contactsim.place import synthetic_place
from contactsim.world import World

SEED, DISSIMILARITY = 7, 0.4
#: Weeks simulated before timing starts, so that residents have ties and experience.
BEFORE = 30
#: Residents for whom the Mesa model's profile and the first week are taken.
SMALL = 1000


def shares(groups: int) -> dict[str, float]:
    """A majority of 70 % and one minority, or a majority of 40 % and equal minorities."""
    majority = 0.7 if groups == 2 else 0.4
    return {"majority": majority} | {f"minority {g}": (1 - majority) / (groups - 1) for g in range(1, groups)}


def world(residents: int, groups: int = 2, threads: int | None = 1) -> World:
    """A made place whose residents have four meetings a week."""
    place = synthetic_place("benchmark", residents, shares(groups), DISSIMILARITY)
    path = configs_folder() / "settings" / "four_meetings.yaml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    return World(place, ModelParameters(settings=settings), SEED, threads)


def simulated(residents: int, groups: int = 2, threads: int | None = 1) -> World:
    """A world some weeks later, compiled and warm."""
    one = world(residents, groups, threads)
    for _ in range(BEFORE):
        one.step()
    return one


def timed(step: Callable[[], None], weeks: int) -> tuple[float, float]:
    """(wall, processor) seconds a week over whole weeks.

    As in timeit, garbage is collected before and not meanwhile: in a process that holds both models, a collection
    that falls into one's week walks over the objects of the other.
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


def side_by_side(residents: int, weeks: int, repeats: int) -> dict[str, Any]:
    """Both models in turn from the same residents, one thread; then contactsim alone on all threads."""
    ours = simulated(residents)
    meetings = _meetings(ours)
    theirs = Town(ours, SEED)
    theirs.step()
    often = max(5, min(200, 1_000_000 // residents))
    mesa_times, our_times = [], []
    for _ in range(repeats):
        our_times.append(timed(ours.step, often))
        mesa_times.append(timed(theirs.step, weeks))
        our_times.append(timed(ours.step, often))
    del theirs
    many = simulated(residents, threads=None)
    result: dict[str, Any] = {"residents": residents, "meetings_a_week": meetings,
              "idiomatic_mesa": rate(residents, mesa_times), "one_thread": rate(residents, our_times),
              "all_threads": rate(residents, [timed(many.step, often) for _ in range(2 * repeats)])}
    for name in ("one_thread", "all_threads"):
        result[f"ratio_{name}"] = result[name]["median"] / result["idiomatic_mesa"]["median"]
    for by in ("best", "median_by_processor_time"):
        result[f"ratio_one_thread_{by}"] = result["one_thread"][by] / result["idiomatic_mesa"][by]
    return result


def _meetings(one: World) -> float:
    """Meetings that those who can meet people had or declined this week, on average.

    The own group's column counts those in community life a second time.
    """
    rows = np.flatnonzero(one.week.availability > 0)
    bonding = one.week.counts[rows, one.people.group[rows], BONDING].sum()
    return float((one.week.counts[rows].sum() - bonding) / rows.size)


def sixteen(residents: int, repeats: int) -> dict[str, float]:
    """Our rate with 16 groups on one thread."""
    one = simulated(residents, 16)
    return rate(residents, [timed(one.step, 5) for _ in range(2 * repeats)])


def memory(residents: int) -> dict[str, float]:
    """Bytes per resident: arrays by kind, and growth of the process while a world is created and simulated."""
    before = _peak()
    one = simulated(residents)
    growth = _peak() - before
    week = sum(a.nbytes for a in one.week) + one.small_groups.nbytes + one._free.nbytes
    seats = sum(s.occupant.nbytes + s.seat.nbytes + sum(p.start.nbytes + p.keys.nbytes for p in s.partitions.values())
                for s in one.settings.values())
    seats += sum(a.nbytes for pair in one._scratch for a in pair)
    seats += sum(a.nbytes for r in one.setting_weeks for a in (r.within, r.start, r.keys))
    parts = {"columns": one.people.nbytes(), "week": week, "seats": seats}
    return {"arrays": sum(parts.values()) / residents, **{k: v / residents for k, v in parts.items()},
            "peak_growth_of_process": growth / residents}


def _peak() -> int:
    """Highest resident set of this process so far, in bytes."""
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def first_week() -> dict[str, float]:
    """Seconds, each in a process of its own: import, a world, and its first week with and without compiled kernels."""
    with tempfile.TemporaryDirectory() as cache:
        cold, warm = (_in_a_process("--first-week", cache) for _ in range(2))
    return {"import_s": warm["import"], "world_cold_s": cold["world"], "world_warm_s": warm["world"],
            "first_week_cold_s": cold["week"], "first_week_warm_s": warm["week"],
            "first_week_cold_processor_s": cold["week_processor"],
            "first_week_warm_processor_s": warm["week_processor"],
            "start_to_end_of_first_week_cold_s": cold["all"], "start_to_end_of_first_week_warm_s": warm["all"]}


def _in_a_process(option: str, cache: str, *more: str) -> dict[str, float]:
    environment = {**os.environ, "XDG_CACHE_HOME": cache}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    began = time.perf_counter()
    done = subprocess.run([sys.executable, __file__, option, *more], env=environment, check=True,
                          capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found | {"all": time.perf_counter() - began}


def _first_week_here() -> dict[str, float]:
    began = time.perf_counter()
    one = world(SMALL)
    made = time.perf_counter()
    processor = time.process_time()
    one.step()
    lasted = time.perf_counter() - made
    return {"world": made - began, "week": lasted, "week_processor": time.process_time() - processor,
            "import": _import_seconds()}


def _import_seconds() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import contactsim.world"], check=True,
                   cwd=Path(__file__).parents[1])
    bare = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return (bare - began) - (time.perf_counter() - bare)


def profile(residents: int = SMALL, weeks: int = 10) -> str:
    """Where the Mesa model spends its time: its functions by own time."""
    town = Town(simulated(residents), SEED)
    town.step()
    watch = cProfile.Profile()
    watch.enable()
    for _ in range(weeks):
        town.step()
    watch.disable()
    text = io.StringIO()
    pstats.Stats(watch, stream=text).strip_dirs().sort_stats("tottime").print_stats(18)
    return text.getvalue()


def machine() -> dict[str, Any]:
    """The machine in general words."""
    model = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.exists():
        model = next((line.split(":")[1].strip() for line in info.read_text().splitlines()
                      if line.startswith("model name")), model)
    return {"processor": model, "processors": Threads(None).number, "system": platform.system(),
            "python": platform.python_version(), "mesa": mesa.__version__, "numpy": np.__version__,
            "numba": numba.__version__}


def measure(sizes: list[int], weeks: int, repeats: int, with_profile: bool) -> dict[str, Any]:
    """All figures. Memory comes first, in a process of its own, so that its peak is its own."""
    largest = max(sizes)
    with tempfile.TemporaryDirectory() as cache:
        _in_a_process("--memory", cache, "--residents", str(SMALL))
        held = _in_a_process("--memory", cache, "--residents", str(largest))
    start = first_week()
    rates = [side_by_side(n, max(weeks, 20_000 // n), repeats) for n in sizes]
    result = {"residents": largest, "weeks": weeks, "repeats": repeats,
              "ratio_one_thread": rates[-1]["ratio_one_thread"],
              "ratio_one_thread_best": rates[-1]["ratio_one_thread_best"], "rates": rates,
              "sixteen_groups_one_thread": sixteen(largest, repeats), "bytes_per_resident": held["arrays"],
              "memory": {k: v for k, v in held.items() if k != "all"}, **start, "machine": machine()}
    if with_profile:
        result["profile_of_mesa"] = profile()
    return result


def show(result: dict[str, Any]) -> None:
    """The figures as text."""
    print("resident-weeks a second (median of repeats), two groups")
    print(f"{'residents':>10} {'Mesa':>10} {'one thread':>12} {'all threads':>12} {'ratio':>7} {'ratio, all':>11}")
    for r in result["rates"]:
        print(f"{r['residents']:>10,} {r['idiomatic_mesa']['median']:>10,.0f} {r['one_thread']['median']:>12,.0f} "
              f"{r['all_threads']['median']:>12,.0f} {r['ratio_one_thread']:>7.0f} {r['ratio_all_threads']:>11.0f}")
    print(f"16 groups, one thread: {result['sixteen_groups_one_thread']['median']:,.0f}")
    memory = ", ".join(f"{name.replace('_', ' ')} {value:.0f}" for name, value in result["memory"].items())
    print(f"bytes a resident: {memory}")
    print(f"import {result['import_s']:.2f} s; first week {result['first_week_cold_s']:.1f} s cold, "
          f"{result['first_week_warm_s']:.2f} s warm")
    if "profile_of_mesa" in result:
        print(result["profile_of_mesa"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--residents", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--weeks", type=int, default=2, help="weeks of the Mesa model in each repeat")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--profile", action="store_true", help="profile the Mesa model as well")
    parser.add_argument("--first-week", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--memory", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.first_week:
        print(json.dumps(_first_week_here()))
    elif arguments.memory:
        print(json.dumps(memory(max(arguments.residents))))
    else:
        result = measure(sorted(arguments.residents), arguments.weeks, arguments.repeats, arguments.profile)
        if arguments.json:
            print(json.dumps(result, indent=2))
        else:
            show(result)


if __name__ == "__main__":
    main()
