"""What is recorded each week is what plain numpy makes of the residents and their meetings."""

from __future__ import annotations

import numpy as np
import pytest

from contactsim.observers import weekly
from contactsim.residents import position_of
from contactsim.world import World
from tests.worlds import four_groups, make_parameters, make_world, odd_psychology, two_groups


@pytest.fixture(params=[2, 4], scope="module")
def world(request: pytest.FixtureRequest) -> World:
    """Six weeks of life with ties; more rows than one chunk, so that chunks are added up."""
    place = two_groups(24, 220) if request.param == 2 else four_groups(24, 220)
    one = make_world(place, make_parameters(psychology=odd_psychology(1)))
    one.people.civic[:] = np.linspace(0, 1, len(one.people))  # actions alone move it
    for _ in range(6):
        one.step()
    assert len(one.people) > weekly.CHUNK
    return one


def test_sums_are_those_of_the_residents(world: World) -> None:
    people, counts, G = world.people, world.week.counts, world.people.groups
    # a week older since the measures were taken, so they are taken again
    by_target, by_group = weekly.weekly_sums(world.columns, people, world.week, world.weights, world.threads)
    for g in range(G):
        rows = np.flatnonzero(people.active & (people.age >= 16) & (people.group == g))
        ties = people.ties[rows]
        across = (ties >= 0) & (people.group[ties] != g)
        expected = {
            "residents": rows.size, "own_meetings": world.week.own_meetings[rows].sum(dtype=int),
            "ties": (ties >= 0).sum(),
            "cross_ties": across.sum(), "cross_friend": across.any(axis=1).sum(),
            **{name: people.column(name)[rows].sum(dtype=float)
               for name in ("anxiety", "threat", "belonging", "engagement", "stigma", "civic")}}
        assert set(expected) == set(weekly.BY_GROUP) and min(expected.values()) > 0
        np.testing.assert_allclose(by_group[g], [expected[name] for name in weekly.BY_GROUP], rtol=1e-12)
        others = [h for h in range(G) if h != g]
        for h in others:
            a = people.attitude[rows, position_of(h, g)].astype(float)
            met = counts[rows, position_of(h, g)].sum(axis=0)
            assert met.sum() > 0
            np.testing.assert_allclose(by_target[g, h], [a.sum(), (a * a).sum(), *met], rtol=1e-12)
        overall = people.attitude[rows].astype(float) @ world.weights[g, others]
        met = counts[rows].sum(axis=(0, 1))
        np.testing.assert_allclose(by_target[g, G], [overall.sum(), (overall**2).sum(), *met], rtol=1e-12)


def test_nobody_is_no_reason_to_fail() -> None:
    """A group without anybody old enough has sums of zero, not those of whoever came before."""
    world = make_world(two_groups(3, 30))
    world.people.age[world.people.group == 1] = 7.0
    world.step()
    by_target, by_group = world.record[-1]
    assert not by_group[1].any() and not by_target[1].any()
    assert by_group[0, 0] > 0
