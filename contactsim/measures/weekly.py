"""What is recorded every week, as sums over residents of survey age (16 and over).

Sums run over fixed chunks of rows and then over chunks in order, so their bits do not depend on threads.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from contactsim.compiled import Threads, inlined, kernel
from contactsim.encounters.tables import People, Week
from contactsim.residents import SURVEY_AGE, Residents

CHUNK = 4096
#: Sums kept for each (group, target); target G stands for all other groups together.
BY_TARGET = ("attitude", "attitude_squared", "positive", "negative", "neutral", "declined")
#: Sums kept for each group.
BY_GROUP = ("residents", "anxiety", "threat", "connectedness", "own_meetings", "ties", "cross_ties", "cross_friend",
            "engagement", "stigma", "civic")

#: Measures of the tidy table with their units.
UNITS = {
    "attitude": "mean, -1 to 1", "attitude_sd": "standard deviation of attitude",
    "positive": "positive meetings a resident and week", "negative": "negative meetings a resident and week",
    "neutral": "neutral meetings a resident and week", "declined": "declined meetings a resident and week",
    "residents": "residents aged 16 and over", "anxiety": "mean, 0 to 1", "threat": "mean, 0 to 1",
    "connectedness": "mean, 0 to 1", "own_meetings": "own-group meetings a resident and week",
    "ties": "ties a resident", "cross_ties": "ties to other groups a resident",
    "cross_friend": "share with a tie to another group", "engagement": "mean, 0 to 1", "stigma": "mean, 0 to 1",
    "civic": "mean, 0 to 1",
}


def weigh_others(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """(G, G) weights of the attitudes to other groups in "all others": their sizes, rows adding up to 1."""
    weights = np.tile(np.asarray(counts, dtype=float), (counts.shape[0], 1))
    np.fill_diagonal(weights, 0.0)
    return weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-300)


@kernel
def _sums(lo, hi, people, tally, active, weights, by_target, by_group):  # type: ignore[no-untyped-def]
    """Chunks lo .. hi - 1, each into its own part of ``by_target`` and ``by_group``."""
    # Arrays are taken out of their tuples once: each access inside the loop would count references.
    group, age, attitude = people.group, people.age, people.attitude
    ties, friend_groups = people.ties, people.friend_groups
    anxiety, threat, connectedness = people.anxiety, people.threat, people.connectedness
    engagement, stigma, civic = people.engagement, people.stigma, people.civic
    for c in range(lo, hi):
        for row in range(c * CHUNK, min(group.shape[0], (c + 1) * CHUNK)):
            i = np.uintp(row)  # unsigned: it need not be looked at for whether it counts from the end
            if active[i] and age[i] >= SURVEY_AGE:
                g = np.uintp(group[i])
                _towards_others(c, i, g, attitude, tally, weights, by_target)
                friends, cross = _friends(i, group, ties, friend_groups)
                by_group[c, g, 0] += 1.0
                by_group[c, g, 1] += anxiety[i]
                by_group[c, g, 2] += threat[i]
                by_group[c, g, 3] += connectedness[i]
                by_group[c, g, 4] += tally[i, g, 0]
                by_group[c, g, 5] += friends
                by_group[c, g, 6] += cross
                by_group[c, g, 7] += cross > 0
                by_group[c, g, 8] += engagement[i]
                by_group[c, g, 9] += stigma[i]
                by_group[c, g, 10] += civic[i]


@inlined
def _towards_others(c, i, g, attitude, tally, weights, by_target):  # type: ignore[no-untyped-def]
    """Add resident i's attitudes and meetings to chunk c."""
    G = weights.shape[0]
    overall = 0.0
    for h in range(G):
        if np.uintp(h) != g:
            a = attitude[i, h]
            overall += weights[g, h] * a
            by_target[c, g, h, 0] += a
            by_target[c, g, h, 1] += a * a
            for k in range(4):
                by_target[c, g, h, 2 + k] += tally[i, h, k]
    by_target[c, g, G, 0] += overall
    by_target[c, g, G, 1] += overall * overall


