"""``contactsim findings`` lists the findings of the literature; ``contactsim replay`` tests them and gives verdicts."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from contactsim.commands.base import (
    Command,
    as_json,
    config_dir,
    findings_store,
    jobs,
    print_json,
    quiet,
    store_of_findings,
    update_baseline,
)
from contactsim.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from contactsim.evidence.replay import Options
    from contactsim.evidence.runs import Progress

FINDINGS_HELP = """List the findings of the literature with their states, and their verdicts with the first model.

\b
  contactsim findings
  contactsim findings youth F30
  contactsim findings F14 --json      one finding with its worlds, outcomes and acceptance intervals

Without ID or FOLDER all findings are listed. Nothing is simulated."""
REPLAY_HELP = """Test findings of the literature with registered designs, in every plausible world.

\b
  contactsim replay --full                           all findings in all plausible worlds: an hour or more
  contactsim replay --quick                          the regression: some outcomes, compared with the baseline
  contactsim replay youth F30 --quick                all outcomes of a folder and a finding, a handful of worlds
  contactsim replay F14 --sets 20                    20 of the plausible parameter sets
  contactsim replay F14 ensemble=default             the model's own values alone
  contactsim replay F14 psychology.negative_weight=1 another value in all worlds

ID is a finding (F14), FOLDER is a folder of findings (contactsim findings lists them). ensemble=NAME names the
parameter sets in which they are tested: plausible, if calibration has made it, or default for the model's own values.
KEY=VALUE changes the model's parameters in all of them. The report says in which share of these worlds each finding
holds, what carries it, and what decides it.

ID can be 'all'. Without ID, FOLDER or --full the outcomes of experiments/regression.yaml are simulated with
the model's own values, without knock-outs, and compared with the baseline: the exit code is 1 if one
deviates.

