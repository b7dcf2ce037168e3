"""Equip: raise the reach, the quality or the life of other actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from contactsim.actions.base import Action
from contactsim.actions.schema import ActionSection
from contactsim.errors import UserError, nearest
from contactsim.parameters import parameter
from contactsim.state import State


class EquipConfig(ActionSection):
    """What other actions gain, from its first week on."""

    targets: list[str] = Field(default=[], description="names of the actions it helps; empty for all others")
    reach: float = parameter(1.0, 0, 10, "factor", "assumed", "on the reach of those actions")
    quality: float = parameter(0.0, 0, 1, "0-1", "assumed", "added to each of Allport's conditions of their sessions")
    life: int = parameter(0, 0, 5200, "weeks", "assumed", "by which they last longer")


class Equip(Action[EquipConfig]):
    """What people learn stays with the actions they carry on."""

    Config = EquipConfig

    def __init__(self, name: str, config: EquipConfig) -> None:
        super().__init__(name, config)
        self.helped: list[Action[Any]] = []
        self._given = False

    def meet(self, actions: Sequence[Action[Any]]) -> None:
        """Find those it helps among all actions of the run. Raises UserError for a name that is not there."""
        names = [action.name for action in actions]
        for name in self.config.targets:
            if name not in names:
                raise UserError(f"actions.{self.name}.targets={name} is no action of this run; there are "
                                f"{', '.join(names)}.{nearest(name, names)}")
        family = self.name.rpartition(".")[0] or self.name
        self.helped = [action for action in actions if action.name in self.config.targets
                       or (not self.config.targets and action.name.split(".")[0] != family)]
        if not self.helped:
            self.notes.append("there is no other action that it could help")

    def act(self, world: State) -> None:
        if self._given:
            return
        self._given = True
        for action in {one.name: one for helped in self.helped for one in helped.members()}.values():
            action.reach *= self.config.reach
            action.quality += self.config.quality
            action.life += self.config.life
        self.note(world.clock, sessions=1)
