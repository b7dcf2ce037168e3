"""Mechanisms by name, including those of other packages, and actions built from their sections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import combinations
from typing import Any

from contactsim.actions.base import Action
from contactsim.actions.convene import Convene
from contactsim.actions.equip import Equip
from contactsim.actions.host import Host
from contactsim.actions.level import Level
from contactsim.actions.plan import Plan
from contactsim.actions.schema import ActionSection, Audience
from contactsim.actions.sections import entry_points
from contactsim.actions.speak import Speak
from contactsim.errors import UserError
from contactsim.parameters import ModelParameters
from contactsim.place import Place

#: The mechanisms that come with contactsim; :data:`contactsim.actions.sections.BUILTIN` has their fields.
MECHANISMS: dict[str, type[Action[Any]]] = {
    "convene": Convene, "host": Host, "speak": Speak, "level": Level, "equip": Equip, "plan": Plan}
#: Weeks that are checked for conflicts; later on, those who are already displaced cannot attend.
HORIZON = 520


@cache
def mechanisms() -> dict[str, type[Action[Any]]]:
    """All mechanisms by name; other packages add theirs as entry points ``contactsim.mechanisms``."""
    return {**MECHANISMS, **{point.name: point.load() for point in entry_points()}}


def build(configs: Mapping[str, ActionSection], place: Place, parameters: ModelParameters) -> list[Action[Any]]:
    """The actions of a run, for one world. Raises UserError if one does not fit the place."""
    return prepared([make(name, config) for name, config in configs.items()], place)


def prepared(actions: list[Action[Any]], place: Place) -> list[Action[Any]]:
    """The same actions, checked against the place and each other. Raises UserError if one does not fit."""
    for action in actions:
        action.check(place)
    members = [one for action in actions for one in action.members()]
    for one in members:
        one.connect(members)
    check_conflicts(members)
    return actions


def make(name: str, config: ActionSection) -> Action[Any]:
    """One action from its section, with its parts if it is a plan."""
    action = mechanisms()[config.mechanism](name, config)
    action.parts = [make(f"{name}.{part}", section) for part, section in config.acting_parts().items()]
    return action


def check_conflicts(actions: Sequence[Action[Any]]) -> None:
    """Raise UserError for two actions that take the whole of the same week from the same target group."""
    taken = [(action, weeks) for action in actions if (weeks := action.config.whole_weeks(HORIZON))]
    for (one, weeks), (other, others) in combinations(taken, 2):
        both = sorted(weeks & others)
        if both and _share_people(one.config, other.config):
            raise UserError(f"actions.{one.name} and actions.{other.name} both take the whole of week {both[0]} of the "
                            f"same people: give one of them another start, or other areas, ages or groups.")


def _share_people(one: ActionSection, other: ActionSection) -> bool:
    """Whether the target groups of the two overlap, as far as their fields show."""
    if not (isinstance(one, Audience) and isinstance(other, Audience)):
        return True
    if any(config.areas is None and config.choose not in (None, "all") for config in (one, other)):
        return False
    for a, b in ((one.areas, other.areas), (one.groups, other.groups)):
        if a is not None and b is not None and not set(a) & set(b):
            return False
    if one.sex is not None and other.sex is not None and one.sex != other.sex:
        return False
    (low, high), (first, last) = one.ages or (0, 200), other.ages or (0, 200)
    return low <= last and first <= high
