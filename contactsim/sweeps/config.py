"""The configuration of a sweep: its own keys, and the runs that overrides with several values describe."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from hydra.core.override_parser.types import ChoiceSweep, IntervalSweep, Override
from omegaconf import OmegaConf
from pydantic import Field, ValidationError

from contactsim.config.ensemble import over_all_sets
from contactsim.config.hydra_adapter import Composition, data_of
from contactsim.config.run_config import RunConfig, register_defaults, validate
from contactsim.config.sentences import _field_at, allowed_of, bounds, plain, sentence
from contactsim.config.several_values import listed_values
from contactsim.errors import UserError
from contactsim.parameters import Section, parameter
from contactsim.sweeps.designs import SAMPLED, Axis, need_salib, parameter_sets
from contactsim.sweeps.task import Label, RunSpec

PRIMARY = "sweep"
#: Keys of earlier versions and those that replace them.
RENAMED = {"paired": "zip"}
#: Keys of a run that mean nothing in a sweep.
NOT_SWEPT = ("output", "force", "threads", "cache_burn_in")
SEED_LIMIT = 2**31 - 1


# --- the sweep's own keys

class Engine(Section):
    """Where the runs are simulated."""

    kind: Literal["local", "dask"] = Field(default="local", description="processes of this machine, or a Dask "
                                                                        "scheduler's workers")
    scheduler: str | None = Field(default=None, description="address of a running Dask scheduler, as in "
                                                            "tcp://127.0.0.1:8786, or a scheduler file")


class SweepConfig(Section):
    """Everything of a sweep that is not part of a run."""

    store: str = Field(default="sweeps", description="folder of the store; created if it does not exist")
    name: str | None = Field(default=None, description="name of the experiment in the store; made from its runs if "
                                                       "null")
    replications: int = parameter(1, 1, 1_000_000, "runs", "assumed", "runs of each parameter set, with the "
                                                                      "seeds seed, seed + 1, ...")
    design: Literal["cartesian", "latin", "sobol", "morris"] = Field(
        default="cartesian", description="how intervals are sampled; values are crossed in any design")
    zip: list[str] = Field(default=[], description="keys whose values are combined one by one instead of being crossed")
    samples: int = parameter(64, 1, 1_000_000, "samples", "assumed", "parameter sets of a Latin hypercube, rows of "
                                                                     "Sobol's scheme, trajectories of Morris's")
    sample_seed: int = parameter(1, 0, 2**31 - 1, "integer", "assumed", "seed of the sample, not of the runs")
    timeout: float | None = parameter(None, 0.001, 1e9, "seconds", "assumed", "longest time that a run may take; null "
                                                                              "for no limit")
    measure: str = Field(default="weekly", description="result of each run: the weekly table, or the result of an "
                                                       "observer of your own, as in my_package.module:MyObserver")
    keep: list[Literal["survey", "figure"]] = Field(default=[], description="files to store with each run")
    engine: Engine = Engine()


def own_keys() -> set[str]:
    """First parts of the keys that belong to the sweep and not to its runs."""
    return set(SweepConfig.model_fields)


def split(overrides: Sequence[str]) -> tuple[list[str], list[str]]:
    """(overrides of the sweep itself, overrides of its runs). Raises UserError for a key of an earlier version."""
    for line in overrides:
        if line.split("=")[0].lstrip("+~") in RENAMED:
            old = line.split("=")[0].lstrip("+~")
            raise UserError(f"'{line}' (command line): {old} is now called {RENAMED[old]}.")
    own = [line for line in overrides if line.split("=")[0].split(".")[0].lstrip("+~") in own_keys()]
    return own, [line for line in overrides if line not in own]


def read(overrides: list[str], config_dir: str | None = None) -> SweepConfig:
    """The sweep's own configuration. Raises UserError with one sentence."""
    from hydra.core.config_store import ConfigStore

    node = SweepConfig().model_dump(exclude={"engine"})
    ConfigStore.instance().store(name="sweep_defaults", node=node, provider="contactsim")
    composition = _Composition(overrides, config_dir)
    values: Any = OmegaConf.to_container(composition.compose(), resolve=False)
    values.pop("hydra")
    try:
        config = SweepConfig.model_validate(values)
    except ValidationError as error:
        raise UserError(sentence(error, _origin(overrides), SweepConfig)) from None
    if config.engine.kind == "dask" and config.engine.scheduler in (None, "???"):
        raise UserError("engine.scheduler is missing: engine=dask needs the address of a running Dask scheduler, as in "
                        "engine.scheduler=tcp://127.0.0.1:8786, or its file.")
    return config


