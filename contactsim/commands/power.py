"""``contactsim power``: how many people, how good a scale and how many seeds are needed to detect an effect."""

from __future__ import annotations

import click

from contactsim.commands.base import Command, answer, as_json, keys_of, overrides, quiet
from contactsim.errors import UserError, nearest

HELP = """Statistical power of a survey: how many people, how reliable a scale and how many seeds an effect needs.

\b
  contactsim power effect=0.2 sample=[20,50,200] reliability=[0.6,0.8,0.9]
  contactsim power --from comparisons/bradford-youth_scheme"""


def _details(context: click.Context) -> str:
    from contactsim.evaluate.power import Power

    return "\n".join(["Keys:", *keys_of(Power)])


@click.command(cls=Command, help=HELP, details=_details)
@overrides("seed", "output", "force")
@click.option("--from", "folder", metavar="DIR",
              help="Folder of contactsim compare: adds the number of seeds that its effects need and, if it is over an "
                   "ensemble, the power over its parameter sets.")
@as_json
@quiet
def power(overrides: list[str], folder: str | None, as_json: bool, quiet: bool) -> int:
    """Compute, write a folder and print the tables."""
    from contactsim import renamed
    from contactsim.comparison.design import take_keys
    from contactsim.evaluate.power import Power, check, seeds_needed, table
    from contactsim.stats import statsmodels

    names = tuple(Power.model_fields)
    values, rest = take_keys(overrides, names)
    if rest:
        name = rest[0].partition("=")[0]
        old = renamed.key_sentence(rest[0], "command line", f"power.{name}")
        raise UserError(old or f"'{rest[0]}' (command line) is unknown: allowed are "
                        f"{', '.join(names)}.{nearest(name, names)}")
    question = check(values)
    statsmodels()
    from contactsim.comparison.folder import load
    from contactsim.evaluate import power_over_sets
    from contactsim.evaluate.power import render, write

    by_seed = load(folder)["by_seed"] if folder else None
    found = table(question)
    seeds = None if by_seed is None else seeds_needed(question, by_seed)
    over_sets = power_over_sets.facts(question, by_seed)
    written, facts = write(question, found, seeds, over_sets)
    return answer(facts, as_json, quiet, lambda _: render(question, found, seeds, written,
                                                          power_over_sets.render(question, over_sets)))
