"""Moves, arrivals and departures of households, and the yearly change of seats as residents get older.

Each household decides by its own draws. If two want the same dwelling or seat, a keyed priority decides, never the
order of processing, so an additional household changes nothing for those whom it does not meet.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contactsim.draws import Decision, fold, uniforms
from contactsim.encounters.arrays import people_of
from contactsim.encounters.ties import end_ties
from contactsim.errors import UserError
from contactsim.residents import WEEKS_A_YEAR, settle
from contactsim.settings.seating import Setting, change_seats, members
from contactsim.state import State

#: Number of attempts to find an empty seat (assumed).
ATTEMPTS = 3
#: Number of dwellings or seats that a search examines (assumed: nearly always enough to find an empty one).
LOOKS = 100

Rows = NDArray[np.intp]


def week(world: State) -> None:
    """This week's departures, moves and arrivals; new seats for arrivals, and for all residents once a year.

    A burn-in has the yearly turnover of seats alone.
    """
    scenario, new_year = world.parameters.scenario, (world.clock + 1) % WEEKS_A_YEAR == 0
    if new_year:
        change_seats(world.settings, world.parameters.settings, world.people, world.seed, world.clock + 1)
    if world.clock < 0:
        return
    arrived = np.empty(0, np.intp)
    if scenario.departures > 0:
        _depart(world, _by_week(scenario.departures))
    if scenario.moves > 0:
        _move(world, _by_week(scenario.moves))
    if scenario.arrivals > 0:
        arrived = _arrive(world, scenario.arrivals)
    if new_year:
        _reseat(world, np.arange(len(world.people)))
    elif arrived.size:
        _reseat(world, arrived)


def _by_week(yearly: float) -> float:
    return float(1.0 - (1.0 - yearly) ** (1.0 / WEEKS_A_YEAR))


def _heads(world: State) -> Rows:
    """(H,) first row of each household record."""
    return world.people.household_start[:-1].astype(np.intp)


def _rows_of(world: State, households: Rows) -> Rows:
    start = world.people.household_start.astype(np.intp)
    size = start[households + 1] - start[households]
    first = np.repeat(start[households] - np.cumsum(size) + size, size)
    return first + np.arange(int(size.sum()))


def _depart(world: State, chance: float) -> None:
    people, heads = world.people, _heads(world)
    draw = uniforms(world.base(Decision.DEPARTURE), people.uid[heads])
    rows = _rows_of(world, np.flatnonzero(people.active[heads] & (draw < chance)))
    if not rows.size:
        return
    people.active[rows] = False
    for setting in world.settings.values():
        setting.leave(rows)
    world.week.candidate[rows] = -1
    world.week.availability[rows] = 0.0
    gone = np.zeros(len(people), bool)
    gone[rows] = True
    end_ties(people, people_of(people), gone)


def _move(world: State, chance: float) -> None:
    """Households exchange their dwelling for an empty one of the same size, found by a keyed search."""
    people, heads = world.people, _heads(world)
    base, other = world.base(Decision.MOVE), world.base(Decision.MOVE, "where")
    wants = np.flatnonzero(people.active[heads] & (uniforms(base, people.uid[heads]) < chance))
    size = np.diff(people.household_start)
    for s in np.unique(size[wants]):
        looking = wants[size[wants] == s]
        found = _search(other, people.uid[heads[looking]], np.flatnonzero(size == s), ~people.active[heads])
        looking, found = looking[found >= 0], found[found >= 0]
        uid = people.uid[heads[looking]]
        likes = _accepts(world, looking, found, uid)
        winners = _settle_conflicts(found[likes], uniforms(world.base(Decision.MOVE, "priority"), uid[likes]))
        _swap(world, looking[likes][winners], found[likes][winners])


def offer(world: State, name: str, households: Rows) -> Rows:
    """Offer households an empty dwelling of their size in a neighbourhood where their own group is rarer.

    Returns the households that moved. ``name`` keys the draws, so that they affect no other move.
    """
    people, heads = world.people, _heads(world)
    size, found = np.diff(people.household_start), np.full(households.shape[0], -1)
    for s in np.unique(size[households]):
        of = np.flatnonzero(size[households] == s)
        found[of] = _search(world.base(Decision.MOVE, name), people.uid[heads[households[of]]],
                            np.flatnonzero(size == s), ~people.active[heads])
    households, found = households[found >= 0], found[found >= 0]
    rarer = _gained(world, households, found) < 0
    households, found = households[rarer], found[rarer]
    draw = uniforms(world.base(Decision.MOVE, f"{name}/priority"), people.uid[heads[households]])
    winners = _settle_conflicts(found, draw)
    _swap(world, households[winners], found[winners])
    return np.sort(households[winners])


def _accepts(world: State, households: Rows, found: Rows, uid: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Accept by the Metropolis rule on the own group's share in the new and the present neighbourhood."""
    share = _gained(world, households, found)
    chance = np.exp(np.minimum(0.0, world.parameters.scenario.own_group_preference * share))
    accepted: NDArray[np.bool_] = uniforms(world.base(Decision.MOVE, "accept"), uid) < chance
    return accepted


