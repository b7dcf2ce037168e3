"""Hours of actions: what their sessions displace, how well their people know each other, and who comes often."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from contactsim.actions.convene import Convene
from contactsim.actions.familiarity import HoursTogether, chance_of_return
from contactsim.actions.host import Host
from contactsim.actions.sessions import LEISURE
from contactsim.config.action_catalogue import load, names
from contactsim.residents import WEEKS_A_YEAR, attitude_to_others
from contactsim.world import World
from tests.acting import acting, first, live, sessions_of, shipped
from tests.worlds import Doing

TEAMS: dict[str, Any] = {"mechanism": "convene", "reach": 1.0, "intercept": 5.0, "capacity": 40, "team": 8,
                         "hours": 3.0, "attendance": 1.0, "varies": 0.0, "ages": [20, 60], "encounters_per_session": 2}
HOUSE: dict[str, Any] = {"mechanism": "host", "regulars": 100, "rooms": 4, "room": 20, "varies": 0.0, "hours": 2.0,
                         "recruitment": "voluntary"}


# --- hours together

def test_hours_are_kept_by_person() -> None:
    company = HoursTogether()
    company.add(np.array([7, 3]), 2.0)
    company.add(np.array([9, 3, 5]), 1.5)
    np.testing.assert_array_equal(company.of(np.array([3, 4, 5, 7, 9, 99])), [3.5, 0, 1.5, 2, 1.5, 0])
    uid = np.array([9, 5, 4, 3], np.int32)
    seats = company.seats(uid, np.array([[3, -1], [1, 2]]))
    np.testing.assert_array_equal(seats, [[3.5, 0], [1.5, 0]])
    assert seats.dtype == np.float32 and not HoursTogether().of(uid).any()


@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=20))
def test_who_is_met_comes_again_at_least_as_often_as_anybody(attendance: list[float]) -> None:
    """Those who come often are met more; and nobody comes more often than the most faithful."""
    chance = chance_of_return(np.array(attendance))
    assert np.mean(attendance) - 1e-9 <= chance <= max(attendance) + 1e-9


def test_chance_of_return() -> None:
    assert chance_of_return(np.full(9, 0.2)) == pytest.approx(0.2) and chance_of_return(np.empty(0)) == 1.0
    assert chance_of_return(np.array([1.0, 0.5, 0.0])) == pytest.approx(1.25 / 1.5)


def before(world: World, weeks: int) -> list[tuple[str, float, NDArray[np.float32]]]:
    """(name, dilution, hours before of all who came) of the sessions of the next weeks."""
    found = []
    for one in sessions_of(world, weeks):
        assert one.hours_before is not None and not one.hours_before[one.occupant < 0].any()
        found.append((one.name, one.dilution, one.hours_before[one.occupant >= 0]))
    return found


def test_a_team_begins_new_and_adds_up_its_hours() -> None:
    """With its helper, and in each intake anew."""
    world = acting(("it", {**TEAMS, "intakes": 2, "interval": 2, "phases": [{"weeks": 2, "sessions": 2}],
                           "returns": True, "helpers": {"number": 1, "attendance": 1.0}}))
    found = before(world, 4)
    assert [name for name, *_ in found] == [f"it/{intake}/{number}" for intake in (0, 1) for number in range(4)]
    for (_, dilution, hours), spent in zip(found, [0, 3, 6, 9] * 2, strict=True):
        assert dilution == 1.0 and hours.size == 45 and (hours == spent).all()


def test_who_was_away_knows_the_team_less() -> None:
    world = acting(("it", {**TEAMS, "attendance": 0.5, "phases": [{"weeks": 6}]}))
    hours = before(world, 6)[-1][2]
    assert set(hours.tolist()) <= {0.0, 3.0, 6.0, 9.0, 12.0, 15.0} and len(set(hours.tolist())) > 2


@pytest.mark.parametrize("scale", ["pairs", "all"])
def test_teams_are_new_to_each_other(scale: str) -> None:
    """However well each team knows itself; and hours with five teams spread over five times the people."""
    phases = [{"weeks": 2}, {"weeks": 2, "scale": scale, "hours": 1.0}, {"weeks": 1}]
    found = before(acting(("it", {**TEAMS, "phases": phases})), 5)
    assert [dilution for _, dilution, _ in found] == [1.0, 1.0, pytest.approx(0.2), pytest.approx(0.2), 1.0]
    assert [set(hours.tolist()) for *_, hours in found] == [{0.0}, {3.0}, {0.0}, {1.0}, {6.0}]


def test_parents_are_new_to_each_other() -> None:
    values = {**TEAMS, "ages": [5, 11], "recruitment": "whole_class", "phases": [{"weeks": 2},
                                                                                {"weeks": 1, "whom": "parents"}]}
    found = before(acting(("it", values)), 3)
    assert (found[1][2] == 3).all() and found[2][2].size and (found[2][2] == 0).all()


def test_regulars_of_a_house_know_it_from_year_to_year() -> None:
    world = acting(("house", {**HOUSE, "attendance": 1.0, "every": WEEKS_A_YEAR, "helpers": {"number": 2}}))
    hours = [hours for *_, hours in before(world, 2 * WEEKS_A_YEAR + 1)]
    assert (hours[0] == 0).all() and (hours[2] > 0).any() and hours[2].max() == 4.0


# --- who comes to a house

def test_a_core_attends_nearly_always() -> None:
    """20 of 100 regulars at .9 and 80 at .1: about 26 a week; of the keenest, not of any."""
    world = acting(("house", {**HOUSE, "core": 0.2, "faithful": 0.9, "attendance": 0.1, "attitude_coef": 5.0}))
    attitude = attitude_to_others(world.people, world.weights)
    sessions_of(world, 30)
    house = first(world)
    assert isinstance(house, Host)
    times = house.attended[house.interested]
    assert (times > 20).sum() == 20 and (times < 15).sum() == 80
    assert 24 < np.mean([line["attended"] for line in house.ledger]) < 28
    keen, others = house.interested[times > 20], house.interested[times < 15]
    assert attitude[keen].mean() > attitude[others].mean() + 0.05


def test_hours_in_a_house_spread_over_those_who_come_again() -> None:
    (_, dilution, _), = before(acting(("house", {**HOUSE, "core": 0.2, "faithful": 0.9, "attendance": 0.1})), 1)
    assert dilution == pytest.approx((20 * 0.81 + 80 * 0.01) / (20 * 0.9 + 80 * 0.1))


def test_without_a_core_all_attend_alike() -> None:
    plain, none = ({**HOUSE, "attendance": 0.3, **more} for more in ({}, {"core": 0.0, "faithful": 1.0}))
    one, other = acting(("house", plain)), acting(("house", none))
    for world in (one, other):
        sessions_of(world, 4)
    np.testing.assert_array_equal(first(one).attended, first(other).attended)


# --- what sessions displace

def displaced(*actions: tuple[str, dict[str, Any]], weeks: int = 1) -> tuple[World, NDArray[np.uint32], dict[str, int]]:
    """The world after some weeks, the bits that its actions displace in the last one, and the bits of each setting."""
    world = acting(*actions)
    seen: list[NDArray[np.uint32]] = []
    world.actions.append(Doing(lambda world: seen.append(world.week.displaced.copy())))
    live(world, weeks)
    bits: dict[str, int] = {}
    number = 0
    for one in world.parameters.settings.contact_contexts.values():
        for _ in range(one.encounters_per_week):
            bits[one.setting] = bits.get(one.setting, 0) | 1 << number
            number += 1
    return world, seen[-1], bits


def hours_of(world: World, taken: NDArray[np.uint32]) -> NDArray[np.float64]:
    """(rows,) hours of the slots whose bits are set."""
    contexts = world.parameters.settings.contact_contexts.values()
    slots = [one.hours for one in contexts for _ in range(one.encounters_per_week)]
    return np.sum([hours * (taken >> np.uint32(bit) & 1) for bit, hours in enumerate(slots)], axis=0)


def all_of(bits: dict[str, int], names: frozenset[str]) -> int:
    return sum(bits.get(name, 0) for name in names)


def test_sessions_displace_as_many_hours_of_leisure_and_never_work_or_school() -> None:
    """Three hours, as far as slots allow on average."""
    world, taken, bits = displaced(("it", {**TEAMS, "phases": [{"weeks": 1}], "helpers": {"number": 1}}))
    came = np.union1d(first(world).participants, first(world).staff)
    leisure = all_of(bits, LEISURE)
    assert not (taken & np.uint32(~leisure & 0xFFFFFFFF)).any() and np.bitwise_or.reduce(taken) == leisure
    np.testing.assert_array_equal(np.flatnonzero(taken), came)
    assert hours_of(world, taken[came]).mean() == pytest.approx(3.0, abs=0.3)
    assert set(bits) - LEISURE == {"school", "work"}


def test_a_long_session_displaces_all_leisure_and_a_residential_week_everything() -> None:
    for displaces, settings in (("its_hours", LEISURE), ("the_week", None)):
        phase = {"weeks": 1, "hours": 60.0, "displaces": displaces}
        world, taken, bits = displaced(("it", {**TEAMS, "phases": [phase]}))
        everything = sum(bits.values()) if settings is None else all_of(bits, settings)
        assert set(taken[first(world).participants].tolist()) == {everything}


def test_whole_classes_lose_lessons_and_parents_leisure() -> None:
    values = {**TEAMS, "ages": [5, 11], "recruitment": "whole_class", "capacity": 1000, "hours": 1.0}
    for whom, settings in (("members", frozenset({"school"})), ("parents", LEISURE)):
        world, taken, bits = displaced(("it", {**values, "phases": [{"weeks": 1, "whom": whom}]}))
        rows = first(world).participants
        assert hours_of(world, taken[rows]).mean() == pytest.approx(1.0, abs=0.2)
        assert np.bitwise_or.reduce(taken) & all_of(bits, settings) == np.bitwise_or.reduce(taken)


def test_all_days_of_a_residential_week_are_attended() -> None:
    """The first day takes the whole week; those who are there stay, and nobody attends another action."""
    away = {**TEAMS, "capacity": 1000, "phases": [{"weeks": 1, "sessions": 5, "displaces": "the_week"}]}
    world = live(acting(("away", away), ("club", {**TEAMS, "capacity": 1000})), 1)
    assert (first(world).attended[first(world).participants] == 5).all()
    assert not np.intersect1d(first(world).participants, first(world, 1).participants).size


# --- the hours of the files

HOURS: dict[str, float] = {  # of one intake
    "youth_scheme": 140, "schools_linking": 23, "knowing_how.workshops": 12, "esol_partnership.classes": 24,
    "esol_partnership.summer_school": 54, "arts_festival.champions": 104, "arts_festival.singing": 78,
    "arts_festival.kindness": 24}


@pytest.mark.parametrize("name", HOURS)
def test_the_hours_of_a_programme(name: str) -> None:
    """A change in a file must be noticed: the sum over sessions, as its sources have it."""
    name, _, part = name.partition(".")
    config: Any = load(name).parts[part] if part else load(name)  # type: ignore[attr-defined]
    hours = sum(-(-phase.weeks // phase.every) * phase.sessions * (config.hours if phase.hours is None else phase.hours)
                for phase in config.phases)
    assert hours == HOURS[f"{name}.{part}" if part else name]


def test_every_session_has_more_than_a_quarter_of_an_hour_for_a_pair() -> None:
    """And less than three hours: pairs of a session change while it lasts."""
    def gatherings(config: Any) -> list[Any]:
        parts = list(config.subsections().values())
        return [one for part in parts for one in gatherings(part)] or ([config] if config.gathers else [])

    for name in names():
        for config in gatherings(load(name)):
            for phase in getattr(config, "phases", [None]):
                hours = config.hours if phase is None or phase.hours is None else phase.hours
                pairs = config.encounters_per_session
                pairs = pairs if phase is None or phase.encounters_per_session is None else phase.encounters_per_session
                assert 0.25 < hours / pairs < 3, name


def test_the_youth_scheme_is_a_programme_of_140_hours_for_each_who_attends() -> None:
    world = acting(shipped("youth_scheme", attendance=1.0, no_show=0.0, share=1.0, reach=1.0, intercept=5.0))
    live(world, 5)
    scheme = first(world)
    assert isinstance(scheme, Convene) and scheme.participants.size > 10
    assert set(scheme.attended[scheme.participants].tolist()) == {20}
    assert max(line["week"] for line in scheme.ledger if line["sessions"]) == 3
