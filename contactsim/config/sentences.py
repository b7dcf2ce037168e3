"""Sentences for mistakes in a configuration: the key, the value, what is allowed and where it stands.

They are made from pydantic's errors and the fields of the definitions, and need nothing that simulates.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import BaseModel, ValidationError

from contactsim import renamed
from contactsim.errors import UserError, nearest
from contactsim.section import MisconfiguredError

Origin = Callable[[str], str]


@contextmanager
def for_users(origin: Origin) -> Iterator[None]:
    """Within this block, an error of a definition's values becomes a UserError that names the file of its key."""
    try:
        yield
    except MisconfiguredError as wrong:
        raise UserError(sentence(wrong.error, origin, wrong.model, f"{wrong.key}.")) from None
    except ValueError as wrong:
        text = str(wrong).rstrip(".")
        raise UserError(f"{text} ({origin(text.partition('=')[0].partition(' ')[0])}).") from None


def sentence(error: ValidationError, origin: Origin, model: type[BaseModel], prefix: str = "") -> str:
    """One sentence for the first error: key, value, origin, allowed values, and the nearest or the new name.

    Args:
        error: of the validation.
        origin: gives the file (or "command line") from which a key got its value.
        model: the section that was validated.
        prefix: the key of that section, with a dot at its end; "" for a whole configuration.
    """
    first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    path = [str(part) for part in first["loc"]]
    key, what = prefix + ".".join(path), first["type"]
    if what == "value_error":
        wrong = first["ctx"]["error"]
        if isinstance(wrong, MisconfiguredError):
            return sentence(wrong.error, origin, wrong.model, f"{prefix}{wrong.key}.")
        text = prefix + str(wrong).rstrip(".")
        return f"{text} ({origin(text.split('=')[0])})."
    given = f"{key}={shown(first['input'])}"
    value = f"{given} ({origin(key)})"
    if what == "extra_forbidden":
        old = renamed.key_sentence(given, origin(key), key, first["input"])
        if old is not None:
            return old
        owner = _model_at(model, path[:-1])
        names = list(owner.model_fields) if owner else []
        inside = f" in {key.rpartition('.')[0]}" if "." in key else ""
        allowed = f": allowed are {', '.join(names)}" if len(names) <= 18 else ""
        return f"{value} is unknown{inside}{allowed}.{nearest(path[-1], names)}"
    field = _field_at(model, path)
    if what == "missing" or first["input"] == "???":
        about = f": {field.description}" if field is not None and field.description else ""
        return f"{key} ({origin(key)}) is missing{about}; it must be {allowed_of(field)}."
    if what == "literal_error" and field is None:  # one of a list
        field = _field_at(model, path[:-1])
    choices = _choices(field.annotation) if field is not None else []
    old = renamed.value_sentence(given, origin(key), key, first["input"], choices)
    if old is not None:
        return old
    near = nearest(str(first["input"]), choices) if what == "literal_error" else ""
    return f"{value} is not allowed: it must be {allowed_of(field)}.{near}"


def _choices(kind: Any) -> list[str]:
    """The choices of a literal, or of a list of literals."""
    if typing.get_origin(kind) is list:
        kind = typing.get_args(kind)[0]
    return [str(choice) for choice in typing.get_args(kind)] if typing.get_origin(kind) is typing.Literal else []


def shown(value: Any) -> str:
    """A value as YAML would write it, cut to 60 characters."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def bounds(field: Any) -> tuple[Any, Any]:
    """(lowest, highest) value that a field allows; None where there is no limit."""
    found = {name: getattr(m, name) for m in field.metadata for name in ("ge", "le") if hasattr(m, name)}
    return found.get("ge"), found.get("le")


def allowed_of(field: Any) -> str:
    """The allowed values of a field in words: ``a number from 0 to 1 (share)``."""
    if field is None:
        return "a mapping of names to values"
    kind, null = field.annotation, ""
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        kind, null = next(a for a in typing.get_args(kind) if a is not type(None)), " or null"
    if typing.get_origin(kind) is typing.Literal:
        return f"one of {', '.join(_choices(kind))}"
    if typing.get_origin(kind) is list:
        return f"a list, as in [{','.join(_choices(kind))}]" if _choices(kind) else "a list"
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return f"a mapping with keys such as {', '.join(list(kind.model_fields)[:4])}"
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}.get(kind, "a mapping")
    low, high = bounds(field)
    unit = (field.json_schema_extra or {}).get("unit")
    span = f" from {plain(low)} to {plain(high)}" if low is not None and high is not None else ""
    return f"{words}{span}{f' ({unit})' if unit and kind is not bool else ''}{null}"


def plain(number: float) -> str:
    """A number in words: ``0.25``, ``1,000,000``."""
    return f"{number:g}" if abs(number) < 1e6 else f"{number:,.0f}"


def _field_at(model: type[BaseModel], path: list[str]) -> Any:
    owner = _model_at(model, path[:-1])
    return owner.model_fields.get(path[-1]) if owner else None


def _model_at(model: type[BaseModel], path: list[str]) -> type[BaseModel] | None:
    """The section at a path of keys; a name in a mapping of sections, or a number in a list, counts as one key."""
    current: Any = model
    for part in path:
        if isinstance(current, type) and issubclass(current, BaseModel):
            field = current.model_fields.get(part)
            current = field.annotation if field else None
        elif typing.get_origin(current) in (dict, list):
            current = typing.get_args(current)[-1]
        else:
            return None
    return current if isinstance(current, type) and issubclass(current, BaseModel) else None