def _origin(overrides: list[str]) -> Any:
    given = {line.split("=")[0].lstrip("+") for line in overrides}
    return lambda key: "command line" if key in given or key.split(".")[0] in given else "configs/sweep.yaml"


class _Composition(Composition):
    """The configuration files of a sweep instead of those of a run."""

    primary = PRIMARY


# --- the runs

class Expansion:
    """The runs that overrides with several values describe. Raises UserError for any that cannot be run."""

    def __init__(self, overrides: Sequence[str], sweep: SweepConfig, config_dir: str | None = None) -> None:
        register_defaults()
        self.sweep, self.config_dir = sweep, config_dir
        self.composition = Composition(over_all_sets(overrides), config_dir, sweep=True)
        self.axes: list[Axis] = []
        self._fixed: list[str] = []
        self._plus: dict[str, str] = {}
        self._groups: set[str] = set()
        self._bases: dict[tuple[str, ...], dict[str, Any] | None] = {}
        for override in self.composition.parsed:
            self._sort(override)
        if "seed" in sweep.zip:
            raise UserError(f"zip=[{','.join(sweep.zip)}] (command line) contains seed, but all parameter sets use the "
                            f"same seeds: leave seed out.")
        if any(axis.interval for axis in self.axes) and sweep.design != "latin":
            need_salib()
        self.parameter_sets = parameter_sets([axis for axis in self.axes if axis.key != "seed"], sweep.design,
                                             sweep.zip, sweep.samples, sweep.sample_seed)

    def _sort(self, override: Override) -> None:
        key, line = str(override.key_or_group), str(override.input_line)
        if key in NOT_SWEPT:
            raise UserError(f"'{line}' (command line) has no meaning in a sweep: its runs go into store=DIR, with "
                            f"one thread each.")
        if re.match(r"hydra\b", key):
            raise UserError(f"'{line}' (command line) is for contactsim run --multirun; a sweep takes engine=.")
        if not override.is_sweep_override():
            self._fixed.append(line)
            return
        self._plus[key] = line[:len(line) - len(line.lstrip("+"))]
        if self.composition.options(key):
            self._groups.add(key)
        self.axes.append(self._axis(key, line, override))

    def _axis(self, key: str, line: str, override: Override) -> Axis:
        value = override.value()
        if isinstance(value, IntervalSweep):
            if key == "seed" or value.start is None or value.end is None or value.start >= value.end:
                raise UserError(f"'{line}' (command line) is no interval to sample: write two numbers, the lower "
                                f"first.")
            field = _field_at(RunConfig, key.split("."))
            low, high = bounds(field) if field is not None else (None, None)
            if low is not None and high is not None and not low <= value.start < value.end <= high:
                raise UserError(f"'{line}' (command line) is not allowed: both ends must be {allowed_of(field)}.")
            integer = field is not None and field.annotation is int
            return Axis(key, (), float(value.start), float(value.end), integer)
        if isinstance(value, ChoiceSweep) and any(isinstance(v, IntervalSweep) for v in value.list):
            raise UserError(f"'{line}' (command line) mixes intervals and values: give one or the other.")
        return Axis(key, tuple(listed_values(self.composition, override).values()))

    def specs(self) -> list[RunSpec]:
        """A run for each parameter set and seed, in the order of the parameter sets."""
        out = []
        for values in self.parameter_sets:
            first = self.config(values)
            for replication, seed in enumerate(self._seeds(first.seed)):
                config = first if seed == first.seed else first.model_copy(update={"seed": seed})
                out.append(RunSpec(config, None, {key: _label(v) for key, v in values.items()}, replication))
        return out

    def _seeds(self, seed: int) -> list[int]:
        axis = next((axis for axis in self.axes if axis.key == "seed"), None)
        if axis is None:
            found = list(range(seed, seed + self.sweep.replications))
        elif self.sweep.replications > 1:
            raise UserError(f"replications={self.sweep.replications} (command line) and several seeds exclude each "
                            f"other: replications counts seeds upwards from seed; give one of them.")
        else:
            found = list(axis.values)
        if any(not isinstance(s, int) or not 0 <= s <= SEED_LIMIT for s in found):
            raise UserError(f"seed (command line) must be integers from 0 to {SEED_LIMIT}, replications "
                            f"included.")
        return found

    def config(self, values: Mapping[str, Any]) -> RunConfig:
        """The validated configuration of a parameter set."""
        groups = [key for key in values if key in self._groups]
        choice = tuple(str(values[key]) for key in groups)
        if choice not in self._bases:
            self._bases[choice] = self._composed(values)
        base = self._bases[choice]
        if base is not None:
            data = copy.deepcopy(base)
            for key, value in values.items():
                if key not in groups:
                    _put(data, key, value)
        else:
            data = self._data(values)
        return validate(data, self.composition.origin)

    def _composed(self, values: Mapping[str, Any]) -> dict[str, Any] | None:
        """Plain data of a parameter set; None if keys refer to each other, so that each set must be composed anew."""
        config = self._composition(values).compose()
        raw = {key: value for key, value in OmegaConf.to_container(config, resolve=False).items()  # type: ignore[union-attr]
               if key != "hydra"}
        return None if "${" in str(raw) else data_of(config, self.composition.origin)

    def _data(self, values: Mapping[str, Any]) -> dict[str, Any]:
        composition = self._composition(values)
        return data_of(composition.compose(), composition.origin)

    def _composition(self, values: Mapping[str, Any]) -> Composition:
        seeds = [f"seed={axis.values[0]}" for axis in self.axes if axis.key == "seed"]
        lines = [f"{self._plus[key]}{key}={_named(value) if key in self._groups else _written(value)}"
                 for key, value in values.items()]
        return Composition([*self._fixed, *seeds, *lines], self.config_dir)

    def about(self) -> dict[str, Any]:
        """The design, as the store records it."""
        design = {"design": self.sweep.design, "samples": self.sweep.samples, "sample_seed": self.sweep.sample_seed,
                  "intervals": [[axis.key, axis.low, axis.high, axis.integer] for axis in self.axes if axis.interval]}
        return design if self.sweep.design in SAMPLED else {"design": self.sweep.design, "zip": self.sweep.zip}


