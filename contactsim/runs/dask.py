"""Dask workers on other machines: they need contactsim, and the folder of the store under the same path."""

from __future__ import annotations

from collections.abc import Generator
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from contactsim.errors import UserError
from contactsim.runs.queue import Queue
from contactsim.runs.task import GOES_ON, Answer, Task
from contactsim.runs.worker import Worker, fatal
from contactsim.storage.schema import OK
from contactsim.storage.store import Store

#: Tasks given to the scheduler for each of its threads: enough to keep it busy, few enough to stop soon.
AHEAD = 4
#: Seconds to wait for a scheduler.
PATIENCE = 20


def run_on_dask(store: Store, tasks: Queue, address: str) -> Generator[Answer, None, None]:
    """As :func:`contactsim.runs.local.run_locally`, on the workers of a running Dask scheduler.

    Tasks of one group go to a worker together.
    """
    try:
        from distributed import Client, as_completed
    except ImportError:
        raise UserError("engine=dask needs the package distributed: pip install 'contactsim[sweep]'.") from None
    path = str(store.path.absolute())
    try:
        file = Path(address).is_file()
        client = Client(None if file else address, scheduler_file=address if file else None, timeout=PATIENCE,
                        set_as_default=False)
    except (OSError, ValueError) as error:
        raise UserError(f"engine.scheduler={address} does not answer: {' '.join(str(error).split())}.") from None
    with client:
        flying: dict[str, list[Task]] = {}
        numbers = count()
        done = as_completed(loop=client.loop)

        def fill() -> None:
            room = AHEAD * max(1, sum(client.nthreads().values()))
            while len(flying) < room:
                number = next(numbers)
                batch = tasks.take_now(number)
                if not batch:
                    return
                future = client.submit(do_on_worker, path, [task.message() for task in batch],
                                       key=f"contactsim-{batch[0].id}-{number}", pure=False)
                flying[str(future.key)] = batch
                done.add(future)

        fill()
        try:
            for future in done:
                yield from _answers(future, flying.pop(future.key), tasks, store)
                fill()
        finally:
            tasks.stop()
            client.cancel(list(done.futures), reason="sweep stopped")


def _answers(future: Any, batch: list[Task], tasks: Queue, store: Store) -> Generator[Answer, None, None]:
    if future.status == "cancelled":
        raise UserError(f"The Dask scheduler went away. {GOES_ON}")
    error = future.exception()
    if error is None:
        for task, answer in zip(batch, future.result(), strict=True):
            if "fatal" in answer:
                raise UserError(f"{answer['fatal'].rstrip('.')}. {GOES_ON}")
            tasks.done(task)
            yield answer
    elif type(error).__name__ == "KilledWorker":
        yield from _killed(batch, tasks, store)
    else:
        words = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        raise UserError(f"A Dask worker cannot carry out a task ({words}): it needs this version of contactsim, and "
                        f"the store under the same path.")


def _killed(batch: list[Task], tasks: Queue, store: Store) -> Generator[Answer, None, None]:
    """Give up the task that the workers died of, and hand out again those behind it."""
    lacking = [task for task in batch if not store.has(task.id)]
    for task in batch:
        if task not in lacking:
            tasks.done(task)
            yield {"id": task.id, "status": OK, "message": None, "seconds": 0.0}
    if lacking:
        tasks.done(lacking[0])
        tasks.put_back(lacking[1:])
        yield {"id": lacking[0].id, "died": "the Dask workers that carried it out died, one after another"}


def do_on_worker(store: str, batch: list[dict[str, Any]]) -> list[Answer]:
    """What a Dask worker does: carry out tasks and write their rows into the store."""
    worker = _worker(store)
    return [fatal(worker, task) for task in batch]


@cache
def _worker(store: str) -> Worker:
    return Worker(Path(store))
