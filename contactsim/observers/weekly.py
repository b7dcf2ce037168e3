"""The weekly record: sums over residents of survey age (16 and over), before moves, arrivals and departures.

Rows are summed in fixed chunks and chunks in order, so the bits do not depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from contactsim.compiled import Threads, inlined, kernel, sized
from contactsim.encounters.appraisal import other
from contactsim.encounters.arrays import DECLINED, NEGATIVE, NEUTRAL, POSITIVE, People, Week, people_of
from contactsim.observers.base import Moment, Observer
from contactsim.residents import SURVEY_AGE, Residents
from contactsim.state import State

CHUNK = 4096
#: Target of measures towards all other groups together.
ALL_OTHERS = "all others"
#: Sums for each (group, target); target G means all other groups together.
BY_TARGET = ("attitude", "attitude_squared", "positive", "negative", "neutral", "declined")
#: Sums for each group.
BY_GROUP = ("residents", "anxiety", "threat", "belonging", "own_meetings", "ties", "cross_ties", "cross_friend",
            "engagement", "stigma", "civic")

#: Measures of the tidy table with their units.
UNITS = {
    "attitude": "mean, -1 to 1", "attitude_sd": "standard deviation of attitude",
    "positive": "positive meetings a resident and week", "negative": "negative meetings a resident and week",
    "neutral": "neutral meetings a resident and week", "declined": "declined meetings a resident and week",
    "residents": "residents aged 16 and over", "anxiety": "mean, 0 to 1", "threat": "mean, 0 to 1",
    "belonging": "mean, 0 to 1", "own_meetings": "own-group meetings a resident and week",
    "ties": "ties a resident", "cross_ties": "ties to other groups a resident",
    "cross_friend": "share with a tie to another group", "engagement": "mean, 0 to 1", "stigma": "mean, 0 to 1",
    "civic": "mean, 0 to 1",
}


@kernel
def sum_chunks(lo, hi, people, week, active, weights, rows, by_target, by_group):  # type: ignore[no-untyped-def]
    """Sum the chunks lo .. hi - 1, each into its part of ``by_target`` and ``by_group``; ``rows`` is scratch."""
    if weights.shape[0] == 2:  # see learn: a number of groups known at compile time
        _sum_chunks(np.int64(2), lo, hi, people, week, active, weights, rows, by_target, by_group)
    else:
        _sum_chunks(weights.shape[0], lo, hi, people, week, active, weights, rows, by_target, by_group)


@inlined
def _sum_chunks(G, lo, hi, people, week, active, weights, rows, by_target, by_group):  # type: ignore[no-untyped-def]
    # One group at a time, so that sums stay in registers; in memory each addition would wait for the previous one.
    for c in range(lo, hi):
        for g in range(G):
            n = _surveyed(c, g, people.group, people.age, active, rows)
            by_group[c, g, 0] = n
            _states(c, g, rows[:n], people, by_group)
            _own_meetings(c, g, rows[:n], week.own_meetings, by_group)
            for h in range(G):
                if h != g:
                    _towards(c, g, h, G, rows[:n], people, week, by_target)
            _towards_others(c, g, G, rows[:n], people, weights, by_target)
            _friends(c, g, rows[:n], people, by_group)


@inlined
def _surveyed(c, g, group, age, active, rows):  # type: ignore[no-untyped-def]
    """Write the rows of chunk c that are of survey age and in group g into ``rows``; returns their number."""
    n = 0
    for row in range(c * CHUNK, min(group.shape[0], (c + 1) * CHUNK)):
        i = np.uintp(row)  # unsigned, since a signed index is tested for being negative
        rows[np.uintp(n)] = row  # without a branch: the next row overwrites one that does not count
        n += active[i] & (age[i] >= SURVEY_AGE) & (group[i] == g)
    return n


@inlined
def _states(c, g, rows, people, by_group):  # type: ignore[no-untyped-def]
    anxiety, threat, belonging = people.anxiety, people.threat, people.belonging
    engagement, stigma, civic = people.engagement, people.stigma, people.civic
    anxious, threatened, belongs, engaged, stigmatised, active = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for r in range(rows.shape[0]):
        i = np.uintp(rows[r])
        anxious += anxiety[i]
        threatened += threat[i]
        belongs += belonging[i]
        engaged += engagement[i]
        stigmatised += stigma[i]
        active += civic[i]
    by_group[c, g, 1], by_group[c, g, 2], by_group[c, g, 3] = anxious, threatened, belongs
    by_group[c, g, 8], by_group[c, g, 9], by_group[c, g, 10] = engaged, stigmatised, active


@inlined
def _own_meetings(c, g, rows, own_meetings, by_group):  # type: ignore[no-untyped-def]
    met = 0
    for r in range(rows.shape[0]):
        met += own_meetings[np.uintp(rows[r])]
    by_group[c, g, 4] = met


@inlined
def _towards(c, g, h, G, rows, people, week, by_target):  # type: ignore[no-untyped-def]
    """Sums of attitudes to group h and of meetings with it."""
    attitude, counts, k = sized(people.attitude, (G - 1,)), sized(week.counts, (G - 1, 4)), other(h, g)
    total, squared = 0.0, 0.0
    positive, negative, neutral, declined = 0, 0, 0, 0
    for r in range(rows.shape[0]):
        i = np.uintp(rows[r])
        a = np.float64(attitude[i, k])
        total += a
        squared += a * a
        positive += counts[i, k, POSITIVE]
        negative += counts[i, k, NEGATIVE]
        neutral += counts[i, k, NEUTRAL]
        declined += counts[i, k, DECLINED]
    by_target[c, g, h, 0], by_target[c, g, h, 1] = total, squared
    by_target[c, g, h, 2], by_target[c, g, h, 3] = positive, negative
    by_target[c, g, h, 4], by_target[c, g, h, 5] = neutral, declined


@inlined
def _towards_others(c, g, G, rows, people, weights, by_target):  # type: ignore[no-untyped-def]
    """Sums of attitudes to all other groups together (:func:`contactsim.residents.attitude_to_others` in a kernel)."""
    attitude, total, squared = sized(people.attitude, (G - 1,)), 0.0, 0.0
    for r in range(rows.shape[0]):
        i = np.uintp(rows[r])
        overall = 0.0
        for h in range(G):
            if h != g:
                overall += weights[g, h] * np.float64(attitude[i, other(h, g)])
        total += overall
        squared += overall * overall
    by_target[c, g, G, 0], by_target[c, g, G, 1] = total, squared


@inlined
def _friends(c, g, rows, people, by_group):  # type: ignore[no-untyped-def]
    """Sums of ties, ties to other groups and residents with one."""
    friends, cross, some = 0, 0, 0
    for r in range(rows.shape[0]):
        i = np.uintp(rows[r])
        friends += people.friends[i]
        cross += people.cross_friends[i]
        some += people.cross_friends[i] > 0
    by_group[c, g, 5], by_group[c, g, 6], by_group[c, g, 7] = friends, cross, some


class WeeklyRecord(Observer):
    """Weekly sums by group; the one observer that every world has.

    Attributes:
        weeks: the weeks recorded so far.
        sums: for each of them, sums by (group, target) as :data:`BY_TARGET` and by group as :data:`BY_GROUP`.
    """

    moment: ClassVar[Moment] = "before_moves"

    def __init__(self, threads: Threads) -> None:
        self._threads = threads
        self.weeks: list[int] = []
        self.sums: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
        self._groups: tuple[str, ...] = ()

    def begin(self, world: State) -> None:
        """Start a new record."""
        self._groups, self._columns = world.place.groups, people_of(world.people)
        self.weeks.clear()
        self.sums.clear()

    def look(self, world: State) -> None:
        """Record the week."""
        self.weeks.append(world.clock)
        self.sums.append(weekly_sums(self._columns, world.people, world.week, world.weights, self._threads))

    def result(self) -> pd.DataFrame:
        """The weeks as a tidy table: week, measure, group, target, value."""
        return tidy(self.weeks, self.sums, self._groups)


def weekly_sums(people: People, residents: Residents, week: Week, weights: NDArray[np.float64],
                threads: Threads) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums by (group, target) as :data:`BY_TARGET` and by group as :data:`BY_GROUP`."""
    G = residents.groups
    chunks = -(-len(residents) // CHUNK)
    by_target = np.zeros((chunks, G, G + 1, len(BY_TARGET)))
    by_group = np.zeros((chunks, G, len(BY_GROUP)))
    threads.run(lambda _, lo, hi: sum_chunks(
        lo, hi, people, week, residents.active, weights, np.empty(CHUNK, np.int32), by_target, by_group),
        [chunks * k // threads.number for k in range(threads.number + 1)])
    by_target[:, :, G, 2:] = by_target[:, :, :G, 2:].sum(axis=2)  # meetings with all others
    return by_target.sum(axis=0), by_group.sum(axis=0)


def tidy(weeks: Sequence[int], sums: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]],
         groups: Sequence[str]) -> pd.DataFrame:
    """The record as a tidy table of week, measure, group, target and value; target is empty where none applies."""
    by_target = np.stack([s[0] for s in sums])
    by_group = np.stack([s[1] for s in sums])
    n = np.maximum(by_group[..., 0], 1.0)
    targets = [*groups, ALL_OTHERS]
    columns: dict[tuple[str, str, str], NDArray[np.float64]] = {}
    for g, group in enumerate(groups):
        for h, target in enumerate(targets):
            if h == g:
                continue
            means = by_target[:, g, h, :] / n[:, g, None]
            columns["attitude", group, target] = means[:, 0]
            columns["attitude_sd", group, target] = np.sqrt(np.maximum(means[:, 1] - means[:, 0] ** 2, 0.0))
            for k, name in enumerate(BY_TARGET[2:], start=2):
                columns[name, group, target] = means[:, k]
        columns["residents", group, ""] = by_group[:, g, 0]
        for k, name in enumerate(BY_GROUP[1:], start=1):
            columns[name, group, ""] = by_group[:, g, k] / n[:, g]
    wide = pd.DataFrame(columns, index=pd.Index(list(weeks), name="week"))
    wide.columns.names = ["measure", "group", "target"]
    long = wide.T.stack().reset_index(name="value")  # type: ignore[call-overload]
    for name in ("measure", "group", "target"):
        long[name] = long[name].astype("category")
    return long.astype({"week": "int32"})[["week", "measure", "group", "target", "value"]].sort_values(
        ["week", "measure", "group", "target"], ignore_index=True)


def of_all_others(sums: tuple[NDArray[np.float64], NDArray[np.float64]],
                  groups: Sequence[str]) -> dict[str, float]:
    """One week's measures by group, towards all others: ``{"positive[White British]": 0.4, ...}``."""
    by_target, by_group = sums
    out: dict[str, float] = {}
    for g, group in enumerate(groups):
        n = max(by_group[g, 0], 1.0)
        means = by_target[g, -1] / n
        out[f"attitude[{group}]"] = float(means[0])
        out[f"attitude_sd[{group}]"] = float(np.sqrt(max(means[1] - means[0] ** 2, 0.0)))
        out.update({f"{name}[{group}]": float(means[k]) for k, name in enumerate(BY_TARGET) if k > 1})
        out[f"residents[{group}]"] = float(by_group[g, 0])
        out.update({f"{name}[{group}]": float(by_group[g, k] / n) for k, name in enumerate(BY_GROUP) if k > 0})
    return out
