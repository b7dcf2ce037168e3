"""The command line: ``contactsim run | sweep | results | show | place ...``.

Exit codes: 0 success, 1 a bug in contactsim (or a verdict that no longer holds), 2 a mistake in the request,
130 interrupted.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

import click

from contactsim.commands.base import sentence
from contactsim.errors import UserError, nearest

#: Name, module and summary of each command: a function of that name. A module is imported when it is used.
COMMANDS = {
    "run": ("contactsim.commands.run", "simulate a place week by week and keep the results in a folder"),
    "sweep": ("contactsim.commands.sweep", "many runs into one store; can be stopped and resumed"),
    "results": ("contactsim.commands.results", "the results in a store: tables, figures, sensitivity indices"),
    "rerun": ("contactsim.commands.rerun", "repeat a run and check that it is the same to the last bit"),
    "show": ("contactsim.commands.run", "summary and figure of a finished run"),
    "place": ("contactsim.commands.place", "describe a place: residents, groups, segregation indices"),
    "actions": ("contactsim.commands.actions", "list the actions with mechanisms, costs and evidence"),
    "compare": ("contactsim.commands.compare", "with and without an action, under common random numbers"),
    "evaluate": ("contactsim.commands.evaluate", "simulate a survey that evaluates an action"),
    "power": ("contactsim.commands.power", "statistical power: how many people and seeds an effect needs"),
    "replay": ("contactsim.commands.findings", "test findings of the literature and give verdicts"),
    "findings": ("contactsim.commands.findings", "list the findings with their verdicts in the baseline"),
    "calibrate": ("contactsim.commands.calibrate", "fit the calibrated parameters"),
    "sensitivity": ("contactsim.commands.sensitivity", "which parameters change which findings"),
    "demo": ("contactsim.commands.demo", "open the classroom in a browser: two worlds, lessons"),
}
HELP = """A laboratory for intergroup contact.

\b
Start with:
  contactsim run place=synthetic weeks=104 seed=7
  contactsim compare place=bradford action=youth_scheme
  contactsim place bradford
  contactsim run --help          groups of the configuration, parameters, units and ranges

Configuration is given as key=value. The options --store, --output, --seed, --seeds and --force can be written as
keys too (store=DIR) in every command that has them.

The model explains and explores; it does not predict what happens in a real town."""


class Commands(click.Group):
    """The commands, each imported when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the commands in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name][0])
        found: click.Command = getattr(module, cmd_name)
        return found

    def resolve_command(self, ctx: click.Context,
                        args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """The requested command; raises UserError for an unknown one."""
        if not args[0].startswith("-") and args[0] not in COMMANDS:
            raise UserError(f"'{args[0]}' is not a command: allowed are {', '.join(COMMANDS)}."
                            f"{nearest(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the summaries without importing the commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


def _print_version(context: click.Context, _: click.Parameter, requested: bool) -> None:
    if requested:
        from importlib.metadata import version

        click.echo(f"contactsim {version('contactsim')}")
        context.exit()


@click.command(cls=Commands, help=HELP, no_args_is_help=False, invoke_without_command=True,
               context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version,
              help="Print the version and exit.")
@click.option("--debug", is_flag=True, expose_value=False, help="Print the traceback of an error (in any command).")
@click.pass_context
def contactsim(context: click.Context) -> None:
    """Print the help if no command is given."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code; mistakes are printed as one sentence."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    given = [word for word in given if word != "--debug"]
    if given[:1] == ["help"]:
        given = [*given[1:], "--help"]
    try:
        return _call(given)
    except UserError as error:
        if debug:
            raise
        print(f"contactsim: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as interrupt:
        print(f"contactsim: interrupted; {interrupt or 'unfinished results are not stored.'}", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except Exception as error:
        if debug:
            raise
        what = " ".join(str(error).split())[:200]
        print(f"contactsim: this is a bug in contactsim ({type(error).__name__}: {what}); please report it "
              f"with the output of --debug.", file=sys.stderr)
        return 1


def _call(given: list[str]) -> int:
    """Call the command; raises UserError for a mistake in its arguments or options."""
    try:
        with contactsim.make_context("contactsim", given) as context:
            return int(contactsim.invoke(context) or 0)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.UsageError as error:
        raise UserError(sentence(error)) from error
