"""The ledger as data: each finding with its worlds, outcomes, bands and knock-outs.

Findings live in ``experiments/<folder>/findings.yaml`` and are committed before their first run; a later change is
listed there under ``changes`` and shown with the verdicts. Places are those of ``experiments/places.yaml`` and of a
folder's gradient. What a file may say in short is in :mod:`contactsim.evidence.gradient`.
"""

from __future__ import annotations

import datetime
from functools import cache
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from contactsim.errors import UserError
from contactsim.evidence.gradient import Gradient, MadePlace, Part, written_out
from contactsim.paths import experiments_folder

Role = Literal["assumed", "calibrated", "implied", "emergent"]
Grade = Literal["experiment", "quasi-experiment", "cross-section", "testimony", "argued", "ours"]
Rule = Literal["leaves", "reported"]


class Sample(Part):
    """How many seeds and residents."""

    seeds: int = Field(ge=0)
    residents: int = Field(ge=300)


class WorldDesign(Part):
    """A world: where, for how long, and what differs from the base of the model."""

    place: MadePlace
    weeks: int = Field(ge=1)
    middle: int | None = None
    """week of the reading between start and end; half the weeks if not given"""
    set: dict[str, Any] = {}
    actions: dict[str, dict[str, Any]] = {}
    only: list[str] | None = None
    """occasions at which people meet; all others stay away from"""
    probe: Literal["positive", "negative"] | None = None
    """one close meeting of that kind for every majority resident in the first week"""


class KnockOut(Part):
    """What is switched off, and in which worlds."""

    text: str
    set: dict[str, Any] = {}
    """parameters changed in every world of the finding"""
    worlds: dict[str, dict[str, Any]] = {}
    """parts of worlds replaced"""
    not_in: list[str] = []
    """worlds that stay as they are"""
    no_reach: list[str] = []
    """worlds whose actions have no reach"""
    of_actions: list[str] | None = None
    """which of their actions; all if not given"""
    select_as_in_base: bool = False
    """look at the people whom the finding's own worlds single out"""


class Alternative(Part):
    """Another assumption under which all rows of a folder are shown too, without a say in the verdict."""

    text: str
    set: dict[str, Any]
    """parameters changed in every world"""


class Row(Part):
    """One figure with its band."""

    id: str
    says: str
    estimand: str
    arguments: dict[str, Any] = {}
    unit: str
    band: tuple[float | None, float | None]
    band_source: str
    role: Role | None = None
    """where it is not the finding's, as the three below"""
    role_note: str | None = None
    grade: Grade | None = None
    evidence: list[str] | None = None
    knock_outs: dict[str, Rule] = {}
    judged: bool = True
    """shown, without a say in the verdict, if not"""
    alternative: str | None = None
    """the alternative under which it is read"""

    def speaks_of(self, world: str) -> bool:
        """Whether its arguments name a world."""
        return f"'{world}'" in str(self.arguments) or f"'{world}@" in str(self.arguments)


class Finding(Part):
    """A finding: a plain claim, where it is from, and the rows that test it."""

    id: str
    claim: str
    source: str
    grade: Grade
    evidence: list[str] = []
    role: Role
    role_note: str = ""
    reading: str
    worlds: dict[str, WorldDesign]
    knock_outs: dict[str, KnockOut]
    alternatives: dict[str, Alternative] = {}
    outcomes: list[Row]
    residents: dict[Literal["quick", "full"], int] | None = None
    """where they are not the folder's"""

    @model_validator(mode="after")
    def _knock_outs_there(self) -> Finding:
        for row in self.outcomes:
            for name in row.knock_outs:
                if name not in self.knock_outs:
                    raise ValueError(f"{row.id}: there is no knock-out '{name}'")
        for name, knock_out in self.knock_outs.items():
            for world in [*knock_out.worlds, *knock_out.no_reach, *knock_out.not_in]:
                if world not in self.worlds:
                    raise ValueError(f"{self.id}: knock-out '{name}' names no world '{world}'")
        return self

    def under(self, alternative: str | None) -> Finding:
        """The finding with its worlds changed as an alternative says; itself for none."""
        if alternative is None:
            return self
        changes = self.alternatives[alternative].set
        worlds = {name: world.model_copy(update={"set": {**world.set, **changes}})
                  for name, world in self.worlds.items()}
        return self.model_copy(update={"worlds": worlds})


class Sweeps(Part):
    """Contested and unsourced numbers, and the values at which rows are evaluated again."""

    sample: Sample
    rows: list[str]
    arguments: dict[str, dict[str, Any]] = {}
    """by row: arguments that differ here"""
    parameters: dict[str, list[float]]
    dissimilarity_within_units: list[float | None] = []
    """values of ``within_units`` of every place; null is the place as it is"""


class Folder(Part):
    """The findings of an essay, or of one matter."""

    name: str
    title: str
    essays: list[int]
    registered: datetime.date
    changes: list[dict[str, Any]]
    first_seed: int = 1000
    samples: dict[Literal["quick", "full"], Sample]
    checks: bool = False
    """realism checks rather than findings of the essays"""
    alternatives: dict[str, Alternative] = {}
    gradient: Gradient | None = None
    worlds: dict[str, WorldDesign] = {}
    """those that all its findings share"""
    sweeps: Sweeps | None = None
    findings: list[Finding]

    def residents(self, finding: Finding, sample: str) -> int:
        """How many residents a finding's places have."""
        own = finding.residents or {}
        return own.get(sample, self.samples[sample].residents)  # type: ignore[call-overload,index,no-any-return]


def folders() -> list[str]:
    """Names of folders with findings."""
    return sorted(path.parent.name for path in experiments_folder().glob("*/findings.yaml"))


@cache
def folder(name: str) -> Folder:
    """Read a folder's findings; raises UserError with the first thing that is wrong in them."""
    file = experiments_folder() / name / "findings.yaml"
    try:
        return Folder.model_validate(written_out(yaml.safe_load(file.read_text(encoding="utf-8"))))
    except (yaml.YAMLError, ValidationError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else {"loc": (), "msg": str(error)}
        raise UserError(f"{file}: {'.'.join(str(part) for part in first['loc'])}: {first['msg']}.") from error
    except UserError as error:
        raise UserError(f"{file}: {error}") from error


def all_findings() -> dict[str, tuple[Folder, Finding]]:
    """Every finding by its id, with its folder."""
    found = [(folder(name), finding) for name in folders() for finding in folder(name).findings]
    return {finding.id: (of, finding) for of, finding in found}
