"""Estimands of a simulated survey that relate contact, friends and attitude across people, and over waves.

Answers and people are those of :mod:`contactsim.evidence.asked`. Each estimand returns one number for one seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.optimize import minimize

from contactsim.evidence.asked import MIDDLE, QUANTITIES, asked, mean, survey
from contactsim.evidence.effects import Worlds
from contactsim.evidence.panel import END, MIDPOINT, START, Array, PanelData, Subgroup
from contactsim.evidence.relations import correlation
from contactsim.stats import slopes


def good_to_bad(case: Worlds, world: str, unit: str) -> float:
    """Good for each bad: recalled ``episodes``, or ``days`` a month (each person's days count by their valence)."""
    if unit == "days":
        of = asked(case, world)
        good, bad = of.days[of.good].sum(), of.days[of.bad].sum()
    else:
        data = case.worlds[world]
        good, bad = (np.nansum(data.at(f"answer_{kind}_episodes", END)[case.mask(None, world)])
                     for kind in ("good", "bad"))
    return float(good / bad) if bad > 0 else float("nan")


def slope_ratio(case: Worlds, world: str) -> float:
    """Slope of attitude on valence below its middle over the slope above it, among those with contact."""
    of = asked(case, world)
    met = ~np.isnan(of.valence)
    above, below = slopes(of.attitude[met], np.maximum(of.valence[met] - MIDDLE, 0.0),
                          np.maximum(MIDDLE - of.valence[met], 0.0))
    return float(-below / above) if above > 0 else float("nan")


def region_ratio(case: Worlds, world: str, quantity: str) -> float:
    """:func:`asked_share` in the region with the largest share of others over that in the whole place."""
    of, people = asked(case, world), case.worlds[world].people
    regions, region = np.unique(people["region"], return_inverse=True)
    others = (people["group"] > 0)[people["active"]]
    in_region = region[people["active"]]
    mixed = int(np.argmax([others[in_region == number].mean() for number in range(regions.size)]))
    values = QUANTITIES[quantity](of)
    all_over, here = mean(values), mean(values, region[of.rows] == mixed)
    return here / all_over if all_over > 0 else float("nan")


def attitude_correlation(case: Worlds, world: str, contact: str) -> float:
    """Correlation of attitude with ``net`` contact, with its ``frequency``, or with close ``friends``."""
    of = asked(case, world)
    return correlation({"net": of.net, "frequency": of.frequency, "friends": of.close}[contact], of.attitude)


def episodes_correlation(case: Worlds, world: str) -> float:
    """Correlation of recalled good and bad episodes among majority adults."""
    data = case.worlds[world]
    good, bad = (data.at(f"answer_{kind}_episodes", END) for kind in ("good", "bad"))
    rows = case.mask(None, world) & ~np.isnan(good) & ~np.isnan(bad)
    return correlation(good[rows], bad[rows])


def answer_stability_by_age(case: Worlds, world: str) -> float:
    """Correlation of attitude at start and end in those of 50 and over minus that in those of 16 to 29."""
    data = case.worlds[world]
    start, end = data.at("answer_attitude", START), data.at("answer_attitude", END)
    same = ~np.isnan(start) & ~np.isnan(end) & (data.at("here", END) > 0)
    old, young = (case.mask({"group": "majority", "ages": ages}, world) & same for ages in ((50, 200), (16, 30)))
    return correlation(start[old], end[old]) - correlation(start[young], end[young])


def friends_apart(case: Worlds, world: str, subgroup: Subgroup) -> float:
    """1 minus the share of others among friends over the share of others in the district; nan without either."""
    data, rows = case.worlds[world], case.mask(subgroup, world)
    rows = rows & (data.at("here", END) > 0)
    across, ties = data.at("friends", END)[rows].sum(), data.at("ties", END)[rows].sum()
    expected = float((data.at("ties", END) * others_in_district(data))[rows].sum())
    return float(1 - across / expected) if ties > 0 and expected > 0 else float("nan")


def others_in_district(data: PanelData) -> Array:
    """(N,) share of all groups but one's own among the residents of each row's district at the start."""
    people = data.people
    district, group, active = people["district"], people["group"], people["active"]
    counts = np.zeros((int(district.max()) + 1, int(group.max()) + 1))
    np.add.at(counts, (district[active], group[active]), 1.0)
    return np.asarray(1 - (counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))[district, group])