@inlined
def _friends(i, group, ties, friend_groups):  # type: ignore[no-untyped-def]
    """Resident i's ties, and those to other groups."""
    friends, cross = 0, 0
    if friend_groups[i] == 0:
        return friends, cross
    for k in range(ties.shape[1]):
        friends += ties[i, k] >= 0
    if friend_groups[i] & ~(1 << group[i]) != 0:
        for k in range(ties.shape[1]):
            j = ties[i, k]
            if j >= 0 and group[j] != group[i]:
                cross += 1
    return friends, cross


def weekly_sums(people: People, residents: Residents, week: Week, weights: NDArray[np.float64],
                threads: Threads) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums by (group, target) as :data:`BY_TARGET` and by group as :data:`BY_GROUP`."""
    G = residents.groups
    chunks = -(-len(residents) // CHUNK)
    by_target = np.zeros((chunks, G, G + 1, len(BY_TARGET)))
    by_group = np.zeros((chunks, G, len(BY_GROUP)))
    threads.run(lambda _, lo, hi: _sums(
        lo, hi, people, week.tally, residents.active, weights, by_target, by_group),
        [chunks * k // threads.number for k in range(threads.number + 1)])
    by_target[:, :, G, 2:] = by_target[:, :, :G, 2:].sum(axis=2)  # meetings with all others
    return by_target.sum(axis=0), by_group.sum(axis=0)


def tidy(weeks: Sequence[int], sums: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]],
         groups: Sequence[str]) -> pd.DataFrame:
    """The record as one tidy table: week, measure, group, target, value. Target is empty where none applies."""
    by_target = np.stack([s[0] for s in sums])
    by_group = np.stack([s[1] for s in sums])
    n = np.maximum(by_group[..., 0], 1.0)
    targets = [*groups, "all others"]
    columns: dict[tuple[str, str, str], NDArray[np.float64]] = {}
    for g, group in enumerate(groups):
        for h, target in enumerate(targets):
            if h == g:
                continue
            means = by_target[:, g, h, :] / n[:, g, None]
            columns["attitude", group, target] = means[:, 0]
            columns["attitude_sd", group, target] = np.sqrt(np.maximum(means[:, 1] - means[:, 0] ** 2, 0.0))
            for k, name in enumerate(BY_TARGET[2:], start=2):
                columns[name, group, target] = means[:, k]
        columns["residents", group, ""] = by_group[:, g, 0]
        for k, name in enumerate(BY_GROUP[1:], start=1):
            columns[name, group, ""] = by_group[:, g, k] / n[:, g]
    wide = pd.DataFrame(columns, index=pd.Index(list(weeks), name="week"))
    wide.columns.names = ["measure", "group", "target"]
    long = wide.T.stack().reset_index(name="value")  # type: ignore[call-overload]
    for name in ("measure", "group", "target"):
        long[name] = long[name].astype("category")
    return long.astype({"week": "int32"})[["week", "measure", "group", "target", "value"]].sort_values(
        ["week", "measure", "group", "target"], ignore_index=True)


def of_all_others(sums: tuple[NDArray[np.float64], NDArray[np.float64]],
                  groups: Sequence[str]) -> dict[str, float]:
    """One week's measures by group, towards all others: ``{"positive[White British]": 0.4, ...}``."""
    by_target, by_group = sums
    out: dict[str, float] = {}
    for g, group in enumerate(groups):
        n = max(by_group[g, 0], 1.0)
        means = by_target[g, -1] / n
        out[f"attitude[{group}]"] = float(means[0])
        out[f"attitude_sd[{group}]"] = float(np.sqrt(max(means[1] - means[0] ** 2, 0.0)))
        out.update({f"{name}[{group}]": float(means[k]) for k, name in enumerate(BY_TARGET) if k > 1})
        out[f"residents[{group}]"] = float(by_group[g, 0])
        out.update({f"{name}[{group}]": float(by_group[g, k] / n) for k, name in enumerate(BY_GROUP) if k > 0})
    return out
