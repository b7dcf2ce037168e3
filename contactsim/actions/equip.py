"""Equip: improve the reach, quality or duration of other actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from contactsim.actions.base import Action
from contactsim.actions.sections import EquipConfig
from contactsim.errors import UserError, nearest
from contactsim.state import State


class Equip(Action[EquipConfig]):
    """Training and resources for other actions; the improvement is permanent."""

    Config = EquipConfig

    def __init__(self, name: str, config: EquipConfig) -> None:
        super().__init__(name, config)
        self.targets: list[Action[Any]] = []
        self._given = False

    def connect(self, actions: Sequence[Action[Any]]) -> None:
        """Find its targets among all actions of the run. Raises UserError for a name that does not exist."""
        names = [action.name for action in actions]
        for name in self.config.targets:
            if name not in names:
                raise UserError(f"actions.{self.name}.targets={name} is no action of this run; there are "
                                f"{', '.join(names)}.{nearest(name, names)}")
        family = self.name.rpartition(".")[0] or self.name
        self.targets = [action for action in actions if action.name in self.config.targets
                       or (not self.config.targets and action.name.split(".")[0] != family)]
        if not self.targets:
            self.notes.append("there is no other action that it could improve")

    def act(self, world: State) -> None:
        if self._given:
            return
        self._given = True
        for action in {one.name: one for target in self.targets for one in target.members()}.values():
            action.reach *= self.config.reach
            action.quality += self.config.quality
            action.life += self.config.life
        self.note(world.clock, sessions=1)
