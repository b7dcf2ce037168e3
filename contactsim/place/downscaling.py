"""Splitting units into synthetic output areas with a stated dissimilarity inside each; vectorised over all units.

A unit (a ward, an MSOA, or a whole synthetic place) of n residents becomes round(n / output area) output areas of equal
size in blocks in districts. The log-odds of each group against the first, in an output area, are

    spread * (LOCAL_BLOCK * z_block + LOCAL_OUTPUT_AREA * z_output_area) + between * z_district

where each z is a standard normal draw keyed by the unit's code, the group's name and the position: a part
COMMON of its variance is shared by all groups but the first, the rest is the group's own. Margins (output area
sizes, group totals) are fitted by iterative proportional fitting; whole numbers come from systematic
rounding with a keyed start, so the group totals of a unit are exact and the output areas differ from equal size by
a few residents. One number per unit, the intensity, sets spread and between; it is solved so that the first
group against all others reaches the unit's dissimilarity.

LOCAL_BLOCK and LOCAL_OUTPUT_AREA were fitted (least squares, rms error .014) to how D of White British against all
others falls from output areas to LSOAs to MSOAs in Bradford, Birmingham, Thanet, Slough, Hackney (A27) and
Cardiff, census 2011: the same local variance fits districts from D = .25 to D = .66, which differ in the
variance between districts. COMMON is the mean correlation (.61) of the log-odds of five broad groups against
White British over the output areas of these districts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contactsim.draws import Decision, name_key, normals, stream, uniforms
from contactsim.place.nesting import BLOCK, DISTRICT, group_in_order

LOCAL_BLOCK, LOCAL_OUTPUT_AREA, COMMON = 0.30, 0.45, 0.6
#: Up to this intensity the local spread stays as fitted and districts differ more; beyond it all grow.
_FITTED_UP_TO = 4.0
_HIGHEST = 60.0
#: Rounds of proportional fitting for targets up to and above _STEEP; steep contrasts need more.
_ROUNDS, _STEEP, _ROUNDS_STEEP = 8, 0.6, 80
#: Whole numbers stand for this many parts of a resident, so that sums are exact in any company.
_PARTS = 2**20

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Output areas of all units, in the order of the units."""

    counts: Ints
    """(output areas, groups) residents; a unit's output areas add up to it exactly"""
    unit: Ints
    """(output areas,) index of the unit"""
    block: Ints
    """(output areas,) index of the block, nested in the unit's districts"""
    district: Ints
    """(output areas,) index of the district, nested in the unit"""
    reached: Floats
    """(units,) dissimilarity of the first group against all others; NaN where one of the two is absent"""


def split(totals: Ints, codes: tuple[str, ...], groups: tuple[str, ...], target: Floats, *,
          output_area: int = 300, seed: int = 0) -> Split:
    """Split units into output areas.

    ``totals`` (units, groups) residents, each unit at least one; ``codes`` (units,) names that key the
    draws; ``target`` (units,) dissimilarity inside each unit, of the first group against all others, in
    [0, 1); ``output_area`` residents of an output area; ``seed`` names the draw. A target that whole residents cannot
    reach is met as nearly as they can; see ``reached``.
    """
    size = totals.sum(axis=1)
    output_areas = np.maximum(1, np.rint(size / output_area).astype(np.int64))
    unit = np.repeat(np.arange(output_areas.size), output_areas)
    equal = (size / output_areas)[unit]
    block = group_in_order(equal, unit, BLOCK)
    first = np.flatnonzero(np.r_[True, block[1:] != block[:-1]])
    district = group_in_order(np.add.reduceat(equal, first), unit[first], DISTRICT)[block]
    draws = _Draws(codes, groups, unit, block, district, seed)
    fitter = _Fitter(totals.astype(np.float64), output_areas, draws)
    counts, reached = _solve(fitter, np.asarray(target, np.float64))
    return Split(counts, unit, block, district, reached)


