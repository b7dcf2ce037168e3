"""Estimators of evaluations, on statsmodels and scipy.

All take a table with one row per person: ``treated`` (0 or 1), ``before`` and ``after`` (answers), ``earlier``
(a second pretest) and covariates (names starting with ``x_``); each gives an :class:`Estimate`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from contactsim.stats import Interval, coefficient, mean_interval, statsmodels

#: Furthest match, in standard deviations of the propensity's log odds (Austin 2011 recommends .2).
CALIPER = 0.2
NAN = float("nan")


@dataclass(frozen=True)
class Estimate:
    """An effect as an evaluation reports it, in the unit of the table's scores."""

    value: float
    low: float
    high: float
    treated: int
    control: int
    note: str = ""

    @property
    def detected(self) -> bool:
        """Whether the 95 % interval excludes 0."""
        return Interval(self.value, self.low, self.high).significant


def after(table: pd.DataFrame) -> Estimate:
    """Treated minus controls, afterwards."""
    return _difference(table, table["after"])


def did(table: pd.DataFrame) -> Estimate:
    """Change of the treated minus change of the controls."""
    return _difference(table, table["after"] - table["before"])


def ancova(table: pd.DataFrame) -> Estimate:
    """Treated minus controls afterwards, adjusted for the score before."""
    return _difference(table, table["after"], table[["before"]])


def before_after(table: pd.DataFrame) -> Estimate:
    """Change of the treated."""
    own = table[table["treated"] == 1]
    return _mean(own["after"] - own["before"])


def two_pretests(table: pd.DataFrame) -> Estimate:
    """Change of the treated minus their change between the pretests."""
    own = table[table["treated"] == 1]
    return _mean(own["after"] - own["before"] - (own["before"] - own["earlier"]))


def matched(table: pd.DataFrame) -> Estimate:
    """As :func:`did` (or :func:`after`, without a wave before), each treated person with the control of the nearest
    propensity, within a caliper and with replacement."""
    from scipy.spatial import KDTree

    try:
        odds = _log_odds(table)
    except (np.linalg.LinAlgError, ValueError, _separation()) as error:
        return Estimate(NAN, NAN, NAN, 0, 0, f"no propensity: {str(error).splitlines()[0][:60]}")
    one = (table["treated"] == 1).to_numpy()
    far, near = KDTree(odds[~one, None]).query(odds[one, None])
    matches = far <= CALIPER * odds.std()
    if matches.sum() < 2:
        return Estimate(NAN, NAN, NAN, int(matches.sum()), 0, "no two people could be matched")
    weight = np.zeros(len(table))
    weight[np.flatnonzero(one)[matches]] = 1.0
    np.add.at(weight, np.flatnonzero(~one)[near[matches]], 1.0)
    used = weight > 0
    note = f"{int((~matches).sum())} of {matches.size} without a match" if not matches.all() else ""
    return _difference(table[used], score(table)[used], weight=weight[used], note=note)


def weighted(table: pd.DataFrame) -> Estimate:
    """As :func:`did` (or :func:`after`), controls weighted by the odds of their propensity: effect on the treated."""
    try:
        odds = _log_odds(table)
    except (np.linalg.LinAlgError, ValueError, _separation()) as error:
        return Estimate(NAN, NAN, NAN, 0, 0, f"no propensity: {str(error).splitlines()[0][:60]}")
    weight = np.where(table["treated"] == 1, 1.0, np.exp(odds))
    return _difference(table, score(table), weight=weight)


ESTIMATORS: dict[str, Callable[[pd.DataFrame], Estimate]] = {
    f.__name__: f for f in (after, before_after, did, ancova, matched, weighted, two_pretests)}


def score(table: pd.DataFrame) -> pd.Series[float]:
    """Change since the wave before, or the score afterwards if there is no such wave."""
    return table["after"] - table["before"] if "before" in table else table["after"]


def _difference(table: pd.DataFrame, of: pd.Series[float], adjusted_for: pd.DataFrame | None = None,
                weight: NDArray[np.float64] | None = None, note: str = "") -> Estimate:
    """Coefficient of ``treated`` with heteroscedasticity-robust errors (HC3; HC1 with weights)."""
    treated = table["treated"].to_numpy(float)
    n = int(treated.sum()), int((1 - treated).sum())
    if min(n) < 2:
        return Estimate(NAN, NAN, NAN, *n, "fewer than two people in one group")
    others = () if adjusted_for is None else tuple(adjusted_for.to_numpy(float).T)
    return Estimate(*coefficient(of.to_numpy(float), treated, *others, weights=weight), *n, note)


def _mean(change: pd.Series[float]) -> Estimate:
    n = len(change)
    if n < 2:
        return Estimate(NAN, NAN, NAN, n, 0, "fewer than two people")
    return Estimate(*mean_interval(change), n, 0)


def _separation() -> type[Exception]:
    from statsmodels.tools.sm_exceptions import PerfectSeparationError

    found: type[Exception] = PerfectSeparationError
    return found


def _log_odds(table: pd.DataFrame) -> NDArray[np.float64]:
    """Log odds of participation, by logistic regression on the covariates and the scores before."""
    import warnings

    sm = statsmodels()
    known = table[[name for name in table if str(name).startswith("x_")]].astype(float)
    varied = known.loc[:, known.std() > 0]
    if varied.empty:
        raise ValueError("there are no covariates")
    standard = (varied - varied.mean()) / varied.std()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = sm.Logit(table["treated"].astype(float), sm.add_constant(standard)).fit(disp=0, maxiter=100)
    return np.asarray(fit.fittedvalues, float)
