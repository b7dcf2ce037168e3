"""The benchmark's Mesa model has the same rules: its figures agree with contactsim's within seed noise.

Decision rule: both models go on from the same residents and seats, once for each seed, so the differences
between them are paired. A measure agrees if the mean difference over the seeds lies within 4 standard errors
of zero; with 16 seeds a right model misses a measure by chance once in 900 (t distribution, 15 degrees of
freedom) and any of the 28 at most once in 31. The control changes one rule in contactsim alone and must be
found out by the same rule.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import yaml

from benchmarks.idiomatic_mesa import Town
from contactsim.observers.weekly import of_all_others
from contactsim.parameters import ModelParameters, Psychology
from contactsim.paths import configs_folder
from contactsim.place import synthetic_place
from contactsim.residents import BELIEVES
from contactsim.world import World

SEEDS, WEEKS, RESIDENTS = range(16), 20, 1200
#: Many ties, so that friends' meetings and extended contact show within few weeks.
TIES = {"tie_cross": 0.4, "tie_own": 0.1, "tie_fade": 0.03}
#: Community life, which the benchmark's settings do not have, on neutral ground.
CLUB = {
    "setting": "association",
    "scale": "small_group",
    "encounters_per_week": 2,
    "presence": 0.8,
    "common_goals": 0.8,
    "cooperation": 0.8,
    "neutral_ground": 1.0,
}
CONTACTS = ("positive", "negative", "neutral", "declined", "own_meetings")
STATES = ("attitude", "attitude_sd", "anxiety", "threat", "belonging", "engagement", "stigma", "ties", "cross_ties")


def make_world(seed: int, **changes: Any) -> World:
    settings = yaml.safe_load((configs_folder() / "settings" / "four_meetings.yaml").read_text(encoding="utf-8"))
    settings["contact_contexts"]["club"] = CLUB
    place = synthetic_place("benchmark", RESIDENTS, {"A": 0.6, "B": 0.4}, 0.3)
    world = World(place, ModelParameters(settings=settings, psychology=Psychology(**TIES | changes)), seed, threads=1)
    world.people.rumour[::5] = BELIEVES
    return world


def figures(weeks: list[dict[str, float]], names: tuple[str, str]) -> dict[str, float]:
    """Contacts a week over all weeks, and states after the last one, by group."""
    found = {f"{m} {g}": float(np.mean([week[m + name] for week in weeks]))
             for m in CONTACTS for g, name in enumerate(names)}
    return found | {f"{m} {g}": weeks[-1][m + name] for m in STATES for g, name in enumerate(names)}


def ours(seed: int, **changes: Any) -> dict[str, float]:
    world = make_world(seed, **changes)
    for _ in range(WEEKS):
        world.step()
    return figures([of_all_others(sums, world.place.groups) for sums in world.record], ("[A]", "[B]"))


@cache
def mesas(seed: int) -> dict[str, float]:
    town = Town(make_world(seed), seed)
    for _ in range(WEEKS):
        town.step()
    return figures(town.datacollector.get_model_vars_dataframe().to_dict("records"), (" 0", " 1"))


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
    ({"negative_weight": 3.0}, "attitude 0"),
    ({"appraisal": 0.0}, "attitude_sd 0"),
    ({"tie_own": 0.05}, "ties 0"),
    ({"engagement_gain": 0.06}, "engagement 1"),
    ({"stigma_bonding": 0.0}, "stigma 0"),
    ({"rumour_threat": 0.3}, "threat 0"),
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
    present = [row for seats in town.mixing_groups["street", "district"] for row in seats if row is not None]
    assert len(present) == len(set(present)) == rows.size
