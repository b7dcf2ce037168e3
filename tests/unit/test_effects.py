"""Estimands over seen worlds whose answer is known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from contactsim.evidence import effects, relations
from contactsim.evidence.effects import Worlds
from contactsim.evidence.panel import END, MIDDLE, START, Seen
from contactsim.evidence.subgroups import mask

N = 4000


def seen(part: np.ndarray | None = None, **end: Any) -> Seen:
    """Half majority, half minority, ages 20 to 60; columns of the end as given, 0 else."""
    rng = np.random.default_rng(3)
    zero = np.zeros(N)
    names = ("attitude", "anxiety", "threat", "recent_positive", "recent_negative", "friends", "ties",
             "second_positive", "second_negative", "second_neutral", "second_declined", "second_own", "belonging")
    waves = {wave: dict.fromkeys(names, zero) | {"here": np.ones(N)} for wave in (START, MIDDLE, END)}
    waves[END] |= end
    waves[START] = waves[START] | {"anxiety": rng.normal(size=N), "attitude": rng.normal(size=N)}
    people = {"group": (np.arange(N) % 2).astype(np.uint8), "age": rng.uniform(20, 60, N), "uid": np.arange(N),
              "active": np.ones(N, bool), "own_share": np.linspace(0, 1, N), "learner": np.zeros(N, bool),
              "job": np.ones(N, bool), "household": np.arange(N)}
    actions = {} if part is None else {"club": {"participants": part, "interested": part, "staff": ~part,
                                                "attended": part.astype(int)}}
    return Seen(1, people, waves, {}, actions, {"club": 100.0} if part is not None else {})


def case(**worlds: Seen) -> Worlds:
    return Worlds(worlds, worlds)


NOISE = np.random.default_rng(1).normal(size=N)
TERMS = {"with@end": 1.0, "without@end": -1.0}


def test_a_contrast_is_in_standard_deviations_of_the_group() -> None:
    both = case(without=seen(attitude=2 * NOISE), **{"with": seen(attitude=2 * NOISE + 1.0)})
    assert math.isclose(effects.contrast(both, "attitude", TERMS, "without@end"), 0.5, rel_tol=0.05)


def test_an_effect_on_nobody_is_zero() -> None:
    nobody = case(without=seen(attitude=NOISE), **{"with": seen(np.zeros(N, bool), attitude=NOISE + 1)})
    who = {"group": "majority", "part": "participants", "of": "club", "in": "with"}
    assert effects.contrast(nobody, "attitude", TERMS, "without@end", who) == 0.0


def test_what_does_not_vary_and_does_not_change_is_zero() -> None:
    assert effects.scaled(0.0, 0.0) == 0.0
    assert math.isnan(effects.scaled(0.1, 0.0))


def test_a_double_contrast_is_the_difference_between_people() -> None:
    part = np.arange(N) < N // 2
    both = case(without=seen(part, attitude=NOISE), **{"with": seen(part, attitude=NOISE + np.where(part, 0.4, 0.1))})
    club = {"group": "majority", "of": "club", "in": "with"}
    found = effects.double_contrast(both, "attitude", TERMS, "without@end", {**club, "part": "participants"},
                                    {**club, "part": "staff"})
    assert math.isclose(found, 0.3, rel_tol=0.05)


def test_who_is_a_third_by_a_trait_in_a_group_of_an_age() -> None:
    world = seen()
    rows = mask({"group": "majority", "ages": [20, 30], "third": {"by": "anxiety", "side": "high"}}, world, {})
    inside = (world.people["group"] == 0) & (world.people["age"] < 30)
    assert rows.sum() == round(inside.sum() / 3)
    assert not (rows & ~inside).any()
    assert world.at("anxiety", START)[rows].min() >= world.at("anxiety", START)[inside & ~rows].max()
    with pytest.raises(ValueError, match="there is no 'gruop'"):
        mask({"gruop": "majority"}, world, {})


def test_declined_is_a_share_of_what_chance_offered() -> None:
    world = case(school=seen(second_positive=np.full(N, 2.0), second_neutral=np.full(N, 1.0),
                             second_declined=np.full(N, 1.0)))
    assert effects.declined(world, "school", {"group": "all"}) == 0.25


def test_friend_homophily_is_zero_when_friends_are_as_meetings() -> None:
    columns = {"second_positive": np.ones(N), "second_own": np.full(N, 3.0), "ties": np.full(N, 4.0)}
    chance = case(school=seen(friends=np.ones(N), **columns))
    assert math.isclose(effects.friend_homophily(chance, "school", {"group": "all"}), 0.0, abs_tol=1e-12)
    alone = case(school=seen(friends=np.zeros(N), **columns))
    assert effects.friend_homophily(alone, "school", {"group": "all"}) == 1.0


def test_effect_per_pound_is_held_against_the_best_other() -> None:
    part = np.ones(N, bool)
    worlds = case(without=seen(attitude=NOISE), plan=seen(part, attitude=NOISE + 0.3),
                  one=seen(part, attitude=NOISE + 0.1), two=seen(part, attitude=NOISE + 0.2))
    found = effects.per_pound(worlds, "plan", ["one", "two"], "without", "attitude", None)
    assert math.isclose(found, 0.5, rel_tol=1e-6)
    assert math.isclose(effects.per_pound(worlds, "plan", ["one", "two"], "without", "attitude", None, 3.0), -0.5)


def test_two_paths_recovers_a_path_that_was_built_in() -> None:
    """d -> p -> t -> y, and a direct negative effect of d: total = positive part + rest."""
    rng = np.random.default_rng(5)
    share = np.linspace(0, 1, N)
    p = 2 * share + 0.1 * rng.normal(size=N)
    t = -0.5 * p + 0.1 * rng.normal(size=N)
    y = -1.0 * t - 1.5 * share + 0.1 * rng.normal(size=N)
    one = seen(recent_positive=p, threat=t, attitude=y)
    one.people["own_share"] = 1 - share
    worlds = case(town=one)
    parts = {part: relations.two_paths(worlds, ["town"], part) for part in ("positive", "rest", "total")}
    assert math.isclose(parts["positive"] + parts["rest"], parts["total"], rel_tol=1e-9)
    assert parts["positive"] > 0 > parts["rest"]


def test_selection_bias_is_the_naive_gap_less_the_true_effect() -> None:
    warm = np.random.default_rng(7).normal(size=N)
    part = warm > 0.5
    before, after = seen(part), seen(part)
    for world, gain in ((before, 0.0), (after, 0.2)):
        world.waves[MIDDLE] = world.waves[MIDDLE] | {"attitude": warm + gain * part}
        world.waves[START]["attitude"] = warm
    worlds = case(without=before, **{"with": after})
    naive = relations.selection_bias(worlds, "with", "without", "club", "attitude", "naive")
    majority = np.arange(N) % 2 == 0
    assert math.isclose(naive, (warm[part & majority].mean() - warm[~part & majority].mean()) / warm[majority].std(),
                        rel_tol=0.1)
    nobody = case(without=before, **{"with": seen(np.zeros(N, bool))})
    assert relations.selection_bias(nobody, "with", "without", "club", "attitude", "naive") == 0.0


def test_readings_are_keyed_by_person_and_wave() -> None:
    one = seen(attitude=NOISE)
    assert np.array_equal(relations.reading(one, "attitude", END), relations.reading(one, "attitude", END))
    again = relations.reading(one, "attitude", END, "again")
    reliability = np.corrcoef(relations.reading(one, "attitude", END), again)[0, 1]
    assert abs(reliability - relations.RELIABILITY) < 0.03
