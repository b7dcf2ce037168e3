"""``contactsim evaluate``: a simulated survey that evaluates an action, and the action's effect in the simulation."""

from __future__ import annotations

import time

import click

from contactsim.commands.base import Command, answer, of_arms

HELP = """Simulate a survey that evaluates an action, and compare its estimates with the action's true effect.

\b
  contactsim evaluate place=bradford action=youth_scheme evaluation=youth_scheme
  contactsim evaluate action=arts_festival evaluation=arts_adults evaluation.size=200 seeds=20

\b
Keys besides those of a comparison (contactsim compare --help):
  evaluation=NAME           the survey design: one of those below, or a YAML file of your own
  evaluation.size=200 ...   change the design; its keys are in configs/evaluation and docs/evaluation.md

Several values of any key (evaluation.size=50,200) give the estimates for each of them; the parameter sets of an
ensemble (ensemble=plausible) are pooled.

Give the same command again to go on after an interruption; more seeds or values only add what is lacking."""


def _details(context: click.Context) -> str:
    from contactsim.evaluate.design import names

    return f"Evaluations: {', '.join(names(context.params.get('config_dir')))}"


@click.command(cls=Command, help=HELP, details=_details)
@of_arms
def evaluate(overrides: list[str], without: tuple[str, ...], jobs: int | None, as_json: bool, quiet: bool,
            config_dir: str | None) -> int:
    """Simulate the study, write a folder and print estimates and effects."""
    from contactsim.evaluate.study import STORE, read_study, study
    from contactsim.stats import statsmodels

    statsmodels()
    evaluations, grid = read_study(overrides, without, config_dir)
    from contactsim.comparison.tasks import default_store
    from contactsim.evaluate.report import render, write
    from contactsim.runs.progress import Progress

    started = time.perf_counter()
    store = grid.reference.design.config.store or default_store(STORE)
    with Progress(quiet or as_json, store) as progress:
        found = study(evaluations, grid, store, jobs, progress=progress)
    _, facts = write(found, time.perf_counter() - started)
    return answer(facts, as_json, quiet, render)
