"""Sets of residents, as Mesa's AgentSet."""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np
from mesa.agent import Agent, AgentSet
from numpy.typing import NDArray

from contactsim.errors import UserError
from contactsim.mesa_model.columns import (
    LIVING,
    WEEK,
    ColumnError,
    Columns,
    lookup,
    refused,
    single,
    widened,
    write,
)
from contactsim.mesa_model.conditions import holds
from contactsim.mesa_model.grouping import ResidentGroups, apply
from contactsim.mesa_model.resident import Resident

_SETS = f"{LIVING}; take a part with select(...), or combine sets with |, & and -"
_COLUMNWISE = "read with get or column, write with set, or loop over the residents one by one"


class ResidentSet(AgentSet):
    """Residents of a model in an order, as Mesa's AgentSet, kept as row numbers.

    ``rows`` None means everybody who lives here whenever the set is asked; given rows (distinct, each lived
    in) mean the people living there now, and those who leave later drop out of the set, as agents removed
    from a Mesa model do. Conditions, sorting and grouping by column names make no object for a resident; a
    function of a resident is called with each view in turn.
    """

    def __init__(self, model: Any, rows: NDArray[np.intp] | None = None) -> None:
        self.model: Any = model
        self._keep(rows)

    @property
    def _columns(self) -> Columns:
        return self.model.residents  # type: ignore[no-any-return]

    def _keep(self, rows: Any) -> ResidentSet:
        self._rows = None if rows is None else np.array(rows, dtype=np.intp)
        self._uids = None if self._rows is None else self._columns.uid[self._rows]
        return self

    def take(self, rows: Any, inplace: bool = False) -> ResidentSet:
        """The residents of the model in ``rows``, as a new set or as this one."""
        return self._keep(rows) if inplace else ResidentSet(self.model, rows)

    def here(self) -> NDArray[np.bool_]:
        """Which of the rows of the set's making still have the person that they had then."""
        return self._columns.active[self._rows] & (self._columns.uid[self._rows] == self._uids)

    @property
    def rows(self) -> NDArray[np.intp]:
        """(n,) the rows of the columns, in the set's order."""
        return np.flatnonzero(self._columns.active) if self._rows is None else self._rows[self.here()]

    @property
    def random(self) -> Any:
        """The model's generator for its users; the model itself never draws from it."""
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
        """What |, &, - and ^ make their result with."""
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

        The values are Python numbers, or arrays of shape (G,) where a resident has several. A name that is
        no column raises ColumnError, or counts as ``default_value`` if ``handle_missing`` is "default".
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
        """Write one value for all, or an array with one for each in the set's order; returns the set.

        Raises ColumnError for a column that may not be written, UserError for a wrong shape or a value that
        the column cannot hold (a fraction or an overflow in a column of whole numbers).
        """
        write(self._columns, attr_name, self.rows, value)
        return self

    def agg(self, attribute: str, func: Callable[..., Any] | Iterable[Callable[..., Any]]) -> Any:
        """``func`` of the column as an array, or a list with what each of several functions gives."""
        values = widened(self.column(attribute))
        return apply(func, values) if callable(func) else [apply(f, values) for f in func]

    def select(
        self,
        filter_func: str | Callable[[Resident], bool] | None = None,
        at_most: float = math.inf,
        inplace: bool = False,
        agent_type: type[Agent] | None = None,
    ) -> ResidentSet:
        """Those for whom a condition on columns or a function of a resident is true.

        A condition is text such as ``"age < 18 and attitude[1] > 0"``; it is never run as code (see
        :func:`contactsim.mesa_model.conditions.holds`). ``at_most`` is a number of residents, or with a float up
        to 1.0 a share of this set; the first of the set's order are taken.
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
        """By a column or a function of a resident, largest first unless ``ascending``; ties keep order."""
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
            by: a column, or a function of a resident. Values that stand for names (``model.labels``, such as those of
                ``"group"``) are called by these names.
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
