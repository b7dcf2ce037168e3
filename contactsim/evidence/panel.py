"""What a finding reads off a world: everybody who is old enough to meet people, at three points of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contactsim.observers.panel import Panel, counts_with_others
from contactsim.world import World

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
#: Readings of a world: before the first week, at the design's middle, after the last week.
START, MIDDLE, END = "start", "middle", "end"
#: Columns of the panel that estimands know by another name.
_NAMES = {"cross_ties": "friends"}


@dataclass(frozen=True)
class Seen:
    """One world that was lived. All arrays have one entry a row of the place, (N,)."""

    seed: int
    people: dict[str, NDArray[Any]]
    """at the start: group, age, uid, active, own_share (in the neighbourhood), own_share_near (in the output area), learner,
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
    people, panel = world.people, Panel({min(middle, weeks), weeks}, count=True)
    static: dict[str, NDArray[Any]] = {
        "group": people.group.copy(), "age": people.age.copy(), "uid": people.uid.copy(),
        "active": people.active.copy(),
        "own_share": _own_share(world, "neighbourhood"), "own_share_near": _own_share(world, "output_area"),
        "learner": ~np.isnan(people.arrived), "job": world.settings["work"].seat >= 0,
        "household": people.household.copy(), "neighbourhood": _area(world, "neighbourhood")}
    world.observe(panel)
    for _ in range(weeks):
        world.step()
    read = {START: panel.waves[0], MIDDLE: panel.waves[min(middle, weeks)], END: panel.waves[weeks]}
    waves = {name: {_NAMES.get(column, column): values for column, values in wave.items() if column != "attitudes"}
             for name, wave in read.items()}
    nothing = np.zeros_like(world.week.counts, np.int32)
    first = panel.meetings.get(min(middle, weeks), nothing)
    second = panel.meetings[weeks] if middle < weeks else nothing
    for name, counts, span in (("first", first, middle), ("second", second, weeks - middle)):
        for what, sums in counts_with_others(counts, people.group).items():
            waves[END][f"{name}_{what}"] = sums / max(span, 1)
    masks = {action.name: _masks(action, len(people)) for action in actions if hasattr(action, "participants")}
    costs = {action.name: float(action.costs()["total"]) for action in actions if hasattr(action, "costs")}
    return Seen(world.seed, static, waves, {name: wave["attitudes"] for name, wave in read.items()}, masks, costs)


def _masks(action: Any, n: int) -> dict[str, NDArray[Any]]:
    def mask(rows: NDArray[np.integer]) -> Mask:
        out = np.zeros(n, bool)
        out[rows] = True
        return out

    return {"participants": mask(action.participants), "interested": mask(action.interested),
            "staff": mask(action.staff), "attended": np.asarray(action.attended).copy()}


def _area(world: World, scale: str) -> NDArray[np.intp]:
    """(N,) each row's output area or neighbourhood."""
    street = world.settings["street"]
    return np.searchsorted(street.partitions[scale].start, np.maximum(street.seat, 0), side="right") - 1


def _own_share(world: World, scale: str) -> Array:
    """Share of the own group in each row's output area or neighbourhood at the start."""
    area, people = _area(world, scale), world.people
    counts = np.zeros((area.max() + 1, people.groups))
    np.add.at(counts, (area[people.active], people.group[people.active]), 1)
    return np.asarray((counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))[area, people.group])
