"""The only module that calls Hydra: finds configuration files and composes a configuration from them.

Configuration is data: nothing in it may name code to run or read the environment. Errors of Hydra become one sentence
(:mod:`contactsim.config.config_errors`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import Any

from hydra import version
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import SearchPathQuery
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from contactsim.actions.inheritance import alike
from contactsim.config.config_errors import Given, reworded, several_values
from contactsim.errors import UserError
from contactsim.instruments.catalogue import GROUP as INSTRUMENTS
from contactsim.instruments.catalogue import files
from contactsim.instruments.questionnaire import KEY
from contactsim.paths import configs_folder, group_files

PRIMARY = "config"
GROUPS = ("place", "residents", "settings", "psychology", "scenario", "survey")
#: The group from which a run takes any number of configurations, each under ``actions.NAME``.
ACTIONS = "action"
#: An interpolation of another key, such as ${seed}; anything with a colon would call a resolver.
_PLAIN = re.compile(r"\$\{[\w.\[\]]+\}")
_NOWHERE = object()


class Composition:
    """The shipped configuration files, those of the user, and the overrides of the command line.

    Args:
        overrides: ``key=value`` in Hydra's grammar.
        config_dir: a folder with groups of the user's own (Hydra's ``--config-dir``).
        sweep: several values for one key are allowed (``--multirun``).
    """

    primary = PRIMARY

    def __init__(self, overrides: list[str], config_dir: str | None = None, sweep: bool = False) -> None:
        version.setbase("1.3")
        self.overrides = [_addable(override) for override in overrides]
        self.config_dir, self.sweep = config_dir, sweep
        path = create_config_search_path(str(configs_folder()))
        if config_dir is not None:
            self._check_folder(Path(config_dir))
            path.prepend("command-line", str(Path(config_dir).absolute()), SearchPathQuery(provider="schema"))
        self.hydra = Hydra(task_name="contactsim", config_loader=ConfigLoaderImpl(path))
        self._given = Given(self.overrides, self.options, self._put_together, _keys, (ACTIONS,))

    def reworded(self) -> AbstractContextManager[None]:
        """A context that turns errors of Hydra into a UserError."""
        return reworded(self._given)

    @cached_property
    def parsed(self) -> list[Override]:
        """The overrides, parsed; raises UserError for one that is not in the grammar or is given twice."""
        with self.reworded():
            parsed = OverridesParser.create().parse_overrides(self.overrides)
        seen: dict[str, str] = {}
        for override in parsed:
            key, line = override.get_key_element().lstrip("+~"), str(override.input_line)
            if key in seen:
                raise UserError(f"{key} is given twice on the command line ('{seen[key]}' and '{line}'): give it "
                                f"once.")
            if key in GROUPS and not override.is_delete():
                self._check_choice(key, line, override)
            if key == ACTIONS:
                self._check_actions(line, override)
            if override.is_sweep_override() and (override.is_hydra_override() or not self.sweep):
                raise UserError(several_values(override))
            seen[key] = line
        return parsed

    def _check_choice(self, group: str, line: str, override: Override) -> None:
        if isinstance(override.value(), list):
            raise UserError(f"'{line}' (command line) is a list, but {group} takes one name; to run several, use "
                            f"--multirun {group}=a,b.")
        if not override.is_sweep_override() and not isinstance(override.value(), str | dict):
            raise UserError(f"'{line}' (command line) names no configuration: {group} is one of "
                            f"{', '.join(self.options(group))}.")

    def _check_actions(self, line: str, override: Override) -> None:
        """Raise UserError for two equal choices, of which Hydra would silently use one."""
        value = override.value()
        chosen = value if isinstance(value, list) else []
        called: dict[str, str] = {}
        for name in map(str, chosen):
            found = self.hydra.config_loader.repository.load_config(f"{ACTIONS}/{name}")  # type: ignore[attr-defined]
            package = (found.header.get("package") if found is not None else None) or name
            if package in called:
                twice = f"{name} twice" if called[package] == name else f"{called[package]} and {name}, one action"
                raise UserError(f"'{line}' (command line) names {twice}: give the second one a name of its own, "
                                f"as in +actions.north.like={name} +actions.north.start=26.")
            called[package] = name

    def compose(self) -> DictConfig:
        """The configuration with Hydra's own part (``hydra``); raises UserError."""
        assert self.parsed is not None
        with self.reworded():
            config = self._put_together(self.overrides)
        _refuse_code(OmegaConf.to_container(config.hydra, resolve=False))
        return config

    def _put_together(self, lines: Sequence[str]) -> DictConfig:
        mode = RunMode.MULTIRUN if self.sweep else RunMode.RUN
        return self.hydra.compose_config(self.primary, list(lines), mode)

    def origin(self, key: str) -> str:
        """The origin of the value of a key (with dots): ``command line`` or a file."""
        item = key.removeprefix(f"{KEY}.").split(".")[0] if key.startswith(f"{KEY}.") else ""
        if item in (files_of_items := group_files(INSTRUMENTS, self.config_dir)):
            return str(files_of_items[item])
        for override in self.parsed:
            name = override.key_or_group
            same = f"{key}.".startswith(f"{name}.") and name not in GROUPS
            if same or name.startswith(f"{key}."):
                return "command line"
        try:
            found = self._file_of(key)
        except Exception:  # the origin only adorns a message: never let it hide the message
            found = None
        return found or "default"

    def options(self, group: str) -> list[str]:
        """Names of a group's configurations."""
        loader: Any = self.hydra.config_loader
        return [str(name) for name in loader.get_group_options(group)] if loader.repository.group_exists(group) else []

    @cached_property
    def _files(self) -> list[Any]:
        """The configuration files that are composed, in the order in which they are."""
        loader: Any = self.hydra.config_loader
        return list(loader.compute_defaults_list(self.primary, list(self.overrides), RunMode.RUN).defaults)

    def _file_of(self, key: str) -> str | None:
        loader: Any = self.hydra.config_loader
        for part in range(key.count(".") + 1):
            wanted = key.rsplit(".", part)[0]
            for default in reversed(self._files):
                package = f"{default.package}." if default.package else ""
                config = loader.repository.load_config(default.config_path)
                if config is not None and wanted.startswith(package):
                    inner = wanted.removeprefix(package)
                    if OmegaConf.select(config.config, inner, default=None) is not None:
                        return self.shown(default.config_path, config.provider)
        return None

    def shown(self, config_path: str, provider: str) -> str | None:
        """The path of a configuration file as the user knows it; None for a definition in the code."""
        if provider == "main":
            return f"configs/{config_path}.yaml"
        if provider == "command-line":
            return f"{self.config_dir}/{config_path}.yaml"
        return None

    def _check_folder(self, folder: Path) -> None:
        if not folder.is_dir():
            raise UserError(f"--config-dir {folder} is not a folder.")
        shipped = {path.relative_to(configs_folder()) for path in configs_folder().rglob("*.yaml")}
        shipped |= {Path(group, "default.yaml") for group in GROUPS}
        twice = sorted(shipped & {path.relative_to(folder) for path in folder.rglob("*.yaml")})
        if twice:
            raise UserError(f"{twice[0].as_posix()} in --config-dir {folder} has the name of a configuration that "
                            f"comes with contactsim, which would win: give it another name.")


