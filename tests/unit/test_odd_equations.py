"""The equations of meetings, learning and ties in docs/odd.md give what the kernels give."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from contactsim.draws import Decision, present_draws
from contactsim.encounters.arrays import (
    CLOSE_HOUR,
    HOUR,
    NEGATIVE,
    PARTNER_EFFECT,
    PLEASANT,
    POSITIVE,
    TAKE_UP,
    UNPLEASANT,
    terms,
)
from contactsim.encounters.schedule import familiarity
from contactsim.residents import BELIEVES, MEETING_AGE, liking
from contactsim.world import World
from tests.odd import BY_GROUP, EXACT, NEAR, area_of, equations, functions, scope, some, state_of
from tests.worlds import context, four_groups, make_parameters, make_world, odd_psychology, two_groups


@pytest.fixture(scope="module", params=[1, 2])
def simulated(request: pytest.FixtureRequest) -> tuple[World, dict[str, Any]]:
    """A world with other than default parameters after eight weeks, and its state before the last."""
    parameters = make_parameters(psychology=odd_psychology(request.param), residents={"newcomers": 0.5})
    world = make_world(four_groups(18), parameters, seed=5)
    for _ in range(7):
        world.step()
    world.people.rumour[::2] = BELIEVES
    before = state_of(world)
    world.step()
    return world, before


def test_appraisal(simulated: tuple[World, dict[str, Any]]) -> None:
    world, before = simulated
    code = equations("3.5.2")
    for i in some(world):
        names = scope(world, before, i)
        for k, h in enumerate(names["others"]):
            names["h"] = h
            exec(code, names)
            for letter, c in (("T", TAKE_UP), ("P", PLEASANT), ("N", UNPLEASANT), ("L", PARTNER_EFFECT)):
                assert names[letter][i, h] == pytest.approx(world.week.odds_factor[i, k, c], **NEAR)


def test_composition_of_districts(simulated: tuple[World, dict[str, Any]]) -> None:
    """``district_share`` is the share among all of the district who are old enough and have arrived."""
    world, before = simulated
    people, start = world.people, world.settings["street"].partitions["district"].start
    here = people.active & (before["age"] >= MEETING_AGE) & ~(before_arrival(world) < 0)
    assert len(start) > 2
    for first, end in itertools.pairwise(start):
        rows = np.arange(first, end)[here[first:end]]
        shares = np.bincount(people.group[rows], minlength=people.groups) / rows.size
        np.testing.assert_allclose(world.areas.district[area_of(world, int(first))], shares, rtol=1e-12)


def before_arrival(world: World) -> np.ndarray:
    """Years since arrival before the last week."""
    return np.asarray(world.people.arrived - 1 / 52)


def test_presence() -> None:
    """Who is present by the equations, and nobody else, meets in a small group of two."""
    it = context("street", "small_group", presence=0.6)
    world = make_world(two_groups(24, 200), make_parameters({"it": it}, neighbours=2, psychology={"seeking": 1.3}))
    people, street = world.people, world.settings["street"]
    people.feeling[:] = 0.3
    before, count, base = state_of(world), here(world), world.base(Decision.PRESENCE, "it", 0)
    now = liking(people).astype(np.float32)
    pair, district = street.partitions["small_group"].start, street.partitions["district"].start
    world.step()
    drawn, met, code = present_draws(base, people.uid), world.week.own_meetings.copy(), equations("3.5.3")
    met += world.week.counts.sum(axis=(1, 2)).astype(met.dtype)
    chance = {}
    for i in np.flatnonzero(count):
        d = int(np.searchsorted(district, i, side="right")) - 1
        rows = np.arange(district[d], district[d + 1])[count[district[d]:district[d + 1]]]
        names = scope(world, before, int(i)) | {"presence": it.presence, "all_members": rows.size}
        names["members"] = np.bincount(people.group[rows], minlength=2)
        names["liking"] = {(i, h): float(now[i, 0]) for h in names["others"]}
        exec(code, names)
        chance[int(i)] = names["chance"]
    pairs = [(int(a), int(a) + 1) for a, n in zip(pair[:-1], np.diff(pair), strict=True) if n == 2]
    pairs = [(a, b) for a, b in pairs if a in chance and b in chance]
    present = np.array([drawn[a] < chance[a] and drawn[b] < chance[b] for a, b in pairs])
    assert len(pairs) > 500 and 0.2 < present.mean() < 0.8
    np.testing.assert_array_equal(present, [met[a] > 0 for a, _ in pairs])
    assert max(chance.values()) / min(chance.values()) > 3


def here(world: World) -> np.ndarray:
    """(N,) whether somebody meets people."""
    people = world.people
    return people.active & (people.age >= MEETING_AGE) & ~(people.arrived < 0)


def test_take_up_and_valence(simulated: tuple[World, dict[str, Any]]) -> None:
    world, _ = simulated
    p = world.parameters.psychology
    for event in world.parameters.settings.contact_contexts.values():
        t = terms(event, p)
        names = functions() | p.model_dump() | event.model_dump()
        names |= {"psychology": p, "contact_context": event, "i": 0, "j": 1, "g": 0, "h": 1,
                  "status": {0: 0.8, 1: 0.3}, "P": {(0, 1): 1.7}, "N": {(0, 1): 0.6}, "L": {(1, 0): 1.3},
                  "T": {(0, 1): 1.4, (1, 0): 0.5}, "w": 0.5}
        exec(equations("3.5.4"), names)
        assert names["declines"] == pytest.approx(t.avoidability / (1 + t.take_up * 1.4 * 0.5), **EXACT)
        exec(equations("3.5.5", 0), names)
        bad = t.negative * (1.0 + t.inequality * 0.5)
        assert names["good"] == pytest.approx(t.positive * 1.7 * 1.3, **EXACT)
        assert names["bad"] == pytest.approx(bad * 0.6 / 1.3, **EXACT)
        exec(equations("3.5.5", 1), names)
        assert names["company"] == pytest.approx(t.dose / CLOSE_HOUR, abs=0.5 / CLOSE_HOUR)
        assert names["D"] == pytest.approx(names["company"] / 2, **EXACT)


@pytest.mark.parametrize("name", ["neighbours", "classmates", "schoolyard", "team", "workplace", "club", "hall",
                                  "street", "town", "shops"])
def test_familiarity_of_contact_contexts(simulated: tuple[World, dict[str, Any]], name: str) -> None:
    world, _ = simulated
    contexts, p = world.parameters.settings.contact_contexts, world.parameters.psychology
    pace, event = familiarity(contexts, name, world.settings, p), contexts[name]
    partitions = world.settings[event.setting].partitions
    at = {scale: [c for c in contexts.values() if c.setting == event.setting and c.scale == scale]
          for scale in ("small_group", "mixing_group")}
    if event.scale not in at or not at["small_group"]:
        assert pace == 0.0
        return
    names = functions() | p.model_dump() | {
        "contexts_of_small_groups": at["small_group"], "contexts_of_mixing_groups": at["mixing_group"],
        "in_whole_mixing_group": event.scale == "mixing_group", "weeks_together": 37, "others_in_small_group": 1.0,
        "others_in_mixing_group": 1.0}
    names |= {f"others_in_{scale}": np.mean(np.diff(partitions[scale].start)) - 1
              for scale in at if scale in partitions}
    exec(equations("3.5.5", 2), names)
    assert names["w"] == pytest.approx(1 / (1 + pace * 37), **EXACT)
    assert names["w"] < 1


def test_doses_of_people_who_have_been_together() -> None:
    """Everybody meets in teams alone; two have been together since the later one came."""
    event = context("work", "small_group", hours=2.0, presence=1.0, sociable=False, closeness=0.5, avoidability=0.0)
    world = make_world(two_groups(), make_parameters({"it": event}, psychology={"negative_base": -30.0,
                                                                                "positive_base": 4.0}))
    setting = world.settings["work"]
    setting.since[:] = -(np.arange(setting.since.size) % 7) * 10
    since = {int(row): int(setting.since[seat]) for seat, row in enumerate(setting.occupant) if row >= 0}
    teams = np.where(setting.seat >= 0, setting.group_of("small_group", setting.seat), -1)
    world.step()
    p, people, found = world.parameters.psychology, world.people, 0
    for i in np.flatnonzero(world.week.dose[:, 0, POSITIVE]).tolist():
        mates = [j for j in np.flatnonzero(teams == teams[i]).tolist() if people.group[j] != people.group[i]]
        possible = []
        for j in mates:
            names = functions() | p.model_dump() | event.model_dump() | {
                "contexts_of_small_groups": [event], "contexts_of_mixing_groups": [], "in_whole_mixing_group": False,
                "weeks_together": min(-since[i], -since[j]), "others_in_small_group": 9.0,
                "others_in_mixing_group": 39.0}
            exec(equations("3.5.5", 2), names)
            exec(equations("3.5.5", 1), names)
            possible.append(math.floor(names["D"] * CLOSE_HOUR + 0.5))
        assert int(world.week.dose[i, 0, POSITIVE]) in possible
        found += len(set(possible)) > 1
    assert found > 50


def test_change_of_attitude_and_feeling(simulated: tuple[World, dict[str, Any]]) -> None:
    world, before = simulated
    code, people, learned, felt = equations("3.5.6"), world.people, 0, 0
    for i in some(world):
        names = scope(world, before, i)
        meetings = {h: world.week.counts[i, k] for k, h in enumerate(names["others"])}
        dose = {h: world.week.dose[i, k] / CLOSE_HOUR for k, h in enumerate(names["others"])}
        names |= {"D_pos": {h: d[POSITIVE] for h, d in dose.items()},
                  "D_neg": {h: d[NEGATIVE] for h, d in dose.items()}}
        names |= {"meetings_pos": {h: int(c[POSITIVE]) for h, c in meetings.items()},
                  "meetings_neg": {h: int(c[NEGATIVE]) for h, c in meetings.items()},
                  "public_met": 0, "public_pos": 0, "public_neg": 0}
        public = names["public_contact"][i], names["public_balance"][i]
        for k, h in enumerate(names["others"]):
            known = before["extended"][i] >> h & 1
            names |= {"h": h, "rest_of_groups": [f for f in names["others"] if f != h]}
            names |= {"has_friend_with_friend": {h: float(known)}}
            names["public_contact"][i], names["public_balance"][i] = public
            exec(code, names)
            learned += sum(dose[h]) > 0 and bool(known)
            felt += abs(names["d"]) > 0.01
            for column in BY_GROUP:
                assert names[column][i, h] == pytest.approx(people.column(column)[i, k], **NEAR), column
    assert learned > 10 and felt > 50


def test_memory_of_public_life() -> None:
    """With street and public alone, all encounters of the week are out and about."""
    world = make_world(two_groups(), make_parameters({
        "street": context("street", "neighbourhood", encounters_per_week=3, presence=0.9),
        "shops": context("public", "mixing_group", encounters_per_week=3, presence=0.9)}))
    for _ in range(3):
        world.step()
    before = state_of(world)
    world.step()
    code, people, changed = equations("3.5.6", 3), world.people, 0
    for i in some(world):
        counts = world.week.counts[i, 0].astype(int)
        names = scope(world, before, i) | {"public_met": counts.sum(), "public_pos": counts[POSITIVE],
                                           "public_neg": counts[NEGATIVE]}
        exec(code, names)
        changed += counts[POSITIVE] != counts[NEGATIVE]
        for column in ("public_contact", "public_balance"):
            assert names[column][i] == pytest.approx(people.column(column)[i], rel=1e-6, abs=1e-6), column
    assert changed > 50


def test_change_of_anxiety_threat_belonging_and_language(simulated: tuple[World, dict[str, Any]]) -> None:
    world, before = simulated
    code, people, learned = equations("3.5.7"), world.people, np.zeros(4, int)
    world.people.age[:], age = before["age"], world.people.age.copy()
    try:
        for i in some(world):
            names = scope(world, before, i)
            doses = world.week.dose[i].sum(axis=0) / CLOSE_HOUR
            bonding, community = int(world.week.bonding[i]), world.week.community[i] / HOUR
            names |= {"S_pos": doses[POSITIVE], "S_neg": doses[NEGATIVE], "bonding": bonding, "community": community,
                      "contact_hours": world.week.company[i] / CLOSE_HOUR,
                      "shared_activity": world.week.shared_activity[i] / HOUR,
                      "believes": float(people.rumour[i] == BELIEVES)}
            exec(code, names)
            learned += np.array([doses[POSITIVE] > 0, doses[NEGATIVE] > 0, bonding > 0, community > 0])
            for column in ("anxiety", "threat", "belonging", "engagement", "stigma", "language"):
                assert names[column][i] == pytest.approx(people.column(column)[i], **NEAR), column
            past = world.areas.past[area_of(world, i)]
            assert names["past"][names["g"]] == pytest.approx(past[names["g"]], **EXACT)
    finally:
        people.age[:] = age
    assert learned.min() > 10


def test_chances_of_ties(simulated: tuple[World, dict[str, Any]]) -> None:
    world, _ = simulated
    p = world.parameters.psychology
    for event in world.parameters.settings.contact_contexts.values():
        t = terms(event, p)
        names = functions() | p.model_dump() | event.model_dump() | {"i": 0, "j": 1}
        for friends in ((0, 0), (1, 0), (1, 1)):
            names |= {"has_friend_there": friends, "friends": (3, 7)}
            exec(equations("3.5.8"), names)
            if event.setting != "public":
                room = (1 - 3 / p.tie_limit) * (1 - 7 / p.tie_limit)
                assert names["tie_across"] == pytest.approx(t.tie_cross * room * p.tie_further ** sum(friends), **EXACT)
                assert names["tie_within"] == pytest.approx(t.tie_own * room, **EXACT)
            else:
                assert t.tie_cross == t.tie_own == 0.0
        assert 0 < names["fades"] == pytest.approx(1 - (1 - p.tie_fade) ** 4)
