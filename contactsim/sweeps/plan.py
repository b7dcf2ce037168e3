"""Doing a sweep: what is done already is skipped, the rest is simulated, and every result is in the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contactsim.config.run_config import RunConfig
from contactsim.errors import UserError
from contactsim.observers.base import Observer
from contactsim.runs import executor
from contactsim.runs.executor import Progress, held
from contactsim.runs.measure import WEEKLY, measure_name
from contactsim.runs.task import Answer
from contactsim.runs.worker import Worker, fatal
from contactsim.storage import burn_in_cache
from contactsim.storage.places import keep_place
from contactsim.storage.schema import OK
from contactsim.storage.store import Store
from contactsim.sweeps import experiments
from contactsim.sweeps.spec import Label, Places, Planned, RunSpec, planned


@dataclass
class Plan:
    """What a sweep is to do."""

    store: Store
    runs: list[Planned]
    measure: str = WEEKLY
    keep: tuple[str, ...] = ()
    base: Path = field(default_factory=Path.cwd)
    retry_failed: bool = False
    done: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    damaged: list[str] = field(default_factory=list)
    """damaged files of the store; their runs are to be done again"""

    @property
    def todo(self) -> list[Planned]:
        """Runs that are to be simulated, each once."""
        skip = self.done if self.retry_failed else self.done | self.failed
        return list({run.id: run for run in self.runs if run.id not in skip}.values())


def make_plan(store: Store, runs: Sequence[RunSpec], measure: str = WEEKLY, keep: Sequence[str] = (),
              base: Path | None = None, retry_failed: bool = False) -> Plan:
    """Identities of the runs, and which of them the store holds. Writes nothing. Raises UserError.

    ``measure`` is ``weekly`` or the name of an observer (:func:`contactsim.runs.measure.measure_name`).
    """
    base = base or Path.cwd()
    known = planned(runs, measure, Places(base, store.places))
    found = held(store, {run.id for run in known}, keep)
    return Plan(store, known, measure, tuple(keep), base, retry_failed, found.done, found.failed, found.damaged)


def carry_out(plan: Plan, jobs: int | None = None, timeout: float | None = None, fail_fast: bool = False,
              scheduler: str | None = None, progress: Progress | None = None) -> Iterator[Answer]:
    """Simulate what is to be done; see :func:`contactsim.runs.executor.carry_out`."""
    todo = plan.todo
    if not todo:
        return
    plan.store.prepare()
    _keep_places(plan)
    shared = _shared(todo)
    tasks = [run.task(plan.measure, plan.keep, plan.base, timeout, run.burn_in in shared)
             for run in _by_sharing(todo, shared)]
    yield from executor.carry_out(plan.store, tasks, jobs, scheduler, fail_fast, progress, plan.damaged)


def _by_sharing(runs: Sequence[Planned], shared: set[str]) -> list[Planned]:
    """The runs place by place; of those that share a burn-in, one first."""
    seen: set[Any] = set()
    first: list[Planned] = []
    rest: list[Planned] = []
    for run in sorted(runs, key=lambda run: run.place_digest):
        leads = run.burn_in not in shared or run.burn_in not in seen
        seen.add(run.burn_in)
        (first if leads else rest).append(run)
    return first + rest


def _keep_places(plan: Plan) -> None:
    """Places made in Python or read from files go into the store: workers and reruns need nothing besides."""
    specs = {run.place_digest: run.spec for run in plan.todo
             if run.spec.place is not None or run.spec.config.place.get("kind") == "table"}
    places = Places(plan.base, plan.store.places)
    with plan.store.writing():
        for spec in specs.values():
            keep_place(spec.place or places.get(spec.config.place)[0], plan.store.places)


def _shared(todo: Sequence[Planned]) -> set[str]:
    """Burn-ins that several runs begin with, or that are kept already."""
    count = Counter(run.burn_in for run in todo if run.burn_in is not None)
    kept = {path.stem for path in burn_in_cache.folder().glob("*.npz")}
    return {burn_in for burn_in, runs in count.items() if runs > 1 or burn_in in kept}


def one(config: RunConfig, labels: Mapping[str, Label]) -> tuple[str, bool]:
    """Simulate one run in this process, into ``config.store``; returns its identity and whether it stood there.

    For Hydra's own ``--multirun``, whose launchers start the runs. Raises UserError, also for a run that fails.
    """
    if config.output is not None:
        raise UserError(f"output={config.output} and store={config.store} are one too many: a run is kept in a folder "
                        f"of its own or in a store.")
    store = Store(str(config.store), missing=True)
    plan = make_plan(store, [RunSpec(config, None, labels)], retry_failed=True)
    run = plan.runs[0]
    if not plan.todo:
        return run.id, True
    store.prepare()
    store.set_aside(plan.damaged)
    _keep_places(plan)
    task = run.task(plan.measure, (), plan.base, None, config.cache_burn_in)
    answer = fatal(Worker(store.path), task.message())
    if answer.get("status") != OK:
        raise UserError(f"run {run.id} failed: {answer.get('fatal') or answer['message']}")
    return run.id, False


def sweep(store: Path | str, runs: Sequence[RunSpec], measure: str | type[Observer] = WEEKLY,
          keep: Sequence[str] = (), jobs: int | None = None, timeout: float | None = None,
          retry_failed: bool = False, fail_fast: bool = False, scheduler: str | None = None,
          name: str | None = None, progress: Progress | None = None) -> Any:
    """Do all runs that the store does not hold yet; returns the results of all, in the order of ``runs``.

    Args:
        store: its folder; made if there is none.
        runs: configurations (:class:`contactsim.sweeps.RunSpec`).
        measure: ``weekly``, or an observer: a class like :class:`contactsim.observers.base.Observer` at the top of a
            module, or its name ``package.module:Observer``. It is made without arguments, one for each run; its
            ``result()`` is {name: number or one-dimensional array}, or a weekly table.
        keep: ``survey`` and ``figure`` besides the weekly table.
        jobs: processes; all processors if None. It never changes a result.
        timeout: seconds a run may take, checked after each week.
        scheduler: address of a Dask scheduler, to use its workers instead.
        name: of the experiment; made from the runs if None.
        progress: called with (runs ended, runs to do, failures).

    Returns:
        :class:`contactsim.sweeps.results.Results`.

    Raises UserError for what is wrong with the store, the name or the measure; a run that fails is a result
    with its message.
    """
    from contactsim.sweeps.results import Results

    folder = Store(store, missing=True)
    plan = make_plan(folder, runs, measure_name(measure), keep, retry_failed=retry_failed)
    folder.prepare()
    with folder.writing():
        for spec in runs:
            if spec.place is not None:
                keep_place(spec.place, folder.places)
    experiments.record(folder, name, plan.runs, {"design": "made in Python"})
    for _ in carry_out(plan, jobs, timeout, fail_fast, scheduler, progress):
        pass
    return Results(folder, [run.id for run in plan.runs])
