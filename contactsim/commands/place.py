"""``contactsim place``: describe a place, given by its name, a table, or a YAML file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from contactsim.commands.base import Command, as_json, config_dir, print_json
from contactsim.errors import UserError, nearest

HELP = """Describe a place: residents, groups, segregation indices, and what is census data and what is synthetic.

\b
  contactsim place bradford
  contactsim place my_table.csv --scheme six
  contactsim place town.yaml --json

PLACE is the name of a bundled place or of one in --config-dir, a table of residents by area and group (CSV), or a
YAML file with a place's keys."""


@click.command(cls=Command, help=HELP)
@click.argument("place")
@click.option("--scheme", metavar="NAME", help="How groups are merged: a scheme's name or file.")
@click.option("--level", metavar="LEVEL", help="Level of geography to read, where a table has several.")
@as_json
@config_dir
def place(place: str, scheme: str | None, level: str | None, as_json: bool, config_dir: str | None) -> int:
    """Print residents, shares and indices, with their sources."""
    from contactsim.place import describe, load_place, render

    changes = {key: value for key, value in (("scheme", scheme), ("level", level)) if value}
    loaded = load_place({**_keys(place, config_dir), **changes}, Path.cwd())
    if as_json:
        print_json(describe(loaded))
        return 0
    from rich.console import Console

    Console(highlight=False).print(render(loaded))
    return 0


def _keys(named: str, folder: str | None) -> dict[str, Any]:
    """The configuration of a place that is given by name or file."""
    from contactsim.paths import configs_folder, read_mapping
    from contactsim.place import bundled_names

    own = [path.stem for path in sorted(Path(folder, "place").glob("*.yaml"))] if folder else []
    if named in own:
        from contactsim.config.run_config import compose

        return compose([f"place={named}"], folder).place
    if named in bundled_names():
        return read_mapping(configs_folder() / "place" / f"{named}.yaml", "kind and residents")
    path = Path(named).expanduser()
    if path.suffix in (".yaml", ".yml") and path.is_file():
        return read_mapping(path, "kind and residents")
    if not path.is_file():
        names = [*bundled_names(), *own]
        raise UserError(f"{named} is neither a file nor the name of a place ({', '.join(names)})."
                        f"{nearest(named, names)}")
    return {"kind": "table", "file": named}
