"""Moves, arrivals, departures and new seats: what must hold whatever happens."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contactsim import demography
from contactsim.draws import stream
from contactsim.errors import UserError
from contactsim.residents import ARRIVAL_LANGUAGE, WEEKS_A_YEAR
from contactsim.settings.seating import change_seats, members
from contactsim.world import World
from tests.worlds import four_groups, make_parameters, make_world, odd_psychology, two_groups

BUSY = {"moves": 0.9, "departures": 0.9, "arrivals": 0.3, "own_group_preference": 3.0}


def busy(seed: int = 5, psychology: object = None, **scenario: object) -> World:
    parameters = make_parameters(residents={"vacancy": 0.15}, psychology=psychology or odd_psychology(0),
                                 scenario={**BUSY, **scenario})
    return make_world(four_groups(9, 60), parameters, seed)


def check_seats(world: World) -> None:
    """Occupant and seat are inverse, nobody is anywhere twice, and only those who live here sit, since some time."""
    for setting in world.settings.values():
        seated = np.flatnonzero(setting.seat >= 0)
        taken = np.flatnonzero(setting.occupant >= 0)
        assert seated.size == taken.size
        np.testing.assert_array_equal(setting.occupant[setting.seat[seated]], seated)
        assert world.people.active[seated].all()
        assert (setting.since[taken] <= world.clock).all()


def check_homes(world: World) -> None:
    """Each household record has one dwelling of its size; people sit in the seats of their own dwelling."""
    people, street = world.people, world.settings["street"]
    start = people.household_start
    assert sorted(people.dwelling.tolist()) == list(range(people.dwelling.shape[0]))
    size = np.diff(start)
    np.testing.assert_array_equal(size[people.dwelling], size)
    rows = np.flatnonzero(people.active)
    home = people.dwelling[people.household[rows]]
    np.testing.assert_array_equal(street.seat[rows] - start[home], rows - start[people.household[rows]])
    for h in range(size.shape[0]):
        lives = people.active[start[h]:start[h + 1]]
        assert lives.all() or not lives.any()


def check_ties(world: World) -> None:
    """Ties join two different people who live here, once, and both know of it; so do the columns that follow from them.

    Friends of other groups come first, then those of the own group, then free places."""
    people = world.people
    of = np.where(people.ties < 0, 2, people.group[people.ties] == people.group[:, None])
    assert (np.diff(of, axis=1) >= 0).all()
    np.testing.assert_array_equal(people.friends, (of < 2).sum(axis=1))
    np.testing.assert_array_equal(people.cross_friends, (of == 0).sum(axis=1))
    row, place = np.nonzero(people.ties >= 0)
    friend = people.ties[row, place]
    pairs = set(zip(row.tolist(), friend.tolist(), strict=True))
    assert len(pairs) == row.size
    assert all((b, a) in pairs and a != b for a, b in pairs)
    assert people.active[row].all() and people.active[friend].all()
    known = np.zeros(len(people), int)
    np.bitwise_or.at(known, row, 1 << people.group[friend].astype(int))
    np.testing.assert_array_equal(people.friend_groups[people.active], known[people.active])


def test_everything_fits_in_every_week() -> None:
    world = busy()
    ever = set(world.people.uid[world.people.active].tolist())
    before = {name: world.people.column(name).copy() for name in ("uid", "active", "group")}
    came = left = moved = 0
    for _ in range(40):
        dwelling = world.people.dwelling.copy()
        world.step()
        check_seats(world)
        check_homes(world)
        check_ties(world)
        people = world.people
        new = people.active & (people.uid != before["uid"])
        assert np.unique(people.uid).size == len(people)
        assert not ever & set(people.uid[new].tolist()), "an identifier was reused"
        same = people.active & ~new
        np.testing.assert_array_equal(people.group[same], before["group"][same])
        assert (before["active"][same]).all(), "somebody came back under the old identifier"
        ever |= set(people.uid[new].tolist())
        came, left = came + new.sum(), left + (before["active"] & (new | ~people.active)).sum()
        moved += (dwelling != people.dwelling).sum() // 2
        before = {name: people.column(name).copy() for name in before}
    assert min(came, left) > 100 and moved > 20 and (world.people.ties >= 0).sum() > 100


@settings(max_examples=8)
@given(st.integers(0, 2**40), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_any_rates_fit(seed: int, moves: float, departures: float, arrivals: float) -> None:
    world = busy(seed, moves=moves, departures=departures, arrivals=arrivals)
    for _ in range(3):
        world.step()
        check_seats(world)
        check_homes(world)
        check_ties(world)


def test_a_place_can_empty_and_fill() -> None:
    world = busy(departures=1.0, moves=0.0, arrivals=0.0)
    world.step()
    assert not world.people.active.any()
    world.step()
    world.parameters = world.parameters.model_copy(
        update={"scenario": world.parameters.scenario.model_copy(update={"departures": 0.0, "arrivals": 1.0})})
    world.step()
    assert world.people.active.all()
    check_seats(world)
    check_homes(world)
    world.step()


def test_newcomers_start_at_rest_with_little_of_the_language() -> None:
    world = busy(departures=0.0, moves=0.0, arrivals=0.5)
    there = world.people.active.copy()
    world.step()
    people, new = world.people, world.people.active & ~there
    others = new & (people.group > 0)
    assert others.sum() > 10
    assert (people.arrived[others] == 0).all() and (people.language[others] == np.float32(ARRIVAL_LANGUAGE)).all()
    assert np.isnan(people.arrived[new & (people.group == 0)]).all()
    assert (people.positive[new] == 0).all() and (people.ties[new] < 0).all()
    heads = people.household_start[people.household]
    np.testing.assert_array_equal(people.group[new], people.group[heads[new]])


def test_newcomers_are_new_in_all_their_seats() -> None:
    world = busy(departures=0.0, moves=0.0, arrivals=0.5)
    there = world.people.active.copy()
    world.step()
    new = world.people.active & ~there
    for setting in world.settings.values():
        seat = setting.seat
        assert (setting.since[seat[new & (seat >= 0)]] == world.clock).all()
        old = seat[there & (seat >= 0)]
        assert (setting.since[old] < world.clock).mean() > 0.9


# --- turnover of seats

def yearly(world: World) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """(seats before, seats after) a year's turnover, by setting."""
    before = {name: setting.seat for name, setting in world.settings.items()}
    change_seats(world.settings, world.parameters.settings, world.people, world.seed, 52)
    return {name: (before[name], setting.seat) for name, setting in world.settings.items()}


