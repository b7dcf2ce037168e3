"""A run: one configuration lived through, and the folder that it leaves."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from contactsim.actions import build, ledgers, outcomes
from contactsim.actions.tables import UNITS as ACTION_UNITS
from contactsim.config.run_config import RunConfig
from contactsim.errors import UserError
from contactsim.observers import survey as survey_module
from contactsim.observers.survey import UNITS as SURVEY_UNITS
from contactsim.observers.survey import SurveyWaves
from contactsim.observers.weekly import UNITS as WEEKLY_UNITS
from contactsim.place import Place, describe, load_place
from contactsim.storage.atomic import is_partial, new_folder
from contactsim.storage.burn_in_cache import cached_world
from contactsim.storage.provenance import FORMAT, provenance, run_code, scientific_digest
from contactsim.world import BurnIn, World, world_after_burn_in

FILES = ("config.yaml", "weekly.parquet", "survey.parquet", "place.json", "provenance.json", "figure.png")
#: Modules that compute the figures of a run's folder.
MEASURES = (survey_module.__name__,)
#: What a run tells while it works: the stage, how much is done, how much there is.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Run:
    """A finished run."""

    folder: Path | None
    """where it is kept; None if it was not written"""
    config: dict[str, Any]
    """the resolved configuration"""
    weekly: pd.DataFrame
    """week, measure, group, target, value (see :mod:`contactsim.observers.weekly`)"""
    survey: pd.DataFrame
    """respondents before the first week and after the last (see :mod:`contactsim.observers.survey`)"""
    place: dict[str, Any]
    """the place in figures"""
    provenance: dict[str, Any]
    """versions, digests, inputs, burn-in"""
    actions: list[dict[str, Any]] = field(default_factory=list)
    """what became of each action, and its costs (see :func:`contactsim.actions.outcomes`)"""
    ledger: pd.DataFrame = field(default_factory=pd.DataFrame)
    """action, week, interested ... sessions (see :func:`contactsim.actions.ledgers`)"""


def execute(config: RunConfig, progress: Progress | None = None) -> tuple[Path, bool]:
    """Live the configured weeks and leave a run folder, whole or not at all.

    Returns the folder and whether this run stood there already (then nothing was done). Raises UserError.
    """
    place = load_place(config.place, Path.cwd())
    target = Path(config.output).expanduser() if config.output else Path("runs") / default_name(config, place)
    if _stands_already(target, config, place):
        return target, True
    with new_folder(target, replace=config.force) as folder:
        write(simulate(config, place, progress), folder)
    return target, False


def simulate(config: RunConfig, place: Place, progress: Progress | None = None) -> Run:
    """Live the configured weeks in ``place`` and keep the results in memory; writes nothing but the burn-in's cache.

    Raises UserError for what does not fit the place.
    """
    started = time.perf_counter()
    world, burn_in, kept = begin(config, place, progress)
    answers = SurveyWaves(config.survey, [config.weeks])
    world.observe(answers)
    for week in range(config.weeks):
        world.step()
        if progress is not None:
            progress("weeks", week + 1, config.weeks)
    lived = {"weeks": burn_in.weeks, "flat": burn_in.stationary,
             "drift_sd_per_half_year": _finite(burn_in.drift), "kept": kept}
    done = bool(config.actions)
    return Run(
        None, config.model_dump(mode="json"), world.weekly(), answers.result(), describe(place),
        provenance(config, place, world.threads.number, *MEASURES, burn_in=lived,
                   seconds=round(time.perf_counter() - started, 3)),
        outcomes(world.actions) if done else [], ledgers(world.actions) if done else pd.DataFrame())


def write(run: Run, folder: Path) -> None:
    """Write a run's files into an empty folder."""
    write_table(folder / "weekly.parquet", run.weekly, {
        "week": "weeks since the burn-in ended", "value": "by measure", **WEEKLY_UNITS})
    write_table(folder / "survey.parquet", run.survey, SURVEY_UNITS)
    _write_json(folder / "place.json", run.place)
    if run.config["actions"]:
        write_table(folder / "actions.parquet", run.ledger, ACTION_UNITS)
        _write_json(folder / "actions.json", {"actions": run.actions})
    (folder / "config.yaml").write_text(
        yaml.safe_dump(run.config, sort_keys=False, allow_unicode=True), encoding="utf-8")
    _write_json(folder / "provenance.json", run.provenance)
    from contactsim.runs.plots import save

    save(run, folder / "figure.png")


