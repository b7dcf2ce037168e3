"""What all survey items have in common: wording, who is asked, and the share of reporting noise that lasts.

Items are part of a configuration, which is composed and described without the world that they are asked in: modules of
items import what simulates (:mod:`contactsim.state`, :mod:`contactsim.draws`) only where somebody answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from contactsim.parameters import Section, parameter

if TYPE_CHECKING:
    from contactsim.instruments.question import Question
    from contactsim.state import State

Values = NDArray[np.float64]
Rows = NDArray[np.integer]


class Instrument(Section):
    """A survey item.

    A subclass says by its ``MEASURES`` which states it can measure, and in :meth:`answers` what people answer. Answers
    in categories are their numbers, from 0.
    """

    MEASURES: ClassVar[tuple[str, ...]] = ()

    measures: str = Field(description="state that the item measures")
    title: str = Field(description="name of the item in tables")
    wording: str = Field(description="the question, in our own words")
    source: str = Field(description="survey or study that asks it, and where its numbers come from")
    groups: Literal["majority", "all"] = Field(
        default="all", description="who is asked: members of the first group, or everybody")
    ages: list[int | None] = Field(
        default=[16, None], description="first and last year of age of those asked; null for no limit",
        json_schema_extra={"unit": "years"})
    after: str | None = Field(
        default=None, description="item that it follows: asked only of those above that one's first category")
    stable: float = parameter(
        0.0, 0, 1, "share", "assumed", "of the variance of reporting noise that lasts in a person")

    @field_validator("ages")
    @classmethod
    def _ages(cls, ages: list[int | None]) -> list[int | None]:
        if len(ages) != 2 or ages[0] is None or not 0 <= ages[0] <= (200 if ages[1] is None else ages[1]):
            raise ValueError(f"ages={ages} must be a first and a last year of age, as in [16, null]")
        return ages

    def asked(self, world: State) -> NDArray[np.bool_]:
        """(N,) whether each row is one of those to whom the item is put."""
        people, (first, last) = world.people, self.ages
        of_age = (people.age >= (first or 0)) & (people.age < (np.inf if last is None else last + 1))
        return people.active & of_age & ((people.group == 0) | (self.groups == "all"))

    @property
    def put_to(self) -> str:
        """Who is asked, in words."""
        first, last = self.ages
        return f"{self.groups}, {first} {'and over' if last is None else f'to {last}'}"

    def true(self, world: State, rows: Rows) -> Values:
        """(rows,) the state that it measures, without noise and in a unit of its own."""
        raise NotImplementedError

    def answers(self, question: Question) -> Values:
        """(rows,) answers; nan for those who cannot answer."""
        raise NotImplementedError

    @property
    def scale(self) -> str:
        """The possible answers in words."""
        raise NotImplementedError

    @property
    def reporting(self) -> str:
        """The noise of reporting in words, for tables."""
        raise NotImplementedError


class Categories(Section):
    """Ordered categories: names, and the lower limits of all but the first."""

    names: list[str] = Field(min_length=2, description="categories in order")
    limits: list[float] = Field(description="lower limit of each category but the first")
    values: list[float] | None = Field(default=None, description="what each category stands for in an analysis")

    @model_validator(mode="after")
    def _fits(self) -> Categories:
        if len(self.limits) != len(self.names) - 1 or sorted(set(self.limits)) != self.limits:
            raise ValueError(f"limits={self.limits} must be {len(self.names) - 1} rising numbers, one for each "
                             f"category but the first")
        if self.values is not None and len(self.values) != len(self.names):
            raise ValueError(f"values={self.values} must be {len(self.names)} numbers, one for each category")
        return self

    def of(self, amount: Values) -> Values:
        """The numbers of the categories of amounts."""
        return np.searchsorted(self.limits, amount, side="right").astype(float)

    def __str__(self) -> str:
        return ", ".join(f"{number} {name}" for number, name in enumerate(self.names))


def rounded(values: Values, low: float, high: float) -> Values:
    """Values as whole numbers of a scale from ``low`` to ``high``."""
    return np.clip(np.rint(values), low, high)


Instruments = Mapping[str, Instrument]
