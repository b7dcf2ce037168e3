"""Builds places: from a table of residents, or from shares of groups and a dissimilarity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from contactsim.errors import UserError, nearest
from contactsim.paths import configs_folder
from contactsim.place import formats, tables
from contactsim.place.config import Columns, SamplePlace, SyntheticPlace, TablePlace, parse
from contactsim.place.core import FEWEST_GROUPS, MOST_GROUPS, Level, Place, Provenance, check_nesting
from contactsim.place.csv_reader import lines_of, read_lines
from contactsim.place.downscaling import Split, default_dissimilarity, split
from contactsim.place.nesting import Ints, fill, runs
from contactsim.place.scheme import find_scheme, merge
from contactsim.place.tables import AreaTable, many


def read_table(file: str | Path, *, level: str | None = None, within: Mapping[str, list[str]] | None = None,
               columns: Columns | None = None, base: Path | None = None, raw: bytes | None = None) -> AreaTable:
    """Read a table of residents by area and group; its heading shows which kind it is.

    Supported are census 2011 KS201EW, census 2021 TS021 (any separator, download or query export), and the user's own
    tables: long with the columns area, group and count, or any other by ``columns``.

    Args:
        file: path, relative to ``base`` or to the bundled configs.
        level: which level of geography to use, if the table mixes several.
        within: {level: areas}; keeps the areas that lie in these larger ones.
        columns: which column has which meaning, for the user's own tables.
        base: folder of relative paths; the working directory if None.
        raw: the contents of the file, if they have been read already.

    Raises UserError for a table that cannot be used.
    """
    lines = read_lines(_found(str(file), base or Path.cwd()), str(file)) if raw is None else lines_of(raw, str(file))
    if columns is not None:
        table = formats.read_own_table(lines, columns)
    elif formats.is_ts021(lines):
        table = formats.read_ts021(lines)
    elif formats.is_ks201(lines):
        table = formats.read_ks201(lines)
    elif formats.is_own_table(lines):
        table = formats.read_own_table(lines, Columns())
    else:
        raise UserError(f"{file} has columns of no known table ({', '.join(lines.rows[0][:5])} ...): "
                        "expected KS201EW of 2011, TS021 of 2021, or columns area, group, count; name others "
                        "with place.columns.")
    _no_blank_areas(table)
    table = tables.in_code_order(tables.choose_level(table, level))
    return tables.check_totals(tables.select(table, dict(within or {})))


def _found(file: str, base: Path) -> Path:
    path = Path(file).expanduser()
    bundled = configs_folder() / file
    return bundled if not (base / path).exists() and bundled.is_file() else base / path


def _no_blank_areas(table: AreaTable) -> None:
    for name, values in {table.level: table.codes, **table.parents}.items():
        if "" in values:
            code = table.codes[values.index("")] or "a row"
            raise UserError(f"{table.source.path}: {code} has no {name}.")


def table_place(config: TablePlace, base: Path, raw: bytes | None = None) -> Place:
    """A place from a table. ``raw`` are the contents of the file, if they have been read already."""
    groups, table, counts = read_groups(config, base, raw)
    stated = None if table.stated is None else int(table.stated.sum())
    inhabited = np.flatnonzero(counts.sum(axis=1))
    return _assemble(groups, table.rows(inhabited), counts[inhabited], stated, config)


def read_groups(config: TablePlace | SamplePlace, base: Path,
                raw: bytes | None = None) -> tuple[tuple[str, ...], AreaTable, Ints]:
    """The groups of a place, its table of areas, and their residents (areas, groups).

    Raises UserError for a table or a scheme that cannot be used.
    """
    table = read_table(config.file, level=config.level, within=config.within, columns=config.columns,
                       base=base, raw=raw)
    scheme = config.scheme or (None if table.source.kind.startswith("own") else "two")
    groups, counts = table.columns, table.counts
    if scheme:
        groups, counts = merge(find_scheme(scheme, base), groups, counts, config.file)
    if not FEWEST_GROUPS <= len(groups) <= MOST_GROUPS:
        raise UserError(f"{config.file} has {len(groups)} groups and {FEWEST_GROUPS} to {MOST_GROUPS} are "
                        f"allowed: merge them with place.scheme=.")
    groups, counts = _reference_first(groups, counts, config.reference)
    return groups, table, counts


def name_of(config: TablePlace | SamplePlace) -> str:
    """The name of a place from a file: as configured, else that of the file."""
    return config.name or Path(config.file).name.split(".")[0]


def _reference_first(groups: tuple[str, ...], counts: Ints,
                     reference: str | None) -> tuple[tuple[str, ...], Ints]:
    if reference is None:
        return groups, counts
    if reference not in groups:
        raise UserError(f"place.reference={reference} is no group of this place: allowed are "
                        f"{', '.join(groups)}.{nearest(reference, groups)}")
    first = groups.index(reference)
    order = [first, *(i for i in range(len(groups)) if i != first)]
    return tuple(groups[i] for i in order), counts[:, order]


def _assemble(groups: tuple[str, ...], table: AreaTable, counts: Ints, stated: int | None,
              config: TablePlace) -> Place:
    parents = sorted(table.parents, key=lambda level: -len(set(table.parents[level])))
    columns = [table.parents[level] for level in reversed(parents)]
    columns.append(table.codes)
    order = np.array(sorted(range(len(table.codes)), key=lambda i: tuple(column[i] for column in columns)))
    table, counts = table.rows(order), counts[order]
    sizes = counts.sum(axis=1)
    units = np.arange(sizes.size)
    larger = [_level(level, table.parents[level]) for level in parents]
    check_nesting((_level(table.level, table.codes), *larger), table.source.path)
    made: dict[str, Ints] = {}
    if np.median(sizes) > config.split_above:
        target, how = dissimilarity_within(table, sizes, config)
        parts = split(counts, table.codes, groups, target, output_area_residents=config.output_area_residents,
                      seed=config.seed)
        inhabited = np.flatnonzero(parts.counts.sum(axis=1))
        units, counts = parts.unit[inhabited], parts.counts[inhabited]
        made = {"block": runs(parts.block[inhabited]), "district": runs(parts.district[inhabited])}
        codes = output_area_codes(table.codes, units)
        output_areas = Level("output_area", True, np.arange(inhabited.size, dtype=np.int32), codes)
        levels = [output_areas, replace(_level(table.level, table.codes), area_of_output_area=units.astype(np.int32))]
        levels += [replace(level, area_of_output_area=level.area_of_output_area[units]) for level in larger]
        synthetic = [_how_split(table, parts, target, how)]
    else:
        levels, synthetic = [_level(table.level, table.codes), *larger], []
        table = table.noted(*_large_areas(table, sizes, config.split_above))
    levels = fill(levels, counts.sum(axis=1), made)
    synthetic += [_how_grouped(level, table.level, made) for level in levels[1:] if level.synthetic]
    census = [f"residents by group of each {table.level}"]
    if parents:
        census.append(f"the {', '.join(parents)} in which each lies")
    return Place(name_of(config), groups, counts.astype(np.int32), tuple(levels), Provenance(
        (table.source,), table.notes, stated, tuple(census), tuple(synthetic), config.note))


def _level(name: str, area_of_unit: tuple[str, ...]) -> Level:
    """A level of a table, from the (units,) names of its areas; areas are numbered by first appearance."""
    codes = tuple(dict.fromkeys(area_of_unit))
    index = {code: i for i, code in enumerate(codes)}
    return Level(name, False, np.array([index[code] for code in area_of_unit], np.int32), codes)


def output_area_codes(codes: tuple[str, ...], units: Ints) -> tuple[str, ...]:
    """Codes of made output areas, numbered within the unit that each lies in."""
    first = np.searchsorted(units, units)
    return tuple(f"{codes[u]}.{i:03d}" for u, i in zip(units, np.arange(units.size) - first + 1, strict=True))


def dissimilarity_within(table: AreaTable, sizes: Ints, config: TablePlace | SamplePlace) -> tuple[np.ndarray, str]:
    """(areas,) dissimilarity inside areas of (areas,) residents, and where the figures come from."""
    if config.dissimilarity_within is not None:
        return np.full(sizes.size, config.dissimilarity_within), "as configured"
    if table.dissimilarity is not None:
        return table.dissimilarity, f"from the table, for each {table.level}"
    return default_dissimilarity(sizes), "assumed by the size of the area, from census 2011"


def _how_split(table: AreaTable, parts: Split, target: np.ndarray, how: str) -> str:
    off = int((np.abs(parts.reached - target) > 0.02).sum())
    missed = f"; not reached within .02 in {off:,}, which have few residents of a group" if off else ""
    known = np.isfinite(parts.reached)
    reached = f", reached {np.median(parts.reached[known]):.3f}" if known.any() else ""
    return (f"where residents live inside each {table.level}: {len(table.codes):,} {many(table.level)} split "
            f"into {parts.unit.size:,} output areas with a dissimilarity inside ({how}; median "
            f"{np.median(target):.3f}{reached}{missed})")


def _how_grouped(level: Level, unit: str, made: Mapping[str, Ints]) -> str:
    if level.areas > 1 and level.name in made and np.array_equal(
            made[level.name], level.area_of_output_area):
        return f"level {level.name}: {level.areas:,} made areas, each inside one {unit}"
    return (f"level {level.name}: {level.areas:,} made areas of neighbours in code order, since the table "
            "names no areas of this size")


def _large_areas(table: AreaTable, sizes: Ints, above: int) -> list[str]:
    large = int((sizes > above).sum())
    if not large:
        return []
    return [f"{large:,} of {sizes.size:,} {many(table.level)} hold more than {above} residents (at most "
            f"{int(sizes.max()):,}) and are not split, since the typical one is smaller."]


def synthetic_place(name: str, residents: int, shares: Mapping[str, float], dissimilarity: float,
                    seed: int = 0, output_area_residents: int = 300, tolerance: float = 0.01) -> Place:
    """A made place: output areas in blocks in districts, with exact group totals.

    Args:
        name: of the place; it does not affect the draws.
        residents: 100 to 10,000,000.
        shares: of 2 to 16 groups, which add up to 1; the first is the reference group.
        dissimilarity: 0 to below 1, of the first group against all others, among output areas.
        seed: of the place, not of a run.
        output_area_residents: mean size of an output area, 50 to 2,000.
        tolerance: largest difference from ``dissimilarity``, .001 to .1.

    Raises UserError if the dissimilarity cannot be reached within ``tolerance``.
    """
    keys = parse({"kind": "synthetic", "name": name, "residents": residents, "shares": shares,
                  "dissimilarity": dissimilarity, "seed": seed,
                  "output_area_residents": output_area_residents, "tolerance": tolerance})
    assert isinstance(keys, SyntheticPlace)
    return made_place(keys)


def made_place(config: SyntheticPlace) -> Place:
    """A made place from its keys. Raises UserError as :func:`synthetic_place` does."""
    groups = tuple(config.shares)
    totals = np.diff(np.rint(np.cumsum([0.0, *config.shares.values()]) * config.residents).astype(np.int64))
    if not totals.all():
        group = groups[int(np.argmin(totals))]
        raise UserError(f"place.shares.{group}={config.shares[group]:g} of {config.residents} residents is "
                        "nobody: every group needs at least one resident.")
    codes = ("synthetic", *(f"synthetic {t}" for t in range(2, config.towns + 1)))  # key the draws, not the name
    edges = np.linspace(0.0, 1.0, config.towns + 1)[:, None] * totals
    by_town = np.diff(np.rint(edges).astype(np.int64), axis=0)
    if not by_town.all():
        raise UserError(f"place.towns={config.towns} is more than the residents of the smallest group "
                        f"({int(totals.min()):,}): every town needs a resident of each group.")

    def at(target: float) -> Split:
        return split(by_town, codes, groups, np.full(config.towns, target),
                     output_area_residents=config.output_area_residents, seed=config.seed)

    parts = at(config.dissimilarity)
    off = np.abs(parts.reached - config.dissimilarity)
    if not (off <= config.tolerance).all():
        worst = int(np.argmax(off))
        where = f"{by_town[worst].sum():,} residents in {int((parts.unit == worst).sum())} output areas"
        raise UserError(f"place.dissimilarity={config.dissimilarity:g} cannot be reached with {where} and these "
                        f"shares: it can be from {at(0.0).reached[worst]:.3f} to {at(0.999).reached[worst]:.3f}.")
    inhabited = np.flatnonzero(parts.counts.sum(axis=1))
    counts, units = parts.counts[inhabited], parts.unit[inhabited]
    output_areas = Level("output_area", True, np.arange(inhabited.size, dtype=np.int32),
                         output_area_codes(codes, units))
    made = {"block": runs(parts.block[inhabited]), "district": runs(parts.district[inhabited])}
    levels = fill([output_areas], counts.sum(axis=1), made)
    if config.towns > 1:
        towns = tuple(f"town {t + 1}" for t in range(config.towns))
        levels.append(Level("town", True, units.astype(np.int32), towns))
    how = (f"everything: shares and residents as configured, dissimilarity among output areas of "
           f"{config.dissimilarity:g} required, {np.mean(parts.reached):.3f} reached")
    return Place(config.name or codes[0], groups, counts.astype(np.int32), tuple(levels),
                 Provenance((), (), None, (), (how,)))


def coarsened(place: Place, level: str, dissimilarity: float, seed: int,
              output_area_residents: int = 300) -> Place:
    """The same residents with new output areas inside each area of ``level``.

    It shows how a result depends on the level of the table that a place is built from.

    Args:
        place: the original.
        level: whose areas keep their residents by group; each is split again.
        dissimilarity: inside each of these areas, of the first group against all others, 0 to below 1.
        seed: of the new output areas.
        output_area_residents: mean size of an output area.
    """
    units = place.level(level)
    totals = place.totals(level)
    parts = split(totals, units.codes, place.groups, np.full(units.areas, dissimilarity),
                  output_area_residents=output_area_residents, seed=seed)
    inhabited = np.flatnonzero(parts.counts.sum(axis=1))
    unit, counts = parts.unit[inhabited], parts.counts[inhabited]
    output_areas = Level("output_area", True, np.arange(inhabited.size, dtype=np.int32),
                         tuple(f"{units.codes[u]}.{i}" for i, u in enumerate(unit)))
    made = {"block": runs(parts.block[inhabited]), "district": runs(parts.district[inhabited])}
    known = replace(units, name="unit", synthetic=False, area_of_output_area=unit.astype(np.int32))
    levels = fill([output_areas, known], counts.sum(axis=1), made)
    how = f"where residents live inside each {level}: new output areas with a dissimilarity inside of {dissimilarity:g}"
    provenance = replace(place.provenance, synthetic=(*place.provenance.synthetic, how))
    return replace(place, counts=counts.astype(np.int32), levels=tuple(levels), provenance=provenance)
