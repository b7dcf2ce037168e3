"""Who comes forward: the attitude that counts is that to all others, as everywhere else."""

from __future__ import annotations

import numpy as np
import pytest

from contactsim.actions import recruitment
from tests.worlds import four_groups, make_world


def test_willingness_weighs_other_groups_by_their_size() -> None:
    world = make_world(four_groups())
    people, sizes = world.people, world.place.counts.sum(axis=0).astype(float)
    row = int(np.flatnonzero(people.active & (people.group == 0))[0])
    people.attitude[row] = [-0.4, 0.7, 0.2]
    expected = np.average([-0.4, 0.7, 0.2], weights=sizes[1:])
    assert expected != pytest.approx(np.mean([-0.4, 0.7, 0.2]))
    assert recruitment.self_selection(world, np.array([row]), attitude_coef=2.0,
                                      anxiety_coef=0.0)[0] == pytest.approx(2.0 * expected)
