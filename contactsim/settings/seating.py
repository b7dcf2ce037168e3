"""Seating: the mixing groups of each setting, and the seat of each resident in them.

A setting (street, school, work, association) has one seat for each of its members. A *partition* divides the seats into
mixing groups at one scale: the street into small groups of near neighbours, output areas, neighbourhoods and districts;
the others into mixing groups (a class, an employer, a club) and their small groups (a table, a team). Seats are never
renumbered; an empty seat is a gap.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from contactsim.draws import Decision, fold, name_key, stream, uniforms
from contactsim.parameters import MixingGroups, Settings
from contactsim.parameters import Residents as ResidentParameters
from contactsim.place import Place
from contactsim.place.core import ROLES
from contactsim.residents import MEETING_AGE, Residents

SCALES = ROLES[:3]
SCHOOL_AGES, WORK_AGES = (5.0, 18.0), (18.0, 67.0)


@dataclass(frozen=True)
class Partition:
    """Mixing groups of a setting: group p has the seats start[p]:start[p + 1] and the stable key keys[p]."""

    start: NDArray[np.int64]  # (P + 1,)
    keys: NDArray[np.uint64]  # (P,)

    def __len__(self) -> int:
        """Number of mixing groups P."""
        return self.keys.shape[0]


@dataclass
class Setting:
    """The seats of one setting. ``occupant`` and ``seat`` are inverse to each other; -1 means nobody or no seat."""

    name: str
    occupant: NDArray[np.int32]  # (seats,) row
    seat: NDArray[np.int32]  # (N,) seat of the row
    partitions: dict[str, Partition]

    def place(self, row: int, seat: int) -> None:
        """Seat one row; the seat must be empty."""
        self.occupant[seat], self.seat[row] = row, seat

    def leave(self, rows: NDArray[np.intp]) -> None:
        """Remove the rows from their seats, which become gaps."""
        seated = rows[self.seat[rows] >= 0]
        self.occupant[self.seat[seated]] = -1
        self.seat[seated] = -1


def ordered(place: Place) -> Place:
    """The same place with the output areas of each larger area adjacent to each other."""
    output_areas, *larger = place.levels
    order = np.lexsort(np.stack([np.arange(place.counts.shape[0]), *(level.area_of_output_area for level in larger)]))
    codes = tuple(np.asarray(output_areas.codes)[order])
    levels = [replace(output_areas, area_of_output_area=np.arange(order.shape[0], dtype=np.int32), codes=codes)]
    levels += [replace(level, area_of_output_area=level.area_of_output_area[order]) for level in larger]
    return replace(place, counts=place.counts[order], levels=tuple(levels))


def seat_everybody(place: Place, people: Residents, settings: Settings, parameters: ResidentParameters,
                   seed: int) -> dict[str, Setting]:
    """Settings by name, with all residents in their initial seats."""
    district = district_of_row(place, people)
    names = place.levels[2].names_in_keys
    filled = {"street": _street(place, people, settings)}
    for name, rows in members(people, parameters, seed).items():
        mixing_groups: MixingGroups = getattr(settings, name)
        filled[name] = _fill(name, mixing_groups, people, rows, district, names, place.groups, seed)
    return filled


def members(people: Residents, parameters: ResidentParameters, seed: int) -> dict[str, NDArray[np.intp]]:
    """Rows that belong to school, work and association by age and keyed chance."""
    rows = np.flatnonzero(people.active)
    age, uid = people.age[rows], people.uid[rows]
    pupil = (age >= SCHOOL_AGES[0]) & (age < SCHOOL_AGES[1])
    worker = (age >= WORK_AGES[0]) & (age < WORK_AGES[1])
    worker &= uniforms(stream(seed, Decision.EMPLOYMENT), uid) < parameters.employment
    joins = (age >= MEETING_AGE) & (uniforms(stream(seed, Decision.MEMBERSHIP), uid) < parameters.membership)
    return {"school": rows[pupil], "work": rows[worker], "association": rows[joins]}


def district_of_row(place: Place, people: Residents) -> NDArray[np.int32]:
    """(N,) index of the district in which each row lives."""
    output_area = people.output_area_of_dwelling[people.dwelling[people.household]]
    return place.levels[2].area_of_output_area[output_area].astype(np.int32)


def _street(place: Place, people: Residents, settings: Settings) -> Setting:
    rows = len(people)
    occupant = np.where(people.active, np.arange(rows), -1).astype(np.int32)
    output_area_seats = np.bincount(people.output_area_of_dwelling, weights=np.diff(people.household_start),
                             minlength=place.counts.shape[0]).astype(np.int64)
    output_area_start = np.concatenate([[0], np.cumsum(output_area_seats)])
    partitions = {}
    for scale, level in zip(SCALES, place.levels, strict=False):
        first = np.flatnonzero(np.diff(level.area_of_output_area, prepend=-1))
        start = np.concatenate([output_area_start[first], [output_area_start[-1]]])
        names = level.names_in_keys
        keys = [name_key("street", scale, names[a]) for a in level.area_of_output_area[first]]
        partitions[scale] = Partition(start, np.array(keys, dtype=np.uint64))
    partitions["small_group"] = small_groups(partitions["output_area"], settings.neighbours)
    return Setting("street", occupant, occupant.copy(), partitions)


def small_groups(mixing_groups: Partition, size: int) -> Partition:
    """Divide each mixing group into small groups of about ``size`` adjacent seats."""
    seats = np.diff(mixing_groups.start)
    number = np.maximum(1, np.rint(seats / size).astype(np.int64))
    mixing_group = np.repeat(np.arange(len(mixing_groups)), number)
    index = np.arange(mixing_group.shape[0]) - np.repeat(np.cumsum(number) - number, number)
    start = mixing_groups.start[mixing_group] + index * seats[mixing_group] // number[mixing_group]
    keys = np.array([fold(key, np.uint64(i)) for key, i in zip(mixing_groups.keys[mixing_group], index, strict=True)],
                    dtype=np.uint64)
    return Partition(np.append(start, mixing_groups.start[-1]), keys)


def _fill(name: str, mixing_groups: MixingGroups, people: Residents, rows: NDArray[np.intp],
          district: NDArray[np.int32], districts: tuple[str, ...], groups: tuple[str, ...], seed: int) -> Setting:
    """Seat ``rows`` in mixing groups. Some members come through their own group's networks, some from one district.

    Members queue by (district or anywhere, own group or any), and each queue is divided into full mixing groups; the
    remaining members are combined by district. A school's queues are ordered by age, so a class has one age.
    """
    uid = people.uid[rows]
    own = uniforms(stream(seed, Decision.SEATING, name_key(name, "own")), uid) < mixing_groups.sorting
    near = uniforms(stream(seed, Decision.SEATING, name_key(name, "near")), uid) < mixing_groups.local
    chance = uniforms(stream(seed, Decision.SEATING, name_key(name, "order")), uid)
    within = np.floor(people.age[rows]) + chance if name == "school" else chance
    bucket_district = np.where(near, district[rows], -1)
    bucket_group = np.where(own, people.group[rows].astype(int), -1)
    order = np.lexsort((within, bucket_group, bucket_district))
    bucket = (bucket_district[order] + 1) * (len(groups) + 1) + bucket_group[order] + 1
    full = max(1, round(mixing_groups.size * (1 - mixing_groups.empty)))
    ordinal = _index_in_run(bucket) // full
    complete = (ordinal + 1) * full <= np.bincount(bucket, minlength=1)[bucket]
    names = [f"{districts[b // (len(groups) + 1) - 1] if b > len(groups) else 'any'}/"
             f"{groups[b % (len(groups) + 1) - 1] if b % (len(groups) + 1) else 'any'}/{o}"
             for b, o in _runs(bucket[complete], ordinal[complete])]
    left = order[~complete]
    left = left[np.lexsort((within[left], district[rows[left]]))]
    names += [f"left/{o}" for o in range(-(-left.shape[0] // full))]
    queue = rows[np.concatenate([order[complete], left])]
    return _seat(name, mixing_groups, queue, full, names, len(people), seed)


def _seat(name: str, mixing_groups: MixingGroups, queue: NDArray[np.intp], full: int, names: list[str], rows: int,
          seed: int) -> Setting:
    """Seat the queue in mixing groups of ``full`` members, at random ones of their ``mixing_groups.size`` seats."""
    keys = np.array([name_key(name, n) for n in names], dtype=np.uint64)
    start = np.arange(len(names) + 1, dtype=np.int64) * mixing_groups.size
    occupant = np.full(start[-1], -1, np.int32)
    seat = np.full(rows, -1, np.int32)
    if queue.shape[0]:
        part = keys[:, None] + np.arange(mixing_groups.size, dtype=np.uint64)[None, :]
        order = np.argsort(uniforms(stream(seed, Decision.SEATING, name_key(name, "seat")), part), axis=1)
        mixing_group, position = np.divmod(np.arange(queue.shape[0]), full)
        seats = mixing_group * mixing_groups.size + order[mixing_group, position]
        occupant[seats] = queue
        seat[queue] = seats
    partition = Partition(start, keys)
    small = small_groups(partition, mixing_groups.small_group)
    return Setting(name, occupant, seat, {"mixing_group": partition, "small_group": small})


def _index_in_run(sorted_values: NDArray[np.integer]) -> NDArray[np.int64]:
    """0, 1, 2 ... within each run of equal values."""
    n = sorted_values.shape[0]
    first = np.flatnonzero(np.diff(sorted_values, prepend=-1))
    return np.arange(n) - np.repeat(first, np.diff(np.append(first, n)))


def _runs(a: NDArray[np.integer], b: NDArray[np.integer]) -> list[tuple[int, int]]:
    """The distinct (a, b) in order of appearance, for sorted input."""
    if not a.shape[0]:
        return []
    new = np.flatnonzero(np.diff(a, prepend=a[0] - 1) | np.diff(b, prepend=b[0] - 1))
    return list(zip(a[new].tolist(), b[new].tolist(), strict=True))
