"""What weeks of constant experience lead to: closed forms of learning, forgetting, feelings and ties."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contactsim.encounters.arrays import CLOSE_HOUR
from contactsim.parameters import Psychology, Shock
from contactsim.residents import BELIEVES
from contactsim.world import World
from tests.statistical.deciding import ERRORS
from tests.worlds import (
    Doing,
    four_groups,
    make_parameters,
    make_place,
    make_world,
    ordinary_week,
    session,
)

#: Nothing but learning and drift moves attitudes.
PLAIN: dict[str, float] = {"norms": 0.0, "threat_attitude": 0.0, "threat_change": 0.0, "threat_district": 0.0,
                           "threat_baseline_attitude": 0.0, "belonging_childhood": 0.0,
                           "age_stability": 0.0, "extended": 0.0, "drift": 0.05, "forgetting": 0.05,
                           "anxiety_drift": 0.05, "threat_drift": 0.05, "belonging_decline": 0.05,
                           "engagement_decline": 0.05, "stigma_drift": 0.05, "stigma_anxiety": 0.0}
NO_SPREAD = {"wandering_spread": 0.0, "anxiety_spread": 0.0, "threat_spread": 0.0}
#: States are rounded to single precision each week.
SINGLE = 1e-5


class Constant(World):
    """A world in which each week everybody has the same experience with each other group."""

    good, bad, shared_activity, bonding = 0, 0, 0, 0

    def _appraise(self) -> None:
        super()._appraise()
        rows = np.flatnonzero(self.people.active)
        self.week.dose[rows] = self.good * (CLOSE_HOUR // 100), self.bad * (CLOSE_HOUR // 100)
        self.week.counts[rows, :, :2] = self.good > 0, self.bad > 0
        self.week.company[rows] = (self.good + self.bad) * (CLOSE_HOUR // 100)
        self.week.bonding[rows] = self.bonding
        self.week.shared_activity[rows] = self.week.community[rows] = self.shared_activity


def constant(good: int, bad: int, shared_activity: int = 0, place: Any = None, bonding: int = 0,
             **psychology: float) -> Constant:
    """``good`` and ``bad`` in hundredths of a close hour a week, ``shared_activity`` in those of an hour."""
    parameters = make_parameters({}, NO_SPREAD, {**PLAIN, **psychology})
    world = Constant(place or make_place([[8, 8]] * 6), parameters, 2, 1)
    world.good, world.bad, world.shared_activity, world.bonding = good, bad, shared_activity, bonding
    return world


def share(new: float) -> float:
    """How far new observations move a mean, by what they weigh against all that came before."""
    return new / (1 + new)


def meeting_point(rest: float, towards: float, gain: float, drift: float) -> float:
    """Where a week's move by ``gain`` towards one point and by ``drift`` back to rest cancel out."""
    return ((1 - drift) * gain * towards + drift * rest) / (1 - (1 - drift) * (1 - gain))


@pytest.mark.parametrize("good, bad", [(50, 0), (0, 50), (60, 20), (5, 5), (400, 300)])
@pytest.mark.parametrize("weight", [0.5, 1.5, 3.0])
def test_attitude_settles_where_learning_and_drift_balance(good: int, bad: int, weight: float) -> None:
    """With experience E = new (1 - f) / f, gain L = (g + w b) / (k + E + g + w b) and m = (g - w b) / (g + w b),
    attitude tends to ((1 - d) L m + d rest) / (1 - (1 - d) (1 - L))."""
    world = constant(good, bad, negative_weight=weight)
    p = world.parameters.psychology
    for _ in range(700):
        world.step()
    g, b = good / 100, bad / 100
    experience = (g + b) * (1 - p.forgetting) / p.forgetting
    gain = share((g + weight * b) / (p.prior_weight + experience))
    towards = (g - weight * b) / (g + weight * b)
    people = world.people
    for row in np.flatnonzero(people.active):
        expected = meeting_point(people.baseline_attitude[row], towards, gain, p.drift)
        assert people.attitude[row, 0] == pytest.approx(expected, abs=SINGLE)
        assert people.positive[row, 0] == pytest.approx(g * (1 - p.forgetting) / p.forgetting, rel=SINGLE)


