"""The world as a Mesa model: what a Mesa user expects of it."""

from __future__ import annotations

import mesa
import numpy as np
import pandas as pd
import pytest

from contactsim.errors import UserError
from contactsim.model import NeighbourhoodModel

SMALL = ("place=synthetic", "place.residents=1500", "scenario=no_history")


@pytest.fixture(scope="module")
def model() -> NeighbourhoodModel:
    made = NeighbourhoodModel.from_config(*SMALL, seed=7)
    for _ in range(3):
        made.step()
    return made


def test_it_is_a_mesa_model_with_agents(model: NeighbourhoodModel) -> None:
    assert isinstance(model, mesa.Model)
    assert isinstance(model.agents, mesa.agent.AgentSet)
    assert len(model.agents) == model.place.residents == 1500
    assert model.steps == 3 == model.week


def test_the_datacollector_has_a_row_a_week_equal_to_the_record(model: NeighbourhoodModel) -> None:
    collected = model.datacollector.get_model_vars_dataframe()
    assert len(collected) == 3
    weekly = model.weekly()
    group = model.place.groups[0]
    for name in ("attitude", "attitude_sd", "positive", "negative"):
        recorded = weekly.query("measure == @name and group == @group and target == 'all others'")["value"]
        assert np.array_equal(collected[f"{name}[{group}]"].to_numpy(), recorded.to_numpy())


def test_collected_means_are_those_of_the_agents(model: NeighbourhoodModel) -> None:
    adults = model.agents.select("age >= 16 and group == 0")
    latest = model.datacollector.get_model_vars_dataframe().iloc[-1]
    group = model.place.groups[0]
    # people have become a week older since the measures of their last week were taken, ages included
    assert latest[f"residents[{group}]"] == len(adults)
    assert np.isclose(latest[f"anxiety[{group}]"], adults.agg("anxiety", np.mean), rtol=1e-12)
    assert np.isclose(latest[f"attitude_sd[{group}]"], adults.agg("attitude[1]", np.std), rtol=1e-9)


def test_mesa_s_random_numbers_are_never_drawn() -> None:
    fresh = NeighbourhoodModel.from_config(*SMALL, seed=7)
    state, bits = fresh.random.getstate(), fresh.rng.bit_generator.state
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    for _ in range(2):
        fresh.step()
    assert fresh.random.getstate() == state
    assert fresh.rng.bit_generator.state == bits
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_the_seed_decides_and_must_be_an_integer(model: NeighbourhoodModel) -> None:
    again = NeighbourhoodModel.from_config(*SMALL, "seed=7")
    other = NeighbourhoodModel.from_config(*SMALL, seed=8)
    for _ in range(3):
        again.step()
        other.step()
    pd.testing.assert_frame_equal(model.weekly(), again.weekly())
    assert not model.weekly()["value"].equals(other.weekly()["value"])
    with pytest.raises(UserError, match="seed='7'"):
        NeighbourhoodModel(model.place, model.world.parameters, "7")  # type: ignore[arg-type]


def test_writes_reach_the_world() -> None:
    made = NeighbourhoodModel.from_config(*SMALL, seed=7)
    made.agents.select("group == 0").set("anxiety", 1.0)
    assert (made.world.people.anxiety[made.world.people.active & (made.world.people.group == 0)] == 1.0).all()
    made.step()
    assert made.agents.select("group == 0").agg("anxiety", np.min) > 0.9


def test_who_lives_here_is_not_for_mesa_to_change(model: NeighbourhoodModel) -> None:
    with pytest.raises(NotImplementedError, match="step"):
        model.agents.shuffle_do("step")
    with pytest.raises(NotImplementedError):
        model.register_agent(next(iter(model.agents)))
