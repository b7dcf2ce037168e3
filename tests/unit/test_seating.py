"""Seats: pools and circles over the settings' seats, and who sits where at the start."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contactsim.parameters import Pools
from contactsim.settings.seating import Partition, circles, ordered, quarter_of_row
from contactsim.world import World
from tests.worlds import four_groups, make_parameters, make_place, make_world, two_groups

SETTINGS = ("street", "school", "work", "association")


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(two_groups(24, 120))


@pytest.mark.parametrize("name", SETTINGS)
def test_occupant_and_seat_are_inverse(world: World, name: str) -> None:
    setting = world.settings[name]
    seated, taken = np.flatnonzero(setting.seat >= 0), np.flatnonzero(setting.occupant >= 0)
    assert seated.size == taken.size > 0
    np.testing.assert_array_equal(setting.occupant[setting.seat[seated]], seated)
    np.testing.assert_array_equal(np.sort(setting.occupant[taken]), seated)


@pytest.mark.parametrize("name", SETTINGS)
def test_partitions_cut_all_seats_and_have_keys_of_their_own(world: World, name: str) -> None:
    setting = world.settings[name]
    keys = np.concatenate([p.keys for p in setting.partitions.values()])
    assert np.unique(keys).size == keys.size
    for partition in setting.partitions.values():
        assert partition.start[0] == 0 and partition.start[-1] == setting.occupant.shape[0]
        assert (np.diff(partition.start) > 0).all() and len(partition) == partition.start.size - 1


def test_no_two_settings_share_a_key(world: World) -> None:
    keys = np.concatenate([p.keys for s in world.settings.values() for p in s.partitions.values()])
    assert np.unique(keys).size == keys.size


@pytest.mark.parametrize("name, fine, coarse", [
    ("street", "circle", "cell"), ("street", "cell", "neighbourhood"), ("street", "neighbourhood", "quarter"),
    ("school", "circle", "pool"), ("work", "circle", "pool"), ("association", "circle", "pool")])
def test_scales_nest(world: World, name: str, fine: str, coarse: str) -> None:
    partitions = world.settings[name].partitions
    assert set(partitions[coarse].start.tolist()) <= set(partitions[fine].start.tolist())


def test_street_areas_are_those_of_the_place(world: World) -> None:
    people, street = world.people, world.settings["street"]
    cell = people.cell_of_dwelling[people.dwelling[people.household]]
    for scale, level in zip(("cell", "neighbourhood", "quarter"), world.place.levels, strict=False):
        pool = np.searchsorted(street.partitions[scale].start, np.arange(len(people)), side="right") - 1
        area = level.area_of_cell[cell]
        assert len({*zip(pool.tolist(), area.tolist(), strict=True)}) == len(street.partitions[scale]) == level.areas
    np.testing.assert_array_equal(quarter_of_row(world.place, people), world.place.levels[2].area_of_cell[cell])


def test_cells_in_any_order_are_put_side_by_side() -> None:
    place = make_place(np.arange(24).reshape(12, 2) + 5)
    shuffled = np.random.default_rng(3).permutation(12)
    levels = [type(level)(level.name, True,
                          np.arange(12, dtype=np.int32) if k == 0 else level.area_of_cell[shuffled],
                          tuple(np.array(level.codes)[shuffled].tolist()) if k == 0 else level.codes)
              for k, level in enumerate(place.levels)]
    again = ordered(type(place)(place.name, place.groups, place.counts[shuffled], tuple(levels), place.provenance))
    for level in again.levels[:3]:
        assert (np.diff(level.area_of_cell) >= 0).all()
    by_code = {code: tuple(row) for code, row in zip(again.levels[0].codes, again.counts.tolist(), strict=True)}
    assert by_code == {code: tuple(row) for code, row in zip(place.levels[0].codes, place.counts.tolist(), strict=True)}
    for k, level in enumerate(again.levels[1:3], start=1):
        of = dict(zip(again.levels[0].codes, (level.codes[a] for a in level.area_of_cell), strict=True))
        old = place.levels[k]
        assert of == dict(zip(place.levels[0].codes, (old.codes[a] for a in old.area_of_cell), strict=True))


@settings(max_examples=100)
@given(st.lists(st.integers(0, 200), min_size=1, max_size=10), st.integers(2, 30))
def test_circles_cut_pools_evenly(seats: list[int], size: int) -> None:
    start = np.concatenate([[0], np.cumsum(seats)]).astype(np.int64)
    pools = Partition(start, np.arange(7, 7 + len(seats), dtype=np.uint64))
    cut = circles(pools, size)
    assert set(start.tolist()) <= set(cut.start.tolist()) and np.unique(cut.keys).size == len(cut)
    for a, b in itertools.pairwise(start):
        inside = cut.start[(cut.start >= a) & (cut.start <= b)]
        lengths = np.diff(np.unique(inside))
        if b > a:
            assert lengths.max() - lengths.min() <= 1
            assert lengths.max() < 2 * size and (b - a < size or lengths.min() >= size / 2)


def test_circle_keys_hang_on_their_pool_alone() -> None:
    start = np.array([0, 40, 90, 130])
    keys = np.array([3, 4, 5], np.uint64)
    all_three, last = circles(Partition(start, keys), 10), circles(Partition(np.array([0, 40]), keys[2:]), 10)
    np.testing.assert_array_equal(all_three.keys[-len(last):], last.keys)


@pytest.mark.parametrize("name", ["school", "work", "association"])
@pytest.mark.parametrize("empty", [0.0, 0.3])
def test_pools_have_their_size_and_their_share_of_empty_seats(name: str, empty: float) -> None:
    pools = Pools(size=20, circle=5, empty=empty, sorting=0.3, local=0.5)
    setting = make_world(four_groups(18, 120), make_parameters(**{name: pools})).settings[name]
    partition = setting.partitions["pool"]
    assert (np.diff(partition.start) == 20).all()
    members = np.add.reduceat(setting.occupant >= 0, partition.start[:-1])
    full = round(20 * (1 - empty))
    assert (members[:-1] == full).all() and 0 < members[-1] <= full
    assert (np.diff(setting.partitions["circle"].start) == 5).all()


def test_empty_seats_lie_anywhere_in_a_pool(world: World) -> None:
    """Not at its end: with 3 of 30 empty, every position is empty about as often."""
    setting = world.settings["school"]
    pools = make_world(two_groups(60, 160), make_parameters()).settings["school"].occupant.reshape(-1, 30)[:-1]
    assert len(setting.partitions["pool"]) > 3
    share = (pools < 0).mean(axis=0)
    assert share.min() > 0 and abs(share[:15].mean() - share[15:].mean()) < 4.5 * np.sqrt(0.09 * 2 / (15 * len(pools)))


def test_members_belong(world: World) -> None:
    people = world.people
    age = people.age
    assert (age[world.settings["school"].seat >= 0] < 18).all()
    working = age[world.settings["work"].seat >= 0]
    assert (working >= 18).all() and (working < 67).all()
    assert (age[world.settings["association"].seat >= 0] >= 5).all()
    pupils = people.active & (age >= 5) & (age < 18)
    np.testing.assert_array_equal(world.settings["school"].seat >= 0, pupils)


def test_a_class_is_of_an_age() -> None:
    world = make_world(two_groups(36, 200), make_parameters(
        school=Pools(size=30, circle=6, empty=0.1, sorting=0.0, local=1.0)))
    setting, age = world.settings["school"], world.people.age
    spread = [np.ptp(age[pool[pool >= 0]]) for pool in setting.occupant.reshape(-1, 30)]
    assert np.median(spread) < 6


def dissimilarity_of_pools(sorting: float) -> float:
    world = make_world(two_groups(40, 160), make_parameters(
        work=Pools(size=20, circle=5, empty=0.1, sorting=sorting, local=0.0)))
    pools = world.settings["work"].occupant.reshape(-1, 20)
    group = np.where(pools >= 0, world.people.group[pools], 9)
    a, b = (group == 0).sum(axis=1), (group == 1).sum(axis=1)
    return float(np.abs(a / a.sum() - b / b.sum()).sum() / 2)


def test_sorting_sets_groups_apart_in_pools() -> None:
    """D of pools rises with sorting; a share s who come through their own group's networks adds about s."""
    none, some, half, all_of_them = (dissimilarity_of_pools(s) for s in (0.0, 0.2, 0.5, 1.0))
    assert none < some < half < all_of_them
    assert none < 0.25 and abs(half - none * 0.5 - 0.5) < 0.1 and all_of_them > 0.97


def test_local_members_come_from_one_quarter() -> None:
    shares = []
    for local in (0.0, 1.0):
        world = make_world(two_groups(36, 160), make_parameters(
            association=Pools(size=20, circle=5, empty=0.1, sorting=0.0, local=local)))
        quarter = quarter_of_row(world.place, world.people)
        pools = world.settings["association"].occupant.reshape(-1, 20)
        shares.append(np.mean([len(set(quarter[p[p >= 0]].tolist())) == 1 for p in pools]))
    assert shares[0] < 0.05 and shares[1] > 0.7


def test_leaving_makes_a_gap_and_place_fills_it(world: World) -> None:
    setting = make_world(two_groups(6, 60)).settings["work"]
    row = int(setting.occupant[setting.occupant >= 0][0])
    seat = int(setting.seat[row])
    setting.leave(np.array([row, row + 0]))
    assert setting.occupant[seat] == -1 and setting.seat[row] == -1
    setting.leave(np.array([row]))
    setting.place(row, seat)
    assert setting.occupant[seat] == row and setting.seat[row] == seat
