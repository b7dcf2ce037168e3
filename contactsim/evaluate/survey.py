"""The survey of one seed: sampling frame, respondents, and their answers to scales of a known reliability.

The items of a scale are parallel: each is the person's standardised true value plus independent noise, cut into
categories at equal steps. The noise is such that Cronbach's alpha of the *categories*, for normally distributed true
values, is the given reliability.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from contactsim.comparison.paired_runs import CONTROL, TREATMENT, PairedRuns
from contactsim.draws import Decision, name_key, normals, stream, uniforms
from contactsim.evaluate.design import Evaluation
from contactsim.observers.panel import Residents

Rows = NDArray[np.bool_]
Array = NDArray[np.float64]
ADULT = 18
#: Standard deviations that all categories together span (assumed: 1 SD each with five).
SPAN = 5.0


# --- samples and their answers

@dataclass(frozen=True)
class Surveyed:
    """What the survey of one seed gives to a study."""

    seed: int
    tables: dict[str, pd.DataFrame]
    """answers by outcome (see :func:`tables`)"""
    alphas: dict[str, float]
    """Cronbach's alpha by outcome, first wave"""
    truth: dict[str, tuple[float, int]]
    """(true effect, number of people it is an average of) by outcome"""
    lacking: str = ""
    """why nobody could be surveyed"""


@dataclass(frozen=True)
class SurveyGroup:
    """Participants or controls of a survey: people of one town in one arm of the simulation."""

    paired: PairedRuns
    arm: str
    frame: Rows
    """(n,) sampling frame: who could be surveyed"""

    def true(self, outcome: str, week: int) -> Array:
        """(n,) true values."""
        return self.paired.arms[self.arm].readings[week].values[outcome].astype(float)

    def untreated(self, outcome: str, week: int) -> Array:
        """(n,) true values in the control arm of the simulation."""
        return self.paired.arms[CONTROL].readings[week].values[outcome].astype(float)


def survey(design: Evaluation, paired: PairedRuns, other: PairedRuns | None, weeks: dict[str, int],
           sites: int = 1) -> Surveyed:
    """Survey the people of one seed (and of another seed's control arm, for a matched town).

    Args:
        design: of the evaluation.
        paired: the seed's runs, read at all ``weeks``.
        other: the matched town; None for other designs.
        weeks: of the waves ``earlier``, ``before`` and ``after``.
        sites: towns that share the sample.
    """
    treated, control = survey_groups(design, paired, other, weeks["after"])
    lacking = _lacking(treated, control)
    if lacking:
        return Surveyed(paired.seed, {}, {}, {}, lacking)
    groups = [treated] if control is None else [treated, control]
    first, last = min(weeks.values()), weeks["after"]
    answered, alphas = tables(design, groups, weeks, sites)
    return Surveyed(paired.seed, answered, alphas,
                    {outcome: truth(treated, outcome, groups, first, last) for outcome in design.outcomes})


def _lacking(treated: SurveyGroup, control: SurveyGroup | None) -> str:
    if treated.frame.sum() < 2:
        return "nobody of the surveyed ages took part"
    if control is not None and control.frame.sum() < 2:
        return "there are no controls"
    return ""


def survey_groups(design: Evaluation, paired: PairedRuns, other: PairedRuns | None,
                  week: int) -> tuple[SurveyGroup, SurveyGroup | None]:
    """Participants and controls (None if the design has none), as the action has listed them by ``week``."""
    took = paired.mask(TREATMENT, "participants", week)
    aged = of_age(design, paired.residents)
    treated = SurveyGroup(paired, TREATMENT, aged & (took if design.treated == "participants" else True))
    if design.control == "none":
        return treated, None
    if design.control == "matched_town":
        assert other is not None, "a matched town is another seed's"
        return treated, SurveyGroup(other, CONTROL, of_age(design, other.residents))
    left = aged & ~took & ~paired.mask(TREATMENT, "staff", week)
    if design.control == "interested":
        left &= paired.mask(TREATMENT, "interested", week)
    if design.control == "untouched":
        left &= _untouched(paired.residents, took)
    return treated, SurveyGroup(paired, TREATMENT, left)


def of_age(design: Evaluation, people: Residents) -> Rows:
    """(n,) whether each resident is of the surveyed ages."""
    low, high = design.ages or (0, 200)
    return np.asarray((people.age >= low) & (people.age < high + 1))


def _untouched(people: Residents, took: Rows) -> Rows:
    """People of schools (children) or neighbourhoods in which nobody took part."""
    school, around = people.areas["school"], people.areas["neighbourhood"]
    at_school = (people.age < ADULT) & (school >= 0)
    free_school = ~np.isin(school, np.unique(school[took & at_school]))
    free_around = ~np.isin(around, np.unique(around[took & ~at_school]))
    return np.where(at_school, free_school, free_around)