def load_run(folder: Path | str) -> Run:
    """Read a run folder back; raises UserError with one sentence if it is none, unfinished or damaged."""
    path = Path(folder)
    if not path.is_dir():
        raise UserError(f"{path} is no run: there is no such folder.")
    if is_partial(path.absolute()):
        raise UserError(f"{path} is what an unfinished run left: it can be deleted.")
    lacking = [name for name in FILES if name != "figure.png" and not (path / name).is_file()]
    if lacking:
        raise UserError(f"{path} is no finished run: it lacks {', '.join(lacking)}.")
    return _read(path)


def default_name(config: RunConfig, place: Place) -> str:
    """Place, seed and the beginning of the digest of all that decides the numbers."""
    name = re.sub(r"[^a-z0-9]+", "-", place.name.lower()).strip("-") or "place"
    return f"{name}-seed{config.seed}-{scientific_digest(config, place)[:8]}"


def write_table(path: Path, table: pd.DataFrame, units: dict[str, str]) -> None:
    """Write a typed Parquet table, its units in the metadata of the schema and of each column."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrow = pa.Table.from_pandas(table, preserve_index=False)
    fields = [field.with_metadata({"unit": units[field.name]}) if field.name in units else field
              for field in arrow.schema]
    schema = pa.schema(fields, {**(arrow.schema.metadata or {}), b"units": json.dumps(units).encode()})
    pq.write_table(arrow.cast(schema), path, write_page_checksum=True)


def read_table(path: Path) -> pd.DataFrame:
    """Read a table of :func:`write_table` back. Raises OSError or ValueError if it is missing or damaged."""
    return pd.read_parquet(path, engine="pyarrow", page_checksum_verification=True)


def begin(config: RunConfig, place: Place, progress: Progress | None = None) -> tuple[World, BurnIn, bool]:
    """The world at week 0, its burn-in, and whether that burn-in was a kept one (see ``cache_burn_in``)."""
    def burn_in(done: int, total: int) -> None:
        if progress is not None:
            progress("burn_in", done, total)

    actions = build(config.actions, place, config.parameters)
    lived = cached_world if config.cache_burn_in else _world_after_burn_in
    world, past, kept = lived(place, config.parameters, config.seed, config.threads, burn_in)
    world.actions = list(actions)
    return world, past, kept


def _world_after_burn_in(*what: Any) -> tuple[World, BurnIn, bool]:
    return *world_after_burn_in(*what), False


def _stands_already(target: Path, config: RunConfig, place: Place) -> bool:
    """Whether this very run stands in the folder; raises UserError if something else does."""
    if not target.exists():
        return False
    record = target / "provenance.json"
    if not record.is_file():
        raise UserError(f"output={target} is there and is no run of contactsim: choose another folder.")
    if config.force:
        return False
    found = _read_json(record)
    if found.get("digest") != scientific_digest(config, place):
        raise UserError(f"output={target} holds a run of another configuration: choose another folder, or "
                        f"replace it with force=true.")
    if found.get("model_sources") != run_code(config.actions, *MEASURES):
        raise UserError(f"output={target} holds this run by another version of the model: choose another "
                        f"folder, or replace it with force=true.")
    load_run(target)
    return True


def _read(path: Path) -> Run:
    record = _read_json(path / "provenance.json")
    if record.get("format") != FORMAT:
        raise UserError(f"{path} was written in format {record.get('format')} by contactsim "
                        f"{record.get('contactsim')}; this version reads format {FORMAT}.")
    try:
        config = yaml.safe_load((path / "config.yaml").read_text(encoding="utf-8"))
        done = config.get("actions")
        weekly, answers = (read_table(path / name) for name in ("weekly.parquet", "survey.parquet"))
        ledger = read_table(path / "actions.parquet") if done else pd.DataFrame()
    except (OSError, ValueError, AttributeError, yaml.YAMLError) as error:  # pyarrow's errors are of these kinds
        raise UserError(f"{path} is damaged: {str(error).splitlines()[0]}.") from None
    actions = _read_json(path / "actions.json")["actions"] if done else []
    return Run(path, config, weekly, answers, _read_json(path / "place.json"), record, actions, ledger)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} is damaged: {error}.") from None
    if not isinstance(found, dict):
        raise UserError(f"{path} is damaged: it holds no mapping.")
    return found


def _write_json(path: Path, values: dict[str, Any]) -> None:
    text = json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(f"{text}\n", encoding="utf-8")


def _finite(value: float) -> float | None:
    return value if value == value and abs(value) != float("inf") else None
