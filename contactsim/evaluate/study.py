"""A study: the survey of an action in one or several towns (seeds), its estimates, and the truth beside them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import pandas as pd

from contactsim.comparison.compare import one_seed
from contactsim.comparison.design import WITH, WITHOUT, Design
from contactsim.comparison.paired_runs import Progress, Twins
from contactsim.errors import UserError
from contactsim.evaluate.design import Evaluation
from contactsim.evaluate.estimators import ESTIMATORS, NAN, Estimate, score
from contactsim.evaluate.sample import Arm, arms, standardised, tables, truth
from contactsim.place import Place
from contactsim.runs.threads import Together, over_seeds
from contactsim.stats import excludes_zero, mean_interval, mediation, share, statsmodels


@dataclass(frozen=True)
class Town:
    """What one seed gives to a study."""

    seed: int
    tables: dict[str, pd.DataFrame]
    """answers by outcome (see :func:`contactsim.evaluate.sample.tables`)"""
    alphas: dict[str, float]
    truth: dict[str, tuple[float, int]]
    """(true effect, people it is an average of) by outcome"""
    lacking: str = ""
    """why nobody could be worlds"""


@dataclass(frozen=True)
class Study:
    """What came of an evaluation."""

    design: Evaluation
    worlds: Design
    place: Place
    weeks: dict[str, int]
    """weeks lived at each wave"""
    of_studies: pd.DataFrame
    """study, seeds, outcome, method, estimate, low, high (SD of the first wave's scores), true (SD of true values),
    bias, treated, control (people in the estimate), alpha, note"""
    paths: pd.DataFrame
    """study, outcome, mediator, total, indirect, indirect_low, indirect_high, direct, share, people, true; empty
    where no mediator is asked for"""

    @property
    def summary(self) -> pd.DataFrame:
        """By outcome and method: estimate with the mean limits of the studies' own intervals, true and bias with
        intervals over studies, covered and found (shares of studies), people."""
        rows = []
        for (outcome, method), cell in self.of_studies.groupby(["outcome", "method"], sort=False, observed=True):
            kept = cell[cell["estimate"].notna()]
            covered = (kept["low"] <= kept["true"]) & (kept["true"] <= kept["high"])
            rows.append({
                "outcome": outcome, "method": method, "studies": len(kept), "estimate": kept["estimate"].mean(),
                "low": kept["low"].mean(), "high": kept["high"].mean(), **_spread("true", kept["true"]),
                **_spread("bias", kept["bias"]), "covered": share(covered),
                "found": share(excludes_zero(kept["low"], kept["high"])),
                "treated": cell["treated"].mean(), "control": cell["control"].mean(), "alpha": cell["alpha"].mean()})
        return pd.DataFrame(rows)


def _spread(name: str, values: pd.Series[Any]) -> dict[str, float]:
    mean, low, high = mean_interval(values)
    return {name: mean, f"{name}_low": low, f"{name}_high": high}


def waves(design: Evaluation, worlds: Design) -> tuple[Design, dict[str, int]]:
    """(the comparison that the study needs, weeks lived at each wave); the action begins when the study has it.

    Raises UserError where the waves do not fit the action's calendar.
    """
    worlds = _moved(worlds, design.start)
    begin = min(section.start for section in _studied(worlds).values())
    if design.counted_from == "end" and worlds.end is None:
        raise UserError("evaluation.counted_from=end needs an action that ends: give it an end (or intakes=1), or set "
                        "evaluation.counted_from=start.")
    since = begin if design.counted_from == "start" else worlds.end
    assert since is not None
    weeks = {"after": since + design.after}
    if design.asks_before:
        weeks = {"before": begin, **weeks}
    if design.asks_twice_before:
        if begin < design.gap:
            raise UserError(f"evaluation.gap={design.gap} asks twice before the action, which begins in week {begin}: "
                            f"set evaluation.start={design.gap} or later.")
        weeks = {"earlier": begin - design.gap, **weeks}
    if weeks["after"] <= begin:
        raise UserError(f"evaluation.after={design.after} asks in week {weeks['after']}, before the action has begun "
                        f"(week {begin}).")
    return dataclasses.replace(worlds, read_at=tuple(sorted({*weeks.values()}))), weeks


def study(design: Evaluation, worlds: Design, place: Place, jobs: int = 1, progress: Progress | None = None) -> Study:
    """Live the seeds, ask people and analyse their answers. Raises UserError."""
    statsmodels()
    worlds, weeks = waves(design, worlds)
    if design.control == "matched_town" and len(worlds.seeds) < 2:
        raise UserError("control=matched_town takes the town of another seed: ask for seeds=2 or more.")
    worlds = dataclasses.replace(worlds, configs={name: worlds.configs[name] for name in (WITHOUT, WITH)})
    sites = min(design.sites, len(worlds.seeds))
    tell = Together(progress, len(worlds.seeds))
    if design.control == "matched_town":  # every seed's untreated town is the match of the seed before
        lived = over_seeds(lambda seed: one_seed(worlds, place, seed, tell), worlds.seeds, jobs, tell.stop)
        towns = [survey(design, one, lived[(k + 1) % len(lived)], weeks, sites) for k, one in enumerate(lived)]
    else:
        towns = over_seeds(lambda seed: survey(design, one_seed(worlds, place, seed, tell), None, weeks, sites),
                           worlds.seeds, jobs, tell.stop)
    number = len(towns) // sites
    found = [analyse(design, towns[k::number], k) for k in range(number)]
    of_studies = pd.DataFrame([row for rows, _ in found for row in rows])
    if of_studies["estimate"].isna().all():
        raise UserError(f"This evaluation found nobody to hold against each other in any town: "
                        f"{next((note for note in of_studies['note'] if note), 'nobody to ask')}.")
    paths = pd.DataFrame([row for _, rows in found for row in rows])
    return Study(design, worlds, place, weeks, of_studies, paths)


def survey(design: Evaluation, twins: Twins, other: Twins | None, weeks: dict[str, int], sites: int = 1) -> Town:
    """Ask the people of one seed's treated world (and of another seed's untreated one, for a matched town)."""
    treated, control = arms(design, twins, other, weeks["after"])
    lacking = _lacking(treated, control)
    if lacking:
        return Town(twins.seed, {}, {}, {}, lacking)
    both = [treated] if control is None else [treated, control]
    first, last = min(weeks.values()), weeks["after"]
    answered, alphas = tables(design, both, weeks, sites)
    return Town(twins.seed, answered, alphas,
                {outcome: truth(treated, outcome, both, first, last) for outcome in design.outcomes})


def analyse(design: Evaluation, towns: list[Town],
            number: int = 0) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """One study's estimates and mediation paths, its towns taken together, as rows."""
    answered = [town for town in towns if not town.lacking]
    seeds = [town.seed for town in answered]
    rows: list[dict[str, Any]] = []
    paths: list[dict[str, Any]] = []
    for outcome in design.outcomes:
        if not answered:
            nobody = Estimate(NAN, NAN, NAN, 0, 0, towns[0].lacking)
            rows += [_row(number, seeds, outcome, method, nobody, NAN, NAN) for method in design.methods]
            continue
        table = standardised(pd.concat([town.tables[outcome] for town in answered], ignore_index=True))
        people = sum(town.truth[outcome][1] for town in answered)
        true = sum(effect * n for effect, n in (town.truth[outcome] for town in answered) if n) / max(people, 1)
        alpha = sum(town.alphas[outcome] for town in answered) / len(answered)
        rows += [_row(number, seeds, outcome, method, ESTIMATORS[method](table), true, alpha)
                 for method in design.methods]
        if design.mediator is not None and outcome == (design.mediated or design.outcomes[0]):
            treated, mediator, change = (of.to_numpy(float) for of in (
                table["treated"], table["mediator"], score(table)))
            found = mediation(treated, mediator, change)
            paths.append({"study": number, "outcome": outcome, "mediator": design.mediator, "total": found.total,
                          "indirect": found.indirect, "indirect_low": found.low, "indirect_high": found.high,
                          "direct": found.direct, "people": len(table), "share": found.share, "true": true})
    return rows, paths


