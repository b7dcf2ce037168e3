"""The fields of each mechanism, and sections made from a configuration.

They describe an action without simulating it, and need neither the kernels nor the classes that act.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, Self

from pydantic import Field, SerializeAsAny, ValidationError, field_validator, model_validator

from contactsim.actions.schema import (
    OTHERS,
    ActionSection,
    Audience,
    Cost,
    Gathering,
    Recruitment,
    check_gains,
)
from contactsim.errors import UserError, nearest
from contactsim.parameters import LARGEST_EFFECT, Conditions, Rumour, Section, parameter
from contactsim.section import MisconfiguredError

ENTRY_POINTS = "contactsim.mechanisms"
#: Keys of a plan that define where its parts act, unless a part defines its own areas.
_WHERE = ("areas", "choose", "number", "scale")


class Phase(Section):
    """A phase of a programme: so many weeks of equal sessions."""

    name: str = Field(default="", description="name of the phase")
    weeks: int = parameter(1, 1, 5200, "weeks", "assumed", "length of the phase")
    every: int = parameter(1, 1, 520, "weeks", "assumed", "from one week with sessions to the next")
    encounters_per_session: int | None = parameter(
        None, 1, 20, "encounters", "assumed", "of a participant at each session; null for those of the action")
    hours: float | None = parameter(
        None, 0, 168, "hours", "assumed", "of company at each session; null for those of the action")
    sessions: int = parameter(1, 1, 7, "sessions", "assumed", "in each week that has sessions")
    displaces: Literal["its_hours", "the_week"] = Field(
        default="its_hours",
        description="ordinary contact that it replaces: as many hours of leisure (of lessons for whole classes) as its "
        "own, or all of the week (residential)")
    scale: Literal["team", "pairs", "all"] = Field(
        default="team", description="who meets: each team, pairs of teams (in turn), or everybody")
    whom: Literal["members", "parents"] = Field(
        default="members", description="who attends: the members or their parents")
    attendance: float | None = parameter(None, 0, 1, "chance", "assumed", "of attending; null for that of the action")
    conditions: Conditions | None = Field(
        default=None, description="conditions of contact; null for those of the action")


class ConveneConfig(Gathering):
    """A programme of sessions for enrolled people."""

    intercept: float = parameter(
        0.0, -10, 10, "log odds", "assumed", "of applying, for a neutral person who hears of it")
    capacity: int = parameter(60, 0, 1_000_000, "places", "assumed", "places of each intake")
    share: float = parameter(1.0, 0, 1, "share", "assumed", "places at most, as a share of the target group")
    grows_to: int | None = parameter(None, 0, 1_000_000, "places", "assumed", "places at the end of its growth")
    grows_over: int = parameter(156, 1, 5200, "weeks", "assumed", "weeks of steady growth")
    quota: Literal["none", "area", "even", "guests"] = Field(
        default="none",
        description="places by group: as people apply, as in the target group, equal, or a fixed share of the first")
    guests: float = parameter(0.2, 0, 1, "share", "assumed", "of the places for the first group, if quota=guests")
    wait: int = parameter(0, 0, 520, "weeks", "assumed", "time that those without a place stay on the waiting list")
    no_show: float = parameter(0.0, 0, 1, "share", "assumed", "of those enrolled who never attend")
    team: int = parameter(12, 2, 2000, "people", "assumed", "largest team, without helpers")
    mix: Literal["mixed", "own"] = Field(
        default="mixed", description="teams as mixed as all members, or of one group where possible")
    link: bool = Field(default=False, description="whole classes in pairs, their pupils mixed in teams")
    intakes: int | None = parameter(1, 1, 1000, "intakes", "assumed", "how many; null for as many as the calendar has")
    interval: int = parameter(52, 1, 5200, "weeks", "assumed", "from one intake to the next")
    returns: bool = Field(default=False, description="those who took part may do so again")
    phases: list[Phase] = Field(default=[Phase(weeks=12)], min_length=1, description="one after the other")

    @model_validator(mode="after")
    def _fits(self) -> ConveneConfig:
        most = max(self.capacity, self.grows_to or 0)
        if 0 < most < self.team:
            raise ValueError(f"team={self.team} is larger than its capacity={most}")
        if self.link and self.recruitment != "whole_class":
            raise ValueError(f"link={self.link} pairs whole classes, so recruitment={self.recruitment} must be "
                             "whole_class")
        return self

    @property
    def length(self) -> int:
        """Weeks of all phases."""
        return sum(phase.weeks for phase in self.phases)

    def ends(self) -> int | None:
        """First week after it, by its calendar, its cut or the phases of its last intake; None where it lasts."""
        last = None if self.intakes is None else self.start + (self.intakes - 1) * self.interval + self.length
        return min((week for week in (super().ends(), last) if week is not None), default=None)

    def whole_weeks(self, horizon: int) -> set[int]:
        """Weeks before ``horizon`` of the phases that take the whole week."""
        ends = min(one for one in (self.end, self.cut, horizon) if one is not None)
        weeks: set[int] = set()
        for at in range(self.start, ends, self.interval)[:self.intakes]:
            for phase in self.phases:
                if phase.displaces == "the_week":
                    weeks.update(range(at, at + phase.weeks, phase.every))
                at += phase.weeks
        return {week for week in weeks if week < ends}


class HostConfig(Gathering):
    """A venue with rooms, people who drop in (a core of them nearly always), and helpers."""

    recruitment: Recruitment = Field(default="drop_in", description="how people are recruited")
    attendance: float = parameter(
        0.1, 0, 1, "chance", "assumed", "that a regular outside the core attends when it is open")
    core: float = parameter(0.0, 0, 1, "share", "assumed", "of the regulars, the keenest, who attend nearly always")
    faithful: float = parameter(0.7, 0, 1, "chance", "assumed", "that one of the core attends when it is open")
    belonging_coef: float = parameter(
        1.0, -5, 10, "log odds per belonging", "assumed", "effect of belonging on becoming a regular")
    regulars: int = parameter(
        200, 0, 1_000_000, "people", "assumed", "people who use it at least now and then, drawn again each year")
    rooms: int = parameter(4, 1, 1000, "rooms", "assumed", "rooms in use")
    room: int = parameter(10, 2, 200, "people", "assumed", "people who fit in a room")
    rooms_after_cut: int = parameter(0, 0, 1000, "rooms", "assumed", "rooms left from the cut on; 0 closes it")
    bonding: float = parameter(
        0.0, 0, 1, "share", "assumed", "of the rooms that are reserved for one group at a time, in turn")
    every: int = parameter(1, 1, 520, "weeks", "assumed", "from one opening to the next")
    whom: Literal["visitors", "parents"] = Field(
        default="visitors", description="who attends: the visitors, or their parents")

    def ends(self) -> int | None:
        """First week after it; a cut that leaves rooms does not end it."""
        return self.end if self.rooms_after_cut else super().ends()

    @model_validator(mode="after")
    def _voluntary(self) -> HostConfig:
        if self.recruitment == "whole_class":
            raise ValueError(f"recruitment={self.recruitment} does not fit an open venue")
        return self


class SpeakConfig(Audience):
    """A message that is repeated."""

    every: int = parameter(4, 1, 520, "weeks", "assumed", "from one message to the next")
    concerns: list[str] = Field(default=[OTHERS], description="groups that the message is about")
    threat: float = parameter(
        0.0, 0, LARGEST_EFFECT, "SD", "assumed", "by which it lowers the threat of recipients of other groups",
        "A4: most")
    anxiety: float = parameter(
        0.0, 0, LARGEST_EFFECT, "SD", "assumed",
        "by which it lowers the anxiety of recipients of other groups", "A4: most")
    norm: float = parameter(
        0.0, 0, LARGEST_EFFECT, "SD", "assumed", "by which it raises the perceived norm of those groups",
        "A4: most")
    fades: float = parameter(0.05, 0, 1, "per week", "assumed", "fading of its effect on norms")
    recognition: float = parameter(
        0.0, 0, 1, "share", "assumed", "by which it lowers the felt stigma of recipients of the groups concerned")
    responds: float = parameter(
        0.0, 0, 1, "chance", "assumed", "that a recipient of the groups concerned responds to its call")
    joins: float = parameter(0.0, 0, 1, "chance", "assumed", "that another recipient responds")
    capacity: int | None = parameter(
        None, 0, 10_000_000, "people", "assumed", "people who can respond; null for no limit")
    civic: float = parameter(
        0.0, 0, 1, "share", "assumed", "of the distance to 1, gain in civic participation of those who respond")
    corrects: float = parameter(0.0, 0, 1, "chance", "assumed", "that a recipient disbelieves the rumour from then on")
    rumour: Rumour | None = Field(default=None, description="a rumour that starts with the first message")

    @property
    def only_speaks(self) -> bool:
        return True


class LevelConfig(Audience):
    """A change of circumstances that is repeated for the target group."""

    every: int = parameter(1, 1, 520, "weeks", "assumed", "from one round to the next")
    capacity: int | None = parameter(None, 0, 10_000_000, "people", "assumed", "people in total; null for no limit")
    once: bool = Field(default=False, description="each person at most once")
    gains: dict[str, float] = Field(
        default={}, description="gain in language, status or civic in each round: share of the distance to 1")
    close_status_gap: float = parameter(
        0.0, 0, 1, "share", "assumed", "of the gap to the mean status of the first group that it closes")
    reduce_negative_exposure: float = parameter(
        0.0, 0, 5, "log odds", "assumed", "by which it lowers the negative exposure of each person, once")
    employ: bool = Field(default=False, description="finds a seat at work for those without one")
    reassigns: Literal["school", "work"] | None = Field(
        default=None, description="reassigns the seats of those reached at random")
    within: Literal["district", "place"] = Field(
        default="district", description="reassigns seats within each district, or within the whole place")
    rehouse: bool = Field(
        default=False, description="offers households a dwelling where their own group is rarer, if there is one")
    dampen_change: float = parameter(
        0.0, 0, 1, "share", "assumed", "of the change in composition that people no longer perceive")

    @field_validator("gains")
    @classmethod
    def _gains(cls, gains: dict[str, float]) -> dict[str, float]:
        return check_gains(gains)


class EquipConfig(ActionSection):
    """What the target actions gain, from its first week on."""

    targets: list[str] = Field(default=[], description="names of the actions that it improves; empty for all others")
    reach: float = parameter(1.0, 0, 10, "factor", "assumed", "by which it multiplies the reach of those actions")
    quality: float = parameter(0.0, 0, 1, "0-1", "assumed", "added to each of Allport's conditions in their sessions")
    life: int = parameter(0, 0, 5200, "weeks", "assumed", "by which it prolongs them")


class PlanConfig(Audience):
    """Parts with their own calendars, counted from the start of the plan.

    The plan defines the areas, each part its target group. The reach of the plan multiplies that of each part.
    """

    parts: dict[str, SerializeAsAny[ActionSection]] = Field(min_length=1, description="its actions, by name")
    message: Literal["on", "off"] = Field(
        default="on",
        description="whether its messages are sent; compare with off to see the effect of the meetings alone")
    budget: float | None = parameter(
        None, 0, 1e9, "pounds", "assumed", "limit at which it stops; null for none")

    @field_validator("parts", mode="before")
    @classmethod
    def _parts(cls, values: Any) -> Any:
        return sections(values, "parts")

    @field_validator("message", mode="before")
    @classmethod
    def _switch(cls, value: Any) -> Any:
        """Accept booleans, since YAML reads a bare off as false."""
        return {True: "on", False: "off"}.get(value, value) if isinstance(value, bool) else value

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(kind for part in self.parts.values() for kind in part.kinds))

    @property
    def gathers(self) -> bool:
        return any(part.gathers for part in self.parts.values())

    @property
    def speaks(self) -> bool:
        return self.message == "on" and any(part.speaks for part in self.parts.values())

    @property
    def only_speaks(self) -> bool:
        return all(part.only_speaks for part in self.parts.values())

    def ends(self) -> int | None:
        """First week after it, or after the last of its parts; None if it has no end."""
        parts = [part.ends() for part in self.parts.values()]
        last = max((week for week in parts if week is not None), default=0)
        known = [super().ends(), None if None in parts else self.start + last]
        return min((week for week in known if week is not None), default=None)

    def without_message(self) -> Self | None:
        """The same plan without its messages; None if nothing else is left, or it has none."""
        return self.model_copy(update={"message": "off"}) if self.speaks and not self.only_speaks else None

    def subsections(self) -> Mapping[str, ActionSection]:
        return self.parts

    def acting_parts(self) -> Mapping[str, ActionSection]:
        """Its parts on its calendar, and in its areas unless a part has its own; with message=off without messages."""
        return {name: self._placed(part) for name, part in self.parts.items()
                if self.message == "on" or not part.only_speaks}

    def _placed(self, part: ActionSection) -> ActionSection:
        new: dict[str, Any] = {}
        if self.message == "off":
            part = part.without_message() or part
        if isinstance(part, Audience):
            new["reach"] = self.reach * part.reach
            if part.areas is None and part.choose is None:
                new |= {key: getattr(self, key) for key in _WHERE}
        return part.moved(self.start).model_copy(update=new)

    def costs(self) -> list[Cost]:
        return [self.cost, *(cost for part in self.parts.values() for cost in part.costs())]

    def price(self) -> str:
        prices = [str(self.cost)] if self.cost != type(self.cost)() else []
        prices += [f"{name}: {part.price()}" for name, part in self.parts.items()]
        limit = [f"at most £{self.budget:,.0f} in all"] if self.budget is not None else []
        return "; ".join(prices + limit)


#: Sections of the mechanisms that come with contactsim.
BUILTIN: dict[str, type[ActionSection]] = {
    "convene": ConveneConfig, "host": HostConfig, "speak": SpeakConfig, "level": LevelConfig, "equip": EquipConfig,
    "plan": PlanConfig}


def entry_points() -> list[importlib.metadata.EntryPoint]:
    """Mechanisms of other packages. Raises UserError for one with the name of another."""
    found: dict[str, importlib.metadata.EntryPoint] = {}
    for point in importlib.metadata.entry_points(group=ENTRY_POINTS):
        if point.name in BUILTIN or point.name in found:
            raise UserError(f"the mechanism '{point.name}' of {point.value} has the name of another one.")
        found[point.name] = point
    return list(found.values())


@cache
def classes() -> dict[str, type[ActionSection]]:
    """The section of each mechanism, by name; that of another package is the ``Config`` of its action."""
    return {**BUILTIN, **{point.name: point.load().Config for point in entry_points()}}


def sections(values: Any, key: str) -> Any:
    """Sections of named actions, each of the class of its mechanism, from plain data under ``key``.

    Sections, and anything but a mapping, are returned unchanged. Raises MisconfiguredError or ValueError.
    """
    if not isinstance(values, Mapping):
        return values
    return {name: value if isinstance(value, ActionSection) else _section(value, f"{key}.{name}")
            for name, value in values.items()}


def _section(values: Any, key: str) -> ActionSection:
    if not isinstance(values, Mapping):
        raise ValueError(f"{key}={values!r} is not allowed: it must be a mapping with keys such as mechanism, start")
    name, known = values.get("mechanism"), classes()
    if name is None:
        raise ValueError(f"{key} has neither a mechanism nor an action that it is like: choose it by action=NAME, or "
                         f"write {key}.like=NAME")
    if name not in known:
        raise ValueError(f"{key}.mechanism={name!r} is not allowed: it must be one of {', '.join(known)}"
                         f"{nearest(str(name), known).rstrip('.')}")
    try:
        return known[name].model_validate(dict(values))
    except ValidationError as error:
        raise MisconfiguredError(key, known[name], error) from None