The results of each world are stored: a replay that was stopped resumes where it was."""


@click.command(cls=Command, help=FINDINGS_HELP)
@click.argument("words", nargs=-1, metavar="[ID | FOLDER]...")
@as_json
def findings(words: tuple[str, ...], as_json: bool) -> int:
    """List findings with claim, grade, role and state."""
    from contactsim.evidence.listing import listed

    lines = listed(list(words))
    if as_json:
        print_json(lines)
    else:
        _list(lines)
    return 0


def _list(lines: list[dict[str, Any]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(pad_edge=False, box=SIMPLE_HEAD)
    for column in ("", "claim", "rests on", "role", "state", "in the regression", "first model, full", "folder"):
        table.add_column(column, no_wrap=column in ("", "folder"))
    for line in lines:
        table.add_row(line["id"], line["claim"], line["grade"], line["role"], line["state"],
                      ", ".join(line["regression"]) or "-", line["first_registration"].get("full", "-"), line["folder"])
    Console(width=None if sys.stdout.isatty() else 140, highlight=False).print(table)


@click.command(cls=Command, help=REPLAY_HELP)
@click.argument("words", nargs=-1, metavar="[ID | FOLDER | KEY=VALUE]...")
@click.option("--quick", is_flag=True, help="Small samples: a handful of worlds, no parameter sweeps.")
@click.option("--full", is_flag=True, help="Large samples: all plausible worlds; parameter sweeps. [default]")
@click.option("--sets", metavar="N", type=click.IntRange(min=1), show_default="experiments/samples.yaml",
              help="Number of parameter sets of the ensemble.")
@jobs
@click.option("--output", metavar="DIR", show_default="replays/NAME-SAMPLE",
              help="Folder of the report; replaced if it exists.")
@store_of_findings
@click.option("--no-cache", is_flag=True, help="Delete the findings' results in the store first.")
@update_baseline
@click.option("--negative-control", metavar="NAME",
              help="Break the model in a known way, as in no_contact: the replay must fail.")
@quiet
@config_dir
def replay(words: tuple[str, ...], quick: bool, full: bool, sets: int | None, jobs: int | None, output: str | None,
           store: str | None, no_cache: bool, update_baseline: bool, negative_control: str | None, quiet: bool,
           config_dir: str | None) -> int:
    """Run a replay, or the regression. The exit code is 1 if the regression deviates from the baseline."""
    ensembles = [word.removeprefix("ensemble=") for word in words if word.startswith("ensemble=")]
    overrides = [word for word in words if "=" in word and not word.startswith("ensemble=")]
    names = [word for word in words if "=" not in word]
    everything = names == ["all"] or (full and not names)
    if everything:
        names = []
    if quick and full:
        raise UserError("--quick and --full exclude each other: give one of them.")
    if update_baseline and (overrides or negative_control):
        raise UserError("--update-baseline is for the designs as they are: it takes no overrides and no "
                        "--negative-control.")
    if not (names or everything) and (ensembles or sets is not None):
        raise UserError("ensemble=NAME and --sets are for named findings: the regression is simulated with the model's "
                        "own values.")
    from rich.console import Console

    from contactsim.evidence.replay import Options
    from contactsim.runs.progress import Progress

    console, began = Console(width=None if sys.stdout.isatty() else 80, highlight=False), time.monotonic()
    folder, sample = findings_store(store), "quick" if quick else "full"
    options = Options(names, overrides, folder, config_dir, sample, ensembles[-1] if ensembles else None, sets, jobs,
                      output, no_cache, negative_control)
    with Progress(quiet, folder) as progress:
        run = _named if names or everything else _regression
        file, print_results, code = run(options, progress.stage("simulations"), update_baseline)
    if not quiet:
        print_results(console)
    what = "Report" if names or everything else "Table"
    console.print(f"{what}: {file} ({time.monotonic() - began:.0f} s)", soft_wrap=True)
    return code


#: File, what prints the results, and the exit code.
Finished = tuple["Path", Callable[["Console"], None], int]


def _named(options: Options, progress: Progress, archive: bool) -> Finished:
    from contactsim.evidence import gradients, report, tables
    from contactsim.evidence.replay import archive as archived
    from contactsim.evidence.replay import run_replay

    finished = run_replay(options, progress)
    files = list(archived(finished, options.sample)) if archive else []

    def show(console: Console) -> None:
        worlds = finished.worlds
        console.print(f"{worlds.sets} of {worlds.of} parameter sets ({worlds.title})")
        if worlds.sets == 1:
            console.print(tables.ONE_SET, style="bold")
        console.print(tables.results_table(finished.findings))
        for along in finished.along:
            for sentence in gradients.sweep_sentences(along.swept):
                console.print(f"  {sentence}")
        console.print(tables.overview(finished.findings))
        console.print(tables.count(finished.findings))
        console.print(report.LIMITS, style="dim")
        for file in files:
            console.print(f"Table: {file}", soft_wrap=True)

    return finished.file, show, 0


def _regression(options: Options, progress: Progress, update: bool) -> Finished:
    from contactsim.evidence import baseline, regression
    from contactsim.evidence.replay import run_regression

    finished = run_regression(options, progress)
    measured, sample = finished.measured, options.sample
    lines, missing = regression.frame(measured, sample), baseline.missing(measured, sample)
    changes = baseline.update(measured, sample) if update else []

    def show(console: Console) -> None:
        console.print(regression.table(lines))
        if update:
            for sentence in changes:
                console.print(f"Changed: {sentence}")
            console.print("The baseline is updated. State in the changelog what changed and why.")
        elif options.overrides:
            console.print("The results are not compared with the baseline: other parameters.")
        else:
            _compared(console, finished.deviations, missing, sample, len(measured))

    return finished.file, show, 1 if finished.deviations and not update else 0


def _compared(console: Console, deviations: list[str], missing: list[str], sample: str, outcomes: int) -> None:
    if missing:
        console.print(f"The baseline has no {sample} means yet for {', '.join(missing)} (--update-baseline adds them).")
    for sentence in deviations:
        console.print(f"Deviates from the baseline: {sentence}.")
    if not deviations and len(missing) < outcomes:
        console.print("Every mean of the baseline holds.")
