"""Who is asked, who answers, and what they say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from contactsim.comparison.design import WITH
from contactsim.comparison.paired_runs import WITHOUT, Twins
from contactsim.draws import Decision, name_key, stream, uniforms
from contactsim.evaluate.design import Evaluation
from contactsim.evaluate.instruments import alpha, answers, scale
from contactsim.observers.panel import Residents

Rows = NDArray[np.bool_]
Array = NDArray[np.float64]
ADULT = 18


@dataclass(frozen=True)
class Arm:
    """One side of a study: people of one town, as one world has them."""

    twins: Twins
    side: str
    frame: Rows
    """(n,) who could be asked"""

    def true(self, outcome: str, week: int) -> Array:
        """(n,) true values."""
        return self.twins.sides[self.side].readings[week].values[outcome].astype(float)

    def untreated(self, outcome: str, week: int) -> Array:
        """(n,) true values in the world without."""
        return self.twins.sides[WITHOUT].readings[week].values[outcome].astype(float)


def arms(design: Evaluation, twins: Twins, other: Twins | None, week: int) -> tuple[Arm, Arm | None]:
    """The action's side and the controls (None where the design has none), of those listed by ``week``."""
    took = twins.mask(WITH, "participants", week)
    aged = of_age(design, twins.residents)
    treated = Arm(twins, WITH, aged & (took if design.treated == "participants" else True))
    if design.control == "none":
        return treated, None
    if design.control == "matched_town":
        assert other is not None, "a matched town is another seed's"
        return treated, Arm(other, WITHOUT, of_age(design, other.residents))
    left = aged & ~took & ~twins.mask(WITH, "staff", week)
    if design.control == "interested":
        left &= twins.mask(WITH, "interested", week)
    if design.control == "untouched":
        left &= _untouched(twins.residents, took)
    return treated, Arm(twins, WITH, left)


def of_age(design: Evaluation, people: Residents) -> Rows:
    """(n,) whether each is of the ages that are asked."""
    low, high = design.ages or (0, 200)
    return np.asarray((people.age >= low) & (people.age < high + 1))


def _untouched(people: Residents, took: Rows) -> Rows:
    """People of schools (children) or neighbourhoods in which nobody took part."""
    school, around = people.areas["school"], people.areas["neighbourhood"]
    at_school = (people.age < ADULT) & (school >= 0)
    free_school = ~np.isin(school, np.unique(school[took & at_school]))
    free_around = ~np.isin(around, np.unique(around[took & ~at_school]))
    return np.where(at_school, free_school, free_around)


def respondents(design: Evaluation, arm: Arm, size: int, first: int, last: int) -> tuple[NDArray[np.intp], Rows]:
    """(indices of those asked who answer in the first wave, whether each answers in the last one too).

    By lot, keyed by person. Whoever has left is not found. With ``selective``, the chance to answer rises with
    attitude at the first wave.
    """
    twins, uid = arm.twins, arm.twins.residents.uid
    readings = twins.sides[arm.side].readings
    frame = np.flatnonzero(arm.frame & readings[first].here)
    order = np.argsort(_lot(twins, "lot", uid[frame]), kind="stable")
    asked = np.sort(frame[order[:size]])
    friendly = arm.true("attitude", first)[asked]
    friendly = (friendly - friendly.mean()) / friendly.std() if asked.size > 1 and friendly.std() > 0 else 0 * friendly
    there = asked[_lot(twins, "answers", uid[asked]) < _chance(design.nonresponse, design.selective, friendly)]
    friendly = friendly[np.isin(asked, there)]
    again = _lot(twins, "again", uid[there]) < _chance(design.attrition, design.selective, friendly)
    return there, again & readings[last].here[there] if last != first else np.ones(there.size, bool)


def _lot(twins: Twins, what: str, uid: NDArray[np.int64]) -> Array:
    return uniforms(stream(twins.seed, Decision.RESPONSE, name_key(what)), uid)


def _chance(missing: float, selective: float, friendly: Array) -> Array:
    """Chance to answer, of people with standardised attitude ``friendly``."""
    if missing == 0.0:
        return np.ones_like(friendly)
    return 1.0 / (1.0 + np.exp(np.log(missing / (1.0 - missing)) - selective * friendly))