class _Draws:
    """Deviates of log-odds and rounding starts, for all output areas."""

    def __init__(self, codes: tuple[str, ...], groups: tuple[str, ...], unit: Ints, block: Ints,
                 district: Ints, seed: int) -> None:
        keys = np.array([name_key(code) for code in codes], np.uint64)

        def deviates(tier: str, group: str, position: Ints) -> Floats:
            # numbered within the unit, so that another unit's size changes nothing here
            first = np.flatnonzero(np.r_[True, position[1:] != position[:-1]])
            owner = unit[first]
            inside = np.arange(first.size) - np.searchsorted(owner, owner)
            base = stream(seed, Decision.PLACE, name_key(tier, group))
            return normals(base, keys[owner] + inside.astype(np.uint64))[position]

        shape = (unit.size, len(groups))
        self.local, self.between = np.zeros(shape), np.zeros(shape)
        tiers = (("output_area", np.arange(unit.size), self.local, LOCAL_OUTPUT_AREA),
                 ("block", block, self.local, LOCAL_BLOCK), ("district", district, self.between, 1.0))
        for tier, position, out, scale in tiers:
            shared = np.sqrt(COMMON) * deviates(tier, "", position)
            for g, group in enumerate(groups[1:], start=1):
                out[:, g] += scale * (shared + np.sqrt(1 - COMMON) * deviates(tier, group, position))
        owner = unit[np.flatnonzero(np.r_[True, district[1:] != district[:-1]])]
        self.one_district = np.bincount(owner, minlength=keys.size) < 2
        self.start = np.stack([uniforms(stream(seed, Decision.PLACE, name_key("start", group)), keys)
                               for group in groups], axis=1)


class _Fitter:
    """Expected residents of output areas at given intensities, for some of the units at a time."""

    def __init__(self, totals: Floats, output_areas: Ints, draws: _Draws) -> None:
        self.totals, self.output_areas, self.draws = totals, output_areas, draws
        self.first = np.r_[0, np.cumsum(output_areas)[:-1]]
        self.factors = totals / totals.sum(axis=1, keepdims=True)

    def output_areas_of(self, units: Ints) -> tuple[Ints, Ints, Ints]:
        """Rows of the units' output areas, (units,) where each unit starts among them, (rows,) owner 0.."""
        n = self.output_areas[units]
        starts = np.r_[0, np.cumsum(n)[:-1]]
        owner = np.repeat(np.arange(units.size), n)
        return np.arange(owner.size) - starts[owner] + self.first[units][owner], starts, owner

    def expected(self, units: Ints, intensity: Floats, rounds: int) -> Floats:
        """(output areas of units, groups): iterative proportional fitting; group totals are exact.

        The number of rounds is fixed, and each call starts where the unit's last one ended: a unit's output areas
        must not depend on the other units of a table.
        """
        rows, starts, owner = self.output_areas_of(units)
        local = np.where(intensity <= _FITTED_UP_TO, np.minimum(intensity, 1), intensity / _FITTED_UP_TO)
        between = np.maximum(intensity - 1, 0)
        alone = self.draws.one_district[units]
        local, between = np.where(alone, intensity, local), np.where(alone, 0, between)
        odds = self.draws.local[rows] * local[owner, None] + self.draws.between[rows] * between[owner, None]
        odds -= odds.max(axis=1, keepdims=True)
        odds = np.exp(odds)
        totals, factors = self.totals[units], self.factors[units]
        equal = (totals.sum(axis=1) / self.output_areas[units])[owner]
        for _ in range(rounds):
            fitted = odds * factors[owner]
            fitted *= (equal / fitted.sum(axis=1))[:, None]
            sums = np.add.reduceat(fitted, starts, axis=0)
            ratio = np.divide(totals, sums, out=np.ones_like(sums), where=sums > 0)
            factors = factors * ratio
        self.factors[units] = factors
        result: Floats = fitted * ratio[owner]
        return result

    def whole(self, units: Ints, expected: Floats) -> Ints:
        """Systematic rounding along a unit's output areas: group totals stay exact."""
        _, starts, owner = self.output_areas_of(units)
        cumulated = np.cumsum(np.rint(expected * _PARTS).astype(np.int64), axis=0)
        before = np.zeros_like(cumulated[starts])
        before[1:] = cumulated[starts[1:] - 1]
        begin = (self.draws.start[units] * _PARTS).astype(np.int64)
        last = np.r_[starts[1:], owner.size] - 1
        steps = (cumulated - before[owner] + begin[owner]) // _PARTS
        steps = np.minimum(steps, self.totals[units].astype(np.int64)[owner])
        steps[last] = self.totals[units].astype(np.int64)
        out = np.diff(steps, axis=0, prepend=0)
        out[starts] = steps[starts]
        return out

    def dissimilarity(self, units: Ints, counts: NDArray[np.number]) -> Floats:
        """(units,) of the first group against all others; NaN where one is absent."""
        _, starts, owner = self.output_areas_of(units)
        pair = np.stack([counts[:, 0], counts[:, 1:].sum(axis=1)], axis=1).astype(np.float64)
        whole = np.stack([self.totals[units][:, 0], self.totals[units][:, 1:].sum(axis=1)], axis=1)
        shares = pair / np.where(whole > 0, whole, np.nan)[owner]
        result: Floats = 0.5 * np.add.reduceat(np.abs(shares[:, 0] - shares[:, 1]), starts)
        return result


