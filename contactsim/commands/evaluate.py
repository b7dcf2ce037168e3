"""``contactsim evaluate``: a simulated survey of an action, its estimates, and the truth beside them."""

from __future__ import annotations

import json
import time

from contactsim.commands.arguments import Parser
from contactsim.commands.compare import processors
from contactsim.errors import UserError

HELP = """contactsim evaluate: what a survey of an action would find, beside what the action did.

Usage: contactsim evaluate place=PLACE action=[NAMES] evaluation=NAME [evaluation.key=value ...] [seeds=10] ...

  evaluation=NAME               {names}, or a YAML file of your own
  evaluation.size=200 ...       change the design: its keys stand in configs/evaluation and docs/evaluation.md
  seeds=N                       how many seeds, from seed= on (10)
  --without key=value           the untreated world's overrides, where it is not the same without actions
  output=FOLDER, force=true     where the tables go; replace what stands there
  --jobs N, --json, --quiet, --config-dir FOLDER   as in contactsim compare"""


def main(arguments: list[str]) -> int:
    """Simulate the study, write a folder and print estimates beside the truth."""
    options = _parser().parse_intermixed_args(arguments)
    from contactsim.evaluate.design import load, names

    if options.help:
        print(HELP.format(names=", ".join(names(options.config_dir))))
        return 0
    if options.jobs is not None and options.jobs < 1:
        raise UserError(f"--jobs {options.jobs} is not allowed: it must be 1 or more.")
    from contactsim.evaluate.estimators import statsmodels
    from contactsim.lab.asked import ask, take_own

    statsmodels()
    keys = tuple(line.partition("=")[0] for line in options.overrides if line.startswith("evaluation"))
    own, rest = take_own(options.overrides, keys)
    if "evaluation" not in own:
        raise UserError(f"evaluation= is missing: it must be one of {', '.join(names(options.config_dir))}, or a YAML "
                        f"file.")
    changes = {key.removeprefix("evaluation."): value for key, value in own.items() if key != "evaluation"}
    design = load(str(own["evaluation"]), changes, options.config_dir)
    asked = ask(rest, options.without, options.config_dir)
    from contactsim.commands.progress import Bars
    from contactsim.evaluate.folder import write
    from contactsim.evaluate.show import render
    from contactsim.evaluate.study import study
    from contactsim.lab.compare_folder import finite
    from contactsim.place import load_place

    started = time.perf_counter()
    place = load_place(asked.config.place)
    with Bars(options.quiet or options.json) as bars:
        found = study(design, asked, place, options.jobs or processors(), bars)
    _, told = write(found, time.perf_counter() - started)
    if options.json:
        print(json.dumps(finite(told), ensure_ascii=False, allow_nan=False))
    elif not options.quiet:
        from rich.console import Console

        Console().print(render(told))
    return 0


def _parser() -> Parser:
    parser = Parser("evaluate", add_help=False)
    parser.add_argument("overrides", nargs="*")
    parser.add_argument("--help", "-h", action="store_true")
    parser.add_argument("--without", action="append", default=[])
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quiet", "-q", action="store_true")
    parser.add_argument("--config-dir", "-cd")
    return parser
