"""Residents: exactly those whom the place counts, in households, with traits that are their own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contactsim.parameters import Psychology
from contactsim.parameters import Residents as ResidentParameters
from contactsim.residents import (
    ARRIVAL_LANGUAGE,
    TIE_PLACES,
    Residents,
    by_age,
    populate,
    position_of,
    resting_belonging,
    settle,
)
from contactsim.settings.seating import ordered
from tests.worlds import four_groups, make_place, two_groups

PLAIN = ResidentParameters()


def people_in(counts: object, parameters: ResidentParameters = PLAIN, seed: int = 3) -> Residents:
    return populate(ordered(make_place(counts)), parameters, Psychology(), seed)


def counted(people: Residents, output_areas: int) -> np.ndarray:
    """(output areas, groups) people who live there."""
    out = np.zeros((output_areas, people.groups), int)
    rows = np.flatnonzero(people.active)
    output_area = people.output_area_of_dwelling[people.dwelling[people.household[rows]]]
    np.add.at(out, (output_area, people.group[rows]), 1)
    return out


@settings(max_examples=40)
@given(st.lists(st.lists(st.integers(0, 40), min_size=3, max_size=3), min_size=1, max_size=8),
       st.floats(0, 0.5), st.integers(0, 2**64))
def test_groups_and_output_areas_are_exactly_those_of_the_place(
    counts: list[list[int]], vacancy: float, seed: int
) -> None:
    people = people_in(counts, ResidentParameters(vacancy=vacancy), seed)
    np.testing.assert_array_equal(counted(people, len(counts)), counts)
    empty = np.bincount(people.output_area_of_dwelling[people.dwelling[people.household[~people.active]]],
                        minlength=len(counts))
    np.testing.assert_array_equal(empty, np.rint(np.sum(counts, axis=1) * (vacancy / (1 - vacancy))))


def test_the_layout_is_by_output_area_and_household() -> None:
    people = people_in(four_groups(12).counts)
    start = people.household_start
    assert (np.diff(start) >= 1).all() and (np.diff(start) <= 6).all()
    assert start[0] == 0 and start[-1] == len(people)
    assert (np.diff(people.output_area_of_dwelling) >= 0).all()
    np.testing.assert_array_equal(people.household, np.repeat(np.arange(start.size - 1), np.diff(start)))
    first = start[:-1][people.household]
    for name in ("group", "active"):
        np.testing.assert_array_equal(people.column(name), people.column(name)[first])
    assert (people.age[start[:-1]] >= 18)[people.active[start[:-1]]].all(), "a household begins with an adult"


def test_groups_of_a_output_area_are_not_sorted_within_it() -> None:
    """Near neighbours are as mixed as the output area: few runs would mean that groups live in stretches."""
    people = people_in(make_place([[300, 300]]).counts)
    heads = people.group[people.household_start[:-1]][people.active[people.household_start[:-1]]]
    changes = (np.diff(heads.astype(int)) != 0).mean()
    assert 0.4 < changes < 0.6


def test_states_start_at_rest_in_range() -> None:
    people = people_in(four_groups().counts)
    rows = np.flatnonzero(people.active)
    assert people.attitude.shape == (len(people), people.groups - 1), "the own group is left out"
    rest = np.clip(people.baseline_attitude[rows] + people.wandering[rows], -1, 1)
    np.testing.assert_array_equal(people.attitude[rows], np.repeat(rest[:, None], people.groups - 1, axis=1))
    for name, low, high in (("baseline_attitude", -0.95, 0.95), ("status", 0, 1), ("anxiety", 0, 1), ("threat", 0, 1),
                            ("belonging", 0, 1), ("language", 0, 1), ("age", 0, 95)):
        column = people.column(name)[rows]
        assert np.float32(low) <= column.min() and column.max() <= high, name
    assert (people.sociability[rows] > 0).all()
    assert people.ties.shape == (len(people), TIE_PLACES) and (people.ties == -1).all()
    for name in ("positive", "recent_negative", "feeling", "public_contact", "public_balance", "friends",
                 "cross_friends", "friend_groups", "extended_contact"):
        assert (people.column(name) == 0).all(), name


def test_real_numbers_have_single_precision() -> None:
    people = people_in(two_groups(2, 20).counts)
    kinds = {name: people.column(name).dtype for name in people.column_names}
    assert [name for name, dtype in kinds.items() if dtype.kind == "f" and dtype != np.float32] == []


def test_columns_by_group_leave_the_own_group_out() -> None:
    """The values for group h are at position h, or h - 1 if the own group comes before; 0 for the own group."""
    people = people_in(four_groups().counts)
    people.attitude[:] = np.arange(people.groups - 1) + 1
    for row in np.flatnonzero(people.active)[::17].tolist():
        own = int(people.group[row])
        others = [h for h in range(people.groups) if h != own]
        assert [int(position_of(h, own)) for h in others] == [0, 1, 2]
        assert [people.towards("attitude", h, np.array([row]))[0] for h in others] == [1, 2, 3]
        values = people.by_group("attitude", np.array([row]))[0]
        assert values[own] == 0 and values[others].tolist() == [1, 2, 3]


@pytest.mark.parametrize("age, childhood", [(2.0, 1.0), (5.0, 1.0), (10.5, 0.5), (16.0, 0.0), (70.0, 0.0)])
def test_belonging_rests_higher_in_childhood(age: float, childhood: float) -> None:
    rules = Psychology(belonging_rest=0.3, belonging_childhood=0.4)
    assert resting_belonging(np.array([age]), rules)[0] == pytest.approx(0.3 + 0.4 * childhood)
    assert resting_belonging(np.array([5.0]), Psychology(belonging_rest=0.8, belonging_childhood=0.4))[0] == 1.0


@pytest.mark.parametrize("age, expected", [
    (6.0, 1.0), (15.9, 1.0), (16.0, 1.2), (30.0, 1.2), (52.5, 0.875), (75.0, 0.55), (94.0, 0.55)])
def test_presence_falls_with_age(age: float, expected: float) -> None:
    assert by_age(np.array([age]), 1.0)[0] == pytest.approx(expected)
    assert by_age(np.array([age]), 0.0)[0] == 1.0


def test_newcomers_are_of_groups_but_the_first_and_share_a_household() -> None:
    people = people_in(two_groups(20).counts, ResidentParameters(newcomers=0.4))
    rows = np.flatnonzero(people.active)
    new = ~np.isnan(people.arrived[rows])
    assert not (people.group[rows][new] == 0).any()
    assert people.arrived[rows][new].min() >= 0 and people.arrived[rows][new].max() < 10
    np.testing.assert_array_equal(people.language[rows], np.where(new, np.float32(ARRIVAL_LANGUAGE), 1.0))
    head = people.household_start[people.household[rows]]
    np.testing.assert_array_equal(people.arrived[rows], people.arrived[head])


def test_nobody_is_new_where_no_one_comes() -> None:
    assert np.isnan(people_in(two_groups().counts, ResidentParameters(newcomers=0.0)).arrived).all()


def test_a_persons_traits_do_not_hang_on_who_else_is_settled() -> None:
    one, other = people_in(two_groups().counts), people_in(two_groups().counts)
    rows = np.flatnonzero(one.active)[::7]
    traits = ("age", "sociability", "negative_exposure", "baseline_attitude", "status", "anxiety_trait", "threat_trait",
              "wandering")
    for name in traits:
        other.column(name)[rows] = -9.0
    settle(other, rows[::-1].copy(), PLAIN, Psychology(), 3)
    for name in (*traits, "sex", "arrived", "language", "attitude", "anxiety", "threat"):
        np.testing.assert_array_equal(one.column(name), other.column(name), err_msg=name)


def test_traits_are_drawn_apart() -> None:
    people = people_in(two_groups(20, 200).counts)
    rows = np.flatnonzero(people.active & (people.group == 0) & (people.age >= 18))
    traits = np.stack([people.baseline_attitude, np.log(people.sociability), people.negative_exposure, people.status,
                       people.age, people.anxiety_trait, people.threat_trait, people.wandering])[:, rows]
    correlation = np.corrcoef(traits) - np.eye(8)
    assert np.abs(correlation).max() < 4.5 / np.sqrt(rows.size)


@pytest.mark.parametrize(
    "change", [{"baseline_attitude_spread": 0.1}, {"sociability_spread": 0.0}, {"status_gap": 0.3},
               {"anxiety_spread": 0.0}, {"wandering_spread": 0.1}]
)
def test_a_parameter_of_one_trait_leaves_the_others(change: dict[str, float]) -> None:
    one, other = people_in(two_groups().counts), people_in(two_groups().counts, ResidentParameters(**change))
    for name in ("group", "age", "sex", "negative_exposure", "household", "active"):
        np.testing.assert_array_equal(one.column(name), other.column(name))


def test_the_live_columns_are_named() -> None:
    people = people_in(two_groups(3, 20).counts)
    assert {"age", "attitude", "ties", "active", "uid"} <= set(people.column_names)
    assert not {"household_start", "dwelling", "dwelling_start"} & set(people.column_names)
    assert people.writable <= set(people.column_names)
    people.column("age")[0] = 33.0
    assert people.age[0] == 33.0
    assert people.nbytes() > 100 * len(people)
