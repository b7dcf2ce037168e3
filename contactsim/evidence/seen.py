"""What a finding reads off a world: everybody who is old enough to meet people, at three points of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contactsim.encounters.tables import ALL_OWN, DECLINED, NEGATIVE, NEUTRAL, POSITIVE
from contactsim.residents import BELIEVES, KNOWS_BETTER
from contactsim.world import World

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
#: Readings of a world: before the first week, at the design's middle, after the last week.
START, MIDDLE, END = "start", "middle", "end"
_COUNTED = {"positive": POSITIVE, "negative": NEGATIVE, "neutral": NEUTRAL, "declined": DECLINED}


@dataclass(frozen=True)
class Seen:
    """One world that was lived. All arrays have one entry a row of the place, (N,)."""

    seed: int
    people: dict[str, NDArray[Any]]
    """at the start: group, age, uid, active, own_share (in the neighbourhood), own_share_near (in the cell), learner,
    job, household, neighbourhood"""
    waves: dict[str, dict[str, Array]]
    """by reading: attitude (to all others, -1 to 1), anxiety, threat ..., ``here`` (the same person still lives there);
    at the end also ``first_...`` and ``second_...``: meetings a week before and after the middle"""
    targets: dict[str, Array]
    """by reading: attitude to each group, (N, G)"""
    actions: dict[str, dict[str, NDArray[Any]]] = field(default_factory=dict)
    """by action: masks ``participants``, ``interested``, ``staff`` and sessions ``attended``"""
    costs: dict[str, float] = field(default_factory=dict)
    """by action: pounds"""
    burn_in: dict[str, float] = field(default_factory=dict)
    """weeks of the burn-in, and whether it was flat at its end"""

    def at(self, column: str, wave: str) -> Array:
        """A column at a reading."""
        return self.waves[wave][column]

    def part(self, action: str, what: str) -> Mask:
        """(N,) who takes part; nobody where the world does not have the action."""
        masks = self.actions.get(action)
        return np.zeros(self.people["uid"].shape[0], bool) if masks is None else masks[what]


def live(world: World, weeks: int, middle: int, actions: Sequence[Any]) -> Seen:
    """Live ``weeks`` weeks of a world at week 0 and read it three times."""
    world.actions = list(actions)
    people = world.people
    start_uid = people.uid.copy()
    static: dict[str, NDArray[Any]] = {
        "group": people.group.copy(), "age": people.age.copy(), "uid": start_uid, "active": people.active.copy(),
        "own_share": _own_share(world, "neighbourhood"), "own_share_near": _own_share(world, "cell"),
        "learner": ~np.isnan(people.arrived), "job": world.settings["work"].seat >= 0,
        "household": people.household.copy(), "neighbourhood": _area(world, "neighbourhood")}
    counts = np.zeros((2, *world.week.tally.shape), np.int32)
    waves, targets = {START: read(world, start_uid)}, {START: people.attitude.copy()}
    for week in range(weeks):
        if week == middle:
            waves[MIDDLE], targets[MIDDLE] = read(world, start_uid), people.attitude.copy()
        world.step()
        counts[int(week >= middle)] += world.week.tally
    waves[END], targets[END] = read(world, start_uid), people.attitude.copy()
    waves.setdefault(MIDDLE, waves[END])
    targets.setdefault(MIDDLE, targets[END])
    for name, part, span in (("first", counts[0], middle), ("second", counts[1], weeks - middle)):
        for what, sums in _meetings(part, people.group).items():
            waves[END][f"{name}_{what}"] = sums / max(span, 1)
    masks = {action.name: _masks(action, len(people)) for action in actions if hasattr(action, "participants")}
    costs = {action.name: float(action.costs()["total"]) for action in actions if hasattr(action, "costs")}
    return Seen(world.seed, static, waves, targets, masks, costs)


def read(world: World, start_uid: NDArray[np.int64]) -> dict[str, Array]:
    """Everybody's columns as they stand."""
    people = world.people
    foreign = np.arange(people.groups) != people.group[:, None]
    friend = np.where(people.ties >= 0, people.group[people.ties], people.group[:, None])
    columns = {name: people.column(name).astype(float) for name in (
        "anxiety", "threat", "connectedness", "engagement", "stigma", "language", "standing", "civic")}
    return columns | {
        "attitude": (people.attitude * world.weights[people.group]).sum(axis=1),
        "recent_positive": (people.recent_positive * foreign).sum(axis=1),
        "recent_negative": (people.recent_negative * foreign).sum(axis=1),
        "past_positive": (people.positive * foreign).sum(axis=1),
        "past_negative": (people.negative * foreign).sum(axis=1),
        "friends": (friend != people.group[:, None]).sum(axis=1).astype(float),
        "ties": (people.ties >= 0).sum(axis=1).astype(float),
        "believes": (people.rumour == BELIEVES).astype(float),
        "knows_better": (people.rumour == KNOWS_BETTER).astype(float),
        "here": (people.active & (people.uid == start_uid)).astype(float)}


def _meetings(tally: NDArray[np.int32], group: NDArray[np.uint8]) -> dict[str, Array]:
    """Meetings of each row by what they were, with all other groups; ``own`` counts all with the own group."""
    rows = np.arange(group.shape[0])
    others = {what: (tally[:, :, k].sum(axis=1) - tally[rows, group, k]).astype(float) for what, k in _COUNTED.items()}
    return others | {"own": tally[rows, group, ALL_OWN].astype(float)}


def _masks(action: Any, n: int) -> dict[str, NDArray[Any]]:
    def mask(rows: NDArray[np.integer]) -> Mask:
        out = np.zeros(n, bool)
        out[rows] = True
        return out

    return {"participants": mask(action.participants), "interested": mask(action.interested),
            "staff": mask(action.staff), "attended": np.asarray(action.attended).copy()}


def _area(world: World, scale: str) -> NDArray[np.intp]:
    """(N,) each row's cell or neighbourhood."""
    street = world.settings["street"]
    return np.searchsorted(street.partitions[scale].start, np.maximum(street.seat, 0), side="right") - 1


def _own_share(world: World, scale: str) -> Array:
    """Share of the own group in each row's cell or neighbourhood at the start."""
    area, people = _area(world, scale), world.people
    counts = np.zeros((area.max() + 1, people.groups))
    np.add.at(counts, (area[people.active], people.group[people.active]), 1)
    return np.asarray((counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))[area, people.group])
