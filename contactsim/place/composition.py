"""Makes the table of areas behind the place ``mini_england``: composition figures of our own making, no census rows.

``python -m contactsim.place.composition`` writes ``configs/place/areas/mini_england.csv`` again. The table has ten
regions, 60 towns, three districts in each town and three neighbourhoods in each district, all equally large. The
log-odds of the minority in a neighbourhood are the sum of

    region + town spread * G(z_town) + district spread * G(z_district) + neighbourhood spread * z_neighbourhood

with G(z) = (exp(g z) - 1) / g, Tukey's g-distribution, skewed to the right: most places are alike and some very mixed.
In the capital G is the identity and spreads differ. Every z is a normal quantile, stratified among the areas of one
larger area, so that nothing is random.

The numbers below were fitted by least squares to figures of England and Wales, census 2011 (White British and all
others): the exposure of both sides at four levels, and the quantiles of the share of others in the neighbourhood of a
majority resident. :data:`WANTED` has them; the table reaches them within :data:`TOLERANCE`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtri

from contactsim.paths import configs_folder

#: Towns of each region; the first is the capital.
TOWNS = (9, 9, 8, 6, 6, 6, 6, 4, 3, 3)
DISTRICTS, NEIGHBOURHOODS, RESIDENTS = 3, 3, 1500
GROUPS = ("majority", "minority")
#: Mean log-odds of the minority: in the capital, and the mean and spread of the other regions.
CAPITAL, OTHERS, REGION = 0.20, -2.92, 0.20
#: Outside the capital: spread and skewness g of the log-odds among towns and districts, and spread of neighbourhoods.
TOWN, TOWN_SKEW, DISTRICT, DISTRICT_SKEW, NEIGHBOURHOOD = 0.63, 0.93, 0.55, 0.89, 0.40
#: Spread among towns, districts and neighbourhoods of the capital.
TOWN_CAPITAL, DISTRICT_CAPITAL, NEIGHBOURHOOD_CAPITAL = 0.72, 0.75, 0.33
#: Which of the nine normal quantiles each region outside the capital has.
_RANK = (4, 8, 3, 5, 2, 6, 1, 7, 0)
#: Irrational steps from one larger area to the next, so that the quantiles of its areas cover the whole distribution.
_GOLDEN, _SILVER = (5**0.5 - 1) / 2, 2**0.5 - 1

Floats = NDArray[np.float64]

#: Figures of England and Wales, census 2011: exposure of White British residents to all others and the reverse, at the
#: level of LSOA, MSOA, local authority and region; share of all others in the LSOA of a White British resident.
WANTED = {
    "majority to minority": {"neighbourhood": 0.131, "district": 0.134, "town": 0.149, "region": 0.166},
    "minority to majority": {"neighbourhood": 0.541, "district": 0.554, "town": 0.618},
    "quantiles": {0.05: 0.020, 0.25: 0.038, 0.50: 0.068, 0.75: 0.154, 0.95: 0.489},
}
#: Largest difference of the table's exposures, and of its quantiles in proportion.
TOLERANCE = {"exposure": 0.005, "quantiles": 0.05}


def areas() -> tuple[list[tuple[str, str, str, str]], NDArray[np.int64]]:
    """The (areas,) codes of region, town, district and neighbourhood, and (areas, groups) residents."""
    town, codes = 0, []
    for r, towns in enumerate(TOWNS):
        region = "capital" if r == 0 else f"region {r + 1:02d}"
        for _ in range(towns):
            town += 1
            name = f"town {town:02d}"
            codes += [(region, name, f"{name}/{d + 1}", f"{name}/{d + 1}/{n + 1}")
                      for d in range(DISTRICTS) for n in range(NEIGHBOURHOODS)]
    minority = np.rint(shares() * RESIDENTS).astype(np.int64)
    return codes, np.column_stack([RESIDENTS - minority, minority])


def shares() -> Floats:
    """(areas,) share of the minority."""
    region = np.concatenate([[CAPITAL], OTHERS + REGION * ndtri((np.array(_RANK) + 0.5) / len(_RANK))])
    of_town = np.repeat(np.arange(len(TOWNS)), TOWNS)
    capital = of_town == 0
    z = np.concatenate([ndtri((np.arange(towns) + 0.5) / towns) for towns in TOWNS])
    town = region[of_town] + np.where(capital, TOWN_CAPITAL * z, TOWN * _skewed(z, TOWN_SKEW))
    z, capital = _stratified(DISTRICTS, town.size, _GOLDEN), np.repeat(capital, DISTRICTS)
    spread = np.where(capital, DISTRICT_CAPITAL * z, DISTRICT * _skewed(z, DISTRICT_SKEW))
    district = np.repeat(town, DISTRICTS) + spread
    z, capital = _stratified(NEIGHBOURHOODS, district.size, _SILVER), np.repeat(capital, NEIGHBOURHOODS)
    spread = np.where(capital, NEIGHBOURHOOD_CAPITAL, NEIGHBOURHOOD) * z
    result: Floats = expit(np.repeat(district, NEIGHBOURHOODS) + spread)
    return result


def _stratified(n: int, parents: int, step: float) -> Floats:
    """(parents * n,) normal quantiles: one of each n-th of the distribution in each parent, at a place of its own."""
    offset = (np.arange(parents) * step + 0.5) % 1
    u = (np.arange(n) + offset[:, None]) / n
    result: Floats = ndtri(0.001 + 0.998 * u).ravel()
    return result


def _skewed(z: Floats, g: float) -> Floats:
    result: Floats = np.expm1(g * z) / g
    return result


def as_csv() -> str:
    """The table as text."""
    lines = ["# Residents by group of each neighbourhood: figures of our own making, like England and Wales in 2011.",
             "# No row is a real area. Made by python -m contactsim.place.composition.",
             ",".join(("region", "town", "district", "neighbourhood", *GROUPS))]
    for code, counts in zip(*areas(), strict=True):
        lines.append(",".join((*code, *(str(n) for n in counts))))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (configs_folder() / "place" / "areas" / "mini_england.csv").write_text(as_csv(), encoding="utf-8")
