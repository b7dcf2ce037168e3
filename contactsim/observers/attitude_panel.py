"""A panel on attitudes: how stable answers are over a year, and how a week with contact moves the same person."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from contactsim.encounters.arrays import DECLINED
from contactsim.instruments.catalogue import ask, shipped
from contactsim.instruments.states import Rating, attitude_now
from contactsim.observers.base import Moment, Observer
from contactsim.residents import WEEKS_A_YEAR
from contactsim.state import State

Rows = NDArray[np.integer]


class AttitudePanel(Observer):
    """Asks the same members of the first group twice for their attitude, and reads contact and attitude in every week.

    Args:
        rows: rows of the panel (None: all members of the first group to whom the item is put).
        weeks: from the first to the second interview.
    """

    moment: ClassVar[Moment] = "before_moves"

    def __init__(self, rows: Rows | None = None, weeks: int = WEEKS_A_YEAR) -> None:
        self.rows, self.weeks = rows, weeks

    def begin(self, world: State) -> None:
        """Ask everybody of the panel."""
        item = shipped()["attitude"]
        assert isinstance(item, Rating)
        self._item = item
        if self.rows is None:
            self.rows = np.flatnonzero(item.asked(world) & (world.people.group == 0))
        self._uid, self._weeks = world.people.uid[self.rows].copy(), 0
        self._stayed = np.ones(self.rows.size, bool)
        self._answers = [ask(world, self.rows, {"attitude": item}, wave=0)["attitude"]]
        self._true = [attitude_now(world, self.rows)]
        self._sums = np.zeros((4, self.rows.size))  # of contact, attitude, their product and contact squared

    def look(self, world: State) -> None:
        """Add the week; in the last one, ask everybody again."""
        assert self.rows is not None
        if self._weeks >= self.weeks:
            return
        self._weeks += 1
        self._stayed &= world.people.active[self.rows] & (world.people.uid[self.rows] == self._uid)
        contact = (world.week.counts[self.rows, :, :DECLINED].sum(axis=(1, 2)) > 0).astype(float)
        attitude = attitude_now(world, self.rows)
        self._sums += contact, attitude, contact * attitude, contact**2
        if self._weeks == self.weeks:
            self._answers.append(ask(world, self.rows, {"attitude": self._item}, wave=self.weeks)["attitude"])
            self._true.append(attitude)

    def result(self) -> dict[str, float]:
        """Figures of those who stayed.

        ``people`` and ``weeks``; ``stability`` and ``true_stability``, correlations of the two interviews (nan before
        the second); ``moment``, how much warmer a person's true attitude is after a week with contact than after one
        without, in standard deviations of the answers, and its ``moment_standard_error`` (clustered by person).
        """
        stayed, weeks = self._stayed, max(self._weeks, 1)
        contact, attitude, both, squared = self._sums[:, stayed]
        shared, own = both - contact * attitude / weeks, squared - contact**2 / weeks
        total = own.sum()
        slope = shared.sum() / total if total > 0 else float("nan")
        error = np.sqrt(((shared - slope * own) ** 2).sum()) / total if total > 0 else float("nan")
        spread = float(np.nanstd(self._answers[0][stayed])) * 2.0 / (self._item.high - self._item.low)
        done = len(self._answers) == 2
        return {"people": float(stayed.sum()), "weeks": float(self._weeks),
                "stability": _correlation(self._answers, stayed) if done else float("nan"),
                "true_stability": _correlation(self._true, stayed) if done else float("nan"),
                "moment": float(slope / spread), "moment_standard_error": float(error / spread)}


def _correlation(waves: list[NDArray[np.float64]], rows: NDArray[np.bool_]) -> float:
    first, second = (wave[rows] for wave in waves)
    return float(np.corrcoef(first, second)[0, 1])
