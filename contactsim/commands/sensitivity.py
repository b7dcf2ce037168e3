"""``contactsim sensitivity``: which parameters change which findings, and where verdicts change."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from contactsim.commands.base import (
    Command,
    Integer,
    OneOf,
    findings_store,
    jobs,
    quiet,
    store_of_findings,
    update_baseline,
)
from contactsim.errors import UserError, nearest
from contactsim.runs.progress import Progress

if TYPE_CHECKING:
    import pandas as pd

    from contactsim.evidence.sensitivity import Sensitivity

HELP = """Change the model's parameters and measure which findings change.

\b
  contactsim sensitivity                each parameter of the psychology alone, 30 % less and 30 % more
  contactsim sensitivity along          each contested or unsourced parameter alone, along its range
  contactsim sensitivity morris --parameters psychology.norms,psychology.drift
  contactsim sensitivity sobol --budget 96

morris and sobol change several parameters together. The command can be stopped and resumed: finished worlds are
stored."""
METHODS = ("each", "along", "morris", "sobol")


@click.command(cls=Command, help=HELP)
@click.argument("method", type=OneOf(METHODS), default="each", metavar="[each | along | morris | sobol]")
@click.option("--parameters", metavar="KEYS", show_default="all",
              help="Contested parameters to change, as in psychology.norms,psychology.drift.")
@click.option("--budget", type=Integer(1), show_default="that of experiments/sensitivity.yaml",
              help="Most parameter sets of morris and sobol.")
@jobs
@store_of_findings
@click.option("--output", metavar="FILE", help="CSV file to write the table to.")
@update_baseline
@quiet
def sensitivity(method: str, parameters: str | None, budget: int | None, jobs: int | None, store: str | None,
            output: str | None, update_baseline: bool, quiet: bool) -> int:
    """Change parameters and print which outcomes change with them."""
    from contactsim.evidence import baseline, sensitivity

    design = sensitivity.design()
    names = _names(design, method, parameters, budget)
    folder = findings_store(store)
    with Progress(quiet, folder) as progress:
        table, count = _table(design, names, method, budget, folder, jobs, progress)
    if not quiet:
        _show(table, method)
    if output:
        baseline.write_csv(table, Path(output))
        print(f"Written: {output}")
    if update_baseline:
        record = {"method": method, "parameters": names, "parameter_sets": count, "seeds": design.seeds,
                 "residents": design.residents, "findings": design.findings}
        print(f"Updated: {baseline.archive_table(table, f'sensitivity/{method}', record)}")
    return 0


def _names(design: Sensitivity, method: str, parameters: str | None, budget: int | None) -> list[str]:
    """The requested contested parameters; raises UserError for options that exclude each other."""
    if method == "each" and parameters:
        raise UserError("--parameters goes with along, morris and sobol: each changes every parameter of the "
                        "psychology.")
    if budget is not None and method in ("each", "along"):
        raise UserError(f"--budget goes with morris and sobol: {method} has as many parameter sets as it needs.")
    names = [name.strip() for name in parameters.split(",")] if parameters else list(design.contested)
    for name in names:
        if name not in design.contested:
            raise UserError(f"--parameters {name} is not among the contested parameters: allowed are "
                            f"{', '.join(design.contested)}.{nearest(name, design.contested)}")
    least = 2 * (len(names) + 1) if method == "morris" else 4 * (len(names) + 2)
    if budget is not None and budget < least:
        raise UserError(f"--budget {budget} is not allowed: {method} of {len(names)} parameters needs {least} "
                        f"parameter sets or more.")
    return names


def _table(design: Sensitivity, names: list[str], method: str, budget: int | None, store: Path, jobs: int | None,
           progress: Progress) -> tuple[pd.DataFrame, int]:
    """The method's table and its number of parameter sets."""
    from contactsim.config.run_config import compose
    from contactsim.evidence import sensitivity

    base = compose(["place=synthetic"]).parameters
    findings = sensitivity.analysed(design)
    sampled, parameter_sets = None, sensitivity.one_at_a_time(design, base)
    if method == "along":
        parameter_sets = sensitivity.along(design, names)
    elif method != "each":
        sampled = sensitivity.sample(design, names, method, budget or design.budget[method])  # type: ignore[index]
        parameter_sets = [dict(zip(names, values.tolist(), strict=True)) for values in sampled]
    print(f"Budget: {len(parameter_sets)} parameter sets of {len(findings)} findings, {design.seeds} seeds each.",
          file=sys.stderr, flush=True)
    found = sensitivity.run(design, parameter_sets, findings, base, store, jobs, progress.stage("worlds"))
    if sampled is None:
        return sensitivity.changes_table(parameter_sets, found, findings), len(parameter_sets)
    acceptance = {one.id: one.acceptance for finding in findings for one in finding.outcomes}
    return sensitivity.indices(design, names, method, sampled, found, acceptance), len(parameter_sets)


def _show(table: pd.DataFrame, method: str) -> None:
    if method in ("each", "along"):
        from contactsim.evidence.sensitivity import sentences

        for sentence in sentences(table, method):
            print(sentence)
        return
    by = "mu_star" if method == "morris" else "ST"
    for outcome, lines in table.groupby("outcome", sort=False):
        ranked = lines.sort_values(by, ascending=False)
        print(f"{outcome}: " + ", ".join(f"{name} {value:.3g} ± {half:.2g}" for name, value, half in zip(
            ranked["parameter"], ranked[by], ranked[f"{by}_conf"], strict=True)))
