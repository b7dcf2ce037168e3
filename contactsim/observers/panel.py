"""The panel: the same people read again and again, and their meetings in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from contactsim.encounters.arrays import ALL_OWN, DECLINED, NEGATIVE, NEUTRAL, POSITIVE
from contactsim.observers.base import Observer
from contactsim.residents import BELIEVES, KNOWS_BETTER, attitude_to_others
from contactsim.state import State

Array = NDArray[Any]
Rows = NDArray[np.integer] | slice

#: Outcomes with their units, in the order in which they are shown.
OUTCOMES = {
    "attitude": "attitude to all others, -1 to 1",
    "anxiety": "intergroup anxiety, 0 to 1",
    "threat": "perceived threat, 0 to 1",
    "positive": "positive meetings with other groups a week, recent weeks",
    "negative": "negative meetings with other groups a week, recent weeks",
    "cross_ties": "ties to other groups",
    "belonging": "community belonging, 0 to 1",
    "engagement": "community engagement, 0 to 1",
    "stigma": "felt stigma, 0 to 1",
    "language": "confidence in the shared language, 0 to 1",
    "status": "status, 0 to 1",
    "civic": "civic participation, 0 to 1",
}


def _stored(name: str) -> Callable[[State, Rows], Array]:
    return lambda world, rows: world.people.column(name)[rows]


def _of_others(name: str) -> Callable[[State, Rows], Array]:
    def read(world: State, rows: Rows) -> Array:
        people = world.people
        foreign = np.arange(people.groups) != people.group[rows, None]
        return np.asarray((people.column(name)[rows] * foreign).sum(axis=1))

    return read


def _cross_ties(world: State, rows: Rows) -> Array:
    people = world.people
    ties = people.ties[rows]
    return np.asarray(((ties >= 0) & (people.group[ties] != people.group[rows, None])).sum(axis=1))


def _rumour(state: int) -> Callable[[State, Rows], Array]:
    return lambda world, rows: world.people.rumour[rows] == state


#: Everything that a panel can read of a resident: a function of the state and rows. Counts and states of others are
#: of all other groups together; ``recent_`` as far back as memory reaches, ``past_`` close experience ever.
COLUMNS: Mapping[str, Callable[[State, Rows], Array]] = {
    "attitude": lambda world, rows: attitude_to_others(world.people, world.weights, rows),
    **{name: _stored(name) for name in (
        "anxiety", "threat", "belonging", "engagement", "stigma", "language", "status", "civic")},
    "recent_positive": _of_others("recent_positive"), "recent_negative": _of_others("recent_negative"),
    "past_positive": _of_others("positive"), "past_negative": _of_others("negative"),
    "cross_ties": _cross_ties, "ties": lambda world, rows: (world.people.ties[rows] >= 0).sum(axis=1),
    "believes": _rumour(BELIEVES), "knows_better": _rumour(KNOWS_BETTER),
    "attitudes": lambda world, rows: world.people.attitude[rows],
}
#: Columns behind :data:`OUTCOMES` that go by another name there.
_BEHIND = {"positive": "recent_positive", "negative": "recent_negative"}


class Panel(Observer):
    """Reads columns of the same rows before the first week and after given numbers of weeks.

    Args:
        weeks: after how many weeks the panel is read again.
        columns: which of :data:`COLUMNS` and :data:`OUTCOMES`.
        rows: whom (None: every row of the place).
        count: whether meetings between the readings are counted.
        dtype: type of what is read.

    Attributes:
        uid: (n,) identifier of each row's resident at the start.
        waves: by number of weeks: (n,) values by column (``attitudes``: (n, G), towards each group), and under
            ``here`` whether the same person still lives there.
        meetings: by the number of weeks at which they end: (n, G, 4) meetings since the reading before, by what they
            were, as ``week.counts`` has them.
    """

    def __init__(self, weeks: Iterable[int], columns: Iterable[str] = tuple(COLUMNS),
                 rows: NDArray[np.integer] | None = None, count: bool = False, dtype: DTypeLike = float) -> None:
        self.weeks, self.columns, self.dtype = frozenset(weeks), tuple(columns), dtype
        self.rows: Rows = slice(None) if rows is None else rows
        self.count = count
        self.waves: dict[int, dict[str, Array]] = {}
        self.meetings: dict[int, NDArray[np.int32]] = {}

    def begin(self, world: State) -> None:
        """Read the panel for the first time."""
        self._start, self.uid = world.clock, world.people.uid[self.rows].copy()
        self.group = world.people.group[self.rows].copy()
        self._counts = np.zeros((self.uid.size if self.count else 0, *world.week.counts.shape[1:]), np.int32)
        self.waves, self.meetings = {0: self._read(world)}, {}

    def look(self, world: State) -> None:
        """Count the week's meetings; read the panel where that is due."""
        if self.count:
            self._counts += world.week.counts[self.rows]
        week = world.clock - self._start
        if week in self.weeks:
            self.waves[week] = self._read(world)
            if self.count:
                self.meetings[week] = self._counts.copy()
                self._counts[:] = 0

    def result(self) -> dict[int, dict[str, Array]]:
        """The readings so far, by number of weeks."""
        return self.waves

    def _read(self, world: State) -> dict[str, Array]:
        people = world.people
        values = {name: COLUMNS[_BEHIND.get(name, name)](world, self.rows).astype(self.dtype) for name in self.columns}
        return values | {"here": (people.active[self.rows] & (people.uid[self.rows] == self.uid)).astype(self.dtype)}


def counts_with_others(tally: NDArray[np.integer], group: NDArray[np.uint8]) -> dict[str, NDArray[np.float64]]:
    """Meetings of each row by what they were, with all other groups; ``own`` counts all with the own group.

    ``tally`` (n, G, 4) as in ``week.counts`` or :attr:`Panel.meetings`; ``group`` (n,).
    """
    rows = np.arange(group.shape[0])
    others = {what: (tally[:, :, k].sum(axis=1) - tally[rows, group, k]).astype(float) for what, k in _COUNTED.items()}
    return others | {"own": tally[rows, group, ALL_OWN].astype(float)}


_COUNTED = {"positive": POSITIVE, "negative": NEGATIVE, "neutral": NEUTRAL, "declined": DECLINED}
