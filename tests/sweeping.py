"""Helpers for the tests of sweeps: tiny runs, measures that misbehave, and what a store holds to the last bit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from contactsim.config.run_config import compose
from contactsim.observers.base import Observer
from contactsim.runs.measure import WEEKLY, measure_name
from contactsim.runs.worker import Worker
from contactsim.state import State
from contactsim.storage.places import write_place
from contactsim.storage.schema import SCHEMA
from contactsim.sweeps import Results, RunSpec, Store
from contactsim.sweeps.plan import make_plan

TINY = ["place=synthetic", "place.residents=600", "scenario=no_burn_in", "weeks=4"]


@pytest.fixture(autouse=True, scope="module")
def bytecode_kept() -> Iterator[None]:
    """Let the dozens of processes of a test module keep what the first of them compiles."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        yield


def specs(seeds: range | list[int], *more: str, **labels: Any) -> list[RunSpec]:
    """Tiny runs, one for each seed."""
    keys = {line.split("=")[0] for line in more}
    config = compose([*(line for line in TINY if line.split("=")[0] not in keys), *more])
    return [RunSpec(config.model_copy(update={"seed": seed}), None, labels, k) for k, seed in enumerate(seeds)]


def run_here(store: Path, runs: list[RunSpec], measure: Any = WEEKLY, keep: tuple[str, ...] = (),
             timeout: float | None = None) -> Results:
    """As a sweep, but in this process, for tests of what is stored and not of who stored it."""
    plan = make_plan(Store(store, missing=True), runs, measure_name(measure), keep)
    plan.store.prepare()
    for run in runs:
        if run.place is not None:
            write_place(run.place, plan.store.places)
    worker = Worker(store)
    for run in plan.todo:
        worker.execute(run.task(plan.measure, plan.keep, plan.base, timeout, False).message())
    return Results(plan.store, [run.id for run in plan.runs])


def content(store: Path | str) -> pa.Table:
    """All that a store holds of its runs, except times and hosts."""
    return Store(store).read([name for name in SCHEMA.names if name != "provenance"])


def start(*arguments: str, cwd: Path | None = None, before: Sequence[str] = (), **env: str) -> subprocess.Popen[str]:
    """``contactsim ARGUMENTS`` in a process group of its own, behind the words of another command."""
    return subprocess.Popen(
        [*before, sys.executable, "-c", "import sys; from contactsim.cli import main; sys.exit(main())", *arguments],
        cwd=cwd, env={**os.environ, **env}, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True)


def until(condition: Callable[[], Any], seconds: float = 180.0) -> Any:
    """Wait until something holds; returns it. Fails after ``seconds``."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)
    return found


class OddSeedsFail(Observer):
    """Fails for odd seeds, with an exception of its own."""

    def begin(self, world: State) -> None:
        """See the seed."""
        self.seed = float(world.seed)
        if world.seed % 2:
            raise OddError(f"seed {world.seed}\nis odd")

    def look(self, world: State) -> None:
        """Nothing to see."""

    def result(self) -> dict[str, float]:
        """The seed."""
        return {"seed": self.seed}


class OddError(Exception):
    """Nobody else's."""


class Killed(OddSeedsFail):
    """Its process is killed for seed 3."""

    def begin(self, world: State) -> None:
        """See the seed."""
        if world.seed == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        self.seed = float(world.seed)


class Arrays(Observer):
    """A number and an array."""

    def look(self, world: State) -> None:
        """See attitudes and ages."""
        self.found = {"mean": world.people.attitude.mean(), "ages": world.people.age.copy(), "weeks": world.clock}

    def result(self) -> dict[str, Any]:
        """Those of the last week."""
        return self.found


class Weeks(Observer):
    """A weekly table of its own."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def look(self, world: State) -> None:
        """See how many live there."""
        self.lines.append({"week": world.clock - 1, "measure": "people", "group": "all", "target": "",
                           "value": float(world.people.active.sum())})

    def result(self) -> pd.DataFrame:
        """One line a week."""
        return pd.DataFrame(self.lines)
