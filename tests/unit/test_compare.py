"""The design of a comparison, its grid and tasks, and estimates over seeds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from contactsim.comparison.compare import Comparison, compare
from contactsim.comparison.design import Cell, Design, Grid, read_design, read_grid
from contactsim.comparison.effects import NOT_SIGNIFICANT, cost_effectiveness, differences, precision, summarise
from contactsim.comparison.folder import _costs
from contactsim.comparison.paired_runs import CONTROL, MESSAGE_OFF, TREATMENT
from contactsim.comparison.report import _cell, _cost_lines
from contactsim.comparison.tasks import tasks_of
from contactsim.errors import UserError
from contactsim.observers.panel import OUTCOMES
from contactsim.place import Place
from contactsim.stats import mean_interval
from contactsim.storage.store import Store
from tests.worlds import two_groups

SMALL = ["place.residents=1500", "scenario=no_burn_in"]
ONCE = ["action=youth_scheme", "actions.youth_scheme.intakes=1"]


def by_seed(effects: list[float], control: list[float] | None = None, raw: list[float] | None = None,
             residents: list[int] | None = None, outcome: str = "attitude") -> pd.DataFrame:
    number = len(effects)
    columns = zip(effects, control or [0.5] * number, raw or [e / 4 for e in effects], residents or [10] * number,
                  strict=True)
    return pd.DataFrame([{"arm": TREATMENT, "week": 1, "part": "participants", "by": "all", "level": "all",
                          "outcome": outcome, "residents": n, "effect": e, "raw": r, "control": b, "control_sd": 0.25,
                          "seed": k}
                         for k, (e, b, r, n) in enumerate(columns)])


def compared(table: pd.DataFrame, costs: list[float]) -> Comparison:
    """A comparison with these effects."""
    grid = Grid((Cell(Design({}, tuple(range(len(costs))), 1, (1,)), two_groups(2, 20)),))
    seeds = pd.DataFrame({"seed": range(len(costs)), "arm": TREATMENT, "cost": costs})
    nothing = pd.DataFrame()
    return Comparison(grid, summarise(table), table, nothing, nothing, seeds, ())


def test_many_cells_are_summarised_as_one_is() -> None:
    row = summarise(by_seed([0.1, 0.3, 0.2, 0.25])).iloc[0]
    assert tuple(row[["effect", "low", "high"]]) == pytest.approx(mean_interval([0.1, 0.3, 0.2, 0.25]))
    assert row["raw_low"] == pytest.approx(row["low"] / 4) and row["significant"] and row["seeds"] == 4
    nothing = summarise(by_seed([0.0, 0.0])).iloc[0]
    assert (nothing["low"], nothing["high"]) == (0.0, 0.0) and not nothing["significant"]
    single = summarise(by_seed([0.3])).iloc[0]
    assert np.isnan(single["low"]) and not single["significant"]


#: Over seeds the raw difference is steady and the standard deviations are not, or the other way round.
STEADY, UNSTEADY = [0.10, 0.11, 0.10, 0.09], [0.02, 0.9, 0.02, 0.03]


@pytest.mark.parametrize("effect, raw, significant", [(STEADY, UNSTEADY, True), (UNSTEADY, STEADY, False)])
def test_the_star_is_that_of_the_interval_that_is_printed(effect: list[float], raw: list[float],
                                                          significant: bool) -> None:
    row = summarise(by_seed(effect, raw=raw)).iloc[0]
    assert row["shown"] == "effect" and row["significant"] == significant
    assert mean_interval(effect).significant == significant != mean_interval(raw).significant
    text = _cell(row)
    assert ("*" in text) == significant == (not text.splitlines()[1].startswith("-"))


def test_what_does_not_vary_in_the_control_arm_is_shown_in_its_unit_with_that_units_interval() -> None:
    row = summarise(by_seed([float("nan")] * 4, raw=STEADY)).iloc[0]
    assert row["shown"] == "raw" and row["significant"]
    assert _cell(row) == "+.100* in its unit\n+.087 +.113"
    assert not summarise(by_seed([float("nan")] * 4, raw=UNSTEADY)).iloc[0]["significant"]


def test_precision_is_the_ratio_of_variances() -> None:
    effects, control = [0.4, 0.8, 0.6], [0.1, 0.5, 0.3]
    row = precision(by_seed(effects, control)).iloc[0]
    raw = np.array(effects) / 4
    assert row["paired"] == pytest.approx(raw.var(ddof=1))
    assert row["ratio"] == pytest.approx(((raw + control).var(ddof=1) + np.var(control, ddof=1)) / raw.var(ddof=1))


def test_a_cost_per_unit_is_given_where_the_effect_has_a_star_and_nowhere_else() -> None:
    for effect, raw in ((STEADY, UNSTEADY), (UNSTEADY, STEADY)):
        found = compared(by_seed(effect, raw=raw), [1000.0] * 4)
        star = bool(found.effect("attitude")["significant"])
        cost = found.cost_effectiveness("attitude")
        assert np.isfinite(cost.ratio) == star == bool(_costs(found, found.grid.reference))
        assert (str(cost) == NOT_SIGNIFICANT) == (not star)
        line, = _cost_lines({"total_cost": 1000.0, "cost": _costs(found, found.grid.reference), "participants": 10})
        assert ("no cost per unit" in line) == (not star) and line.startswith("Cost £1,000")


def test_a_cost_per_unit_has_no_limit_where_people_vary_too_much() -> None:
    """The effect is steady, the number of people is not: the gain is not significant, the effect is."""
    found = compared(by_seed(STEADY, residents=[1, 400, 2, 1]), [1000.0] * 4)
    assert found.effect("attitude")["significant"] and np.isinf(found.cost_effectiveness("attitude").high)
    assert str(found.cost_effectiveness("attitude")).endswith(", no limit]")


def test_a_cost_in_the_outcomes_own_unit_if_nothing_varies() -> None:
    found = compared(by_seed([float("nan")] * 4, raw=STEADY, outcome="civic"), [1000.0] * 4)
    cost = found.cost_effectiveness("civic")
    assert cost.unit == OUTCOMES["civic"] and cost.ratio == pytest.approx(1000 / (10 * np.mean(STEADY)))


def test_the_cost_of_an_effect_is_as_uncertain_as_the_effect() -> None:
    """With a cost that does not vary, Fieller's limits are the cost over the limits of the gain."""
    gains = [4.0, 5.0, 6.0, 5.5]
    _, low, high = mean_interval(gains)
    found = cost_effectiveness([1000.0] * 4, gains, True)
    assert (found.ratio, found.low, found.high) == pytest.approx((1000 / np.mean(gains), 1000 / high, 1000 / low))
    assert str(cost_effectiveness([float("nan")] * 3, [1.0, 2.0, 3.0], True)) == "the cost is not known"
    assert str(cost_effectiveness([1000.0] * 4, [-g for g in gains], True)).endswith("per unit lost")


