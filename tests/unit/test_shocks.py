"""Shocks are learned as bad company would be, without becoming experience; experience softens them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from contactsim.messages import apply_shocks
from contactsim.parameters import Shock
from contactsim.residents import position_of
from contactsim.world import World
from tests.worlds import columns_of, differing_columns, four_groups, make_parameters, make_world

HEARD = {"dose": 2.0, "feeling": 0.3, "anxiety": 0.1, "threat": 0.2, "stigma": 0.4}


def shaken(*shocks: Shock, week: int = 0, **psychology: float) -> tuple[World, World]:
    """A world of four groups, with experience of all kinds, before and after the shocks."""
    found = []
    for _ in range(2):
        world = make_world(four_groups(), make_parameters(psychology={"negative_weight": 1.5, **psychology}))
        world.people.positive[:] = np.linspace(0, 40, len(world.people))[:, None]
        world.people.negative[:] = np.linspace(3, 0, len(world.people))[:, None]
        world.people.attitude[:], world.people.feeling[:, 1] = 0.1, 0.2
        found.append(world)
    named = {str(number): shock for number, shock in enumerate(shocks)}
    apply_shocks(named, week, found[1].people, found[1].place.groups, found[1].parameters.psychology)
    return found[0], found[1]


def test_the_rule() -> None:
    """Resident by resident, in plain arithmetic."""
    before, after = shaken(Shock(target="C", **HEARD))
    p, one, other = before.parameters.psychology, before.people, after.people
    bad = 1.5 * 2.0
    for i in np.flatnonzero(one.active):
        if one.group[i] == 2:
            assert other.stigma[i] == pytest.approx(one.stigma[i] + 0.4 * (1 - one.stigma[i]))
            continue
        at = 2 if one.group[i] > 2 else 1  # A and B have C second among the others, D third
        prior = p.prior_weight * (1 + p.age_stability * max(0.0, one.age[i] - 20) / 20)
        weight = prior + one.positive[i, at] + one.negative[i, at]
        assert other.attitude[i, at] == pytest.approx((weight * one.attitude[i, at] - bad) / (weight + bad), abs=1e-6)
        fall = 0.3 * prior / weight * (1 + one.feeling[i, at])
        assert other.feeling[i, at] == pytest.approx(one.feeling[i, at] - fall, abs=1e-6)
        for name, learning, share in (("anxiety", p.anxiety_learning, 0.1), ("threat", p.threat_learning, 0.2)):
            x = (one.column(name)[i] + learning * bad) / (1 + learning * bad)
            assert other.column(name)[i] == pytest.approx(x + share * (1 - x), abs=1e-6)


def test_it_leaves_other_groups_and_all_experience_alone() -> None:
    before, after = shaken(Shock(target="C", **HEARD))
    changed = set(differing_columns(before, after))
    assert changed == {"attitude", "feeling", "anxiety", "threat", "stigma"}
    people = before.people
    at = position_of(2, people.group)
    for name in ("attitude", "feeling"):
        moved = before.people.column(name) != after.people.column(name)
        of_target = (np.arange(3) == at[:, None]) & (people.group != 2)[:, None] & people.active[:, None]
        assert not moved[~of_target].any() and moved[of_target].all()
    assert ((before.people.stigma != after.people.stigma) == (people.active & (people.group == 2))).all()


def test_experience_softens_it() -> None:
    """Both what is learned and the feeling of the moment; also experience that is partly bad."""
    before, after = shaken(Shock(target="C", dose=2.0, feeling=0.3), age_stability=0.0)
    people = before.people
    rows = np.flatnonzero(people.active & (people.group == 0))
    attitude = (before.people.attitude - after.people.attitude)[rows, 1] / (1 + before.people.attitude[rows, 1])
    feeling = (before.people.feeling - after.people.feeling)[rows, 1]
    for fall in (attitude, feeling):
        assert (np.diff(fall) < 1e-6).all() and fall[-1] < 0.5 * fall[0]


def test_states_stay_in_their_range() -> None:
    _, after = shaken(*[Shock(target=name, dose=1000.0, feeling=1.0, anxiety=1.0, threat=1.0, stigma=1.0)
                        for name in "ABCD"])
    for name, low in (("attitude", -1), ("feeling", -1), ("anxiety", 0), ("threat", 0), ("stigma", 0)):
        values = after.people.column(name)
        assert values.min() >= low and values.max() <= 1


@pytest.mark.parametrize("null", [{}, {"week": 3, **HEARD}])
def test_nothing_and_another_week_change_no_bit(null: dict[str, Any]) -> None:
    before, after = shaken(Shock(target="C", **null))
    assert not differing_columns(before, after)


def test_the_order_in_which_shocks_are_named_changes_no_bit() -> None:
    found = []
    for names in (("x", "y"), ("y", "x")):
        world = make_world(four_groups())
        both = {"x": Shock(target="C", **HEARD), "y": Shock(target="B", dose=0.7, anxiety=0.33, threat=0.07)}
        shocks = {name: both[name] for name in names}
        apply_shocks(shocks, 0, world.people, world.place.groups, world.parameters.psychology)
        found.append(columns_of(world))
    assert all((found[0][name] == found[1][name]).all() for name in ("attitude", "anxiety", "threat", "stigma"))
