"""``contactsim replay``: run a design, print and write the ledger, compare with the verdicts kept with it."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from contactsim.compiled import sources_digest
from contactsim.config import compose
from contactsim.errors import UserError, nearest
from contactsim.evidence import report
from contactsim.evidence.design import Design, folder, load, names
from contactsim.evidence.replay import (
    Progress,
    Replayed,
    as_json,
    kept_verdicts,
    moved,
    replay,
    sweep,
)
from contactsim.evidence.variants import changed
from contactsim.lab.store import new_file, new_folder
from contactsim.parameters import ModelParameters


def main(arguments: list[str]) -> int:
    """Run a replay. Exit code 0 if every kept verdict holds, 1 if one does not; UserError for a mistake."""
    options = _parser().parse_intermixed_args(arguments)
    design = load(options.name)
    if options.keep and (options.overrides or options.negative_control):
        raise UserError("--keep keeps verdicts of the design as it stands: it takes no overrides and no "
                        "--negative-control.")
    base = _base(design, options.overrides, options.negative_control)
    sample = "quick" if options.quick else "full"
    console, began = Console(width=None if sys.stdout.isatty() else 120), time.monotonic()
    with _bar(options.quiet) as progress:
        result = replay(design, base, sample, options.jobs, progress("worlds and knock-outs"))
        if not options.quick:
            result = replace(result, swept=sweep(design, base, options.jobs, progress("sweeps")))
    target = Path(options.output or f"replays/{design.name}-{sample}")
    _write(target, result, _provenance(options, began))
    if not options.quiet:
        for history in design.histories:
            console.print(report.table(result, history))
        for sentence in report.breaks(result):
            console.print(f"  {sentence}", highlight=False)
        console.print(report.LIMITS, style="dim")
    console.print(f"Report: {target / 'report.html'} ({time.monotonic() - began:.0f} s)", highlight=False)
    if options.keep:
        _keep(result)
    return _compared(result, console, bool(options.overrides))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="contactsim replay", description="Replay findings by a design that was fixed beforehand, and judge them.",
        epilog="key=value overrides change the model's parameters; kept verdicts are then not compared.")
    parser.add_argument("name", nargs="?", default="polarisation", help=f"one of: {', '.join(names())}")
    parser.add_argument("overrides", nargs="*", help="model parameters, such as psychology.negative_weight=1")
    parser.add_argument("--quick", action="store_true", help="a small sample, without sweeps: a minute or two")
    parser.add_argument("--jobs", type=int, help="worlds lived at a time (default: all processors)")
    parser.add_argument("--output", help="folder of the report (default: replays/NAME-SAMPLE); replaced if it exists")
    parser.add_argument("--quiet", action="store_true", help="no progress and no table")
    parser.add_argument("--keep", action="store_true", help="keep these verdicts with the design, saying what moved")
    parser.add_argument("--negative-control", metavar="WORLD",
                        help="put one of the design's worlds in the base's place: the replay must then fail")
    return parser


def _base(design: Design, overrides: list[str], control: str | None) -> ModelParameters:
    base = compose(["place=synthetic", *overrides]).parameters
    if control is None:
        return base
    if control not in design.worlds:
        raise UserError(f"--negative-control={control} is no world of the design; there are: "
                        f"{', '.join(design.worlds)}.{nearest(control, design.worlds)}")
    return changed(base, design.worlds[control].set)


def _provenance(options: argparse.Namespace, began: float) -> dict[str, Any]:
    versions = {name: importlib.metadata.version(name) for name in ("contactsim", "numpy", "numba", "scipy")}
    return {"command": f"contactsim replay {' '.join(sys.argv[2:])}", "overrides": options.overrides,
            "negative_control": options.negative_control, "kernels": sources_digest(), "versions": versions,
            "python": platform.python_version(), "platform": platform.platform(),
            "seconds": round(time.monotonic() - began)}


def _write(target: Path, result: Replayed, provenance: dict[str, Any]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with new_folder(target, replace=True) as partial:
        ledger = {**as_json(result), "provenance": provenance}
        (partial / "ledger.json").write_text(json.dumps(ledger, indent=1, default=str), encoding="utf-8")
        report.csv(result).to_csv(partial / "ledger.csv", index=False)
        pd.DataFrame(result.readings).to_csv(partial / "readings.csv", index=False)
        if result.swept:
            pd.DataFrame(result.swept).to_csv(partial / "swept.csv", index=False)
        (partial / "report.html").write_text(report.page(result, provenance), encoding="utf-8")


def _keep(result: Replayed) -> None:
    for sentence in moved(result):
        print(f"Moved: {sentence}")
    verdicts = {**kept_verdicts(result.design), result.sample: result.verdicts()}
    with new_file(folder(result.design.name) / "kept.json") as partial:
        partial.write_text(json.dumps({"verdicts": verdicts}, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print("Kept. Say in the changelog what moved and why.")


def _compared(result: Replayed, console: Console, other_parameters: bool) -> int:
    if other_parameters:
        console.print("Kept verdicts are not compared: other parameters.")
        return 0
    if result.sample not in kept_verdicts(result.design):
        console.print(f"No verdicts are kept for the {result.sample} sample yet (--keep keeps these).")
        return 0
    broken = moved(result)
    for sentence in broken:
        console.print(f"No longer holds: {sentence}.", highlight=False)
    if not broken:
        console.print("Every kept verdict holds.")
    return 1 if broken else 0


@contextmanager
def _bar(quiet: bool) -> Iterator[Any]:
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
