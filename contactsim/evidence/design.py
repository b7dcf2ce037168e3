"""The design of a finding as data: worlds, outcomes, acceptance intervals and knock-outs.

All classes are frozen pydantic models that refuse unknown keys. :mod:`contactsim.evidence.loading` reads them from
``experiments/<folder>/findings.yaml``.
"""

from __future__ import annotations

import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Role = Literal["assumed", "calibrated", "implied", "emergent"]
Grade = Literal["experiment", "quasi-experiment", "cross-section", "testimony", "argued", "ours"]
#: A closed interval in the unit of an outcome; None is an unbounded end.
AcceptanceInterval = tuple[float | None, float | None]
#: Name of the base worlds among a finding's knock-outs.
BASE = "base"


class DesignPart(BaseModel):
    """A part of a design: frozen, without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class MadePlace(DesignPart):
    """A synthetic place: shares by group (the first is the majority) and dissimilarity between output areas."""

    name: str
    shares: dict[str, float]
    dissimilarity: float = Field(ge=0, lt=1)
    output_area_residents: int = 300
    """residents of an output area, approximately"""
    key: int | None = None
    """key of its random draws; derived from the name if None"""
    within_units: float | None = Field(default=None, ge=0, lt=1)
    """if given, only blocks of about 1,500 residents are known, and output areas inside them are drawn with this
    dissimilarity"""


class ShippedPlace(DesignPart):
    """A place of ``configs/place``, such as mini_england, with some of its keys changed.

    How many residents it has follows from its keys. Each seed of a replay draws its own sample of areas, unless ``set``
    has a ``seed``.
    """

    shipped: str
    """name of the place"""
    set: dict[str, Any] = {}
    """keys changed (see :mod:`contactsim.place.config`)"""

    @property
    def name(self) -> str:
        """Name in lists."""
        return self.shipped


class Descriptive(DesignPart):
    """A descriptive statistic of each world along a gradient, for a table; also drawn if it has a label."""

    estimand: str
    arguments: dict[str, Any] = {}
    label: str = ""


class Gradient(DesignPart):
    """Places that differ only in the share of the minority, each with its world."""

    worlds: dict[str, float]
    """share of the minority (0 to 1) by world"""
    groups: tuple[str, str]
    dissimilarity: float
    output_area_residents: int = 300
    weeks: int
    set: dict[str, Any] = {}
    """parameters changed in every world"""
    descriptives: dict[str, Descriptive]

    def place(self, folder: str, world: str) -> MadePlace:
        """The place of one of its worlds."""
        share, (majority, minority) = self.worlds[world], self.groups
        return MadePlace(name=f"{folder} {share:g}", shares={majority: 1 - share, minority: share},
                         dissimilarity=self.dissimilarity, output_area_residents=self.output_area_residents,
                         key=round(1000 * share))


class SampleSize(DesignPart):
    """How many parameter sets, seeds and residents a replay simulates."""

    seeds: int = Field(ge=0)
    residents: int = Field(ge=300)
    """of each place that is not shipped"""
    sets: int | None = Field(default=None, ge=1)
    """parameter sets of the ensemble, at equal steps from the one nearest its middle outwards; None for all"""
    knock_out_sets: int | None = Field(default=None, ge=1)
    """those of them in which mechanisms and actions are switched off; None for all"""


class WorldDesign(DesignPart):
    """A world: its place, its duration, and its differences from the model's defaults."""

    place: ShippedPlace | MadePlace
    weeks: int = Field(ge=1)
    midpoint: int | None = None
    """week of the panel wave between start and end; half of the weeks if None"""
    read: list[int] = []
    """weeks of further waves, called ``week N``"""
    set: dict[str, Any] = {}
    """parameters changed, by dotted path; also numbers of instruments, ``instruments.NAME.FIELD``"""
    off: dict[str, Any] = {}
    """parameters that a knock-out changes, after and relative to ``set``"""
    actions: dict[str, dict[str, Any]] = {}
    only_contexts: list[str] | None = None
    """contact contexts in which people meet; the presence in all others is 0"""
    impulse: Literal["positive", "negative"] | None = None
    """one close meeting of this kind for every majority resident in the first week"""

    @model_validator(mode="after")
    def _weeks_exist(self) -> WorldDesign:
        late = [week for week in self.read if not 1 <= week <= self.weeks]
        if late:
            raise ValueError(f"read: week {late[0]} is not among the world's weeks, 1 to {self.weeks}")
        return self


class KnockOut(DesignPart):
    """A mechanism or action that is switched off, and the worlds that this changes."""

    text: str
    set: dict[str, Any] = {}
    """parameters changed in every world of the finding"""
    worlds: dict[str, dict[str, Any]] = {}
    """parts of world designs that are replaced"""
    except_in: list[str] = []
    """worlds that do not change"""
    no_reach: list[str] = []
    """worlds in which the reach of the actions is 0"""
    of_actions: list[str] | None = None
    """the actions whose reach is 0; all if None"""
    subgroup_from_base: bool = False
    """measure the people whom the base worlds select, rather than those whom the changed worlds select"""
    mechanism: bool = False
    """whether it switches off a mechanism, which it names and which can carry an effect; so do those of
    ``experiments/mechanisms.yaml``"""

    @property
    def null_action(self) -> bool:
        """Whether it leaves an action without reach, so that it must remove all of the action's effect."""
        return bool(self.no_reach)


