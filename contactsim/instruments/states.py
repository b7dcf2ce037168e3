"""Items on lasting states: ratings of attitudes and feelings, friends in other groups, and the area."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from contactsim.instruments.base import Categories, Instrument, Rows, Values, rounded
from contactsim.parameters import parameter

if TYPE_CHECKING:
    from contactsim.instruments.question import Question
    from contactsim.state import State


def attitude_now(world: State, rows: Rows) -> Values:
    """(rows,) attitude to all other groups with the feeling of the moment, -1 to 1."""
    from contactsim.residents import liking, over_others

    return over_others(liking(world.people, rows), world.people.group[rows], world.weights)


def _column(name: str) -> Callable[[State, Rows], Values]:
    return lambda world, rows: world.people.column(name)[rows].astype(float)


#: What a rating can measure: a function of state and rows, with the ends of its true scale.
RATED: dict[str, tuple[Callable[[State, Rows], Values], float, float]] = {
    "attitude": (attitude_now, -1.0, 1.0),
    **{name: (_column(name), 0.0, 1.0) for name in (
        "anxiety", "threat", "belonging", "engagement", "stigma", "civic")}}


class Rating(Instrument):
    """A scale of ``items`` statements that are answered by whole numbers; the answer is their mean.

    Each item is the true value plus noise. The noise is such that the mean has the given reliability: a share
    ``reliability`` of its variance among all who could be asked is that of true values. Rounding is part of the noise.
    Where people hardly differ the noise of an item is ``least``, for nobody answers more exactly than that; the
    reliability is lower then. A reliability of 1 leaves nothing but rounding.
    """

    MEASURES = tuple(RATED)

    low: int = parameter(0, -100, 100, "points", "assumed", "lowest answer")
    high: int = parameter(10, -100, 100, "points", "assumed", "highest answer")
    items: int = parameter(1, 1, 100, "items", "assumed", "statements, of which the answer is the mean")
    reliability: float = parameter(0.8, 0.05, 1, "share of variance", "assumed", "of the answer, that is true")
    least: float = parameter(0.5, 0, 100, "points", "assumed", "smallest standard deviation of the noise of an item")

    @model_validator(mode="after")
    def _rising(self) -> Rating:
        if self.low >= self.high:
            raise ValueError(f"low={self.low} must be below high={self.high}")
        return self

    def true(self, world: State, rows: Rows) -> Values:
        """(rows,) true values in points of the scale."""
        read, lowest, highest = RATED[self.measures]
        return self.low + (read(world, rows) - lowest) / (highest - lowest) * (self.high - self.low)

    def answers(self, question: Question) -> Values:
        world = question.world
        everybody = self.true(world, np.flatnonzero(self.asked(world)))
        return self.reported(self.true(world, question.rows), everybody.var() if everybody.size else 0.0,
                             lambda k: question.noise(self.stable, k))

    def reported(self, true: Values, variance: float, noise: Callable[[int], Values]) -> Values:
        """(n,) answers of people with ``true`` values in points.

        Args:
            true: (n,) values.
            variance: of true values among all who could be asked.
            noise: (n,) standard normal noise of an item, by its number from 0.
        """
        needed = self.items * (1 - self.reliability) / self.reliability * variance
        spread = 0.0 if self.reliability == 1 else max(np.sqrt(max(needed - 1 / 12, 0.0)), self.least)
        given = [rounded(true + spread * noise(k), self.low, self.high) for k in range(self.items)]
        return np.asarray(np.mean(given, axis=0))

    @property
    def scale(self) -> str:
        of = f"mean of {self.items} items, " if self.items > 1 else ""
        return f"{of}{self.low} to {self.high}"

    @property
    def reporting(self) -> str:
        return f"reliability {self.reliability:g}"


class Friends(Instrument):
    """How many of a person's friends belong to other groups.

    The question makes a person think of up to ``reach`` friends, always the same ones as long as they are friends.
    """

    MEASURES = ("friends",)

    measures: Literal["friends"]
    reach: int | None = parameter(
        None, 1, 1000, "friends", "assumed", "that the question makes somebody think of; null for all")
    categories: Categories = Field(description="answers, with their lower limits in friends of other groups")

    def true(self, world: State, rows: Rows) -> Values:
        """(rows,) friends in other groups."""
        return world.people.cross_friends[rows].astype(float)

    def answers(self, question: Question) -> Values:
        from contactsim.draws import uniforms

        people, rows = question.world.people, question.rows
        ties = people.ties[rows]
        there = ties >= 0
        cross = there & (people.group[ties] != people.group[rows, None])
        if self.reach is not None:
            pair = question.uid.astype(np.uint64)[:, None] << np.uint64(32) | people.uid[ties].astype(np.uint64)
            rank = np.where(there, uniforms(question.base("friend"), pair), 2.0)
            first = np.argsort(rank, axis=1, kind="stable")[:, :self.reach]
            cross = np.take_along_axis(cross, first, axis=1)
        return self.categories.of(cross.sum(axis=1).astype(float))

    @property
    def scale(self) -> str:
        return str(self.categories)

    @property
    def reporting(self) -> str:
        return "all friends" if self.reach is None else f"{self.reach} of a person's friends, drawn once"


class AreaDiversity(Instrument):
    """How many people of other groups live in the neighbourhood, as its residents see it.

    The share of others has a rank in a nation: the share of its majority who live where there are at most as many. The
    rank, as a normal score, is reported with an ``error``; the answers split a nation's majority by ``shares``.
    """

    MEASURES = ("neighbourhood",)

    measures: Literal["neighbourhood"]
    names: list[str] = Field(min_length=2, description="answers in order")
    shares: list[float] = Field(description="share of a nation's majority in each answer; they add up to 1")
    error: float = parameter(0.5, 0, 10, "SD of the rank", "assumed", "of reporting")
    others: list[float] = Field(min_length=2, description="shares of others in neighbourhoods of a nation, rising")
    ranks: list[float] = Field(description="share of the nation's majority who have at most that share of others")

    @model_validator(mode="after")
    def _fits(self) -> AreaDiversity:
        if len(self.shares) != len(self.names) or abs(sum(self.shares) - 1) > 1e-6 or min(self.shares) <= 0:
            raise ValueError(f"shares={self.shares} must be {len(self.names)} positive numbers that add up to 1")
        rising = all(values == sorted(set(values)) for values in (self.others, self.ranks))
        if not rising or len(self.others) != len(self.ranks) or not 0 < self.ranks[0] < self.ranks[-1] < 1:
            raise ValueError(f"ranks={self.ranks} must be {len(self.others)} rising numbers between 0 and 1, one for "
                             f"each of the rising others")
        return self

    def true(self, world: State, rows: Rows) -> Values:
        """(rows,) share of other groups in the neighbourhood."""
        return share_of_others(world, rows)

    def score(self, question: Question) -> Values:
        """(rows,) rank of the share of others as a normal score."""
        from scipy.special import ndtri

        return np.interp(self.true(question.world, question.rows), self.others, ndtri(np.array(self.ranks)))

    def answers(self, question: Question) -> Values:
        from scipy.special import ndtr

        seen = self.score(question) + self.error * question.noise(self.stable)
        spread = np.sqrt(1 + self.error**2)
        return np.searchsorted(np.cumsum(self.shares)[:-1], ndtr(seen / spread), side="right").astype(float)

    @property
    def scale(self) -> str:
        return ", ".join(f"{number} {name}" for number, name in enumerate(self.names))

    @property
    def reporting(self) -> str:
        return f"error of {self.error:g} SD of the rank"


def share_of_others(world: State, rows: Rows) -> Values:
    """(rows,) share of the residents of the own neighbourhood who are not of the own group."""
    people = world.people
    area = world.place.of_role("neighbourhood").area_of_output_area[people.output_area]
    active: NDArray[np.bool_] = people.active
    number = np.zeros((int(area.max()) + 1, people.groups))
    np.add.at(number, (area[active], people.group[active]), 1.0)
    here = number[area[rows]]
    own = here[np.arange(rows.size), people.group[rows]]
    return np.asarray(1.0 - own / np.maximum(here.sum(axis=1), 1.0))
