"""What every action declares: what it is, for whom, when, by whom, at what cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from contactsim import renamed
from contactsim.parameters import Conditions, Section, parameter

Recruitment = Literal["voluntary", "referred", "whole_class", "drop_in"]


class Cost(Section):
    """What an action costs, in pounds."""

    fixed: float = parameter(0.0, 0, 1e9, "pounds", "assumed", "once, when it begins")
    session: float = parameter(0.0, 0, 1e6, "pounds", "assumed", "each time that a team or class meets or doors open")
    participant: float = parameter(0.0, 0, 1e6, "pounds", "assumed", "for each person who has taken part")
    source: str = Field(default="assumed", description="where the figures come from")

    def __str__(self) -> str:
        parts = [f"£{amount:,.0f} {per}" for amount, per in (
            (self.fixed, "fixed"), (self.session, "a session"), (self.participant, "a participant")) if amount]
        return f"{' + '.join(parts) or 'nothing'} ({self.source})"


class Helpers(Section):
    """Staff or volunteers. They sit with the participants, so that they change too."""

    number: int = parameter(0, 0, 1000, "people", "assumed", "in each team, or at each opening")
    ages: list[int] = Field(
        default=[18, 75], description="first and last year of age", json_schema_extra={"unit": "years"})
    groups: list[str] | None = Field(default=None, description="groups they come from; null for all")
    attitude_coef: float = parameter(1.0, -5, 5, "log odds per attitude", "assumed", "the friendlier come forward more")
    sessions: int = parameter(0, 0, 1000, "sessions", "assumed", "after which others take over; 0 for never")
    attendance: float = parameter(0.9, 0, 1, "chance", "assumed", "of being there")


class ActionSection(Section):
    """What all actions have in common.

    The properties and methods from ``kinds`` on say what others need to know of an action, whatever its mechanism. A
    mechanism overrides those that are different with it.
    """

    mechanism: str = Field(description="convene, host, speak, level, equip, plan or one of another package")
    title: str = Field(default="", description="what it is called")
    about: str = Field(default="", description="what is done, in a few sentences")
    source: str = Field(default="our own", description="the chapter that describes it")
    evidence: list[str] = Field(default=[], description="ids of docs/evidence.md; empty for none found")
    harm: str = Field(default="", description="what would count as harm")
    sourced: dict[str, str] = Field(default={}, description="keys with their source; all others are assumed")
    also_in_control: list[str] = Field(default=[], description="actions that belong into both worlds of a comparison")
    start: int = parameter(0, 0, 5200, "week", "assumed", "first week")
    end: int | None = parameter(None, 0, 5200, "week", "assumed", "first week after it; null for never")
    cut: int | None = parameter(None, 0, 5200, "week", "assumed", "week from which the money is gone; null for never")
    cost: Cost = Cost()

    @property
    def kinds(self) -> tuple[str, ...]:
        """The mechanisms at work."""
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
        """Its prices, and those of its parts where it has any."""
        return [self.cost]

    def price(self) -> str:
        """What it costs, in words."""
        return str(self.cost)

    def ends(self) -> int | None:
        """First week after it; None for an action that lasts."""
        return min((week for week in (self.end, self.cut) if week is not None), default=None)

    def moved(self, weeks: int) -> Self:
        """The same with its calendar so many weeks later."""
        dates = {key: getattr(self, key) for key in ("start", "end", "cut")}
        return self.model_copy(update={key: week + weeks for key, week in dates.items() if week is not None})

    def without_message(self) -> Self | None:
        """The same with its message off; None where it sends none, or does nothing else."""
        return None

    def subsections(self) -> Mapping[str, ActionSection]:
        """Its parts by name, on calendars that begin when it does."""
        return {}

    def whole_weeks(self, horizon: int) -> set[int]:
        """Weeks before ``horizon`` that it takes whole from those who take part."""
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
    """Whom an action is for."""

    ages: list[int] | None = Field(default=None, description="first and last year of age; null for all from 5 on",
                                   json_schema_extra={"unit": "years"})
    groups: list[str] | None = Field(
        default=None, description="groups it is for; 'others' are all but the first, null is all")
    sex: Literal["female", "male"] | None = Field(default=None, description="only women or men; null for both")
    newcomers: float | None = parameter(None, 0, 100, "years", "assumed", "only those who arrived within these years")
    language_below: float | None = parameter(None, 0, 1, "0-1", "assumed", "only those with less of the language")
    unemployed: bool = parameter(False, None, None, "yes/no", "assumed", "only those of working age without work")
    areas: list[str] | None = Field(default=None, description="codes of areas of any level; null for the whole place")
    choose: Literal["all", "most_mixed", "most_segregated"] | None = Field(
        default=None, description="where areas are not named: all, or the most mixed or segregated ones; null for "
        "all, or in a plan those of the plan")
    number: int = parameter(1, 1, 10000, "areas", "assumed", "how many areas are chosen")
    scale: Literal["output_area", "neighbourhood", "district"] = Field(default="district", description="size of chosen areas")
    reach: float = parameter(1.0, 0, 1, "share", "assumed", "of those it is for, who hear of it")

    @field_validator("ages")
    @classmethod
    def _ages(cls, ages: list[int] | None) -> list[int] | None:
        if ages is not None and (len(ages) != 2 or not 0 <= ages[0] <= ages[1]):
            raise ValueError(f"ages={ages} must be a first and a last year of age, as in [15, 17]")
        return ages


class Gathering(Audience):
    """An action that brings people together."""

    recruitment: Recruitment = Field(default="voluntary", description="how people are found")
    attitude_coef: float = parameter(1.0, -5, 5, "log odds per attitude", "assumed", "the friendlier come more")
    anxiety_coef: float = parameter(2.0, -5, 20, "log odds per anxiety", "assumed", "the anxious come less")
    no_outgroup_friend_coef: float = parameter(
        0.0, -5, 5, "log odds", "assumed", "targeted: those without a friend in another group are won more")
    attendance: float = parameter(0.8, 0, 1, "chance", "assumed", "of coming, once enrolled (or a regular)")
    varies: float = parameter(0.2, 0, 1, "share", "assumed", "attendance of a week lies within this share of the usual")
    encounters_per_session: int = parameter(1, 1, 20, "slots", "assumed", "meetings at each session, taken from the ordinary week")
    conditions: Conditions = Conditions()
    helpers: Helpers = Helpers()
    corrects: float = parameter(
        0.0, 0, 1, "chance", "assumed", "somebody who comes knows better than a rumour from then on")
    gains: dict[str, float] = Field(
        default={}, description="language, status or civic gained at each session: share of the way to 1")

    @property
    def gathers(self) -> bool:
        return True

    @field_validator("gains")
    @classmethod
    def _gains(cls, gains: dict[str, float]) -> dict[str, float]:
        return check_gains(gains)


#: Columns that sessions may teach; whatever else changes, changes by the meetings.
GAINED = ("language", "status", "civic")


def check_gains(gains: dict[str, float]) -> dict[str, float]:
    """The gains as they are; raises ValueError for another column or a share that is none."""
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
