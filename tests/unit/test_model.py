"""The world as a Mesa model: what a Mesa user expects of it."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import mesa
import numpy as np
import pandas as pd
import pytest

from contactsim.actions import outcomes
from contactsim.actions.registry import make
from contactsim.config.action_catalogue import load
from contactsim.errors import UserError
from contactsim.mesa_model.model import NeighbourhoodModel

SMALLER = {"place.residents": 800, "scenario": "no_burn_in"}
SMALL = ("place=synthetic", "place.residents=1500", "scenario=no_burn_in")


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
    assert np.isclose(latest[f"attitude_sd[{group}]"], adults.agg("attitude[0]", np.std), rtol=1e-9)


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
    rerun = NeighbourhoodModel.from_config(*SMALL, "seed=7")
    other = NeighbourhoodModel.from_config(*SMALL, seed=8)
    for _ in range(3):
        rerun.step()
        other.step()
    pd.testing.assert_frame_equal(model.weekly(), rerun.weekly())
    assert not model.weekly()["value"].equals(other.weekly()["value"])
    with pytest.raises(UserError, match="seed='7'"):
        NeighbourhoodModel(model.place, model.world.parameters, seed="7")  # type: ignore[arg-type]


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


def test_a_model_ends_after_its_weeks_and_can_go_on() -> None:
    made = NeighbourhoodModel.from_config(*SMALL, "weeks=2", seed=7)
    made.run_model()
    assert made.steps == made.week == 2 and not made.running
    made.step()
    assert made.steps == 3 and not made.running
    assert NeighbourhoodModel(**SMALLER).weeks == 104


@pytest.mark.parametrize("weeks", [0, 2.5, True, 5201])
def test_weeks_must_be_a_whole_number(weeks: Any) -> None:
    with pytest.raises(UserError, match="weeks="):
        NeighbourhoodModel(weeks=weeks, **SMALLER)


def test_keywords_names_and_overrides_give_the_same_model(model: NeighbourhoodModel) -> None:
    by_line = NeighbourhoodModel.from_config("place.residents=800", "scenario=no_burn_in", "action=[library_chat]",
                                             "weeks=2", seed=5)
    by_mapping = NeighbourhoodModel.from_config({**SMALLER, "action": ["library_chat"], "weeks": 2, "seed": 5})
    by_keyword = NeighbourhoodModel(actions="library_chat", weeks=2, seed=np.int64(5), **SMALLER)
    by_parts = NeighbourhoodModel(by_line.place, by_line.world.parameters, weeks=2, seed=5,
                                  actions={"library_chat": {"like": "library_chat"}})
    by_objects = NeighbourhoodModel(by_line.place, by_line.world.parameters, weeks=2, seed=5, actions=[
        make("library_chat", load("library_chat"))])
    bare = NeighbourhoodModel(weeks=2, seed=5, **SMALLER)
    for one in (by_line, by_mapping, by_keyword, by_parts, by_objects, bare):
        one.run_model()
    for one in (by_mapping, by_keyword, by_parts, by_objects):
        pd.testing.assert_frame_equal(one.weekly(), by_line.weekly())
    assert not bare.weekly()["value"].equals(by_line.weekly()["value"])


@pytest.mark.parametrize(("given", "match"), [
    ({"place": "bradfort"}, r"place=bradfort.*Did you mean 'bradford'"),
    ({"actions": "libary_chat"}, r"libary_chat.*Did you mean"),
    ({"actions": [7]}, "actions=7"),
    ({"actions": {"x": {"mechanism": "convne"}}}, "convne.*must be one of"),
    ({"output": "runs/x"}, "no meaning for a model"),
    ({"psychology.negative_weight": object()}, "cannot be part of a configuration"),
])
def test_mistakes_are_said_in_a_sentence(given: dict[str, Any], match: str) -> None:
    with pytest.raises(UserError, match=match):
        NeighbourhoodModel(**given)


def test_overrides_that_could_change_nothing_are_refused(model: NeighbourhoodModel) -> None:
    with pytest.raises(UserError, match="give one of the two"):
        NeighbourhoodModel("synthetic", model.world.parameters, **{"psychology.norms": 0})
    with pytest.raises(UserError, match="give the name of a place"):
        NeighbourhoodModel(model.place, **{"place.residents": 900})


@pytest.mark.parametrize("action", ["integration_plan", "schools_linking", "moving_on_up", "hostile_rumour"])
def test_a_pickled_model_goes_on_with_the_same_bits(action: str) -> None:
    made = NeighbourhoodModel(actions=action, seed=3, threads=1, weeks=7, **SMALLER | {"place.residents": 3000})
    for _ in range(3):
        made.step()
    adults = made.agents.select("age >= 16")
    copied, people = pickle.loads(pickle.dumps((made, adults)))
    assert people.model is copied and people.rows.tolist() == adults.rows.tolist()
    made.run_model()
    copied.run_model()
    assert copied.steps == 7 == made.steps
    pd.testing.assert_frame_equal(copied.weekly(), made.weekly())
    pd.testing.assert_frame_equal(copied.datacollector.get_model_vars_dataframe(),
                                  made.datacollector.get_model_vars_dataframe())
    assert outcomes(copied.world.actions) == outcomes(made.world.actions)
    for name, values in made.world.arrays().items():
        assert np.array_equal(values, copied.world.arrays()[name], equal_nan=values.dtype.kind == "f"), name


def test_a_copy_is_a_model_of_its_own() -> None:
    made = NeighbourhoodModel(seed=3, **SMALLER)
    made.step()
    copied = copy.deepcopy(made)
    copied.agents.set("anxiety", 1.0)
    copied.step()
    assert made.steps == 1 and made.agents.agg("anxiety", np.mean) < 0.9 and copied.steps == 2


def test_groups_are_called_by_their_names(model: NeighbourhoodModel) -> None:
    counts = model.agents.groupby("group").count()
    assert set(counts) == set(model.place.groups)
    assert counts[model.place.groups[1]] == len(model.agents.select("group == 1"))
    assert set(model.agents.groupby("sex").count()) == {0, 1}


def test_own_places_and_actions_come_from_the_user_s_folder(tmp_path: Path) -> None:
    for group, name, text in (("place", "mytown", "kind: synthetic\nname: My town\nresidents: 700\nshares: [0.6, 0.4]\n"
                                                  "dissimilarity: 0.2\n"),
                              ("action", "our_chat", "# @package actions.our_chat\nlike: library_chat\ntitle: Ours\n")):
        (tmp_path / group).mkdir()
        (tmp_path / group / f"{name}.yaml").write_text(text)
    made = NeighbourhoodModel("mytown", actions=["our_chat"], config_dir=str(tmp_path), scenario="no_burn_in")
    assert made.place.residents == 700 and [one.name for one in made.world.actions] == ["our_chat"]
    same = NeighbourhoodModel.from_config("place=mytown", "action=our_chat", "scenario=no_burn_in",
                                          config_dir=str(tmp_path))
    assert same.place.name == made.place.name
