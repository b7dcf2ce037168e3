"""Effects over the parameter sets of an ensemble: intervals, differences between sets, costs and power."""

from __future__ import annotations

from math import sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from contactsim.comparison.compare import Comparison
from contactsim.comparison.design import SEED_STRIDE, Cell, Design, Grid, read_grid
from contactsim.comparison.effects import cost_effectiveness, differences, dose_estimates, precision, summarise
from contactsim.comparison.paired_runs import TREATMENT
from contactsim.comparison.report import between_row, runs_text
from contactsim.config.ensemble import SET, digest
from contactsim.errors import UserError
from contactsim.evaluate import power_over_sets
from contactsim.evaluate.power import check, needed, seeds_needed
from contactsim.evaluate.study import read_study
from contactsim.stats import between_groups, detection, mean_interval
from tests.worlds import two_groups

SMALL = ["place.residents=800", "scenario=no_burn_in", "action=library_chat", "weeks=4"]
#: Three sets of two seeds each. Means .2, .5, 0 with the variance .0633; variance of seeds .04, of means of two .02.
SETS = {1: [0.1, 0.3], 2: [0.4, 0.6], 3: [-0.2, 0.2]}
SPREAD = sqrt(0.19 / 3 - 0.02)
MEANS = [0.2, 0.5, 0.0]


def pooled(sets: dict[int, list[float]], part: str = "participants", outcome: str = "attitude") -> pd.DataFrame:
    """Effects by parameter set and seed; raw effects are a quarter of them."""
    return pd.DataFrame([{SET: number, "arm": TREATMENT, "week": 1, "part": part, "by": "all", "level": "all",
                          "outcome": outcome, "residents": 10, "effect": effect, "raw": effect / 4, "control": 0.5,
                          "control_sd": 0.25, "seed": k} for number, of in sets.items() for k, effect in enumerate(of)])