def test_transfer_counts_experience_with_other_groups() -> None:
    """Four groups alike: each learns from 1 + 2 t times the experience with one."""
    world = constant(30, 10, place=four_groups(3, 60), transfer=0.4)
    p = world.parameters.psychology
    for _ in range(700):
        world.step()
    g, b = 0.30 * (1 + 2 * 0.4), 0.10 * (1 + 2 * 0.4)
    gain = share((g + p.negative_weight * b) / (p.prior_weight + (g + b) * (1 - p.forgetting) / p.forgetting))
    towards = (g - p.negative_weight * b) / (g + p.negative_weight * b)
    people = world.people
    for row in np.flatnonzero(people.active):
        expected = meeting_point(people.baseline_attitude[row], towards, gain, p.drift)
        np.testing.assert_allclose(people.attitude[row], expected, atol=SINGLE)


def test_feelings_settle_where_meetings_and_rest_balance() -> None:
    """Anxiety and threat tend to the balance of wb / (g + wb) and rest; belonging to that of 1 and rest."""
    world = constant(40, 20, shared_activity=150)
    p = world.parameters.psychology
    for _ in range(700):
        world.step()
    new = 0.4 + p.negative_weight * 0.2
    towards = p.negative_weight * 0.2 / new
    people, rows = world.people, np.flatnonzero(world.people.active)
    threat = meeting_point(p.threat_rest, towards, share(p.threat_learning * new), p.threat_drift)
    np.testing.assert_allclose(people.threat[rows], threat, atol=SINGLE)
    lift = share(p.belonging_gain * 1.5)
    belonging = meeting_point(p.belonging_rest, 1.0, lift, p.belonging_decline)
    np.testing.assert_allclose(people.belonging[rows], belonging, atol=SINGLE)
    for row in rows:
        rest = min(1.0, max(0.0, p.anxiety_rest - p.anxiety_baseline_attitude * people.baseline_attitude[row]))
        anxiety = meeting_point(rest, towards, share(p.anxiety_learning * new), p.anxiety_drift)
        assert people.anxiety[row] == pytest.approx(anxiety, abs=SINGLE)


@pytest.mark.parametrize("bad, bonding", [(0, 0), (30, 0), (0, 3), (30, 3)])
def test_engagement_and_stigma_settle_where_community_life_and_rest_balance(bad: int, bonding: int) -> None:
    """Engagement tends to the balance of 1 and rest; felt stigma to that of bad / (bad + bonding) and rest, with
    bonding the meetings with one's own in community life, each worth ``stigma_bonding``; anxiety rests higher
    with it."""
    world = constant(20, bad, shared_activity=250, bonding=bonding, stigma_anxiety=0.6)
    p = world.parameters.psychology
    for _ in range(700):
        world.step()
    people, rows = world.people, np.flatnonzero(world.people.active)
    engaged = meeting_point(p.engagement_rest, 1.0, share(p.engagement_gain * 2.5), p.engagement_decline)
    np.testing.assert_allclose(people.engagement[rows], engaged, atol=SINGLE)
    new = bad / 100 + p.stigma_bonding * bonding
    towards = bad / 100 / new if new else 0.0
    stigma = meeting_point(p.stigma_rest, towards, share(p.stigma_learning * new), p.stigma_drift)
    np.testing.assert_allclose(people.stigma[rows], stigma, atol=SINGLE)
    weighed = p.negative_weight * bad / 100
    gain = share(p.anxiety_learning * (0.2 + weighed))
    for row in rows:
        rest = (
            p.anxiety_rest
            - p.anxiety_baseline_attitude * people.baseline_attitude[row]
            + 0.6 * (stigma - p.stigma_rest)
        )
        expected = meeting_point(min(1.0, max(0.0, rest)), weighed / (0.2 + weighed), gain, p.anxiety_drift)
        assert people.anxiety[row] == pytest.approx(expected, abs=SINGLE)
    assert (people.civic[rows] == p.civic_rest).all()


def test_who_believes_a_rumour_feels_more_threatened() -> None:
    """Threat without meetings tends to rest plus ``rumour_threat``; who has not heard or knows better stays at rest."""
    world = constant(0, 0, rumour_threat=0.3)
    p, people = world.parameters.psychology, world.people
    people.rumour[:] = np.arange(len(people)) % 3
    for _ in range(700):
        world.step()
    rows = np.flatnonzero(people.active)
    expected = p.threat_rest + 0.3 * (people.rumour[rows] == BELIEVES)
    np.testing.assert_allclose(people.threat[rows], expected, atol=SINGLE)


