"""The world as a Mesa model.

Everything that knows Mesa is here and in :mod:`contactsim.agents`; the world itself has arrays and a clock
of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from mesa.datacollection import DataCollector

from contactsim.actions import build
from contactsim.agents import ColumnModel
from contactsim.errors import UserError
from contactsim.history import History, lived_world
from contactsim.observers.weekly import BY_GROUP, BY_TARGET, of_all_others
from contactsim.parameters import ModelParameters
from contactsim.place import Place
from contactsim.world import World


class NeighbourhoodModel(ColumnModel):
    """Residents of a place who meet week by week.

    ``model.step()`` lives a week (:meth:`contactsim.world.World.step` says in which order), ``model.agents``
    are the residents as columns, and ``model.datacollector.get_model_vars_dataframe()`` has a row a week with
    each group's measures towards all others. ``model.random`` and ``model.rng`` exist as in any Mesa model;
    the model never draws from them, since its draws are keyed (docs/reproducibility.md).

    Args:
        place: who lives where.
        parameters: residents, settings, psychology and scenario.
        seed: an integer; fixes every bit of the run.
        threads: for the kernels (None: all processors); never changes a result.

    Raises:
        UserError: for a seed that is no integer.
    """

    def __init__(self, place: Place, parameters: ModelParameters, seed: int = 0,
                 threads: int | None = None) -> None:
        if isinstance(seed, bool) or not isinstance(seed, int):
            raise UserError(f"seed={seed!r} must be an integer.")
        super().__init__(seed=seed)
        self.world: World
        self.history: History
        self.world, self.history = lived_world(place, parameters, seed, threads)
        self.residents = self.world.people
        self._latest: dict[str, float] = {}
        reporters = {name: _reporter(name) for name in self._measures()}
        self.datacollector = DataCollector(model_reporters=reporters)

    @classmethod
    def from_config(cls, *overrides: str, seed: int | None = None, threads: int | None = None) -> NeighbourhoodModel:
        """A model from Hydra overrides, as on the command line: ``from_config("place=bradford", seed=7)``."""
        from contactsim.config import compose
        from contactsim.place import load_place

        chosen = list(overrides) if seed is None else [*overrides, f"seed={seed}"]
        config = compose(chosen)
        place = load_place(config.place)
        actions = build(config.actions, place, config.parameters)
        model = cls(place, config.parameters, config.seed, threads)
        model.world.actions = list(actions)
        return model

    @property
    def place(self) -> Place:
        """Who lived where at the start."""
        return self.world.place

    @property
    def week(self) -> int:
        """The week that the next step lives."""
        return self.world.clock

    def step(self) -> None:
        """Live one week and record it."""
        self.world.step()
        self._latest = of_all_others(self.world.record[-1], self.place.groups)
        self.datacollector.collect(self)

    def weekly(self) -> pd.DataFrame:
        """All measures of all weeks as a tidy table: week, measure, group, target, value."""
        return self.world.weekly()

    def _measures(self) -> list[str]:
        groups = len(self.place.groups)
        blank = np.zeros((groups, groups + 1, len(BY_TARGET))), np.zeros((groups, len(BY_GROUP)))
        return list(of_all_others(blank, self.place.groups))


def _reporter(name: str) -> Any:
    return lambda model: model._latest[name]
