"""Estimands of actions and events, read from the answers to survey items or from true states.

Comparisons of worlds are those of the same people with and without an action or event; the noise of their answers is
the same in both. Standard deviations of answers include reporting noise. Each estimand returns one number for one seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from contactsim.evidence.asked_people import others_in_district
from contactsim.evidence.effects import Worlds, contrast, scaled, standard_deviation
from contactsim.evidence.panel import END, Mask, Subgroup
from contactsim.stats import product_of_coefficients, slopes

#: Smallest effect, in standard deviations, of which a share is taken.
SMALLEST = 0.002


# --- ratios of effects

def ratio_of_effects(case: Worlds, column: str, terms: Mapping[str, float], of_terms: Mapping[str, float], sd: str,
                     subgroup: Subgroup = None, of_column: str | None = None, of_subgroup: Subgroup = None) -> float:
    """Ratio of two contrasts (:func:`contactsim.evidence.effects.contrast`), each in standard deviations.

    It is nan if the second is below .002 SD in size.

    Args:
        terms, of_terms: the compared ``world@wave`` of the numerator and of the denominator.
        of_column: column of the denominator (None: the same); likewise ``of_subgroup``.
    """
    whole = contrast(case, of_column or column, of_terms, sd, subgroup if of_subgroup is None else of_subgroup)
    part = contrast(case, column, terms, sd, subgroup)
    return part / whole if abs(whole) >= SMALLEST else float("nan")


def softening(case: Worlds, column: str, terms: Mapping[str, float], sd: str, high: Subgroup, low: Subgroup) -> float:
    """1 minus the ratio of a contrast in the subgroup ``high`` to that in ``low``; nan below .002 SD in the latter."""
    return 1 - ratio_of_effects(case, column, terms, terms, sd, high, of_subgroup=low)


def difference_of_contrasts(case: Worlds, column: str, terms: Mapping[str, float], subgroup: Subgroup,
                            reference_terms: Mapping[str, float], reference_subgroup: Subgroup, sd: str) -> float:
    """A contrast of one subgroup minus another contrast of another, both in the SD of the second subgroup's people."""
    part = {key: value for key, value in (reference_subgroup or {}).items() if key in ("group", "ages")}
    around = standard_deviation(case, column, sd, part)
    one, other = (contrast(case, column, of, "none", who)
                  for of, who in ((terms, subgroup), (reference_terms, reference_subgroup)))
    return scaled(one - other, around)


def effect_by_segregation(case: Worlds, column: str, terms: Mapping[str, float], sd: str, subgroup: Subgroup) -> float:
    """A contrast in the third of a subgroup with most of their own group in the district minus that in the other end.

    In standard deviations; 0 if nobody is in the subgroup.
    """
    name = next(iter(terms)).split("@")[0]
    data, rows = case.worlds[name], np.flatnonzero(case.mask(subgroup, name))
    for where in terms:
        world, wave = case.at(where)
        rows = rows[~np.isnan(world.at(column, wave)[rows]) & (world.at("here", wave)[rows] > 0)]
    third = rows.size // 3
    if not third:
        return 0.0
    order = rows[np.argsort(others_in_district(data)[rows], kind="stable")]
    change = np.sum([weight * case.at(where)[0].at(column, case.at(where)[1])
                     for where, weight in terms.items()], axis=0)
    gap = change[order[:third]].mean() - change[order[-third:]].mean()
    return scaled(float(gap), standard_deviation(case, column, sd, subgroup))


# --- visitors of an open house

def _regular(case: Worlds, world: str, action: str, least: float, group: str) -> Mask:
    """(N,) people of a group who attended at least ``least`` sessions."""
    by = case.selecting[world]
    rows = by.part(action, "participants") & (by.people["group"] == 0 if group == "majority" else True)
    return rows & (by.actions[action]["attended"] >= least) if action in by.actions else rows


def visitors_effect(case: Worlds, column: str, world: str, control: str, action: str, least: float, sd: str) -> float:
    """Difference of a column at the end between two worlds, of majority visitors with ``least`` visits or more.

    In standard deviations of majority adults; 0 without such visitors.
    """
    one, other = (case.worlds[name].at(column, END) for name in (world, control))
    rows = _regular(case, world, action, least, "majority") & ~np.isnan(one) & ~np.isnan(other)
    rows = rows & (case.worlds[world].at("here", END) > 0)
    if not rows.any():
        return 0.0
    return scaled(float((one - other)[rows].mean()), standard_deviation(case, column, sd, None))


def visitors_over_all(case: Worlds, column: str, world: str, control: str, action: str, least: float, sd: str,
                      terms: Mapping[str, float]) -> float:
    """:func:`visitors_effect` minus a contrast of all majority adults, both in the same standard deviations."""
    return (visitors_effect(case, column, world, control, action, least, sd) - contrast(case, column, terms, sd))


