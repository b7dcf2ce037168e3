"""Estimands that relate columns across people, and what an evaluation of an action would report.

Each returns one number for one seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contactsim.draws import Decision, name_key, normals, stream
from contactsim.evidence.effects import Worlds, standard_deviation
from contactsim.evidence.panel import MIDPOINT, START, Array, Mask, PanelData, trait

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


def attendance_correlation(case: Worlds, world: str, action: str, column: str, wave: str, learners: bool) -> float:
    """Correlation of sessions attended with a surveyed column among participants; 0 without participants."""
    data, by = case.worlds[world], case.selecting[world]
    rows = by.part(action, "participants") & (data.people["learner"] == learners)
    if not rows.any():
        return 0.0
    return correlation(by.actions[action]["attended"][rows].astype(float), surveyed(data, column, wave)[rows])


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


ESTIMANDS: Mapping[str, Any] = {f.__name__: f for f in (attendance_correlation, survey_effect, selection_bias)}
