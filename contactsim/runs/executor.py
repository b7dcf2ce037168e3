"""One executor for everything that takes many runs: sweeps, findings, calibration, sensitivity, comparisons.

A task (:class:`contactsim.runs.task.Task`) is plain data with an identity: what it takes, and the name of the
:class:`contactsim.runs.task.Runner` that carries it out.
Each result is one row of a :class:`contactsim.storage.store.Store`, written whole by the process that computed it, so
that a kill costs the task in flight and no other. A task that fails is a row with its message. ::

    store = Store("folder", missing=True)
    complete(store, tasks, jobs=4)                      # or scheduler="tcp://127.0.0.1:8786"
    table = store.read(["numbers", "arrays"], {task.id for task in tasks})

:func:`complete` raises the first failure as an error. Where failures are results, as in a sweep, :func:`held` says what
the store has and :func:`carry_out` yields what becomes of each task.

What uses it has three things to give: an identity (:func:`contactsim.storage.identity.digest_of` of the configuration,
of the contents of its place and of :func:`contactsim.storage.identity.code_digest` of its modules), the payload, and a
runner: a class whose instance lives as long as its process and may keep in memory what tasks of one ``group`` share.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from contactsim.compiled import nothing_compiled
from contactsim.errors import UserError
from contactsim.runs.local import run_here, run_locally
from contactsim.runs.queue import Queue
from contactsim.runs.task import GOES_ON, Answer, Task
from contactsim.storage.identity import canonical_json
from contactsim.storage.schema import FAILED, OK, row
from contactsim.storage.store import Store

#: Small files are packed each time that this many tasks have ended.
PACK_EVERY = 500
#: Times that tasks are carried out whose results vanish from the store meanwhile, as by another's ``--no-cache``.
_TIMES = 3
#: Called with (tasks ended, tasks to do, failures) as they end.
Progress = Callable[[int, int, int], None]


@dataclass(frozen=True)
class Held:
    """What a store holds of some tasks."""

    done: set[str]
    failed: set[str]
    damaged: list[str]
    """damaged files of the store; whatever they held counts as lacking"""


def held(store: Store, ids: Collection[str], keep: Sequence[str] = ()) -> Held:
    """Which tasks of these identities a store holds. Writes nothing. Raises UserError.

    ``keep`` is what a row must have kept besides (survey, figure) to count as done.
    """
    table, damaged = store.read_whole(["id", "status", "kept"])
    found = Held(set(), set(), sorted(damaged))
    for name, status, kept in zip(*(table[c].to_pylist() for c in ("id", "status", "kept")), strict=True):
        if name in ids and status != OK:
            found.failed.add(name)
        elif name in ids and set(keep) <= set(kept or ()):
            found.done.add(name)
    return found


def complete(store: Store, tasks: Sequence[Task], jobs: int | None = None, scheduler: str | None = None,
             progress: Progress | None = None) -> None:
    """Carry out all tasks that the store lacks, those that failed before included; then it has them all.

    Args: see :func:`carry_out`. ``progress`` is not called where nothing is lacking.

    Raises UserError for the first that fails, where nothing can be written, and where results vanish again and again.
    """
    ids = {task.id for task in tasks}
    for _ in range(_TIMES):
        found = held(store, ids)
        lacking = list({task.id: task for task in tasks if task.id not in found.done}.values())
        if not lacking:
            return
        for answer in carry_out(store, lacking, jobs, scheduler, True, progress, found.damaged):
            if answer["status"] != OK:
                seed = next(task.facts.get("seed") for task in lacking if task.id == answer["id"])
                raise UserError(f"{answer['id']} (seed {seed}) failed: {answer['message']}. {GOES_ON}")
    lost = len(ids - held(store, ids).done)
    if lost:
        raise UserError(f"{lost} results vanish from {store.path} again and again: does another command remove them "
                        f"(replay --no-cache)?")


def carry_out(store: Store, tasks: Sequence[Task], jobs: int | None = None, scheduler: str | None = None,
              fail_fast: bool = False, progress: Progress | None = None,
              damaged: Sequence[str] = ()) -> Iterator[Answer]:
    """Carry out tasks; yields {id, status, message, seconds} as they end, each stored by then.

    Args:
        store: made if there is none.
        tasks: what it lacks (see :func:`held`), each once, in the order in which they should begin.
        jobs: processes of this machine; all processors if None, 0 for this very process. It changes no result.
        scheduler: address of a Dask scheduler, or its file, to use its workers instead.
        fail_fast: stop at the first failure.
        progress: called with (ended, to do, failures), first with none ended.
        damaged: files of the store to be set aside (see :func:`held`).

    Raises UserError where nothing can be written or a worker has other code; what is stored stays. A KeyboardInterrupt
    says how much is stored.
    """
    store.prepare()
    store.set_aside(damaged)
    tell = progress or (lambda done, total, failed: None)
    tell(0, len(tasks), 0)
    if scheduler is None and nothing_compiled():
        print("contactsim: compiling the model's kernels, once for this version: about a minute", file=sys.stderr)
    ended = failed = 0
    try:
        with closing(_answers(store, tasks, jobs, scheduler)) as answers:
            for answer in answers:
                ended += 1
                failed += answer["status"] != OK
                tell(ended, len(tasks), failed)
                yield answer
                if ended % PACK_EVERY == 0:
                    _pack(store, PACK_EVERY // 2)
                if fail_fast and failed:
                    break
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"{ended} of {len(tasks)} are stored in {store.path}: the same command goes on from "
                                f"there.") from None
    _pack(store, 2)
    if scheduler is not None and not failed:
        _see_all(store, {task.id for task in tasks})


def _pack(store: Store, at_least: int) -> None:
    with store.writing():
        store.pack(at_least)


def _answers(store: Store, todo: Sequence[Task], jobs: int | None,
             scheduler: str | None) -> Generator[Answer, None, None]:
    queue = Queue(todo)
    if scheduler is not None:
        from contactsim.runs.dask import run_on_dask

        answers = run_on_dask(store, queue, scheduler)
    elif jobs == 0:
        answers = run_here(store, queue)
    else:
        answers = run_locally(store, queue, jobs, len(todo))
    by_id = {task.id: task for task in todo}
    with closing(answers):
        for answer in answers:
            yield _given_up(store, by_id[answer["id"]], answer["died"]) if "died" in answer else answer


def _given_up(store: Store, task: Task, message: str) -> Answer:
    """Record a task whose processes died, in the place of the worker that could not."""
    with store.writing():
        store.write(row({**task.facts, "id": task.id, "status": FAILED, "message": message,
                         "provenance": canonical_json({})}))
    return {"id": task.id, "status": FAILED, "message": message, "seconds": 0.0}


def _see_all(store: Store, ids: set[str]) -> None:
    for _ in range(10):
        missing = ids - set(store.read(["id"], ids)["id"].to_pylist())
        if not missing:
            return
        time.sleep(1)  # a network file system may show another machine's files late
    raise UserError(f"{len(missing)} results that workers say they stored are not in {store.path}: do all workers have "
                    f"the same folder under this path? {GOES_ON}")