def _row(number: int, seeds: list[int], outcome: str, method: str, estimate: Estimate, true: float,
         alpha: float) -> dict[str, Any]:
    return {"study": number, "seeds": " ".join(map(str, seeds)), "outcome": outcome, "method": method,
            "estimate": estimate.value, "low": estimate.low, "high": estimate.high, "true": true,
            "bias": estimate.value - true, "treated": estimate.treated, "control": estimate.control, "alpha": alpha,
            "note": estimate.note}


def _lacking(treated: Arm, control: Arm | None) -> str:
    if treated.frame.sum() < 2:
        return "nobody of the ages that are asked took part"
    if control is not None and control.frame.sum() < 2:
        return "there are no controls"
    return ""


def _studied(worlds: Design) -> dict[str, Any]:
    """The actions that one world has and the other has not."""
    bare = worlds.configs[WITHOUT].actions
    studied = {name: section for name, section in worlds.config.actions.items() if bare.get(name) != section}
    if not studied:
        raise UserError("An evaluation needs an action that one world has and the other lacks, as in "
                        "action=youth_scheme.")
    return studied


def _moved(worlds: Design, start: int | None) -> Design:
    """The same with the studied actions' calendars moved so that the first begins in week ``start``."""
    studied = _studied(worlds)
    by = 0 if start is None else start - min(section.start for section in studied.values())
    if by == 0:
        return worlds
    moved = {name: section.moved(by) for name, section in studied.items()}
    full = worlds.config.model_copy(update={"actions": {**worlds.config.actions, **moved}})
    return dataclasses.replace(worlds, configs={**worlds.configs, WITH: full},
                               end=None if worlds.end is None else worlds.end + by)
