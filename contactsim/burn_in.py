"""The burn-in that residents have before week 0.

A burn-in of T weeks ends at week 0: everybody starts it T weeks younger, at rest, and lives it with the
scenario's events, moves, arrivals and departures left out. Children meet people from their fifth year on and
newcomers from their arrival, so what a resident has been through depends on age. Work, school and
membership are those of week 0 throughout (assumed). T is doubled until weekly means and spreads are stationary.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from contactsim.parameters import ModelParameters
from contactsim.place import Place
from contactsim.residents import WEEKS_A_YEAR
from contactsim.world import World

#: Weeks over which a burn-in must be stationary.
WINDOW = 26


@dataclass(frozen=True)
class BurnIn:
    """How a world came to its week 0."""

    weeks: int
    """weeks lived before week 0; 0 for none"""
    drift: float
    """largest change of a group's mean or spread of attitudes over the last half year, in SD"""
    stationary: bool
    """whether that is within the scenario's limit, chance for small groups allowed for"""


def world_after_burn_in(place: Place, parameters: ModelParameters, seed: int, threads: int | None = None,
                progress: Callable[[int, int], None] | None = None) -> tuple[World, BurnIn]:
    """A world at week 0 with the burn-in that the scenario asks for, and what that burn-in was.

    ``progress`` is called with (weeks lived, weeks of this burn-in).
    """
    scenario = parameters.scenario
    weeks = scenario.burn_in_min if scenario.burn_in else 0
    while True:
        world = World(place, parameters, seed, threads)
        if weeks == 0:
            return world, BurnIn(0, float("nan"), False)
        _live(world, weeks, progress)
        drift, stationary = drift_of(world, scenario.stationary)
        if stationary or 2 * weeks > scenario.burn_in_max:
            world.weekly_record.begin(world)
            return world, BurnIn(weeks, drift, stationary)
        weeks *= 2


def _live(world: World, weeks: int, progress: Callable[[int, int], None] | None) -> None:
    people = world.people
    world.clock = -weeks
    people.age -= weeks / WEEKS_A_YEAR
    people.arrived -= np.float32(weeks / WEEKS_A_YEAR)
    world.begin()
    for lived in range(weeks):
        world.step()
        if progress is not None:
            progress(lived + 1, weeks)


def drift_of(world: World, limit: float) -> tuple[float, bool]:
    """(largest drift in SD, whether stationary) of the groups' attitudes to all others over the last half year.

    A group of n people may drift by ``limit`` plus 2 / sqrt(n) SD: small groups move by chance.
    """
    if len(world.record) <= WINDOW:
        return float("inf"), False
    (then, _), (now, size) = world.record[-1 - WINDOW], world.record[-1]
    n_then, n = np.maximum(world.record[-1 - WINDOW][1][:, 0], 1), np.maximum(size[:, 0], 1)
    mean, mean_then = now[:, -1, 0] / n, then[:, -1, 0] / n_then
    sd = np.sqrt(np.maximum(now[:, -1, 1] / n - mean**2, 1e-12))
    sd_then = np.sqrt(np.maximum(then[:, -1, 1] / n_then - mean_then**2, 1e-12))
    drift = np.maximum(np.abs(mean - mean_then), np.abs(sd - sd_then)) / sd
    return float(drift.max()), bool(np.all(drift <= limit + 2 / np.sqrt(n)))
