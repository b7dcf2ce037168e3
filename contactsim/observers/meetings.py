"""The meeting log: who met whom in the last week, and the valence for each side."""

from __future__ import annotations

from typing import ClassVar

from contactsim.encounters.log import COLUMNS, Meetings, Snapshot, meetings_of_week
from contactsim.observers.base import Moment, Observer
from contactsim.state import State


class MeetingLog(Observer):
    """Stores what determines a week's meetings; they are computed on demand until the next week begins.

    Attributes:
        snapshot: the copy taken in the last week.
    """

    moment: ClassVar[Moment] = "after_actions"

    def __init__(self) -> None:
        self.snapshot: Snapshot | None = None

    def look(self, world: State) -> None:
        """Copy the columns that the rest of the week will change."""
        self.snapshot = world.snapshot(COLUMNS)
        self._factor = world.week.odds_factor

    def result(self) -> list[Meetings]:
        """All meetings between groups in the last week; none before the first."""
        return self.meetings()

    def meetings(self, row: int | None = None) -> list[Meetings]:
        """As :meth:`result`, or those of one row."""
        return [] if self.snapshot is None else meetings_of_week(self.snapshot, self._factor, row)
