"""The footprint of a difference between two worlds: whom it has reached, and whom a week can carry it to.

*Differing* residents are observed: any of their columns, or a seat, holds other bits in the two worlds. The
*reachable* set is what the rules allow a week, given who differs when messages have been heard and
actions have done what was due: people feel the norm of their own group in the neighbourhood; they meet, know
friends, and sit in sessions; ties may form in small groups. Whoever is outside this set must not differ at the
week's end. It is worked out from the rules and read from the pairs, not from what happened.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from contactsim.encounters.log import Snapshot, contexts_of_week, pairs_in_slot
from contactsim.encounters.session import Session
from contactsim.observers.base import Moment, Observer
from contactsim.state import State

Rows = NDArray[np.bool_]
Pairs = NDArray[np.int32]


class Snapshots(Observer):
    """Keeps what the rest of some weeks follows from, after the week's messages and actions.

    Attributes:
        latest: the snapshot of the last of these weeks.
    """

    moment: ClassVar[Moment] = "after_actions"

    def __init__(self, weeks: Container[int]) -> None:
        self.weeks = weeks
        self.latest: Snapshot | None = None

    def look(self, world: State) -> None:
        """Copy the state, if the week is among those asked for."""
        if world.clock in self.weeks:
            self.latest = world.snapshot()

    def result(self) -> Snapshot | None:
        """The latest snapshot."""
        return self.latest


def differing(a: State, b: State) -> Rows:
    """(N,) rows in which any column or seat holds other bits."""
    return _differ(a.columns_by_name(), b.columns_by_name())


def seats_differ(a: Snapshot, b: Snapshot) -> Rows:
    """(N,) rows that sit elsewhere in some setting."""
    return _differ(*({name: v for name, v in m.columns.items() if name.startswith("seat ")} for m in (a, b)))


def reachable(a: Snapshot, b: Snapshot) -> Rows:
    """(N,) rows that the rest of the week can make differ, given its two snapshots.

    Both worlds have the rules of ``a``. Competition for seats at the week's end is left out; it reaches others only
    where seats differ already (:func:`seats_differ`).
    """
    differ = _differ(a.columns, b.columns)
    outings = seats_differ(a, b) | _of(a, b, _OUTINGS)
    felt = differ | _norms(a, b)
    reached = _friends(a, b, felt | outings) | _impulses(a, b)
    meetings, small_groups = _meetings(a, b)
    group = a.columns["group"]
    cross = meetings[group[meetings[:, 0]] != group[meetings[:, 1]]]
    reached = _partners(reached, cross) | _partners(outings, meetings)
    reached = _teams(a, b, reached)
    return _teams(a, b, _partners(reached, small_groups))


#: Columns that decide who is out.
_OUTINGS = ("age", "arrived", "active", "sociability", "uid", "displaced")


def _of(a: Snapshot, b: Snapshot, names: tuple[str, ...]) -> Rows:
    """Rows in which one of these columns differs."""
    return _differ(*({name: m.columns[name] for name in names} for m in (a, b)))


def _differ(a: dict[str, NDArray[Any]], b: dict[str, NDArray[Any]]) -> Rows:
    rows: Rows = np.zeros(next(iter(a.values())).shape[0], bool)
    for name in a:
        rows |= _other_bits(a[name], b[name])
    return rows


def _other_bits(a: NDArray[Any], b: NDArray[Any]) -> Rows:
    if np.array_equal(a, b) and a.dtype.kind not in "f":
        return np.zeros(a.shape[0], bool)
    x, y = np.ascontiguousarray(a), np.ascontiguousarray(b)
    bits = f"u{x.dtype.itemsize}"
    other: Rows = (x.view(bits) != y.view(bits)).reshape(x.shape[0], -1).any(axis=1)
    return other


def _norms(a: Snapshot, b: Snapshot) -> Rows:
    """The own group around those whose attitudes differ or whom a message speaks to, and all around those who came,
    left or grew up."""
    groups, start = a.columns["attitude"].shape[1], a.partitions["street"]["neighbourhood"].start
    opinions = _other_bits(a.columns["attitude"], b.columns["attitude"])
    composition = _of(a, b, ("age", "arrived", "active", "group", "seat street"))
    changing = np.flatnonzero(_other_bits(a.past, b.past))
    told = np.flatnonzero(_other_bits(a.message_effect.reshape(-1, groups), b.message_effect.reshape(-1, groups)))
    reached: Rows = np.zeros(opinions.shape[0], bool)
    for m in (a, b):
        seat = m.columns["seat street"]
        seated = seat >= 0
        area = np.searchsorted(start, seat, side="right") - 1
        block = area * groups + m.columns["group"]
        reached |= seated & np.isin(block, np.union1d(block[opinions & seated], told))
        reached |= seated & np.isin(area, np.union1d(area[composition & seated], changing))
    return reached


def _friends(a: Snapshot, b: Snapshot, rows: Rows) -> Rows:
    """Friends of ``rows``, in either world."""
    out = rows.copy()
    for m in (a, b):
        ties = m.columns["ties"]
        row, place = np.nonzero(ties >= 0)
        out[row[rows[ties[row, place]]]] = True
    return out


def _impulses(a: Snapshot, b: Snapshot) -> Rows:
    """Everybody of the groups that have an impulse in one world alone."""
    groups = {one.group for one in {*a.impulses} ^ {*b.impulses}}
    reached: Rows = np.isin(a.columns["group"], [*groups]) | np.isin(b.columns["group"], [*groups])
    return reached


def _partners(rows: Rows, pair: Pairs) -> Rows:
    """``rows`` and whoever is paired with one of them."""
    out = rows.copy()
    out[pair[rows[pair].any(axis=1)]] = True
    return out


def _meetings(a: Snapshot, b: Snapshot) -> tuple[Pairs, Pairs]:
    """All pairs of the week who are out in either world, and those of them in small groups."""
    alike = not _of(a, b, _OUTINGS[:-1]).any()
    both = {name: alike and np.array_equal(a.occupant[name], b.occupant[name]) for name in a.occupant}
    found: list[Pairs] = [np.empty((0, 2), np.int32)]
    near = found.copy()
    for m in (a, b):
        for context in contexts_of_week(m):
            if context.kind == "setting" and not (m is b and both[context.setting]):
                found += [pairs_in_slot(m, context, slot, displaced=True) for slot in range(context.encounters)]
                if context.scale == "small_group":
                    near += found[-context.encounters:]
    return np.concatenate(found), np.concatenate(near)


def _teams(a: Snapshot, b: Snapshot, rows: Rows) -> Rows:
    """``rows``, whoever shares a session's team with one, and all of teams that the other world lacks or changed."""
    out = rows.copy()
    for m, other in ((a, b), (b, a)):
        there = {session.name: session for session in other.sessions}
        for session in m.sessions:
            seated = session.occupant >= 0
            team = np.searchsorted(session.start, np.arange(session.occupant.shape[0]), side="right") - 1
            touched = _changed(session, there.get(session.name)) | (seated & out[session.occupant])
            out[session.occupant[seated & np.isin(team, np.unique(team[touched]))]] = True
    return out


def _changed(session: Session, other: Session | None) -> Rows:
    """(seats,) seats whose team may live the session otherwise than in the other world."""
    everybody = np.ones(session.occupant.shape[0], bool)
    if other is None or other.conditions != session.conditions or other.encounters != session.encounters:
        return everybody
    if not np.array_equal(other.start, session.start):
        return everybody
    return session.occupant != other.occupant