def _solve(fitter: _Fitter, target: Floats) -> tuple[Ints, Floats]:
    """Whole counts of all output areas and the dissimilarity reached, per unit the nearest that was found."""
    counts = np.zeros(fitter.draws.local.shape, np.int64)
    reached = np.full(target.size, np.nan)
    for units, rounds in ((np.flatnonzero(target <= _STEEP), _ROUNDS),
                          (np.flatnonzero(target > _STEEP), _ROUNDS_STEEP)):
        if units.size:
            _search(fitter, units, rounds, target, counts, reached)
    return counts, reached


def _search(fitter: _Fitter, active: Ints, rounds: int, target: Floats, counts: Ints, reached: Floats,
            tolerance: float = 0.002) -> None:
    """Fill in counts and what was reached, for some units, by false position (Illinois) on the intensity.

    All units that are not yet near enough are tried at once. The dissimilarity is that of whole residents,
    which rounding raises a little in small units.
    """
    low, high = np.zeros(target.size), np.full(target.size, _HIGHEST)
    miss_low, miss_high = -target, np.full(target.size, np.nan)
    last = np.zeros(target.size)
    guess = np.clip(5.0 * target, 1e-3, 8.0)
    for _ in range(40):
        whole = fitter.whole(active, fitter.expected(active, guess[active], rounds))
        found = fitter.dissimilarity(active, whole)
        miss = found - target[active]
        better = ~(np.abs(reached[active] - target[active]) <= np.abs(miss))
        rows, _, owner = fitter.output_areas_of(active)
        counts[rows[better[owner]]] = whole[better[owner]]
        reached[active[better]] = found[better]
        going = np.abs(miss) > tolerance
        active, miss = active[going], miss[going]
        if not active.size:
            break
        _narrow(active, miss, guess, low, high, miss_low, miss_high, last)
        active = active[(high[active] - low[active]) > 1e-4]
        if not active.size:
            break


def _narrow(units: Ints, miss: Floats, guess: Floats, low: Floats, high: Floats, miss_low: Floats,
            miss_high: Floats, last: Floats) -> None:
    """Move the bracket of each unit to its latest guess and guess again (in place)."""
    under = miss < 0
    a, b = units[under], units[~under]
    low[a], miss_low[a] = guess[a], miss[under]
    high[b], miss_high[b] = guess[b], miss[~under]
    side = np.where(under, -1.0, 1.0)
    again = last[units] == side
    miss_high[units[again & under]] *= 0.5
    miss_low[units[again & ~under]] *= 0.5
    last[units] = side
    open_end = np.isnan(miss_high[units])
    doubled = np.minimum(guess[units] * 2.0, _HIGHEST)
    width = high[units] - low[units]
    slope = miss_high[units] - miss_low[units]
    step = np.where(slope > 0, -miss_low[units] / np.where(slope > 0, slope, 1), 0.5)
    inside = low[units] + np.clip(step, 0.02, 0.98) * width
    guess[units] = np.where(open_end, doubled, inside)
    # an intensity at its highest that still falls short cannot be raised: close the bracket
    stuck = units[open_end & (low[units] >= _HIGHEST)]
    high[stuck] = low[stuck]
