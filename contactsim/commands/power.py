"""``contactsim power``: how many people, how good a scale and how many seeds an effect needs to be seen."""

from __future__ import annotations

import json

from contactsim.commands.arguments import Parser
from contactsim.errors import UserError, nearest

HELP = """contactsim power: what a design can see.

Usage: contactsim power [effect=0.2] [sample=[20,50,200]] [reliability=[0.6,0.8,0.9]] [key=value ...]

{keys}

  --from FOLDER   a folder of contactsim compare: adds the seeds that its effects need
  --json          print the figures for programs
  --quiet         print nothing"""


def main(arguments: list[str]) -> int:
    """Answer the question, write a folder and print the tables."""
    options = _parser().parse_intermixed_args(arguments)
    from contactsim.evaluate.power import Power, check, seeds_needed, table
    from contactsim.lab.design import take_own
    from contactsim.stats import statsmodels

    names = tuple(Power.model_fields)
    if options.help:
        print(HELP.format(keys="\n".join(f"  {name}={field.default}: {field.description}"
                                         for name, field in Power.model_fields.items())))
        return 0
    values, rest = take_own(options.overrides, names)
    if rest:
        name = rest[0].partition("=")[0]
        raise UserError(f"'{rest[0]}' (command line) is unknown: allowed are {', '.join(names)}.{nearest(name, names)}")
    question = check(values)
    statsmodels()
    from contactsim.evaluate.power_show import render, write
    from contactsim.lab.compare_folder import finite, load

    scatter = load(options.folder)["of_seeds"] if options.folder else None
    found = table(question)
    seeds = None if scatter is None else seeds_needed(question, scatter)
    folder, facts = write(question, found, seeds)
    if options.json:
        print(json.dumps(finite(facts), ensure_ascii=False, allow_nan=False))
    elif not options.quiet:
        from rich.console import Console

        Console().print(render(question, found, seeds, folder))
    return 0


def _parser() -> Parser:
    parser = Parser("power", add_help=False)
    parser.add_argument("overrides", nargs="*")
    parser.add_argument("--help", "-h", action="store_true")
    parser.add_argument("--from", dest="folder")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quiet", "-q", action="store_true")
    return parser
