"""The configuration of a sweep apart from that of its runs: store, design, replications, engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from omegaconf import OmegaConf
from pydantic import Field, ValidationError

from contactsim.config.hydra_adapter import Composition
from contactsim.config.run_config import sentence
from contactsim.errors import UserError
from contactsim.parameters import Section, parameter

PRIMARY = "sweep"
#: Keys of earlier versions and those that replace them.
RENAMED = {"paired": "zip"}


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
