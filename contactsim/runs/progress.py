"""Progress of a command on the error stream: bars with the remaining time on a terminal, or one line a minute."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

#: What reports progress: called with (stage, done, total).
Report = Callable[[str, int, int], None]
#: Seconds between two lines of progress where there is no terminal, as in a cluster's log.
EVERY = 60.0
NAMES = {"burn_in": "burn-in weeks"}


class Progress:
    """Called with (stage, done, total); draws a bar for each stage on a terminal, and prints lines elsewhere.

    A stage of the same name with another total is a new one. As a context, it says first if kernels must be compiled.

    Args:
        quiet: show nothing.
        store: where finished parts are stored; named when the user interrupts, because the command can be resumed.
    """

    def __init__(self, quiet: bool = False, store: Path | str | None = None) -> None:
        self._quiet, self._store = quiet, store
        self._bars: Any = None
        self._stages: dict[tuple[str, int], Any] = {}
        self._last: tuple[str, int, int] | None = None
        self._called = time.monotonic()
        self._next_line = self._called + EVERY
        if not quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bars

            self._bars = Bars(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
                              TimeRemainingColumn(), TextColumn("{task.fields[note]}"), console=Console(stderr=True),
                              redirect_stdout=sys.stdout.isatty())

    def __enter__(self) -> Progress:
        if not self._quiet:
            from contactsim import compiled

            if compiled.cache_is_cold():
                print("contactsim: compiling the model's kernels, once for this version: about a minute",
                      file=sys.stderr, flush=True)
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if self._bars is not None:
            self._bars.stop()
        if kind is KeyboardInterrupt and self._store is not None:
            raise KeyboardInterrupt(self._how_to_resume()) from None

    def __call__(self, stage: str, done: int, total: int, note: str = "") -> None:
        """Show how much of a stage is done; ``note`` follows its bar."""
        self._last = (NAMES.get(stage, stage), done, total)
        if self._bars is not None:
            if (stage, total) not in self._stages:
                self._stages[stage, total] = self._bars.add_task(NAMES.get(stage, stage), total=total, note=note)
            self._bars.update(self._stages[stage, total], completed=done, note=note)
        elif not self._quiet:
            self._line(stage, done, total, note)

    def stage(self, name: str) -> Callable[[int, int], None]:
        """A function of (done, total) for one stage."""
        return lambda done, total: self(name, done, total)

    def _line(self, stage: str, done: int, total: int, note: str) -> None:
        now = time.monotonic()
        began, at_first = self._stages.setdefault((stage, total), (self._called, 0 if done == 1 else done))
        self._called = now
        if now < self._next_line or done <= at_first:
            return
        self._next_line = now + EVERY
        left = timedelta(seconds=round((now - began) / (done - at_first) * (total - done)))
        more = f", {note}" if note else ""
        print(f"contactsim: {done} of {total} {NAMES.get(stage, stage)}{more}, about {left} left", file=sys.stderr,
              flush=True)

    def _how_to_resume(self) -> str:
        counts = f"{self._last[1]} of {self._last[2]} {self._last[0]} are finished; " if self._last else ""
        return f"{counts}finished results are stored in {self._store}: repeat the command to continue."
