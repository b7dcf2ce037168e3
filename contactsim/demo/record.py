"""Who met whom in a week, and how each side lived it.

The world keeps only how many meetings of each kind a resident had. Every draw is keyed, so the meetings
themselves can be worked out again from the week's notes; a test holds that they add up to ``week.tally``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from contactsim.draws import Decision, mix, name_key, stream, uniforms
from contactsim.encounters.session import Session
from contactsim.encounters.tables import (
    DECLINED,
    LEAN,
    NEGATIVE,
    NEUTRAL,
    PLEASANT,
    POSITIVE,
    TAKE_UP,
    UNPLEASANT,
    Terms,
    terms_of_session,
)
from contactsim.residents import MEETING_AGE
from contactsim.settings.pairing import pairs
from contactsim.world import World

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
Rows = NDArray[np.int32]


@dataclass(frozen=True)
class Meetings:
    """Meetings of one occasion between two groups: rows and what each side lived (POSITIVE ... DECLINED)."""

    occasion: str
    one: Rows
    other: Rows
    mine: NDArray[np.int64]
    theirs: NDArray[np.int64]


@dataclass
class Witness:
    """Sees a world's weeks. It stands last among the world's actions, where the week's sessions and absences are
    settled, takes copies, and changes nothing; :meth:`meetings` works the week out once it has been lived."""

    name: str = "witness"
    group: NDArray[np.uint8] = field(default_factory=lambda: np.empty(0, np.uint8))
    uid: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    standing: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    out: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    away: NDArray[np.uint32] = field(default_factory=lambda: np.empty(0, np.uint32))
    ties: Rows = field(default_factory=lambda: np.empty((0, 0), np.int32))
    occupants: dict[str, Rows] = field(default_factory=dict)
    sessions: list[Session] = field(default_factory=list)

    def week(self, world: World) -> None:
        """Copy what the end of the week will have changed."""
        people = world.people
        self.group, self.uid, self.standing = people.group.copy(), people.uid.copy(), people.standing.copy()
        here = (people.age >= MEETING_AGE) & ~(people.arrived < 0)
        self.out = np.where(here, people.sociability, 0.0)
        self.away = world.week.away.copy()
        self.ties = world.people.ties.copy()
        self.occupants = {name: setting.occupant.copy() for name, setting in world.settings.items()}
        self.sessions = list(world.sessions)

    def meetings(self, world: World, row: int | None = None) -> list[Meetings]:
        """All meetings between groups of the week that the world has just lived; of one row where one is given."""
        found = []
        bit = 0
        for name, occasion in world.parameters.settings.occasions.items():
            for slot in range(occasion.slots):
                terms = world.terms[name]
                if occasion.setting == "ties":
                    one, other = self._friends(world, name, slot, terms, row, bit)
                    found.append(self._lived(world, name, name_key(name), slot, terms, one, other, Decision.FRIENDS))
                else:
                    setting = world.settings[occasion.setting].partitions[occasion.among]
                    base = _base(world, Decision.PAIRING, name_key(name), slot)
                    both = pairs(setting.start, setting.keys, self.occupants[occasion.setting], base)
                    one, other = self._come(world, name_key(name), slot, terms, both, row, bit)
                    found.append(self._lived(world, name, name_key(name), slot, terms, one, other, Decision.MEETING))
                bit += 1
        for session in self.sessions:
            found += self._session(world, session, row)
        return [m for m in found if m.one.shape[0]]

    def _session(self, world: World, session: Session, row: int | None) -> list[Meetings]:
        key = name_key("session", session.name)
        terms = terms_of_session(session.conditions, world.parameters.psychology)
        keys = np.arange(session.start.shape[0] - 1, dtype=np.uint64)
        found = []
        for slot in range(session.slots):
            both = pairs(session.start, keys, session.occupant, _base(world, Decision.PAIRING, key, slot))
            one, other = self._come(world, key, slot, terms, both, row, None)
            found.append(self._lived(world, session.name, key, slot, terms, one, other, Decision.MEETING))
        return found

    def _come(self, world: World, key: int, slot: int, terms: Terms, both: Rows, row: int | None,
              bit: int | None) -> tuple[Rows, Rows]:
        """Pairs of unlike group in which both are there."""
        one, other = both[:, 0], both[:, 1]
        keep = self.group[one] != self.group[other]
        if row is not None:
            keep &= (one == row) | (other == row)
        one, other = one[keep], other[keep]
        base = _base(world, Decision.PRESENCE, key, slot)
        keep = self._there(terms, base, one, bit) & self._there(terms, base, other, bit)
        return one[keep], other[keep]

    def _there(self, terms: Terms, base: np.uint64, rows: Rows, bit: int | None) -> NDArray[np.bool_]:
        out = self.out[rows]
        here = out > 0
        if bit is not None:
            here &= self.away[rows] & np.uint32(1 << bit) == 0
        if not terms.sociable and terms.presence >= 1.0:
            return np.asarray(here)
        chance = terms.presence * out if terms.sociable else terms.presence
        return np.asarray(here & (uniforms(base, self.uid[rows]) < chance))

    def _friends(self, world: World, name: str, slot: int, terms: Terms, row: int | None,
                 bit: int) -> tuple[Rows, Rows]:
        """Friends of unlike group who meet, each pair once."""
        one, place = np.nonzero(self.ties >= 0) if row is None else _places(self.ties, row)
        other = self.ties[one, place]
        one = one.astype(np.int32)
        group, uid = self.group, self.uid
        keep = group[one] != group[other]
        if row is None:
            keep &= one < other
        keep &= (self.away[one] | self.away[other]) & np.uint32(1 << bit) == 0
        one, other = one[keep], other[keep]
        key = _pair_key(_base(world, Decision.FRIENDS, name_key(name), slot), uid[one], uid[other])
        keep = _unit(key) < terms.presence
        return one[keep], other[keep]

    def _lived(self, world: World, name: str, key: int, slot: int, terms: Terms, one: Rows, other: Rows,
               decision: Decision) -> Meetings:
        """What each meeting was for each side."""
        factor = world.week.factor
        g, h = self.group[one].astype(np.intp), self.group[other].astype(np.intp)
        m, n = h - (h > g), g - (g > h)
        a, b = self.uid[one].astype(np.uint64), self.uid[other].astype(np.uint64)
        drawn = _pair_key(_base(world, decision, key, slot), a, b)
        gap = np.abs(self.standing[one] - self.standing[other])
        bad = terms.negative * (1.0 + terms.inequality * gap)
        halves = _mix(drawn + _GOLDEN)
        lower, higher = (halves >> np.uint64(32)) * 2.0**-32, (halves & np.uint64(0xFFFFFFFF)) * 2.0**-32
        mine = _valence(factor[one, m], factor[other, n, LEAN], terms, bad, np.where(a < b, lower, higher))
        theirs = _valence(factor[other, n], factor[one, m, LEAN], terms, bad, np.where(a < b, higher, lower))
        if decision == Decision.MEETING:
            odds = terms.take_up * factor[one, m, TAKE_UP] * factor[other, n, TAKE_UP]
            declined = _unit(drawn) * (1.0 + odds) < terms.avoidability
            mine[declined] = theirs[declined] = DECLINED
        return Meetings(name, one, other, mine, theirs)


def tallies(group: NDArray[np.integer], groups: int, meetings: list[Meetings]) -> NDArray[np.int64]:
    """(N, G, 4) meetings with other groups by what they were, as ``week.tally`` has them; ``group`` of each row."""
    out = np.zeros((group.shape[0], groups, 4), np.int64)
    for m in meetings:
        np.add.at(out, (m.one, group[m.other], m.mine), 1)
        np.add.at(out, (m.other, group[m.one], m.theirs), 1)
    return out


def _valence(factor: NDArray[np.float64], lean: NDArray[np.float64], terms: Terms, bad: NDArray[np.float64],
             u: NDArray[np.float64]) -> NDArray[np.int64]:
    good = terms.positive * factor[:, PLEASANT] * lean
    odds = bad * factor[:, UNPLEASANT] / lean
    at = u * (1.0 + good + odds)
    return np.where(at < good, POSITIVE, np.where(at < good + odds, NEGATIVE, NEUTRAL))


def _places(ties: Rows, row: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    place = np.flatnonzero(ties[row] >= 0)
    return np.full(place.shape, row), place


def _base(world: World, decision: Decision, key: int, slot: int) -> np.uint64:
    """The base of a decision in the week that has just been lived."""
    return stream(world.seed, decision, world.clock - 1, key, slot)


def _mix(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    mixed: NDArray[np.uint64] = mix.py_func(z)  # type: ignore[attr-defined]
    return mixed


def _pair_key(base: np.uint64, a: NDArray[np.integer], b: NDArray[np.integer]) -> NDArray[np.uint64]:
    """:func:`contactsim.draws.pair_key` for many pairs at once."""
    low, high = np.minimum(a, b).astype(np.uint64), np.maximum(a, b).astype(np.uint64)
    return _mix(_mix(base ^ low) + high * _GOLDEN)


def _unit(number: NDArray[np.uint64]) -> NDArray[np.float64]:
    return np.asarray((number >> np.uint64(11)) * 2.0**-53)
