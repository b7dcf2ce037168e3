"""Paired runs: one resident's trait differs; whom can that reach, week by week, and is all else the same?

Whom a week reaches is computed from the rules, given in whom the two worlds differ at its start. Somebody whose
attitudes differ moves the norm that their own group feels in the neighbourhood, appraises encounters otherwise, and is
known otherwise to friends. Whoever meets one of these in a cross-group meeting, or is their friend, is reached;
and so is whoever may have a tie to such a person from a small group. Who meets whom is read from ``pairs``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from contactsim.draws import Decision, present_draws
from contactsim.settings.pairing import pairs
from contactsim.world import World
from tests.worlds import columns_of, make_parameters, make_world, ordinary_week, same_bits, two_groups

WEEKS = 10
Rows = NDArray[np.bool_]


def town(weeks: int = 12) -> World:
    """A connected town with ties; week 0 comes after some weeks of life.

    People learn fast and follow norms, or else the smallest differences would hardly ever turn a meeting.
    """
    world = make_world(two_groups(60, 100), make_parameters(ordinary_week(), psychology={
        "norms": 0.5, "prior_weight": 1.0, "forgetting": 0.2, "appraisal": 5.0, "take_up_attitude": 5.0,
        "unequal_status": 5.0, "seeking": 2.0, "threat_district": 0.5}))
    for _ in range(weeks):
        world.step()
    return world


def meetings(world: World, scales: tuple[str, ...] | None = None) -> NDArray[np.int32]:
    """All pairs of this week who are both there, over all contact contexts and slots (of these scales)."""
    people, found = world.people, []
    grown = (people.age >= 5) & ~(people.arrived < 0)
    for name, event in world.parameters.settings.contact_contexts.items():
        if event.setting == "ties" or (scales and event.scale not in scales):
            continue
        setting = world.settings[event.setting]
        mixing_groups = setting.partitions[event.scale]
        for slot in range(event.encounters_per_week):
            base = world.base(Decision.PAIRING, name, slot)
            pair = pairs(mixing_groups.start, mixing_groups.keys, setting.occupant, base)
            chance = event.presence * (leisure(world, event.setting) if event.sociable else 1.0)
            there = grown & (present_draws(world.base(Decision.PRESENCE, name, slot), people.uid) < chance)
            found.append(pair[there[pair].all(axis=1)])
    return np.concatenate(found)


def leisure(world: World, name: str) -> NDArray[np.float64]:
    """How often people come to a setting: by sociability, age, and how much they like those who are there."""
    people, psychology, setting = world.people, world.parameters.psychology, world.settings[name]
    grown = people.active & (people.age >= 5) & ~(people.arrived < 0)
    older = np.clip((people.age - 30.0) / 45.0, 0.0, 1.0)
    often = people.sociability * np.where(people.age < 16, 1.0, 1 + psychology.presence_age * (0.2 - 0.65 * older))
    start = min(setting.partitions.values(), key=len).start
    seat = setting.seat
    of = np.searchsorted(start, seat, side="right") - 1
    liking = np.clip(people.attitude[:, 0].astype(float) + people.feeling[:, 0], -1, 1)
    here, first = np.zeros(len(start)), np.zeros(len(start))
    np.add.at(here, of[grown & (seat >= 0)], 1)
    np.add.at(first, of[grown & (seat >= 0)], people.group[grown & (seat >= 0)] == 0)
    others = np.where(people.group == 0, here[of] - first[of], first[of]) / np.maximum(here[of], 1)
    return np.asarray(often * np.maximum(0.0, 1 + psychology.seeking * others * liking))


def partners(reached: Rows, pair: NDArray[np.int32]) -> Rows:
    """``reached`` and whoever is paired with one of them."""
    out = reached.copy()
    touched = pair[reached[pair].any(axis=1)]
    out[touched] = True
    return out


def norms(world: World, reached: Rows) -> Rows:
    """``reached``, whose attitudes differ, and everybody of their groups in their neighbourhoods."""
    people = world.people
    start = world.settings["street"].partitions["neighbourhood"].start
    area = np.searchsorted(start, world.settings["street"].seat, side="right") - 1
    block = area * people.groups + people.group
    return np.isin(block, block[reached]) & people.active


def friends(world: World, reached: Rows) -> Rows:
    """``reached`` and their friends."""
    row, place = np.nonzero(world.people.ties >= 0)
    out = reached.copy()
    out[row[reached[world.people.ties[row, place]]]] = True
    return out


def spread(world: World, differ: Rows, opinions: Rows, outings: Rows,
           through: Callable[[World, Rows], Rows] = norms) -> Rows:
    """Whom this week can reach, given who differ at its start: at all, in attitudes, in how often they are out."""
    group = world.people.group
    cross = meetings(world)
    cross = cross[group[cross[:, 0]] != group[cross[:, 1]]]
    felt = differ | through(world, opinions)
    met = partners(friends(world, felt), cross) | partners(outings, meetings(world))
    met = partners(met, meetings(world, ("small_group",)))
    return friends(world, met) if world.clock % 4 == 0 else met  # extended contact is found anew


def differing_rows(one: World, other: World) -> Rows:
    """Residents in whom any column, or any note of the week, differs in any bit."""
    a, b = columns_of(one), columns_of(other)
    n = len(one.people)
    return np.any([~same_bits(a[name], b[name]) for name in a if a[name].shape[0] == n and name != "dwelling"], axis=0)


def pair(trait: str, by: float) -> tuple[World, World]:
    one, other = town(), town()
    people = one.people
    quiet = (people.age > 20) & (people.sociability < 0.7) & (one.settings["work"].seat >= 0)
    row = int(np.flatnonzero(quiet & (people.friend_groups == 3) & people.active)[0])
    other.people.column(trait)[row] += by
    return one, other


def run(one: World, other: World, through: Callable[[World, Rows], Rows] = norms) -> list[tuple[float, float]]:
    """Shares (that the week could reach, that differ at its end) week by week; fails if one differs outside."""
    shares = []
    for week in range(WEEKS):
        differ = differing_rows(one, other)
        opinions = ~same_bits(one.people.attitude, other.people.attitude)
        outings = opinions | ~same_bits(one.people.sociability, other.people.sociability)
        outings |= ~same_bits(one.people.feeling, other.people.feeling)
        reached = np.any([spread(world, differ, opinions, outings, through) for world in (one, other)], axis=0)
        one.step()
        other.step()
        outside = differing_rows(one, other) & ~reached
        assert not outside.any(), f"week {week}: {outside.sum()} residents differ outside the set reached"
        living = one.people.active
        shares.append((float(reached[living].mean()), float(differing_rows(one, other)[living].mean())))
    return shares


@pytest.mark.parametrize("trait, by, at_least", [
    ("baseline_attitude", 0.1, 0.005), ("negative_exposure", 3.0, 1e-9), ("status", -0.4, 1e-9),
    ("sociability", 5.0, 1e-3)])
def test_outside_the_set_reached_every_bit_is_the_same(
        trait: str, by: float, at_least: float, record_property: Callable[[str, object], None]) -> None:
    """Almost nobody in the first week. Ten weeks on, those who differ are 1 % of this town of 6,000 after a change of
    attitude (states are in single precision, which rounds away most of what a norm carries), more if somebody goes out
    more, and one person after a change of status: a small difference seldom changes an encounter.
    """
    shares = run(*pair(trait, by))
    record_property("share reached and differing by week", shares)
    reached, differing = zip(*shares, strict=True)
    assert 0 < reached[0] < 0.02 and reached[-1] > reached[0] and max(reached) < 1
    assert 0 < differing[0] < 0.005 and differing[-1] > at_least
    assert list(differing[1:]) == sorted(differing[1:])


def test_a_way_that_is_left_out_is_noticed() -> None:
    """Negative control: without norms among the ways of reach, somebody outside the set differs."""
    with pytest.raises(AssertionError, match="outside the set reached"):
        run(*pair("baseline_attitude", 0.1), through=lambda world, reached: reached)


def test_no_difference_reaches_nobody() -> None:
    assert run(*pair("baseline_attitude", 0.0)) == [(0.0, 0.0)] * WEEKS
