"""What a visitor can choose: comparisons, places, actions, and sliders made from the parameter table.

The places, actions and lessons of a user's own folder are listed with the shipped ones.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from contactsim.config import action_catalogue
from contactsim.config.run_config import RunConfig
from contactsim.config.sentences import allowed_of
from contactsim.paths import group_files
from contactsim.place.config import SyntheticPlace

_FILE = Path(__file__).parent / "menu.yaml"
#: The slider of this key sets the share of the second group of two.
SHARE = "place.shares"
#: Environment variable with the user's own folder. Solara loads the page by its name, so no argument can carry it.
CONFIG_DIR = "CONTACTSIM_CONFIG_DIR"


def config_dir() -> str | None:
    """The user's own folder that the page is served with; None for none."""
    return os.environ.get(CONFIG_DIR) or None


def use_config_dir(folder: str | None) -> None:
    """Serve the page with this folder from now on."""
    os.environ[CONFIG_DIR] = folder or ""


class Comparison(NamedTuple):
    """Two worlds that differ in one thing."""

    title: str
    text: str
    worlds: tuple[str, ...]
    both: tuple[str, ...]
    left: tuple[str, ...]
    right: tuple[str, ...]


@cache
def comparisons() -> dict[str, Comparison]:
    """All comparisons by name."""
    found = _menu()["comparisons"]
    return {name: Comparison(c["title"], c["text"], *(tuple(c.get(key, ())) for key in Comparison._fields[2:]))
            for name, c in found.items()}


@cache
def places(config_dir: str | None = None) -> dict[str, str]:
    """Places that need no file, by name, with the first line of their configuration; including a user's own."""
    files = group_files("place", config_dir)
    return {name: _heading(files[name]) for name in sorted(files)
            if "\nfile: ???" not in files[name].read_text(encoding="utf-8")}


@cache
def actions(config_dir: str | None = None) -> dict[str, str]:
    """Titles of all actions whose file can be used, by name; including a user's own."""
    return {name: section.title for name, section in action_catalogue.listed(config_dir)[0].items()}


@cache
def sliders() -> tuple[dict[str, Any], ...]:
    """Each parameter with a slider: key, title, bounds, step, default, unit, explanation, role and source."""
    return tuple(_slider(key, *bounds) for key, bounds in _menu()["sliders"].items())


def _slider(key: str, low: float, high: float, step: float) -> dict[str, Any]:
    field, extra = _field(key), _field(key).json_schema_extra or {}
    default = {"place.residents": 10000, "place.dissimilarity": 0.4, SHARE: 0.3}.get(key, field.default)
    return {
        "key": key, "title": key.split(".")[-1].replace("_", " "), "low": low, "high": high, "step": step,
        "value": default, "unit": extra.get("unit", ""), "text": field.description,
        "role": extra.get("role", "assumed"), "source": extra.get("source", "none"), "allowed": allowed_of(field),
    } | ({"title": "share of the minority", "unit": "share", "text": "residents of the second group",
          "allowed": "above 0 and below 1"} if key == SHARE else {})


def _field(key: str) -> Any:
    section, name = key.split(".")
    if section == "place":
        return SyntheticPlace.model_fields[name]
    kind: Any = RunConfig.model_fields[section].annotation
    return kind.model_fields[name]


def override_value(key: str, value: float) -> str:
    """A slider's value, written as in an override."""
    return f"[{1 - value:.2f}, {value:.2f}]" if key == SHARE else f"{value:g}"


def slider_value(key: str, text: str) -> float | None:
    """The value that an override stands for; None where no slider could have set it."""
    try:
        if key == SHARE:
            return float(text.strip("[]").split(",")[1])
        return float(text)
    except (ValueError, IndexError):
        return None


def _heading(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    first = next((line for line in lines if line.startswith("#") and "@package" not in line), "")
    return first.lstrip("# ").split(". ")[0].rstrip(".")


def _menu() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return read
