"""Estimands that relate columns across people: correlations, paths, surveys. One number for one seed each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contactsim.draws import Decision, name_key, normals, stream
from contactsim.evidence.effects import Who, Worlds, scaled, standard_deviation
from contactsim.evidence.panel import END, MIDDLE, START, Array, Mask, Seen
from contactsim.evidence.subgroups import trait

#: Share of the variance of a simulated survey's readings that is true (assumed, as in the model's survey).
RELIABILITY = 0.8


def reading(seen: Seen, column: str, wave: str, context: str = "") -> Array:
    """A column as a survey reads it: with noise, keyed by person, wave and occasion."""
    true = seen.at(column, wave)
    spread = true[seen.people["active"]].std() * np.sqrt((1 - RELIABILITY) / RELIABILITY)
    base = stream(seen.seed, Decision.SURVEY, name_key("evidence", column, wave, context))
    return np.asarray(true + spread * normals(base, seen.people["uid"]))


def correlation(x: Array, y: Array) -> float:
    """Pearson's correlation; 0 for fewer than three people or no variation."""
    if x.shape[0] < 3 or x.std() == 0 or y.std() == 0:
        return 0.0
    return float(np.corrcoef(x, y)[0, 1])


def slopes(y: Array, *columns: Array) -> Array:
    """Ordinary least squares slopes of y on columns, with a constant."""
    design = np.column_stack([np.ones_like(y), *columns])
    return np.asarray(np.linalg.lstsq(design, y, rcond=None)[0][1:])


def net_contact(seen: Seen, wave: str) -> Array:
    """Recent positive less recent negative meetings a week."""
    return seen.at("recent_positive", wave) - seen.at("recent_negative", wave)


def contact_correlation(case: Worlds, world: str) -> float:
    """Correlation of recent net contact with attitude, as a survey reads attitude, majority adults at the end."""
    seen, rows = case.worlds[world], case.mask(None, world)
    return correlation(net_contact(seen, END)[rows], reading(seen, "attitude", END)[rows])


def between_less_within(case: Worlds, world: str) -> float:
    """Correlation of contact and attitude between persons less that of their changes from one half to the next."""
    seen, rows = case.worlds[world], case.mask(None, world)
    contact = [seen.at(f"{half}_positive", END) - seen.at(f"{half}_negative", END) for half in ("first", "second")]
    attitude = [reading(seen, "attitude", wave) for wave in (MIDDLE, END)]
    across = correlation((contact[0] + contact[1])[rows], (attitude[0] + attitude[1])[rows])
    return across - correlation((contact[1] - contact[0])[rows], (attitude[1] - attitude[0])[rows])


def valence_correlation(case: Worlds, world: str) -> float:
    """Correlation of recent positive and recent negative contact, majority adults at the end."""
    seen, rows = case.worlds[world], case.mask(None, world)
    return correlation(seen.at("recent_positive", END)[rows], seen.at("recent_negative", END)[rows])


def stability_by_age(case: Worlds, world: str) -> float:
    """Correlation of attitude at start and end among those of 50 and over less that among those of 16 to 29."""
    seen = case.worlds[world]
    old, young = (case.mask({"group": "majority", "ages": ages}, world) for ages in ((50, 200), (16, 30)))
    start, end = seen.at("attitude", START), seen.at("attitude", END)
    return correlation(start[old], end[old]) - correlation(start[young], end[young])


def weight_ratio(case: Worlds, world: str) -> float:
    """Slope of attitude on negative over that on positive recent contact, sign dropped; majority adults at the end."""
    seen, rows = case.worlds[world], case.mask(None, world)
    good, bad = slopes(seen.at("attitude", END)[rows], seen.at("recent_positive", END)[rows],
                       seen.at("recent_negative", END)[rows])
    return float(-bad / good) if good > 0 else float("nan")