def test_gain_falls_with_experience() -> None:
    """The same bad week moves an attitude by w b / (k + E + w b) of its way to -1: less, the more experience, be it
    good (buffering by positive contact) or bad (by extensive contact)."""
    steps = []
    for positive, negative in ((0.0, 0.0), (10.0, 0.0), (0.0, 10.0), (40.0, 10.0), (400.0, 0.0)):
        world = constant(0, 50, drift=0.0)
        p, people = world.parameters.psychology, world.people
        row = int(np.flatnonzero(people.active & (people.group == 0))[0])
        people.attitude[row, 0], people.positive[row, 0], people.negative[row, 0] = 0.4, positive, negative
        world.step()
        gain = share(p.negative_weight * 0.5 / (p.prior_weight + positive + negative))
        assert people.attitude[row, 0] == pytest.approx(0.4 - gain * 1.4, abs=1e-6)
        steps.append(0.4 - people.attitude[row, 0])
    assert steps[0] > steps[1] == pytest.approx(steps[2], abs=1e-7) and steps[1] > steps[3] > steps[4] > 0


def test_age_makes_attitudes_stable() -> None:
    """k grows by ``age_stability`` with each 20 years over 20."""
    world = constant(50, 0, drift=0.0, age_stability=0.7)
    p, people = world.parameters.psychology, world.people
    rows = np.flatnonzero(people.active & (people.group == 0))[:4]
    people.age[rows], people.attitude[rows, 0] = [15.0, 20.0, 40.0, 80.0], 0.0
    world.step()
    weights = p.prior_weight * np.array([1, 1, 1.7, 1 + 3 * 0.7])
    np.testing.assert_allclose(people.attitude[rows, 0], 0.5 / (weights + 0.5), atol=1e-6)


def test_experience_and_memory_fade_geometrically() -> None:
    world = constant(0, 0, recall=0.13)
    p, people = world.parameters.psychology, world.people
    people.positive[:], people.negative[:], people.recent_positive[:] = 7.0, 3.0, 2.0
    for _ in range(50):
        world.step()
    row = int(np.flatnonzero(people.active & (people.group == 0))[0])
    assert people.positive[row, 0] == pytest.approx(7 * (1 - p.forgetting) ** 50)
    assert people.negative[row, 0] == pytest.approx(3 * (1 - p.forgetting) ** 50)
    assert people.recent_positive[row, 0] == pytest.approx(2 * (1 - 0.13) ** 50)


def test_memory_of_recent_contact_tends_to_its_frequency_and_language_to_one() -> None:
    world = constant(100, 0, recall=0.2, language_gain=0.01)
    people = world.people
    people.language[:] = 0.3
    for _ in range(100):
        world.step()
    row = int(np.flatnonzero(people.active & (people.group == 0))[0])
    assert people.recent_positive[row, 0] == pytest.approx(1.0, abs=SINGLE)
    assert people.language[row] == pytest.approx(1 - 0.7 / 1.01**100, abs=SINGLE)  # one close hour a week


# --- the feeling of the moment

def felt(good: int, bad: int, weeks: int, **psychology: float) -> np.ndarray:
    """(weeks,) feeling of one resident at the end of each week of the same meetings."""
    world = constant(good, bad, **psychology)
    row = int(np.flatnonzero(world.people.active)[0])
    values = []
    for _ in range(weeks):
        world.step()
        values.append(float(world.people.feeling[row, 0]))
    return np.array(values)


def test_a_meeting_beyond_the_usual_moves_the_feeling_and_it_fades_by_half_lives() -> None:
    """A first good meeting: g (1/2) / (1 + g / 2); then, with nothing remembered, half of it a half-life later."""
    world = constant(100, 0, feeling_gain=0.4, feeling_half_life=2.0, recall=0.005)
    row = int(np.flatnonzero(world.people.active)[0])
    world.step()
    first = float(world.people.feeling[row, 0])
    assert first == pytest.approx(0.2 / 1.2, abs=1e-6)
    world.good = 0
    world.people.recent_positive[:] = 0.0
    for _ in range(4):
        world.step()
    assert world.people.feeling[row, 0] == pytest.approx(first / 4, abs=1e-6)


