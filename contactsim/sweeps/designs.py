"""Designs: the parameter sets of a sweep, and sensitivity indices from the runs of a sampled design (SALib).

Axes with values are crossed, or combined value by value if they are zipped. Axes with an interval are sampled (Latin
hypercube, Sobol, Morris), and the sample is crossed with the other axes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from contactsim.errors import UserError, nearest
from contactsim.stats import ALPHA
from contactsim.storage.store import Store
from contactsim.sweeps import experiments
from contactsim.sweeps.results import parts, swept_keys

#: Designs that sample intervals, with their names.
SAMPLED = {"latin": "Latin hypercube", "sobol": "Sobol's indices (Saltelli)", "morris": "Morris's elementary effects"}
#: Levels of each parameter in Morris's design.
LEVELS = 4
#: Number of resamples for the intervals and their seed; fixed, so that the same runs give the same intervals.
RESAMPLES, SEED = 1000, 1
#: Minimum number of parameter sets of a Latin hypercube for RBD-FAST (ten harmonics).
FEWEST = 64


# --- parameter sets

@dataclass(frozen=True)
class Axis:
    """A parameter that a sweep varies: by values, or within an interval."""

    key: str
    values: tuple[Any, ...] = ()
    """plain values, as in configuration; empty for an interval"""
    low: float = math.nan
    high: float = math.nan
    integer: bool = False
    """whether the interval contains integers only, including both ends"""

    @property
    def interval(self) -> bool:
        """Whether the axis is to be sampled."""
        return not self.values

    def at(self, share: float) -> float | int:
        """The value at a share (0 to 1) of the interval."""
        if self.integer:
            return min(int(self.high), math.floor(self.low + share * (self.high - self.low + 1)))
        return float(self.low + share * (self.high - self.low))


def parameter_sets(axes: Sequence[Axis], design: str, zipped: Sequence[str] = (), samples: int = 64,
                   seed: int = 1) -> list[dict[str, Any]]:
    """All parameter sets as {key: value}; a sample may contain one twice. Raises UserError."""
    sampled = [axis for axis in axes if axis.interval]
    if sampled and design not in SAMPLED:
        raise UserError(f"{sampled[0].key} is an interval (command line): choose how to sample it with design="
                        f"{', '.join(SAMPLED)}, or give values, as in {sampled[0].key}=1,2.")
    if not sampled and design in SAMPLED:
        raise UserError(f"design={design} (command line) samples intervals, but there is none: give one, as in "
                        f"'KEY=interval(0.5,2)'.")
    parts = [_zipped(axes, zipped), *([{axis.key: value} for value in axis.values] for axis in axes
                                       if not axis.interval and axis.key not in zipped)]
    if sampled:
        shares = unit_sample(design, [axis.key for axis in sampled], samples, seed)
        parts.append([at(sampled, row) for row in shares])
    return [{key: value for part in parts_ for key, value in part.items()} for parts_ in product(*parts)]


def at(axes: Sequence[Axis], shares: Sequence[float] | NDArray[np.float64]) -> dict[str, float | int]:
    """The parameter set at these shares (0 to 1) of the intervals."""
    return {axis.key: axis.at(share) for axis, share in zip(axes, shares, strict=True)}


def _zipped(axes: Sequence[Axis], keys: Sequence[str]) -> list[dict[str, Any]]:
    """The combinations of zipped axes: the first values of all, then the second ..."""
    by_key = {axis.key: axis for axis in axes if not axis.interval}
    for key in keys:
        if key not in by_key:
            raise UserError(f"zip={key} (command line) has no list of values: allowed are "
                            f"{', '.join(by_key) or 'none here'}.{nearest(key, by_key)}")
    lengths = {key: len(by_key[key].values) for key in keys}
    if len(set(lengths.values())) > 1:
        text = ", ".join(f"{key} has {length}" for key, length in lengths.items())
        raise UserError(f"zip=[{','.join(keys)}] (command line) needs equally many values of each key: {text}.")
    count = next(iter(lengths.values()), 1)
    return [{key: by_key[key].values[k] for key in keys} for k in range(count)]


def unit_sample(design: str, names: Sequence[str], samples: int, seed: int) -> NDArray[np.float64]:
    """Array (parameter sets, parameters) of shares from 0 to 1. Raises UserError.

    ``samples`` is the number of parameter sets of a hypercube, of rows of Saltelli's scheme (a power of two; each row
    has parameters + 2 sets), or of trajectories (each has parameters + 1 sets).
    """
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
    """Parameters in SALib's format; each from 0 to 1 unless ``bounds`` are given."""
    return {"num_vars": len(names), "names": list(names),
            "bounds": [list(bounds[name]) if bounds else [0.0, 1.0] for name in names]}


