"""Living one run of a sweep, in whatever process: from its task in plain data to its row in the store."""

from __future__ import annotations

import json
import os
import socket
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from contactsim.config import RunConfig
from contactsim.errors import UserError
from contactsim.history import History
from contactsim.lab.provenance import model_digest, provenance
from contactsim.lab.run import begin
from contactsim.observers.survey import survey
from contactsim.place import Place, describe
from contactsim.sweep.rows import FAILED, OK, TIMEOUT, Found, result_digest, row
from contactsim.sweep.spec import WEEKLY, Places, find_measure
from contactsim.sweep.store import Store
from contactsim.world import World

Task = Mapping[str, Any]
#: Called after each week: raises when the run's time is up, or when nobody waits for it any more.
Tick = Callable[[], None]


class TimedOutError(Exception):
    """A run took longer than it may."""


class OutdatedError(Exception):
    """This process has another version of the model than the one that planned the sweep."""


class Liver:
    """Lives tasks one after another and writes each result itself; keeps the last places in memory."""

    def __init__(self, store: Path | str, tick: Tick = lambda: None) -> None:
        self.store, self.tick = Store(store), tick
        self._places: dict[str, Places] = {}

    def live(self, task: Task) -> dict[str, Any]:
        """Live a task and write its row. Returns {id, status, message, seconds}.

        A run that fails is a row with its message. Raises OSError if the row cannot be written, OutdatedError
        if this process has another model.
        """
        if task["model"] != model_digest():
            raise OutdatedError(f"{socket.gethostname()} has another version of contactsim's model than the process "
                                f"that planned this sweep: install the same version there.")
        started, at = time.perf_counter(), datetime.now(UTC).isoformat(timespec="seconds")
        facts: dict[str, Any] = {"id": task["id"], "measure": task["measure"], "model": task["model"],
                                 "place_digest": task["place_digest"], "replication": task["replication"],
                                 "point": dumps(task["point"]), "config": dumps(task["config"])}
        found: Found | None = None
        try:
            found = self._live(task, facts, started)
            facts |= {"status": OK, "kept": list(task["keep"])}
        except TimedOutError as error:
            facts |= {"status": TIMEOUT, "message": str(error)}
        except Exception as error:  # whatever a run dies of is data; nothing in it writes to the store
            said = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
            facts |= {"status": FAILED, "message": " ".join(said.split())[:2000]}
        seconds = round(time.perf_counter() - started, 4)
        record = facts.pop("provenance", {})
        facts["provenance"] = dumps({**record, "started": at, "seconds": seconds, "host": socket.gethostname(),
                                     "process": os.getpid()})
        config = task["config"]
        self.store.write(row({**facts, "seed": config["seed"], "weeks": config["weeks"]}, found))
        return {"id": task["id"], "status": facts["status"], "message": facts.get("message"), "seconds": seconds}

    def relive(self, stored: Mapping[str, Any]) -> str:
        """Live a stored run again from its row and return the digest of what came out; writes nothing.

        Raises UserError if its place is not to be had any more.
        """
        task = {"config": json.loads(stored["config"]), "measure": stored["measure"].partition("@")[0], "keep": (),
                "base": os.curdir, "timeout": None, "share": False, "place_digest": stored["place_digest"]}
        return result_digest(row({}, self._live(task, {}, time.perf_counter())))

    def _live(self, task: Task, facts: dict[str, Any], started: float) -> Found:
        config = RunConfig.model_validate({**task["config"], "threads": 1, "keep_history": task["share"]})
        base = task["base"]
        places = self._places.setdefault(base, Places(Path(base), self.store.places))
        place, digest = places.get(config.place, task["place_digest"])
        facts |= {"place": place.name, "residents": place.residents}
        if digest != task["place_digest"]:
            raise UserError(f"place={place.name} is not the place that was planned: its file has changed since, or "
                            f"differs on this machine.")
        timed = _timed(self.tick, started, task["timeout"])
        world, history, kept = begin(config, place, lambda *_: timed())
        facts["history"] = dumps({"weeks": history.weeks, "flat": history.flat, "drift_sd_per_half_year":
                                  history.drift if abs(history.drift) < 1e9 else None})
        facts["provenance"] = {**_record(config, place), "history_was_kept": kept}
        if task["measure"] != WEEKLY:
            return _sorted(find_measure(task["measure"])(world, history, config, timed))
        return _weekly(world, history, config, place, task["keep"], timed)


def _timed(tick: Tick, started: float, limit: float | None) -> Tick:
    def check() -> None:
        tick()
        if limit is not None and time.perf_counter() - started > limit:
            raise TimedOutError(f"took longer than timeout={limit:g} seconds")

    return check


def _sorted(values: Mapping[str, Any]) -> Found:
    numbers = {name: float(values[name]) for name in sorted(values) if getattr(values[name], "ndim", 0) == 0}
    return Found(numbers=numbers, arrays={name: values[name] for name in sorted(values) if name not in numbers})


def _weekly(world: World, history: History, config: RunConfig, place: Place, keep: list[str], tick: Tick) -> Found:
    """The weeks as ``contactsim run`` lives and records them."""
    asked = "survey" in keep or "figure" in keep
    waves = [survey(world, config.survey)] if asked else []
    for _ in range(config.weeks):
        world.step()
        tick()
    found = Found(world.weekly())
    if asked:
        waves.append(survey(world, config.survey))
        found.files = _files(config, place, found, pd.concat(waves, ignore_index=True), history, keep)
    return found


def _files(config: RunConfig, place: Place, found: Found, answers: pd.DataFrame, history: History,
           keep: list[str]) -> dict[str, bytes]:
    from contactsim.lab.figures import save
    from contactsim.lab.run import Run, write_table
    from contactsim.observers.survey import UNITS

    assert found.weekly is not None
    out = {}
    with tempfile.TemporaryDirectory(prefix="contactsim-") as scratch:
        if "survey" in keep:
            write_table(Path(scratch, "survey.parquet"), answers, UNITS)
            out["survey.parquet"] = Path(scratch, "survey.parquet").read_bytes()
        if "figure" in keep:
            record = {**provenance(config, place, 1), "history": {"weeks": history.weeks}}
            run = Run(Path(scratch), {}, found.weekly, answers, describe(place), record)
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


def dumps(values: Any) -> str:
    """JSON with sorted keys and no blanks."""
    return json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=float)