@pytest.mark.parametrize("good, bad, weight", [(100, 0, 1.0), (0, 50, 2.0), (50, 50, 1.5)])
def test_what_one_is_used_to_moves_no_feeling(good: int, bad: int, weight: float) -> None:
    """Weeks of the same meetings: at first the feeling follows their balance, and it dies away as they become usual."""
    values = felt(good, bad, 300, feeling_gain=0.3, recall=0.1, negative_weight=weight)
    balance = (good > 0) - weight * (bad > 0)
    assert np.sign(values[0]) == np.sign(balance) and abs(values[0]) > 0.05
    assert abs(values[-1]) < 1e-6


def test_a_change_for_the_worse_is_felt_by_those_used_to_better() -> None:
    """A week without a good meeting lowers the feeling of those who are used to one, and of nobody else."""
    world = constant(0, 0, feeling_gain=0.3)
    world.people.recent_positive[::2] = 1.0
    world.step()
    rows = np.flatnonzero(world.people.active)
    np.testing.assert_allclose(world.people.feeling[rows, 0], np.where(rows % 2, 0.0, -0.15 / 1.15), atol=1e-6)


# --- resting points

def test_the_wandering_part_keeps_its_spread_and_forgets_by_its_memory() -> None:
    """Correlation exp(-w / memory) over w weeks, and the same SD; some 4,000 people: one standard error is 1.5 %."""
    world = make_world(make_place([[900, 900]] * 3), make_parameters(
        {}, {"wandering_spread": 0.4}, {"wandering_memory": 60.0}))
    people = world.people
    rows = np.flatnonzero(people.active)
    start = people.wandering[rows].astype(float)
    for _ in range(53):
        world.step()
    now = people.wandering[rows].astype(float)  # moved on in weeks 0, 13, 26, 39 and 52
    for values in (start, now):
        assert abs(values.std() / 0.4 - 1) < ERRORS / np.sqrt(2 * rows.size)
        assert abs(values.mean()) < ERRORS * 0.4 / np.sqrt(rows.size)
    r = np.corrcoef(start, now)[0, 1]
    assert abs(r - np.exp(-65 / 60)) < ERRORS * (1 - r**2) / np.sqrt(rows.size)


@pytest.mark.parametrize("group, rise", [(0, 0.5), (1, 0.0)])
def test_threat_of_the_first_group_follows_the_district(group: int, rise: float) -> None:
    """Without meetings threat tends to rest plus ``threat_district`` times the others' share; half of each here."""
    world = constant(0, 0, threat_district=0.6, threat_attitude=0.0)
    p, people = world.parameters.psychology, world.people
    people.age[:] = 40.0
    for _ in range(700):
        world.step()
    rows = np.flatnonzero(people.active & (people.group == group))
    np.testing.assert_allclose(people.threat[rows], p.threat_rest + 0.6 * rise, atol=SINGLE)


@pytest.mark.parametrize("age", [6.0, 10.5, 40.0])
def test_belonging_of_children_declines_to_a_higher_level(age: float) -> None:
    world = constant(0, 0, belonging_childhood=0.4, belonging_decline=0.1)
    people, rows = world.people, np.flatnonzero(world.people.active)
    for _ in range(300):
        people.age[:] = age
        world.step()
    level = world.parameters.psychology.belonging_rest + 0.4 * min(1.0, max(0.0, (16 - age) / 11))
    np.testing.assert_allclose(people.belonging[rows], level, atol=SINGLE)


def test_everyday_activity_counts_for_belonging_by_its_share() -> None:
    """Two hours of which one is community life count 1 + ``belonging_everyday``."""
    world = constant(0, 0, belonging_everyday=0.25)
    p, people, rows = world.parameters.psychology, world.people, np.flatnonzero(world.people.active)
    people.belonging[:] = 0.5

    class Half(Constant):
        def _appraise(self) -> None:
            super()._appraise()
            self.week.shared_activity[rows], self.week.community[rows] = 200, 100

    world.__class__ = Half
    world.step()
    by = p.belonging_gain * 1.25
    expected = (0.5 + by) / (1 + by)
    expected += p.belonging_decline * (p.belonging_rest - expected)
    np.testing.assert_allclose(people.belonging[rows], expected, atol=1e-6)


