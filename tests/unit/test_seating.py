"""Seats: mixing groups and small groups over the settings' seats, and who sits where at the start."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contactsim.parameters import MixingGroups
from contactsim.place.core import Level, Place
from contactsim.settings.seating import (
    CATCHMENTS,
    Catchment,
    Partition,
    district_of_row,
    ordered,
    small_groups,
)
from contactsim.world import World
from tests.worlds import NOWHERE, four_groups, make_parameters, make_place, make_world, two_groups

SETTINGS = ("street", "public", "school", "work", "association")


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


@pytest.mark.parametrize(
    "name, fine, coarse",
    [
        ("street", "small_group", "output_area"),
        ("street", "output_area", "neighbourhood"),
        ("street", "neighbourhood", "district"),
        ("school", "small_group", "mixing_group"),
        ("work", "small_group", "mixing_group"),
        ("association", "small_group", "mixing_group"),
    ],
)
def test_scales_nest(world: World, name: str, fine: str, coarse: str) -> None:
    partitions = world.settings[name].partitions
    assert set(partitions[coarse].start.tolist()) <= set(partitions[fine].start.tolist())


def test_street_areas_are_those_of_the_place(world: World) -> None:
    people, street = world.people, world.settings["street"]
    output_area = people.output_area_of_dwelling[people.dwelling[people.household]]
    for scale, level in zip(("output_area", "neighbourhood", "district"), world.place.levels, strict=False):
        mixing_group = np.searchsorted(street.partitions[scale].start, np.arange(len(people)), side="right") - 1
        area = level.area_of_output_area[output_area]
        assert (
            len({*zip(mixing_group.tolist(), area.tolist(), strict=True)})
            == len(street.partitions[scale])
            == level.areas
        )
    np.testing.assert_array_equal(
        district_of_row(world.place, people), world.place.levels[2].area_of_output_area[output_area]
    )


def test_output_areas_in_any_order_are_put_side_by_side() -> None:
    place = make_place(np.arange(24).reshape(12, 2) + 5)
    shuffled = np.random.default_rng(3).permutation(12)
    levels = [type(level)(level.name, True,
                          np.arange(12, dtype=np.int32) if k == 0 else level.area_of_output_area[shuffled],
                          tuple(np.array(level.codes)[shuffled].tolist()) if k == 0 else level.codes)
              for k, level in enumerate(place.levels)]
    reordered = ordered(type(place)(place.name, place.groups, place.counts[shuffled], tuple(levels), place.provenance))
    for level in reordered.levels[:3]:
        assert (np.diff(level.area_of_output_area) >= 0).all()
    by_code = {code: tuple(row) for code, row in zip(reordered.levels[0].codes, reordered.counts.tolist(), strict=True)}
    assert by_code == {code: tuple(row) for code, row in zip(place.levels[0].codes, place.counts.tolist(), strict=True)}
    for k, level in enumerate(reordered.levels[1:3], start=1):
        of = dict(zip(reordered.levels[0].codes, (level.codes[a] for a in level.area_of_output_area), strict=True))
        old = place.levels[k]
        assert of == dict(zip(place.levels[0].codes, (old.codes[a] for a in old.area_of_output_area), strict=True))


@settings(max_examples=100)
@given(st.lists(st.integers(0, 200), min_size=1, max_size=10), st.integers(2, 30))
def test_small_groups_cut_mixing_groups_evenly(seats: list[int], size: int) -> None:
    start = np.concatenate([[0], np.cumsum(seats)]).astype(np.int64)
    mixing_groups = Partition(start, np.arange(7, 7 + len(seats), dtype=np.uint64))
    cut = small_groups(mixing_groups, size)
    assert set(start.tolist()) <= set(cut.start.tolist()) and np.unique(cut.keys).size == len(cut)
    for a, b in itertools.pairwise(start):
        inside = cut.start[(cut.start >= a) & (cut.start <= b)]
        lengths = np.diff(np.unique(inside))
        if b > a:
            assert lengths.max() - lengths.min() <= 1
            assert lengths.max() < 2 * size and (b - a < size or lengths.min() >= size / 2)


def test_small_group_keys_hang_on_their_mixing_group_alone() -> None:
    start = np.array([0, 40, 90, 130])
    keys = np.array([3, 4, 5], np.uint64)
    all_three, last = small_groups(Partition(start, keys), 10), small_groups(Partition(np.array([0, 40]), keys[2:]), 10)
    np.testing.assert_array_equal(all_three.keys[-len(last):], last.keys)


@pytest.mark.parametrize("name", ["school", "work", "association"])
@pytest.mark.parametrize("empty", [0.0, 0.3])
def test_mixing_groups_have_their_size_and_their_share_of_empty_seats(name: str, empty: float) -> None:
    mixing_groups = MixingGroups(size=20, small_group=5, empty=empty, sorting=0.3, local=0.5)
    setting = make_world(four_groups(18, 120), make_parameters(**{name: mixing_groups})).settings[name]
    partition = setting.partitions["mixing_group"]
    assert (np.diff(partition.start) == 20).all()
    members = np.add.reduceat(setting.occupant >= 0, partition.start[:-1])
    full = round(20 * (1 - empty))
    assert (members[:-1] == full).all() and 0 < members[-1] <= full
    assert (np.diff(setting.partitions["small_group"].start) == 5).all()


def test_empty_seats_lie_anywhere_in_a_mixing_group(world: World) -> None:
    """Not at its end: with 3 of 30 empty, every position is empty about as often."""
    setting = world.settings["school"]
    mixing_groups = make_world(two_groups(60, 160), make_parameters()).settings["school"].occupant.reshape(-1, 30)[:-1]
    assert len(setting.partitions["mixing_group"]) > 3
    share = (mixing_groups < 0).mean(axis=0)
    assert share.min() > 0 and abs(share[:15].mean() - share[15:].mean()) < 4.5 * np.sqrt(
        0.09 * 2 / (15 * len(mixing_groups))
    )


def test_members_belong(world: World) -> None:
    people = world.people
    age = people.age
    assert (age[world.settings["school"].seat >= 0] < 18).all()
    working = age[world.settings["work"].seat >= 0]
    assert (working >= 18).all() and (working < 67).all()
    assert (age[world.settings["association"].seat >= 0] >= 5).all()
    np.testing.assert_array_equal(world.settings["public"].seat >= 0, people.active & (age >= 5))
    pupils = people.active & (age >= 5) & (age < 18)
    np.testing.assert_array_equal(world.settings["school"].seat >= 0, pupils)


def test_a_class_is_of_an_age() -> None:
    world = make_world(two_groups(36, 200), make_parameters(
        school=MixingGroups(size=30, small_group=6, empty=0.1, sorting=0.0, local=1.0)))
    setting, age = world.settings["school"], world.people.age
    spread = [np.ptp(age[mixing_group[mixing_group >= 0]]) for mixing_group in setting.occupant.reshape(-1, 30)]
    assert np.median(spread) < 6


def dissimilarity_of_mixing_groups(sorting: float) -> float:
    world = make_world(two_groups(40, 160), make_parameters(
        work=MixingGroups(size=20, small_group=5, empty=0.1, sorting=sorting, local=0.0)))
    mixing_groups = world.settings["work"].occupant.reshape(-1, 20)
    group = np.where(mixing_groups >= 0, world.people.group[mixing_groups], 9)
    a, b = (group == 0).sum(axis=1), (group == 1).sum(axis=1)
    return float(np.abs(a / a.sum() - b / b.sum()).sum() / 2)


def test_sorting_sets_groups_apart_in_mixing_groups() -> None:
    """D of mixing groups rises with sorting; a share s who come through their own group's networks adds about s."""
    none, some, half, all_of_them = (dissimilarity_of_mixing_groups(s) for s in (0.0, 0.2, 0.5, 1.0))
    assert none < some < half < all_of_them
    assert none < 0.25 and abs(half - none * 0.5 - 0.5) < 0.1 and all_of_them > 0.97


