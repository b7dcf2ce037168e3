"""Ties form after hours that were good for both, fade by their hazard, and bring extended contact."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from contactsim.encounters.arrays import NEGATIVE, POSITIVE, people_of
from contactsim.encounters.ties import _order_rows
from contactsim.residents import TIE_PLACES
from contactsim.world import World
from tests.statistical.deciding import ERRORS, errors_of_share
from tests.worlds import context, four_groups, make_parameters, make_world, two_groups


def tied(world: World, pairs: list[tuple[int, int]]) -> None:
    """Tie these rows to each other."""
    people = world.people
    for a, b in pairs:
        for one, friend in ((a, b), (b, a)):
            people.ties[one, int(np.argmax(people.ties[one] < 0))] = friend
    _order_rows(np.unique(pairs), people_of(people))


@pytest.mark.parametrize("across", [False, True])
def test_ties_fade_by_their_hazard(across: bool) -> None:
    """Of n ties (1 - hazard)^weeks are left, within a group and across: one rule; another hazard would be seen."""
    weeks, hazard = 20, 0.03
    world = make_world(two_groups(24, 200), make_parameters({}, psychology={"tie_fade": hazard}))
    people = world.people
    first, second = (np.flatnonzero(people.active & (people.group == g)) for g in (0, int(across)))
    second = second if across else np.roll(second, first.size // 2)
    pairs = list(zip(first[:1400:1 + (not across)].tolist(), second[:1400:1 + (not across)].tolist(), strict=True))
    pairs = [(a, b) for a, b in pairs if a != b]
    tied(world, pairs)
    number = int((people.ties >= 0).sum()) // 2
    for _ in range(weeks):
        world.step()
    left = int((people.ties >= 0).sum()) // 2
    assert number > 600
    assert errors_of_share(left, number, (1 - hazard) ** weeks) < ERRORS
    assert errors_of_share(left, number, (1 - 2 * hazard) ** weeks) > ERRORS


def neighbours_of_two(chances: dict[str, float]) -> tuple[World, NDArray[np.intp]]:
    """A world where the same two meet each week, one close hour, and the first row of each such pair."""
    event = context("street", "small_group", hours=1.0, closeness=1.0, presence=1.0, sociable=False, avoidability=0.0)
    world = make_world(two_groups(220, 200), make_parameters({"it": event}, psychology={**chances, "tie_fade": 0.0},
                                                            neighbours=2))
    people, start = world.people, world.settings["street"].partitions["small_group"].start
    people.age[:] = 30.0
    first = start[:-1][np.diff(start) == 2]
    return world, first[people.active[first] & people.active[first + 1]]


@pytest.mark.parametrize("rate, good", [(0.2, 0.5), (1.0, 0.9)])
def test_ties_within_a_group_form_by_close_hours(rate: float, good: float) -> None:
    """With chance (1 - exp(-rate)) times the chance that an hour is good for both."""
    world, first = neighbours_of_two({"tie": rate, "own_positive": good})
    people = world.people
    alike = first[people.group[first] == people.group[first + 1]]
    world.step()
    assert alike.size > 4000
    formed = (people.ties[alike, 0] == alike + 1) & (people.ties[alike + 1, 0] == alike)
    assert errors_of_share(int(formed.sum()), alike.size, (1 - np.exp(-rate)) * good) < ERRORS
    assert (people.ties[alike, 0] >= 0).sum() == formed.sum()


@pytest.mark.parametrize("homophily, further, known", [(0.8, 0.5, 0), (2.0, 0.5, 0), (2.0, 0.4, 1), (1.0, 0.4, 2)])
def test_ties_across_groups_form_after_hours_good_for_both(homophily: float, further: float, known: int) -> None:
    """With chance min(1, (1 - exp(-rate)) / homophily), times ``tie_further`` for each side with a friend there."""
    world, first = neighbours_of_two({"tie": 1.0, "homophily": homophily, "tie_further": further, "positive_base": 3.5,
                                      "negative_base": 0.5})
    people = world.people
    across = first[people.group[first] != people.group[first + 1]]
    knowing = np.concatenate([across, across + 1])[:known * across.size]
    people.friend_groups[knowing] |= (1 << (1 - people.group[knowing].astype(int))).astype(np.uint8)
    world.step()
    counts = world.week.counts[:, 0, POSITIVE]
    good = across[(counts[across] == 1) & (counts[across + 1] == 1)]
    formed = people.ties[good, 0] == good + 1
    chance = min(1.0, (1 - np.exp(-1.0)) / homophily) * further**known
    assert good.size > 1000
    assert errors_of_share(int(formed.sum()), good.size, chance) < ERRORS
    assert errors_of_share(int(formed.sum()), good.size, chance * 0.6) > ERRORS
    bad = across[world.week.counts[across, 0, NEGATIVE] == 1]
    assert bad.size > 50 and (people.ties[bad, 0] < 0).all()


def test_meeting_again_keeps_a_tie_even_where_all_places_are_taken() -> None:
    """Where every tie fades at once, those with a mutual candidate are left, and all other ties go."""
    event = context("street", "small_group", hours=1.0, closeness=1.0, presence=1.0, sociable=False)
    world = make_world(two_groups(24, 200), make_parameters(
        {"it": event}, psychology={"tie": 20.0, "own_positive": 0.9, "tie_fade": 1.0, "tie_limit": 1000.0},
        neighbours=2))
    people, start = world.people, world.settings["street"].partitions["small_group"].start
    first = start[:-1][np.diff(start) == 2]
    both = first[people.active[first] & people.active[first + 1]]
    rows = np.stack([both, both + 1], axis=1).ravel()
    tied(world, list(zip(rows[::2].tolist(), rows[1::2].tolist(), strict=True)))
    for shift in range(2, 2 + (TIE_PLACES - 1) // 2):
        tied(world, list(zip(rows.tolist(), np.roll(rows, 7 * shift).tolist(), strict=True)))
    full = rows[people.friends[rows] == TIE_PLACES - 1]
    assert full.size > 0.9 * rows.size
    world.step()
    candidate = world.week.candidate[rows]
    mutual = (candidate >= 0) & (world.week.candidate[candidate] == rows)
    assert mutual.sum() > 1000 and (~mutual).sum() > 300
    np.testing.assert_array_equal(people.ties[rows, 0], np.where(mutual, candidate, -1))
    assert (people.ties[rows, 1:] == -1).all()


def test_extended_contact_is_found_every_fourth_week() -> None:
    """Groups in which a friend of the own group has a friend, as of the last week with a number divisible by four."""
    world = make_world(four_groups(), make_parameters({}, psychology={"tie_fade": 0.0}))
    people = world.people
    by_group = [np.flatnonzero(people.active & (people.group == g)) for g in range(3)]
    one, friend, far = by_group[0][0], by_group[0][5], by_group[2][0]
    world.step()
    tied(world, [(int(one), int(friend)), (int(friend), int(far))])
    for week in range(1, 5):
        assert people.extended_contact[one] == 0, week
        world.step()
    assert people.extended_contact[one] == 1 << 2
    assert people.extended_contact[friend] == people.extended_contact[far] == 0


@pytest.mark.parametrize("friends, limit", [(0, 16.0), (8, 16.0), (16, 16.0), (8, 32.0)])
def test_the_chance_of_a_tie_falls_evenly_to_the_limit_of_friends(friends: int, limit: float) -> None:
    """With the factor 1 - friends / limit for each side."""
    world, first = neighbours_of_two({"tie": 1.0, "own_positive": 1.0, "tie_limit": limit})
    people = world.people
    alike = first[people.group[first] == people.group[first + 1]]
    people.friends[alike] = friends
    world.step()
    proposed = int((world.week.candidate[alike] == alike + 1).sum())
    chance = (1 - np.exp(-1.0)) * (1 - friends / limit)
    if chance == 0:
        assert proposed == 0
    else:
        assert errors_of_share(proposed, alike.size, chance) < ERRORS
