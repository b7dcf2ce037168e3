"""Whom a difference between two worlds has reached, and whom a week can carry it to.

*Differing* residents are observed: any of their columns, or a seat, holds other bits in the two worlds. The
*reachable* set is what the rules allow a week, given who differs when everybody has heard the climate and
actions have done what was due: people feel the norm of their own group in the neighbourhood; they meet, know
friends, and sit in sessions; ties may form in circles. Whoever is outside this set must not differ at the
week's end. It is worked out from the rules and read from the pairs, not from what happened.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contactsim.draws import Decision, name_key, stream, uniforms
from contactsim.encounters.session import Session
from contactsim.parameters import Occasion
from contactsim.residents import MEETING_AGE
from contactsim.settings.pairing import pairs
from contactsim.world import World

Rows = NDArray[np.bool_]
Pairs = NDArray[np.int32]


@dataclass(frozen=True)
class Moment:
    """What a week is lived from: a copy taken after the week's climate and actions."""

    columns: dict[str, NDArray[Any]]
    """the residents' columns, ``away`` (slots spent elsewhere) and ``seat <setting>``"""
    occupant: dict[str, NDArray[np.int32]]
    past: NDArray[np.float64]
    """(neighbourhoods, G) composition of the past year"""
    said: NDArray[np.float64]
    """(neighbourhoods, G, G) what messages add to norms"""
    sessions: tuple[Session, ...]
    week: int


class Onlooker:
    """Stands last among a world's actions and keeps the moment; it changes nothing."""

    name = "onlooker"

    def __init__(self) -> None:
        self.moment: Moment | None = None

    def week(self, world: World) -> None:
        self.moment = moment(world)


def moment(world: World) -> Moment:
    """Copies of all that the rest of the week reads."""
    columns = {name: column.copy() for name, column in _columns(world).items()}
    return Moment({**columns, "away": world.week.away.copy()},
                  {name: setting.occupant.copy() for name, setting in world.settings.items()},
                  world.areas.past.copy(), world.areas.said.copy(), tuple(world.sessions), world.clock)


def differing(a: World, b: World) -> Rows:
    """(N,) rows in which any column or seat holds other bits."""
    return _differ(_columns(a), _columns(b))


def seats_differ(a: Moment, b: Moment) -> Rows:
    """(N,) rows that sit elsewhere in some setting."""
    return _differ(*({name: v for name, v in m.columns.items() if name.startswith("seat ")} for m in (a, b)))


def reachable(a: Moment, b: Moment, world: World) -> Rows:
    """(N,) rows that the rest of the week can make differ, given its two moments.

    ``world`` is either of the two: it says who can meet whom. Competition for seats at the week's end is left
    out; it reaches others only where seats differ already (:func:`seats_differ`).
    """
    differ = _differ(a.columns, b.columns)
    outings = seats_differ(a, b) | _of(a, b, _OUTINGS)
    felt = differ | _norms(a, b, world)
    reached = _friends(a, b, felt | outings)
    meetings, circles = _meetings(a, b, world)
    group = a.columns["group"]
    cross = meetings[group[meetings[:, 0]] != group[meetings[:, 1]]]
    reached = _partners(reached, cross) | _partners(outings, meetings)
    reached = _teams(a, b, reached)
    return _teams(a, b, _partners(reached, circles))


#: Columns that decide who is out.
_OUTINGS = ("age", "arrived", "active", "sociability", "uid", "away")


def _of(a: Moment, b: Moment, names: tuple[str, ...]) -> Rows:
    """Rows in which one of these columns differs."""
    return _differ(*({name: m.columns[name] for name in names} for m in (a, b)))


def _columns(world: World) -> dict[str, NDArray[Any]]:
    people = world.people
    columns = {name: people.column(name) for name in people.column_names}
    return columns | {f"seat {name}": setting.seat for name, setting in world.settings.items()}


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


def _norms(a: Moment, b: Moment, world: World) -> Rows:
    """The own group around those whose attitudes differ or whom a message speaks to, and all around those who came,
    left or grew up."""
    groups, start = world.people.groups, world.settings["street"].partitions["neighbourhood"].start
    opinions = _other_bits(a.columns["attitude"], b.columns["attitude"])
    composition = _of(a, b, ("age", "arrived", "active", "group", "seat street"))
    changing = np.flatnonzero(_other_bits(a.past, b.past))
    told = np.flatnonzero(_other_bits(a.said.reshape(-1, groups), b.said.reshape(-1, groups)))
    reached: Rows = np.zeros(opinions.shape[0], bool)
    for m in (a, b):
        seat = m.columns["seat street"]
        seated = seat >= 0
        area = np.searchsorted(start, seat, side="right") - 1
        block = area * groups + m.columns["group"]
        reached |= seated & np.isin(block, np.union1d(block[opinions & seated], told))
        reached |= seated & np.isin(area, np.union1d(area[composition & seated], changing))
    return reached


def _friends(a: Moment, b: Moment, rows: Rows) -> Rows:
    """Friends of ``rows``, in either world."""
    out = rows.copy()
    for m in (a, b):
        ties = m.columns["ties"]
        row, place = np.nonzero(ties >= 0)
        out[row[rows[ties[row, place]]]] = True
    return out


def _partners(rows: Rows, pair: Pairs) -> Rows:
    """``rows`` and whoever is paired with one of them."""
    out = rows.copy()
    out[pair[rows[pair].any(axis=1)]] = True
    return out


def _meetings(a: Moment, b: Moment, world: World) -> tuple[Pairs, Pairs]:
    """All pairs of the week who are out in either world, and those of them in circles."""
    alike = not _of(a, b, _OUTINGS[:-1]).any()
    both = {name: alike and np.array_equal(a.occupant[name], b.occupant[name]) for name in a.occupant}
    found: list[Pairs] = [np.empty((0, 2), np.int32)]
    near = found.copy()
    for name, event in world.parameters.settings.occasions.items():
        for slot in range(event.slots if event.setting != "ties" else 0):
            for m in (a,) if both[event.setting] else (a, b):
                found.append(_pairs(m, world, name, event, slot))
                if event.among == "circle":
                    near.append(found[-1])
    return np.concatenate(found), np.concatenate(near)


def _pairs(m: Moment, world: World, name: str, event: Occasion, slot: int) -> Pairs:
    """Pairs of one slot who would both be out; those away with an action are among them."""
    pools = world.settings[event.setting].partitions[event.among]
    pairing, presence = (stream(world.seed, decision, m.week, name_key(name), slot)
                         for decision in (Decision.PAIRING, Decision.PRESENCE))
    pair = pairs(pools.start, pools.keys, m.occupant[event.setting], pairing)
    age, arrived = m.columns["age"][pair], m.columns["arrived"][pair]
    chance = event.presence * (m.columns["sociability"][pair] if event.sociable else 1.0)
    out = (age >= MEETING_AGE) & ~(arrived < 0) & (uniforms(presence, m.columns["uid"][pair]) < chance)
    return pair[out.all(axis=1)]


def _teams(a: Moment, b: Moment, rows: Rows) -> Rows:
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
    if other is None or other.conditions != session.conditions or other.slots != session.slots:
        return everybody
    if not np.array_equal(other.start, session.start):
        return everybody
    return session.occupant != other.occupant
