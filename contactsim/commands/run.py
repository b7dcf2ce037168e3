"""``contactsim run`` simulates a place, with a configuration composed by Hydra; ``contactsim show`` prints a run."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from contactsim.commands.base import Command, OneOf, all_keys, as_json, config_dir, overrides, print_json, quiet
from contactsim.errors import UserError

INFO = ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath")
RUN_HELP = """Simulate a place week by week and keep the results in a folder.

\b
  contactsim run place=bradford weeks=104 seed=7
  contactsim run place=census place.file=my_table.csv psychology=unequal_weight psychology.drift=0.02
  contactsim run --multirun place=bradford,slough seed='range(0,3)'

group=NAME picks a configuration of a group; group.key=value changes one of its keys. The groups and keys are listed
below. Hydra's launchers work where they are installed: hydra/launcher=joblib with --multirun."""
SHOW_HELP = """Print the summary of a finished run, and draw its figure again if the file is missing.

\b
  contactsim show runs/synthetic-seed7-0a1b2c3d
  contactsim show runs/synthetic-seed7-0a1b2c3d --figure figure.pdf"""


def _details(context: click.Context) -> str:
    from contactsim.config.hydra_adapter import Composition
    from contactsim.config.run_config import register_defaults

    register_defaults()
    return all_keys(Composition([], context.params.get("config_dir")))


@click.command(cls=Command, help=RUN_HELP, details=_details)
@overrides("seed", "output", "store", "force")
@click.option("--multirun", "-m", is_flag=True, help="Run every combination of values given as a,b or range(0,3).")
@quiet
@config_dir
@click.option("--cfg", "-c", type=OneOf(("job", "hydra", "all")), help="Print the configuration and stop.")
@click.option("--package", "-p", metavar="KEY", help="With --cfg: only this part of the configuration.")
@click.option("--resolve", is_flag=True, help="With --cfg: fill in references to other keys.")
@click.option("--info", "-i", type=OneOf(INFO), is_flag=False, flag_value="all",
              help="Print information of Hydra on the configuration (all if no word is given), and stop.")
@click.option("--shell-completion", "-sc", is_flag=True, help="Print a shell's completion of keys, as in -sc "
                                                              "install=bash.")
@click.option("--run", "-r", "as_app", is_flag=True, hidden=True)
def run(overrides: list[str], multirun: bool, quiet: bool, config_dir: str | None, cfg: str | None,
            package: str | None, resolve: bool, info: str | None, shell_completion: bool, as_app: bool) -> int:
    """Compose, validate and run; ``--multirun`` runs every combination and continues after failures."""
    from contactsim.config.hydra_adapter import PRIMARY, Composition
    from contactsim.config.run_config import register_defaults

    register_defaults()
    composition = Composition(overrides, config_dir, sweep=multirun)
    if shell_completion:
        composition.hydra.shell_completion(PRIMARY, overrides)
        return 0
    config = composition.compose()
    if cfg:
        composition.hydra.show_cfg(PRIMARY, overrides, cfg, package, resolve)
        return 0
    if info:
        composition.hydra.show_info(info, PRIMARY, overrides)
        return 0
    if multirun:
        return _multirun(composition, config, quiet)
    run_one(config, composition, quiet)
    return 0


def run_one(config: Any, composition: Any, quiet: bool, labels: dict[str, Any] | None = None) -> None:
    """Validate one composed configuration, run it and print where the results are. Raises UserError.

    ``labels`` are the job's values of the keys that a multirun varies; a store records them with the run.
    """
    from contactsim.config.hydra_adapter import data_of
    from contactsim.config.run_config import validate

    checked = validate(data_of(config, composition.origin), composition.origin)
    from contactsim.runs.folder import load_run
    from contactsim.runs.progress import Progress
    from contactsim.runs.run import execute
    from contactsim.runs.show import closing_lines

    try:
        if checked.store is not None:
            return _into_store(checked, labels or {}, quiet)
        with Progress(quiet) as progress:
            folder, existed = execute(checked, progress)
    except UserError as error:
        raise UserError(_with_origin(str(error), composition.origin)) from None
    if quiet:
        return
    if existed:
        print(f"{folder} holds this run already: nothing was done (force=true repeats it).")
    for line in closing_lines(load_run(folder)):
        print(line)


