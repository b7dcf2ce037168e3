"""``contactsim calibrate``: find the parameter sets that agree with surveys, diaries and trials."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from contactsim.commands.base import Command, config_dir, findings_store, jobs, quiet, store_of_findings
from contactsim.errors import UserError

HELP = """Find the parameter sets that agree with surveys, diaries and trials (history matching).

\b
  contactsim calibrate                        the shipped design, about half an hour on two processors
  contactsim calibrate --quick                a small one of two minutes, which shows the machinery
  contactsim calibrate DESIGN.yaml --targets TARGETS.csv --output calibrations/mine

DESIGN and TARGETS are files like experiments/calibration.yaml and experiments/targets.csv, with targets and prior
ranges of your own. The folder gets ensemble.yaml and ensemble.csv (use them with ensemble=FOLDER/ensemble.yaml),
report.html and calibration.json. Every run is stored when it ends: the same command goes on where it was stopped."""


@click.command(cls=Command, help=HELP)
@click.argument("design", required=False, metavar="[DESIGN.yaml]")
@click.option("--targets", metavar="FILE", show_default="experiments/targets.csv", help="Table of targets.")
@click.option("--quick", is_flag=True, help="Few and small runs: shows how it works, not what is plausible.")
@click.option("--output", metavar="DIR", show_default="calibrations/NAME", help="Folder of the results; replaced.")
@jobs
@click.option("--scheduler", metavar="ADDRESS", help="Dask scheduler whose workers are used instead.")
@store_of_findings
@click.option("--update-baseline", is_flag=True,
              help="Write the ensemble to experiments/ensembles/plausible, which other commands use.")
@quiet
@config_dir
def calibrate(design: str | None, targets: str | None, quick: bool, output: str | None, jobs: int | None,
              scheduler: str | None, store: str | None, update_baseline: bool, quiet: bool,
              config_dir: str | None) -> int:
    """Run a calibration and write its results. The exit code is 1 if no parameter set agrees with the targets."""
    _need_libraries()
    from contactsim import __version__
    from contactsim.calibration import design as designs
    from contactsim.calibration import report, survey, waves
    from contactsim.paths import experiments_folder
    from contactsim.runs.progress import Progress
    from contactsim.storage.store import Store

    of = designs.design(design, config_dir)
    asked, left = designs.targets(of, survey.FIGURES, targets)
    sample = of.samples["quick" if quick else "full"]
    folder, began = findings_store(store), time.monotonic()
    name = (Path(design).stem if design else "plausible") + ("-quick" if quick else "")
    target = Path(output or f"calibrations/{name}")
    with Progress(quiet, folder) as progress:
        found = waves.calibrate(of, sample, asked, waves.Work(Store(folder, missing=True), jobs, scheduler, progress))
        progress("diagnoses", 0, 1)
        words = [*([design] if design else []), *(["--targets", targets] if targets else []),
                 *(["--quick"] if quick else [])]
        about = {"command": " ".join(["contactsim calibrate", *words]), "version": __version__,
                 "design": design or "experiments/calibration.yaml", "seconds": round(time.monotonic() - began)}
        report.write(found, left, target, about)
        progress("diagnoses", 1, 1)
    if update_baseline and found.kept:
        report.write_ensemble(found, experiments_folder() / "ensembles" / "plausible", about)
    print(report.summary(found))
    print(f"Report: {target / 'report.html'} ({time.monotonic() - began:.0f} s)")
    if not found.kept:
        print("No parameter set agrees with all targets: the report says which targets pull against each other.",
              file=sys.stderr)
    return 0 if found.kept else 1


def _need_libraries() -> None:
    """Raise UserError if the libraries of the extra ``calibration`` are not installed."""
    from importlib.util import find_spec

    for module, name in (("sklearn", "scikit-learn"), ("emcee", "emcee")):
        if find_spec(module) is None:
            raise UserError(f"contactsim calibrate needs {name}: pip install 'contactsim[calibration]'.")
