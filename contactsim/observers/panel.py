"""A panel: repeated readings of the same residents, and their meetings in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import DTypeLike, NDArray

from contactsim.observers.base import Observer
from contactsim.residents import BELIEVES, KNOWS_BETTER, MEETING_AGE, attitude_to_others
from contactsim.state import State

AGE_BANDS = {"5-15": 5, "16-24": 16, "25-44": 25, "45-64": 45, "65+": 65}
TERCILES = ("little", "middling", "much")

Array = NDArray[Any]
Rows = NDArray[np.integer] | slice

#: Outcomes with their units, in the order of presentation.
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
    return lambda world, rows: np.asarray(world.people.column(name)[rows].sum(axis=1, dtype=float))


def _rumour(state: int) -> Callable[[State, Rows], Array]:
    return lambda world, rows: world.people.rumour[rows] == state


#: The columns of a panel: functions of the state and rows. Counts are over all other groups together; ``recent_`` means
#: remembered meetings per week, ``past_`` accumulated close experience.
COLUMNS: Mapping[str, Callable[[State, Rows], Array]] = {
    "attitude": lambda world, rows: attitude_to_others(world.people, world.weights, rows),
    **{name: _stored(name) for name in (
        "anxiety", "threat", "belonging", "engagement", "stigma", "language", "status", "civic")},
    "recent_positive": _of_others("recent_positive"), "recent_negative": _of_others("recent_negative"),
    "past_positive": _of_others("positive"), "past_negative": _of_others("negative"),
    "cross_ties": _stored("cross_friends"), "ties": _stored("friends"),
    "believes": _rumour(BELIEVES), "knows_better": _rumour(KNOWS_BETTER),
    "attitudes": lambda world, rows: world.people.by_group("attitude", rows),
}
#: Columns that have another name in :data:`OUTCOMES`.
_COLUMN_OF = {"positive": "recent_positive", "negative": "recent_negative"}


class Panel(Observer):
    """Reads columns of the same rows at the start and after given numbers of weeks.

    Args:
        weeks: numbers of weeks after which the panel is read.
        columns: which of :data:`COLUMNS` and :data:`OUTCOMES`.
        rows: rows to read (None: all rows of the place).
        count: whether meetings between readings are counted.
        dtype: type of the values.

    Attributes:
        uid: (n,) identifier of each row's resident at the start.
        waves: by number of weeks: (n,) values by column (``attitudes``: (n, G), towards each group), and under
            ``here`` whether the same person still lives there.
        meetings: by number of weeks: (n, 5) meetings since the previous reading, as :data:`COUNTED`.
    """

    def __init__(self, weeks: Iterable[int], columns: Iterable[str] = tuple(COLUMNS),
                 rows: NDArray[np.integer] | None = None, count: bool = False, dtype: DTypeLike = float) -> None:
        self.weeks, self.columns, self.dtype = frozenset(weeks), tuple(columns), dtype
        self.rows: Rows = slice(None) if rows is None else rows
        self.count = count
        self.waves: dict[int, dict[str, Array]] = {}
        self.meetings: dict[int, NDArray[np.int32]] = {}

    def begin(self, world: State) -> None:
        """Take the first reading."""
        self._start, self.uid = world.clock, world.people.uid[self.rows].copy()
        self.group = world.people.group[self.rows].copy()
        self._counts = np.zeros((self.uid.size if self.count else 0, len(COUNTED)), np.int32)
        self.waves, self.meetings = {0: self._read(world)}, {}

    def look(self, world: State) -> None:
        """Count the week's meetings, and take a reading if one is due."""
        if self.count:
            self._counts[:, :4] += world.week.counts[self.rows].sum(axis=1, dtype=np.int32)
            self._counts[:, 4] += world.week.own_meetings[self.rows]
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
        values = {name: COLUMNS[_COLUMN_OF.get(name, name)](world, self.rows).astype(self.dtype)
                  for name in self.columns}
        return values | {"here": (people.active[self.rows] & (people.uid[self.rows] == self.uid)).astype(self.dtype)}


#: Columns of :attr:`Panel.meetings`: with all other groups by valence, and with the own group.
COUNTED = ("positive", "negative", "neutral", "declined", "own")


@dataclass(frozen=True)
class Residents:
    """Residents old enough to meet people at the time of the snapshot, one entry each (copies)."""

    row: NDArray[np.intp]
    uid: NDArray[np.int32]
    group: NDArray[np.uint8]
    age: NDArray[np.float32]
    sex: NDArray[np.uint8]
    household: NDArray[np.int32]
    ties: NDArray[np.int32]
    """(n, places) rows of friends, -1 for none"""
    areas: dict[str, NDArray[np.int64]]
    """index of the ``neighbourhood`` and of the mixing group at ``school``, ``work`` and ``association`` (-1: none)"""
    prior: NDArray[np.float64]
    """remembered positive and negative meetings with other groups, per week"""
    groups: tuple[str, ...]

    def __len__(self) -> int:
        return self.row.shape[0]

    @property
    def own_group(self) -> NDArray[np.str_]:
        """Name of the own group."""
        return np.asarray(self.groups)[self.group]

    @property
    def age_band(self) -> NDArray[np.str_]:
        """Age as one of :data:`AGE_BANDS`."""
        edges = np.array(list(AGE_BANDS.values()), float)
        return np.asarray(list(AGE_BANDS))[np.searchsorted(edges, self.age, side="right") - 1]

    @property
    def prior_contact(self) -> NDArray[np.str_]:
        """Tercile of prior contact within the own group, one of :data:`TERCILES`; ties are broken by identifier."""
        third = np.zeros(len(self), int)
        for g in np.unique(self.group):
            own = np.flatnonzero(self.group == g)
            order = own[np.lexsort((self.uid[own], self.prior[own]))]
            third[order] = np.arange(own.size) * 3 // own.size
        return np.asarray(TERCILES)[third]

    def acquainted(self, marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """(n,) whether each resident shares a household or has a tie with one of the ``marked`` (n,)."""
        rows = self.row[marked]
        at_home: NDArray[np.bool_] = np.isin(self.household, self.household[marked])
        return at_home | np.isin(self.ties, rows).any(axis=1)

    def table(self) -> pd.DataFrame:
        """A table of row, group, age, age_band, sex, prior_contact and the areas."""
        return pd.DataFrame({"row": self.row, "group": self.own_group, "age": self.age, "age_band": self.age_band,
                             "sex": np.where(self.sex == 0, "female", "male"), "prior_contact": self.prior_contact,
                             **self.areas})


def residents(world: State) -> Residents:
    """The residents who are old enough to meet people and have arrived, as they are now."""
    people = world.people
    row = np.flatnonzero(people.active & (people.age >= MEETING_AGE) & ~(people.arrived < 0))
    areas = {"neighbourhood": _mixing_group(world, "street", "neighbourhood", row)}
    areas |= {name: _mixing_group(world, name, "mixing_group", row) for name in ("school", "work", "association")}
    prior = (people.recent_positive[row] + people.recent_negative[row]).sum(axis=1, dtype=float)
    return Residents(row, people.uid[row], people.group[row], people.age[row], people.sex[row], people.household[row],
                     people.ties[row], areas, prior, world.place.groups)


def _mixing_group(world: State, setting: str, scale: str, row: NDArray[np.intp]) -> NDArray[np.int64]:
    of = world.settings[setting]
    seat = of.seat[row]
    return np.where(seat >= 0, of.group_of(scale, seat), -1)
