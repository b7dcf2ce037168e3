"""Speak: messages, campaigns and rumours, which reach people without an encounter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from contactsim import messages
from contactsim.actions import recruitment
from contactsim.actions.base import Action, Rows
from contactsim.actions.schema import Audience
from contactsim.draws import Decision, uniforms
from contactsim.parameters import parameter
from contactsim.place import Place
from contactsim.residents import KNOWS_BETTER
from contactsim.state import State


class SpeakConfig(Audience):
    """A message that is repeated."""

    every: int = parameter(4, 1, 520, "weeks", "assumed", "from one message to the next")
    concerns: list[str] = Field(default=[recruitment.OTHERS], description="groups that the message is about")
    threat: float = parameter(
        0.0, 0, messages.LARGEST_EFFECT, "SD", "assumed", "by which it lowers the threat of recipients of other groups",
        "A4: most")
    anxiety: float = parameter(
        0.0, 0, messages.LARGEST_EFFECT, "SD", "assumed",
        "by which it lowers the anxiety of recipients of other groups", "A4: most")
    norm: float = parameter(
        0.0, 0, messages.LARGEST_EFFECT, "SD", "assumed", "by which it raises the perceived norm of those groups",
        "A4: most")
    fades: float = parameter(0.05, 0, 1, "per week", "assumed", "fading of its effect on norms")
    recognition: float = parameter(
        0.0, 0, 1, "share", "assumed", "by which it lowers the felt stigma of recipients of the groups concerned")
    responds: float = parameter(
        0.0, 0, 1, "chance", "assumed", "that a recipient of the groups concerned responds to its call")
    joins: float = parameter(0.0, 0, 1, "chance", "assumed", "that another recipient responds")
    capacity: int | None = parameter(
        None, 0, 10_000_000, "people", "assumed", "people who can respond; null for no limit")
    civic: float = parameter(
        0.0, 0, 1, "share", "assumed", "of the distance to 1, gain in civic participation of those who respond")
    corrects: float = parameter(0.0, 0, 1, "chance", "assumed", "that a recipient disbelieves the rumour from then on")
    rumour: messages.Rumour | None = Field(default=None, description="a rumour that starts with the first message")

    @property
    def only_speaks(self) -> bool:
        return True


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
