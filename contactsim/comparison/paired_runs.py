"""Paired runs: one place, seed and burn-in, simulated under common random numbers once for each arm of a comparison.

The burn-in is simulated once. Each *arm* starts from a copy of it, and all arms advance week by week in one process.
Every random draw is keyed by what it decides and not by its turn, so that arms differ only in what the difference
between them has reached. Averages over people are estimates; the difference of one person is illustrative only, because
a small cause can change a single encounter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from contactsim.actions import listing
from contactsim.errors import UserError
from contactsim.instruments.base import Instruments
from contactsim.observers.close_hours import CloseHours
from contactsim.observers.footprint import Snapshots, differing, reachable, seats_differ
from contactsim.observers.panel import OUTCOMES, Panel, Residents, residents
from contactsim.observers.survey import Interview
from contactsim.parameters import ModelParameters
from contactsim.place import Place
from contactsim.residents import WEEKS_A_YEAR
from contactsim.state import Action
from contactsim.storage.burn_in_cache import cached_world
from contactsim.world import BurnIn, World, world_after_burn_in

Rows = NDArray[np.bool_]
#: Weeks whose reachable set is computed by default (it takes several times as long as simulating the week).
FOOTPRINT_WEEKS = (0, 1, 3, 7, 12, 25, 51)
#: Difference in attitude from which a person counts as moved.
NOTICEABLE = 0.01
#: The lists of people that actions keep.
LISTS = ("participants", "staff", "interested")
#: Names of the arms of a comparison; the control arm is the reference.
CONTROL, TREATMENT, MESSAGE_OFF = "control", "treatment", "message off"


@dataclass(frozen=True)
class Arm:
    """What one arm of a comparison simulates from week 0 on."""

    parameters: ModelParameters
    actions: Callable[[], Sequence[Action]] = tuple
    """makes new actions for each simulation, since actions have state"""


@dataclass(frozen=True)
class Reading:
    """Everybody's outcomes at one time."""

    values: dict[str, NDArray[np.float32]]
    """(n,) by outcome"""
    here: Rows
    """(n,) whether the same person still lives there"""
    answers: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    """(n,) by survey item: answers, and under ``<item>_true`` the states that they measure; nan for those to whom the
    item is not put and for those who left"""


@dataclass
class ArmResult:
    """One simulated arm."""

    actions: list[Any]
    readings: dict[int, Reading] = field(default_factory=dict)
    """by number of weeks since the burn-in: everybody's outcomes"""
    listed: dict[int, dict[str, NDArray[np.intp]]] = field(default_factory=dict)
    """by week and one of :data:`LISTS`: rows that any action had listed by then, ascending"""
    attended: dict[int, NDArray[np.int32]] = field(default_factory=dict)
    """by week: (n,) sessions of any action that each resident had attended"""
    close_hours: dict[int, NDArray[np.float64]] = field(default_factory=dict)
    """by week: (n,) close hours with other groups since week 0"""

    def record(self, panel: Panel, dose: CloseHours, interview: Interview, of: Residents, week: int) -> None:
        """Store the readings of the panel, the dose and the interview, and the actions' lists, after ``week`` weeks."""
        self.close_hours[week] = dose.result()
        values, wave = panel.waves[week], interview.waves[-1].drop(columns="week").set_index("resident")
        self.readings[week] = Reading(
            {name: values[name] for name in OUTCOMES}, values["here"].astype(bool),
            {name: column.to_numpy() for name, column in wave.reindex(of.uid).items()})  # type: ignore[misc]
        self.listed[week] = {what: self._rows(what) for what in LISTS}
        came = [one.attended[of.row] for one in listing(self.actions)
                if one.participants.size and hasattr(one, "attended")]
        self.attended[week] = np.sum([np.zeros(len(of), np.int32), *came], axis=0, dtype=np.int32)

    def _rows(self, what: str) -> NDArray[np.intp]:
        listed = [np.asarray(getattr(action, what, ()), np.intp) for action in listing(self.actions)]
        return np.unique(np.concatenate(listed)) if listed else np.empty(0, np.intp)

    @property
    def cost(self) -> float:
        """Total cost of all actions in pounds; nan if no action reports one."""
        costs = [action.costs()["total"] for action in self.actions if hasattr(action, "costs")]
        return float(sum(costs)) if costs else float("nan")


