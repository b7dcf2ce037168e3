"""The worlds of a finding, lived: places, parameters, actions, and histories that worlds share."""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contactsim.actions import build, sections
from contactsim.actions.files import alike, over
from contactsim.draws import Decision, name_key, stream
from contactsim.encounters.impulse import Impulse
from contactsim.encounters.tables import NEGATIVE, POSITIVE
from contactsim.evidence.ledger import KnockOut, WorldDesign, places
from contactsim.evidence.seen import Seen, live
from contactsim.evidence.variants import changed
from contactsim.history import lived_world
from contactsim.parameters import ModelParameters
from contactsim.paths import configs_folder
from contactsim.place import Place, synthetic_place
from contactsim.world import World

#: Histories kept in memory at a time.
KEPT = 32
#: What of a scenario begins with week 0 and leaves the history alone.
_LATER = {"shocks", "moves", "departures", "arrivals", "arrival_shares", "own_group_preference"}


@dataclass
class Histories:
    """Histories of one seed: worlds that differ in what begins with week 0 only share one."""

    kept: OrderedDict[str, dict[str, NDArray[Any]]] = field(default_factory=OrderedDict)

    def world(self, place: Place, parameters: ModelParameters, seed: int) -> World:
        """A world at week 0."""
        key = f"{place.name} {place.residents} {parameters.model_dump_json(exclude={'scenario': _LATER})}"
        if key not in self.kept:
            lived, _ = lived_world(place, parameters.model_copy(update={"scenario": parameters.scenario.model_copy(
                update={"shocks": {}})}), seed, threads=1)
            self.kept[key] = {name: array.copy() for name, array in lived.arrays().items()}
            if len(self.kept) > KEPT:
                self.kept.popitem(last=False)
        self.kept.move_to_end(key)
        world = World(place, parameters, seed, threads=1)
        world.restore(self.kept[key])
        return world


@lru_cache(maxsize=16)
def made_place(name: str, residents: int, seed: int) -> Place:
    """A design's place for a seed."""
    design = places()[name]
    return synthetic_place(name, residents, dict(design.shares), design.dissimilarity,
                           seed=int(stream(seed, Decision.PLACE, name_key(name)) >> np.uint64(2)))


def knocked(world: WorldDesign, name: str, knock_out: KnockOut) -> WorldDesign:
    """A world with something switched off; the world itself where that does not touch it."""
    data = world.model_dump()
    part = knock_out.worlds.get(name, {})
    actions = {key: over(value, part.get("actions", {}).get(key, {})) for key, value in data["actions"].items()}
    if name in knock_out.no_reach:
        off = knock_out.of_actions
        actions = {key: {**value, "reach": 0.0} if off is None or key in off else value
                   for key, value in actions.items()}
    return WorldDesign.model_validate({**data, **part, "set": {**data["set"], **knock_out.set, **part.get("set", {})},
                                       "actions": actions})


def parameters_of(world: WorldDesign, base: ModelParameters) -> ModelParameters:
    """The model's parameters in a world."""
    changes = dict(world.set)
    if world.only is not None:
        changes |= {f"settings.occasions.{name}.presence": 0.0 for name in base.settings.occasions
                    if name not in world.only}
    return changed(base, changes)


def see(world: WorldDesign, base: ModelParameters, residents: int, seed: int, histories: Histories) -> Seen:
    """Live a world and read it."""
    place, parameters = made_place(world.place, residents, seed), parameters_of(world, base)
    lived = histories.world(place, parameters, seed)
    actions: list[Any] = build(_sections(world), place, parameters) if world.actions else []
    if world.probe is not None:
        lived.impulses.append(Impulse(POSITIVE if world.probe == "positive" else NEGATIVE))
    middle = world.weeks // 2 if world.middle is None else world.middle
    return live(lived, world.weeks, middle, actions)


def _sections(world: WorldDesign) -> Any:
    data = {name: {"like": name, **own} for name, own in world.actions.items()}
    return sections(alike(data, [configs_folder() / "action"], "actions"), "actions")


@cache
def _decides(world: str) -> dict[str, Any]:
    design = WorldDesign.model_validate_json(world)
    actions = {name: section.model_dump(mode="json") for name, section in _sections(design).items()}
    return {**design.model_dump(mode="json"), "place": places()[design.place].model_dump(), "actions": actions}


def decides(world: WorldDesign) -> dict[str, Any]:
    """Everything about a world that decides its numbers, written out: its place and its actions' files included."""
    return _decides(world.model_dump_json())


def key_of(world: WorldDesign, residents: int) -> str:
    """Names a world among those of one seed."""
    return f"{residents} {json.dumps(world.model_dump(), sort_keys=True)}"


