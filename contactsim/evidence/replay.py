"""A replay: simulate findings in plausible worlds, judge them, and write the report."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic_core import to_json

from contactsim.compiled import sources_digest
from contactsim.config import ensemble
from contactsim.config.run_config import compose
from contactsim.errors import UserError
from contactsim.evidence import baseline, gradients, regression, report, runs, tables
from contactsim.evidence.baseline import Measured
from contactsim.evidence.design import Finding, Folder, SampleSize
from contactsim.evidence.gradients import FolderTables
from contactsim.evidence.judging import FindingResult, judge
from contactsim.evidence.loading import Selection, select
from contactsim.evidence.runs import PlausibleWorld, Progress
from contactsim.evidence.worlds import negative_control
from contactsim.parameters import ModelParameters
from contactsim.runs.task import Task
from contactsim.storage.atomic import new_folder

#: The ensemble of the model's own values, one parameter set.
DEFAULT = "default"


@dataclass(frozen=True)
class Options:
    """The options of a replay."""

    names: list[str]
    """findings and folders; the regression if empty"""
    overrides: list[str]
    """``key=value`` of the model's parameters, which also replace values of the parameter sets"""
    store: Path
    config_dir: str | None = None
    sample: str = "full"
    ensemble: str | None = None
    """name or file of an ensemble, or ``default``; the plausible one if there is one"""
    sets: int | None = None
    """number of parameter sets, if not that of the sample"""
    jobs: int | None = None
    output: str | None = None
    no_cache: bool = False
    negative_control: str | None = None


@dataclass(frozen=True)
class Replay:
    """A finished replay of named findings."""

    findings: list[FindingResult]
    along: list[FolderTables]
    """descriptives and sweeps of the folders that have a gradient or sweeps"""
    worlds: report.Worlds
    file: Path
    """the report"""


@dataclass(frozen=True)
class Regression:
    """A finished regression: its figures, deviations from the baseline, and its table's file."""

    measured: list[Measured]
    deviations: list[str]
    file: Path


@dataclass(frozen=True)
class Sets:
    """The parameter sets of a replay."""

    title: str
    digest: str
    sets: Sequence[Mapping[str, float]]
    base: ModelParameters
    change: Callable[[ModelParameters], ModelParameters] = field(default=lambda parameters: parameters)

    def worlds(self, size: SampleSize) -> list[PlausibleWorld]:
        """The worlds of a sample: sets at equal steps from the one nearest the middle outwards."""
        chosen = spread(len(self.sets), size.sets)
        with_knock_outs = {chosen[k] for k in spread(len(chosen), size.knock_out_sets)}
        return [PlausibleWorld(self.base, self.sets[k], k in with_knock_outs, self.change) for k in chosen]


