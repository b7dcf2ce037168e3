"""Python sources reduced to what decides their results: the syntax tree without comments, and the imports."""

from __future__ import annotations

import ast
import hashlib
from dataclasses import dataclass

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
#: Fields of a syntax tree that follow from their context, or have no effect when the code runs.
_IDLE = {"ctx", "kind", "type_comment", "type_ignores"}


@dataclass(frozen=True)
class Import:
    """``import module`` (no names) or ``from module import names``."""

    level: int
    """dots before the module"""
    module: str
    names: tuple[str, ...]

    def absolute(self, where: str, package: bool) -> str:
        """The module's full name, seen from the module ``where`` (an ``__init__`` if ``package``)."""
        if not self.level:
            return self.module
        parts = where.split(".")
        return ".".join([*parts[:len(parts) - self.level + package], *([self.module] if self.module else [])])


@dataclass(frozen=True)
class Source:
    """A parsed source."""

    digest: bytes
    """of its code: comments, docstrings, the layout of lines and what only type checkers read are no part of it"""
    package: bool
    """whether it is the ``__init__`` of a package"""
    loaded: tuple[Import, ...]
    """imports that run when the module is loaded"""
    inner: tuple[Import, ...]
    """imports inside functions"""


def parse(text: bytes, package: bool) -> Source:
    """Parse a source. Raises SyntaxError."""
    writer = _Writer()
    writer.node(ast.parse(text), False)
    digest = hashlib.blake2b("\0".join(writer.words).encode("utf-8", "surrogatepass"), digest_size=16).digest()
    return Source(digest, package, tuple(writer.imports[False]), tuple(writer.imports[True]))


class _Writer:
    """Writes a syntax tree down as words, the same for any version of Python that has the same syntax."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.imports: dict[bool, list[Import]] = {False: [], True: []}

    def node(self, node: ast.AST, inside: bool) -> None:
        """Add a node; ``inside`` a function or not."""
        add = self.words.append
        add(type(node).__name__)
        if isinstance(node, ast.Import):
            self.imports[inside] += [Import(0, alias.name, ()) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            self.imports[inside].append(Import(node.level, node.module or "", tuple(one.name for one in node.names)))
        inside = inside or isinstance(node, _FUNCTIONS)
        idle = {"body"} if isinstance(node, ast.If) and _type_checking(node.test) else ()
        for name in node._fields:
            value = getattr(node, name, None)
            if value is None or name in _IDLE or name in idle:
                continue
            if isinstance(value, ast.AST):
                add(name)
                self.node(value, inside)
            elif not isinstance(value, list):
                add(name)
                add(repr(value))
            elif value:
                add(f"{name}[")
                for one in value:
                    if isinstance(one, ast.AST):
                        if not _docstring(one):
                            self.node(one, inside)
                    else:
                        add(repr(one))
                add("]")


def _docstring(node: ast.AST) -> bool:
    """Whether it is a string that stands alone: a docstring, or one of an attribute."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _type_checking(test: ast.expr) -> bool:
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING")
