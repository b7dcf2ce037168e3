"""Statistics, against scipy, numpy and data whose answer is built in."""

from __future__ import annotations

from math import inf, isnan

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from contactsim.stats import (
    bimodality,
    cell_intervals,
    coefficient,
    detectable_effect,
    equivalence,
    excludes_zero,
    mean_interval,
    mediation,
    product_of_coefficients,
    quantiles,
    ratio_interval,
    required_number,
    share,
    simultaneous_interval,
    slopes,
    standardised,
)

NAN = float("nan")


def test_a_mean_has_students_interval() -> None:
    x = np.array([0.1, 0.3, 0.2, 0.25])
    expected = scipy_stats.t.interval(0.95, 3, loc=x.mean(), scale=scipy_stats.sem(x))
    assert mean_interval(x)[1:] == pytest.approx(expected)
    assert mean_interval(x, alpha=0.1)[1:] == pytest.approx(
        scipy_stats.t.interval(0.9, 3, loc=x.mean(), scale=scipy_stats.sem(x)))
    assert mean_interval([0.1, NAN, 0.3])[0] == pytest.approx(0.2)
    assert mean_interval([0.0, 0.0, 0.0]) == (0.0, 0.0, 0.0) and not mean_interval([0.0, 0.0]).significant
    assert mean_interval([0.3, 0.3, 0.3]) == (0.3, 0.3, 0.3) and mean_interval([0.3, 0.3, 0.3]).significant
    assert isnan(mean_interval([0.2]).low) and mean_interval([0.2]).mean == 0.2 and isnan(mean_interval([]).mean)


def test_intervals_leave_out_zero_or_do_not() -> None:
    assert excludes_zero(np.array([0.1, -0.2, -0.1, NAN, 0.0]), np.array([0.2, -0.1, 0.2, NAN, 0.0])).tolist() == [
        True, True, False, False, False]


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=30), st.integers(1, 40))
def test_intervals_of_a_larger_family_are_wider(values: list[float], family: int) -> None:
    one, many = simultaneous_interval(values, 1), simultaneous_interval(values, family)
    assert many.low <= one.low and one.high <= many.high
    assert one == pytest.approx(mean_interval(values), abs=1e-12)
    assert many == pytest.approx(mean_interval(values, 0.05 / family), abs=1e-12)


@pytest.mark.parametrize("values", [[0.1], [0.1, NAN], [0.1, inf], []])
def test_simultaneous_intervals_need_every_value(values: list[float]) -> None:
    assert simultaneous_interval(values, 2)[1:] == (-inf, inf)


def test_many_cells_have_the_interval_of_each() -> None:
    table = pd.DataFrame({"cell": list("aaabbcccd"), "x": [0.1, 0.3, 0.2, 0.5, NAN, 2.0, 2.0, 2.0, NAN]})
    found = cell_intervals(table.groupby("cell")["x"])
    for name, cell in table.groupby("cell"):
        assert tuple(found.loc[name, ["mean", "low", "high"]]) == pytest.approx(mean_interval(cell["x"]), nan_ok=True)
    assert found["count"].tolist() == [3, 1, 3, 0]


def test_a_ratio_to_a_constant_cost_turns_the_interval_over() -> None:
    gains = [4.0, 5.0, 6.0, 5.5]
    mean, low, high = mean_interval(gains)
    assert ratio_interval([1000.0] * 4, gains) == pytest.approx((1000 / mean, 1000 / high, 1000 / low))


def test_a_ratio_to_what_cannot_be_told_from_nothing_has_no_limit() -> None:
    """(low, inf) of c / g is the side of Fieller's set that holds the ratio: 1 / g over the interval of g up to 0."""
    gains = [4.0, -1.0, 6.0, 3.0]
    _, low, high = mean_interval(gains)
    assert low < 0 < high
    assert ratio_interval([10.0] * 4, gains) == pytest.approx((10 / 3, 10 / high, inf))
    assert ratio_interval([10.0] * 4, [-g for g in gains]) == pytest.approx((-10 / 3, -inf, -10 / high))
    assert all(isnan(one) for one in ratio_interval([1.0, NAN], [1.0, 2.0]))


def test_fieller_covers_as_often_as_it_says() -> None:
    """Numerator and denominator vary together; 400 samples of 6 cover the ratio in 95 % (decision: 92 to 98 %)."""
    hits = 0
    for sample in np.random.default_rng(3).standard_normal((400, 6, 2)):
        gain = 10 + 1.5 * sample[:, 0]
        found = ratio_interval(50 + 5 * gain + 4 * sample[:, 1], gain)
        hits += int(found.low <= 10.0 <= found.high)
    assert 0.92 <= hits / 400 <= 0.98


def test_no_difference_is_no_effect_even_where_nothing_varies() -> None:
    found = standardised(np.array([0.0, 0.2, 0.2]), np.array([0.0, 0.0, 0.4]))
    assert found[0] == 0.0 and isnan(found[1]) and found[2] == 0.5


