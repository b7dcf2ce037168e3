"""The life-cycle of an observer: it is shown the world at the start and once a week, and gives a result."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, get_args

from contactsim.errors import UserError
from contactsim.state import State

#: When in a week an observer looks, in this order: when actions have been done and nobody has met yet; when everybody
#: has met and changed, before anybody moves, arrives or leaves; when the week is over and the clock has moved.
Moment = Literal["after_actions", "before_moves", "week_end"]


def check_moment(observer: Observer) -> None:
    """Raise a UserError for an observer that looks at no moment of a week."""
    if observer.moment not in get_args(Moment):
        raise UserError(f"{type(observer).__name__}.moment={observer.moment!r} is no moment of a week: it must be "
                        f"one of {', '.join(get_args(Moment))}.")


class Observer:
    """Reads a world week by week.

    A kind of observer gives :meth:`look` and :meth:`result`, and :meth:`begin` where it has to prepare. While it
    looks, the world's arrays refuse writes (ValueError). Observers keep what they have seen: make a new one for each
    world.

    Attributes:
        moment: when in a week it looks; at ``week_end`` ``world.clock`` is the number of weeks since week 0.
    """

    moment: ClassVar[Moment] = "week_end"

    def begin(self, world: State) -> None:
        """See the world before the first week that is observed."""

    def look(self, world: State) -> None:
        """See the world in one week, at :attr:`moment`."""
        raise NotImplementedError

    def result(self) -> Any:
        """What was observed so far."""
        return None
