"""``contactsim findings``: the ledger without running it, with the results that are kept."""

from __future__ import annotations

import json
from typing import Any

from contactsim.commands.arguments import Parser


def main(arguments: list[str]) -> int:
    """List findings with claim, grade, role and kept verdicts."""
    parser = Parser("findings", description="List the findings, with the verdicts kept of the quick and full replays.")
    parser.add_argument("words", nargs="*", metavar="ID | folder", help="findings or folders; all if none is named")
    parser.add_argument("--json", action="store_true", help="print them as JSON, with rows, bands and worlds")
    options = parser.parse_args(arguments)
    from contactsim.evidence.listing import listed

    lines = listed(options.words)
    if options.json:
        print(json.dumps(lines, indent=1, ensure_ascii=False, default=str))
        return 0
    _show(lines)
    return 0


def _show(lines: list[dict[str, Any]]) -> None:
    import sys

    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(pad_edge=False, box=SIMPLE_HEAD)
    for column in ("", "claim", "rests on", "role", "kept, quick", "kept, full", "folder"):
        table.add_column(column, no_wrap=column in ("", "folder"))
    for line in lines:
        table.add_row(line["id"], line["claim"], line["grade"], line["role"], line["kept"]["quick"] or "-",
                      line["kept"]["full"] or "-", line["folder"])
    Console(width=None if sys.stdout.isatty() else 140, highlight=False).print(table)