def grid_table(raw: dict[float, list[float]], sd: dict[float, float], week: int = 1) -> pd.DataFrame:
    """Effects of participants by seed, for cells of one axis."""
    tables = [by_seed([r / sd[value] if sd[value] else float("nan") for r in rows], raw=rows).assign(
        control_sd=sd[value], week=week) for value, rows in raw.items()]
    for table, value in zip(tables, raw, strict=True):
        table.insert(0, "place.dissimilarity", value)
    return pd.concat(tables, ignore_index=True)


AXES = {"place.dissimilarity": (0.2, 0.6)}


def test_differences_between_cells_are_paired_by_seed_and_in_units_of_the_reference() -> None:
    low, high = [0.10, 0.30, 0.20], [0.15, 0.36, 0.25]
    row, = differences(grid_table({0.2: low, 0.6: high}, {0.2: 0.5, 0.6: 2.0}), AXES).to_dict("records")
    pairs = [b - a for a, b in zip(low, high, strict=True)]
    assert (row["raw"], row["raw_low"], row["raw_high"]) == pytest.approx(mean_interval(pairs))
    assert (row["effect"], row["low"], row["high"]) == pytest.approx(mean_interval([d / 0.5 for d in pairs]))
    assert (row["axis"], row["value"], row["reference"]) == ("place.dissimilarity", 0.6, 0.2)
    assert row["significant"] and row["seeds"] == 3
    assert mean_interval(high).high - mean_interval(high).low > 2 * (row["raw_high"] - row["raw_low"])


def test_equal_effects_have_no_difference_even_if_nothing_varies() -> None:
    same = [0.1, 0.2, 0.4]
    row = differences(grid_table({0.2: same, 0.6: same}, {0.2: 0.0, 0.6: 1.0}), AXES).iloc[0]
    assert (row[["effect", "low", "high", "raw"]] == 0).all() and not row["significant"]
    own = differences(grid_table({0.2: same, 0.6: [0.3, 0.4, 0.6]}, {0.2: 0.0, 0.6: 1.0}), AXES).iloc[0]
    assert own["shown"] == "raw" and own["significant"] and own["raw"] == pytest.approx(0.2)


def test_cells_without_a_common_week_have_no_difference() -> None:
    table = pd.concat([grid_table({0.2: [1.0, 2.0]}, {0.2: 1.0}), grid_table({0.6: [1.0, 2.0]}, {0.6: 1.0}, week=2)])
    assert differences(table, AXES).empty and differences(by_seed([0.1]), {}).empty


