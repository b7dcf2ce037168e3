"""The design of a comparison: the configurations of its arms, its seeds, and the weeks at which outcomes are read.

Several values of a key make a grid: one comparison for each combination of values, with the same seeds. Parameter sets
of an ensemble are no such key: each comparison is made in all of them, and its results are pooled.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any

import yaml

from contactsim.comparison.paired_runs import CONTROL, MESSAGE_OFF, TREATMENT
from contactsim.config.ensemble import SET, over_all_sets
from contactsim.config.run_config import RunConfig, register_defaults, validate
from contactsim.errors import UserError
from contactsim.place import Place, load_place
from contactsim.storage.identity import digest_of
from contactsim.storage.provenance import scientific_digest

if TYPE_CHECKING:
    import pandas as pd
    from hydra.core.override_parser.types import Override

    from contactsim.config.hydra_adapter import Composition

#: Seeds of a comparison, and of each parameter set where several are pooled, if none are given.
SEEDS, SEEDS_OF_A_SET = 10, 2
#: Distance of the first seeds of two consecutive sets, and most seeds of a comparison. Where sets are pooled, each has
#: seeds of its own: with the same ones, chance would be common to the sets' means, and their scatter would not show it.
SEED_STRIDE = 10_000
#: Weeks after an action's end at which outcomes are read by default.
FOLLOW_UP = (13, 26, 52)
#: Keys of a comparison that a run does not have.
KEYS = ("seeds", "follow_up", "engine", "engine.scheduler")
#: Keys of earlier versions, and what they are called now.
_RENAMED = {"follow": "follow_up"}
#: Keys of which a grid takes one value only.
_NOT_AXES = ("seed", "weeks", "threads", "output", "force", "store", "cache_burn_in")
_ACTION = re.compile(r"^\+?(action=|actions\.)")
#: A value of an axis, as a table holds it.
Label = str | float | int | bool


@dataclass(frozen=True)
class Design:
    """One comparison before it is made."""

    configs: dict[str, RunConfig]
    """by arm; the first, ``control``, is the reference of the others"""
    seeds: tuple[int, ...]
    end: int | None
    """week in which the last action has ended; None if one lasts, or if only parameters differ"""
    readout_weeks: tuple[int, ...]
    """numbers of weeks since the burn-in, ascending"""
    notes: tuple[str, ...] = ()
    point: Mapping[str, Label] = field(default_factory=dict)
    """value of each axis, in a grid"""

    @property
    def weeks(self) -> int:
        """Weeks to simulate."""
        return self.readout_weeks[-1]

    @property
    def main_week(self) -> int:
        """The end of the action if it is read, else the last readout week."""
        return self.end if self.end in self.readout_weeks else self.readout_weeks[-1]

    @property
    def config(self) -> RunConfig:
        """The configuration of the treatment arm."""
        return self.configs[TREATMENT]

    def digest(self, place: Place) -> str:
        """Digest of everything that decides the results, except the code."""
        arms = [scientific_digest(config, place) for config in self.configs.values()]
        return digest_of([arms, list(self.seeds), list(self.readout_weeks)])


@dataclass(frozen=True)
class Cell:
    """One comparison of a grid, in one parameter set, and where it takes place."""

    design: Design
    place: Place
    parameter_set: int | None = None
    """number of the set where several are pooled"""


@dataclass(frozen=True)
class Grid:
    """One comparison, or one for each combination of values of some keys."""

    cells: tuple[Cell, ...]
    """the first is the reference of the others"""
    axes: dict[str, tuple[Label, ...]] = field(default_factory=dict)
    """values by key; the first is the reference"""
    scheduler: str | None = None
    """address of a Dask scheduler"""
    sets: tuple[int, ...] = ()
    """numbers of the parameter sets over which each comparison is pooled; empty for a single one"""

    @property
    def reference(self) -> Cell:
        """The cell with the first value of each axis, in the first parameter set."""
        return self.cells[0]

    @property
    def points(self) -> tuple[Cell, ...]:
        """One cell for each combination of values of the axes: those of the first parameter set."""
        return tuple(cell for cell in self.cells if cell.parameter_set == self.reference.parameter_set)

    def digest(self) -> str:
        """Digest of everything that decides the results, except the code."""
        digests = [cell.design.digest(cell.place) for cell in self.cells]
        if len(digests) == 1 and not self.axes:
            return digests[0]
        return digest_of([digests, {key: list(of) for key, of in self.axes.items()}])


def read_grid(overrides: Sequence[str], without: Sequence[str] = (), config_dir: str | None = None) -> Grid:
    """Read comparisons from ``key=value`` overrides of which some may have several values.

    An ensemble without a number of a set stands for all its sets. Arguments as in :func:`read_design`. Raises
    UserError.
    """
    from contactsim.config.hydra_adapter import Composition

    own, given = take_keys(overrides, KEYS)
    own_lines = [line for line in overrides if line not in given]
    given = over_all_sets(given)
    register_defaults()
    composition = Composition(list(given), config_dir, sweep=True)
    axes: dict[str, tuple[Label, ...]] = {}
    choices: list[list[tuple[str, dict[str, Label]]]] = []
    for line, override in zip(given, composition.parsed, strict=True):
        key, name = str(override.key_or_group), line.partition("=")[0]
        values = {text: label_of(value) for text, value in values_of(composition, override).items()}
        if values:
            axes[key] = tuple(values.values())
        choices.append([(f"{name}={text}", {key: value}) for text, value in values.items()] or [(line, {})])
    sets = axes.pop(SET, ())
    if len(sets) > 1 and "seeds" not in own:
        own_lines.append(f"seeds={SEEDS_OF_A_SET}")
    composer = _Composer(config_dir)
    places: dict[str, Place] = {}
    cells = []
    for chosen in product(*choices):
        point = {key: value for _, values in chosen for key, value in values.items()}
        number = point.pop(SET, None)
        design = read_design([*own_lines, *(line for line, _ in chosen)], without, config_dir, point, composer)
        where = json.dumps(design.config.place, sort_keys=True, default=str)
        if where not in places:
            places[where] = load_place(design.config.place)
        cells.append(_cell(design, places[where], int(number) if number is not None and len(sets) > 1 else None))
    return Grid(tuple(cells), axes, read_scheduler(own), tuple(map(int, sets)) if len(sets) > 1 else ())


def _cell(design: Design, place: Place, parameter_set: int | None) -> Cell:
    if parameter_set is not None:
        seeds = tuple(seed + SEED_STRIDE * (parameter_set - 1) for seed in design.seeds)
        design = replace(design, seeds=seeds)
    return Cell(design, place, parameter_set)


class _Composer:
    """Composes configurations; those that differ in the parameter set alone share what takes long."""

    def __init__(self, config_dir: str | None) -> None:
        self.config_dir = config_dir
        self._held: dict[tuple[str, ...], tuple[dict[str, Any], Any]] = {}

    def __call__(self, lines: Sequence[str]) -> RunConfig:
        """As :func:`contactsim.config.run_config.compose`."""
        from contactsim.config.hydra_adapter import Composition, data_of

        numbers = [line.partition("=")[2] for line in lines if line.startswith(f"{SET}=")]
        key = tuple(line for line in lines if not line.startswith(f"{SET}="))
        if key not in self._held or not numbers:
            register_defaults()
            composition = Composition(list(lines), self.config_dir)
            self._held[key] = data_of(composition.compose(), composition.origin), cache(composition.origin)
        data, origin = self._held[key]
        data = deepcopy(data)
        if numbers:
            data[SET] = yaml.safe_load(numbers[-1])
        return validate(data, origin)


def at_point(table: pd.DataFrame, point: Mapping[str, Label]) -> pd.DataFrame:
    """The rows of a grid's table for one value of each axis."""
    for axis, value in point.items():
        table = table[table[axis] == value]
    return table