def test_belonging_settles_faster_until_a_year_before_week_0() -> None:
    world = constant(0, 0, belonging_decline=0.01)
    people, row = world.people, int(np.flatnonzero(world.people.active)[0])
    steps = []
    for week in (-54, -53, -52, -1, 0):
        world.clock, people.belonging[row] = week, 0.9
        world.step()
        steps.append(0.9 - float(people.belonging[row]))
    rest = world.parameters.psychology.belonging_rest
    np.testing.assert_allclose(steps, [s * 0.01 * (0.9 - rest) for s in (8, 8, 1, 1, 1)], atol=1e-6)


def test_norms_pull_a_neighbourhood_together() -> None:
    """With nothing else, the spread of a group in a neighbourhood falls by 1 - n a week and its mean stays."""
    world = constant(0, 0, norms=0.1, drift=0.0)
    people = world.people
    people.age[:] = 30.0
    street = world.settings["street"].partitions["neighbourhood"].start
    rows = np.arange(street[0], street[1])
    rows = rows[people.active[rows] & (people.group[rows] == 0)]
    before = people.attitude[rows, 0].astype(float)
    for _ in range(10):
        world.step()
    now = people.attitude[rows, 0]
    assert now.mean(dtype=float) == pytest.approx(before.mean(), abs=1e-6)
    assert now.std(dtype=float) == pytest.approx(before.std() * 0.9**10, rel=1e-5)


# --- ranges

def extremes() -> st.SearchStrategy[Psychology]:
    """Psychologies of ends and middles of the allowed ranges."""
    fields = {}
    for name, field in Psychology.model_fields.items():
        low, high = (next(getattr(m, b) for m in field.metadata if hasattr(m, b)) for b in ("ge", "le"))
        fields[name] = st.sampled_from([low, high]) | st.floats(low, high)
    return st.builds(Psychology, **fields)


@settings(max_examples=40)
@given(extremes(), st.integers(0, 2**32), st.sampled_from([0.0, 0.6, 3.0]), st.sampled_from([0.0, 1.0]))
def test_no_state_ever_leaves_its_range(
    psychology: Psychology, seed: int, negative_exposure: float, closeness: float
) -> None:
    """Whatever the psychology: attitudes stay in [-1, 1], feelings, belonging and language in [0, 1], experience above
    0; with a rumour, norms that are spoken for, a shock, and a session that takes all the week's slots."""
    contexts = {name: event.model_copy(update={"closeness": closeness, "encounters_per_week": 3}) if k % 2 else event
                 for k, (name, event) in enumerate(ordinary_week().items())}
    world = make_world(
        four_groups(3, 60),
        make_parameters(
            contexts,
            psychology=psychology,
            residents={
                "negative_exposure_spread": negative_exposure,
                "baseline_attitude_spread": 1.0,
                "sociability_spread": 2.0,
                "wandering_spread": 1.0,
                "anxiety_spread": 1.0,
                "threat_spread": 1.0,
                "newcomers": 0.5,
            },
            scenario={
                "shocks": {
                    "it": Shock(week=1, target="B", dose=100 * negative_exposure, feeling=negative_exposure / 3,
                                anxiety=negative_exposure / 3, threat=closeness, stigma=negative_exposure / 3)
                }
            },
        ),
        seed,
    )
    world.people.rumour[:] = np.arange(len(world.people)) % 3
    world.areas.message_effect[:] = negative_exposure / 3
    often = session(np.flatnonzero(world.people.active)[::2], 9, encounters=20, closeness=closeness, common_goals=1.0,
                    cooperation=1.0, avoidability=0.5)
    world.actions = [Doing(lambda world: world.convene(often, None))]
    for _ in range(4):
        world.step()
    people, rows = world.people, np.flatnonzero(world.people.active)
    for name, low in (("attitude", -1), ("feeling", -1), ("anxiety", 0), ("threat", 0), ("belonging", 0),
                      ("language", 0), ("engagement", 0), ("stigma", 0), ("civic", 0)):
        column = people.column(name)[rows]
        assert low <= column.min() and column.max() <= 1, name
    for name in ("positive", "negative", "recent_positive", "recent_negative"):
        assert (people.column(name)[rows] >= 0).all() and np.isfinite(people.column(name)[rows]).all()
