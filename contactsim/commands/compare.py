"""``contactsim compare``: twin worlds, with and without an action or whatever else is named."""

from __future__ import annotations

import json
import time

from contactsim.commands.arguments import Parser
from contactsim.errors import UserError

HELP = """contactsim compare: the same place, seed and history, lived with and without.

Usage: contactsim compare place=PLACE action=[NAMES] [seeds=10] [weeks=W] [follow=[13,26,52]] [key=value ...]

  action=NAME or action=[A,B]   what one of the two worlds has (contactsim actions lists them)
  --without key=value           what differs instead of, or beside, actions: the untreated world's overrides (repeat it)
  seeds=N                       how many seeds, from seed= on (10)
  follow=[13,26,52]             weeks after the end at which people are looked at again
  weeks=W                       weeks to live; the last follow-up where not given
  output=FOLDER, force=true     where the tables go; replace what stands there
  --jobs N                      seeds at a time (all processors)
  --json                        print the summary for programs
  --quiet                       print nothing
  --config-dir FOLDER           configurations of your own

Averages over people and seeds are what is estimated. One person's difference is illustrative."""


def main(arguments: list[str]) -> int:
    """Compare, write a folder and print what came of it."""
    options = _parser().parse_intermixed_args(arguments)
    if options.help:
        print(HELP)
        return 0
    if options.jobs is not None and options.jobs < 1:
        raise UserError(f"--jobs {options.jobs} is not allowed: it must be 1 or more.")
    from contactsim.lab.compare import compare, read_design
    from contactsim.lab.compare_folder import finite, stands, write
    from contactsim.place import load_place

    design = read_design(options.overrides, options.without, options.config_dir)
    place = load_place(design.config.place)
    found = stands(design, place)
    if found is None:
        from contactsim.commands.progress import Bars

        started = time.perf_counter()
        with Bars(options.quiet or options.json) as bars:
            comparison = compare(design, place, options.jobs or processors(), bars)
        _, found = write(comparison, time.perf_counter() - started)
    if options.json:
        print(json.dumps(finite(found), ensure_ascii=False, allow_nan=False))
    elif not options.quiet:
        from rich.console import Console

        from contactsim.lab.compare_show import render

        Console().print(render(found))
    return 0


def processors() -> int:
    """Processors that this process may use."""
    import os

    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _parser() -> Parser:
    parser = Parser("compare", add_help=False)
    parser.add_argument("overrides", nargs="*")
    parser.add_argument("--help", "-h", action="store_true")
    parser.add_argument("--without", action="append", default=[])
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quiet", "-q", action="store_true")
    parser.add_argument("--config-dir", "-cd")
    return parser