def attendance_correlation(case: Worlds, world: str, action: str, column: str, wave: str, learners: bool) -> float:
    """Correlation of sessions attended with a surveyed column among participants; 0 where nobody took part."""
    seen, by = case.worlds[world], case.chosen[world]
    rows = by.part(action, "participants") & (seen.people["learner"] == learners)
    if not rows.any():
        return 0.0
    return correlation(by.actions[action]["attended"][rows].astype(float), reading(seen, column, wave)[rows])


def elasticity(case: Worlds, what: str, worlds: Mapping[str, float]) -> float:
    """Slope of log meetings a week in the second half on log share of others; ``worlds`` gives the share by world."""
    means = [case.worlds[name].at(f"second_{what}", END)[case.mask(None, name)].mean() for name in worlds]
    if min(means) <= 0:
        return float("nan")
    return float(np.polyfit(np.log(list(worlds.values())), np.log(means), 1)[0])


def net_contact_effect(case: Worlds, worlds: Sequence[str] | Mapping[str, float]) -> float:
    """Net indirect effect of diversity through positive and negative contact, least to most diverse, in SD.

    With share d, contacts p and n and attitude y over all worlds: p = a1 d, n = a2 d, y = c d + b1 p + b2 n; it is
    a1 b1 + a2 b2. The share is that of others at the start, or what ``worlds`` gives by world. Where people meet only
    at work, those with a job.
    """
    who = {"group": "majority", "ages": (18, 67), "job": True} if all("work" in name for name in worlds) else None
    d, p, n, y = (np.concatenate(parts) for parts in zip(*(
        _contacts(case.worlds[name], case.mask(who, name), worlds[name] if isinstance(worlds, Mapping) else None)
        for name in worlds), strict=True))
    a1, a2 = slopes(p, d)[0], slopes(n, d)[0]
    _, b1, b2 = slopes(y, d, p, n)
    return float((a1 * b1 + a2 * b2) * np.ptp(d) / y.std())


def _contacts(seen: Seen, rows: Mask, share: float | None) -> tuple[Array, Array, Array, Array]:
    """(share of others in the place, positive, negative meetings a week, attitude)."""
    if share is None:
        share = float(np.mean(seen.people["group"][seen.people["active"]] > 0))
    return (np.full(int(rows.sum()), share), seen.at("second_positive", END)[rows],
            seen.at("second_negative", END)[rows], seen.at("attitude", END)[rows])


def two_paths(case: Worlds, worlds: list[str], part: str) -> float:
    """Path analysis on a simulated survey of several places (F6), from a share of .02 to .50, in SD of attitude.

    d is the share of others in the neighbourhood, p surveyed positive contact, t surveyed threat, y surveyed
    attitude: p = a d, t = e d + f p, y = c d + g p + b t. ``positive`` is a (g + f b): through positive contact,
    directly and by threat; ``total`` the slope of y on d alone; ``rest`` their difference.
    """
    seen = [(case.worlds[name], case.mask(None, name)) for name in worlds]
    d = np.concatenate([1 - s.people["own_share"][rows] for s, rows in seen])
    p, t, y = (np.concatenate([reading(s, column, END)[rows] for s, rows in seen])
               for column in ("recent_positive", "threat", "attitude"))
    scale = 0.48 / y.std()
    total = slopes(y, d)[0] * scale
    a, (_, f), (_, g, b) = slopes(p, d)[0], slopes(t, d, p), slopes(y, d, p, t)
    positive = a * (g + f * b) * scale
    return float({"positive": positive, "total": total, "rest": total - positive}[part])


def town_gap(case: Worlds, column: str, world: str, control: str, who: Who, net_of: str | None = None) -> float:
    """Surveyed gap of two towns at the end, in SD of the control town; ``net_of`` an action: at equal sessions."""
    one, other = case.worlds[world], case.worlds[control]
    here, there = case.mask(who, world), case.mask(who, control)
    y = np.concatenate([reading(one, column, END)[here], reading(other, column, END)[there]])
    town = np.concatenate([np.ones(here.sum()), np.zeros(there.sum())])
    sd = standard_deviation(case, column, f"{control}@{END}", who)
    if net_of is None or net_of not in one.actions:
        return scaled(slopes(y, town)[0], sd)
    sessions = np.concatenate([one.actions[net_of]["attended"][here], np.zeros(there.sum())]).astype(float)
    return scaled(slopes(y, town, sessions)[0] if sessions.any() else slopes(y, town)[0], sd)


