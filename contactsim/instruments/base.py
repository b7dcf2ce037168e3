"""What all survey items have in common: wording, who is asked, and the noise of reporting.

Noise has a part that is stable in a person (the way somebody uses a scale) and a part that is new in each wave. Draws
are keyed by item, person and wave: an answer depends neither on who else is asked nor on the order of questions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from contactsim.draws import Decision, name_key, normals, stream, uniforms
from contactsim.parameters import Section, parameter
from contactsim.state import State

Values = NDArray[np.float64]
Rows = NDArray[np.integer]


@dataclass(frozen=True)
class Question:
    """One item, put to some residents in one wave."""

    name: str
    """of the item; a key of its draws"""
    world: State
    rows: Rows
    """rows of the residents who are asked"""
    wave: int
    """key of the draws of this wave"""

    @property
    def uid(self) -> NDArray[np.int32]:
        """(rows,) identifiers of those asked."""
        return self.world.people.uid[self.rows]

    def noise(self, stable: float, number: int = 0) -> Values:
        """(rows,) standard normal noise of the item's part ``number``; ``stable`` is its share of lasting variance."""
        lasting, new = (normals(base, self.uid) for base in (self.base("stable", number), self.base("", number, True)))
        return np.asarray(np.sqrt(stable) * lasting + np.sqrt(1 - stable) * new)

    def uniform(self) -> Values:
        """(rows,) uniform draws of this wave."""
        return uniforms(self.base("uniform", 0, True), self.uid)

    def base(self, part: str, number: int = 0, of_wave: bool = False) -> np.uint64:
        """The base of a stream of the item's draws, the same in all waves or (``of_wave``) new in each."""
        wave = (self.wave,) if of_wave else ()
        return stream(self.world.seed, Decision.ANSWER, name_key(self.name, part), number, *wave)


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
