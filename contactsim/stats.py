"""One function for each statistic, thin over numpy, scipy and statsmodels.

Intervals are two-sided with error rate ``alpha`` (.05: 95 %). Student's quantiles come from ``scipy.special``, which
loads fast; ``scipy.stats`` and statsmodels are imported by the functions that need them.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, nan, sqrt
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from contactsim.errors import UserError

ALPHA = 0.05
Array = NDArray[np.floating[Any]]


class Interval(NamedTuple):
    """An estimate with its confidence interval, in the unit of the values."""

    mean: float
    low: float
    high: float

    @property
    def significant(self) -> bool:
        """Whether the interval excludes 0."""
        return bool(excludes_zero(self.low, self.high))


class Ratio(NamedTuple):
    """A ratio of two means with its confidence interval; ``high`` is inf where there is no upper limit."""

    ratio: float
    low: float
    high: float


class Mediation(NamedTuple):
    """Total, indirect and direct path; ``low`` and ``high`` are bootstrap percentiles of the indirect path."""

    total: float
    indirect: float
    low: float
    high: float
    direct: float

    @property
    def share(self) -> float:
        """Indirect over total path; nan if the total is 0."""
        return self.indirect / self.total if self.total else nan


class Equivalence(NamedTuple):
    """Two one-sided tests of a mean against two bounds."""

    p: float
    """the larger of the two p-values (0-1)"""
    interval: Interval
    """the interval of level 1 - 2 alpha; it lies within the bounds if both tests reject"""
    equivalent: bool


# --- means and ratios over replications

def excludes_zero(low: Any, high: Any) -> Any:
    """Whether intervals (numbers, arrays or columns) exclude 0; False if a limit is nan."""
    return (low > 0) | (high < 0)


def mean_interval(values: ArrayLike, alpha: float = ALPHA) -> Interval:
    """Mean of the values with Student's t interval.

    Values that are nan are left out. The limits are nan for fewer than two values, and the mean where all are equal.
    """
    x = np.asarray(values, float)
    x = x[~np.isnan(x)]
    if x.size < 2:
        return Interval(float(x[0]) if x.size else nan, nan, nan)
    if np.all(x == x[0]):
        return Interval(float(x[0]), float(x[0]), float(x[0]))
    mean, half = float(x.mean()), _half_width(x, alpha)
    return Interval(mean, mean - half, mean + half)


def simultaneous_interval(values: ArrayLike, family: int, alpha: float = ALPHA) -> Interval:
    """Mean with Student's t interval, one of ``family`` simultaneous intervals (Bonferroni).

    The interval is unbounded for fewer than two values, or if one is not finite.
    """
    x = np.asarray(values, float)
    if x.size < 2 or not np.isfinite(x).all():
        return Interval(float(x.mean()) if x.size else nan, -inf, inf)
    mean, half = float(x.mean()), _half_width(x, alpha / family)
    return Interval(mean, mean - half, mean + half)


def _half_width(x: Array, alpha: float) -> float:
    return float(stdtrit(x.size - 1, 1 - alpha / 2) * x.std(ddof=1) / np.sqrt(x.size))


def cell_intervals(cells: Any, alpha: float = ALPHA) -> pd.DataFrame:
    """:func:`mean_interval` of each cell of a grouped column: count (of known values), mean, low, high."""
    of = cells.agg(["count", "mean", "std", "min", "max"])
    equal = of["min"] == of["max"]
    mean = of["mean"].where(~equal, of["min"])
    half = stdtrit(of["count"] - 1, 1 - alpha / 2) * of["std"] / np.sqrt(of["count"])
    half = half.where(~equal | (of["count"] < 2), 0.0)
    return pd.DataFrame({"count": of["count"], "mean": mean, "low": mean - half, "high": mean + half})


def between_groups(table: pd.DataFrame, keys: Sequence[str], group: str, column: str) -> pd.DataFrame:
    """How the effects of groups differ in each cell of a table, net of the noise of their members.

    One row for each combination of ``keys``, with the columns groups (that have a value), sd (standard deviation
    between groups), p10 and p90 (percentiles of the groups' effects) and same_sign (share of groups whose effect has
    the sign of the mean over groups; nan if that is 0). See :func:`net_means`; sd is nan if no group has two values.
    """
    means = net_means(table, keys, group, column)
    middle = means.groupby(list(keys), sort=False, observed=True)["net"].transform("mean")
    means["agrees"] = (np.sign(means["net"]) == np.sign(middle)).astype(float).where(
        means["net"].notna() & (middle != 0))
    cells = means.groupby(list(keys), sort=False, observed=True)
    return pd.DataFrame({"groups": cells["net"].count(), "sd": cells["net"].std().where(cells["known"].any()),
                         "p10": cells["net"].quantile(0.1), "p90": cells["net"].quantile(0.9),
                         "same_sign": cells["agrees"].mean()})


def net_means(table: pd.DataFrame, keys: Sequence[str], group: str, column: str) -> pd.DataFrame:
    """Means of groups net of the noise of their members, by ``keys`` and ``group``: mean, net, known.

    The variance between groups is that of their means minus that of the noise in them, at least 0: the analysis of
    variance estimator of a random effect (Searle, Casella and McCulloch 1992). ``net`` are the means drawn towards
    their own mean until their variance is that (Louis 1984, JASA 79), so that percentiles and shares can be read off.
    Where no group has two values the noise is not ``known``, and ``net`` are the means. Values that are nan are left
    out, and groups count equally.
    """
    groups = table.groupby([*keys, group], sort=False, observed=True)[column].agg(["count", "mean", "var"])
    groups = groups.reset_index()
    groups["squares"] = (groups["var"] * (groups["count"] - 1)).fillna(0.0)
    groups["freedom"] = (groups["count"] - 1).clip(lower=0)
    groups["each"] = 1 / groups["count"].where(groups["count"] > 0)
    of = groups.groupby(list(keys), sort=False, observed=True)
    freedom = of["freedom"].transform("sum")
    middle, observed = of["mean"].transform("mean"), of["mean"].transform("var")
    noise = of["squares"].transform("sum") / freedom.where(freedom > 0) * of["each"].transform("mean")
    kept = np.sqrt((1 - noise / observed.where(observed > 0)).clip(lower=0)).fillna(1.0)
    groups["net"], groups["known"] = middle + kept * (groups["mean"] - middle), freedom > 0
    return groups[[*keys, group, "mean", "net", "known"]]


def ratio_interval(numerators: ArrayLike, denominators: ArrayLike, alpha: float = ALPHA) -> Ratio:
    """Mean of the numerators over mean of the paired denominators, with Fieller's (1954) interval.

    With means c and g, variances of the means v_c and v_g, their covariance v_cg and Student's t, the limits solve
    (c - r g)^2 = t^2 (v_c - 2 r v_cg + r^2 v_g). If g does not differ significantly from 0, there is no upper limit
    (no lower limit if the ratio is negative). Pairs with a nan are left out; nan for fewer than two pairs.
    """
    c, g = np.asarray(numerators, float), np.asarray(denominators, float)
    known = ~(np.isnan(c) | np.isnan(g))
    c, g = c[known], g[known]
    if c.size < 2:
        return Ratio(nan, nan, nan)
    v = np.cov(c, g) / c.size
    q = float(stdtrit(c.size - 1, 1 - alpha / 2)) ** 2
    mean_g = float(g.mean())
    a, b, d = mean_g**2 - q * v[1, 1], c.mean() * mean_g - q * v[0, 1], c.mean() ** 2 - q * v[0, 0]
    ratio, root = float(c.mean() / mean_g), sqrt(max(float(b * b - a * d), 0.0))
    if a <= 0:
        ends = sorted((float((b - root) / a), float((b + root) / a))) if a < 0 else [nan, nan]
        return Ratio(ratio, ends[1], inf) if ratio > 0 else Ratio(ratio, -inf, ends[0])
    return Ratio(ratio, float((b - root) / a), float((b + root) / a))


def standardised(difference: Array, sd: Array) -> NDArray[np.float64]:
    """Differences over standard deviations; if these are 0, 0 for no difference and else nan."""
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(sd > 0, difference / sd, nan)
    return np.where(difference == 0.0, 0.0, z)


def share(flags: ArrayLike) -> float:
    """Share (0-1) of flags that are true; nan for no flags."""
    x = np.asarray(flags, bool)
    return float(x.mean()) if x.size else nan


def quantiles(values: ArrayLike, at: Sequence[float]) -> list[float]:
    """Quantiles of the values at each of ``at`` (0-1), linear between values; nan for no values."""
    x = np.asarray(values, float)
    return [float(np.quantile(x, q)) if x.size else nan for q in at]


def equivalence(values: ArrayLike, low: float, high: float, alpha: float = ALPHA) -> Equivalence:
    """Whether the mean lies between two bounds: two one-sided t tests, each at ``alpha`` (Schuirmann 1987)."""
    statsmodels()
    from statsmodels.stats.weightstats import DescrStatsW

    x = np.asarray(values, float)
    p = float(DescrStatsW(x).ttost_mean(low, high)[0])
    return Equivalence(p, mean_interval(x, 2 * alpha), p < alpha)


def bimodality(values: ArrayLike) -> float:
    """Sarle's bimodality coefficient with the sample correction; about 5/9 for a uniform distribution.

    (skewness^2 + 1) / (excess kurtosis + 3 (n - 1)^2 / ((n - 2)(n - 3))), as SAS defines it; nan for fewer than four
    values or no variation.
    """
    from scipy.stats import kurtosis, skew

    x = np.asarray(values, float)
    n = x.size
    if n < 4 or x.std() == 0.0:
        return nan
    return float((skew(x, bias=False) ** 2 + 1)
                 / (kurtosis(x, bias=False) + 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))))


# --- regressions and paths

def statsmodels() -> Any:
    """The interface of statsmodels; raises UserError if it is not installed."""
    try:
        import statsmodels.api as sm
    except ImportError:
        raise UserError("This needs statsmodels, which is not installed: pip install "
                        "'contactsim[analysis]'.") from None
    return sm


def slopes(y: Array, *columns: Array) -> Array:
    """Ordinary least squares slopes of y on the columns, with a constant."""
    design = np.column_stack([np.ones_like(y), *columns])
    return np.asarray(np.linalg.lstsq(design, y, rcond=None)[0][1:])


def coefficient(y: Array, *columns: Array, weights: Array | None = None, clusters: ArrayLike | None = None,
                alpha: float = ALPHA) -> Interval:
    """Slope of y on the first column, with a constant, and its robust interval (Student's t).

    Least squares with HC3 errors, or weighted least squares with HC1 errors; errors clustered by ``clusters`` if given.
    """
    sm = statsmodels()
    design = np.column_stack([np.ones(len(y)), *columns])
    model = sm.OLS(y, design) if weights is None else sm.WLS(y, design, weights=weights)
    if clusters is None:
        fit = model.fit(cov_type="HC3" if weights is None else "HC1", use_t=True)
    else:
        fit = model.fit(cov_type="cluster", cov_kwds={"groups": np.asarray(clusters)}, use_t=True)
    low, high = fit.conf_int(alpha)[1]
    return Interval(float(fit.params[1]), float(low), float(high))


def product_of_coefficients(x: Array, mediators: Sequence[Array], y: Array) -> float:
    """Indirect path from x to y through all mediators together.

    With m_k = a_k x and y = c x + b_1 m_1 + b_2 m_2 + ... (and constants) it is the sum of a_k b_k.
    """
    b = slopes(y, x, *mediators)[1:]
    return float(sum(slopes(m, x)[0] * b_k for m, b_k in zip(mediators, b, strict=True)))


def mediation(x: Array, mediator: Array, y: Array, repeats: int = 999, alpha: float = ALPHA) -> Mediation:
    """Paths from x to y through one mediator, with a bootstrap interval of the indirect path, over people.

    The bootstrap of the product assumes no normal distribution (MacKinnon et al. 2004); its seed is fixed. The result
    is a decomposition of covariances: it is the effect through the mediator only if there are no common causes of
    mediator and outcome. nan for fewer than eight people, or if x or the mediator does not vary.
    """
    from scipy.stats import bootstrap

    if len(x) < 8 or x.std() == 0 or mediator.std() == 0:
        return Mediation(nan, nan, nan, nan, nan)
    total, indirect = _paths(x, mediator, y)
    drawn = bootstrap((x, mediator, y), lambda *sample: _paths(*sample)[1], n_resamples=repeats, paired=True,
                      vectorized=False, confidence_level=1 - alpha, method="percentile", rng=np.random.default_rng(0))
    low, high = drawn.confidence_interval
    return Mediation(total, indirect, float(low), float(high), total - indirect)


def _paths(x: Array, m: Array, y: Array) -> tuple[float, float]:
    """(total, indirect) from the covariances: several times faster than regressions, which matters in a bootstrap."""
    c = np.cov(np.stack([x, m, y]))
    if c[0, 0] <= 0:
        return 0.0, 0.0
    within = c[0, 0] * c[1, 1] - c[0, 1] ** 2
    b = (c[0, 0] * c[1, 2] - c[0, 1] * c[0, 2]) / within if within > 0 else 0.0
    return float(c[0, 2] / c[0, 0]), float(c[0, 1] / c[0, 0] * b)


# --- power

#: An effect of so many standard deviations needs no more than two.
LARGEST = 10.0


def detectable_effect(number: float, power: float, alpha: float, samples: int) -> float:
    """Smallest effect (SD) that a t test of one sample, or of two of equal size, detects with probability ``power``.

    ``number`` is the size of each sample.
    """
    size = {"nobs": number} if samples == 1 else {"nobs1": number}
    return float(np.squeeze(_t_test(samples).solve_power(effect_size=None, power=power, alpha=alpha, **size)))


def required_number(effect: float, power: float, alpha: float, samples: int) -> float:
    """Size of each sample (at least 2) with which a t test detects an effect (SD) with probability ``power``."""
    test = _t_test(samples)
    if np.isnan(effect):
        return nan
    for few in range(2, 12):  # statsmodels' solver does not converge for so few; its power is nan where nearly 1
        if effect > LARGEST or not test.power(effect, few, alpha) < power:
            return float(few)
    size = "nobs" if samples == 1 else "nobs1"
    return float(np.ceil(np.squeeze(test.solve_power(effect_size=effect, power=power, alpha=alpha, **{size: None}))))


def detection(effect: float, number: float, alpha: float, samples: int) -> float:
    """Probability that a two-sided t test finds an effect (SD) to be above 0; samples have the size ``number``."""
    size = {"nobs": number} if samples == 1 else {"nobs1": number}
    found = float(_t_test(samples).power(effect, alpha=alpha / 2, alternative="larger", **size))
    return found if found == found else float(effect > 0)  # statsmodels gives nan where the power is nearly 1


def _t_test(samples: int) -> Any:
    statsmodels()
    from statsmodels.stats.power import TTestIndPower, TTestPower

    return TTestPower() if samples == 1 else TTestIndPower()
