"""Helpers for tests of the executor: fast, slow and failing tasks, and processes that run them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from contactsim.runs.task import Task
from contactsim.storage.identity import canonical_json, code_digest
from contactsim.storage.results import LEDGER, TaskOutput

#: Tasks per group, and number of groups.
EACH, GROUPS = 6, 4


class AtOnce:
    """A task whose figure is its seed."""

    def __init__(self, store: Any) -> None:
        self.before: list[int] = []

    def run(self, payload: Mapping[str, Any], facts: dict[str, Any]) -> TaskOutput:
        """The seed and a zero; the provenance lists the seeds that this runner ran before."""
        facts["provenance"] = {"before": list(self.before)}
        self.before.append(payload["seed"])
        return TaskOutput(numbers={"R1/base": float(payload["seed"]), "R1/off": 0.0})


class Slowly(AtOnce):
    """The same, slow enough to be killed."""

    def run(self, payload: Mapping[str, Any], facts: dict[str, Any]) -> TaskOutput:
        """The seed, after a pause."""
        time.sleep(0.03)
        return super().run(payload, facts)


class Killed(AtOnce):
    """The process is killed at seed 102."""

    def run(self, payload: Mapping[str, Any], facts: dict[str, Any]) -> TaskOutput:
        """The seed, except for 102."""
        if payload["seed"] == 102:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().run(payload, facts)


class Failing(AtOnce):
    """Seed 3 fails; the other groups would take hours."""

    def run(self, payload: Mapping[str, Any], facts: dict[str, Any]) -> TaskOutput:
        """The seed, except for 3."""
        if payload["seed"] >= 100:
            time.sleep(7200)
        if payload["seed"] == 3:
            raise ValueError("seed 3 is odd")
        return super().run(payload, facts)


def tasks(runner: type[AtOnce] = AtOnce, each: int = EACH, groups: int = GROUPS, **changes: Any) -> list[Task]:
    """Tasks in groups; the seed is 100 times the group plus the position: 203 is the fourth task of the third group."""
    code = code_digest(__name__)
    found = []
    for seed in (100 * group + k for group in range(groups) for k in range(each)):
        facts = {"measure": LEDGER, "model": code, "seed": seed, "residents": 500, "config": "{}",
                 "labels": canonical_json({"finding": "R1"})}
        of: dict[str, Any] = {"group": f"group {seed // 100}", "code": code, **changes}
        found.append(Task(f"{seed:016x}", f"{__name__}:{runner.__name__}", {"seed": seed}, facts, [__name__], **of))
    return found


def start(store: Path, jobs: int) -> subprocess.Popen[str]:
    """A process, with subprocesses, that runs the slow tasks."""
    code = ("import sys; from pathlib import Path; from tests import tasks\n"
            "from contactsim.runs.executor import complete; from contactsim.storage.store import Store\n"
            f"complete(Store(sys.argv[1], missing=True), tasks.tasks(tasks.Slowly), {jobs})")
    return subprocess.Popen([sys.executable, "-c", code, str(store)], cwd=Path(__file__).parents[1], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
