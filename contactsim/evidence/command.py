"""A replay: run findings, write the ledger and its report, compare with the baseline."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from contactsim.compiled import sources_digest
from contactsim.config import compose
from contactsim.evidence import controls, kept, report, runs, shelf, tables, tried
from contactsim.evidence.asked import GRADIENT, Asked, asked
from contactsim.evidence.entries import Entry, entry, of_gradient
from contactsim.evidence.replay import Replayed, replay, sweep
from contactsim.evidence.runs import Progress
from contactsim.lab.store import new_folder
from contactsim.parameters import ModelParameters


@dataclass(frozen=True)
class Result:
    """What a replay came to."""

    entries: list[Entry]
    gradient: Replayed | None
    """polarisation's readings and sweeps, where it was asked for"""


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
        base = controls.apply(options.negative_control, base)
    if options.no_cache:
        shelf.forget(options.store)
    sample = options.sample
    result = run(what, base, sample, options.jobs, options.store, progress, sweeps=sample == "full")
    moved = [] if options.overrides else kept.moved(result.entries, sample)
    target = Path(options.output or f"replays/{what.name}-{sample}")
    _write(target, result, sample, moved, _provenance(options, began))
    return Outcome(result, moved, target)


def write_baseline(outcome: Outcome, sample: str) -> Iterator[str]:
    """Write the results to the baseline; yields a sentence for each change and each file."""
    for sentence in kept.keep(outcome.result.entries, sample):
        yield f"Moved: {sentence}"
    for file in _keep_beside(outcome.result, sample):
        yield f"Table: {file}"


def run(what: Asked, base: ModelParameters, sample: str, jobs: int | None, store: Path,
        progress: Callable[[str], Progress | None], sweeps: bool = False) -> Result:
    """Live what is lacking and judge."""
    entries: list[Entry] = []
    gradient = None
    if what.gradient is not None:
        gradient = replay(what.gradient, base, sample, store, jobs, progress("along the gradient"))
        if sweeps:
            gradient = replace(gradient, swept=sweep(what.gradient, base, store, jobs, progress("sweeps")))
        entries += [one for one in of_gradient(gradient) if one.id in what.ids]
    if what.findings:
        figures = runs.run(what.findings, base, sample, store, jobs, progress("findings"))
        entries += [entry(folder, finding, figures[finding.id], sample) for folder, finding in what.findings]
    return Result(sorted(entries, key=lambda e: (e.id[0], int(e.id[1:]))), gradient)


def _provenance(options: Options, began: float) -> dict[str, Any]:
    versions = {name: importlib.metadata.version(name) for name in ("contactsim", "numpy", "numba", "scipy")}
    return {"command": f"contactsim replay {' '.join(sys.argv[2:])}",
            "asked": options.words, "negative_control": options.negative_control, "kernels": sources_digest(),
            "versions": versions, "python": platform.python_version(), "platform": platform.platform(),
            "seconds": round(time.monotonic() - began)}


def _write(target: Path, result: Result, sample: str, moved: list[str], provenance: dict[str, Any]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with new_folder(target, replace=True) as partial:
        ledger = {"sample": sample, "said": tables.count(result.entries), "moved": moved,
                  "findings": tables.plain(result.entries), "provenance": provenance}
        if result.gradient is not None:
            ledger["swept"] = result.gradient.swept
            pd.DataFrame(result.gradient.readings).to_csv(partial / "readings.csv", index=False)
            if result.gradient.swept:
                pd.DataFrame(result.gradient.swept).to_csv(partial / "swept.csv", index=False)
        (partial / "ledger.json").write_text(json.dumps(ledger, indent=1, default=str), encoding="utf-8")
        tables.csv(result.entries).to_csv(partial / "ledger.csv", index=False)
        page = report.page(result.entries, sample, provenance, result.gradient, moved)
        (partial / "report.html").write_text(page, encoding="utf-8")


def _keep_beside(result: Result, sample: str) -> list[Path]:
    """Keep the tables that polarisation's documents speak of, from a full replay; returns their files."""
    if sample != "full" or result.gradient is None:
        return []
    along = [entry for entry in result.entries if entry.folder == GRADIENT]
    frames = {"result": tables.csv(along), "swept": pd.DataFrame(result.gradient.swept)}
    about = {"sample": sample, "seeds": along[0].seeds, "residents": along[0].residents}
    return [tried.keep(frame, f"{GRADIENT}/{name}", about) for name, frame in frames.items() if not frame.empty]

