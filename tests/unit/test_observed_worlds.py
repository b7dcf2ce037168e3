"""Worlds of findings: their places and instruments, waves and answers, and the mechanisms that are switched off."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from contactsim.config.run_config import compose
from contactsim.errors import UserError
from contactsim.evidence import gradients, loading, runs, tasks, worlds
from contactsim.evidence.design import Finding, Folder, KnockOut, MadePlace, Outcome, ShippedPlace, WorldDesign
from contactsim.evidence.panel import PanelData, select
from contactsim.evidence.worlds import BurnIns, changed, items_of, place_of
from contactsim.instruments.catalogue import shipped
from contactsim.parameters import ModelParameters

BASE = compose(["place=synthetic"]).parameters
TOWN = MadePlace(name="town", shares={"majority": 0.7, "minority": 0.3}, dissimilarity=0.3)
NATION = ShippedPlace(shipped="mini_england", set={"towns": 12, "neighbourhood_residents": 20})


def design(place: MadePlace | ShippedPlace = TOWN, **changes: Any) -> WorldDesign:
    own = {"scenario.burn_in": False, **changes.pop("set", {})}
    return WorldDesign(place=place, weeks=6, set=own, **changes)


def simulated(world: WorldDesign, seed: int = 1) -> PanelData:
    return worlds.simulate(world, BASE, 600, seed, BurnIns())


@pytest.fixture(scope="module")
def plain() -> PanelData:
    return simulated(design(read=[1, 4]))


def test_every_item_is_asked_at_every_wave(plain: PanelData) -> None:
    assert set(plain.waves) == {"start", "midpoint", "end", "week 1", "week 4"} == set(plain.targets)
    for wave in plain.waves.values():
        assert {name for name in wave if name.startswith("answer_")} == {f"answer_{name}" for name in shipped()}
    answers, adults = plain.at("answer_attitude", "week 4"), select({"group": "majority"}, plain, {})
    assert answers.dtype == float and np.isfinite(answers[adults]).all()
    assert np.isnan(answers[plain.people["age"] < 15]).all()


def test_waves_agree_with_one_another_and_change_no_counts(plain: PanelData) -> None:
    """Week 3 is the midpoint; further readings divide the counting, and its sums stay."""
    other = simulated(design(read=[3]))
    assert np.array_equal(other.at("answer_threat", "week 3"), other.at("answer_threat", "midpoint"), equal_nan=True)
    for name in ("first_own", "second_own", "first_positive", "second_neutral"):
        assert np.array_equal(plain.at(name, "end"), other.at(name, "end")) and plain.at(name, "end").sum() > 0


def test_paired_worlds_share_the_noise_of_answers(plain: PanelData) -> None:
    shock = {"week": 4, "target": "minority", "feeling": 0.5}
    attacked = simulated(design(read=[1, 4], set={"scenario.shocks": {"attack": shock}}))
    for wave in ("start", "week 1"):
        assert np.array_equal(plain.at("answer_attitude", wave), attacked.at("answer_attitude", wave), equal_nan=True)
    rows = select({"group": "majority"}, plain, {})
    change = (attacked.at("answer_attitude", "end") - plain.at("answer_attitude", "end"))[rows]
    assert change.mean() < -0.3 and change.std() < plain.at("answer_attitude", "end")[rows].std()


def test_numbers_of_instruments_change_answers_alone(plain: PanelData) -> None:
    exact = simulated(design(read=[1, 4], set={"instruments.attitude.reliability": 1.0}))
    assert np.array_equal(exact.at("attitude", "end"), plain.at("attitude", "end"))
    assert np.array_equal(exact.at("answer_threat", "end"), plain.at("answer_threat", "end"), equal_nan=True)
    rows = select({"group": "majority"}, plain, {})

    def correlation(data: PanelData) -> float:
        return float(np.corrcoef(data.at("answer_attitude", "end")[rows], data.at("attitude", "end")[rows])[0, 1])

    assert correlation(exact) > correlation(plain) + 0.02


def test_an_unknown_number_of_an_instrument_is_refused() -> None:
    assert items_of(design(set={"instruments.close_friends.reach": 8.4}))["close_friends"].reach == 8  # type: ignore[attr-defined]
    for path in ("instruments.close_friend.reach", "instruments.close_friends.raech"):
        with pytest.raises(UserError, match=path):
            items_of(design(set={path: 8}))


def test_a_shipped_place_has_districts_regions_and_its_own_size(plain: PanelData) -> None:
    nation = simulated(design(NATION))
    assert nation.people["active"].sum() == 12 * 2 * 3 * 20
    assert "capital" in set(nation.people["region"]) and len(set(nation.people["district"])) == 24
    assert "region" not in plain.people
    capital = select({"region": ["capital"]}, nation, {})
    assert 0 < capital.sum() < select({}, nation, {}).sum()
    assert set(nation.people["region"][capital]) == {"capital"}


def test_a_shipped_place_is_sampled_anew_for_each_seed() -> None:
    one, other = (place_of(NATION, 0, seed).counts for seed in (1, 2))
    assert not np.array_equal(one, other)
    fixed = ShippedPlace(shipped="mini_england", set={**NATION.set, "seed": 3})
    assert np.array_equal(*(place_of(fixed, 0, seed).counts for seed in (1, 2)))
    with pytest.raises(UserError, match="mini_englnd"):
        worlds.complete_design(design(ShippedPlace(shipped="mini_englnd")))


def test_people_are_selected_by_answers(plain: PanelData) -> None:
    answers = plain.at("answer_local_diversity", "start")
    many = select({"having": {"answer_local_diversity": [2, None]}}, plain, {})
    assert many.any() and (answers[many] >= 2).all()
    rest = select({"having": {"answer_local_diversity": [None, 1]}}, plain, {})
    asked = select({}, plain, {}) & np.isfinite(answers)
    assert np.array_equal(many | rest, asked) and not (many & rest).any()
    late = select({"having": {"answer_attitude@week 4": [5, 10]}}, plain, {})
    assert (plain.at("answer_attitude", "week 4")[late] >= 5).all() and late.any()


def test_weeks_that_a_world_does_not_have_are_refused() -> None:
    with pytest.raises(ValidationError, match="week 7 is not among the world's weeks"):
        design(read=[7])


def test_a_set_changes_parameters_and_instruments() -> None:
    outcome = Outcome(id="F1", statement="", estimand="average", unit="", acceptance=(0.0, None),
                      acceptance_source="", arguments={"world": "town", "column": "answer_attitude"})
    of = Finding(id="F1", claim="", source="", grade="ours", role="emergent", measurement="", outcomes=[outcome],
                 worlds={"town": design(), "own": design(set={"instruments.attitude.reliability": 0.5})})
    values = {"psychology.norms": 0.01, "instruments.attitude.reliability": 0.7}
    parameters, (here,) = runs.with_parameter_set(values, [of], BASE)
    assert parameters.psychology.norms == 0.01
    assert here.worlds["town"].set["instruments.attitude.reliability"] == 0.7
    assert here.worlds["own"].set["instruments.attitude.reliability"] == 0.5  # a world's own number stays
    ids = {tasks.of_seeds(one, base, 600, [1])[0].id for one in (of, here) for base in (BASE, parameters)}
    assert len(ids) == 4


def test_a_changed_instrument_is_another_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """The identity includes the shipped instruments, so that a changed file is asked again."""
    worlds._complete_design.cache_clear()
    before, items = worlds.complete_design(design()), shipped()
    worlds._complete_design.cache_clear()
    items["threat"] = items["threat"].model_copy(update={"reliability": 0.123})
    monkeypatch.setattr(worlds, "shipped", lambda: dict(items))
    after = worlds.complete_design(design())
    worlds._complete_design.cache_clear()
    assert {key for key in after if after[key] != before[key]} == {"items"}


# --- mechanisms

@pytest.mark.parametrize("name", loading.mechanisms())
def test_a_mechanism_is_switched_off(name: str) -> None:
    """Where a parameter says which value switches it off, it has this value."""
    one = loading.mechanisms()[name]
    off = changed(BASE, one["set"])
    assert one["text"] and off != BASE
    for path, value in one["set"].items():
        section, field = path.split(".")[0], path.split(".")[-1]
        of = ModelParameters.model_fields[section].annotation.model_fields.get(field)  # type: ignore[union-attr]
        extra = getattr(of, "json_schema_extra", None) or {}
        if "off" in extra and not isinstance(value, dict):
            assert value == extra["off"], path


def test_odds_are_shifted_so_that_their_means_stay() -> None:
    """For attitudes with mean -.07 and SD .37 in the appraisal, E exp(a x) = exp(-.07 a + (.37 a)^2 / 2)."""
    before, after = BASE.psychology, changed(BASE, loading.mechanisms()["appraisal"]["set"]).psychology
    attitudes = np.random.default_rng(1).normal(-0.07, 0.37, 400_000)
    mean = math.log(np.mean(np.exp(before.appraisal * attitudes)))
    assert after.positive_base - before.positive_base == pytest.approx(mean, abs=2e-3)
    threat = np.random.default_rng(2).normal(0, BASE.residents.threat_spread, 400_000)
    mean = math.log(np.mean(np.exp(before.appraisal_threat * threat - before.appraisal * attitudes)))
    assert after.negative_base - before.negative_base == pytest.approx(mean, abs=3e-3)
    assert after.take_up_base - before.take_up_base == pytest.approx(-0.14 * before.take_up_attitude)


def test_a_mechanism_is_switched_off_relative_to_what_the_world_sets() -> None:
    world = design(set={"psychology.negative_base": {"shift": -0.7}, "residents.negative_exposure_spread": 1.0})
    one = KnockOut.model_validate(loading.mechanisms()["negative_exposure"])
    off = worlds.parameters_of(worlds.knocked_out(world, "town", one), BASE)
    assert off.residents.negative_exposure_spread == 0.0
    assert off.psychology.negative_base == pytest.approx(BASE.psychology.negative_base - 0.7 + 0.5)
    own = one.model_copy(update={"worlds": {"town": {"set": {"residents.negative_exposure_spread": 0.2}}}})
    part = worlds.parameters_of(worlds.knocked_out(world, "town", own), BASE)
    assert part.residents.negative_exposure_spread == 0.2  # what a knock-out sets in one world, it sets there alone


def test_a_mechanism_that_does_not_exist_is_named() -> None:
    data = {"name": "odd", "findings": [{"id": "F1", "worlds": {}, "mechanisms": ["lerning"], "outcomes": []}]}
    with pytest.raises(UserError, match=r"F1: there is no mechanism 'lerning'.*'learning'"):
        loading.expanded(data)


# --- memory and gradients

def test_worlds_make_room_in_memory_without_changing_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    terms = {"town@end": 1.0, "quiet@end": -1.0}
    outcome = Outcome(id="F1", statement="", estimand="contrast", unit="", acceptance=(0.0, None),
                      acceptance_source="", arguments={"terms": terms, "column": "attitude", "sd": "none"})
    of = Finding(id="F1", claim="", source="", grade="ours", role="emergent", measurement="", outcomes=[outcome],
                 worlds={"town": design(), "quiet": design(set={"psychology.prior_weight": 2000.0})})
    simulated_once = tasks.SimulatedWorlds(BASE, 1)
    figures = tasks.figures(of, simulated_once, 600)
    assert len(simulated_once.simulated) == 2 and figures["F1"]["base"] != 0.0
    monkeypatch.setattr(tasks, "MOST_BYTES", 1)
    crowded = tasks.SimulatedWorlds(BASE, 1)
    assert tasks.figures(of, crowded, 600) == figures and len(crowded.simulated) == 1


def test_descriptives_along_a_gradient_are_those_of_its_worlds() -> None:
    described = {"majority": {"estimand": "people"}, "minority": {"estimand": "people",
                 "arguments": {"subgroup": {"group": "minority"}}},
                 "positive": {"estimand": "average", "arguments": {"column": "second_positive"}}}
    folder = Folder.model_validate(loading.expanded({
        "name": "odd", "title": "odd", "essays": [], "registered": "2026-11-28", "changes": [], "findings": [],
        "gradient": {"worlds": {"d10": 0.1, "d50": 0.5}, "groups": ["majority", "minority"], "dissimilarity": 0.3,
                     "weeks": 4, "set": {"scenario.burn_in": False}, "descriptives": described}}))
    assert folder.gradient is not None
    finding = gradients.gradient_finding(folder, folder.gradient)
    figures = tasks.figures(finding, tasks.SimulatedWorlds(BASE, 1), 900)
    table = gradients.gradient_table(folder, folder.gradient, [1], [figures])
    assert table["share"].tolist() == [0.1, 0.5] and (table["positive"] > 0).all()
    assert (table["minority"] / (table["majority"] + table["minority"])).tolist() == pytest.approx([0.1, 0.5], abs=0.05)
    assert gradients.gradient_means(table)["positive"].tolist() == table["positive"].tolist()
