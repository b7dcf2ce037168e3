"""One run of a sweep: its frozen configuration, and the digest that says when two runs are the same."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contactsim.actions import build
from contactsim.config.run_config import RunConfig
from contactsim.messages import check_shocks
from contactsim.observers import survey
from contactsim.parameters import ModelParameters
from contactsim.place import Place, load_place
from contactsim.runs.measure import measure_module
from contactsim.runs.task import Task
from contactsim.storage import burn_in_cache
from contactsim.storage.identity import canonical_json, code_digest, digest_of, place_digest
from contactsim.storage.provenance import model_digest, run_modules, scientific_digest

#: What carries out the runs of a sweep.
RUNNER = "contactsim.sweeps.execute:Simulation"
#: What a run can keep besides, on request.
KEPT_FILES = ("survey", "figure")
#: Key of a place that the store itself keeps, because it was made in Python.
IN_STORE = "kept"
#: Keys of a run that a store leaves out: where and how it is lived.
NOT_SCIENCE = {"threads", "output", "force", "cache_burn_in", "store"}
#: A value that a run is labelled with.
Label = str | float | int | bool | None


@dataclass(frozen=True)
class RunSpec:
    """A run to be done: what decides its numbers, and labels that do not."""

    config: RunConfig
    place: Place | None = None
    """a place made in Python; read by ``config.place`` if None"""
    point: Mapping[str, Label] = field(default_factory=dict)
    """labels: columns of the results, no part of the run's identity"""
    replication: int = 0
    """number of the replication at its point, from 0"""

    @classmethod
    def of(cls, parameters: ModelParameters, place: Place, seed: int, weeks: int,
           actions: Mapping[str, Any] | None = None, **point: Label) -> RunSpec:
        """A run from the model's parameters, a place made in Python and the actions of a configuration."""
        sections: dict[str, Any] = {name: getattr(parameters, name) for name in type(parameters).model_fields}
        if actions:
            sections["actions"] = actions
        kept = {IN_STORE: place_digest(place), "name": place.name}
        config = RunConfig(seed=seed, weeks=weeks, place=kept, **sections)
        return cls(config, place, point)


@dataclass(frozen=True)
class Planned:
    """A run with its identity and all that its worker needs, in plain data."""

    id: str
    spec: RunSpec
    place_digest: str
    modules: list[str]
    """modules whose import closure computes its figures"""
    code: str
    """digest of that closure"""
    burn_in: str | None
    """digest of the burn-in that it begins with; None for none"""
    residents: int
    groups: int

    def task(self, measure: str, keep: Sequence[str], base: Path, timeout: float | None, share: bool) -> Task:
        """The run as the executor takes it (:class:`contactsim.sweeps.execute.Simulation` carries it out).

        Args:
            measure: ``weekly`` or the name of an observer.
            keep: survey and figure, on request.
            base: folder for relative files, and for a user's own modules.
            timeout: seconds that it may take.
            share: whether its burn-in is kept for other runs.
        """
        config = self.spec.config
        facts = {"measure": measure, "model": model_digest(), "place_digest": self.place_digest,
                 "replication": self.spec.replication, "point": canonical_json(dict(self.spec.point)),
                 "config": canonical_json(config.model_dump(mode="json", exclude=NOT_SCIENCE)),
                 "seed": config.seed, "weeks": config.weeks}
        payload = {"keep": list(keep), "base": str(base), "timeout": timeout, "share": share}
        return Task(self.id, RUNNER, payload, facts, self.modules, self.code, self.burn_in if share else None,
                    path=str(base))


class Places:
    """Places by their configuration, the last few in memory."""

    def __init__(self, base: Path, kept: Path, most: int = 8) -> None:
        """``base`` for relative files; ``kept`` is the store's folder of places."""
        self.base, self.kept, self.most = base, kept, most
        self._known: dict[str, tuple[Place, str]] = {}

    def get(self, config: Mapping[str, Any], digest: str = "") -> tuple[Place, str]:
        """(place, its digest); the store's copy, if it has one of that ``digest``. Raises UserError."""
        key = json.dumps([config, digest], sort_keys=True, default=str)
        if key not in self._known:
            if len(self._known) >= self.most:
                self._known.pop(next(iter(self._known)))
            place = self._read(config, digest)
            self._known[key] = place, place_digest(place)
        return self._known[key]

    def _read(self, config: Mapping[str, Any], digest: str) -> Place:
        copy = self.kept / f"{config.get(IN_STORE, digest)}.npz"
        if IN_STORE not in config and not copy.is_file():
            return load_place(config, self.base)
        from contactsim.storage.places import read_place

        return read_place(copy)


def planned(runs: Sequence[RunSpec], measure: str, places: Places) -> list[Planned]:
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
        build(spec.config.actions, place, spec.config.parameters)  # says what does not fit before anything is lived
        lived = spec.config.scenario.burn_in
        burn_in = burn_in_cache.key(place, spec.config.parameters, spec.config.seed) if lived else None
        modules = measured_by(spec.config, measure)
        code = code_digest(*modules)
        out.append(Planned(run_id(spec.config, place, measure, code), spec, digest, modules, code, burn_in,
                           place.residents, len(place.groups)))
    return out


def run_id(config: RunConfig, place: Place, measure: str, code: str) -> str:
    """Hexadecimal digest (16 characters) of everything that decides what is kept of a run.

    Scientific configuration with the seed, who lives where, the measure, and the code of the model and of the measure.
    Not in it: paths, output, threads and jobs, labels, the survey and figure kept on request.
    """
    return digest_of([scientific_digest(config, place), measure, code])


def measured_by(config: RunConfig, measure: str) -> list[str]:
    """The modules whose import closure computes a run's figures by a measure."""
    return run_modules(config.actions, survey.__name__, measure_module(measure))
