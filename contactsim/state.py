"""The data of a world: residents, settings, areas, the results of the current week, and the clock.

Actions and observers receive the state; :class:`contactsim.world.World` adds the simulation of a week.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from contactsim.draws import Decision, name_key, stream
from contactsim.encounters.arrays import Areas, Week, blank_week
from contactsim.encounters.log import Snapshot
from contactsim.encounters.session import Impulse, Session, displace
from contactsim.errors import UserError
from contactsim.parameters import MOST_MEETINGS, ModelParameters
from contactsim.place import Place
from contactsim.residents import LAYOUT, TIE_PLACES, populate, weights_of_others
from contactsim.settings.seating import Setting, ordered, seat_everybody

_key_of = lru_cache(4096)(name_key)


class Action(Protocol):
    """An intervention, as far as the world knows it."""

    name: str

    def week(self, world: State) -> None:
        """Do what is due in the world's current week: hold sessions, change settings or status, send messages."""


class State:
    """The data of a world.

    Args:
        place: residents by area and group; at least three nested levels of areas.
        parameters: residents, settings, psychology and scenario.
        seed: any integer; together with the parameters it determines every bit of the run.
        actions: interventions from week 0 on, applied in this order.

    Attributes:
        clock: number of the current week; negative during burn-in.
        people: the residents' columns.
        settings: seats by name of setting.
        areas: norms and composition by neighbourhood.
        week: this week's meetings, doses and candidates for ties.
        weights: (G, G) weights of the other groups in an attitude to all others.
        sessions: the sessions of this week.
        impulses: impulses of this and later weeks (:class:`contactsim.encounters.session.Impulse`).
    """

    def __init__(self, place: Place, parameters: ModelParameters, seed: int, actions: Sequence[Action] = ()) -> None:
        self.place, self.parameters, self.seed = ordered(place), parameters, int(seed)
        self.clock = 0
        self.actions: list[Any] = list(actions)
        self.sessions: list[Session] = []
        self.impulses: list[Impulse] = []
        self.people = populate(self.place, parameters.residents, parameters.psychology, self.seed)
        self.settings: dict[str, Setting] = seat_everybody(
            self.place, self.people, parameters.settings, parameters.residents, self.seed)
        G, P = len(place.groups), len(self.settings["street"].partitions["neighbourhood"])
        self.areas = Areas(np.zeros((P, G, G)), np.zeros((P, G)), np.zeros(P), np.zeros((P, G)), np.zeros((P, G)),
                           np.zeros((P, G, G)))
        self.week: Week = blank_week(self.people)
        self.weights = weights_of_others(self.place.counts.sum(axis=0))
        self._bits = _bits(parameters)

    def base(self, decision: Decision, name: str = "", slot: int = 0) -> np.uint64:
        """The base of this week's draws of a decision, for one slot of the thing called ``name``."""
        return stream(self.seed, decision, self.clock, _key_of(name), slot)

    def convene(self, session: Session, displaces: Iterable[str] | None = ()) -> None:
        """Hold a session this week. An action calls this in its :meth:`Action.week`.

        The session displaces other contact: each member loses ``session.hours`` hours of the contact contexts
        ``displaces`` (None: of all); see :meth:`displace`. Raises UserError if a week's sessions bring a resident more
        encounters than can be counted.
        """
        self.sessions.append(session)
        self._check_meetings()
        if displaces != ():
            self.displace(session.rows, session.hours, displaces, session.name)

    def _check_meetings(self) -> None:
        """Raise UserError if somebody could have more meetings this week than can be counted."""
        settings = self.parameters.settings
        left = MOST_MEETINGS - settings.slots() - (TIE_PLACES - 1) * settings.slots("ties")
        if sum(session.encounters for session in self.sessions) > left:
            each = sum(session.encounters * np.bincount(session.rows, minlength=len(self.people))
                       for session in self.sessions)
            if np.max(each) > left:
                raise UserError(f"The sessions of week {self.clock} up to {self.sessions[-1].name} give a resident "
                                f"{np.max(each)} encounters; at most {left} are possible besides the ordinary week.")

    def displace(self, rows: NDArray[np.integer], hours: float | None, displaces: Iterable[str] | None,
                 name: str) -> None:
        """Take ``hours`` (None: all) of this week's slots of the contact contexts ``displaces`` from each of ``rows``.

        The slots are drawn for each resident by ``name`` and week, whether or not they would have been used. Raises
        KeyError for a contact context that the settings do not have.
        """
        contexts = self.parameters.settings.contact_contexts
        names = contexts if displaces is None else dict.fromkeys(displaces)
        places = [(_key_of(name, context), number, bit, contexts[context].hours) for context in names
                  for number, bit in enumerate(self._bits[context])]
        if places:
            self.week = self.week._replace(displaced=self.displaced)
            displace(self.week, self.people.uid, rows, hours, places, self.seed, self.clock)

    @property
    def displaced(self) -> NDArray[np.uint32]:
        """(N,) slots of this week that each row spends in an action instead: bit k for the k-th of the week."""
        displaced = self.week.displaced
        return displaced if displaced.shape[0] else np.zeros(len(self.people), np.uint32)

    @property
    def small_groups(self) -> NDArray[np.int32]:
        """(N, settings) the small group of each row in each setting that has some, -1 for none (computed)."""
        columns = []
        for setting in self.settings.values():
            if "small_group" not in setting.partitions:
                continue
            seat = setting.seat
            columns.append(np.where(seat >= 0, setting.group_of("small_group", seat), -1))
        return np.stack(columns, axis=1).astype(np.int32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All arrays that carry over from week to week, by name: residents, seats and areas (not copies)."""
        arrays: dict[str, NDArray[Any]] = {
            f"people.{name}": self.people.column(name) for name in self.people.array_names}
        for name, setting in self.settings.items():
            arrays |= {f"occupant.{name}": setting.occupant, f"since.{name}": setting.since}
        return arrays | {f"areas.{name}": getattr(self.areas, name) for name in self.areas._fields}

    def restore(self, stored: dict[str, NDArray[Any]]) -> None:
        """Set the state from copies of the :meth:`arrays` of a world of the same place, parameters and seed.

        Raises ValueError, and leaves the state as it was, if names, shapes or types differ.
        """
        arrays = self.arrays()
        here, there = ({name: (a.shape, a.dtype) for name, a in of.items()} for of in (arrays, stored))
        if here != there:
            raise ValueError("the arrays do not fit this world: names, shapes or types differ")
        for name, array in arrays.items():
            array[...] = stored[name]

    def columns_by_name(self) -> dict[str, NDArray[Any]]:
        """The residents' columns (not copies) and, as ``seat <setting>`` and ``since <setting>``, their seats."""
        columns = {name: self.people.column(name) for name in self.people.array_names if name not in LAYOUT}
        for name, setting in self.settings.items():
            seat = setting.seat
            columns |= {f"seat {name}": seat, f"since {name}": np.where(seat >= 0, setting.since[seat], 0)}
        return columns

    def snapshot(self, names: Iterable[str] | None = None) -> Snapshot:
        """Copies of everything that determines the rest of the week; to be taken after the week's actions.

        ``names`` are the columns to copy (None: all columns and seats).
        """
        present = self.columns_by_name()
        columns = {name: present[name].copy() for name in (present if names is None else names)}
        return Snapshot(
            self.seed, self.clock, self.parameters,
            {name: setting.partitions for name, setting in self.settings.items()},
            columns | {"displaced": self.displaced.copy()},
            {name: setting.occupant.copy() for name, setting in self.settings.items()},
            {name: setting.since.copy() for name, setting in self.settings.items()},
            self.areas.past.copy(), self.areas.message_effect.copy(), tuple(self.sessions),
            tuple(impulse for impulse in self.impulses if impulse.week == self.clock))

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Make the arrays of the state read-only, as while observers read them: a write raises ValueError."""
        arrays = [*self.arrays().values(), *self.week, self.weights]
        for array in arrays:
            array.flags.writeable = False
        try:
            yield
        finally:
            for array in arrays:
                array.flags.writeable = True


def _bits(parameters: ModelParameters) -> dict[str, list[int]]:
    """Bits in ``State.displaced`` of each contact context's slots (see :mod:`contactsim.encounters.schedule`)."""
    bits, first = {}, 0
    for name, context in parameters.settings.contact_contexts.items():
        bits[name] = list(range(first, first + context.encounters_per_week))
        first += context.encounters_per_week
    return bits
