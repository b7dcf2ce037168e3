"""All of England and Wales for a few weeks: seconds and memory by the number of residents.

The regions of the 2011 census are added one after the other, each sum of regions in a process of its own, for as long
as the memory of the machine allows; a line through the results says what all residents would need.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.measuring import SEED, bytes_held, in_a_process, peak, timed
from contactsim.config.run_config import compose
from contactsim.place import load_place, read_table
from contactsim.world import World

DATA = Path(__file__).parents[2] / "shared" / "data" / "census2011" / "lsoa_england_wales.csv.gz"
#: The region of each area in that table.
LEVEL = "RGN"
GIB = 2**30
#: Weeks that are simulated, the first of them not timed.
WEEKS = 5


def nation(regions: Sequence[str] | None = None) -> dict[str, Any]:
    """Seconds and memory of growing sums of ``regions`` (None: all, the smallest first), and the slope."""
    sizes = residents_by_region()
    chosen = list(regions or sorted(sizes, key=sizes.__getitem__))
    steps: list[dict[str, Any]] = []
    wanted = 0
    for last, region in enumerate(chosen, start=1):
        wanted += sizes[region]
        if steps and on_a_line(steps, "peak_gib", wanted) * GIB > available():
            break
        steps.append(in_a_process(__file__, *chosen[:last]) | {"regions": last})
    everybody = sum(sizes.values())
    return {"steps": steps, "everybody": {"residents": everybody, "simulated": steps[-1]["residents"] == everybody} | {
        name: on_a_line(steps, name, everybody) for name in ("running_gib", "peak_gib", "arrays_gib", "week_s")}}


def on_a_line(steps: list[dict[str, Any]], name: str, residents: int) -> float:
    """A figure for so many residents, on a line through those of ``steps`` (and through nothing, if there is one)."""
    x, y = [one["residents"] for one in steps], [one[name] for one in steps]
    if len(steps) == 1:
        return float(y[0] / x[0] * residents)
    slope, base = np.polyfit(x, y, 1)
    return float(base + slope * residents)


def residents_by_region() -> dict[str, int]:
    """Residents of each region in the table."""
    table = read_table(DATA)
    found: dict[str, int] = {}
    for region, residents in zip(table.parents[LEVEL], table.counts.sum(axis=1).tolist(), strict=True):
        found[region] = found.get(region, 0) + residents
    return found


def available() -> float:
    """Bytes of memory that programs can still have; unlimited where the system does not say."""
    return _bytes_of("/proc/meminfo", "MemAvailable") or float("inf")


def running() -> float:
    """Bytes of memory that this process holds now; its peak where the system does not say."""
    return _bytes_of("/proc/self/status", "VmRSS") or float(peak())


def _bytes_of(file: str, name: str) -> float:
    """Bytes on the line ``name`` of a file of the system that counts kilobytes; 0 where there is none."""
    lines = Path(file).read_text().splitlines() if Path(file).exists() else []
    return next((1024.0 * int(line.split()[1]) for line in lines if line.startswith(name)), 0.0)


def measured(regions: Sequence[str]) -> dict[str, Any]:
    """Seconds and memory of one sum of regions, in this process, on all processors."""
    began = time.perf_counter()
    place = load_place({"kind": "table", "file": str(DATA), "scheme": "two", "within": {LEVEL: list(regions)}})
    located = time.perf_counter()
    world = World(place, compose(["scenario=no_burn_in"]).parameters, SEED)
    made = time.perf_counter()
    first = timed(world.step, 1)
    week = timed(world.step, WEEKS - 1)
    held = sum(bytes_held(world).values())
    return {"residents": place.residents, "threads": world.threads.number, "place_s": located - began,
            "world_s": made - located, "first_week_s": first[0], "week_s": week[0], "week_processor_s": week[1],
            "bytes_per_resident": held / place.residents, "arrays_gib": held / GIB, "running_gib": running() / GIB,
            "peak_gib": peak() / GIB}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("regions", nargs="+")
    print(json.dumps(measured(parser.parse_args().regions)))
