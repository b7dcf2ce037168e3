"""Estimands that relate columns across people: correlations, paths and simulated surveys.

Each returns one number for one seed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contactsim.draws import Decision, name_key, normals, stream
from contactsim.evidence.effects import Worlds, scaled, standard_deviation
from contactsim.evidence.panel import END, MIDPOINT, START, Array, Mask, PanelData, Subgroup, trait
from contactsim.stats import product_of_coefficients, slopes

#: Share of the variance of simulated survey answers that is true variance (assumed, as in the model's survey).
RELIABILITY = 0.8


def surveyed(data: PanelData, column: str, wave: str, context: str = "") -> Array:
    """(N,) a column as measured by a survey: with noise whose draws are keyed by person, wave and context."""
    true = data.at(column, wave)
    spread = true[data.people["active"]].std() * np.sqrt((1 - RELIABILITY) / RELIABILITY)
    base = stream(data.seed, Decision.SURVEY, name_key("evidence", column, wave, context))
    return np.asarray(true + spread * normals(base, data.people["uid"]))


def correlation(x: Array, y: Array) -> float:
    """Pearson's correlation; 0 for fewer than three people or no variation."""
    if x.shape[0] < 3 or x.std() == 0 or y.std() == 0:
        return 0.0
    return float(np.corrcoef(x, y)[0, 1])


def net_contact(data: PanelData, wave: str) -> Array:
    """(N,) recent positive minus recent negative meetings per week."""
    return data.at("recent_positive", wave) - data.at("recent_negative", wave)


def contact_correlation(case: Worlds, world: str) -> float:
    """Correlation of recent net contact with surveyed attitude among majority adults at the end."""
    data, rows = case.worlds[world], case.mask(None, world)
    return correlation(net_contact(data, END)[rows], surveyed(data, "attitude", END)[rows])


def between_less_within(case: Worlds, world: str) -> float:
    """Correlation of contact and attitude between persons minus the correlation of their changes between the halves."""
    data, rows = case.worlds[world], case.mask(None, world)
    contact = [data.at(f"{half}_positive", END) - data.at(f"{half}_negative", END) for half in ("first", "second")]
    attitude = [surveyed(data, "attitude", wave) for wave in (MIDPOINT, END)]
    across = correlation((contact[0] + contact[1])[rows], (attitude[0] + attitude[1])[rows])
    return across - correlation((contact[1] - contact[0])[rows], (attitude[1] - attitude[0])[rows])


def valence_correlation(case: Worlds, world: str) -> float:
    """Correlation of recent positive and recent negative contact among majority adults at the end."""
    data, rows = case.worlds[world], case.mask(None, world)
    return correlation(data.at("recent_positive", END)[rows], data.at("recent_negative", END)[rows])


def stability_by_age(case: Worlds, world: str) -> float:
    """Correlation of attitude at start and end among people aged 50 and over minus that among people aged 16 to 29."""
    data = case.worlds[world]
    old, young = (case.mask({"group": "majority", "ages": ages}, world) for ages in ((50, 200), (16, 30)))
    start, end = data.at("attitude", START), data.at("attitude", END)
    return correlation(start[old], end[old]) - correlation(start[young], end[young])


def weight_ratio(case: Worlds, world: str) -> float:
    """Minus the ratio of the slopes of attitude on negative and on positive recent contact; majority at the end."""
    data, rows = case.worlds[world], case.mask(None, world)
    good, bad = slopes(data.at("attitude", END)[rows], data.at("recent_positive", END)[rows],
                       data.at("recent_negative", END)[rows])
    return float(-bad / good) if good > 0 else float("nan")


def attendance_correlation(case: Worlds, world: str, action: str, column: str, wave: str, learners: bool) -> float:
    """Correlation of sessions attended with a surveyed column among participants; 0 without participants."""
    data, by = case.worlds[world], case.selecting[world]
    rows = by.part(action, "participants") & (data.people["learner"] == learners)
    if not rows.any():
        return 0.0
    return correlation(by.actions[action]["attended"][rows].astype(float), surveyed(data, column, wave)[rows])


