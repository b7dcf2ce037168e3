"""The data of one simulated world, and the selection of subgroups of its people.

A world is observed at three waves: before the first week, at the midpoint of its design, and after the last week.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contactsim.observers.panel import COUNTED, Panel
from contactsim.residents import SURVEY_AGE
from contactsim.world import World

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
#: Waves: before the first week, at the design's midpoint, after the last week.
START, MIDPOINT, END = "start", "midpoint", "end"
#: Columns of the observer's panel that have another name in designs.
_NAMES = {"cross_ties": "friends"}

#: Keys that select a subgroup; None selects adults of the majority.
Subgroup = Mapping[str, Any] | None
MAJORITY_ADULTS: dict[str, Any] = {"group": "majority"}
ADULT_AGES = (SURVEY_AGE, 200.0)
_KEYS = {"group", "ages", "part", "action", "world", "friend", "third", "half", "learner", "job"}


@dataclass(frozen=True)
class PanelData:
    """The data of one simulated world. All arrays have one entry per person's row in the place, (N,)."""

    seed: int
    people: dict[str, NDArray[Any]]
    """at the start: group, age, uid, active, own_share (of the own group in the neighbourhood, 0 to 1), own_share_near
    (in the output area), learner, job, household, neighbourhood"""
    waves: dict[str, dict[str, Array]]
    """by wave: attitude (towards all others, -1 to 1), anxiety, threat ..., ``here`` (1 if the same person still lives
    in the row); at the end also ``first_...`` and ``second_...``: meetings per week before and after the midpoint"""
    targets: dict[str, Array]
    """by wave: attitude towards each group, (N, G)"""
    actions: dict[str, dict[str, NDArray[Any]]] = field(default_factory=dict)
    """by action: masks ``participants``, ``interested``, ``staff``, and the number of sessions ``attended``"""
    costs: dict[str, float] = field(default_factory=dict)
    """by action: pounds"""
    burn_in: dict[str, float] = field(default_factory=dict)
    """``weeks`` of the burn-in, and whether it was ``stationary`` at its end (1 or 0)"""

    def at(self, column: str, wave: str) -> Array:
        """A column at a wave."""
        return self.waves[wave][column]

    def part(self, action: str, what: str) -> Mask:
        """(N,) people with a part in an action; nobody if the world does not have the action."""
        masks = self.actions.get(action)
        return np.zeros(self.people["uid"].shape[0], bool) if masks is None else masks[what]


# --- observing a world

def observe(world: World, weeks: int, midpoint: int, actions: Sequence[Any]) -> PanelData:
    """Simulate ``weeks`` weeks of a world that is at week 0, and record its three waves."""
    world.actions = list(actions)
    people, panel = world.people, Panel({min(midpoint, weeks), weeks}, count=True)
    static: dict[str, NDArray[Any]] = {
        "group": people.group.copy(), "age": people.age.copy(), "uid": people.uid.copy(),
        "active": people.active.copy(),
        "own_share": _own_share(world, "neighbourhood"), "own_share_near": _own_share(world, "output_area"),
        "learner": ~np.isnan(people.arrived), "job": world.settings["work"].seat >= 0,
        "household": people.household.copy(), "neighbourhood": _area(world, "neighbourhood")}
    world.observe(panel)
    for _ in range(weeks):
        world.step()
    read = {START: panel.waves[0], MIDPOINT: panel.waves[min(midpoint, weeks)], END: panel.waves[weeks]}
    waves = {name: {_NAMES.get(column, column): values for column, values in wave.items() if column != "attitudes"}
             for name, wave in read.items()}
    none = np.zeros((len(people), len(COUNTED)), np.int32)
    first = panel.meetings.get(min(midpoint, weeks), none)
    second = panel.meetings[weeks] if midpoint < weeks else none
    for name, counts, span in (("first", first, midpoint), ("second", second, weeks - midpoint)):
        for kind, sums in zip(COUNTED, counts.T, strict=True):
            waves[END][f"{name}_{kind}"] = sums / max(span, 1)
    masks = {action.name: _masks(action, len(people)) for action in actions if hasattr(action, "participants")}
    costs = {action.name: float(action.costs()["total"]) for action in actions if hasattr(action, "costs")}
    return PanelData(world.seed, static, waves, {name: wave["attitudes"] for name, wave in read.items()}, masks, costs)