def survey_effect(case: Worlds, design: str, wave: str, world: str, action: str, column: str) -> float:
    """What an evaluator would find, in SD: change of participants less change of those they are compared with.

    ``matched``: each participant against the nearest of those who showed interest and did not take part (pretest,
    age, recent contact). ``two_pretests``: against all others of the participants' ages, from the mean of two
    pretests. 0 where either is empty.
    """
    seen = case.worlds[world]
    took, rest = _sides(case, world, action, interested=design == "matched")
    if not took.any() or not rest.any():
        return 0.0
    before = reading(seen, column, START)
    if design == "two_pretests":
        before = (before + reading(seen, column, START, "again")) / 2
    change = reading(seen, column, wave) - before
    other = change[rest].mean() if design != "matched" else change[_nearest(seen, before, took, rest)].mean()
    return float((change[took].mean() - other) / standard_deviation(case, column, f"{world}@{START}", None))


def selection_bias(case: Worlds, world: str, without: str, action: str, column: str, how: str) -> float:
    """Gap of participants and others of their ages at the middle less the true effect on participants, in SD.

    ``naive``: that; ``gain_by_matching``: its size less the size of what matching on a pretest, age and recent
    contact leaves. 0 where nobody took part.
    """
    seen = case.worlds[world]
    took, rest = _sides(case, world, action, interested=False)
    if not took.any() or not rest.any():
        return 0.0
    after = seen.at(column, MIDDLE)
    sd = standard_deviation(case, column, f"{without}@{MIDDLE}", None)
    true = float((after[took] - case.worlds[without].at(column, MIDDLE)[took]).mean())
    naive = float(after[took].mean() - after[rest].mean()) - true
    if how == "naive":
        return naive / sd
    twins = _nearest(seen, reading(seen, column, START), took, rest)
    return (abs(naive) - abs(float(after[took].mean() - after[twins].mean()) - true)) / sd


def _sides(case: Worlds, world: str, action: str, interested: bool) -> tuple[Mask, Mask]:
    """Majority participants, and majority others: those interested, or all of the participants' ages."""
    seen, by = case.worlds[world], case.chosen[world]
    took = by.part(action, "participants") & (seen.people["group"] == 0) & (seen.at("here", MIDDLE) > 0)
    if not took.any():
        return took, took
    ages = seen.people["age"][took]
    rest = ~by.part(action, "participants") & seen.people["active"] & (seen.people["group"] == 0)
    rest &= (seen.people["age"] >= np.floor(ages.min())) & (seen.people["age"] < np.floor(ages.max()) + 1)
    return took, rest & by.part(action, "interested") if interested else rest


def _nearest(seen: Seen, pretest: Array, took: Mask, rest: Mask) -> NDArray[np.intp]:
    """For each participant the row of the nearest other by standardised pretest, age and recent contact."""
    from scipy.spatial import KDTree

    traits = np.column_stack([pretest, seen.people["age"], trait(seen, "recent_contact")])
    spread = traits[took | rest].std(axis=0)
    traits = traits / np.where(spread > 0, spread, 1.0)
    return np.asarray(np.flatnonzero(rest)[KDTree(traits[rest]).query(traits[took])[1]])


ESTIMANDS: Mapping[str, Any] = {f.__name__: f for f in (
    contact_correlation, elasticity, between_less_within, valence_correlation, stability_by_age, weight_ratio,
    attendance_correlation, two_paths, town_gap, survey_effect, selection_bias)} | {"net_contact": net_contact_effect}
