"""The simulated survey: its sample, the answers and the true states next to them; interviews at any time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from contactsim.errors import UserError
from contactsim.instruments.catalogue import ask, shipped
from contactsim.instruments.questionnaire import UNITS, Survey
from contactsim.observers.survey import STATES, Interview, survey, units
from contactsim.world import World
from tests.worlds import columns_of, four_groups, make_world, same_bits

EVERYBODY = Survey(size=1_000_000)


@pytest.fixture(scope="module")
def world() -> World:
    """Four groups after twelve weeks."""
    world = make_world(four_groups())
    for _ in range(12):
        world.step()
    return world


def test_a_survey_changes_nothing(world: World) -> None:
    before = columns_of(world)
    with world.read_only():
        first, second = survey(world, Survey(size=50)), survey(world, Survey(size=50))
    pd.testing.assert_frame_equal(first, second)
    after = columns_of(world)
    assert all(same_bits(before[name], after[name]).all() for name in before)


def test_everybody_over_sixteen_is_asked_and_true_values_are_true(world: World) -> None:
    table = survey(world, EVERYBODY)
    people = world.people
    rows = np.flatnonzero(people.active & (people.age >= 16))
    respondents = table.set_index("resident")
    assert sorted(respondents.index) == sorted(people.uid[rows]) and not table["resident"].duplicated().any()
    for row in rows[::7]:
        answer, own = respondents.loc[people.uid[row]], people.group[row]
        others = [h for h in range(4) if h != own]
        size = world.place.counts.sum(axis=0)[others]
        now = [np.clip(people.towards("attitude", h)[row] + people.towards("feeling", h)[row], -1, 1) for h in others]
        assert answer["attitude_true"] == pytest.approx(np.average(now, weights=size), abs=1e-6)
        assert answer["positive_true"] == pytest.approx(people.recent_positive[row].sum())
        friends = [t for t in people.ties[row] if t >= 0 and people.group[t] != own]
        assert answer["cross_friends_true"] == len(friends)
        assert answer["group"] == world.place.groups[own] and answer["weight"] == 1.0
        assert answer["anxiety_true"] == people.anxiety[row]
        area = world.place.of_role("neighbourhood").area_of_output_area[people.output_area]
        near = people.group[(area == area[row]) & people.active]
        assert answer["others_true"] == pytest.approx((near != own).mean())
        for level in world.place.levels:
            assert answer[f"area_{level.name}"] == level.codes[level.area_of_output_area[people.output_area[row]]]


def test_the_answers_are_those_of_the_instruments_and_have_units(world: World) -> None:
    table = survey(world, EVERYBODY)
    rows = np.flatnonzero(np.isin(world.people.uid, table["resident"]))
    rows = rows[np.argsort(world.people.uid[rows])]
    for name, answers in ask(world, rows, shipped()).items():
        assert np.array_equal(table[name], answers.astype(np.float32), equal_nan=True), name
    columns = {name for name in table if not name.startswith("area_")}
    assert columns == set(units(shipped())) == {*UNITS, *shipped(), *(f"{name}_true" for name in STATES)}
    assert table.loc[table["group"] != world.place.groups[0], "contact_frequency"].isna().all()


def test_a_larger_sample_holds_the_smaller_and_both_waves_ask_the_same(world: World) -> None:
    small, large = (set(survey(world, Survey(size=n))["resident"]) for n in (40, 120))
    assert len(small) == 40 and len(large) == 120 and small < large
    later = make_world(four_groups())
    first = set(survey(later, Survey(size=40))["resident"])
    for _ in range(3):
        later.step()
    assert len(first & set(survey(later, Survey(size=40))["resident"])) >= 39  # one may just have turned 16


def test_nonresponse_and_weights(world: World) -> None:
    table = survey(world, Survey(size=1_000_000, nonresponse=0.5))
    people = world.people
    adults = people.active & (people.age >= 16)
    assert 0.4 < len(table) / adults.sum() < 0.6
    for g, group in enumerate(world.place.groups):
        assert table.loc[table["group"] == group, "weight"].sum() == pytest.approx((adults & (people.group == g)).sum())


def test_nobody_asked(world: World) -> None:
    assert survey(world, Survey(size=0)).empty


def test_an_interview_asks_the_same_people_in_its_weeks() -> None:
    world = make_world()
    rows = np.flatnonzero(world.people.active & (world.people.age >= 20))[:40]
    interview = Interview(["contact_valence", "threat"], rows, weeks=[0, 2, 3])
    world.observe(interview)
    for _ in range(4):
        world.step()
    table = interview.result()
    assert list(table) == ["week", "resident", "contact_frequency", "contact_valence", "threat"]
    assert table.groupby("week").size().to_dict() == {0: 40, 2: 40, 3: 40}
    assert all(list(wave["resident"]) == list(world.people.uid[rows]) for _, wave in table.groupby("week"))
    waves = [wave["threat"].to_numpy() for _, wave in table.groupby("week")]
    assert (waves[0] != waves[1]).any() and (waves[1] != waves[2]).any()
    everybody = Interview({"threat": shipped()["threat"]})
    world.observe(everybody)
    adults = world.people.active & (world.people.age >= 16)
    assert sorted(everybody.result()["resident"]) == sorted(world.people.uid[adults])


def test_an_interview_can_read_the_states_that_its_items_measure(world: World) -> None:
    """Each in the unit of its own; those of ratings in points of the scale."""
    everybody = Interview(shipped(), np.flatnonzero(world.people.active & (world.people.age >= 16)), true=True)
    world.observe(everybody)
    table, people = everybody.result(), world.people
    rows = everybody.rows
    of_survey = survey(world, EVERYBODY).set_index("resident").loc[table["resident"]]
    true = {name: table[f"{name}_true"].to_numpy() for name in shipped()}
    assert np.allclose(true["attitude"], 5 + 5 * of_survey["attitude_true"])
    for name in ("anxiety", "threat", "belonging", "engagement"):
        assert np.allclose(true[name], 1 + 4 * of_survey[f"{name}_true"])
    for name, other in {"good_episodes": "positive", "bad_episodes": "negative", "close_friends": "cross_friends",
                        "circle_of_friends": "cross_friends", "contact_frequency": "public_contact",
                        "local_diversity": "others"}.items():
        assert np.allclose(true[name], of_survey[f"{other}_true"]), name
    contact, balance = (52 * column[rows].astype(float) for column in (people.public_contact, people.public_balance))
    asked = people.group[rows] == 0
    mean = balance[asked].sum() / contact[asked].sum()
    assert np.allclose(true["contact_valence"], (balance + 2 * mean) / (contact + 2))


def test_an_interview_forgets_those_who_left() -> None:
    world = make_world()
    rows = np.flatnonzero(world.people.active & (world.people.age >= 20))[:40]
    interview = Interview(["threat"], rows, weeks=[0, 1])
    world.observe(interview)
    world.people.uid[rows[3]] = world.people.uid.max() + 1  # somebody else moves in
    world.step()
    assert interview.result().groupby("week").size().to_dict() == {0: 40, 1: 39}


def test_an_unknown_item_is_refused() -> None:
    with pytest.raises(UserError, match=r"instruments=treat is no item: .*threat\. Did you mean 'threat'\?"):
        Interview(["treat"])
