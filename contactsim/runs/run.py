"""Simulate one configuration, write its run folder, and repeat a run to check that it gives the same results."""

from __future__ import annotations

import math
import re
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from contactsim.actions import build, ledgers, outcomes
from contactsim.actions.base import UNITS as ACTION_UNITS
from contactsim.config.run_config import RunConfig, validate
from contactsim.errors import UserError
from contactsim.instruments.catalogue import instruments_of
from contactsim.instruments.questionnaire import KEY
from contactsim.observers import survey as survey_module
from contactsim.observers.survey import SurveyWaves, units
from contactsim.observers.weekly import UNITS as WEEKLY_UNITS
from contactsim.place import Place, describe, load_place
from contactsim.runs.folder import Run, load_run, read_json, write_json, write_table
from contactsim.runs.progress import Report
from contactsim.storage.atomic import new_folder
from contactsim.storage.burn_in_cache import cached_world
from contactsim.storage.identity import place_digest
from contactsim.storage.provenance import provenance, run_code, scientific_digest
from contactsim.world import BurnIn, World, world_after_burn_in

#: Modules that compute the results in a run folder.
MEASURES = (survey_module.__name__,)


def execute(config: RunConfig, progress: Report | None = None) -> tuple[Path, bool]:
    """Simulate the configured weeks and write a run folder, atomically.

    Returns the folder and whether this run was there already (then nothing was done). Raises UserError.
    """
    place = load_place(config.place, Path.cwd())
    target = Path(config.output).expanduser() if config.output else Path("runs") / default_name(config, place)
    if _exists(target, config, place):
        return target, True
    with new_folder(target, replace=config.force) as folder:
        write(simulate(config, place, progress), folder)
    return target, False


def simulate(config: RunConfig, place: Place, progress: Report | None = None) -> Run:
    """Simulate the configured weeks in ``place`` and return the results; writes nothing but the cache of burn-ins.

    Raises UserError for what does not fit the place.
    """
    started = time.perf_counter()
    world, past, cached = begin(config, place, progress)
    waves = SurveyWaves(config.survey, [config.weeks])
    world.observe(waves)
    for week in range(config.weeks):
        world.step()
        if progress is not None:
            progress("weeks", week + 1, config.weeks)
    burn_in = {"weeks": past.weeks, "flat": past.stationary,
               "drift_sd_per_half_year": past.drift if math.isfinite(past.drift) else None, "cached": cached}
    has_actions = bool(config.actions)
    return Run(
        None, config.model_dump(mode="json"), world.weekly(), waves.result(), describe(place),
        provenance(config, place, world.threads.number, *MEASURES, burn_in=burn_in,
                   seconds=round(time.perf_counter() - started, 3)),
        outcomes(world.actions) if has_actions else [], ledgers(world.actions) if has_actions else pd.DataFrame())


def begin(config: RunConfig, place: Place, progress: Report | None = None) -> tuple[World, BurnIn, bool]:
    """The world at week 0, its burn-in, and whether the burn-in was cached (see ``cache_burn_in``)."""
    def burn_in(done: int, total: int) -> None:
        if progress is not None:
            progress("burn_in", done, total)

    actions = build(config.actions, place, config.parameters)
    prepare = cached_world if config.cache_burn_in else _world_after_burn_in
    world, past, cached = prepare(place, config.parameters, config.seed, config.threads, burn_in)
    world.actions = list(actions)
    return world, past, cached


def rerun(folder: Path | str, output: str | None = None, progress: Report | None = None) -> tuple[Run, list[str]]:
    """Repeat the run of a run folder from its stored configuration.

    Args:
        folder: a finished run.
        output: folder for the new run (None: it is not stored).
        progress: called with (stage, done, total).

    Returns the stored run and the names of its tables that differ from the new ones in any bit (none is expected).
    Raises UserError if the folder is no run, or if its input files have changed.
    """
    before = load_run(folder)
    with tempfile.TemporaryDirectory(prefix="contactsim-") as scratch:
        values = {**before.config, "output": output or f"{scratch}/run", "store": None, "force": False}
        config = validate(values, lambda key: str(Path(folder) / "config.yaml"))
        if place_digest(load_place(config.place, Path.cwd())) != before.provenance["place_digest"]:
            files = ", ".join(source["file"] for source in before.provenance["inputs"]) or "its configuration"
            raise UserError(f"{folder} cannot be repeated: {files} gives another place than it gave then.")
        now = load_run(execute(config, progress)[0])
    pairs = {"weekly": (before.weekly, now.weekly), "survey": (before.survey, now.survey),
             "actions": (before.ledger, now.ledger)}
    return before, [name for name, (then, new) in pairs.items() if not then.equals(new)]


def write(run: Run, folder: Path) -> None:
    """Write a run's files into an empty folder."""
    from contactsim.runs.plots import save

    write_table(folder / "weekly.parquet", run.weekly, {
        "week": "weeks since the burn-in ended", "value": "by measure", **WEEKLY_UNITS})
    write_table(folder / "survey.parquet", run.survey, units(instruments_of(run.config["survey"]["instruments"], KEY)))
    write_json(folder / "place.json", run.place)
    if run.config["actions"]:
        write_table(folder / "actions.parquet", run.ledger, ACTION_UNITS)
        write_json(folder / "actions.json", {"actions": run.actions})
    (folder / "config.yaml").write_text(
        yaml.safe_dump(run.config, sort_keys=False, allow_unicode=True), encoding="utf-8")
    write_json(folder / "provenance.json", run.provenance)
    save(run, folder / "figure.png")


def default_name(config: RunConfig, place: Place) -> str:
    """Place, seed and the beginning of the digest of everything that decides the numbers."""
    name = re.sub(r"[^a-z0-9]+", "-", place.name.lower()).strip("-") or "place"
    return f"{name}-seed{config.seed}-{scientific_digest(config, place)[:8]}"


def _world_after_burn_in(*arguments: Any) -> tuple[World, BurnIn, bool]:
    return *world_after_burn_in(*arguments), False


def _exists(target: Path, config: RunConfig, place: Place) -> bool:
    """Whether the folder holds this very run; raises UserError if it holds something else."""
    if not target.exists():
        return False
    record = target / "provenance.json"
    if not record.is_file():
        raise UserError(f"output={target} exists and is no run of contactsim: choose another folder.")
    if config.force:
        return False
    found = read_json(record)
    if found.get("digest") != scientific_digest(config, place):
        raise UserError(f"output={target} holds a run of another configuration: choose another folder, or "
                        f"replace it with force=true.")
    if found.get("model_sources") != run_code(config.actions, *MEASURES):
        raise UserError(f"output={target} holds this run by another version of the model: choose another "
                        f"folder, or replace it with force=true.")
    load_run(target)
    return True
