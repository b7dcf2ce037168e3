"""Many small runs in one sweep: overhead on the model's own time, how busy the processors are, memory.

    python benchmarks/sweeps.py [--runs 2000] [--jobs 2] [--json]

The model's own time is that of the same runs one after another in one process that writes nothing: world, weeks
and the weekly table. Overhead of a run is the workers' processor time in the sweep beyond it, start of the
workers left out (a sweep of one run for each worker is taken away). Busy is the share of the time, from a tenth
of the runs to the last, in which a worker was on a processor or waiting for one that other programs had.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

from contactsim.config.run_config import RunConfig, compose
from contactsim.place import load_place
from contactsim.sweeps import RunSpec, sweep
from contactsim.world import world_after_burn_in

KEYS = ["place=synthetic", "scenario=no_burn_in"]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("runs", 2000), ("residents", 1000), ("weeks", 52), ("jobs", os.cpu_count() or 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    config = compose([*KEYS, f"place.residents={options.residents}", f"weeks={options.weeks}"])
    own = model_alone(config, min(options.runs, 100))
    with tempfile.TemporaryDirectory() as folder:
        start = measured(Path(folder, "start"), config, options.jobs, options.jobs)
        found = measured(Path(folder, "store"), config, options.runs, options.jobs)
    runs = options.runs - options.jobs
    work = found["workers"] - start["workers"]
    result = {
        "runs": options.runs, "residents": options.residents, "weeks": options.weeks, "jobs": options.jobs,
        "load_before": round(found["load"], 1), "wall_s": round(found["wall"], 1), "start_s": round(start["wall"], 1),
        "model_ms": round(1e3 * own, 1), "run_ms": round(1e3 * work / runs, 1),
        "overhead_ms": round(1e3 * (work / runs - own), 1),
        "parent_ms_a_run": round(1e3 * (found["parent"] - start["parent"]) / runs, 2),
        "busy": found["busy"],
        "worker_mb_early": found["early"], "worker_mb_late": found["late"], "store_kb_a_run": found["kb"],
    }
    print(json.dumps(result, indent=2) if options.json else "\n".join(f"{k:16} {v}" for k, v in result.items()))
    return 0


def model_alone(config: RunConfig, runs: int) -> float:
    """Median processor seconds of a run without a sweep."""
    place, seconds = load_place(config.place, Path.cwd()), []
    for seed in range(runs):
        began = time.process_time()
        world, _ = world_after_burn_in(place, config.parameters, seed, 1)
        for _ in range(config.weeks):
            world.step()
        world.weekly()
        seconds.append(time.process_time() - began)
    return statistics.median(seconds)


def measured(store: Path, config: RunConfig, runs: int, jobs: int) -> dict[str, float]:
    """Wall and processor seconds of a sweep, and the memory of its workers early and late."""
    specs = [RunSpec(config.model_copy(update={"seed": seed})) for seed in range(runs)]
    seen: list[tuple[float, dict[str, tuple[float, float]]]] = []
    load = os.getloadavg()[0]
    parent, children, began = time.process_time(), _children(), time.perf_counter()

    def progress(done: int, todo: int, failed: int) -> None:
        if done in (max(1, todo // 10), todo - jobs):
            seen.append((time.perf_counter(), _workers()))

    sweep(store, specs, jobs=jobs, progress=progress).ids  # noqa: B018
    wall = time.perf_counter() - began
    size = sum(path.stat().st_size for path in store.rglob("*") if path.is_file())
    (then, early), (now, late) = (seen or [(0.0, {})])[0], (seen or [(1.0, {})])[-1]
    ready = sum(late[process][1] - early[process][1] for process in late if process in early)
    megabytes = [max((size for size, _ in workers.values()), default=0.0) for workers in (early, late)]
    return {"wall": wall, "parent": time.process_time() - parent, "workers": _children() - children, "load": load,
            "early": megabytes[0], "late": megabytes[1], "busy": round(ready / max(now - then, 1e-9) / jobs, 3),
            "kb": round(size / runs / 1e3, 1)}


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _workers() -> dict[str, tuple[float, float]]:
    """(megabytes, seconds on a processor or waiting for one) of each worker now; empty where Linux is not."""
    found = {}
    for thread in threading.enumerate():
        children = Path(f"/proc/self/task/{thread.native_id}/children")
        for process in children.read_text().split() if children.exists() else ():
            pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
            ran, waited, _ = map(int, Path(f"/proc/{process}/schedstat").read_text().split())
            found[process] = round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1), (ran + waited) / 1e9
    return found


if __name__ == "__main__":
    sys.exit(main())
