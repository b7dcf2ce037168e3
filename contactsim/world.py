"""The world: a state, and the week on top of it.

This is the model itself, without Mesa, Hydra or files: arrays, keyed draws and a clock of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from contactsim import demography, messages
from contactsim.compiled import Threads
from contactsim.draws import Decision
from contactsim.encounters.appraisal import BLOCK, appraise
from contactsim.encounters.arrays import people_of, rules, terms
from contactsim.encounters.learning import change
from contactsim.encounters.schedule import FRIENDS, rounds_of
from contactsim.encounters.ties import BLOCK as BLOCK_OF_TIES
from contactsim.encounters.ties import free_places, friends_meet, hear_of, renew
from contactsim.observers.base import Moment, Observer, check_moment
from contactsim.observers.weekly import WeeklyRecord
from contactsim.parameters import ModelParameters
from contactsim.place import Place
from contactsim.state import Action, State

#: Residents from which on more than one thread pays (measured: benchmarks/README.md); used where none are asked for.
WORTH_THREADS = 20_000


class World(State):
    """A neighbourhood in which time passes.

    Args:
        place: who lives where; at least three nested levels of areas.
        parameters: residents, settings, psychology and scenario.
        seed: any integer; with the same parameters it fixes every bit of the run.
        threads: how many threads the kernels use (None: all processors where that pays); never changes a result.
        actions: what is done about the place from week 0 on, in this order.
        observers: who reads the world week by week (see :class:`contactsim.observers.base.Observer`).

    Attributes:
        clock: the week that the next :meth:`step` lives; negative during burn-in.
        people: the residents' columns.
        settings: seats by name of setting.
        week: this week's notes (meetings by what they were).
        observers: who reads the world, besides the weekly record that every world has.
    """

    def __init__(self, place: Place, parameters: ModelParameters, seed: int, threads: int | None = None,
                 actions: Sequence[Action] = (), observers: Sequence[Observer] = ()) -> None:
        messages.check_shocks(parameters.scenario.shocks, place.groups)
        super().__init__(place, parameters, seed, actions)
        self.threads = Threads(threads or (1 if place.residents < WORTH_THREADS else None))
        self.rules = rules(parameters.psychology)
        self.terms = {name: terms(context, parameters.psychology)
                      for name, context in parameters.settings.contact_contexts.items()}
        self.transfer = np.full((len(place.groups), len(place.groups)), parameters.psychology.transfer)
        np.fill_diagonal(self.transfer, 1.0)
        self.columns = people_of(self.people)
        self.rounds, self.friends = rounds_of(parameters.settings.contact_contexts, self.terms, self.settings, self.threads)
        self._areas_of_threads = self.threads.split(self.settings["street"].partitions["neighbourhood"].start)
        self._rows = np.linspace(0, len(self.people), self.threads.number + 1).astype(int).tolist()
        self._scratch = [(np.empty(self._longest(), np.int32), np.empty(self._longest(), np.int32))
                         for _ in range(self.threads.number)]
        self._free = np.zeros(len(self.people), np.uint8)
        self.weekly_record = WeeklyRecord(self.threads)
        self.observers: list[Observer] = []
        self.begin()
        self.weekly_record.begin(self)
        self.observe(*observers)

    def step(self) -> None:
        """Live one week. Everything reads the state at the week's start; the order is:

        1. Climate: this week's shocks act on attitude, anxiety, threat and felt stigma.
        2. Actions: those due call sessions together, change settings or status, or speak.
           Observers of this moment look.
        3. Appraisal: what the people around think, and what each resident brings into meetings.
        4. Encounters, setting by setting: pairs, take-up, valence for each side; then the sessions of actions;
           then friends meet.
        5. Change: attitude, experience, anxiety, threat, belonging, engagement, felt stigma, language;
           everybody gets older.
        6. Ties form and fade.
        7. Measures: the week is recorded, and observers of this moment look.
        8. Moves, arrivals and departures, where the scenario has them, and once a year new seats for those
           who have left school or started it; then the clock moves, and all other observers look.
        """
        self._climate()
        self._act()
        self._look("after_actions")
        self._appraise()
        self._meet()
        self._change()
        self._renew_ties()
        self.weekly_record.look(self)
        self._look("before_moves")
        demography.week(self)
        self.clock += 1
        self._look("week_end")

    def observe(self, *observers: Observer) -> None:
        """Let observers see the world as it is and look at it from the next week on.

        Raises UserError for one whose moment there is not in a week.
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
        """The weeks recorded so far as a tidy table; weeks of burn-in are not kept."""
        return self.weekly_record.result()

    def begin(self) -> None:
        """Let the past composition of each area equal the present one, before a first week."""
        self._appraise()
        self.areas.past[:] = self.areas.share

    def _look(self, moment: Moment) -> None:
        for observer in self.observers:
            if observer.moment == moment:
                with self.read_only():
                    observer.look(self)

    def _climate(self) -> None:
        messages.act(self.parameters.scenario.shocks, self.clock, self.people, self.place.groups)

    def _act(self) -> None:
        if self.clock >= 0:
            for action in self.actions:
                action.week(self)

    def _appraise(self) -> None:
        street = self.settings["street"]
        start = street.partitions["neighbourhood"].start
        self.threads.run(lambda _, lo, hi: appraise(
            lo, hi, start, street.occupant, self.rules, self.columns, self.week, self.areas, np.empty(BLOCK, np.int32),
            np.empty((4, BLOCK))), self._areas_of_threads)

    def _meet(self) -> None:
        for one in self.rounds:
            one.live(self.seed, self.clock, self.columns, self.week, self.threads, self._scratch)
        for session in self.sessions:
            session.live(self.seed, self.clock, self.parameters.psychology, self.columns, self.week)
        for impulse in self.impulses:
            if impulse.week == self.clock:
                impulse.note(self.columns, self.week)
        slots = self.friends.draw(self.seed, self.clock, FRIENDS)
        self._over_rows(lambda lo, hi: friends_meet(lo, hi, slots, self.columns, self.week))
        if self.week.displaced.any():
            self.week.displaced[:] = 0
        self.sessions.clear()

    def _change(self) -> None:
        street, people = self.settings["street"], self.people
        start = street.partitions["neighbourhood"].start
        hear_of(people.ties, people.group, people.friend_groups, self.week.extended_contact)
        self.threads.run(lambda _, lo, hi: change(
            lo, hi, start, street.occupant, self.rules, self.transfer, self.columns, self.week, self.areas,
            np.empty(people.groups), np.empty(people.groups)), self._areas_of_threads)

    def _renew_ties(self) -> None:
        p, base = self.rules, self.base(Decision.TIE_FADES)
        people, candidate = self.people, self.week.candidate
        self._over_rows(lambda lo, hi: free_places(lo, hi, people.ties, candidate, self._free))
        self._over_rows(lambda lo, hi: renew(
            lo, hi, p.tie_fade, p.tie_fade_shared, base, self.small_groups, self._free, people.group, people.uid,
            people.ties, people.friend_groups, candidate, np.empty(BLOCK_OF_TIES, np.int32)))

    def _over_rows(self, work: Callable[[int, int], None]) -> None:
        self.threads.run(lambda _, lo, hi: work(lo, hi), self._rows)

    def _longest(self) -> int:
        return max(int(np.diff(p.start).max(initial=0)) for s in self.settings.values() for p in s.partitions.values())
