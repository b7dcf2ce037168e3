"""Doing a sweep: what is done already is skipped, the rest is lived, and every result is in the store."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contactsim.config import RunConfig
from contactsim.errors import UserError
from contactsim.lab import history_cache
from contactsim.lab.provenance import model_digest
from contactsim.storage.identity import canonical_json
from contactsim.sweep import experiments
from contactsim.sweep.live import Liver
from contactsim.sweep.local import Answer, processors, run_locally
from contactsim.sweep.places import keep_place
from contactsim.sweep.queue import Queue, by_sharing
from contactsim.sweep.rows import FAILED, OK, row
from contactsim.sweep.spec import NOT_SCIENCE, WEEKLY, Label, Places, Planned, RunSpec, measure_name, planned
from contactsim.sweep.store import Store

#: Small files are packed each time that this many runs have ended.
PACK_EVERY = 500
#: Called with (runs ended, runs to do, failures) as they end.
Progress = Callable[[int, int, int], None]


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
        """Runs that are to be lived, each once."""
        skip = self.done if self.retry_failed else self.done | self.failed
        return list({run.id: run for run in self.runs if run.id not in skip}.values())


def make_plan(store: Store, runs: Sequence[RunSpec], measure: str = WEEKLY, keep: Sequence[str] = (),
              base: Path | None = None, retry_failed: bool = False) -> Plan:
    """Identities of the runs, and which of them the store holds. Writes nothing. Raises UserError."""
    base = base or Path.cwd()
    known = planned(runs, measure, Places(base, store.places))
    plan = Plan(store, known, measure, tuple(keep), base, retry_failed)
    table, damaged = store.read_whole(["id", "status", "kept"])
    plan.damaged = sorted(damaged)
    asked = {run.id for run in known}
    for name, status, kept in zip(*(table[c].to_pylist() for c in ("id", "status", "kept")), strict=True):
        if name in asked:
            if status != OK:
                plan.failed.add(name)
            elif set(keep) <= set(kept or ()):
                plan.done.add(name)
    return plan


def carry_out(plan: Plan, jobs: int | None = None, timeout: float | None = None, fail_fast: bool = False,
              scheduler: str | None = None) -> Iterator[Answer]:
    """Live what is to be done; yields {id, status, message, seconds} as runs end, each of them stored by then.

    The store has been prepared. Raises UserError where results cannot be written; what is stored stays.
    """
    todo = plan.todo
    if not todo:
        return
    plan.store.set_aside(plan.damaged)
    _keep_places(plan)
    shared = _shared(todo)
    queue = Queue(by_sharing(todo, shared), shared)

    def task_of(run: Planned) -> dict[str, Any]:
        return run.task(plan.measure, plan.keep, plan.base, timeout, run.history in shared)

    if scheduler is None:
        answers = run_locally(plan.store, queue, task_of, min(jobs or processors(), len(todo)))
    else:
        from contactsim.sweep.engine_dask import run_on_dask

        answers = run_on_dask(plan.store, queue, task_of, scheduler)
    by_id = {run.id: run for run in todo}
    with closing(answers):
        for number, answer in enumerate(answers, start=1):
            if "died" in answer:
                answer = _given_up(plan, by_id[answer["id"]], answer["died"])
            yield answer
            if number % PACK_EVERY == 0:
                with plan.store.writing():
                    plan.store.pack(at_least=PACK_EVERY // 2)
            if fail_fast and answer["status"] != OK:
                break
    with plan.store.writing():
        plan.store.pack()
    if scheduler is not None and not fail_fast:
        _all_here(plan, set(by_id))


def _keep_places(plan: Plan) -> None:
    """Places made in Python or read from files go into the store: workers and reruns need nothing besides."""
    specs = {run.place_digest: run.spec for run in plan.todo
             if run.spec.place is not None or run.spec.config.place.get("kind") == "table"}
    places = Places(plan.base, plan.store.places)
    with plan.store.writing():
        for spec in specs.values():
            keep_place(spec.place or places.get(spec.config.place)[0], plan.store.places)


def _shared(todo: Sequence[Planned]) -> set[str]:
    """Histories that several runs begin with, or that are kept already."""
    count = Counter(run.history for run in todo if run.history is not None)
    kept = {path.stem for path in history_cache.folder().glob("*.npz")}
    return {history for history, runs in count.items() if runs > 1 or history in kept}


def _given_up(plan: Plan, run: Planned, message: str) -> Answer:
    """Record a run whose processes died, in the place of the worker that could not."""
    config = run.spec.config
    values = {"id": run.id, "status": FAILED, "message": message, "measure": plan.measure, "model": model_digest(),
              "place_digest": run.place_digest, "seed": config.seed, "weeks": config.weeks,
              "replication": run.spec.replication, "point": canonical_json(dict(run.spec.point)),
              "config": canonical_json(config.model_dump(mode="json", exclude=NOT_SCIENCE)), "provenance": "{}"}
    with plan.store.writing():
        plan.store.write(row(values))
    return {"id": run.id, "status": FAILED, "message": message, "seconds": 0.0}


def _all_here(plan: Plan, ids: set[str]) -> None:
    for _ in range(10):
        missing = ids - set(plan.store.read(["id"], ids)["id"].to_pylist())
        if not missing:
            return
        time.sleep(1)  # a network file system may show another machine's files late
    raise UserError(f"{len(missing)} runs that workers say they stored are not in {plan.store.path}: do all workers "
                    f"have the same folder under this path?")


def one(config: RunConfig, labels: Mapping[str, Label]) -> tuple[str, bool]:
    """Live one run in this process, into ``config.store``; returns its identity and whether it stood there.

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
    with store.writing():
        answer = Liver(store.path).live(run.task(plan.measure, (), plan.base, None, config.keep_history))
    if answer["status"] != OK:
        raise UserError(f"run {run.id} failed: {answer['message']}")
    return run.id, False