def visitors_bad_share(case: Worlds, world: str, control: str, action: str, least: float) -> float:
    """Bad as a share of all meetings with others in the second half, of these visitors, relative to the control world.

    Ratio minus 1; 0 without visitors, nan if there are no bad meetings in the control world.
    """
    rows = _regular(case, world, action, least, "majority")
    if not rows.any():
        return 0.0
    shares = []
    for name in (world, control):
        good, bad, neutral = (case.worlds[name].at(f"second_{kind}", END)[rows].sum()
                              for kind in ("positive", "negative", "neutral"))
        shares.append(bad / max(good + bad + neutral, 1e-12))
    return float(shares[0] / shares[1] - 1) if shares[1] > 0 else float("nan")


def visitors(case: Worlds, world: str, action: str, least: float) -> float:
    """Number of majority people with ``least`` visits or more."""
    return float(np.count_nonzero(_regular(case, world, action, least, "majority")))


# --- settings

def setting_path(case: Worlds, worlds: Mapping[str, float], path: str, job: bool = False) -> float:
    """Mediation of diversity by good and bad contact in worlds in which people meet in one setting only.

    The worlds' shares of others are given by name. Contact is the root of the meetings per week in the second half;
    attitude is that of the survey at the end. Products of coefficients over the people of all worlds, in SD of
    attitude, from the lowest to the highest share.

    Args:
        path: ``good``, ``bad``, ``total``, ``without_good`` and ``without_bad`` (the total minus the path), or
            ``weight_of_bad`` (size of the bad path over that of the good one).
        job: whether only people of 18 to 66 with a job are compared.
    """
    subgroup: Subgroup = {"group": "majority", "ages": (18, 67), "job": True} if job else None
    parts = []
    for name, share in worlds.items():
        data = case.worlds[name]
        attitude = data.at("answer_attitude", END)
        rows = case.mask(subgroup, name) & ~np.isnan(attitude) & (data.at("here", END) > 0)
        parts.append((np.full(int(rows.sum()), share), attitude[rows],
                      *(np.sqrt(data.at(f"second_{kind}", END)[rows]) for kind in ("positive", "negative"))))
    x, y, good, bad = (np.concatenate(column) for column in zip(*parts, strict=True))
    scale = float(np.ptp(x) / y.std())
    total = float(slopes(y, x)[0]) * scale
    through = product_of_coefficients(x, [good, bad], y) * scale
    by_good = float(slopes(good, x)[0] * slopes(y, x, good, bad)[1]) * scale
    by_bad = through - by_good
    return {"good": by_good, "bad": by_bad, "total": total, "without_good": total - by_good,
            "without_bad": total - by_bad,
            "weight_of_bad": abs(by_bad / by_good) if by_good else float("nan")}[path]


def setting_balance(case: Worlds, worlds: Mapping[str, float], reference: Mapping[str, float]) -> float:
    """:func:`setting_path` ``weight_of_bad`` at work (people with a job) minus that in the reference setting."""
    return (setting_path(case, worlds, "weight_of_bad", job=True)
            - setting_path(case, reference, "weight_of_bad"))


# --- two towns

def parents_gap(case: Worlds, column: str, world: str, control: str, wave: str, pupils: str, sessions: str,
                action: str, share_left: bool = False, net: bool = False) -> float:
    """Surveyed difference between adults reached through an arts school and parents in a control town, in SD.

    Those of the town with the arts are parents of the pupils of the arts school and adults who came to more than one
    session; those of the control town are parents of pupils of the same ages (7 to 10).

    Args:
        pupils: world in which the participants are the pupils of the arts school.
        sessions: world in which sessions are counted, and messages are not.
        action: the action in these worlds.
        share_left: the difference at equal attendance over the difference; nan below .002 SD in the latter.
        net: the difference at equal attendance.
    """
    one, other = case.worlds[world], case.worlds[control]
    school = case.selecting[pupils].part(action, "participants")
    attended = case.selecting[sessions].actions[action]["attended"].astype(float)
    adults = (one.people["age"] >= 18) & one.people["active"]
    here = adults & (np.isin(one.people["household"], np.unique(one.people["household"][school])) | (attended > 1))
    of_age = (other.people["age"] >= 7) & (other.people["age"] < 11) & other.people["active"]
    homes = np.unique(other.people["household"][of_age])
    there = np.isin(other.people["household"], homes) & (other.people["age"] >= 18) & other.people["active"]
    y1, y0 = one.at(column, wave), other.at(column, wave)
    here, there = here & ~np.isnan(y1), there & ~np.isnan(y0)
    if not here.any() or not there.any():
        return 0.0
    y = np.concatenate([y1[here], y0[there]])
    town = np.concatenate([np.ones(int(here.sum())), np.zeros(int(there.sum()))])
    times = np.concatenate([attended[here], np.zeros(int(there.sum()))])
    sd = float(np.nanstd(y0[there]))
    gap = scaled(float(slopes(y, town)[0]), sd)
    left = scaled(float(slopes(y, town, times)[0]), sd) if times.any() else gap
    if share_left:
        return left / gap if abs(gap) >= SMALLEST else float("nan")
    return left if net else gap


ESTIMANDS: Mapping[str, Any] = {f.__name__: f for f in (
    ratio_of_effects, softening, difference_of_contrasts, effect_by_segregation, visitors_effect, visitors_over_all,
    visitors_bad_share, visitors, setting_path, setting_balance, parents_gap)}
