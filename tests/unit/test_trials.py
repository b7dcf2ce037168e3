"""Trials inside a world, and the panel on attitudes: by hand-made worlds, and with mechanisms switched off."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from contactsim import trials
from contactsim.errors import UserError
from contactsim.instruments.catalogue import shipped
from contactsim.observers.attitude_panel import AttitudePanel
from contactsim.trials import TRIALS, Trial, assign
from contactsim.world import World
from tests.worlds import Doing, make_parameters, make_place, make_world, same_bits

SHORT = {"room": Trial(title="two weeks", majority=1, minority=1, weeks=2, hours=20.0, encounters=2, read=3)}
#: Nothing moves attitudes but meetings in trials.
STILL = {"extended": 0.0, "norms": 0.0, "drift": 0.0, "threat_attitude": 0.0, "feeling_gain": 0.0, "forgetting": 0.0}


def make(seed: int = 4, people: tuple[int, int] = (360, 120), **psychology: Any) -> World:
    parameters = make_parameters({}, {"wandering_spread": 0.0}, {**STILL, **psychology})
    return make_world(make_place(np.tile(people, (6, 1))), parameters, seed)


def effect(world: World, which: str = "room", changes: dict[str, Any] | None = None) -> float:
    trial = TRIALS[which].model_copy(update=changes or {})
    return float(trials.run(world, {which: trial}).set_index("trial").loc[which, "true_effect"])


def test_companies_are_mixed_and_nobody_is_in_two() -> None:
    world = make()
    found = assign(world, TRIALS)
    people = world.people
    for name, trial in TRIALS.items():
        group = people.group[found.companies[name]]
        assert group.shape[1] == trial.majority + trial.minority and group.shape[0] > 20
        assert (group[:, :trial.majority] == 0).all() and (group[:, trial.majority:] == 1).all()
    everybody = np.concatenate([*(rows.ravel() for rows in found.companies.values()), found.controls])
    assert np.unique(everybody).size == everybody.size and people.active[everybody].all()
    assert people.age[everybody].min() >= 16 and people.age[everybody].max() < 40
    majority = np.flatnonzero(people.active & (people.group == 0) & (people.age >= 16) & (people.age < 40))
    assert found.controls.size >= majority.size / 2 and set(found.controls) <= set(majority)


def test_assignment_is_random() -> None:
    """Over 60 seeds the attitudes and ages of treated and controls differ by chance alone."""
    world, z = make(), []
    for seed in range(60):
        world.seed = seed
        found = assign(world, TRIALS)
        for name, trial in TRIALS.items():
            treated = found.treated(name, trial)
            for column in (world.people.baseline_attitude, world.people.age):
                a, b = column[treated].astype(float), column[found.controls].astype(float)
                z.append((a.mean() - b.mean()) / np.hypot(a.std() / a.size**0.5, b.std() / b.size**0.5))
    assert abs(np.mean(z)) < 4 / np.sqrt(60) and 0.8 < np.std(z) < 1.2


def test_a_trial_holds_its_hours_and_its_effect_is_the_change_beyond_that_of_controls() -> None:
    world, hours = make(), []
    found = assign(world, SHORT)
    rows = found.treated("room", SHORT["room"])
    before = world.people.attitude[:, 0].astype(float).copy()

    class Log:
        moment = "after_actions"

        def begin(self, world: World) -> None:
            pass

        def look(self, world: World) -> None:
            hours.append([(one.hours, one.hours_before.max(), one.rows.size)  # type: ignore[union-attr]
                          for one in world.sessions])

    world.observe(Log())  # type: ignore[arg-type]
    table = trials.run(world, SHORT).iloc[0]
    assert hours == [[(20.0, 0.0, 2 * rows.size)], [(20.0, 20.0, 2 * rows.size)], []]
    change = world.people.attitude[:, 0] - before
    assert (change[rows] != 0).mean() > 0.5 and not change[found.controls].any()
    adults = world.people.active & (world.people.group == 0) & (world.people.age >= 16)
    spread = before[adults].std() / 0.89**0.5  # with the noise of the answers
    both = np.concatenate([rows, found.controls])
    design = np.column_stack([np.ones(both.size), np.isin(both, rows), before[both]])
    adjusted = np.linalg.lstsq(design, change[both], rcond=None)[0][1]
    assert table["true_effect"] == pytest.approx(adjusted / spread, rel=0.06)
    assert table["true_effect"] == pytest.approx(change[rows].mean() / spread, rel=0.2)
    assert abs(table["effect"] - table["true_effect"]) < 4 * table["standard_error"]
    assert table["true_standard_error"] == pytest.approx(change[rows].std() / rows.size**0.5 / spread, rel=0.1)
    assert world.actions == [] and len(world.observers) == 1 and table["companies"] == rows.size


def test_an_unlucky_draw_is_adjusted_for() -> None:
    """The treated begin one point higher and all return half of the way to the mean: the effect is still .3."""
    rng = np.random.default_rng(1)
    companies = np.arange(400, dtype=np.int32).reshape(200, 2)
    reading = trials.TrialReading(SHORT, trials.Assignment({"room": companies}, np.arange(400, 900)), "attitude",
                                  shipped()["attitude"])  # type: ignore[arg-type]
    start = rng.standard_normal(900)
    treated = companies[:, 0]
    start[treated] += 1.0
    after = 0.5 * start + 0.01 * rng.standard_normal(900)
    after[treated] += 0.3
    reading.spread, reading._then = 2.0, {0: np.stack([start, start]), 3: np.stack([after, after])}
    table = reading.result().iloc[0]
    assert table["effect"] == table["true_effect"] == pytest.approx(0.3 / 2.0, abs=0.002)
    assert table["before"] == pytest.approx(1.0 / 2.0, abs=0.1) and table["standard_error"] < 0.001


def test_what_happens_to_all_is_no_effect() -> None:
    """Everybody warms by .2 during the trial: treated and controls alike."""
    def warm(world: Any) -> None:
        if world.clock == 2:
            world.people.attitude[:] += np.float32(0.2)

    world, usual = make(), trials.run(make(), SHORT).iloc[0]
    world.actions.append(Doing(warm))
    assert trials.run(world, SHORT).iloc[0]["true_effect"] == pytest.approx(usual["true_effect"], abs=0.03)


def test_errors_are_clustered_by_company() -> None:
    rng = np.random.default_rng(1)
    values = rng.standard_normal((400, 1)) + 0.5 * rng.standard_normal((400, 8))
    assert trials._error(values) == pytest.approx(values.mean(axis=1).std(ddof=1) / 20, rel=1e-9)
    values[::5, ::2] = np.nan  # some have left
    kept = trials._error(values)
    assert trials._error(values[:, :1]) > kept > 0.9 * np.sqrt(1 + 0.25 / 8) / 20


def test_without_learning_there_is_no_effect() -> None:
    short = {"weeks": 10, "read": 11}
    usual = effect(make(), changes=short)
    stubborn = effect(make(prior_weight=2000.0), changes=short)  # experience weighs little against what one brings
    neutral = effect(make(positive_base=-6.0, negative_base=-30.0, appraisal=0.0), changes=short)  # nothing to learn
    assert usual > 0.1 and abs(stubborn) < usual / 8 and abs(neutral) < usual / 100


def test_familiarity_makes_a_year_in_one_room_worth_less() -> None:
    with_it, without = effect(make(familiarity=13.0)), effect(make(familiarity=0.0))
    assert without > 1.4 * with_it > 0.05


def test_a_trial_changes_nobody_outside_it() -> None:
    """Without indirect paths all others live as in a world without trials, bit by bit."""
    one, other = make(), make()
    found = assign(one, SHORT)
    trials.run(one, SHORT)
    for _ in range(3):
        other.step()
    inside = np.zeros(len(one.people), bool)
    inside[found.companies["room"]] = True
    for name in ("attitude", "anxiety", "positive", "recent_positive"):
        same = same_bits(one.people.column(name), other.people.column(name))
        assert same[~inside].all() and not same[inside].all(), name


def test_members_who_leave_are_not_replaced_and_not_read() -> None:
    world = make()
    found = assign(world, SHORT)
    gone = found.companies["room"][:5, 0]

    def leave(world: Any) -> None:
        if world.clock == 1:
            world.people.uid[gone] = world.people.uid.max() + 1 + np.arange(5)

    world.actions.append(Doing(leave))
    table = trials.run(world, SHORT).iloc[0]
    assert table["treated"] == found.companies["room"].shape[0] - 5


def test_a_place_without_enough_people_is_refused() -> None:
    with pytest.raises(UserError, match=r"the trial 'team' needs two companies of 8 and 4 people aged 16 to 39"):
        trials.run(make(people=(30, 1)), TRIALS)
    with pytest.raises(UserError, match=r"instrument=close_friends is no rating .* allowed are anxiety, attitude"):
        trials.run(make(), SHORT, "close_friends")
    with pytest.raises(UserError, match="must have the same ages"):
        assign(make(), {"a": TRIALS["room"], "b": TRIALS["room"].model_copy(update={"ages": (20, 30)})})


def test_stability_is_that_of_the_answers() -> None:
    world = make()
    panel = AttitudePanel(weeks=2)
    world.observe(panel)
    for _ in range(3):
        world.step()
    found = panel.result()
    assert found["true_stability"] == pytest.approx(1.0) and found["weeks"] == 2
    assert found["stability"] == pytest.approx(0.89, abs=0.03)  # the item's reliability
    assert np.isnan(found["moment"])  # nobody met anybody


def test_a_week_with_contact_warms_by_the_momentary_feeling() -> None:
    """Contact falls on every other week of half of the people and warms them by .1 for that week."""
    world = make()
    people = world.people
    panel = AttitudePanel(weeks=8)
    world.observe(panel)
    chosen = np.flatnonzero(people.group == 0)[::2]
    people.attitude[:] = np.clip(people.attitude, -0.8, 0.8)
    panel.begin(world)
    for week in range(8):
        world.week.counts[:] = 0
        people.feeling[:] = 0
        if week % 2:
            world.week.counts[chosen, 0, 0], people.feeling[chosen] = 1, 0.1
        panel.look(world)
    spread = panel._answers[0].std() / 5
    found = panel.result()
    assert found["moment"] == pytest.approx(0.1 / spread, rel=1e-5) and found["moment_standard_error"] < 1e-6
