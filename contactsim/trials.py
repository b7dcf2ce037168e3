"""Randomised trials inside a world: mixed teams and mixed rooms against random controls.

Trials measure what hours of contact do to attitudes where nobody chooses them. Repeating such a trial inside the model
serves two purposes: its effect can be compared with those of real trials, and it shows what randomisation is good for.
A trial has two parts that know nothing of each other: the companies, which meet (an action, so that the ordinary rules
of meetings, displacement, familiarity and learning apply), and the reading (an observer, which asks the survey's item).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from contactsim.actions.familiarity import HoursTogether
from contactsim.draws import Decision, name_key, stream, uniforms
from contactsim.encounters.session import Session
from contactsim.errors import UserError
from contactsim.instruments.catalogue import ask, shipped
from contactsim.instruments.states import Rating
from contactsim.observers.base import Observer
from contactsim.parameters import Conditions, Section, parameter
from contactsim.state import State
from contactsim.world import World

Rows = NDArray[np.intp]
#: Conditions of a company whose members did not choose each other but have something to do together (assumed).
TOGETHER = Conditions(closeness=0.5, avoidability=0.0, equal_status=0.7, common_goals=0.6, cooperation=0.6, support=0.6)


class Trial(Section):
    """A trial: companies of so many members, who meet for some weeks, and the week in which all are asked.

    Fields: ``title``; ``majority`` and ``minority`` (members of each company); ``weeks`` for which a company meets,
    ``hours`` a week (0.1 to 168) and ``encounters`` of each member in a week; ``read`` (weeks from the start to the
    reading); ``ages`` (first and last year of age of those who take part); ``share`` of the minority who take part at
    most (0.01 to 1); ``conditions`` of the meetings (Allport's, as for a setting).
    """

    title: str = Field(description="what is tried")
    majority: int = parameter(1, 1, 100, "people", "assumed", "of the first group in each company")
    minority: int = parameter(1, 1, 100, "people", "assumed", "of other groups in each company")
    weeks: int = parameter(1, 1, 520, "weeks", "assumed", "for which a company meets")
    hours: float = parameter(1.0, 0.1, 168, "hours", "assumed", "a week, in place of as many hours of other contact")
    encounters: int = parameter(1, 1, 20, "encounters", "assumed", "of each member in a week")
    read: int = parameter(1, 1, 5200, "weeks", "assumed", "from the start to the reading")
    ages: tuple[int, int] = Field(default=(16, 39), description="first and last year of age of those who take part")
    share: float = parameter(0.5, 0.01, 1, "share", "assumed", "of the minority who take part at most")
    conditions: Conditions = TOGETHER


#: The two trials that targets are stated for (T20, T19): sixty hours in a team, and a year in one room.
TRIALS: dict[str, Trial] = {
    "team": Trial(title="mixed teams of twelve, sixty hours", majority=8, minority=4, weeks=15, hours=4.0, encounters=4,
                  read=28),
    "room": Trial(title="mixed pairs in one room, a year", majority=1, minority=1, weeks=40, hours=20.0, encounters=2,
                  read=42)}


@dataclass(frozen=True)
class Assignment:
    """Who was drawn for what."""

    companies: dict[str, NDArray[np.int32]]
    """by trial: (companies, members) rows, members of the first group first"""
    controls: Rows
    """members of the first group of the same ages in no company"""

    def treated(self, name: str, trial: Trial) -> Rows:
        """(companies * majority,) rows of the first group in the companies of a trial, company by company."""
        return self.companies[name][:, :trial.majority].ravel().astype(np.intp)


def assign(world: State, trials: Mapping[str, Trial]) -> Assignment:
    """Draw the companies of all trials, each person into one at most; half of the majority or more are controls.

    Raises UserError if a trial gets fewer than two companies, or ages differ.
    """
    ages = {trial.ages for trial in trials.values()}
    if len(ages) != 1:
        raise UserError(f"trials have the ages {sorted(ages)}: those that share controls must have the same ages.")
    (first, last), = ages
    people = world.people
    able = people.active & (people.age >= first) & (people.age < last + 1)
    lot = uniforms(stream(world.seed, Decision.RECRUITED, name_key("trials", "assignment")), people.uid)
    queues = [rows[np.argsort(lot[rows], kind="stable")] for rows in (
        np.flatnonzero(able & (people.group == 0)), np.flatnonzero(able & (people.group > 0)))]
    sizes, taken = [queue.size for queue in queues], [0, 0]
    companies = {}
    for name, trial in trials.items():
        most = (int(sizes[0] / (2 * len(trials))) // trial.majority, int(sizes[1] * trial.share) // trial.minority,
                (sizes[1] - taken[1]) // trial.minority)
        number = min(most)
        if number < 2:
            raise UserError(f"the trial '{name}' needs two companies of {trial.majority} and {trial.minority} people "
                            f"aged {first} to {last}: this place has {sizes[0]:,} of the first group and {sizes[1]:,} "
                            f"of others.")
        parts = []
        for side, each in enumerate((trial.majority, trial.minority)):
            chosen = queues[side][taken[side]:taken[side] + number * each]
            parts.append(chosen.reshape(number, each))
            taken[side] += number * each
        companies[name] = np.hstack(parts).astype(np.int32)
    return Assignment(companies, queues[0][taken[0]:])


class Companies:
    """The companies of a trial: an action that holds one session a week.

    Args:
        name: of the trial; keys its draws.
        trial: how often and how long the companies meet.
        rows: (companies, members).
        world: in its first week; members who leave are not replaced.
    """

    def __init__(self, name: str, trial: Trial, rows: NDArray[np.int32], world: State) -> None:
        self.name, self.trial, self._rows, self._first = f"trial {name}", trial, rows.ravel(), world.clock
        self._uid = world.people.uid[self._rows].copy()
        self._start = np.arange(rows.shape[0] + 1, dtype=np.int64) * rows.shape[1]
        self._together = HoursTogether()

    def week(self, world: State) -> None:
        """Hold this week's session, if it is one of the trial's weeks."""
        trial, people = self.trial, world.people
        if not 0 <= world.clock - self._first < trial.weeks:
            return
        here = people.active[self._rows] & (people.uid[self._rows] == self._uid)
        occupant = np.where(here, self._rows, -1).astype(np.int32)
        before = self._together.seats(people.uid, occupant)
        self._together.add(self._uid[here], trial.hours)
        session = Session(
            self.name, self._start, occupant, trial.conditions, trial.encounters, trial.hours, before)
        world.convene(session, displaces=None)


class TrialReading(Observer):
    """Asks members and controls for their attitude at the start and in each trial's week of reading.

    Args:
        trials: by name.
        assignment: who is in which company.
        name: of the instrument.
        instrument: the rating that is asked.
    """

    def __init__(self, trials: Mapping[str, Trial], assignment: Assignment, name: str, instrument: Rating) -> None:
        self.trials, self.assignment, self.name, self.instrument = trials, assignment, name, instrument
        self._then: dict[int, NDArray[np.float64]] = {}

    def begin(self, world: State) -> None:
        """Take the first reading of everybody."""
        self._start, self._uid = world.clock, world.people.uid.copy()
        self._then = {0: self._read(world)}
        everybody = np.flatnonzero(self.instrument.asked(world) & (world.people.group == 0))
        self.spread = float(np.nanstd(self._then[0][0][everybody]))

    def look(self, world: State) -> None:
        """Take another reading if one is due."""
        week = world.clock - self._start
        if any(week == trial.read for trial in self.trials.values()):
            self._then[week] = self._read(world)

    def result(self) -> pd.DataFrame:
        """One row for each trial that has been read (see :func:`run`)."""
        read = {name: trial for name, trial in self.trials.items() if trial.read in self._then}
        return pd.DataFrame([self._effect(name, trial) for name, trial in read.items()])

    def _read(self, world: State) -> NDArray[np.float64]:
        """(2, N) answers and true attitudes in points of the scale; nan where somebody else lives by now."""
        rows = np.flatnonzero(world.people.active & (world.people.uid == self._uid))
        found = np.full((2, len(world.people)), np.nan)
        found[0, rows] = ask(world, rows, {self.name: self.instrument})[self.name]
        found[1, rows] = self.instrument.true(world, rows)
        return found

    def _effect(self, name: str, trial: Trial) -> dict[str, object]:
        treated, controls = self.assignment.treated(name, trial), self.assignment.controls
        before, after = self._then[0], self._then[trial.read]
        found: dict[str, object] = {"trial": name, "companies": self.assignment.companies[name].shape[0]}
        for prefix, k in (("", 0), ("true_", 1)):
            change, start = (after[k] - before[k]) / self.spread, before[k] / self.spread
            adjusted = change - _slope([(start[rows], change[rows]) for rows in (treated, controls)]) * start
            members, others = adjusted[treated], adjusted[controls]
            of_company = members.reshape(-1, trial.majority)
            if prefix == "":
                found |= {"treated": int(np.isfinite(members).sum()), "controls": int(np.isfinite(others).sum())}
            found |= {f"{prefix}effect": np.nanmean(members) - np.nanmean(others),
                      f"{prefix}standard_error": np.hypot(_error(of_company), _error(others[:, None]))}
        gap = before[0, treated].mean() - before[0, controls].mean()
        return found | {"before": gap / self.spread}


def _slope(arms: list[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> float:
    """Slope of the second on the first of each pair of (n,) values, pooled within arms; nan is left out."""
    both = square = 0.0
    for x, y in arms:
        there = np.isfinite(x) & np.isfinite(y)
        off = x[there] - x[there].mean()
        both, square = both + float((off * y[there]).sum()), square + float((off**2).sum())
    return both / square if square > 0 else 0.0


def _error(values: NDArray[np.float64]) -> float:
    """Standard error of the mean of (clusters, members) values, nan for those who have left."""
    total, number = np.nansum(values, axis=1), np.isfinite(values).sum(axis=1)
    off = total - number * np.nansum(values) / max(number.sum(), 1)
    used = max(int((number > 0).sum()), 2)
    return float(np.sqrt(used / (used - 1) * (off**2).sum()) / max(number.sum(), 1))


def run(world: World, trials: Mapping[str, Trial] = TRIALS, instrument: str = "attitude") -> pd.DataFrame:
    """Run trials side by side in a world, from its present week to the last reading.

    Args:
        world: as it is now; it is simulated on, and has the companies as further actions meanwhile.
        trials: by name; each person takes part in one at most.
        instrument: name of a shipped rating (docs/instruments.md).

    Returns one row for each trial: ``trial``, ``companies``, ``treated`` and ``controls`` (majority members read
    twice), ``effect`` (mean change of the treated minus that of the controls, adjusted for the first answer by analysis
    of covariance, in standard deviations of the majority's answers) with its ``standard_error`` (clustered by company),
    the same of true attitudes (``true_effect``, ``true_standard_error``), and ``before`` (difference of the two at the
    start, in the same unit).

    Raises UserError if the place has too few people for a trial, or the item is no rating.
    """
    item = shipped().get(instrument)
    if not isinstance(item, Rating):
        ratings = ", ".join(name for name, one in shipped().items() if isinstance(one, Rating))
        raise UserError(f"instrument={instrument} is no rating that a trial can read: allowed are {ratings}.")
    assignment = assign(world, trials)
    reading = TrialReading(trials, assignment, instrument, item)
    companies = [Companies(name, trial, assignment.companies[name], world) for name, trial in trials.items()]
    world.actions.extend(companies)
    world.observe(reading)
    for _ in range(max(trial.read for trial in trials.values())):
        world.step()
    for company in companies:
        world.actions.remove(company)
    world.observers.remove(reading)
    return reading.result()
