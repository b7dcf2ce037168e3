"""Progress bars on a terminal; silence elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any


class Bars:
    """Called with (stage, done, total); draws a bar for each stage with the time left, unless ``quiet``."""

    NAMES = {"history": "history before week 0", "weeks": "weeks"}

    def __init__(self, quiet: bool = False) -> None:
        self._progress: Any = None
        self._tasks: dict[tuple[str, int], Any] = {}
        if not quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            self._progress = Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
                                      TimeRemainingColumn(), console=Console(stderr=True))

    def __enter__(self) -> Bars:
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if self._progress is not None:
            self._progress.stop()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """A longer history is a stage of its own, for its weeks are lived anew."""
        if self._progress is None:
            return
        if (stage, total) not in self._tasks:
            self._tasks[stage, total] = self._progress.add_task(self.NAMES.get(stage, stage), total=total)
        self._progress.update(self._tasks[stage, total], completed=done)
