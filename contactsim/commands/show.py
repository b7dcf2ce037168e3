"""``contactsim show RUN``: summary and figure of a finished run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from contactsim.commands.base import Command, as_json

HELP = """Print the summary of a finished run, and draw its figure again if the file is missing.

\b
  contactsim show runs/synthetic-seed7-0a1b2c3d
  contactsim show runs/synthetic-seed7-0a1b2c3d --figure figure.pdf"""


@click.command(cls=Command, help=HELP)
@click.argument("run")
@as_json
@click.option("--figure", metavar="FILE", help="Draw the figure into FILE (.png, .pdf or .svg).")
def command(run: str, as_json: bool, figure: str | None) -> int:
    """Print a run's summary and draw its figure."""
    from contactsim.runs.folder import load_run
    from contactsim.runs.show import render, summarise

    finished = load_run(run)
    drawn = _draw(finished, figure)
    if as_json:
        print(json.dumps({**summarise(finished), "figure": str(drawn)}, indent=2, ensure_ascii=False))
        return 0
    from rich.console import Console

    Console(highlight=False).print(render(finished))
    if figure:
        print(f"drawn: {drawn}")
    return 0


def _draw(run: Any, wanted: str | None) -> Path:
    from contactsim.errors import UserError
    from contactsim.runs.plots import save

    path = Path(wanted or run.folder / "figure.png")
    if wanted is None and path.is_file():
        return path
    if path.suffix not in (".png", ".pdf", ".svg"):
        raise UserError(f"--figure {wanted} has another format: allowed endings are .png, .pdf and .svg.")
    try:
        save(run, path)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}.") from None
    return path
