"""Mechanisms by name, including those of other packages, and actions built from a configuration."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import combinations
from typing import Any

from pydantic import ValidationError

from contactsim.actions.base import Action
from contactsim.actions.schema import ActionSection, Audience
from contactsim.errors import UserError, nearest
from contactsim.parameters import ModelParameters
from contactsim.place import Place

ENTRY_POINTS = "contactsim.mechanisms"
#: Weeks that are checked for conflicts; later on, those who are already displaced cannot attend.
HORIZON = 520
_OWN: dict[str, type[Action[Any]]] = {}


def register(known: Mapping[str, type[Action[Any]]]) -> None:
    """Register the mechanisms of contactsim. They import this module (a plan builds its parts), so it imports none."""
    _OWN.update(known)
    mechanisms.cache_clear()


@cache
def mechanisms() -> dict[str, type[Action[Any]]]:
    """All mechanisms by name; other packages add theirs as entry points ``contactsim.mechanisms``."""
    found = dict(_OWN)
    for point in importlib.metadata.entry_points(group=ENTRY_POINTS):
        if point.name in found:
            raise UserError(f"the mechanism '{point.name}' of {point.value} has the name of another one.")
        found[point.name] = point.load()
    return found


class MisconfiguredError(ValueError):
    """An invalid field of an action, with its key, until the caller can name the file that it comes from."""

    def __init__(self, key: str, model: type[ActionSection], error: ValidationError) -> None:
        super().__init__(f"{key} is not allowed")
        self.key, self.model, self.error = key, model, error


def sections(values: Any, key: str) -> Any:
    """Sections of named actions, each of the class of its mechanism, from plain data under ``key``.

    Sections, and anything but a mapping, are returned unchanged. Raises MisconfiguredError or ValueError.
    """
    if not isinstance(values, Mapping):
        return values
    return {name: value if isinstance(value, ActionSection) else _section(value, f"{key}.{name}")
            for name, value in values.items()}


def _section(values: Any, key: str) -> ActionSection:
    if not isinstance(values, Mapping):
        raise ValueError(f"{key}={values!r} is not allowed: it must be a mapping with keys such as mechanism, start")
    name, known = values.get("mechanism"), mechanisms()
    if name is None:
        raise ValueError(f"{key} has neither a mechanism nor an action that it is like: choose it by action=NAME, or "
                         f"write {key}.like=NAME")
    if name not in known:
        raise ValueError(f"{key}.mechanism={name!r} is not allowed: it must be one of {', '.join(known)}"
                         f"{nearest(str(name), known).rstrip('.')}")
    try:
        return known[name].Config.model_validate(dict(values))
    except ValidationError as error:
        raise MisconfiguredError(key, known[name].Config, error) from None


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
    """One action from its section."""
    return mechanisms()[config.mechanism](name, config)


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
