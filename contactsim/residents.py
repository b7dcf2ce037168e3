"""The residents of a place as columns: one row for each person, one array for each attribute.

Rows are ordered by dwelling and output area, so near neighbours are adjacent in memory. A household keeps its rows;
when it leaves the place, its rows are inactive until newcomers take them and get new identifiers. Ages, households and
traits come from documented distributions (all assumed or recalled, see the ODD). Only the numbers of residents by area
and group come from the place's table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contactsim.draws import Decision, name_key, normals, stream, uniforms
from contactsim.parameters import Psychology
from contactsim.parameters import Residents as ResidentParameters
from contactsim.place import Place

#: Shares of household sizes 1 to 6 and shares of adult ages by band: rounded from the 2011 census of
#: England and Wales (recalled, not read in a source here).
HOUSEHOLD_SIZES = np.array([0.30, 0.34, 0.16, 0.13, 0.05, 0.02])
ADULT_BANDS = np.array([18, 25, 35, 45, 55, 65, 75, 90], dtype=float)
ADULT_SHARES = np.array([0.12, 0.17, 0.18, 0.18, 0.15, 0.11, 0.09])
#: Chance that the second member of a household is a child, and that each further one is (assumed, so that
#: about a fifth of residents are under 18).
CHILD_SECOND, CHILD_FURTHER = 0.10, 0.75
#: Youngest age that meets people outside the family, and youngest age in a survey (assumed; surveys of adults 16+).
MEETING_AGE, SURVEY_AGE = 5.0, 16.0
#: Age at which presence and belonging become those of adults (assumed: the end of compulsory school).
ADULT_AGE = 16.0
#: Places for ties that each resident has (assumed: most people report 8 to 25 friends, nine in ten fewer than these).
TIE_PLACES = 24
WEEKS_A_YEAR = 52
#: Weeks between two changes of the wandering part of resting points, each keeping its memory (a matter of cost).
WANDERING_WEEKS = 13
#: Confidence in the shared language on arrival (assumed); it grows with meetings.
ARRIVAL_LANGUAGE = 0.3
#: States of ``Residents.rumour``.
UNHEARD, BELIEVES, KNOWS_BETTER = 0, 1, 2
#: Bytes of a processor's cache line.
CACHE_LINE = 64

#: Arrays that place households in rows and dwellings.
LAYOUT = ("household_start", "dwelling", "dwelling_start")
WRITABLE = frozenset({"age", "sociability", "negative_exposure", "baseline_attitude", "status", "language", "anxiety",
                      "threat", "belonging", "engagement", "stigma", "civic", "attitude", "feeling", "positive",
                      "negative", "recent_positive", "recent_negative"})
#: Columns that meetings read or write; they lie in one block of memory with the arrays of the week.
IN_BLOCK = ("group", "uid", "status", "attitude", "feeling", "public_contact", "public_balance",
            "friends", "cross_friends")
#: Columns that hold one value for each other group.
BY_GROUP = ("attitude", "feeling", "positive", "negative", "recent_positive", "recent_negative")


@dataclass
class Residents:
    """Columns of N rows for G groups. The kernels read and write these arrays in place.

    Columns by group leave the own group out: for a resident of group g, the values for another group h are at
    position ``position_of(h, g)``.
    """

    # fixed attributes
    group: NDArray[np.uint8]  # (N,) index of the own group
    sex: NDArray[np.uint8]  # (N,) 0 female, 1 male
    age: NDArray[np.float32]  # (N,) years
    arrived: NDArray[np.float32]  # (N,) years since arrival; nan for those who always lived here
    uid: NDArray[np.int32]  # (N,) stable identifier of the person
    active: NDArray[np.bool_]  # (N,) somebody lives in this row
    baseline_attitude: NDArray[np.float32]  # (N,) attitude towards others at rest, [-1, 1]
    sociability: NDArray[np.float32]  # (N,) > 0, mean 1
    negative_exposure: NDArray[np.float32]  # (N,) liability to negative events, log odds, mean 0
    anxiety_trait: NDArray[np.float32]  # (N,) resting anxiety apart from the baseline attitude, mean 0
    threat_trait: NDArray[np.float32]  # (N,) resting threat apart from attitude, mean 0
    status: NDArray[np.float32]  # (N,) [0, 1]
    language: NDArray[np.float32]  # (N,) confidence in the shared language, [0, 1]
    # states
    wandering: NDArray[np.float32]  # (N,) wandering part of the attitude's resting point, mean 0
    anxiety: NDArray[np.float32]  # (N,) intergroup anxiety [0, 1]
    threat: NDArray[np.float32]  # (N,) perceived threat [0, 1]
    belonging: NDArray[np.float32]  # (N,) community belonging [0, 1]
    engagement: NDArray[np.float32]  # (N,) community engagement [0, 1]
    stigma: NDArray[np.float32]  # (N,) felt stigma [0, 1]
    civic: NDArray[np.float32]  # (N,) civic participation [0, 1]; changed by actions only
    rumour: NDArray[np.int8]  # (N,) state of the rumour: UNHEARD, BELIEVES or KNOWS_BETTER
    attitude: NDArray[np.float32]  # (N, G - 1) towards each other group, [-1, 1]
    feeling: NDArray[np.float32]  # (N, G - 1) momentary feeling towards it on top of the attitude, [-1, 1]
    positive: NDArray[np.float32]  # (N, G - 1) accumulated positive experience, close hours
    negative: NDArray[np.float32]  # (N, G - 1) accumulated negative experience, close hours
    recent_positive: NDArray[np.float32]  # (N, G - 1) positive meetings a week, decaying memory
    recent_negative: NDArray[np.float32]  # (N, G - 1) negative meetings a week, decaying memory
    public_contact: NDArray[np.float32]  # (N,) encounters with others out and about a week, memory of a year
    public_balance: NDArray[np.float32]  # (N,) positive minus negative among them, a week
    ties: NDArray[np.int32]  # (N, TIE_PLACES) rows of friends: of other groups, of the own group, free places (-1)
    friends: NDArray[np.uint8]  # (N,) number of friends
    cross_friends: NDArray[np.uint8]  # (N,) number of friends in other groups
    friend_groups: NDArray[np.unsignedinteger]  # (N,) bit g set: has a friend in group g
    extended_contact: NDArray[np.unsignedinteger]  # (N,) bit g set: a friend of the own group has a friend in group g
    # layout: household h lives in rows household_start[h]:household_start[h+1]; output area a has the dwellings
    # dwelling_start[a]:dwelling_start[a+1]
    household_start: NDArray[np.int32]  # (H + 1,)
    dwelling: NDArray[np.int32]  # (H,) dwelling of the household record; a bijection
    dwelling_start: NDArray[np.int32]  # (output areas + 1,)
    block: NDArray[np.void] = field(repr=False)  # (N,) memory of the columns IN_BLOCK

    def __len__(self) -> int:
        """Rows, the inactive ones included."""
        return self.group.shape[0]

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the per-resident columns."""
        return (*(name for name in self.array_names if name not in LAYOUT), "household")

    @property
    def array_names(self) -> tuple[str, ...]:
        """Names of all arrays: columns and layout."""
        return tuple(one.name for one in fields(self) if one.name != "block")

    @property
    def household(self) -> NDArray[np.int32]:
        """(N,) household record of each row (computed)."""
        sizes = np.diff(self.household_start)
        return np.repeat(np.arange(sizes.shape[0], dtype=np.int32), sizes)

    @property
    def output_area_of_dwelling(self) -> NDArray[np.int32]:
        """(H,) output area of each dwelling (computed)."""
        return np.repeat(np.arange(self.dwelling_start.shape[0] - 1, dtype=np.int32), np.diff(self.dwelling_start))

    @property
    def output_area(self) -> NDArray[np.int32]:
        """(N,) output area of each row (computed)."""
        return np.repeat(self.output_area_of_dwelling[self.dwelling], np.diff(self.household_start))

    @property
    def writable(self) -> frozenset[str]:
        """Columns that a user may set; the others define the layout."""
        return WRITABLE

    def column(self, name: str) -> NDArray[Any]:
        """The array of a column, not a copy."""
        array: NDArray[Any] = getattr(self, name)
        return array

    @property
    def groups(self) -> int:
        """Number of groups G."""
        return self.attitude.shape[1] + 1

    def towards(self, name: str, target: int, rows: NDArray[np.integer] | slice = slice(None)) -> NDArray[Any]:
        """(rows,) values of a column by group for group ``target`` (a copy); 0 for members of that group."""
        group, column = self.group[rows], self.column(name)[rows]
        at = np.minimum(position_of(target, group), self.groups - 2)
        return np.where(group == target, column.dtype.type(0), column[np.arange(group.shape[0]), at])

    def by_group(self, name: str, rows: NDArray[np.integer] | slice = slice(None)) -> NDArray[Any]:
        """(rows, G) values of a column by group for all groups (a copy); 0 for the own group."""
        return np.stack([self.towards(name, target, rows) for target in range(self.groups)], axis=1)

    def nbytes(self) -> int:
        """Bytes held by all columns."""
        return self.block.nbytes + sum(self.column(name).nbytes for name in self.array_names if name not in IN_BLOCK)


