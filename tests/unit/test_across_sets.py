"""Statistics across parameter sets: seed noise is taken out, shares have intervals, and what decides is found."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactsim.evidence.across_sets import decider, facts, holds, removed, set_means, share_of

RNG = np.random.default_rng(7)


def noisy(between: float, within: float, sets: int, seeds: int, mean: float = 1.0) -> np.ndarray:
    effects = RNG.normal(mean, between, (sets, 1))
    return np.asarray(effects + RNG.normal(0, within, (sets, seeds)))


def test_the_spread_of_net_means_is_that_of_the_effects() -> None:
    """Raw means spread by sqrt(.2^2 + .6^2 / 4) = .36, effects by .2."""
    means = set_means(noisy(0.2, 0.6, 4000, 4))
    assert means.raw.std() == pytest.approx(0.36, rel=0.04)
    assert means.net.std() == pytest.approx(0.2, rel=0.08)
    assert means.noise == pytest.approx(0.09 / 0.13, rel=0.06)


def test_the_share_that_holds_is_that_of_the_effects() -> None:
    """Of normal effects with mean 1 and SD .2, 84 % lie above .8; of the raw means 71 %."""
    values = noisy(0.2, 0.6, 4000, 4)
    means = set_means(values)
    assert share_of(holds(means, (0.8, None))).share == pytest.approx(0.841, abs=0.02)
    assert np.mean(means.raw > 0.8) < 0.74


def test_noise_alone_leaves_one_effect() -> None:
    means = set_means(np.array([[1.0, 3.0], [3.0, 1.2], [1.3, 2.5]]))
    assert means.noise == 1.0 and means.net == pytest.approx([2.0, 2.0, 2.0])


def test_with_one_seed_nothing_is_taken_out() -> None:
    means = set_means(np.array([[1.0], [2.0], [4.0]]))
    assert means.net.tolist() == means.raw.tolist() == [1.0, 2.0, 4.0] and math.isnan(means.noise)


def test_figures_that_cannot_be_computed_are_left_out() -> None:
    means = set_means(np.array([[1.0, math.nan], [math.nan, math.nan], [2.0, 2.2]]))
    assert math.isnan(means.raw[1]) and means.raw[0] == 1.0
    assert holds(means, (None, None)).tolist() == [True, False, True]


@given(st.lists(st.floats(-3, 3), min_size=3, max_size=30), st.integers(2, 4))
def test_net_means_lie_between_raw_means_and_their_mean(effects: list[float], seeds: int) -> None:
    means = set_means(np.array(effects)[:, None] + np.linspace(-1, 1, seeds))
    low, high = min(means.raw) - 1e-9, max(means.raw) + 1e-9
    assert np.all((means.net >= low) & (means.net <= high)) and 0 <= means.noise <= 1
    assert means.net.mean() == pytest.approx(means.raw.mean(), abs=1e-9)


def test_a_share_has_wilsons_interval() -> None:
    """38 of 40 at 90 %: the roots of Wilson's equation with z = 1.645."""
    found, z = share_of(np.arange(40) < 38), 1.6448536269514722
    middle = (0.95 + z**2 / 80) / (1 + z**2 / 40)
    half = z / (1 + z**2 / 40) * math.sqrt(0.95 * 0.05 / 40 + z**2 / 6400)
    assert (found.number, found.of, found.share) == (38, 40, 0.95)
    assert (found.low, found.high) == pytest.approx((middle - half, middle + half))


def test_what_is_gone_is_counted_from_no_effect() -> None:
    base = noisy(0.1, 0.05, 12, 2)
    assert removed(base, base, 0.0).ratio == pytest.approx(0.0)
    assert tuple(removed(base, np.zeros_like(base), 0.0)) == pytest.approx((1.0, 1.0, 1.0))
    half = removed(base, base / 2, 0.0)
    assert half.ratio == pytest.approx(0.5) and half.low <= 0.5 <= half.high
    ratio = removed(1 + base, np.ones_like(base), 1.0)  # a ratio without an effect is 1
    assert ratio.ratio == pytest.approx(1.0)


def test_an_uneven_knock_out_has_an_interval() -> None:
    base = noisy(0.1, 0.05, 12, 2)
    found = removed(base, base * RNG.uniform(0.1, 0.5, (12, 1)), 0.0)
    assert found.low < 0.7 < found.high and 0.5 < found.low < found.ratio < found.high < 0.9


def test_nothing_is_gone_where_there_is_no_effect() -> None:
    base = noisy(0.1, 0.1, 12, 2, mean=0.0)
    assert math.isnan(removed(base, base / 2, 0.0).ratio)
    assert math.isnan(removed(np.zeros((5, 2)), np.zeros((5, 2)), 0.0).ratio)
    few = removed(np.array([[0.2], [0.4]]), np.array([[0.1], [0.1]]), 0.0)
    assert few.ratio == pytest.approx(2 / 3) and math.isnan(few.low)


def sets(number: int) -> list[dict[str, float]]:
    return [{"psychology.appraisal": float(x), "psychology.norms": float(y), "psychology.drift": 0.02}
            for x, y in RNG.uniform(0, 2, (number, 2))]


def test_what_decides_is_the_parameter_that_the_effects_go_with() -> None:
    some = sets(30)
    effects = np.array([-2 * one["psychology.appraisal"] + 0.1 * one["psychology.norms"] for one in some])
    found = decider(effects, some)
    assert found is not None and found.path == "psychology.appraisal" and found.correlation < -0.9
    assert "the figure is lower" in found.sentence and "self-confirming appraisal" in found.sentence
    assert "against trials (T19, T20)" in found.sentence


def test_chance_decides_nothing() -> None:
    some = sets(30)
    assert decider(np.sin(np.arange(30) * 17.0), some) is None
    assert decider(np.arange(5.0), sets(5)) is None  # too few sets
    assert decider(np.ones(30), some) is None


@pytest.mark.parametrize("path, text", [
    ("psychology.negative_weight", "weight of a negative against a positive meeting"),
    ("residents.threat_spread", "standard deviation of resting threat"),
    ("settings.contact_contexts.friends.presence", "a resident is present in a slot"),
    ("settings.public.sorting", "own group's networks"),
    ("instruments.close_friends.reach", "for all ('close friends of other groups')"),
    ("psychology.no_such", "psychology.no_such")])
def test_a_parameter_is_explained(path: str, text: str) -> None:
    assert text in facts(path)[0]