class Alternative(DesignPart):
    """Another assumption. All outcomes of the folder are also shown under it, without an effect on the verdict."""

    text: str
    set: dict[str, Any]
    """parameters changed in every world"""


class Outcome(DesignPart):
    """One figure with its acceptance interval."""

    id: str
    statement: str
    estimand: str
    arguments: dict[str, Any] = {}
    unit: str
    acceptance: AcceptanceInterval
    acceptance_source: str
    no_effect: float = 0.0
    """the figure if there is no effect (1 for a ratio), from which shares of the effect are counted"""
    role: Role | None = None
    """if it differs from the finding's; likewise the next three"""
    role_note: str | None = None
    grade: Grade | None = None
    evidence: list[str] | None = None
    knock_outs: list[str] | None = None
    """mechanisms and knock-outs under which it is also computed; None for all of the finding's, or for none if it is
    not judged"""
    judged: bool = True
    """if false, the outcome is shown but does not count towards the verdict"""
    alternative: str | None = None
    """the alternative under which it is computed"""

    @model_validator(mode="after")
    def _can_fail(self) -> Outcome:
        if self.judged and self.acceptance == (None, None):
            raise ValueError(f"{self.id}: its acceptance interval has no end, so that it cannot fail; judged: false "
                             f"shows it without a verdict")
        return self

    def uses(self, world: str) -> bool:
        """Whether its arguments name a world."""
        return f"'{world}'" in str(self.arguments) or f"'{world}@" in str(self.arguments)


class Finding(DesignPart):
    """A finding: a claim of the literature, its sources, and the outcomes that test it."""

    id: str
    claim: str
    source: str
    grade: Grade
    evidence: list[str] = []
    role: Role
    role_note: str = ""
    measurement: str
    """what is measured, on whom, and how"""
    worlds: dict[str, WorldDesign]
    mechanisms: list[str] = []
    """mechanisms of ``experiments/mechanisms.yaml`` that are switched off; they are among the knock-outs"""
    knock_outs: dict[str, KnockOut] = {}
    """mechanisms and actions that are switched off, by name"""
    alternatives: dict[str, Alternative] = {}
    outcomes: list[Outcome]
    residents: dict[Literal["quick", "full"], int] | None = None
    """if they differ from the folder's"""

    @model_validator(mode="after")
    def _names_exist(self) -> Finding:
        for outcome in self.outcomes:
            for name in outcome.knock_outs or ():
                if name not in self.knock_outs:
                    raise ValueError(f"{outcome.id}: there is no knock-out '{name}'")
        for name, knock_out in self.knock_outs.items():
            for world in [*knock_out.worlds, *knock_out.no_reach, *knock_out.except_in]:
                if world not in self.worlds:
                    raise ValueError(f"{self.id}: knock-out '{name}' names '{world}', which is not a world")
        return self

    def knock_outs_of(self, outcome: Outcome) -> list[str]:
        """Names of the knock-outs under which an outcome is computed."""
        return (list(self.knock_outs) if outcome.judged else []) if outcome.knock_outs is None else outcome.knock_outs

    def under(self, alternative: str | None) -> Finding:
        """The finding with its worlds changed by an alternative; the finding itself for None."""
        if alternative is None:
            return self
        changes = self.alternatives[alternative].set
        worlds = {name: world.model_copy(update={"set": {**world.set, **changes}})
                  for name, world in self.worlds.items()}
        return self.model_copy(update={"worlds": worlds})


class Sweeps(DesignPart):
    """Contested and unsourced parameters, and the values at which outcomes are evaluated."""

    sample: SampleSize
    outcomes: list[str]
    arguments: dict[str, dict[str, Any]] = {}
    """by outcome: arguments that differ from those of the finding"""
    parameters: dict[str, list[float | None]]
    """values; null is the model's own"""
    dissimilarity_within_units: list[float | None] = []
    """values of ``within_units`` of every place; null leaves the place unchanged"""


class Folder(DesignPart):
    """The findings of one essay or topic."""

    name: str
    title: str
    essays: list[int]
    registered: datetime.date
    changes: list[dict[str, Any]]
    first_seed: int = 1000
    samples: dict[Literal["quick", "full"], SampleSize]
    checks: bool = False
    """realism checks rather than findings of the essays"""
    alternatives: dict[str, Alternative] = {}
    gradient: Gradient | None = None
    worlds: dict[str, WorldDesign] = {}
    """worlds that all its findings share"""
    sweeps: Sweeps | None = None
    findings: list[Finding]

    def residents(self, finding: Finding, sample: str) -> int:
        """Residents of a finding's places."""
        own = finding.residents or {}
        return own.get(sample, self.samples[sample].residents)  # type: ignore[call-overload,index,no-any-return]

    def seeds(self, sample: str) -> range:
        """Seeds of a sample."""
        return range(self.first_seed, self.first_seed + self.samples[sample].seeds)  # type: ignore[index]
