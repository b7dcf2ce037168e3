"""Effects and doses of an arm: in one seed, and over seeds with intervals; differences between cells of a grid; costs.

An effect is a mean over people of the arm's value minus the control arm's, each person's difference in standard
deviations of the own group in the control arm at that time. Each seed gives one value of an effect; intervals are
Student's t over seeds. Tables of a grid begin with its axes: one column for each key of which several values are
compared. Where parameter sets are pooled (column ``ensemble_set``), each of which has seeds of its own, effects are
averaged over the seeds of each set, and intervals are Student's t over the sets' means, which scatter by both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isinf, isnan, nan
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from contactsim.actions import Action, remarks
from contactsim.comparison.paired_runs import CONTROL, LISTS, PairedRuns
from contactsim.config.ensemble import SET
from contactsim.observers.panel import AGE_BANDS, OUTCOMES, TERCILES
from contactsim.stats import between_groups, cell_intervals, excludes_zero, ratio_interval, standardised

# --- in one seed

#: The people on whom an effect is estimated. Each resident belongs to exactly one of the last four parts.
PARTS = {"everybody": "everybody aged 5 and over at week 0", "participants": "had taken part by then",
         "staff": "staff and volunteers who had not taken part",
         "spillover": "shared a household or, at week 0, a tie with participants or staff", "others": "everybody else"}


def parts(paired: PairedRuns, arm: str, week: int | None = None) -> dict[str, NDArray[np.bool_]]:
    """(n,) masks by name of :data:`PARTS`, as of a readout week (None: the last)."""
    everybody = np.ones(len(paired.residents), bool)
    participants, staff = paired.mask(arm, "participants", week), paired.mask(arm, "staff", week)
    staff &= ~participants
    spillover = paired.connected(participants | staff)
    return {"everybody": everybody, "participants": participants, "staff": staff, "spillover": spillover,
            "others": ~(participants | staff | spillover)}


def effects(paired: PairedRuns, arm: str) -> pd.DataFrame:
    """Effects of one arm in one seed by week, part, cut and outcome.

    Columns: arm, week, part, by (all, group, age, prior contact), level, outcome, residents, effect (SD), raw (the
    outcome's unit), control (mean in the control arm, the outcome's unit), control_sd (mean of the people's own
    groups' standard deviations there, the outcome's unit). An effect is nan if the outcome does not vary in the
    control arm and yet differs, and if there is nobody.
    """
    cuts = _cuts(paired)
    rows: list[dict[str, Any]] = []
    for week in sorted(paired.arms[arm].readings):
        masks = parts(paired, arm, week)
        for outcome in OUTCOMES:
            raw, spread = paired.difference(arm, outcome, week), paired.spread(outcome, week)
            z = standardised(raw, spread)
            control = paired.arms[CONTROL].readings[week].values[outcome].astype(float)
            for part, mask in masks.items():
                counted = mask & ~np.isnan(raw)
                for by, (codes, levels) in cuts.items():
                    n, *means = _means(codes[counted], len(levels), [one[counted] for one in (z, raw, control, spread)])
                    rows += [{"arm": arm, "week": week, "part": part, "by": by, "level": level, "outcome": outcome,
                              "residents": int(n[k]), "effect": means[0][k], "raw": means[1][k],
                              "control": means[2][k], "control_sd": means[3][k]} for k, level in enumerate(levels)]
    return pd.DataFrame(rows)


def doses(paired: PairedRuns, arm: str) -> pd.DataFrame:
    """The dose of one arm in one seed by week after week 0, part and cut, as in :func:`effects`.

    Columns: arm, week, part, by, level, residents, added (close hours with other groups that the arm has added by then,
    mean), ordinary (those of the same people in an ordinary year: the control arm's until then, per year). Both are nan
    if there is nobody.
    """
    cuts = _cuts(paired)
    rows: list[dict[str, Any]] = []
    for week in sorted(paired.arms[arm].readings)[1:]:
        added, ordinary = paired.dose(arm, week)
        for part, mask in parts(paired, arm, week).items():
            counted = mask & ~np.isnan(added)
            for by, (codes, levels) in cuts.items():
                n, *means = _means(codes[counted], len(levels), [one[counted] for one in (added, ordinary)])
                rows += [{"arm": arm, "week": week, "part": part, "by": by, "level": level, "residents": int(n[k]),
                          "added": means[0][k], "ordinary": means[1][k]} for k, level in enumerate(levels)]
    return pd.DataFrame(rows, columns=["arm", "week", "part", "by", "level", "residents", "added", "ordinary"])


def _cuts(paired: PairedRuns) -> dict[str, tuple[NDArray[np.intp], list[str]]]:
    people = paired.residents
    of = {"all": (np.full(len(people), "all"), ["all"]), "group": (people.own_group, list(people.groups)),
          "age": (people.age_band, list(AGE_BANDS)), "prior contact": (people.prior_contact, list(TERCILES))}
    return {by: (pd.Categorical(values, categories=levels).codes.astype(np.intp), levels)
            for by, (values, levels) in of.items()}


def _means(codes: NDArray[np.intp], levels: int, columns: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    n = np.bincount(codes, minlength=levels).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        return [n, *(np.bincount(codes, weights=column, minlength=levels) / n for column in columns)]


def facts(paired: PairedRuns, arm: str) -> dict[str, float]:
    """What one arm needed in one seed: cost (pounds more than the control arm; nan if unknown), participants, staff and
    interested (people), burn_in (weeks) and stationary (1 if the burn-in had settled at its end)."""
    here, there = paired.arms[arm].cost, paired.arms[CONTROL].cost
    return {"cost": here - (there if there == there else 0.0),
            **{what: float(paired.mask(arm, what).sum()) for what in LISTS},
            "burn_in": float(paired.burn_in.weeks), "stationary": float(paired.burn_in.stationary)}


def notes(paired: PairedRuns, arm: str) -> list[str]:
    """What the arm's actions report, such as places that could not be filled."""
    return [f"{action.name}: {note}" for action in paired.arms[arm].actions if isinstance(action, Action)
            for note in remarks(action)]


# --- over seeds

#: What identifies a dose within a cell ...
DOSE_KEYS = ["arm", "week", "part", "by", "level"]
#: ... and an effect.
KEYS = [*DOSE_KEYS, "outcome"]
NOT_SIGNIFICANT = "no cost per unit: the effect cannot be distinguished from zero"


#: What says how parameter sets differ (:func:`contactsim.stats.between_groups`), in the unit that is reported.
BETWEEN = ("sets", "sets_sd", "sets_p10", "sets_p90", "sets_same_sign")


def summarise(by_seed: pd.DataFrame, axes: Sequence[str] = ()) -> pd.DataFrame:
    """Means over seeds of effects (columns of :func:`contactsim.comparison.effects.effects`, seed and axes).

    Columns: axes, arm, week, part, by, level, outcome, residents (mean number), seeds, effect, low, high, raw, raw_low,
    raw_high, control, control_sd, shown, significant. ``shown`` says which of the two intervals is reported: that of
    the standardised ``effect``, or that of ``raw`` if the outcome does not vary in the control arm. ``significant`` is
    whether the reported interval excludes 0.

    Where parameter sets are pooled, ``seeds`` counts the seeds of all sets, and there are :data:`BETWEEN`: sets (number
    with a value) and, net of seed noise, sets_sd (standard deviation between sets), sets_p10 and sets_p90 (percentiles
    of the sets' effects), sets_same_sign (share of sets whose effect has the sign of the mean).
    """
    return _estimates(by_seed, [*axes, *KEYS], ["residents"], ["control", "control_sd"])


def dose_estimates(by_seed: pd.DataFrame, axes: Sequence[str] = ()) -> pd.DataFrame:
    """Means over seeds of doses (columns of :func:`doses`, seed and axes).

    Columns: axes, arm, week, part, by, level, residents (mean number), added, low, high (its interval), ordinary; where
    parameter sets are pooled also :data:`BETWEEN`, of added.
    """
    keys = [*axes, *DOSE_KEYS]
    cells = set_means(by_seed, keys, ["residents", "added", "ordinary"]).groupby(keys, sort=False, observed=True)
    added = cell_intervals(cells["added"])
    return pd.DataFrame({"residents": cells["residents"].mean(), "added": added["mean"], "low": added["low"],
                         "high": added["high"], "ordinary": cells["ordinary"].mean(),
                         **_between(by_seed, keys, "added")}).reset_index()


def set_means(by_seed: pd.DataFrame, keys: Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
    """Means of columns over the seeds of each parameter set; the same table if no sets are pooled."""
    if SET not in by_seed:
        return by_seed
    return by_seed.groupby([*keys, SET], sort=False, observed=True)[list(columns)].mean().reset_index()


def _between(by_seed: pd.DataFrame, keys: Sequence[str], column: str) -> dict[str, pd.Series[Any]]:
    """:data:`BETWEEN` of a column, by keys; empty if no sets are pooled."""
    if SET not in by_seed:
        return {}
    found = between_groups(by_seed, keys, SET, column)
    return dict(zip(BETWEEN, (found[name] for name in found), strict=True))


def differences(by_seed: pd.DataFrame, axes: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """Difference-in-differences: an effect at each value of an axis minus the effect at the axis's first value.

    Pairs have the same parameter set, the same seed and the same values of the other axes, and common random numbers.

    Columns: axis, value, reference, the other axes (null for the axis itself), arm, week, part, by, level, outcome,
    seeds, effect (in standard deviations: means of own groups in the control arm of the reference cell), low, high,
    raw, raw_low, raw_high (the outcome's unit), shown, significant, and :data:`BETWEEN` where sets are pooled. A pair
    counts if it has both effects; weeks that only one of the cells is read at are left out.
    """
    found = [_against(by_seed, axis, values[0], value, [other for other in axes if other != axis])
             for axis, values in axes.items() for value in values[1:]]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def _against(by_seed: pd.DataFrame, axis: str, reference: Any, value: Any, others: list[str]) -> pd.DataFrame:
    keys = [*others, *KEYS]
    here, there = (by_seed[by_seed[axis] == one] for one in (value, reference))
    same = ["seed", *([SET] if SET in by_seed else [])]
    pairs = here.merge(there, on=[*keys, *same], suffixes=("", "_reference"))
    raw = pairs["raw"] - pairs["raw_reference"]
    sd = pairs["control_sd_reference"]
    pairs = pairs.assign(raw=raw, effect=(raw / sd.where(sd > 0)).where(raw != 0, 0.0))
    table = _estimates(pairs, keys)
    for name, one in (("reference", reference), ("value", value), ("axis", axis)):
        table.insert(0, name, one)
    return table


def _estimates(by_seed: pd.DataFrame, keys: Sequence[str], before: Sequence[str] = (),
               behind: Sequence[str] = ()) -> pd.DataFrame:
    """Means and intervals of the columns raw and effect; means of other columns stand before and behind."""
    seeds = by_seed.groupby(list(keys), sort=False, observed=True)["raw"].count()
    means = set_means(by_seed, keys, ["raw", "effect", *before, *behind])
    cells = means.groupby(list(keys), sort=False, observed=True)
    raw, effect = cell_intervals(cells["raw"]), cell_intervals(cells["effect"])
    in_own_unit = effect["mean"].isna() & raw["mean"].notna()
    own, standard = (_between(by_seed, keys, column) for column in ("raw", "effect"))
    return pd.DataFrame({
        **{name: cells[name].mean() for name in before}, "seeds": seeds, "effect": effect["mean"],
        "low": effect["low"], "high": effect["high"], "raw": raw["mean"], "raw_low": raw["low"],
        "raw_high": raw["high"], **{name: cells[name].mean() for name in behind},
        "shown": np.where(in_own_unit, "raw", "effect"),
        "significant": np.where(in_own_unit, excludes_zero(raw["low"], raw["high"]),
                                excludes_zero(effect["low"], effect["high"])),
        **{name: standard[name].where(~in_own_unit, own[name]) for name in own},
    }).reset_index()


def precision(by_seed: pd.DataFrame, axes: Sequence[str] = ()) -> pd.DataFrame:
    """Variance of a mean effect over seeds, with paired runs and with independent seeds.

    Independent seeds would compare the arm's means of one set of seeds with the control means of another, so their
    variance is the sum of both. Columns: axes, arm, week, part, outcome, paired, independent (variances of one seed's
    effect, in the outcome's unit), ratio (independent over paired; inf if paired runs never differ). Where parameter
    sets are pooled, variances are means of those within the sets.
    """
    keys = [*axes, "arm", "week", "part", "outcome"]
    within = [*keys, *([SET] if SET in by_seed else [])]
    rows = []
    for key, cell in by_seed[by_seed["by"] == "all"].groupby(within, sort=False, observed=True):
        control, raw = cell["control"].to_numpy(float), cell["raw"].to_numpy(float)
        known = ~np.isnan(raw)
        if known.sum() < 2:
            continue
        paired = float(raw[known].var(ddof=1))
        independent = float((control + raw)[known].var(ddof=1) + control[known].var(ddof=1))
        rows.append({**dict(zip(within, key, strict=True)), "paired": paired, "independent": independent})
    table = pd.DataFrame(rows, columns=[*within, "paired", "independent"])
    table = table.groupby(keys, sort=False, observed=True)[["paired", "independent"]].mean().reset_index()
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(table["paired"] > 0, table["independent"] / table["paired"], np.inf)
    return table.assign(ratio=ratio)


@dataclass(frozen=True)
class CostEffectiveness:
    """Pounds per unit of an outcome in one person; nan unless the effect is significant.

    A harm has a negative gain: the ratio is then the (negative) cost of one unit of harm.
    """

    unit: str
    """what is gained: ``SD``, or the outcome's unit if it does not vary in the control arm"""
    cost: float
    """mean cost over seeds (and parameter sets), in pounds"""
    gain: float
    """mean gain over seeds (and parameter sets): units summed over people"""
    ratio: float
    low: float
    high: float
    """Fieller's interval; infinite if the number of people varies so much that there is no limit"""

    def __str__(self) -> str:
        if isnan(self.cost):
            return "the cost is not known"
        if isnan(self.ratio):
            return NOT_SIGNIFICANT
        low, high = sorted((abs(self.low), abs(self.high)))
        limit = "no limit" if isinf(high) else f"{high:,.0f}"
        return f"£{abs(self.ratio):,.0f} [{low:,.0f}, {limit}]{' per unit lost' if self.gain < 0 else ''}"


def cost_effectiveness(costs: Sequence[float], gains: Sequence[float], significant: bool,
                       unit: str = "SD") -> CostEffectiveness:
    """Mean cost over mean gain, paired by seed; a ratio only if the effect is ``significant``.

    Seeds without a cost or a gain (nan) are left out.
    """
    c, g = np.asarray(costs, float), np.asarray(gains, float)
    known = ~(np.isnan(c) | np.isnan(g))
    if not known.any():
        return CostEffectiveness(unit, nan, nan, nan, nan, nan)
    found = ratio_interval(c, g) if significant else (nan, nan, nan)
    return CostEffectiveness(unit, float(c[known].mean()), float(g[known].mean()), *found)
