"""The equations of docs/odd.md as Python, and what they may read of a world."""

from __future__ import annotations

import math
import re
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np

from contactsim.residents import MEETING_AGE
from contactsim.world import World

TEXT = (Path(__file__).parents[1] / "docs" / "odd.md").read_text()
SCALARS = ("age", "baseline_attitude", "wandering", "sociability", "negative_exposure", "anxiety_trait", "threat_trait",
           "status", "language", "public_contact", "public_balance", "anxiety", "threat", "belonging", "engagement",
           "stigma")
BY_GROUP = ("attitude", "feeling", "positive", "negative", "recent_positive", "recent_negative")
#: States have single precision, and are rounded once.
NEAR = {"rel": 3e-7, "abs": 1e-7}
EXACT = {"rel": 1e-9, "abs": 1e-12}


@cache
def source(heading: str, block: int | None = None) -> str:
    """All equations under a heading, or those of one of its blocks, as Python."""
    section = re.search(rf"(?ms)^#+ {re.escape(heading)}.*?(?=^#+ |\Z)", TEXT)
    assert section is not None, heading
    blocks = re.findall(r"(?ms)^( *)```text\n(.*?)^ *```", section[0])
    parts = [re.sub(rf"(?m)^{indent}", "", code) for indent, code in blocks]
    code = "".join(parts) if block is None else parts[block]
    return re.sub(r"\n +", " ", code.strip()).replace("^", "**")


@cache
def equations(heading: str, block: int | None = None) -> CodeType:
    """The same, compiled."""
    return compile(source(heading, block), f"docs/odd.md, {heading}", "exec")


def functions() -> dict[str, Any]:
    return {"exp": math.exp, "log": math.log, "sqrt": math.sqrt, "clip": lambda x, low, high: min(high, max(low, x))}


def state_of(world: World) -> dict[str, Any]:
    """Copies of the columns that equations read; those by group (N, G), with the own group."""
    people = world.people
    state = {name: people.column(name).astype(float) for name in SCALARS}
    state |= {name: people.by_group(name).astype(float) for name in BY_GROUP}
    return state | {"extended": people.extended_contact.copy(), "past": world.areas.past.copy()}


def area_of(world: World, i: int) -> int:
    """The neighbourhood of a row that has not moved."""
    start = world.settings["street"].partitions["neighbourhood"].start
    return int(np.searchsorted(start, i, side="right")) - 1


def scope(world: World, before: dict[str, Any], i: int) -> dict[str, Any]:
    """What the equations of resident i may read."""
    area, g = area_of(world, i), int(world.people.group[i])
    names = functions() | world.parameters.psychology.model_dump()
    names |= {name: before[name].copy() for name in (*SCALARS, *BY_GROUP)}
    names |= {"i": i, "g": g, "others": others(world, g), "norm": world.areas.norm[area],
              "share": world.areas.share[area], "past": before["past"][area].copy(),
              "district_share": world.areas.district[area]}
    names |= {letter: {} for letter in ("T", "L", "P", "N", "liking")}
    return names


def others(world: World, g: int) -> list[int]:
    """All groups but g, in their order."""
    return [h for h in range(world.people.groups) if h != g]


def some(world: World, number: int = 200) -> list[int]:
    """Residents, spread over the place."""
    rows = np.flatnonzero(world.people.active & (world.people.age >= MEETING_AGE + 1))
    return rows[:: max(1, rows.size // number)].tolist()
