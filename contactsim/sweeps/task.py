"""One run of a sweep: its frozen configuration, its identity, and its simulation in whatever process."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contactsim.actions import build
from contactsim.config.run_config import RunConfig
from contactsim.errors import UserError
from contactsim.messages import check_shocks
from contactsim.observers import survey
from contactsim.observers.survey import SurveyWaves
from contactsim.parameters import ModelParameters
from contactsim.place import Place, describe
from contactsim.runs.measure import measure_module, observed
from contactsim.runs.run import begin
from contactsim.runs.task import Task, TimedOutError
from contactsim.storage import burn_in_cache
from contactsim.storage.identity import canonical_json, code_digest, digest_of, place_digest
from contactsim.storage.places import IN_STORE, Places
from contactsim.storage.provenance import model_digest, provenance, run_modules, scientific_digest
from contactsim.storage.results import TaskOutput
from contactsim.storage.schema import result_digest, row
from contactsim.storage.store import Store
from contactsim.world import BurnIn, World

#: Keys of a run that a store leaves out: where and how it is simulated.
NOT_SCIENCE = {"threads", "output", "force", "cache_burn_in", "store"}
#: A value in the labels of a run.
Label = str | float | int | bool | None


@dataclass(frozen=True)
class RunSpec:
    """A requested run: what decides its numbers, and labels that do not."""

    config: RunConfig
    place: Place | None = None
    """a place made in Python; read by ``config.place`` if None"""
    labels: Mapping[str, Label] = field(default_factory=dict)
    """parameter set and other labels: columns of the results, not part of the run's identity"""
    replication: int = 0
    """number of the replication of its parameter set, from 0"""

    @classmethod
    def of(cls, parameters: ModelParameters, place: Place, seed: int, weeks: int,
           actions: Mapping[str, Any] | None = None, **labels: Label) -> RunSpec:
        """A run from the model's parameters, a place made in Python and the actions of a configuration."""
        sections: dict[str, Any] = {name: getattr(parameters, name) for name in type(parameters).model_fields}
        if actions:
            sections["actions"] = actions
        in_store = {IN_STORE: place_digest(place), "name": place.name}
        config = RunConfig(seed=seed, weeks=weeks, place=in_store, **sections)
        return cls(config, place, labels)


@dataclass(frozen=True)
class PlannedRun:
    """A run with its identity and all that a worker needs, in plain data."""

    id: str
    spec: RunSpec
    place_digest: str
    modules: list[str]
    """modules whose import closure computes its results"""
    code: str
    """digest of that closure"""
    burn_in: str | None
    """digest of its burn-in; None for none"""
    residents: int
    groups: int

    def task(self, measure: str, keep: Sequence[str], base: Path, timeout: float | None, share: bool) -> Task:
        """The run as a task of the executor (:class:`Simulation` carries it out).

        Args:
            measure: ``weekly`` or the name of an observer.
            keep: files to store, ``survey`` or ``figure``.
            base: folder for relative paths, and for modules of the user.
            timeout: seconds that the run may take.
            share: whether to cache its burn-in for other runs.
        """
        config = self.spec.config
        facts = {"measure": measure, "model": model_digest(), "place_digest": self.place_digest,
                 "replication": self.spec.replication, "labels": canonical_json(dict(self.spec.labels)),
                 "config": canonical_json(config.model_dump(mode="json", exclude=NOT_SCIENCE)),
                 "seed": config.seed, "weeks": config.weeks}
        payload = {"keep": list(keep), "base": str(base), "timeout": timeout, "share": share}
        return Task(self.id, f"{__name__}:{Simulation.__name__}", payload, facts, self.modules, self.code,
                    self.burn_in if share else None, path=str(base))


def identify(runs: Sequence[RunSpec], measure: str, places: Places) -> list[PlannedRun]:
    """The runs with their identities, in their order. Raises UserError for a place that cannot be made."""
    digests: dict[int, str] = {}
    out = []
    for spec in runs:
        if spec.place is not None:
            place = spec.place
            digest = digests.setdefault(id(place), place_digest(place))
        else:
            place, digest = places.get(spec.config.place)
        check_shocks(spec.config.scenario.shocks, place.groups)
        build(spec.config.actions, place, spec.config.parameters)  # raises for what does not fit the place
        has_burn_in = spec.config.scenario.burn_in
        burn_in = burn_in_cache.key(place, spec.config.parameters, spec.config.seed) if has_burn_in else None
        modules = modules_of(spec.config, measure)
        code = code_digest(*modules)
        out.append(PlannedRun(run_id(spec.config, place, measure, code), spec, digest, modules, code, burn_in,
                              place.residents, len(place.groups)))
    return out


