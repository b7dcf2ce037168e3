"""The residents of a place as columns: one row for each person, one array for each attribute.

Rows are ordered by dwelling and output area, so near neighbours are adjacent in memory. A household keeps its rows;
when it leaves the place, its rows are inactive until newcomers take them and get new identifiers. Ages, households and
traits come from documented distributions (all assumed or recalled, see the ODD). Only the numbers of residents by area
and group come from the place's table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
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
#: Places for ties that each resident has (assumed: about the number of close friends that surveys find).
TIE_PLACES = 8
WEEKS_A_YEAR = 52
#: Confidence in the shared language on arrival (assumed); it grows with meetings.
ARRIVAL_LANGUAGE = 0.3
#: States of ``Residents.rumour``.
UNHEARD, BELIEVES, KNOWS_BETTER = 0, 1, 2
#: Bytes of a processor's cache line.
CACHE_LINE = 64

WRITABLE = frozenset({"age", "sociability", "negative_exposure", "baseline_attitude", "status", "language", "anxiety",
                      "threat", "belonging", "engagement", "stigma", "civic", "attitude", "positive", "negative",
                      "recent_positive", "recent_negative"})


@dataclass
class Residents:
    """Columns of N rows for G groups. The kernels read and write these arrays in place."""

    # fixed attributes
    group: NDArray[np.uint8]  # (N,) index of the own group
    sex: NDArray[np.uint8]  # (N,) 0 female, 1 male
    age: NDArray[np.float64]  # (N,) years
    arrived: NDArray[np.float32]  # (N,) years since arrival; nan for those who always lived here
    household: NDArray[np.int32]  # (N,) household record
    uid: NDArray[np.int64]  # (N,) stable identifier of the person
    active: NDArray[np.bool_]  # (N,) somebody lives in this row
    baseline_attitude: NDArray[np.float64]  # (N,) attitude towards others at rest, [-1, 1]
    sociability: NDArray[np.float64]  # (N,) > 0, mean 1
    negative_exposure: NDArray[np.float64]  # (N,) liability to negative events, log odds, mean 0
    status: NDArray[np.float64]  # (N,) [0, 1]
    language: NDArray[np.float64]  # (N,) confidence in the shared language, [0, 1]
    # states
    anxiety: NDArray[np.float64]  # (N,) intergroup anxiety [0, 1]
    threat: NDArray[np.float64]  # (N,) perceived threat [0, 1]
    belonging: NDArray[np.float64]  # (N,) community belonging [0, 1]
    engagement: NDArray[np.float32]  # (N,) community engagement [0, 1]
    stigma: NDArray[np.float32]  # (N,) felt stigma [0, 1]
    civic: NDArray[np.float32]  # (N,) civic participation [0, 1]; changed by actions only
    rumour: NDArray[np.int8]  # (N,) state of the rumour: UNHEARD, BELIEVES or KNOWS_BETTER
    attitude: NDArray[np.float64]  # (N, G) towards each other group, [-1, 1]; own column 0
    positive: NDArray[np.float64]  # (N, G) accumulated positive experience, close meetings
    negative: NDArray[np.float64]  # (N, G) accumulated negative experience, close meetings
    recent_positive: NDArray[np.float64]  # (N, G) positive meetings a week, decaying memory
    recent_negative: NDArray[np.float64]  # (N, G) negative meetings a week, decaying memory
    ties: NDArray[np.int32]  # (N, TIE_PLACES) rows of friends; free places (-1) come last
    friend_groups: NDArray[np.uint16]  # (N,) bit g set: has a friend in group g
    # layout: household h lives in rows household_start[h]:household_start[h+1]
    household_start: NDArray[np.int64]  # (H + 1,)
    dwelling: NDArray[np.int32]  # (H,) dwelling of the household record; a bijection
    output_area_of_dwelling: NDArray[np.int32]  # (H,)

    def __len__(self) -> int:
        """Rows, the inactive ones included."""
        return self.group.shape[0]

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the per-resident columns."""
        n = len(self)
        return tuple(f.name for f in fields(self)
                     if f.name not in ("household_start", "dwelling", "output_area_of_dwelling")
                     and getattr(self, f.name).shape[0] == n)

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
        return self.attitude.shape[1]

    def nbytes(self) -> int:
        """Bytes held by all columns."""
        return sum(getattr(self, f.name).nbytes for f in fields(self))


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
    people = Residents(
        group=np.where(occupied, group, 0).astype(np.uint8)[household],
        sex=np.zeros(rows, np.uint8), age=np.zeros(rows), arrived=np.full(rows, np.nan, np.float32),
        household=household, uid=np.arange(rows, dtype=np.int64), active=occupied[household],
        baseline_attitude=np.zeros(rows), sociability=np.ones(rows), negative_exposure=np.zeros(rows),
        status=np.zeros(rows), language=np.ones(rows), anxiety=np.zeros(rows), threat=np.zeros(rows),
        belonging=np.zeros(rows),
        engagement=np.zeros(rows, np.float32), stigma=np.zeros(rows, np.float32), civic=np.zeros(rows, np.float32),
        rumour=np.zeros(rows, np.int8),
        attitude=np.zeros((rows, G)), positive=np.zeros((rows, G)), negative=np.zeros((rows, G)),
        recent_positive=np.zeros((rows, G)), recent_negative=np.zeros((rows, G)),
        ties=np.full((rows, TIE_PLACES), -1, np.int32), friend_groups=np.zeros(rows, np.uint16),
        household_start=start, dwelling=np.arange(households, dtype=np.int32), output_area_of_dwelling=output_area)
    people = Residents(*contiguous([getattr(people, field.name) for field in fields(people)]))
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
    status = 0.5 - parameters.status_gap * others + parameters.status_spread * normals(
        stream(seed, Decision.STATUS), uid)
    people.status[rows] = np.clip(status, 0.0, 1.0)
    rest(people, rows, psychology)


def rest(people: Residents, rows: NDArray[np.intp], psychology: Psychology) -> None:
    """Set the state of ``rows`` to rest: attitude at the baseline attitude, no experience."""
    baseline_attitude = people.baseline_attitude[rows]
    people.anxiety[rows] = np.clip(
        psychology.anxiety_rest - psychology.anxiety_baseline_attitude * baseline_attitude, 0.0, 1.0)
    people.threat[rows] = psychology.threat_rest
    people.belonging[rows] = psychology.belonging_rest
    people.engagement[rows] = psychology.engagement_rest
    people.stigma[rows] = psychology.stigma_rest
    people.civic[rows] = psychology.civic_rest
    people.rumour[rows] = UNHEARD
    for name in ("positive", "negative", "recent_positive", "recent_negative"):
        people.column(name)[rows] = 0.0
    attitude = np.repeat(baseline_attitude[:, None], people.groups, axis=1)
    attitude[np.arange(rows.shape[0]), people.group[rows]] = 0.0
    people.attitude[rows] = attitude


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
    return np.asarray((people.attitude[rows] * weights[people.group[rows]]).sum(axis=1))


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
