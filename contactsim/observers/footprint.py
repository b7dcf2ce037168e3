"""The footprint of a difference between two worlds: the residents who differ, and those whom a week can reach.

*Differing* residents are observed: any of their columns, or a seat, holds different bits in the two worlds. The
*reachable* set follows from the rules, given the residents who differ after the week's messages and actions: people
perceive the norm of their own group in the neighbourhood, meet others, have friends and take part in sessions; ties can
form wherever people meet but in public. Residents outside this set cannot differ at the end of the week. The set is
derived from the rules and the pairs, not from what happened.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from contactsim.encounters.log import Snapshot, contexts_of_week, pairs_in_slot
from contactsim.encounters.session import Session
from contactsim.encounters.ties import EVERY
from contactsim.observers.base import Moment, Observer
from contactsim.settings.seating import largest_scale
from contactsim.state import State

Rows = NDArray[np.bool_]
Pairs = NDArray[np.int32]


class Snapshots(Observer):
    """Stores a snapshot of given weeks, taken after the week's messages and actions.

    Attributes:
        latest: the snapshot of the last of these weeks.
    """

    moment: ClassVar[Moment] = "after_actions"

    def __init__(self, weeks: Container[int]) -> None:
        self.weeks = weeks
        self.latest: Snapshot | None = None

    def look(self, world: State) -> None:
        """Copy the state if the week is one of :attr:`weeks`."""
        if world.clock in self.weeks:
            self.latest = world.snapshot()

    def result(self) -> Snapshot | None:
        """The latest snapshot."""
        return self.latest


def differing(a: State, b: State) -> Rows:
    """(N,) rows in which any column or seat holds different bits."""
    return _differ(a.columns_by_name(), b.columns_by_name())


def seats_differ(a: Snapshot, b: Snapshot) -> Rows:
    """(N,) rows that have different seats in some setting."""
    return _differ(*({name: v for name, v in m.columns.items() if name.startswith("seat ")} for m in (a, b)))


def reachable(a: Snapshot, b: Snapshot) -> Rows:
    """(N,) rows that can differ at the end of the week, given two snapshots of it.

    Both worlds must have the rules of ``a``. Competition for seats at the end of the week is not included; it reaches
    others only where seats differ already (:func:`seats_differ`).
    """
    differ = _differ(a.columns, b.columns)
    presence = _presence(a, b)
    affected = differ | _norms(a, b) | _districts(a, b)
    reached = _friends(a, b, affected | presence) | _impulses(a, b)
    meetings, tying = _meetings(a, b, presence)
    group = a.columns["group"]
    cross = meetings[group[meetings[:, 0]] != group[meetings[:, 1]]]
    reached = _partners(reached, cross) | _partners(presence, meetings)
    reached = _teams(a, b, reached)
    reached = _teams(a, b, _partners(reached, tying))
    return _friends(a, b, reached) if a.week % EVERY == 0 else reached  # extended contact is found anew


#: Columns that determine who is present.
_PRESENCE = ("age", "arrived", "active", "sociability", "uid", "displaced")


def _presence(a: Snapshot, b: Snapshot) -> Rows:
    """(N,) rows that may be present in other slots.

    These are the rows that differ in what decides presence, and under ``seeking`` also those who like others more or
    less, or whose mixing groups have other members.
    """
    rows = seats_differ(a, b) | _of(a, b, _PRESENCE)
    if a.parameters.psychology.seeking == 0.0:
        return rows
    members = rows | _of(a, b, ("group",))
    rows = rows | _of(a, b, ("attitude", "feeling"))
    for name, partitions in a.partitions.items():
        start = partitions[largest_scale(partitions)].start
        for m in (a, b):
            seat = m.columns[f"seat {name}"]
            of = np.searchsorted(start, seat, side="right") - 1
            rows |= (seat >= 0) & np.isin(of, of[members & (seat >= 0)])
    return rows


def _districts(a: Snapshot, b: Snapshot) -> Rows:
    """(N,) residents of districts whose composition differs."""
    composition = _of(a, b, ("age", "arrived", "active", "group", "seat street"))
    reached: Rows = np.zeros(composition.shape[0], bool)
    start = a.partitions["street"]["district"].start
    for m in (a, b):
        seat = m.columns["seat street"]
        of = np.searchsorted(start, seat, side="right") - 1
        reached |= (seat >= 0) & np.isin(of, of[composition & (seat >= 0)])
    return reached


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
    """Rows whose norms differ: the own group in a neighbourhood where attitudes or messages differ, and all residents
    of a neighbourhood whose composition differs."""
    groups, start = a.columns["attitude"].shape[1] + 1, a.partitions["street"]["neighbourhood"].start
    opinions = _other_bits(a.columns["attitude"], b.columns["attitude"])
    composition = _of(a, b, ("age", "arrived", "active", "group", "seat street"))
    changing = np.flatnonzero(_other_bits(a.past, b.past))
    messages = np.flatnonzero(_other_bits(a.message_effect.reshape(-1, groups), b.message_effect.reshape(-1, groups)))
    reached: Rows = np.zeros(opinions.shape[0], bool)
    for m in (a, b):
        seat = m.columns["seat street"]
        seated = seat >= 0
        area = np.searchsorted(start, seat, side="right") - 1
        block = area * groups + m.columns["group"]
        reached |= seated & np.isin(block, np.union1d(block[opinions & seated], messages))
        reached |= seated & np.isin(area, np.union1d(area[composition & seated], changing))
    return reached


def _friends(a: Snapshot, b: Snapshot, rows: Rows) -> Rows:
    """``rows`` and their friends, in either world."""
    out = rows.copy()
    for m in (a, b):
        ties = m.columns["ties"]
        row, place = np.nonzero(ties >= 0)
        out[row[rows[ties[row, place]]]] = True
    return out


def _impulses(a: Snapshot, b: Snapshot) -> Rows:
    """All members of the groups that have an impulse in one world only."""
    groups = {one.group for one in {*a.impulses} ^ {*b.impulses}}
    reached: Rows = np.isin(a.columns["group"], [*groups]) | np.isin(b.columns["group"], [*groups])
    return reached


def _partners(rows: Rows, pair: Pairs) -> Rows:
    """``rows`` and all who are paired with one of them."""
    out = rows.copy()
    out[pair[rows[pair].any(axis=1)]] = True
    return out


def _meetings(a: Snapshot, b: Snapshot, presence: Rows) -> tuple[Pairs, Pairs]:
    """All pairs of the week who can meet in either world, and those of them who can form a tie.

    ``presence`` (N,) are the rows that may be present in other slots.
    """
    alike = not presence.any()
    both = {name: alike and np.array_equal(a.occupant[name], b.occupant[name]) for name in a.occupant}
    found: list[Pairs] = [np.empty((0, 2), np.int32)]
    tying = found.copy()
    for m in (a, b):
        for context in contexts_of_week(m):
            if context.kind == "setting" and not (m is b and both[context.setting]):
                found += [pairs_in_slot(m, context, slot, displaced=True) for slot in range(context.encounters)]
                if context.setting != "public":
                    tying += found[-context.encounters:]
    return np.concatenate(found), np.concatenate(tying)


def _teams(a: Snapshot, b: Snapshot, rows: Rows) -> Rows:
    """``rows``, the members of their teams in sessions, and all members of teams that differ between the worlds."""
    out = rows.copy()
    for m, other in ((a, b), (b, a)):
        counterparts = {session.name: session for session in other.sessions}
        for session in m.sessions:
            seated = session.occupant >= 0
            team = np.searchsorted(session.start, np.arange(session.occupant.shape[0]), side="right") - 1
            touched = _changed(session, counterparts.get(session.name)) | (seated & out[session.occupant])
            out[session.occupant[seated & np.isin(team, np.unique(team[touched]))]] = True
    return out


def _changed(session: Session, other: Session | None) -> Rows:
    """(seats,) seats whose teams can have different meetings in the other world."""
    everybody = np.ones(session.occupant.shape[0], bool)
    if other is None or any(getattr(other, name) != getattr(session, name)
                            for name in ("conditions", "encounters", "hours", "dilution")):
        return everybody
    if not np.array_equal(other.start, session.start):
        return everybody
    return (session.occupant != other.occupant) | (_before(session) != _before(other))


def _before(session: Session) -> NDArray[np.float32]:
    """(seats,) hours that members have spent with their team before."""
    return np.zeros(session.occupant.shape, np.float32) if session.hours_before is None else session.hours_before
