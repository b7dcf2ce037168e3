"""What a replay reads off a world: the majority's adults, one array an observation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from contactsim.draws import Decision, stream, uniforms
from contactsim.encounters.tables import NEGATIVE, POSITIVE
from contactsim.history import lived_world
from contactsim.observers.panel import Panel
from contactsim.parameters import ModelParameters
from contactsim.place import Place
from contactsim.residents import SURVEY_AGE
from contactsim.world import World

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Observed:
    """Adults of the majority in one world, in the order of rows: the same people in every variant."""

    start: Array
    """attitude to all others at week 0"""
    middle: Array
    """... after the first half"""
    end: Array
    """... at the end"""
    positive: tuple[Array, Array]
    """positive meetings a week with others, in the first and the second half"""
    negative: tuple[Array, Array]
    """negative ones"""
    lot: Array
    """a keyed number in [0, 1) that decides between equals"""
    summary: dict[str, float]
    """figures of the place as a whole, for the table of readings"""


def observe(place: Place, parameters: ModelParameters, seed: int, weeks: int) -> Observed:
    """Live ``weeks`` weeks after the history and read the majority's adults."""
    world, history = lived_world(place, parameters, seed, threads=1)
    people = world.people
    panel = Panel({weeks // 2, weeks}, ["attitude"], count=True)
    adults = people.active & (people.age >= SURVEY_AGE)
    rows = np.flatnonzero(adults & (people.group == 0))
    world.observe(panel)
    for _ in range(weeks):
        world.step()
    half = weeks // 2
    start, middle, end = (panel.waves[week]["attitude"][rows] for week in (0, half, weeks))
    counts = [[panel.meetings[week][rows, 1:, what].sum(axis=1) / span
               for week, span in ((half, half), (weeks, weeks - half))] for what in (POSITIVE, NEGATIVE)]
    minority = np.flatnonzero(adults & (people.group > 0))
    theirs = panel.waves[weeks]["attitude"][minority]
    summary = {
        "history_weeks": history.weeks, "history_flat": float(history.flat),
        "majority": rows.shape[0], "minority": minority.shape[0],
        "positive": counts[0][1].mean(), "negative": counts[1][1].mean(),
        "attitude": end.mean(), "spread": end.std(), "bimodality": sarle(end),
        "spread_between_areas": _between(world, rows, end),
        "with_friend": float(np.mean(people.friend_groups[rows] >> 1 > 0)),
        "minority_attitude": theirs.mean(), "minority_spread": theirs.std(),
    }
    lot = uniforms(stream(seed, Decision.SURVEY), people.uid[rows])
    return Observed(start, middle, end, (counts[0][0], counts[0][1]), (counts[1][0], counts[1][1]), lot,
                    {k: float(v) for k, v in summary.items()})


def sarle(x: Array) -> float:
    """Sarle's bimodality coefficient with the sample correction; about 5/9 for a uniform distribution.

    Source: the definition in SAS; (skewness^2 + 1) / (excess kurtosis + 3 (n-1)^2 / ((n-2)(n-3))).
    """
    n = x.shape[0]
    if n < 4 or x.std() == 0.0:
        return float("nan")
    skew, kurtosis = stats.skew(x, bias=False), stats.kurtosis(x, bias=False)
    return float((skew**2 + 1) / (kurtosis + 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))))


def _between(world: World, rows: NDArray[np.intp], values: Array) -> float:
    """Share of the variance that lies between neighbourhoods."""
    street = world.settings["street"]
    area = np.searchsorted(street.partitions["neighbourhood"].start, street.seat[rows], side="right") - 1
    n = np.bincount(area)
    means = np.bincount(area, weights=values) / np.maximum(n, 1)
    return float(np.sum(n * (means - values.mean()) ** 2) / max(np.sum((values - values.mean()) ** 2), 1e-300))
