"""The meetings of a week: who met whom, and the valence for each side.

A world stores only each resident's number of meetings by valence. Since draws are keyed, the pairs can be computed
from a :class:`Snapshot` of the week, taken after its actions, and the valences from the week's odds factors as well.
Tests check that these meetings add up to ``week.counts``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from contactsim.draws import Decision, friends_draws, mix, name_key, present_draws, stream
from contactsim.encounters.arrays import (
    DECLINED,
    NEGATIVE,
    NEUTRAL,
    PARTNER_EFFECT,
    PLEASANT,
    POSITIVE,
    TAKE_UP,
    UNPLEASANT,
    Terms,
    terms,
    terms_of_session,
)
from contactsim.encounters.session import Impulse, Session
from contactsim.parameters import ModelParameters
from contactsim.residents import MEETING_AGE, by_age, position_of
from contactsim.settings.pairing import pairs
from contactsim.settings.seating import Partition, largest_scale

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
Rows = NDArray[np.int32]
#: The residents' columns that determine meetings and their valences.
COLUMNS = ("group", "uid", "age", "arrived", "sociability", "status", "attitude", "feeling", "ties")


@dataclass(frozen=True)
class Snapshot:
    """Copies of everything that determines the rest of a week, taken after the week's actions."""

    seed: int
    week: int
    parameters: ModelParameters
    partitions: Mapping[str, Mapping[str, Partition]]
    """mixing groups by setting and scale; they never change"""
    columns: dict[str, NDArray[Any]]
    """the residents' columns, ``displaced`` (slots lost to actions) and ``seat <setting>``, by name"""
    occupant: dict[str, NDArray[np.int32]]
    """(seats,) row in each seat by setting, -1 for nobody"""
    since: dict[str, NDArray[np.int16]]
    """(seats,) week in which the occupant took the seat, by setting"""
    past: NDArray[np.float64]
    """(P, G) mean composition of neighbourhoods over the past year"""
    message_effect: NDArray[np.float64]
    """(P, G, G) what messages add to perceived norms"""
    sessions: tuple[Session, ...]
    impulses: tuple[Impulse, ...] = ()
    """the impulses of this week; they have no partners and are not in the meetings of the week"""

    @cached_property
    def availability(self) -> NDArray[np.float32]:
        """(N,) presence in leisure of residents who are old enough to meet people and have arrived, else 0."""
        able = (self.columns["age"] >= MEETING_AGE) & ~(self.columns["arrived"] < 0)
        of_age = by_age(self.columns["age"].astype(float), self.parameters.psychology.presence_age)
        return np.where(able, self.columns["sociability"] * of_age, 0.0).astype(np.float32)

    def leisure(self, setting: str) -> NDArray[np.float32]:
        """(N,) presence in leisure in a setting, which depends on who else has a seat there (``seeking``)."""
        seeking, factor = self.parameters.psychology.seeking, self.availability.copy()
        if seeking == 0.0:
            return factor
        start = self.partitions[setting][largest_scale(self.partitions[setting])].start
        seats = np.flatnonzero(self.occupant[setting] >= 0)
        rows = self.occupant[setting][seats]
        seats, rows = seats[factor[rows] > 0], rows[factor[rows] > 0]
        group, liking = self.columns["group"], self.columns["attitude"].astype(float) + self.columns["feeling"]
        others, of = liking.shape[1], np.searchsorted(start, seats, side="right") - 1
        number = np.zeros((start.shape[0] - 1, others + 1))
        np.add.at(number, (of, group[rows]), 1)
        drawn = np.zeros(rows.shape[0])
        for k in range(others):
            h = k + (k >= group[rows])
            drawn += number[of, h] * np.clip(liking[rows, k], -1, 1).astype(np.float32).astype(float)
        more = np.maximum(0.0, 1.0 + seeking * drawn / number[of].sum(axis=1))
        factor[rows] = (factor[rows].astype(float) * more).astype(np.float32)
        return factor


class Context(NamedTuple):
    """A contact context of the ordinary week, or a session, with all that its pairs depend on."""

    name: str
    kind: Literal["setting", "friends", "session"]
    setting: str
    """name of the setting; empty for a session"""
    scale: str
    """scale of its mixing groups (small_group, output_area ...), friends or session"""
    key: int
    """key of its draws"""
    encounters: int
    first_bit: int | None
    """bit in ``displaced`` of its first slot; None for a session"""
    terms: Terms
    start: NDArray[np.integer]
    keys: NDArray[np.uint64]
    occupant: Rows