def test_arms_seeds_and_readout_weeks() -> None:
    design = read_design([*SMALL, *ONCE, "seeds=3", "seed=7", "follow_up=[4,9]"])
    assert design.seeds == (7, 8, 9) and list(design.configs) == [CONTROL, TREATMENT]
    end = sum(phase.weeks for phase in design.config.actions["youth_scheme"].phases)
    assert design.end == end and design.readout_weeks == (end, end + 4, end + 9)
    assert not design.configs[CONTROL].actions and list(design.config.actions) == ["youth_scheme"]
    lasting = read_design([*SMALL, "action=community_centre", "weeks=60"])
    assert lasting.end is None and lasting.readout_weeks == (52, 60) and "lasts" in lasting.notes[0]
    short = read_design([*SMALL, *ONCE, f"weeks={end + 2}", "follow_up=4"])
    assert short.readout_weeks == (end, end + 2) and f"before {end + 4}" in short.notes[0]


def test_what_differs_may_be_a_parameter_or_part_of_an_action() -> None:
    design = read_design([*SMALL, *ONCE, "weeks=5"], ["actions.youth_scheme.conditions.closeness=0.1"])
    closeness = [config.actions["youth_scheme"].conditions.closeness for config in design.configs.values()]
    assert closeness == [0.1, 0.8]
    design = read_design([*SMALL, "weeks=5", "psychology.norms=0.01"], ["psychology.norms=0"])
    assert [config.psychology.norms for config in design.configs.values()] == [0.0, 0.01]


def test_an_action_that_meets_and_speaks_has_an_arm_without_its_message() -> None:
    design = read_design([*SMALL, "action=tension_mediation", "weeks=5"])
    assert list(design.configs) == [CONTROL, TREATMENT, MESSAGE_OFF]
    assert design.configs[MESSAGE_OFF].actions["tension_mediation"].message == "off"
    assert "hostile_rumour" in design.configs[CONTROL].actions and "hostile_rumour" in design.config.actions


@pytest.mark.parametrize("given, without, says", [
    ([], [], "Nothing differs"),
    (["action=youth_scheme", "seeds=0"], [], "seeds=0"),
    (["action=youth_scheme", "seeds=2", "seeds=3"], [], "seeds is given twice"),
    (["action=youth_scheme", "follow_up=[-1]"], [], "follow_up="),
    (["action=youth_schema"], [], "youth_scheme"),
    (["action=youth_scheme"], ["seed=3"], "changes seed"),
    ([], ["place.residents=900"], "changes place"),
    ([], ["residents.vacancy=0"], "changes residents"),
    ([], ["psychology.normz=0"], "'norms'"),
    (["action=youth_scheme", "follow=13"], [], "write follow_up=13"),
])
def test_mistakes_are_said(given: list[str], without: list[str], says: str) -> None:
    with pytest.raises(UserError) as error:
        read_design([*SMALL, *given], without)
    assert says in str(error.value) and "\n" not in str(error.value)


def test_several_values_make_a_grid_with_the_same_seeds() -> None:
    grid = read_grid([*SMALL, *ONCE, "place.dissimilarity=0.2,0.6", "psychology.negative_weight=range(1,3)", "seeds=2",
                      "residents=default"])
    assert grid.axes == {"place.dissimilarity": (0.2, 0.6), "psychology.negative_weight": (1, 2)}
    points = [tuple(cell.design.point.values()) for cell in grid.cells]
    assert points == [(0.2, 1), (0.2, 2), (0.6, 1), (0.6, 2)]
    assert {cell.design.seeds for cell in grid.cells} == {(1, 2)}
    for cell in grid.cells:
        arms = cell.design.configs
        assert all(config.place["dissimilarity"] == cell.design.point["place.dissimilarity"]
                   and config.psychology.negative_weight == cell.design.point["psychology.negative_weight"]
                   for config in arms.values())
    assert grid.cells[0].place is grid.cells[1].place is not grid.cells[2].place
    single = read_grid([*SMALL, *ONCE])
    assert single.axes == {} and len(single.cells) == 1
    chosen = read_grid([*SMALL, "action=library_chat,arts_festival", "weeks=5"])
    assert [list(cell.design.config.actions) for cell in chosen.cells] == [["library_chat"], ["arts_festival"]]


@pytest.mark.parametrize("given, says", [
    ("seed=1,2", "seeds=N"), ("weeks=5,9", "takes one of weeks"), ("psychology.norms=interval(0,1)", "is an interval"),
    ("psychology.norms=0.1,0.1", "contains a value twice"), ("engine=dask", "engine.scheduler is missing"),
    ("engine=slurm", "engine=slurm"), ("psychology.norms=0.1,9", "norms=9")])
