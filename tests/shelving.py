"""Helpers for the tests of the ledger's store: units that cost nothing, slow ones, and processes that live them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from contactsim.evidence import runs
from contactsim.evidence.runs import Chunk
from contactsim.evidence.unit import Lived, Unit

#: Seeds of every chunk, and chunks.
UNITS, CHUNKS = 6, 4
Live = Callable[[Iterable[Unit]], Iterator[tuple[Unit, Lived]]]


def at_once(units: Iterable[Unit]) -> Iterator[tuple[Unit, Lived]]:
    """The seed is the figure."""
    for unit in units:
        yield unit, Lived({"R1": {"base": float(unit.seed), "off": 0.0}})


def slowly(units: Iterable[Unit]) -> Iterator[tuple[Unit, Lived]]:
    """The same, with time for a kill."""
    for one in at_once(units):
        time.sleep(0.03)
        yield one


def killed(units: Iterable[Unit]) -> Iterator[tuple[Unit, Lived]]:
    """The process is killed before seed 102."""
    for unit, lived in at_once(units):
        if unit.seed == 102:
            os.kill(os.getpid(), signal.SIGKILL)
        yield unit, lived


def failing(units: Iterable[Unit]) -> Iterator[tuple[Unit, Lived]]:
    """The first chunk fails half-way; the others would last for hours."""
    for unit, lived in at_once(units):
        if unit.seed >= 100:
            time.sleep(7200)
        if unit.seed == 3:
            raise ValueError("seed 3 is odd")
        yield unit, lived


def chunks(live: Live = at_once, each: int = UNITS, count: int = CHUNKS) -> list[Chunk]:
    """Chunks of units, whose seeds tell where they belong: 203 is the fourth of the third."""
    return [Chunk(live, [Unit("R1", 100 * k + seed, 500, "{}", "code") for seed in range(each)], ())
            for k in range(count)]


def start(store: Path, jobs: int) -> subprocess.Popen[str]:
    """A process, with those of its own, that lives the slow chunks."""
    code = (f"import sys; from pathlib import Path; from tests import shelving\n"
            f"if __name__ == '__main__': shelving.live_slowly(Path(sys.argv[1]), {jobs})")
    return subprocess.Popen([sys.executable, "-c", code, str(store)], cwd=Path(__file__).parents[1], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)


def live_slowly(store: Path, jobs: int) -> None:
    """Live the slow chunks."""
    runs.live(chunks(slowly), store, jobs)
