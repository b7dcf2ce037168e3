"""Ensembles: parameter sets that agree with the surveys (docs/calibration.md), and what a set changes.

An ensemble NAME is a pair of files in ``experiments/ensembles``: ``NAME.yaml`` (title, how it came about, digest of
the table) and ``NAME.csv`` (one row for each set: its number, and a column for each dotted path). A path to such a YAML
file stands for a user's own.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from contactsim.config.sentences import sentence
from contactsim.errors import UserError, nearest
from contactsim.instruments.base import Instrument, Instruments
from contactsim.parameters import ModelParameters
from contactsim.paths import experiments_folder, read_mapping
from contactsim.renamed import key_sentence

#: The ensemble that comes with contactsim.
PLAUSIBLE = "plausible"
#: Beginning of the paths of numbers of survey items.
INSTRUMENTS = "instruments."
#: Column with the number of a set.
NUMBER = "set"
#: Key of a run that names a set by its number, and the column of results in which several sets are pooled.
SET = "ensemble_set"


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


def names() -> list[str]:
    """The names of the ensembles that come with contactsim."""
    return sorted(path.stem for path in _folder().glob("*.yaml"))


def read(name: str) -> Ensemble:
    """An ensemble by name or by the path of its YAML file.

    Raises UserError for an unknown name and a table that is damaged or was changed.
    """
    file = Path(name) if name.endswith(".yaml") else _folder() / f"{name}.yaml"
    if not file.is_file():
        raise UserError(f"ensemble={name} does not exist: it must be one of {', '.join(names()) or 'none'}, or the "
                        f"path of a file that contactsim calibrate wrote, as in calibrations/mine/ensemble.yaml."
                        f"{nearest(name, names())}")
    return _read(name, file)


def _folder() -> Path:
    return experiments_folder() / "ensembles"


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


def apply(values: dict[str, Any], origin: Callable[[str], str]) -> None:
    """Put a configuration's parameter set into it; ``origin`` tells where the value of a key comes from.

    Values that the command line or a chosen file gives stay as they are. Raises UserError.
    """
    name, number = values.get("ensemble"), values.get("ensemble_set")
    if name is None:
        if number is not None:
            raise UserError(f"ensemble_set={number} ({origin('ensemble_set')}) needs an ensemble, as in "
                            f"ensemble={PLAUSIBLE}.")
        return
    ensemble = read(str(name))
    if number is None:
        number = values["ensemble_set"] = ensemble.numbers[0]
    if number not in ensemble.numbers:
        raise UserError(f"ensemble_set={number} ({origin('ensemble_set')}) is not allowed: '{name}' has the sets "
                        f"{min(ensemble.numbers)} to {max(ensemble.numbers)}.")
    for path, value in ensemble.sets[ensemble.numbers.index(number)].items():
        key = path.replace(INSTRUMENTS, "survey.instruments.", 1) if path.startswith(INSTRUMENTS) else path
        of_items = path.startswith(INSTRUMENTS)
        given = origin(key) == "command line" if of_items else origin(key) != "default"
        *way, last = key.split(".")
        at: Any = values
        for part in way:
            at = at.get(part) if isinstance(at, dict) else None
        if isinstance(at, dict) and last in at and not given:
            at[last] = value
        elif not of_items and not given:
            raise UserError(f"'{name}' has a value for {path}, which is no parameter of the model.")


def over_all_sets(overrides: Sequence[str]) -> list[str]:
    """Overrides with an axis over all sets of the ensemble they name, if they name one and no set."""
    keys = {line.split("=")[0]: line.partition("=")[2] for line in overrides}
    if keys.get("ensemble") in (None, "null") or SET in keys:
        return list(overrides)
    return [*overrides, f"{SET}={','.join(map(str, read(keys['ensemble']).numbers))}"]


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


def item_values(name: str, number: int | None) -> dict[tuple[str, str], float]:
    """The numbers of survey items in one set of an ensemble, by item and field. Raises UserError."""
    ensemble = read(name)
    chosen = ensemble.sets[0 if number is None else ensemble.numbers.index(number)]
    return {(path.split(".")[1], path.split(".")[2]): value for path, value in chosen.items()
            if path.startswith(INSTRUMENTS)}


def with_instruments(items: Instruments, values: Mapping[str, float]) -> dict[str, Instrument]:
    """Survey items with the numbers under ``instruments.NAME.FIELD`` of a parameter set."""
    found = dict(items)
    for path, value in values.items():
        if path.startswith(INSTRUMENTS):
            _, name, field = path.split(".")
            if name in found:
                found[name] = found[name].model_copy(update={field: value})
    return found