def tables(design: Evaluation, both: list[Arm], weeks: dict[str, int],
           sites: int) -> tuple[dict[str, pd.DataFrame], dict[str, float]]:
    """(one town's answers by outcome, alpha by outcome), for ``weeks`` by wave (earlier, before, after).

    Scores are means of items. Covariates (``x_``) are what a survey knows: age, sex, group and all scales of the
    wave before.
    """
    first, last = min(weeks.values()), weeks["after"]
    sizes = (-(-design.size // sites), -(-design.control_size // sites))
    found = [respondents(design, arm, size, first, last) for arm, size in zip(both, sizes, strict=False)]
    people = pd.concat([_people(arm, *one, treated=1 - k, week=last)
                        for k, (arm, one) in enumerate(zip(both, found, strict=True))], ignore_index=True)
    also = [design.mediator] if design.mediator not in (None, "attended") else []
    scores, alphas = {}, {}
    for outcome in [str(name) for name in dict.fromkeys([*design.outcomes, *also])]:
        scores[outcome], alphas[outcome] = _scores(design, both, [one[0] for one in found], weeks, outcome)
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
    """Scores in standard deviations of all who answered the first wave; of those who answered the last one too."""
    waves = [wave for wave in ("earlier", "before", "after") if wave in table]
    first = table[waves[0]]
    sd = float(first.std(ddof=0))
    scores = {wave: (table[wave] - first.mean()) / (sd if sd > 0 else 1.0) for wave in waves}
    return table.assign(**scores)[table["again"]].reset_index(drop=True)


def _people(arm: Arm, there: NDArray[np.intp], again: Rows, treated: int, week: int) -> pd.DataFrame:
    who = arm.twins.residents
    facts = {"treated": treated, "uid": who.uid[there], "again": again, "x_age": who.age[there],
             "x_female": (who.sex[there] == 0).astype(float)}
    facts |= {f"x_group_{g}": (who.group[there] == g).astype(float) for g in range(1, len(who.groups))}
    facts["attended"] = arm.twins.sides[arm.side].attended[week][there]
    return pd.DataFrame(facts)


def _scores(design: Evaluation, both: list[Arm], found: list[NDArray[np.intp]], weeks: dict[str, int],
            outcome: str) -> tuple[pd.DataFrame, float]:
    """Scale scores by wave, and the first wave's alpha.

    What people hear in items is standardised by the true values, at the first wave and without the action, of all
    who could be asked.
    """
    middle, spread = _reference(both, outcome, min(weeks.values()))
    given: dict[str, Array] = {}
    for wave, week in weeks.items():
        parts = []
        for arm, there in zip(both, found, strict=True):
            true = (arm.true(outcome, week)[there] - middle) / spread if spread > 0 else np.zeros(there.size)
            parts.append(answers(true, arm.twins.residents.uid[there], arm.twins.seed, f"{outcome}/{wave}",
                                 design.items, design.categories, design.reliability))
        given[wave] = np.concatenate(parts)
    start = given[min(weeks, key=lambda wave: weeks[wave])]
    return (pd.DataFrame({wave: scale(items) for wave, items in given.items()}),
            alpha(start) if start.shape[0] > 2 else float("nan"))


def _reference(both: list[Arm], outcome: str, week: int) -> tuple[float, float]:
    """(mean, SD) of the true values of all who could be asked, without the action."""
    true = np.concatenate([arm.untreated(outcome, week)[arm.frame] for arm in both])
    return float(true.mean()), float(true.std())


def _mediator(design: Evaluation, table: pd.DataFrame, scores: dict[str, pd.DataFrame]) -> Array:
    """Sessions attended, or the mediator's scale (its change, where it was asked before)."""
    if design.mediator == "attended":
        return table["attended"].to_numpy(float)
    of = scores[str(design.mediator)]
    return (of["after"] - of["before"] if "before" in of else of["after"]).to_numpy(float)


def truth(treated: Arm, outcome: str, both: list[Arm], first: int, last: int) -> tuple[float, int]:
    """(mean effect at the last wave on all whom the action's side could ask, their number).

    In standard deviations of the true values by which the study's items are standardised; nan where there is nobody.
    """
    spread = _reference(both, outcome, first)[1]
    difference = treated.twins.difference(WITH, outcome, last)[treated.frame]
    difference = difference[~np.isnan(difference)]
    known = difference.size > 0 and spread > 0
    return (float(difference.mean()) / spread if known else float("nan")), difference.size
