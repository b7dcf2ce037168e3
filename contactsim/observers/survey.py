"""A simulated survey of residents aged 16 and over: their answers, and the true values next to them.

The sample is drawn by identifier, so two waves have the same respondents (those who have left are missing from the
second, and residents who have turned 16 can enter it). Answers contain noise: with reliability r its SD is sqrt((1 -
r) / r) times the SD of the true values among all eligible residents (for attitudes, of those towards all others).
There is no question about all others together: that value is the mean of the answers on each group, weighted by size.
Answers on frequency refer to recent weeks as remembered (psychology.recall). A survey never changes the world.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from contactsim.draws import Decision, name_key, normals, stream, uniforms
from contactsim.observers.base import Observer
from contactsim.parameters import Survey
from contactsim.residents import SURVEY_AGE, attitude_to_others
from contactsim.state import State

ALL_OTHERS = "all others"
#: Lower limits in meetings a week of the answers 2, 3, 4 and 5 on the frequency scale (assumed): once a year, once a
#: month, once a week, most days.
CUT_POINTS = (1 / 52, 12 / 52, 1.0, 3.5)
FREQUENCIES = ("never", "less than monthly", "monthly", "weekly", "most days")
#: Scales with one answer for each respondent; attitude has one for each target.
SCALES = ("anxiety", "threat", "belonging")
LOWEST = {"attitude": -1.0, "anxiety": 0.0, "threat": 0.0, "belonging": 0.0}
HIGHEST = 1.0

UNITS = {
    "week": "weeks since the burn-in ended, at the time of the survey",
    "resident": "identifier", "group": "own group", "age": "years", "sex": "female or male",
    "weight": "residents aged 16 and over whom the respondent represents",
    "target": f"group that the question is about, or {ALL_OTHERS}",
    "attitude": "answer, -1 to 1", "attitude_true": "true value, -1 to 1",
    "positive_frequency": "answer, 1 never to 5 most days",
    "negative_frequency": "answer, 1 never to 5 most days",
    "positive_true": "positive meetings a week, recent weeks",
    "negative_true": "negative meetings a week, recent weeks",
    "friends": "friends in the target group, 2 stands for two or more",
    "anxiety": "answer, 0 to 1", "anxiety_true": "true value, 0 to 1",
    "threat": "answer, 0 to 1", "threat_true": "true value, 0 to 1",
    "belonging": "answer, 0 to 1", "belonging_true": "true value, 0 to 1",
}


class SurveyWaves(Observer):
    """Surveys a sample of residents before the first week and after given numbers of weeks.

    Args:
        parameters: size of the sample, nonresponse and reliability.
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


def survey(world: State, parameters: Survey) -> pd.DataFrame:
    """One row for each respondent and target (each other group, and all others together).

    Columns are those of :data:`UNITS` and ``area_<level>``, the codes of the respondent's areas. Columns that end in
    ``_true`` are true values, which no real survey has. ``weight`` adds up to the group's residents.
    """
    people, groups = world.people, world.place.groups
    eligible = np.flatnonzero(people.active & (people.age >= SURVEY_AGE))
    rows = _respondents(world, eligible, parameters)
    if not rows.size:
        return pd.DataFrame({name: pd.Series(dtype=float) for name in UNITS})
    own = people.group[rows]
    one: dict[str, object] = {
        "week": np.full(rows.size, world.clock, np.int32), "resident": people.uid[rows],
        "group": _category(own, groups), "age": people.age[rows],
        "sex": _category(people.sex[rows], ("female", "male")), **_areas(world, rows),
        "weight": _weights(people.group[eligible], own, len(groups))}
    for name in SCALES:
        values = people.column(name)
        one[f"{name}_true"] = values[rows]
        one[name] = _answer(world, parameters, name, "", rows, values[rows], float(values[eligible].std()))
    spread = float(attitude_to_others(people, world.weights, eligible).std())
    respondents = pd.DataFrame(one)
    parts = []
    targets = (*groups, ALL_OTHERS)
    for h, target in enumerate(targets):
        foreign = own != h
        part = respondents[foreign].assign(**_about(world, parameters, rows[foreign], h, target, spread))
        parts.append(part.assign(target=_category(np.full(len(part), h), targets)))
    table = pd.concat(parts, ignore_index=True).sort_values(["resident", "target"], ignore_index=True)
    places = [name for name in table if name.startswith("area_")]
    order = [name for name in UNITS if name in table]
    return table[order[:5] + places + order[5:]]


