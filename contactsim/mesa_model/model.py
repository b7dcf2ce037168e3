"""The world as a Mesa model.

Only :mod:`contactsim.mesa_model` uses Mesa; the world itself has its own arrays and clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from mesa.datacollection import DataCollector

from contactsim.actions import Action, ActionSection
from contactsim.actions.registry import make, prepared
from contactsim.config import action_catalogue
from contactsim.config.run_config import RunConfig, compose
from contactsim.errors import UserError
from contactsim.mesa_model import ColumnModel
from contactsim.observers.base import Observer
from contactsim.observers.weekly import BY_GROUP, BY_TARGET, of_all_others
from contactsim.overrides import override_lines
from contactsim.parameters import ModelParameters
from contactsim.place import Place, load_place
from contactsim.world import BurnIn, World, world_after_burn_in

#: Actions of a model: names of configured actions, sections by name, or built actions.
Actions = str | Iterable[str] | Iterable[Action[Any]] | Mapping[str, ActionSection | Mapping[str, Any]]
#: The same, names in a list.
Chosen = list[str | Action[Any]] | Mapping[str, ActionSection | Mapping[str, Any]]
#: Keys of a run without meaning for a model, which writes no files.
NOT_OF_A_MODEL = ("output", "store", "force", "cache_burn_in")
#: Attributes that a copy creates again: threads, kernels and Mesa's wrapping of ``step``.
_CREATED_AGAIN = ("world", "residents", "step", "_user_step")


class NeighbourhoodModel(ColumnModel):
    """Residents of a place who meet week by week, as a Mesa model.

    ``model.step()`` simulates a week (:meth:`contactsim.world.World.step` gives the order of events),
    ``model.run_model()`` all weeks. ``model.agents`` are the residents as columns
    (:class:`contactsim.mesa_model.ResidentSet`), and ``model.datacollector.get_model_vars_dataframe()`` has one row per
    week with each group's measures towards all others. ``model.random`` and ``model.rng`` exist as in any Mesa model;
    the model never draws from them, since its draws are keyed (docs/reproducibility.md).

    Every parameter can be given by keyword, so ``mesa.batch_run`` and ``SolaraViz`` work with the class as it is. A
    model can be pickled and copied (``copy.deepcopy``); the copy continues with the same bits.

    Args:
        place: a :class:`contactsim.place.Place`, or the name of a configured place such as ``"bradford"``.
        parameters: residents, settings, psychology and scenario; the defaults, changed by ``kwargs``, if None.
        actions: interventions from week 0 on: the name of a configured action or a list of names, as in
            ``action=[...]``; a mapping of names to sections or plain data, as under ``actions`` in a configuration; or
            a list of :class:`contactsim.actions.Action` objects made for this model only.
        weeks: weeks until ``run_model()`` ends, 1 to 5200; 104 if None and not configured. ``step()`` can go on.
        seed: an integer; determines every bit of the run.
        threads: for the kernels (None: all processors for large places); never changes a result.
        observers: objects that read the world each week (:class:`contactsim.observers.base.Observer`).
        config_dir: a folder with the user's own places, actions and parameter sets.
        kwargs: further overrides by key: ``**{"place.residents": 5000, "psychology.negative_weight": 2}``.

    Attributes:
        world: the simulated world (:class:`contactsim.world.World`).
        burn_in: its burn-in (:class:`contactsim.world.BurnIn`).
        weeks: weeks until ``running`` becomes False.
        running: True while fewer than ``weeks`` steps are done.

    Raises:
        UserError: for an unknown name, a value that is not allowed, a seed that is not an integer, or overrides given
            together with ``parameters`` or a ``Place`` that they could not change.

    Example:
        >>> model = NeighbourhoodModel("bradford", weeks=52, seed=7)  # doctest: +SKIP
        >>> model.run_model()  # doctest: +SKIP
    """

    def __init__(self, place: Place | str = "synthetic", parameters: ModelParameters | None = None, *,
                 actions: Actions | None = None, weeks: int | None = None, seed: int = 1, threads: int | None = None,
                 observers: Sequence[Observer] = (), config_dir: str | None = None, **kwargs: Any) -> None:
        self._seed_of_draws = _integer("seed", seed)
        super().__init__(seed=self._seed_of_draws)
        chosen: Chosen = actions if isinstance(actions, Mapping) else _listed(actions)
        config = _composed(place, parameters, chosen, weeks, config_dir, kwargs)
        self.weeks = _weeks(config.weeks if weeks is None and config else weeks)
        if isinstance(place, str):
            assert config is not None
            place = load_place(config.place)
        if parameters is None:
            assert config is not None
            parameters = config.parameters
        self._threads = threads
        self.world: World
        self.burn_in: BurnIn
        self.world, self.burn_in = world_after_burn_in(place, parameters, self._seed_of_draws, threads)
        self.world.actions = _built(chosen, config, place, config_dir)
        self.world.observe(*observers)
        self.residents = self.world.people
        self._latest: dict[str, float] = {}
        reporters: dict[str, Any] = {name: partial(_report, name) for name in self._measures()}
        self.datacollector = DataCollector(model_reporters=reporters)

    @classmethod
    def from_config(cls, *overrides: str | Mapping[str, Any], seed: int | None = None, threads: int | None = None,
                    config_dir: str | None = None) -> NeighbourhoodModel:
        """A model from Hydra overrides, as on the command line.

        Args:
            overrides: ``"place=bradford"``, or mappings such as ``{"psychology.negative_weight": 2}``.
            seed: the same as ``seed=...``; that of the configuration (1) if None.
            threads: as ``threads=...``; never changes a result.
            config_dir: a folder with the user's own configurations (``--config-dir``).

        Raises UserError.

        Example:
            >>> model = NeighbourhoodModel.from_config("place=bradford", "weeks=52", seed=7)  # doctest: +SKIP
        """
        lines = override_lines(overrides)
        lines += [f"{key}={value}" for key, value in (("seed", seed), ("threads", threads)) if value is not None]
        _refuse(lines)
        config = compose(lines, config_dir)
        return cls(load_place(config.place), config.parameters, actions=config.actions, weeks=config.weeks,
                   seed=config.seed, threads=config.threads)

    @property
    def place(self) -> Place:
        """Residents by area and group at the start."""
        return self.world.place

    @property
    def week(self) -> int:
        """The week that the next step simulates, from 0."""
        return self.world.clock

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """The names of the groups: the column ``group`` holds their numbers."""
        return {"group": self.place.groups}

    def step(self) -> None:
        """Simulate one week and record it."""
        self.world.step()
        self._latest = of_all_others(self.world.record[-1], self.place.groups)
        self.datacollector.collect(self)
        self.running = self.steps < self.weeks

    def weekly(self) -> pd.DataFrame:
        """All measures of all weeks as a tidy table: week, measure, group, target, value."""
        return self.world.weekly()

    def __getstate__(self) -> dict[str, Any]:
        """What a copy needs to continue with the same bits; threads and compiled code are left out."""
        world, record = self.world, self.world.weekly_record
        return {"attributes": {name: value for name, value in vars(self).items() if name not in _CREATED_AGAIN},
                "place": world.place, "parameters": world.parameters, "arrays": world.arrays(),
                "world": {name: getattr(world, name) for name in ("clock", "actions", "observers", "impulses")},
                "record": {"weeks": list(record.weeks), "sums": list(record.sums)}}

    def __setstate__(self, stored: dict[str, Any]) -> None:
        self.__dict__.update(stored["attributes"])
        self.world = World(stored["place"], stored["parameters"], self._seed_of_draws, self._threads)
        self.world.restore(stored["arrays"])
        for of, values in ((self.world, stored["world"]), (self.world.weekly_record, stored["record"])):
            for name, value in values.items():
                setattr(of, name, value)
        self.residents = self.world.people
        self._user_step = self.step  # as mesa.Model does when a model is made
        self.step = self._wrapped_step  # type: ignore[method-assign]

    def _measures(self) -> list[str]:
        groups = len(self.place.groups)
        blank = np.zeros((groups, groups + 1, len(BY_TARGET))), np.zeros((groups, len(BY_GROUP)))
        return list(of_all_others(blank, self.place.groups))


def _report(name: str, model: NeighbourhoodModel) -> float:
    return model._latest[name]


def _integer(key: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise UserError(f"{key}={value!r} must be an integer.")
    return int(value)


def _weeks(weeks: Any) -> int:
    if not 1 <= _integer("weeks", weeks) <= 5200:
        raise UserError(f"weeks={weeks} is not allowed: it must be an integer from 1 to 5,200.")
    return int(weeks)


def _composed(place: Place | str, parameters: ModelParameters | None, actions: Chosen, weeks: int | None,
              config_dir: str | None, changes: Mapping[str, Any]) -> RunConfig | None:
    """The configuration of everything given by name or key or left to defaults; None if there is no such thing."""
    lines = override_lines([changes])
    _refuse(lines)
    heads = {line.lstrip("+~").split("=")[0].split(".")[0] for line in lines}
    if parameters is not None and heads & {"residents", "settings", "psychology", "scenario"}:
        raise UserError(f"'{lines[0]}' changes parameters, but parameters= are given: give one of the two.")
    if isinstance(place, Place) and "place" in heads:
        raise UserError("A key of the place changes nothing where place= is a Place: give the name of a place.")
    if names := [] if isinstance(actions, Mapping) else [one for one in actions if isinstance(one, str)]:
        lines.append(f"action=[{','.join(names)}]")
    if isinstance(place, str):
        lines.append(f"place={place}")
    complete = parameters is not None and weeks is not None
    return None if complete and not lines else compose(lines, config_dir)


def _refuse(lines: Iterable[str]) -> None:
    for line in lines:
        if line.lstrip("+~").split("=")[0] in NOT_OF_A_MODEL:
            raise UserError(f"'{line}' has no meaning for a model, which writes no files: use contactsim.run.")


def _listed(actions: Any) -> list[str | Action[Any]]:
    """Names and actions in a list. Raises UserError for anything else."""
    found = [actions] if isinstance(actions, str) else list(actions or ())
    if wrong := [one for one in found if not isinstance(one, str | Action)]:
        raise UserError(f"actions={wrong[0]!r:.60} is not allowed: it must be names, sections by name, or actions.")
    return found


def _built(actions: Chosen, config: RunConfig | None, place: Place, config_dir: str | None) -> list[Any]:
    """The actions of one world, ready for its first week."""
    sections = dict(config.actions) if config is not None else {}
    if isinstance(actions, Mapping):
        sections |= action_catalogue.made(actions, config_dir)
    made = [make(name, section) for name, section in sections.items()]
    return prepared([*made, *(one for one in actions if isinstance(one, Action))], place)