@dataclass(frozen=True)
class Meetings:
    """Meetings between groups in one slot: rows, and the valence for each side (POSITIVE ... DECLINED)."""

    context: str
    one: Rows
    other: Rows
    mine: NDArray[np.int64]
    theirs: NDArray[np.int64]


def contexts_of_week(week: Snapshot) -> list[Context]:
    """All contexts of a week: those of the ordinary week in the order of the parameters, then sessions."""
    psychology, none = week.parameters.psychology, np.empty(0, np.int64)
    found, bit = [], 0
    for name, context in week.parameters.settings.contact_contexts.items():
        number, numbers = name_key(name), terms(context, psychology)
        if context.setting == "ties":
            found.append(Context(name, "friends", "ties", "friends", number, context.encounters_per_week, bit, numbers,
                                 none, none.astype(np.uint64), none.astype(np.int32)))
        else:
            mixing_groups = week.partitions[context.setting][context.scale]
            found.append(Context(name, "setting", context.setting, context.scale, number, context.encounters_per_week,
                                 bit, numbers, mixing_groups.start, mixing_groups.keys, week.occupant[context.setting]))
        bit += context.encounters_per_week
    for session in week.sessions:
        keys = np.arange(session.start.shape[0] - 1, dtype=np.uint64)
        key = name_key("session", session.name)
        numbers = terms_of_session(session.conditions, psychology, session.hours / max(session.encounters, 1))
        found.append(Context(session.name, "session", "", "session", key, session.encounters, None, numbers,
                             session.start, keys, session.occupant))
    return found


def pairs_in_slot(week: Snapshot, context: Context, slot: int, row: int | None = None, across: bool = False,
                  displaced: bool = False) -> Rows:
    """(n, 2) rows of the pairs in one slot of a context whose members are both present.

    Args:
        week: the week's snapshot.
        context: one of :func:`contexts_of_week`.
        slot: number of the slot in the context, from 0.
        row: return only pairs of this resident.
        across: return only pairs of two groups; friends of the same group never meet in the model.
        displaced: count residents who lose the slot to an action as present.
    """
    if context.kind == "friends":
        return _friends(week, context, slot, row, displaced)
    pair = pairs(context.start, context.keys, context.occupant, _base(week, Decision.PAIRING, context, slot))
    if across:
        group = week.columns["group"]
        pair = pair[group[pair[:, 0]] != group[pair[:, 1]]]
    if row is not None:
        pair = pair[(pair == row).any(axis=1)]
    return pair[_present(week, context, slot, pair, displaced).all(axis=1)]


def pairs_of_week(week: Snapshot, row: int | None = None, across: bool = False,
                  displaced: bool = False) -> Iterator[tuple[Context, int, Rows]]:
    """(context, slot, pairs) for each slot of the week; arguments as for :func:`pairs_in_slot`."""
    for context in contexts_of_week(week):
        for slot in range(context.encounters):
            yield context, slot, pairs_in_slot(week, context, slot, row, across, displaced)


def meetings_of_week(week: Snapshot, odds_factor: NDArray[np.float32], row: int | None = None) -> list[Meetings]:
    """All meetings between groups in a week, or those of one row.

    ``odds_factor`` (N, G - 1, 4) is the world's ``week.odds_factor``, valid from the week's appraisal until the next
    one.
    """
    found = [_meetings(week, odds_factor, context, slot, pair)
             for context, slot, pair in pairs_of_week(week, row, across=True)]
    return [one for one in found if one.one.shape[0]]


def counts_of(meetings: list[Meetings], group: NDArray[np.integer], groups: int) -> NDArray[np.int64]:
    """(N, G - 1, 4) meetings by valence, as in ``week.counts``; ``group`` (N,) are the own groups."""
    counts = np.zeros((group.shape[0], groups - 1, 4), np.int64)
    for m in meetings:
        np.add.at(counts, (m.one, position_of(group[m.other], group[m.one]), m.mine), 1)
        np.add.at(counts, (m.other, position_of(group[m.one], group[m.other]), m.theirs), 1)
    return counts


def _present(week: Snapshot, context: Context, slot: int, rows: Rows, displaced: bool) -> NDArray[np.bool_]:
    """Whether each of ``rows`` is present in the slot."""
    at = context.terms
    here = week.availability[rows] > 0
    if context.first_bit is not None and not displaced:
        here &= week.columns["displaced"][rows] & np.uint32(1 << context.first_bit + slot) == 0
    if not at.sociable and at.presence >= 1.0:
        return np.asarray(here)
    chance = np.float32(at.presence) * (week.leisure(context.setting)[rows] if at.sociable else here.astype(np.float32))
    drawn = present_draws(_base(week, Decision.PRESENCE, context, slot), week.columns["uid"][rows])
    return np.asarray(here & (drawn < chance))


