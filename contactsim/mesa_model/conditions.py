"""Conditions on columns, such as ``"age < 18 and group == 1"``, worked out without running any code."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contactsim.errors import UserError

#: Characters that a condition may have (an assumption: none needs more), so that none can exhaust the parser.
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
    """Where ``condition`` holds, (n,).

    ``read`` gives the (n,) array of a name such as ``age`` or ``attitude[1]``. The text is parsed, and only
    comparisons, logic and arithmetic on columns and numbers are worked out. Division by zero gives an
    infinity, or nan for 0 / 0, so that ``"n > 0 and x / n > 2"`` can be asked of everybody. Raises UserError
    for anything else and where the outcome is not true or false.
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
        raise UserError(f"'{condition}' cannot be worked out: {bad}.") from bad
    if truth.dtype != np.bool_:
        raise UserError(f"'{condition}' is a number, not a condition; compare it with something.")
    return np.broadcast_to(truth, (n,))


def _value(node: ast.AST, read: Callable[[str], NDArray[Any]]) -> Any:
    """The value of one part of a condition; a part of any kind not named here is refused."""
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
