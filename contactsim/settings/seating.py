"""Seating: the mixing groups of each setting, and the seat of each resident in them.

A setting (street, school, work, association) has one seat for each of its members. A *partition* divides the seats into
mixing groups at one scale: the street into small groups of near neighbours, output areas, neighbourhoods and districts;
the others into mixing groups (a class, an employer, a club) and their small groups (a table, a team). Seats are never
renumbered; an empty seat is a gap.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from contactsim.draws import Decision, fold, name_key, stream, uniforms
from contactsim.parameters import SCALES_OF, MixingGroups, Settings
from contactsim.parameters import Residents as ResidentParameters
from contactsim.place import Place
from contactsim.place.core import ROLES
from contactsim.residents import MEETING_AGE, WEEKS_A_YEAR, Residents

SCALES = ROLES[:3]
SCHOOL_AGES, WORK_AGES = (5.0, 18.0), (18.0, 67.0)
#: Areas from which the members of a mixing group may come.
CATCHMENTS = ("district", "town", "region")
#: Share of households that get new neighbours in a year, for how long people have had them at the start (recalled: a
#: tenth of households move in a year).
MOVES = 0.1


@dataclass(frozen=True)
class Partition:
    """Mixing groups of a setting: group p has the seats start[p]:start[p + 1] and the stable key keys[p]."""

    start: NDArray[np.int32]  # (P + 1,)
    keys: NDArray[np.uint64]  # (P,)

    def __len__(self) -> int:
        """Number of mixing groups P."""
        return self.keys.shape[0]


@dataclass
class Setting:
    """The seats of one setting. Each member has one seat."""

    name: str
    occupant: NDArray[np.int32]  # (seats,) row, -1 for nobody
    since: NDArray[np.int16]  # (seats,) week in which the occupant took the seat
    partitions: dict[str, Partition]
    rows: int
    """number N of residents' rows"""
    kind: NDArray[np.int32] | None = None
    """(mixing groups,) area and network that each mixing group draws its members from; None where seats are homes"""

    @property
    def seat(self) -> NDArray[np.int32]:
        """(N,) seat of each row, -1 for none; computed from the occupants, since a week does not need it."""
        seat = np.full(self.rows, -1, np.int32)
        taken = np.flatnonzero(self.occupant >= 0)
        seat[self.occupant[taken]] = taken
        return seat

    @property
    def seated(self) -> NDArray[np.bool_]:
        """(N,) whether each row has a seat (computed)."""
        seated = np.zeros(self.rows + 1, bool)
        seated[self.occupant] = True  # the last element stands for nobody
        return seated[:-1]

    def place(self, rows: NDArray[np.integer], seats: NDArray[np.integer], week: int) -> None:
        """Seat the rows, who have left their former seats, in these seats from a week on."""
        self.occupant[seats], self.since[seats] = rows, week

    def leave(self, rows: NDArray[np.integer]) -> None:
        """Remove the rows from their seats, which become gaps."""
        gone = np.zeros(self.rows, bool)
        gone[rows] = True
        self.occupant[(self.occupant >= 0) & gone[self.occupant]] = -1

    def group_of(self, scale: str, seats: NDArray[np.integer]) -> NDArray[np.intp]:
        """(seats,) number of the mixing group at a scale that holds each seat."""
        return np.searchsorted(self.partitions[scale].start, seats, side="right") - 1


def largest_scale(partitions: Mapping[str, Partition]) -> str:
    """The scale with the fewest mixing groups of a setting."""
    return min(partitions, key=lambda scale: len(partitions[scale]))


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
    catchments = [Catchment.of(place, people, role) for role in CATCHMENTS]
    filled = {"street": _street(place, people, settings)}
    for name, rows in members(people, parameters, seed).items():
        mixing_groups: MixingGroups = getattr(settings, name)
        filled[name] = _fill(name, mixing_groups, people, rows, catchments, place.groups, seed)
    return filled


@dataclass(frozen=True)
class Catchment:
    """Areas of one role from which mixing groups draw members."""

    role: str
    area: NDArray[np.int32]  # (N,) area in which each row lives
    names: tuple[str, ...]

    @classmethod
    def of(cls, place: Place, people: Residents, role: str) -> Catchment:
        """The areas of a role in a place, which is one town and one region where it has none."""
        level = place.of_role(role)
        return cls(role, level.area_of_output_area[people.output_area].astype(np.int32), level.names_in_keys)


def start_seats(settings: dict[str, Setting], parameters: Settings, people: Residents, seed: int, week: int) -> None:
    """Set since when everybody has had their seat, before a first ``week``: as long as turnover lets people stay.

    Nobody has been in a seat for longer than since the age of five.
    """
    for name, setting in settings.items():
        leaving = MOVES if setting.kind is None else getattr(parameters, name).turnover
        taken = np.flatnonzero(setting.occupant >= 0)
        rows = setting.occupant[taken]
        u = uniforms(stream(seed, Decision.TENURE, name_key(name)), people.uid[rows])
        longest = np.maximum(people.age[rows] - MEETING_AGE, 0.0)
        years = np.minimum(-np.log1p(-u) / leaving, longest) if leaving > 0 else longest
        setting.since[taken] = week - np.rint(years * WEEKS_A_YEAR)


