"""Folders of configuration files: those shipped with the package, and those of the user."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from contactsim.errors import UserError

_PACKAGE = Path(__file__).parent


def _folder(name: str) -> Path:
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def configs_folder() -> Path:
    """The configuration groups (places, schemes, settings ...)."""
    return _folder("configs")


def experiments_folder() -> Path:
    """The experiments with their designs and baseline results."""
    return _folder("experiments")


def group_folders(group: str, config_dir: str | None = None, shipped: Path | None = None) -> list[Path]:
    """The folders that hold the YAML files of a group: the shipped one, then ``config_dir/group``.

    Args:
        group: ``action``, ``place``, ``evaluation``, ``lesson`` ...
        config_dir: a user's own folder (``--config-dir``); None for none.
        shipped: where the shipped files are, if not in ``configs/group``.

    Raises UserError if ``config_dir`` is not a folder.
    """
    first = shipped or configs_folder() / group
    if config_dir is None:
        return [first]
    if not Path(config_dir).is_dir():
        raise UserError(f"--config-dir {config_dir} is not a folder.")
    return [first, Path(config_dir, group)]


def group_files(group: str, config_dir: str | None = None, shipped: Path | None = None) -> dict[str, Path]:
    """The YAML files of a group by name (file name without ``.yaml``), sorted by file name in each folder.

    Arguments as in :func:`group_folders`. Raises UserError as there, and for an own file that has the name of a
    shipped one.
    """
    found: dict[str, Path] = {}
    for folder in group_folders(group, config_dir, shipped):
        for path in sorted(folder.glob("*.yaml")):
            if path.stem in found:
                raise UserError(f"{group}/{path.name} in --config-dir {config_dir} has the name of a configuration "
                                f"that comes with contactsim, which would win: give it another name.")
            found[path.stem] = path
    return found


def read_mapping(file: Path, keys: str) -> dict[str, Any]:
    """The contents of a YAML file with keys such as ``keys``. Raises UserError if it cannot be read or has none."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same values in a tenth of the time
    try:
        found = yaml.load(file.read_text(encoding="utf-8"), Loader=loader)
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}," if error.problem_mark else ""
        raise UserError(f"{file}{line} cannot be read as YAML: {error.problem}.") from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UserError(f"{file} cannot be read: {str(error).splitlines()[0]}.") from None
    if not isinstance(found, dict):
        raise UserError(f"{file} is not a mapping of keys such as {keys}.")
    return found
