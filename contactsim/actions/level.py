"""Level: change where people stand, what they can do, and where they are."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field, field_validator

from contactsim import demography
from contactsim.actions import placement, recruitment
from contactsim.actions.base import Action, Rows
from contactsim.actions.schema import Audience, check_gains
from contactsim.draws import Decision, uniforms
from contactsim.parameters import parameter
from contactsim.place import Place
from contactsim.settings.seating import WORK_AGES
from contactsim.state import State


class LevelConfig(Audience):
    """Ground that is levelled, again and again, for those whom it is for."""

    every: int = parameter(1, 1, 520, "weeks", "assumed", "from one time to the next")
    capacity: int | None = parameter(None, 0, 10_000_000, "people", "assumed", "people in all; null for any number")
    once: bool = Field(default=False, description="each person at most once")
    gains: dict[str, float] = Field(
        default={}, description="language, standing or civic gained each time: share of the way to 1")
    catches_up: float = parameter(
        0.0, 0, 1, "share", "assumed", "of the way to the first group's mean standing, for those below it")
    protects: float = parameter(
        0.0, 0, 5, "log odds", "assumed", "by which it lowers the exposure to negative events, once for each person")
    jobs: bool = Field(default=False, description="finds a seat at work for those without one")
    reassigns: Literal["school", "work"] | None = Field(
        default=None, description="gives seats out anew among those reached, whoever they are")
    within: Literal["quarter", "place"] = Field(default="quarter", description="among whom: of one quarter or of all")
    homes: bool = Field(
        default=False, description="helps households to a dwelling where their own group is rarer, if they find one")
    cushions: float = parameter(
        0.0, 0, 1, "share", "assumed", "of a change in composition that is no longer felt, since services keep pace")

    @field_validator("gains")
    @classmethod
    def _gains(cls, gains: dict[str, float]) -> dict[str, float]:
        return check_gains(gains)


class Level(Action[LevelConfig]):
    """Moves standing, language, civic participation, exposure, seats, dwellings or the sense of change."""

    Config = LevelConfig

    def __init__(self, name: str, config: LevelConfig) -> None:
        super().__init__(name, config)
        self._jobs = np.empty(0, np.intp)
        self._uid = np.empty(0, np.int64)

    def check(self, place: Place) -> None:
        recruitment.check(self.name, self.config, place)

    def act(self, world: State) -> None:
        self._keep_jobs(world)
        if (world.clock - self.config.start) % self.config.every:
            return
        if self.config.cushions:
            self._cushion(world)
            return
        pool = recruitment.eligible(world, self.config)
        if not pool.size:
            self.remark(world.clock, "nobody was eligible")
        if self.config.once or self.config.jobs:
            pool = pool[self.attended[pool] == 0]
        if self.config.homes:  # a household decides, by its first member
            pool = np.intersect1d(pool, world.people.household_start[:-1])
        draw = uniforms(world.base(Decision.RECRUITED, self.name), world.people.uid[pool])
        rows = pool[np.argsort(draw, kind="stable")[:(draw < self.share_reached).sum()]]
        rows = self._change(world, np.sort(rows[:self._left()]))
        self.came(rows)
        self.note(world.clock, attended=rows.size, sessions=1)

    def _left(self) -> int | None:
        """How many more it can take; None for any number."""
        return None if self.config.capacity is None else max(0, self.config.capacity - self.heads())

    def _change(self, world: State, rows: Rows) -> Rows:
        """Level the ground for the rows; returns those for whom something changed."""
        config, people = self.config, world.people
        if config.jobs:
            rows = placement.employ(world, self.name, rows)
            self._jobs, self._uid = np.append(self._jobs, rows), np.append(self._uid, people.uid[rows])
        if config.reassigns is not None:
            rows = placement.reassign(world, self.name, config.reassigns, rows, config.within)
        if config.homes:
            moved = demography.offer(world, self.name, people.household[rows].astype(np.intp))
            rows = people.household_start[moved]
            if moved.size:
                world.reseated()
        for name, share in config.gains.items():
            column = people.column(name)
            column[rows] += column.dtype.type(share) * (1 - column[rows])
        if config.catches_up:
            first = float(people.standing[people.active & (people.group == 0)].mean())
            people.standing[rows] += config.catches_up * np.maximum(0.0, first - people.standing[rows])
        if config.protects:
            people.exposure[rows[self.attended[rows] == 0]] -= config.protects
        return rows

    def _keep_jobs(self, world: State) -> None:
        """The yearly new seats send home who had no work at the start: those placed here go back to work."""
        people, rows = world.people, self._jobs
        lost = people.active[rows] & (people.uid[rows] == self._uid) & (world.settings["work"].seat[rows] < 0)
        lost &= people.age[rows] < WORK_AGES[1]
        if lost.any():
            placement.employ(world, f"{self.name}/again", rows[lost])

    def _cushion(self, world: State) -> None:
        """Where services keep pace, people compare with a past that is nearer to the present."""
        chosen = recruitment.neighbourhoods_of(world, self.config)
        by = self.config.cushions * self.share_reached
        world.areas.past[chosen] += by * (world.areas.share[chosen] - world.areas.past[chosen])
        self.note(world.clock, sessions=1)
