"""Simulated surveys: the items' own answers, known effects recovered, and biases where they were built in."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from contactsim.comparison.paired_runs import CONTROL, TREATMENT, Arm, PairedRuns, simulate_pair
from contactsim.errors import UserError
from contactsim.evaluate import estimators
from contactsim.evaluate.design import Evaluation, load, names
from contactsim.evaluate.study import analyse, check_asked
from contactsim.evaluate.survey import effect, reliability, survey, survey_groups
from contactsim.instruments.catalogue import ask, shipped
from contactsim.world import World
from tests.unit.test_paired_runs import Club, quick
from tests.worlds import make_world, two_groups

PLACE = two_groups(12, 250)
ITEMS = ("attitude", "contact_frequency", "contact_valence", "good_episodes", "close_friends")


def people(n: int = 1200, effect: float = 0.4, selection: float = 0.8, trend: float = 0.3,
           seed: int = 1) -> pd.DataFrame:
    """A study with a trend, an effect on the treated, and treated who were higher already."""
    rng = np.random.default_rng(seed)
    base = rng.standard_normal(n)
    treated = (rng.random(n) < 1 / (1 + np.exp(-selection * base))).astype(int)
    before = base + 0.4 * rng.standard_normal(n)
    after = base + trend + effect * treated + 0.4 * rng.standard_normal(n)
    earlier = base - trend + 0.4 * rng.standard_normal(n)
    return pd.DataFrame({"treated": treated, "earlier": earlier, "before": before, "after": after, "x_before": before,
                         "x_age": rng.integers(15, 18, n).astype(float)})


def test_difference_in_differences_recovers_a_known_effect() -> None:
    table = people()
    found = estimators.did(table)
    assert found.low < 0.4 < found.high and found.high - found.low < 0.3 and found.treated + found.control == len(table)
    by_hand = (table["after"] - table["before"]).groupby(table["treated"]).mean()
    assert found.value == pytest.approx(by_hand[1] - by_hand[0])


def test_what_forgets_the_start_or_the_trend_is_wrong_in_the_direction_built_in() -> None:
    table = people()
    assert estimators.after(table).low > 0.4  # the treated were higher already
    assert estimators.before_after(table).low > 0.4  # everybody rose
    assert estimators.after(people(selection=-0.8)).high < 0.4
    held = estimators.two_pretests(table)
    assert held.low < 0.4 < held.high  # the trend is the same between the pretests


def test_matching_and_weighting_take_out_what_was_known_before() -> None:
    table = people(n=3000).drop(columns="before")  # afterwards only, but the propensity knows the start
    naive, matched, weighted = estimators.after(table), estimators.matched(table), estimators.weighted(table)
    assert naive.low > 0.4 + 0.2
    for found in (matched, weighted):
        assert abs(found.value - 0.4) < 0.5 * abs(naive.value - 0.4)


def test_estimates_without_people_say_so() -> None:
    table = people(n=200).assign(treated=0)
    assert estimators.did(table).note and np.isnan(estimators.did(table).value)
    assert not estimators.did(table).detected
    blank = people(n=50).drop(columns=["x_before", "x_age"])
    assert "no propensity" in estimators.matched(blank).note


class Roll(Club):
    """An action on paper: it lists people and does nothing."""

    def __init__(self, choose: Any) -> None:
        super().__init__([], name="roll")
        self.choose, self.interested = choose, self.rows

    def week(self, world: World) -> None:
        if world.clock == 0:
            people = world.people
            adults = np.flatnonzero(people.active & (people.age >= 16))
            order = adults[np.argsort(self.choose(people, adults), kind="stable")]
            self.participants = np.sort(order[-600:])
            self.interested = np.sort(order[-1200:])


def on_paper(choose: Any, seed: int = 1) -> PairedRuns:
    settled = quick(burn_in_min=104, burn_in_max=104)  # before that, warm people still cool and cold ones warm
    arms = {CONTROL: Arm(settled), TREATMENT: Arm(settled, lambda: [Roll(choose)])}
    return simulate_pair(PLACE, seed, arms, 6, [6], instruments={name: shipped()[name] for name in ITEMS})


def friendly(people: Any, rows: Any) -> Any:
    return people.baseline_attitude[rows]  # a stable trait: attitudes themselves return from where they wander


def by_lot(people: Any, rows: Any) -> Any:
    return people.uid[rows] * 7919 % 1009


NAIVE: dict[str, Any] = {"control": "others", "size": 500, "control_size": 500, "after": 6, "counted_from": "start"}


def estimate(choose: Any, **changes: Any) -> dict[str, dict[str, Any]]:
    design = Evaluation(**{**NAIVE, "methods": ["after", "did", "matched"], **changes})
    rows, _ = analyse(design, [survey(design, on_paper(choose), None, {"before": 0, "after": 6})])
    return {row["method"]: row for row in rows}


def test_self_selection_biases_the_naive_comparison_and_chance_does_not() -> None:
    """Nothing is done, so every effect found is a bias; the friendly took part (or were drawn by lot)."""
    chosen, lot = estimate(friendly), estimate(by_lot)
    assert all(found["after"][name] == 0.0 for found in (chosen, lot) for name in ("true", "effect"))
    assert chosen["after"]["low"] > 0.3 and chosen["after"]["bias"] == chosen["after"]["estimate"]
    assert chosen["after"]["points"] == pytest.approx(chosen["after"]["estimate"] * chosen["after"]["sd"])
    assert abs(lot["after"]["estimate"]) < 0.2
    assert abs(chosen["did"]["estimate"]) < 0.25 * chosen["after"]["estimate"]


def test_answers_are_those_of_the_items_with_true_states_beside_them() -> None:
    """The world that is asked is that of a run of its own."""
    paired = on_paper(by_lot)
    design = Evaluation(**{**NAIVE, "size": 10_000, "control_size": 10_000, "outcomes": list(ITEMS)})
    found = survey(design, paired, None, {"before": 0, "after": 6})
    rows = paired.residents.row
    for arm in paired.arms.values():
        assert set(arm.readings[0].answers) == {f"{name}{end}" for name in ITEMS for end in ("", "_true")}
    table = found.tables["attitude"].set_index("uid")
    world = cached(1)
    for name, given in ask(world, rows, {name: shipped()[name] for name in ITEMS}).items():
        assert np.array_equal(given, paired.arms[CONTROL].readings[0].answers[name], equal_nan=True), name
        true = shipped()[name].true(world, rows)
        assert np.array_equal(true, paired.arms[CONTROL].readings[0].answers[f"{name}_true"]), name
    assert set(found.tables["contact_frequency"]["x_group_1"]) == {0.0}  # which is for the majority
    assert len(found.tables["contact_valence"]) < len(found.tables["contact_frequency"]) < len(table)
    assert 0.8 < reliability(found.tables["attitude"]) < 0.95  # .89 in the file
    assert not table.isna().any().any()


def cached(seed: int) -> World:
    from contactsim.world import world_after_burn_in

    return world_after_burn_in(PLACE, quick(burn_in_min=104, burn_in_max=104), seed, 1)[0]


def test_a_less_reliable_item_shows_less_of_an_effect() -> None:
    """Everybody's attitude rises by .2: on answers .2/2 of the scale, in SD of answers less than in those of states."""
    paired = on_paper(by_lot)
    answers = paired.arms[TREATMENT].readings[6].answers
    treated, control = survey_groups(Evaluation(**NAIVE), paired, None, 6)
    assert control is not None
    answers["attitude"], answers["attitude_true"] = answers["attitude"] + 1.0, answers["attitude_true"] + 1.0
    found = effect(treated, "attitude", [treated, control], 0, 6)
    assert found.answers == pytest.approx(1.0) and found.asked == 1.0
    (row,), _ = analyse(Evaluation(**{**NAIVE, "methods": ["after"]}),
                        [survey(Evaluation(**NAIVE), paired, None, {"before": 0, "after": 6})])
    assert row["effect"] == pytest.approx(1 / row["sd"]) and 0.85 < row["effect"] / row["true"] < 0.99


