"""The command line: ``contactsim run | sweep | results | show | place ...``.

Exit codes: 0 done, 1 a fault of contactsim's own (or a verdict that no longer holds), 2 a mistake in what was
asked for, 130 interrupted.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from contactsim.errors import UserError, nearest

COMMANDS = {
    "run": ("contactsim.commands.run", "simulate a place week by week and keep the results in a folder"),
    "sweep": ("contactsim.commands.sweep", "many runs into one store, which never loses one"),
    "results": ("contactsim.commands.results", "what a store's runs came to: tables, figures, sensitivity"),
    "rerun": ("contactsim.commands.rerun", "repeat a run and compare it with what is kept, to the last bit"),
    "show": ("contactsim.commands.show", "show what a finished run came to"),
    "place": ("contactsim.commands.place", "describe a place: residents, groups, segregation indices"),
    "actions": ("contactsim.commands.actions", "list what can be done about a place, with costs and evidence"),
    "compare": ("contactsim.commands.compare", "a place with and without an action: effects, cost, who is reached"),
    "demo": ("contactsim.commands.demo", "open the classroom in a browser: two worlds side by side, lessons"),
    "evaluate": ("contactsim.commands.evaluate", "what a survey of an action would find, beside what the action did"),
    "power": ("contactsim.commands.power", "how many people and seeds an effect needs to be seen"),
    "replay": ("contactsim.evidence.command", "replay findings of the literature and judge them"),
    "findings": ("contactsim.commands.findings", "list the findings with their kept verdicts"),
    "calibrate": ("contactsim.commands.calibrate", "fit the calibrated rows, and nothing else"),
    "sensitivity": ("contactsim.commands.sensitivity", "which numbers move which findings"),
}
HELP = """contactsim: a laboratory for intergroup contact.

Usage: contactsim COMMAND [options]

{commands}

Start with:
  contactsim run place=synthetic weeks=104 seed=7
  contactsim run --help          the groups, parameters, units and ranges
  contactsim place bradford      what is known of a place

Options: --help, --version, --debug (show the traceback of a fault)

The model explains and explores; it does not predict what happens in a real town."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code; mistakes are printed as one sentence."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    given = [word for word in given if word != "--debug"]
    try:
        return _dispatch(given)
    except UserError as error:
        if debug:
            raise
        print(f"contactsim: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("contactsim: interrupted; nothing unfinished is kept.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except Exception as error:
        if debug:
            raise
        what = " ".join(str(error).split())[:200]
        print(f"contactsim: this is a fault of contactsim ({type(error).__name__}: {what}); please report it "
              f"with what --debug prints.", file=sys.stderr)
        return 1


def _dispatch(given: list[str]) -> int:
    if not given or given[0] in ("--help", "-h", "help"):
        width = max(map(len, COMMANDS))
        commands = [f"  {name:{width}}  {text}" for name, (_, text) in COMMANDS.items()]
        print(HELP.format(commands="\n".join(commands)))
        return 0
    if given[0] == "--version":
        from importlib.metadata import version

        print(f"contactsim {version('contactsim')}")
        return 0
    if given[0] not in COMMANDS:
        raise UserError(f"'{given[0]}' is no command: allowed are {', '.join(COMMANDS)}."
                        f"{nearest(given[0], COMMANDS)}")
    return int(importlib.import_module(COMMANDS[given[0]][0]).main(given[1:]))
