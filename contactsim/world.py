"""The world: a state, the order of events in a week, and the burn-in before week 0.

This is the model itself. It uses arrays, keyed draws and its own clock, and knows nothing of Mesa, Hydra or files.

A burn-in of T weeks ends at week 0: all residents start it T weeks younger, at rest, and it is simulated without the
scenario's shocks, moves, arrivals and departures. Children meet people from the age of five and newcomers from their
arrival, so a resident's experience at week 0 depends on age. Work, school and membership are those of week 0 throughout
(assumed). T is doubled until the means and spreads of attitudes are stationary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from contactsim import demography, messages
from contactsim.compiled import Threads
from contactsim.draws import Decision
from contactsim.encounters.appraisal import BLOCK, appraise
from contactsim.encounters.arrays import members, nobody_displaced, people_of, rules
from contactsim.encounters.learning import friends_at_once, learn
from contactsim.encounters.schedule import FRIENDS, weekly_schedule
from contactsim.encounters.ties import EVERY, fade_ties, find_extended_contact
from contactsim.observers.base import Moment, Observer, check_moment
from contactsim.observers.weekly import WeeklyRecord
from contactsim.parameters import ModelParameters
from contactsim.place import Place
from contactsim.residents import WANDERING_WEEKS, WEEKS_A_YEAR, resting_belonging, wander
from contactsim.settings.seating import start_seats
from contactsim.state import Action, State

#: From this many residents on, several threads save time (benchmarks/README.md); used where ``threads`` is None.
PARALLEL_FROM = 20_000
#: Weeks over which a burn-in must be stationary.
WINDOW = 26
#: How much faster the slowest states approach their level until a year before week 0, so that a burn-in is long enough.
SETTLING, SLOW = 8.0, ("belonging_gain", "belonging_decline", "engagement_gain", "engagement_decline")


class World(State):
    """A state that can be simulated week by week.

    Args:
        place: residents by area and group; at least three nested levels of areas.
        parameters: residents, settings, psychology and scenario.
        seed: any integer; together with the parameters it determines every bit of the run.
        threads: number of threads for the kernels (None: all processors for large places); never changes a result.
        actions: interventions from week 0 on, applied in this order.
        observers: objects that read the world each week (see :class:`contactsim.observers.base.Observer`).

    Attributes:
        clock: number of the week that the next :meth:`step` simulates; negative during the burn-in.
        people: the residents' columns.
        settings: seats by name of setting.
        week: this week's meetings, doses and candidates for ties.
        observers: the observers, apart from the weekly record that every world has.
    """

    def __init__(self, place: Place, parameters: ModelParameters, seed: int, threads: int | None = None,
                 actions: Sequence[Action] = (), observers: Sequence[Observer] = ()) -> None:
        messages.check_shocks(parameters.scenario.shocks, place.groups)
        super().__init__(place, parameters, seed, actions)
        self.threads = Threads(threads or (1 if place.residents < PARALLEL_FROM else None))
        self.rules = rules(parameters.psychology)
        self.transfer = np.full((len(place.groups), len(place.groups)), parameters.psychology.transfer)
        np.fill_diagonal(self.transfer, 1.0)
        self.columns = people_of(self.people)
        self.setting_weeks, self.friends = weekly_schedule(
            parameters.settings.contact_contexts, parameters.psychology, self.settings, self.threads)
        self._areas_of_threads = self.threads.split(self.settings["street"].partitions["neighbourhood"].start)
        self._rows = np.linspace(0, len(self.people), self.threads.number + 1).astype(int).tolist()
        self._district = _district_of_neighbourhood(self.place)
        self._scratch = [members(self._longest(), len(place.groups)) for _ in range(self.threads.number)]
        self.weekly_record = WeeklyRecord(self.threads)
        self.observers: list[Observer] = []
        self.begin()
        self.weekly_record.begin(self)
        self.observe(*observers)

    def step(self) -> None:
        """Simulate one week. All rules read the state at the start of the week. The order is:

        1. Events of this week change attitude, feelings, anxiety, threat and felt stigma. Every thirteenth week the
           wandering part of resting points moves on.
        2. Actions hold sessions, change seats or status, or send messages. Then the observers with the moment
           ``after_actions`` read the world.
        3. Appraisal: local norms and composition, and how present each resident is and with which odds of meetings.
        4. Encounters: in each setting pairs are drawn, meetings are taken up or declined, and each side draws a
           valence; then the sessions of actions; then meetings of friends.
        5. Learning: attitude, feelings, experience, anxiety, threat, belonging, engagement, felt stigma and language
           change; residents get older.
        6. Ties form; every fourth week they fade, and extended contact is found anew.
        7. The week is recorded. Then the observers with the moment ``before_moves`` read the world.
        8. Households depart, move and arrive where the scenario says so; once a year residents who start or leave
           school or work, and some others, change seats. The clock advances, and all other observers read the world.
        """
        self._apply_shocks()
        self._act()
        self._look("after_actions")
        self._appraise()
        self._meet()
        self._learn()
        self._renew_ties()
        self.weekly_record.look(self)
        self._look("before_moves")
        demography.week(self)
        self.clock += 1
        self._look("week_end")

    def observe(self, *observers: Observer) -> None:
        """Add observers: each reads the world now and at its moment of every later week.

        Raises UserError for an observer whose ``moment`` is not one of a week's moments.
        """
        for observer in observers:
            check_moment(observer)
            with self.read_only():
                observer.begin(self)
            self.observers.append(observer)

    @property
    def record(self) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Weekly sums since week 0 (see :class:`contactsim.observers.weekly.WeeklyRecord`)."""
        return self.weekly_record.sums

    def weekly(self) -> pd.DataFrame:
        """The weeks recorded so far as a tidy table, without the weeks of the burn-in."""
        return self.weekly_record.result()

    def begin(self) -> None:
        """Prepare the first week.

        The past composition of areas is the present one, belonging is that of one's age, and people have been in their
        seats for as long as turnover lets them.
        """
        people = self.people
        people.belonging[:] = resting_belonging(people.age, self.parameters.psychology)
        start_seats(self.settings, self.parameters.settings, people, self.seed, self.clock)
        self._appraise()
        self.areas.past[:] = self.areas.share

    def _look(self, moment: Moment) -> None:
        for observer in self.observers:
            if observer.moment == moment:
                with self.read_only():
                    observer.look(self)

    def _apply_shocks(self) -> None:
        parameters = self.parameters
        messages.apply_shocks(parameters.scenario.shocks, self.clock, self.people, self.place.groups,
                              parameters.psychology)
        if parameters.residents.wandering_spread > 0 and self.clock % WANDERING_WEEKS == 0:
            wander(self.people, parameters.residents.wandering_spread, parameters.psychology.wandering_memory,
                   self.seed, self.clock)

    def _act(self) -> None:
        if self.clock >= 0:
            for action in self.actions:
                action.week(self)

    def _appraise(self) -> None:
        street = self.settings["street"]
        start = street.partitions["neighbourhood"].start
        self.threads.run(lambda _, lo, hi: appraise(
            lo, hi, start, street.occupant, self.rules, self.columns, self.week, self.areas,
            np.empty(BLOCK, np.int32), np.empty((4, BLOCK))), self._areas_of_threads)
        areas, district = self.areas, self._district
        people = np.maximum(np.bincount(district, areas.number), 1.0)
        for g in range(self.people.groups):
            areas.district[:, g] = (np.bincount(district, areas.share[:, g] * areas.number) / people)[district]

    def _meet(self) -> None:
        for setting in self.setting_weeks:
            setting.meet(self.seed, self.clock, self.rules, self.columns, self.week, self.threads, self._scratch)
        for session in self.sessions:
            largest = int(np.diff(session.start).max(initial=0))
            session.meet(self.seed, self.clock, self.parameters.psychology, self.columns, self.week,
                         members(largest, self.people.groups))
        for impulse in self.impulses:
            if impulse.week == self.clock:
                impulse.meet(self.columns, self.week)
        self.sessions.clear()

    def _learn(self) -> None:
        street, groups, p = self.settings["street"], self.people.groups, self.rules
        start = street.partitions["neighbourhood"].start
        if self.clock < -WEEKS_A_YEAR:
            p = p._replace(**{name: min(0.5, SETTLING * getattr(p, name)) for name in SLOW})
        friends = self.friends.draw(self.seed, self.clock, FRIENDS)
        self.threads.run(lambda _, lo, hi: learn(
            lo, hi, start, street.occupant, p, self.transfer, friends, self.columns, self.week, self.areas,
            np.empty(groups - 1), np.empty(groups - 1), friends_at_once(friends.shape[0])), self._areas_of_threads)
        self.week = self.week._replace(displaced=nobody_displaced())

    def _renew_ties(self) -> None:
        """Let ties fade and find extended contact, every few weeks; ties have formed with learning."""
        if self.clock % EVERY:
            return
        base, people, candidate = self.base(Decision.TIE_FADES), self.columns, self.week.candidate
        fade = np.float32(1.0 - (1.0 - self.rules.tie_fade) ** EVERY)
        self._over_rows(lambda lo, hi: fade_ties(lo, hi, fade, base, people, candidate))
        self._over_rows(lambda lo, hi: find_extended_contact(lo, hi, people))

    def _over_rows(self, work: Callable[[int, int], None]) -> None:
        self.threads.run(lambda _, lo, hi: work(lo, hi), self._rows)

    def _longest(self) -> int:
        return max(int(np.diff(p.start).max(initial=0)) for s in self.settings.values() for p in s.partitions.values())


