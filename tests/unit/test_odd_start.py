"""The equations of the start, of events and of moves in docs/odd.md give what the code gives."""

from __future__ import annotations

import re
from types import SimpleNamespace

import numpy as np
import pytest

from contactsim import demography, messages
from contactsim.draws import Decision, name_key, normals, stream, uniforms
from contactsim.encounters.session import displace
from contactsim.parameters import Residents, Shock
from contactsim.residents import _empty_people, wander
from contactsim.world import WINDOW, drift_of
from tests.odd import BY_GROUP, NEAR, SCALARS, area_of, equations, functions, scope, some, source, state_of
from tests.worlds import four_groups, make_parameters, make_world, odd_psychology, two_groups


def test_traits_and_states_at_rest() -> None:
    """With children of all ages and traits that reach the ends of their ranges."""
    parameters = make_parameters(residents={"status_gap": 0.2, "baseline_attitude_spread": 0.7, "anxiety_spread": 0.25})
    world = make_world(four_groups(), parameters, seed=9)
    people = world.people
    lines = source("3.2 Init").splitlines()
    traits = [line for line in lines if re.match(r"\w+\[i\] = .*\bz\b", line)]
    assert len(traits) == 7
    decisions = {"anxiety_trait": "ANXIETY", "threat_trait": "THREAT"}
    for line in traits:
        column = line.split("[")[0]
        z = normals(stream(9, Decision[decisions.get(column, column.upper())]), people.uid)
        for i in some(world, 20):
            names = functions() | parameters.residents.model_dump() | {"i": i, "z": z[i], column: {}}
            names["other"] = float(people.group[i] > 0)
            exec(line, names)
            assert names[column][i] == pytest.approx(people.column(column)[i], **NEAR), column
    rest = equations("3.2 Init", 2)
    before = state_of(world)
    for i in some(world):
        names = scope(world, before, i) | {"civic": {}}
        for k, h in enumerate(names["others"]):
            names["h"] = h
            exec(rest, names)
            assert names["attitude"][i, h] == pytest.approx(people.attitude[i, k], **NEAR)
        for column in ("anxiety", "threat", "belonging", "engagement", "stigma", "civic"):
            assert names[column][i] == pytest.approx(people.column(column)[i], **NEAR), column


@pytest.mark.parametrize("name, leaving", [("street", 0.1), ("school", 0.15), ("work", 0.15), ("public", 0.3)])
def test_tenure(name: str, leaving: float) -> None:
    world = make_world(two_groups(), seed=9)
    setting, people = world.settings[name], world.people
    u = uniforms(stream(9, Decision.TENURE, name_key(name)), people.uid)
    for seat, row in enumerate(setting.occupant.tolist()):
        if row >= 0:
            names = functions() | {"i": row, "age": people.age.astype(float), "u": u[row], "leaving": leaving}
            names["round"] = round
            exec(equations("3.2 Init", 3), names)
            assert abs(names["weeks_in_seat"] + int(setting.since[seat])) <= 1


def test_wandering() -> None:
    parameters = make_parameters(residents={"wandering_spread": 0.4})
    world = make_world(two_groups(), parameters, seed=9)
    people, before = world.people, world.people.wandering.astype(float)
    z = normals(stream(9, Decision.WANDERING, 26), people.uid)
    wander(people, 0.4, 60.0, 9, 26)
    for i in some(world):
        names = functions() | {"i": i, "z": z[i], "wandering": before.copy()}
        names |= {"wandering_spread": 0.4, "wandering_memory": 60}
        exec(equations("3.5.1", 2), names)
        assert names["wandering"][i] == pytest.approx(people.wandering[i], **NEAR)
        assert names["wandering"][i] != before[i]