def respondents(design: Evaluation, group: SurveyGroup, size: int, first: int,
                last: int) -> tuple[NDArray[np.intp], Rows]:
    """(indices of the sampled people who respond in the first wave, whether each is retained in the last one).

    Random draws are keyed by person. People who have moved away are lost. With ``selective``, the probability to
    respond rises with attitude at the first wave.
    """
    paired, uid = group.paired, group.paired.residents.uid
    readings = paired.arms[group.arm].readings
    frame = np.flatnonzero(group.frame & readings[first].here)
    random_order = np.argsort(_uniforms(paired, "lot", uid[frame]), kind="stable")
    sample = np.sort(frame[random_order[:size]])
    attitude = group.true("attitude", first)[sample]
    attitude = (attitude - attitude.mean()) / attitude.std() if sample.size > 1 and attitude.std() > 0 else 0 * attitude
    responds = _uniforms(paired, "answers", uid[sample]) < _probability(design.nonresponse, design.selective, attitude)
    found, attitude = sample[responds], attitude[responds]
    retained = _uniforms(paired, "again", uid[found]) < _probability(design.attrition, design.selective, attitude)
    return found, retained & readings[last].here[found] if last != first else np.ones(found.size, bool)


def _uniforms(paired: PairedRuns, what: str, uid: NDArray[np.integer]) -> Array:
    return uniforms(stream(paired.seed, Decision.RESPONSE, name_key(what)), uid)


def _probability(missing: float, selective: float, attitude: Array) -> Array:
    """Probability to respond, of people with these standardised attitudes."""
    if missing == 0.0:
        return np.ones_like(attitude)
    return 1.0 / (1.0 + np.exp(np.log(missing / (1.0 - missing)) - selective * attitude))