def test_mistakes_of_a_grid_are_said(given: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        read_grid([*SMALL, *ONCE, given])


def ids(design: Design, place: Place) -> list[str]:
    return [task.id for task in tasks_of(design, place)]


def test_more_seeds_only_add_tasks_and_whatever_decides_results_changes_them() -> None:
    words = [*SMALL, *ONCE, "follow_up=2"]
    three, five = (read_grid([*words, f"seeds={n}"]).reference for n in (3, 5))
    assert ids(five.design, five.place)[:3] == ids(three.design, three.place)
    known = set(ids(three.design, three.place))
    assert len(known) == 3
    shifted = read_grid([*words, "seeds=2", "seed=2"]).reference
    assert set(ids(shifted.design, shifted.place)) < known
    assert set(ids(replace(three.design, readout_weeks=(1, 2)), three.place)).isdisjoint(known)
    assert set(ids(three.design, two_groups(2, 20))).isdisjoint(known)
    for change in ("psychology.norms=0.02", "actions.youth_scheme.reach=0.5"):
        other = read_grid([*words, "seeds=3", change]).reference
        assert set(ids(other.design, other.place)).isdisjoint(known), change
    elsewhere = ["threads=1", "output=elsewhere", "store=there", "cache_burn_in=false"]
    same = read_grid([*words, "seeds=3", *elsewhere]).reference
    assert ids(same.design, same.place) == ids(three.design, three.place)


def test_arms_that_cannot_be_simulated_are_refused_before_anything_is(tmp_path: Path) -> None:
    grid = read_grid([*SMALL, "weeks=2", "seeds=1", "psychology.norms=0.1"], ["scenario.burn_in=true"])
    with pytest.raises(UserError, match="share their burn-in"):
        compare(grid, tmp_path / "store", jobs=0)
    assert not (tmp_path / "store").exists()


class Stop:
    """Interrupts after some replications."""

    def __init__(self, after: int = 10**9) -> None:
        self.after, self.steps = after, list[tuple[int, int]]()

    def __call__(self, stage: str, done: int, total: int) -> None:
        self.steps.append((done, total))
        if done == self.after:
            raise KeyboardInterrupt


def test_an_interrupted_comparison_goes_on_where_it_was(tmp_path: Path) -> None:
    words = ["place.residents=1000", "scenario=no_burn_in", "psychology.norms=.1,.2", "weeks=2", "action=library_chat"]
    grid = read_grid([*words, "seeds=2"])
    with pytest.raises(KeyboardInterrupt, match="same command continues"):
        compare(grid, tmp_path / "store", jobs=0, progress=Stop(after=3))
    assert len(Store(tmp_path / "store").read(["status"])) == 3
    rest = Stop()
    found = compare(grid, tmp_path / "store", jobs=0, progress=rest)
    assert rest.steps == [(0, 1), (1, 1)]
    once = compare(grid, tmp_path / "once", jobs=0)
    for table in ("by_seed", "effects", "precision", "footprint", "seeds", "differences"):
        pd.testing.assert_frame_equal(getattr(found, table), getattr(once, table), check_exact=True)
    more = Stop()
    compare(read_grid([*words, "seeds=3"]), tmp_path / "store", jobs=0, progress=more)
    assert more.steps[-1] == (2, 2)
    cell = {"psychology.norms": 0.2}
    assert found.effect("attitude", "everybody", cell=cell)["psychology.norms"] == 0.2
    nothing_to_do = Stop()
    alone = compare(read_grid([*(word for word in words if "norms" not in word), "psychology.norms=.2", "seeds=2"]),
                    tmp_path / "store", jobs=0, progress=nothing_to_do)
    assert nothing_to_do.steps == []
    assert alone.effect("attitude", "everybody")["effect"] == found.effect("attitude", "everybody", cell=cell)["effect"]
    assert alone.differences.empty and set(found.differences["axis"]) == {"psychology.norms"}


def test_a_replication_that_fails_is_a_record_and_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from contactsim.comparison import tasks

    def fail(*arguments: Any, **more: Any) -> None:
        raise ValueError("no such luck")

    monkeypatch.setattr(tasks, "simulate_pair", fail)
    grid = read_grid(["place.residents=1000", "scenario=no_burn_in", "weeks=1", "action=library_chat", "seeds=2"])
    with pytest.raises(UserError, match=r"seed 1\) failed: ValueError: no such luck"):
        compare(grid, tmp_path / "store", jobs=0)
    row, = Store(tmp_path / "store").read(["status", "seed", "message"]).to_pylist()
    assert (row["status"], row["seed"]) == ("failed", 1) and "no such luck" in row["message"]
    monkeypatch.undo()
    assert set(compare(grid, tmp_path / "store", jobs=0).by_seed["seed"]) == {1, 2}