def run_id(config: RunConfig, place: Place, measure: str, code: str) -> str:
    """Hexadecimal digest (16 characters) of everything that decides the stored results of a run.

    It covers the scientific configuration with the seed, the contents of the place, the measure, and the code of the
    model and of the measure. Paths, output, threads and jobs, labels, and files stored on request do not count.
    """
    return digest_of([scientific_digest(config, place), measure, code])


def modules_of(config: RunConfig, measure: str) -> list[str]:
    """The modules whose import closure computes a run's results by a measure."""
    return run_modules(config.actions, survey.__name__, measure_module(measure))


class Simulation:
    """Simulates runs one after another (a :class:`contactsim.runs.task.Runner`); the last places stay in memory."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._places: dict[str, Places] = {}

    def run(self, payload: Mapping[str, Any], facts: dict[str, Any]) -> TaskOutput:
        """Simulate the run of ``facts["config"]``; see :meth:`PlannedRun.task`.

        Raises UserError if its place is not the one that was planned, TimedOutError when its time is over.
        """
        check = _timer(payload["timeout"])
        config = RunConfig.model_validate({**json.loads(facts["config"]), "threads": 1,
                                           "cache_burn_in": payload["share"]})
        place, digest = self._place(payload["base"], config, facts["place_digest"])
        facts |= {"place": place.name, "residents": place.residents}
        if digest != facts["place_digest"]:
            raise UserError(f"place={place.name} is not the place that was planned: its file has changed since, or "
                            f"differs on this machine.")
        world, burn_in, cached = begin(config, place, lambda *_: check())
        drift = burn_in.drift if abs(burn_in.drift) < 1e9 else None
        facts["burn_in"] = canonical_json({"weeks": burn_in.weeks, "flat": burn_in.stationary,
                                           "drift_sd_per_half_year": drift})
        facts["provenance"] = {**_record(config, place), "burn_in_was_cached": cached}
        waves = SurveyWaves(config.survey, [config.weeks])
        if payload["keep"]:
            world.observe(waves)
        output = observed(world, config.weeks, facts["measure"], check)
        if payload["keep"]:
            output.files = _files(world, config, place, burn_in, waves, payload["keep"])
        facts["keep"] = list(payload["keep"])
        return output

    def rerun(self, stored: Mapping[str, Any]) -> str:
        """Simulate a stored run again from its row and return the digest of its results; writes nothing.

        Raises UserError if its place is no longer available.
        """
        payload = {"keep": (), "base": os.curdir, "timeout": None, "share": False}
        return result_digest(row({}, self.run(payload, dict(stored))))

    def current_id(self, stored: Mapping[str, Any]) -> str:
        """The identity that a stored run would have with today's code. Raises UserError as :meth:`rerun` does."""
        config = RunConfig.model_validate(json.loads(stored["config"]))
        place, _ = self._place(os.curdir, config, stored["place_digest"])
        return run_id(config, place, stored["measure"], code_digest(*modules_of(config, stored["measure"])))

    def _place(self, base: str, config: RunConfig, digest: str) -> tuple[Place, str]:
        return self._places.setdefault(base, Places(Path(base), self.store.places)).get(config.place, digest)


def _timer(limit: float | None) -> Callable[[], None]:
    started = time.perf_counter()

    def check() -> None:
        if limit is not None and time.perf_counter() - started > limit:
            raise TimedOutError(f"took longer than timeout={limit:g} seconds")

    return check


def _files(world: World, config: RunConfig, place: Place, burn_in: BurnIn, waves: SurveyWaves,
           keep: Sequence[str]) -> dict[str, bytes]:
    """The survey or the figure of a simulated run, as files."""
    from contactsim.runs.folder import Run, write_table
    from contactsim.runs.plots import save

    out = {}
    with tempfile.TemporaryDirectory(prefix="contactsim-") as scratch:
        if "survey" in keep:
            write_table(Path(scratch, "survey.parquet"), waves.result(), survey.units(config.survey.instruments))
            out["survey.parquet"] = Path(scratch, "survey.parquet").read_bytes()
        if "figure" in keep:
            record = {**provenance(config, place, 1), "burn_in": {"weeks": burn_in.weeks}}
            run = Run(Path(scratch), {}, world.weekly(), waves.result(), describe(place), record)
            save(run, Path(scratch, "figure.png"))
            out["figure.png"] = Path(scratch, "figure.png").read_bytes()
    return out


def _record(config: RunConfig, place: Place) -> dict[str, Any]:
    """The provenance of a run; what is the same for all runs of a process is computed once."""
    if not _KNOWN:
        record = provenance(config, place, 1)
        _KNOWN.update({key: record[key] for key in _COMMON})
    inputs = [{"file": s.path, "sha256": s.sha256, "kind": s.kind} for s in place.provenance.sources]
    return {**_KNOWN, "inputs": inputs}


_COMMON = ("format", "contactsim", "commit", "kernels", "python", "platform", "machine", "packages")
_KNOWN: dict[str, Any] = {}