def change_seats(settings: dict[str, Setting], parameters: Settings, people: Residents, seed: int, week: int) -> None:
    """Let some members (``turnover``) change seats with others in mixing groups of the same kind.

    Seats, not people, are paired by keyed draws, and the two people in a pair change seats or not whatever others do,
    so that one resident more moves nobody else. A pair may hold one person and an empty seat. At school the two must be
    in the same year of age, and there are as many rounds as a school has years, since few pairs are.
    """
    for name, setting in settings.items():
        turnover = 0.0 if setting.kind is None else getattr(parameters, name).turnover
        if turnover == 0.0:
            continue
        kind, year = _kind_of_seats(setting), np.floor(people.age) if name == "school" else None
        rounds = 1 if year is None else round(SCHOOL_AGES[1] - SCHOOL_AGES[0])
        for number in range(rounds):
            draw = stream(seed, Decision.TURNOVER, week, name_key(name), number)
            one, two, u = _pairs_of_seats(kind, draw)
            first, second = setting.occupant[one], setting.occupant[two]
            changes = (u < turnover) & ((first >= 0) | (second >= 0))
            if year is not None:
                changes &= (first >= 0) & (second >= 0) & (year[first] == year[second])
            one, two, first, second = one[changes], two[changes], first[changes], second[changes]
            setting.place(first, two, week)
            setting.place(second, one, week)


def _kind_of_seats(setting: Setting) -> NDArray[np.uint64]:
    """(seats,) number of the kind of each seat's mixing group, shifted into the upper half of a key."""
    assert setting.kind is not None
    number = np.unique(setting.kind, return_inverse=True)[1].astype(np.uint64) << np.uint64(32)
    return np.repeat(number, np.diff(setting.partitions["mixing_group"].start))


