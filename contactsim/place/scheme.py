"""Schemes: rules that merge the columns of a table into the 2 to 16 groups of the model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contactsim.errors import UserError, nearest
from contactsim.paths import configs_folder
from contactsim.place.core import FEWEST_GROUPS, MOST_GROUPS


@dataclass(frozen=True)
class Scheme:
    """Groups in order (the first is the reference group), and for each family of tables their columns."""

    name: str
    groups: tuple[str, ...]
    columns: dict[str, dict[str, tuple[str, ...]]]
    """family of tables (census2011, census2021 ...) -> group -> columns"""


def scheme_names() -> list[str]:
    """Names of the schemes that come with the package."""
    return sorted(path.stem for path in (configs_folder() / "scheme").glob("*.yaml"))


def find_scheme(name: str, base: Path) -> Scheme:
    """A bundled scheme by name, or one in a YAML file (relative to ``base``)."""
    if name in scheme_names():
        return read_scheme(configs_folder() / "scheme" / f"{name}.yaml")
    path = base / name
    if not path.is_file():
        raise UserError(f"place.scheme={name} is neither a scheme ({', '.join(scheme_names())}) nor a file."
                        f"{nearest(name, scheme_names())}")
    return read_scheme(path)


def read_scheme(path: Path) -> Scheme:
    """Read a scheme: a mapping ``groups`` of names to {family of tables: [columns]}."""
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        raise UserError(f"The scheme {path.name} is not valid YAML.") from None
    groups = content.get("groups") if isinstance(content, dict) else None
    if not isinstance(groups, dict) or not all(isinstance(value, dict) for value in groups.values()):
        raise UserError(f"The scheme {path.name} must have a mapping 'groups' of names to "
                        f"{{table: [columns]}}.")
    if not FEWEST_GROUPS <= len(groups) <= MOST_GROUPS:
        raise UserError(f"The scheme {path.name} has {len(groups)} groups; {FEWEST_GROUPS} to {MOST_GROUPS} "
                        f"are allowed.")
    families = sorted({str(family) for value in groups.values() for family in value})
    columns = {family: {str(group): _columns(path, group, family, value.get(family, []))
                        for group, value in groups.items()} for family in families}
    for family, by_group in columns.items():
        _no_column_twice(path, family, by_group)
    return Scheme(path.stem, tuple(str(name) for name in groups), columns)


def _columns(path: Path, group: Any, family: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise UserError(f"The scheme {path.name} must list the columns of group '{group}' for {family}.")
    return tuple(value)


def _no_column_twice(path: Path, family: str, by_group: dict[str, tuple[str, ...]]) -> None:
    owner: dict[str, str] = {}
    for group, columns in by_group.items():
        for column in columns:
            if column in owner:
                raise UserError(f"The scheme {path.name} puts the column '{column}' of {family} into two "
                                f"groups, '{owner[column]}' and '{group}'.")
            owner[column] = group


def merge(scheme: Scheme, columns: tuple[str, ...], counts: NDArray[np.int64], file: str,
          ) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Groups and (areas, groups) counts of a table with these columns.

    The family is the one that shares most columns with the table. Every column must be in exactly one
    group and every column of the family in the table; UserError otherwise. Groups that the family has no
    column for are left out.
    """
    shared = {family: len({c for cs in by_group.values() for c in cs} & set(columns))
              for family, by_group in scheme.columns.items()}
    family = max(shared, key=lambda name: shared[name], default="")
    if not shared.get(family):
        raise UserError(f"The scheme {scheme.name} has no columns of {file}, whose groups are "
                        f"{', '.join(columns[:5])}{' ...' if len(columns) > 5 else ''}.")
    by_group = scheme.columns[family]
    covered = {column for group in by_group.values() for column in group}
    for column in columns:
        if column not in covered:
            raise UserError(f"The column '{column}' of {file} is in no group of the scheme {scheme.name}."
                            f"{nearest(column, covered - set(columns))}")
    for column in sorted(covered):
        if column not in columns:
            raise UserError(f"The scheme {scheme.name} names the column '{column}', which {file} does not "
                            f"have.{nearest(column, columns)}")
    groups = tuple(group for group in scheme.groups if by_group[group])
    merged = [counts[:, [columns.index(c) for c in by_group[group]]].sum(axis=1) for group in groups]
    return groups, np.stack(merged, axis=1)