def threat_by_scale(case: Worlds, world: str, scale: str) -> float:
    """Difference in surveyed threat, in SD, between shares of others of .10 and .50 at one scale, the other held.

    The scales are the ``output_area`` and the ``district``; threat is regressed on both shares and age.
    """
    of, data = asked(case, world), case.worlds[world]
    near, wide = (1 - data.people["own_share_near"])[of.rows], others_in_district(data)[of.rows]
    columns = (near, wide) if scale == "output_area" else (wide, near)
    return float(0.4 * slopes(of.threat, *columns, of.age)[0] / of.threat.std())


# --- the random-intercept cross-lagged panel model

def cross_lag(case: Worlds, world: str, figure: str) -> float:
    """A random-intercept cross-lagged panel model of net contact and attitude over start, midpoint and end.

    Stable differences between people are separated from the deviations of a wave from a person's own level, which
    depend on those of the wave before by effects that are the same over both intervals (Hamaker, Kuiper and Grasman
    2015). Fitted to the covariances of standardised answers by maximum likelihood.

    Args:
        figure: ``within`` (effect of contact on later attitude within a person, standardised by the deviations'
            standard deviations) or ``between`` (correlation of the two stable parts); nan if one of these has no
            variance.
    """
    data, rows = case.worlds[world], case.mask(None, world)
    waves = [survey(data, rows, wave) for wave in (START, MIDPOINT, END)]
    everywhere = np.intersect1d(np.intersect1d(waves[0].rows, waves[1].rows), waves[2].rows)
    columns = [_standardised(values[np.searchsorted(of.rows, everywhere)])
               for of in waves for values in (of.net, of.attitude)]
    fit = _random_intercepts(np.cov(np.array(columns), bias=True))
    return fit[figure]


def _standardised(values: Array) -> Array:
    return np.asarray((values - values.mean()) / max(values.std(), 1e-12))


def _lower(values: Array) -> Array:
    """(2, 2) lower triangle from three numbers."""
    return np.array([[values[0], 0.0], [values[1], values[2]]])


def _implied(theta: Array) -> tuple[Array, Array, Array, Array]:
    """((6, 6) implied covariance, (2, 2) lags, (2, 2) stable, (2, 2) first deviations) of the model's 16 numbers.

    Covariances are stated by their lower triangles, so that every value is allowed.
    """
    stable, first, second, third = (_lower(part) @ _lower(part).T for part in theta[:12].reshape(4, 3))
    lags = theta[12:].reshape(2, 2)
    of_wave = [first]
    for residual in (second, third):
        of_wave.append(lags @ of_wave[-1] @ lags.T + residual)
    implied = np.empty((6, 6))
    for i in range(3):
        for j in range(i, 3):
            block = stable + np.linalg.matrix_power(lags, j - i) @ of_wave[i]
            implied[2 * j:2 * j + 2, 2 * i:2 * i + 2] = block
            implied[2 * i:2 * i + 2, 2 * j:2 * j + 2] = block.T
    return implied, lags, stable, first


def _random_intercepts(observed: Array) -> dict[str, float]:
    """Figures of the model fitted to a (6, 6) covariance matrix (contact and attitude of each wave in turn)."""
    observed = observed + 1e-9 * np.eye(6)
    target = np.linalg.slogdet(observed)[1]

    def misfit(theta: Array) -> float:
        implied = _implied(theta)[0] + 1e-9 * np.eye(6)
        return float(np.linalg.slogdet(implied)[1] + np.trace(np.linalg.solve(implied, observed)) - target - 6)

    half = [0.6, 0.1, 0.6]
    theta = minimize(misfit, np.array([*half, *half, *half, *half, 0.1, 0.0, 0.0, 0.1]), method="BFGS").x
    _, lags, stable, first = _implied(theta)
    spreads, deviations = np.sqrt(np.diag(stable)), np.sqrt(np.diag(first))
    between = stable[0, 1] / spreads.prod() if spreads.min() > 1e-3 else float("nan")
    within = lags[1, 0] * deviations[0] / deviations[1] if deviations.min() > 1e-3 else float("nan")
    return {"between": float(between), "within": float(within)}


ESTIMANDS: Mapping[str, Any] = {f.__name__: f for f in (
    good_to_bad, slope_ratio, region_ratio, attitude_correlation, episodes_correlation, answer_stability_by_age,
    friends_apart, threat_by_scale, cross_lag)}
