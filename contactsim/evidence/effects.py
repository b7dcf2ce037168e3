"""Estimands that describe worlds and compare worlds, waves and subgroups. Each returns one number for one seed.

``world@wave`` names a wave of a world. Without participants, an effect on participants is 0; outcomes that require an
effect therefore fail if an action has no reach.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from contactsim.evidence.panel import ADULT_AGES, END, Array, Mask, PanelData, Subgroup, select


@dataclass(frozen=True)
class Worlds:
    """The worlds of a finding for one seed."""

    worlds: Mapping[str, PanelData]
    selecting: Mapping[str, PanelData]
    """the worlds that select subgroups: the same, or the finding's base worlds"""

    def mask(self, subgroup: Subgroup, name: str) -> Mask:
        """(N,) rows of a world that belong to a subgroup."""
        return select(subgroup, self.worlds[name], self.selecting)

    def at(self, where: str) -> tuple[PanelData, str]:
        """World and wave of ``world@wave``."""
        name, wave = where.split("@")
        return self.worlds[name], wave


# --- contrasts of attitudes and other columns

def standard_deviation(case: Worlds, column: str, sd: str, subgroup: Subgroup) -> float:
    """Standard deviation of a column at ``world@wave`` in the subgroup's group and ages; 1 if ``sd`` is "none".

    Without a subgroup the group is the majority; without ages it consists of adults.
    """
    if sd == "none":
        return 1.0
    data, wave = case.at(sd)
    given = subgroup or {}
    group = given.get("group", "majority" if subgroup is None else "all")
    around = {"group": group, "ages": given.get("ages", ADULT_AGES)}
    values = data.at(column, wave)[select(around, data, {}) & (data.at("here", wave) > 0)]
    return float(np.nanstd(values)) if np.isfinite(values).any() else 0.0


def scaled(change: float, sd: float) -> float:
    """A change divided by ``sd``; if that is 0, 0 for no change and nan for any other."""
    if sd > 1e-9:
        return float(change / sd)
    return 0.0 if abs(change) < 1e-9 else float("nan")


def _sum(case: Worlds, columns: Mapping[str, float], terms: Mapping[str, float], sd: str, subgroup: Subgroup) -> float:
    """Sum over ``world@wave`` of weight times mean, each column in its own standard deviation."""
    total = 0.0
    for column, sign in columns.items():
        rows = {where: case.mask(subgroup, where.split("@")[0]) & _here(case, where, terms, column) for where in terms}
        if not all(r.any() for r in rows.values()):
            return 0.0
        means = {where: case.at(where)[0].at(column, case.at(where)[1])[rows[where]].mean() for where in terms}
        total += scaled(sign * sum(weight * means[where] for where, weight in terms.items()),
                        standard_deviation(case, column, sd, subgroup))
    return float(total)


def _here(case: Worlds, where: str, terms: Mapping[str, float], column: str) -> Mask:
    """(N,) rows in which the same person lives, and has a value, at all compared waves of worlds with the same rows."""
    n = case.at(where)[0].people["uid"]
    here = np.ones(n.shape[0], bool)
    for other in terms:
        data, wave = case.at(other)
        if np.array_equal(data.people["uid"], n):
            here &= (data.at("here", wave) > 0) & ~np.isnan(data.at(column, wave))
    return here


def contrast(case: Worlds, column: str, terms: Mapping[str, float], sd: str, subgroup: Subgroup = None) -> float:
    """Weighted sum of a column's means over ``world@wave``, in standard deviations."""
    return _sum(case, {column: 1.0}, terms, sd, subgroup)


def contrast_of_columns(case: Worlds, columns: Mapping[str, float], terms: Mapping[str, float], sd: str,
                        subgroup: Subgroup = None) -> float:
    """Weighted sum of the contrasts of several columns, each in its own standard deviations."""
    return _sum(case, columns, terms, sd, subgroup)


def double_contrast(case: Worlds, column: str, terms: Mapping[str, float], sd: str, subgroup: Subgroup,
                    reference_subgroup: Subgroup) -> float:
    """A contrast in one subgroup minus the same contrast in another, in standard deviations."""
    return (_sum(case, {column: 1.0}, terms, sd, subgroup)
            - _sum(case, {column: 1.0}, terms, sd, reference_subgroup))


def subgroup_gap(case: Worlds, column: str, world: str, subgroup: Subgroup, reference_subgroup: Subgroup, sd: str,
                 sd_subgroup: Subgroup = None) -> float:
    """Mean of a column at ``world@wave`` in one subgroup minus that in another, in standard deviations."""
    data, wave = case.at(world)
    name = world.split("@")[0]
    values = data.at(column, wave)
    known = ~np.isnan(values) & (data.at("here", wave) > 0)
    these, those = case.mask(subgroup, name) & known, case.mask(reference_subgroup, name) & known
    if not these.any() or not those.any():
        return 0.0
    gap = values[these].mean() - values[those].mean()
    around = sd_subgroup or {"group": (subgroup or {}).get("group", "all")}
    return scaled(gap, standard_deviation(case, column, sd, around))