def _district_of_neighbourhood(place: Place) -> NDArray[np.intp]:
    """(P,) district of each neighbourhood, numbered in the order of the rows."""
    near, wide = (place.of_role(role).area_of_output_area for role in ("neighbourhood", "district"))
    begins = np.flatnonzero(np.diff(near, prepend=-1))
    return np.cumsum(np.diff(wide[begins], prepend=-1) != 0) - 1


@dataclass(frozen=True)
class BurnIn:
    """How a world reached its week 0."""

    weeks: int
    """weeks simulated before week 0; 0 for none"""
    drift: float
    """largest change of a group's mean or spread of attitude over the last half year, in SD; nan without a burn-in"""
    stationary: bool
    """whether that change is within the scenario's limit, with an allowance for chance in small groups"""


def world_after_burn_in(place: Place, parameters: ModelParameters, seed: int, threads: int | None = None,
                        progress: Callable[[int, int], None] | None = None) -> tuple[World, BurnIn]:
    """A world at week 0 after the scenario's burn-in, and a description of that burn-in.

    ``progress`` is called after each week with (weeks simulated, weeks of this burn-in).
    """
    scenario = parameters.scenario
    weeks = scenario.burn_in_min if scenario.burn_in else 0
    while True:
        world = World(place, parameters, seed, threads)
        if weeks == 0:
            return world, BurnIn(0, float("nan"), False)
        _burn_in(world, weeks, progress)
        drift, stationary = drift_of(world, scenario.stationary)
        if stationary or 2 * weeks > scenario.burn_in_max:
            world.weekly_record.begin(world)
            return world, BurnIn(weeks, drift, stationary)
        weeks *= 2


