"""Which run is next: runs that share a history wait until one of them has lived it."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Sequence
from typing import Any

from contactsim.sweep.spec import Planned

#: A run whose process dies this often is given up.
DEATHS = 3


class Queue:
    """Planned runs handed out one by one, from any thread."""

    def __init__(self, runs: Sequence[Planned], shared: set[str]) -> None:
        """``shared`` are the histories that are lived once and kept."""
        self._waiting = deque(runs)
        self._shared, self._ready, self._living = shared, set[str](), set[str]()
        self._deaths: Counter[str] = Counter()
        self._out = 0
        self._changed = threading.Condition()
        self.stopped = False

    def take(self) -> Planned | None:
        """The next run, waiting for a shared history if nothing else is left; None when there is no more."""
        with self._changed:
            while not self.stopped and (self._waiting or self._out):
                run = self._next()
                if run is not None:
                    return run
                self._changed.wait()
            return None

    def take_now(self) -> Planned | None:
        """The next run that need not wait; None if there is none now."""
        with self._changed:
            return None if self.stopped else self._next()

    def _next(self) -> Planned | None:
        for k, run in enumerate(self._waiting):
            if run.history is None or run.history not in self._living:
                del self._waiting[k]
                self._out += 1
                if run.history in self._shared and run.history not in self._ready:
                    self._living.add(str(run.history))
                return run
        return None

    def done(self, run: Planned) -> None:
        """A run is stored, as a success or a failure."""
        with self._changed:
            self._out -= 1
            self._release(run, ready=True)

    def died(self, run: Planned) -> bool:
        """The process of a run died: put it back, or give it up (then True)."""
        with self._changed:
            self._deaths[run.id] += 1
            given_up = self._deaths[run.id] >= DEATHS
            self._out -= 1
            if not given_up:
                self._waiting.appendleft(run)
            self._release(run, ready=False)
            return given_up

    def stop(self) -> None:
        """Hand out nothing more."""
        with self._changed:
            self.stopped = True
            self._changed.notify_all()

    def _release(self, run: Planned, ready: bool) -> None:
        if run.history in self._living:
            self._living.discard(str(run.history))
            if ready:
                self._ready.add(str(run.history))
        self._changed.notify_all()


def by_sharing(runs: Sequence[Planned], shared: set[str]) -> list[Planned]:
    """The runs place by place; of those that share a history, one first."""
    seen: set[Any] = set()
    first: list[Planned] = []
    rest: list[Planned] = []
    for run in sorted(runs, key=lambda run: run.place_digest):
        leads = run.history not in shared or run.history not in seen
        seen.add(run.history)
        (first if leads else rest).append(run)
    return first + rest