def test_turnover_changes_seats_among_groups_of_a_kind() -> None:
    world = make_world(four_groups(24, 120))
    for name, (before, after) in yearly(world).items():
        setting, changed = world.settings[name], np.flatnonzero(before != after)
        np.testing.assert_array_equal(before >= 0, after >= 0)
        if name == "street":
            assert not changed.size
            continue
        assert changed.size > 10
        kind = np.repeat(setting.kind, np.diff(setting.partitions["mixing_group"].start))
        np.testing.assert_array_equal(kind[before[changed]], kind[after[changed]])
        assert (setting.since[after[changed]] == 52).all()
        stayed = np.flatnonzero((before == after) & (before >= 0))
        back = (setting.since[after[stayed]] == 52).mean()
        assert back < 0.01 if name == "school" else back == 0  # some pupils change twice, and return


def test_pupils_change_classes_within_a_year_of_age() -> None:
    """Each swap is between two of one year, so those who now sit in a seat are as old as those who sat there."""
    world = make_world(two_groups(36, 200))
    before, after = yearly(world)["school"]
    who, year = np.full(world.settings["school"].occupant.size, -1), np.floor(world.people.age)
    rows = np.flatnonzero(before >= 0)
    who[before[rows]] = rows
    changed = rows[before[rows] != after[rows]]
    assert changed.size > 50
    np.testing.assert_array_equal(year[changed], year[who[after[changed]]])