def _burn_in(world: World, weeks: int, progress: Callable[[int, int], None] | None) -> None:
    people = world.people
    world.clock = -weeks
    people.age -= weeks / WEEKS_A_YEAR
    people.arrived -= np.float32(weeks / WEEKS_A_YEAR)
    world.begin()
    for week in range(1, weeks + 1):
        world.step()
        if progress is not None:
            progress(week, weeks)


def drift_of(world: World, limit: float) -> tuple[float, bool]:
    """(largest drift in SD, whether stationary) of the groups' attitudes to all others over the last half year.

    The limit for a group of n people is ``limit`` plus 2 / sqrt(n) SD, since small groups also move by chance.
    """
    if len(world.record) <= WINDOW:
        return float("inf"), False
    (then, _), (now, size) = world.record[-1 - WINDOW], world.record[-1]
    n_then, n = np.maximum(world.record[-1 - WINDOW][1][:, 0], 1), np.maximum(size[:, 0], 1)
    mean, mean_then = now[:, -1, 0] / n, then[:, -1, 0] / n_then
    sd = np.sqrt(np.maximum(now[:, -1, 1] / n - mean**2, 1e-12))
    sd_then = np.sqrt(np.maximum(then[:, -1, 1] / n_then - mean_then**2, 1e-12))
    drift = np.maximum(np.abs(mean - mean_then), np.abs(sd - sd_then)) / sd
    return float(drift.max()), bool(np.all(drift <= limit + 2 / np.sqrt(n)))
