"""The data of a world: who lives where, where they can meet, this week's notes, and the clock. There is no engine here.

Actions and observers are given the state; :class:`contactsim.world.World` is a state with the week on top.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from contactsim.draws import Decision, name_key, stream
from contactsim.encounters.arrays import Areas, Week, blank_week
from contactsim.encounters.impulse import Impulse
from contactsim.encounters.log import Snapshot
from contactsim.encounters.session import Session, take_away
from contactsim.parameters import ModelParameters
from contactsim.place import Place
from contactsim.residents import populate, weights_of_others
from contactsim.settings.seating import Setting, ordered, seat_everybody

_key_of = lru_cache(4096)(name_key)


class Action(Protocol):
    """Something that is done about the place: all that the week knows of it."""

    name: str

    def week(self, world: State) -> None:
        """Do what is due in the world's week: call sessions together, change settings or status, speak."""


class State:
    """The data of a world.

    Args:
        place: who lives where; at least three nested levels of areas.
        parameters: residents, settings, psychology and scenario.
        seed: any integer; with the same parameters it fixes every bit of the run.
        actions: what is done about the place from week 0 on, in this order.

    Attributes:
        clock: number of the present week; negative during burn-in.
        people: the residents' columns.
        settings: seats by name of setting.
        areas: norms and composition by neighbourhood.
        week: this week's notes (meetings by what they were).
        small groups: (N, settings) the small group of each row in each setting, -1 for none.
        weights: (G, G) weights of the other groups in an attitude to all others.
        sessions: sessions that take place this week.
        impulses: single experiences to come (:class:`contactsim.encounters.impulse.Impulse`).
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
        self.areas = Areas(np.zeros((P, G, G)), np.zeros((P, G)), np.zeros((P, G)), np.zeros((P, G, G)))
        self.week: Week = blank_week(self.people)
        self.weights = weights_of_others(self.place.counts.sum(axis=0))
        self._bits = _bits(parameters)
        self.small_groups = np.empty((0, 0), np.int32)
        self.reseated()

    def base(self, decision: Decision, name: str = "", slot: int = 0) -> np.uint64:
        """The base of this week's draws of a decision, for one occasion's slot."""
        return stream(self.seed, decision, self.clock, _key_of(name), slot)

    def convene(self, session: Session, displaces: Iterable[str] | None = ()) -> None:
        """Let a session take place this week; for an action, in its :meth:`Action.week`.

        All who come spend ``session.slots`` slots of the contact contexts ``displaces`` (None: any) on it, so that the
        session takes the place of other contact; see :meth:`take_away`.
        """
        self.sessions.append(session)
        if displaces != ():
            self.take_away(session.rows, session.encounters, displaces, session.name)

    def take_away(self, rows: NDArray[np.integer], slots: int | None, displaces: Iterable[str] | None,
                  name: str) -> None:
        """Let rows spend ``slots`` (None: all) of this week's slots of the contact contexts ``displaces`` elsewhere.

        Which slots is drawn for each person by ``name`` and week, also those that they would not have used.
        Raises KeyError for a contact context that the settings do not have.
        """
        names = self.parameters.settings.contact_contexts if displaces is None else dict.fromkeys(displaces)
        places = [(_key_of(name, context), number, bit) for context in names
                  for number, bit in enumerate(self._bits[context])]
        if places:
            take_away(self.week, self.people.uid, rows, slots, places, self.seed, self.clock)

    def reseated(self) -> None:
        """Note each row's small group in each setting again, after somebody changed seats."""
        columns = []
        for setting in self.settings.values():
            start = setting.partitions["small_group"].start
            small_group = np.searchsorted(start, setting.seat, side="right") - 1
            columns.append(np.where(setting.seat >= 0, small_group, -1))
        self.small_groups = np.stack(columns, axis=1).astype(np.int32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything that passes from week to week, by name: residents, seats and areas. Arrays are live."""
        arrays: dict[str, NDArray[Any]] = {
            f"people.{field.name}": getattr(self.people, field.name) for field in fields(self.people)}
        for name, setting in self.settings.items():
            arrays |= {f"occupant.{name}": setting.occupant, f"seat.{name}": setting.seat}
        return arrays | {f"areas.{name}": getattr(self.areas, name) for name in self.areas._fields}

    def restore(self, kept: dict[str, NDArray[Any]]) -> None:
        """Take over copies of the :meth:`arrays` of a world of the same place, parameters and seed.

        Raises ValueError, and leaves the state as it was, if names, shapes or types differ.
        """
        arrays = self.arrays()
        here, there = ({name: (a.shape, a.dtype) for name, a in of.items()} for of in (arrays, kept))
        if here != there:
            raise ValueError("arrays that do not fit this world")
        for name, array in arrays.items():
            array[...] = kept[name]
        self.reseated()

    def columns_by_name(self) -> dict[str, NDArray[Any]]:
        """The residents' columns and, as ``seat <setting>``, their seats. Arrays are live."""
        columns = {name: self.people.column(name) for name in self.people.column_names}
        return columns | {f"seat {name}": setting.seat for name, setting in self.settings.items()}

    def snapshot(self, names: Iterable[str] | None = None) -> Snapshot:
        """Copies of all that the rest of the week follows from, once its actions have been done.

        ``names`` are the columns to copy (None: all, and seats).
        """
        live = self.columns_by_name()
        columns = {name: live[name].copy() for name in (live if names is None else names)}
        return Snapshot(
            self.seed, self.clock, self.parameters,
            {name: setting.partitions for name, setting in self.settings.items()},
            columns | {"displaced": self.week.displaced.copy()},
            {name: setting.occupant.copy() for name, setting in self.settings.items()},
            self.areas.past.copy(), self.areas.message_effect.copy(), tuple(self.sessions),
            tuple(one for one in self.impulses if one.week == self.clock))

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Refuse every write to the arrays of the state, as while observers look: numpy raises ValueError."""
        arrays = [*self.arrays().values(), *self.week, self.small_groups, self.weights]
        for array in arrays:
            array.flags.writeable = False
        try:
            yield
        finally:
            for array in arrays:
                array.flags.writeable = True


def _bits(parameters: ModelParameters) -> dict[str, list[int]]:
    """The bits in ``Week.displaced`` of each occasion's slots, counted as in :mod:`contactsim.encounters.schedule`."""
    bits, first = {}, 0
    for name, context in parameters.settings.contact_contexts.items():
        bits[name] = list(range(first, first + context.encounters_per_week))
        first += context.encounters_per_week
    return bits