def block_type(groups: int) -> np.dtype[np.void]:
    """Type of the block of memory that meetings read and write, for each resident.

    It holds the columns :data:`IN_BLOCK` and the arrays of a week (:class:`contactsim.encounters.arrays.Week`). The
    members of a workplace are scattered over all rows: one block for each saves most of the time that a processor waits
    for memory.
    """
    others = groups - 1
    return np.dtype([  # in an order in which each number begins at a multiple of its size
        ("group", np.uint8), ("free", np.uint8), ("friends", np.uint8), ("cross_friends", np.uint8), ("uid", np.int32),
        ("status", np.float32), ("public_contact", np.float32), ("public_balance", np.float32),
        ("availability", np.float32), ("odds_factor", np.float32, (others, 4)),
        ("attitude", np.float32, (others,)), ("feeling", np.float32, (others,)), ("dose", np.int32, (others, 2)),
        ("company", np.int32), ("candidate", np.int32), ("counts", np.uint8, (others, 4)),
        ("own_meetings", np.uint8), ("bonding", np.uint8), ("priority", np.uint16), ("shared_activity", np.uint16),
        ("community", np.uint16)])


def position_of(target: Any, own: Any) -> Any:
    """Position of group ``target`` in the columns by group of members of group ``own`` (numbers or arrays)."""
    return np.asarray(target, np.intp) - (np.asarray(target) > own)