def tables(design: Evaluation, groups: list[SurveyGroup], weeks: dict[str, int],
           sites: int) -> tuple[dict[str, pd.DataFrame], dict[str, float]]:
    """(one town's answers by outcome, alpha by outcome), for ``weeks`` by wave (earlier, before, after).

    Scores are means of items. Covariates (``x_``) are what a survey knows: age, sex, group and all scales of the
    wave before.
    """
    first, last = min(weeks.values()), weeks["after"]
    sizes = (-(-design.size // sites), -(-design.control_size // sites))
    found = [respondents(design, group, size, first, last) for group, size in zip(groups, sizes, strict=False)]
    people = pd.concat([_people(group, *one, treated=1 - k, week=last)
                        for k, (group, one) in enumerate(zip(groups, found, strict=True))], ignore_index=True)
    also = [design.mediator] if design.mediator not in (None, "attended") else []
    scores, alphas = {}, {}
    for outcome in [str(name) for name in dict.fromkeys([*design.outcomes, *also])]:
        scores[outcome], alphas[outcome] = _scores(design, groups, [one[0] for one in found], weeks, outcome)
    if "before" in weeks:
        people = people.assign(**{f"x_{name}": table["before"].to_numpy() for name, table in scores.items()})
    ready = {}
    for outcome in design.outcomes:
        table = pd.concat([people, scores[outcome]], axis=1)
        if design.mediator is not None:
            table["mediator"] = _mediator(design, table, scores)
        ready[outcome] = table
    return ready, alphas


def standardised(table: pd.DataFrame) -> pd.DataFrame:
    """Scores of those who are retained, in standard deviations of all who responded in the first wave."""
    waves = [wave for wave in ("earlier", "before", "after") if wave in table]
    first = table[waves[0]]
    sd = float(first.std(ddof=0))
    scores = {wave: (table[wave] - first.mean()) / (sd if sd > 0 else 1.0) for wave in waves}
    return table.assign(**scores)[table["retained"]].reset_index(drop=True)


def _people(group: SurveyGroup, rows: NDArray[np.intp], retained: Rows, treated: int, week: int) -> pd.DataFrame:
    people = group.paired.residents
    facts = {"treated": treated, "uid": people.uid[rows], "retained": retained, "x_age": people.age[rows],
             "x_female": (people.sex[rows] == 0).astype(float)}
    facts |= {f"x_group_{g}": (people.group[rows] == g).astype(float) for g in range(1, len(people.groups))}
    facts["attended"] = group.paired.arms[group.arm].attended[week][rows]
    return pd.DataFrame(facts)


def _scores(design: Evaluation, groups: list[SurveyGroup], found: list[NDArray[np.intp]], weeks: dict[str, int],
            outcome: str) -> tuple[pd.DataFrame, float]:
    """Scale scores by wave, and the first wave's alpha.

    Items measure true values standardised by those of the whole sampling frame at the first wave, in the control arm of
    the simulation.
    """
    middle, spread = _reference(groups, outcome, min(weeks.values()))
    given: dict[str, Array] = {}
    for wave, week in weeks.items():
        parts = []
        for group, rows in zip(groups, found, strict=True):
            true = (group.true(outcome, week)[rows] - middle) / spread if spread > 0 else np.zeros(rows.size)
            parts.append(answers(true, group.paired.residents.uid[rows], group.paired.seed, f"{outcome}/{wave}",
                                 design.items, design.categories, design.reliability))
        given[wave] = np.concatenate(parts)
    start = given[min(weeks, key=lambda wave: weeks[wave])]
    return (pd.DataFrame({wave: scale(items) for wave, items in given.items()}),
            alpha(start) if start.shape[0] > 2 else float("nan"))


def _reference(groups: list[SurveyGroup], outcome: str, week: int) -> tuple[float, float]:
    """(mean, SD) of the true values of the whole sampling frame, in the control arm of the simulation."""
    true = np.concatenate([group.untreated(outcome, week)[group.frame] for group in groups])
    return float(true.mean()), float(true.std())


def _mediator(design: Evaluation, table: pd.DataFrame, scores: dict[str, pd.DataFrame]) -> Array:
    """Sessions attended, or the mediator's scale (its change, if there is a wave before)."""
    if design.mediator == "attended":
        return table["attended"].to_numpy(float)
    of = scores[str(design.mediator)]
    return (of["after"] - of["before"] if "before" in of else of["after"]).to_numpy(float)


def truth(treated: SurveyGroup, outcome: str, groups: list[SurveyGroup], first: int, last: int) -> tuple[float, int]:
    """(true mean effect at the last wave on the treated sampling frame, number of people).

    In standard deviations of the true values by which the study's items are standardised; nan if there is nobody.
    """
    spread = _reference(groups, outcome, first)[1]
    difference = treated.paired.difference(TREATMENT, outcome, last)[treated.frame]
    difference = difference[~np.isnan(difference)]
    known = difference.size > 0 and spread > 0
    return (float(difference.mean()) / spread if known else float("nan")), difference.size


# --- scales of Likert items

def answers(true: Array, uid: NDArray[np.integer], seed: int, name: str, items: int, categories: int,
            reliability: float) -> Array:
    """(n, items) answers from 1 to ``categories`` of people with standardised true values.

    The noise is keyed by seed, ``name`` (scale and wave), item and person.
    """
    r = correlation(items, categories, reliability)
    noise = np.stack([normals(stream(seed, Decision.ITEM, name_key(name), k), uid) for k in range(items)], axis=1)
    values = np.sqrt(r) * true[:, None] + np.sqrt(1 - r) * noise
    return 1.0 + np.searchsorted(thresholds(categories), values, side="right")


def scale(given: Array) -> Array:
    """(n,) mean of a person's items."""
    return np.asarray(given.mean(axis=1))


def alpha(given: Array) -> float:
    """Cronbach's alpha of (n, items) answers; nan for a single item."""
    k = given.shape[1]
    if k < 2:
        return float("nan")
    total = given.sum(axis=1).var(ddof=1)
    return float(k / (k - 1) * (1 - given.var(axis=0, ddof=1).sum() / total)) if total > 0 else float("nan")


def thresholds(categories: int) -> Array:
    """Cuts between the categories, in standard deviations."""
    return (np.arange(1, categories) - categories / 2) * SPAN / categories


@cache
def correlation(items: int, categories: int, reliability: float) -> float:
    """Correlation of two items before they are cut, such that alpha is ``reliability`` after it.

    Spearman and Brown's formula gives the correlation of the answers; that of the uncut items is found from it.
    """
    from scipy.optimize import brentq

    wanted = reliability / (items - (items - 1) * reliability)
    if wanted >= 1.0:
        return 1.0
    return float(brentq(lambda r: _after_cutting(r, categories) - wanted, 0.0, 1.0 - 1e-9, xtol=1e-6))


def _after_cutting(r: float, categories: int) -> float:
    """Correlation of two normal variables, correlated by ``r``, after both are cut into categories."""
    from scipy.stats import multivariate_normal, norm

    cuts = thresholds(categories)
    above = norm.sf(cuts)
    both = multivariate_normal(mean=[0, 0], cov=[[1, r], [r, 1]])
    corners = np.array([[-a, -b] for a in cuts for b in cuts])
    joint = np.atleast_1d(both.cdf(corners)).reshape(cuts.size, cuts.size)
    own = np.minimum.outer(above, above)
    return float((joint - np.outer(above, above)).sum() / (own - np.outer(above, above)).sum())
