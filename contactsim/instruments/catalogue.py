"""Instruments by what they measure, made from plain data, and their answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from pydantic import ValidationError

from contactsim.errors import UserError, nearest
from contactsim.instruments.base import Instrument, Instruments, Rows, Values
from contactsim.instruments.contact import ContactFrequency, ContactValence, Episodes
from contactsim.instruments.states import AreaDiversity, Friends, Rating
from contactsim.paths import group_files, read_mapping
from contactsim.section import MisconfiguredError

if TYPE_CHECKING:
    from contactsim.state import State

GROUP = "instrument"
#: The kinds of items by what they measure.
KINDS: dict[str, type[Instrument]] = {
    name: kind for kind in (ContactFrequency, ContactValence, Episodes, Rating, Friends, AreaDiversity)
    for name in kind.MEASURES}
#: Ending of columns of true states next to answers; no item may end in it.
TRUE = "_true"


class Reader(Protocol):
    """Reads the answers to one item; see :func:`ask`."""

    def __call__(self, world: State, rows: Rows, wave: int | None = None) -> Values:
        """(rows,) answers, nan for those to whom the item is not put."""


def instruments_of(values: Any, key: str) -> Any:
    """Instruments by name, each of the class of what it measures, from plain data under ``key`` ("" for none).

    Anything but a mapping is returned unchanged. Raises MisconfiguredError or ValueError.
    """
    if not isinstance(values, Mapping):
        return values
    prefix = f"{key}." if key else ""
    found = {name: value if isinstance(value, Instrument) else _instrument(str(name), value, f"{prefix}{name}")
             for name, value in values.items()}
    for name, one in found.items():
        first = [other for other in found if found[other].after is None and other != name]
        if one.after is not None and one.after not in first:
            raise ValueError(f"{prefix}{name}.after={one.after} is not allowed: it must be an item that is asked and "
                             f"follows no other: {', '.join(first) or 'none'}")
    return found


def with_changes(names: Iterable[str], changes: Mapping[str, Any], config_dir: str | None = None) -> dict[str, Any]:
    """Plain data of items and of those that they follow: their files, with ``changes`` of keys by item.

    An item without a file needs all its keys there, as in ``{trust: {measures: attitude, wording: ...}}``. The names
    are those of files or of changes.
    """
    known = group_files(GROUP, config_dir)
    found: dict[str, Any] = files([name for name in names if name in known], config_dir)
    found |= {name: {} for name in names if name not in known}
    return {name: one if isinstance(one := changes.get(name, {}), Instrument) else {**file, **one}
            for name, file in found.items()}


def _instrument(name: str, values: Any, key: str) -> Instrument:
    if not name.isidentifier() or not name.islower() or name.endswith(TRUE):
        raise ValueError(f"{key} is not allowed: the name of an item has small letters, digits and underscores, and "
                         f"does not end in {TRUE}")
    if not isinstance(values, Mapping):
        raise ValueError(f"{key}={values!r} is not allowed: it must be a mapping with keys such as measures, wording")
    measures = values.get("measures")
    if measures is None:
        raise ValueError(f"{key}.measures is missing: it must be one of {', '.join(KINDS)}")
    if measures not in KINDS:
        raise ValueError(f"{key}.measures={measures!r} is not allowed: it must be one of {', '.join(KINDS)}"
                         f"{nearest(str(measures), KINDS).rstrip('.')}")
    kind = KINDS[measures]
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        raise MisconfiguredError(key, kind, error) from None


def files(chosen: Iterable[str] | None = None, config_dir: str | None = None) -> dict[str, Any]:
    """The contents of the files of the chosen items (None: all), with the items that they follow.

    Args:
        chosen: names of shipped files, or of ``config_dir/instrument/NAME.yaml``.
        config_dir: a folder of the user's own.

    Raises UserError for an unknown name and a file that cannot be read.
    """
    known = group_files(GROUP, config_dir)
    found: dict[str, Any] = {}
    names = list(known if chosen is None else chosen)
    for name in names:  # grows by the items that others follow
        if name not in known:
            raise UserError(f"survey.instruments={name} is no item: allowed are {', '.join(known)}."
                            f"{nearest(name, known)}")
        if name not in found:
            found[name] = read_mapping(known[name], "measures and wording")
            after = found[name].get("after")
            names += [after] if isinstance(after, str) and after in known else []
    return found


@cache
def _shipped() -> dict[str, Instrument]:
    found: dict[str, Instrument] = instruments_of(files(), "")
    return found


def shipped() -> dict[str, Instrument]:
    """The instruments that come with contactsim, by name."""
    return dict(_shipped())


def ask(world: State, rows: Rows, instruments: Instruments, wave: int | None = None) -> dict[str, Values]:
    """The answers of ``rows`` to all instruments, by name: (rows,) each, nan for those to whom an item is not put.

    ``wave`` keys the part of reporting noise that is new in each wave (None: the number of the week). The answers of a
    person are the same whoever else is asked.
    """
    from contactsim.instruments.question import Question

    key = world.clock if wave is None else wave
    found: dict[str, Values] = {}
    for name, one in sorted(instruments.items(), key=lambda item: item[1].after is not None):
        asked = one.asked(world)[rows]
        if one.after is not None:
            asked = asked & (found[one.after] > 0)
        found[name] = np.full(rows.size, np.nan)
        found[name][asked] = one.answers(Question(name, world, rows[asked], key))
    return {name: found[name] for name in instruments}


def readers(instruments: Instruments) -> dict[str, Reader]:
    """A ``Reader`` for each instrument, so that findings and evaluations can name it as an outcome."""
    return {name: _reader(name, instruments) for name in instruments}


def _reader(name: str, instruments: Instruments) -> Reader:
    needed = {key: instruments[key] for key in (instruments[name].after, name) if key is not None}

    def read(world: State, rows: Rows, wave: int | None = None) -> Values:
        return ask(world, rows, needed, wave)[name]

    return read
