"""Statistics across parameter sets: set means net of seed noise, shares of sets, and what decides an effect.

A set's mean over seeds is its effect plus noise of the seeds. The means are drawn towards the mean of all sets until
their variance is that of the effects alone: the constrained empirical Bayes estimates of Louis (1984, JASA 79), whose
distribution, unlike that of ordinary shrunken means, is not too narrow, so that shares and percentiles can be read off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray
from pydantic.fields import FieldInfo

from contactsim import stats
from contactsim.evidence.design import AcceptanceInterval
from contactsim.evidence.worlds import ITEMS
from contactsim.instruments.catalogue import shipped
from contactsim.parameters import ModelParameters

Array = NDArray[np.float64]
#: Error rate of the intervals (90 %).
ALPHA = 0.1
#: Fewest pairs of figures for an interval of the share that is gone.
PAIRS = 4
#: Fewest sets for which a deciding parameter is looked for, and the error rate over all parameters (Bonferroni).
FEWEST, ERROR = 10, 0.05


@dataclass(frozen=True)
class SetMeans:
    """The effects of the parameter sets."""

    raw: Array
    """(sets,) means over seeds; nan if the figure cannot be computed in any seed"""
    net: Array
    """(sets,) the same net of seed noise"""
    noise: float
    """share of the variance of the raw means that is seed noise, 0 to 1; nan if each set has one seed"""


def set_means(values: Array) -> SetMeans:
    """The effects of parameter sets from figures (sets, seeds); figures that are nan are left out."""
    known = np.isfinite(values)
    number = known.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        raw = np.where(known, values, 0.0).sum(axis=1) / np.where(number > 0, number, nan)
    within = np.where(known, values - raw[:, None], 0.0)
    freedom, have = int((number[number > 0] - 1).sum()), number > 0
    if have.sum() < 2 or freedom == 0:
        return SetMeans(raw, raw, nan)
    of_seed = float((within[have] ** 2).sum()) / freedom
    mean, observed = float(raw[have].mean()), float(raw[have].var(ddof=1))
    noise = min(1.0, of_seed * float(np.mean(1 / number[have])) / observed) if observed > 0 else 0.0
    return SetMeans(raw, mean + np.sqrt(1 - noise) * (raw - mean), noise)


def holds(means: SetMeans, acceptance: AcceptanceInterval) -> NDArray[np.bool_]:
    """(sets,) whether the effect net of seed noise lies in the acceptance interval; not if it cannot be computed."""
    low, high = acceptance
    above = means.net >= (-np.inf if low is None else low)
    return np.asarray(above & (means.net <= (np.inf if high is None else high)))


@dataclass(frozen=True)
class Share:
    """A share of parameter sets with its 90 % interval."""

    number: int
    of: int
    share: float
    low: float
    high: float


def share_of(flags: NDArray[np.bool_]) -> Share:
    """The share of sets with a flag; Wilson's interval takes the sets for draws from all plausible ones."""
    from scipy.stats import binomtest

    number, of = int(flags.sum()), int(flags.size)
    if of == 0:
        return Share(0, 0, nan, nan, nan)
    interval = binomtest(number, of).proportion_ci(1 - ALPHA, method="wilson")
    return Share(number, of, number / of, float(interval.low), float(interval.high))


def removed(base: Array, off: Array, no_effect: float) -> stats.Ratio:
    """Share of the mean effect that is gone without a mechanism, 1 for all of it, with Fieller's 90 % interval.

    Pairs of figures (sets, seeds) of the same people are averaged over seeds; with one set the seeds are the pairs.
    There is no interval for fewer than :data:`PAIRS`. All are nan if the effect itself does not differ from 0, for
    there is nothing to remove.
    """
    base, off = (np.asarray(one, float) for one in (base, off))
    if base.shape[0] > 1:
        base, off = set_means(base).raw, set_means(off).raw
    effect, gone = base.ravel() - no_effect, base.ravel() - off.ravel()
    known = np.isfinite(effect) & np.isfinite(gone)
    effect, gone = effect[known], gone[known]
    if effect.size == 0 or abs(effect.mean()) < 1e-12:
        return stats.Ratio(nan, nan, nan)
    if effect.size < PAIRS:
        return stats.Ratio(float(gone.mean() / effect.mean()), nan, nan)
    if not stats.excludes_zero(*stats.mean_interval(effect, ALPHA)[1:]):
        return stats.Ratio(nan, nan, nan)
    return stats.ratio_interval(gone, effect, ALPHA)


# --- what decides

@dataclass(frozen=True)
class Decider:
    """The parameter with which an effect goes most, across parameter sets."""

    path: str
    correlation: float
    """Spearman's rank correlation of the parameter with the effect"""
    sets: int
    text: str
    """meaning of the parameter"""
    source: str
    """what its value rests on so far"""

    @property
    def sentence(self) -> str:
        """What decides, and which measurement would settle it."""
        way = "higher" if self.correlation > 0 else "lower"
        return (f"{self.path} decides most: where it is high, the figure is {way} (rank correlation "
                f"{self.correlation:.2f} over {self.sets} worlds). A measurement of this would settle it most: "
                f"{self.text}; so far it rests on: {self.source}.")


def decider(effects: Array, sets: Sequence[Mapping[str, float]]) -> Decider | None:
    """The parameter that goes most with the effects (sets,); None if there are few sets or no correlation is clear."""
    from scipy.stats import spearmanr

    known = np.isfinite(effects)
    paths = [path for path in (sets[0] if sets else {}) if len({one[path] for one in sets}) > 1]
    if known.sum() < FEWEST or not paths or np.ptp(effects[known]) == 0:
        return None
    found = {}
    for path in paths:
        result = spearmanr(np.array([one[path] for one in sets])[known], effects[known])
        found[path] = float(result.statistic), float(result.pvalue)
    best = max(found, key=lambda path: abs(found[path][0]))
    if not found[best][1] * len(paths) < ERROR:
        return None
    return Decider(best, found[best][0], int(known.sum()), *facts(best))


def facts(path: str) -> tuple[str, str]:
    """Meaning and source of a parameter or of a number of an instrument."""
    field = _field(path)
    extra = field.json_schema_extra if field is not None and isinstance(field.json_schema_extra, dict) else {}
    source = str(extra.get("source", "none"))
    if path.startswith(ITEMS):
        name = path.split(".")[1]
        return f"{field.description if field else path} ('{shipped()[name].title}')", shipped()[name].source
    return (field.description or path if field else path), "no source; assumed" if source == "none" else source


def _field(path: str) -> FieldInfo | None:
    """The definition of a parameter by its dotted path."""
    *way, last = path.split(".")
    if path.startswith(ITEMS):
        item = shipped().get(way[1])
        return None if item is None else type(item).model_fields.get(last)
    section: type = ModelParameters
    for name in way:
        field = getattr(section, "model_fields", {}).get(name)
        if field is None:
            inner = getattr(section, "__args__", ())
            section = inner[-1] if inner else section
        else:
            section = field.annotation
    found: FieldInfo | None = getattr(section, "model_fields", {}).get(last)
    return found