def _masks(action: Any, n: int) -> dict[str, NDArray[Any]]:
    def mask(rows: NDArray[np.integer]) -> Mask:
        out = np.zeros(n, bool)
        out[rows] = True
        return out

    return {"participants": mask(action.participants), "interested": mask(action.interested),
            "staff": mask(action.staff), "attended": np.asarray(action.attended).copy()}


def _area(world: World, scale: str) -> NDArray[np.intp]:
    """(N,) index of each row's output area or neighbourhood."""
    street = world.settings["street"]
    return np.searchsorted(street.partitions[scale].start, np.maximum(street.seat, 0), side="right") - 1


def _own_share(world: World, scale: str) -> Array:
    """(N,) share of the own group in each row's output area or neighbourhood at the start, 0 to 1."""
    area, people = _area(world, scale), world.people
    counts = np.zeros((area.max() + 1, people.groups))
    np.add.at(counts, (area[people.active], people.group[people.active]), 1)
    return np.asarray((counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))[area, people.group])


# --- selecting subgroups

def select(subgroup: Subgroup, data: PanelData, selecting: Mapping[str, PanelData]) -> Mask:
    """(N,) rows of a world that belong to a subgroup.

    Args:
        subgroup: ``group`` (majority, minority, all), ``ages`` [from, below], ``part`` (participants, interested,
            staff, parents, others) in an ``action`` of a ``world``, ``friend`` (1 with, 0 without a friend in another
            group at the start), ``learner`` (arrived within ten years), ``job``, and ``third`` or ``half``
            {by: column, tail: low or high} of the people who meet all other conditions. Without ``ages`` and ``part``,
            adults are selected.
        data: the world whose rows are selected.
        selecting: the worlds, by name, from which parts in actions and ranks are taken.

    Raises ValueError for an unknown key.
    """
    subgroup = MAJORITY_ADULTS if subgroup is None else subgroup
    unknown = set(subgroup) - _KEYS
    if unknown:
        raise ValueError(f"subgroup: there is no key '{sorted(unknown)[0]}'")
    people = data.people
    low, high = subgroup.get("ages", (0, 200) if "part" in subgroup else ADULT_AGES)
    rows = people["active"] & (people["age"] >= low) & (people["age"] < high)
    if subgroup.get("group", "all") != "all":
        rows = rows & ((people["group"] == 0) == (subgroup["group"] == "majority"))
    for key in ("learner", "job"):
        if key in subgroup:
            rows = rows & (people[key] == subgroup[key])
    if "friend" in subgroup:
        rows = rows & ((data.at("friends", START) > 0) == bool(subgroup["friend"]))
    if "part" in subgroup:
        rows = rows & _part(selecting[subgroup["world"]], subgroup["action"], subgroup["part"])
    for key, share in (("third", 1 / 3), ("half", 1 / 2)):
        if key in subgroup:
            by = selecting[subgroup["world"]] if "world" in subgroup else data
            rows = _tail(rows, trait(by, subgroup[key]["by"]), subgroup[key]["tail"], share)
    return rows


def trait(data: PanelData, name: str) -> Array:
    """(N,) a column at the start, by which people are ranked."""
    if name in ("own_share", "own_share_near"):
        return data.people[name]
    if name in ("recent_contact", "past_contact"):
        kind = name.removesuffix("_contact")
        return data.at(f"{kind}_positive", START) + data.at(f"{kind}_negative", START)
    return data.at(name, START)


def _part(data: PanelData, action: str, part: str) -> Mask:
    participants = data.part(action, "participants")
    if part == "others":
        return ~participants & ~data.part(action, "staff")
    if part == "parents":
        homes = np.unique(data.people["household"][participants])
        return np.isin(data.people["household"], homes) & (data.people["age"] >= 18)
    return data.part(action, part)


def _tail(rows: Mask, by: Array, tail: str, share: float) -> Mask:
    """The share of ``rows`` with the lowest or highest values; the row number breaks ties."""
    index = np.flatnonzero(rows)
    order = index[np.argsort(by[index] if tail == "low" else -by[index], kind="stable")]
    out = np.zeros(rows.shape[0], bool)
    out[order[: round(share * order.shape[0])]] = True
    return out
