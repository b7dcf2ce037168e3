"""Twin worlds: one place, seed and burn-in, lived once without and once (or in several ways) with something.

The burn-in is lived once; each *side* then starts from a copy of it and all sides live week by week in one
process. All draws are keyed, so the sides differ in what the difference reaches and in nothing else. What is
estimated are averages: the difference of a single person is illustrative, for small causes turn single meetings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from contactsim.actions import listing
from contactsim.errors import UserError
from contactsim.observers.footprint import Snapshots, differing, reachable, seats_differ
from contactsim.observers.panel import OUTCOMES, Panel, Residents, residents
from contactsim.parameters import ModelParameters
from contactsim.place import Place
from contactsim.state import Action
from contactsim.storage.burn_in_cache import cached_world
from contactsim.world import BurnIn, World, world_after_burn_in

Rows = NDArray[np.bool_]
#: Called with (stage, done, total).
Progress = Callable[[str, int, int], None]
#: Weeks whose reachable set is worked out where no others are asked for (it costs several times the week).
MARKED = (0, 1, 3, 7, 12, 25, 51)
#: Difference in attitude from which somebody counts as moved.
NOTICEABLE = 0.01
#: What actions list people as.
LISTS = ("participants", "staff", "interested")
#: Name of the side that the others are held against.
WITHOUT = "without"


@dataclass(frozen=True)
class Side:
    """One way to live from week 0 on."""

    parameters: ModelParameters
    actions: Callable[[], Sequence[Action]] = tuple
    """makes the side's actions anew: they keep notes of their own"""


@dataclass(frozen=True)
class Reading:
    """Everybody's outcomes at one time."""

    values: dict[str, NDArray[np.float32]]
    """(n,) by outcome"""
    here: Rows
    """(n,) whether the same person still lives there"""


@dataclass
class Lived:
    """One side that has been lived."""

    actions: list[Any]
    readings: dict[int, Reading] = field(default_factory=dict)
    """by week: how everybody stands when that many weeks have been lived"""
    listed: dict[int, dict[str, NDArray[np.intp]]] = field(default_factory=dict)
    """by week and one of :data:`LISTS`: rows that any action had listed by then, ascending"""
    attended: dict[int, NDArray[np.int32]] = field(default_factory=dict)
    """by week: (n,) sessions of any action that each resident had come to"""

    def look(self, panel: Panel, of: Residents, week: int) -> None:
        """Take the panel's reading, and whom actions have listed, when ``week`` weeks have been lived."""
        values = panel.waves[week]
        self.readings[week] = Reading({name: values[name] for name in OUTCOMES}, values["here"].astype(bool))
        self.listed[week] = {what: self._rows(what) for what in LISTS}
        came = [one.attended[of.row] for one in listing(self.actions)
                if one.participants.size and hasattr(one, "attended")]
        self.attended[week] = np.sum([np.zeros(len(of), np.int32), *came], axis=0, dtype=np.int32)

    def _rows(self, what: str) -> NDArray[np.intp]:
        listed = [np.asarray(getattr(action, what, ()), np.intp) for action in listing(self.actions)]
        return np.unique(np.concatenate(listed)) if listed else np.empty(0, np.intp)

    @property
    def cost(self) -> float:
        """All actions' costs together, in the currency of their configuration; nan where none tells any."""
        told = [action.costs()["total"] for action in self.actions if hasattr(action, "costs")]
        return float(sum(told)) if told else float("nan")


@dataclass(frozen=True)
class Twins:
    """All sides of one seed. Rows of readings and masks are those of ``residents``."""

    place: Place
    seed: int
    burn_in: BurnIn
    residents: Residents
    """everybody old enough to meet people at week 0, as they were then"""
    sides: dict[str, Lived]
    reach: pd.DataFrame
    """side, week, differing (share of living residents in any bit), moved (share whose attitude to some group
    differs by more than :data:`NOTICEABLE`), reachable (share; nan where not worked out), stray (number of those
    who differ at the week's end outside the reachable set: 0)"""

    def mask(self, side: str, what: str, week: int | None = None) -> Rows:
        """(n,) whether the side's actions had listed each resident as ``what``, one of :data:`LISTS`, by a week
        that was read (None: the last)."""
        listed = self.sides[side].listed
        mask: Rows = np.isin(self.residents.row, listed[max(listed) if week is None else week][what])
        return mask

    def acquainted(self, who: Rows) -> Rows:
        """(n,) residents who are not in ``who`` but share a household or, at week 0, a tie with one who is."""
        return self.residents.acquainted(who) & ~who

    def difference(self, side: str, outcome: str, week: int, base: str = WITHOUT) -> NDArray[np.float64]:
        """(n,) the side's value less the base's, in the outcome's unit; nan for whoever lives in neither or one."""
        a, b = (self.sides[name].readings[week] for name in (side, base))
        values = a.values[outcome].astype(float) - b.values[outcome].astype(float)
        return np.where(a.here & b.here, values, np.nan)

    def spread(self, outcome: str, week: int, base: str = WITHOUT) -> NDArray[np.float64]:
        """(n,) standard deviation of the outcome in the base within each resident's own group."""
        reading, group = self.sides[base].readings[week], self.residents.group
        sd = np.full(group.shape[0], np.nan)
        for g in np.unique(group):
            values = reading.values[outcome][(group == g) & reading.here].astype(float)
            sd[group == g] = values.std() if values.size > 1 else np.nan
        return sd


