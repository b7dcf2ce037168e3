"""What the agents need of the population's columns: finding them by name, and writing to them with care."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NoReturn, Protocol

import numpy as np
from numpy.typing import NDArray

from contactsim.errors import UserError, nearest


class ColumnError(UserError, AttributeError):
    """A column that does not exist, or that may not be written."""


class ResidentLeftError(UserError):
    """A view whose resident no longer lives in the row that it was made for."""


class NotOnColumnsError(UserError, NotImplementedError):
    """A Mesa operation that has no meaning for residents kept as columns; the message says what to use."""


class Columns(Protocol):
    """What the agents need of the population: N rows, each with or without a resident."""

    active: NDArray[np.bool_]
    """(N,) whether somebody lives in the row."""

    uid: NDArray[np.int64]
    """(N,) a number that no two people share; a row gets another when a new person takes it."""

    @property
    def writable(self) -> frozenset[str]:
        """The columns that a user may write."""

    @property
    def column_names(self) -> tuple[str, ...]:
        """All columns that a user may read."""

    def column(self, name: str) -> NDArray[Any]:
        """The live array, (N,) or (N, G), not a copy."""


LIVING = "who lives in the neighbourhood is up to the model"
WEEK = "all residents live through the same week, so call model.step()"

_PART = re.compile(r"(\w+)(?:\[(\d+)\])?", re.ASCII)


def lookup(columns: Columns, name: str) -> NDArray[Any]:
    """The live array called ``name``: (N,), or (N, G), or (N,) for a part such as ``"attitude[1]"``.

    ``"unique_id"`` is another name for the identifiers. Raises ColumnError for any other name.
    """
    match = _PART.fullmatch(str(name))
    base, part = match.groups() if match else (name, None)
    known = (*columns.column_names, "unique_id")
    if base not in known:
        raise ColumnError(f"residents have no column '{name}'.{nearest(base, known)}")
    column = columns.uid if base == "unique_id" else columns.column(base)
    if part is None:
        return column
    if column.ndim != 2:
        raise ColumnError(f"'{name}': {base} has one value for each resident, so it has no parts.")
    if int(part) >= column.shape[1]:
        raise ColumnError(f"'{name}': {base} has parts 0 to {column.shape[1] - 1}.")
    return column[:, int(part)]


def widened(values: NDArray[Any]) -> NDArray[Any]:
    """Integers as int64 and floats as float64, so that sums and differences do not wrap or lose digits."""
    if values.dtype.kind in "iuf":
        return values.astype(np.float64 if values.dtype.kind == "f" else np.int64, copy=False)
    return values


def single(values: NDArray[Any], name: str) -> NDArray[Any]:
    """``values`` if there is one for each resident; raises UserError otherwise."""
    if values.ndim != 1:
        raise UserError(f"{name} has {values.shape[1]} values for each resident; name one, like '{name}[0]'.")
    return values


def write(columns: Columns, name: str, rows: NDArray[np.intp], value: Any) -> None:
    """Write one value for all ``rows``, or one value a row.

    Raises ColumnError for a column that may not be written, UserError for a wrong shape or a value that the
    column cannot hold (a fraction or an overflow in a column of whole numbers).
    """
    column = lookup(columns, name)
    if name.partition("[")[0] not in columns.writable:
        raise ColumnError(f"{name} cannot be set; what can be set is {', '.join(sorted(columns.writable))}.")
    try:
        new = np.asarray(value)
    except ValueError as ragged:
        raise UserError(f"{name} cannot be set from rows of unequal length.") from ragged
    shape = (len(rows), *column.shape[1:])
    if new.shape not in {(), shape, shape[1:]}:
        raise UserError(f"{name} takes one number or an array of shape {shape}, not {new.shape}.")
    if not _fits(new, column.dtype):
        raise UserError(f"{name} holds {column.dtype} and cannot take {value!r:.60}.")
    column[rows] = new


def _fits(new: NDArray[Any], dtype: np.dtype[Any]) -> bool:
    if new.dtype.kind not in "biuf":
        return False
    if dtype.kind == "f":
        return True
    with np.errstate(invalid="ignore"):
        return bool((new.astype(dtype) == new).all())


def refused(name: str, instead: str) -> Callable[..., NoReturn]:
    """A method that raises NotOnColumnsError and says what to use instead."""

    def refuse(*_args: Any, **_kwargs: Any) -> NoReturn:
        raise NotOnColumnsError(f"'{name}' does not work on residents kept as columns: {instead}.")

    refuse.__name__ = name
    refuse.__doc__ = f"Refused: {instead}."
    return refuse
