"""The kernels against an independent week in plain Python: every column must agree in every bit."""

from __future__ import annotations

import numpy as np
import pytest

from contactsim.parameters import Psychology, Shock
from contactsim.residents import BELIEVES, rest
from contactsim.world import World
from tests.reference import Town, differences
from tests.worlds import Doing, four_groups, make_parameters, make_world, odd_psychology, session, two_groups

WEEKS = 3


def simulated(groups: int, psychology: Psychology, weeks: int, people: int = 80, **scenario: object) -> World:
    """A world after some weeks, with ties (some to people who have left the small group), newcomers (some still to
    come), changing areas, empty seats, a rumour and norms that are spoken for."""
    place = two_groups(12, people) if groups == 2 else four_groups(9, people)
    parameters = make_parameters(psychology=psychology, residents={"newcomers": 0.3}, scenario=scenario)
    world = make_world(place, parameters, seed=100 + groups)
    world.clock = -weeks
    world.people.arrived -= np.float32(3.0)
    world.people.age -= 0.3
    world.begin()
    for _ in range(weeks):
        world.step()
    past = world.areas.past
    past += np.linspace(-0.1, 0.1, past.size).reshape(past.shape)
    for name in ("work", "association"):
        world.settings[name].leave(np.arange(0, len(world.people), 4))
    world.people.rumour[::3] = BELIEVES
    world.areas.message_effect[:] = np.linspace(-0.05, 0.1, world.areas.message_effect.size).reshape(
        world.areas.message_effect.shape
    )
    return world


def works(world: World) -> Doing:
    """An action whose sessions overlap and displace, with teams of odd numbers of seats and gaps that change."""
    rows = np.flatnonzero(world.people.active)

    def do(world: World) -> None:
        some, more = rows[world.clock::4].copy(), rows[::7]
        some[world.clock::5] = -1
        world.convene(session(some, 7, encounters=3, name=f"one {world.clock}", hours=4.0,
                              hours_before=[0.0, 7.0], equal_status=1.0, common_goals=0.9, cooperation=0.8,
                              avoidability=0.1, neutral_ground=0.7), None)
        world.convene(session(more, 2, name="two", mediator=0.6, closeness=0.81), ("street", "friends", "team"))
        world.convene(session(rows[3::90], 30, name="also_in_control", support=1.0))
        world.displace(rows[5::11], None, ("classmates", "neighbours"), "away")

    return Doing(do)


def run_both(world: World) -> None:
    town = Town(world)
    for week in range(WEEKS):
        town.step()
        world.step()
        assert differences(town, world) == [], f"week {week}"


@pytest.mark.parametrize("variant", [0, 1, 2])
@pytest.mark.parametrize("groups", [2, 4])
def test_every_column_agrees_with_the_reference(groups: int, variant: int) -> None:
    run_both(simulated(groups, odd_psychology(variant), weeks=30))


def test_the_defaults_agree_with_the_reference() -> None:
    run_both(simulated(2, Psychology(), weeks=4))


def test_shocks_agree_with_the_reference() -> None:
    shocks = {"one": Shock(week=1, target="B", dose=3.0, feeling=0.3, anxiety=0.2, threat=0.4, stigma=0.3),
              "other": Shock(week=1, target="C", dose=1.0, stigma=1.0)}
    run_both(simulated(4, odd_psychology(3), weeks=4, shocks=shocks))


@pytest.mark.parametrize("groups", [2, 4])
def test_sessions_and_what_they_displace_agree_with_the_reference(groups: int) -> None:
    world = simulated(groups, odd_psychology(groups), weeks=4)
    world.actions = [works(world)]
    run_both(world)


def test_the_start_reaches_every_rule() -> None:
    """The comparison is meaningful only if everything that it compares happens in it."""
    world = simulated(4, odd_psychology(1), weeks=30)
    people = world.people
    cross = (people.ties >= 0) & (people.group[people.ties] != people.group[:, None])
    assert cross.sum() > 30 and (people.ties >= 0).sum() > 2 * cross.sum()
    assert (people.arrived < 0).any() and (people.arrived > 0).any()
    assert (~people.active).any() and (people.age[people.active] < 5).any()
    assert ((people.language > 0.3) & (people.language < 1)).any()
    before = people.ties.copy()
    town = Town(world)
    for _ in range(WEEKS):
        world.step()
        town.step()
        for kind in range(4):
            assert world.week.counts[people.active][:, :, kind].sum() > 20
        assert (world.week.dose.sum(axis=(1, 2)) < world.week.company).any(), "nobody is familiar with anybody"
    assert ((before >= 0) & (people.ties < 0)).any() and ((before < 0) & (people.ties >= 0)).any()
    assert world.week.shared_activity.max() > 0
    assert any(town._friends_of_friends(person) for person in town.people.values())


def test_a_difference_in_one_bit_is_seen() -> None:
    world = simulated(2, odd_psychology(0), weeks=1)
    town = Town(world)
    town.step()
    world.step()
    row = int(np.flatnonzero(world.people.active)[40])
    world.people.attitude[row, 0] = np.nextafter(world.people.attitude[row, 0], np.float32(2))
    assert [d.split(":")[0] for d in differences(town, world)] == [f"attitude {row}"]


def test_no_parameter_is_idle() -> None:
    """A reference whose psychology is otherwise in one parameter never agrees: each in turn, so each is tested.
    (Civic participation begins at ``civic_rest``, and in a week nothing moves it.)"""
    start = odd_psychology(2)
    before, world = (simulated(4, start, weeks=9, people=90) for _ in range(2))
    world.step()
    idle = []
    for name, field in Psychology.model_fields.items():
        town = Town(before)
        low, high = (next(getattr(m, b) for m in field.metadata if hasattr(m, b)) for b in ("ge", "le"))
        farther = max(low, high, key=lambda end: abs(end - getattr(start, name)))
        town.p = start.model_copy(update={name: farther})
        town.step()
        if not differences(town, world):
            idle.append(name)
    assert idle == ["civic_rest"]


def test_rest_is_where_nothing_moves() -> None:
    """Without meetings, norms and threat a resident at rest stays there (to rounding)."""
    calm = Psychology(norms=0.0, threat_change=0.0, threat_district=0.0, threat_attitude=0.0, belonging_childhood=0.0)
    world = make_world(parameters=make_parameters({}, psychology=calm, residents={"wandering_spread": 0.0}))
    rest(world.people, np.flatnonzero(world.people.active), calm)
    before = {name: world.people.column(name).copy() for name in ("attitude", "anxiety", "threat", "belonging")}
    world.step()
    for name, column in before.items():
        np.testing.assert_allclose(world.people.column(name), column, atol=1e-7)
