"""Worker processes on this machine, watched one by one: one that is killed costs the run in flight at most."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import IO, Any

from contactsim.errors import UserError
from contactsim.sweep.queue import DEATHS, Queue
from contactsim.sweep.spec import Planned
from contactsim.sweep.store import Store

#: One thread to each process, so that runs do not fight over the processors.
_ONE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS",
                      "ARROW_IO_THREADS"), "1")
Answer = dict[str, Any]
TaskOf = Callable[[Planned], dict[str, Any]]

#: What a sweep that cannot go on ends its message with.
GOES_ON = "What is stored already is whole; once that is put right, the same command goes on from there."


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_locally(store: Store, runs: Queue, task_of: TaskOf, jobs: int) -> Generator[Answer, None, None]:
    """Live the runs in ``jobs`` processes; yields {id, status, message, seconds} as they end.

    A run whose process dies three times is yielded as {id, died: message}. Raises UserError where results
    cannot be written. Leaving the loop early stops everything; results written by then stay.
    """
    answers: queue.Queue[Answer | None] = queue.Queue()
    hands = [_Hand(store, runs, task_of, answers) for _ in range(jobs)]
    try:
        for hand in hands:
            hand.start()
        left = len(hands)
        while left:
            answer = answers.get()
            if answer is None:
                left -= 1
            elif "fatal" in answer:
                raise UserError(f"{answer['fatal'].rstrip('.')}. {GOES_ON}")
            else:
                yield answer
    finally:
        runs.stop()
        for hand in hands:
            hand.stop()
        for hand in hands:
            hand.join()


class _Hand(threading.Thread):
    """Hands tasks to one worker process, and starts another when it dies."""

    def __init__(self, store: Store, runs: Queue, task_of: TaskOf, answers: queue.Queue[Answer | None]) -> None:
        super().__init__(daemon=True)
        self._store, self._runs, self._task_of, self._answers = store, runs, task_of, answers
        self._process: subprocess.Popen[str] | None = None
        self._words: IO[bytes] | None = None
        self._stopped = False

    def run(self) -> None:
        try:
            while (run := self._runs.take()) is not None:
                answer = self._ask(run)
                if answer is None and self._stopped:
                    break
                if answer is not None:
                    self._runs.done(run)
                    self._answers.put(answer)
                else:
                    how = self._death()
                    if self._runs.died(run):
                        died = f"its process died {DEATHS} times, the last time {how}"
                        self._answers.put({"id": run.id, "died": died})
        except Exception as error:  # a thread must not die unheard
            self._answers.put({"fatal": f"{type(error).__name__}: {error}"})
        finally:
            self._end()
            self._answers.put(None)

    def _ask(self, run: Planned) -> Answer | None:
        """What became of a run; None if its process died."""
        process = self._process or self._begin()
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(json.dumps(self._task_of(run)) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
            return json.loads(line) if line.endswith("\n") else None
        except (OSError, ValueError):
            return None

    def _begin(self) -> subprocess.Popen[str]:
        self._words = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-m", "contactsim.sweep.worker", str(self._store.path)], text=True, encoding="utf-8",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._words, env={**os.environ, **_ONE})
        return self._process

    def _death(self) -> str:
        """How the process died, in words; another one starts with the next task."""
        assert self._process is not None and self._words is not None
        code = self._process.wait()
        self._words.seek(0)
        last = self._words.read()[-2000:].decode(errors="replace").strip().splitlines()[-1:]
        self._end()
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        return f"{how} ({last[0]})" if last else how

    def stop(self) -> None:
        """Give up the run in flight."""
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
        if self._words is not None:
            self._words.close()