def point_text(point: Mapping[str, Label]) -> str:
    """``place.dissimilarity 0.2, action library_chat``"""
    return ", ".join(f"{axis} {value}" for axis, value in point.items())


def read_design(overrides: Sequence[str], without: Sequence[str] = (), config_dir: str | None = None,
                point: Mapping[str, Label] | None = None, composer: _Composer | None = None) -> Design:
    """Read one comparison from ``key=value`` overrides, ``seeds=`` and ``follow_up=`` among them.

    Args:
        overrides: of the treatment arm.
        without: of the control arm, which has all other overrides as well. If empty, the control arm has no actions
            (except those that belong to both arms).
        config_dir: a folder with configurations of the user's own.
        point: the comparison's values in a grid.
        composer: shared by the designs of a grid.

    Raises UserError.
    """
    own, given = take_keys(overrides, KEYS)
    compose = composer or _Composer(config_dir)
    treatment = compose(given)
    if without:
        names = {line.lstrip("+~").split("=")[0] for line in without}
        rest = [line for line in given if line.lstrip("+~").split("=")[0] not in names]
        control = compose([*rest, *without])
    else:
        control = compose([line for line in given if not _ACTION.match(line)])
    treatment, control = _with_shared_actions(treatment, control, config_dir)
    for key in ("place", "seed", "residents"):
        if getattr(treatment, key) != getattr(control, key):
            raise UserError(f"--without changes {key}, but both arms have the same place, seed and residents: it must "
                            f"leave {key} as it is.")
    if treatment == control:
        raise UserError("Nothing differs between the two arms: name an action, as in action=youth_scheme, or what the "
                        "control arm has instead, as in --without psychology.norms=0.")
    configs = {CONTROL: control, TREATMENT: treatment}
    silent = _message_off(treatment)
    if silent is not None:
        configs[MESSAGE_OFF] = silent
    end = _end(treatment, control)
    fixed = treatment.weeks if any(line.startswith("weeks=") for line in given) else None
    readouts, notes = _readouts(end, fixed, treatment.weeks, _follow_up(own.get("follow_up")))
    return Design(configs, _seeds(own.get("seeds"), treatment.seed), end, readouts, notes, point or {})


