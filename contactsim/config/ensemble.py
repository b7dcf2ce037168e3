"""Ensembles: parameter sets that agree with the surveys (see docs/calibration.md), and what a set changes.

An ensemble NAME is a pair of files in ``configs/ensemble`` or ``config_dir/ensemble``: ``NAME.yaml`` (title, how it came
about, digest of the table) and ``NAME.csv`` (one row for each set: its number, and a column for each dotted path).
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from contactsim.config.sentences import sentence
from contactsim.errors import UserError, nearest
from contactsim.instruments.base import Instrument, Instruments
from contactsim.parameters import ModelParameters
from contactsim.paths import group_files, read_mapping
from contactsim.renamed import key_sentence

GROUP = "ensemble"
#: The ensemble that comes with contactsim.
PLAUSIBLE = "plausible"
#: Beginning of the paths of numbers of survey items.
INSTRUMENTS = "instruments."
#: Column with the number of a set.
NUMBER = "set"


@dataclass(frozen=True)
class Ensemble:
    """Parameter sets, from the one nearest to the middle outwards."""

    name: str
    title: str
    numbers: list[int]
    sets: list[dict[str, float]]
    """value by dotted path, for each set"""
    digest: str
    about: dict[str, Any]
    """how it came about"""

    def first(self, number: int | None) -> Ensemble:
        """The ensemble with so many of its sets (None: all). Raises UserError if it has fewer."""
        if number is not None and number > len(self.sets):
            raise UserError(f"sets={number} is not allowed: the ensemble '{self.name}' has {len(self.sets)} sets.")
        return Ensemble(self.name, self.title, self.numbers[:number], self.sets[:number], self.digest, self.about)


def names(config_dir: str | None = None) -> list[str]:
    """The names of the ensembles that there are."""
    return sorted(group_files(GROUP, config_dir))


def read(name: str, config_dir: str | None = None) -> Ensemble:
    """An ensemble by name. Raises UserError for an unknown name and a table that is damaged or was changed."""
    known = group_files(GROUP, config_dir)
    if name not in known:
        raise UserError(f"ensemble={name} does not exist: allowed are {', '.join(sorted(known)) or 'none'}."
                        f"{nearest(name, known)}")
    return _read(name, known[name])


@lru_cache(maxsize=8)
def _read(name: str, file: Path) -> Ensemble:
    about = read_mapping(file, "title and digest")
    table = file.with_suffix(".csv")
    try:
        content = table.read_bytes()
        rows = list(csv.DictReader(content.decode("utf-8").splitlines()))
        numbers = [int(row.pop(NUMBER)) for row in rows]
        sets = [{path: float(value) for path, value in row.items()} for row in rows]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{table} is no table of parameter sets: {error}.") from None
    found = digest(content)
    if about.get("digest", found) != found:
        raise UserError(f"{table} was changed after it was made: its digest is {found}, and {file} has "
                        f"{about['digest']}. Run contactsim calibrate, or remove the line digest to use it as it is.")
    if not sets:
        raise UserError(f"{table} has no parameter set.")
    return Ensemble(name, str(about.get("title", name)), numbers, sets, found, about)


def digest(content: bytes) -> str:
    """The digest of a table."""
    return hashlib.sha256(content).hexdigest()[:16]


def with_values(parameters: ModelParameters, values: Mapping[str, Any]) -> ModelParameters:
    """Parameters with values set at dotted paths. Raises UserError for a path that is none or a value out of range."""
    tree = parameters.model_dump()
    for path, value in values.items():
        *way, last = path.split(".")
        at: Any = tree
        for name in way:
            at = at.get(name) if isinstance(at, dict) else None
        if not isinstance(at, dict) or last not in at:
            raise UserError(key_sentence(path, "", path) or f"{path} is no parameter of the model.")
        at[last] = value
    try:
        return ModelParameters.model_validate(tree)
    except ValidationError as error:
        raise UserError(sentence(error, lambda key: "parameter set", ModelParameters)) from None


def with_instruments(items: Instruments, values: Mapping[str, float]) -> dict[str, Instrument]:
    """Survey items with the numbers under ``instruments.NAME.FIELD`` of a parameter set."""
    found = dict(items)
    for path, value in values.items():
        if path.startswith(INSTRUMENTS):
            _, name, field = path.split(".")
            if name in found:
                found[name] = found[name].model_copy(update={field: value})
    return found
