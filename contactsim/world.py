"""The world: a place, its residents, their settings, and the week.

This is the model itself, without Mesa, Hydra or files: arrays, keyed draws and a clock of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from contactsim import climate, demography
from contactsim.compiled import Threads
from contactsim.draws import Decision, name_key, stream
from contactsim.encounters.appraise import BLOCK, appraise
from contactsim.encounters.change import change
from contactsim.encounters.rounds import FRIENDS, rounds_of
from contactsim.encounters.session import Session, take_away
from contactsim.encounters.tables import Areas, blank_week, people_of, rules, terms
from contactsim.encounters.ties import BLOCK as BLOCK_OF_TIES
from contactsim.encounters.ties import free_places, friends_meet, hear_of, renew
from contactsim.measures.weekly import tidy, weekly_sums, weigh_others
from contactsim.parameters import ModelParameters
from contactsim.place import Place
from contactsim.residents import populate
from contactsim.settings.seating import Setting, ordered, seat_everybody

#: Residents from which on more than one thread pays (measured: benchmarks/README.md); used where none are asked for.
WORTH_THREADS = 20_000

_key_of = lru_cache(4096)(name_key)


class Action(Protocol):
    """Something that is done about the place: all that the week knows of it."""

    name: str

    def week(self, world: World) -> None:
        """Do what is due in the world's week: call sessions together, change settings or standing, speak."""


