"""contactsim compared with the same rules in idiomatic Mesa: speed, cost by size, memory, start-up.

Run ``python -m benchmarks.against_mesa --help``; ``README.md`` in this folder describes the measurements.
"""

from __future__ import annotations

import argparse
import cProfile
import io
import json
import pstats
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.idiomatic_mesa import Town
from benchmarks.measuring import (
    ROOT,
    SEED,
    bytes_held,
    in_a_process,
    machine,
    mean_ties,
    peak,
    rate,
    simulated,
    timed,
    world,
)
from benchmarks.nation import nation
from contactsim.encounters.ties import EVERY
from contactsim.residents import WEEKS_A_YEAR
from contactsim.world import World

#: Residents for whom the Mesa model's profile and the first week are taken.
SMALL = 1000


def against_mesa(residents: int, weeks: int, repeats: int, before: int) -> dict[str, Any]:
    """Both models in turn from the same residents, one thread."""
    ours = simulated(residents, before)
    theirs = Town(ours, SEED)
    meetings, ties = meetings_a_week(ours), mean_ties(ours)
    theirs.step()
    often = EVERY * max(1, min(50, 250_000 // residents))
    mesa_times, our_times = [], []
    for _ in range(repeats):
        our_times.append(timed(ours.step, often))
        mesa_times.append(timed(theirs.step, weeks))
        our_times.append(timed(ours.step, often))
    mesas, one_thread = rate(residents, mesa_times), rate(residents, our_times)
    return {"residents": residents, "meetings_a_week": meetings, "ties": ties, "idiomatic_mesa": mesas,
            "one_thread": one_thread, "ratio": {by: one_thread[by] / mesas[by] for by in one_thread}}


def meetings_a_week(one: World) -> float:
    """Meetings that those who can meet people had or declined this week, on average."""
    rows = one.week.availability > 0
    return float((one.week.counts[rows].sum() + one.week.own_meetings[rows].sum()) / rows.sum())


def cost(residents: int, groups: int, threads: int | None, before: int) -> dict[str, Any]:
    """Nanoseconds a resident-week over a year, in which everything is due that a week does not always do."""
    one = simulated(residents, before, groups, threads)
    years = [timed(one.step, 1) for _ in range(WEEKS_A_YEAR)]
    wall, cpu = (sorted(1e9 * seconds[k] / residents for seconds in years) for k in range(2))
    return {"residents": residents, "groups": groups, "threads": one.threads.number, "ties": mean_ties(one),
            "mean_ns": sum(wall) / len(wall), "median_ns": wall[len(wall) // 2], "fastest_ns": wall[0],
            "mean_processor_ns": sum(cpu) / len(cpu)}


def memory(residents: int, before: int) -> dict[str, Any]:
    """Bytes per resident: all arrays by part, and growth of the process while a world is created and simulated."""
    start = peak()
    one = simulated(residents, before)
    parts = bytes_held(one)
    return {"residents": residents, "rows": len(one.people), "bytes_per_resident": sum(parts.values()) / residents,
            "parts": {name: held / residents for name, held in parts.items()},
            "peak_growth_of_process": (peak() - start) / residents}


def first_week() -> dict[str, float]:
    """Seconds, each in a process of its own: import, a world, and its first week with and without compiled kernels."""
    with tempfile.TemporaryDirectory() as cache:
        cold, warm = (in_a_process(__file__, "--part", json.dumps({"first_week": {}}), cache=cache) for _ in range(2))
    return {"import_s": warm["import"], "world_cold_s": cold["world"], "world_warm_s": warm["world"],
            "first_week_cold_s": cold["week"], "first_week_warm_s": warm["week"],
            "first_week_cold_processor_s": cold["week_processor"],
            "first_week_warm_processor_s": warm["week_processor"],
            "start_to_end_of_first_week_cold_s": cold["all"], "start_to_end_of_first_week_warm_s": warm["all"]}


def first_week_here() -> dict[str, float]:
    """The first week in this process."""
    began = time.perf_counter()
    one = world(SMALL)
    made = time.perf_counter()
    processor = time.process_time()
    one.step()
    return {"world": made - began, "week": time.perf_counter() - made,
            "week_processor": time.process_time() - processor, "import": import_seconds()}


def import_seconds() -> float:
    """Seconds to import the model, beyond those to start Python."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import contactsim.world"], check=True, cwd=ROOT)
    bare = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return (bare - began) - (time.perf_counter() - bare)


def profile(before: int, weeks: int = 12) -> str:
    """Where the Mesa model spends its time: its functions by own time."""
    town = Town(simulated(SMALL, before), SEED)
    town.step()
    watch = cProfile.Profile()
    watch.enable()
    for _ in range(weeks):
        town.step()
    watch.disable()
    text = io.StringIO()
    pstats.Stats(watch, stream=text).strip_dirs().sort_stats("tottime").print_stats(20)
    return text.getvalue()


#: Parts that are measured each in a process of its own, so that its memory is its own.
PARTS = {"first_week": first_week_here, "memory": memory, "against_mesa": against_mesa, "cost": cost}


def part(name: str, **options: Any) -> dict[str, Any]:
    """A part of the measurements in a process of its own."""
    found = in_a_process(__file__, "--part", json.dumps({name: options}))
    return {key: value for key, value in found.items() if key != "all"}


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """All figures."""
    sizes, before = sorted(options.residents), options.before
    start = first_week()
    held = [part("memory", residents=n, before=before) for n in (sizes[-1],)]
    rates = [part("against_mesa", residents=n, weeks=max(options.weeks, EVERY * (5000 // n)), repeats=options.repeats,
                  before=before) for n in sizes]
    costs = [part("cost", residents=n, groups=2, threads=1, before=before) for n in sorted(options.sizes)]
    others = [part("cost", residents=sizes[-1], groups=groups, threads=threads, before=before)
              for groups, threads in ((2, None), (16, 1))]
    means = [one["mean_ns"] for one in costs]
    return {"before": before, "weeks": options.weeks, "repeats": options.repeats, "against_mesa": rates,
            "ratio": rates[-1]["ratio"], "memory": held[0], "cost": costs,
            "cost_largest_to_smallest": max(means) / min(means), "all_threads": others[0], "sixteen_groups": others[1],
            "start": start, "machine": machine()}


def show(result: dict[str, Any]) -> None:
    """The figures as text."""
    print(f"resident-weeks a second (median of repeats), two groups, one thread, after {result['before']} weeks")
    print(f"{'residents':>10} {'Mesa':>10} {'contactsim':>12} {'ratio':>7} {'by processor time':>18}")
    for r in result["against_mesa"]:
        print(f"{r['residents']:>10,} {r['idiomatic_mesa']['median']:>10,.0f} {r['one_thread']['median']:>12,.0f} "
              f"{r['ratio']['median']:>7.0f} {r['ratio']['median_by_processor_time']:>18.0f}")
    print("nanoseconds a resident-week, mean of a year (median and fastest week)")
    for c in (*result["cost"], result["all_threads"], result["sixteen_groups"]):
        print(f"{c['residents']:>10,} residents, {c['groups']:>2} groups, {c['threads']} threads: {c['mean_ns']:,.0f} "
              f"({c['median_ns']:,.0f}; {c['fastest_ns']:,.0f}); {c['ties']:.1f} ties")
    held = result["memory"]
    parts = ", ".join(f"{name.replace('_', ' ')} {value:.0f}" for name, value in held["parts"].items())
    print(f"bytes a resident ({held['residents']:,} residents): {held['bytes_per_resident']:.0f} ({parts})")
    start = result["start"]
    print(f"import {start['import_s']:.2f} s; first week {start['first_week_cold_s']:.1f} s cold, "
          f"{start['first_week_warm_s']:.2f} s warm")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--residents", type=int, nargs="+", default=[10_000, 100_000],
                        help="sizes for the comparison with Mesa; memory and sixteen groups at the largest")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000],
                        help="sizes for the cost of a resident-week (add 4000000)")
    parser.add_argument("--weeks", type=int, default=EVERY, help="weeks of the Mesa model in each repeat")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--before", type=int, default=2 * WEEKS_A_YEAR, help="weeks before timing, in which ties form")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--profile", action="store_true", help="only profile the Mesa model")
    parser.add_argument("--nation", action="store_true", help="only England and Wales, region by region")
    parser.add_argument("--regions", nargs="+", help="with --nation: the regions to add one after the other")
    parser.add_argument("--part", type=json.loads, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        (name, values), = options.part.items()
        print(json.dumps(PARTS[name](**values)))  # type: ignore[operator]
    elif options.profile:
        print(profile(options.before))
    elif options.nation:
        print(json.dumps(nation(options.regions) | {"machine": machine()}, indent=2))
    else:
        result = measure(options)
        if options.json:
            print(json.dumps(result, indent=2))
        else:
            show(result)


if __name__ == "__main__":
    main()
