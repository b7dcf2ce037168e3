"""What actions did and cost, as tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from contactsim.actions.base import COUNTS, Action

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
