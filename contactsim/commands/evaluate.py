"""``contactsim evaluate``: a simulated survey that evaluates an action, and the action's effect in the simulation."""

from __future__ import annotations

import time

import click

from contactsim.commands.base import Command, as_json, config_dir, jobs, overrides, print_json, quiet, without
from contactsim.errors import UserError

HELP = """Simulate a survey that evaluates an action, and compare its estimates with the action's true effect.

\b
  contactsim evaluate place=bradford action=youth_scheme evaluation=youth_scheme
  contactsim evaluate action=arts_festival evaluation=arts_adults evaluation.size=200 seeds=20

\b
Keys besides those of a comparison (contactsim compare --help):
  evaluation=NAME           the survey design: one of those below, or a YAML file of your own
  evaluation.size=200 ...   change the design; its keys are in configs/evaluation and docs/evaluation.md

Give the same command again to go on after an interruption; more seeds or values only add what is lacking."""


def _details(context: click.Context) -> str:
    from contactsim.evaluate.design import names

    return f"Evaluations: {', '.join(names(context.params.get('config_dir')))}"


@click.command(cls=Command, help=HELP, details=_details)
@overrides("store", "seed", "seeds", "output", "force")
@without
@jobs
@as_json
@quiet
@config_dir
def evaluate(overrides: list[str], without: tuple[str, ...], jobs: int | None, as_json: bool, quiet: bool,
            config_dir: str | None) -> int:
    """Simulate the study, write a folder and print estimates and effects."""
    from contactsim.comparison.design import read_grid, take_keys
    from contactsim.evaluate.design import load, names
    from contactsim.stats import statsmodels

    statsmodels()
    keys = tuple(line.partition("=")[0] for line in overrides if line.startswith("evaluation"))
    own, rest = take_keys(overrides, keys)
    if "evaluation" not in own:
        raise UserError(f"evaluation= is missing: it must be one of {', '.join(names(config_dir))}, or a YAML file.")
    changes = {key.removeprefix("evaluation."): value for key, value in own.items() if key != "evaluation"}
    evaluation = load(str(own["evaluation"]), changes, config_dir)
    grid = read_grid(rest, without, config_dir)
    from contactsim.comparison.folder import finite
    from contactsim.comparison.tasks import default_store
    from contactsim.evaluate.report import render, write
    from contactsim.evaluate.study import STORE, study
    from contactsim.runs.progress import Progress

    started = time.perf_counter()
    store = grid.reference.design.config.store or default_store(STORE)
    with Progress(quiet or as_json, store) as progress:
        found = study(evaluation, grid, store, jobs, progress=progress)
    _, facts = write(found, time.perf_counter() - started)
    if as_json:
        print_json(finite(facts))
    elif not quiet:
        from rich.console import Console

        Console().print(render(facts))
    return 0
