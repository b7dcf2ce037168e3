"""Moves, departures, arrivals and the turnover of seats have the requested rates and destinations."""

from __future__ import annotations

import numpy as np
import pytest

from contactsim.parameters import MixingGroups
from contactsim.residents import WEEKS_A_YEAR
from contactsim.settings.seating import change_seats
from contactsim.world import World
from tests.statistical.deciding import ERRORS, P_VALUE, errors_of_share, p_of_counts, p_of_table
from tests.worlds import make_parameters, make_world, two_groups


def quiet(vacancy: float = 0.1, seed: int = 4, **scenario: object) -> World:
    """A town of some 2,500 households in which nobody meets anybody."""
    return make_world(two_groups(36, 160), make_parameters(
        {}, residents={"vacancy": vacancy}, scenario=scenario), seed)


def lived_in(world: World) -> np.ndarray:
    """(households,) whether somebody lives there."""
    return world.people.active[world.people.household_start[:-1]]


def test_departures_by_the_year() -> None:
    """After a year 1 - rate of the households are left: Binomial, one standard error is 0.9 points."""
    world = quiet(departures=0.3)
    before = int(lived_in(world).sum())
    for _ in range(WEEKS_A_YEAR):
        world.step()
    after = int(lived_in(world).sum())
    assert errors_of_share(after, before, 0.7) < ERRORS
    assert errors_of_share(after, before, 0.64) > ERRORS


def test_arrivals_by_the_week_and_group() -> None:
    """Each empty dwelling is taken with the given chance; groups by the given shares."""
    world = quiet(vacancy=0.5, arrivals=0.2, arrival_shares={"A": 1.0, "B": 2.0})
    empty = ~lived_in(world)
    world.step()
    let = empty & lived_in(world)
    assert errors_of_share(int(let.sum()), int(empty.sum()), 0.2) < ERRORS
    for _ in range(8):
        world.step()
    came = empty & lived_in(world)
    group = world.people.group[world.people.household_start[:-1][came]]
    assert came.sum() > 1500
    assert errors_of_share(int(group.sum()), int(came.sum()), 2 / 3) < ERRORS
    assert errors_of_share(int(came.sum()), int(empty.sum()), 1 - 0.8**9) < ERRORS


def test_moves_by_the_year() -> None:
    """Of households that want to move (1 - (1 - rate)^(1 / 52) a week), those find a dwelling whose search nobody
    else wins: nearly all where half stands empty. Counted over 30 weeks as changes of dwelling."""
    world = quiet(vacancy=0.5, moves=0.6)
    households, moves, weeks = int(lived_in(world).sum()), 0, 30
    for _ in range(weeks):
        before = world.people.dwelling.copy()
        world.step()
        moves += int((world.people.dwelling != before)[lived_in(world)].sum())
    chance = 1 - 0.4 ** (1 / WEEKS_A_YEAR)
    expected = households * weeks * chance
    assert moves < expected + ERRORS * np.sqrt(expected)
    assert moves > 0.97 * expected - ERRORS * np.sqrt(expected)


def test_movers_without_a_preference_go_anywhere() -> None:
    """By output area as dwellings stand empty there (of the mover's size): Pearson's test over about 1,500 moves."""
    world = quiet(vacancy=0.5, moves=0.9)
    people = world.people
    moved, offered = np.zeros(36), np.zeros(36)
    size = np.diff(people.household_start)
    for _ in range(14):
        empty, before = ~lived_in(world), people.dwelling.copy()
        output_area = people.output_area_of_dwelling[people.dwelling]
        world.step()
        movers = np.flatnonzero((people.dwelling != before) & lived_in(world))
        moved += np.bincount(people.output_area_of_dwelling[people.dwelling[movers]], minlength=36)
        for s in range(1, 7):
            share = np.bincount(output_area[empty & (size == s)], minlength=36)
            offered += share / share.sum() * (size[movers] == s).sum()
    assert moved.sum() > 800
    assert p_of_counts(moved, offered / offered.sum()) > P_VALUE
    ramp = offered * np.linspace(0.5, 1.5, 36)
    assert p_of_counts(moved, ramp / ramp.sum()) < P_VALUE  # a broken one: more to the later output areas


