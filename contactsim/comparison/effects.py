"""Effects of one side of twin worlds: on whom, how large, and how sure over seeds.

An effect is a mean over people of the side's value less the untreated world's, each person's difference in
standard deviations of the own group in the untreated world at that time. Each seed gives one effect; intervals
are Student's t over seeds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from contactsim.comparison.paired_runs import WITHOUT, Twins
from contactsim.observers.panel import AGE_BANDS, OUTCOMES, TERCILES
from contactsim.stats import cell_intervals, excludes_zero, standardised

#: Whom an effect is on, with what is shown of them. Each resident with a part is in one of the last four.
PARTS = {"everybody": "everybody aged 5 and over at week 0", "participants": "had taken part by then",
         "staff": "staff and volunteers who had not taken part",
         "acquaintances": "share a household or a tie of week 0 with one of these", "others": "everybody else"}
_KEYS = ["side", "week", "part", "by", "level", "outcome"]


def parts(twins: Twins, side: str, week: int | None = None) -> dict[str, NDArray[np.bool_]]:
    """(n,) masks by name of :data:`PARTS`, as of a week that was read (None: the last)."""
    everybody = np.ones(len(twins.residents), bool)
    took, staff = twins.mask(side, "participants", week), twins.mask(side, "staff", week)
    staff &= ~took
    know = twins.acquainted(took | staff)
    return {"everybody": everybody, "participants": took, "staff": staff, "acquaintances": know,
            "others": ~(took | staff | know)}


def effects(twins: Twins, side: str) -> pd.DataFrame:
    """One seed's effects by week, part, cut and outcome.

    Columns: side, week, part, by (all, group, age, prior contact), level, outcome, residents, effect (SD), raw (the
    outcome's unit), without (mean in the untreated world, the outcome's unit). An effect is nan where the outcome
    does not vary in the untreated world and yet differs, and where there is nobody.
    """
    cuts = _cuts(twins)
    rows: list[dict[str, Any]] = []
    for week in sorted(twins.sides[side].readings):
        masks = parts(twins, side, week)
        for outcome in OUTCOMES:
            raw = twins.difference(side, outcome, week)
            z = standardised(raw, twins.spread(outcome, week))
            base = twins.sides[WITHOUT].readings[week].values[outcome].astype(float)
            for part, mask in masks.items():
                counted = mask & ~np.isnan(raw)
                for by, (codes, levels) in cuts.items():
                    n, *means = _means(codes[counted], len(levels), [z[counted], raw[counted], base[counted]])
                    rows += [{"side": side, "week": week, "part": part, "by": by, "level": level, "outcome": outcome,
                              "residents": int(n[k]), "effect": means[0][k], "raw": means[1][k],
                              "without": means[2][k]} for k, level in enumerate(levels)]
    return pd.DataFrame(rows)


def _cuts(twins: Twins) -> dict[str, tuple[NDArray[np.intp], list[str]]]:
    people = twins.residents
    of = {"all": (np.full(len(people), "all"), ["all"]), "group": (people.own_group, list(people.groups)),
          "age": (people.age_band, list(AGE_BANDS)), "prior contact": (people.prior_contact, list(TERCILES))}
    return {by: (pd.Categorical(values, categories=levels).codes.astype(np.intp), levels)
            for by, (values, levels) in of.items()}


def _means(codes: NDArray[np.intp], levels: int, columns: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    n = np.bincount(codes, minlength=levels).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        return [n, *(np.bincount(codes, weights=column, minlength=levels) / n for column in columns)]


def summarise(of_seeds: pd.DataFrame) -> pd.DataFrame:
    """All seeds' effects (a column ``seed`` next to those of :func:`effects`) put together.

    Columns: the keys, residents (mean number), seeds, effect, low, high, raw, raw_low, raw_high, without, shown,
    significant. ``shown`` says which of the two intervals is reported: that of the standardised ``effect``, or that of
    ``raw`` where the outcome does not vary in the untreated world. ``significant`` is whether this interval leaves
    out 0.
    """
    cells = of_seeds.groupby(_KEYS, sort=False, observed=True)
    raw, effect = cell_intervals(cells["raw"]), cell_intervals(cells["effect"])
    means = cells[["residents", "without"]].mean()
    in_own_unit = effect["mean"].isna() & raw["mean"].notna()
    return pd.DataFrame({
        "residents": means["residents"], "seeds": raw["count"].astype(int), "effect": effect["mean"],
        "low": effect["low"], "high": effect["high"], "raw": raw["mean"], "raw_low": raw["low"],
        "raw_high": raw["high"], "without": means["without"], "shown": np.where(in_own_unit, "raw", "effect"),
        "significant": np.where(in_own_unit, excludes_zero(raw["low"], raw["high"]),
                                excludes_zero(effect["low"], effect["high"])),
    }).reset_index()


def precision(of_seeds: pd.DataFrame) -> pd.DataFrame:
    """What twins buy: the variance of a mean effect over seeds against that of independent seeds.

    Independent seeds would compare the side's means of one set of seeds with the untreated means of another, so
    their variance is the sum of both. Columns: side, week, part, outcome, twins, independent (variances of one
    seed's effect, in the outcome's unit), ratio (independent over twins; inf where twins never differ).
    """
    whole = of_seeds[of_seeds["by"] == "all"]
    rows = []
    for key, cell in whole.groupby(["side", "week", "part", "outcome"], sort=False, observed=True):
        without, raw = cell["without"].to_numpy(float), cell["raw"].to_numpy(float)
        kept = ~np.isnan(raw)
        if kept.sum() < 2:
            continue
        twins = float(raw[kept].var(ddof=1))
        apart = float((without + raw)[kept].var(ddof=1) + without[kept].var(ddof=1))
        rows.append({**dict(zip(["side", "week", "part", "outcome"], key, strict=True)), "twins": twins,
                     "independent": apart, "ratio": apart / twins if twins > 0 else float("inf")})
    return pd.DataFrame(rows, columns=["side", "week", "part", "outcome", "twins", "independent", "ratio"])
