"""The simulated survey: its sample, true values and answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from contactsim.observers.survey import ALL_OTHERS, CUT_POINTS, UNITS, frequency, survey
from contactsim.parameters import Survey
from contactsim.world import World
from tests.worlds import columns_of, four_groups, make_world, same_bits, two_groups

EVERYBODY = Survey(size=1_000_000)


@pytest.fixture(scope="module")
def world() -> World:
    """Four groups after twelve weeks."""
    world = make_world(four_groups())
    for _ in range(12):
        world.step()
    return world


def of_all(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["target"] == ALL_OTHERS]


def test_a_survey_changes_nothing(world: World) -> None:
    before = columns_of(world)
    first, second = survey(world, Survey(size=50)), survey(world, Survey(size=50))
    pd.testing.assert_frame_equal(first, second)
    after = columns_of(world)
    assert all(same_bits(before[name], after[name]).all() for name in before)


def test_everybody_over_sixteen_is_asked_and_true_values_are_true(world: World) -> None:
    table = survey(world, EVERYBODY)
    people = world.people
    rows = np.flatnonzero(people.active & (people.age >= 16))
    respondents = of_all(table).set_index("resident")
    assert sorted(respondents.index) == sorted(people.uid[rows])
    for row in rows[::7]:
        answer, own = respondents.loc[people.uid[row]], people.group[row]
        others = [h for h in range(4) if h != own]
        size = world.place.counts.sum(axis=0)[others]
        assert answer["attitude_true"] == pytest.approx(np.average(people.attitude[row, others], weights=size))
        assert answer["positive_true"] == pytest.approx(people.recent_positive[row, others].sum())
        friends = [t for t in people.ties[row] if t >= 0 and people.group[t] != own]
        assert answer["friends"] == min(len(friends), 2)
        assert answer["group"] == world.place.groups[own] and answer["weight"] == 1.0
        assert answer["anxiety_true"] == people.anxiety[row]
        output_area = people.output_area_of_dwelling[people.dwelling[people.household[row]]]
        for level in world.place.levels:
            assert answer[f"area_{level.name}"] == level.codes[level.area_of_output_area[output_area]]
    assert len(table) == 4 * len(respondents)  # three other groups and all of them together
    assert (table["group"].astype(str) != table["target"].astype(str)).all()
    assert {name for name in table if not name.startswith("area_")} == set(UNITS)


def test_with_two_groups_all_others_are_the_other_group() -> None:
    table = survey(make_world(two_groups()), Survey(size=80))
    one, other = of_all(table).reset_index(drop=True), table[table["target"] != ALL_OTHERS].reset_index(drop=True)
    pd.testing.assert_frame_equal(one.drop(columns="target"), other.drop(columns="target"))


@pytest.mark.parametrize("reliability", [0.5, 0.8, 1.0])
def test_readings_have_the_stated_reliability(reliability: float) -> None:
    world = make_world(two_groups(output_areas=24, people=200), seed=5)
    table = of_all(survey(world, Survey(size=1_000_000, reliability=reliability)))
    for scale in ("attitude", "anxiety"):
        true, read = table[f"{scale}_true"], table[scale]
        inner = true.between(-0.4, 0.4) if scale == "attitude" else true.between(0.25, 0.45)  # not cut at the ends
        noise = (read - true)[inner].std()
        expected = true.std() * np.sqrt((1 - reliability) / reliability)
        assert noise == pytest.approx(expected, rel=0.1, abs=1e-12)
    assert table["attitude"].between(-1, 1).all() and table["anxiety"].between(0, 1).all()


def test_a_larger_sample_holds_the_smaller_and_both_waves_ask_the_same(world: World) -> None:
    small, large = (set(survey(world, Survey(size=n))["resident"]) for n in (40, 120))
    assert len(small) == 40 and len(large) == 120 and small < large
    later = make_world(four_groups())
    first = set(survey(later, Survey(size=40))["resident"])
    for _ in range(3):
        later.step()
    assert len(first & set(survey(later, Survey(size=40))["resident"])) >= 39  # one may just have turned 16


def test_nonresponse_and_weights(world: World) -> None:
    table = of_all(survey(world, Survey(size=1_000_000, nonresponse=0.5)))
    people = world.people
    adults = people.active & (people.age >= 16)
    assert 0.4 < len(table) / adults.sum() < 0.6
    for g, group in enumerate(world.place.groups):
        assert table.loc[table["group"] == group, "weight"].sum() == pytest.approx((adults & (people.group == g)).sum())


def test_nobody_asked(world: World) -> None:
    assert survey(world, Survey(size=0)).empty


def test_the_scale_of_frequency() -> None:
    assert frequency(np.array([0.0, 0.01, *CUT_POINTS, 50.0])).tolist() == [1, 1, 2, 3, 4, 5, 5]
