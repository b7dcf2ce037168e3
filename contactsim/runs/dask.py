"""Tasks on the workers of a Dask scheduler. They need contactsim, and the store under the same path."""

from __future__ import annotations

from collections.abc import Generator
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from contactsim.errors import UserError
from contactsim.runs.queue import Queue
from contactsim.runs.task import RESUME_HINT, Answer, Task
from contactsim.runs.worker import Worker, answer_of
from contactsim.storage.schema import OK
from contactsim.storage.store import Store

#: Tasks submitted per thread of the scheduler: enough to keep it busy, few enough to stop soon.
SUBMITTED_PER_THREAD = 4
#: Seconds to wait for a scheduler.
TIMEOUT = 20


def run_on_dask(store: Store, tasks: Queue, address: str) -> Generator[Answer, None, None]:
    """As :func:`contactsim.runs.local.run_locally`, on the workers of a running Dask scheduler.

    Tasks of one group are sent to a worker together.
    """
    try:
        from distributed import Client, as_completed
    except ImportError:
        raise UserError("engine=dask needs the package distributed: pip install 'contactsim[sweep]'.") from None
    path = str(store.path.absolute())
    try:
        file = Path(address).is_file()
        client = Client(None if file else address, scheduler_file=address if file else None, timeout=TIMEOUT,
                        set_as_default=False)
    except (OSError, ValueError) as error:
        raise UserError(f"engine.scheduler={address} does not answer: {' '.join(str(error).split())}.") from None
    with client:
        submitted: dict[str, list[Task]] = {}
        numbers = count()
        done = as_completed(loop=client.loop)

        def fill() -> None:
            room = SUBMITTED_PER_THREAD * max(1, sum(client.nthreads().values()))
            while len(submitted) < room:
                number = next(numbers)
                batch = tasks.take_now(number)
                if not batch:
                    return
                future = client.submit(execute_on_worker, path, [task.message() for task in batch],
                                       key=f"contactsim-{batch[0].id}-{number}", pure=False)
                submitted[str(future.key)] = batch
                done.add(future)

        fill()
        try:
            for future in done:
                yield from _answers(future, submitted.pop(future.key), tasks, store)
                fill()
        finally:
            tasks.stop()
            client.cancel(list(done.futures), reason="sweep stopped")


def _answers(future: Any, batch: list[Task], tasks: Queue, store: Store) -> Generator[Answer, None, None]:
    if future.status == "cancelled":
        raise UserError(f"The connection to the Dask scheduler was lost. {RESUME_HINT}")
    error = future.exception()
    if error is None:
        for task, answer in zip(batch, future.result(), strict=True):
            if "fatal" in answer:
                raise UserError(f"{answer['fatal'].rstrip('.')}. {RESUME_HINT}")
            tasks.done(task)
            yield answer
    elif type(error).__name__ == "KilledWorker":
        yield from _killed(batch, tasks, store)
    else:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        raise UserError(f"A Dask worker cannot carry out a task ({reason}): it needs this version of contactsim, and "
                        f"the store under the same path.")


def _killed(batch: list[Task], tasks: Queue, store: Store) -> Generator[Answer, None, None]:
    """Give up the task whose workers died, and hand out again the tasks after it."""
    lacking = [task for task in batch if not store.has(task.id)]
    for task in batch:
        if task not in lacking:
            tasks.done(task)
            yield {"id": task.id, "status": OK, "message": None, "seconds": 0.0}
    if lacking:
        tasks.done(lacking[0])
        tasks.put_back(lacking[1:])
        yield {"id": lacking[0].id, "died": "the Dask workers that carried it out died, one after another"}


def execute_on_worker(store: str, batch: list[dict[str, Any]]) -> list[Answer]:
    """Carry out tasks on a Dask worker and write their rows into the store."""
    worker = _worker(store)
    return [answer_of(worker, task) for task in batch]


@cache
def _worker(store: str) -> Worker:
    return Worker(Path(store))
