"""``contactsim actions``: what can be done about a place."""

from __future__ import annotations

import json
import sys

from contactsim.actions.catalogue import facts, listed, load, names
from contactsim.actions.section import plain
from contactsim.commands.arguments import Parser
from contactsim.errors import UserError, nearest


def main(arguments: list[str]) -> int:
    """List all actions, or show one with all its fields; ``--json`` for programs."""
    parser = Parser("actions", description="List what can be done about a place, with mechanisms, costs and evidence.")
    parser.add_argument("name", nargs="?", help="show one action with all its fields")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--config-dir", "-cd", metavar="DIR", help="a folder with actions of your own (DIR/action)")
    options = parser.parse_args(arguments)
    known = names(options.config_dir)
    if options.name is not None and options.name not in known:
        raise UserError(f"'{options.name}' is no action: allowed are {', '.join(known)}.{nearest(options.name, known)}")
    if options.name is not None:
        found = {options.name: load(options.name, options.config_dir)}
    else:
        found, complaints = listed(options.config_dir)
        for sentence in complaints:
            print(f"contactsim: {sentence}", file=sys.stderr)
    if options.json:
        rows = [{**facts(name, section), **({"fields": plain(section)} if options.name else {})}
                for name, section in found.items()]
        print(json.dumps(rows if options.name is None else rows[0], indent=2, ensure_ascii=False))
        return 0
    from rich.console import Console

    from contactsim.actions.pages import page

    if options.name is not None:
        from rich.markdown import Markdown

        Console().print(Markdown(page(options.name, found[options.name])))
        return 0
    from rich.table import Column, Table

    table = Table(Column("name", no_wrap=True), "mechanism", "cost", "evidence", "what", box=None, pad_edge=False)
    for name, section in found.items():
        row = facts(name, section)
        table.add_row(name, row["mechanism"], row["price"], ", ".join(row["evidence"]) or "none found", row["title"])
    Console().print(table)
    return 0
