"""Close hours with other groups: the dose of contact."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contactsim.encounters.arrays import CLOSE_HOUR
from contactsim.observers.base import Observer
from contactsim.state import State


class CloseHours(Observer):
    """Adds up, for some rows, the close hours that they spend with other groups.

    A meeting that is positive or negative has as many close hours as closeness times hours of company, however well the
    two know each other; others have none.
    """

    def __init__(self, rows: NDArray[np.integer]) -> None:
        self.rows = rows
        self._parts = np.zeros(rows.shape, np.int64)

    def begin(self, world: State) -> None:
        """Start at 0."""
        self._parts[:] = 0

    def look(self, world: State) -> None:
        """Add the week's hours."""
        self._parts += world.week.company[self.rows]

    def result(self) -> NDArray[np.float64]:
        """(rows,) close hours since the beginning."""
        return self._parts / CLOSE_HOUR