class World:
    """A neighbourhood that lives.

    Args:
        place: who lives where; at least three nested levels of areas.
        parameters: residents, settings, psychology and scenario.
        seed: any integer; with the same parameters it fixes every bit of the run.
        threads: how many threads the kernels use (None: all processors where that pays); never changes a result.
        actions: what is done about the place from week 0 on, in this order.

    Attributes:
        clock: the week that the next :meth:`step` lives; negative while a history is being lived.
        people: the residents' columns.
        settings: seats by name of setting.
        week: this week's notes (meetings by what they were).
        record: weekly sums since week 0.
    """

    def __init__(self, place: Place, parameters: ModelParameters, seed: int, threads: int | None = None,
                 actions: Sequence[Action] = ()) -> None:
        climate.check_shocks(parameters.scenario.shocks, place.groups)
        self.place, self.parameters, self.seed = ordered(place), parameters, int(seed)
        self.threads = Threads(threads or (1 if place.residents < WORTH_THREADS else None))
        self.clock = 0
        self.actions = list(actions)
        self.sessions: list[Session] = []
        self.people = populate(self.place, parameters.residents, parameters.psychology, self.seed)
        self.settings: dict[str, Setting] = seat_everybody(
            self.place, self.people, parameters.settings, parameters.residents, self.seed)
        self.rules = rules(parameters.psychology)
        self.terms = {name: terms(occasion, parameters.psychology)
                      for name, occasion in parameters.settings.occasions.items()}
        G, P = len(place.groups), len(self.settings["street"].partitions["neighbourhood"])
        self.areas = Areas(np.zeros((P, G, G)), np.zeros((P, G)), np.zeros((P, G)), np.zeros((P, G, G)))
        self.transfer = np.full((G, G), parameters.psychology.transfer)
        np.fill_diagonal(self.transfer, 1.0)
        self.week = blank_week(self.people)
        self._bits = _bits(parameters)
        self.columns = people_of(self.people)
        self.weights = weigh_others(self.place.counts.sum(axis=0))
        self.rounds, self.friends = rounds_of(parameters.settings.occasions, self.terms, self.settings, self.threads)
        self._areas_of_threads = self.threads.split(self.settings["street"].partitions["neighbourhood"].start)
        self._rows = np.linspace(0, len(self.people), self.threads.number + 1).astype(int).tolist()
        self.circles = np.empty((0, 0), np.int32)
        self.reseated()
        self.record: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
        self._scratch = [(np.empty(self._longest(), np.int32), np.empty(self._longest(), np.int32))
                         for _ in range(self.threads.number)]
        self._free = np.zeros(len(self.people), np.uint8)
        self.begin()

    def step(self) -> None:
        """Live one week. Everything reads the state at the week's start; the order is:

        1. Climate: this week's shocks act on attitude, anxiety, threat and felt stigma.
        2. Actions: those due call sessions together, change settings or standing, or speak.
        3. Appraisal: what the people around think, and what each resident brings into meetings.
        4. Encounters, setting by setting: pairs, take-up, valence for each side; then the sessions of actions;
           then friends meet.
        5. Change: attitude, experience, anxiety, threat, connectedness, engagement, felt stigma, language;
           everybody gets older.
        6. Ties form and fade.
        7. Measures: the week is recorded.
        8. Moves, arrivals and departures, where the scenario has them, and once a year new seats for those
           who have left school or started it; then the clock moves.
        """
        self._climate()
        self._act()
        self._appraise()
        self._meet()
        self._change()
        self._renew_ties()
        self._measure()
        demography.week(self)
        self.clock += 1

    def convene(self, session: Session, displaces: Iterable[str] | None = ()) -> None:
        """Let a session take place this week; for an action, in its :meth:`Action.week`.

        All who come spend ``session.slots`` slots of the occasions ``displaces`` (None: any) on it, so that the
        session takes the place of other contact; see :meth:`take_away`.
        """
        self.sessions.append(session)
        if displaces != ():
            self.take_away(session.rows, session.slots, displaces, session.name)

    def take_away(self, rows: NDArray[np.integer], slots: int | None, displaces: Iterable[str] | None,
                  name: str) -> None:
        """Let rows spend ``slots`` (None: all) of this week's slots of the occasions ``displaces`` elsewhere.

        Which slots is drawn for each person by ``name`` and week, also those that they would not have used.
        Raises KeyError for an occasion that the settings do not have.
        """
        names = self.parameters.settings.occasions if displaces is None else dict.fromkeys(displaces)
        places = [(_key_of(name, occasion), number, bit) for occasion in names
                  for number, bit in enumerate(self._bits[occasion])]
        if places:
            take_away(self.week, self.people.uid, rows, slots, places, self.seed, self.clock)

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
        slots = self.friends.draw(self.seed, self.clock, FRIENDS)
        self._over_rows(lambda lo, hi: friends_meet(lo, hi, slots, self.columns, self.week))
        if self.week.away.any():
            self.week.away[:] = 0
        self.sessions.clear()

    def _change(self) -> None:
        street, people = self.settings["street"], self.people
        start = street.partitions["neighbourhood"].start
        hear_of(people.ties, people.group, people.friend_groups, self.week.heard)
        self.threads.run(lambda _, lo, hi: change(
            lo, hi, start, street.occupant, self.rules, self.transfer, self.columns, self.week, self.areas,
            np.empty(people.groups), np.empty(people.groups)), self._areas_of_threads)

    def _renew_ties(self) -> None:
        p, base = self.rules, self.base(Decision.TIE_FADES)
        people, candidate = self.people, self.week.candidate
        self._over_rows(lambda lo, hi: free_places(lo, hi, people.ties, candidate, self._free))
        self._over_rows(lambda lo, hi: renew(
            lo, hi, p.tie_fade, p.tie_fade_shared, base, self.circles, self._free, people.group, people.uid,
            people.ties, people.friend_groups, candidate, np.empty(BLOCK_OF_TIES, np.int32)))

    def _measure(self) -> None:
        self.record.append(weekly_sums(self.columns, self.people, self.week, self.weights, self.threads))

    def _over_rows(self, work: Callable[[int, int], None]) -> None:
        self.threads.run(lambda _, lo, hi: work(lo, hi), self._rows)

    def _longest(self) -> int:
        return max(int(np.diff(p.start).max(initial=0)) for s in self.settings.values() for p in s.partitions.values())


def _bits(parameters: ModelParameters) -> dict[str, list[int]]:
    """The bits in ``Week.away`` of each occasion's slots, counted as in :func:`rounds_of`."""
    bits, first = {}, 0
    for name, occasion in parameters.settings.occasions.items():
        bits[name] = list(range(first, first + occasion.slots))
        first += occasion.slots
    return bits
