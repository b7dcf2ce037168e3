"""Estimands that ask a simulated survey what a survey asked people.

The survey is that of the world's place: adults of the majority who still live there answer the shipped items (columns
``answer_...`` of a wave), areas are the three answers to ``local_diversity``, and means, shares and slopes are those of
the answers. Standard deviations are of answers, and so include reporting noise. Each estimand returns one number for
one seed; shares and means of nobody are nan.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contactsim import stats
from contactsim.evidence.effects import Worlds
from contactsim.evidence.panel import END, MIDPOINT, Array, Mask, PanelData
from contactsim.evidence.relations import correlation
from contactsim.instruments.catalogue import shipped
from contactsim.stats import slopes

#: Answers to ``local_diversity``: almost nobody, some or many people of other groups in the area.
FEW, SOME, MANY = 0, 1, 2
#: Their names as arguments.
AREAS = {"few": FEW, "some": SOME, "many": MANY}
#: Mean share of others in the LSOAs of majority residents who give the lowest and the highest of these answers
#: (ESS round 7 ranked against census 2011).
SHARE_FEW, SHARE_MANY = 0.034, 0.434
#: Number of the answer "weekly" to ``contact_frequency``; of the first answer above "less than monthly".
WEEKLY, MONTHLY = 4, 2
#: Middle answer to ``contact_valence``; below it contact is bad, above it good.
MIDDLE = 5.0
#: Fewest people of a subgroup whose mean is taken.
FEWEST = 3


@dataclass(frozen=True)
class Survey:
    """The answers of those asked in one wave; arrays have one entry per person asked, (n,)."""

    attitude: Array
    """0 to 10"""
    frequency: Array
    """number of the answer, 0 (never) to 6 (daily)"""
    valence: Array
    """0 (bad) to 10 (good); nan for those who never have contact"""
    band: Array
    """:data:`FEW` to :data:`MANY`"""
    close: Array
    """0 (no close friend in another group) to 2 (several)"""
    circle: Array
    """0 (nobody of another group in the circle of friends) or 1"""
    threat: Array
    """1 to 5"""
    age: Array
    """years, at the start of the world"""
    rows: NDArray[np.intp]
    """rows of those asked"""

    @property
    def days(self) -> Array:
        """Days a month with contact, as each answer to ``contact_frequency`` is counted."""
        return _days()[self.frequency.astype(int)]

    @property
    def bad(self) -> Mask:
        """Whether contact is called bad."""
        return np.asarray(self.valence < MIDDLE)

    @property
    def good(self) -> Mask:
        """Whether contact is called good."""
        return np.asarray(self.valence > MIDDLE)

    @property
    def weekly(self) -> Mask:
        """Whether there is contact at least weekly."""
        return np.asarray(self.frequency >= WEEKLY)

    @property
    def net(self) -> Array:
        """Valence, from the middle, times the root of the days a month; 0 without contact."""
        return np.asarray(np.nan_to_num(self.valence - MIDDLE) * np.sqrt(self.days))


@cache
def _days() -> Array:
    item: Any = shipped()["contact_frequency"]
    return np.asarray(item.categories.values, float)


def survey(data: PanelData, rows: Mask, wave: str = END) -> Survey:
    """The answers of those of ``rows`` who still live in the place and are asked all items."""
    names = ("attitude", "contact_frequency", "contact_valence", "local_diversity", "close_friends",
             "circle_of_friends", "threat")
    columns = {name: data.at(f"answer_{name}", wave) for name in names}
    asked = rows & (data.at("here", wave) > 0)
    for name in names:
        if name != "contact_valence":
            asked = asked & ~np.isnan(columns[name])
    index = np.flatnonzero(asked)
    given = [columns[name][index] for name in names]
    return Survey(given[0], given[1], given[2], given[3], given[4], given[5], given[6],
                  data.people["age"][index].astype(float), index)


def asked(case: Worlds, world: str, wave: str = END) -> Survey:
    """The survey of a world's majority adults."""
    return survey(case.worlds[world], case.mask(None, world), wave)


