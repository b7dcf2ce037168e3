"""Common parts of the commands: their class, types of values, shared options, tables of keys, wording of mistakes."""

from __future__ import annotations

import functools
import json
import re
import textwrap
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contactsim.errors import UserError, nearest

if TYPE_CHECKING:
    from rich.console import RenderableType

    from contactsim.config.hydra_adapter import Composition
    from contactsim.parameters import Section

Function = Callable[..., Any]
#: Options that can be written as keys: ``store=DIR`` for ``--store DIR``.
AS_KEYS = ("store", "output", "seed", "seeds", "force")
#: Options of earlier versions and those that replace them.
RENAMED = {"--fresh": "--no-cache", "--keep": "--update-baseline"}


class KeyOption(click.Option):
    """An option that is passed on as a key of the configuration: ``--seed 7`` as ``seed=7``."""


class Command(click.Command):
    """A command whose shared options can be written as keys, and whose help may end with a table.

    Args:
        details: returns text that is printed unchanged after the options.
    """

    def __init__(self, *arguments: Any, details: Callable[[click.Context], str] | None = None, **options: Any) -> None:
        options["context_settings"] = {"allow_extra_args": True, "show_default": True, "max_content_width": 100}
        super().__init__(*arguments, **options)
        self._details = details
        self._help = click.Option(["--help", "-h"], is_flag=True, expose_value=False, callback=_print_help,
                                  help="Show this message and exit.")

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read options and arguments; raises UserError for an argument that the command does not take."""
        try:
            super().parse_args(ctx, self._keys_as_options(args))
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise
        if ctx.args:
            raise UserError(f"'{ctx.args[0]}' is not expected here: write {usage(ctx)} ({ctx.command_path} --help).")
        return []

    def get_help_option(self, ctx: click.Context) -> click.Option:
        """``--help``, read after ``--config-dir``, so that it includes the user's configurations."""
        return self._help

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table at the end of the help."""
        if self._details is not None:
            formatter.write(f"\n{self._details(ctx)}\n")

    def _keys_as_options(self, args: list[str]) -> list[str]:
        """``store=DIR`` as ``--store DIR``, but not where it is the value of another option."""
        options = {name: param for param in self.params if isinstance(param, click.Option) for name in param.opts}
        named = {name: options[f"--{name}"] for name in AS_KEYS if f"--{name}" in options}
        found: list[str] = []
        value_follows = False
        for word in args:
            name, equals, value = word.partition("=")
            if equals and not value_follows and name in named and not isinstance(named[name], KeyOption):
                if f"--{name}" in [other.split("=")[0] for other in (*found, *args)]:
                    raise UserError(f"{name} is given twice on the command line: give it once.")
                found += _as_option(name, value, named[name])
                continue
            option = options.get(word)
            value_follows = option is not None and not option.is_flag
            found.append(word)
        return found


def _print_help(context: click.Context, _: click.Parameter, requested: bool) -> None:
    if requested and not context.resilient_parsing:
        click.echo(context.get_help())
        context.exit()


def _as_option(name: str, value: str, option: click.Option) -> list[str]:
    if not option.is_flag:
        return [f"--{name}={value}"]
    if value not in ("true", "false"):
        raise UserError(f"{name}={value} (command line) is not allowed: it must be true or false.")
    return [f"--{name}"] if value == "true" else []


class Integer(click.ParamType):
    """An integer from ``low`` to ``high`` (no limit if None)."""

    name = "N"

    def __init__(self, low: int, high: int | None = None) -> None:
        self.low, self.high = low, high

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read the number. Raises UserError."""
        try:
            number = int(value)
        except ValueError:
            number = self.low - 1
        if number < self.low or (self.high is not None and number > self.high):
            allowed = f"from {self.low}" if self.high is None else f"from {self.low} to {self.high}"
            raise UserError(f"{_name_of(param)} {value} is not allowed: it must be an integer {allowed}.")
        return number


class OneOf(click.Choice[str]):
    """One of several words."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check the word. Raises UserError."""
        if value not in self.choices:
            raise UserError(f"{_name_of(param)} {value} is not allowed: it must be one of {', '.join(self.choices)}."
                            f"{nearest(str(value), self.choices)}")
        return str(value)


def _name_of(param: click.Parameter | None) -> str:
    return param.opts[0] if isinstance(param, click.Option) else (str(param.name) if param else "A value")


config_dir = click.option("--config-dir", "-cd", metavar="DIR", is_eager=True,
                          help="Folder with configurations of your own (place/, action/, psychology/ ...).")
