"""``contactsim show RUN``: what a finished run came to."""

from __future__ import annotations

import json
from pathlib import Path

from contactsim.commands.arguments import Parser


def main(arguments: list[str]) -> int:
    """Print a run's summary and draw its figure again if it is gone, or where ``--figure`` says."""
    parser = Parser("show", description="Show what a finished run came to.")
    parser.add_argument("run", help="folder of a run")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--figure", metavar="FILE", help="draw the figure anew into FILE (png, pdf or svg)")
    options = parser.parse_args(arguments)
    from contactsim.lab.run import load_run
    from contactsim.lab.show import render, summarise

    run = load_run(options.run)
    drawn = _draw(run, options.figure)
    if options.json:
        print(json.dumps({**summarise(run), "figure": str(drawn)}, indent=2, ensure_ascii=False))
        return 0
    from rich.console import Console

    Console(highlight=False).print(render(run))
    if options.figure:
        print(f"drawn: {drawn}")
    return 0


def _draw(run, wanted: str | None) -> Path:  # type: ignore[no-untyped-def]
    from contactsim.errors import UserError
    from contactsim.lab.figures import save

    path = Path(wanted or run.folder / "figure.png")
    if wanted is None and path.is_file():
        return path
    if path.suffix not in (".png", ".pdf", ".svg"):
        raise UserError(f"--figure {wanted} cannot be drawn by its ending: allowed are .png, .pdf and .svg.")
    try:
        save(run, path)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}.") from None
    return path
