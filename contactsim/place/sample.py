"""A small nation: a stratified systematic sample of the areas of a table, in their districts, towns and regions.

Each region has its share of the towns by residents. Inside a region the towns stand in the order of the share of all
groups but the reference, and are drawn systematically with chances in proportion to their residents; so are the
districts of a town and the neighbourhoods of a district. Every neighbourhood of the sample has equally many residents,
so each resident of the table has the same chance to be represented, but for the rounding of towns to regions. An area
that is drawn several times is drawn in parts: its smaller areas are drawn once for all parts and dealt out in turn.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contactsim.draws import Decision, name_key, stream, uniforms
from contactsim.errors import UserError
from contactsim.place.build import dissimilarity_within, name_of, output_area_codes, read_groups
from contactsim.place.config import SamplePlace
from contactsim.place.core import REGIONS, ROLES, TOWNS, Level, Place, Provenance, check_nesting
from contactsim.place.csv_reader import largest_remainders
from contactsim.place.downscaling import Split, split
from contactsim.place.nesting import Ints
from contactsim.place.tables import AreaTable

#: Names of the levels of a table from which the areas of a sample are drawn.
_NAMES = {"district": ("district", "MSOA"), "town": TOWNS, "region": REGIONS}
_LEVELS = ROLES[1:]

#: The step of a Kronecker sequence whose points are as far from one another as they can be.
GOLDEN = (5**0.5 - 1) / 2

Floats = NDArray[np.float64]


def sampled_place(config: SamplePlace, base: Path) -> Place:
    """A small nation from a table; levels output_area, neighbourhood, district, town and region.

    Raises UserError for a table that cannot be used, that has no regions, towns or districts, or fewer than asked.
    """
    groups, table, counts = read_groups(config, base)
    inhabited = np.flatnonzero(counts.sum(axis=1))
    table, counts = table.rows(inhabited), counts[inhabited]
    levels = _levels(table)
    _enough(levels, config, table.source.path)
    areas, owners = _drawn(levels, counts, config)
    codes = {name: _numbered([level.codes[a] for a in areas[name]])
             for name, level in zip(_LEVELS, levels, strict=True)}
    rows = areas["neighbourhood"]
    target, how = dissimilarity_within(table, counts.sum(axis=1), config)
    start = uniforms(stream(config.seed, Decision.PLACE, name_key("sample", "residents")),
                     [name_key(code) for code in codes["neighbourhood"]])
    residents = scaled(counts[rows], config.neighbourhood_residents, start)
    parts = split(residents, codes["neighbourhood"], groups, target[rows],
                  output_area_residents=config.output_area_residents, seed=config.seed)
    return Place(name_of(config), groups, *_output_areas(parts, codes, owners),
                 _provenance(config, table, levels, areas, how))


def _levels(table: AreaTable) -> list[Level]:
    """The neighbourhoods of a table and the larger areas that hold them, numbered in the order of their names."""
    columns = {"neighbourhood": table.codes}
    for role, names in _NAMES.items():
        level = next((name for name in names if name in table.parents), None)
        if level is None:
            has = ", ".join(table.parents) or "none"
            raise UserError(f"{table.source.path} has no {role}s, and place.kind=sample needs the district, town and "
                            f"region of each area: name their columns in place.columns.parents (larger areas: {has}).")
        columns[role] = table.parents[level]
    levels = []
    for name, column in columns.items():
        codes, index = np.unique(np.array(column), return_inverse=True)
        levels.append(Level(name, False, index.astype(np.int32), tuple(codes.tolist())))
    check_nesting(tuple(levels), table.source.path)
    return levels


def _enough(levels: list[Level], config: SamplePlace, path: str) -> None:
    neighbourhood, district, town, _ = levels
    if config.towns > town.areas:
        raise UserError(f"place.towns={config.towns} is more than the {town.areas:,} towns of {path}.")
    for key, small, large in (("districts", district, town), ("neighbourhoods", neighbourhood, district)):
        most = int(np.bincount(_parents(small, large)).max())
        if getattr(config, key) > most:
            raise UserError(f"place.{key}={getattr(config, key)} is more than any {large.name} of {path} has: at most "
                            f"{most}.")


def _parents(small: Level, large: Level) -> Ints:
    """(small areas,) index of the large area that holds each."""
    parent = np.zeros(small.areas, np.int64)
    parent[small.area_of_output_area] = large.area_of_output_area
    return parent


def quotas(residents: Floats, towns: int) -> Ints:
    """(regions,) towns of each region in proportion to its residents, by largest remainders."""
    return largest_remainders((residents / residents.sum())[None, :], np.array([towns]))[0]


def systematic(weights: Floats, n: int, start: float) -> Ints:
    """(n,) positions of a systematic sample with chances in proportion to weights (areas,); start in [0, 1)."""
    edges = np.cumsum(weights) / weights.sum()
    return np.minimum(np.searchsorted(edges, (np.arange(n) + start) / n, side="right"), weights.size - 1)


def _drawn(levels: list[Level], counts: Ints, config: SamplePlace) -> tuple[dict[str, Ints], dict[str, Ints]]:
    """The areas of the sample by level, each with the position of the larger area of the sample that holds it."""
    def sums(values: NDArray[np.number], level: Level) -> Floats:
        return np.bincount(level.area_of_output_area, weights=values, minlength=level.areas).astype(np.float64)

    residents = counts.sum(axis=1)
    number = quotas(sums(residents, levels[-1]), config.towns)
    chosen = np.flatnonzero(number)
    areas, owners = {"region": chosen}, {}
    for small, large in zip(levels[-2::-1], levels[:0:-1], strict=True):
        weight = sums(residents, small)
        others = sums(residents - counts[:, 0], small) / weight
        held = areas[large.name]
        start = _starts(held, stream(config.seed, Decision.PLACE, name_key("sample", small.name)))
        take = number[chosen] if small.name == "town" else np.full(held.size, getattr(config, f"{small.name}s"))
        areas[small.name], owners[small.name] = _inside(held, take, _parents(small, large), weight, others, start)
    return areas, owners


def _starts(held: Ints, base: np.uint64) -> dict[int, float]:
    """Where the systematic sample inside each of the large areas starts, in [0, 1), from one draw.

    The starts of successive areas are a Kronecker sequence: where one town's districts are mixed for it, the next one's
    are not. In mini_england the standard deviation of exposures between seeds is half that of independent starts.
    """
    first = float(uniforms(base, [0])[0])
    return {int(area): (first + i * GOLDEN) % 1 for i, area in enumerate(dict.fromkeys(held.tolist()))}


def _inside(held: Ints, take: Ints, parent: Ints, weight: Floats, others: Floats,
            start: dict[int, float]) -> tuple[Ints, Ints]:
    """Draw ``take`` (H,) smaller areas for each of the large areas ``held`` (H,) of the sample, in their order.

    ``parent``, ``weight`` and ``others`` (smaller areas,) are the large area, residents and share of other groups of
    each. Returns the smaller areas and the position in ``held`` of each.
    """
    drawn, owner = [], []
    for area, begin in start.items():
        copies = np.flatnonzero(held == area)
        inside = np.flatnonzero(parent == area)
        inside = inside[np.argsort(others[inside], kind="stable")]
        n = int(take[copies].sum())
        drawn.append(inside[systematic(weight[inside], n, begin)])
        owner.append(np.resize(copies, n))
    owners = np.concatenate(owner)
    order = np.argsort(owners, kind="stable")
    return np.concatenate(drawn)[order], owners[order]


def _numbered(codes: list[str]) -> tuple[str, ...]:
    """Different names: 'Leeds' that is drawn again is 'Leeds (2)'."""
    seen: Counter[str] = Counter()
    out = []
    for code in codes:
        seen[code] += 1
        out.append(code if seen[code] == 1 else f"{code} ({seen[code]})")
    return tuple(out)


def scaled(counts: Ints, residents: int, start: Floats) -> Ints:
    """(areas, groups) whole residents, ``residents`` in each area, in proportion to ``counts`` (areas, groups).

    Fractions are rounded systematically along the groups from ``start`` (areas,) in [0, 1): expected values are exact.
    """
    edges = np.cumsum(counts, axis=1) * (residents / counts.sum(axis=1))[:, None]
    whole = np.floor(edges + start[:, None]).astype(np.int64)
    whole[:, -1] = residents
    return np.diff(np.minimum(whole, residents), axis=1, prepend=0)


def _output_areas(parts: Split, codes: dict[str, tuple[str, ...]],
                  owners: dict[str, Ints]) -> tuple[NDArray[np.int32], tuple[Level, ...]]:
    inhabited = np.flatnonzero(parts.counts.sum(axis=1))
    area = parts.unit[inhabited]
    levels = [Level(ROLES[0], True, np.arange(inhabited.size, dtype=np.int32),
                    output_area_codes(codes["neighbourhood"], area))]
    for name in _LEVELS:
        levels.append(Level(name, False, area.astype(np.int32), codes[name]))
        area = owners[name][area] if name in owners else area
    return parts.counts[inhabited].astype(np.int32), tuple(levels)


def _provenance(config: SamplePlace, table: AreaTable, levels: list[Level], areas: dict[str, Ints],
                how: str) -> Provenance:
    town, region, notes = levels[2], levels[3], table.notes
    missing = [code for i, code in enumerate(region.codes) if i not in areas["region"]]
    if missing:
        notes += (f"{len(missing)} of {region.areas} regions are too small for one of {config.towns} towns and left "
                  f"out ({', '.join(missing)}).",)
    return Provenance(
        (table.source,), notes, None,
        (f"shares of the groups in each {table.level}", "the district, town and region of each"),
        (f"the sample: {config.towns} of {town.areas} towns, {config.districts} districts in each and "
         f"{config.neighbourhoods} neighbourhoods in each district, drawn by residents",
         f"size: {config.neighbourhood_residents} residents in each neighbourhood",
         f"where residents live inside each neighbourhood: output areas of about {config.output_area_residents} "
         f"residents, with a dissimilarity inside ({how})"), config.note)