def mean(values: Array | Mask, rows: Mask | None = None) -> float:
    """Mean of the rows; nan for fewer than :data:`FEWEST`."""
    chosen = np.asarray(values, float) if rows is None else np.asarray(values, float)[rows]
    return float(chosen.mean()) if chosen.size >= FEWEST else float("nan")


#: What can be averaged over people: days a month with contact, and shares.
QUANTITIES: Mapping[str, Callable[[Survey], Array | Mask]] = {
    "days": lambda s: s.days,
    "bad": lambda s: s.bad,
    "weekly_bad": lambda s: s.bad & s.weekly,
    "rare": lambda s: s.frequency < MONTHLY,
    "no_close_friend": lambda s: s.close == 0,
    "nobody_in_circle": lambda s: s.circle == 0,
}


# --- areas

def asked_share(case: Worlds, world: str, quantity: str, area: str | None = None) -> float:
    """Mean of one of :data:`QUANTITIES`, over all asked or over those of one of :data:`AREAS`."""
    of = asked(case, world)
    return mean(QUANTITIES[quantity](of), None if area is None else of.band == AREAS[area])


def band_ratio(case: Worlds, world: str, quantity: str) -> float:
    """:func:`asked_share` where many others live over that where almost nobody does; nan if the latter is 0."""
    few, many = (asked_share(case, world, quantity, area) for area in ("few", "many"))
    return many / few if few > 0 else float("nan")


def band_difference(case: Worlds, world: str, quantity: str) -> float:
    """:func:`asked_share` where many others live minus that where almost nobody does."""
    return asked_share(case, world, quantity, "many") - asked_share(case, world, quantity, "few")


def band_elasticity(case: Worlds, world: str, quantity: str) -> float:
    """Log of :func:`band_ratio` over the log ratio of the shares of others in the two bands of the survey."""
    ratio = band_ratio(case, world, quantity)
    return float(np.log(ratio) / np.log(SHARE_MANY / SHARE_FEW)) if ratio > 0 else float("nan")


def meetings_elasticity(case: Worlds, world: str) -> float:
    """The same for true meetings with others per week in the second half, of any valence."""
    of, data = asked(case, world), case.worlds[world]
    weekly = np.sum([data.at(f"second_{kind}", END)[of.rows] for kind in ("positive", "negative", "neutral")], axis=0)
    few, many = mean(weekly, of.band == FEW), mean(weekly, of.band == MANY)
    return float(np.log(many / few) / np.log(SHARE_MANY / SHARE_FEW)) if few > 0 and many > 0 else float("nan")


def area_correlation(case: Worlds, world: str) -> float:
    """Correlation of the answers to ``contact_frequency`` and ``local_diversity``."""
    of = asked(case, world)
    return correlation(of.frequency, of.band)


def area_path(case: Worlds, world: str, path: str) -> float:
    """Mediation of the difference in attitude between areas with many and with almost no others, in SD of attitude.

    Good and bad contact are the parts of the valence above and below its middle, times the root of the days a month.
    Attitude is regressed on the two upper bands, good and bad contact, and age.

    Args:
        path: ``good`` and ``bad`` (products of coefficients), ``net`` (their sum), ``rest`` (the coefficient that is
            left to the band), ``total`` (that without contact in the regression), or ``threat`` (through good contact
            and the threat that it lowers).
    """
    of = asked(case, world)
    sd = of.attitude.std()
    some, many = (of.band == band for band in (SOME, MANY))
    some, many = some.astype(float), many.astype(float)
    if sd == 0 or not many.any() or many.sum() + some.sum() == many.size:
        return float("nan")
    good, bad = np.maximum(of.net, 0.0), np.maximum(-of.net, 0.0)
    if path == "total":
        return float(slopes(of.attitude, many, some, of.age)[0] / sd)
    if path == "threat":
        by_good = slopes(of.threat, good, bad, many, some, of.age)[0]
        by_threat = slopes(of.attitude, of.threat, good, bad, many, some, of.age)[0]
        return float(slopes(good, many, some, of.age)[0] * by_good * by_threat / sd)
    left, _, by_good, by_bad, _ = slopes(of.attitude, many, some, good, bad, of.age)
    through = {"good": slopes(good, many, some, of.age)[0] * by_good,
               "bad": slopes(bad, many, some, of.age)[0] * by_bad}
    paths = {**through, "net": sum(through.values()), "rest": left}
    return float(paths[path] / sd)


