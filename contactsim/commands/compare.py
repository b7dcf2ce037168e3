"""``contactsim compare``: paired runs with and without an action, or whatever else is named."""

from __future__ import annotations

import json
import time

import click

from contactsim.commands.base import Command, as_json, config_dir, jobs, overrides, quiet

HELP = """Run a place with and without an action under common random numbers, and estimate the action's effects.

\b
  contactsim compare place=bradford action=youth_scheme seeds=10
  contactsim compare action=[youth_scheme,library_chat] follow=[13,26,52]
  contactsim compare psychology.norms=0.01 --without psychology.norms=0

Both runs of a pair have the same place, seed, residents and burn-in; they differ by the action alone (contactsim
actions lists the actions).

\b
Keys besides those of a run (contactsim run --help):
  seeds=10             number of seeds, counted upwards from seed
  follow=[13,26,52]    weeks after the action's end at which people are surveyed again
  weeks=W              weeks to simulate; the last follow-up if not given
  output=DIR           folder for the tables; force=true replaces what is there

Averages over people and seeds are estimates. One person's difference is illustrative only."""


@click.command(cls=Command, help=HELP)
@overrides("seed", "seeds", "output", "force")
@click.option("--without", multiple=True, metavar="KEY=VALUE",
              help="What the run without the action has instead; can be repeated. [default: no actions]")
@jobs
@as_json
@quiet
@config_dir
def command(overrides: list[str], without: tuple[str, ...], jobs: int | None, as_json: bool, quiet: bool,
            config_dir: str | None) -> int:
    """Compare, write a folder and print its summary."""
    from contactsim.comparison.compare import compare, read_design
    from contactsim.comparison.folder import finite, stands, write
    from contactsim.place import load_place

    design = read_design(overrides, list(without), config_dir)
    place = load_place(design.config.place)
    found = stands(design, place)
    if found is None:
        from contactsim.runs.local import processors
        from contactsim.runs.progress import Progress

        started = time.perf_counter()
        with Progress(quiet or as_json) as progress:
            comparison = compare(design, place, jobs or processors(), progress)
        _, found = write(comparison, time.perf_counter() - started)
    if as_json:
        print(json.dumps(finite(found), ensure_ascii=False, allow_nan=False))
    elif not quiet:
        from rich.console import Console

        from contactsim.comparison.show import render

        Console().print(render(found))
    return 0
