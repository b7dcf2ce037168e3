"""The base class of all actions, and the tables of what they did and cost.

An action is due in some weeks, acts on the world in them, and counts participants, sessions and costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from contactsim.actions.schema import ActionSection, Audience
from contactsim.place import Place
from contactsim.state import State

Rows = NDArray[np.intp]
C = TypeVar("C", bound=ActionSection)
#: Counts in each line of a ledger; a ledger has one line for each week in which the action was due.
COUNTS = ("interested", "enrolled", "waiting", "attended", "staff", "sessions")


class Action(Generic[C]):
    """One action in one world: its configuration, and the record of what it did.

    A mechanism defines ``Config``, its section, and :meth:`act`; the rest is common to all. Actions have state: build
    new ones for each world.
    """

    Config: type[ActionSection] = ActionSection

    def __init__(self, name: str, config: C) -> None:
        self.name, self.config = name, config
        self.parts: list[Action[Any]] = []  # of a plan; set where it is made
        self._ledger: list[dict[str, int]] = []
        self._notes: list[str] = []
        self.reach, self.quality, self.life = 1.0, 0.0, 0  # factor, sum and weeks by which others improve it
        self._head_count = 0
        self._attended: NDArray[np.int32] | None = None
        self._marks: dict[str, set[int]] = {}

    @property
    def raised_reach(self) -> float:
        """Its reach times the factors of actions that improve it; may exceed 1."""
        return (self.config.reach if isinstance(self.config, Audience) else 1.0) * self.reach

    @property
    def share_reached(self) -> float:
        """Share (0-1) of its target group that it reaches."""
        return min(1.0, self.raised_reach)

    @property
    def ledger(self) -> list[dict[str, int]]:
        """Its counts (:data:`COUNTS`), one line for each week in which it was due."""
        return self._ledger

    @property
    def notes(self) -> list[str]:
        """Remarks for those who evaluate it, such as that nobody was eligible."""
        return self._notes

    def members(self) -> list[Action[Any]]:
        """The action itself and, for a plan, its parts."""
        return [self]

    def singles(self) -> list[Action[Any]]:
        """Its members without parts: those that act themselves."""
        return [one for one in self.members() if not one.config.subsections()]

    def check(self, place: Place) -> None:
        """Raise UserError for a field that does not fit the place."""

    def connect(self, actions: Sequence[Action[Any]]) -> None:
        """Called with all actions of the run, parts of plans included, before the first week."""

    def week(self, world: State) -> None:
        """Act if the week is due. Effects of earlier messages fade in every week, also after the end."""
        self.fade(world)
        self.work(world)

    def fade(self, world: State) -> None:
        """Let the effects of earlier messages fade."""

    def work(self, world: State) -> None:
        """Act, if the week is due."""
        if self._attended is None:
            self._attended = np.zeros(len(world.people), np.int32)
        if self.due(world.clock):
            self.act(world)

    def due(self, week: int) -> bool:
        """Whether the action takes place in the week, by its start, end and cut."""
        config = self.config
        over = config.end is not None and week >= config.end + self.life
        return config.start <= week and not over and not self.stopped(week)

    def stopped(self, week: int) -> bool:
        """Whether a cut in funding has ended it."""
        return self.config.cut is not None and week >= self.config.cut

    def act(self, world: State) -> None:
        """Act on the world in a week that is due."""
        raise NotImplementedError

    def note(self, week: int, **counts: int) -> None:
        """Add counts to the week's line of the ledger."""
        if not self._ledger or self._ledger[-1]["week"] != week:
            self._ledger.append({"week": week, **dict.fromkeys(COUNTS, 0)})
        for name, count in counts.items():
            self._ledger[-1][name] += int(count)

    def remark(self, week: int, text: str) -> None:
        """Add a note once, with the first week in which it held."""
        if not any(note.endswith(text) for note in self._notes):
            self._notes.append(f"week {week}: {text}")

    def mark(self, kind: str, rows: NDArray[np.integer]) -> None:
        """Remember rows as ``interested`` or ``staff``."""
        self._marks.setdefault(kind, set()).update(rows.tolist())

    def record_attendance(self, rows: NDArray[np.integer]) -> None:
        """Record that rows attended a session."""
        self._head_count += int((self.attended[rows] == 0).sum())
        self.attended[rows] += 1

    @property
    def attended(self) -> NDArray[np.int32]:
        """(N,) sessions that each row attended; empty before the first week."""
        return np.empty(0, np.int32) if self._attended is None else self._attended

    @property
    def participants(self) -> Rows:
        """Rows that ever took part."""
        return np.flatnonzero(self._attended) if self._attended is not None else np.empty(0, np.intp)

    @property
    def interested(self) -> Rows:
        """Rows that ever applied for a place."""
        return self._marked("interested")

    @property
    def staff(self) -> Rows:
        """Rows that were ever staff or volunteers."""
        return self._marked("staff")

    def _marked(self, kind: str) -> Rows:
        return np.array(sorted(self._marks.get(kind, ())), np.intp)

    def head_count(self) -> int:
        """Number of people who have taken part."""
        return self._head_count

    def costs(self) -> dict[str, Any]:
        """Costs so far in pounds (fixed, sessions, participants, total) and the source of the prices."""
        cost = self.config.cost
        sessions = cost.session * sum(line["sessions"] for line in self.ledger)
        participants = cost.participant * self.head_count()
        fixed = cost.fixed if self.ledger else 0.0
        return {"fixed": fixed, "sessions": sessions, "participants": participants,
                "total": fixed + sessions + participants, "source": cost.source}


