"""Simulating one run of a sweep, in whatever process: from its task in plain data to its results."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from contactsim.config.run_config import RunConfig
from contactsim.errors import UserError
from contactsim.observers.survey import UNITS, SurveyWaves
from contactsim.place import Place, describe
from contactsim.runs.measure import observed
from contactsim.runs.run import begin
from contactsim.runs.task import TimedOutError
from contactsim.storage.identity import canonical_json
from contactsim.storage.provenance import provenance
from contactsim.storage.results import Found
from contactsim.storage.schema import result_digest, row
from contactsim.storage.store import Store
from contactsim.sweeps.spec import Places
from contactsim.world import BurnIn, World


class Simulation:
    """Simulates runs one after another; keeps the last places in memory (a :class:`contactsim.runs.task.Runner`)."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._places: dict[str, Places] = {}

    def run(self, payload: Mapping[str, Any], facts: dict[str, Any]) -> Found:
        """Simulate the run of ``facts["config"]``; see :meth:`contactsim.sweeps.spec.Planned.task`.

        Raises UserError if its place is not the one that was planned, TimedOutError when its time is up.
        """
        check = _timer(payload["timeout"])
        config = RunConfig.model_validate({**json.loads(facts["config"]), "threads": 1,
                                           "cache_burn_in": payload["share"]})
        places = self._places.setdefault(payload["base"], Places(Path(payload["base"]), self.store.places))
        place, digest = places.get(config.place, facts["place_digest"])
        facts |= {"place": place.name, "residents": place.residents}
        if digest != facts["place_digest"]:
            raise UserError(f"place={place.name} is not the place that was planned: its file has changed since, or "
                            f"differs on this machine.")
        world, burn_in, kept = begin(config, place, lambda *_: check())
        drift = burn_in.drift if abs(burn_in.drift) < 1e9 else None
        facts["burn_in"] = canonical_json({"weeks": burn_in.weeks, "flat": burn_in.stationary,
                                           "drift_sd_per_half_year": drift})
        facts["provenance"] = {**_record(config, place), "burn_in_was_cached": kept}
        answers = SurveyWaves(config.survey, [config.weeks])
        if payload["keep"]:
            world.observe(answers)
        found = observed(world, config.weeks, facts["measure"], check)
        if payload["keep"]:
            found.files = _files(world, config, place, burn_in, answers, payload["keep"])
        facts["kept"] = list(payload["keep"])
        return found

    def repeat(self, stored: Mapping[str, Any]) -> str:
        """Simulate a stored run again from its row and return the digest of its results; writes nothing.

        Raises UserError if its place is not to be had any more.
        """
        payload = {"keep": (), "base": os.curdir, "timeout": None, "share": False}
        return result_digest(row({}, self.run(payload, dict(stored))))


def _timer(limit: float | None) -> Callable[[], None]:
    started = time.perf_counter()

    def check() -> None:
        if limit is not None and time.perf_counter() - started > limit:
            raise TimedOutError(f"took longer than timeout={limit:g} seconds")

    return check


def _files(world: World, config: RunConfig, place: Place, burn_in: BurnIn, answers: SurveyWaves,
           keep: Sequence[str]) -> dict[str, bytes]:
    """A survey's answers or a figure of a simulated run, as files."""
    from contactsim.runs.plots import save
    from contactsim.runs.run import Run, write_table

    out = {}
    with tempfile.TemporaryDirectory(prefix="contactsim-") as scratch:
        if "survey" in keep:
            write_table(Path(scratch, "survey.parquet"), answers.result(), UNITS)
            out["survey.parquet"] = Path(scratch, "survey.parquet").read_bytes()
        if "figure" in keep:
            record = {**provenance(config, place, 1), "burn_in": {"weeks": burn_in.weeks}}
            run = Run(Path(scratch), {}, world.weekly(), answers.result(), describe(place), record)
            save(run, Path(scratch, "figure.png"))
            out["figure.png"] = Path(scratch, "figure.png").read_bytes()
    return out


def _record(config: RunConfig, place: Place) -> dict[str, Any]:
    """The provenance of a run; what is the same for all runs of a process is looked up once."""
    if not _KNOWN:
        whole = provenance(config, place, 1)
        _KNOWN.update({key: whole[key] for key in _COMMON})
    inputs = [{"file": s.path, "sha256": s.sha256, "kind": s.kind} for s in place.provenance.sources]
    return {**_KNOWN, "inputs": inputs}


_COMMON = ("format", "contactsim", "commit", "kernels", "python", "platform", "machine", "packages")
_KNOWN: dict[str, Any] = {}
