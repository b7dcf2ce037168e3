"""Order of tasks: tasks that share something wait until one of them has computed it."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Sequence

from contactsim.runs.task import Task

#: A task is given up after its process has died this many times.
DEATHS = 3


class Queue:
    """Hands out tasks to workers one by one, from any thread, in their order.

    Args:
        tasks: all tasks.
        first_alone: whether the first task runs alone, so that it compiles the model's kernels for all others.
    """

    def __init__(self, tasks: Sequence[Task], first_alone: bool = False) -> None:
        self._waiting = deque(tasks)
        self._ready, self._computing = set[str](), set[str]()
        self._owner: dict[str, int] = {}
        self._deaths: Counter[str] = Counter()
        self._out = 0
        self._first_alone = first_alone
        self._changed = threading.Condition()
        self.stopped = False

    def take(self, worker: int) -> Task | None:
        """The next task for a worker; waits while tasks of other workers block the rest. None when there is no more."""
        with self._changed:
            while not self.stopped and (self._waiting or self._out):
                task = self._next(worker)
                if task is not None:
                    return task
                self._changed.wait()
            return None

    def take_now(self, worker: int) -> list[Task]:
        """The next task that need not wait, with all others of its group; empty if all must wait."""
        with self._changed:
            task = None if self.stopped else self._next(worker)
            if task is None:
                return []
            others = [one for one in self._waiting if task.group is not None and one.group == task.group]
            for one in others:
                self._waiting.remove(one)
            self._out += len(others)
            return [task, *others]

    def _next(self, worker: int) -> Task | None:
        if self._first_alone and self._out:
            return None
        if worker in self._owner.values():
            mine = next((task for task in self._waiting if task.group and self._owner.get(task.group) == worker), None)
            if mine is not None:
                return self._hand_out(mine, worker)
        free = (task for task in self._waiting if task.shared not in self._computing
                and (task.group is None or task.group not in self._owner))
        task = next(free, None)
        return None if task is None else self._hand_out(task, worker)

    def _hand_out(self, task: Task, worker: int) -> Task:
        self._waiting.remove(task)
        self._out += 1
        if task.group is not None:
            self._owner[task.group] = worker
        if task.shared is not None and task.shared not in self._ready:
            self._computing.add(task.shared)
        return task

    def done(self, task: Task) -> None:
        """Record that a task is stored, as a success or a failure."""
        with self._changed:
            self._out -= 1
            self._release(task, ready=True)

    def died(self, task: Task) -> bool:
        """Put back a task whose process died; True if it is given up instead."""
        with self._changed:
            self._deaths[task.id] += 1
            given_up = self._deaths[task.id] >= DEATHS
            self._out -= 1
            if not given_up:
                self._waiting.appendleft(task)
            self._release(task, ready=False)
            return given_up

    def put_back(self, tasks: Sequence[Task]) -> None:
        """Put back tasks that were handed out and not begun; any worker may take them."""
        with self._changed:
            for task in tasks:
                self._out -= 1
                self._waiting.append(task)
                self._owner.pop(task.group or "", None)
                self._release(task, ready=False)

    def stop(self) -> None:
        """Hand out no more tasks."""
        with self._changed:
            self.stopped = True
            self._changed.notify_all()

    def _release(self, task: Task, ready: bool) -> None:
        self._first_alone = False
        if task.shared in self._computing:
            self._computing.discard(str(task.shared))
            if ready:
                self._ready.add(str(task.shared))
        self._changed.notify_all()
