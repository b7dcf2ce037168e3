"""What the Mesa model's data collector reports: the measures that contactsim records each week."""

from __future__ import annotations

from typing import Any

from benchmarks.idiomatic_person import Person
from contactsim.residents import SURVEY_AGE

#: Means by group and target, and by group.
OF_TARGET = ("attitude", "attitude_sd", "positive", "negative", "neutral", "declined")
OF_GROUP = ("residents", "anxiety", "threat", "belonging", "own_meetings", "ties", "cross_ties", "cross_friend",
            "engagement", "stigma", "civic")


def summary(town: Any) -> dict[str, float]:
    """Means over residents of survey age, in one pass, by the name of the measure and the numbers of groups."""
    G = town.groups
    by_target = [[[0.0] * len(OF_TARGET) for _ in range(G + 1)] for _ in range(G)]
    by_group = [[0.0] * len(OF_GROUP) for _ in range(G)]
    for one in town.agents:
        if one.age >= SURVEY_AGE:
            add(one, town.weights[one.group], by_target[one.group], by_group[one.group])
    found: dict[str, float] = {}
    for g in range(G):
        n = max(1.0, by_group[g][0])
        found |= {f"{name} {g}": value / n for name, value in zip(OF_GROUP, by_group[g], strict=True)}
        found[f"residents {g}"] = n
        for h, sums in enumerate(by_target[g]):
            if h != g:
                means = [value / n for value in sums]
                means[1] = max(0.0, means[1] - means[0] ** 2) ** 0.5
                found |= {target(name, g, h, G): value for name, value in zip(OF_TARGET, means, strict=True)}
    return found


def add(one: Person, weights: list[float], by_target: list[list[float]], by_group: list[float]) -> None:
    """Add a person to the sums of their group; the last target stands for all others together."""
    to_all, overall = by_target[-1], 0.0
    for h in one.others:
        attitude, sums = one.attitude[h], by_target[h]
        overall += weights[h] * attitude
        sums[0] += attitude
        sums[1] += attitude * attitude
        for k, n in enumerate(one.met[h], start=2):
            sums[k] += n
            to_all[k] += n
    to_all[0] += overall
    to_all[1] += overall * overall
    cross = sum(friend.group != one.group for friend in one.friends)
    for k, value in enumerate((1, one.anxiety, one.threat, one.belonging, one.own_meetings, len(one.friends), cross,
                               cross > 0, one.engagement, one.stigma, one.civic)):
        by_group[k] += value


def target(name: str, group: int, other: int, groups: int) -> str:
    """The name of a measure of a group towards another, or towards all others together."""
    return f"{name} {group}" if other == groups else f"{name} {group} {other}"