def test_an_item_that_is_put_to_nobody_of_the_treated_is_refused() -> None:
    def minority(people: Any, rows: Any) -> Any:
        return people.group[rows] == 1

    design = Evaluation(**{**NAIVE, "outcomes": ["attitude", "contact_valence"]})
    paired = on_paper(minority)
    assert (paired.residents.group[paired.mask(TREATMENT, "participants")] == 1).all()
    found = survey(design, paired, None, {"before": 0, "after": 6})
    some = pd.DataFrame(analyse(design, [found])[0])
    check_asked([design], some[some["outcome"] == "attitude"])
    with pytest.raises(UserError, match=r"outcomes=contact_valence is put to nobody .* majority, 16 and over and"):
        check_asked([design], some)


def test_non_response_loses_the_cold_where_it_is_selective() -> None:
    whole, some = (survey(Evaluation(**{**NAIVE, "methods": ["did"], **more}), on_paper(by_lot), None,
                          {"before": 0, "after": 6}) for more in ({}, {"nonresponse": 0.5, "selective": 2.0}))
    a, b = whole.tables["attitude"], some.tables["attitude"]
    assert 0.4 * len(a) < len(b) < 0.6 * len(a) and b["before"].mean() > a["before"].mean() + 0.1
    assert set(b["uid"]) < set(a["uid"])


def test_controls_are_those_of_the_design() -> None:
    paired = on_paper(friendly)
    took, interested = paired.mask(TREATMENT, "participants"), paired.mask(TREATMENT, "interested")

    def sampled(control: str, other: PairedRuns | None = None) -> Any:
        design = Evaluation(**{**NAIVE, "control": control, "size": 10_000, "control_size": 10_000})
        table = survey(design, paired, other, {"before": 0, "after": 6}).tables["attitude"]
        return set(table.loc[table["treated"] == 0, "uid"])

    uid, asked = paired.residents.uid, paired.residents.age >= 16
    assert sampled("interested") == set(uid[interested & ~took])
    assert sampled("others") == set(uid[~took & asked])
    other = on_paper(friendly, seed=2)
    assert sampled("matched_town", other) == set(other.residents.uid[other.residents.age >= 16])