@pytest.mark.parametrize("name", ["public", "school", "work", "association"])
def test_a_member_more_moves_nobody_else(name: str) -> None:
    """But, at school, the one who changes seats with the additional member: there both must be present."""
    plain = make_world(two_groups(12)).settings[name]
    rows, seats = np.flatnonzero(plain.seat < 0)[::50], np.flatnonzero(plain.occupant < 0)[::15]
    for row, seat in zip(rows, seats, strict=False):
        one, other = (make_world(two_groups(12)) for _ in range(2))
        other.settings[name].place(np.array([row]), np.array([seat]), 0)
        one.people.age[row] = other.people.age[row] = 11.0
        ours, theirs = yearly(one), yearly(other)
        for setting in ours:
            differ = np.flatnonzero(ours[setting][1] != theirs[setting][1])
            assert np.setdiff1d(differ, [row]).size <= (1 if name == setting == "school" else 0)


def test_turnover_takes_place_in_a_burn_in_and_only_once_a_year() -> None:
    world = make_world(two_groups(), make_parameters({}))
    world.clock = -104
    seats = world.settings["public"].occupant.copy()
    changed = []
    for _ in range(104):
        world.step()
        changed.append(not np.array_equal(world.settings["public"].occupant, seats))
        seats = world.settings["public"].occupant.copy()
    assert np.flatnonzero(changed).tolist() == [51, 103]


def test_nothing_happens_before_week_0_or_where_not_asked() -> None:
    for world in (busy(), make_world(four_groups(9, 60))):
        if world.parameters.scenario.moves:
            world.clock = -30
        uid, dwelling, seats = (a.copy() for a in (
            world.people.uid, world.people.dwelling, world.settings["work"].occupant))
        for _ in range(20):
            world.step()
        np.testing.assert_array_equal(world.people.uid, uid)
        np.testing.assert_array_equal(world.people.dwelling, dwelling)
        np.testing.assert_array_equal(world.settings["work"].occupant, seats)


def test_once_a_year_people_change_seats_as_they_grow() -> None:
    world = make_world(two_groups(), make_parameters({}))
    school, work = world.settings["school"], world.settings["work"]
    pupils = school.seat >= 0
    for week in range(WEEKS_A_YEAR):
        assert (school.seat >= 0).sum() == pupils.sum(), week
        world.step()
    age = world.people.age
    now = school.seat >= 0
    assert (age[now] < 18).all() and (age[now] >= 5).all()
    assert (pupils & ~now).sum() > 5 and (now & ~pupils).sum() > 5
    assert ((work.seat >= 0) & pupils).any()
    belong = members(world.people, world.parameters.residents, world.seed)["school"]
    assert now[belong].mean() > 0.9
    small_group = np.searchsorted(school.partitions["small_group"].start, school.seat, side="right") - 1
    column = [name for name in world.settings if name != "public"].index("school")
    np.testing.assert_array_equal(world.small_groups[:, column], np.where(now, small_group, -1))


# --- one household more changes nothing for those it does not meet

def filled(world: World, record: int) -> None:
    """Let people live in an empty household record."""
    people, street = world.people, world.settings["street"]
    rows = np.arange(people.household_start[record], people.household_start[record + 1])
    people.active[rows] = True
    people.age[rows] = 50.0
    seats = people.household_start[people.dwelling[record]] + rows - rows[0]
    street.place(rows, seats, world.clock)


def empties(world: World) -> list[int]:
    heads = world.people.household_start[:-1]
    return np.flatnonzero(~world.people.active[heads]).tolist()


