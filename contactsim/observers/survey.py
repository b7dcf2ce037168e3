"""A simulated survey: answers to the items of a questionnaire, and the true states next to them.

The sample is drawn by identifier, so two waves have the same respondents (those who have left are missing from the
second, and residents who have turned 16 can enter it). What is asked, of whom and with which noise is in the
instruments (:mod:`contactsim.instruments`). A survey never changes the world.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from contactsim.draws import Decision, name_key, stream, uniforms
from contactsim.errors import UserError, nearest
from contactsim.instruments.base import Instrument, Instruments, Rows
from contactsim.instruments.catalogue import TRUE, ask, shipped
from contactsim.instruments.questionnaire import AREA, UNITS, Survey
from contactsim.instruments.states import RATED, share_of_others
from contactsim.observers.base import Observer
from contactsim.residents import SURVEY_AGE
from contactsim.state import State


def _column(name: str) -> Callable[[State, Rows], NDArray[Any]]:
    return lambda world, rows: world.people.column(name)[rows]


def _all_groups(name: str) -> Callable[[State, Rows], NDArray[Any]]:
    return lambda world, rows: world.people.column(name)[rows].sum(axis=1, dtype=float)


#: True states next to the answers, in columns that end in ``_true``: a function of state and rows, and the unit.
STATES: dict[str, tuple[Callable[[State, Rows], NDArray[Any]], str]] = {
    "attitude": (RATED["attitude"][0], "attitude to all other groups, with the feeling of the moment, -1 to 1"),
    **{name: (_column(name), "0 to 1") for name in ("anxiety", "threat", "belonging", "engagement")},
    "positive": (_all_groups("recent_positive"), "positive meetings a week, recent weeks"),
    "negative": (_all_groups("recent_negative"), "negative meetings a week, recent weeks"),
    "public_contact": (_column("public_contact"), "encounters with others out and about a week, about a year"),
    "public_balance": (_column("public_balance"), "positive minus negative ones among them"),
    "friends": (_column("friends"), "friends"), "cross_friends": (_column("cross_friends"), "friends in other groups"),
    "others": (share_of_others, "share of other groups in the neighbourhood")}


class SurveyWaves(Observer):
    """Surveys a sample of residents before the first week and after given numbers of weeks.

    Args:
        parameters: size of the sample, nonresponse and instruments.
        weeks: numbers of weeks after which there is another wave.
    """

    def __init__(self, parameters: Survey, weeks: Iterable[int]) -> None:
        self.parameters, self.weeks = parameters, frozenset(weeks)
        self.waves: list[pd.DataFrame] = []

    def begin(self, world: State) -> None:
        """Take the first wave."""
        self._start = world.clock
        self.waves = [survey(world, self.parameters)]

    def look(self, world: State) -> None:
        """Take another wave if one is due."""
        if world.clock - self._start in self.weeks:
            self.waves.append(survey(world, self.parameters))

    def result(self) -> pd.DataFrame:
        """All waves in one table (see :func:`survey`)."""
        return pd.concat(self.waves, ignore_index=True)


class Interview(Observer):
    """Puts any instruments to the same residents in any weeks.

    Args:
        instruments: by name, or names of shipped ones (see docs/instruments.md).
        rows: rows of those who are asked (None: everybody to whom one of the items is put, at the start).
        weeks: numbers of weeks after which they are asked; 0 for the start.
        true: whether a column ``<item>_true`` gives the state that each item measures (see its class).

    Raises UserError for an unknown name.
    """

    def __init__(self, instruments: Instruments | Iterable[str], rows: Rows | None = None,
                 weeks: Iterable[int] = (0,), true: bool = False) -> None:
        self.instruments, self.rows, self.weeks = chosen(instruments), rows, frozenset(weeks)
        self.true = true
        self.waves: list[pd.DataFrame] = []

    def begin(self, world: State) -> None:
        """Choose those who are asked, and ask them if the start is among the weeks."""
        if self.rows is None:
            self.rows = np.flatnonzero(np.any([one.asked(world) for one in self.instruments.values()], axis=0))
        self._start, self._uid = world.clock, world.people.uid[self.rows].copy()
        self.waves = []
        self.look(world)

    def look(self, world: State) -> None:
        """Ask those who still live here, if it is time."""
        if world.clock - self._start in self.weeks and self.rows is not None:
            here = self.rows[world.people.active[self.rows] & (world.people.uid[self.rows] == self._uid)]
            states = {f"{name}{TRUE}": one.true(world, here) for name, one in self.instruments.items() if self.true}
            self.waves.append(pd.DataFrame({
                "week": np.full(here.size, world.clock, np.int32), "resident": world.people.uid[here],
                **ask(world, here, self.instruments), **states}))

    def result(self) -> pd.DataFrame:
        """A table of week, resident and a column of answers for each item (nan: not asked)."""
        return pd.concat(self.waves, ignore_index=True) if self.waves else pd.DataFrame(
            columns=["week", "resident", *self.instruments])


def chosen(instruments: Instruments | Iterable[str]) -> dict[str, Instrument]:
    """Instruments as they are, or shipped ones by name with the items that they follow. Raises UserError."""
    if isinstance(instruments, Mapping):
        return dict(instruments)
    known, names = shipped(), list(instruments)
    for name in names:
        if name not in known:
            raise UserError(f"instruments={name} is no item: allowed are {', '.join(known)}.{nearest(name, known)}")
    needed = {*names, *(after for name in names if (after := known[name].after) is not None)}
    return {name: one for name, one in known.items() if name in needed}


def survey(world: State, parameters: Survey) -> pd.DataFrame:
    """One row for each respondent, with columns of :data:`UNITS` and ``area_<level>`` (the codes of the own areas).

    Then follow the answers, a column for each instrument (nan for those to whom it is not put), and the true states
    that no real survey has, in columns that end in ``_true`` (:data:`STATES`). ``weight`` adds up to the group's
    residents.
    """
    people, groups = world.people, world.place.groups
    eligible = np.flatnonzero(people.active & (people.age >= SURVEY_AGE))
    rows = _respondents(world, eligible, parameters)
    if not rows.size:
        return pd.DataFrame({name: pd.Series(dtype=float) for name in units(parameters.instruments)})
    own = people.group[rows]
    return pd.DataFrame({
        "week": np.full(rows.size, world.clock, np.int32), "resident": people.uid[rows],
        "group": _category(own, groups), "age": people.age[rows],
        "sex": _category(people.sex[rows], ("female", "male")), **_areas(world, rows),
        "weight": _weights(people.group[eligible], own, len(groups)),
        **{name: answers.astype(np.float32) for name, answers in ask(world, rows, parameters.instruments).items()},
        **{f"{name}{TRUE}": read(world, rows) for name, (read, _) in STATES.items()}})


def units(instruments: Instruments) -> dict[str, str]:
    """Units of the columns of a survey with these instruments."""
    return {**UNITS, **{name: one.scale for name, one in instruments.items()},
            **{f"{name}{TRUE}": unit for name, (_, unit) in STATES.items()}}


def _respondents(world: State, eligible: NDArray[np.intp], parameters: Survey) -> NDArray[np.intp]:
    """Rows of the sampled residents who answer, ordered by identifier."""
    uid = world.people.uid[eligible]
    rank = uniforms(stream(world.seed, Decision.SURVEY), uid)
    silence = uniforms(stream(world.seed, Decision.SURVEY, name_key("answers")), uid)
    sampled = np.zeros(eligible.size, bool)
    sampled[np.argsort(rank, kind="stable")[:parameters.size]] = True
    respondents = eligible[sampled & (silence >= parameters.nonresponse)]
    return respondents[np.argsort(world.people.uid[respondents], kind="stable")]


def _weights(eligible: NDArray[np.uint8], respondents: NDArray[np.uint8], groups: int) -> NDArray[np.float64]:
    answers = np.maximum(np.bincount(respondents, minlength=groups), 1)
    return np.asarray((np.bincount(eligible, minlength=groups) / answers)[respondents])


def _category(codes: NDArray[np.integer], names: Sequence[str]) -> pd.Categorical[str]:
    return pd.Categorical.from_codes(codes.astype(np.int64), pd.Index(list(names)))


def _areas(world: State, rows: NDArray[np.intp]) -> dict[str, pd.Categorical[str]]:
    output_area = world.people.output_area[rows]
    return {f"{AREA}{level.name}": _category(level.area_of_output_area[output_area], level.codes)
            for level in world.place.levels if len(set(level.codes)) == level.areas}