# --- people with good and with bad contact every week

def _weekly(case: Worlds, world: str, of: Survey, kind: str, wave: str = END) -> Mask:
    """(n,) who of those asked has ``good`` or ``bad`` contact at least weekly, by their answers in the selecting world.

    Under a knock-out that keeps the people of the base world, these are the people whom the base world selects.
    """
    by = survey(case.selecting[world], case.mask(None, world), wave)
    chosen = np.zeros(case.worlds[world].people["uid"].shape[0], bool)
    chosen[by.rows] = by.weekly & (by.bad if kind == "bad" else by.good)
    return chosen[of.rows]


def weekly_bad_level(case: Worlds, world: str, area: str | None = None) -> float:
    """Attitude of those whose contact is bad and at least weekly minus that of all others, in SD of all asked."""
    of = asked(case, world)
    here = np.ones(of.band.size, bool) if area is None else of.band == AREAS[area]
    these = _weekly(case, world, of, "bad")
    return float((mean(of.attitude, here & these) - mean(of.attitude, here & ~these)) / of.attitude.std())


def weekly_bad_gradient(case: Worlds, world: str) -> float:
    """:func:`weekly_bad_level` where many others live minus that where almost nobody does."""
    return weekly_bad_level(case, world, "many") - weekly_bad_level(case, world, "few")


def weekly_gap(case: Worlds, world: str, area: str) -> float:
    """Attitude of those with good minus that of those with bad contact, both at least weekly, in SD of all asked."""
    of = asked(case, world)
    here = of.band == AREAS[area]
    good, bad = (mean(of.attitude, here & _weekly(case, world, of, kind)) for kind in ("good", "bad"))
    return float((good - bad) / of.attitude.std())


def weekly_gap_growth(case: Worlds, world: str) -> float:
    """:func:`weekly_gap` where many others live minus that where almost nobody does."""
    return weekly_gap(case, world, "many") - weekly_gap(case, world, "few")


def worsening(case: Worlds, world: str) -> float:
    """Change of attitude from midpoint to end of those with weekly bad contact at the midpoint, minus that of others.

    In standard deviations of attitude at the midpoint.
    """
    of, data = asked(case, world, MIDPOINT), case.worlds[world]
    change = data.at("answer_attitude", END)[of.rows] - of.attitude
    known = ~np.isnan(change) & (data.at("here", END)[of.rows] > 0)
    these = _weekly(case, world, of, "bad", MIDPOINT)
    return float((mean(change, known & these) - mean(change, known & ~these)) / of.attitude.std())


def band_spread(case: Worlds, world: str) -> float:
    """SD of attitude where many others live over that where almost nobody does, minus 1."""
    of = asked(case, world)
    return float(of.attitude[of.band == MANY].std() / of.attitude[of.band == FEW].std() - 1)


def band_bimodality(case: Worlds, world: str) -> float:
    """Sarle's bimodality coefficient of attitude where many others live minus that where almost nobody does."""
    of = asked(case, world)
    return stats.bimodality(of.attitude[of.band == MANY]) - stats.bimodality(of.attitude[of.band == FEW])


ESTIMANDS: Mapping[str, Any] = {f.__name__: f for f in (
    asked_share, band_ratio, band_difference, band_elasticity, meetings_elasticity, area_correlation, area_path,
    weekly_bad_level, weekly_bad_gradient, weekly_gap, weekly_gap_growth, worsening, band_spread, band_bimodality)}
