"""Level: change the circumstances of people: status, skills, work, school seats, housing."""

from __future__ import annotations

import numpy as np

from contactsim import demography
from contactsim.actions import placement, recruitment
from contactsim.actions.base import Action, Rows
from contactsim.actions.sections import LevelConfig
from contactsim.draws import Decision, uniforms
from contactsim.place import Place
from contactsim.settings.seating import WORK_AGES
from contactsim.state import State


class Level(Action[LevelConfig]):
    """Changes status, language, civic participation, negative exposure, seats, dwellings or perceived change."""

    Config = LevelConfig

    def __init__(self, name: str, config: LevelConfig) -> None:
        super().__init__(name, config)
        self._jobs = np.empty(0, np.intp)
        self._uid = np.empty(0, np.int64)

    def check(self, place: Place) -> None:
        recruitment.check(self.name, self.config, place)

    def act(self, world: State) -> None:
        self._restore_jobs(world)
        if (world.clock - self.config.start) % self.config.every:
            return
        if self.config.dampen_change:
            self._dampen(world)
            return
        candidates = recruitment.eligible(world, self.config)
        if not candidates.size:
            self.remark(world.clock, "nobody was eligible")
        if self.config.once or self.config.employ:
            candidates = candidates[self.attended[candidates] == 0]
        if self.config.rehouse:  # a household decides, by its first member
            candidates = np.intersect1d(candidates, world.people.household_start[:-1])
        draw = uniforms(world.base(Decision.RECRUITED, self.name), world.people.uid[candidates])
        rows = candidates[np.argsort(draw, kind="stable")[:(draw < self.share_reached).sum()]]
        rows = self._change(world, np.sort(rows[:self._left()]))
        self.record_attendance(rows)
        self.note(world.clock, attended=rows.size, sessions=1)

    def _left(self) -> int | None:
        """Places that are left; None for no limit."""
        return None if self.config.capacity is None else max(0, self.config.capacity - self.head_count())

    def _change(self, world: State, rows: Rows) -> Rows:
        """Change the circumstances of the rows; returns those that changed."""
        config, people = self.config, world.people
        if config.employ:
            rows = placement.employ(world, self.name, rows)
            self._jobs, self._uid = np.append(self._jobs, rows), np.append(self._uid, people.uid[rows])
        if config.reassigns is not None:
            rows = placement.reassign(world, self.name, config.reassigns, rows, config.within)
        if config.rehouse:
            moved = demography.offer(world, self.name, people.household[rows].astype(np.intp))
            rows = people.household_start[moved].astype(np.intp)
        for name, share in config.gains.items():
            column = people.column(name)
            column[rows] += column.dtype.type(share) * (1 - column[rows])
        if config.close_status_gap:
            first = float(people.status[people.active & (people.group == 0)].mean())
            people.status[rows] += config.close_status_gap * np.maximum(0.0, first - people.status[rows])
        if config.reduce_negative_exposure:
            people.negative_exposure[rows[self.attended[rows] == 0]] -= config.reduce_negative_exposure
        return rows

    def _restore_jobs(self, world: State) -> None:
        """Find new jobs for those who lost theirs when seats at work were assigned anew at the turn of a year."""
        people, rows = world.people, self._jobs
        lost = people.active[rows] & (people.uid[rows] == self._uid) & (world.settings["work"].seat[rows] < 0)
        lost &= people.age[rows] < WORK_AGES[1]
        if lost.any():
            placement.employ(world, f"{self.name}/again", rows[lost])

    def _dampen(self, world: State) -> None:
        """Move the remembered composition of areas towards the present one, so that people perceive less change."""
        chosen = recruitment.neighbourhoods_of(world, self.config)
        by = self.config.dampen_change * self.share_reached
        world.areas.past[chosen] += by * (world.areas.share[chosen] - world.areas.past[chosen])
        self.note(world.clock, sessions=1)
