"""What the executor carries out: tasks, in plain data, and what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from contactsim.storage.results import Found

#: What becomes of a task: id, status, message and seconds; or id and ``died``; or ``fatal``, for all tasks.
Answer = dict[str, Any]
#: What a message ends with when nothing can go on.
GOES_ON = "What is stored already is whole; once that is put right, the same command goes on from there."


class TimedOutError(Exception):
    """A task took longer than it may."""


class OutdatedError(Exception):
    """This process has other code than the one that planned."""


class Runner(Protocol):
    """What carries out tasks of one kind, in whichever process."""

    def __init__(self, store: Any) -> None:
        """Called once in each process, with the :class:`contactsim.storage.store.Store` of the results."""

    def run(self, payload: Mapping[str, Any], facts: dict[str, Any]) -> Found:
        """Compute a task's results.

        Args:
            payload: what the task takes.
            facts: columns of its row; more may be set (``provenance`` as a mapping). Kept for a task that fails, too.

        Any exception is a failure with its message; :class:`TimedOutError` a time-out.
        """


@dataclass(frozen=True)
class Task:
    """One row to be computed. Everything in it is plain data that JSON can hold."""

    id: str
    """digest of everything that decides the results"""
    runner: str
    """``package.module:Class`` of a :class:`Runner`"""
    payload: Mapping[str, Any]
    """what the runner takes"""
    facts: Mapping[str, Any]
    """columns of the row that are known beforehand (see :data:`contactsim.storage.schema.SCHEMA`)"""
    modules: Sequence[str]
    """modules whose import closure computes the results"""
    code: str
    """digest of that closure; a worker that has loaded other code refuses the task"""
    shared: str | None = None
    """key of something that one task computes for all and keeps on the disk, such as a burn-in: the others wait"""
    group: str | None = None
    """key of tasks that one process does one after another, for what it keeps in memory; such a task is looked for in
    the store once more before it is begun"""
    path: str = ""
    """folder from which workers may import the modules, besides those that they know"""

    def message(self) -> dict[str, Any]:
        """The task as a worker is told it."""
        return asdict(self)