def data_of(config: DictConfig, origin: Callable[[str], str]) -> dict[str, Any]:
    """A composed configuration as plain data, its references to other keys filled in; raises UserError."""
    raw = OmegaConf.to_container(config, resolve=False)
    assert isinstance(raw, dict)
    raw.pop("hydra", None)
    for key, value in _leaves(raw):
        if key.rsplit(".", 1)[-1] == "_target_":
            raise UserError(f"{key}={value} ({origin(key)}) is not allowed: configuration is data and runs no "
                            f"code.")
        if isinstance(value, str) and "${" in _PLAIN.sub("", value):
            raise UserError(f"{key}={value} ({origin(key)}) is not allowed: only other keys can be referred "
                            f"to, as in ${{seed}}.")
        if isinstance(value, str):
            _check_references(key, value, config, origin)
    with reworded(None):
        plain = OmegaConf.to_container(OmegaConf.create(raw), resolve=True)
    assert isinstance(plain, dict)
    found = {str(key): value for key, value in plain.items()}
    if ACTIONS in found:
        raise UserError(f"a file of the group '{ACTIONS}' does not say what it is called: its first line must be "
                        f"'# @package actions.NAME'.")
    # a job of --multirun has its own part alone
    hydra = config.hydra if "hydra" in config else HydraConfig.get()
    homes = [Path(source.path) for source in hydra.runtime.config_sources if source.schema == "file"]
    with reworded(None):
        found["actions"] = alike(found["actions"], [home / ACTIONS for home in homes], "actions")
    found["survey"]["instruments"] = _instruments(found["survey"]["instruments"], homes)
    return found


def _instruments(values: Any, homes: Sequence[Path]) -> Any:
    """The files of a list of items (null: all files); a mapping of items stays as it is. Raises UserError."""
    if isinstance(values, Mapping):
        return values
    if values is not None and not isinstance(values, list):
        raise UserError(f"{KEY}={values} is not allowed: it must be a list of items, as in [attitude,threat], or null "
                        f"for all.")
    own = [str(home) for home in homes if home != configs_folder()]
    return files(values, own[0] if own else None)


def _check_references(key: str, value: str, config: DictConfig, origin: Callable[[str], str]) -> None:
    """Raises UserError for a reference to a key that does not exist."""
    for other in re.findall(r"\$\{(\w[\w.\[\]]*)\}", value):
        with reworded(None):
            found = OmegaConf.select(config, other, default=_NOWHERE)
        if found is _NOWHERE:
            raise UserError(f"{key}={value} ({origin(key)}) refers to ${{{other}}}, which does not exist.")


def _keys(config: DictConfig) -> list[str]:
    """All keys of a composed configuration, with dots."""
    return [key for key, _ in _leaves(OmegaConf.to_container(config, resolve=False))]


def _addable(override: str) -> str:
    """Allow any key of an action to be set: its file has only those that differ from the defaults."""
    return f"++{override}" if override.startswith("actions.") else override


def _refuse_code(hydra: Any) -> None:
    """Raise UserError if Hydra's own part would run code, apart from its choice of a launcher and a sweeper."""
    chosen = ("launcher._target_", "sweeper._target_")
    for key, value in _leaves(hydra):
        starts = key.rsplit(".", 1)[-1] in ("_target_", "()") and key not in chosen
        logs = key.startswith(("hydra_logging.", "job_logging.")) and value not in (1, None, False)
        if starts or logs or key.startswith(("callbacks.", "job.env_set.", "job.env_copy.")):
            raise UserError(f"hydra.{key}={value} is not allowed: configuration is data and runs no code of its "
                            f"own.")


def _leaves(node: Any, key: str = "") -> list[tuple[str, Any]]:
    """All values of nested mappings and lists with their keys, as in ``a.b`` and ``a.b[0]``."""
    if isinstance(node, Mapping):
        named = [(f"{key}.{name}" if key else str(name), value) for name, value in node.items()]
    elif isinstance(node, list):
        named = [(f"{key}[{i}]", value) for i, value in enumerate(node)]
    else:
        return [(key, node)]
    return [leaf for name, value in named for leaf in _leaves(value, name)]
