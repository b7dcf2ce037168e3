"""The same residents, known by larger areas only: what a table at a coarser level would say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from contactsim.place.core import Level, Place
from contactsim.place.downscaling import split
from contactsim.place.nesting import fill, runs


def coarsened(place: Place, level: str, dissimilarity: float, seed: int, output_area: int = 300) -> Place:
    """Forget the output areas of ``place`` inside each area of ``level`` and make new ones.

    The areas of ``level`` keep their residents by group; each is split into output areas of about ``output_area``
    residents with ``dissimilarity`` inside, of the first group against all others. Shows what a result owes
    to the unit of the table that a place came from.
    """
    units = place.level(level)
    totals = place.totals(level)
    parts = split(totals, units.names_in_keys, place.groups, np.full(units.areas, dissimilarity), output_area=output_area, seed=seed)
    kept = np.flatnonzero(parts.counts.sum(axis=1))
    unit, counts = parts.unit[kept], parts.counts[kept]
    output_areas = Level("output_area", True, np.arange(kept.size, dtype=np.int32),
                  tuple(f"{units.codes[u]}.{i}" for i, u in enumerate(unit)))
    made = {"block": runs(parts.block[kept]), "district": runs(parts.district[kept])}
    known = replace(units, name="unit", synthetic=False, area_of_output_area=unit.astype(np.int32))
    levels = fill([output_areas, known], counts.sum(axis=1), made)
    how = f"where residents live inside each {level}: new output areas with a dissimilarity inside of {dissimilarity:g}"
    provenance = replace(place.provenance, synthetic=(*place.provenance.synthetic, how))
    return replace(place, counts=counts.astype(np.int32), levels=tuple(levels), provenance=provenance)