def _gained(world: State, households: Rows, found: Rows) -> NDArray[np.float64]:
    """Own group's share in the neighbourhood found minus that in the present one."""
    people = world.people
    group = people.group[_heads(world)[households]]
    street = world.settings["street"].partitions["neighbourhood"]
    area = np.searchsorted(street.start, people.household_start[people.dwelling], side="right") - 1
    gained: NDArray[np.float64] = world.areas.share[area[found], group] - world.areas.share[area[households], group]
    return gained


def _search(base: np.uint64, uid: NDArray[np.integer], places: Rows, empty: NDArray[np.bool_]) -> Rows:
    """The first empty place among keyed draws from ``places`` for each identifier; -1 if none was found.

    Draws are from all places, not from a list of empty ones, so a place that is taken matters only to those who draw
    it.
    """
    found = np.full(uid.shape[0], -1)
    for look in range(LOOKS if places.size else 0):
        without = np.flatnonzero(found < 0)
        if not without.size:
            break
        u = uniforms(np.uint64(fold(base, np.uint64(look))), uid[without])
        drawn = places[(u * places.size).astype(int)]
        found[without] = np.where(empty[drawn], drawn, -1)
    return found


def _settle_conflicts(wanted: Rows, priority: NDArray[np.float64]) -> Rows:
    """Positions of the winners: for each wanted place, the candidate with the highest priority."""
    order = np.lexsort((-priority, wanted))
    first = np.flatnonzero(np.diff(wanted[order], prepend=-1))
    return order[first]


def _swap(world: State, households: Rows, empty: Rows) -> None:
    people, street = world.people, world.settings["street"]
    here, there = people.dwelling[households].copy(), people.dwelling[empty].copy()
    people.dwelling[households], people.dwelling[empty] = there, here
    for records, dwellings in ((empty, here), (households, there)):
        rows, seats = _rows_of(world, records), _rows_of(world, dwellings.astype(np.intp))
        street.place(np.where(people.active[rows], rows, -1), seats, world.clock + 1)


def _arrive(world: State, chance: float) -> Rows:
    """Newcomers take empty dwellings; each gets a new identifier. Returns their rows."""
    people, heads, scenario = world.people, _heads(world), world.parameters.scenario
    part = people.uid[heads]
    let = np.flatnonzero(~people.active[heads] & (uniforms(world.base(Decision.ARRIVAL), part) < chance))
    rows = _rows_of(world, let)
    if not rows.size:
        return rows
    shares = arrival_shares(scenario.arrival_shares, world)
    draw = uniforms(world.base(Decision.ARRIVAL, "group"), part[let])
    group = np.searchsorted(np.cumsum(shares)[:-1], draw, "right")
    size = np.diff(people.household_start)[let]
    people.uid[rows] += len(people)
    people.group[rows] = np.repeat(group, size)
    people.active[rows] = True
    settle(people, rows, world.parameters.residents, world.parameters.psychology, world.seed, newcomers=True)
    street = world.settings["street"]
    seats = _rows_of(world, people.dwelling[let].astype(np.intp))
    street.place(rows, seats, world.clock + 1)
    return rows


def arrival_shares(wanted: dict[str, float] | None, world: State) -> NDArray[np.float64]:
    """(G,) shares of the groups among arrivals, adding up to 1."""
    groups = world.place.groups
    if wanted is None:
        counts = world.place.counts.sum(axis=0)
        return np.asarray(counts / counts.sum())
    unknown = sorted(set(wanted) - set(groups))
    total = sum(wanted.values())
    if unknown or total <= 0 or min(wanted.values()) < 0:
        raise UserError(f"scenario.arrival_shares={wanted} must give shares of at least 0 that add up to more "
                        f"than 0, for groups of this place: {', '.join(groups)}.")
    return np.array([wanted.get(group, 0.0) / total for group in groups])


def _reseat(world: State, affected: Rows) -> None:
    """Rows that no longer belong to a setting leave their seat; rows that belong and have none look for one."""
    concerned = np.zeros(len(world.people), bool)
    concerned[affected] = True
    for name, rows in members(world.people, world.parameters.residents, world.seed).items():
        setting = world.settings[name]
        belongs = np.zeros(len(world.people), bool)
        belongs[rows] = True
        setting.leave(np.flatnonzero(~belongs & concerned))
        for attempt in range(ATTEMPTS):
            _take_seats(world, name, setting, rows[concerned[rows] & ~setting.seated[rows]], attempt)


def _take_seats(world: State, name: str, setting: Setting, rows: Rows, attempt: int) -> None:
    seats = np.arange(setting.occupant.shape[0])
    found = _search(world.base(Decision.SEATING, name, attempt), world.people.uid[rows], seats, setting.occupant < 0)
    rows, found = rows[found >= 0], found[found >= 0]
    uid = world.people.uid[rows]
    winners = _settle_conflicts(found, uniforms(world.base(Decision.SEATING, name + "/priority", attempt), uid))
    seats, rows = found[winners], rows[winners]
    setting.place(rows, seats, world.clock + 1)
