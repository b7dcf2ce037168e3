"""Designs: which points of parameter space a sweep visits.

Axes with values are crossed, or go in step where they are paired. Axes that are intervals are sampled (Latin
hypercube, Sobol, Morris), and the sample is crossed with the others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contactsim.errors import UserError, nearest

#: Designs that sample intervals, with what they are for.
SAMPLED = {"latin": "Latin hypercube", "sobol": "Sobol's indices (Saltelli)", "morris": "Morris's elementary effects"}
#: Levels of each parameter in Morris's design.
LEVELS = 4


@dataclass(frozen=True)
class Axis:
    """A parameter that a sweep varies: by values, or within an interval."""

    key: str
    values: tuple[Any, ...] = ()
    """plain values, as in configuration; empty for an interval"""
    low: float = math.nan
    high: float = math.nan
    whole: bool = False
    """whether the interval is one of whole numbers, both ends within"""

    @property
    def interval(self) -> bool:
        """Whether it is to be sampled."""
        return not self.values

    def at(self, share: float) -> float | int:
        """The value at a share (0 to 1) of the interval."""
        if self.whole:
            return min(int(self.high), math.floor(self.low + share * (self.high - self.low + 1)))
        return float(self.low + share * (self.high - self.low))


def points(axes: Sequence[Axis], design: str, paired: Sequence[str] = (), samples: int = 64,
           seed: int = 1) -> list[dict[str, Any]]:
    """Every point as {key: value}; a sample may hold a point twice. Raises UserError."""
    sampled = [axis for axis in axes if axis.interval]
    if sampled and design not in SAMPLED:
        raise UserError(f"{sampled[0].key} is an interval (command line): say how to sample it with design="
                        f"{', '.join(SAMPLED)}, or give values, as in {sampled[0].key}=1,2.")
    if not sampled and design in SAMPLED:
        raise UserError(f"design={design} (command line) samples intervals, and there is none: give one, as in "
                        f"'KEY=interval(0.5,2)'.")
    parts = [_in_step(axes, paired), *([{axis.key: value} for value in axis.values] for axis in axes
                                       if not axis.interval and axis.key not in paired)]
    if sampled:
        shares = unit_sample(design, [axis.key for axis in sampled], samples, seed)
        parts.append([at(sampled, row) for row in shares])
    return [{key: value for part in parts_ for key, value in part.items()} for parts_ in product(*parts)]


def at(axes: Sequence[Axis], shares: Sequence[float] | NDArray[np.float64]) -> dict[str, float | int]:
    """The point at these shares of the intervals."""
    return {axis.key: axis.at(share) for axis, share in zip(axes, shares, strict=True)}


def _in_step(axes: Sequence[Axis], paired: Sequence[str]) -> list[dict[str, Any]]:
    """The points of axes that go in step: the first values of all of them, then the second ..."""
    by_key = {axis.key: axis for axis in axes if not axis.interval}
    for key in paired:
        if key not in by_key:
            raise UserError(f"paired={key} (command line) has no list of values: allowed are "
                            f"{', '.join(by_key) or 'none here'}.{nearest(key, by_key)}")
    lengths = {key: len(by_key[key].values) for key in paired}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{key} has {length}" for key, length in lengths.items())
        raise UserError(f"paired=[{','.join(paired)}] (command line) needs as many values of each: {said}.")
    count = next(iter(lengths.values()), 1)
    return [{key: by_key[key].values[k] for key in paired} for k in range(count)]


def unit_sample(design: str, names: Sequence[str], samples: int, seed: int) -> NDArray[np.float64]:
    """(points, parameters) shares from 0 to 1. ``samples`` are points of a hypercube, rows of Saltelli's
    scheme (each parameters + 2 points; a power of two) or trajectories (each parameters + 1). Raises UserError."""
    if design == "latin":
        from scipy.stats import qmc

        return np.asarray(qmc.LatinHypercube(d=len(names), rng=seed).random(samples))
    if design == "sobol" and samples & (samples - 1):
        raise UserError(f"samples={samples} (command line) is not allowed with design=sobol: it must be a power of "
                        f"two, such as {1 << samples.bit_length()}.")
    if design == "morris":
        from SALib.sample import morris

        return np.asarray(morris.sample(problem(names), samples, num_levels=LEVELS, seed=seed))
    from SALib.sample import sobol

    return np.asarray(sobol.sample(problem(names), samples, calc_second_order=False, seed=seed))


def problem(names: Sequence[str], bounds: Mapping[str, Sequence[float]] | None = None) -> dict[str, Any]:
    """Parameters as SALib wants them; each from 0 to 1 unless ``bounds`` are given."""
    return {"num_vars": len(names), "names": list(names),
            "bounds": [list(bounds[name]) if bounds else [0.0, 1.0] for name in names]}


def need_salib() -> None:
    """Raise UserError if SALib is absent."""
    try:
        import SALib  # noqa: F401
    except ImportError:
        raise UserError("design=sobol and design=morris, and sensitivity indices, need SALib: pip install "
                        "'contactsim[sweep]'.") from None
