"""Mediation: how much of a difference goes through something, by path regressions and a bootstrap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

REPEATS = 999


@dataclass(frozen=True)
class Mediation:
    """Paths of ``treated`` to ``after`` through ``mediator``; intervals are percentiles of a bootstrap over people."""

    total: float
    indirect: float
    indirect_low: float
    indirect_high: float
    direct: float
    people: int

    @property
    def share(self) -> float:
        """Share of the total that the mediator carries; nan where there is no total."""
        return self.indirect / self.total if self.total else float("nan")


def mediate(table: pd.DataFrame, repeats: int = REPEATS) -> Mediation:
    """Total, indirect and direct path from a table with ``treated``, ``mediator`` and ``after``.

    With mediator = a treated and after = c treated + b mediator (and constants), the indirect path is a b. The
    bootstrap of the product needs no normal distribution (MacKinnon et al. 2004); its seed is fixed. What is found
    is a decomposition of covariances: it is the effect through the mediator only where nothing else makes
    mediator and outcome go together.
    """
    from scipy.stats import bootstrap

    x, m, y = (table[name].to_numpy(float) for name in ("treated", "mediator", "after"))
    if len(table) < 8 or x.std() == 0 or m.std() == 0:
        nan = float("nan")
        return Mediation(nan, nan, nan, nan, nan, len(table))
    total, indirect = _paths(x, m, y)
    drawn = bootstrap((x, m, y), lambda *sample: _paths(*sample)[1], n_resamples=repeats, paired=True, vectorized=False,
                      method="percentile", rng=np.random.default_rng(0))
    low, high = drawn.confidence_interval
    return Mediation(total, indirect, float(low), float(high), total - indirect, len(table))


def _paths(x: NDArray[np.float64], m: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """(total, indirect) from the covariances."""
    c = np.cov(np.stack([x, m, y]))
    if c[0, 0] <= 0:
        return 0.0, 0.0
    within = c[0, 0] * c[1, 1] - c[0, 1] ** 2
    b = (c[0, 0] * c[1, 2] - c[0, 1] * c[0, 2]) / within if within > 0 else 0.0
    return float(c[0, 2] / c[0, 0]), float(c[0, 1] / c[0, 0] * b)