def test_only_those_whom_it_left_alone_are_untouched() -> None:
    rows = np.flatnonzero(two_rows())
    paired = simulate_pair(PLACE, 1, {CONTROL: Arm(quick()), TREATMENT: Arm(quick(), lambda: [Club(rows)])}, 6, [6],
                           instruments=shipped())
    design = Evaluation(**{**NAIVE, "control": "untouched", "ages": [16, 100], "size": 10_000,
                           "control_size": 10_000})
    table = survey(design, paired, None, {"before": 0, "after": 6}).tables["attitude"]
    controls = np.isin(paired.residents.uid, table.loc[table["treated"] == 0, "uid"])
    areas, took = paired.residents.areas["neighbourhood"], paired.mask(TREATMENT, "participants")
    grown = paired.residents.age >= 18
    assert controls[grown].any() and not np.isin(areas[controls & grown], areas[took]).any()


def two_rows() -> Any:
    people = make_world(PLACE, quick(), seed=1).people
    return people.active & (people.age > 30) & (np.arange(len(people)) < 60)


def test_towns_are_put_together() -> None:
    design = Evaluation(**{**NAIVE, "methods": ["did"], "sites": 2})
    towns = [survey(design, on_paper(by_lot, seed), None, {"before": 0, "after": 6}, sites=2) for seed in (1, 2)]
    (row,), _ = analyse(design, towns)
    assert row["seeds"] == "1 2" and 450 <= row["treated"] <= 500


@pytest.mark.parametrize("name", names())
def test_what_comes_with_contactsim_can_be_read(name: str) -> None:
    design = load(name)
    assert design.title and design.source and ("ssumed" in design.about or design.source == "our own")


@pytest.mark.parametrize("name, changes, says", [
    ("youth_schema", {}, "Did you mean 'youth_scheme'"),
    ("youth_scheme", {"size": 0}, "evaluation.size=0"),
    ("youth_scheme", {"reliability": 0.6}, "was removed; each outcome is a survey item, with a reliability of its own"),
    ("youth_scheme", {"items": 3}, "'evaluation.items=3' (command line): the key was removed"),
    ("youth_scheme", {"instruments.attitude.reliability": 2.0},
     "evaluation.instruments.attitude.reliability=2.0 (command line)"),
    ("youth_scheme", {"instruments.warmth.reliability": 0.5}, "instruments='warmth' is unknown"),
    ("youth_scheme", {"instruments": [3]}, "evaluation.instruments=[3] must map survey items"),
    ("youth_scheme", {"size.of": 3}, "evaluation.size.of=3 (command line) is unknown"),
    ("youth_scheme", {"outcomes": ["attitud"]}, "outcomes='attitud' is unknown: allowed are anxiety, attitude, bad"),
    ("youth_scheme", {"outcomes": ["positive"]}, "the value is now evaluation.outcomes=good_episodes"),
    ("youth_scheme", {"outcomes": ["language"]}, "no shipped item asks for language"),
    ("youth_scheme", {"ages": [8, 9]}, "leaves nobody to whom attitude is put (all, 11 and over)"),
    ("arts_children", {"outcomes": ["threat"], "mediator": None}, "ages=[7, 11] leaves nobody to whom threat"),
    ("youth_scheme", {"control": "none"}, "control=none"),
    ("youth_scheme", {"treated": "residents"}, "treated=residents"),
    ("youth_scheme", {"mediator": "luck"}, "mediator='luck'"),
    ("youth_scheme", {"ages": [17, 15]}, "ages=[17, 15]"),
    ("youth_scheme", {"sizes": 3}, "evaluation.sizes"),
])
def test_mistakes_are_said(name: str, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError) as error:
        load(name, changes)
    assert says in str(error.value) and "\n" not in str(error.value)


def test_without_statsmodels_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "statsmodels.api", None)
    with pytest.raises(UserError, match=r"contactsim\[analysis\]"):
        estimators.statsmodels()


def test_own_evaluations_come_from_the_user_s_folder(tmp_path: Path) -> None:
    (tmp_path / "evaluation").mkdir()
    (tmp_path / "evaluation" / "ours.yaml").write_text("title: Ours\ncontrol: others\nmethods: [after]\n")
    (tmp_path / "evaluation" / "typo.yaml").write_text("title: Typo\ncontrl: others\n")
    own = str(tmp_path)
    assert set(names(own)) == {*names(), "ours", "typo"}
    assert load("ours", {"size": 20}, own).size == 20 and load("youth_scheme", config_dir=own) == load("youth_scheme")
    with pytest.raises(UserError, match=r"evaluation.contrl.*typo.yaml.*Did you mean 'control'"):
        load("typo", config_dir=own)
    with pytest.raises(UserError, match=r"ours.*is unknown"):
        load("ours")
    with pytest.raises(UserError, match="not a folder"):
        names(str(tmp_path / "nowhere"))
    (tmp_path / "evaluation" / "youth_scheme.yaml").write_text("title: Mine\n")
    with pytest.raises(UserError, match="give it another name"):
        load("youth_scheme", config_dir=own)
