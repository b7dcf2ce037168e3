"""Emulators: what a run would give at a parameter set where none was made, learned from the runs that were."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
#: Penalties of the trend among which cross-validation chooses.
_PENALTIES = (0.3, 1.0, 3.0, 10.0, 30.0)
#: Smallest relative importance of a parameter in the distance between two sets.
_LEAST = 0.05
#: Length scales and shares of white noise among which the marginal likelihood chooses (a grid, for speed).
_LENGTHS, _NOISES = (0.4, 0.7, 1.2, 2.0), (0.1, 0.3, 0.6, 0.85, 0.97)


class Emulator:
    """A trend in parameters and their squares (ridge regression) and a Gaussian process on what it leaves.

    The process is fitted to what the trend leaves where it has not seen a run (tenfold cross-validation). It measures
    distance by the importance of parameters in the trend, and takes the noise of one seed for a white one. ``error`` is
    the root mean square of errors when a run is left out, with that noise; ``r2`` the share of variance predicted so.

    Args:
        units: (n, p) parameter sets as points of the unit cube.
        figures: (n,) what the runs gave.
    """

    def __init__(self, units: Array, figures: Array) -> None:
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
        from sklearn.linear_model import Ridge, RidgeCV
        from sklearn.model_selection import KFold, cross_val_predict

        spread = max(float(figures.std()), 1e-12)
        self._middle, self._spread = float(figures.mean()), spread
        scaled = (figures - self._middle) / spread
        terms = _terms(units)
        self._trend = RidgeCV(alphas=_PENALTIES).fit(terms, scaled)
        left = scaled - cross_val_predict(Ridge(alpha=self._trend.alpha_), terms, scaled, cv=KFold(10))
        linear, square = np.abs(self._trend.coef_).reshape(2, -1)
        importance = linear + 0.3 * square
        self._weight = np.sqrt(np.maximum(importance / max(importance.max(), 1e-12), _LEAST))
        variance = max(float(left.var()), 1e-6)
        fits = (GaussianProcessRegressor(ConstantKernel(variance * (1 - noise)) * RBF(length)
                                         + WhiteKernel(variance * noise), optimizer=None).fit(self._at(units), left)
                for length in _LENGTHS for noise in _NOISES)
        self._process = max(fits, key=lambda fit: fit.log_marginal_likelihood_value_)
        #: (n,) prediction of each run from all others
        self.left_out = figures - spread * _leave_one_out(self._process)
        self.error = float(np.sqrt(np.mean((figures - self.left_out) ** 2)))
        self.r2 = 1.0 - self.error**2 / spread**2

    def __call__(self, units: Array) -> Array:
        """(m,) expected figures at (m, p) parameter sets."""
        found = self._trend.predict(_terms(units)) + self._process.predict(self._at(units))
        return np.asarray(self._middle + self._spread * found)

    def _at(self, units: Array) -> Array:
        return np.asarray((units - 0.5) * self._weight)


def _terms(units: Array) -> Array:
    centred = units - 0.5
    return np.hstack([centred, centred**2 - 1 / 12])


def _leave_one_out(process: Any) -> Array:
    """Errors of a Gaussian process when each of its points is left out (Rasmussen and Williams 2006, section 5.4.2)."""
    from scipy.linalg import cho_solve

    inverse = cho_solve((process.L_, True), np.eye(process.L_.shape[0]))
    return np.asarray(process.alpha_.ravel() / np.diag(inverse))
