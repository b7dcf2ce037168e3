"""A replay's design as data: places, worlds, outcomes with their bands and knock-outs.

Designs live in ``experiments/<name>/design.yaml`` and are committed before their first run.
"""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contactsim.errors import UserError, nearest
from contactsim.paths import experiments_folder

History = Literal["lived", "none"]


class Part(BaseModel):
    """A part of a design: no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Sample(Part):
    """How many seeds and residents."""

    seeds: int = Field(ge=0)
    residents: int = Field(ge=300)


class Variant(Part):
    """A world that differs from the base in the parameters named."""

    text: str
    set: dict[str, Any]
    at: list[float]
    """shares of the minority at which it is lived: those that its outcomes use"""
    select_as_in_base: bool = False
    """look at the people whom the base world singles out"""


class Outcome(Part):
    """One falsifiable claim: an estimand, a band, and knock-outs that must leave the band."""

    id: str
    claim: str
    estimand: str
    arguments: dict[str, Any]
    unit: str
    band: tuple[float | None, float | None]
    band_source: str
    role: Literal["assumed", "calibrated", "implied", "emergent"]
    role_note: str = ""
    grade: str
    evidence: list[str]
    knock_outs: dict[str, Literal["leaves", "reported"]]


class Sweeps(Part):
    """Contested and unsourced numbers, and the values at which the outcomes are looked at again."""

    sample: Sample
    parameters: dict[str, list[float]]
    dissimilarity_within_units: list[float | None]


class Design(Part):
    """A replay."""

    name: str
    title: str
    essays: list[int]
    registered: datetime.date
    changes: list[dict[str, Any]]
    population: str
    place: dict[str, Any]
    gradient: list[float]
    weeks: int = Field(ge=4)
    histories: list[History]
    first_seed: int
    samples: dict[Literal["full", "quick"], Sample]
    knock_out_gradient: list[float]
    worlds: dict[str, Variant]
    outcomes: list[Outcome]
    sweeps: Sweeps


def names() -> list[str]:
    """Replays that can be run."""
    return sorted(p.parent.name for p in experiments_folder().glob("*/design.yaml"))


def folder(name: str) -> Path:
    """The folder of a replay; raises UserError for an unknown one."""
    if name not in names():
        raise UserError(f"There is no replay '{name}'; there are: {', '.join(names())}.{nearest(name, names())}")
    return experiments_folder() / name


def load(name: str) -> Design:
    """Read a design; raises UserError with the first thing that is wrong in it."""
    file = folder(name) / "design.yaml"
    try:
        return Design.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else {"loc": (), "msg": str(error)}
        where = ".".join(str(part) for part in first["loc"])
        raise UserError(f"{file}: {where}: {first['msg']}.") from error
