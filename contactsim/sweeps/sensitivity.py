"""Sensitivity indices with intervals, from the runs of a sampled design (SALib)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from contactsim.errors import UserError
from contactsim.stats import ALPHA
from contactsim.storage.store import Store
from contactsim.sweeps import experiments
from contactsim.sweeps.designs import LEVELS, SAMPLED, Axis, at, need_salib, problem, unit_sample
from contactsim.sweeps.frames import parts, swept_keys

#: Number of resamples for the intervals and their seed; fixed, so that the same runs give the same intervals.
RESAMPLES, SEED = 1000, 1
#: Minimum number of parameter sets of a Latin hypercube for RBD-FAST (ten harmonics).
FEWEST = 64


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