def spread_change(case: Worlds, world: str, reference: str, column: str, subgroup: Subgroup = None) -> float:
    """Relative difference of a column's standard deviation at the end between two worlds (0: the same)."""
    one, other = (np.nanstd(case.worlds[name].at(column, END)[case.mask(subgroup, name)])
                  for name in (world, reference))
    return float(one / other - 1)


def relative_cost_effectiveness(case: Worlds, world: str, others: list[str], control: str, column: str,
                                subgroup: Subgroup, cost_factor: float = 1.0) -> float:
    """Effect per pound of the actions of one world relative to the best of the others, minus 1.

    nan if no other world, but this one, has a positive effect. ``cost_factor`` multiplies the costs of ``world``.
    """
    def per_pound(name: str) -> float:
        gain = _sum(case, {column: 1.0}, {f"{name}@{END}": 1.0, f"{control}@{END}": -1.0}, "none", subgroup)
        cost = sum(case.worlds[name].costs.values())
        return gain / cost if cost > 0 else 0.0

    best = max(per_pound(name) for name in others)
    if best <= 0:
        return -1.0 if per_pound(world) <= 0 else float("nan")
    return per_pound(world) / cost_factor / best - 1


def impulse_shortfall(case: Worlds, world: str, reference: str, high: Subgroup, low: Subgroup) -> float:
    """1 minus the ratio of responses to an impulse in subgroup ``high`` and in ``low``; attitude at the end."""
    change = case.worlds[world].at("attitude", END) - case.worlds[reference].at("attitude", END)
    return float(1 - change[case.mask(high, world)].mean() / change[case.mask(low, world)].mean())


def transfer_ratio(case: Worlds, world: str, reference: str) -> float:
    """Effect of an impulse on the majority's attitude to the group not met (2), relative to the group met (1)."""
    rows = case.mask(None, world)
    change = (case.worlds[world].targets[END] - case.worlds[reference].targets[END])[rows].mean(axis=0)
    return float(change[2] / change[1])


# --- meetings and friends

def _meetings(case: Worlds, name: str, kind: str, subgroup: Subgroup) -> Array:
    """Meetings per week with others in the second half, of a kind or of ``any`` valence."""
    data, kinds = case.worlds[name], ("positive", "negative", "neutral") if kind == "any" else (kind,)
    return np.asarray(sum(data.at(f"second_{one}", END) for one in kinds))[case.mask(subgroup, name)]


def _mean_meetings(case: Worlds, kind: str, names: tuple[str, str], subgroup: Subgroup) -> tuple[float, float]:
    one, other = (_meetings(case, name, kind, subgroup).mean() for name in names)
    return one, other


def count_change(case: Worlds, kind: str, world: str, reference: str, subgroup: Subgroup = None) -> float:
    """Relative difference of meetings per week in the second half between two worlds; 0 if the second has none."""
    one, other = _mean_meetings(case, kind, (world, reference), subgroup)
    return float(one / other - 1) if other > 0 else 0.0


def declined(case: Worlds, world: str, subgroup: Subgroup) -> float:
    """Share of the possible meetings with other groups that were declined, in the second half."""
    return _declined(case.worlds[world], case.mask(subgroup, world))


def declined_by_anxiety(case: Worlds, world: str, subgroup: Mapping[str, object]) -> float:
    """:func:`declined` in the most anxious third at the start minus that in the least anxious third."""
    high, low = (declined(case, world, {**subgroup, "third": {"by": "anxiety", "tail": tail}})
                 for tail in ("high", "low"))
    return high - low


def declined_change(case: Worlds, world: str, reference: str, subgroup: Subgroup) -> float:
    """:func:`declined` in one world minus that in another; 0 for an empty subgroup."""
    rows = case.mask(subgroup, world)
    return _declined(case.worlds[world], rows) - _declined(case.worlds[reference], rows) if rows.any() else 0.0


def _declined(data: PanelData, rows: Mask) -> float:
    had = sum(data.at(f"second_{kind}", END)[rows].sum() for kind in ("positive", "negative", "neutral"))
    refused = data.at("second_declined", END)[rows].sum()
    return float(refused / (had + refused)) if had + refused > 0 else 0.0


# --- descriptives of one world

def _values(case: Worlds, world: str, column: str, subgroup: Subgroup) -> Array:
    values = case.worlds[world].at(column, END)[case.mask(subgroup, world)]
    return values[np.isfinite(values)]


def average(case: Worlds, world: str, column: str, subgroup: Subgroup = None) -> float:
    """Mean of a column at the end."""
    return float(_values(case, world, column, subgroup).mean())


def people(case: Worlds, world: str, subgroup: Subgroup = None) -> float:
    """Number of people in a subgroup."""
    return float(np.count_nonzero(case.mask(subgroup, world)))


ESTIMANDS = {f.__name__: f for f in (
    contrast, contrast_of_columns, double_contrast, subgroup_gap, spread_change, relative_cost_effectiveness,
    impulse_shortfall, transfer_ratio, count_change, declined, declined_by_anxiety, declined_change, average,
    people)}