def dissimilarity(world: World) -> float:
    people, rows = world.people, np.flatnonzero(world.people.active)
    output_area = people.output_area_of_dwelling[people.dwelling[people.household[rows]]]
    a, b = (np.bincount(output_area[people.group[rows] == g], minlength=36) for g in (0, 1))
    return float(np.abs(a / a.sum() - b / b.sum()).sum() / 2)


def test_a_preference_for_ones_own_group_keeps_areas_apart() -> None:
    """A town that starts divided mixes by moves without a preference, and stays more divided with one."""
    towns = [quiet(vacancy=0.3, moves=0.99, own_group_preference=preference) for preference in (0.0, 10.0)]
    start = dissimilarity(towns[0])
    for _ in range(26):
        for town in towns:
            town.step()
    free, bound = map(dissimilarity, towns)
    assert free < start - 0.1 and bound > free + 0.1


# --- turnover of seats

def changed(name: str, turnover: float, seed: int = 4) -> tuple[int, int, World]:
    """(members who changed seats in a year, members, world)"""
    groups = {"public": 400, "school": 30, "work": 40}[name]
    mixing_groups = MixingGroups(size=groups, small_group=6, empty=0.1, sorting=0.2, local=1.0, turnover=turnover)
    world = make_world(two_groups(36, 200), make_parameters({}, **{name: mixing_groups}), seed)
    setting = world.settings[name]
    before = setting.seat
    change_seats({name: setting}, world.parameters.settings, world.people, world.seed, 52)
    seated = before >= 0
    return int((before != setting.seat)[seated].sum()), int(seated.sum()), world


@pytest.mark.parametrize("name", ["public", "work"])
@pytest.mark.parametrize("turnover", [0.1, 0.3])
def test_a_share_of_members_changes_seats_each_year(name: str, turnover: float) -> None:
    """Binomial over pairs of two members or of one and a gap: at most twice the variance of independent members."""
    moved, members, _ = changed(name, turnover)
    assert members > 2000
    assert errors_of_share(moved, members, turnover) < ERRORS * np.sqrt(2)
    assert errors_of_share(moved, members, turnover * 1.35) > ERRORS * np.sqrt(2)


@pytest.mark.parametrize("turnover", [0.15, 0.3])
def test_pupils_change_seats_as_often_as_they_meet_a_pupil_of_their_year(turnover: float) -> None:
    """In each of 13 rounds with the chance that the other seat holds one of the same year, times the turnover; that
    comes near the turnover itself where a school's seats are as many of each year."""
    moved, members, world = changed("school", turnover)
    setting, people = world.settings["school"], world.people
    kind = np.repeat(setting.kind, np.diff(setting.partitions["mixing_group"].start))
    year = np.where(setting.occupant >= 0, np.floor(people.age[setting.occupant]), -1)
    chances = []
    for k in np.unique(kind):
        of_kind = year[kind == k]
        number = np.array([np.sum(of_kind == y) for y in of_kind[of_kind >= 0]])
        chances.append(1 - (1 - turnover * (number - 1) / max(of_kind.size - 1, 1)) ** 13)
    expected = float(np.concatenate(chances).mean())
    assert errors_of_share(moved, members, expected) < ERRORS * np.sqrt(2)
    assert 0.7 * turnover < expected < 1.1 * turnover


def test_years_of_turnover_are_independent_of_each_other() -> None:
    """Two years: those who changed in the first change in the second as often as the others."""
    mixing_groups = MixingGroups(size=40, small_group=6, empty=0.1, sorting=0.0, local=1.0, turnover=0.3)
    world = make_world(two_groups(36, 200), make_parameters({}, work=mixing_groups))
    setting, moved = world.settings["work"], []
    for week in (52, 104):
        before = setting.seat
        change_seats({"work": setting}, world.parameters.settings, world.people, world.seed, week)
        moved.append((before != setting.seat)[before >= 0])
    table = np.array([[np.sum((moved[0] == a) & (moved[1] == b)) for b in (False, True)] for a in (False, True)])
    assert table.min() > 100
    assert p_of_table(table) > P_VALUE