@dataclass(frozen=True)
class PairedRuns:
    """All arms of one seed. Rows of readings and masks are those of ``residents``."""

    place: Place
    seed: int
    burn_in: BurnIn
    residents: Residents
    """everybody aged 5 and over at week 0, as they were then"""
    arms: dict[str, ArmResult]
    footprint: pd.DataFrame
    """arm, week, differing (share of living residents in whom any bit differs from the control arm), moved (share whose
    attitude to some group differs by more than :data:`NOTICEABLE`), reachable (share that the week's rules could reach;
    nan if not computed), stray (number of residents who differ at the end of the week outside that set: 0)"""

    def mask(self, arm: str, what: str, week: int | None = None) -> Rows:
        """(n,) whether the arm's actions had listed each resident as ``what``, one of :data:`LISTS`, by a readout week
        (None: the last)."""
        listed = self.arms[arm].listed
        mask: Rows = np.isin(self.residents.row, listed[max(listed) if week is None else week][what])
        return mask

    def connected(self, people: Rows) -> Rows:
        """(n,) residents outside ``people`` who share a household or, at week 0, a tie with one of them."""
        return self.residents.acquainted(people) & ~people

    def difference(self, arm: str, outcome: str, week: int, base: str = CONTROL) -> NDArray[np.float64]:
        """(n,) the arm's value minus the base's, in the outcome's unit; nan for people who left in either arm."""
        a, b = (self.arms[name].readings[week] for name in (arm, base))
        values = a.values[outcome].astype(float) - b.values[outcome].astype(float)
        return np.where(a.here & b.here, values, np.nan)

    def dose(self, arm: str, week: int, base: str = CONTROL) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(n,) close hours with other groups that the arm has added by a readout week after week 0, and those of an
        ordinary year: of the base arm until then, per year. Both are nan for people who left in either arm.
        """
        a, b = self.arms[arm], self.arms[base]
        here = a.readings[week].here & b.readings[week].here
        ordinary = np.where(here, b.close_hours[week], np.nan)
        return a.close_hours[week] - ordinary, ordinary * WEEKS_A_YEAR / week

    def spread(self, outcome: str, week: int, base: str = CONTROL) -> NDArray[np.float64]:
        """(n,) standard deviation of the outcome in the base arm within each resident's own group."""
        reading, group = self.arms[base].readings[week], self.residents.group
        sd = np.full(group.shape[0], np.nan)
        for g in np.unique(group):
            values = reading.values[outcome][(group == g) & reading.here].astype(float)
            sd[group == g] = values.std() if values.size > 1 else np.nan
        return sd