def elasticity(case: Worlds, kind: str, worlds: Mapping[str, float]) -> float:
    """Slope of log meetings per week in the second half on the log share of others, which ``worlds`` gives by world."""
    means = [case.worlds[name].at(f"second_{kind}", END)[case.mask(None, name)].mean() for name in worlds]
    if min(means) <= 0:
        return float("nan")
    return float(np.polyfit(np.log(list(worlds.values())), np.log(means), 1)[0])


def net_contact_effect(case: Worlds, worlds: Sequence[str] | Mapping[str, float]) -> float:
    """Indirect effect of diversity on attitude through positive and negative contact, in standard deviations.

    It compares the most with the least diverse place, by the product of coefficients over the people of all worlds.
    The share of others is that at the start, or the value that ``worlds`` gives by world. In worlds in which people
    meet only at work, people with a job are compared.
    """
    at_work = all("work" in name for name in worlds)
    subgroup = {"group": "majority", "ages": (18, 67), "job": True} if at_work else None
    share, positive, negative, attitude = (np.concatenate(parts) for parts in zip(*(
        _contacts(case.worlds[name], case.mask(subgroup, name), worlds[name] if isinstance(worlds, Mapping) else None)
        for name in worlds), strict=True))
    indirect = product_of_coefficients(share, [positive, negative], attitude)
    return float(indirect * np.ptp(share) / attitude.std())


def _contacts(data: PanelData, rows: Mask, share: float | None) -> tuple[Array, Array, Array, Array]:
    """(share of others in the place, positive, negative meetings per week, attitude), each (n,)."""
    if share is None:
        share = float(np.mean(data.people["group"][data.people["active"]] > 0))
    return (np.full(int(rows.sum()), share), data.at("second_positive", END)[rows],
            data.at("second_negative", END)[rows], data.at("attitude", END)[rows])


def two_paths(case: Worlds, worlds: list[str], path: str) -> float:
    """Path analysis of a simulated survey of several places (F6): effect of a share from .02 to .50, in SD of attitude.

    With the share d of others in the neighbourhood, surveyed positive contact p, threat t and attitude y, the
    regressions are p = a d, t = e d + f p, y = c d + g p + b t.

    Args:
        path: ``positive`` (a (g + f b): through positive contact, directly and through threat), ``total`` (the slope
            of y on d alone) or ``rest`` (their difference).
    """
    data = [(case.worlds[name], case.mask(None, name)) for name in worlds]
    d = np.concatenate([1 - s.people["own_share"][rows] for s, rows in data])
    p, t, y = (np.concatenate([surveyed(s, column, END)[rows] for s, rows in data])
               for column in ("recent_positive", "threat", "attitude"))
    scale = 0.48 / y.std()
    total = slopes(y, d)[0] * scale
    a, (_, f), (_, g, b) = slopes(p, d)[0], slopes(t, d, p), slopes(y, d, p, t)
    positive = a * (g + f * b) * scale
    return float({"positive": positive, "total": total, "rest": total - positive}[path])


def town_gap(case: Worlds, column: str, world: str, control: str, subgroup: Subgroup,
             net_of: str | None = None) -> float:
    """Surveyed difference between two towns at the end, in standard deviations of the control town.

    ``net_of`` names an action whose number of sessions attended is held constant.
    """
    one, other = case.worlds[world], case.worlds[control]
    here, there = case.mask(subgroup, world), case.mask(subgroup, control)
    y = np.concatenate([surveyed(one, column, END)[here], surveyed(other, column, END)[there]])
    town = np.concatenate([np.ones(here.sum()), np.zeros(there.sum())])
    sd = standard_deviation(case, column, f"{control}@{END}", subgroup)
    if net_of is None or net_of not in one.actions:
        return scaled(slopes(y, town)[0], sd)
    sessions = np.concatenate([one.actions[net_of]["attended"][here], np.zeros(there.sum())]).astype(float)
    return scaled(slopes(y, town, sessions)[0] if sessions.any() else slopes(y, town)[0], sd)