def populate(place: Place, parameters: ResidentParameters, psychology: Psychology, seed: int) -> Residents:
    """All residents of a place and its empty dwellings, before any meeting.

    Group and output area follow ``place.counts`` exactly; the output areas must already be in the order of
    :func:`contactsim.settings.seating.ordered` (nested areas adjacent).
    """
    output_area, group, size = _households(place, parameters, seed)
    households = size.shape[0]
    start = np.zeros(households + 1, dtype=np.int64)
    np.cumsum(size, out=start[1:])
    rows, G = int(start[-1]), len(place.groups)
    household = np.repeat(np.arange(households, dtype=np.int32), size)
    occupied = group >= 0
    block = contiguous([np.zeros(rows, block_type(G))])[0]
    block["group"] = np.where(occupied, group, 0).astype(np.uint8)[household]
    block["uid"] = np.arange(rows)
    columns: dict[str, NDArray[Any]] = {
        "arrived": np.full(rows, np.nan, np.float32), "sociability": np.ones(rows, np.float32),
        "language": np.ones(rows, np.float32), "ties": np.full((rows, TIE_PLACES), -1, np.int32),
        "household_start": start.astype(np.int32), "dwelling": np.arange(households, dtype=np.int32),
        "dwelling_start": np.searchsorted(output_area, np.arange(place.counts.shape[0] + 1)).astype(np.int32)}
    columns |= {name: np.zeros((rows, G - 1), np.float32) for name in BY_GROUP if name not in IN_BLOCK}
    bits = np.uint8 if G <= 8 else np.uint16
    columns |= {name: np.zeros(rows, bits) for name in ("friend_groups", "extended_contact")}
    columns |= {"active": occupied[household], "sex": np.zeros(rows, np.uint8), "rumour": np.zeros(rows, np.int8)}
    columns |= {one.name: np.zeros(rows, np.float32) for one in fields(Residents)
                if one.name not in (*columns, *IN_BLOCK, "block")}
    columns = dict(zip(columns, contiguous(list(columns.values())), strict=True))
    people = Residents(**columns, **{name: block[name] for name in IN_BLOCK}, block=block)
    settle(people, np.flatnonzero(people.active), parameters, psychology, seed)
    return people


