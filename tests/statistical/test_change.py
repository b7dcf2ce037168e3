"""What weeks of constant experience lead to: closed forms of learning, forgetting, feelings and ties."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contactsim.encounters.arrays import BONDING
from contactsim.parameters import Psychology, Shock
from contactsim.residents import BELIEVES
from contactsim.world import World
from tests.statistical.deciding import ERRORS, errors_of_share
from tests.worlds import (
    Doing,
    context,
    four_groups,
    make_parameters,
    make_place,
    make_world,
    ordinary_week,
    session,
    two_groups,
)

#: Nothing but learning and drift moves attitudes.
PLAIN: dict[str, float] = {"norms": 0.0, "threat_attitude": 0.0, "threat_change": 0.0, "threat_level": 0.0,
                           "age_stability": 0.0, "extended": 0.0, "drift": 0.05, "forgetting": 0.05,
                           "anxiety_drift": 0.05, "threat_drift": 0.05, "belonging_decline": 0.05,
                           "engagement_decline": 0.05, "stigma_drift": 0.05, "stigma_anxiety": 0.0}


class Constant(World):
    """A world in which each week everybody has the same experience with each other group."""

    good, bad, shared_activity, bonding = 0, 0, 0, 0

    def _appraise(self) -> None:
        super()._appraise()
        rows = np.flatnonzero(self.people.active)
        for g in range(self.people.groups):
            mine = rows[self.people.group[rows] != g]
            self.week.dose[mine, g] = self.good, self.bad
            self.week.counts[mine, g, :2] = self.good > 0, self.bad > 0
            self.week.counts[rows[self.people.group[rows] == g], g, BONDING] = self.bonding
        self.week.shared_activity[rows] = self.week.community[rows] = self.shared_activity


def constant(good: int, bad: int, shared_activity: int = 0, place: Any = None, bonding: int = 0,
             **psychology: float) -> Constant:
    """``good`` and ``bad`` in hundredths of a close meeting a week, ``shared_activity`` in those of an activity."""
    world = Constant(place or make_place([[8, 8]] * 6), make_parameters({}, psychology={**PLAIN, **psychology}), 2, 1)
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
        assert people.attitude[row, 1 - people.group[row]] == pytest.approx(expected, abs=1e-9)
        assert people.positive[row, 1 - people.group[row]] == pytest.approx(g * (1 - p.forgetting) / p.forgetting)


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
        others = np.delete(people.attitude[row], people.group[row])
        np.testing.assert_allclose(others, expected, atol=1e-9)
    assert (people.attitude[np.arange(len(people)), people.group] == 0).all()


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
    np.testing.assert_allclose(people.threat[rows], threat, atol=1e-9)
    lift = share(p.belonging_gain * 1.5)
    belonging = meeting_point(p.belonging_rest, 1.0, lift, p.belonging_decline)
    np.testing.assert_allclose(people.belonging[rows], belonging, atol=1e-9)
    for row in rows:
        rest = min(1.0, max(0.0, p.anxiety_rest - p.anxiety_baseline_attitude * people.baseline_attitude[row]))
        anxiety = meeting_point(rest, towards, share(p.anxiety_learning * new), p.anxiety_drift)
        assert people.anxiety[row] == pytest.approx(anxiety, abs=1e-9)


@pytest.mark.parametrize("bad, bonding", [(0, 0), (30, 0), (0, 3), (30, 3)])
def test_engagement_and_stigma_settle_where_community_life_and_rest_balance(bad: int, bonding: int) -> None:
    """Engagement tends to the balance of 1 and rest; felt stigma to that of bad / (bad + bonding) and rest, with
    bonding the meetings with one's own in community life, each worth ``stigma_bonding``; anxiety rests higher
    with it. Single precision: to 1e-5."""
    world = constant(20, bad, shared_activity=250, bonding=bonding, stigma_anxiety=0.6)
    p = world.parameters.psychology
    for _ in range(700):
        world.step()
    people, rows = world.people, np.flatnonzero(world.people.active)
    engaged = meeting_point(p.engagement_rest, 1.0, share(p.engagement_gain * 2.5), p.engagement_decline)
    np.testing.assert_allclose(people.engagement[rows], engaged, atol=1e-5)
    new = bad / 100 + p.stigma_bonding * bonding
    towards = bad / 100 / new if new else 0.0
    stigma = meeting_point(p.stigma_rest, towards, share(p.stigma_learning * new), p.stigma_drift)
    np.testing.assert_allclose(people.stigma[rows], stigma, atol=1e-5)
    weighed = p.negative_weight * bad / 100
    gain = share(p.anxiety_learning * (0.2 + weighed))
    for row in rows:
        rest = (
            p.anxiety_rest
            - p.anxiety_baseline_attitude * people.baseline_attitude[row]
            + 0.6 * (stigma - p.stigma_rest)
        )
        expected = meeting_point(min(1.0, max(0.0, rest)), weighed / (0.2 + weighed), gain, p.anxiety_drift)
        assert people.anxiety[row] == pytest.approx(expected, abs=1e-5)
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
    np.testing.assert_allclose(people.threat[rows], expected, atol=1e-9)


def test_gain_falls_with_experience() -> None:
    """The same bad week moves an attitude by w b / (k + E + w b) of its way to -1: less, the more experience, be it
    good (buffering by positive contact) or bad (by extensive contact)."""
    steps = []
    for positive, negative in ((0.0, 0.0), (10.0, 0.0), (0.0, 10.0), (40.0, 10.0), (400.0, 0.0)):
        world = constant(0, 50, drift=0.0)
        p, people = world.parameters.psychology, world.people
        row = int(np.flatnonzero(people.active & (people.group == 0))[0])
        people.attitude[row, 1], people.positive[row, 1], people.negative[row, 1] = 0.4, positive, negative
        world.step()
        gain = share(p.negative_weight * 0.5 / (p.prior_weight + positive + negative))
        assert people.attitude[row, 1] == pytest.approx(0.4 - gain * 1.4, abs=1e-12)
        steps.append(0.4 - people.attitude[row, 1])
    assert steps[0] > steps[1] == steps[2] > steps[3] > steps[4] > 0


def test_age_makes_attitudes_stable() -> None:
    """k grows by ``age_stability`` with each 20 years over 20."""
    world = constant(50, 0, drift=0.0, age_stability=0.7)
    p, people = world.parameters.psychology, world.people
    rows = np.flatnonzero(people.active & (people.group == 0))[:4]
    people.age[rows], people.attitude[rows, 1] = [15.0, 20.0, 40.0, 80.0], 0.0
    world.step()
    weights = p.prior_weight * np.array([1, 1, 1.7, 1 + 3 * 0.7])
    np.testing.assert_allclose(people.attitude[rows, 1], 0.5 / (weights + 0.5), atol=1e-12)


def test_experience_and_memory_fade_geometrically() -> None:
    world = constant(0, 0, recall=0.13)
    p, people = world.parameters.psychology, world.people
    people.positive[:], people.negative[:], people.recent_positive[:] = 7.0, 3.0, 2.0
    for _ in range(50):
        world.step()
    row = int(np.flatnonzero(people.active & (people.group == 0))[0])
    assert people.positive[row, 1] == pytest.approx(7 * (1 - p.forgetting) ** 50)
    assert people.negative[row, 1] == pytest.approx(3 * (1 - p.forgetting) ** 50)
    assert people.recent_positive[row, 1] == pytest.approx(2 * (1 - 0.13) ** 50)


def test_memory_of_recent_contact_tends_to_its_frequency_and_language_to_one() -> None:
    world = constant(100, 0, recall=0.2, language_gain=0.01)
    people = world.people
    people.language[:] = 0.3
    for _ in range(100):
        world.step()
    row = int(np.flatnonzero(people.active & (people.group == 0))[0])
    assert people.recent_positive[row, 1] == pytest.approx(1.0, abs=1e-9)
    assert people.language[row] == pytest.approx(1 - 0.7 / 1.01**100)


def test_norms_pull_a_neighbourhood_together() -> None:
    """With nothing else, the spread of a group in a neighbourhood falls by 1 - n a week and its mean stays."""
    world = constant(0, 0, norms=0.1, drift=0.0)
    people = world.people
    people.age[:] = 30.0
    street = world.settings["street"].partitions["neighbourhood"].start
    rows = np.arange(street[0], street[1])
    rows = rows[people.active[rows] & (people.group[rows] == 0)]
    before = people.attitude[rows, 1].copy()
    for _ in range(10):
        world.step()
    now = people.attitude[rows, 1]
    assert now.mean() == pytest.approx(before.mean()) and now.std() == pytest.approx(before.std() * 0.9**10)


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
    contexts = {name: event.model_copy(update={"closeness": closeness, "encounters_per_week": 4}) if k % 2 else event
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
                "newcomers": 0.5,
            },
            scenario={
                "shocks": {
                    "it": Shock(week=1, target="B", attitude=negative_exposure / 3, stigma=negative_exposure / 3)
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
    for name, low in (("attitude", -1), ("anxiety", 0), ("threat", 0), ("belonging", 0), ("language", 0),
                      ("engagement", 0), ("stigma", 0), ("civic", 0)):
        column = people.column(name)[rows]
        assert low <= column.min() and column.max() <= 1, name
    for name in ("positive", "negative", "recent_positive", "recent_negative"):
        assert (people.column(name)[rows] >= 0).all() and np.isfinite(people.column(name)[rows]).all()


# --- ties

def tied(world: World, pairs: list[tuple[int, int]]) -> None:
    """Tie these rows, each in the first free place."""
    people = world.people
    for a, b in pairs:
        for one, other in ((a, b), (b, a)):
            people.ties[one, int(np.argmax(people.ties[one] < 0))] = other
            people.friend_groups[one] |= 1 << int(people.group[other])


@pytest.mark.parametrize("shared", [False, True])
def test_ties_fade_by_their_hazard(shared: bool) -> None:
    """Of n ties (1 - hazard)^weeks are left, in a shared small group by another hazard than elsewhere."""
    weeks, hazards = 20, {False: 0.04, True: 0.015}
    world = make_world(two_groups(24, 200), make_parameters(
        {}, psychology={"tie_fade": hazards[False], "tie_fade_shared": hazards[True]}))
    small_group = world.small_groups
    rows = np.flatnonzero(world.people.active)
    pairs = []
    for a, b in zip(rows[0::2].tolist(), rows[1::2].tolist(), strict=False):
        if not shared:
            b = rows[(np.searchsorted(rows, b) + 1000) % rows.size // 2 * 2 + 1].item()
        if bool(((small_group[a] == small_group[b]) & (small_group[a] >= 0)).any()) == shared:
            pairs.append((a, b))
    tied(world, pairs)
    for _ in range(weeks):
        world.step()
    left = int((world.people.ties >= 0).sum()) // 2
    assert len(pairs) > 1000
    assert errors_of_share(left, len(pairs), (1 - hazards[shared]) ** weeks) < ERRORS
    assert errors_of_share(left, len(pairs), (1 - hazards[not shared]) ** weeks) > ERRORS


@pytest.mark.parametrize("chance", [0.1, 0.6])
def test_ties_form_by_their_chance(chance: float) -> None:
    """In small groups of two seats the same two meet each week; own-group meetings are positive, so a tie forms with
    the given chance."""
    world = make_world(two_groups(48, 200), make_parameters(
        {"it": context("street", "small_group", presence=1.0, sociable=False)},
        psychology={"tie_own": chance}, neighbours=2))
    people, start = world.people, world.settings["street"].partitions["small_group"].start
    people.age[:] = 30.0
    first = start[:-1][np.diff(start) == 2]
    alike = people.active[first] & people.active[first + 1] & (people.group[first] == people.group[first + 1])
    world.step()
    assert alike.sum() > 2000
    formed = (people.ties[first[alike], 0] == first[alike] + 1) & (people.ties[first[alike] + 1, 0] == first[alike])
    assert errors_of_share(int(formed.sum()), int(alike.sum()), chance) < ERRORS
    assert (people.ties[first[alike], 0] >= 0).sum() == formed.sum()


def test_meeting_again_keeps_a_tie_even_where_all_places_are_taken() -> None:
    """Where every tie fades at once, those with a mutual candidate are left, and all other ties go."""
    world = make_world(two_groups(24, 200), make_parameters(
        {"it": context("street", "small_group", presence=1.0, sociable=False)},
        psychology={"tie_own": 0.9, "tie_fade": 1.0, "tie_fade_shared": 1.0}, neighbours=2))
    people, start = world.people, world.settings["street"].partitions["small_group"].start
    first = start[:-1][np.diff(start) == 2]
    both = first[people.active[first] & people.active[first + 1]]
    rows = np.stack([both, both + 1], axis=1).ravel()[:both.size // 2 * 4]
    rings = [(rows, np.roll(rows, shift)) for shift in (50, 60, 70)]
    half = rows.size // 2
    for ones, others in [(rows[::2], rows[1::2]), (rows[:half], rows[half:]), *rings]:
        tied(world, list(zip(ones.tolist(), others.tolist(), strict=True)))
    assert (people.ties[rows] >= 0).all()
    world.step()
    candidate = world.week.candidate[rows]
    mutual = (candidate >= 0) & (world.week.candidate[candidate] == rows)
    assert mutual.sum() > 1000 and (~mutual).sum() > 300
    np.testing.assert_array_equal(people.ties[rows, 0], np.where(mutual, candidate, -1))
    assert (people.ties[rows, 1:] == -1).all()