def simulate_pair(place: Place, seed: int, arms: Mapping[str, Arm], weeks: int, readout_weeks: Iterable[int],
                  footprint_weeks: Iterable[int] = (), cache_burn_in: bool = False,
                  instruments: Instruments | None = None) -> PairedRuns:
    """Simulate all arms for ``weeks`` weeks from one burn-in, and read outcomes at week 0 and at ``readout_weeks``.

    Args:
        place: where.
        seed: fixes all random draws.
        arms: by name. The first is the reference; its parameters also make the burn-in. A single arm is an ordinary
            run.
        weeks: from the end of the burn-in.
        readout_weeks: numbers of weeks since the burn-in, from 0 to ``weeks``.
        footprint_weeks: weeks, counted from 0, whose reachable sets are computed.
        cache_burn_in: keep the burn-in in the user's cache, or take it from there.
        instruments: survey items that everybody is asked in each reading.

    Raises:
        UserError: if the arms do not share residents, places and seats at week 0, or a readout week is out of range.
    """
    names = list(arms)
    check_arms(arms)
    begin = cached_world if cache_burn_in else _without_cache
    first, burn_in, _ = begin(place, arms[names[0]].parameters, seed, 1, None)
    start = {name: array.copy() for name, array in first.arrays().items()}
    worlds = {names[0]: first} | {name: _copy(place, arms[name].parameters, seed, start) for name in names[1:]}
    made = {name: list(arms[name].actions()) for name in names}
    cohort = residents(first)
    readouts, marked = {0, *readout_weeks}, set(footprint_weeks)
    _check_weeks(readouts, weeks)
    results = {name: ArmResult(made[name]) for name in names}
    panels = {name: Panel(readouts, OUTCOMES, cohort.row, dtype=np.float32) for name in names}
    doses = {name: CloseHours(cohort.row) for name in names}
    interviews = {name: Interview(instruments or {}, cohort.row, readouts, true=True) for name in names}
    snapshots = {name: Snapshots(marked) for name in names}
    for name, world in worlds.items():
        world.actions = made[name]
        world.observe(panels[name], doses[name], interviews[name], snapshots[name])

    def record(week: int) -> None:
        for name, one in results.items():
            one.record(panels[name], doses[name], interviews[name], cohort, week)

    record(0)
    footprint: list[dict[str, Any]] = []
    for week in range(weeks):
        for world in worlds.values():
            world.step()
        footprint += [_footprint(worlds, snapshots, names[0], name, week) for name in names[1:]]
        if week + 1 in readouts:
            record(week + 1)
    columns = ["arm", "week", "differing", "moved", "reachable", "stray"]
    return PairedRuns(place, seed, burn_in, cohort, results, pd.DataFrame(footprint, columns=columns))


def check_arms(arms: Mapping[str, Arm]) -> None:
    """Raise UserError for arms that cannot share a burn-in."""
    first = next(iter(arms.values())).parameters
    for arm in arms.values():
        if arm.parameters.scenario.burn_in != first.scenario.burn_in:
            raise UserError("Paired runs share their burn-in: scenario.burn_in cannot differ between the arms.")


def _without_cache(place: Place, parameters: ModelParameters, seed: int, threads: int,
                   progress: None) -> tuple[World, BurnIn, bool]:
    return *world_after_burn_in(place, parameters, seed, threads, progress), False


def _copy(place: Place, parameters: ModelParameters, seed: int, start: dict[str, NDArray[Any]]) -> World:
    world = World(place, parameters, seed, 1)
    try:
        world.restore(start)
    except ValueError:
        raise UserError("The arms do not share their seats at week 0: what differs between them must leave the place, "
                        "its residents and the sizes of its settings as they are.") from None
    return world


def _footprint(worlds: dict[str, World], snapshots: dict[str, Snapshots], base: str, name: str,
               week: int) -> dict[str, Any]:
    """The difference of one arm from the base after a week, with the reachable set if there are snapshots of it."""
    a, b = worlds[base], worlds[name]
    living = a.people.active | b.people.active
    differ = differing(a, b)
    moved: Rows = np.any(np.abs(b.people.attitude - a.people.attitude) > NOTICEABLE, axis=1)
    found = {"arm": name, "week": week, "differing": float(differ[living].mean()),
             "moved": float(moved[living].mean())}
    one, other = snapshots[base].latest, snapshots[name].latest
    if one is None or other is None or one.week != week:
        return {**found, "reachable": float("nan"), "stray": 0}
    reached: Rows = reachable(one, other) if _same_rules(a, b) else living
    if seats_differ(one, other).any():  # people compete for seats with others at the end of the week
        for setting in a.settings:
            reached = reached | (a.settings[setting].seat != b.settings[setting].seat)
    return {**found, "reachable": float(reached[living].mean()), "stray": int((differ & ~reached).sum())}


def _same_rules(a: World, b: World) -> bool:
    """Whether two worlds have the same parameters; if not, a week can reach everybody."""
    one, other = (world.parameters.model_dump(exclude={"scenario": {"shocks"}}) for world in (a, b))
    return one == other


def _check_weeks(readout_weeks: set[int], weeks: int) -> None:
    if min(readout_weeks) < 0 or max(readout_weeks) > weeks:
        raise UserError(f"Readings at {sorted(readout_weeks)} weeks are outside the {weeks} weeks that are simulated.")
