"""Simulate the worlds of a finding: variants of the model, places, actions, and burn-ins that several worlds share."""

from __future__ import annotations

import json
import math
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contactsim.actions import build, sections
from contactsim.actions.inheritance import alike, over
from contactsim.draws import Decision, name_key, stream
from contactsim.encounters.arrays import NEGATIVE, POSITIVE
from contactsim.encounters.session import Impulse
from contactsim.errors import UserError, nearest
from contactsim.evidence.design import KnockOut, MadePlace, ShippedPlace, WorldDesign
from contactsim.evidence.loading import read_yaml
from contactsim.evidence.panel import PanelData, observe
from contactsim.instruments.base import Instrument
from contactsim.instruments.catalogue import shipped
from contactsim.parameters import ModelParameters
from contactsim.paths import configs_folder, group_files, read_mapping
from contactsim.place import Place, bundled_place, synthetic_place
from contactsim.place.build import coarsened
from contactsim.renamed import key_sentence
from contactsim.storage.identity import digest_of
from contactsim.world import BurnIn, World, world_after_burn_in

#: Burn-ins held in memory at a time.
CACHED = 32
#: Begins the path of an item's number, ``instruments.NAME.FIELD``.
ITEMS = "instruments."
#: Parameters of a scenario that take effect in week 0 and do not change the burn-in.
_AFTER_BURN_IN = {"shocks", "moves", "departures", "arrivals", "arrival_shares", "own_group_preference"}


# --- variants of the model

def changed(base: ModelParameters, changes: Mapping[str, Any]) -> ModelParameters:
    """Parameters with values set at dotted paths; ``*`` stands for every name.

    ``{shift: x}`` adds x to the value, ``{factor: x}`` multiplies it. ``{shift_product_of: [...]}`` adds the product
    of numbers and of parameters of ``base``, which are named by their paths; ``{shift_half_square_of: [...]}`` adds
    half the square of their product (of several lists: the sum), by which the logarithm of a lognormal factor's mean
    exceeds that of its median. Both may stand together. Raises UserError for a path that does not exist.
    """
    tree = base.model_dump()
    for path, value in changes.items():
        _set(tree, path.split("."), _with_base(base, value), path)
    return ModelParameters.model_validate(tree)


def _with_base(base: ModelParameters, value: Any) -> Any:
    if not isinstance(value, Mapping) or not value or not set(value) <= {"shift_product_of", "shift_half_square_of"}:
        return value

    def product(of: list[str | float]) -> float:
        return math.prod(value_at(base, one) if isinstance(one, str) else one for one in of)

    squares = value.get("shift_half_square_of", [])
    several = squares if squares and isinstance(squares[0], list) else [squares] if squares else []
    shift = product(value["shift_product_of"]) if "shift_product_of" in value else 0.0
    return {"shift": shift + sum(product(one) ** 2 / 2 for one in several)}


def value_at(base: ModelParameters, path: str) -> Any:
    """The value of a parameter, ``section.name``."""
    section, name = path.split(".")
    return getattr(getattr(base, section), name)


def _set(tree: dict[str, Any], keys: list[str], value: Any, path: str) -> None:
    key, rest = keys[0], keys[1:]
    if key == "*":
        for name in tree:
            _set(tree, [name, *rest], value, path)
    elif key not in tree:
        raise UserError(key_sentence(path, "", path) or f"{path}: there is no '{key}'; allowed are {', '.join(tree)}."
                        f"{nearest(key, tree)}")
    elif rest:
        _set(tree[key], rest, value, path)
    else:
        tree[key] = _value(tree[key], value)


def _value(before: Any, value: Any) -> Any:
    relative = set(value) if isinstance(value, Mapping) else set()
    if relative == {"shift"}:
        return before + value["shift"]
    return before * value["factor"] if relative == {"factor"} else value


def negative_controls() -> dict[str, dict[str, Any]]:
    """{name: {text, set, exchange}} of ``experiments/negative_controls.yaml``."""
    found: dict[str, dict[str, Any]] = read_yaml("negative_controls.yaml")
    return found


def negative_control(name: str, base: ModelParameters) -> ModelParameters:
    """The parameters of a negative control. Raises UserError for an unknown name."""
    controls = negative_controls()
    if name not in controls:
        raise UserError(f"--negative-control={name} does not exist: allowed are {', '.join(controls)}."
                        f"{nearest(name, controls)}")
    changes = dict(controls[name].get("set", {}))
    if "exchange" in controls[name]:
        one, other = controls[name]["exchange"]
        changes |= {one: value_at(base, other), other: value_at(base, one)}
    return changed(base, changes)


# --- worlds

@dataclass
class BurnIns:
    """Burn-ins of one seed. Worlds that differ only in what takes effect in week 0 share one."""

    cached: OrderedDict[str, tuple[BurnIn, dict[str, NDArray[Any]]]] = field(default_factory=OrderedDict)

    def world(self, design: MadePlace | ShippedPlace, place: Place, parameters: ModelParameters,
              seed: int) -> tuple[World, BurnIn]:
        """A world at week 0, and the record of its burn-in."""
        key = (f"{design.model_dump_json()} {place.residents} "
               f"{parameters.model_dump_json(exclude={'scenario': _AFTER_BURN_IN})}")
        if key not in self.cached:
            calm = parameters.model_copy(update={"scenario": parameters.scenario.model_copy(update={"shocks": {}})})
            at_week_0, burn_in = world_after_burn_in(place, calm, seed, threads=1)
            self.cached[key] = burn_in, {name: array.copy() for name, array in at_week_0.arrays().items()}
            if len(self.cached) > CACHED:
                self.cached.popitem(last=False)
        self.cached.move_to_end(key)
        world = World(place, parameters, seed, threads=1)
        burn_in, arrays = self.cached[key]
        world.restore(arrays)
        return world, burn_in


