"""The survey of one seed: sampling frame, respondents, their answers to survey items, and the true effects.

Everybody is asked in the simulation (:class:`contactsim.observers.survey.Interview`); a study has the answers of those
who are sampled and respond. In both arms reporting noise is the same, so that the difference of a person's answers
between them is the effect on what that person would say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from contactsim.comparison.paired_runs import CONTROL, TREATMENT, PairedRuns
from contactsim.draws import Decision, name_key, stream, uniforms
from contactsim.evaluate.design import Evaluation
from contactsim.instruments.catalogue import TRUE
from contactsim.observers.panel import Residents

Rows = NDArray[np.bool_]
Array = NDArray[np.float64]
ADULT = 18


@dataclass(frozen=True)
class Effect:
    """The effect of the action on one item, from paired runs: an average over the treated sampling frame."""

    true: float
    """on the state that the item measures, in standard deviations of the state in the sampling frame, first wave"""
    answers: float
    """on the answers of the same people, in points of the item"""
    people: int
    """of whom these are averages: those asked in both arms at the last wave"""
    asked: float
    """share of the treated sampling frame to whom the item is put at the last wave"""


@dataclass(frozen=True)
class Surveyed:
    """What the survey of one seed gives to a study."""

    seed: int
    tables: dict[str, pd.DataFrame]
    """answers by outcome (see :func:`tables`)"""
    effects: dict[str, Effect]
    """true effects by outcome"""
    lacking: str = ""
    """why nobody could be surveyed"""


@dataclass(frozen=True)
class SurveyGroup:
    """Participants or controls of a survey: people of one town in one arm of the simulation."""

    paired: PairedRuns
    arm: str
    frame: Rows
    """(n,) sampling frame: who could be surveyed"""

    def answers(self, item: str, week: int, arm: str | None = None) -> Array:
        """(n,) answers (``<item>_true``: true values) in the group's or another arm; nan for those not asked."""
        return self.paired.arms[arm or self.arm].readings[week].answers[item]


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
        return Surveyed(paired.seed, {}, {}, lacking)
    groups = [treated] if control is None else [treated, control]
    first, last = min(weeks.values()), weeks["after"]
    return Surveyed(paired.seed, tables(design, groups, weeks, sites),
                    {outcome: effect(treated, outcome, groups, first, last) for outcome in design.outcomes})


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

    The sample is drawn from those to whom some outcome is put. Random draws are keyed by person. People who have moved
    away are lost. With ``selective``, the probability to respond rises with attitude at the first wave.
    """
    paired, uid = group.paired, group.paired.residents.uid
    readings = paired.arms[group.arm].readings
    asked = np.any([~np.isnan(group.answers(outcome, first)) for outcome in design.outcomes], axis=0)
    frame = np.flatnonzero(group.frame & readings[first].here & asked)
    random_order = np.argsort(_uniforms(paired, "lot", uid[frame]), kind="stable")
    sample = np.sort(frame[random_order[:size]])
    attitude = readings[first].values["attitude"].astype(float)[sample]
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
           sites: int) -> dict[str, pd.DataFrame]:
    """One town's answers by outcome, in points, with columns for ``weeks`` by wave (earlier, before, after).

    True states are next to them in columns that end in ``_true``. Covariates (``x_``) are what a survey knows: age,
    sex, group and all answers of the wave before; whoever is not asked an item has its mean there.
    """
    first, last = min(weeks.values()), weeks["after"]
    sizes = (-(-design.size // sites), -(-design.control_size // sites))
    found = [respondents(design, group, size, first, last) for group, size in zip(groups, sizes, strict=False)]
    people = pd.concat([_people(group, *one, treated=1 - k, week=last)
                        for k, (group, one) in enumerate(zip(groups, found, strict=True))], ignore_index=True)
    answered = {item: _answers(groups, [rows for rows, _ in found], weeks, item) for item in design.items}
    if "before" in weeks:
        people = people.assign(**{f"x_{item}": table["before"].fillna(table["before"].mean()).fillna(0.0)
                                  for item, table in answered.items()})
    ready = {}
    for outcome in design.outcomes:
        table = pd.concat([people, answered[outcome]], axis=1)
        if design.mediator is not None:
            table["mediator"] = _mediator(design, table, answered)
        ready[outcome] = table[table[min(weeks, key=lambda wave: weeks[wave])].notna()].reset_index(drop=True)
    return ready


def standardised(table: pd.DataFrame) -> tuple[pd.DataFrame, float]:
    """(answers of those who are retained and asked in all waves, in standard deviations of all answers of the first
    wave; that standard deviation in points)."""
    waves = waves_of(table)
    first = table[waves[0]]
    sd = float(first.std(ddof=0))
    scores = {wave: (table[wave] - first.mean()) / (sd if sd > 0 else 1.0) for wave in waves}
    complete = table["retained"] & table[waves].notna().all(axis=1)
    return table.assign(**scores)[complete].reset_index(drop=True), sd


def reliability(table: pd.DataFrame) -> float:
    """Share of the variance of the first wave's answers that is of true states: their squared correlation."""
    first = waves_of(table)[0]
    given, true = (table[name].to_numpy(float) for name in (first, f"{first}{TRUE}"))
    varies = len(table) > 2 and given.std() > 0 and true.std() > 0
    return float(np.corrcoef(given, true)[0, 1] ** 2) if varies else float("nan")


