"""The life-cycle of an observer: it reads the world at the start and once a week, and returns a result."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, get_args

from contactsim.errors import UserError
from contactsim.state import State

#: Moments of a week at which an observer can read the world, in order: after actions and before meetings; after
#: meetings and learning, before residents move, arrive or leave; after the clock has advanced.
Moment = Literal["after_actions", "before_moves", "week_end"]


def check_moment(observer: Observer) -> None:
    """Raise a UserError for an observer whose ``moment`` is not one of a week's moments."""
    if observer.moment not in get_args(Moment):
        raise UserError(f"{type(observer).__name__}.moment={observer.moment!r} is not a moment of a week: it must be "
                        f"one of {', '.join(get_args(Moment))}.")


class Observer:
    """Reads a world week by week.

    A subclass defines :meth:`look` and :meth:`result`, and :meth:`begin` if it needs preparation. While it reads, the
    world's arrays are read-only (a write raises ValueError). Observers store what they read, so each world needs its
    own.

    Attributes:
        moment: when in a week it reads; at ``week_end``, ``world.clock`` is the number of weeks since week 0.
    """

    moment: ClassVar[Moment] = "week_end"

    def begin(self, world: State) -> None:
        """Read the world before the first observed week."""

    def look(self, world: State) -> None:
        """Read the world once a week, at :attr:`moment`."""
        raise NotImplementedError

    def result(self) -> Any:
        """The observations so far."""
        return None