def _pairs_of_seats(kind: NDArray[np.uint64],
                    draw: np.uint64) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Random pairs of seats of a kind (one, two), and a draw in [0, 1) for each pair."""
    keys = kind | (uniforms(draw, np.arange(kind.shape[0])) * 2.0**32).astype(np.uint64)
    order = np.argsort(keys)  # several times faster than a stable one, which equal keys need; these are rare
    if (keys[order[1:]] == keys[order[:-1]]).any():
        order = np.argsort(keys, kind="stable")
    place = _index_in_run(kind[order])
    paired = np.flatnonzero((place[:-1] % 2 == 0) & (place[1:] == place[:-1] + 1))
    one, two = order[paired], order[paired + 1]
    return one, two, uniforms(draw ^ np.uint64(1), one)


def members(people: Residents, parameters: ResidentParameters, seed: int) -> dict[str, NDArray[np.intp]]:
    """Rows that belong to school, work and association by age and keyed chance."""
    rows = np.flatnonzero(people.active)
    age, uid = people.age[rows], people.uid[rows]
    pupil = (age >= SCHOOL_AGES[0]) & (age < SCHOOL_AGES[1])
    worker = (age >= WORK_AGES[0]) & (age < WORK_AGES[1])
    worker &= uniforms(stream(seed, Decision.EMPLOYMENT), uid) < parameters.employment
    joins = (age >= MEETING_AGE) & (uniforms(stream(seed, Decision.MEMBERSHIP), uid) < parameters.membership)
    return {"public": rows[age >= MEETING_AGE], "school": rows[pupil], "work": rows[worker], "association": rows[joins]}


def district_of_row(place: Place, people: Residents) -> NDArray[np.int32]:
    """(N,) index of the district in which each row lives."""
    return place.of_role("district").area_of_output_area[people.output_area].astype(np.int32)


def _street(place: Place, people: Residents, settings: Settings) -> Setting:
    rows = len(people)
    occupant = np.where(people.active, np.arange(rows), -1).astype(np.int32)
    output_area_seats = np.bincount(people.output_area_of_dwelling, weights=np.diff(people.household_start),
                             minlength=place.counts.shape[0]).astype(np.int64)
    output_area_start = np.concatenate([[0], np.cumsum(output_area_seats)]).astype(np.int32)
    partitions = {}
    for scale, level in zip(SCALES, place.levels, strict=False):
        first = np.flatnonzero(np.diff(level.area_of_output_area, prepend=-1))
        start = np.append(output_area_start[first], output_area_start[-1])
        names = level.names_in_keys
        keys = [name_key("street", scale, names[a]) for a in level.area_of_output_area[first]]
        partitions[scale] = Partition(start, np.array(keys, dtype=np.uint64))
    partitions["small_group"] = small_groups(partitions["output_area"], settings.neighbours)
    return Setting("street", occupant, np.zeros(rows, np.int16), partitions, rows)


def small_groups(mixing_groups: Partition, size: int) -> Partition:
    """Divide each mixing group into small groups of about ``size`` adjacent seats."""
    seats = np.diff(mixing_groups.start)
    number = np.maximum(1, np.rint(seats / size).astype(np.int64))
    mixing_group = np.repeat(np.arange(len(mixing_groups)), number)
    index = np.arange(mixing_group.shape[0]) - np.repeat(np.cumsum(number) - number, number)
    start = mixing_groups.start[mixing_group] + index * seats[mixing_group] // number[mixing_group]
    keys = np.array([fold(key, np.uint64(i)) for key, i in zip(mixing_groups.keys[mixing_group], index, strict=True)],
                    dtype=np.uint64)
    return Partition(np.append(start, mixing_groups.start[-1]).astype(np.int32), keys)


def _fill(name: str, mixing_groups: MixingGroups, people: Residents, rows: NDArray[np.intp],
          catchments: list[Catchment], groups: tuple[str, ...], seed: int) -> Setting:
    """Seat ``rows`` in mixing groups. Some members come through their own group's networks; each mixing group draws its
    members from a district, a town or a region.

    Members queue by (area, own group or any), and each queue is divided into full mixing groups; the remaining members
    are combined by district. A school's queues are ordered by age, so a class has one age.
    """
    uid, G = people.uid[rows], len(groups)
    own = uniforms(stream(seed, Decision.SEATING, name_key(name, "own")), uid) < mixing_groups.sorting
    near = uniforms(stream(seed, Decision.SEATING, name_key(name, "near")), uid)
    role = np.where(near < mixing_groups.local, 0, np.where(near < 1 - mixing_groups.far, 1, 2))
    chance = uniforms(stream(seed, Decision.SEATING, name_key(name, "order")), uid)
    within = np.floor(people.age[rows]) + chance if name == "school" else chance
    first = np.cumsum([0, *(len(catchment.names) for catchment in catchments)])
    area = first[role] + np.stack([catchment.area for catchment in catchments])[role, rows]
    kind = area * (G + 1) + np.where(own, people.group[rows].astype(int) + 1, 0)
    order = np.lexsort((within, kind))
    full = max(1, round(mixing_groups.size * (1 - mixing_groups.empty)))
    ordinal = _index_in_run(kind[order]) // full
    complete = (ordinal + 1) * full <= np.bincount(kind)[kind[order]]
    labels = [f"{catchment.role} {area}" for catchment in catchments for area in catchment.names]
    names = [f"{labels[k // (G + 1)]}/{groups[k % (G + 1) - 1] if k % (G + 1) else 'any'}/{o}"
             for k, o in _runs(kind[order][complete], ordinal[complete])]
    left = order[~complete]
    left = left[np.lexsort(np.stack([within[left], *(catchment.area[rows[left]] for catchment in catchments)]))]
    names += [f"left/{o}" for o in range(-(-left.shape[0] // full))]
    kinds = np.concatenate([kind[order][complete][::full], -1 - catchments[1].area[rows[left[::full]]]])
    queue = rows[np.concatenate([order[complete], left])]
    return _seat(name, mixing_groups, queue, full, names, kinds, len(people), seed)


def _seat(name: str, mixing_groups: MixingGroups, queue: NDArray[np.intp], full: int, names: list[str],
          kind: NDArray[np.int64], rows: int, seed: int) -> Setting:
    """Seat the queue in mixing groups of ``full`` members, at random ones of their ``mixing_groups.size`` seats."""
    keys = np.array([name_key(name, n) for n in names], dtype=np.uint64)
    start = np.arange(len(names) + 1, dtype=np.int32) * mixing_groups.size
    occupant = np.full(start[-1], -1, np.int32)
    if queue.shape[0]:
        part = keys[:, None] + np.arange(mixing_groups.size, dtype=np.uint64)[None, :]
        order = np.argsort(uniforms(stream(seed, Decision.SEATING, name_key(name, "seat")), part), axis=1)
        mixing_group, position = np.divmod(np.arange(queue.shape[0]), full)
        occupant[mixing_group * mixing_groups.size + order[mixing_group, position]] = queue
    partition = Partition(start, keys)
    partitions = {"mixing_group": partition}
    if "small_group" in SCALES_OF[name]:
        partitions["small_group"] = small_groups(partition, mixing_groups.small_group)
    return Setting(name, occupant, np.zeros(occupant.shape, np.int16), partitions, rows, kind.astype(np.int32))


def _index_in_run(sorted_values: NDArray[np.integer]) -> NDArray[np.int64]:
    """0, 1, 2 ... within each run of equal values."""
    n = sorted_values.shape[0]
    first = np.flatnonzero(np.append(np.ones(min(n, 1), bool), np.diff(sorted_values) != 0))
    return np.arange(n) - np.repeat(first, np.diff(np.append(first, n)))


def _runs(a: NDArray[np.integer], b: NDArray[np.integer]) -> list[tuple[int, int]]:
    """The distinct (a, b) in order of appearance, for sorted input."""
    if not a.shape[0]:
        return []
    new = np.flatnonzero(np.diff(a, prepend=a[0] - 1) | np.diff(b, prepend=b[0] - 1))
    return list(zip(a[new].tolist(), b[new].tolist(), strict=True))