def test_an_empty_dwelling_less_moves_only_those_who_wanted_it() -> None:
    changed = []
    for k in range(6):
        one, other = (busy(moves=1.0, departures=0.0, arrivals=0.0, own_group_preference=0.0) for _ in range(2))
        record = empties(other)[4 * k]
        filled(other, record)
        demography._move(one, 0.3)
        demography._move(other, 0.3)
        changed.append(int((one.people.dwelling != other.people.dwelling).sum()))
        assert (one.people.dwelling != np.arange(one.people.dwelling.size)).sum() > 20
    assert max(changed) <= 10, changed


def test_one_arrival_takes_a_seat_from_nobody_it_does_not_meet() -> None:
    one, other = (busy(moves=0.0, departures=0.0, arrivals=0.0) for _ in range(2))
    record = empties(other)[3]
    filled(other, record)
    rows = set(range(*other.people.household_start[record:record + 2].tolist()))
    for world in (one, other):
        world.clock = WEEKS_A_YEAR - 1  # the week of the new seats
        world.people.age += 1.0
        demography.week(world)
    for name in ("school", "work", "association"):
        a, b = one.settings[name].seat, other.settings[name].seat
        differ = set(np.flatnonzero(a != b).tolist()) - rows
        assert len(differ) <= 2 * len(rows), name


def test_an_arrival_does_not_reseat_the_town() -> None:
    """Those without a seat try again once a year, not whenever somebody comes or goes."""
    one, other = (busy(moves=0.0, departures=0.0, arrivals=a) for a in (0.0, 0.1))
    for world in (one, other):
        for setting in world.settings.values():
            if setting.name != "street":
                setting.leave(np.arange(0, len(world.people), 3))
        demography.week(world)
    came = other.people.uid != one.people.uid
    assert 0 < came.sum() < 30
    for name in ("school", "work", "association"):
        a, b = one.settings[name].seat, other.settings[name].seat
        assert came[a != b].all(), name


def test_a_search_finds_an_empty_place_or_none() -> None:
    base, uid = stream(1), np.arange(500)
    places = np.array([2, 5, 7, 11])
    empty = np.zeros(12, bool)
    assert (demography._search(base, uid, places, empty) == -1).all()
    empty[7] = True
    assert set(demography._search(base, uid, places, empty).tolist()) == {7}
    empty[[2, 3]] = True
    found = demography._search(base, uid, places, empty)
    assert set(found.tolist()) == {2, 7} and 200 < (found == 2).sum() < 300
    assert (demography._search(base, uid, places[:0], empty) == -1).all()
    np.testing.assert_array_equal(demography._search(base, uid[::-3], places, empty), found[::-3])


@given(st.lists(st.integers(0, 6), max_size=30), st.integers(0, 2**32))
def test_who_gets_what_several_want_does_not_hang_on_their_order(wanted: list[int], seed: int) -> None:
    """For each thing whoever has the highest priority; the same people whatever the order they stand in."""
    shuffled = np.random.default_rng(seed)
    things, priority = np.array(wanted, np.intp), shuffled.permutation(len(wanted)) / 50
    best = {thing: max(priority[things == thing]) for thing in wanted}
    for _ in range(3):
        order = shuffled.permutation(len(wanted))
        winners = order[demography._settle_conflicts(things[order], priority[order])]
        assert {int(things[w]): priority[w] for w in winners} == best and len(winners) == len(best)


# --- what a user may ask for

@pytest.mark.parametrize("wanted", [{"Z": 1.0}, {"A": 0.0}, {"A": 2.0, "B": -1.0}])
def test_impossible_shares_of_arrivals_are_refused(wanted: dict[str, float]) -> None:
    with pytest.raises(UserError, match=r"scenario\.arrival_shares"):
        demography.arrival_shares(wanted, busy())


def test_shares_of_arrivals_are_scaled_and_default_to_the_place() -> None:
    world = busy()
    assert demography.arrival_shares({"A": 1.0, "C": 3.0}, world).tolist() == [0.25, 0.0, 0.75, 0.0]
    counts = world.place.counts.sum(axis=0)
    np.testing.assert_allclose(demography.arrival_shares(None, world), counts / counts.sum())