def _respondents(world: State, eligible: NDArray[np.intp], parameters: Survey) -> NDArray[np.intp]:
    """Rows of the sampled residents who answer, ordered by identifier."""
    uid = world.people.uid[eligible]
    rank = uniforms(stream(world.seed, Decision.SURVEY), uid)
    silence = uniforms(stream(world.seed, Decision.SURVEY, name_key("answers")), uid)
    sampled = np.zeros(eligible.size, bool)
    sampled[np.argsort(rank, kind="stable")[:parameters.size]] = True
    chosen = eligible[sampled & (silence >= parameters.nonresponse)]
    return chosen[np.argsort(world.people.uid[chosen], kind="stable")]


def _weights(eligible: NDArray[np.uint8], respondents: NDArray[np.uint8], groups: int) -> NDArray[np.float64]:
    answers = np.maximum(np.bincount(respondents, minlength=groups), 1)
    return np.asarray((np.bincount(eligible, minlength=groups) / answers)[respondents])


def _category(codes: NDArray[np.integer], names: Sequence[str]) -> pd.Categorical[str]:
    return pd.Categorical.from_codes(codes.astype(np.int64), pd.Index(list(names)))


def _areas(world: State, rows: NDArray[np.intp]) -> dict[str, pd.Categorical[str]]:
    people = world.people
    output_area = people.output_area_of_dwelling[people.dwelling[people.household[rows]]]
    return {f"area_{level.name}": _category(level.area_of_output_area[output_area], level.codes)
            for level in world.place.levels if len(set(level.codes)) == level.areas}


def _about(world: State, parameters: Survey, rows: NDArray[np.intp], h: int, target: str,
           spread: float) -> dict[str, NDArray[np.generic]]:
    """Answers about group ``h``, or about all others if ``h`` is the number of groups."""
    people = world.people
    if h < people.groups:
        attitude = people.attitude[rows, h]
        answer = _answer(world, parameters, "attitude", target, rows, attitude, spread)
        positive, negative = people.recent_positive[rows, h], people.recent_negative[rows, h]
    else:
        weights = world.weights[people.group[rows]]
        attitude = attitude_to_others(people, world.weights, rows)
        answers = [_answer(world, parameters, "attitude", name, rows, people.attitude[rows, k], spread)
                    for k, name in enumerate(world.place.groups)]
        answer = (weights * np.column_stack(answers)).sum(axis=1)
        foreign = np.arange(people.groups) != people.group[rows, None]
        positive, negative = ((column[rows] * foreign).sum(axis=1)
                              for column in (people.recent_positive, people.recent_negative))
    ties = people.ties[rows]
    group = np.where(ties >= 0, people.group[ties], people.group[rows, None])
    friends = (group == h) if h < people.groups else (group != people.group[rows, None])
    return {"attitude": answer, "attitude_true": attitude,
            "positive_frequency": frequency(positive), "negative_frequency": frequency(negative),
            "positive_true": positive, "negative_true": negative,
            "friends": np.minimum(friends.sum(axis=1), 2).astype(np.int8)}


def frequency(meetings: NDArray[np.float64]) -> NDArray[np.int8]:
    """Meetings a week as an answer from 1 (never) to 5 (most days)."""
    return (1 + np.searchsorted(CUT_POINTS, meetings, side="right")).astype(np.int8)


def _answer(world: State, parameters: Survey, scale: str, target: str, rows: NDArray[np.intp],
             true: NDArray[np.float64], spread: float) -> NDArray[np.float64]:
    """The true values plus noise (drawn for each wave, scale, target and person), limited to the scale."""
    noise = spread * np.sqrt((1 - parameters.reliability) / parameters.reliability)
    base = world.base(Decision.SURVEY, f"{scale}/{target}")
    return np.clip(true + noise * normals(base, world.people.uid[rows]), LOWEST[scale], HIGHEST)
