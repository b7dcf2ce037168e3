"""``contactsim actions``: list the actions, or show one with all its fields."""

from __future__ import annotations

import sys
from typing import Any

import click

from contactsim.commands.base import Command, as_json, config_dir, print_json
from contactsim.errors import UserError, nearest

HELP = """List the actions with mechanism, cost and evidence, or show one with all its fields.

\b
  contactsim actions
  contactsim actions youth_scheme"""


@click.command(cls=Command, help=HELP)
@click.argument("name", required=False)
@as_json
@config_dir
def actions(name: str | None, as_json: bool, config_dir: str | None) -> int:
    """List all actions, or show one; ``--json`` for programs."""
    from contactsim.actions.schema import plain
    from contactsim.config.action_catalogue import facts, listed, load, names

    known = names(config_dir)
    if name is not None and name not in known:
        raise UserError(f"'{name}' is not an action: allowed are {', '.join(known)}.{nearest(name, known)}")
    if name is not None:
        found = {name: load(name, config_dir)}
    else:
        found, errors = listed(config_dir)
        for sentence in errors:
            print(f"contactsim: {sentence}", file=sys.stderr)
    if as_json:
        rows = [{**facts(one, section), **({"fields": plain(section)} if name else {})}
                for one, section in found.items()]
        print_json(rows if name is None else rows[0])
    elif name is None:
        _list({one: facts(one, section) for one, section in found.items()})
    else:
        from rich.console import Console
        from rich.markdown import Markdown

        from contactsim.docs_tools.action_pages import page

        Console().print(Markdown(page(name, found[name])))
    return 0


def _list(rows: dict[str, dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Column, Table

    table = Table(Column("name", no_wrap=True), "mechanism", "cost", "evidence", "description", box=None,
                  pad_edge=False)
    for name, row in rows.items():
        table.add_row(name, row["mechanism"], row["price"], ", ".join(row["evidence"]) or "none found", row["title"])
    Console().print(table)
