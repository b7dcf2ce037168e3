"""Two actions that want the whole week of the same people."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from contactsim.actions.base import Action
from contactsim.actions.schema import ActionSection, Audience
from contactsim.errors import UserError

#: Weeks that are looked at; in a run of more, who is away already cannot come.
HORIZON = 520


def check(actions: Sequence[Action[Any]]) -> None:
    """Raise a UserError for two actions that are for the same people and take the whole of the same week."""
    taken = [(action, weeks) for action in actions if (weeks := action.config.whole_weeks(HORIZON))]
    for (one, weeks), (other, others) in combinations(taken, 2):
        both = sorted(weeks & others)
        if both and _share_people(one.config, other.config):
            raise UserError(f"actions.{one.name} and actions.{other.name} both take the whole of week {both[0]} of the "
                            f"same people: give one of them another start, or other areas, ages or groups.")


def _share_people(one: ActionSection, other: ActionSection) -> bool:
    """Whether the two are for people in common, as far as their fields tell."""
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