def _into_store(config: Any, labels: dict[str, Any], quiet: bool) -> None:
    from contactsim.sweeps.plan import run_into_store

    name, existed = run_into_store(config, labels)
    if not quiet:
        print(f"{name}: {'was stored before in' if existed else 'stored in'} {config.store}")


def _multirun(composition: Any, config: Any, quiet: bool) -> int:
    """Pass the jobs to Hydra's sweeper and launcher; a job that fails is reported and the others continue."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.errors import HydraException

    from contactsim.config.hydra_adapter import PRIMARY

    here = os.getpid()
    failed: list[Exception] = []
    varied = {str(o.key_or_group) for o in composition.parsed if o.is_sweep_override()}

    def job(task: Any) -> None:
        words = " ".join(HydraConfig.get().overrides.task)
        if not quiet:
            print(f"[{HydraConfig.get().job.num + 1}] {words}")
        try:
            run_one(task, composition, quiet, _labels(HydraConfig.get().overrides.task, varied))
        except Exception as error:
            if os.getpid() != here:  # in a worker of another launcher: only Hydra can report it
                raise
            failed.append(error)
            print(f"contactsim: {words}: {error}", file=sys.stderr)

    with tempfile.TemporaryDirectory(prefix="contactsim-") as scratch:
        overrides = [*composition.overrides, "hydra.mode=MULTIRUN"]
        if config.hydra.sweep.dir == ".":  # Hydra always writes multirun.yaml there
            overrides.append(f"hydra.sweep.dir='{scratch}'")
        try:
            composition.hydra.multirun(PRIMARY, job, overrides)
        except HydraException:
            with composition.reworded():
                raise
    for error in failed:
        if not isinstance(error, UserError):
            raise error
    return 2 if failed else 0


def _labels(overrides: Any, varied: set[str]) -> dict[str, Any]:
    """{key: value} of a job's overrides whose keys vary."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    found = {str(o.key_or_group): o.value() for o in OverridesParser.create().parse_overrides(list(overrides))}
    return {key: value if isinstance(value, int | float | str) else str(value) for key, value in found.items()
            if key in varied and key != "seed"}


def _with_origin(message: str, origin: Any) -> str:
    """Add where the key in a message got its value."""
    found = re.match(r"((?:place|scenario|settings|psychology|residents|survey|actions)(?:\.[\w-]+)+)=", message)
    if not found:
        return message
    return f"{message.rstrip('. ')} ({found.group(1)} comes from: {origin(found.group(1))})."


@click.command(cls=Command, help=SHOW_HELP)
@click.argument("run")
@as_json
@click.option("--figure", metavar="FILE", help="Draw the figure into FILE (.png, .pdf or .svg).")
def show(run: str, as_json: bool, figure: str | None) -> int:
    """Print a run's summary and draw its figure."""
    from contactsim.runs.folder import load_run
    from contactsim.runs.show import render, summarise

    finished = load_run(run)
    drawn = _draw(finished, figure)
    if as_json:
        print_json({**summarise(finished), "figure": str(drawn)})
        return 0
    from rich.console import Console

    Console(highlight=False).print(render(finished))
    if figure:
        print(f"drawn: {drawn}")
    return 0


def _draw(run: Any, wanted: str | None) -> Path:
    from contactsim.runs.plots import save

    path = Path(wanted or run.folder / "figure.png")
    if wanted is None and path.is_file():
        return path
    if path.suffix not in (".png", ".pdf", ".svg"):
        raise UserError(f"--figure {wanted} has another format: allowed endings are .png, .pdf and .svg.")
    try:
        save(run, path)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}.") from None
    return path