def waves_of(table: pd.DataFrame) -> list[str]:
    """Names of the waves of a table in order."""
    return [wave for wave in ("earlier", "before", "after") if wave in table]


def _people(group: SurveyGroup, rows: NDArray[np.intp], retained: Rows, treated: int, week: int) -> pd.DataFrame:
    people = group.paired.residents
    facts = {"treated": treated, "uid": people.uid[rows], "retained": retained, "x_age": people.age[rows],
             "x_female": (people.sex[rows] == 0).astype(float)}
    facts |= {f"x_group_{g}": (people.group[rows] == g).astype(float) for g in range(1, len(people.groups))}
    facts["attended"] = group.paired.arms[group.arm].attended[week][rows]
    return pd.DataFrame(facts)


def _answers(groups: list[SurveyGroup], found: list[NDArray[np.intp]], weeks: dict[str, int],
             item: str) -> pd.DataFrame:
    """Answers and true states of the respondents by wave."""
    return pd.DataFrame({f"{wave}{end}": np.concatenate([
        group.answers(f"{item}{end}", week)[rows] for group, rows in zip(groups, found, strict=True)])
        for end in ("", TRUE) for wave, week in weeks.items()})


def _mediator(design: Evaluation, table: pd.DataFrame, answered: dict[str, pd.DataFrame]) -> Array:
    """Sessions attended, or the mediator's answer (its change, if there is a wave before)."""
    if design.mediator == "attended":
        return table["attended"].to_numpy(float)
    of = answered[str(design.mediator)]
    return (of["after"] - of["before"] if "before" in of else of["after"]).to_numpy(float)


def effect(treated: SurveyGroup, item: str, groups: list[SurveyGroup], first: int, last: int) -> Effect:
    """The true effects at the last wave on the treated sampling frame; nan if nobody is asked."""
    arms = (TREATMENT, CONTROL)
    given, control = (treated.answers(item, last, arm)[treated.frame] for arm in arms)
    state, untreated = (treated.answers(f"{item}{TRUE}", last, arm)[treated.frame] for arm in arms)
    here, both = ~np.isnan(state), ~np.isnan(given) & ~np.isnan(control)
    asked = float((~np.isnan(given))[here].mean()) if here.any() else 0.0
    spread = _spread(groups, item, first)
    if not both.any() or not spread > 0:
        return Effect(float("nan"), float("nan"), 0, asked)
    return Effect(float((state - untreated)[both].mean()) / spread, float((given - control)[both].mean()),
                  int(both.sum()), asked)


def _spread(groups: list[SurveyGroup], item: str, week: int) -> float:
    """Standard deviation of true states in the whole sampling frame, of those asked, in the control arm."""
    found = []
    for group in groups:
        asked = group.frame & ~np.isnan(group.answers(item, week, CONTROL))
        found.append(group.answers(f"{item}{TRUE}", week, CONTROL)[asked])
    true = np.concatenate(found)
    return float(true.std()) if true.size else float("nan")
