"""Speak: messages, campaigns and rumours, which reach people without an encounter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contactsim import messages
from contactsim.actions import recruitment
from contactsim.actions.base import Action, Rows
from contactsim.actions.sections import SpeakConfig
from contactsim.draws import Decision, uniforms
from contactsim.place import Place
from contactsim.residents import KNOWS_BETTER
from contactsim.state import State


class Speak(Action[SpeakConfig]):
    """A message changes threat, anxiety, norms, felt stigma, civic participation or belief in a rumour; no attitude."""

    Config = SpeakConfig

    def __init__(self, name: str, config: SpeakConfig) -> None:
        super().__init__(name, config)
        self._effect: dict[str, NDArray[np.float64]] = {}
        self._norm: NDArray[np.float64] | None = None
        self._done = np.empty(0, np.intp)

    def check(self, place: Place) -> None:
        recruitment.check(self.name, self.config, place)
        recruitment.check_groups(f"actions.{self.name}.concerns", self.config.concerns, place)

    def fade(self, world: State) -> None:
        for name, effect in self._effect.items():
            effect *= 1 - getattr(world.parameters.psychology, f"{name}_drift")
        if self._norm is not None:
            messages.fade(world, self._norm, self.config.fades)

    def act(self, world: State) -> None:
        config = self.config
        about = self._about(world)
        if config.rumour is not None:
            able = np.flatnonzero(world.people.active & ~about)
            if world.clock == config.start:
                share = config.rumour.begins * self.share_reached
                messages.believe(world.people, able[recruitment.keyed(world, Decision.RUMOUR, self.name, able) < share])
            messages.spread(world, config.rumour, able, self.name)
        if (world.clock - config.start) % config.every == 0:
            self._send(world, about)

    def _about(self, world: State) -> NDArray[np.bool_]:
        """(N,) whether each row belongs to a group that the message is about."""
        return np.isin(world.people.group, recruitment.group_numbers(world.place, self.config.concerns))

    def _send(self, world: State, about: NDArray[np.bool_]) -> None:
        config, people = self.config, world.people
        candidates = recruitment.eligible(world, config)
        base = world.base(Decision.MESSAGE, self.name)
        rows = candidates[uniforms(base, people.uid[candidates]) < self.share_reached]
        if not candidates.size:
            self.remark(world.clock, "nobody was eligible")
        theirs, others = rows[about[rows]], rows[~about[rows]]
        for name, strength in (("threat", config.threat), ("anxiety", config.anxiety)):
            if strength and others.size:
                effect = self._effect.setdefault(name, np.zeros(len(people)))
                messages.ease(people, name, others, strength, effect)
        if config.norm and others.size:
            self._norm = np.zeros_like(world.areas.message_effect) if self._norm is None else self._norm
            where = recruitment.neighbourhoods_of(world, config)
            messages.warm(world, where, about, config.norm * self.share_reached, self._norm)
        if config.recognition:
            people.stigma[theirs] *= np.float32(1 - config.recognition)
        if config.corrects:
            corrected = uniforms(world.base(Decision.MESSAGE, f"{self.name}/corrects"),
                                 people.uid[rows]) < config.corrects
            people.rumour[rows[corrected]] = KNOWS_BETTER
        done = self._respond(world, rows, about)
        people.civic[done] += np.float32(config.civic) * (1 - people.civic[done])
        self.record_attendance(rows)
        self.note(world.clock, attended=rows.size, enrolled=done.size, sessions=1)

    def _respond(self, world: State, rows: Rows, about: NDArray[np.bool_]) -> Rows:
        """Rows that respond to the call, each person once."""
        config, left = self.config, np.setdiff1d(rows, self._done)
        chance = np.where(about[left], config.responds, config.joins)
        draw = uniforms(world.base(Decision.MESSAGE, f"{self.name}/responds"), world.people.uid[left])
        yes = np.flatnonzero(draw < chance)
        places = yes.size if config.capacity is None else max(0, config.capacity - self._done.size)
        done = np.sort(left[yes[np.argsort(draw[yes] / chance[yes], kind="stable")[:places]]])
        self._done = np.concatenate([self._done, done])
        self.mark("interested", done)
        return done