UNITS = {"week": "weeks since the burn-in ended", **dict.fromkeys(COUNTS, "people"), "sessions": "meetings of a team"}
PRICES = {"fixed": "pounds", "sessions": "pounds", "participants": "pounds", "total": "pounds"}


def listing(actions: Iterable[object]) -> list[Any]:
    """The actions and parts of plans that define who took part.

    These are all that do more than send a message, if there are any: a message reaches nearly everybody, so where
    people also meet, its recipients are not counted as participants.
    """
    single = [one for action in actions for one in (action.singles() if isinstance(action, Action) else [action])]
    return [one for one in single if not (isinstance(one, Action) and one.config.only_speaks)] or single


def ledgers(actions: Iterable[object]) -> pd.DataFrame:
    """Counts of each action in each week in which it was due: action, week, interested ... sessions."""
    lines = [{"action": action.name, **line} for action in _ours(actions) for line in action.ledger]
    return pd.DataFrame(lines, columns=["action", "week", *COUNTS])


def outcomes(actions: Iterable[object]) -> list[dict[str, Any]]:
    """The results of each action, ready for JSON: people (counts of rows), costs (pounds) and notes."""
    return [{"name": action.name, "title": action.config.title, "mechanism": " + ".join(action.config.kinds),
             "interested": int(action.interested.size), "participants": int(action.participants.size),
             "staff": int(action.staff.size), "weeks": len(action.ledger), "costs": action.costs(),
             "notes": remarks(action)} for action in _ours(actions)]


def remarks(action: Action[Any]) -> list[str]:
    """The notes of an action, and one more if it was due in no simulated week."""
    return [*action.notes, *([] if action.ledger else ["it was due in none of the simulated weeks"])]


def costs(actions: Iterable[object]) -> pd.DataFrame:
    """Costs of each action: action, fixed, sessions, participants, total (pounds), source."""
    lines = [{"action": action.name, **action.costs()} for action in _ours(actions)]
    return pd.DataFrame(lines, columns=["action", *PRICES, "source"])


def _ours(actions: Iterable[object]) -> list[Action[Any]]:
    """The objects that are actions: a world accepts anything with a method ``week``."""
    return [action for action in actions if isinstance(action, Action)]