def _put(values: dict[str, Any], key: str, value: Any) -> None:
    *parents, last = key.split(".")
    for part in parents:
        values = values[part]
    values[last] = value


def _named(value: Any) -> str:
    """The name of a group's configuration, or a list of names, in the grammar of the command line."""
    return f"[{','.join(map(str, value))}]" if isinstance(value, list) else str(value)


def _written(value: Any) -> str:
    """A value as Hydra's grammar reads it back."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{','.join(_written(v) for v in value)}]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{k}:{_written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return repr(value)


def _label(value: Any) -> Label:
    return value if isinstance(value, str | int | float | bool) or value is None else _written(value)


def swept_table(expansion: Expansion) -> list[tuple[str, str, str, str]]:
    """For each axis: key, values or interval, unit, allowed range."""
    rows = []
    for axis in expansion.axes:
        field = _field_at(RunConfig, axis.key.split("."))
        unit = (field.json_schema_extra or {}).get("unit", "") if field is not None else ""
        low, high = bounds(field) if field is not None else (None, None)
        many = f"{', '.join(map(str, axis.values[:6]))}{', ...' if len(axis.values) > 6 else ''} ({len(axis.values)})"
        shown = f"{axis.low:g} to {axis.high:g}" if axis.interval else many
        allowed = f"{plain(low)} to {plain(high)}" if low is not None and high is not None else ""
        rows.append((axis.key, shown, unit, allowed))
    return rows
