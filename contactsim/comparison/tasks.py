"""Replications of a comparison as tasks of the executor: one for each cell of a grid and seed.

A task takes the configurations of all arms, a place and a seed, and stores the effects of that seed. Its identity is
the digest of these and of the code of the model and of the effects, so that a stored replication is never simulated
again, and more seeds or values only add tasks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from platform import platform, python_version
from typing import Any

import pandas as pd
import platformdirs

from contactsim.actions import build
from contactsim.comparison import effects, paired_runs
from contactsim.comparison.design import Design
from contactsim.comparison.paired_runs import CONTROL, FOOTPRINT_WEEKS, Arm, PairedRuns, check_arms, simulate_pair
from contactsim.compiled import sources_digest
from contactsim.config.run_config import RunConfig
from contactsim.instruments.base import Instruments
from contactsim.messages import check_shocks
from contactsim.place import Place
from contactsim.runs.task import Task
from contactsim.storage import burn_in_cache
from contactsim.storage.identity import canonical_json, code_digest, digest_of, place_digest
from contactsim.storage.places import read_place
from contactsim.storage.provenance import run_modules, scientific_digest
from contactsim.storage.results import TaskOutput
from contactsim.storage.schema import OK
from contactsim.storage.store import Store

MEASURE = "comparison"
#: Keys of a configuration that change no result.
_NOT_SCIENCE = {"threads", "output", "force", "store"}
#: Modules that compute what is stored.
_MODULES = (effects.__name__, paired_runs.__name__)


@dataclass(frozen=True)
class Replicated:
    """The stored results of one seed of one cell."""

    effects: pd.DataFrame
    """columns of :func:`contactsim.comparison.effects.effects`, for all arms but the control"""
    dose: pd.DataFrame
    """columns of :func:`contactsim.comparison.effects.doses`, for the same arms"""
    footprint: pd.DataFrame
    """see :class:`contactsim.comparison.paired_runs.PairedRuns`"""
    facts: dict[str, dict[str, float]]
    """by arm: see :func:`contactsim.comparison.effects.facts`"""
    notes: list[str]


def default_store(name: str) -> Path:
    """Where results are stored if no store is named: a folder in the user's cache."""
    return Path(platformdirs.user_cache_dir("contactsim")) / name


def tasks_of(design: Design, place: Place) -> list[Task]:
    """The replications of a design, one for each seed. Raises UserError for arms that cannot be simulated."""
    check_design(design, place)
    return [arms_task(design, place, seed, f"{__name__}:{Replication.__name__}", MEASURE, *_MODULES)
            for seed in design.seeds]


def check_design(design: Design, place: Place) -> None:
    """Raise UserError for arms that cannot be simulated in a place, before anything is."""
    for config in design.configs.values():
        check_shocks(config.scenario.shocks, place.groups)
        build(config.actions, place, config.parameters)
    check_arms(arms_of(design.configs, place))


def arms_task(design: Design, place: Place, seed: int, runner: str, measure: str, *modules: str,
              also: Mapping[str, Any] | None = None, payload: Mapping[str, Any] | None = None) -> Task:
    """A task that simulates all arms of a design with one seed; its runner gets them by :func:`simulated`.

    Args:
        design: arms, and the weeks at which they are read.
        place: by its digest; :func:`contactsim.storage.places.write_place` has to put it into the store.
        seed: of this replication.
        runner: ``package.module:Class``.
        measure: name of what is stored.
        modules: modules that compute it.
        also: what else decides the results.
        payload: what else the runner takes.
    """
    configs = {arm: config.model_copy(update={"seed": seed, "weeks": design.weeks})
               for arm, config in design.configs.items()}
    used = run_modules({f"{arm}.{name}": section for arm, config in configs.items()
                        for name, section in config.actions.items()}, *modules)
    code, readouts = code_digest(*used), list(design.readout_weeks)
    arms = [[arm, scientific_digest(config, place), list(config.actions)] for arm, config in configs.items()]
    plain = {arm: config.model_dump(mode="json", exclude=_NOT_SCIENCE) for arm, config in configs.items()}
    facts = {"measure": measure, "model": code, "place": place.name, "place_digest": place_digest(place),
             "residents": place.residents, "seed": seed, "weeks": design.weeks,
             "labels": canonical_json(dict(design.point)), "config": canonical_json(plain)}
    first = configs[CONTROL]
    shared = (burn_in_cache.key(place, first.parameters, seed)
              if first.scenario.burn_in and first.cache_burn_in else None)
    return Task(digest_of([measure, arms, readouts, dict(also or {}), code]), runner,
                {**(payload or {}), "arms": plain, "readout_weeks": readouts},  # in the order of arms and actions
                facts, used, code, shared, path=str(Path.cwd()))


