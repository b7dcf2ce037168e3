"""Likert items with a known reliability.

The items of a scale are parallel: each is the person's standardised true value plus independent noise, cut into
categories at equal steps. The noise is such that Cronbach's alpha of the *categories*, for normally distributed true
values, is the given reliability.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from contactsim.draws import Decision, name_key, normals, stream

Array = NDArray[np.float64]
#: Standard deviations that all categories together span (assumed: 1 SD each with five).
SPAN = 5.0


def answers(true: Array, uid: NDArray[np.int64], seed: int, name: str, items: int, categories: int,
            reliability: float) -> Array:
    """(n, items) answers from 1 to ``categories`` of people with standardised true values.

    The noise is keyed by seed, ``name`` (scale and wave), item and person.
    """
    r = correlation(items, categories, reliability)
    noise = np.stack([normals(stream(seed, Decision.ITEM, name_key(name), k), uid) for k in range(items)], axis=1)
    values = np.sqrt(r) * true[:, None] + np.sqrt(1 - r) * noise
    return 1.0 + np.searchsorted(thresholds(categories), values, side="right")


def scale(given: Array) -> Array:
    """(n,) mean of a person's items."""
    return np.asarray(given.mean(axis=1))


def alpha(given: Array) -> float:
    """Cronbach's alpha of (n, items) answers; nan for a single item."""
    k = given.shape[1]
    if k < 2:
        return float("nan")
    total = given.sum(axis=1).var(ddof=1)
    return float(k / (k - 1) * (1 - given.var(axis=0, ddof=1).sum() / total)) if total > 0 else float("nan")


def thresholds(categories: int) -> Array:
    """Cuts between the categories, in standard deviations."""
    return (np.arange(1, categories) - categories / 2) * SPAN / categories


@cache
def correlation(items: int, categories: int, reliability: float) -> float:
    """Correlation of two items before they are cut, such that alpha is ``reliability`` after it.

    Spearman and Brown's formula gives the correlation of the answers; that of the uncut items is found from it.
    """
    from scipy.optimize import brentq

    wanted = reliability / (items - (items - 1) * reliability)
    if wanted >= 1.0:
        return 1.0
    return float(brentq(lambda r: _after_cutting(r, categories) - wanted, 0.0, 1.0 - 1e-9, xtol=1e-6))


def _after_cutting(r: float, categories: int) -> float:
    """Correlation of two normal variables, correlated by ``r``, after both are cut into categories."""
    from scipy.stats import multivariate_normal, norm

    cuts = thresholds(categories)
    above = norm.sf(cuts)
    both = multivariate_normal(mean=[0, 0], cov=[[1, r], [r, 1]])
    corners = np.array([[-a, -b] for a in cuts for b in cuts])
    joint = np.atleast_1d(both.cdf(corners)).reshape(cuts.size, cuts.size)
    own = np.minimum.outer(above, above)
    return float((joint - np.outer(above, above)).sum() / (own - np.outer(above, above)).sum())
