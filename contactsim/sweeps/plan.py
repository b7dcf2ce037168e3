"""Plan a sweep, estimate it and carry it out: stored runs are skipped, all others are simulated and stored."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from contactsim.config.run_config import RunConfig
from contactsim.errors import UserError
from contactsim.observers.base import Observer
from contactsim.runs import executor
from contactsim.runs.executor import Progress, stored
from contactsim.runs.measure import WEEKLY, measure_name
from contactsim.runs.task import Answer
from contactsim.runs.worker import Worker, answer_of
from contactsim.storage import burn_in_cache
from contactsim.storage.places import Places, write_place
from contactsim.storage.schema import OK
from contactsim.storage.store import Store
from contactsim.sweeps import experiments
from contactsim.sweeps.results import Results
from contactsim.sweeps.task import Label, PlannedRun, RunSpec, identify

#: Estimates for a store without runs: resident-weeks per second of one process; and for any run, seconds and bytes
#: that do not depend on its size.
SPEED, FIXED_SECONDS, FIXED_BYTES = 1e6, 0.03, 12_000
#: Bytes of one value of the weekly table, compressed.
VALUE_BYTES = 6.0


@dataclass
class Plan:
    """The runs of a sweep, and which of them the store holds."""

    store: Store
    runs: list[PlannedRun]
    measure: str = WEEKLY
    keep: tuple[str, ...] = ()
    base: Path = field(default_factory=Path.cwd)
    retry_failed: bool = False
    done: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    damaged: list[str] = field(default_factory=list)
    """damaged files of the store; their runs are simulated again"""

    @property
    def todo(self) -> list[PlannedRun]:
        """Runs that are to be simulated, each once."""
        skip = self.done if self.retry_failed else self.done | self.failed
        return list({run.id: run for run in self.runs if run.id not in skip}.values())


@dataclass(frozen=True)
class Estimate:
    """Expected time and disk space of the runs that are to be simulated."""

    seconds: float
    """of one process"""
    size: float
    """bytes"""
    from_runs: bool
    """whether it is based on runs of this store"""


def make_plan(store: Store, runs: Sequence[RunSpec], measure: str = WEEKLY, keep: Sequence[str] = (),
              base: Path | None = None, retry_failed: bool = False) -> Plan:
    """Identities of the runs, and which of them the store holds. Writes nothing. Raises UserError.

    ``measure`` is ``weekly`` or the name of an observer (:func:`contactsim.runs.measure.measure_name`).
    """
    base = base or Path.cwd()
    known = identify(runs, measure, Places(base, store.places))
    found = stored(store, {run.id for run in known}, keep)
    return Plan(store, known, measure, tuple(keep), base, retry_failed, found.done, found.failed, found.damaged)


def estimate(plan: Plan) -> Estimate:
    """Time and disk space of the runs that are to be simulated."""
    known = _speed(plan.store, plan.measure)
    speed, burn_in = known or (SPEED, None)
    seconds = size = 0.0
    for run in plan.todo:
        config = run.spec.config
        before = (config.scenario.burn_in_min if burn_in is None else burn_in) if config.scenario.burn_in else 0
        seconds += FIXED_SECONDS + run.residents * (config.weeks + before) / speed
        size += FIXED_BYTES + config.weeks * run.groups * (run.groups * 6 + 11) * VALUE_BYTES
    return Estimate(seconds, size, known is not None)


def _speed(store: Store, measure: str) -> tuple[float, float] | None:
    """(resident-weeks per second, weeks of burn-in) of this store's runs; None without runs."""
    table, _ = store.read_undamaged(["status", "measure", "residents", "weeks", "burn_in", "provenance"])
    speeds, burn_ins = [], []
    for row in table.to_pylist():
        if row["status"] == OK and row["measure"] == measure:
            record, before = json.loads(row["provenance"]), json.loads(row["burn_in"] or "{}").get("weeks", 0)
            simulated = row["weeks"] + (0 if record.get("burn_in_was_cached") else before)
            speeds.append(row["residents"] * simulated / max(record.get("seconds", 0) - FIXED_SECONDS, 1e-3))
            burn_ins += [before] if before else []
    return (median(speeds), median(burn_ins) if burn_ins else 0) if speeds else None


def carry_out(plan: Plan, jobs: int | None = None, timeout: float | None = None, fail_fast: bool = False,
              scheduler: str | None = None, progress: Progress | None = None) -> Iterator[Answer]:
    """Simulate the runs that are to be done; see :func:`contactsim.runs.executor.carry_out`."""
    todo = plan.todo
    if not todo:
        return
    plan.store.prepare()
    _store_places(plan)
    shared = _shared(todo)
    tasks = [run.task(plan.measure, plan.keep, plan.base, timeout, run.burn_in in shared)
             for run in _by_sharing(todo, shared)]
    yield from executor.carry_out(plan.store, tasks, jobs, scheduler, fail_fast, progress, plan.damaged)


