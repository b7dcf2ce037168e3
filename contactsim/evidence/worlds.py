"""The worlds of a finding, lived: places, parameters, actions, and burn-ins that worlds share."""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contactsim.actions import build, sections
from contactsim.actions.inheritance import alike, over
from contactsim.draws import Decision, name_key, stream
from contactsim.encounters.arrays import NEGATIVE, POSITIVE
from contactsim.encounters.session import Impulse
from contactsim.evidence.gradient import MadePlace
from contactsim.evidence.ledger import KnockOut, WorldDesign
from contactsim.evidence.panel import Seen, live
from contactsim.evidence.variants import changed
from contactsim.parameters import ModelParameters
from contactsim.paths import configs_folder
from contactsim.place import Place, synthetic_place
from contactsim.place.aggregation import coarsened
from contactsim.world import BurnIn, World, world_after_burn_in

#: Burn-ins kept in memory at a time.
KEPT = 32
#: What of a scenario begins with week 0 and leaves the burn-in alone.
_LATER = {"shocks", "moves", "departures", "arrivals", "arrival_shares", "own_group_preference"}


@dataclass
class BurnIns:
    """Burn-ins of one seed: worlds that differ in what begins with week 0 only share one."""

    kept: OrderedDict[str, tuple[BurnIn, dict[str, NDArray[Any]]]] = field(default_factory=OrderedDict)

    def world(self, design: MadePlace, place: Place, parameters: ModelParameters, seed: int) -> tuple[World, BurnIn]:
        """A world at week 0, and what its burn-in was."""
        key = (f"{design.model_dump_json()} {place.residents} "
               f"{parameters.model_dump_json(exclude={'scenario': _LATER})}")
        if key not in self.kept:
            calm = parameters.scenario.model_copy(update={"shocks": {}})
            lived, burn_in = world_after_burn_in(place, parameters.model_copy(update={"scenario": calm}), seed, threads=1)
            self.kept[key] = burn_in, {name: array.copy() for name, array in lived.arrays().items()}
            if len(self.kept) > KEPT:
                self.kept.popitem(last=False)
        self.kept.move_to_end(key)
        world = World(place, parameters, seed, threads=1)
        burn_in, then = self.kept[key]
        world.restore(then)
        return world, burn_in


def made_place(design: MadePlace, residents: int, seed: int) -> Place:
    """A design's place for a seed."""
    return _made_place(design.model_dump_json(), residents, seed)


@lru_cache(maxsize=16)
def _made_place(of: str, residents: int, seed: int) -> Place:
    design = MadePlace.model_validate_json(of)
    key = name_key(design.name) if design.key is None else design.key
    seed = int(stream(seed, Decision.PLACE, key) >> np.uint64(2))
    made = synthetic_place(design.name, residents, dict(design.shares), design.dissimilarity, seed=seed,
                           output_area=design.output_area)
    return made if design.within_units is None else coarsened(made, "block", design.within_units, seed, design.output_area)


def knocked(world: WorldDesign, name: str, knock_out: KnockOut) -> WorldDesign:
    """A world with something switched off; the world itself where that does not touch it."""
    if name in knock_out.not_in:
        return world
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
        changes |= {f"settings.contact_contexts.{name}.presence": 0.0 for name in base.settings.contact_contexts
                    if name not in world.only}
    return changed(base, changes)


def see(world: WorldDesign, base: ModelParameters, residents: int, seed: int, burn_ins: BurnIns) -> Seen:
    """Live a world and read it."""
    place, parameters = made_place(world.place, residents, seed), parameters_of(world, base)
    lived, burn_in = burn_ins.world(world.place, place, parameters, seed)
    actions: list[Any] = build(_sections(world), place, parameters) if world.actions else []
    if world.probe is not None:
        lived.impulses.append(Impulse(POSITIVE if world.probe == "positive" else NEGATIVE))
    middle = world.weeks // 2 if world.middle is None else world.middle
    facts = {"weeks": float(burn_in.weeks), "flat": float(burn_in.stationary)}
    return replace(live(lived, world.weeks, middle, actions), burn_in=facts)


def _sections(world: WorldDesign) -> Any:
    data = {name: {"like": name, **own} for name, own in world.actions.items()}
    return sections(alike(data, [configs_folder() / "action"], "actions"), "actions")


@cache
def _decides(world: str) -> dict[str, Any]:
    design = WorldDesign.model_validate_json(world)
    actions = {name: section.model_dump(mode="json") for name, section in _sections(design).items()}
    return {**design.model_dump(mode="json"), "actions": actions}


def decides(world: WorldDesign) -> dict[str, Any]:
    """Everything about a world that decides its numbers, written out: its place and its actions' files included."""
    return _decides(world.model_dump_json())


def key_of(world: WorldDesign, residents: int) -> str:
    """Names a world among those of one seed."""
    return f"{residents} {json.dumps(world.model_dump(), sort_keys=True)}"


