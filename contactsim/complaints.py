"""Hydra's and OmegaConf's complaints, said again in one sentence with the nearest name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from contactsim.errors import UserError, nearest
from contactsim.paths import configs_folder

if TYPE_CHECKING:
    from contactsim.composition import Composition


@contextmanager
def reworded(composition: Composition | None) -> Iterator[None]:
    """Turn any complaint raised inside into a UserError."""
    try:
        yield
    except yaml.MarkedYAMLError as error:
        raise UserError(_yaml(error)) from error
    except OverrideParseException as error:
        raise UserError(_grammar(error.override)) from error
    except MissingConfigException as error:
        raise UserError(_missing(error, composition)) from error
    except (HydraException, OmegaConfBaseException, ValueError, OSError) as error:
        raise UserError(_composition(error, composition)) from error


def _yaml(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark
    where = f"{_file(mark.name)}, line {mark.line + 1}" if mark else "A configuration file"
    return f"{where}, cannot be read as YAML: {error.problem}."


def _file(name: str) -> str:
    for root, shown in ((configs_folder(), "configs/"), (Path.cwd(), "")):
        if Path(name).is_relative_to(root):
            return shown + Path(name).relative_to(root).as_posix()
    return name


def _grammar(override: str) -> str:
    name = override.split("=")[0]
    if "=" not in override:
        return f"'{override}' (command line) has no value: write {override.strip('-+~') or 'key'}=value."
    if not re.fullmatch(r"[+~]{0,2}[\w./@:-]+", name):
        return f"'{override}' (command line) has no proper key: write key=value, as in weeks=104."
    return (f"'{override}' (command line) cannot be read as key=value: put quotes around a value with "
            f"special characters, as in \"{name}='...'\".")


def _missing(error: MissingConfigException, composition: Composition | None) -> str:
    wanted = str(error.missing_cfg_file or "")
    group, _, name = wanted.rpartition("/")
    for line in composition.overrides if composition and wanted.startswith("place/") else ():
        if re.fullmatch(r"place=.*\.(csv|txt|gz)", line):
            return f"{line} (command line) names a file: write place=census place.file={line.partition('=')[2]}."
    inside = re.match(r"In '([^']+)'", str(error))
    where = f"{inside.group(1)}.yaml" if inside and inside.group(1) != "config" else "command line"
    options = [str(option) for option in error.options or (composition.options(group) if composition else ())]
    if not options:
        return f"{wanted}.yaml, asked for by {where}, does not exist."
    return f"{group}={name} ({where}) is unknown: allowed are {', '.join(options)}.{nearest(name, options)}"


def _composition(error: Exception, composition: Composition | None) -> str:
    text = str(error) or str(error.__cause__ or "")
    if match := re.search(r"Could not override '([^']+)'", text):
        return unknown_key(match.group(1), composition)
    if match := re.search(r"Ambiguous value for argument '([^']+)'", text):
        return (f"'{match.group(1)}' (command line) names several values: add --multirun to run each of them, "
                f"or put brackets around a list.")
    if match := re.search(r"Sweep parameters '([^']+)' requires --multirun", text):
        return f"'{match.group(1)}' (command line) names several values: add --multirun to run each of them."
    if match := re.search(r"An item is already at '([^']+)'", text):
        return f"'+{match.group(1)}=' (command line) adds a key that is there already: leave out the '+'."
    if match := re.search(r"Could not delete(?: from config\.)? '([^']+)'", text):
        return f"'~{match.group(1)}' (command line) takes away a key that is not there."
    if match := re.search(r"looks like a config group override, but config group '([^']+)'", text):
        return unknown_key(match.group(1), composition)
    if match := re.search(r"Interpolation key '([^']+)' not found", text):
        key = re.search(r"full_key: (\S+)", text)
        return f"{key.group(1) if key else 'A key'} refers to ${{{match.group(1)}}}, which does not exist."
    if match := re.search(r"Error merging override (.+)", text):
        reason = str(error.__cause__ or "").splitlines()[:1]
        why = (reason or ["wrong type"])[0].rstrip(".")
        return f"'{match.group(1)}' (command line) does not fit its key: {why}."
    first = text.strip().splitlines()[0].rstrip(".:") if text.strip() else type(error).__name__
    return f"The configuration cannot be put together: {first}."


def unknown_key(key: str, composition: Composition | None) -> str:
    """The sentence for a key that the configuration does not have."""
    known = known_keys(composition)
    parent, _, name = key.rpartition(".")
    siblings = sorted({k[len(parent) + 1 if parent else 0:].split(".")[0] for k in known
                       if not parent or k.startswith(f"{parent}.")})
    given = composition.overrides if composition else []
    value = next((line for line in given if line.startswith(f"{key}=")), key)
    if parent in ("scenario.shocks", "settings.occasions", "scenario.arrival_shares") or key in known:
        return f"'{value}' (command line) is new in {parent or key}: write a '+' before it to add it."
    if not siblings:
        return f"'{value}' (command line) is unknown: there is no '{parent}'.{nearest(key, known)}"
    hint = nearest(name, siblings) or nearest(key, known)
    allowed = f": allowed are {', '.join(siblings)}" if len(siblings) <= 14 else ""
    return f"'{value}' (command line) is unknown{f' in {parent}' if parent else ''}{allowed}.{hint}"


def known_keys(composition: Composition | None) -> list[str]:
    """All keys, with dots, of the configuration that the command line starts from (its groups kept)."""
    from contactsim.composition import GROUPS, RunMode, _leaves

    if composition is None:
        return []
    chosen = [line for line in composition.overrides if line.split("=")[0] in GROUPS and "," not in line]
    try:
        config: Any = composition.hydra.compose_config(composition.primary, chosen, RunMode.RUN)
    except Exception:  # the names only adorn a message: never let them hide it
        return list(GROUPS)
    raw: Any = OmegaConf.to_container(config, resolve=False)
    raw.pop("hydra", None)
    return [key for key, _ in _leaves(raw)]