def survey_effect(case: Worlds, design: str, wave: str, world: str, action: str, column: str,
                  group: str = "majority") -> float:
    """Effect that an evaluation would report: change of participants minus change of comparison people, in SD.

    0 without participants or comparison people.

    Args:
        group: ``majority``, or ``all`` participants and comparison people.
        design: ``matched`` (each participant is compared with the nearest person who was interested but did not
            participate, by pretest, age and recent contact) or ``two_pretests`` (all others of the participants' ages;
            the baseline is the mean of two pretests).
    """
    data = case.worlds[world]
    treated, rest = _compared(case, world, action, design == "matched", group)
    if not treated.any() or not rest.any():
        return 0.0
    before = surveyed(data, column, START)
    if design == "two_pretests":
        before = (before + surveyed(data, column, START, "again")) / 2
    change = surveyed(data, column, wave) - before
    other = change[rest].mean() if design != "matched" else change[_nearest(data, before, treated, rest)].mean()
    return float((change[treated].mean() - other) / standard_deviation(case, column, f"{world}@{START}", None))


def selection_bias(case: Worlds, world: str, control: str, action: str, column: str, estimate: str,
                   group: str = "majority") -> float:
    """Bias of a comparison of participants with others of their ages at the midpoint, in standard deviations.

    The bias is the difference minus the true effect on the participants; 0 without participants.

    Args:
        estimate: ``naive`` (the bias), or ``gain_by_matching`` (its absolute value minus that after matching on a
            pretest, age and recent contact).
    """
    data = case.worlds[world]
    treated, rest = _compared(case, world, action, False, group)
    if not treated.any() or not rest.any():
        return 0.0
    after = data.at(column, MIDPOINT)
    sd = standard_deviation(case, column, f"{control}@{MIDPOINT}", None)
    true = float((after[treated] - case.worlds[control].at(column, MIDPOINT)[treated]).mean())
    naive = float(after[treated].mean() - after[rest].mean()) - true
    if estimate == "naive":
        return naive / sd
    matched = _nearest(data, surveyed(data, column, START), treated, rest)
    return (abs(naive) - abs(float(after[treated].mean() - after[matched].mean()) - true)) / sd


def _compared(case: Worlds, world: str, action: str, interested: bool, group: str) -> tuple[Mask, Mask]:
    """(N,) participants of a group, and others of it: those interested, or all of the participants' ages."""
    data, by = case.worlds[world], case.selecting[world]
    of_group = data.people["active"] & ((data.people["group"] == 0) | (group == "all"))
    treated = by.part(action, "participants") & of_group & (data.at("here", MIDPOINT) > 0)
    if not treated.any():
        return treated, treated
    ages = data.people["age"][treated]
    rest = ~by.part(action, "participants") & of_group
    rest &= (data.people["age"] >= np.floor(ages.min())) & (data.people["age"] < np.floor(ages.max()) + 1)
    return treated, rest & by.part(action, "interested") if interested else rest


def _nearest(data: PanelData, pretest: Array, treated: Mask, rest: Mask) -> NDArray[np.intp]:
    """Row of the nearest other of each participant, by standardised pretest, age and recent contact."""
    from scipy.spatial import KDTree

    traits = np.column_stack([pretest, data.people["age"], trait(data, "recent_contact")])
    spread = traits[treated | rest].std(axis=0)
    traits = traits / np.where(spread > 0, spread, 1.0)
    return np.asarray(np.flatnonzero(rest)[KDTree(traits[rest]).query(traits[treated])[1]])


ESTIMANDS: Mapping[str, Any] = {f.__name__: f for f in (
    contact_correlation, elasticity, between_less_within, valence_correlation, stability_by_age, weight_ratio,
    attendance_correlation, net_contact_effect, two_paths, town_gap, survey_effect, selection_bias)}
