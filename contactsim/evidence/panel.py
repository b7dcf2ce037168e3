"""The data of one simulated world, and the selection of subgroups of its people.

A world is observed before the first week, at the midpoint of its design, after its last week, and after each week that
its design reads. At each wave true states are read, and all shipped instruments are put to everybody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contactsim.instruments.base import Instrument
from contactsim.instruments.catalogue import ask
from contactsim.observers.base import Observer
from contactsim.observers.panel import COUNTED, Panel
from contactsim.residents import SURVEY_AGE
from contactsim.state import State
from contactsim.world import World

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
#: Waves: before the first week, at the design's midpoint, after the last week.
START, MIDPOINT, END = "start", "midpoint", "end"
#: Begins the name of a wave after a week that is read: ``week 4``.
WEEK = "week"
#: Begins the name of a column of answers: ``answer_contact_frequency``.
ANSWER = "answer_"
#: Columns of the observer's panel that have another name in designs.
_NAMES = {"cross_ties": "friends"}

#: Keys that select a subgroup; None selects adults of the majority.
Subgroup = Mapping[str, Any] | None
MAJORITY_ADULTS: dict[str, Any] = {"group": "majority"}
ADULT_AGES = (SURVEY_AGE, 200.0)
_KEYS = {"group", "ages", "part", "action", "world", "friend", "third", "half", "learner", "job", "region",
         "having"}


@dataclass(frozen=True)
class PanelData:
    """The data of one simulated world. All arrays have one entry per person's row in the place, (N,)."""

    seed: int
    people: dict[str, NDArray[Any]]
    """at the start: group, age, uid, active, own_share (of the own group in the neighbourhood, 0 to 1), own_share_near
    (in the output area), learner, job, household, neighbourhood, district (indices of areas), and region (its name) if
    the place has regions"""
    waves: dict[str, dict[str, NDArray[Any]]]
    """by wave (start, midpoint, end, ``week 4`` ...): attitude (towards all others, -1 to 1), anxiety, threat ...,
    ``here`` (1 if the same person still lives in the row), ``answer_ITEM`` (of each instrument, nan for those to whom
    it is not put); at the end also ``first_...`` and ``second_...``: meetings per week before and after the midpoint"""
    targets: dict[str, Array]
    """by wave: attitude towards each group, (N, G)"""
    actions: dict[str, dict[str, NDArray[Any]]] = field(default_factory=dict)
    """by action: masks ``participants``, ``interested``, ``staff``, and the number of sessions ``attended``"""
    costs: dict[str, float] = field(default_factory=dict)
    """by action: pounds"""
    burn_in: dict[str, float] = field(default_factory=dict)
    """``weeks`` of the burn-in, and whether it was ``stationary`` at its end (1 or 0)"""

    @property
    def nbytes(self) -> int:
        """Memory that the arrays take."""
        tables = [self.people, self.targets, *self.waves.values(), *self.actions.values()]
        return sum(values.nbytes for table in tables for values in table.values())

    def at(self, column: str, wave: str) -> Array:
        """A column at a wave."""
        return self.waves[wave][column].astype(float, copy=False)

    def part(self, action: str, what: str) -> Mask:
        """(N,) people with a part in an action; nobody if the world does not have the action."""
        masks = self.actions.get(action)
        return np.zeros(self.people["uid"].shape[0], bool) if masks is None else masks[what]


# --- observing a world

class Answers(Observer):
    """The answers of all residents to instruments after given numbers of weeks.

    Worlds with the same seed share the noise of reporting, which is keyed by item, person and number of weeks: where
    two worlds are alike, so are the answers.
    """

    def __init__(self, weeks: set[int], items: Mapping[str, Instrument]) -> None:
        self.weeks, self.items = weeks, items
        self.waves: dict[int, dict[str, NDArray[np.float32]]] = {}

    def begin(self, world: State) -> None:
        """Ask before the first week."""
        self._start = world.clock
        self._ask(world, 0)

    def look(self, world: State) -> None:
        """Ask if a wave is due."""
        week = world.clock - self._start
        if week in self.weeks:
            self._ask(world, week)

    def _ask(self, world: State, week: int) -> None:
        answers = ask(world, np.arange(len(world.people)), self.items, week)
        self.waves[week] = {f"{ANSWER}{name}": values.astype(np.float32) for name, values in answers.items()}


