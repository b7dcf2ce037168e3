"""The model's own exponential: accurate, the same for one row and for several, and never infinite."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit
from numpy.typing import NDArray

from contactsim.encounters.appraisal import EXP_LIMIT, exp
from tests import reference


@njit
def exps(x):  # type: ignore[no-untyped-def]
    """Many at once, so that the compiler may take several side by side."""
    out = np.empty(x.shape[0])
    for k in range(x.shape[0]):
        out[k] = exp(x[k])
    return out


def errors(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Relative errors against the library's exponential, itself nearer than 2e-16."""
    true = np.array([math.exp(one) for one in x])
    return np.abs(exps(x) / true - 1)


@pytest.mark.parametrize("reach", [1e-9, 0.5, 3.0, 30.0, EXP_LIMIT])
def test_the_relative_error_is_below_1e_15(reach: float) -> None:
    """200,001 arguments evenly over [-reach, reach]."""
    assert errors(np.linspace(-reach, reach, 200_001)).max() < 1e-15


def test_the_relative_error_is_below_1e_15_where_the_power_of_two_changes() -> None:
    """Arguments on both sides of the odd multiples of ln 2 / 2, where what is left for the polynomial is largest."""
    edges = (np.arange(-1009, 1009) + 0.5) * math.log(2)
    for side in (-1e-9, 0.0, 1e-9):
        assert errors(edges + side).max() < 1e-15


def test_the_error_against_exact_arithmetic() -> None:
    """Against Taylor's series in fractions: below 5e-16, as its file says."""
    for x in np.linspace(-1, 1, 201):
        true, term = Fraction(0), Fraction(1)
        for k in range(1, 30):
            true, term = true + term, term * Fraction(float(x)) / k
        assert abs(Fraction(float(exps(np.array([x]))[0])) / true - 1) < 5e-16


@given(st.floats(-EXP_LIMIT, EXP_LIMIT))
def test_it_is_the_references_own(x: float) -> None:
    assert exps(np.array([x]))[0] == reference.exp(x)


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=70))
def test_it_is_the_same_alone_and_beside_others(x: list[float]) -> None:
    assert exps(np.array(x)).tolist() == [exps(np.array([one]))[0] for one in x]


def test_special_values() -> None:
    assert exps(np.array([0.0, -0.0])).tolist() == [1.0, 1.0]
    beyond = exps(np.array([800.0, np.inf, -800.0, -np.inf]))
    assert np.isfinite(beyond).all() and (beyond > 0).all()
    assert beyond.tolist() == exps(np.array([EXP_LIMIT, EXP_LIMIT, -EXP_LIMIT, -EXP_LIMIT])).tolist()


def test_it_never_falls() -> None:
    """Over 200,000 arguments a millionth apart: odds never fall as what makes for them rises."""
    assert (np.diff(exps(np.arange(200_000) * 1e-6 - 0.1)) > 0).all()
