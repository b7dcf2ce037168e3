"""Groups of residents, as Mesa's GroupBy."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import numpy as np
from mesa.agent import GroupBy
from numpy.typing import NDArray

from contactsim.mesa_model.columns import widened


class Rows(Protocol):
    """What groups need of the set that they divide."""

    @property
    def rows(self) -> NDArray[np.intp]:
        """(n,) row numbers."""

    def take(self, rows: Any) -> Any:
        """Another set, of these rows."""

    def here(self) -> NDArray[np.bool_]:
        """(n,) which of the set's members still live here."""

    def column(self, name: str) -> NDArray[Any]:
        """(n,) or (n, G): the set's part of a column."""


def _of_parts(reduce: Callable[..., Any], values: NDArray[Any]) -> Any:
    result = reduce(values, axis=0)
    return result.item() if values.ndim == 1 else result


#: Python's own functions would loop over the residents. Of an (n, G) column they give (G,).
_BUILTIN: dict[Any, Callable[..., Any]] = {
    sum: partial(_of_parts, np.sum), min: partial(_of_parts, np.min), max: partial(_of_parts, np.max)
}  # fmt: skip
_ONE_PASS: dict[Any, np.ufunc] = {
    sum: np.add, np.sum: np.add, np.mean: np.add,
    min: np.minimum, np.min: np.minimum, max: np.maximum, np.max: np.maximum,
}  # fmt: skip


def apply(func: Callable[..., Any], values: NDArray[Any]) -> Any:
    """What ``func`` makes of a column's ``values``."""
    return _BUILTIN.get(func, func)(values)


class ResidentGroups(GroupBy):
    """Groups of residents by name, as Mesa's GroupBy; ``map`` and ``do`` work on whole groups, as there."""

    def __init__(
        self, residents: Rows, names: list[Any], which: NDArray[np.intp], result_type: str
    ) -> None:
        """``which``: (n,) index into ``names`` for each of the residents."""
        order = np.argsort(which, kind="stable")
        self._residents: Rows = residents.take(residents.rows[order])
        self._which = which[order]
        self._names = names
        self._result_type = result_type

    @property
    def groups(self) -> dict[Any, Any]:
        """The members of each group, as a ResidentSet or as a list of views."""
        sets = [self._residents.take(rows) for rows in self._split(self._residents.rows)]
        members = [list(group) for group in sets] if self._result_type == "list" else sets
        return dict(zip(self._names, members, strict=True))

    def __len__(self) -> int:
        return len(self._names)

    def count(self) -> dict[Any, int]:
        """How many residents each group has."""
        return dict(zip(self._names, self._counts().tolist(), strict=True))

    def agg(self, attr_name: str, func: Callable[..., Any]) -> dict[Any, Any]:
        """``func`` of each group's part of a column.

        ``len``, ``sum``, ``min``, ``max`` and numpy's ``sum``, ``min``, ``max``, ``mean`` take one pass over
        the column; any other function is called with each group's array.
        """
        values, counts = widened(self._residents.column(attr_name)), self._counts()
        if func is len:
            return self.count()
        if func in _ONE_PASS and values.ndim == 1 and counts.size and counts.all():
            result = _ONE_PASS[func].reduceat(values, np.cumsum(counts) - counts)
            result = result / counts if func is np.mean else result
            return dict(zip(self._names, result.tolist(), strict=True))
        return {name: apply(func, part) for name, part in zip(self._names, self._split(values), strict=True)}

    def _counts(self) -> NDArray[np.intp]:
        return np.bincount(self._which[self._residents.here()], minlength=len(self._names))

    def _split(self, values: NDArray[Any]) -> list[NDArray[Any]]:
        return np.split(values, np.cumsum(self._counts())[:-1]) if self._names else []
