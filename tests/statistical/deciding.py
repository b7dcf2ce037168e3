"""The decision rules of the statistical tests: fixed seeds, and bounds that chance breaks about once in 10,000."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

#: A mean may lie this many standard errors from its expectation (chance: 7 in a million).
ERRORS = 4.5
#: A test of fit fails below this p value.
P_VALUE = 1e-4


def p_of_counts(counts: ArrayLike, shares: ArrayLike | None = None) -> float:
    """p value of Pearson's chi-square of counts against shares (equal ones where none are given)."""
    counts = np.asarray(counts, float)
    expected = np.full(counts.shape, 1 / counts.size) if shares is None else np.asarray(shares, float)
    assert (expected * counts.sum()).min() > 5, "too few for a chi-square test"
    return float(stats.chisquare(counts, expected * counts.sum()).pvalue)


def p_of_table(table: NDArray[np.int64]) -> float:
    """p value of independence of the rows and columns of a table of counts."""
    return float(stats.chi2_contingency(table, correction=False).pvalue)


def p_of_uniform(values: ArrayLike) -> float:
    """p value of Kolmogorov and Smirnov's test against the uniform distribution on [0, 1)."""
    return float(stats.kstest(values, "uniform").pvalue)


def errors_from(mean: float, expected: float, sd: float, n: float) -> float:
    """How many standard errors a mean of n lies from its expectation."""
    return abs(mean - expected) / (sd / np.sqrt(n))


def errors_of_share(hits: int, n: int, share: float) -> float:
    """How many standard errors a share of n independent trials lies from its expectation."""
    return errors_from(hits / n, share, np.sqrt(share * (1 - share)), n)
