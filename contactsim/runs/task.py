"""Tasks of the executor, in plain data, and the answers of its workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from contactsim.storage.results import TaskOutput

#: Answer for a task: id, status, message and seconds; or id and ``died``; or ``fatal``, which concerns all tasks.
Answer = dict[str, Any]
#: End of a message that stops all tasks.
RESUME_HINT = "Stored results are complete; after the problem is solved, the same command continues from there."


class TimedOutError(Exception):
    """A task took longer than it may."""


class OutdatedError(Exception):
    """This process has other code than the one that planned the task."""


class Runner(Protocol):
    """Carries out tasks of one kind, in any process."""

    def __init__(self, store: Any) -> None:
        """Called once in each process, with the :class:`contactsim.storage.store.Store` of the results."""

    def run(self, payload: Mapping[str, Any], facts: dict[str, Any]) -> TaskOutput:
        """Compute a task's results.

        Args:
            payload: arguments of the task.
            facts: columns of its row; more may be set (``provenance`` as a mapping). Stored for failures, too.

        Any exception is recorded as a failure with its message; :class:`TimedOutError` as a time-out.
        """


@dataclass(frozen=True)
class Task:
    """One row to be computed, in plain data that JSON can hold."""

    id: str
    """digest of everything that decides the results"""
    runner: str
    """``package.module:Class`` of a :class:`Runner`"""
    payload: Mapping[str, Any]
    """arguments of the runner"""
    facts: Mapping[str, Any]
    """columns of the row that are known in advance (see :data:`contactsim.storage.schema.SCHEMA`)"""
    modules: Sequence[str]
    """modules whose import closure computes the results"""
    code: str
    """digest of that closure; a worker that has loaded other code refuses the task"""
    shared: str | None = None
    """key of something that one task computes and stores for others, such as a burn-in: the others wait"""
    group: str | None = None
    """key of tasks that one process carries out in sequence, because they share its memory; the worker checks once
    more whether such a task is stored before it begins"""
    path: str = ""
    """further folder from which workers may import modules"""

    def message(self) -> dict[str, Any]:
        """The task as it is sent to a worker."""
        return asdict(self)
