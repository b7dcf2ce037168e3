"""Worlds with actions, for tests."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contactsim.actions import Action, build, sections
from contactsim.config.action_catalogue import load, names
from contactsim.encounters.session import Session
from contactsim.place import Place
from contactsim.world import World
from tests.worlds import make_parameters, make_place, make_world

#: Every action that has a file.
ALL = names()
#: Columns that no action may write.
FORBIDDEN = ("attitude", "feeling", "positive", "negative", "recent_positive", "recent_negative", "public_contact",
             "public_balance", "baseline_attitude", "wandering", "anxiety_trait", "threat_trait")


def town(output_areas: int = 18, people: int = 80) -> Place:
    """Two groups, from output areas that are mostly A to output areas that are mostly B; three-fourths."""
    share = np.linspace(0.1, 0.8, output_areas)
    b = np.rint(share * people).astype(int)
    return make_place(np.column_stack([people - b, b]))


@cache
def _after_burn_in() -> dict[str, NDArray[Any]]:
    world = _fresh(1)
    for _ in range(6):
        world.step()
    return {name: array.copy() for name, array in world.arrays().items()}


def _fresh(threads: int) -> World:
    return make_world(town(), make_parameters(residents={"newcomers": 0.3}), 11, threads)


def acting(*actions: tuple[str, dict[str, Any]], threads: int = 1) -> World:
    """A world after six weeks of burn-in, at its week 0, with the actions (name, values)."""
    world = _fresh(threads)
    world.restore(_after_burn_in())
    world.actions = list(made(world, *actions))
    return world


def made(world: World, *actions: tuple[str, dict[str, Any]]) -> list[Action[Any]]:
    """Actions from plain values, for a world."""
    found = sections(dict(actions), "actions")
    return build(found, world.place, world.parameters)


def shipped(name: str, **changes: Any) -> tuple[str, dict[str, Any]]:
    """An action from its file, with changes to its fields."""
    return name, {**load(name).model_dump(), **changes}


def first(world: World, number: int = 0) -> Action[Any]:
    """The first (or another) of the world's actions."""
    action = world.actions[number]
    assert isinstance(action, Action)
    return action


def live(world: World, weeks: int) -> World:
    for _ in range(weeks):
        world.step()
    return world


def sessions_of(world: World, weeks: int) -> list[Session]:
    """All sessions of the world's next weeks, in which nobody meets."""
    seen: list[Session] = []
    for _ in range(weeks):
        for action in world.actions:
            action.week(world)
        seen += world.sessions
        world.sessions.clear()
        world.week.displaced[:] = 0
        world.clock += 1
    return seen
