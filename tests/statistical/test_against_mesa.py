"""The benchmark's Mesa model has the same rules: its figures agree with contactsim's within seed noise.

Decision rule: both models go on from the same residents and seats, once for each seed, so the differences between
them are paired. A measure agrees if the mean difference over the seeds lies within 4 standard errors of zero; with
16 seeds a right model misses a measure by chance once in 900 (t distribution, 15 degrees of freedom) and any of the 51
at most once in 17. Over 400 seeds no measure differed by more than 1.7 standard errors, and 3 of
1,224 measures in sets of 16 by more than 4: seeds are independent, and the standard error is right. The controls change
one rule in contactsim alone and must be found out by the same rule.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.idiomatic_mesa import Town
from contactsim.config.run_config import compose
from contactsim.observers.weekly import of_all_others
from contactsim.parameters import ModelParameters, Psychology, Settings
from contactsim.place import synthetic_place
from contactsim.residents import ADULT_AGE, BELIEVES
from contactsim.world import World

#: Over 20 weeks the resting point wanders twice, and ties fade and extended contact is found five times.
SEEDS, WEEKS, RESIDENTS = range(16), 20, 1200
#: Ties that fade fast enough to show within few weeks, and chances of ties that are not near 1.
TIES = {"tie": 1.5, "tie_fade": 0.03}
CONTACTS = ("positive", "negative", "neutral", "declined", "own_meetings")
STATES = ("attitude", "attitude_sd", "anxiety", "threat", "belonging", "engagement", "stigma", "ties", "cross_ties",
          "cross_friend")
#: Means over all residents of a group after the last week, of columns of which some hold a value by group.
COLUMNS = ("feeling", "positive", "negative", "recent_positive", "recent_negative", "public_contact", "public_balance")


@cache
def ordinary_week() -> Settings:
    """The settings that come with contactsim."""
    return compose([]).parameters.settings


def make_world(seed: int, **changes: Any) -> World:
    """A town with the ordinary week, in which every fifth resident believes a rumour."""
    place = synthetic_place("benchmark", RESIDENTS, {"A": 0.6, "B": 0.4}, 0.3)
    psychology = Psychology(**TIES | changes)
    world = World(place, ModelParameters(settings=ordinary_week(), psychology=psychology), seed, threads=1)
    world.people.rumour[::5] = BELIEVES
    return world


def figures(weeks: list[dict[str, float]], names: tuple[str, str], column: Callable[[str], NDArray[Any]],
            wandering: NDArray[Any]) -> dict[str, float]:
    """Contacts a week over all weeks, and states after the last one, by group."""
    found = {f"{m} {g}": float(np.mean([week[m + name] for week in weeks]))
             for m in CONTACTS for g, name in enumerate(names)}
    found |= {f"{m} {g}": weeks[-1][m + name] for m in STATES for g, name in enumerate(names)}
    child, moved = column("age") < ADULT_AGE, np.abs(column("wandering") - wandering)
    for g in range(2):
        of_group = column("group") == g
        found |= {f"column {name} {g}": float(column(name)[of_group].mean()) for name in COLUMNS}
        found[f"strength of feeling {g}"] = float(np.abs(column("feeling")[of_group]).mean())
        found[f"wandered {g}"] = float(moved[of_group].mean())
        found[f"children's belonging {g}"] = float(column("belonging")[of_group & child].mean())
    found["language 1"] = float(column("language")[column("group") == 1].mean())  # newcomers are of this group
    return found


def ours(seed: int, **changes: Any) -> dict[str, float]:
    world = make_world(seed, **changes)
    rows = np.flatnonzero(world.people.active)
    wandering = world.people.wandering[rows]
    for _ in range(WEEKS):
        world.step()

    def column(name: str) -> NDArray[Any]:
        values: NDArray[Any] = world.people.column(name)[rows]
        return values[:, 0] if values.ndim == 2 else values

    weeks = [of_all_others(sums, world.place.groups) for sums in world.record]
    return figures(weeks, ("[A]", "[B]"), column, wandering)


@cache
def mesas(seed: int) -> dict[str, float]:
    town = Town(make_world(seed), seed)
    wandering = np.array(town.agents.get("wandering"))
    for _ in range(WEEKS):
        town.step()

    def column(name: str) -> NDArray[Any]:
        values = np.array(town.agents.get(name))
        return values[np.arange(len(values)), 1 - column("group")] if values.ndim == 2 else values

    weeks = town.datacollector.get_model_vars_dataframe().to_dict("records")
    return figures(weeks, (" 0", " 1"), column, wandering)


def errors(**changes: Any) -> dict[str, float]:
    """Mean difference by measure, in its standard errors."""
    differences = [{name: value - mesas(seed)[name] for name, value in ours(seed, **changes).items()}
                   for seed in SEEDS]
    found = {}
    for name in differences[0]:
        d = np.array([one[name] for one in differences])
        found[name] = float(d.mean() / (d.std(ddof=1) / np.sqrt(d.size)))
    return found


def test_mesa_model_agrees() -> None:
    apart = {name: round(z, 1) for name, z in errors().items() if abs(z) > 4}
    assert not apart, f"more than 4 standard errors apart: {apart}"


@pytest.mark.parametrize(("changes", "found_by"), [
    ({"presence_age": 0.0}, "own_meetings 0"),
    ({"seeking": 0.0}, "column public_contact 1"),
    ({"take_up_base": 1.0}, "declined 1"),
    ({"appraisal": 0.0}, "attitude_sd 0"),
    ({"appraisal_anxiety": 0.0}, "negative 1"),
    ({"appraisal_threat": 0.0}, "negative 0"),
    ({"negative_weight": 3.0}, "attitude 0"),
    ({"familiarity": 0.0}, "column positive 0"),
    ({"friend_weight": 0.0}, "column positive 1"),
    ({"forgetting": 0.02}, "column positive 1"),
    ({"extended": 0.14}, "column positive 0"),
    ({"feeling_half_life": 3.0}, "strength of feeling 0"),
    ({"wandering_memory": 20.0}, "wandered 1"),
    ({"tie": 0.5}, "ties 0"),
    ({"homophily": 2.0}, "cross_ties 1"),
    ({"tie_further": 1.0}, "cross_ties 0"),
    ({"tie_limit": 12.0}, "ties 1"),
    ({"tie_fade": 0.01}, "ties 0"),
    ({"anxiety_learning": 0.03}, "anxiety 1"),
    ({"anxiety_drift": 0.02}, "anxiety 1"),
    ({"belonging_everyday": 0.3}, "belonging 0"),
    ({"belonging_childhood": 0.3}, "children's belonging 0"),
    ({"engagement_gain": 0.03}, "engagement 1"),
    ({"stigma_bonding": 0.0}, "stigma 0"),
    ({"threat_district": 0.0}, "threat 0"),
    ({"rumour_threat": 0.3}, "threat 1"),
    ({"language_gain": 0.02}, "language 1"),
])
def test_another_rule_is_found_out(changes: dict[str, float], found_by: str) -> None:
    assert abs(errors(**changes)[found_by]) > 4


def test_mesa_model_starts_from_the_same_residents() -> None:
    world = make_world(0)
    for _ in range(5):
        world.step()
    town = Town(world, 1)
    rows = np.flatnonzero(world.people.active)
    assert town.agents.get("anxiety") == world.people.anxiety[rows].tolist()
    assert [len(one.friends) for one in town.agents] == (world.people.ties[rows] >= 0).sum(axis=1).tolist()
    assert all(one in friend.friends for one in town.agents for friend in one.friends)
    people = world.people
    assert [sum(1 << h for h in one.known_groups) for one in town.agents] == people.extended_contact[rows].tolist()
    for name, setting in world.settings.items():
        seat = setting.seat[rows]
        weeks = np.where(seat >= 0, setting.since[seat], 0).tolist()
        assert [one.since.get(name, 0) for one in town.agents] == weeks
    at_home = [one.unique_id for area in town.neighbourhoods for one in area.members]
    assert sorted(at_home) == list(range(1, rows.size + 1))
    for context in town.contexts[:-1]:
        present = [one for seats in context.mixing_groups for one in seats if one is not None]
        assert len(present) == len(set(present)) == sum(context.setting in one.since for one in town.agents)
