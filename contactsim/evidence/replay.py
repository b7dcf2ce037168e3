"""A replay: run findings, write the ledger and its report, compare with the baseline."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic_core import to_json

from contactsim.compiled import sources_digest
from contactsim.config.run_config import compose
from contactsim.evidence import (
    archived_tables,
    baseline,
    negative_controls,
    readings,
    report,
    result_store,
    runs,
    sweeps,
    tables,
)
from contactsim.evidence.report import Along
from contactsim.evidence.results import Entry, entry
from contactsim.evidence.runs import Progress
from contactsim.evidence.selection import Asked, asked
from contactsim.parameters import ModelParameters
from contactsim.storage.atomic import new_folder


@dataclass(frozen=True)
class Result:
    """What a replay came to."""

    entries: list[Entry]
    along: list[Along] = field(default_factory=list)
    """readings and sweeps of the folders that have a gradient or sweeps"""


@dataclass(frozen=True)
class Options:
    """What a replay is asked for."""

    words: list[str]
    """findings and folders; all for none"""
    overrides: list[str]
    """``key=value`` of the model's parameters"""
    store: Path
    config_dir: str | None = None
    sample: str = "full"
    jobs: int | None = None
    output: str | None = None
    no_cache: bool = False
    negative_control: str | None = None


@dataclass(frozen=True)
class Outcome:
    """A finished replay: its result, what has moved from the baseline, and the folder of its report."""

    result: Result
    moved: list[str]
    target: Path


def run_replay(options: Options, progress: Callable[[str], Progress | None]) -> Outcome:
    """Run what is lacking, judge, and write the report. Raises UserError."""
    began = time.monotonic()
    what = asked(options.words)
    base = compose(["place=synthetic", *options.overrides], options.config_dir).parameters
    if options.negative_control is not None:
        base = negative_controls.apply(options.negative_control, base)
    if options.no_cache:
        result_store.forget(options.store)
    sample = options.sample
    result = run(what, base, sample, options.jobs, options.store, progress, sweep=sample == "full")
    moved = [] if options.overrides else baseline.moved(result.entries, sample)
    target = Path(options.output or f"replays/{what.name}-{sample}")
    _write(target, result, sample, moved, _provenance(options, began))
    return Outcome(result, moved, target)


def write_baseline(outcome: Outcome, sample: str) -> Iterator[str]:
    """Write the results to the baseline; yields a sentence for each change and each file."""
    for sentence in baseline.keep(outcome.result.entries, sample):
        yield f"Moved: {sentence}"
    for file in _keep_tables(outcome.result, sample):
        yield f"Table: {file}"


def run(what: Asked, base: ModelParameters, sample: str, jobs: int | None, store: Path,
        progress: Callable[[str], Progress | None], sweep: bool = False, scheduler: str | None = None) -> Result:
    """Run what is lacking and judge; ``sweep`` also evaluates the sweeps of the folders that have any.

    ``scheduler`` is the address of a Dask scheduler whose workers are used instead of this machine's processes.
    """
    described = [(folder, readings.finding(folder, folder.gradient)) for folder in what.folders if folder.gradient]
    figures = runs.run([*what.findings, *described], base, sample, store, jobs, progress("findings"), scheduler)
    entries = [entry(folder, finding, figures[finding.id], sample) for folder, finding in what.findings]
    along = []
    for folder in what.folders:
        table = pd.DataFrame() if folder.gradient is None else readings.table(
            folder, folder.gradient, runs.seeds_of(folder, sample), figures[folder.name])
        swept = [] if folder.sweeps is None or not sweep else sweeps.run(
            folder, folder.sweeps, base, store, jobs, progress(f"sweeps of {folder.name}"), scheduler)
        if folder.gradient is not None or folder.sweeps is not None:
            along.append(Along(folder, table, swept))
    return Result(sorted(entries, key=lambda e: (e.id[0], int(e.id[1:]))), along)


def _provenance(options: Options, began: float) -> dict[str, Any]:
    versions = {name: importlib.metadata.version(name) for name in ("contactsim", "numpy", "numba", "scipy")}
    return {"command": f"contactsim replay {' '.join(sys.argv[2:])}",
            "asked": options.words, "negative_control": options.negative_control, "kernels": sources_digest(),
            "versions": versions, "python": platform.python_version(), "platform": platform.platform(),
            "seconds": round(time.monotonic() - began)}


def _write(target: Path, result: Result, sample: str, moved: list[str], provenance: dict[str, Any]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    swept = [{"folder": along.folder.name, **line} for along in result.along for line in along.swept]
    ledger = {"sample": sample, "said": tables.count(result.entries), "moved": moved,
              "findings": tables.plain(result.entries), "swept": swept, "provenance": provenance}
    frames = {"ledger": tables.csv(result.entries), "swept": pd.DataFrame(swept),
              "readings": pd.concat([pd.DataFrame(), *(along.readings for along in result.along)])}
    with new_folder(target, replace=True) as partial:
        # unbounded ends of intervals and figures that could not be computed are null
        (partial / "ledger.json").write_bytes(to_json(ledger, indent=1, inf_nan_mode="null", fallback=str))
        for name, frame in frames.items():
            if not frame.empty:
                frame.to_csv(partial / f"{name}.csv", index=False)
        page = report.page(result.entries, sample, provenance, result.along, moved)
        (partial / "report.html").write_text(page, encoding="utf-8")


def _keep_tables(result: Result, sample: str) -> list[Path]:
    """Keep the tables of folders with a gradient or sweeps, from a full replay of them; returns the files."""
    files = []
    for along in result.along if sample == "full" else ():
        entries = [entry for entry in result.entries if entry.folder == along.folder.name]
        if len(entries) < len(along.folder.findings):
            continue
        about = {"sample": sample, "seeds": entries[0].seeds, "residents": entries[0].residents}
        frames = {"result": tables.csv(entries), "swept": pd.DataFrame(along.swept)}
        files += [archived_tables.keep(frame, f"{along.folder.name}/{name}", about) for name, frame in frames.items()
                  if not frame.empty]
    return files
