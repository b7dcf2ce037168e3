"""The fields of actions: description, target group, calendar, helpers and costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from contactsim import renamed
from contactsim.parameters import Conditions, Section, parameter

#: The name for all groups but the first, in every place.
OTHERS = "others"
Recruitment = Literal["voluntary", "referred", "whole_class", "drop_in"]


class Cost(Section):
    """Prices of an action, in pounds."""

    fixed: float = parameter(0.0, 0, 1e9, "pounds", "assumed", "once, at the start")
    session: float = parameter(0.0, 0, 1e6, "pounds", "assumed", "for each meeting of a team or class, or each opening")
    participant: float = parameter(0.0, 0, 1e6, "pounds", "assumed", "for each person who has taken part")
    source: str = Field(default="assumed", description="source of the prices")

    def __str__(self) -> str:
        parts = [f"£{amount:,.0f} {per}" for amount, per in (
            (self.fixed, "fixed"), (self.session, "a session"), (self.participant, "a participant")) if amount]
        return f"{' + '.join(parts) or 'nothing'} ({self.source})"


class Helpers(Section):
    """Staff or volunteers. They meet the participants, so that their attitudes may change, too."""

    number: int = parameter(0, 0, 1000, "people", "assumed", "in each team, or at each opening")
    ages: list[int] = Field(
        default=[18, 75], description="first and last year of age", json_schema_extra={"unit": "years"})
    groups: list[str] | None = Field(default=None, description="groups from which they are recruited; null for all")
    attitude_coef: float = parameter(
        1.0, -5, 5, "log odds per attitude", "assumed", "effect of attitude on volunteering")
    sessions: int = parameter(0, 0, 1000, "sessions", "assumed", "after which new helpers take over; 0 for never")
    attendance: float = parameter(0.9, 0, 1, "chance", "assumed", "of attending")


class ActionSection(Section):
    """The fields of all actions.

    The properties and methods from ``kinds`` on answer what other modules need to know of an action without knowing
    its mechanism. A mechanism overrides those that differ.
    """

    mechanism: str = Field(description="convene, host, speak, level, equip, plan or one of another package")
    title: str = Field(default="", description="title in reports")
    about: str = Field(default="", description="what is done, in a few sentences")
    source: str = Field(default="our own", description="publication that describes it")
    evidence: list[str] = Field(default=[], description="entries of docs/evidence.md; empty if none was found")
    harm: str = Field(default="", description="what would count as harm")
    sourced: dict[str, str] = Field(default={}, description="source of each key that has one; all others are assumed")
    also_in_control: list[str] = Field(
        default=[], description="actions that also take place in the control arm of a comparison")
    start: int = parameter(0, 0, 5200, "week", "assumed", "first week")
    end: int | None = parameter(None, 0, 5200, "week", "assumed", "first week after it; null for none")
    cut: int | None = parameter(None, 0, 5200, "week", "assumed", "first week without funding; null for none")
    cost: Cost = Cost()

    @property
    def kinds(self) -> tuple[str, ...]:
        """Its mechanisms; a plan has those of its parts."""
        return (self.mechanism,)

    @property
    def gathers(self) -> bool:
        """Whether it brings people together."""
        return False

    @property
    def speaks(self) -> bool:
        """Whether it sends a message."""
        return self.only_speaks

    @property
    def only_speaks(self) -> bool:
        """Whether it sends a message and does nothing else."""
        return False

    def costs(self) -> list[Cost]:
        """Its prices and, for a plan, those of its parts."""
        return [self.cost]

    def price(self) -> str:
        """Its prices in words."""
        return str(self.cost)

    def ends(self) -> int | None:
        """First week after it; None if it has no end."""
        return min((week for week in (self.end, self.cut) if week is not None), default=None)

    def moved(self, weeks: int) -> Self:
        """The same action with its calendar moved by ``weeks``."""
        dates = {key: getattr(self, key) for key in ("start", "end", "cut")}
        return self.model_copy(update={key: week + weeks for key, week in dates.items() if week is not None})

    def without_message(self) -> Self | None:
        """The same action without its message; None if it sends none, or does nothing else."""
        return None

    def subsections(self) -> Mapping[str, ActionSection]:
        """Its parts by name; their calendars are relative to its start."""
        return {}

    def acting_parts(self) -> Mapping[str, ActionSection]:
        """Its parts as they act in a run: on its calendar, in its areas, with its reach."""
        return {}

    def whole_weeks(self, horizon: int) -> set[int]:
        """Weeks before ``horizon`` in which it takes the whole week of its participants."""
        return set()

    @model_validator(mode="after")
    def _in_time(self) -> ActionSection:
        if self.end is not None and self.end < self.start:
            raise ValueError(f"start={self.start} is after end={self.end}; it must not be")
        if self.cut is not None and self.cut < self.start:
            raise ValueError(f"start={self.start} is after cut={self.cut}; it must not be")
        unknown = sorted({key.split(".")[0] for key in self.sourced} - set(type(self).model_fields))
        if unknown:
            new = renamed.new_key(f"actions.this.{unknown[0]}")
            raise ValueError(f"sourced={unknown[0]} names no key of this action"
                             + (f": the key is now {new.removeprefix('actions.this.')}" if new else ""))
        return self


class Audience(ActionSection):
    """Fields that define the target group of an action."""

    ages: list[int] | None = Field(default=None, description="first and last year of age; null for all from 5 on",
                                   json_schema_extra={"unit": "years"})
    groups: list[str] | None = Field(
        default=None, description="groups of the target group; 'others' are all but the first; null for all")
    sex: Literal["female", "male"] | None = Field(default=None, description="only women or men; null for both")
    newcomers: float | None = parameter(None, 0, 100, "years", "assumed", "only those who arrived within these years")
    language_below: float | None = parameter(
        None, 0, 1, "0-1", "assumed", "only those with a lower confidence in the language")
    unemployed: bool = parameter(False, None, None, "yes/no", "assumed", "only those of working age without work")
    areas: list[str] | None = Field(default=None, description="codes of areas of any level; null for the whole place")
    choose: Literal["all", "most_mixed", "most_segregated"] | None = Field(
        default=None, description="areas, if none are named: all, the most mixed or the most segregated; null for "
        "all, or for those of the plan")
    number: int = parameter(1, 1, 10000, "areas", "assumed", "number of areas chosen")
    scale: Literal["output_area", "neighbourhood", "district"] = Field(
        default="district", description="level of the chosen areas")
    reach: float = parameter(1.0, 0, 1, "share", "assumed", "of the target group that hears of it")

    @field_validator("ages")
    @classmethod
    def _ages(cls, ages: list[int] | None) -> list[int] | None:
        if ages is not None and (len(ages) != 2 or not 0 <= ages[0] <= ages[1]):
            raise ValueError(f"ages={ages} must be a first and a last year of age, as in [15, 17]")
        return ages


class Gathering(Audience):
    """Fields of actions with sessions."""

    recruitment: Recruitment = Field(default="voluntary", description="how people are recruited")
    attitude_coef: float = parameter(
        1.0, -5, 5, "log odds per attitude", "assumed", "effect of attitude on taking part")
    anxiety_coef: float = parameter(
        2.0, -5, 20, "log odds per anxiety", "assumed", "effect of anxiety against taking part")
    no_outgroup_friend_coef: float = parameter(
        0.0, -5, 5, "log odds", "assumed", "targeting of those without a friend in another group")
    attendance: float = parameter(0.8, 0, 1, "chance", "assumed", "of attending, once enrolled (or a regular)")
    varies: float = parameter(
        0.2, 0, 1, "share", "assumed", "by which the attendance of a week differs from the usual at most")
    encounters_per_session: int = parameter(
        1, 1, 20, "encounters", "assumed", "of a participant at each session: its hours are shared among so many")
    hours: float = parameter(
        2.0, 0, 168, "hours", "assumed", "of company at each session, in place of as many hours of ordinary contact")
    conditions: Conditions = Conditions()
    helpers: Helpers = Helpers()
    corrects: float = parameter(
        0.0, 0, 1, "chance", "assumed", "that an attendant disbelieves a rumour from then on")
    gains: dict[str, float] = Field(
        default={}, description="gain in language, status or civic at each session: share of the distance to 1")

    @property
    def gathers(self) -> bool:
        return True

    @field_validator("gains")
    @classmethod
    def _gains(cls, gains: dict[str, float]) -> dict[str, float]:
        return check_gains(gains)


#: Columns that sessions may raise directly; all others change by encounters alone.
GAINED = ("language", "status", "civic")


def check_gains(gains: dict[str, float]) -> dict[str, float]:
    """The gains unchanged; raises ValueError for another column, or a value outside 0 to 1."""
    for name, share in gains.items():
        new = renamed.new_value("gains", name, GAINED)
        if new is not None:
            raise ValueError(f"gains.{name}={share} is not allowed: the key is now gains.{new}")
        if name not in GAINED or not 0 <= share <= 1:
            raise ValueError(f"gains.{name}={share} is not allowed: it must be a share from 0 to 1 of "
                             f"{', '.join(GAINED)}")
    return gains


def plain(section: Any) -> dict[str, Any]:
    """A section as plain data."""
    return dict(section.model_dump(mode="json"))