def sweep(store: Path | str, runs: Sequence[RunSpec], measure: str | Callable[..., dict[str, Any]] = WEEKLY,
          keep: Sequence[str] = (), jobs: int | None = None, timeout: float | None = None,
          retry_failed: bool = False, fail_fast: bool = False, scheduler: str | None = None,
          name: str | None = None, progress: Progress | None = None) -> Any:
    """Do all runs that the store does not hold yet; returns the results of all, in the order of ``runs``.

    Args:
        store: its folder; made if there is none.
        runs: configurations (:class:`contactsim.sweep.RunSpec`).
        measure: ``weekly``, or a function ``(world, history, config, tick) -> {name: number or array}`` at the
            top of a module, or its name ``package.module:function``. It lives ``config.weeks`` weeks itself.
        keep: ``survey`` and ``figure`` besides the weekly table.
        jobs: processes; all processors if None. It never changes a result.
        timeout: seconds a run may take, checked after each week.
        scheduler: address of a Dask scheduler, to use its workers instead.
        name: of the experiment; made from the runs if None.

    Returns:
        :class:`contactsim.sweep.results.Results`.

    Raises UserError for what is wrong with the store, the name or the measure; a run that fails is a result
    with its message.
    """
    from contactsim.sweep.results import Results

    folder = Store(store, missing=True)
    plan = make_plan(folder, runs, measure_name(measure), keep, retry_failed=retry_failed)
    folder.prepare()
    with folder.writing():
        for spec in runs:
            if spec.place is not None:
                keep_place(spec.place, folder.places)
    experiments.record(folder, name, plan.runs, {"design": "made in Python"})
    total, failed = len(plan.todo), 0
    for done, answer in enumerate(carry_out(plan, jobs, timeout, fail_fast, scheduler), start=1):
        failed += answer["status"] != OK
        if progress is not None:
            progress(done, total, failed)
    return Results(folder, [run.id for run in plan.runs])
