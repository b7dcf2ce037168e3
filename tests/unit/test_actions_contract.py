"""What holds for every action: it writes no attitude, null changes nothing, draws are its own, the books balance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contactsim.actions import costs, ledgers, remarks
from contactsim.actions.plan import Plan
from contactsim.world import World
from tests.acting import ALL, FORBIDDEN, acting, first, live, shipped
from tests.worlds import differing_columns, same_bits

#: In how many of the tests' weeks an action could already have done something.
WEEKS = 10


@pytest.mark.parametrize("name", ALL)
def test_no_action_writes_what_meetings_alone_may_change(name: str) -> None:
    world = acting(shipped(name), shipped("hostile_rumour") if name != "hostile_rumour" else shipped("library_chat"))
    for _ in range(WEEKS):
        before = {column: world.people.column(column).copy() for column in FORBIDDEN}
        for action in world.actions:
            action.week(world)
        for column, values in before.items():
            assert same_bits(values, world.people.column(column)).all(), column
        world.actions, actions = [], world.actions
        world.step()
        world.actions = actions


@pytest.mark.parametrize("name", ALL)
def test_an_action_without_reach_changes_no_bit(name: str) -> None:
    """The columns are those of a world without it, week by week."""
    world, without = acting(shipped(name, reach=0.0)), acting()
    for _ in range(WEEKS):
        world.step()
        without.step()
        assert not differing_columns(world, without)
    assert first(world).participants.size == 0


@pytest.mark.parametrize("none", [
    shipped("youth_scheme", capacity=0), shipped("youth_scheme", share=0.0), shipped("community_centre", regulars=0),
    shipped("schools_linking", capacity=0), shipped("donate_blood", reach=0.0, capacity=0),
    shipped("moving_on_up", capacity=0), shipped("youth_scheme", no_show=1.0), shipped("youth_scheme", ages=[120, 130]),
    shipped("hostile_rumour", rumour={"begins": 0.0}), shipped("integration_plan", budget=0.0),
    shipped("community_centre", start=500), shipped("community_centre", cut=0, rooms_after_cut=0),
], ids=lambda one: f"{one[0]}")
def test_an_action_for_nobody_changes_no_bit(none: tuple[str, dict[str, Any]]) -> None:
    assert not differing_columns(live(acting(none), WEEKS), live(acting(), WEEKS))


def test_zero_takers_are_said_in_the_ledger() -> None:
    world = live(acting(shipped("youth_scheme", ages=[120, 130])), 1)
    action = first(world)
    assert action.notes == ["week 0: nobody was eligible"]
    assert action.ledger == [{"week": 0, "interested": 0, "enrolled": 0, "waiting": 0, "attended": 0, "staff": 0,
                              "sessions": 0}]


def test_an_action_whose_time_never_comes_says_so() -> None:
    world = live(acting(shipped("youth_scheme", start=500), shipped("library_chat")), 2)
    assert [remarks(first(world, k)) for k in (0, 1)] == [
        ["it was due in none of the simulated weeks"], []]


@pytest.mark.parametrize("name", ALL)
def test_two_runs_with_the_same_action_are_equal(name: str) -> None:
    one, other = (live(acting(shipped(name)), WEEKS) for _ in range(2))
    assert not differing_columns(one, other)
    assert first(one).ledger == first(other).ledger


def test_threads_change_nothing() -> None:
    chosen = [shipped(name) for name in ("youth_scheme", "community_centre", "hostile_rumour", "mixed_workplaces",
                                         "schools_linking", "esol_partnership")]
    one, more = live(acting(*chosen), WEEKS), live(acting(*chosen, threads=3), WEEKS)
    assert not differing_columns(one, more)


def test_another_action_changes_no_draw_of_an_action() -> None:
    """In its first week an action finds the same people, whether or not another one is on and whatever the order."""
    alone, joined = acting(shipped("youth_scheme")), acting(shipped("poles_are_polls"), shipped("youth_scheme"))
    for world in (alone, joined):
        world.step()
    assert np.array_equal(first(alone).participants, first(joined, 1).participants)


def test_two_of_a_kind_are_two() -> None:
    one = shipped("community_centre")
    world = live(acting(one, ("north", one[1])), 4)
    south, north = first(world), first(world, 1)
    assert south.participants.size and north.participants.size
    assert not np.array_equal(south.participants, north.participants), "two names draw differently"
    alone, both = live(acting(one), 1), live(acting(one, ("north", one[1])), 1)
    assert np.array_equal(first(alone).participants, first(both).participants)


fields = st.fixed_dictionaries({
    "capacity": st.integers(0, 60), "team": st.integers(2, 12), "reach": st.floats(0, 1), "intercept": st.floats(-3, 3),
    "quota": st.sampled_from(["none", "area", "even", "guests"]), "recruitment": st.sampled_from(
        ["voluntary", "referred", "whole_class", "drop_in"]), "mix": st.sampled_from(["mixed", "own"]),
    "wait": st.integers(0, 6), "no_show": st.floats(0, 1), "intakes": st.sampled_from([1, 2, None]),
    "interval": st.integers(1, 6), "returns": st.booleans(), "attendance": st.floats(0, 1), "start": st.integers(0, 3),
    "cut": st.sampled_from([None, 4]), "ages": st.sampled_from([None, [5, 17], [18, 60]])})


@settings(max_examples=40, deadline=None)
@given(fields, st.integers(1, 4), st.integers(1, 3), st.sampled_from(["team", "pairs", "all"]))
def test_any_programme_keeps_its_capacity_calendar_and_books(values: dict[str, Any], weeks: int, every: int,
                                                             scale: str) -> None:
    if 0 < values["capacity"] < values["team"]:
        values["capacity"] = values["team"]
    price = {"fixed": 100.0, "session": 10.0, "participant": 1.0}
    world = acting(("it", {"mechanism": "convene", "cost": price, "helpers": {"number": 1},
                           "phases": [{"weeks": weeks, "every": every, "scale": scale}], **values}))
    live(world, 8)
    action = first(world)
    begins = [values["start"] + k * values["interval"] for k in range(values["intakes"] or 8)]
    held = {begin + week for begin in begins for week in range(0, weeks, every)}
    for line in action.ledger:
        assert line["week"] >= values["start"] and (values["cut"] is None or line["week"] < values["cut"])
        assert line["enrolled"] <= values["capacity"] and line["enrolled"] <= line["interested"] + line["waiting"] + 60
        if line["sessions"]:
            assert line["week"] in held
        open_intakes = sum(begin <= line["week"] < begin + weeks for begin in begins)
        assert line["attended"] <= values["capacity"] * open_intakes
        assert line["waiting"] == 0 or values["wait"]
    assert action.attended.sum() == sum(line["attended"] for line in action.ledger)
    assert set(action.participants) <= set(action.interested)
    assert not set(action.participants) & set(action.staff) or values["returns"] or values["intakes"] != 1
    bill = action.costs()
    assert bill["sessions"] == 10.0 * sum(line["sessions"] for line in action.ledger)
    assert bill["participants"] == action.participants.size
    assert bill["total"] == bill["fixed"] + bill["sessions"] + bill["participants"]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 400), st.integers(1, 6), st.integers(2, 12), st.floats(0, 1), st.floats(0, 1), st.integers(1, 3))
def test_any_house_holds_whom_it_can(regulars: int, rooms: int, room: int, attendance: float, bonding: float,
                                     every: int) -> None:
    world = acting(("house", {"mechanism": "host", "regulars": regulars, "rooms": rooms, "room": room, "every": every,
                              "attendance": attendance, "bonding": bonding, "attitude_coef": 1.0}))
    live(world, 5)
    action = first(world)
    assert action.interested.size <= regulars
    for line in action.ledger:
        assert line["week"] % every == 0
        assert line["attended"] <= rooms * room and line["attended"] + line["waiting"] <= regulars
    assert set(action.participants) <= set(action.interested)


def test_a_plan_counts_what_its_parts_count() -> None:
    world = live(acting(shipped("welcome_project")), 8)
    plan = first(world)
    assert isinstance(plan, Plan)
    for name in ("attended", "sessions", "enrolled"):
        assert sum(line[name] for line in plan.ledger) == sum(line[name] for part in plan.parts for line in part.ledger)
    assert plan.costs()["total"] == sum(part.costs()["total"] for part in plan.parts)
    assert plan.attended.sum() == sum(line["attended"] for line in plan.ledger)


def test_tables() -> None:
    world = live(acting(shipped("youth_scheme"), shipped("library_chat")), 3)
    table, bill = ledgers(world.actions), costs(world.actions)
    assert set(table["action"]) == {"youth_scheme", "library_chat"} and len(table) == 6
    assert bill.set_index("action").loc["library_chat", "sessions"] == 120.0


def test_sessions_take_the_place_of_other_meetings() -> None:
    """Those away on a residential meet each other and nobody else."""
    world = acting(shipped("youth_scheme", attendance=1.0, no_show=0.0, helpers={"number": 0}))
    world.step()
    young = first(world).participants
    assert young.size
    assert (world.people.age[young] >= 15).all()
    outsiders = acting(shipped("youth_scheme", attendance=1.0, no_show=0.0, helpers={"number": 0},
                               phases=[{"encounters_per_session": 1, "displaces": "the_week"}]))
    outsiders.step()
    rows, week = first(outsiders).participants, outsiders.week
    assert (week.own_meetings[rows] + week.counts[rows].sum(axis=(1, 2)) <= 1).all()


def _people(world: World, name: str) -> float:
    return float(world.people.column(name).mean())


def test_actions_do_move_the_world() -> None:
    """The tests above would pass if actions did nothing."""
    treated, control = live(acting(shipped("youth_scheme", share=1.0, reach=1.0)), WEEKS), live(acting(), WEEKS)
    rows = first(treated).participants
    assert rows.size > 10
    assert treated.people.attitude[rows].mean() > control.people.attitude[rows].mean() + 0.02
    assert _people(treated, "engagement") > _people(control, "engagement")