def test_local_members_come_from_one_district() -> None:
    shares = []
    for local in (0.0, 1.0):
        world = make_world(two_groups(36, 160), make_parameters(
            association=MixingGroups(size=20, small_group=5, empty=0.1, sorting=0.0, local=local)))
        district = district_of_row(world.place, world.people)
        mixing_groups = world.settings["association"].occupant.reshape(-1, 20)
        shares.append(np.mean([len(set(district[p[p >= 0]].tolist())) == 1 for p in mixing_groups]))
    assert shares[0] < 0.05 and shares[1] > 0.7


def test_leaving_makes_a_gap_and_place_fills_it(world: World) -> None:
    setting = make_world(two_groups(6, 60)).settings["work"]
    row = int(setting.occupant[setting.occupant >= 0][0])
    seat = int(setting.seat[row])
    setting.leave(np.array([row, row + 0]))
    assert setting.occupant[seat] == -1 and setting.seat[row] == -1
    setting.leave(np.array([row]))
    setting.place(np.array([row]), np.array([seat]), 7)
    assert setting.occupant[seat] == row and setting.seat[row] == seat and setting.since[seat] == 7


# --- towns and regions

def nation() -> Place:
    """Two regions of two towns of two districts each; 240 output areas' worth of people in small."""
    area = np.arange(48, dtype=np.int32)
    levels = [Level(name, False, (area // size).astype(np.int32), tuple(f"{name} {a}" for a in range(48 // size)))
              for name, size in (("output_area", 1), ("block", 3), ("district", 6), ("town", 12), ("region", 24))]
    return Place("nation", ("A", "B"), np.full((48, 2), 60, np.int32), tuple(levels), NOWHERE)


@pytest.mark.parametrize("local, far, level", [(1.0, 0.0, 2), (0.0, 0.0, 3), (0.0, 1.0, 4)])
def test_members_come_from_the_catchment(local: float, far: float, level: int) -> None:
    """Nearly all mixing groups draw from one district, one town or one region, and from more than one area below."""
    work = MixingGroups(size=20, small_group=5, empty=0.1, sorting=0.0, local=local, far=far)
    world = make_world(nation(), make_parameters(work=work))
    output_area = world.people.output_area
    groups = world.settings["work"].occupant.reshape(-1, 20)
    areas = [world.place.levels[k].area_of_output_area[output_area] for k in range(5)]
    within = [np.mean([len(set(areas[k][p[p >= 0]].tolist())) == 1 for p in groups]) for k in (level - 1, level)]
    assert within[0] < 0.2 and within[1] > 0.85


def test_shares_of_catchments() -> None:
    """Members of groups that draw from the district, the town and the region, within 4.5 standard errors."""
    work = MixingGroups(size=20, small_group=5, empty=0.0, sorting=0.0, local=0.3, far=0.5)
    world = make_world(nation(), make_parameters(work=work))
    setting = world.settings["work"]
    members = np.add.reduceat(setting.occupant >= 0, setting.partitions["mixing_group"].start[:-1])
    catchments = [Catchment.of(world.place, world.people, role) for role in CATCHMENTS]
    edges = np.cumsum([0, *(len(one.names) for one in catchments)]) * 3
    found = [members[(setting.kind >= a) & (setting.kind < b)].sum() for a, b in itertools.pairwise(edges)]
    for number, share in zip(found, (0.3, 0.2, 0.5), strict=True):
        sd = np.sqrt(share * (1 - share) / members.sum())
        assert -0.08 < number / members.sum() - share < 4.5 * sd  # up to 19 of each queue go to the remaining groups
    assert members[setting.kind < 0].sum() < 0.1 * members.sum()


# --- how long people have had their seats

@pytest.mark.parametrize("turnover", [0.0, 0.1, 0.5])
def test_tenure_is_exponential_and_no_longer_than_since_the_age_of_five(turnover: float) -> None:
    """Of those old enough, a share exp(-turnover years) has been there for longer."""
    public = MixingGroups(size=400, small_group=10, empty=0.0, sorting=0.0, local=0.25, turnover=turnover)
    world = make_world(two_groups(24, 200), make_parameters(public=public))
    setting, people = world.settings["public"], world.people
    seated = np.flatnonzero(setting.seat >= 0)
    years, longest = -setting.since[setting.seat[seated]] / 52, people.age[seated] - 5
    assert (years <= longest + 0.01).all() and (years >= 0).all()
    if turnover == 0:
        np.testing.assert_allclose(years, longest, atol=0.01)
        return
    old = longest > 12
    for after in (2, 10):
        share = np.exp(-turnover * after)
        assert abs((years[old] > after).mean() - share) < 4.5 * np.sqrt(share * (1 - share) / old.sum()) + 0.002


def test_a_burn_in_starts_from_tenures_of_younger_people() -> None:
    world = make_world(two_groups(12))
    world.clock = -208
    world.people.age -= 4
    world.begin()
    for setting in world.settings.values():
        seated = np.flatnonzero(setting.seat >= 0)
        weeks = world.clock - setting.since[setting.seat[seated]]
        assert (weeks >= 0).all()
        assert (weeks <= 52 * np.maximum(world.people.age[seated] - 5, 0) + 0.51).all()