def place_of(design: MadePlace | ShippedPlace, residents: int, seed: int) -> Place:
    """The place of a design for a seed; ``residents`` for a synthetic one."""
    return _place_of(design.model_dump_json(), residents, seed)


@lru_cache(maxsize=16)
def _place_of(of: str, residents: int, seed: int) -> Place:
    if "shipped" in json.loads(of):
        shipped_one = ShippedPlace.model_validate_json(of)
        return bundled_place(shipped_one.shipped, **{"seed": _place_seed(shipped_one.shipped, None, seed),
                                                     **shipped_one.set})
    design = MadePlace.model_validate_json(of)
    seed = _place_seed(design.name, design.key, seed)
    made = synthetic_place(design.name, residents, dict(design.shares), design.dissimilarity, seed=seed,
                           output_area_residents=design.output_area_residents)
    if design.within_units is None:
        return made
    return coarsened(made, "block", design.within_units, seed, design.output_area_residents)


def _place_seed(name: str, key: int | None, seed: int) -> int:
    return int(stream(seed, Decision.PLACE, name_key(name) if key is None else key) >> np.uint64(2))


def knocked_out(world: WorldDesign, name: str, knock_out: KnockOut) -> WorldDesign:
    """A world under a knock-out; the world itself if the knock-out does not change it."""
    if name in knock_out.except_in:
        return world
    data = world.model_dump()
    part = knock_out.worlds.get(name, {})
    actions = {key: over(value, part.get("actions", {}).get(key, {})) for key, value in data["actions"].items()}
    if name in knock_out.no_reach:
        off = knock_out.of_actions
        actions = {key: {**value, "reach": 0.0} if off is None or key in off else value
                   for key, value in actions.items()}
    own = part.get("set", {})
    changes = {path: value for path, value in knock_out.set.items() if path not in own}
    return WorldDesign.model_validate({**data, **part, "set": {**data["set"], **own}, "off": changes,
                                       "actions": actions})


def parameters_of(world: WorldDesign, base: ModelParameters) -> ModelParameters:
    """The model's parameters in a world."""
    changes, off = ({path: value for path, value in of.items() if not path.startswith(ITEMS)}
                    for of in (world.set, world.off))
    if world.only_contexts is not None:
        changes |= {f"settings.contact_contexts.{name}.presence": 0.0 for name in base.settings.contact_contexts
                    if name not in world.only_contexts}
    return changed(changed(base, changes), off)


def items_of(world: WorldDesign) -> dict[str, Instrument]:
    """The shipped instruments with the numbers that a world changes. Raises UserError for one that does not exist."""
    items = shipped()
    for path, value in (world.set | world.off).items():
        if path.startswith(ITEMS):
            name, _, field = path.removeprefix(ITEMS).partition(".")
            if name not in items or field not in type(items[name]).model_fields:
                raise UserError(f"{path}: there is no such number of an instrument.{nearest(name, items)}")
            number = round(value) if isinstance(getattr(items[name], field), int) else value
            items[name] = type(items[name]).model_validate({**items[name].model_dump(), field: number})
    return items


def simulate(world: WorldDesign, base: ModelParameters, residents: int, seed: int, burn_ins: BurnIns) -> PanelData:
    """Simulate a world and return its data."""
    place, parameters = place_of(world.place, residents, seed), parameters_of(world, base)
    at_week_0, burn_in = burn_ins.world(world.place, place, parameters, seed)
    actions: list[Any] = build(_sections(world), place, parameters) if world.actions else []
    if world.impulse is not None:
        at_week_0.impulses.append(Impulse(POSITIVE if world.impulse == "positive" else NEGATIVE))
    midpoint = world.weeks // 2 if world.midpoint is None else world.midpoint
    facts = {"weeks": float(burn_in.weeks), "stationary": float(burn_in.stationary)}
    data = observe(at_week_0, world.weeks, midpoint, actions, world.read, items_of(world))
    return replace(data, burn_in=facts)


def _sections(world: WorldDesign) -> Any:
    data = {name: {"like": name, **own} for name, own in world.actions.items()}
    return sections(alike(data, [configs_folder() / "action"], "actions"), "actions")


@cache
def _complete_design(world: str) -> dict[str, Any]:
    design = WorldDesign.model_validate_json(world)
    actions = {name: section.model_dump(mode="json") for name, section in _sections(design).items()}
    items = {name: item.model_dump(mode="json") for name, item in items_of(design).items()}
    found = {**design.model_dump(mode="json"), "actions": actions, "items": digest_of(items)}
    if isinstance(design.place, ShippedPlace):
        found["place"]["files"] = _place_files(design.place.shipped)
    return found


def _place_files(name: str) -> str:
    """Digest of the files of a shipped place. Raises UserError for an unknown place."""
    known = group_files("place")
    if name not in known:
        raise UserError(f"place: there is no shipped place '{name}'; allowed are {', '.join(known)}."
                        f"{nearest(name, known)}")
    keys = read_mapping(known[name], "kind and residents")
    table = (configs_folder() / keys["file"]).read_bytes() if "file" in keys else b""
    return digest_of([keys, sha256(table).hexdigest()])


def complete_design(world: WorldDesign) -> dict[str, Any]:
    """Everything in a world's design that determines its figures, including its place and its actions' files."""
    return _complete_design(world.model_dump_json())


def key_of(world: WorldDesign, residents: int) -> str:
    """Identifies a world among those of one seed."""
    return f"{residents} {json.dumps(world.model_dump(), sort_keys=True)}"
