"""Items on contact: how often people meet others out and about, how good that is, and the episodes they recall."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from contactsim.instruments.base import Categories, Instrument, Rows, Values, rounded
from contactsim.parameters import parameter

if TYPE_CHECKING:
    from contactsim.instruments.question import Question
    from contactsim.state import State

#: Days of a month, as the item on frequency counts them.
MONTH = 30.0


class ContactFrequency(Instrument):
    """How often somebody has contact with members of other groups out and about, on average over about a year.

    A person notices ``seen`` contacts for each encounter of the model (declined ones count, for the question is about
    contact of any kind) and reports it with a lognormal error: r = seen * encounters / 7 * exp(spread * z) a day. The
    days of a month with at least one are 30 (1 - exp(-r)).
    """

    MEASURES = ("public_contact",)

    seen: float = parameter(9.0, 0, 1000, "contacts per encounter", "calibrated", "noticed; a median over people")
    spread: float = parameter(1.9, 0, 10, "log units", "calibrated", "standard deviation of the reported frequency")
    categories: Categories = Field(description="answers, with their lower limits in days a month")

    def true(self, world: State, rows: Rows) -> Values:
        """(rows,) encounters with others out and about a week, over about a year."""
        return world.people.public_contact[rows].astype(float)

    def days(self, question: Question) -> Values:
        """(rows,) days a month with contact, as reported."""
        encounters = self.true(question.world, question.rows)
        a_day = self.seen * encounters / 7.0 * np.exp(self.spread * question.noise(self.stable))
        return np.asarray(MONTH * (1.0 - np.exp(-a_day)))

    def answers(self, question: Question) -> Values:
        return self.categories.of(self.days(question))

    @property
    def scale(self) -> str:
        return str(self.categories)

    @property
    def reporting(self) -> str:
        return f"factor with a log SD of {self.spread:g}; {self.seen:g} contacts noticed per encounter"


class ContactValence(Instrument):
    """How bad or good contact out and about is in general.

    The balance of a person's encounters, b = (good - bad + prior * mean) / (all + prior) over a year, is drawn towards
    the mean of all who could be asked, since few encounters say little. The answer is middle + gain * b + noise.
    """

    MEASURES = ("public_balance",)

    low: int = parameter(0, -100, 100, "points", "assumed", "lowest answer")
    high: int = parameter(10, -100, 100, "points", "assumed", "highest answer")
    gain: float = parameter(4.3, 0, 100, "points", "calibrated", "from a balance of 0 to one of 1 (all good)")
    prior: float = parameter(2.0, 0.001, 1000, "encounters", "assumed", "weight of the mean balance in a person's own")
    noise: float = parameter(1.3, 0, 100, "points", "assumed", "standard deviation of reporting noise")
    heap: float = parameter(1.0, 0, 100, "points", "assumed", "answers closer than this to the middle are the middle")

    def true(self, world: State, rows: Rows) -> Values:
        """(rows,) the balance of encounters, -1 to 1."""
        from contactsim.residents import WEEKS_A_YEAR

        people, asked = world.people, self.asked(world)
        contact, balance = (WEEKS_A_YEAR * column.astype(float) for column in (
            people.public_contact, people.public_balance))
        mean = balance[asked].sum() / max(contact[asked].sum(), 1e-9)
        return np.asarray((balance[rows] + self.prior * mean) / (contact[rows] + self.prior))

    def answers(self, question: Question) -> Values:
        off = self.gain * self.true(question.world, question.rows) + self.noise * question.noise(self.stable)
        middle = (self.low + self.high) / 2
        return rounded(np.where(np.abs(off) < self.heap, middle, middle + off), self.low, self.high)

    @property
    def scale(self) -> str:
        return f"{self.low} to {self.high}"

    @property
    def reporting(self) -> str:
        return f"SD {self.noise:g}; less than {self.heap:g} from the middle counts as the middle; gain {self.gain:g}"


class Episodes(Instrument):
    """How many good or bad meetings with members of other groups somebody recalls of recent weeks.

    The number is a Poisson draw around the remembered meetings of ``weeks`` weeks, times the share ``recalled`` and a
    lognormal factor of the person with mean 1.
    """

    MEASURES = ("positive_episodes", "negative_episodes")

    measures: Literal["positive_episodes", "negative_episodes"]
    weeks: float = parameter(4.0, 0.1, 520, "weeks", "assumed", "that the question is about")
    recalled: float = parameter(0.5, 0, 1, "share", "assumed", "of meetings that come to mind")
    spread: float = parameter(0.5, 0, 10, "log units", "assumed", "standard deviation of how much people recall")
    most: int = parameter(20, 1, 1000, "episodes", "assumed", "largest answer")

    def true(self, world: State, rows: Rows) -> Values:
        """(rows,) remembered meetings of the kind with all other groups, a week."""
        people = world.people
        column = people.recent_positive if self.measures == "positive_episodes" else people.recent_negative
        return np.asarray(column[rows].sum(axis=1, dtype=float))

    def answers(self, question: Question) -> Values:
        from scipy.special import pdtr

        mean = self.recalled * self.weeks * self.true(question.world, question.rows)
        mean *= np.exp(self.spread * question.noise(self.stable) - self.spread**2 / 2)
        below: Any = pdtr(np.arange(self.most), mean[:, None])
        return np.asarray((question.uniform()[:, None] >= below).sum(axis=1), float)

    @property
    def scale(self) -> str:
        return f"0 to {self.most} episodes"

    @property
    def reporting(self) -> str:
        return f"Poisson; factor with a log SD of {self.spread:g}; {self.recalled:g} of meetings recalled"