def arms_of(configs: Mapping[str, RunConfig], place: Place) -> dict[str, Arm]:
    """What :func:`contactsim.comparison.paired_runs.simulate_pair` takes."""
    return {name: Arm(config.parameters, _maker(config, place)) for name, config in configs.items()}


def _maker(config: RunConfig, place: Place) -> Callable[[], list[Any]]:
    return lambda: list(build(config.actions, place, config.parameters))


def simulated(store: Store, payload: Mapping[str, Any], facts: dict[str, Any], seed: int | None = None,
              arms: Collection[str] | None = None, footprint: bool = True,
              instruments: Instruments | None = None) -> PairedRuns:
    """The paired runs of a task of :func:`arms_task`; records versions in ``facts``. Raises UserError.

    Args:
        store: that holds the place.
        payload: of the task.
        facts: of the task.
        seed: another one than the task's.
        arms: only these.
        footprint: whether to compute reachable sets.
        instruments: survey items that everybody is asked.
    """
    configs = {arm: RunConfig.model_validate(config) for arm, config in payload["arms"].items()
               if arms is None or arm in arms}
    place = read_place(store.places / f"{facts['place_digest']}.npz")
    facts["provenance"] = {"contactsim": version("contactsim"), "kernels": sources_digest(),
                           "python": python_version(), "platform": platform()}
    weeks = [week for week in FOOTPRINT_WEEKS if week < facts["weeks"]] if footprint else []
    return simulate_pair(place, facts["seed"] if seed is None else seed, arms_of(configs, place), facts["weeks"],
                         payload["readout_weeks"], weeks, configs[CONTROL].cache_burn_in, instruments)


class Replication:
    """Computes the effects of one seed (a :class:`contactsim.runs.task.Runner`)."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def run(self, payload: Mapping[str, Any], facts: dict[str, Any]) -> TaskOutput:
        """Simulate all arms and keep the effects of each against the control arm."""
        paired = simulated(self.store, payload, facts)
        arms = [arm for arm in paired.arms if arm != CONTROL]
        table, dose = (pd.concat([of(paired, arm) for arm in arms], ignore_index=True)
                       for of in (effects.effects, effects.doses))
        numbers = {f"{arm}/{name}": value for arm in arms for name, value in effects.facts(paired, arm).items()}
        return TaskOutput(numbers=numbers, files={
            "effects.parquet": parquet_bytes(table), "dose.parquet": parquet_bytes(dose),
            "footprint.parquet": parquet_bytes(paired.footprint),
            "notes.json": json.dumps(effects.notes(paired, arms[0])).encode()})


def read(store: Store, ids: Collection[str]) -> dict[str, Replicated]:
    """The replications that a store holds, by identity. Raises UserError, also for a damaged file."""
    return {row["id"]: _replicated(dict(row["numbers"]), dict(row["files"]))
            for row in store.read(["status", "numbers", "files"], ids).to_pylist() if row["status"] == OK}


def _replicated(numbers: Mapping[str, float], files: Mapping[str, bytes]) -> Replicated:
    facts: dict[str, dict[str, float]] = {}
    for key, value in numbers.items():
        arm, _, name = key.rpartition("/")
        facts.setdefault(arm, {})[name] = value
    table, dose, footprint = (frame_of(files[f"{name}.parquet"]) for name in ("effects", "dose", "footprint"))
    return Replicated(table, dose, footprint, facts, json.loads(files["notes.json"]))


def parquet_bytes(table: pd.DataFrame) -> bytes:
    """A table as the bytes of a Parquet file, the same for the same table."""
    out = BytesIO()
    table.to_parquet(out, index=False, compression="zstd")
    return out.getvalue()


def frame_of(held: bytes) -> pd.DataFrame:
    """A table from the bytes of a Parquet file."""
    return pd.read_parquet(BytesIO(held))
