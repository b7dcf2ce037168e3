"""A worker carries out tasks one after another and writes each result itself.

As a process, ``python -m contactsim.runs.worker STORE``, it reads one task in JSON from each line of its input and
writes the answer as one line of its output. It ends with its parent; written results stay.
"""

from __future__ import annotations

import importlib
import json
import os
import queue
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from contactsim.errors import UserError
from contactsim.runs.task import Answer, OutdatedError, Runner, TimedOutError
from contactsim.storage.identity import canonical_json, code_digest
from contactsim.storage.results import TaskOutput
from contactsim.storage.schema import FAILED, OK, TIMEOUT, row
from contactsim.storage.store import Store


class Worker:
    """Carries out tasks in this process; its runners may cache in memory."""

    def __init__(self, store: Path | str) -> None:
        self.store = Store(store)
        self._runners: dict[str, Runner] = {}
        self._codes: dict[tuple[str, ...], str] = {}

    def execute(self, task: Mapping[str, Any]) -> Answer:
        """Carry out a task (see :meth:`contactsim.runs.task.Task.message`) and write its row.

        A task that fails gives a row with its message. Raises OSError if the row cannot be written, OutdatedError if
        this process has other code.
        """
        if task["path"] and task["path"] not in sys.path:
            sys.path.append(task["path"])
        self._check_code(tuple(task["modules"]), task["code"])
        if task["group"] is not None and self.store.has(task["id"]):
            return {"id": task["id"], "status": OK, "message": None, "seconds": 0.0}  # by another process
        began, at = time.perf_counter(), datetime.now(UTC).isoformat(timespec="seconds")
        facts: dict[str, Any] = {**task["facts"], "id": task["id"]}
        output: TaskOutput | None = None
        try:
            output = self._runner(task["runner"]).run(task["payload"], facts)
            facts["status"] = OK
        except TimedOutError as error:
            facts |= {"status": TIMEOUT, "message": str(error)}
        except Exception as error:  # any failure of a task is data; nothing in it writes to the store
            text = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
            facts |= {"status": FAILED, "message": " ".join(text.split())[:2000]}
        seconds = round(time.perf_counter() - began, 4)
        facts["provenance"] = canonical_json({**facts.get("provenance", {}), "started": at, "seconds": seconds,
                                              "host": socket.gethostname(), "process": os.getpid()})
        self.store.write(row(facts, output))
        return {"id": task["id"], "status": facts["status"], "message": facts.get("message"), "seconds": seconds}

    def _runner(self, name: str) -> Runner:
        if name not in self._runners:
            module, _, kind = name.partition(":")
            self._runners[name] = getattr(importlib.import_module(module), kind)(self.store)
        return self._runners[name]

    def _check_code(self, modules: tuple[str, ...], planned: str) -> None:
        if modules not in self._codes:  # the sources may change later; what is loaded does not
            try:
                self._codes[modules] = code_digest(*modules)
            except ModuleNotFoundError as error:
                raise OutdatedError(f"{socket.gethostname()} lacks code that a task needs: {error}.") from None
        if self._codes[modules] != planned:
            raise OutdatedError(f"{socket.gethostname()} has another version of the code than the process that "
                                f"planned: install the same version there.")


def answer_of(worker: Worker, task: Mapping[str, Any]) -> Answer:
    """The answer for a task, or {"fatal": reason} if this worker can carry out no task."""
    try:
        return worker.execute(task)
    except OSError as error:
        return {"fatal": f"store={worker.store.path} cannot be written: {error.strerror or error}"}
    except (OutdatedError, UserError) as error:
        return {"fatal": str(error).rstrip(".")}


def main() -> int:
    """Carry out tasks until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles interruptions
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what tasks print must not reach the parent as an answer
    worker = Worker(sys.argv[1])
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_read, args=(lines,), daemon=True).start()
    while True:
        print(json.dumps(answer_of(worker, json.loads(lines.get()))), file=out, flush=True)


def _read(lines: queue.Queue[str]) -> None:
    """Pass tasks on, and end this process when the parent ends, also in the middle of a task."""
    for line in sys.stdin:
        lines.put(line)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