@pytest.fixture
def mine(tmp_path: Path) -> str:
    table = ("set,psychology.negative_weight,instruments.contact_frequency.seen,instruments.attitude.reliability\n"
             "1,1.25,7.5,0.7\n2,2.5,3,0.6\n")
    (tmp_path / "mine.csv").write_text(table, encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(f"title: two\ndigest: {digest(table.encode())}\n", encoding="utf-8")
    return str(tmp_path / "mine.yaml")


def test_the_interval_is_that_of_the_sets_means() -> None:
    row = summarise(pooled(SETS)).iloc[0]
    assert tuple(row[["effect", "low", "high"]]) == pytest.approx(mean_interval(MEANS))
    assert row["raw_high"] == pytest.approx(row["high"] / 4)
    assert (row["sets"], row["seeds"], row["significant"]) == (3, 6, False)


def test_what_sets_differ_by_is_net_of_seed_noise() -> None:
    row = summarise(pooled(SETS)).iloc[0]
    kept, middle = SPREAD / np.std(MEANS, ddof=1), np.mean(MEANS)
    low, mid, high = sorted(middle + kept * (one - middle) for one in MEANS)
    assert row["sets_sd"] == pytest.approx(SPREAD) == pytest.approx(0.20817, abs=1e-5)
    assert row["sets_p10"] == pytest.approx(low + 0.2 * (mid - low)) == pytest.approx(0.0734, abs=1e-4)
    assert row["sets_p90"] == pytest.approx(mid + 0.8 * (high - mid)) == pytest.approx(0.4043, abs=1e-4)


def test_the_share_of_sets_with_the_sign_of_the_mean() -> None:
    clear = {1: [0.1, 0.1], 2: [0.4, 0.4], 3: [-0.2, -0.2], 4: [0.3, 0.3]}
    assert summarise(pooled(clear)).iloc[0]["sets_same_sign"] == 0.75
    nothing = summarise(pooled({1: [0.0, 0.0], 2: [0.0, 0.0]})).iloc[0]
    assert np.isnan(nothing["sets_same_sign"]) and nothing["sets_sd"] == 0.0 and not nothing["significant"]


def test_sets_that_differ_by_seed_noise_alone_do_not_differ() -> None:
    row = summarise(pooled({1: [0.1, 0.9], 2: [0.2, 0.6], 3: [0.8, 0.1]})).iloc[0]
    assert row["sets_sd"] == pytest.approx(0.0) and row["sets_p10"] == pytest.approx(row["sets_p90"])
    assert row["low"] < row["effect"] < row["high"]


def test_one_seed_each_says_nothing_about_seed_noise() -> None:
    row = summarise(pooled({1: [0.1], 2: [0.4], 3: [0.3]})).iloc[0]
    assert np.isnan(row["sets_sd"]) and row["sets_p90"] == pytest.approx(0.38) and row["sets_same_sign"] == 1.0
    assert (row["low"], row["high"]) == pytest.approx(mean_interval([0.1, 0.4, 0.3])[1:])


def test_the_standard_deviation_between_sets_is_that_of_a_mixed_model() -> None:
    """In a balanced table the analysis of variance and restricted maximum likelihood agree."""
    smf = pytest.importorskip("statsmodels.formula.api")
    rng = np.random.default_rng(3)
    table = pd.DataFrame([{"cell": "a", "set": k, "y": level + 0.5 * rng.standard_normal()}
                          for k, level in enumerate(rng.standard_normal(12)) for _ in range(4)])
    found = between_groups(table, ["cell"], "set", "y").iloc[0]
    fit = smf.mixedlm("y ~ 1", table, groups=table["set"]).fit()
    assert found["sd"] == pytest.approx(sqrt(float(fit.cov_re.iloc[0, 0])), rel=1e-3)


def test_an_outcome_that_does_not_vary_has_its_own_unit_between_sets_too() -> None:
    row = summarise(pooled(SETS).assign(effect=np.nan)).iloc[0]
    assert row["shown"] == "raw" and row["sets_sd"] == pytest.approx(SPREAD / 4) and row["sets"] == 3


def test_differences_between_cells_are_paired_by_set_and_seed() -> None:
    cells = []
    for value, add in ((0.2, {1: 0.0, 2: 0.0}), (0.6, {1: 0.1, 2: 0.3})):
        table = pooled({number: [effect + add[number] for effect in SETS[number]] for number in add})
        table.insert(0, "place.dissimilarity", value)
        cells.append(table)
    row, = differences(pd.concat(cells, ignore_index=True), {"place.dissimilarity": (0.2, 0.6)}).to_dict("records")
    assert (row["effect"], row["low"], row["high"]) == pytest.approx(mean_interval([0.1, 0.3]))
    assert row["sets"] == 2 and row["sets_sd"] == pytest.approx(sqrt(0.02)) and row["seeds"] == 4


def test_doses_are_pooled() -> None:
    rows = [{SET: number, "arm": TREATMENT, "week": 1, "part": "participants", "by": "all", "level": "all",
             "residents": 10, "added": added, "ordinary": 2.0, "seed": seed}
            for number, of in SETS.items() for seed, added in enumerate(of)]
    row = dose_estimates(pd.DataFrame(rows)).iloc[0]
    assert tuple(row[["added", "low", "high"]]) == pytest.approx(mean_interval(MEANS))
    assert row["sets_sd"] == pytest.approx(SPREAD) and row["ordinary"] == 2.0


def test_costs_are_pooled_by_set() -> None:
    by_seed = pooled({1: [0.4, 0.6], 2: [0.5, 0.7], 3: [0.6, 0.6]})
    costs = {1: [900.0, 1100.0], 2: [1000.0, 1400.0], 3: [1200.0, 1000.0]}
    seeds = pd.DataFrame([{SET: number, "seed": seed, "arm": TREATMENT, "cost": cost}
                          for number, of in costs.items() for seed, cost in enumerate(of)])
    cells = tuple(Cell(Design({}, (0, 1), 1, (1,)), two_groups(2, 20), number) for number in (1, 2, 3))
    nothing = pd.DataFrame()
    found = Comparison(Grid(cells, sets=(1, 2, 3)), summarise(by_seed), by_seed, nothing, nothing, seeds, ())
    assert found.cost_effectiveness("attitude") == cost_effectiveness([1000, 1200, 1100], [5, 6, 6], True)
    assert len(found.of_sets()) == 3


def test_the_precision_of_paired_runs_is_that_within_sets() -> None:
    row = precision(pooled(SETS)).iloc[0]
    assert row["paired"] == pytest.approx(0.04 / 16) and row["ratio"] == pytest.approx(1.0)


def test_sets_are_no_axis_and_have_seeds_of_their_own(mine: str) -> None:
    grid = read_grid([*SMALL, f"ensemble={mine}", "place.dissimilarity=0.2,0.6"])
    assert list(grid.axes) == ["place.dissimilarity"] and grid.sets == (1, 2) and len(grid.cells) == 4
    assert [dict(cell.design.point) for cell in grid.points] == [{"place.dissimilarity": 0.2},
                                                                 {"place.dissimilarity": 0.6}]
    assert {(cell.parameter_set, cell.design.seeds) for cell in grid.cells} == {
        (1, (1, 2)), (2, (1 + SEED_STRIDE, 2 + SEED_STRIDE))}
    for cell in grid.cells:
        weights = {config.psychology.negative_weight for config in cell.design.configs.values()}
        assert weights == {1.25 if cell.parameter_set == 1 else 2.5}
    assert grid.digest() != read_grid([*SMALL, f"ensemble={mine}", "ensemble_set=1",
                                       "place.dissimilarity=0.2,0.6"]).digest()


def test_one_set_is_an_ordinary_comparison(mine: str) -> None:
    for number in ("2", "range(2,3)"):
        grid = read_grid([*SMALL, f"ensemble={mine}", f"ensemble_set={number}"])
        cell, = grid.cells
        assert grid.sets == () and cell.parameter_set is None and grid.axes == {}
        assert cell.design.seeds == tuple(range(1, 11)) and cell.design.config.psychology.negative_weight == 2.5


def test_what_the_user_gives_holds_in_every_set(mine: str) -> None:
    grid = read_grid([*SMALL, f"ensemble={mine}", "psychology.negative_weight=1.5", "seeds=3"])
    assert {cell.design.config.psychology.negative_weight for cell in grid.cells} == {1.5}
    assert all(len(cell.design.seeds) == 3 for cell in grid.cells)


@pytest.mark.parametrize("lines, says", [
    (["ensemble=plausibel"], r"ensemble=plausibel does not exist"),
    (["ensemble_set=1,2"], r"ensemble_set=1 .* needs an ensemble"),
    (["ensemble=MINE", "ensemble_set=1,7"], r"ensemble_set=7 .* has the sets 1 to 2")])
def test_a_mistake_is_one_sentence(lines: list[str], says: str, mine: str) -> None:
    with pytest.raises(UserError, match=says) as error:
        read_grid([*SMALL, *(line.replace("MINE", mine) for line in lines)])
    assert "\n" not in str(error.value)


def test_the_items_of_an_evaluation_have_the_numbers_of_the_set(mine: str) -> None:
    lines = [*SMALL, f"ensemble={mine}", "evaluation=after_only", "evaluation.outcomes=[attitude]"]
    designs, grid = read_study(lines)
    assert [one.instruments["attitude"].reliability for one in designs] == [0.7, 0.6]  # type: ignore[attr-defined]
    assert [cell.parameter_set for cell in grid.cells] == [1, 2]
    own, _ = read_study([*lines, "evaluation.instruments.attitude.reliability=0.5"])
    assert {one.instruments["attitude"].reliability for one in own} == {0.5}  # type: ignore[attr-defined]


def test_the_effects_of_sets_give_a_distribution_of_power() -> None:
    question = check({"designs": ["after", "matched"], "reliability": 1.0, "sample": 64, "studies": 0})
    sets = {1: [-0.5, -0.5], 2: [-0.2, -0.2], 3: [-0.8, -0.8]}
    found = power_over_sets.facts(question, pd.concat([pooled(sets), pooled(sets, "others")]))
    assert found is not None and (found["part"], found["sets"], found["median"]) == ("participants", 3, -0.5)
    row, = found["power"]  # matched has no closed form
    powers = [detection(effect, 64, 0.05, 2) for effect in (0.2, 0.5, 0.8)]
    assert row["median"] == pytest.approx(powers[1]) and row["mean"] == pytest.approx(np.mean(powers))
    assert powers[1] == pytest.approx(0.80, abs=0.005) and needed(check({"effect": 0.5}), "after", 1.0) == 64
    assert detection(-0.5, 64, 0.05, 2) < 0.001 and detection(20.0, 64, 0.05, 1) == 1.0
    assert power_over_sets.facts(question, pooled(sets).drop(columns=SET)) is None


def test_seeds_follow_from_the_variance_within_sets() -> None:
    far = pooled({1: [0.11, 0.137], 2: [5.11, 5.137], 3: [-3.0, -2.973]})
    near = pooled({1: [0.11, 0.137], 2: [0.11, 0.137], 3: [0.11, 0.137]})
    few, same = (seeds_needed(check({}), table, (0.01, 0.02)) for table in (far, near))
    assert len(few) == 2
    pd.testing.assert_frame_equal(few, same)


def test_what_is_printed_of_sets() -> None:
    row = summarise(pooled(SETS)).iloc[0]
    assert between_row("attitude", row) == ("attitude", "3", ".208", "+.073 +.404", "100%")
    assert runs_text({"seeds": [1, 2], "ensemble": {"sets": [1, 2, 3]}}) == "3 parameter sets and 2 seeds each"
    assert runs_text({"seeds": [1]}) == "1 seed"
