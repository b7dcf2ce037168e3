"""The actions that there are: one file each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from contactsim.actions.files import alike, read
from contactsim.actions.registry import sections
from contactsim.actions.section import ActionSection, Cost
from contactsim.paths import configs_folder


def folders(config_dir: str | None = None) -> list[Path]:
    """Where action files are: with contactsim, and in a folder of the user's own."""
    own = [Path(config_dir, "action")] if config_dir is not None else []
    return [configs_folder() / "action", *own]


def names(config_dir: str | None = None) -> list[str]:
    """Names of all actions that have a file, in the order of the alphabet."""
    return sorted({path.stem for folder in folders(config_dir) for path in folder.glob("*.yaml")})


def load(name: str, config_dir: str | None = None) -> ActionSection:
    """The section of the action NAME as its file has it. Raises UserError for an unknown name."""
    places = folders(config_dir)
    filled = alike({name: read(name, places, f"actions.{name}")}, places, "actions")
    section: ActionSection = sections(filled, "actions")[name]
    return section


def _short(costs: list[Cost]) -> str:
    """Prices in a few words."""
    parts = [f"£{total:,.0f}"] if (total := sum(cost.fixed for cost in costs)) else []
    for key, per in (("session", "a session"), ("participant", "a participant")):
        prices = sorted({getattr(cost, key) for cost in costs} - {0.0})
        if prices:
            parts.append(f"£{' to '.join(f'{price:,.0f}' for price in dict.fromkeys((prices[0], prices[-1])))} {per}")
    assumed = [cost.source.startswith("assumed") for cost in costs if cost != Cost()]
    origin = " (assumed)" if all(assumed) else " (partly assumed)" if any(assumed) else ""
    return f"{' + '.join(parts) or 'nothing'}{origin}"


def facts(name: str, section: ActionSection) -> dict[str, Any]:
    """What a list of actions says about one."""
    return {"name": name, "title": section.title, "mechanism": " + ".join(section.kinds), "source": section.source,
            "price": _short(section.costs()), "cost": section.price(), "evidence": list(section.evidence),
            "harm": section.harm}
