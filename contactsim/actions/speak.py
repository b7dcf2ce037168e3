"""Speak: reach people without a meeting."""

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

    every: int = parameter(4, 1, 520, "weeks", "assumed", "from one telling to the next")
    concerns: list[str] = Field(default=[recruitment.OTHERS], description="groups that it is about")
    threat: float = parameter(
        0.0, 0, messages.LARGEST_EFFECT, "SD", "assumed", "by which it lowers the threat that listeners of other groups feel",
        "A4: most")
    anxiety: float = parameter(
        0.0, 0, messages.LARGEST_EFFECT, "SD", "assumed", "by which it lowers the anxiety of listeners of other groups",
        "A4: most")
    norm: float = parameter(
        0.0, 0, messages.LARGEST_EFFECT, "SD", "assumed", "by which it warms what those groups seem to think", "A4: most")
    fades: float = parameter(0.05, 0, 1, "per week", "assumed", "fading of what it adds to norms")
    recognition: float = parameter(
        0.0, 0, 1, "share", "assumed", "by which it lowers the felt stigma of listeners whom it is about")
    responds: float = parameter(0.0, 0, 1, "chance", "assumed", "a listener whom it is about does what it asks for")
    joins: float = parameter(0.0, 0, 1, "chance", "assumed", "another listener does")
    capacity: int | None = parameter(None, 0, 10_000_000, "people", "assumed", "who can do so; null for any number")
    civic: float = parameter(0.0, 0, 1, "share", "assumed", "of the way to 1: civic participation of those who do")
    corrects: float = parameter(0.0, 0, 1, "chance", "assumed", "a listener knows better than the rumour from then on")
    rumour: messages.Rumour | None = Field(default=None, description="a rumour that begins with the first telling")

    @property
    def only_speaks(self) -> bool:
        return True


class Speak(Action[SpeakConfig]):
    """A message moves threat, anxiety, felt stigma, civic participation and belief in a rumour; never an attitude."""

    Config = SpeakConfig

    def __init__(self, name: str, config: SpeakConfig) -> None:
        super().__init__(name, config)
        self._said: dict[str, NDArray[np.float64]] = {}
        self._norm: NDArray[np.float64] | None = None
        self._done = np.empty(0, np.intp)

    def check(self, place: Place) -> None:
        recruitment.check(self.name, self.config, place)
        recruitment.check_groups(f"actions.{self.name}.concerns", self.config.concerns, place)

    def fade(self, world: State) -> None:
        for name, said in self._said.items():
            said *= 1 - getattr(world.parameters.psychology, f"{name}_drift")
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
            self._tell(world, about)

    def _about(self, world: State) -> NDArray[np.bool_]:
        """(N,) who is of a group that the message is about."""
        return np.isin(world.people.group, recruitment.group_numbers(world.place, self.config.concerns))

    def _tell(self, world: State, about: NDArray[np.bool_]) -> None:
        config, people = self.config, world.people
        candidates = recruitment.eligible(world, config)
        base = world.base(Decision.MESSAGE, self.name)
        rows = candidates[uniforms(base, people.uid[candidates]) < self.share_reached]
        if not candidates.size:
            self.remark(world.clock, "nobody was eligible")
        theirs, others = rows[about[rows]], rows[~about[rows]]
        for name, strength in (("threat", config.threat), ("anxiety", config.anxiety)):
            if strength and others.size:
                said = self._said.setdefault(name, np.zeros(len(people)))
                messages.ease(people, name, others, strength, said)
        if config.norm and others.size:
            self._norm = np.zeros_like(world.areas.message_effect) if self._norm is None else self._norm
            where = recruitment.neighbourhoods_of(world, config)
            messages.warm(world, where, about, config.norm * self.share_reached, self._norm)
        if config.recognition:
            people.stigma[theirs] *= np.float32(1 - config.recognition)
        if config.corrects:
            told = uniforms(world.base(Decision.MESSAGE, f"{self.name}/corrects"), people.uid[rows]) < config.corrects
            people.rumour[rows[told]] = KNOWS_BETTER
        done = self._respond(world, rows, about)
        people.civic[done] += np.float32(config.civic) * (1 - people.civic[done])
        self.came(rows)
        self.note(world.clock, attended=rows.size, enrolled=done.size, sessions=1)

    def _respond(self, world: State, rows: Rows, about: NDArray[np.bool_]) -> Rows:
        """Who does what is asked for, each person once."""
        config, left = self.config, np.setdiff1d(rows, self._done)
        chance = np.where(about[left], config.responds, config.joins)
        draw = uniforms(world.base(Decision.MESSAGE, f"{self.name}/responds"), world.people.uid[left])
        yes = np.flatnonzero(draw < chance)
        places = yes.size if config.capacity is None else max(0, config.capacity - self._done.size)
        done = np.sort(left[yes[np.argsort(draw[yes] / chance[yes], kind="stable")[:places]]])
        self._done = np.concatenate([self._done, done])
        self.mark("interested", done)
        return done
