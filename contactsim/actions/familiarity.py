"""How well the people of an action know each other: the hours that each has spent with its company.

What an hour in company teaches about a group falls with the hours that one has spent with the same people (parameter
``familiarity``). The company of an action begins new, however well its members know others.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class HoursTogether:
    """Hours that people have spent with one company, by their uid: a programme's team, or the visitors of a venue.

    They are kept by uid, since a row goes to another resident when its resident leaves the place.
    """

    def __init__(self) -> None:
        self._uid, self._hours = np.empty(0, np.int64), np.empty(0, np.float32)

    def of(self, uid: NDArray[np.integer]) -> NDArray[np.float32]:
        """(uid,) hours of each; 0 for those who are new."""
        at = np.searchsorted(self._uid, uid)
        known = at < self._uid.size
        known[known] = self._uid[at[known]] == uid[known]
        hours = np.zeros(uid.shape, np.float32)
        hours[known] = self._hours[at[known]]
        return hours

    def seats(self, uid: NDArray[np.integer], occupant: NDArray[np.integer]) -> NDArray[np.float32]:
        """(seats,) hours of the row in each seat, 0 in an empty one; ``uid`` is that of all rows."""
        return np.where(occupant >= 0, self.of(uid[occupant]), np.float32(0))

    def add(self, uid: NDArray[np.integer], hours: float) -> None:
        """Add hours to each of the uids, all different."""
        new = np.setdiff1d(uid, self._uid, assume_unique=True).astype(np.int64)
        if new.size:
            order = np.argsort(np.concatenate([self._uid, new]), kind="stable")
            self._hours = np.concatenate([self._hours, np.zeros(new.size, np.float32)])[order]
            self._uid = np.concatenate([self._uid, new])[order]
        self._hours[np.searchsorted(self._uid, uid)] += np.float32(hours)


def chance_of_return(attendance: NDArray[np.float64]) -> float:
    """How likely somebody who is met at a venue is there again, 0-1; ``attendance`` (users,) is the chance of each.

    Those who come often are met more often, so they count by their own attendance. It is 1 for a team that always
    attends and small where everybody comes by now and then: hours there are spread over more people, and those met
    stay new for longer.
    """
    total = float(attendance.sum())
    return float((attendance**2).sum()) / total if total > 0 else 1.0
