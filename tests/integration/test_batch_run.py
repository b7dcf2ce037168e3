"""Mesa's own tools run the model as it is: batch runs in one process and in two, and the browser view."""

from __future__ import annotations

import warnings
from typing import Any

import mesa
import pandas as pd
import pytest

from contactsim import NeighbourhoodModel
from contactsim.errors import UserError

SMALL = {"place": "synthetic", "place.residents": 800, "scenario": "no_burn_in"}


def batch(processes: int, **parameters: object) -> pd.DataFrame:
    rows = mesa.batch_run(NeighbourhoodModel, {**SMALL, **parameters}, number_processes=processes,
                          display_progress=False)
    return pd.DataFrame(rows).sort_values(["psychology.negative_weight", "seed"], ignore_index=True)


def test_a_batch_run_varies_any_parameter_and_ends_by_itself() -> None:
    found = batch(1, weeks=3, seed=[1, 2], **{"psychology.negative_weight": [1, 3]})
    assert len(found) == 4 and (found["Step"] == 2).all()
    model = NeighbourhoodModel(weeks=3, seed=2, **{**SMALL, "psychology.negative_weight": 3})
    model.run_model()
    last = model.datacollector.get_model_vars_dataframe().iloc[-1]
    for name in last.index:
        assert found.loc[3, name] == last[name], name
    assert found["attitude[majority]"].nunique() == 4


def test_two_processes_give_the_same_and_iterations_repeat_the_seed() -> None:
    parameters = {"weeks": 2, "seed": [1, 2], "psychology.negative_weight": 1}
    one, two = batch(1, **parameters), batch(2, **parameters)
    assert one.drop(columns="RunId").equals(two.drop(columns="RunId"))
    twice = mesa.batch_run(NeighbourhoodModel, {**SMALL, "weeks": 1}, iterations=2, display_progress=False)
    assert twice[0]["attitude[majority]"] == twice[1]["attitude[majority]"]


def test_actions_can_be_varied_and_every_week_collected() -> None:
    rows = mesa.batch_run(NeighbourhoodModel, {**SMALL, "weeks": 2, "actions": [None, "library_chat"]},
                          data_collection_period=1, display_progress=False)
    assert [row["Step"] for row in rows] == [0, 1, 0, 1]
    assert rows[1]["attitude[majority]"] != rows[3]["attitude[majority]"]


def test_a_mistake_in_a_batch_run_is_one_sentence() -> None:
    with pytest.raises(UserError, match=r"negativ_weight.*Did you mean"):
        mesa.batch_run(NeighbourhoodModel, {**SMALL, "psychology.negativ_weight": [1, 2]}, display_progress=False)


def view(*elements: Any) -> Any:
    """What Solara makes of an element, without a browser; an error in it is raised."""
    import solara

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Mesa's own component breaks a rule of hooks
        _, context = solara.render(*elements, handle_error=False)
    return context


@pytest.fixture
def solara() -> Any:
    return pytest.importorskip("solara", reason="needs the extra: pip install 'contactsim[viz]'")


def test_the_browser_view_draws_the_model(solara: Any) -> None:
    from ipywidgets import Image
    from mesa.visualization import SolaraViz, make_plot_component

    model = NeighbourhoodModel(weeks=5, seed=3, **SMALL)
    model.step()
    context = view(SolaraViz(model, components=[make_plot_component("attitude[majority]")], name="Contact"))
    try:
        assert len(context.find(Image).widgets) == 1
    finally:
        context.close()


def test_the_controls_of_the_browser_view_step_and_reset_with_other_parameters(solara: Any) -> None:
    import ipyvuetify
    from mesa.visualization.solara_viz import ModelController, ModelCreator

    slider = {"type": "SliderFloat", "value": 2.0, "label": "weight", "min": 1.0, "max": 3.0, "step": 0.5}
    parameters = {**SMALL, "weeks": 2, "seed": 3, "psychology.negative_weight": slider}
    model = solara.reactive(NeighbourhoodModel(weeks=2, seed=3, **SMALL))
    chosen = solara.reactive({})
    creator = view(ModelCreator(model, parameters, model_parameters=chosen))
    assert chosen.value["psychology.negative_weight"] == 2.0
    controls = view(ModelController(model, model_parameters=chosen, play_interval=solara.reactive(100),
                                    render_interval=solara.reactive(1), use_threads=solara.reactive(False)))
    try:
        for _ in range(2):
            controls.find(ipyvuetify.Btn, children=["Step"]).widget.click()
        assert model.value.steps == 2 and not model.value.running
        controls.find(ipyvuetify.Btn, children=["Reset"]).widget.click()
        assert model.value.steps == 0 and model.value.running
        assert model.value.world.parameters.psychology.negative_weight == 2.0
    finally:
        controls.close()
        creator.close()
