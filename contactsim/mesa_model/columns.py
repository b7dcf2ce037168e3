"""Columns of residents by name: reading, writing with checks, and conditions such as ``"age < 18 and group == 1"``."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Callable
from typing import Any, NoReturn, Protocol

import numpy as np
from numpy.typing import NDArray

from contactsim.errors import UserError, nearest


class ColumnError(UserError, AttributeError):
    """A column that does not exist, or that may not be written."""


class ResidentLeftError(UserError):
    """A view of a resident who has left the place."""


class NotOnColumnsError(UserError, NotImplementedError):
    """A Mesa operation without meaning for residents in columns; the message says what to use instead."""


class Columns(Protocol):
    """The columns of N rows, each with or without a resident."""

    active: NDArray[np.bool_]
    """(N,) whether the row has a resident."""

    uid: NDArray[np.int32]
    """(N,) unique number of the person; a row gets a new one when a new person takes it."""

    @property
    def writable(self) -> frozenset[str]:
        """The columns that a user may write."""

    @property
    def column_names(self) -> tuple[str, ...]:
        """All columns that a user may read."""

    def column(self, name: str) -> NDArray[Any]:
        """The array itself, (N,) or (N, G - 1) with one value for each other group, not a copy."""


LIVING = "the model decides who lives in the neighbourhood"
WEEK = "all residents live through the same week, so call model.step()"

_PART = re.compile(r"(\w+)(?:\[(\d+)\])?", re.ASCII)


def lookup(columns: Columns, name: str) -> NDArray[Any]:
    """The array called ``name``: (N,), or (N, G - 1), or (N,) for a part such as ``"attitude[0]"``, the
    first of the groups other than one's own.

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
        raise NotOnColumnsError(f"'{name}' does not work on residents in columns: {instead}.")

    refuse.__name__ = name
    refuse.__doc__ = f"Refused: {instead}."
    return refuse


#: Longest condition in characters (an assumption), so that no text can exhaust the parser.
LONGEST = 1000
_ALLOWED = "columns, numbers, comparisons, 'and', 'or', 'not', + - * / // % and brackets"
_ARITHMETIC: dict[type, Callable[..., Any]] = {
    ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.true_divide,
    ast.FloorDiv: np.floor_divide, ast.Mod: np.remainder, ast.USub: np.negative, ast.UAdd: np.positive,
}  # fmt: skip
_COMPARE: dict[type, Callable[..., Any]] = {
    ast.Lt: np.less, ast.LtE: np.less_equal, ast.Gt: np.greater, ast.GtE: np.greater_equal,
    ast.Eq: np.equal, ast.NotEq: np.not_equal,
}  # fmt: skip


def holds(condition: str, read: Callable[[str], NDArray[Any]], n: int) -> NDArray[np.bool_]:
    """(n,) whether ``condition`` holds for each resident.

    ``read`` returns the (n,) array of a name such as ``age`` or ``attitude[1]``. The text is parsed, never run as code;
    only comparisons, logic and arithmetic on columns and numbers are evaluated. Division by zero gives infinity, or nan
    for 0 / 0, so ``"n > 0 and x / n > 2"`` is a condition for all residents. Raises UserError for anything else, and if
    the result is not true or false.
    """
    if len(condition) > LONGEST:
        raise UserError(f"a condition has at most {LONGEST} characters, not {len(condition)}.")
    try:
        body = ast.parse(condition.strip(), mode="eval").body
        with np.errstate(all="ignore"):
            truth = np.asarray(_value(body, read))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as bad:
        raise UserError(f"{condition!r:.60} is not a condition; allowed are {_ALLOWED}.") from bad
    except (ArithmeticError, TypeError) as bad:
        raise UserError(f"'{condition}' cannot be evaluated: {bad}.") from bad
    if truth.dtype != np.bool_:
        raise UserError(f"'{condition}' is a number, not a condition; it needs a comparison.")
    return np.broadcast_to(truth, (n,))


def _value(node: ast.AST, read: Callable[[str], NDArray[Any]]) -> Any:
    """The value of one part of a condition; raises UserError for any kind of part not listed here."""
    match node:
        case ast.Constant(value=bool() | int() | float()):
            return node.value
        case ast.Name() | ast.Subscript(value=ast.Name(), slice=ast.Constant(value=int())):
            return read(ast.unparse(node))
        case ast.BoolOp():
            join = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
            return _joined(join, [_value(part, read) for part in node.values])
        case ast.UnaryOp(op=ast.Not()):
            return np.logical_not(_value(node.operand, read))
        case ast.UnaryOp() if type(node.op) in _ARITHMETIC:
            return _ARITHMETIC[type(node.op)](_number(_value(node.operand, read)))
        case ast.BinOp() if type(node.op) in _ARITHMETIC:
            left, right = _number(_value(node.left, read)), _number(_value(node.right, read))
            if isinstance(node.op, ast.Div | ast.FloorDiv | ast.Mod):
                right = right.astype(np.float64)  # whole numbers have no infinity
            return _ARITHMETIC[type(node.op)](left, right)
        case ast.Compare() if all(type(op) in _COMPARE for op in node.ops):
            terms = [_value(part, read) for part in (node.left, *node.comparators)]
            pairs = zip(node.ops, itertools.pairwise(terms), strict=True)
            return _joined(np.logical_and, [_COMPARE[type(op)](*pair) for op, pair in pairs])
    raise UserError(f"'{ast.unparse(node)}' is not allowed in a condition; allowed are {_ALLOWED}.")


def _joined(join: np.ufunc, parts: list[Any]) -> Any:
    truths = [np.asarray(part, dtype=np.bool_) for part in parts]
    return join.reduce(np.broadcast_arrays(*truths))


def _number(values: Any) -> NDArray[Any]:
    """Truth values count as 0 and 1, as they do in Python."""
    values = np.asarray(values)
    return values.astype(np.int64) if values.dtype.kind == "b" else values
