"""Converts overrides from Python values to Hydra's ``key=value`` lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from contactsim.errors import UserError

#: One override as on the command line, or several as ``{key: value}``.
Override = str | Mapping[str, Any]


def override_lines(given: Iterable[Override]) -> list[str]:
    """``key=value`` lines of overrides: text is unchanged, mappings are written out.

    ``override_lines(["weeks=52", {"psychology.negative_weight": 2, "action": ["youth_scheme"]}])`` gives
    ``["weeks=52", "psychology.negative_weight=2", "action=['youth_scheme']"]``. A key of a mapping is one key with its
    dots, also with ``+`` in front; its value is one value, so that a list is a list and not several values to sweep.
    Raises UserError for anything that is neither text nor a mapping, and for a value that no configuration can hold.
    """
    lines: list[str] = []
    for one in given:
        if isinstance(one, str):
            lines.append(one)
        elif isinstance(one, Mapping):
            lines += [f"{key}={written(value, str(key))}" for key, value in one.items()]
        else:
            raise UserError(f"{one!r:.60} is no override: write text such as 'weeks=52', or a mapping such as "
                            f"{{'weeks': 52}}.")
    return lines


def written(value: Any, key: str = "a value") -> str:
    """A Python value as Hydra's grammar reads it back. Raises UserError for a kind that it does not have."""
    item = getattr(value, "item", None)
    value = item() if callable(item) and getattr(value, "ndim", 1) == 0 else value
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value)
        case str():
            before_quotes = re.sub(r"(\\+)(?='|$)", r"\1\1", value)  # elsewhere a backslash stands for itself
            return "'" + before_quotes.replace("'", "\\'") + "'"
        case Mapping():
            return "{" + ",".join(f"{name}:{written(one, key)}" for name, one in value.items()) + "}"
        case list() | tuple() | range():
            return f"[{','.join(written(one, key) for one in value)}]"
    raise UserError(f"{key}={value!r:.60} cannot be part of a configuration: it must be a number, text, true or false, "
                    f"None, a list or a mapping.")