def need_salib() -> None:
    """Raise UserError if SALib is not installed."""
    try:
        import SALib  # noqa: F401
    except ImportError:
        raise UserError("design=sobol and design=morris, and sensitivity indices, need SALib: pip install "
                        "'contactsim[sweep]'.") from None


# --- sensitivity indices

def sampled_experiment(store: Store, name: str | None) -> str:
    """The name of the store's one sampled experiment, or the given one. Raises UserError."""
    if name is not None:
        if experiments.about(store, name).get("design") not in SAMPLED:
            raise UserError(f"name={name} is no sampled design: sensitivity indices need design={', '.join(SAMPLED)}.")
        return name
    found = [n for n in experiments.names(store) if experiments.about(store, n).get("design") in SAMPLED]
    if len(found) != 1:
        raise UserError(f"--sensitivity needs one experiment with design={', '.join(SAMPLED)} in {store.path}: there "
                        f"{f'are {len(found)}, choose with --name' if found else 'is none'}.")
    return found[0]


def indices(store: Store, name: str, table: pd.DataFrame, figures: Sequence[str]) -> pd.DataFrame:
    """Columns measure, group, parameter, index, value, low, high (95 %), for each combination of the other swept keys.

    Replications are averaged first. Sobol: first-order and total shares of the variance. Morris: mean absolute change
    over the whole interval (``mu_star``) and its standard deviation (``sigma``, without interval). Latin hypercube:
    first-order shares (RBD-FAST). Raises UserError if results of the design are missing.
    """
    need_salib()
    about = experiments.about(store, name)
    axes = [Axis(key, (), low, high, integer) for key, low, high, integer in about["intervals"]]
    keys = [axis.key for axis in axes]
    shares = unit_sample(about["design"], keys, about["samples"], about["sample_seed"])
    if about["design"] == "latin" and len(shares) < FEWEST:
        raise UserError(f"{name} has {len(shares)} parameter sets, too few for sensitivity indices of a Latin "
                        f"hypercube: extend it to samples={FEWEST} at least.")
    wanted = pd.MultiIndex.from_tuples([tuple(at(axes, row).values()) for row in shares])
    others = [key for key in swept_keys(table) if key not in keys]
    rows = []
    for values, runs in table.groupby(others, sort=False) if others else [((), table)]:
        means = runs.set_index([pd.Index(runs[key].astype(float)) for key in keys])[list(figures)]
        means = means.groupby(level=list(range(len(keys)))).mean()
        means.index = pd.MultiIndex.from_tuples(means.index if len(keys) > 1 else [(v,) for v in means.index])
        means = means.reindex(wanted)
        lacking = int(means.isna().any(axis=1).sum())
        if lacking:
            raise UserError(f"{lacking} of {len(shares)} parameter sets of {name} have no result yet: repeat the "
                            f"sweep's command (--retry-failed for runs that failed), or leave out --where.")
        for figure in figures:
            found = _analysed(about["design"], keys, shares, means[figure].to_numpy(float))
            measure, group = parts(figure)
            rows += [{**dict(zip(others, values, strict=True)), "measure": measure, "group": group, **row}
                     for row in found]
    return pd.DataFrame(rows)


def _analysed(design: str, keys: Sequence[str], shares: NDArray[np.float64],
              values: NDArray[np.float64]) -> list[dict[str, Any]]:
    options: dict[str, Any] = {"num_resamples": RESAMPLES, "conf_level": 1 - ALPHA, "print_to_console": False,
                             "seed": SEED}
    spread = float(values.std())
    if spread == 0.0:
        return [{"parameter": key, "index": "all", "value": 0.0, "low": 0.0, "high": 0.0} for key in keys]
    if design == "morris":
        from SALib.analyze import morris

        found = morris.analyze(problem(keys), shares, values, num_levels=LEVELS, **options)
        names = {"mu_star": "mu_star_conf", "sigma": None}
    elif design == "sobol":
        from SALib.analyze import sobol

        # centred and scaled: the estimates are then steadier, and the indices are the same
        scaled = (values - values.mean()) / spread
        found = sobol.analyze(problem(keys), scaled, calc_second_order=False, **options)
        names = {"S1": "S1_conf", "ST": "ST_conf"}
    else:
        from SALib.analyze import rbd_fast

        found = rbd_fast.analyze(problem(keys), shares, values, **options)
        names = {"S1": "S1_conf"}
    rows = []
    for index, width in names.items():
        for k, key in enumerate(keys):
            value, half = float(found[index][k]), float(found[width][k]) if width else np.nan
            rows.append({"parameter": key, "index": index, "value": value, "low": value - half, "high": value + half})
    return rows
