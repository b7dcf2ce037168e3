"""Segregation and diversity of a place, at any level of its areas.

Definitions follow Massey and Denton (1988, doi 10.1093/sf/67.2.281) for dissimilarity, isolation and
exposure, and Reardon and Firebaugh (2002, doi 10.1111/1467-9531.00110) for entropy and Theil's H. All
functions take ``counts``, an array (areas, groups) of residents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from contactsim.place.core import Place

if TYPE_CHECKING:
    import pandas as pd

#: Unit of each index.
UNITS = {
    "dissimilarity": "index 0-1",
    "isolation": "probability 0-1",
    "exposure": "probability 0-1",
    "diversity": "probability 0-1",
    "entropy": "nats",
    "theil_h": "index 0-1",
}
OTHERS = "all others"

Counts = NDArray[np.integer]


def dissimilarity(counts: Counts, group: int = 0, other: int | None = None) -> float:
    """Index of dissimilarity D in [0, 1] of a group against another one, or against all others.

    NaN where one of the two has no residents.
    """
    one = counts[:, group].astype(np.float64)
    two = (counts.sum(axis=1) - one) if other is None else counts[:, other].astype(np.float64)
    if one.sum() == 0 or two.sum() == 0:
        return float("nan")
    return float(0.5 * np.abs(one / one.sum() - two / two.sum()).sum())


def exposure(counts: Counts) -> NDArray[np.float64]:
    """(groups, groups) exposure of each group (row) to each (column); the diagonal is isolation."""
    totals = counts.sum(axis=1, keepdims=True).astype(np.float64)
    shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    group_totals = counts.sum(axis=0, dtype=np.float64)
    weights = np.divide(counts, group_totals, out=np.full(counts.shape, np.nan), where=group_totals > 0)
    result: NDArray[np.float64] = weights.T @ shares
    return result


def diversity(counts: Counts) -> NDArray[np.float64]:
    """(areas,) Simpson diversity 1 - sum p^2 of each area (also called ethnic fractionalisation).

    An area with nobody has none (0).
    """
    shares = _shares(counts)
    result: NDArray[np.float64] = shares.sum(axis=1) - (shares**2).sum(axis=1)
    return result


def entropy(counts: Counts) -> NDArray[np.float64]:
    """(areas,) Shannon entropy of each area, in nats; 0 for an area with nobody."""
    shares = _shares(counts)
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    result: NDArray[np.float64] = np.abs(-(shares * logs).sum(axis=1))
    return result


def theil_h(counts: Counts) -> float:
    """Theil's multigroup H in [0, 1]; NaN where the whole has one group only."""
    whole = float(entropy(counts.sum(axis=0, keepdims=True))[0])
    return 1.0 - _mean(entropy(counts), counts) / whole if whole > 0 else float("nan")


def index_table(place: Place) -> pd.DataFrame:
    """All indices of a place, tidy: level, synthetic, index, unit, group, other, value.

    Diversity and entropy at a level are means over its areas, weighted by residents; the level ``place`` is
    the whole. Levels with one area have no segregation to measure and are left out.
    """
    import pandas as pd

    rows: list[tuple[str, bool, str, str, str, float]] = []
    whole = place.counts.sum(axis=0, keepdims=True, dtype=np.int64)
    rows.append(("place", False, "diversity", "", "", float(diversity(whole)[0])))
    rows.append(("place", False, "entropy", "", "", float(entropy(whole)[0])))
    for level in place.levels:
        if level.areas > 1:
            values = _of_level(place.groups, place.totals(level.name))
            rows.extend((level.name, level.synthetic, *value) for value in values)
    table = pd.DataFrame(rows, columns=["level", "synthetic", "index", "group", "other", "value"])
    table.insert(3, "unit", table["index"].map(UNITS))
    return table


def _of_level(groups: tuple[str, ...], counts: Counts) -> list[tuple[str, str, str, float]]:
    out: list[tuple[str, str, str, float]] = []
    met = exposure(counts)
    for g, group in enumerate(groups):
        out.append(("dissimilarity", group, OTHERS, dissimilarity(counts, g)))
        out.append(("isolation", group, group, float(met[g, g])))
        out.append(("exposure", group, OTHERS, float(1.0 - met[g, g])))
        for h, other in enumerate(groups):
            if h > g:
                out.append(("dissimilarity", group, other, dissimilarity(counts, g, h)))
            if h != g:
                out.append(("exposure", group, other, float(met[g, h])))
    out.append(("diversity", "", "", _mean(diversity(counts), counts)))
    out.append(("entropy", "", "", _mean(entropy(counts), counts)))
    out.append(("theil_h", "", "", theil_h(counts)))
    return out


def _shares(counts: Counts) -> NDArray[np.float64]:
    totals = counts.sum(axis=1, keepdims=True).astype(np.float64)
    return np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)


def _mean(values: NDArray[np.float64], counts: Counts) -> float:
    return float(np.average(values, weights=counts.sum(axis=1)))