def test_shock() -> None:
    world = make_world(four_groups(), make_parameters(psychology=odd_psychology(1)), seed=9)
    people = world.people
    people.positive[::3], people.negative[::2] = 4.0, 2.5
    shock = Shock(week=0, target="B", dose=3.0, feeling=0.4, anxiety=0.2, threat=0.1, stigma=0.4)
    before = state_of(world)
    messages.apply_shocks({"one": shock}, 0, people, world.place.groups, world.parameters.psychology)
    after = state_of(world)
    of_others, of_the_target = (equations("3.5.1", block) for block in (0, 1))
    for i in some(world):
        names = scope(world, before, i) | {"target": 1, "s": SimpleNamespace(**shock.model_dump())}
        exec(of_the_target if people.group[i] == 1 else of_others, names)
        for name in (*SCALARS, *BY_GROUP):
            np.testing.assert_allclose(names[name][i], after[name][i], rtol=3e-7, atol=2e-7, err_msg=name)
        fell = after["attitude"][i, 1] < before["attitude"][i, 1]
        assert fell or people.group[i] == 1 or before["attitude"][i, 1] == -1


def test_empty_dwellings() -> None:
    counts = np.array([[90, 20], [33, 7], [0, 0]], np.int32)
    for k, people in enumerate(counts.sum(axis=1).tolist()):
        names = {"output_area_people": people, "vacancy": 0.07}
        exec(equations("3.2 Init", 0), names)
        assert names["empty_people"] == _empty_people(counts, Residents(vacancy=0.07))[k]


@pytest.mark.parametrize("side", [-1, 1])
def test_limit_of_a_stationary_burn_in(side: int) -> None:
    """A mean of 400 adults that moves by a little less, or more, than the limit."""
    names = functions() | {"stationary": 0.01, "adults": 400}
    exec(equations("3.2 Init", 4), names)
    sd, size = 0.5, np.array([[400.0]])
    means = [0.0] * WINDOW + [sd * names["limit"] * (1 + side * 1e-3)]
    record = [(400 * np.array([[[m, m**2 + sd**2]]]), size) for m in means]
    drift, stationary = drift_of(SimpleNamespace(record=record), 0.01)  # type: ignore[arg-type]
    assert drift == pytest.approx(names["limit"], rel=2e-3)
    assert stationary == (side < 0)


def test_acceptance_of_a_dwelling() -> None:
    world = make_world(two_groups(24), make_parameters(scenario={"own_group_preference": 4.0}))
    people = world.people
    heads = people.household_start[:-1]
    homes = np.flatnonzero(people.active[heads])
    found = np.roll(homes, homes.size // 2)
    uid = people.uid[heads[homes]]
    u = uniforms(world.base(Decision.MOVE, "accept"), uid)
    accepted = demography._accepts(world, homes, found, uid)
    for k in range(0, homes.size, 9):
        g = int(people.group[heads[homes[k]]])
        names = functions() | {"own_group_preference": 4.0, "g": g} | {
            f"share_{where}": world.areas.share[area_of(world, int(heads[home]))]
            for where, home in (("here", homes[k]), ("there", found[k]))}
        exec(equations("3.5.9"), names)
        assert accepted[k] == (u[k] < names["accepts"])
    assert 0.1 < accepted.mean() < 0.9


@pytest.mark.parametrize("hours_left, hours_of_slot", [(0.5, 2.0), (1.9, 2.0), (3.0, 2.0)])
def test_displacement_of_the_last_slot(hours_left: float, hours_of_slot: float) -> None:
    world = make_world()
    rows = np.flatnonzero(world.people.active)
    names = {"hours_left": hours_left, "hours_of_slot": hours_of_slot}
    exec(equations("3.5.10"), names)
    week = world.week._replace(displaced=np.zeros(len(world.people), np.uint32))
    displace(week, world.people.uid, rows, hours_left, [(5, 0, 3, hours_of_slot)], 1, 2)
    u = uniforms(stream(1, Decision.DISPLACED, 2, 5, 0) ^ np.uint64(1), world.people.uid[rows])
    np.testing.assert_array_equal(week.displaced[rows] == 8, u < names["lost"])