jobs = click.option("--jobs", type=Integer(1), show_default="all processors",
                    help="Processes at a time; never changes a result.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
without = click.option("--without", multiple=True, metavar="KEY=VALUE",
                       help="What the control arm has instead; can be repeated. [default: no actions]")
quiet = click.option("--quiet", "-q", is_flag=True, help="Print no progress and no tables.")
store_of_findings = click.option("--store", metavar="DIR", show_default="a folder in the user's cache",
                                 help="Store that keeps the results of each world, so that none is computed twice.")
update_baseline = click.option("--update-baseline", is_flag=True,
                               help="Write the results to experiments/, where later results are compared with them.")

def answer(found: Any, as_json: bool, quiet: bool, render: Callable[[Any], RenderableType]) -> int:
    """Print results as JSON (null for numbers that are not finite) or, unless ``quiet``, as ``render`` shows them.

    Returns the exit code 0.
    """
    if as_json:
        from contactsim.comparison.folder import finite

        print_json(finite(found))
    elif not quiet:
        from rich.console import Console

        Console().print(render(found))
    return 0


_KEYS: dict[str, dict[str, Any]] = {
    "store": {"metavar": "DIR", "help": "The same as store=DIR: folder of a store."},
    "output": {"metavar": "DIR", "help": "The same as output=DIR: folder for the results."},
    "seed": {"metavar": "N", "help": "The same as seed=N: the (first) seed."},
    "seeds": {"metavar": "N", "help": "The same as seeds=N: number of seeds, counted upwards from seed."},
    "force": {"is_flag": True, "help": "The same as force=true: replace earlier results in the folder."},
}


def overrides(*names: str) -> Callable[[Function], Function]:
    """Arguments ``key=value`` as the parameter ``overrides``, with the options ``names`` appended as keys."""
    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def call(*, overrides: tuple[str, ...], **options: Any) -> Any:
            given = {name: options.pop(name) for name in names}
            keys = [f"{name}={_written(value)}" for name, value in given.items() if value not in (None, False)]
            return function(overrides=[*overrides, *keys], **options)

        for name in reversed(names):
            click.option(f"--{name}", cls=KeyOption, show_default=False, **_KEYS[name])(call)
        return click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")(call)

    return decorate


def of_arms(function: Function) -> Function:
    """Arguments and options of a command that compares two arms, and prints and writes what it finds."""
    for option in reversed((overrides("store", "seed", "seeds", "output", "force"), without, jobs, as_json, quiet,
                            config_dir)):
        function = option(function)
    return function


def _written(value: str | bool) -> str:
    """A value as Hydra's grammar reads it back."""
    if value is True:
        return "true"
    text = str(value)
    if re.fullmatch(r"[\w./,()\[\]-]+", text):
        return text
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def print_json(values: Any) -> None:
    """Print results for programs (``--json``). Raises ValueError for a number that JSON lacks."""
    print(json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False, default=str))


def findings_store(folder: str | None) -> Path:
    """The store of :data:`store_of_findings`."""
    from contactsim.evidence.runs import default_store

    return Path(folder).expanduser() if folder else default_store()


def all_keys(composition: Composition) -> str:
    """Groups with their configurations, then every parameter with default, range, unit and meaning."""
    from contactsim.config.hydra_adapter import ACTIONS, GROUPS
    from contactsim.config.run_config import DEFINED, RunConfig

    lines = ["Groups (group=name picks one; group.key=value changes a key in it):"]
    lines += [f"  {group:11} {', '.join(composition.options(group))}" for group in GROUPS]
    lines += textwrap.wrap(f"any number, as in {ACTIONS}=[a,b]: {', '.join(composition.options(ACTIONS))}", 98,
                           initial_indent=f"  {ACTIONS:11} ", subsequent_indent=" " * 14)
    lines += ["", "The run:", *keys_of(RunConfig, skip={*GROUPS, "actions"})]
    for group, section in DEFINED.items():
        lines += ["", f"{group}:", *keys_of(section, f"{group}.")]
    return "\n".join(lines)


def keys_of(section: type[Section], prefix: str = "", skip: Collection[str] = ()) -> list[str]:
    """Two lines for each key of a section: default and allowed values, then its meaning."""
    from contactsim.config.sentences import allowed_of, shown

    lines = []
    for name, field in section.model_fields.items():
        if name not in skip:
            extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
            role = f" [{extra['role']}]" if prefix and "role" in extra else ""
            default = None if field.default_factory else field.default
            lines += [f"  {prefix + name}={shown(default)}   {allowed_of(field)}",
                      f"      {field.description}{role}"]
    return lines


def sentence(error: click.UsageError) -> str:
    """A sentence for a mistake that click has found, from the attributes of the exception."""
    context = error.ctx
    path = context.command_path if context is not None else "contactsim"
    if isinstance(error, click.NoSuchOption) and context is not None:
        return _unknown(error.option_name, context)
    if isinstance(error, click.BadOptionUsage):
        takes = "takes no value" if _is_flag(error.option_name, context) else "needs a value"
        return f"{error.option_name} {takes} ({path} --help)."
    if isinstance(error, click.MissingParameter) and error.param is not None and context is not None:
        return f"{error.param.make_metavar(context)} is missing: write {usage(context)} ({path} --help)."
    return f"{error.message.rstrip('.')} ({path} --help)."


def usage(context: click.Context) -> str:
    """The usage line of a command: ``contactsim show [OPTIONS] RUN``."""
    return " ".join([context.command_path, *context.command.collect_usage_pieces(context)])


def _unknown(option: str, context: click.Context) -> str:
    known = [name for param in context.command.get_params(context) if isinstance(param, click.Option)
             and not param.hidden for name in param.opts]
    if RENAMED.get(option) in known:
        return f"{option} is now called {RENAMED[option]}."
    long = ", ".join(name for name in known if name.startswith("--"))
    return f"{option} is not an option of {context.command_path}: allowed are {long}.{nearest(option, known)}"


def _is_flag(option: str, context: click.Context | None) -> bool:
    params = context.command.params if context is not None else []
    return any(isinstance(param, click.Option) and option in param.opts and param.is_flag for param in params)
