"""``contactsim place``: a place in figures, from a bundled name, a table, or a place's YAML file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from contactsim.commands.arguments import Parser
from contactsim.errors import UserError, nearest


def main(arguments: list[str]) -> int:
    """Print residents, shares and indices, and what is census, made and mended."""
    parser = Parser("place", description="Describe a place: residents, groups, segregation indices, what is "
                                         "census and what is made.")
    parser.add_argument("place", help="name of a bundled place, a table of residents by area and group (CSV), "
                                      "or a YAML file with a place's keys")
    parser.add_argument("--scheme", help="how groups are merged: a scheme's name or file")
    parser.add_argument("--level", help="level of geography to read, where a table mixes several")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args(arguments)
    from contactsim.place import describe, load_place, render

    changes = {key: value for key, value in (("scheme", options.scheme), ("level", options.level)) if value}
    place = load_place({**_keys(options.place), **changes}, Path.cwd())
    if options.json:
        print(json.dumps(describe(place), indent=2, ensure_ascii=False, allow_nan=False))
        return 0
    from rich.console import Console

    Console(highlight=False).print(render(place))
    return 0


def _keys(named: str) -> dict[str, Any]:
    """The keys of the place that a user names."""
    from contactsim.paths import configs_folder
    from contactsim.place import bundled_names

    if named in bundled_names():
        return _yaml(configs_folder() / "place" / f"{named}.yaml")
    path = Path(named).expanduser()
    if path.suffix in (".yaml", ".yml") and path.is_file():
        return _yaml(path)
    if not path.is_file():
        names = bundled_names()
        raise UserError(f"{named} is neither a file nor a bundled place ({', '.join(names)})."
                        f"{nearest(named, names)}")
    return {"kind": "table", "file": named}


def _yaml(path: Path) -> dict[str, Any]:
    import yaml

    try:
        keys = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read as YAML: {str(error).splitlines()[0]}.") from None
    if not isinstance(keys, dict):
        raise UserError(f"{path} holds no keys of a place.")
    return keys