def observe(world: World, weeks: int, midpoint: int, actions: Sequence[Any], read: Sequence[int] = (),
            items: Mapping[str, Instrument] | None = None) -> PanelData:
    """Simulate ``weeks`` weeks of a world that is at week 0, and record its waves; ``read`` adds waves after weeks."""
    world.actions = list(actions)
    middle = min(midpoint, weeks)
    due = {middle, weeks, *read}
    people, panel, answers = world.people, Panel(due, count=True), Answers(due, items or {})
    static = _people(world)
    world.observe(panel)
    world.observe(answers)
    for _ in range(weeks):
        world.step()
    week_of = {START: 0, MIDPOINT: middle, END: weeks, **{f"{WEEK} {week}": week for week in read}}
    waves = {name: {**{_NAMES.get(column, column): values for column, values in panel.waves[week].items()
                       if column != "attitudes"}, **answers.waves[week]} for name, week in week_of.items()}
    for name, span, begin in (("first", middle, 0), ("second", weeks - middle, middle)):
        total = np.zeros((len(people), len(COUNTED)))
        for week, counts in panel.meetings.items():
            total += counts if begin < week <= begin + span else 0
        for kind, sums in zip(COUNTED, total.T, strict=True):
            waves[END][f"{name}_{kind}"] = sums / max(span, 1)
    masks = {action.name: _masks(action, len(people)) for action in actions if hasattr(action, "participants")}
    costs = {action.name: float(action.costs()["total"]) for action in actions if hasattr(action, "costs")}
    targets = {name: panel.waves[week]["attitudes"] for name, week in week_of.items()}
    return PanelData(world.seed, static, waves, targets, masks, costs)


def _people(world: World) -> dict[str, NDArray[Any]]:
    people, place = world.people, world.place
    found: dict[str, NDArray[Any]] = {
        "group": people.group.copy(), "age": people.age.copy(), "uid": people.uid.copy(),
        "active": people.active.copy(),
        "own_share": _own_share(world, "neighbourhood"), "own_share_near": _own_share(world, "output_area"),
        "learner": ~np.isnan(people.arrived), "job": world.settings["work"].seat >= 0,
        "household": people.household.copy(), "neighbourhood": _area(world, "neighbourhood")}
    levels = {role: place.of_role(role) for role in ("district", "region")}
    found["district"] = levels["district"].area_of_output_area[people.output_area]
    if levels["region"] in place.levels:
        found["region"] = np.array(levels["region"].codes)[levels["region"].area_of_output_area[people.output_area]]
    return found


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
            group at the start), ``learner`` (arrived within ten years), ``job``, ``region`` [names], ``having``
            {column or column@wave: [from, to]} (both included, null for no limit; at the start without a wave), and
            ``third`` or ``half`` {by: column, tail: low or high} of the people who meet all other conditions. Without
            ``ages`` and ``part``, adults are selected. ``having``, too, is read in ``world`` if it is given.
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
    if "region" in subgroup:
        rows = rows & np.isin(people["region"], subgroup["region"])
    for where, limits in subgroup.get("having", {}).items():
        rows = rows & _within(selecting[subgroup["world"]] if "world" in subgroup else data, where, limits)
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


def _within(data: PanelData, where: str, limits: Sequence[float | None]) -> Mask:
    """(N,) whether a column lies between limits; nobody without an answer."""
    column, _, wave = where.partition("@")
    values, (low, high) = data.at(column, wave or START), limits
    return (values >= (-np.inf if low is None else low)) & (values <= (np.inf if high is None else high))


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
