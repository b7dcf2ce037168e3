"""The life-cycle of an action: what is due, whom it is for, who takes part, what it changes, what it records."""

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
#: What a ledger counts in each week that an action is due.
COUNTS = ("interested", "enrolled", "waiting", "attended", "staff", "sessions")


class Action(Generic[C]):
    """One action in one world: its configuration and what became of it.

    A kind of action gives ``Config``, its section, and :meth:`act`; the rest is the same for all. Actions keep
    state: build them anew for each world.
    """

    Config: type[ActionSection] = ActionSection

    def __init__(self, name: str, config: C) -> None:
        self.name, self.config = name, config
        self._ledger: list[dict[str, int]] = []
        self._notes: list[str] = []
        self.reach, self.quality, self.life = 1.0, 0.0, 0  # what an action that equips others adds to this one
        self._heads = 0
        self._attended: NDArray[np.int32] | None = None
        self._marks: dict[str, set[int]] = {}

    @property
    def raised_reach(self) -> float:
        """Its reach times what other actions have added to it; may exceed 1."""
        return (self.config.reach if isinstance(self.config, Audience) else 1.0) * self.reach

    @property
    def share_reached(self) -> float:
        """Share (0-1) of those it is for whom it reaches."""
        return min(1.0, self.raised_reach)

    @property
    def ledger(self) -> list[dict[str, int]]:
        """What it counted in each week that it was due."""
        return self._ledger

    @property
    def notes(self) -> list[str]:
        """What somebody who evaluates it should know."""
        return self._notes

    def members(self) -> list[Action[Any]]:
        """The action itself, and its parts where it has any."""
        return [self]

    def singles(self) -> list[Action[Any]]:
        """Those of its members that have no parts: they do what is done."""
        return [one for one in self.members() if not one.config.subsections()]

    def check(self, place: Place) -> None:
        """Raise a UserError for what does not fit the place."""

    def meet(self, actions: Sequence[Action[Any]]) -> None:
        """Learn which actions there are in the run, parts of plans included, before the first week."""

    def week(self, world: State) -> None:
        """Do what is due in the world's week; what is left of earlier weeks fades, also when all is over."""
        self.fade(world)
        self.work(world)

    def fade(self, world: State) -> None:
        """Let what was said in earlier weeks be forgotten."""

    def work(self, world: State) -> None:
        """Act, if the week is due."""
        if self._attended is None:
            self._attended = np.zeros(len(world.people), np.int32)
        if self.due(world.clock):
            self.act(world)

    def due(self, week: int) -> bool:
        """Whether the calendar has the week."""
        config = self.config
        over = config.end is not None and week >= config.end + self.life
        return config.start <= week and not over and not self.stopped(week)

    def stopped(self, week: int) -> bool:
        """Whether a cut has ended it."""
        return self.config.cut is not None and week >= self.config.cut

    def act(self, world: State) -> None:
        """What the action does in a week that is due."""
        raise NotImplementedError

    def note(self, week: int, **counts: int) -> None:
        """Add counts to the week's line of the ledger."""
        if not self._ledger or self._ledger[-1]["week"] != week:
            self._ledger.append({"week": week, **dict.fromkeys(COUNTS, 0)})
        for name, count in counts.items():
            self._ledger[-1][name] += int(count)

    def remark(self, week: int, text: str) -> None:
        """Note something once, with the first week that it was so."""
        if not any(note.endswith(text) for note in self._notes):
            self._notes.append(f"week {week}: {text}")

    def mark(self, kind: str, rows: NDArray[np.integer]) -> None:
        """Remember rows as ``interested`` or ``staff``."""
        self._marks.setdefault(kind, set()).update(rows.tolist())

    def came(self, rows: NDArray[np.integer]) -> None:
        """Remember that rows came to a session."""
        self._heads += int((self.attended[rows] == 0).sum())
        self.attended[rows] += 1

    @property
    def attended(self) -> NDArray[np.int32]:
        """(N,) sessions that each row came to; empty before the first week."""
        return np.empty(0, np.int32) if self._attended is None else self._attended

    @property
    def participants(self) -> Rows:
        """Rows that ever took part."""
        return np.flatnonzero(self._attended) if self._attended is not None else np.empty(0, np.intp)

    @property
    def interested(self) -> Rows:
        """Rows that ever asked for a place."""
        return self._marked("interested")

    @property
    def staff(self) -> Rows:
        """Rows that ever worked or volunteered in it."""
        return self._marked("staff")

    def _marked(self, kind: str) -> Rows:
        return np.array(sorted(self._marks.get(kind, ())), np.intp)

    def heads(self) -> int:
        """How many have taken part."""
        return self._heads

    def costs(self) -> dict[str, Any]:
        """What it has cost so far, in pounds, and where the prices come from."""
        cost = self.config.cost
        sessions = cost.session * sum(line["sessions"] for line in self.ledger)
        participants = cost.participant * self.heads()
        fixed = cost.fixed if self.ledger else 0.0
        return {"fixed": fixed, "sessions": sessions, "participants": participants,
                "total": fixed + sessions + participants, "source": cost.source}


UNITS = {"week": "weeks since the burn-in ended", **dict.fromkeys(COUNTS, "people"), "sessions": "meetings of a team"}
PRICES = {"fixed": "pounds", "sessions": "pounds", "participants": "pounds", "total": "pounds"}


def listing(actions: Iterable[object]) -> list[Any]:
    """The actions, and parts of plans, whose lists say who took part: those that do more than speak, if there are any.

    A message reaches nearly everybody; where people also meet, its listeners are not whom one asks about.
    """
    single = [one for action in actions for one in (action.singles() if isinstance(action, Action) else [action])]
    return [one for one in single if not (isinstance(one, Action) and one.config.only_speaks)] or single


def ledgers(actions: Iterable[object]) -> pd.DataFrame:
    """Each action's counts in each week that it was due: action, week, interested ... sessions."""
    lines = [{"action": action.name, **line} for action in _ours(actions) for line in action.ledger]
    return pd.DataFrame(lines, columns=["action", "week", *COUNTS])


def outcomes(actions: Iterable[object]) -> list[dict[str, Any]]:
    """What became of each action, ready for JSON: people (counts of rows), costs (pounds) and notes."""
    return [{"name": action.name, "title": action.config.title, "mechanism": " + ".join(action.config.kinds),
             "interested": int(action.interested.size), "participants": int(action.participants.size),
             "staff": int(action.staff.size), "weeks": len(action.ledger), "costs": action.costs(),
             "notes": remarks(action)} for action in _ours(actions)]


def remarks(action: Action[Any]) -> list[str]:
    """The action's notes, and whether any week of it was lived at all."""
    return [*action.notes, *([] if action.ledger else ["nothing of it was due in the weeks lived"])]


def costs(actions: Iterable[object]) -> pd.DataFrame:
    """What each action has cost: action, fixed, sessions, participants, total (pounds), source."""
    lines = [{"action": action.name, **action.costs()} for action in _ours(actions)]
    return pd.DataFrame(lines, columns=["action", *PRICES, "source"])


def _ours(actions: Iterable[object]) -> list[Action[Any]]:
    """Those that keep a ledger: a world takes anything that has a week."""
    return [action for action in actions if isinstance(action, Action)]
