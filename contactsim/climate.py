"""Climate: events that reach people without a meeting. For now shocks (A17), the only ones that may move
attitudes directly; how far ties soften them is measured, not coded."""

from __future__ import annotations

import numpy as np

from contactsim.errors import UserError, nearest
from contactsim.parameters import Shock
from contactsim.residents import Residents


def check_shocks(shocks: dict[str, Shock], groups: tuple[str, ...]) -> None:
    """Raise a UserError when a shock blames a group that the place does not have."""
    for name, shock in shocks.items():
        if shock.target not in groups:
            raise UserError(f"scenario.shocks.{name}.target={shock.target!r} is no group of this place; "
                            f"its groups are {', '.join(groups)}.{nearest(shock.target, groups)}")


def act(shocks: dict[str, Shock], week: int, people: Residents, groups: tuple[str, ...]) -> None:
    """Let this week's shocks move attitudes to their target, and the anxiety and threat of all others."""
    for shock in shocks.values():
        if shock.week == week:
            target = groups.index(shock.target)
            others = np.flatnonzero(people.active & (people.group != target))
            people.attitude[others, target] += shock.attitude * (-1.0 - people.attitude[others, target])
            people.anxiety[others] += shock.anxiety * (1.0 - people.anxiety[others])
            people.threat[others] += shock.threat * (1.0 - people.threat[others])
