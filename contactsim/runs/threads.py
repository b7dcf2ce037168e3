"""Several seeds at a time: one progress for all of them, and an end to all where one fails."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from contactsim.runs.run import Progress

T = TypeVar("T")


class StoppedError(Exception):
    """Another seed has failed, or the user has had enough."""


class Together:
    """Takes the weeks of all seeds and tells them as one stage each: the burn-ins, and the twins' weeks.

    Args:
        progress: whom to tell; None for nobody.
        seeds: how many there are.
    """

    def __init__(self, progress: Progress | None, seeds: int) -> None:
        self._progress, self._seeds = progress, seeds
        self._lock, self._lived, self._stopped = threading.Lock(), Counter[tuple[str, int]](), False

    def __call__(self, stage: str, week: int, weeks: int) -> None:
        """One week more of a seed; raises StoppedError after :meth:`stop`."""
        if self._stopped:
            raise StoppedError
        if self._progress is not None:
            with self._lock:
                name = "burn_in" if stage == "burn_in" else "twin weeks"
                self._lived[name, weeks] += 1
                self._progress(name, self._lived[name, weeks], weeks * self._seeds)

    def stop(self) -> None:
        """Have every seed end with its next week."""
        self._stopped = True


def over_seeds(work: Callable[[int], T], seeds: Sequence[int], jobs: int = 1,
               stop: Callable[[], None] | None = None) -> list[T]:
    """``work`` for each seed on ``jobs`` threads (the kernels let go of the interpreter), in the order of seeds.

    Where one fails, or the user interrupts, no further seed begins and ``stop`` is called to end the others.
    """
    if jobs < 2 or len(seeds) < 2:
        return [work(seed) for seed in seeds]
    with ThreadPoolExecutor(min(jobs, len(seeds))) as pool:
        waiting = [pool.submit(work, seed) for seed in seeds]
        try:
            return [one.result() for one in waiting]
        except BaseException:
            for one in waiting:
                one.cancel()
            if stop is not None:
                stop()
            raise
