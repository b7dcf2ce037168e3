"""``contactsim findings`` lists the findings of the literature; ``contactsim replay`` tests them and gives verdicts."""

from __future__ import annotations

import sys
import time
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
    from rich.console import Console

    from contactsim.evidence.replay import Replay

FINDINGS_HELP = """List the findings of the literature with their states, and their verdicts with the first model.

\b
  contactsim findings
  contactsim findings youth F30
  contactsim findings F14 --json      one finding with its worlds, outcomes and acceptance intervals

Without ID or FOLDER all findings are listed. Nothing is simulated."""
REPLAY_HELP = """Test findings of the literature with registered designs.

\b
  contactsim replay --quick                          the regression: some outcomes, compared with the baseline
  contactsim replay youth F30 --quick                all outcomes of a folder and a finding, with knock-outs
  contactsim replay F14 psychology.negative_weight=1 another parameter

ID is a finding (F14), FOLDER is a folder of findings (contactsim findings lists them); without either the outcomes of
experiments/regression.yaml are simulated, without knock-outs. KEY=VALUE changes the model's parameters; the results are
then not compared with the baseline.

The results of each world are stored: a replay that was stopped resumes where it was. The exit code is 1 if a result
deviates from the baseline."""


@click.command(cls=Command, help=FINDINGS_HELP)
@click.argument("words", nargs=-1, metavar="[ID | FOLDER]...")
@as_json
def findings(words: tuple[str, ...], as_json: bool) -> int:
    """List findings with claim, grade, role and state."""
    from contactsim.evidence.baseline import listed

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
@click.option("--quick", is_flag=True, help="Small samples, no parameter sweeps.")
@click.option("--full", is_flag=True, help="Large samples; with names also parameter sweeps. [default]")
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
def replay(words: tuple[str, ...], quick: bool, full: bool, jobs: int | None, output: str | None, store: str | None,
            no_cache: bool, update_baseline: bool, negative_control: str | None, quiet: bool,
            config_dir: str | None) -> int:
    """Run a replay. The exit code is 0 if all results agree with the baseline, and 1 if not."""
    overrides = [word for word in words if "=" in word]
    if quick and full:
        raise UserError("--quick and --full exclude each other: give one of them.")
    if update_baseline and (overrides or negative_control):
        raise UserError("--update-baseline is for the designs as they are: it takes no overrides and no "
                        "--negative-control.")
    from rich.console import Console

    from contactsim.evidence.replay import Options, run_replay
    from contactsim.evidence.replay import update_baseline as write_baseline
    from contactsim.runs.progress import Progress

    console, began = Console(width=None if sys.stdout.isatty() else 120, highlight=False), time.monotonic()
    sample = "quick" if quick else "full"
    folder = findings_store(store)
    names = [word for word in words if "=" not in word]
    options = Options(names, overrides, folder, config_dir, sample, jobs, output, no_cache, negative_control)
    with Progress(quiet, folder) as progress:
        finished = run_replay(options, progress.stage("simulations"))
    if not quiet:
        _print(finished, console, sample, bool(names))
    console.print(f"{'Report' if names else 'Table'}: {finished.file} ({time.monotonic() - began:.0f} s)")
    if update_baseline:
        for sentence in write_baseline(finished, sample):
            console.print(sentence)
        console.print("The baseline is updated. State in the changelog what changed and why.")
        return 0
    return _compared(finished, console, sample, bool(overrides))


def _print(finished: Replay, console: Console, sample: str, named: bool) -> None:
    """Print the results: of named findings with their outcomes and knock-outs, of the regression the means alone."""
    from contactsim.evidence import report, tables

    results = finished.result.findings
    if not named:
        console.print(tables.regression_table(tables.regression_frame(results, sample)))
        return
    console.print(report.PROVISIONAL)
    console.print(tables.results_table(results, sample, console.width))
    for along in finished.result.along:
        for sentence in tables.sweep_sentences(along.swept):
            console.print(f"  {sentence}")
    console.print(tables.count(results))
    console.print(report.LIMITS, style="dim")


def _compared(finished: Replay, console: Console, sample: str, other_parameters: bool) -> int:
    """Print how the results differ from the baseline; returns the exit code."""
    from contactsim.evidence import baseline

    if other_parameters:
        console.print("The results are not compared with the baseline: other parameters.")
        return 0
    results = finished.result.findings
    missing = baseline.missing(results, sample)
    if missing:
        console.print(f"The baseline has no {sample} means yet for {', '.join(missing)} (--update-baseline adds them).")
    for sentence in finished.deviations:
        console.print(f"Deviates from the baseline: {sentence}.")
    if not finished.deviations and len(missing) < len(baseline.entries(results)):
        console.print("Every mean of the baseline holds.")
    return 1 if finished.deviations else 0