def settle(people: Residents, rows: NDArray[np.intp], parameters: ResidentParameters, psychology: Psychology,
           seed: int, newcomers: bool = False) -> None:
    """Give the people in ``rows`` their traits and put their state at rest (no experience of others).

    Draws are keyed by the person's identifier, so it does not matter which other rows are settled.
    """
    uid, group = people.uid[rows], people.group[rows]
    others = group > 0
    people.sex[rows] = uniforms(stream(seed, Decision.SEX), uid) < 0.5
    people.age[rows] = _ages(people, rows, parameters, seed)
    arrived = np.full(rows.shape[0], np.nan)
    head = people.uid[people.household_start[people.household[rows]]]
    u = uniforms(stream(seed, Decision.ARRIVED), head)
    new = others & (u < parameters.newcomers)
    arrived[new] = 10.0 * u[new] / max(parameters.newcomers, 1e-12)
    if newcomers:
        arrived[:] = np.where(others, 0.0, np.nan)
    people.arrived[rows] = arrived
    people.language[rows] = np.where(np.isnan(arrived), 1.0, ARRIVAL_LANGUAGE)
    baseline_attitude = parameters.baseline_attitude_mean + parameters.baseline_attitude_spread * normals(
        stream(seed, Decision.BASELINE_ATTITUDE), uid)
    people.baseline_attitude[rows] = np.clip(baseline_attitude, -0.95, 0.95)
    spread = parameters.sociability_spread
    people.sociability[rows] = np.exp(spread * normals(stream(seed, Decision.SOCIABILITY), uid) - spread**2 / 2)
    people.negative_exposure[rows] = parameters.negative_exposure_spread * normals(
        stream(seed, Decision.NEGATIVE_EXPOSURE), uid)
    people.anxiety_trait[rows] = parameters.anxiety_spread * normals(stream(seed, Decision.ANXIETY), uid)
    people.threat_trait[rows] = parameters.threat_spread * normals(stream(seed, Decision.THREAT), uid)
    people.wandering[rows] = parameters.wandering_spread * normals(stream(seed, Decision.WANDERING), uid)
    status = 0.5 - parameters.status_gap * others + parameters.status_spread * normals(
        stream(seed, Decision.STATUS), uid)
    people.status[rows] = np.clip(status, 0.0, 1.0)
    rest(people, rows, psychology)


