"""Survey items: answers reproduce known states, noise is as stated, and draws are keyed by person, item and wave."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from scipy.special import ndtr

from contactsim.config.instrument_catalogue import load, names
from contactsim.config.run_config import compose
from contactsim.errors import UserError
from contactsim.instruments.base import Instrument
from contactsim.instruments.catalogue import ask, files, instruments_of, readers, shipped
from contactsim.instruments.questionnaire import Survey
from contactsim.paths import configs_folder
from contactsim.world import World
from tests.worlds import make_place, make_world


@pytest.fixture(scope="module")
def world() -> World:
    """A place of 6,000 people, all 40 years old, whose states each test sets."""
    world = make_world(make_place(np.tile([400, 100], (12, 1))), seed=5)
    world.people.age[:] = 40.0
    return world


def majority(world: World) -> np.ndarray[Any, Any]:
    return np.flatnonzero(world.people.active & (world.people.group == 0))


def item(name: str, **changes: Any) -> dict[str, Instrument]:
    """A shipped item with other numbers, and the item that it follows."""
    return {key: one if key != name else one.model_copy(update=changes) for key, one in load([name]).items()}


def answers(world: World, name: str, rows: Any = None, wave: int | None = None, **changes: Any) -> Any:
    return ask(world, majority(world) if rows is None else rows, item(name, **changes), wave)[name]


def test_frequency_counts_days_with_noticed_contacts(world: World) -> None:
    rows = majority(world)
    one = item("contact_frequency")["contact_frequency"]
    for days, category in ((0.0, 0), (0.3, 1), (1.0, 2), (2.0, 3), (5.0, 4), (13.0, 5), (25.0, 6)):
        world.people.public_contact[:] = -np.log(1 - days / 30) * 7 / one.seen  # type: ignore[attr-defined]
        assert (answers(world, "contact_frequency", spread=0.0) == category).all(), days
    rate = -np.log(1 - one.categories.limits[2] / 30)  # type: ignore[attr-defined]
    world.people.public_contact[:] = rate * 7 / one.seen  # type: ignore[attr-defined]
    assert abs((answers(world, "contact_frequency") >= 3).mean() - 0.5) < 4 * 0.5 / np.sqrt(rows.size)  # a median
    world.people.public_contact[:] = rate * np.exp(-one.spread) * 7 / one.seen  # type: ignore[attr-defined]
    assert abs((answers(world, "contact_frequency") >= 3).mean() - ndtr(-1)) < 0.02  # its noise: one SD


GAIN = item("contact_valence")["contact_valence"].gain  # type: ignore[attr-defined]


def test_valence_follows_the_balance_and_leaves_out_those_without_contact(world: World) -> None:
    rows, people = majority(world), world.people
    people.public_contact[:], people.public_balance[:] = 50.0, 0.0
    people.public_contact[rows[0]] = 0.0
    people.public_balance[rows[1::2]] = 25.0
    found = answers(world, "contact_valence", noise=0.0)
    assert np.isnan(found[0]) and not np.isnan(found[1:]).any()
    assert (found[1::2] == round(5 + GAIN * 0.5)).all() and (found[2::2] == 5).all()
    noisy = answers(world, "contact_valence", heap=0.0)[1::2]
    assert noisy.mean() == pytest.approx(5 + GAIN * 0.5, abs=0.1)
    assert noisy.std() == pytest.approx(np.sqrt(1.3**2 + 1 / 12), rel=0.06)
    heaped = answers(world, "contact_valence")[2::2]
    assert (heaped == 5).mean() == pytest.approx(2 * ndtr(1 / 1.3) - 1, abs=0.04)
    assert not np.isin([4.0, 6.0], heaped[np.abs(heaped - 5) < 1]).any()


def test_few_encounters_are_drawn_to_the_mean(world: World) -> None:
    rows, people = majority(world), world.people
    people.public_contact[:], people.public_balance[:] = 20.0, 10.0
    people.public_contact[rows[0]], people.public_balance[rows[0]] = 2 / 52, -2 / 52  # two encounters, both bad
    one = item("contact_valence", noise=0.0, heap=0.0, after=None)
    assert ask(world, rows[:1], one)["contact_valence"] == round(5 + GAIN * (-2 + 2 * 0.5) / 4)


@pytest.mark.parametrize("stable", [0.0, 0.6])
@pytest.mark.parametrize("reliability", [0.6, 0.89])
def test_ratings_have_the_stated_reliability_and_stability(world: World, reliability: float, stable: float) -> None:
    rows = majority(world)
    world.people.feeling[:] = 0.0
    world.people.attitude[rows, 0] = np.clip(0.3 * np.random.default_rng(1).standard_normal(rows.size), -1, 1)
    changes = {"reliability": reliability, "stable": stable, "groups": "majority"}
    one, two = (answers(world, "attitude", wave=wave, **changes) for wave in (1, 2))
    true = 5 + 5 * world.people.attitude[rows, 0]
    assert np.corrcoef(one, true)[0, 1] ** 2 == pytest.approx(reliability, abs=0.03)
    expected = reliability + stable * (1 - reliability)
    assert np.corrcoef(one, two)[0, 1] == pytest.approx(expected, abs=0.04)
    assert one.mean() == pytest.approx(true.mean(), abs=0.06)
    exact = answers(world, "attitude", reliability=1.0, items=1)
    assert np.array_equal(exact, np.rint(true))


def test_a_rating_of_people_who_are_all_alike_is_noise(world: World) -> None:
    world.people.belonging[:] = 0.25
    found = answers(world, "belonging", items=1)
    assert found.mean() == pytest.approx(2.0, abs=0.05) and 0.4 < found.std() < 0.8


def test_friends_are_counted_as_far_as_the_question_reaches(world: World) -> None:
    rows, people = majority(world), world.people
    others = np.flatnonzero(people.active & (people.group == 1))
    people.ties[:] = -1
    people.ties[rows, :3] = others[:3]
    people.ties[rows, 3:12] = rows[:9]
    assert (answers(world, "circle_of_friends") == 1).all()
    assert (answers(world, "close_friends", reach=None) == 2).all()  # three are several
    counts = item("close_friends")["close_friends"].categories.model_copy(  # type: ignore[attr-defined]
        update={"limits": [1, 2, 3], "names": list("abcd")})
    reached = answers(world, "close_friends", reach=4, categories=counts)
    assert reached.mean() == pytest.approx(4 * 3 / 12, abs=0.05)  # four of twelve, at random
    assert np.array_equal(reached, answers(world, "close_friends", reach=4, categories=counts, wave=77))
    people.ties[rows, :12] = people.ties[rows, :12][:, ::-1].copy()  # the same friends in another order
    assert np.array_equal(reached, answers(world, "close_friends", reach=4, categories=counts))
    people.ties[:] = -1
    assert (answers(world, "close_friends") == 0).all() and (answers(world, "circle_of_friends") == 0).all()


def test_recalled_episodes_are_poisson_around_what_happened(world: World) -> None:
    people, rows = world.people, majority(world)
    people.recent_positive[:], people.recent_negative[:] = 1.5, 0.0
    good = answers(world, "good_episodes", spread=0.0, recalled=0.5)
    assert good.mean() == pytest.approx(3.0, abs=0.1) and good.var() == pytest.approx(3.0, rel=0.1)
    assert (answers(world, "bad_episodes") == 0).all()
    uneven = answers(world, "good_episodes", spread=0.5)
    assert uneven.mean() == pytest.approx(3.0, abs=0.15)
    assert uneven.var() == pytest.approx(3.0 + 9 * (np.exp(0.25) - 1), rel=0.15)
    people.recent_positive[rows] = 100.0
    assert (answers(world, "good_episodes") == 20).mean() > 0.99


def test_the_area_is_ranked_in_the_nation_and_reported_with_an_error() -> None:
    """Neighbourhoods at the national limits of the three answers: without error the cuts are sharp."""
    world = make_world(make_place([[990, 10], [930, 70], [550, 450]] * 3, 1, 3), seed=3)
    area = world.place.of_role("neighbourhood").area_of_output_area[world.people.output_area]
    rows = np.flatnonzero(world.people.active & (world.people.group == 0) & (world.people.age >= 16))
    sharp, noisy = (ask(world, rows, item("local_diversity", error=error))["local_diversity"] for error in (0.0, 0.5))
    assert all((sharp[area[rows] % 3 == k] == k).all() for k in range(3))
    share = 1 - 930 / 1000
    score = np.interp(share, [0.068, 0.154], [0.0, 0.6745])
    cuts = np.sqrt(1.25) * np.array([-0.2404, 1.0152])
    expected = ndtr((cuts[1] - score) / 0.5) - ndtr((cuts[0] - score) / 0.5)
    assert (noisy[area[rows] % 3 == 1] == 1).mean() == pytest.approx(expected, abs=0.03)


def test_a_nation_answers_in_the_stated_shares() -> None:
    """Scores that are normal over people give the three shares, whatever the error."""
    one = shipped()["local_diversity"]
    scores = np.random.default_rng(2).standard_normal(200_000)
    for error in (0.0, 0.5, 1.0):
        seen = (scores + error * np.random.default_rng(3).standard_normal(scores.size)) / np.sqrt(1 + error**2)
        found = np.bincount(np.searchsorted(np.cumsum(one.shares)[:-1], ndtr(seen)))  # type: ignore[attr-defined]
        assert found / scores.size == pytest.approx([0.405, 0.44, 0.155], abs=0.005)


@pytest.mark.parametrize("name", names())
def test_a_persons_answer_is_the_same_whoever_else_is_asked_and_new_in_each_wave(world: World, name: str) -> None:
    rows, people = majority(world), world.people
    people.attitude[:] = np.random.default_rng(1).normal(0, 0.3, people.attitude.shape)
    people.public_contact[:], people.public_balance[:], people.recent_positive[:] = 0.05, 0.02, 0.3
    people.recent_negative[:] = 0.3
    everybody, some = answers(world, name, wave=4), answers(world, name, rows[::-3], wave=4)
    assert np.array_equal(everybody[::-3], some, equal_nan=True)
    alone = readers(shipped())[name](world, rows[::-3], 4)
    assert np.array_equal(some, alone, equal_nan=True)
    later = answers(world, name, wave=5)
    if name not in ("close_friends", "circle_of_friends"):
        assert (np.nan_to_num(later) != np.nan_to_num(everybody)).any()
    assert np.array_equal(answers(world, name), answers(world, name, wave=world.clock), equal_nan=True)


def test_items_are_put_to_those_of_their_groups_and_ages(world: World) -> None:
    rows = np.flatnonzero(world.people.active)
    for name, one in shipped().items():
        found = ask(world, rows, item(name))[name]
        minority = world.people.group[rows] == 1
        assert np.isnan(found[minority]).all() == (one.groups == "majority"), name
    assert np.isnan(answers(world, "threat", ages=[41, None])).all()
    assert not np.isnan(answers(world, "threat", ages=[16, 40])).any()
    assert np.isnan(answers(world, "threat", ages=[16, 39])).all()


def test_each_item_says_what_it_asks_and_where_it_comes_from() -> None:
    assert set(shipped()) == {path.stem for path in (configs_folder() / "instrument").glob("*.yaml")}
    for name, one in shipped().items():
        assert all(len(text) > 5 for text in (one.title, one.wording, one.source, one.scale, one.reporting)), name


MINE = """
measures: anxiety
title: nervousness
wording: Would you feel nervous?
source: made up for a test
items: 2
"""


def test_users_add_items_in_a_folder_of_their_own(tmp_path: Path, world: World) -> None:
    (tmp_path / "instrument").mkdir()
    (tmp_path / "instrument" / "nerves.yaml").write_text(MINE)
    mine = load(["nerves"], str(tmp_path))
    assert list(mine) == ["nerves"] and mine["nerves"].items == 2  # type: ignore[attr-defined]
    assert not np.isnan(ask(world, majority(world), mine)["nerves"]).any()
    config = compose(["survey.instruments=[nerves,contact_valence]"], str(tmp_path))
    assert list(config.survey.instruments) == ["nerves", "contact_valence", "contact_frequency"]
    assert set(compose([], str(tmp_path)).survey.instruments) == {*shipped(), "nerves"}


@pytest.mark.parametrize(("changes", "parts"), [
    ({"measures": ...}, ["nerves.measures is missing", "public_contact"]),
    ({"measures": "anxity"}, ["measures='anxity'", "public_contact", "Did you mean 'anxiety'"]),
    ({"items": 0}, ["nerves.items=0", "1 to 100"]),
    ({"itmes": 1}, ["nerves.itmes=1", "is unknown", "Did you mean 'items'"]),
    ({"low": 10}, ["low=10 must be below high=10"]),
    ({"ages": [30, 20]}, ["ages=[30, 20]"]),
    ({"after": "moon"}, ["nerves.after=moon"]),
    ({"wording": None}, ["nerves.wording=null"]),
    ({"measures": "friends", "items": ...}, ["categories", "missing"]),
    ({"measures": "friends", "items": ..., "categories": {"names": ["a", "b"], "limits": [1, 2]}}, ["1 rising number"]),
    ({"measures": "neighbourhood", "items": ..., "names": ["a", "b"], "shares": [0.5, 0.6], "others": [0, 1],
      "ranks": [0.1, 0.9]}, ["shares=[0.5, 0.6]", "add up to 1"]),
])
def test_a_wrong_file_gives_one_sentence(tmp_path: Path, changes: dict[str, Any], parts: list[str]) -> None:
    values = {key: value for key, value in {**yaml.safe_load(MINE), **changes}.items() if value is not ...}
    (tmp_path / "instrument").mkdir()
    (tmp_path / "instrument" / "nerves.yaml").write_text(yaml.safe_dump(values))
    for refused in (lambda: load(["nerves"], str(tmp_path)),
                    lambda: compose(["survey.instruments=[nerves]"], str(tmp_path))):
        with pytest.raises(UserError) as caught:
            refused()
        assert all(part in str(caught.value) for part in [*parts, "nerves.yaml"]), str(caught.value)


def test_names_of_columns_are_refused() -> None:
    column = "name of a column"
    for name, text in (("age", column), ("area_x", column), ("Own", "small letters"), ("mood_true", "not end")):
        with pytest.raises(ValueError, match=text):
            Survey(instruments={name: yaml.safe_load(MINE)})  # type: ignore[dict-item]


def test_a_configuration_holds_its_items() -> None:
    config = compose(["survey.instruments=[threat]"])
    again = instruments_of(config.model_dump(mode="json")["survey"]["instruments"], "")
    assert again == {"threat": shipped()["threat"]} and list(files(["threat"])) == ["threat"]
