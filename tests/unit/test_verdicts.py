"""Verdicts: confidence intervals, acceptance intervals and knock-outs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactsim.evidence.verdicts import (
    INCONCLUSIVE,
    NOT_EXPLAINED,
    NOT_REPRODUCED,
    REPRODUCED,
    Interval,
    interval,
    verdict,
)

ACCEPTANCE = (0.03, 0.25)
INSIDE, ABOVE, ACROSS = Interval(0.1, 0.05, 0.15, 6), Interval(0.4, 0.3, 0.5, 6), Interval(0.25, 0.2, 0.3, 6)
ZERO = Interval(0.0, -0.02, 0.02, 6)


@pytest.mark.parametrize(("effect", "knocked", "expected"), [
    (INSIDE, {}, REPRODUCED),
    (INSIDE, {"off": ZERO}, REPRODUCED),
    (INSIDE, {"off": INSIDE}, NOT_EXPLAINED),
    (INSIDE, {"off": ACROSS}, INCONCLUSIVE),
    (INSIDE, {"off": ZERO, "other": INSIDE}, NOT_EXPLAINED),
    (ACROSS, {"off": ZERO}, INCONCLUSIVE),
    (ABOVE, {"off": ZERO}, NOT_REPRODUCED),
    (ZERO, {"off": ZERO}, NOT_REPRODUCED),
])
def test_verdict(effect: Interval, knocked: dict[str, Interval], expected: str) -> None:
    assert verdict(effect, ACCEPTANCE, knocked)[0] == expected


def test_a_null_action_fails_a_one_sided_acceptance_interval() -> None:
    assert verdict(ZERO, (0.05, None), {})[0] == NOT_REPRODUCED


def test_interval_is_students_t() -> None:
    """mean +- t(0.975, n-1) s / sqrt(n): for 1, 2, 3 it is 2 +- 4.3027 / sqrt(3)."""
    found = interval([1.0, 2.0, 3.0], family=1)
    assert found.mean == 2.0
    assert math.isclose(found.high - 2.0, 4.302652729 / math.sqrt(3), rel_tol=1e-8)


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=30), st.integers(1, 40))
def test_a_larger_family_has_wider_intervals(values: list[float], family: int) -> None:
    one, many = interval(values, 1), interval(values, family)
    assert many.low <= one.low <= one.mean + 1e-9
    assert many.high >= one.high >= one.mean - 1e-9


@pytest.mark.parametrize("values", [[0.1], [0.1, float("nan")], []])
def test_an_unbounded_interval_is_inconclusive(values: list[float]) -> None:
    found = interval(values, 5)
    assert np.isinf(found.low)
    assert np.isinf(found.high)
    assert verdict(found, ACCEPTANCE, {})[0] == INCONCLUSIVE
