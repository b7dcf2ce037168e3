"""Common parts of all actions with sessions: attendance, helpers, and holding a session."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from contactsim.actions import recruitment
from contactsim.actions.base import Action, Rows
from contactsim.actions.familiarity import HoursTogether
from contactsim.actions.schema import Audience, Gathering
from contactsim.draws import Decision, uniforms
from contactsim.encounters.session import Session
from contactsim.parameters import Conditions
from contactsim.place import Place
from contactsim.residents import KNOWS_BETTER
from contactsim.state import State

G = TypeVar("G", bound=Gathering)
#: Allport's conditions, which the mechanism ``equip`` can raise.
QUALITIES = ("equal_status", "common_goals", "cooperation", "support")
#: Settings of leisure, whose hours a session displaces for all but whole classes; work and school go on ...
LEISURE = frozenset({"street", "public", "association", "ties"})
#: ... and of lessons, whose hours it displaces for whole classes.
LESSONS = frozenset({"school"})


class Gatherer(Action[G]):
    """An action whose participants meet in sessions."""

    def __init__(self, name: str, config: G) -> None:
        super().__init__(name, config)
        self._helping: dict[int, tuple[int, Rows, NDArray[np.int32]]] = {}

    def check(self, place: Place) -> None:
        recruitment.check(self.name, self.config, place)

    def comes(self, world: State, rows: Rows, usual: float | NDArray[np.float64],
              session: int = 0) -> NDArray[np.bool_]:
        """(rows,) whether each attends this week: the ``usual`` chance, for all or of each, times a factor of the week.

        With ``recruitment: drop_in`` the chance is also multiplied by sociability.
        """
        base = world.base(Decision.ATTENDS, self.name, session)
        swing = 1 + self.config.varies * (2 * float(uniforms(base, [2**62])[0]) - 1)
        chance = np.full(rows.shape[0], swing) * usual
        if self.config.recruitment == "drop_in":
            chance *= world.people.sociability[rows]
        return np.asarray(uniforms(base, world.people.uid[rows]) < chance)

    def helpers(self, world: State, teams: int, busy: NDArray[np.integer], intake: int = 0,
                met: int = 0) -> NDArray[np.int32]:
        """(teams, number) rows of the helpers of an intake after ``met`` sessions; -1 for those who are absent.

        Helpers serve the number of sessions in their section; ``busy`` rows cannot help.
        """
        config, people = self.config.helpers, world.people
        if not config.number:
            return np.empty((teams, 0), np.int32)
        turn = met // config.sessions if config.sessions else 0
        if intake not in self._helping or self._helping[intake][0] != turn:
            able = recruitment.eligible(world, Audience(mechanism="", ages=config.ages, groups=config.groups))
            able = np.setdiff1d(able, busy, assume_unique=True)
            weight = recruitment.self_selection(world, able, config.attitude_coef, 0.0)
            rows = recruitment.chosen(world, f"{self.name}/helpers", able, weight, teams * config.number,
                                      (intake << 20) + turn)
            self._helping[intake] = turn, rows, people.uid[rows].copy()
        _, rows, uid = self._helping[intake]
        there = uniforms(world.base(Decision.ATTENDS, f"{self.name}/helpers"), uid) < config.attendance
        there &= people.active[rows] & (people.uid[rows] == uid) & ~np.isin(rows, busy)
        seats = np.full(teams * config.number, -1, np.int32)
        seats[:rows.shape[0]] = np.where(there, rows, -1)
        return seats.reshape(config.number, teams).T

    def conditions(self, own: Conditions | None = None) -> Conditions:
        """The conditions of a session, raised by actions that equip this one."""
        at = own or self.config.conditions
        if not self.quality:
            return at
        return at.model_copy(update={name: min(1.0, getattr(at, name) + self.quality) for name in QUALITIES})

    def hold(self, world: State, session: Session, came: NDArray[np.integer], helpers: NDArray[np.integer],
             meetings: int, company: HoursTogether, displaced: frozenset[str] | None = LEISURE) -> None:
        """Hold a session: encounters, gains, corrected rumours, and the counts of the ledger.

        Its hours are added to those that its members have spent with the ``company``. It displaces as many hours of
        ordinary contact in the settings ``displaced``, or the whole week (None).
        """
        uid, present = world.people.uid, session.rows
        known = replace(session, hours_before=company.seats(uid, session.occupant))
        company.add(uid[present], session.hours)
        if displaced is None:
            world.displace(present, None, None, session.name)
        contexts = world.parameters.settings.contact_contexts.items()
        world.convene(known, tuple(name for name, one in contexts if one.setting in (displaced or ())))
        for name, share in self.config.gains.items():
            column = world.people.column(name)
            column[came] += column.dtype.type(share) * (1 - column[came])
        if self.config.corrects:
            draw = uniforms(world.base(Decision.MESSAGE, self.name), world.people.uid[came])
            world.people.rumour[came[draw < self.config.corrects]] = KNOWS_BETTER
        self.record_attendance(came)
        self.mark("staff", helpers)
        self.note(world.clock, attended=came.shape[0], staff=helpers.shape[0], sessions=meetings)