def _friends(week: Snapshot, context: Context, slot: int, row: int | None, displaced: bool) -> Rows:
    """Pairs of friends of two groups who meet, each pair once."""
    group, ties = week.columns["group"], week.columns["ties"]
    if row is None:
        one, place = np.nonzero(ties >= 0)
    else:
        place = np.flatnonzero(ties[row] >= 0)
        one = np.full(place.shape, row)
    other = ties[one, place]
    one = one.astype(np.int32)
    keep = group[one] != group[other]
    if row is None:
        keep &= one < other
    if context.first_bit is not None and not displaced:
        elsewhere = week.columns["displaced"]
        keep &= (elsewhere[one] | elsewhere[other]) & np.uint32(1 << context.first_bit + slot) == 0
    one, other = one[keep], other[keep]
    keep = friends_draws(_base(week, Decision.FRIENDS, context, slot), one, other) < np.float32(context.terms.presence)
    return np.stack([one[keep], other[keep]], axis=1)


def _meetings(week: Snapshot, odds_factor: NDArray[np.float32], context: Context, slot: int, pair: Rows) -> Meetings:
    """The valence of each meeting for each side."""
    at, group, uid, status = context.terms, week.columns["group"], week.columns["uid"], week.columns["status"]
    one, other = pair[:, 0], pair[:, 1]
    decision = Decision.FRIENDS if context.kind == "friends" else Decision.MEETING
    g, h = group[one].astype(np.intp), group[other].astype(np.intp)
    m, n = h - (h > g), g - (g > h)
    names = np.arange(group.shape[0]) if context.kind == "friends" else uid  # friends' draws are keyed by rows
    a, b = names[one].astype(np.uint64), names[other].astype(np.uint64)
    drawn = _pair_key(_base(week, decision, context, slot), a, b)
    bad = at.negative * (1.0 + at.inequality * np.abs(status[one].astype(float) - status[other]))
    halves = _mix(drawn + _GOLDEN)
    lower, higher = (halves >> np.uint64(32)) * 2.0**-32, (halves & np.uint64(0xFFFFFFFF)) * 2.0**-32
    factor, of_other = odds_factor[one, m].astype(float), odds_factor[other, n].astype(float)
    mine = _valence(factor, of_other[:, PARTNER_EFFECT], at, bad, np.where(a < b, lower, higher))
    theirs = _valence(of_other, factor[:, PARTNER_EFFECT], at, bad, np.where(a < b, higher, lower))
    if decision == Decision.MEETING:
        odds = at.take_up * factor[:, TAKE_UP] * of_other[:, TAKE_UP]
        declined = _unit(drawn) * (1.0 + odds) < at.avoidability
        mine[declined] = theirs[declined] = DECLINED
    return Meetings(context.name, one, other, mine, theirs)


def _valence(odds_factor: NDArray[np.float64], partner_effect: NDArray[np.float64], at: Terms, bad: NDArray[np.float64],
             u: NDArray[np.float64]) -> NDArray[np.int64]:
    good = at.positive * odds_factor[:, PLEASANT] * partner_effect
    odds = bad * odds_factor[:, UNPLEASANT] / partner_effect
    drawn = u * (1.0 + good + odds)
    return np.where(drawn < good, POSITIVE, np.where(drawn < good + odds, NEGATIVE, NEUTRAL))


def _base(week: Snapshot, decision: Decision, context: Context, slot: int) -> np.uint64:
    return stream(week.seed, decision, week.week, context.key, slot)


def _mix(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    mixed: NDArray[np.uint64] = mix.py_func(z)  # type: ignore[attr-defined]
    return mixed


def _pair_key(base: np.uint64, a: NDArray[np.integer], b: NDArray[np.integer]) -> NDArray[np.uint64]:
    """:func:`contactsim.draws.pair_key` for many pairs at once."""
    low, high = np.minimum(a, b).astype(np.uint64), np.maximum(a, b).astype(np.uint64)
    return _mix(_mix(base ^ low) + high * _GOLDEN)


def _unit(number: NDArray[np.uint64]) -> NDArray[np.float64]:
    return np.asarray((number >> np.uint64(11)) * 2.0**-53)