def spread(of: int, number: int | None) -> list[int]:
    """``number`` positions at equal steps among ``of``, from the first on; all for None."""
    number = of if number is None else min(number, of)
    return [k * of // number for k in range(number)]


def sets_of(options: Options) -> Sets:
    """The parameter sets that the options name. Raises UserError."""
    base = compose(["place=synthetic", *options.overrides], options.config_dir).parameters
    change = partial(negative_control, options.negative_control) if options.negative_control else lambda found: found
    change(base)  # an unknown name is refused at once
    name = options.ensemble or (ensemble.PLAUSIBLE if ensemble.PLAUSIBLE in ensemble.names() else DEFAULT)
    if name == DEFAULT:
        return Sets("the model's own values", "", [{}], base, change)
    found = ensemble.read(name)
    given = {word.split("=")[0].lstrip("+") for word in options.overrides}
    sets = [{path: value for path, value in one.items() if path not in given} for one in found.sets]
    return Sets(f"ensemble '{name}': {found.title}", found.digest, sets, base, change)


# --- the regression

def run_regression(options: Options, progress: Progress | None = None) -> Regression:
    """Simulate the outcomes of the regression with the model's own values, and compare. Raises UserError."""
    base = compose(["place=synthetic", *options.overrides], options.config_dir).parameters
    if options.negative_control is not None:
        base = negative_control(options.negative_control, base)
    if options.no_cache:
        runs.forget(options.store)
    measured = regression.measure(regression.selection().findings, base, options.sample, options.store, options.jobs,
                                  progress)
    target = Path(options.output or f"replays/regression-{options.sample}")
    target.parent.mkdir(parents=True, exist_ok=True)
    with new_folder(target, replace=True) as partial_folder:
        regression.frame(measured, options.sample).to_csv(partial_folder / "regression.csv", index=False)
    deviations = [] if options.overrides else baseline.deviations(measured, options.sample)
    return Regression(measured, deviations, target / "regression.csv")


# --- named findings

def run_replay(options: Options, progress: Progress | None = None) -> Replay:
    """Simulate what the store does not have, judge, and write the report. Raises UserError."""
    began = time.monotonic()
    selection, sets = select(options.names), sets_of(options)
    if options.sets is not None and not 1 <= options.sets <= len(sets.sets):
        raise UserError(f"--sets {options.sets} is not allowed: {sets.title} has {len(sets.sets)} parameter sets.")
    if options.no_cache:
        runs.forget(options.store)
    findings, along = run(selection, sets, options.sample, options.store, options.sets, options.jobs, progress)
    worlds = report.Worlds(sets.title, max(one.sets for one in findings), len(sets.sets))
    target = Path(options.output or f"replays/{selection.name}-{options.sample}")
    found = Replay(findings, along, worlds, target / "report.html")
    _write(found, options.sample, _provenance(options, sets, began))
    return found


def run(selection: Selection, sets: Sets, sample: str, store: Path, number: int | None = None,
        jobs: int | None = None, progress: Progress | None = None,
        scheduler: str | None = None) -> tuple[list[FindingResult], list[FolderTables]]:
    """Simulate what the store does not have and judge; a full sample includes the sweeps of the folders.

    Args:
        number: of parameter sets, if not that of the sample.
        scheduler: address of a Dask scheduler whose workers are used instead of local processes.
    """
    tasks = {finding.id: _tasks(folder, finding, sets, sample, number) for folder, finding in selection.findings}
    further = {folder.name: _further_tasks(folder, sets, sample) for folder in selection.folders}
    every = [one for of_finding in tasks.values() for of_set in of_finding for one in of_set]
    every += [one for descriptives, swept in further.values() for of in (descriptives, *swept) for one in of]
    computed = runs.figures(every, store, jobs, progress, scheduler)
    results = []
    for folder, finding in selection.findings:
        figures = [runs.by_seed(of_set, computed) for of_set in tasks[finding.id]]
        worlds = [one.values for one in sets.worlds(_size(folder, sample, number))]
        results.append(judge(folder, finding, figures, worlds, folder.residents(finding, sample)))
    along = [_along(folder, sets, sample, further[folder.name], computed) for folder in selection.folders
             if folder.gradient is not None or folder.sweeps is not None]
    return sorted(results, key=lambda one: (one.id[0], int(one.id[1:]))), along


def _size(folder: Folder, sample: str, number: int | None) -> SampleSize:
    size: SampleSize = folder.samples[sample]  # type: ignore[index]
    return size if number is None else size.model_copy(update={"sets": number})


def _tasks(folder: Folder, finding: Finding, sets: Sets, sample: str, number: int | None) -> list[list[Task]]:
    worlds = sets.worlds(_size(folder, sample, number))
    return runs.tasks_across(finding, worlds, folder.residents(finding, sample), folder.seeds(sample))


def _further_tasks(folder: Folder, sets: Sets, sample: str) -> tuple[list[Task], list[list[Task]]]:
    """The tasks of a folder's descriptives and of its sweeps, in the set nearest the middle."""
    (middle,), descriptives, swept = Sets("", "", sets.sets[:1], sets.base, sets.change).worlds(
        SampleSize(seeds=0, residents=300)), [], []
    if folder.gradient is not None:
        finding = gradients.gradient_finding(folder, folder.gradient)
        descriptives = [one for of_set in runs.tasks_across(
            finding, [middle], folder.samples[sample].residents, folder.seeds(sample))  # type: ignore[index]
            for one in of_set]
    if folder.sweeps is not None and sample == "full":
        swept = gradients.sweep_tasks(folder, folder.sweeps, _middle(sets))
    return descriptives, swept


def _middle(sets: Sets) -> ModelParameters:
    return runs.with_parameter_set(sets.sets[0], [], sets.base)[0]


def _along(folder: Folder, sets: Sets, sample: str, tasks: tuple[list[Task], list[list[Task]]],
           computed: Mapping[str, runs.Figures]) -> FolderTables:
    descriptives = pd.DataFrame() if folder.gradient is None else gradients.gradient_table(
        folder, folder.gradient, folder.seeds(sample), runs.by_seed(tasks[0], computed))
    swept = [] if folder.sweeps is None or not tasks[1] else gradients.sweep_table(
        folder, folder.sweeps, _middle(sets), tasks[1], computed)
    return FolderTables(folder, descriptives, swept)


# --- files

def archive(replay: Replay, sample: str) -> Iterator[Path]:
    """Archive the tables of folders of which a full replay tested all findings; yields the files."""
    for name in dict.fromkeys(one.folder for one in replay.findings) if sample == "full" else ():
        findings = [one for one in replay.findings if one.folder == name]
        if len(findings) < len(select([name]).findings):
            continue
        record = {"sample": sample, "worlds": replay.worlds.title, "parameter_sets": findings[0].sets,
                  "seeds": findings[0].seeds, "residents": findings[0].residents}
        frames = {"result": tables.csv(findings)}
        for one in replay.along:
            if one.folder.name == name and one.swept:
                frames["swept"] = pd.DataFrame(one.swept)
        for table, frame in frames.items():
            yield baseline.archive_table(frame, f"{name}/{table}", record)


def _provenance(options: Options, sets: Sets, began: float) -> dict[str, Any]:
    versions = {name: importlib.metadata.version(name) for name in ("contactsim", "numpy", "numba", "scipy")}
    return {"command": f"contactsim replay {' '.join(sys.argv[2:])}", "parameter sets": sets.title,
            "digest of the ensemble": sets.digest or "none", "selection": options.names,
            "negative_control": options.negative_control, "kernels": sources_digest(),
            "versions": versions, "python": platform.python_version(), "platform": platform.platform(),
            "seconds": round(time.monotonic() - began)}


def _write(replay: Replay, sample: str, provenance: dict[str, Any]) -> None:
    target = replay.file.parent
    target.parent.mkdir(parents=True, exist_ok=True)
    swept = [{"folder": along.folder.name, **line} for along in replay.along for line in along.swept]
    ledger = {"sample": sample, "worlds": replay.worlds, "summary": tables.count(replay.findings),
              "findings": tables.plain(replay.findings), "swept": swept, "provenance": provenance}
    frames = {"ledger": tables.csv(replay.findings), "swept": pd.DataFrame(swept),
              "descriptives": pd.concat([pd.DataFrame(), *(along.descriptives for along in replay.along)])}
    with new_folder(target, replace=True) as partial_folder:
        # unbounded ends of intervals and figures that could not be computed are null
        (partial_folder / "ledger.json").write_bytes(to_json(ledger, indent=1, inf_nan_mode="null", fallback=str))
        for name, frame in frames.items():
            if not frame.empty:
                frame.to_csv(partial_folder / f"{name}.csv", index=False)
        page = report.page(replay.findings, replay.worlds, sample, provenance, replay.along)
        (partial_folder / "report.html").write_text(page, encoding="utf-8")
