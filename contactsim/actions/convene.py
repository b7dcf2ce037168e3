"""Convene: a programme that recruits people into teams, which meet on a calendar."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from contactsim.actions import recruitment
from contactsim.actions.base import Rows
from contactsim.actions.familiarity import HoursTogether
from contactsim.actions.placement import whole_classes
from contactsim.actions.sections import ConveneConfig, Phase
from contactsim.actions.sessions import LEISURE, LESSONS, Gatherer
from contactsim.draws import Decision
from contactsim.encounters.session import Session
from contactsim.state import State


@dataclass
class Intake:
    """People who begin the programme together."""

    number: int
    begins: int
    rows: Rows
    uid: NDArray[np.int32]
    team: NDArray[np.intp]
    teams: int
    never: NDArray[np.bool_]
    """enrolled, but never attending"""
    met: int = 0
    """sessions held"""
    own: HoursTogether = field(default_factory=HoursTogether)
    """hours in sessions of single teams: with the own team and its helpers"""
    wider: HoursTogether = field(default_factory=HoursTogether)
    """hours in sessions of several teams, whose members are new to each other when these begin"""


class Convene(Gatherer[ConveneConfig]):
    """A temporary setting. Whether a person applies, gets a place and attends is drawn for each."""

    Config = ConveneConfig

    def __init__(self, name: str, config: ConveneConfig) -> None:
        super().__init__(name, config)
        self.intakes: list[Intake] = []
        self._waiting: dict[int, tuple[int, int]] = {}  # row -> (uid, week from which it waits)

    def act(self, world: State) -> None:
        config, since = self.config, world.clock - self.config.start
        number, rest = divmod(since, config.interval)
        if rest == 0 and (config.intakes is None or number < config.intakes):
            self._begin(world, number)
        for intake in self.intakes:
            self._meet(world, intake)
        self.intakes = [one for one in self.intakes if world.clock + 1 < one.begins + config.length]

    def places(self, week: int) -> int:
        """Places of an intake that begins in this week."""
        config = self.config
        if config.grows_to is None:
            return config.capacity
        grown = min(1.0, (week - config.start) / config.grows_over)
        return round(config.capacity + grown * (config.grows_to - config.capacity))

    def _begin(self, world: State, number: int) -> None:
        config, candidates = self.config, self._candidates(world)
        places = min(self.places(world.clock), round(config.share * candidates.size))
        if not candidates.size:
            self.remark(world.clock, "nobody was eligible")
        elif candidates.size < config.team and places:
            self.remark(world.clock,
                        f"team={config.team} is larger than the {candidates.size} people it could be drawn from")
        if config.recruitment == "whole_class":
            rows, label, block = whole_classes(world, self.name, candidates, places, self.share_reached, config.link)
            self.note(world.clock, interested=rows.size)
            self.mark("interested", rows)
            if not rows.size and places:
                self.remark(world.clock, "no class could take part")
        else:
            rows = self._enrol(world, candidates, number, places)
            label, block = world.people.group[rows].astype(np.intp), np.zeros(rows.shape[0], np.intp)
        self.note(world.clock, enrolled=rows.size, waiting=len(self._waiting))
        if not rows.size:
            return
        priority = recruitment.keyed(world, Decision.TEAM, self.name, rows, number)
        team, teams = recruitment.deal(label, block, priority, config.team, config.mix == "mixed")
        never = recruitment.keyed(world, Decision.ATTENDS, self.name, rows, number) < config.no_show
        self.intakes.append(Intake(number, world.clock, rows, world.people.uid[rows].copy(), team, teams, never))

    def _candidates(self, world: State) -> Rows:
        """Rows that may take part and do not yet."""
        candidates = recruitment.eligible(world, self.config)
        taken = np.zeros(len(world.people), bool)
        for intake in self.intakes:
            taken[intake.rows] = True
        if not self.config.returns:
            taken |= self.attended > 0
        return candidates[~taken[candidates]]

    def _enrol(self, world: State, candidates: Rows, number: int, places: int) -> Rows:
        """The candidates who apply and get a place; the others go on the waiting list, if there is one."""
        config, people = self.config, world.people
        reached = recruitment.keyed(world, Decision.RECRUITED, self.name, candidates, 2 * number) < self.share_reached
        attitude, anxiety = config.attitude_coef, config.anxiety_coef
        if config.recruitment == "referred":  # self-selection plays no part
            attitude = anxiety = 0.0
        odds = np.exp(config.intercept + recruitment.self_selection(
            world, candidates, attitude, anxiety, config.no_outgroup_friend_coef))
        applies = recruitment.keyed(world, Decision.RECRUITED, self.name, candidates,
                                    2 * number + 1) * (1 + 1 / odds) < 1
        rows = candidates[reached & applies]
        self.note(world.clock, interested=rows.size)
        self.mark("interested", rows)
        since = self._since(world, rows, candidates)
        rows = np.flatnonzero(since < np.inf)
        priority = since[rows] + recruitment.keyed(world, Decision.TEAM, self.name, rows)
        chosen = rows[recruitment.shared_out(people.group[rows], priority, self._shares(world, candidates, rows),
                                             places)]
        self._waiting = {row: (int(people.uid[row]), int(since[row])) for row in rows.tolist()} if config.wait else {}
        for row in chosen.tolist():
            self._waiting.pop(row, None)
        return np.sort(chosen)

    def _since(self, world: State, rows: Rows, candidates: Rows) -> NDArray[np.float64]:
        """(N,) week in which each row applied: now, or earlier for those on the waiting list; inf for all others."""
        since = np.full(len(world.people), np.inf)
        since[rows] = world.clock
        able = np.zeros(len(world.people), bool)
        able[candidates] = True
        for row, (uid, week) in self._waiting.items():
            if able[row] and world.people.uid[row] == uid and world.clock - week <= self.config.wait:
                since[row] = week
        return since

    def _shares(self, world: State, candidates: Rows, rows: Rows) -> NDArray[np.float64]:
        """(groups,) share of the places for each group."""
        groups = world.people.groups
        if self.config.quota == "even":
            return np.full(groups, 1 / groups)
        of = rows if self.config.quota == "none" else candidates
        counts = np.bincount(world.people.group[of], minlength=groups).astype(float)
        if self.config.quota == "guests":
            counts[0], others = self.config.guests, counts[1:].sum()
            counts[1:] *= (1 - self.config.guests) / max(others, 1.0)
        return counts / max(counts.sum(), 1e-12)

    def _meet(self, world: State, intake: Intake) -> None:
        week, phase = world.clock - intake.begins, None
        for phase in self.config.phases:
            if week < phase.weeks:
                break
            week -= phase.weeks
        if phase is None or week % phase.every or not intake.rows.size:
            return
        people = world.people
        able = people.active[intake.rows] & (people.uid[intake.rows] == intake.uid) & ~intake.never
        able &= ~fully_away(world)[intake.rows]  # at another action; read before a first session takes the whole week
        for _ in range(phase.sessions):
            self._session(world, intake, phase, able)

    def _session(self, world: State, intake: Intake, phase: Phase, able: NDArray[np.bool_]) -> None:
        number, intake.met = intake.met, intake.met + 1
        usual = self.config.attendance if phase.attendance is None else phase.attendance
        rows = np.where(able & self.comes(world, intake.rows, usual, number), intake.rows, -1)
        if phase.whom == "parents":
            rows = recruitment.parents(world, rows)
        if not (rows >= 0).any():
            return  # no session with helpers alone
        seats = int(np.bincount(intake.team).max())
        members = np.union1d(rows, intake.rows)  # nobody helps where they are enrolled, even if absent today
        helpers = self.helpers(world, intake.teams, members, intake.number, number)
        occupant = np.full((intake.teams, seats + helpers.shape[1]), -1, np.int32)
        occupant[:, :seats] = recruitment.seated(intake.team, intake.teams, rows, seats).reshape(intake.teams, seats)
        occupant[:, seats:] = helpers
        occupant = _grouped(occupant, phase.scale, number)
        start = np.arange(occupant.shape[0] + 1, dtype=np.int64) * occupant.shape[1]
        apart = phase.scale == "team" or intake.teams < 2
        session = Session(f"{self.name}/{intake.number}/{number}", start, occupant.ravel(),
                          self.conditions(phase.conditions),
                          phase.encounters_per_session or self.config.encounters_per_session,
                          self.config.hours if phase.hours is None else phase.hours,
                          dilution=1.0 if apart else 1 / intake.teams)  # hours are spread over so many teams
        displaced = None if phase.displaces == "the_week" else LEISURE
        if self.config.recruitment == "whole_class" and phase.whom == "members" and displaced is not None:
            displaced = LESSONS
        self.hold(world, session, rows[rows >= 0], helpers[helpers >= 0], intake.teams,
                  intake.own if apart else intake.wider, displaced)


def fully_away(world: State) -> NDArray[np.bool_]:
    """(N,) whether an action already takes the whole week of each row."""
    most = sum(context.encounters_per_week for context in world.parameters.settings.contact_contexts.values())
    return np.asarray((most > 0) & (world.displaced == (1 << most) - 1))


def _grouped(teams: NDArray[np.int32], scale: str, turn: int) -> NDArray[np.int32]:
    """(groups that meet, seats) rows when teams meet separately, in pairs (new ones in each turn) or all together."""
    number, seats = teams.shape
    if scale == "team" or number < 2:
        return teams
    if scale == "all":
        return teams.reshape(1, -1)
    order = np.arange(number + number % 2)
    order[1:] = np.roll(order[1:], turn)  # a round robin: the first stays, the others move on
    half = order.shape[0] // 2
    padded = np.vstack([teams, np.full((number % 2, seats), -1, np.int32)])
    return np.hstack([padded[order[:half]], padded[order[half:][::-1]]])

