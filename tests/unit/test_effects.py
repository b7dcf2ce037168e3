"""Estimands on data of worlds with known answers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from contactsim.evidence import effects, relations
from contactsim.evidence.effects import Worlds
from contactsim.evidence.panel import END, MIDPOINT, START, PanelData, select

N = 4000


def data(part: np.ndarray | None = None, **end: Any) -> PanelData:
    """Half majority, half minority, ages 20 to 60; columns of the end as given, 0 else."""
    rng = np.random.default_rng(3)
    zero = np.zeros(N)
    names = ("attitude", "anxiety", "threat", "recent_positive", "recent_negative", "friends", "ties",
             "second_positive", "second_negative", "second_neutral", "second_declined", "second_own", "belonging")
    waves = {wave: dict.fromkeys(names, zero) | {"here": np.ones(N)} for wave in (START, MIDPOINT, END)}
    waves[END] |= end
    waves[START] = waves[START] | {"anxiety": rng.normal(size=N), "attitude": rng.normal(size=N)}
    people: dict[str, Any] = {
        "group": (np.arange(N) % 2).astype(np.uint8), "age": rng.uniform(20, 60, N), "uid": np.arange(N),
        "active": np.ones(N, bool), "own_share": np.linspace(0, 1, N), "learner": np.zeros(N, bool),
        "job": np.ones(N, bool), "household": np.arange(N)}
    actions = {} if part is None else {"club": {"participants": part, "interested": part, "staff": ~part,
                                                "attended": part.astype(int)}}
    return PanelData(1, people, waves, {}, actions, {"club": 100.0} if part is not None else {})


def case(**worlds: PanelData) -> Worlds:
    return Worlds(worlds, worlds)


NOISE = np.random.default_rng(1).normal(size=N)
TERMS = {"treatment@end": 1.0, "control@end": -1.0}


def test_a_contrast_is_in_standard_deviations_of_the_group() -> None:
    both = case(control=data(attitude=2 * NOISE), treatment=data(attitude=2 * NOISE + 1.0))
    assert math.isclose(effects.contrast(both, "attitude", TERMS, "control@end"), 0.5, rel_tol=0.05)


def test_without_participants_an_effect_is_zero() -> None:
    nobody = case(control=data(attitude=NOISE), treatment=data(np.zeros(N, bool), attitude=NOISE + 1))
    subgroup = {"group": "majority", "part": "participants", "action": "club", "world": "treatment"}
    assert effects.contrast(nobody, "attitude", TERMS, "control@end", subgroup) == 0.0


def test_no_change_without_variance_is_zero() -> None:
    assert effects.scaled(0.0, 0.0) == 0.0
    assert math.isnan(effects.scaled(0.1, 0.0))


def test_a_double_contrast_is_the_difference_between_people() -> None:
    part = np.arange(N) < N // 2
    both = case(control=data(part, attitude=NOISE), treatment=data(part, attitude=NOISE + np.where(part, 0.4, 0.1)))
    club = {"group": "majority", "action": "club", "world": "treatment"}
    found = effects.double_contrast(both, "attitude", TERMS, "control@end", {**club, "part": "participants"},
                                    {**club, "part": "staff"})
    assert math.isclose(found, 0.3, rel_tol=0.05)


def test_a_subgroup_is_a_third_by_a_trait_in_a_group_and_age_range() -> None:
    world = data()
    rows = select({"group": "majority", "ages": [20, 30], "third": {"by": "anxiety", "tail": "high"}}, world, {})
    inside = (world.people["group"] == 0) & (world.people["age"] < 30)
    assert rows.sum() == round(inside.sum() / 3)
    assert not (rows & ~inside).any()
    assert world.at("anxiety", START)[rows].min() >= world.at("anxiety", START)[inside & ~rows].max()
    with pytest.raises(ValueError, match="there is no key 'gruop'"):
        select({"gruop": "majority"}, world, {})


def test_declined_is_a_share_of_possible_meetings() -> None:
    world = case(school=data(second_positive=np.full(N, 2.0), second_neutral=np.full(N, 1.0),
                             second_declined=np.full(N, 1.0)))
    assert effects.declined(world, "school", {"group": "all"}) == 0.25


def test_spread_and_mean_of_one_world_and_another() -> None:
    worlds = case(one=data(attitude=NOISE), wide=data(attitude=1.2 * NOISE + 0.5))
    assert math.isclose(effects.spread_change(worlds, "wide", "one", "attitude"), 0.2, rel_tol=1e-9)
    majority = np.arange(N) % 2 == 0
    assert math.isclose(effects.average(worlds, "wide", "attitude"), 1.2 * NOISE[majority].mean() + 0.5)


def test_meetings_of_any_valence_are_counted_together() -> None:
    few = data(second_positive=np.full(N, 2.0), second_negative=np.full(N, 1.0), second_neutral=np.full(N, 1.0))
    worlds = case(few=few, many=data(second_positive=np.full(N, 3.0), second_neutral=np.full(N, 3.0)))
    assert effects.count_change(worlds, "any", "many", "few") == 0.5
    assert effects.count_change(worlds, "positive", "many", "few") == 0.5
    assert effects.count_change(worlds, "negative", "few", "many") == 0.0  # nothing to compare with


def test_cost_effectiveness_is_relative_to_the_best_other() -> None:
    part = np.ones(N, bool)
    worlds = case(control=data(attitude=NOISE), plan=data(part, attitude=NOISE + 0.3),
                  one=data(part, attitude=NOISE + 0.1), two=data(part, attitude=NOISE + 0.2))
    found = effects.relative_cost_effectiveness(worlds, "plan", ["one", "two"], "control", "attitude", None)
    assert math.isclose(found, 0.5, rel_tol=1e-6)
    dearer = effects.relative_cost_effectiveness(worlds, "plan", ["one", "two"], "control", "attitude", None, 3.0)
    assert math.isclose(dearer, -0.5)


def test_selection_bias_is_the_naive_difference_minus_the_true_effect() -> None:
    warm = np.random.default_rng(7).normal(size=N)
    part = warm > 0.5
    before, after = data(part), data(part)
    for world, gain in ((before, 0.0), (after, 0.2)):
        world.waves[MIDPOINT] = world.waves[MIDPOINT] | {"attitude": warm + gain * part}
        world.waves[START]["attitude"] = warm
    worlds = case(control=before, treatment=after)
    naive = relations.selection_bias(worlds, "treatment", "control", "club", "attitude", "naive")
    majority = np.arange(N) % 2 == 0
    assert math.isclose(naive, (warm[part & majority].mean() - warm[~part & majority].mean()) / warm[majority].std(),
                        rel_tol=0.1)
    nobody = case(control=before, treatment=data(np.zeros(N, bool)))
    assert relations.selection_bias(nobody, "treatment", "control", "club", "attitude", "naive") == 0.0


def test_survey_noise_is_keyed_by_person_and_wave() -> None:
    one = data(attitude=NOISE)
    assert np.array_equal(relations.surveyed(one, "attitude", END), relations.surveyed(one, "attitude", END))
    again = relations.surveyed(one, "attitude", END, "again")
    reliability = np.corrcoef(relations.surveyed(one, "attitude", END), again)[0, 1]
    assert abs(reliability - relations.RELIABILITY) < 0.03
