"""Estimands on observations whose answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from contactsim.evidence.estimands import (
    Case,
    bimodality_rise,
    contact_ratio,
    contact_rise,
    elasticity,
    mediated,
    spread_rise,
    worst_tenth,
    worst_tenth_gradient,
)
from contactsim.evidence.observe import Observed, sarle

N = 2000


def observed(end: np.ndarray, positive: np.ndarray, negative: np.ndarray, middle: np.ndarray | None = None) -> Observed:
    lot = np.linspace(0, 1, end.shape[0], endpoint=False)
    middle = np.zeros_like(end) if middle is None else middle
    return Observed(np.zeros_like(end), middle, end, (positive, positive), (negative, negative), lot, {})


def case(world: dict[float, Observed], **others: dict[float, Observed]) -> Case:
    still = {s: observed(np.zeros(N), np.zeros(N), np.zeros(N)) for s in world}
    return Case(world, world, world, still, others)


def noise(seed: int, n: int = N) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=n)


def test_contact_rise_counts_standard_deviations() -> None:
    low, high = noise(1), noise(1) + 1.0
    rise = contact_rise(case({0.1: observed(low, low, low), 0.5: observed(high, high, high)}), "positive")
    assert math.isclose(rise, 1.0 / np.concatenate([low, high]).std(), rel_tol=1e-9)


def test_no_meetings_is_no_rise() -> None:
    nothing = observed(noise(1), np.zeros(N), np.zeros(N))
    assert contact_rise(case({0.1: nothing, 0.5: nothing}), "negative") == 0.0
    assert math.isnan(elasticity(case({0.1: nothing, 0.5: nothing}), "negative"))


def test_elasticity_of_proportional_contact_is_one() -> None:
    worlds = {s: observed(noise(1), np.full(N, 3 * s), np.full(N, s**2)) for s in (0.02, 0.1, 0.5)}
    assert math.isclose(elasticity(case(worlds), "positive"), 1.0, rel_tol=1e-9)
    assert math.isclose(elasticity(case(worlds), "negative"), 2.0, rel_tol=1e-9)


def test_contact_ratio_compares_the_most_diverse_places() -> None:
    base = {s: observed(noise(1), np.ones(N), np.full(N, s)) for s in (0.1, 0.5)}
    half = {s: observed(noise(1), np.ones(N), np.full(N, s / 2)) for s in (0.1, 0.5)}
    assert contact_ratio(case(base, half=half), "negative", "half") == 0.5


@pytest.mark.parametrize(("good", "bad"), [(0.5, -0.3), (0.1, -0.9)])
def test_mediation_finds_the_product_of_coefficients(good: float, bad: float) -> None:
    """y = good p + bad n, p = 2 d + e, n = d + f: the net indirect effect is 2 good + bad per share."""
    worlds, ys = {}, []
    for k, share in enumerate((0.02, 0.1, 0.5)):
        p, n = 2 * share + 0.1 * noise(3 * k), share + 0.1 * noise(3 * k + 1)
        y = good * p + bad * n + 0.01 * noise(3 * k + 2)
        ys.append(y)
        worlds[share] = observed(y, p, n)
    expected = (2 * good + bad) * 0.48 / np.concatenate(ys).std()
    assert math.isclose(mediated(case(worlds)), expected, abs_tol=0.03)


def test_worst_tenth_is_those_with_most_negative_contact() -> None:
    negative = np.arange(N, dtype=float)
    end = np.where(negative >= N * 0.9, -1.0, 0.0) + 0.1 * noise(1)
    middle = np.zeros(N)
    seen = {0.1: observed(0.1 * noise(2), negative * 0, negative, middle),
            0.5: observed(end, negative * 0, negative, middle)}
    gap = (end[-N // 10:].mean() - end[: -N // 10].mean()) / end.std()
    for reading in ("level", "change", "effect"):
        assert math.isclose(worst_tenth(case(seen), reading, 0.5), gap, rel_tol=1e-9)
    assert worst_tenth_gradient(case(seen), "level", 0.1, 0.5) < -1.0


def test_ties_in_negative_contact_are_cut_by_lot() -> None:
    nobody = observed(np.arange(N, dtype=float), np.zeros(N), np.zeros(N))
    assert worst_tenth(case({0.5: nobody}), "level", 0.5) < -1.0  # the lot runs along with the attitude here


def test_spread_rise() -> None:
    a = noise(1)
    assert math.isclose(spread_rise(case({0.02: observed(a, a, a), 0.5: observed(1.2 * a, a, a)})), 0.2, rel_tol=1e-9)


def test_sarle_knows_one_hump_from_two() -> None:
    assert sarle(noise(1)) < 0.4
    assert sarle(np.concatenate([noise(1) - 5, noise(2) + 5])) > 0.8
    assert math.isnan(sarle(np.ones(10)))


def test_bimodality_rises_with_two_camps_and_not_with_spread() -> None:
    one, half = noise(1), noise(2, N // 2)
    camps = np.concatenate([half - 3, half + 3])
    assert bimodality_rise(case({0.02: observed(one, one, one), 0.5: observed(camps, one, one)})) > 0.3
    wide = case({0.02: observed(one, one, one), 0.5: observed(2 * one, one, one)})
    assert math.isclose(bimodality_rise(wide), 0.0, abs_tol=1e-9)
