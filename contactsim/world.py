"""The world: a place, its residents, their settings, and the week.

This is the model itself, without Mesa, Hydra or files: arrays, keyed draws and a clock of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from contactsim import climate, demography
from contactsim.compiled import Threads
from contactsim.draws import Decision, name_key, stream, streams
from contactsim.encounters.appraise import appraise
from contactsim.encounters.change import change
from contactsim.encounters.meet import meet
from contactsim.encounters.tables import Areas, Streams, blank_week, people_of, rules, terms
from contactsim.encounters.ties import free_places, friends_meet, renew
from contactsim.measures.weekly import tidy, weekly_sums, weigh_others
from contactsim.parameters import ModelParameters, Occasion
from contactsim.place import Place
from contactsim.residents import populate
from contactsim.settings.seating import Setting, ordered, seat_everybody

#: Residents from which on more than one thread pays (measured: benchmarks/README.md); used where none are asked for.
WORTH_THREADS = 20_000

#: The decisions of a meeting, in the order of :class:`~contactsim.encounters.tables.Streams`.
MEETING = np.array([Decision.PAIRING, Decision.PRESENCE, Decision.TAKE_UP, Decision.VALENCE, Decision.TIE_FORMS])

_key_of = cache(name_key)


class World:
    """A neighbourhood that lives.

    Args:
        place: who lives where; at least three nested levels of areas.
        parameters: residents, settings, psychology and scenario.
        seed: any integer; with the same parameters it fixes every bit of the run.
        threads: how many threads the kernels use (None: all processors where that pays); never changes a result.

    Attributes:
        clock: the week that the next :meth:`step` lives; negative while a history is being lived.
        people: the residents' columns.
        settings: seats by name of setting.
        week: this week's notes (meetings by what they were).
        record: weekly sums since week 0.
    """

    def __init__(self, place: Place, parameters: ModelParameters, seed: int, threads: int | None = None) -> None:
        climate.check_shocks(parameters.scenario.shocks, place.groups)
        self.place, self.parameters, self.seed = ordered(place), parameters, int(seed)
        self.threads = Threads(threads or (1 if place.residents < WORTH_THREADS else None))
        self.clock = 0
        self.people = populate(self.place, parameters.residents, parameters.psychology, self.seed)
        self.settings: dict[str, Setting] = seat_everybody(
            self.place, self.people, parameters.settings, parameters.residents, self.seed)
        self.rules = rules(parameters.psychology)
        self.terms = {name: terms(occasion, parameters.psychology)
                      for name, occasion in parameters.settings.occasions.items()}
        G, P = len(place.groups), len(self.settings["street"].partitions["neighbourhood"])
        self.areas = Areas(np.zeros((P, G, G)), np.zeros((P, G)), np.zeros((P, G)))
        self.transfer = np.full((G, G), parameters.psychology.transfer)
        np.fill_diagonal(self.transfer, 1.0)
        self.week = blank_week(self.people)
        self.columns = people_of(self.people)
        self.weights = weigh_others(self.place.counts.sum(axis=0))
        self._spans = {(name, among): self.threads.split(pools.start)
                       for name, setting in self.settings.items() for among, pools in setting.partitions.items()}
        self._rows = np.linspace(0, len(self.people), self.threads.number + 1).astype(int).tolist()
        self.circles = np.empty((0, 0), np.int32)
        self.reseated()
        self.record: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
        self._scratch = [np.empty(self._longest(), np.int32) for _ in range(self.threads.number)]
        self._free = np.zeros(len(self.people), np.uint8)
        self.begin()

    def step(self) -> None:
        """Live one week. Everything reads the state at the week's start; the order is:

        1. Climate: this week's shocks act on attitude, anxiety and threat.
        2. Appraisal: what the people around think, and what each resident brings into meetings.
        3. Encounters, occasion by occasion: pairs, take-up, valence for each side; friends meet.
        4. Change: attitude, experience, anxiety, threat, connectedness, language; everybody gets older.
        5. Ties form and fade.
        6. Measures: the week is recorded.
        7. Moves, arrivals and departures, where the scenario has them, and once a year new seats for those
           who have left school or started it; then the clock moves.
        """
        self._climate()
        self._appraise()
        for name, occasion in self.parameters.settings.occasions.items():
            self._meet(name, occasion)
        self._change()
        self._renew_ties()
        self._measure()
        demography.week(self)
        self.clock += 1

    def weekly(self) -> pd.DataFrame:
        """The weeks recorded so far as a tidy table; a history's weeks are not kept."""
        return tidy(range(self.clock - len(self.record), self.clock), self.record, self.place.groups)

    def base(self, decision: Decision, name: str = "", slot: int = 0) -> np.uint64:
        """The base of this week's draws of a decision, for one occasion's slot."""
        return stream(self.seed, decision, self.clock, _key_of(name), slot)

    def reseated(self) -> None:
        """Note each row's circle in each setting again, after somebody changed seats."""
        columns = []
        for setting in self.settings.values():
            start = setting.partitions["circle"].start
            circle = np.searchsorted(start, setting.seat, side="right") - 1
            columns.append(np.where(setting.seat >= 0, circle, -1))
        self.circles = np.stack(columns, axis=1).astype(np.int32)

    def begin(self) -> None:
        """Let the past composition of each area equal the present one, before a first week."""
        self._appraise()
        self.areas.past[:] = self.areas.share

    def _climate(self) -> None:
        climate.act(self.parameters.scenario.shocks, self.clock, self.people, self.place.groups)

    def _appraise(self) -> None:
        street = self.settings["street"]
        start = street.partitions["neighbourhood"].start
        self.threads.run(lambda _, lo, hi: appraise(
            lo, hi, start, street.occupant, self.rules, self.columns, self.week, self.areas),
            self._spans["street", "neighbourhood"])

    def _meet(self, name: str, occasion: Occasion) -> None:
        t = self.terms[name]
        for slot in range(occasion.slots):
            if occasion.setting == "ties":
                meets = self.base(Decision.FRIENDS_MEET, name, slot)
                says = self.base(Decision.FRIENDS_VALENCE, name, slot)
                self._over_rows(lambda lo, hi: friends_meet(
                    lo, hi, t, meets, says, self.columns, self.week))  # noqa: B023
                continue
            setting = self.settings[occasion.setting]
            pools = setting.partitions[occasion.among]
            bases = Streams(*streams(self.seed, MEETING, self.clock, _key_of(name), slot))
            self.threads.run(lambda k, lo, hi: meet(
                lo, hi, pools.start, pools.keys, setting.occupant, t, bases, self.columns, self.week,  # noqa: B023
                self._scratch[k]), self._spans[occasion.setting, occasion.among])

    def _change(self) -> None:
        street = self.settings["street"]
        start = street.partitions["neighbourhood"].start
        self.threads.run(lambda _, lo, hi: change(
            lo, hi, start, street.occupant, self.rules, self.transfer, self.columns, self.week, self.areas),
            self._spans["street", "neighbourhood"])

    def _renew_ties(self) -> None:
        p, base = self.rules, self.base(Decision.TIE_FADES)
        people, candidate = self.people, self.week.candidate
        self._over_rows(lambda lo, hi: free_places(lo, hi, people.ties, candidate, self._free))
        self._over_rows(lambda lo, hi: renew(
            lo, hi, p.tie_fade, p.tie_fade_shared, base, self.circles, self._free, people.group, people.uid,
            people.ties, people.friend_groups, candidate))

    def _measure(self) -> None:
        self.record.append(weekly_sums(self.columns, self.people, self.week, self.weights, self.threads))

    def _over_rows(self, work: Callable[[int, int], None]) -> None:
        self.threads.run(lambda _, lo, hi: work(lo, hi), self._rows)

    def _longest(self) -> int:
        return max(int(np.diff(p.start).max(initial=0)) for s in self.settings.values() for p in s.partitions.values())