def rest(people: Residents, rows: NDArray[np.intp], psychology: Psychology) -> None:
    """Set the state of ``rows`` to rest: attitude at its resting point, no experience."""
    baseline_attitude = people.baseline_attitude[rows]
    people.anxiety[rows] = np.clip(psychology.anxiety_rest - psychology.anxiety_baseline_attitude * baseline_attitude
                                   + people.anxiety_trait[rows], 0.0, 1.0)
    people.threat[rows] = np.clip(psychology.threat_rest - psychology.threat_baseline_attitude * baseline_attitude
                                  + people.threat_trait[rows], 0.0, 1.0)
    people.belonging[rows] = resting_belonging(people.age[rows], psychology)
    people.engagement[rows] = psychology.engagement_rest
    people.stigma[rows] = psychology.stigma_rest
    people.civic[rows] = psychology.civic_rest
    people.rumour[rows] = UNHEARD
    for name in (*BY_GROUP[1:], "public_contact", "public_balance"):
        people.column(name)[rows] = 0.0
    people.attitude[rows] = np.clip(baseline_attitude + people.wandering[rows], -1.0, 1.0)[:, None]


def resting_belonging(age: NDArray[np.floating[Any]], psychology: Psychology) -> NDArray[np.float64]:
    """Level to which belonging declines at an age in years: higher in childhood, falling evenly until sixteen."""
    childhood = np.clip((ADULT_AGE - age) / (ADULT_AGE - MEETING_AGE), 0.0, 1.0)
    return np.minimum(1.0, psychology.belonging_rest + psychology.belonging_childhood * childhood)


def by_age(age: NDArray[np.float64], strength: float) -> NDArray[np.float64]:
    """How often people of an age (years) are out, against the mean: 1 for children, then as in contact diaries.

    ``strength`` is the rule ``presence_age``. The kernel of appraisal has the same for one resident.
    """
    older = np.minimum(1.0, np.maximum(0.0, (age - 30.0) / 45.0))
    return np.where(age < ADULT_AGE, 1.0, np.maximum(0.0, 1.0 + strength * (0.2 - 0.65 * older)))


def wander(people: Residents, spread: float, memory: float, seed: int, week: int) -> None:
    """Move the wandering part of resting points on by :data:`WANDERING_WEEKS` weeks; its spread stays the same."""
    keep = float(np.exp(-WANDERING_WEEKS / memory))
    new = normals(stream(seed, Decision.WANDERING, week), people.uid)
    people.wandering[:] = keep * people.wandering.astype(float) + np.sqrt(1 - keep**2) * spread * new


def liking(people: Residents, rows: NDArray[np.integer] | slice = slice(None)) -> NDArray[np.float64]:
    """(rows, G - 1) what people would answer about each other group now: attitude and feeling, -1 to 1."""
    return np.clip(people.attitude[rows].astype(float) + people.feeling[rows], -1.0, 1.0)


def weights_of_others(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """(G, G) weights of the attitudes to other groups in "all others": their sizes, rows adding up to 1."""
    weights = np.tile(np.asarray(counts, dtype=float), (counts.shape[0], 1))
    np.fill_diagonal(weights, 0.0)
    return weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-300)


def attitude_to_others(people: Residents, weights: NDArray[np.float64],
                       rows: NDArray[np.integer] | slice = slice(None)) -> NDArray[np.float64]:
    """Attitude of rows to all other groups together, -1 to 1: the mean over the groups by their size in the place.

    ``weights`` (G, G) are those of :func:`weights_of_others`. Weekly sums (observers/weekly) are of the same mean.
    """
    return over_others(people.attitude[rows], people.group[rows], weights)


def over_others(values: NDArray[np.floating[Any]], group: NDArray[np.integer],
                weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) mean of ``values`` (n, G - 1) over the other groups, by the ``weights`` (G, G) of one's own ``group``."""
    without_own = weights[~np.eye(weights.shape[0], dtype=bool)].reshape(weights.shape[0], -1)
    return np.asarray((values * without_own[group]).sum(axis=1))


