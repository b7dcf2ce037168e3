"""Worker processes on this machine, each with a supervisor: a killed one costs at most its task in progress."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator
from contextlib import suppress
from typing import IO

from contactsim.errors import UserError
from contactsim.runs.queue import DEATHS, Queue
from contactsim.runs.task import RESUME_HINT, Answer, Task
from contactsim.runs.worker import Worker, answer_of
from contactsim.storage.store import Store

#: One thread per process, so that runs do not compete for processors.
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS",
                      "ARROW_IO_THREADS"), "1")


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_here(store: Store, tasks: Queue) -> Generator[Answer, None, None]:
    """Carry out the tasks in this process; otherwise as :func:`run_locally`."""
    worker = Worker(store.path)
    while (task := tasks.take(0)) is not None:
        answer = answer_of(worker, task.message())
        tasks.done(task)
        yield _not_fatal(answer)


def run_locally(store: Store, tasks: Queue, jobs: int | None, most: int) -> Generator[Answer, None, None]:
    """Carry out the tasks in ``jobs`` processes (one per processor if None), but at most ``most``.

    Yields {id, status, message, seconds} as they end, or {id, died: message} for a task whose process died three
    times. Raises UserError if results cannot be written. Leaving the loop early stops everything; written results stay.
    """
    answers: queue.Queue[Answer | None] = queue.Queue()
    supervisors = [_Supervisor(store, tasks, k, answers) for k in range(min(jobs or processors(), most))]
    try:
        for supervisor in supervisors:
            supervisor.start()
        left = len(supervisors)
        while left:
            answer = answers.get()
            if answer is None:
                left -= 1
            else:
                yield _not_fatal(answer)
    finally:
        tasks.stop()
        for supervisor in supervisors:
            supervisor.stop()
        for supervisor in supervisors:
            supervisor.join()


def _not_fatal(answer: Answer) -> Answer:
    if "fatal" in answer:
        raise UserError(f"{answer['fatal'].rstrip('.')}. {RESUME_HINT}")
    return answer


class _Supervisor(threading.Thread):
    """Sends tasks to one worker process, and starts another one if it dies."""

    def __init__(self, store: Store, tasks: Queue, number: int, answers: queue.Queue[Answer | None]) -> None:
        super().__init__(daemon=True)
        self._store, self._tasks, self._number, self._answers = store, tasks, number, answers
        self._process: subprocess.Popen[str] | None = None
        self._errors: IO[bytes] | None = None
        self._stopped = False

    def run(self) -> None:
        try:
            while (task := self._tasks.take(self._number)) is not None:
                answer = self._send(task)
                if answer is None and self._stopped:
                    break
                if answer is not None:
                    self._tasks.done(task)
                    self._answers.put(answer)
                else:
                    how = self._death()
                    if self._tasks.died(task):
                        died = f"its process died {DEATHS} times, the last time {how}"
                        self._answers.put({"id": task.id, "died": died})
        except Exception as error:  # a thread must not die silently
            self._answers.put({"fatal": f"{type(error).__name__}: {error}"})
        finally:
            self._end()
            self._answers.put(None)

    def _send(self, task: Task) -> Answer | None:
        """The answer for a task; None if its process died."""
        process = self._process or self._begin()
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(json.dumps(task.message()) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
            return json.loads(line) if line.endswith("\n") else None
        except (OSError, ValueError):
            return None

    def _begin(self) -> subprocess.Popen[str]:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-m", "contactsim.runs.worker", str(self._store.path)], text=True, encoding="utf-8",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, env={**os.environ, **_ONE_THREAD})
        return self._process

    def _death(self) -> str:
        """A description of how the process died; another one starts with the next task."""
        assert self._process is not None and self._errors is not None
        code = self._process.wait()
        self._errors.seek(0)
        last = self._errors.read()[-2000:].decode(errors="replace").strip().splitlines()[-1:]
        self._end()
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        return f"{how} ({last[0]})" if last else how

    def stop(self) -> None:
        """Give up the task in progress."""
        self._stopped = True
        if self._process is not None:
            with suppress(OSError):
                self._process.terminate()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        process.wait()
        if self._errors is not None:
            self._errors.close()
