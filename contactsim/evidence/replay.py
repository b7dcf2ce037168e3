"""A replay: simulate findings, judge them, write the report, and compare the results with the baseline."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic_core import to_json

from contactsim.compiled import sources_digest
from contactsim.config.run_config import compose
from contactsim.evidence import baseline, report, runs, tables
from contactsim.evidence.design import Finding, Folder
from contactsim.evidence.loading import Selection, regression_outcomes, select
from contactsim.evidence.report import FolderTables
from contactsim.evidence.runs import Progress, base_only
from contactsim.evidence.verdicts import FindingResult, judge
from contactsim.evidence.worlds import negative_control
from contactsim.parameters import ModelParameters
from contactsim.storage.atomic import new_folder


@dataclass(frozen=True)
class ReplayResult:
    """The results of findings, and the tables of their folders."""

    findings: list[FindingResult]
    along: list[FolderTables] = field(default_factory=list)
    """descriptives and sweeps of the folders that have a gradient or sweeps"""


@dataclass(frozen=True)
class Options:
    """The options of a replay."""

    names: list[str]
    """findings and folders; the regression if empty"""
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
class Replay:
    """A finished replay: its result, deviations from the baseline, and its file."""

    result: ReplayResult
    deviations: list[str]
    file: Path
    """the report, or the table of the regression"""


def regression() -> Selection:
    """The findings of the regression with its outcomes alone: no knock-outs, alternatives, gradients and sweeps."""
    rows = regression_outcomes()
    found: list[tuple[Folder, Finding]] = []
    for folder in select([]).folders:
        findings = [one for one in (base_only(finding, rows) for finding in folder.findings) if one.outcomes]
        part = folder.model_copy(update={"findings": findings, "alternatives": {}, "gradient": None, "sweeps": None})
        found += [(part, finding) for finding in findings]
    return Selection("regression", found)


def run_replay(options: Options, progress: Progress | None = None) -> Replay:
    """Simulate what the store does not have, judge, and write the report. Raises UserError."""
    began = time.monotonic()
    selection = select(options.names) if options.names else regression()
    base = compose(["place=synthetic", *options.overrides], options.config_dir).parameters
    if options.negative_control is not None:
        base = negative_control(options.negative_control, base)
    if options.no_cache:
        runs.forget(options.store)
    sample = options.sample
    result = run(selection, base, sample, options.jobs, options.store, progress, sweep=sample == "full")
    deviations = [] if options.overrides else baseline.deviations(result.findings, sample)
    target = Path(options.output or f"replays/{selection.name}-{sample}")
    if options.names:
        _write(target, result, sample, deviations, _provenance(options, began))
    else:
        _write_regression(target, result, sample)
    return Replay(result, deviations, target / ("report.html" if options.names else "regression.csv"))


def update_baseline(replay: Replay, sample: str) -> Iterator[str]:
    """Write the results to the baseline; yields a sentence for each change and each file."""
    for sentence in baseline.update(replay.result.findings, sample):
        yield f"Changed: {sentence}"
    for file in _archive(replay.result, sample):
        yield f"Table: {file}"


def run(selection: Selection, base: ModelParameters, sample: str, jobs: int | None, store: Path,
        progress: Progress | None = None, sweep: bool = False, scheduler: str | None = None) -> ReplayResult:
    """Simulate what the store does not have and judge; ``sweep`` includes the sweeps of the folders that have any.

    ``scheduler`` is the address of a Dask scheduler whose workers are used instead of local processes.
    """
    described = [(folder, tables.gradient_finding(folder, folder.gradient))
                 for folder in selection.folders if folder.gradient]
    of_findings = runs.tasks_of([*selection.findings, *described], base, sample)
    of_sweeps = {folder.name: tables.sweep_tasks(folder, folder.sweeps, base)
                 for folder in selection.folders if folder.sweeps is not None and sweep}
    tasks = [one for of_finding in of_findings.values() for one in of_finding]
    tasks += [one for of_sets in of_sweeps.values() for of_set in of_sets for one in of_set]
    computed = runs.figures(tasks, store, jobs, progress, scheduler)
    results = [judge(folder, finding, runs.by_seed(of_findings[finding.id], computed), sample)
               for folder, finding in selection.findings]
    along = []
    for folder in selection.folders:
        if folder.gradient is None and folder.sweeps is None:
            continue
        descriptives = pd.DataFrame() if folder.gradient is None else tables.gradient_table(
            folder, folder.gradient, folder.seeds(sample), runs.by_seed(of_findings[folder.name], computed))
        swept = [] if folder.sweeps is None or folder.name not in of_sweeps else tables.sweep_table(
            folder, folder.sweeps, base, of_sweeps[folder.name], computed)
        along.append(FolderTables(folder, descriptives, swept))
    return ReplayResult(sorted(results, key=lambda one: (one.id[0], int(one.id[1:]))), along)


def _provenance(options: Options, began: float) -> dict[str, Any]:
    versions = {name: importlib.metadata.version(name) for name in ("contactsim", "numpy", "numba", "scipy")}
    return {"command": f"contactsim replay {' '.join(sys.argv[2:])}",
            "selection": options.names, "negative_control": options.negative_control, "kernels": sources_digest(),
            "versions": versions, "python": platform.python_version(), "platform": platform.platform(),
            "seconds": round(time.monotonic() - began)}


def _write(target: Path, result: ReplayResult, sample: str, deviations: list[str], provenance: dict[str, Any]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    swept = [{"folder": along.folder.name, **line} for along in result.along for line in along.swept]
    ledger = {"sample": sample, "summary": tables.count(result.findings), "deviations": deviations,
              "findings": tables.plain(result.findings), "swept": swept, "provenance": provenance}
    frames = {"ledger": tables.csv(result.findings), "swept": pd.DataFrame(swept),
              "descriptives": pd.concat([pd.DataFrame(), *(along.descriptives for along in result.along)])}
    with new_folder(target, replace=True) as partial:
        # unbounded ends of intervals and figures that could not be computed are null
        (partial / "ledger.json").write_bytes(to_json(ledger, indent=1, inf_nan_mode="null", fallback=str))
        for name, frame in frames.items():
            if not frame.empty:
                frame.to_csv(partial / f"{name}.csv", index=False)
        page = report.page(result.findings, sample, provenance, result.along, deviations)
        (partial / "report.html").write_text(page, encoding="utf-8")


def _write_regression(target: Path, result: ReplayResult, sample: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with new_folder(target, replace=True) as partial:
        tables.regression_frame(result.findings, sample).to_csv(partial / "regression.csv", index=False)


def _archive(result: ReplayResult, sample: str) -> list[Path]:
    """Archive the tables of folders with a gradient or sweeps after a full replay of them; returns the files."""
    files = []
    for along in result.along if sample == "full" else ():
        findings = [one for one in result.findings if one.folder == along.folder.name]
        if len(findings) < len(along.folder.findings):
            continue
        record = {"sample": sample, "seeds": findings[0].seeds, "residents": findings[0].residents}
        frames = {"result": tables.csv(findings), "swept": pd.DataFrame(along.swept)}
        files += [baseline.archive_table(frame, f"{along.folder.name}/{name}", record)
                  for name, frame in frames.items() if not frame.empty]
    return files