def live(place: Place, seed: int, sides: Mapping[str, Side], weeks: int, read_at: Iterable[int],
         mark: Iterable[int] = (), cache_burn_in: bool = False, progress: Progress | None = None) -> Twins:
    """Live all sides for ``weeks`` weeks from one burn-in, and read them after each number of weeks in ``read_at``.

    The first side is the one that the others are held against; its parameters also make the burn-in. ``mark`` are
    the weeks whose reachable sets are worked out. Week 0 is read always.

    Raises:
        UserError: for sides that do not share people, places and seats at week 0.
    """
    names = list(sides)
    _check_sides(sides)
    begin = cached_world if cache_burn_in else _fresh
    first, burn_in, _ = begin(place, sides[names[0]].parameters, seed, 1,
                              None if progress is None else partial(progress, "burn_in"))
    start = {name: array.copy() for name, array in first.arrays().items()}
    worlds = {names[0]: first} | {name: _copy(place, sides[name].parameters, seed, start) for name in names[1:]}
    made = {name: list(sides[name].actions()) for name in names}
    known = residents(first)
    reading_weeks, marked = {0, *read_at}, set(mark)
    _check_weeks(reading_weeks, weeks)
    lived = {name: Lived(made[name]) for name in names}
    panels = {name: Panel(reading_weeks, OUTCOMES, known.row, dtype=np.float32) for name in names}
    snapshots = {name: Snapshots(marked) for name in names}
    for name, world in worlds.items():
        world.actions = made[name]
        world.observe(panels[name], snapshots[name])
    _look(lived, panels, known, 0)
    reach: list[dict[str, Any]] = []
    for week in range(weeks):
        for world in worlds.values():
            world.step()
        reach += [_mark(worlds, snapshots, names[0], name, week) for name in names[1:]]
        if week + 1 in reading_weeks:
            _look(lived, panels, known, week + 1)
        if progress is not None:
            progress(f"seed {seed}", week + 1, weeks)
    columns = ["side", "week", "differing", "moved", "reachable", "stray"]
    return Twins(place, seed, burn_in, known, lived, pd.DataFrame(reach, columns=columns))


def _look(lived: dict[str, Lived], panels: dict[str, Panel], known: Residents, week: int) -> None:
    for name, one in lived.items():
        one.look(panels[name], known, week)


def _fresh(place: Place, parameters: ModelParameters, seed: int, threads: int,
           progress: Callable[[int, int], None] | None) -> tuple[World, BurnIn, bool]:
    return *world_after_burn_in(place, parameters, seed, threads, progress), False


def _copy(place: Place, parameters: ModelParameters, seed: int, start: dict[str, NDArray[Any]]) -> World:
    world = World(place, parameters, seed, 1)
    try:
        world.restore(start)
    except ValueError:
        raise UserError("These two worlds do not share their seats at week 0: what differs must leave the place, its "
                        "residents and the sizes of its settings as they are.") from None
    return world


def _mark(worlds: dict[str, World], snapshots: dict[str, Snapshots], base: str, name: str,
          week: int) -> dict[str, Any]:
    """What the week did to one side against the base; the reachable set in the weeks of which there are snapshots."""
    a, b = worlds[base], worlds[name]
    living = a.people.active | b.people.active
    differ = differing(a, b)
    moved: Rows = np.any(np.abs(b.people.attitude - a.people.attitude) > NOTICEABLE, axis=1)
    found = {"side": name, "week": week, "differing": float(differ[living].mean()),
             "moved": float(moved[living].mean())}
    one, other = snapshots[base].latest, snapshots[name].latest
    if one is None or other is None or one.week != week:
        return {**found, "reachable": float("nan"), "stray": 0}
    reached: Rows = reachable(one, other) if _same_rules(a, b) else living
    if seats_differ(one, other).any():  # they compete for seats with others at the week's end
        for setting in a.settings:
            reached = reached | (a.settings[setting].seat != b.settings[setting].seat)
    return {**found, "reachable": float(reached[living].mean()), "stray": int((differ & ~reached).sum())}


def _same_rules(a: World, b: World) -> bool:
    """Whether the two live by the same numbers; where not, a week can reach everybody."""
    one, other = (world.parameters.model_dump(exclude={"scenario": {"shocks"}}) for world in (a, b))
    return one == other


def _check_sides(sides: Mapping[str, Side]) -> None:
    if len(sides) < 2:
        raise UserError("Twin worlds need two sides at least, and something that differs between them.")
    first = next(iter(sides.values())).parameters
    for side in sides.values():
        if side.parameters.scenario.burn_in != first.scenario.burn_in:
            raise UserError("Twin worlds share their burn-in: scenario.burn_in cannot differ between them.")


def _check_weeks(read_at: set[int], weeks: int) -> None:
    if min(read_at) < 0 or max(read_at) > weeks:
        raise UserError(f"Readings at {sorted(read_at)} weeks are outside the {weeks} weeks that are lived.")