def take_keys(overrides: Sequence[str], names: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """(values of a command's own keys, read as YAML; the other overrides). Raises UserError."""
    own: dict[str, Any] = {}
    rest = []
    for line in overrides:
        name, equals, value = line.partition("=")
        if name in _RENAMED and _RENAMED[name] in names:
            raise UserError(f"'{line}' (command line) has an old key: write {_RENAMED[name]}={value}.")
        if equals and name in names:
            if name in own:
                raise UserError(f"{name} is given twice on the command line: give it once.")
            try:
                own[name] = yaml.safe_load(value)
            except yaml.YAMLError:
                raise UserError(f"'{line}' (command line) cannot be read.") from None
        else:
            rest.append(line)
    return own, rest


def read_scheduler(own: Mapping[str, Any]) -> str | None:
    """Address of the Dask scheduler that ``engine=dask engine.scheduler=ADDRESS`` names; None for this machine."""
    engine, scheduler = own.get("engine", "local"), own.get("engine.scheduler")
    if engine not in ("local", "dask"):
        raise UserError(f"engine={engine} (command line) is not allowed: it must be local or dask.")
    if engine == "dask" and scheduler is None:
        raise UserError("engine.scheduler is missing: engine=dask needs the address of a running Dask scheduler, as in "
                        "engine.scheduler=tcp://127.0.0.1:8786, or its file.")
    return str(scheduler) if engine == "dask" else None


def values_of(composition: Composition, override: Override) -> dict[str, Any]:
    """The values of an override that has several, by their text; empty for a single value. Raises UserError."""
    from hydra.core.override_parser.types import IntervalSweep

    from contactsim.config.several_values import listed_values

    if not override.is_sweep_override():
        return {}
    key, line, value = str(override.key_or_group), str(override.input_line), override.value()
    if any(isinstance(one, IntervalSweep) for one in [value, *(getattr(value, "list", None) or ())]):
        raise UserError(f"'{line}' (command line) is an interval, and a comparison has no design that samples it: list "
                        f"its values.")
    if key in _NOT_AXES:
        more = " (seeds=N counts seeds upwards from seed)" if key == "seed" else ""
        raise UserError(f"'{line}' (command line) has several values, but a comparison takes one of {key}{more}.")
    return listed_values(composition, override)


def label_of(value: Any) -> Label:
    """A value of an axis as a table holds it."""
    return value if isinstance(value, str | int | float | bool) else json.dumps(value)


def _with_shared_actions(treatment: RunConfig, control: RunConfig,
                         config_dir: str | None) -> tuple[RunConfig, RunConfig]:
    """Both with the actions that belong to both arms, such as the rumour that a mediation answers."""
    wanted = {name for section in treatment.actions.values() for name in section.also_in_control}
    if not wanted:
        return treatment, control
    from contactsim.config import action_catalogue

    both = {name: treatment.actions.get(name) or action_catalogue.load(name, config_dir) for name in sorted(wanted)}
    return tuple(one.model_copy(update={"actions": {**both, **one.actions}})  # type: ignore[return-value]
                 for one in (treatment, control))


def _message_off(config: RunConfig) -> RunConfig | None:
    """The same without the messages of all actions that both bring people together and speak."""
    off = {name: section.without_message() for name, section in config.actions.items() if section.gathers}
    quiet = {name: section for name, section in off.items() if section is not None}
    return config.model_copy(update={"actions": {**config.actions, **quiet}}) if quiet else None


def _end(treatment: RunConfig, control: RunConfig) -> int | None:
    """First week after all actions that only one arm has; None if one lasts, or if there is none."""
    ends = [section.ends() for name, section in treatment.actions.items() if control.actions.get(name) != section]
    known = [week for week in ends if week is not None]
    return max(known) if known and len(known) == len(ends) else None


def _readouts(end: int | None, fixed: int | None, default: int,
              follow_up: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """(weeks to read: the end, the follow-ups, week 52 and the last one, as far as they are simulated; notes)."""
    if end is None or end == 0:
        weeks = fixed or default
        return tuple(sorted({weeks, *(w for w in (52,) if w < weeks)})), (
            ("What differs lasts, so there is no follow-up after its end.",) if end is None else ())
    weeks = fixed or end + max(follow_up, default=0)
    wanted = {end, *(end + later for later in follow_up)}
    late = sorted(w for w in wanted if w > weeks)
    note = (f"weeks={weeks} is before {', '.join(map(str, late))}: not read then.",) if late else ()
    return tuple(sorted({w for w in wanted if w <= weeks} | {weeks} | ({52} if weeks >= 52 else set()))), note


def _seeds(value: Any, first: int) -> tuple[int, ...]:
    number = SEEDS if value is None else value
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= SEED_STRIDE:
        raise UserError(f"seeds={value} (command line) is not allowed: it must be a whole number from 1 to "
                        f"{SEED_STRIDE} (how many; seed= is the first).")
    return tuple(range(first, first + number))


def _follow_up(value: Any) -> tuple[int, ...]:
    weeks = FOLLOW_UP if value is None else value if isinstance(value, list) else [value]
    if any(isinstance(w, bool) or not isinstance(w, int) or not 0 <= w <= 5200 for w in weeks):
        raise UserError(f"follow_up={value} (command line) is not allowed: it must be whole numbers from 0 to 5200 "
                        f"(weeks after the end), as in follow_up=[13,52].")
    return tuple(sorted(set(weeks)))