def test_shares_and_quantiles() -> None:
    assert share([True, False, True, True]) == 0.75 and isnan(share([]))
    assert quantiles([3.0, 1.0, 2.0], [0, 0.5, 0.75]) == [1.0, 2.0, 2.5] and isnan(quantiles([], [0.5])[0])


def test_equivalence_is_two_tests_and_an_interval_of_90_per_cent() -> None:
    x = np.array([0.02, -0.01, 0.03, 0.01, 0.0])
    for bound in (0.02, 0.03, 0.5):
        found = equivalence(x, -bound, bound)
        one_sided = [scipy_stats.ttest_1samp(x, -bound, alternative="greater"),
                     scipy_stats.ttest_1samp(x, bound, alternative="less")]
        assert found.p == pytest.approx(max(test.pvalue for test in one_sided))
        assert found.equivalent == (found.interval.low > -bound and found.interval.high < bound)
    assert equivalence(x, -0.5, 0.5).equivalent and not equivalence(x, -0.02, 0.02).equivalent


def test_two_camps_are_more_bimodal_than_one() -> None:
    rng = np.random.default_rng(1)
    assert bimodality(rng.uniform(size=20_000)) == pytest.approx(5 / 9, abs=0.01)
    one, two = rng.normal(size=20_000), np.concatenate([rng.normal(-3, 1, 10_000), rng.normal(3, 1, 10_000)])
    assert bimodality(one) == pytest.approx(1 / 3, abs=0.02) and bimodality(two) > 0.7
    assert isnan(bimodality(np.ones(9))) and isnan(bimodality(np.arange(3.0)))


def test_regressions_recover_what_was_built_in() -> None:
    rng = np.random.default_rng(2)
    x, m = rng.normal(size=3000), rng.normal(size=3000)
    y = 1 + 2 * x - m + rng.normal(size=3000)
    assert slopes(y, x, m) == pytest.approx([2, -1], abs=0.1)
    for more in ({}, {"weights": rng.uniform(0.5, 1, 3000)}, {"clusters": np.arange(3000) // 10}):
        found = coefficient(y, x, m, **more)
        assert found.low < 2 < found.high and found.mean == pytest.approx(2, abs=0.1)


def test_errors_of_people_who_are_alike_are_wider_by_clusters() -> None:
    """40 towns of 50: the treatment is a town's, and so is most of the scatter."""
    rng = np.random.default_rng(4)
    town = np.repeat(np.arange(40), 50)
    treated = (town < 20).astype(float)
    y = rng.normal(size=40)[town] + 0.1 * rng.normal(size=2000)
    alone, clustered = coefficient(y, treated), coefficient(y, treated, clusters=town)
    assert clustered.high - clustered.low > 4 * (alone.high - alone.low)


def test_a_product_of_coefficients_is_the_indirect_path() -> None:
    """x -> m (.5) -> y (.6) and x -> n (-.4) -> y (.3): .3 - .12."""
    rng = np.random.default_rng(6)
    x, noise = rng.normal(size=20_000), rng.normal(size=(3, 20_000))
    m, n = 0.5 * x + noise[0], -0.4 * x + noise[1]
    y = 0.2 * x + 0.6 * m + 0.3 * n + noise[2]
    assert product_of_coefficients(x, [m, n], y) == pytest.approx(0.18, abs=0.02)
    assert product_of_coefficients(x, [m], y) == pytest.approx(mediation(x, m, y, repeats=9).indirect)


def test_power_goes_both_ways() -> None:
    for samples in (1, 2):
        effect = detectable_effect(50, 0.8, 0.05, samples)
        assert required_number(effect * 1.0001, 0.8, 0.05, samples) == 50
        assert required_number(effect * 0.9, 0.8, 0.05, samples) > 55
    assert required_number(100.0, 0.8, 0.05, 1) == 2 and isnan(required_number(NAN, 0.8, 0.05, 1))
    assert required_number(7.06, 0.95, 0.05, 2) == 3, "statsmodels' power is nan there"


def test_mediation_finds_the_path_that_was_built() -> None:
    """a = .5, b = .6, direct .2: the indirect path is .3."""
    rng = np.random.default_rng(2)
    treated = rng.integers(0, 2, 2000)
    mediator = 0.5 * treated + rng.standard_normal(2000)
    after = 0.2 * treated + 0.6 * mediator + rng.standard_normal(2000)
    found = mediation(treated, mediator, after, repeats=199)
    assert found.low < 0.3 < found.high
    assert found.total == pytest.approx(found.indirect + found.direct)
    assert found.share == pytest.approx(found.indirect / found.total)
    nothing = mediation(treated, rng.standard_normal(2000), after, repeats=199)
    assert nothing.low < 0 < nothing.high
    assert np.isnan(mediation(treated[:5], mediator[:5], after[:5]).indirect)