def _households(place: Place, parameters: ResidentParameters,
                seed: int) -> tuple[NDArray[np.int32], NDArray[np.int16], NDArray[np.int64]]:
    """(output area, group, size) of each household record in layout order; group -1 is an empty dwelling.

    Households are of one group (assumed). Within an output area their order is random, so that near neighbours are
    as mixed as the output area.
    """
    counts = place.counts
    codes = np.array([name_key(code) for code in place.levels[0].names_in_keys], dtype=np.uint64)
    segments = np.concatenate([counts.ravel(order="C"), _empty_people(counts, parameters)]).astype(np.int64)
    output_areas, G = counts.shape
    segment_output_area = np.concatenate([np.repeat(np.arange(output_areas), G), np.arange(output_areas)])
    segment_group = np.concatenate([np.tile(np.arange(G), output_areas), np.full(output_areas, -1)])
    offset = np.concatenate([[0], np.cumsum(segments)])
    segment = np.repeat(np.arange(segments.shape[0]), segments)
    index = np.arange(offset[-1]) - offset[segment]
    part = codes[segment_output_area[segment]] + np.uint64(2**40) * (segment_group[segment] + 1).astype(
        np.uint64) + index.astype(np.uint64)
    u = uniforms(stream(seed, Decision.HOUSEHOLD), part)
    size = 1 + np.searchsorted(np.cumsum(HOUSEHOLD_SIZES)[:-1], u, side="right")
    ends = np.cumsum(size)
    base = np.concatenate([[0], ends])[offset[:-1]]
    before = ends - size - base[segment]
    real = before < segments[segment]
    size = np.minimum(size, segments[segment] - before)[real]
    part, segment = part[real], segment[real]
    order = np.lexsort((uniforms(stream(seed, Decision.HOUSEHOLD, 1), part), segment_output_area[segment]))
    return (segment_output_area[segment][order].astype(np.int32), segment_group[segment][order].astype(np.int16),
            size[order])


def _empty_people(counts: NDArray[np.int32], parameters: ResidentParameters) -> NDArray[np.int64]:
    """How many people each output area's empty dwellings would hold."""
    share = parameters.vacancy / (1 - parameters.vacancy)
    return np.rint(counts.sum(axis=1) * share).astype(np.int64)


def _ages(people: Residents, rows: NDArray[np.intp], parameters: ResidentParameters, seed: int) -> NDArray[np.float64]:
    """Ages in years: the first of a household is an adult, later ones more often children."""
    uid = people.uid[rows]
    member = rows - people.household_start[people.household[rows]]
    chance = np.where(member == 0, 0.0, np.where(member == 1, CHILD_SECOND, CHILD_FURTHER))
    child = uniforms(stream(seed, Decision.AGE), uid) < chance
    u = uniforms(stream(seed, Decision.AGE, 1), uid)
    adult = np.interp(u, np.concatenate([[0], np.cumsum(ADULT_SHARES)]), ADULT_BANDS)
    shift = np.where(people.group[rows] > 0, parameters.minority_age_shift, 0.0)
    return np.where(child, 18.0 * u, np.clip(adult + shift, 18.0, 95.0))


def contiguous(arrays: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    """Copies of C-ordered arrays in one block of memory; same values, shapes and types.

    A week reads and writes some forty arrays together. Each is too short for the large memory pages that numpy requests
    from four megabytes on, and with small pages a processor spends time on looking up addresses. One block is long
    enough: a week takes about 5 % less time at 100,000 residents. Each array begins at a cache line.
    """
    places = np.cumsum([0, *(-(-array.nbytes // CACHE_LINE) * CACHE_LINE for array in arrays)])
    memory = np.empty(int(places[-1]) + CACHE_LINE, np.uint8)
    places += -memory.ctypes.data % CACHE_LINE
    copies = []
    for array, place in zip(arrays, places.tolist(), strict=False):
        copy = memory[place:place + array.nbytes].view(array.dtype).reshape(array.shape)
        copy[...] = array
        copies.append(copy)
    return copies
