"""Estimands that compare worlds, readings and people: each gives one number for one seed.

An effect on nobody is 0: so a figure about participants fails where an action has no reach.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from contactsim.draws import Decision, stream, uniforms
from contactsim.evidence.panel import END, MIDDLE, Array, Mask, Seen
from contactsim.evidence.subgroups import ADULT_AGES, mask

Who = Mapping[str, Any] | None


@dataclass(frozen=True)
class Worlds:
    """The worlds of a finding for one seed, and those that single people out (the same, or the finding's own)."""

    worlds: Mapping[str, Seen]
    chosen: Mapping[str, Seen]

    def mask(self, who: Who, name: str) -> Mask:
        """(N,) rows of a world that ``who`` speaks of."""
        return mask(who, self.worlds[name], self.chosen)

    def at(self, where: str) -> tuple[Seen, str]:
        """World and reading of ``world@reading``."""
        name, wave = where.split("@")
        return self.worlds[name], wave


def standard_deviation(case: Worlds, column: str, sd: str, who: Who) -> float:
    """SD of a column at ``world@reading`` among all of the same group and ages (adults, if no ages are given)."""
    if sd == "none":
        return 1.0
    seen, wave = case.at(sd)
    given = who or {}
    around = {"group": given.get("group", "majority" if who is None else "all"), "ages": given.get("ages", ADULT_AGES)}
    values = seen.at(column, wave)[mask(around, seen, {}) & (seen.at("here", wave) > 0)]
    return float(values.std())


def _sum(case: Worlds, columns: Mapping[str, float], terms: Mapping[str, float], sd: str, who: Who) -> float:
    """Sum over ``world@reading`` of weight times mean, each column in its own SD."""
    rows = {where: case.mask(who, where.split("@")[0]) & _here(case, where, terms) for where in terms}
    if not all(r.any() for r in rows.values()):
        return 0.0
    total = 0.0
    for column, sign in columns.items():
        means = {where: case.at(where)[0].at(column, case.at(where)[1])[rows[where]].mean() for where in terms}
        total += scaled(sign * sum(weight * means[where] for where, weight in terms.items()),
                        standard_deviation(case, column, sd, who))
    return float(total)


def scaled(change: float, sd: float) -> float:
    """A change in SD; 0 where nothing varies and nothing changes, nan where nothing varies and something does."""
    if sd > 1e-9:
        return float(change / sd)
    return 0.0 if abs(change) < 1e-9 else float("nan")


def _here(case: Worlds, where: str, terms: Mapping[str, float]) -> Mask:
    """Rows with the same person in every world with the same rows, at every reading that is compared."""
    n = case.at(where)[0].people["uid"]
    here = np.ones(n.shape[0], bool)
    for other in terms:
        seen, wave = case.at(other)
        if np.array_equal(seen.people["uid"], n):
            here &= seen.at("here", wave) > 0
    return here


def contrast(case: Worlds, column: str, terms: Mapping[str, float], sd: str, who: Who = None) -> float:
    """Weighted sum of a column's means over ``world@reading``, in SD."""
    return _sum(case, {column: 1.0}, terms, sd, who)


def contrast_of_columns(case: Worlds, columns: Mapping[str, float], terms: Mapping[str, float], sd: str,
                        who: Who = None) -> float:
    """Weighted sum of several columns' contrasts, each in its own SD."""
    return _sum(case, columns, terms, sd, who)


def double_contrast(case: Worlds, column: str, terms: Mapping[str, float], sd: str, who: Who, than: Who) -> float:
    """A contrast among some people less that among others."""
    return _sum(case, {column: 1.0}, terms, sd, who) - _sum(case, {column: 1.0}, terms, sd, than)


def between(case: Worlds, column: str, world: str, who: Who, than: Who, sd: str, sd_of: Who = None) -> float:
    """Mean of a column at ``world@reading`` among some people less that among others, in SD."""
    seen, wave = case.at(world)
    name = world.split("@")[0]
    these, those = case.mask(who, name), case.mask(than, name)
    if not these.any() or not those.any():
        return 0.0
    values = seen.at(column, wave)
    gap = values[these].mean() - values[those].mean()
    return scaled(gap, standard_deviation(case, column, sd, sd_of or {"group": (who or {}).get("group", "all")}))


def spread_change(case: Worlds, of: str, than: str, column: str, who: Who = None) -> float:
    """SD of a column at the end in one world over that in another, less 1."""
    one, other = (case.worlds[name].at(column, END)[case.mask(who, name)].std() for name in (of, than))
    return float(one / other - 1)


def count_change(case: Worlds, what: str, of: str, than: str, who: Who = None) -> float:
    """Meetings a week in the second half in one world over those in another, less 1; 0 where there are none."""
    one, other = (_meetings(case, name, what, who).mean() for name in (of, than))
    return float(one / other - 1) if other > 0 else 0.0


def count_ratio(case: Worlds, above: str, below: str, world: str, who: Who = None) -> float:
    """Meetings of one kind over those of another in the second half."""
    one, other = (_meetings(case, world, what, who).mean() for what in (above, below))
    return float(one / other) if other > 0 else float("nan")


def contact_rise(case: Worlds, what: str, less: str, more: str, who: Who = None) -> float:
    """Meetings a week in the second half in one world less those in another, in SD of both worlds' people."""
    low, high = (_meetings(case, name, what, who) for name in (less, more))
    sd = np.concatenate([low, high]).std()
    return float((high.mean() - low.mean()) / sd) if sd > 0 else 0.0


def contact_ratio(case: Worlds, what: str, of: str, than: str, who: Who = None) -> float:
    """Meetings a week in the second half in one world over those in another."""
    one, other = (_meetings(case, name, what, who).mean() for name in (of, than))
    return float(one / other) if other > 0 else float("nan")


def frequent_negative(case: Worlds, world: str, reading: str, twin: str | None = None) -> float:
    """The tenth of majority adults with most negative contact in the first half against all others, in SD of attitude.

    Readings: ``level`` at the end; ``change`` over the second half; ``effect``: at the end less the same people's in
    the world ``twin``. A keyed number decides between equals.
    """
    seen, rows = case.worlds[world], case.mask(None, world)
    end = seen.at("attitude", END)
    value = {"level": lambda: end, "change": lambda: end - seen.at("attitude", MIDDLE),
             "effect": lambda: end - case.worlds[str(twin)].at("attitude", END)}[reading]()
    tenth = _most_negative(case.chosen[world], case.mask(None, world))
    return float((value[rows & tenth].mean() - value[rows & ~tenth].mean()) / end[rows].std())


def frequent_negative_rise(case: Worlds, reading: str, less: str, more: str) -> float:
    """:func:`frequent_negative` in one world less that in another."""
    return frequent_negative(case, more, reading) - frequent_negative(case, less, reading)


def _most_negative(seen: Seen, rows: Mask) -> Mask:
    index = np.flatnonzero(rows)
    random_order = uniforms(stream(seen.seed, Decision.SURVEY), seen.people["uid"][index])
    order = index[np.lexsort((random_order, -seen.at("first_negative", END)[index]))]
    tenth = np.zeros(rows.shape[0], bool)
    tenth[order[: max(1, order.shape[0] // 10)]] = True
    return tenth


def _meetings(case: Worlds, name: str, what: str, who: Who) -> Array:
    return case.worlds[name].at(f"second_{what}", END)[case.mask(who, name)]


def rare_contact(case: Worlds, worlds: list[str], fewer_than: float) -> float:
    """Mean over worlds of the share with fewer meetings with others (of any kind) in a year, by the second half."""
    shares = []
    for name in worlds:
        week = sum(_meetings(case, name, what, None) for what in ("positive", "negative", "neutral"))
        shares.append(np.mean(52 * week < fewer_than))
    return float(np.mean(shares))


def friendless(case: Worlds, worlds: list[str]) -> float:
    """Mean over worlds of the share of majority adults without a friend in another group, at the end."""
    return float(np.mean([np.mean(case.worlds[name].at("friends", END)[case.mask(None, name)] == 0)
                          for name in worlds]))


def friendless_ratio(case: Worlds, above: list[str], below: list[str]) -> float:
    """:func:`friendless` in some worlds over that in others."""
    return friendless(case, above) / friendless(case, below)


def declined(case: Worlds, world: str, who: Who) -> float:
    """Share of the meetings with others that chance offered which did not come about."""
    return _declined(case.worlds[world], case.mask(who, world))


def declined_by_anxiety(case: Worlds, world: str, who: Mapping[str, Any]) -> float:
    """:func:`declined` of the most anxious third at the start less that of the least anxious third."""
    high, low = (declined(case, world, {**who, "third": {"by": "anxiety", "side": side}}) for side in ("high", "low"))
    return high - low


def declined_change(case: Worlds, of: str, than: str, who: Who) -> float:
    """:func:`declined` in one world less that in another; 0 for nobody."""
    rows = case.mask(who, of)
    return _declined(case.worlds[of], rows) - _declined(case.worlds[than], rows) if rows.any() else 0.0


def _declined(seen: Seen, rows: Mask) -> float:
    had = sum(seen.at(f"second_{what}", END)[rows].sum() for what in ("positive", "negative", "neutral"))
    refused = seen.at("second_declined", END)[rows].sum()
    return float(refused / (had + refused)) if had + refused > 0 else 0.0


def friend_homophily(case: Worlds, world: str, who: Who) -> float:
    """1 less the share of friendships across groups over the share that meetings by chance would give.

    Chance: meetings with others that were had or declined, among all meetings had or declined.
    """
    seen, rows = case.worlds[world], case.mask(who, world)
    offered = sum(seen.at(f"second_{what}", END)[rows].sum()
                  for what in ("positive", "negative", "neutral", "declined"))
    own = seen.at("second_own", END)[rows].sum()
    across, ties = seen.at("friends", END)[rows].sum(), seen.at("ties", END)[rows].sum()
    return float(1 - (across / ties) / (offered / (offered + own)))


def per_pound(case: Worlds, world: str, others: list[str], without: str, column: str, who: Who,
              cost_factor: float = 1.0) -> float:
    """Effect per pound of one world's actions over the best of the others', less 1; nan where none has an effect."""
    def worth(name: str) -> float:
        gain = _sum(case, {column: 1.0}, {f"{name}@{END}": 1.0, f"{without}@{END}": -1.0}, "none", who)
        cost = sum(case.worlds[name].costs.values())
        return gain / cost if cost > 0 else 0.0

    best = max(worth(name) for name in others)
    if best <= 0:
        return -1.0 if worth(world) <= 0 else float("nan")
    return worth(world) / cost_factor / best - 1


def probe_shortfall(case: Worlds, of: str, than: str, high: Who, low: Who) -> float:
    """1 less the response to the probe among ``high`` over that among ``low``, in attitude at the end."""
    change = case.worlds[of].at("attitude", END) - case.worlds[than].at("attitude", END)
    return float(1 - change[case.mask(high, of)].mean() / change[case.mask(low, of)].mean())


def transfer_ratio(case: Worlds, of: str, than: str) -> float:
    """The probe's effect on the majority's attitude to the group not met (2) over that on the group met (1)."""
    rows = case.mask(None, of)
    change = (case.worlds[of].targets[END] - case.worlds[than].targets[END])[rows].mean(axis=0)
    return float(change[2] / change[1])


ESTIMANDS = {f.__name__: f for f in (
    contrast, contrast_of_columns, double_contrast, between, spread_change, count_change, count_ratio, contact_rise,
    contact_ratio, frequent_negative, frequent_negative_rise, rare_contact,
    friendless, friendless_ratio, declined, declined_by_anxiety, declined_change, friend_homophily, per_pound,
    probe_shortfall, transfer_ratio)}
