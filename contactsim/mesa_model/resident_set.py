"""Sets and groups of residents, as Mesa's AgentSet and GroupBy, and a Mesa model with residents in columns."""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import mesa
import numpy as np
from mesa.agent import Agent, AgentSet, GroupBy
from numpy.typing import NDArray

from contactsim.errors import UserError
from contactsim.mesa_model.columns import (
    LIVING,
    WEEK,
    ColumnError,
    Columns,
    holds,
    lookup,
    refused,
    single,
    widened,
    write,
)
from contactsim.mesa_model.resident import Resident


class Rows(Protocol):
    """The part of a set of residents that its groups use."""

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


#: Numpy's versions of Python's functions, which would loop over the residents. An (n, G) column gives (G,).
_BUILTIN: dict[Any, Callable[..., Any]] = {
    sum: partial(_of_parts, np.sum), min: partial(_of_parts, np.min), max: partial(_of_parts, np.max)
}  # fmt: skip
_ONE_PASS: dict[Any, np.ufunc] = {
    sum: np.add, np.sum: np.add, np.mean: np.add,
    min: np.minimum, np.min: np.minimum, max: np.maximum, np.max: np.maximum,
}  # fmt: skip


def apply(func: Callable[..., Any], values: NDArray[Any]) -> Any:
    """``func`` of a column's ``values``."""
    return _BUILTIN.get(func, func)(values)


class ResidentGroups(GroupBy):
    """Groups of residents by name, as Mesa's GroupBy; ``map`` and ``do`` work on whole groups."""

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

        ``len``, ``sum``, ``min``, ``max`` and numpy's ``sum``, ``min``, ``max`` and ``mean`` take one pass over the
        column; any other function is called with each group's array.
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


_SETS = f"{LIVING}; take a part with select(...), or combine sets with |, & and -"
_COLUMNWISE = "read with get or column, write with set, or loop over the residents one by one"


