"""``contactsim findings``: the findings with their verdicts in the baseline, without running anything."""

from __future__ import annotations

import json
from typing import Any

import click

from contactsim.commands.base import Command, as_json

HELP = """List the findings of the literature with their verdicts in the quick and full baselines.

\b
  contactsim findings
  contactsim findings youth F30
  contactsim findings F14 --json      one finding with its worlds, outcomes and acceptance intervals

Without ID or FOLDER all findings are listed. Nothing is simulated."""


@click.command(cls=Command, help=HELP)
@click.argument("words", nargs=-1, metavar="[ID | FOLDER]...")
@as_json
def command(words: tuple[str, ...], as_json: bool) -> int:
    """List findings with claim, grade, role and verdicts."""
    from contactsim.evidence.baseline import listed

    lines = listed(list(words))
    if as_json:
        print(json.dumps(lines, indent=1, ensure_ascii=False, default=str))
    else:
        _show(lines)
    return 0


def _show(lines: list[dict[str, Any]]) -> None:
    import sys

    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(pad_edge=False, box=SIMPLE_HEAD)
    for column in ("", "claim", "rests on", "role", "baseline, quick", "baseline, full", "folder"):
        table.add_column(column, no_wrap=column in ("", "folder"))
    for line in lines:
        table.add_row(line["id"], line["claim"], line["grade"], line["role"], line["baseline"]["quick"] or "-",
                      line["baseline"]["full"] or "-", line["folder"])
    Console(width=None if sys.stdout.isatty() else 140, highlight=False).print(table)
