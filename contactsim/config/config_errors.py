"""Turns errors of Hydra into one sentence that names the override, the mistake and the nearest allowed name.

Hydra stops at the first mistake. The parsed overrides and the attributes of its exception show which override that is
and what is wrong with it. The words of Hydra itself are the last resort.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, Override, ValueType
from hydra.errors import ConfigCompositionException, HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, InterpolationKeyError, OmegaConfBaseException

from contactsim import renamed
from contactsim.errors import UserError, nearest
from contactsim.paths import configs_folder

#: The file that refers to a missing configuration, in the text of Hydra's exception: no attribute has it.
_REFERRED_BY = re.compile(r"In '([^']+)'")
#: Mappings to which a user may add names of their own, with a ``+``.
_OPEN = ("scenario.shocks", "settings.contact_contexts", "scenario.arrival_shares")


@dataclass(frozen=True)
class Given:
    """The overrides of the command line, and functions that compose a configuration from some of them."""

    lines: Sequence[str]
    options: Callable[[str], list[str]]
    """names of a group's configurations"""
    put_together: Callable[[list[str]], DictConfig]
    leaves: Callable[[DictConfig], list[str]]
    """all keys of a configuration, with dots"""
    lists: tuple[str, ...] = ()
    """groups of which any number of configurations is chosen"""

    def base(self) -> DictConfig:
        """The configuration with its groups chosen and no key changed; without a choice that is wrong itself."""
        chosen = [str(o.input_line) for o in single(self.lines) if self.options(o.key_or_group)]
        try:
            return self.put_together(chosen)
        except (HydraException, OmegaConfBaseException, ValueError, OSError):
            return self.put_together([])


@contextmanager
def reworded(given: Given | None) -> Iterator[None]:
    """Turn any error of Hydra, OmegaConf or YAML raised inside into a UserError."""
    try:
        yield
    except yaml.MarkedYAMLError as error:
        raise UserError(_yaml(error)) from error
    except OverrideParseException as error:
        raise UserError(_grammar(error.override)) from error
    except (HydraException, OmegaConfBaseException, ValueError, OSError) as error:
        raise UserError(_sentence(error, given)) from error


def several_values(override: Override) -> str:
    """The sentence for several values where one is allowed."""
    if override.is_hydra_override():
        return f"'{override.input_line}' (command line) names several values: one of Hydra's own keys takes one."
    hint = ", or put brackets around a list" if override.value_type == ValueType.SIMPLE_CHOICE_SWEEP else ""
    return f"'{override.input_line}' (command line) names several values: add --multirun to run each of them{hint}."


def unknown_key(key: str, line: str, known: Sequence[str]) -> str:
    """The sentence for a key that is not among ``known``."""
    old = renamed.key_sentence(line, "command line", key, line.partition("=")[2])
    if old is not None:
        return old
    parent, _, name = key.rpartition(".")
    known = [k for k in known if k.startswith("hydra.") == key.startswith("hydra.")]
    siblings = sorted({k[len(parent) + 1 if parent else 0:].split(".")[0] for k in known
                       if not parent or k.startswith(f"{parent}.")})
    if parent in _OPEN or key in known:
        return f"'{line}' (command line) is new in {parent or key}: write a '+' before it to add it."
    if parent in known:
        return f"'{line}' (command line) is unknown: {parent} is a value and has no keys."
    if not siblings:
        return f"'{line}' (command line) is unknown: there is no '{parent}'.{nearest(key, known)}"
    hint = nearest(name, siblings) or nearest(key, known)
    allowed = f": allowed are {', '.join(siblings)}" if len(siblings) <= 18 else ""
    return f"'{line}' (command line) is unknown{f' in {parent}' if parent else ''}{allowed}.{hint}"


def single(lines: Sequence[str]) -> list[Override]:
    """The overrides, parsed; one of several values as one for each of them."""
    parser = OverridesParser.create()
    found = []
    for override in parser.parse_overrides(list(lines)):
        if not override.is_sweep_override():
            found.append(override)
        elif not isinstance(override.value(), Glob) and override.value_type != ValueType.INTERVAL_SWEEP:
            key = override.get_key_element()
            found += [parser.parse_override(f"{key}={text}") for text in override.sweep_string_iterator()]
    return found


