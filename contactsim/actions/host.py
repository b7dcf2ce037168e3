"""Host: a venue that is open to its target group, such as a community centre."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contactsim.actions import recruitment
from contactsim.actions.base import Rows
from contactsim.actions.familiarity import HoursTogether, chance_of_return
from contactsim.actions.sections import HostConfig
from contactsim.actions.sessions import Gatherer
from contactsim.draws import Decision, uniforms
from contactsim.encounters.session import Session
from contactsim.residents import WEEKS_A_YEAR
from contactsim.state import State


class Host(Gatherer[HostConfig]):
    """A lasting setting. Attendance is drawn for each opening; those without a seat go home."""

    Config = HostConfig

    def __init__(self, name: str, config: HostConfig) -> None:
        super().__init__(name, config)
        self._rows: Rows = np.empty(0, np.intp)
        self._uid = np.empty(0, np.int32)
        self._usual = np.empty(0)  # chance of attending of each
        self._company = HoursTogether()
        self._recruited = -WEEKS_A_YEAR

    def stopped(self, week: int) -> bool:
        return super().stopped(week) and not self.config.rooms_after_cut

    def act(self, world: State) -> None:
        config = self.config
        if (world.clock - config.start) % config.every:
            return
        if world.clock - self._recruited >= WEEKS_A_YEAR:
            self._recruit(world)
        people, rows = world.people, self._rows
        if not rows.size:
            return
        here = people.active[rows] & (people.uid[rows] == self._uid) & self.comes(world, rows, self._usual)
        rows = rows[here]
        rooms = config.rooms_after_cut if super().stopped(world.clock) else config.rooms
        seats = self._seat(world, rows, rooms)
        came = seats[seats >= 0]
        self.note(world.clock, waiting=rows.shape[0] - came.shape[0])
        if config.whom == "parents":
            seats = recruitment.parents(world, seats).astype(np.int32)
            came = seats[seats >= 0]
        seats = seats.reshape(rooms, config.room)
        helpers = self.helpers(world, 1, came, self._recruited, len(self.ledger))[0]
        places = np.full((-(-helpers.size // rooms), rooms), -1, np.int32)  # helpers spread over the rooms
        places.ravel()[:helpers.size] = helpers
        seats = np.hstack([seats, places.T])
        start = np.arange(rooms + 1, dtype=np.int64) * seats.shape[1]
        session = Session(self.name, start, seats.ravel(), self.conditions(), config.encounters_per_session,
                          config.hours, dilution=chance_of_return(self._usual))
        self.hold(world, session, came, helpers[helpers >= 0], 1, self._company)

    def _recruit(self, world: State) -> None:
        """Draw the regulars of the coming year from the target group, with weights; the first of them are the core."""
        config, candidates = self.config, recruitment.eligible(world, self.config)
        if not candidates.size:
            self.remark(world.clock, "nobody was eligible")
        belong = world.people.belonging[candidates] - world.parameters.psychology.belonging_rest
        weight = recruitment.self_selection(world, candidates, config.attitude_coef, config.anxiety_coef,
                                            config.no_outgroup_friend_coef) + config.belonging_coef * belong
        wanted = round(config.regulars * self.raised_reach)
        keenest_first = recruitment.chosen(world, self.name, candidates, weight, wanted)
        core = np.arange(keenest_first.size) < round(config.core * keenest_first.size)
        order = np.argsort(keenest_first)
        self._rows, self._usual = keenest_first[order], np.where(core, config.faithful, config.attendance)[order]
        self._uid, self._recruited = world.people.uid[self._rows].copy(), world.clock
        self.mark("interested", self._rows)
        self.note(world.clock, interested=self._rows.size, enrolled=self._rows.size)

    def _seat(self, world: State, rows: Rows, rooms: int) -> NDArray[np.int32]:
        """(rooms * room,) row in each seat, near the usual seat of each; -1 for an empty one.

        If more people come than fit, draws decide who goes home. In a reserved room only its group sits.
        """
        config, people = self.config, world.people
        occupant = np.full(rooms * config.room, -1, np.int32)
        room = np.arange(occupant.size) // config.room
        reserved = np.where(room < round(config.bonding * rooms), (world.clock + room) % people.groups, -1)
        common = np.flatnonzero(reserved < 0)
        chance = uniforms(world.base(Decision.TEAM, self.name), people.uid[rows])
        usual = recruitment.keyed(world, Decision.TEAM, self.name, rows)
        left = np.argsort(chance, kind="stable")
        for group in np.unique(reserved[reserved >= 0]):
            own = np.flatnonzero(reserved == group)
            alike = left[(people.group[rows[left]] == group) & (chance[left] * (own.size + common.size) < own.size)]
            alike = alike[:own.size]
            occupant[own[nearest_free(usual[alike], own.size)]] = rows[alike]
            left = left[~np.isin(left, alike)]
        left = left[:common.size]
        occupant[common[nearest_free(usual[left], common.size)]] = rows[left]
        return occupant


def nearest_free(usual: NDArray[np.float64], seats: int) -> NDArray[np.intp]:
    """A seat for each of at most ``seats`` people: the usual one (as a share, 0-1, of all), or the next free one.

    One more visitor thus moves only the neighbours in the seats that follow.
    """
    order = np.argsort(usual, kind="stable")
    number = np.arange(order.size)
    place = np.maximum.accumulate((usual[order] * seats).astype(np.intp) - number) + number
    over = place >= seats
    free = np.ones(seats, bool)
    free[place[~over]] = False
    place[over] = np.flatnonzero(free)[:over.sum()]
    seat = np.empty(order.size, np.intp)
    seat[order] = place
    return seat
