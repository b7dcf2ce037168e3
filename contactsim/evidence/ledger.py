"""The ledger as data: each finding with its worlds, outcomes, bands and knock-outs.

Findings live in ``experiments/<folder>/findings.yaml`` and are committed before their first run; a later change is
listed there under ``changes`` and shown beside the verdicts. Places are those of ``experiments/places.yaml``.
"""

from __future__ import annotations

import datetime
from functools import cache
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from contactsim.errors import UserError, nearest
from contactsim.evidence.design import Part, Sample
from contactsim.paths import experiments_folder

Role = Literal["assumed", "calibrated", "implied", "emergent"]
Grade = Literal["experiment", "quasi-experiment", "cross-section", "testimony", "argued", "ours"]
Rule = Literal["leaves", "reported"]


class MadePlace(Part):
    """A made place: shares by group (the first is the majority) and dissimilarity among cells."""

    shares: dict[str, float]
    dissimilarity: float = Field(ge=0, lt=1)


class WorldDesign(Part):
    """A world: where, for how long, and what differs from the base of the model."""

    place: str
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
    no_reach: list[str] = []
    """worlds whose actions have no reach"""
    of_actions: list[str] | None = None
    """which of their actions; all if not given"""
    select_as_in_base: bool = False
    """look at the people whom the finding's own worlds single out"""


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
    """where it is not the finding's"""
    knock_outs: dict[str, Rule] = {}
    judged: bool = True
    """shown beside, without a say in the verdict, if not"""


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
            for world in [*knock_out.worlds, *knock_out.no_reach]:
                if world not in self.worlds:
                    raise ValueError(f"{self.id}: knock-out '{name}' names no world '{world}'")
        return self


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
    findings: list[Finding]

    def residents(self, finding: Finding, sample: str) -> int:
        """How many residents a finding's places have."""
        own = finding.residents or {}
        return own.get(sample, self.samples[sample].residents)  # type: ignore[call-overload,index,no-any-return]


def folders() -> list[str]:
    """Names of folders with findings, apart from that of polarisation (whose design has a form of its own)."""
    return sorted(path.parent.name for path in experiments_folder().glob("*/findings.yaml"))


@cache
def places() -> dict[str, MadePlace]:
    """The places that findings may name."""
    data = yaml.safe_load((experiments_folder() / "places.yaml").read_text(encoding="utf-8"))
    return {name: MadePlace.model_validate(place) for name, place in data.items()}


@cache
def folder(name: str) -> Folder:
    """Read a folder's findings; raises UserError with the first thing that is wrong in them."""
    file = experiments_folder() / name / "findings.yaml"
    try:
        read = Folder.model_validate(_spread(yaml.safe_load(file.read_text(encoding="utf-8"))))
    except (yaml.YAMLError, ValidationError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else {"loc": (), "msg": str(error)}
        raise UserError(f"{file}: {'.'.join(str(part) for part in first['loc'])}: {first['msg']}.") from error
    for finding in read.findings:
        for world in finding.worlds.values():
            if world.place not in places():
                raise UserError(f"{file}: {finding.id}: there is no place '{world.place}'."
                                f"{nearest(world.place, places())}")
    return read


def _spread(data: dict[str, Any]) -> dict[str, Any]:
    """Give each finding the worlds and knock-outs that its folder shares."""
    shared, switches = data.pop("worlds", {}), data.pop("knock_outs", {})
    for finding in data["findings"]:
        finding["worlds"] = {**shared, **finding.get("worlds", {}), **finding.pop("more_worlds", {})}
        own = finding.get("knock_outs", {})
        own = {name: switches[name] for name in own if name in switches} if isinstance(own, list) else own
        finding["knock_outs"] = {**own, **finding.pop("more_knock_outs", {})}
    return data


def all_findings() -> dict[str, tuple[Folder, Finding]]:
    """Every finding by its id, with its folder."""
    found = [(folder(name), finding) for name in folders() for finding in folder(name).findings]
    return {finding.id: (of, finding) for of, finding in found}