def _sentence(error: Exception, given: Given | None) -> str:
    found = _first_wrong(given) if given is not None else None
    if found is not None:
        return found
    if isinstance(error, MissingConfigException):
        return _missing_file(error, given)
    cause = error.__cause__ if isinstance(error.__cause__, OmegaConfBaseException) else error
    if isinstance(cause, InterpolationKeyError) and cause.full_key:
        return f"{cause.full_key} refers to a key that does not exist."
    if isinstance(cause, OmegaConfBaseException):
        where = f"{cause.full_key}: " if cause.full_key else ""
        return f"The configuration cannot be put together: {where}{_first_line(cause)}."
    return f"The configuration cannot be put together: {_first_line(error)}."


def _first_wrong(given: Given) -> str | None:
    """The sentence for the first override that cannot be applied; None if all can."""
    base = given.base()
    for override in single(given.lines):
        if given.options(override.key_or_group) and not isinstance(override.value(), dict):
            found = _wrong_choice(override, base.hydra.runtime.choices, given)
        else:
            found = _wrong_value(override, base, given)
        if found is not None:
            return found
    return None


def _wrong_choice(override: Override, choices: Mapping[str, Any], given: Given) -> str | None:
    """What is wrong with an override that chooses a group's configuration."""
    group, line = str(override.key_or_group), str(override.input_line)
    if override.is_delete():
        there = group in choices and override.value() in (None, "", choices[group])
        return None if there else _not_there(override)
    adds = override.is_add() or override.is_force_add()
    if adds and (group in choices or override.is_force_add()):
        return f"'{line}' (command line) adds a choice that is there already: leave out the '+'."
    if override.package is not None or not (adds or group in choices or group in given.lists):
        return unknown_key(group, line, given.leaves(given.base()))
    options = given.options(group)
    value = override.value()
    for name in map(str, value if isinstance(value, list) else [value]):
        if name not in options:
            if group == "place" and re.fullmatch(r".*\.(csv|txt|gz)", name):
                return f"{line} (command line) names a file: write place=census place.file={name}."
            if (old := renamed.value_sentence(f"{group}={name}", "command line", group, name, options)) is not None:
                return old
            return (f"{group}={name} (command line) is unknown: allowed are {', '.join(options)}."
                    f"{nearest(name, options)}")
    return None


def _wrong_value(override: Override, config: DictConfig, given: Given) -> str | None:
    """What is wrong with an override of a key, which is applied to ``config`` where it can be."""
    key, line = str(override.key_or_group), str(override.input_line)
    known = given.leaves(config)  # an override that fails may change a part of it
    try:
        ConfigLoaderImpl._apply_overrides_to_config([override], config)
        return None
    except ConfigCompositionException as error:
        cause = error.__cause__
    if override.is_delete():
        return _not_there(override)
    if override.is_add() and cause is None:
        return f"'+{key}=' (command line) adds a key that is there already: leave out the '+'."
    if cause is None or isinstance(cause, ConfigAttributeError | ConfigKeyError):
        return unknown_key(key, line, known)
    return f"'{line}' (command line) does not fit its key: {_first_line(cause)}."


def _not_there(override: Override) -> str:
    return f"'{override.input_line}' (command line) takes away a key or value that is not there."


def _missing_file(error: MissingConfigException, given: Given | None) -> str:
    """The sentence for a missing configuration to which a file refers."""
    wanted = str(error.missing_cfg_file or "")
    group, _, name = wanted.rpartition("/")
    inside = _REFERRED_BY.match(str(error))
    where = f"{inside.group(1)}.yaml" if inside else "a configuration file"
    options = [str(option) for option in error.options or (given.options(group) if given else ())]
    if not options:
        return f"{wanted}.yaml, to which {where} refers, does not exist."
    return f"{group}={name} ({where}) is unknown: allowed are {', '.join(options)}.{nearest(name, options)}"


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


def _first_line(error: Any) -> str:
    text = str(getattr(error, "msg", None) or error).strip()
    return text.splitlines()[0].rstrip(".:") if text else type(error).__name__
