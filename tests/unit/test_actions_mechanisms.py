"""The effects of each mechanism: recruitment, teams, messages, circumstances, equipment and plans."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactsim.actions import recruitment
from contactsim.actions.convene import Convene, _grouped
from contactsim.actions.host import nearest_free
from contactsim.actions.placement import _pairs
from contactsim.actions.plan import Plan
from contactsim.config.action_catalogue import load
from contactsim.errors import UserError
from contactsim.residents import BELIEVES, KNOWS_BETTER, UNHEARD, attitude_to_others
from contactsim.world import World
from tests.acting import ALL, acting, first, live, made, sessions_of, shipped
from tests.worlds import differing_columns

EVERYBODY: dict[str, Any] = {"mechanism": "convene", "reach": 1.0, "intercept": 0.0, "capacity": 1000, "team": 8,
                             "attendance": 1.0, "varies": 0.0, "ages": [16, 90]}


def convened(world: World) -> Convene:
    action = first(world)
    assert isinstance(action, Convene)
    return action


# --- finding people

def lean(world: World, rows: Any) -> float:
    return float(attitude_to_others(world.people, world.weights, rows).mean())


def test_volunteers_are_friendlier_and_calmer_than_those_they_are_drawn_from() -> None:
    free = acting(("it", {**EVERYBODY, "attitude_coef": 3.0, "anxiety_coef": 3.0}))
    sent = acting(("it", {**EVERYBODY, "recruitment": "referred", "attitude_coef": 3.0, "anxiety_coef": 3.0}))
    mixing_group = recruitment.eligible(free, first(free).config)
    before = attitude_to_others(free.people, free.weights,
                                mixing_group).mean(), free.people.anxiety[mixing_group].mean()
    attitude, anxiety = attitude_to_others(free.people, free.weights), free.people.anxiety.copy()
    for world in (free, sent):
        world.step()
    rows, others = convened(free).interested, convened(sent).interested
    assert attitude[rows].mean() > before[0] + 0.05 and anxiety[rows].mean() < before[1] - 0.02
    assert abs(attitude[others].mean() - before[0]) < 0.03


def test_targeted_recruitment_wins_those_without_a_friend_elsewhere() -> None:
    world = live(acting(), 30)
    alone = world.people.friend_groups & ~(np.uint16(1) << world.people.group.astype(np.uint16)) == 0
    share = []
    for isolated in (0.0, 3.0):
        world.actions = list(made(world, ("it", {**EVERYBODY, "intercept": -2.0, "no_outgroup_friend_coef": isolated,
                                                 "start": 0})))
        action = convened(world)
        action.config = action.config.model_copy(update={"start": world.clock})
        action.week(world)
        share.append(alone[action.interested].mean())
    assert 1 - share[1] < 0.5 * (1 - share[0])


def test_whom_it_is_for() -> None:
    world = acting(("it", {**EVERYBODY, "ages": [15, 17], "sex": "female", "groups": ["others"],
                           "areas": ["district 1"]}))
    rows = recruitment.eligible(world, first(world).config)
    people, level = world.people, world.place.levels[2]
    area = level.area_of_output_area[world.people.output_area]
    wanted = people.active & (people.age >= 15) & (people.age < 18) & (people.group == 1) & (people.sex == 0)
    assert rows.size and np.array_equal(rows, np.flatnonzero(wanted & (area == level.codes.index("district 1"))))


@pytest.mark.parametrize(("choose", "expected"), [("most_mixed", {"district 1"}), ("most_segregated", {"district 0"})])
def test_areas_are_chosen_by_how_mixed_they_are(choose: str, expected: set[str]) -> None:
    """The first district is nearly all A, the middle one is half and half."""
    world = acting(("it", {**EVERYBODY, "choose": choose, "number": 1, "scale": "district"}))
    output_areas = recruitment.output_areas_of(world, first(world).config)
    assert output_areas is not None
    level = world.place.levels[2]
    assert {level.codes[a] for a in level.area_of_output_area[output_areas]} == expected


def test_newcomers_learners_and_those_without_work() -> None:
    world = acting(("it", {**EVERYBODY, "newcomers": 5.0, "language_below": 0.5, "unemployed": True}))
    rows = recruitment.eligible(world, first(world).config)
    people = world.people
    assert rows.size and (people.arrived[rows] <= 5).all() and (people.language[rows] < 0.5).all()
    assert (world.settings["work"].seat[rows] < 0).all()


def test_a_quota_gives_places_to_each_group() -> None:
    shares = {}
    for quota in ("area", "even", "guests"):
        world = live(acting(("it", {**EVERYBODY, "capacity": 20, "quota": quota, "guests": 0.25,
                                    "areas": ["district 0"]})), 1)
        shares[quota] = (world.people.group[convened(world).participants] == 0).mean()
    assert shares["area"] > 0.7 and shares["even"] == 0.5 and shares["guests"] == 0.25


def test_the_list_is_served_first_and_forgets() -> None:
    world = acting(("it", {**EVERYBODY, "capacity": 10, "intakes": None, "interval": 2, "wait": 3,
                           "phases": [{"weeks": 1}]}))
    world.step()
    action = convened(world)
    first, waiting = set(action.participants), set(action._waiting)
    assert len(first) == 10 and waiting
    live(world, 2)
    second = set(action.participants) - first
    assert len(second) == 10 and second <= waiting
    assert all(world.clock - week <= 4 for _, week in action._waiting.values())


def test_growing_classes() -> None:
    world = acting(("it", {**EVERYBODY, "capacity": 8, "grows_to": 40, "grows_over": 4, "intakes": None, "interval": 1,
                           "returns": True, "phases": [{"weeks": 1}]}))
    live(world, 6)
    assert [line["enrolled"] for line in first(world).ledger] == [8, 16, 24, 32, 40, 40]


def test_whole_classes_take_everybody_and_link_unlike_ones() -> None:
    world = acting(shipped("schools_linking", ages=[5, 17], attendance=1.0))
    school = world.settings["school"]
    mixing_group = np.searchsorted(school.partitions["mixing_group"].start, school.seat, side="right") - 1
    friendly = attitude_to_others(world.people, world.weights, np.arange(len(world.people)))
    world.step()
    action = convened(world)
    (intake,) = action.intakes
    for one in np.unique(mixing_group[intake.rows]):
        members = np.flatnonzero((school.seat >= 0) & (mixing_group == one) & world.people.active)
        able = members[world.people.age[members] < 18]
        assert set(able) <= set(intake.rows), "nobody of a class stays behind"
    assert abs(friendly[intake.rows].mean() - friendly[(world.people.age >= 5) & (world.people.age < 18)].mean()) < 0.05
    for team in range(intake.teams):
        assert len(set(mixing_group[intake.rows[intake.team == team]])) == 2, "a team has pupils of both classes"


def test_at_most_one_class_is_left_without_a_partner() -> None:
    year = np.array([7.0, 7, 7, 8, 9, 9, 9, 10])
    share = np.array([0.1, 0.5, 0.9, 0.3, 0.2, 0.4, 0.8, 0.6])
    pairs = _pairs(np.arange(8), year, share, 9)
    assert pairs[0] == pairs[2] and pairs[4] == pairs[6], "unlike ones of a year"
    assert sorted(np.bincount(pairs[:8])) == [2, 2, 2, 2] and pairs[8] == -1
    assert (_pairs(np.arange(3), year[:3], share, 3) == [0, -1, 0]).all()


def test_parents_come_to_the_parents_event() -> None:
    values = {**EVERYBODY, "ages": [5, 11], "recruitment": "whole_class", "phases": [{"weeks": 1, "whom": "parents"}]}
    world = live(acting(("it", values)), 1)
    rows = first(world).participants
    assert rows.size and (world.people.age[rows] >= 18).all() and len(set(rows)) == rows.size


# --- who sits with whom

def test_teams_are_mixed_or_of_one_community() -> None:
    groups = {}
    for mix in ("mixed", "own"):
        world = live(acting(("it", {**EVERYBODY, "quota": "even", "capacity": 80, "mix": mix})), 1)
        intake = convened(world).intakes[0]
        shares = [world.people.group[intake.rows[intake.team == t]].mean() for t in range(intake.teams)]
        groups[mix] = np.array(shares)
        assert np.bincount(intake.team).max() <= 8
    assert (np.abs(groups["mixed"] - 0.5) < 0.2).all() and np.isin(groups["own"], [0.0, 1.0]).mean() > 0.8


def test_pairs_of_teams_change_from_turn_to_turn() -> None:
    teams = np.arange(12, dtype=np.int32).reshape(4, 3)
    pairs = [{frozenset(np.unique(row // 3)) for row in _grouped(teams, "pairs", turn)} for turn in range(3)]
    assert len(set().union(*pairs)) == 6, "in three turns each of four teams has met each other one"
    assert _grouped(teams[:3], "pairs", 0).shape == (2, 6), "of three teams one is left over"
    assert _grouped(teams, "all", 0).shape == (1, 12)


def test_who_is_away_leaves_a_gap() -> None:
    world = acting(("it", {**EVERYBODY, "capacity": 40, "attendance": 0.5, "phases": [{"weeks": 3}]}))
    seen = sessions_of(world, 3)
    seats = [{int(row): seat for seat, row in enumerate(one.occupant) if row >= 0} for one in seen]
    for one in seats[1:]:
        assert all(seats[0][row] == seat for row, seat in one.items() if row in seats[0])


def test_trainees_take_turns_and_warm() -> None:
    world = live(acting(shipped("esol_partnership", message="off")), 9)
    plan = first(world)
    assert isinstance(plan, Plan)
    classes = plan.parts[0]
    assert classes.staff.size >= 2, "after six lessons another one teaches"
    assert not set(classes.staff) & set(classes.participants)
    without = live(acting(), 9)
    assert (world.people.attitude[classes.staff] != without.people.attitude[classes.staff]).any()


# --- a house

def test_some_weeks_more_come_than_in_others() -> None:
    """Welcome: 15 to 30 each Friday."""
    world = live(acting(shipped("welcome_project")), 40)
    plan = first(world)
    assert isinstance(plan, Plan)
    came = [line["attended"] for line in plan.parts[0].ledger]
    assert 10 <= np.mean(came) <= 30 and max(came) <= 30 and np.std(came) > 2
    assert 4 <= np.mean([line["staff"] for line in plan.parts[0].ledger]) <= 6


def test_a_cut_closes_rooms_and_changes_nothing_before() -> None:
    whole, cut = acting(shipped("community_centre")), acting(("community_centre", shipped(
        "community_centre_cut", cut=4)[1]))
    for week in range(8):
        whole.step()
        cut.step()
        same = first(whole).ledger[-1]["attended"] == first(cut).ledger[-1]["attended"]
        assert same if week < 4 else first(cut).ledger[-1]["attended"] <= 20
    closed = live(acting(shipped("community_centre", cut=4)), 8)
    assert max(line["week"] for line in first(closed).ledger) == 3


@given(st.lists(st.floats(0, 1, exclude_max=True), max_size=30), st.integers(0, 20))
def test_seats_are_the_usual_ones_or_the_next(usual: list[float], more: int) -> None:
    seats = len(usual) + more
    found = nearest_free(np.array(usual), max(seats, 1))
    assert len(set(found)) == len(usual) and all(0 <= seat < max(seats, 1) for seat in found)
    if len(usual) == 1:
        assert found[0] == int(usual[0] * seats)


def test_bonding_rooms_are_for_one_group_at_a_time() -> None:
    world = acting(shipped("community_centre", bonding=1.0, helpers={"number": 0}))
    for session in sessions_of(world, 3):
        for seats in session.occupant.reshape(-1, 10):
            assert len(set(world.people.group[seats[seats >= 0]])) <= 1


def test_families_of_a_nursery() -> None:
    world = live(acting(shipped("nursery_families")), 4)
    rows = first(world).participants
    assert rows.size and (world.people.age[rows] >= 18).all()


# --- speaking

def test_messages_stay_within_their_bound_and_fade() -> None:
    loud = {"mechanism": "speak", "every": 1, "reach": 1.0, "threat": 0.12, "anxiety": 0.12, "norm": 0.12, "end": 6}
    world, without = live(acting(("it", loud)), 6), live(acting(), 6)
    others = without.people.active & (without.people.group == 0) & (without.people.age >= 16)
    fell = {}
    for name in ("threat", "anxiety"):
        spread = without.people.column(name)[without.people.active & (without.people.age >= 16)].std()
        fell[name] = (without.people.column(name) - world.people.column(name))[others] / spread
        assert 0.02 < fell[name].mean() < 0.13
    said = world.areas.message_effect[:, 0, 1].copy()
    assert (said > 0).all() and (said <= 0.12 * world.people.attitude[others, 0].std() * 1.1).all()
    assert (world.areas.message_effect[:, 1] == 0).all(), "those whom it is about hear nothing new of themselves"
    live(world, 40)
    live(without, 40)
    gap = (without.people.threat - world.people.threat)[others].mean()
    assert gap < 0.6 * fell["threat"].mean()
    assert np.allclose(world.areas.message_effect[:, 0, 1],
                       said * 0.95**40), "the effect of a message fades after the action has ended"


def test_recognition_and_a_call() -> None:
    call = {"mechanism": "speak", "every": 50, "recognition": 0.5, "responds": 0.3, "joins": 0.01, "capacity": 40,
            "civic": 0.5}
    world, without = acting(("it", call)), acting()
    first(world).week(world)
    theirs = world.people.active & (world.people.group == 1) & (world.people.age >= 5)
    assert np.allclose(world.people.stigma[theirs], 0.5 * without.people.stigma[theirs])
    assert (world.people.stigma[~theirs] == without.people.stigma[~theirs]).all()
    assert first(world).interested.size == 40
    moved = world.people.civic != without.people.civic
    assert np.array_equal(np.flatnonzero(moved), first(world).interested)


def test_a_rumour_spreads_and_is_corrected_by_those_who_know_better() -> None:
    """After the correction in person has ended, residents go on putting each other right."""
    rumour = shipped("hostile_rumour", rumour={"begins": 0.1, "tells": 0.05, "corrects": 0.05, "forgets": 0.0})
    heard = {"mechanism": "speak", "every": 1, "end": 5, "start": 4, "reach": 0.05, "corrects": 1.0}
    left, corrected = acting(rumour), acting(rumour, ("in_person", heard))
    counts: dict[str, list[Any]] = {"left": [], "corrected": []}
    for _ in range(12):
        for name, world in (("left", left), ("corrected", corrected)):
            world.step()
            counts[name].append(np.bincount(world.people.rumour, minlength=3))
    assert counts["left"][-1][BELIEVES] > counts["left"][0][BELIEVES] > 0 and counts["left"][-1][KNOWS_BETTER] == 0
    after = [count[KNOWS_BETTER] for count in counts["corrected"][5:]]
    assert after[-1] > after[0] + 20, "it goes on by itself"
    assert counts["corrected"][-1][BELIEVES] < counts["left"][-1][BELIEVES]
    theirs = left.people.group == 1
    assert (left.people.rumour[theirs] == UNHEARD).all(), "those whom it is about do not believe it"
    assert left.people.threat[~theirs].mean() > corrected.people.threat[~theirs].mean()


# --- levelling

def test_jobs_are_seats_at_work_and_stay() -> None:
    world = acting(shipped("moving_on_up", reach=1.0, ages=[18, 60], sex=None, capacity=5))
    work = world.settings["work"]
    before = int((work.seat >= 0).sum())
    world.step()
    action = first(world)
    found = action.participants
    assert found.size == 5 and int((work.seat >= 0).sum()) == before + found.size
    assert np.array_equal(work.occupant[work.seat[found]], found)
    work.leave(found[:3])
    world.step()
    assert (work.seat[found[:3]] >= 0).all()


@pytest.mark.parametrize(("name", "setting"), [("school_intake", "school"), ("mixed_workplaces", "work")])
def test_seats_are_given_out_anew_and_none_is_lost(name: str, setting: str) -> None:
    world = acting(shipped(name, reach=1.0))
    at = world.settings[setting]
    before, ages = np.flatnonzero(at.seat >= 0), world.people.age.copy()
    seats = at.seat.copy()
    first(world).week(world)
    assert np.array_equal(np.flatnonzero(at.seat >= 0), before)
    assert np.array_equal(np.sort(at.seat[before]), np.sort(seats[before]))
    assert np.array_equal(at.occupant[at.seat[before]], before)
    moved = before[at.seat[before] != seats[before]]
    assert moved.size > 0.3 * before.size
    if setting == "school":
        old = np.full(at.occupant.size, np.nan)
        old[seats[before]] = np.floor(ages[before])
        assert (old[at.seat[before]] == np.floor(ages[before])).all(), "pupils change places with those of their age"


@pytest.mark.parametrize(("name", "setting"), [("school_intake", "school"), ("mixed_workplaces", "work"),
                                               ("moving_on_up", "work"), ("housing_choice", "street")])
def test_who_gets_another_seat_is_new_to_its_small_group_and_nobody_else(name: str, setting: str) -> None:
    world = live(acting(shipped(name, reach=1.0, start=3)), 3)
    at = world.settings[setting]
    seat, since = at.seat, at.since.copy()
    first(world).week(world)
    moved = np.flatnonzero((at.seat != seat) & (at.seat >= 0))
    stayed = np.flatnonzero((at.seat == seat) & (seat >= 0))
    assert moved.size and (at.since[at.seat[moved]] >= world.clock).all()
    assert np.array_equal(at.since[seat[stayed]], since[seat[stayed]]) and (since[seat[stayed]] < 0).any()


def test_intakes_that_mirror_the_area_mix_the_classes() -> None:
    values: dict[str, Any] = {"mechanism": "level", "reassigns": "work", "within": "place"}
    world = acting(("it", values))
    work = world.settings["work"]

    def spread() -> float:
        start = work.partitions["mixing_group"].start
        mixing_group = np.searchsorted(start, np.flatnonzero(work.occupant >= 0), side="right") - 1
        group = world.people.group[work.occupant[work.occupant >= 0]]
        return float(np.std(np.bincount(mixing_group, weights=group) / np.bincount(mixing_group)))

    before = spread()
    first(world).week(world)
    assert spread() < before


def test_households_that_move_find_their_group_rarer_and_are_not_forced() -> None:
    world = acting(shipped("housing_choice", reach=0.5))
    people = world.people
    before = people.dwelling.copy()
    world.step()
    action = first(world)
    moved = np.flatnonzero(before != people.dwelling)
    heads = action.participants
    assert heads.size and set(people.household[heads]) <= set(moved)
    assert len(np.unique(people.dwelling)) == people.dwelling.size
    area = np.searchsorted(world.settings["street"].partitions["neighbourhood"].start,
                           people.household_start[before], side="right") - 1
    now = np.searchsorted(world.settings["street"].partitions["neighbourhood"].start,
                          people.household_start[people.dwelling], side="right") - 1
    for head in heads:
        h, g = people.household[head], people.group[head]
        assert world.areas.share[now[h], g] < world.areas.share[area[h], g]


def test_services_cushion_change_and_nothing_else() -> None:
    world, without = acting(shipped("growth_resources")), acting()
    for one in (world, without):
        one.areas.past[:, 0] += 0.1  # the first group was larger a year ago
        live(one, 10)
    assert world.people.threat.mean() < without.people.threat.mean()
    assert np.array_equal(world.people.language, without.people.language)


def test_status_catches_up_and_negative_exposure_falls_once() -> None:
    world = acting(("it", {"mechanism": "level", "groups": ["others"], "close_status_gap": 0.5,
                           "reduce_negative_exposure": 0.4}))
    before = {name: world.people.column(name).copy() for name in ("status", "negative_exposure")}
    theirs = np.flatnonzero(world.people.active & (world.people.group == 1) & (world.people.age >= 5))
    mean = before["status"][world.people.active & (world.people.group == 0)].mean()
    for _ in range(2):
        first(world).week(world)
        world.clock += 1
    low = theirs[before["status"][theirs] < mean]
    assert np.allclose(world.people.status[low], mean - 0.25 * (mean - before["status"][low]))
    assert np.allclose(world.people.negative_exposure[theirs], before["negative_exposure"][theirs] - 0.4)


# --- equipping and planning

def test_champions_raise_reach_quality_and_life() -> None:
    values = {**EVERYBODY, "reach": 0.2, "end": 4, "intakes": None, "interval": 2, "phases": [{"weeks": 2}]}
    help_it = {"mechanism": "equip", "reach": 2.0, "quality": 0.2, "life": 3}
    world = live(acting(("champions", help_it), ("it", values)), 10)
    it = world.actions[1]
    assert isinstance(it, Convene)
    alone = live(acting(("it", values)), 10)
    assert it.reach == 2.0 and it.life == 3
    assert it.conditions().cooperation == pytest.approx(it.config.conditions.cooperation + 0.2)
    assert it.ledger[0]["interested"] > 1.5 * first(alone).ledger[0]["interested"]
    assert max(line["week"] for line in it.ledger) == 6


MESSAGE = {"mechanism": "speak", "norm": 0.1, "reach": 0.4, "fades": 0.0}


def _norms_raised(*others: tuple[str, dict[str, Any]], **changes: Any) -> np.ndarray:
    """What the message has added to norms after its first week."""
    world = acting(*others, ("message", {**MESSAGE, **changes}))
    world.actions, actions = [], world.actions
    for action in actions:
        action.week(world)
    return world.areas.message_effect.copy()


def test_champions_raise_what_a_message_does_to_norms() -> None:
    alone, helped, over = _norms_raised(), *(
        _norms_raised(("champions", {"mechanism": "equip", "reach": factor})) for factor in (2.0, 10.0))
    assert alone.max() > 0 and np.allclose(helped, 2 * alone)
    assert np.array_equal(over, _norms_raised(reach=1.0)), "nobody is reached twice"


@pytest.mark.parametrize("name", ALL)
def test_help_that_adds_nothing_changes_no_bit(name: str) -> None:
    champions = ("champions", {"mechanism": "equip"})
    helped, alone = live(acting(champions, shipped(name)), 5), live(acting(shipped(name)), 5)
    assert not differing_columns(helped, alone)


def test_a_target_that_is_no_action_of_the_run() -> None:
    with pytest.raises(UserError, match="targets=nobody is no action of this run"):
        acting(("champions", {"mechanism": "equip", "targets": ["nobody"]}), shipped("library_chat"))


def test_a_plan_spends_no_more_than_it_has_and_says_so() -> None:
    world = live(acting(shipped("welcome_project", budget=500.0)), 12)
    plan = first(world)
    assert isinstance(plan, Plan)
    assert plan.notes == ["week 5: the budget of £500 is spent"]
    assert plan.costs()["total"] == 5 * 121


def test_a_plan_says_where_and_when() -> None:
    world = acting(shipped("integration_plan", start=2))
    plan = first(world)
    assert isinstance(plan, Plan)
    by_name = {part.name.split(".")[1]: part.config for part in plan.parts}
    assert all(config.start >= 2 for config in by_name.values())
    assert (by_name["schools"].choose, by_name["schools"].number) == ("most_segregated", 2)
    assert by_name["arrivals"].choose == "all"


@pytest.mark.parametrize("name", ["arts_festival", "anti_racism_workshops", "british_poles", "tension_mediation"])
def test_a_message_can_be_switched_off(name: str) -> None:
    on, off = acting(shipped(name)).actions[0], acting(shipped(name, message="off")).actions[0]
    assert isinstance(on, Plan) and isinstance(off, Plan)
    assert "speak" in {part.config.mechanism for part in on.parts}
    assert "speak" not in {part.config.mechanism for part in off.parts}


def test_a_plan_without_its_message_silences_the_plans_in_it() -> None:
    nested = {"mechanism": "plan", "message": "off", "parts": {"arts": {**load("arts_festival").model_dump()}}}
    (plan,) = acting(("both", nested)).actions
    assert isinstance(plan, Plan)
    assert "speak" not in {one.config.mechanism for one in plan.members()}
    assert "host" in {one.config.mechanism for one in plan.members()}


def test_a_team_larger_than_all_whom_it_is_for_is_one_team_that_says_so() -> None:
    world = acting(("it", {**EVERYBODY, "ages": [15, 17], "team": 900, "phases": [{"weeks": 1}]}))
    action = convened(world)
    eligible = recruitment.eligible(world, action.config).size
    world.step()
    assert action.notes == [f"week 0: team=900 is larger than the {eligible} people it could be drawn from"]
    assert 0 < action.participants.size < 900 and action.ledger[0]["sessions"] == 1
