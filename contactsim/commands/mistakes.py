"""Mistakes in a command's words and options, said in one sentence."""

from __future__ import annotations

import click

from contactsim.errors import nearest

#: Options of earlier versions and those that stand in their place.
RENAMED = {"--fresh": "--no-cache", "--keep": "--update-baseline"}


def sentence(error: click.UsageError) -> str:
    """The sentence for a mistake that click has found, from the exception's attributes."""
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
    """What a command takes: ``contactsim show [OPTIONS] RUN``."""
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
