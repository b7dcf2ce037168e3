"""Meetings against closed forms: how many across groups, how many are taken up, and what they are for each side."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from contactsim.draws import Decision
from contactsim.encounters.arrays import CLOSE_HOUR, DECLINED, NEGATIVE, NEUTRAL, POSITIVE
from contactsim.parameters import MixingGroups
from contactsim.settings.pairing import pairs
from contactsim.world import World
from tests.statistical.deciding import ERRORS, P_VALUE, errors_from, errors_of_share, p_of_counts, p_of_table
from tests.worlds import context, four_groups, make_parameters, make_place, make_world, two_groups

#: Fixed here, so that the samples below stay large enough whatever the defaults are.
PSYCHOLOGY = {
    "take_up_base": 0.5, "take_up_attitude": 1.0, "take_up_anxiety": 1.0, "take_up_sociability": 0.2,
    "take_up_language": 1.0, "positive_base": -0.7, "negative_base": -1.8, "appraisal": 1.6, "appraisal_own": 0.75,
    "appraisal_anxiety": 0.5, "negative_exposure_positive": 0.3, "conditions_positive": 1.0, "conditions_negative": 0.8,
    "mediator": 1.1, "unequal_status": 1.0, "inward_norms": 0.5, "common_identity": 0.6, "anxiety_rest": 0.35,
    "belonging_rest": 0.3, "threat_rest": 0.3, "appraisal_threat": 2.0, "presence_age": 0.0, "seeking": 0.0}


def grown_up(place: Any, event: Any, psychology: dict[str, float] | None = None, seed: int = 1) -> World:
    """A world of people of 30 with one contact context."""
    parameters = make_parameters({"it": event}, {"newcomers": 0.0}, {**PSYCHOLOGY, **(psychology or {})})
    world = make_world(place, parameters, seed)
    world.people.age[:] = 30.0
    return world


def alike(world: World, a: float, b: float, anxiety: float = 0.35, language: float = 1.0, sociability: float = 1.0,
          negative_exposure: float = 0.0, belonging: float = 0.3, status: tuple[float, float] = (0.5, 0.5),
          threat: float = 0.3, feeling: float = 0.0) -> None:
    """Make all residents alike but for their group: A likes B by ``a``, B likes A by ``b``."""
    people = world.people
    people.attitude[:, 0] = np.where(people.group == 0, a, b)
    people.anxiety[:], people.language[:], people.sociability[:] = anxiety, language, sociability
    people.negative_exposure[:], people.belonging[:], people.threat[:] = negative_exposure, belonging, threat
    people.feeling[:] = feeling
    people.status[:] = np.where(people.group == 0, *status)


# --- how many meet

@pytest.mark.parametrize("sociable", [False, True])
def test_meetings_between_groups_under_random_mixing(sociable: bool) -> None:
    """In a mixing group of S seats (S even) two people are a pair with chance 1 / (S - 1), S odd: 1 / S. Without a way
    to decline, g and h then meet sum of q_i q_j over i in g, j in h, divided by that, times a week, with q the chance
    to be there: the presence, times sociability (at most 1) where the contact context has it.

    80 weeks of four groups see 3 % (rare pairs) to 1 % off; a presence counted once instead of twice is 25 %.
    """
    weeks, presence = 80, 0.8
    world = grown_up(four_groups(24, 100), context(
        "street", "district", presence=presence, sociable=sociable, avoidability=0.0))
    people, mixing_groups = world.people, world.settings["street"].partitions["district"]
    q = presence * (np.minimum(1 / presence, people.sociability) if sociable else np.ones(len(people)))
    q[~people.active] = 0.0
    G = people.groups
    expected, wrong = np.zeros((G, G)), np.zeros((G, G))
    for first, end in zip(mixing_groups.start[:-1], mixing_groups.start[1:], strict=True):
        rows = np.arange(first, end)
        chance = 1 / (rows.size - 1 + rows.size % 2)
        there = np.array([q[rows[people.group[rows] == g]].sum() for g in range(G)])
        expected += np.outer(there, there) * chance
        wrong += np.outer(there, there) * chance / presence
        own = np.array([(q[rows[people.group[rows] == g]] ** 2).sum() for g in range(G)])
        expected[np.diag_indices(G)] -= own * chance
    met = np.zeros((weeks, G, G))
    for week in range(weeks):
        world.step()
        for g in range(G):
            mine = people.active & (people.group == g)
            across = world.week.counts[mine][:, :, :DECLINED].sum(axis=(0, 2))
            met[week, g] = np.insert(across, g, world.week.own_meetings[mine].sum())
    for g in range(G):
        for h in range(G):
            sd = met[:, g, h].std(ddof=1)
            assert errors_from(met[:, g, h].mean(), expected[g, h], sd, weeks) < ERRORS, (g, h)
    sd = met[:, 0, 1].std(ddof=1)
    assert errors_from(met[:, 0, 1].mean(), wrong[0, 1], sd, weeks) > ERRORS


def test_each_meeting_has_two_sides() -> None:
    world = grown_up(four_groups(), context("street", "district", encounters_per_week=3))
    world.step()
    people, counts = world.people, world.week.counts[world.people.active].astype(int)
    group = people.group[people.active]
    for what in ([DECLINED], [POSITIVE, NEGATIVE, NEUTRAL]):
        table = np.array([np.insert(counts[group == g][:, :, what].sum(axis=(0, 2)), g, 0) for g in range(4)])
        assert table.sum() > 100
        np.testing.assert_array_equal(table, table.T)
    own = world.week.own_meetings[people.active].astype(int)
    assert all(own[group == g].sum() % 2 == 0 for g in range(4)) and own.sum() > 100


# --- what is taken up

@pytest.mark.parametrize("a, b, anxiety, language, sociability, avoidability", [
    (0.0, 0.0, 0.35, 1.0, 1.0, 1.0), (0.5, -0.3, 0.35, 1.0, 1.0, 1.0), (-0.8, -0.8, 0.9, 1.0, 1.0, 1.0),
    (0.2, 0.2, 0.1, 0.3, 1.0, 0.6), (0.0, 0.4, 0.5, 0.8, 3.0, 0.3), (0.3, 0.3, 0.35, 1.0, 1.0, 0.0)])
def test_take_up_is_logistic(a: float, b: float, anxiety: float, language: float, sociability: float,
                             avoidability: float) -> None:
    """Declined with chance avoidability / (1 + odds), log odds = base + for each side: attitude, anxiety above rest,
    sociability above 1, missing language. About 8,000 meetings: one standard error is half a point."""
    world = grown_up(two_groups(48, 100), context(
        "street", "district", encounters_per_week=8, presence=1.0, sociable=False, avoidability=avoidability))
    alike(world, a, b, anxiety, language, sociability)
    p = world.parameters.psychology
    log_odds = p.take_up_base + p.take_up_attitude * (a + b) - 2 * p.take_up_anxiety * (anxiety - p.anxiety_rest)
    log_odds += 2 * p.take_up_sociability * (sociability - 1) - 2 * p.take_up_language * (1 - language)
    expected = avoidability / (1 + math.exp(log_odds))
    world.step()
    cross = world.week.counts[(world.people.group == 0) & world.people.active][:, 0]
    declined, all_of_them = int(cross[:, DECLINED].sum()), int(cross.sum())
    assert all_of_them > 7000
    if avoidability == 0:
        assert declined == 0
        return
    assert errors_of_share(declined, all_of_them, expected) < ERRORS
    one_side = avoidability / (1 + math.exp((log_odds + p.take_up_base) / 2))
    if abs(one_side - expected) > 0.05:
        assert errors_of_share(declined, all_of_them, one_side) > ERRORS  # the terms of one side only


# --- what they are

CASES: list[dict[str, Any]] = [
    {},
    {"a": 0.5, "b": -0.4},
    {"a": -0.6, "b": 0.3, "anxiety": 0.8, "negative_exposure": 0.7},
    {"a": 0.2, "b": 0.2, "belonging": 0.9, "status": (0.9, 0.2)},
    {"a": 0.1, "b": -0.1, "threat": 0.7, "feeling": 0.3},
]
EVENTS: list[dict[str, float]] = [
    {"equal_status": 0.5, "common_goals": 0.5, "cooperation": 0.5, "support": 0.5},
    {"equal_status": 0.1, "common_goals": 0.9, "cooperation": 0.6, "support": 0.8, "mediator": 0.5},
]


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("case", CASES)
def test_valence_is_multinomial_with_the_odds_of_the_rules(case: dict[str, Any], event: dict[str, float]) -> None:
    """Odds against neutral, with m = own share of one's own attitude and the rest of the partner's, c the conditions
    less one half, i the identity's, x the anxiety's and t the threat's term; feelings add to attitudes:

    positive exp(base + conditions c + appraisal m - x - negative_exposure_positive e + i),
    negative exp(base - conditions c - mediator - appraisal m + x + t + e - i - norms a) (1 + inequality gap).

    Pearson's test over about 8,000 meetings of each side sees a share that is 2 points off.
    """
    traits = {"a": 0.0, "b": 0.0, **case}
    world = grown_up(two_groups(48, 100), context(
        "street", "district", encounters_per_week=8, presence=1.0, sociable=False, avoidability=0.0, **event))
    alike(world, **traits)
    p = world.parameters.psychology
    world.step()
    fit = sum(event[name] for name in ("equal_status", "common_goals", "cooperation", "support")) / 4 - 0.5
    status = traits.get("status", (0.5, 0.5))
    unequal = 1 + p.unequal_status * (1 - event["equal_status"]) * abs(status[0] - status[1])
    anxious = p.appraisal_anxiety * (traits.get("anxiety", 0.35) - p.anxiety_rest)
    identity = p.common_identity * (traits.get("belonging", 0.3) - p.belonging_rest)
    negative_exposure = traits.get("negative_exposure", 0.0)
    for group, mine, theirs in ((0, traits["a"], traits["b"]), (1, traits["b"], traits["a"])):
        m = p.appraisal_own * mine + (1 - p.appraisal_own) * theirs + traits.get("feeling", 0.0)
        good = math.exp(p.positive_base + p.conditions_positive * fit + p.appraisal * m - anxious
                        - p.negative_exposure_positive * negative_exposure + identity)
        bad = unequal * math.exp(p.negative_base - p.conditions_negative * fit - p.mediator * event.get("mediator", 0.0)
                                 - p.appraisal * m + anxious + negative_exposure - identity - p.inward_norms * mine
                                 + p.appraisal_threat * (traits.get("threat", 0.3) - p.threat_rest))
        counts = world.week.counts[(world.people.group == group) & world.people.active][:, 0, :3].sum(axis=0)
        odds = np.array([good, bad, 1.0])
        assert p_of_counts(counts, odds / odds.sum()) > P_VALUE
        broken = np.array([good * 1.2, bad * 1.2, 1.0])
        assert p_of_counts(counts, broken / broken.sum()) < P_VALUE


def test_the_two_sides_of_a_meeting_are_drawn_apart() -> None:
    """Among people who are alike, what a meeting is for one says nothing about the other.

    2,000 meetings; sides that agreed in one of five would be seen."""
    world = grown_up(two_groups(96, 100), context("street", "district", presence=1.0, sociable=False, avoidability=0.0),
                     {"negative_base": -0.5})
    alike(world, 0.0, 0.0)
    setting = world.settings["street"]
    mixing_groups = setting.partitions["district"]
    met = pairs(mixing_groups.start, mixing_groups.keys, setting.occupant, world.base(Decision.PAIRING, "it", 0))
    group = world.people.group
    met = met[group[met[:, 0]] != group[met[:, 1]]]
    world.step()
    sides = [world.week.counts[met[:, s], 0].argmax(axis=1) for s in (0, 1)]
    table, shared = np.zeros((3, 3), np.int64), np.zeros((3, 3), np.int64)
    np.add.at(table, tuple(sides), 1)
    np.add.at(shared, (sides[0], np.where(np.arange(len(met)) % 5, sides[1], sides[0])), 1)  # one in five shared
    assert table.sum() > 1500
    assert p_of_table(table) > P_VALUE
    assert p_of_table(shared) < P_VALUE


# --- presence by age and liking

@pytest.mark.parametrize("age, often", [(10.0, 1.0), (20.0, 1.2), (52.5, 0.875), (80.0, 0.55)])
def test_presence_falls_with_age(age: float, often: float) -> None:
    """Everybody of one age: meetings are as many as (presence x often)^2 of all pairs. 40 weeks; 1 % off is seen."""
    world = grown_up(two_groups(24, 100), context("street", "district", encounters_per_week=4, presence=0.6),
                     {"presence_age": 1.0})
    alike(world, 0.0, 0.0)
    world.people.age[:] = age
    seats = np.diff(world.settings["street"].partitions["district"].start)
    n = np.add.reduceat(world.people.active, world.settings["street"].partitions["district"].start[:-1])
    pairs_met = (n * (n - 1) / (seats - 1 + seats % 2)).sum() * 4  # sides
    met = []
    for _ in range(40):
        world.people.age[:] = age
        world.step()
        met.append(int(world.week.own_meetings.sum()) + int(world.week.counts.sum()))
    met = np.array(met, float)
    assert errors_from(met.mean(), pairs_met * (0.6 * often) ** 2, met.std(ddof=1), 40) < ERRORS
    assert errors_from(met.mean(), pairs_met * (0.6 * often * 1.05) ** 2, met.std(ddof=1), 40) > ERRORS


@pytest.mark.parametrize("a, b", [(0.5, -0.5), (0.2, 0.6)])
def test_people_seek_those_whom_they_like(a: float, b: float) -> None:
    """In one district: presence is 0.5 (1 + seeking x liking x share of the other group), for each group."""
    event = context("street", "district", encounters_per_week=4, presence=0.5, avoidability=0.0)
    world = grown_up(make_place([[60, 30]] * 12, 12, 1), event, {"seeking": 1.2})
    people = world.people
    street = world.settings["street"].partitions["district"]
    assert len(street) == 1
    n = np.bincount(people.group[people.active])
    there = n * 0.5 * (1 + 1.2 * np.array([a, b]) * n[::-1] / n.sum())
    chance, weeks = 4 / (len(people) - 1 + len(people) % 2), 60
    across, own = [], []
    for _ in range(weeks):
        alike(world, a, b)
        world.step()
        across.append(int(world.week.counts[people.group == 0].sum()))
        own.append(int(world.week.own_meetings[people.group == 0].sum()))
    assert errors_from(np.mean(across), there[0] * there[1] * chance, np.std(across, ddof=1), weeks) < ERRORS
    assert errors_from(np.mean(own), there[0] ** 2 * (1 - 1 / n[0]) * chance, np.std(own, ddof=1), weeks) < ERRORS
    plain = n * 0.5
    assert errors_from(np.mean(own), plain[0] ** 2 * (1 - 1 / n[0]) * chance, np.std(own, ddof=1), weeks) > ERRORS


# --- what an hour is worth

@pytest.mark.parametrize("weeks", [0, 26, 200])
def test_doses_fall_with_hours_together(weeks: int) -> None:
    """Of close hours, the dose has the share 1 / (1 + H / tau), H = weeks together x hours x presence^2."""
    event = context("work", "small_group", encounters_per_week=2, hours=1.5, presence=0.9, sociable=False,
                    closeness=0.5, avoidability=0.0)
    parameters = make_parameters({"it": event}, psychology={"familiarity": 20.0})
    world = make_world(two_groups(), parameters)
    world.settings["work"].since[:] = -weeks
    world.step()
    dose, company = int(world.week.dose.sum()), int(world.week.company.sum())
    assert company > 100 * CLOSE_HOUR
    assert dose / company == pytest.approx(1 / (1 + weeks * 2 * 1.5 * 0.9**2 / 20.0), abs=0.5 / 7500)  # whole parts


def test_meetings_of_whole_firms_grow_familiar_more_slowly() -> None:
    """Hours with one of 39 colleagues against hours with one of 9 in the team; nobody grows familiar in public."""
    contexts = {"team": context("work", "small_group", encounters_per_week=1, hours=2.0, presence=1.0, sociable=False),
                "firm": context("work", "mixing_group", encounters_per_week=1, hours=1.0, presence=1.0, sociable=False),
                "shops": context("public", "mixing_group", presence=1.0)}
    work = MixingGroups(size=40, small_group=10, turnover=0.0)
    world = make_world(two_groups(24), make_parameters(contexts, psychology={"familiarity": 20.0}, work=work))
    pace = {one.setting.name: one.slots.table["familiar"].tolist() for one in world.setting_weeks}
    assert pace["work"] == pytest.approx([2 / 20, 2 / 20 * (1.0 / 39) / (2.0 / 9)], rel=1e-12)
    assert pace["public"] == [0.0]
