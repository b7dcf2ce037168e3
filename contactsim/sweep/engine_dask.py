"""Dask workers on other machines: they need contactsim, and the folder of the store under the same path."""

from __future__ import annotations

from collections.abc import Generator
from functools import cache
from pathlib import Path
from typing import Any

from contactsim.errors import UserError
from contactsim.sweep.local import GOES_ON, Answer, TaskOf
from contactsim.sweep.queue import Queue
from contactsim.sweep.spec import Planned
from contactsim.sweep.store import Store

#: Tasks given to the scheduler for each of its threads: enough to keep it busy, few enough to stop soon.
AHEAD = 4
#: Seconds to wait for a scheduler.
PATIENCE = 20


def run_on_dask(store: Store, runs: Queue, task_of: TaskOf, address: str) -> Generator[Answer, None, None]:
    """As :func:`contactsim.sweep.local.run_locally`, on the workers of a running Dask scheduler."""
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
        flying: dict[str, Planned] = {}
        done = as_completed(loop=client.loop)

        def fill() -> None:
            room = AHEAD * max(1, sum(client.nthreads().values()))
            while len(flying) < room:
                run = runs.take_now()
                if run is None:
                    return
                future = client.submit(live_on_worker, path, task_of(run), key=f"contactsim-{run.id}", pure=False)
                flying[str(future.key)] = run
                done.add(future)

        fill()
        try:
            for future in done:
                run = flying.pop(future.key)
                yield _answer(future, run, runs)
                fill()
        finally:
            runs.stop()
            client.cancel(list(done.futures), reason="sweep stopped")


def _answer(future: Any, run: Planned, runs: Queue) -> Answer:
    if future.status == "cancelled":
        raise UserError(f"The Dask scheduler went away. {GOES_ON}")
    error = future.exception()
    runs.done(run)
    if error is None:
        answer: Answer = future.result()
        if "fatal" in answer:
            raise UserError(f"{answer['fatal'].rstrip('.')}. {GOES_ON}")
        return answer
    if type(error).__name__ == "KilledWorker":
        return {"id": run.id, "died": "the Dask workers that lived it died, one after another"}
    words = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
    raise UserError(f"A Dask worker cannot live a run ({words}): it needs this version of contactsim, and the store "
                    f"under the same path.")


def live_on_worker(store: str, task: dict[str, Any]) -> Answer:
    """What a Dask worker does: live one task and write its row into the store."""
    from contactsim.sweep.live import OutdatedError

    try:
        return dict(_liver(store).live(task))
    except OSError as error:
        return {"fatal": f"store={store} cannot be written on a worker: {error.strerror or error}"}
    except (OutdatedError, UserError) as error:
        return {"fatal": str(error).rstrip(".")}


@cache
def _liver(store: str) -> Any:
    from contactsim.sweep.live import Liver

    return Liver(Path(store))