class ResidentSet(AgentSet):
    """Residents of a model in a given order, as Mesa's AgentSet, stored as row numbers.

    ``rows`` None means all residents at the time of each use. Given rows (distinct, each with a resident) mean their
    residents at the time of creation; those who leave the place later drop out of the set, as agents removed from a
    Mesa model do. Conditions, sorting and grouping by column names create no object for a resident; a function of a
    resident is called with each view in turn.
    """

    def __init__(self, model: Any, rows: NDArray[np.intp] | None = None) -> None:
        self.model: Any = model
        self._set_rows(rows)

    @property
    def _columns(self) -> Columns:
        return self.model.residents  # type: ignore[no-any-return]

    def _set_rows(self, rows: Any) -> ResidentSet:
        self._rows = None if rows is None else np.array(rows, dtype=np.intp)
        self._uids = None if self._rows is None else self._columns.uid[self._rows]
        return self

    def take(self, rows: Any, inplace: bool = False) -> ResidentSet:
        """The residents of the model in ``rows``, as a new set or as this one."""
        return self._set_rows(rows) if inplace else ResidentSet(self.model, rows)

    def here(self) -> NDArray[np.bool_]:
        """Which of the set's rows still have the same resident as when the set was created."""
        return self._columns.active[self._rows] & (self._columns.uid[self._rows] == self._uids)

    @property
    def rows(self) -> NDArray[np.intp]:
        """(n,) row numbers in the set's order."""
        return np.flatnonzero(self._columns.active) if self._rows is None else self._rows[self.here()]

    @property
    def random(self) -> Any:
        """The model's random generator for users; the model itself never draws from it."""
        return self.model.random

    def _view(self, row: int) -> Resident:
        return Resident(self.model, row)

    def _operand(self, rows: NDArray[np.intp], name: str) -> NDArray[Any]:
        return widened(single(lookup(self._columns, name), name)[rows])

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Resident]:
        return map(self._view, self.rows)

    def __contains__(self, agent: object) -> bool:
        if not isinstance(agent, Resident) or agent.model is not self.model or not agent.is_here():
            return False
        return self._rows is None or bool((self.rows == agent.row()).any())

    def __getitem__(self, item: int | slice) -> Resident | list[Resident]:
        if isinstance(item, slice):
            return [self._view(row) for row in self.rows[item]]
        return self._view(self.rows[operator.index(item)])

    def __repr__(self) -> str:
        return f"<ResidentSet of {len(self)}>"

    def __copy__(self) -> ResidentSet:
        return self.take(self.rows)

    def __getstate__(self) -> dict[str, Any]:
        return vars(self).copy()

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def _from_iterable(self, residents: Iterable[Resident]) -> ResidentSet:
        """The result of |, &, - and ^."""
        found = dict.fromkeys(residents)
        if not all(isinstance(r, Resident) and r.model is self.model for r in found):
            raise UserError("sets can only be combined with residents of the same model.")
        return self.take([r.row() for r in found])

    def to_list(self) -> list[Resident]:
        """A list of views."""
        return list(self)

    def column(self, name: str) -> NDArray[Any]:
        """(n,) or (n, G): a copy of the set's part of a column, in the set's order."""
        return lookup(self._columns, name)[self.rows]

    def get(
        self, attr_names: str | list[str], handle_missing: str = "error", default_value: Any = None
    ) -> list[Any]:
        """The values of an attribute as a list, or of several as a list of lists, as Mesa gives them.

        The values are Python numbers, or arrays of shape (G,) where a resident has several. A name that is not a column
        raises ColumnError, or gives ``default_value`` if ``handle_missing`` is "default".
        """
        if handle_missing not in ("error", "default"):
            raise UserError(f"handle_missing is 'error' or 'default', not '{handle_missing}'.")
        if not isinstance(attr_names, str):
            each = [self.get(name, handle_missing, default_value) for name in attr_names]
            return [list(values) for values in zip(*each, strict=True)] if each else [[] for _ in self.rows]
        try:
            values = self.column(attr_names)
        except ColumnError:
            if handle_missing == "error":
                raise
            return [default_value] * len(self)
        return values.tolist() if values.ndim == 1 else list(values)

    def set(self, attr_name: str, value: Any) -> ResidentSet:
        """Write one value for all, or an array with one value for each in the set's order; returns the set.

        Raises ColumnError for a column that cannot be set, UserError for a wrong shape or a value that the column
        cannot hold (a fraction or an overflow in a column of integers).
        """
        write(self._columns, attr_name, self.rows, value)
        return self

    def agg(self, attribute: str, func: Callable[..., Any] | Iterable[Callable[..., Any]]) -> Any:
        """``func`` of the column as an array, or a list with the results of several functions."""
        values = widened(self.column(attribute))
        return apply(func, values) if callable(func) else [apply(f, values) for f in func]

    def select(
        self,
        filter_func: str | Callable[[Resident], bool] | None = None,
        at_most: float = math.inf,
        inplace: bool = False,
        agent_type: type[Agent] | None = None,
    ) -> ResidentSet:
        """The residents for whom a condition on columns or a function of a resident is true.

        A condition is text such as ``"age < 18 and attitude[1] > 0"``; it is never run as code (see
        :func:`contactsim.mesa_model.columns.holds`). ``at_most`` is a number of residents, or with a float up to 1.0 a
        share of this set; the first in the set's order are taken.
        """
        rows = self.rows
        limit = int(len(rows) * at_most) if isinstance(at_most, float) and at_most <= 1.0 else at_most
        most = None if limit == math.inf else max(math.ceil(limit), 0)
        if agent_type is not None and not issubclass(Resident, agent_type):
            rows = rows[:0]
        if isinstance(filter_func, str):
            rows = rows[holds(filter_func, partial(self._operand, rows), len(rows))]
        elif filter_func is not None:
            chosen = (row for row in rows if filter_func(self._view(row)))
            return self.take(list(itertools.islice(chosen, most)), inplace)
        return self.take(rows[:most], inplace)

    def sort(
        self, key: str | Callable[[Resident], Any], ascending: bool = False, inplace: bool = False
    ) -> ResidentSet:
        """Sort by a column or a function of a resident, largest first unless ``ascending``; equal values keep order."""
        rows = self.rows
        if not isinstance(key, str):
            by = sorted(rows, key=lambda row: key(self._view(row)), reverse=not ascending)
            return self.take(by, inplace)
        values = self._operand(rows, key)
        if ascending:
            return self.take(rows[np.argsort(values, kind="stable")], inplace)
        return self.take(rows[::-1][np.argsort(values[::-1], kind="stable")][::-1], inplace)

    def groupby(self, by: str | Callable[[Resident], Any], result_type: str = "agentset") -> ResidentGroups:
        """Residents by the value of a column or of a function of a resident, in order of first appearance.

        Args:
            by: a column, or a function of a resident. Values with names (``model.labels``, such as those of
                ``"group"``) are replaced by these names.
            result_type: whether the groups are sets ("agentset") or lists of views ("list").

        Raises UserError for another ``result_type``, ColumnError for an unknown column.
        """
        if result_type not in ("agentset", "list"):
            raise UserError(f"result_type is 'agentset' or 'list', not '{result_type}'.")
        rows = self.rows
        if isinstance(by, str):
            found, first, index = np.unique(self._operand(rows, by), return_index=True, return_inverse=True)
            order = np.argsort(first)
            labels = self.model.labels.get(by)
            values = found[order].tolist()
            called = values if labels is None else [labels[value] for value in values]
            return ResidentGroups(self.take(rows), called, np.argsort(order)[index], result_type)
        names: dict[Any, int] = {}
        which = [names.setdefault(by(self._view(row)), len(names)) for row in rows]
        return ResidentGroups(self.take(rows), list(names), np.array(which, dtype=np.intp), result_type)

    do = refused("do", _COLUMNWISE)
    map = refused("map", _COLUMNWISE)
    shuffle_do = refused("shuffle_do", WEEK)
    shuffle = refused("shuffle", "draw a sample with model.random.sample(model.agents, k)")
    add = refused("add", _SETS)
    discard = refused("discard", _SETS)
    remove = refused("remove", _SETS)
    pop = refused("pop", _SETS)
    clear = refused("clear", _SETS)
    __ior__ = refused("|=", _SETS)
    __iand__ = refused("&=", _SETS)
    __ixor__ = refused("^=", _SETS)
    __isub__ = refused("-=", _SETS)


class ColumnModel(mesa.Model):
    """A Mesa model whose agents are the rows of ``residents``, set by the subclass."""

    residents: Columns
    """the columns; set by the subclass"""

    @property
    def labels(self) -> Mapping[str, Sequence[str]]:
        """Names of the values 0, 1, ... of columns whose numbers stand for names."""
        return {}

    @property
    def agents(self) -> ResidentSet:
        """All residents at the time of each use."""
        return ResidentSet(self)

    @property
    def agent_types(self) -> list[type[Agent]]:
        """Resident, the only type of agent."""
        return [Resident]

    @property
    def agents_by_type(self) -> dict[type[Agent], ResidentSet]:
        """All residents under their only type."""
        return {Resident: self.agents}

    register_agent = refused("register_agent", LIVING)
    deregister_agent = refused("deregister_agent", LIVING)
    remove_all_agents = refused("remove_all_agents", LIVING)
