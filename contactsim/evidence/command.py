"""``contactsim replay``: run findings, print and write the ledger, compare with the results kept with them."""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic_core import to_json
from rich.console import Console

from contactsim.commands.arguments import Parser
from contactsim.compiled import sources_digest
from contactsim.config import compose
from contactsim.errors import UserError
from contactsim.evidence import controls, kept, readings, report, runs, shelf, sweeps, tables, tried
from contactsim.evidence.asked import Asked, asked
from contactsim.evidence.entries import Entry, entry
from contactsim.evidence.report import Along
from contactsim.evidence.runs import Progress
from contactsim.lab.store import new_folder
from contactsim.parameters import ModelParameters


@dataclass(frozen=True)
class Result:
    """What a replay came to."""

    entries: list[Entry]
    along: list[Along] = field(default_factory=list)
    """readings and sweeps of the folders that have a gradient or sweeps"""


def main(arguments: list[str]) -> int:
    """Run a replay. Exit code 0 if every kept result holds, 1 if one does not; UserError for a mistake."""
    options = _parser().parse_intermixed_args(arguments)
    overrides = [word for word in options.words if "=" in word]
    what = asked([word for word in options.words if "=" not in word])
    if options.keep and (overrides or options.negative_control):
        raise UserError("--keep keeps results of the designs as they stand: it takes no overrides and no "
                        "--negative-control.")
    base = compose(["place=synthetic", *overrides]).parameters
    if options.negative_control is not None:
        base = controls.apply(options.negative_control, base)
    sample = "quick" if options.quick else "full"
    console, began = Console(width=None if sys.stdout.isatty() else 120), time.monotonic()
    store = Path(options.store).expanduser() if options.store else shelf.default_folder()
    if options.fresh:
        shelf.forget(store)
    with _bar(options.quiet) as progress:
        result = run(what, base, sample, options.jobs, store, progress, sweep=not options.quick)
    moved = [] if overrides else kept.moved(result.entries, sample)
    target = Path(options.output or f"replays/{what.name}-{sample}")
    _write(target, result, sample, moved, _provenance(options, began))
    if not options.quiet:
        console.print(tables.ledger(result.entries, sample))
        for sentence in [one for along in result.along for one in sweeps.sentences(along.swept)]:
            console.print(f"  {sentence}", highlight=False)
        console.print(tables.count(result.entries), highlight=False)
        console.print(report.LIMITS, style="dim")
    console.print(f"Report: {target / 'report.html'} ({time.monotonic() - began:.0f} s)", highlight=False)
    if options.keep:
        for sentence in kept.keep(result.entries, sample):
            console.print(f"Moved: {sentence}", highlight=False)
        for file in _keep_tables(result, sample):
            console.print(f"Table: {file}", highlight=False)
        console.print("Kept. Say in the changelog what moved and why.")
        return 0
    return _compared(result, moved, console, sample, bool(overrides))


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


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        "replay", description="Replay findings of the literature by designs fixed beforehand, and judge them.",
        epilog="Figures are kept and never run twice: a replay that was stopped goes on where it was. key=value "
               "overrides change the model's parameters; kept results are then not compared.")
    parser.add_argument("words", nargs="*", metavar="ID | folder | key=value",
                        help="findings (F14), folders (polarisation, youth ...; contactsim findings lists them), all "
                             "if none is named; model parameters such as psychology.negative_weight=1")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="small samples, without sweeps: minutes")
    size.add_argument("--full", action="store_true", help="large samples and sweeps: up to an hour (the default)")
    parser.add_argument("--jobs", type=int, help="processes at a time (default: all processors)")
    parser.add_argument("--output", help="folder of the report (default: replays/NAME-SAMPLE); replaced if it exists")
    parser.add_argument("--store", help="store that keeps the figures, also one of sweeps (default: in the "
                                          "user's cache)")
    parser.add_argument("--fresh", action="store_true", help="forget all figures of the ledger in the store first")
    parser.add_argument("--quiet", action="store_true", help="no progress and no table")
    parser.add_argument("--keep", action="store_true", help="keep these results with the designs, saying what moved")
    parser.add_argument("--negative-control", metavar="NAME",
                        help=f"break the model in a known way ({', '.join(controls.names())}): the replay must fail")
    return parser


def _provenance(options: argparse.Namespace, began: float) -> dict[str, Any]:
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
        files += [tried.keep(frame, f"{along.folder.name}/{name}", about) for name, frame in frames.items()
                  if not frame.empty]
    return files


def _compared(result: Result, moved: list[str], console: Console, sample: str, other_parameters: bool) -> int:
    if other_parameters:
        console.print("Kept results are not compared: other parameters.")
        return 0
    unkept = kept.unkept(result.entries, sample)
    if unkept:
        console.print(f"Nothing is kept of the {sample} sample yet for {', '.join(unkept)} (--keep keeps these "
                      f"results).", highlight=False)
    for sentence in moved:
        console.print(f"No longer holds: {sentence}.", highlight=False)
    if not moved and len(unkept) < sum(len(e.rows) for e in result.entries):
        console.print("Every kept result holds.")
    return 1 if moved else 0


@contextmanager
def _bar(quiet: bool) -> Iterator[Callable[[str], Progress | None]]:
    """A factory of progress callbacks with time left on a terminal; silent otherwise."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda text: None
        return
    with Bar(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
             console=console) as bar:
        def named(text: str) -> Progress:
            task = bar.add_task(text, total=None)
            return lambda done, total: bar.update(task, completed=done, total=total)

        yield named
