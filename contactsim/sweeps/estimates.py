"""How long a sweep will take and how much it will write: from the store's own runs, or roughly without any."""

from __future__ import annotations

import json
from dataclasses import dataclass
from statistics import median

from contactsim.storage.schema import OK
from contactsim.storage.store import Store
from contactsim.sweeps.plan import Plan
from contactsim.sweeps.spec import Planned

#: Resident-weeks a second of one process, where the store has no run to tell; seconds and bytes of a run besides.
SPEED, OVERHEAD, BESIDES = 1e6, 0.03, 12_000
#: Bytes of one figure of the weekly table, compressed.
FIGURE = 6.0


@dataclass(frozen=True)
class Estimate:
    """What is to be expected of the runs that are to be done."""

    seconds: float
    """of one process"""
    size: float
    """bytes"""
    from_runs: bool
    """whether it rests on runs of this store"""


def estimate(plan: Plan) -> Estimate:
    """Time and disk of what is to be done."""
    known = _known(plan.store, plan.measure)
    speed, burn_in = known or (SPEED, None)
    seconds = size = 0.0
    for run in plan.todo:
        config = run.spec.config
        lived = config.scenario.burn_in
        before = (config.scenario.burn_in_min if burn_in is None else burn_in) if lived else 0
        seconds += OVERHEAD + run.residents * (config.weeks + before) / speed
        size += BESIDES + config.weeks * _figures(run) * FIGURE
    return Estimate(seconds, size, known is not None)


def _figures(run: Planned) -> int:
    return run.groups * (run.groups * 6 + 11)


def _known(store: Store, measure: str) -> tuple[float, float] | None:
    """(resident-weeks a second, weeks of burn-in) of this store's runs."""
    table, _ = store.read_whole(["status", "measure", "residents", "weeks", "burn_in", "provenance"])
    speeds, burn_ins = [], []
    for row in table.to_pylist():
        if row["status"] == OK and row["measure"] == measure:
            record, before = json.loads(row["provenance"]), json.loads(row["burn_in"] or "{}").get("weeks", 0)
            lived = row["weeks"] + (0 if record.get("burn_in_was_cached") else before)
            speeds.append(row["residents"] * lived / max(record.get("seconds", 0) - OVERHEAD, 1e-3))
            burn_ins += [before] if before else []
    return (median(speeds), median(burn_ins) if burn_ins else 0) if speeds else None


def said(seconds: float) -> str:
    """A time in words: ``40 s``, ``12 min``, ``3.5 h``."""
    if seconds < 100:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def sized(size: float) -> str:
    """A size in words: ``3 kB``, ``1.2 MB``."""
    for unit, of in (("GB", 1e9), ("MB", 1e6)):
        if size >= of:
            return f"{size / of:.1f} {unit}"
    return f"{size / 1e3:.0f} kB"


def counted(number: int, thing: str) -> str:
    """A number of things in words: 1 run, 2 runs."""
    return f"{number} {thing}{'' if number == 1 else 's'}"
