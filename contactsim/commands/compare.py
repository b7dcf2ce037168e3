"""``contactsim compare``: paired runs with and without an action, or whatever else is named."""

from __future__ import annotations

import time

import click

from contactsim.commands.base import Command, answer, of_arms

HELP = """Run a place with and without an action under common random numbers, and estimate the action's effects.

\b
  contactsim compare place=bradford action=youth_scheme seeds=10
  contactsim compare action=[youth_scheme,library_chat] follow_up=[13,26,52]
  contactsim compare psychology.norms=0.01 --without psychology.norms=0
  contactsim compare action=library_chat place.dissimilarity=0.2,0.6 seeds=20
  contactsim compare action=youth_scheme ensemble=plausible

The runs of a pair have the same place, seed, residents and burn-in; they differ by the action alone (contactsim
actions lists the actions). Several values of a key, as in the last line but one, compare the comparisons: effects in
each cell, and their difference-in-differences. Parameter sets of an ensemble are pooled.

\b
Keys besides those of a run (contactsim run --help):
  seeds=10               number of seeds, counted upwards from seed (2 for each set of an ensemble)
  ensemble=plausible     effects over all parameter sets of an ensemble; ensemble_set=range(1,11) for ten of them
  follow_up=[13,26,52]   weeks after the action's end at which outcomes are read
  weeks=W                weeks to simulate; the last follow-up if not given
  output=DIR             folder for the tables; force=true replaces what is there
  store=DIR              store of the replications; a folder in the user's cache if not given
  engine=dask            use a Dask scheduler's workers, with engine.scheduler=ADDRESS

Give the same command again to go on after an interruption; more seeds or values only add what is lacking. Averages over
people and seeds are estimates. One person's difference is illustrative only."""


@click.command(cls=Command, help=HELP)
@of_arms
def compare(overrides: list[str], without: tuple[str, ...], jobs: int | None, as_json: bool, quiet: bool,
            config_dir: str | None) -> int:
    """Compare, write a folder and print its summary."""
    from contactsim.comparison.design import read_grid

    grid = read_grid(overrides, without, config_dir)
    from contactsim.comparison.compare import STORE, compare
    from contactsim.comparison.folder import finished, write
    from contactsim.comparison.report import render
    from contactsim.comparison.tasks import default_store

    found = finished(grid)
    if found is None:
        from contactsim.runs.progress import Progress

        started = time.perf_counter()
        store = grid.reference.design.config.store or default_store(STORE)
        with Progress(quiet or as_json, store) as progress:
            comparison = compare(grid, store, jobs, progress=progress)
        _, found = write(comparison, time.perf_counter() - started)
    return answer(found, as_json, quiet, render)
