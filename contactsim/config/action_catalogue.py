"""The catalogue of actions: one file each, shipped or in a folder of the user."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contactsim.actions.inheritance import alike
from contactsim.actions.schema import ActionSection, Cost
from contactsim.actions.sections import sections
from contactsim.config.sentences import for_users
from contactsim.errors import UserError
from contactsim.paths import group_files, group_folders

GROUP = "action"


def names(config_dir: str | None = None) -> list[str]:
    """Names of all actions that have a file, in alphabetical order. Raises UserError for a wrong ``config_dir``."""
    return sorted(group_files(GROUP, config_dir))


def load(name: str, config_dir: str | None = None) -> ActionSection:
    """The section of an action from its file.

    Args:
        name: of a shipped file, or of ``config_dir/action/NAME.yaml``.
        config_dir: a folder of the user's own.

    Raises UserError for an unknown name, and with the file, key and value for a file that cannot be used.
    """
    return made({name: {"like": name}}, config_dir)[name]


def listed(config_dir: str | None = None) -> tuple[dict[str, ActionSection], list[str]]:
    """(sections of all actions by name, one sentence for each file that cannot be used)."""
    found, complaints = {}, []
    for name in names(config_dir):
        try:
            found[name] = load(name, config_dir)
        except UserError as error:
            complaints.append(str(error))
    return found, complaints


def made(values: Mapping[str, Any], config_dir: str | None = None) -> dict[str, ActionSection]:
    """Sections from plain data, as under ``actions`` in a configuration: ``{"north": {"like": "arts_festival"}}``.

    Values that are sections already stay as they are. Raises UserError.
    """
    def origin(key: str) -> str:
        name = key.split(".")[1] if "." in key else key
        value = values.get(name)
        like = value.get("like", name) if isinstance(value, Mapping) else name
        path = group_files(GROUP, config_dir).get(str(like))
        return str(path) if path is not None else "actions"

    with for_users(origin):
        filled = alike(values, group_folders(GROUP, config_dir), "actions")
        found: dict[str, ActionSection] = sections(filled, "actions")
    return found


def _short(costs: list[Cost]) -> str:
    """Prices in a few words, such as ``£300 + £60 to 121 a session``."""
    parts = [f"£{total:,.0f}"] if (total := sum(cost.fixed for cost in costs)) else []
    for key, per in (("session", "a session"), ("participant", "a participant")):
        prices = sorted({getattr(cost, key) for cost in costs} - {0.0})
        if prices:
            parts.append(f"£{' to '.join(f'{price:,.0f}' for price in dict.fromkeys((prices[0], prices[-1])))} {per}")
    assumed = [cost.source.startswith("assumed") for cost in costs if cost != Cost()]
    origin = " (assumed)" if all(assumed) else " (partly assumed)" if any(assumed) else ""
    return f"{' + '.join(parts) or 'nothing'}{origin}"


def facts(name: str, section: ActionSection) -> dict[str, Any]:
    """The entry of an action in a list: title, mechanism, source, prices, evidence and possible harm."""
    return {"name": name, "title": section.title, "mechanism": " + ".join(section.kinds), "source": section.source,
            "price": _short(section.costs()), "cost": section.price(), "evidence": list(section.evidence),
            "harm": section.harm}
