"""``contactsim calibrate``: fit the calibrated parameters; prints values, changes nothing in the model."""

from __future__ import annotations

import sys

import click

from contactsim.commands.base import Command, Integer, findings_store, jobs, quiet, store_of_findings, update_baseline
from contactsim.errors import UserError, nearest

HELP = """Fit the calibrated parameters (to F7, F13) and print their values; the model's defaults do not change.

\b
  contactsim calibrate             ratio: F7 alone
  contactsim calibrate joint       F7 and F13 together

The fits are defined in experiments/calibration.yaml. The command can be stopped and resumed: finished worlds are
stored."""


@click.command(cls=Command, help=HELP)
@click.argument("name", default="ratio", metavar="[ratio | joint]")
@click.option("--budget", type=Integer(3), show_default="that of experiments/calibration.yaml",
              help="Most evaluations of the objective.")
@jobs
@store_of_findings
@update_baseline
@quiet
def calibrate(name: str, budget: int | None, jobs: int | None, store: str | None, update_baseline: bool,
            quiet: bool) -> int:
    """Fit by experiments/calibration.yaml and print the result."""
    from contactsim.config.run_config import compose
    from contactsim.evidence import calibration

    designs = calibration.designs()
    if name not in designs:
        raise UserError(f"There is no fit '{name}': allowed are {', '.join(designs)}.{nearest(name, designs)}")
    design = designs[name]
    evaluations = budget or design.budget
    folder = findings_store(store)
    if not quiet:
        print(f"Budget: {evaluations} evaluations of {', '.join(design.outcomes)}, {design.seeds} seeds each.",
              file=sys.stderr, flush=True)
    from contactsim.runs.progress import Progress

    done = 0
    with Progress(quiet, folder) as progress:
        def report(line: dict[str, float]) -> None:
            nonlocal done
            done += 1
            progress("evaluations", done, max(done, evaluations))
            if not quiet:
                print(f"  {done}: " + ", ".join(f"{key} {value:.4g}" for key, value in line.items()), flush=True)

        found = calibration.fit(design, compose(["place=synthetic"]).parameters, folder, evaluations, jobs, report)
    for path, value in found.parameters.items():
        print(f"{path} = {value:g}")
    print(f"Objective {found.objective:.3g} after {found.evaluations} evaluations; "
          + ", ".join(f"{outcome} {value:.3g}" for outcome, value in found.outcomes.items()) + ".")
    if update_baseline:
        print(f"Updated: {calibration.archive(name, design, found, evaluations)}")
    return 0
