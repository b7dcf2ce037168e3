"""One executor for everything that takes many runs: sweeps, findings, calibration, sensitivity, comparisons.

A task (:class:`contactsim.runs.task.Task`) is plain data: an identity, arguments, and the name of the
:class:`contactsim.runs.task.Runner` that carries it out. Each result is one row of a
:class:`contactsim.storage.store.Store`, written atomically by the process that computed it; a kill costs only the tasks
in progress. A task that fails gives a row with its message. ::

    store = Store("folder", missing=True)
    complete(store, tasks, jobs=4)                      # or scheduler="tcp://127.0.0.1:8786"
    table = store.read(["numbers", "arrays"], {task.id for task in tasks})

:func:`complete` raises the first failure as an error. Where failures are results, as in a sweep, :func:`stored` lists
what the store has and :func:`carry_out` yields an answer for each task.

A caller provides three things: an identity (:func:`contactsim.storage.identity.digest_of` of the configuration, of the
contents of its place and of :func:`contactsim.storage.identity.code_digest` of its modules), the payload, and a runner:
a class with one instance per process, which may cache in memory what tasks of one ``group`` share.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from contactsim.compiled import cache_is_cold
from contactsim.errors import UserError
from contactsim.runs.local import run_here, run_locally
from contactsim.runs.queue import Queue
from contactsim.runs.task import RESUME_HINT, Answer, Task
from contactsim.storage.identity import canonical_json
from contactsim.storage.schema import FAILED, OK, row
from contactsim.storage.store import Store

#: Small files are compacted each time that this many tasks have ended.
COMPACT_EVERY = 500
#: Attempts for tasks whose results disappear from the store meanwhile, as by ``--no-cache`` of another command.
_ATTEMPTS = 3
#: Called with (tasks ended, tasks in all, failures) as they end.
Progress = Callable[[int, int, int], None]


@dataclass(frozen=True)
class Stored:
    """Which of some tasks a store holds."""

    done: set[str]
    failed: set[str]
    damaged: list[str]
    """damaged files of the store; their content counts as missing"""


def stored(store: Store, ids: Collection[str], keep: Sequence[str] = ()) -> Stored:
    """Which tasks of these identities a store holds. Writes nothing. Raises UserError.

    ``keep`` names the files (survey, figure) that a row must include to count as done.
    """
    table, damaged = store.read_undamaged(["id", "status", "keep"])
    found = Stored(set(), set(), sorted(damaged))
    for name, status, files in zip(*(table[c].to_pylist() for c in ("id", "status", "keep")), strict=True):
        if name in ids and status != OK:
            found.failed.add(name)
        elif name in ids and set(keep) <= set(files or ()):
            found.done.add(name)
    return found


def complete(store: Store, tasks: Sequence[Task], jobs: int | None = None, scheduler: str | None = None,
             progress: Progress | None = None) -> None:
    """Carry out all tasks that the store lacks, including those that failed before; then it has them all.

    Args: see :func:`carry_out`. ``progress`` is not called if nothing is missing.

    Raises UserError for the first failure, if nothing can be written, and if results disappear again and again.
    """
    ids = {task.id for task in tasks}
    for _ in range(_ATTEMPTS):
        found = stored(store, ids)
        lacking = list({task.id: task for task in tasks if task.id not in found.done}.values())
        if not lacking:
            return
        for answer in carry_out(store, lacking, jobs, scheduler, True, progress, found.damaged):
            if answer["status"] != OK:
                seed = next(task.facts.get("seed") for task in lacking if task.id == answer["id"])
                raise UserError(f"{answer['id']} (seed {seed}) failed: {answer['message']}. {RESUME_HINT}")
    lost = len(ids - stored(store, ids).done)
    if lost:
        raise UserError(f"{lost} results disappear from {store.path} again and again: does another command remove them "
                        f"(replay --no-cache)?")


def carry_out(store: Store, tasks: Sequence[Task], jobs: int | None = None, scheduler: str | None = None,
              fail_fast: bool = False, progress: Progress | None = None,
              damaged: Sequence[str] = ()) -> Iterator[Answer]:
    """Carry out tasks; yields {id, status, message, seconds} as they end, each after it was stored.

    Where the model's kernels are not compiled yet, the first task runs alone and compiles them for all others.

    Args:
        store: created if it does not exist.
        tasks: what it lacks (see :func:`stored`), each once, in the order in which they should begin.
        jobs: processes of this machine; one per processor if None, 0 for this process itself. It changes no result.
        scheduler: address of a Dask scheduler, or its file, to use its workers instead.
        fail_fast: stop at the first failure.
        progress: called with (ended, total, failures), first with none ended.
        damaged: files of the store to be quarantined (see :func:`stored`).

    Raises UserError if nothing can be written or a worker has other code; stored results stay. A KeyboardInterrupt
    says how much is stored.
    """
    store.prepare()
    store.quarantine(damaged)
    report = progress or (lambda done, total, failed: None)
    report(0, len(tasks), 0)
    ended = failed = 0
    try:
        with closing(_answers(store, tasks, jobs, scheduler)) as answers:
            for answer in answers:
                ended += 1
                failed += answer["status"] != OK
                report(ended, len(tasks), failed)
                yield answer
                if ended % COMPACT_EVERY == 0:
                    _compact(store, COMPACT_EVERY // 2)
                if fail_fast and failed:
                    break
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"{ended} of {len(tasks)} are stored in {store.path}: the same command continues "
                                f"from there.") from None
    _compact(store, 2)
    if scheduler is not None and not failed:
        _check_stored(store, {task.id for task in tasks})


def _compact(store: Store, at_least: int) -> None:
    with store.writing():
        store.compact(at_least)


def _answers(store: Store, tasks: Sequence[Task], jobs: int | None,
             scheduler: str | None) -> Generator[Answer, None, None]:
    queue = Queue(tasks, first_alone=scheduler is None and cache_is_cold())
    if scheduler is not None:
        from contactsim.runs.dask import run_on_dask

        answers = run_on_dask(store, queue, scheduler)
    elif jobs == 0:
        answers = run_here(store, queue)
    else:
        answers = run_locally(store, queue, jobs, len(tasks))
    by_id = {task.id: task for task in tasks}
    with closing(answers):
        for answer in answers:
            yield _given_up(store, by_id[answer["id"]], answer["died"]) if "died" in answer else answer


def _given_up(store: Store, task: Task, message: str) -> Answer:
    """Record a failure for a task whose processes died."""
    with store.writing():
        store.write(row({**task.facts, "id": task.id, "status": FAILED, "message": message,
                         "provenance": canonical_json({})}))
    return {"id": task.id, "status": FAILED, "message": message, "seconds": 0.0}


def _check_stored(store: Store, ids: set[str]) -> None:
    for _ in range(10):
        missing = ids - set(store.read(["id"], ids)["id"].to_pylist())
        if not missing:
            return
        time.sleep(1)  # a network file system may show files of other machines late
    raise UserError(f"{len(missing)} results that workers reported as stored are not in {store.path}: do all "
                    f"workers have the same folder under this path? {RESUME_HINT}")