def _by_sharing(runs: Sequence[PlannedRun], shared: set[str]) -> list[PlannedRun]:
    """The runs sorted by place; of those that share a burn-in, one comes first."""
    seen: set[Any] = set()
    first: list[PlannedRun] = []
    rest: list[PlannedRun] = []
    for run in sorted(runs, key=lambda run: run.place_digest):
        leads = run.burn_in not in shared or run.burn_in not in seen
        seen.add(run.burn_in)
        (first if leads else rest).append(run)
    return first + rest


def _store_places(plan: Plan) -> None:
    """Store places made in Python or read from files, so that workers and reruns need nothing else."""
    specs = {run.place_digest: run.spec for run in plan.todo
             if run.spec.place is not None or run.spec.config.place.get("kind") == "table"}
    places = Places(plan.base, plan.store.places)
    with plan.store.writing():
        for spec in specs.values():
            write_place(spec.place or places.get(spec.config.place)[0], plan.store.places)


def _shared(todo: Sequence[PlannedRun]) -> set[str]:
    """Burn-ins that several runs begin with, or that are cached already."""
    count = Counter(run.burn_in for run in todo if run.burn_in is not None)
    cached = {path.stem for path in burn_in_cache.folder().glob("*.npz")}
    return {burn_in for burn_in, runs in count.items() if runs > 1 or burn_in in cached}


def run_into_store(config: RunConfig, labels: Mapping[str, Label]) -> tuple[str, bool]:
    """Simulate one run in this process, into ``config.store``; returns its identity and whether it was stored before.

    For Hydra's ``--multirun``, whose launchers start the runs. Raises UserError, also for a run that fails.
    """
    if config.output is not None:
        raise UserError(f"output={config.output} and store={config.store} exclude each other: a run is stored either "
                        f"in a folder of its own or in a store.")
    store = Store(str(config.store), missing=True)
    plan = make_plan(store, [RunSpec(config, None, labels)], retry_failed=True)
    run = plan.runs[0]
    if not plan.todo:
        return run.id, True
    store.prepare()
    store.quarantine(plan.damaged)
    _store_places(plan)
    task = run.task(plan.measure, (), plan.base, None, config.cache_burn_in)
    answer = answer_of(Worker(store.path), task.message())
    if answer.get("status") != OK:
        raise UserError(f"run {run.id} failed: {answer.get('fatal') or answer['message']}")
    return run.id, False


def sweep(store: Path | str, runs: Sequence[RunSpec], measure: str | type[Observer] = WEEKLY,
          keep: Sequence[str] = (), jobs: int | None = None, timeout: float | None = None,
          retry_failed: bool = False, fail_fast: bool = False, scheduler: str | None = None,
          name: str | None = None, progress: Progress | None = None) -> Results:
    """Simulate all runs that the store lacks; returns the results of all, in the order of ``runs``.

    Args:
        store: its folder; created if it does not exist.
        runs: configurations (:class:`contactsim.sweeps.RunSpec`).
        measure: ``weekly``, or an observer: a class like :class:`contactsim.observers.base.Observer` at the top level
            of a module, or its name ``package.module:Observer``. It is made without arguments, once for each run; its
            ``result()`` is {name: number or one-dimensional array}, or a weekly table.
        keep: files to store in addition, ``survey`` and ``figure``.
        jobs: processes; one per processor if None. It never changes a result.
        timeout: seconds that a run may take, checked after each week.
        retry_failed: repeat runs that failed or took too long.
        fail_fast: stop at the first failure.
        scheduler: address of a Dask scheduler, to use its workers instead.
        name: of the experiment; made from the runs if None.
        progress: called with (runs ended, runs to simulate, failures).

    Raises UserError for a mistake in the store, the name or the measure; a run that fails is a result with its message.
    """
    folder = Store(store, missing=True)
    plan = make_plan(folder, runs, measure_name(measure), keep, retry_failed=retry_failed)
    folder.prepare()
    with folder.writing():
        for spec in runs:
            if spec.place is not None:
                write_place(spec.place, folder.places)
    experiments.record(folder, name, plan.runs, {"design": "made in Python"})
    for _ in carry_out(plan, jobs, timeout, fail_fast, scheduler, progress):
        pass
    return Results(folder, [run.id for run in plan.runs])
