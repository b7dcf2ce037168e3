"""A study: the survey of an action in one or several towns (seeds), its estimates, and the true effects.

What the surveys of all seeds store (:mod:`contactsim.evaluate.tasks`) is analysed here: estimates, effects and errors
of each study, and means over studies.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from contactsim.comparison.compare import Progress, carry_out
from contactsim.comparison.design import Cell, Design, Grid, Label, label_of, read_grid, take_keys, values_of
from contactsim.comparison.effects import BETWEEN
from contactsim.comparison.paired_runs import CONTROL, TREATMENT
from contactsim.comparison.tasks import default_store
from contactsim.config.ensemble import SET, item_values
from contactsim.config.hydra_adapter import Composition
from contactsim.errors import UserError
from contactsim.evaluate.design import GROUP, Evaluation, load, names
from contactsim.evaluate.estimators import ESTIMATORS, NAN, Estimate, score
from contactsim.evaluate.survey import Effect, Surveyed, reliability, standardised
from contactsim.evaluate.tasks import read, sites_of, tasks_of
from contactsim.runs.task import Task
from contactsim.stats import between_groups, excludes_zero, mean_interval, mediation, share, statsmodels
from contactsim.storage.store import Store

#: Name of the default store in the user's cache.
STORE = "evaluations"
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Study:
    """The results of an evaluation. Tables of a grid begin with a column for each axis.

    Where parameter sets are pooled, tables of studies also have the column ``ensemble_set``.
    """

    designs: tuple[Evaluation, ...]
    """the survey design of each cell"""
    grid: Grid
    """the simulated arms of each cell"""
    weeks: dict[str, int]
    """week of each wave, in the reference cell"""
    of_studies: pd.DataFrame
    """study, seeds, outcome, method, estimate, low, high (SD of the first wave's answers), points (the estimate in
    points of the item), effect (on the answers, as estimate), true (on the state, SD of true states), bias (estimate
    minus effect), treated, control (people in the estimate), sd (of the first wave's answers, points), reliability,
    asked (share of the treated to whom the item is put), note"""
    paths: pd.DataFrame
    """study, outcome, mediator, total, indirect, indirect_low, indirect_high, direct, share, people, true; empty
    without a mediator"""

    @property
    def design(self) -> Evaluation:
        """The survey design of the reference cell."""
        return self.designs[0]

    @property
    def several_designs(self) -> bool:
        """Whether the survey designs of cells differ."""
        return any(design != self.design for design in self.designs)

    @property
    def summary(self) -> pd.DataFrame:
        """By outcome and method: estimate with the mean limits of the studies' own intervals, points, effect, true and
        bias with intervals over studies, coverage and detected (shares of studies), people, and facts of the item.

        Where parameter sets are pooled, intervals are over the sets' means, and ``effect_sets``, ``effect_sets_sd`` and
        so on say how the effects of the sets differ (:data:`contactsim.comparison.effects.BETWEEN`); so for ``bias``.
        """
        keys, rows = [*self.grid.axes, "outcome", "method"], []
        for key, cell in self.of_studies.groupby(keys, sort=False, observed=True):
            values: tuple[Any, ...] = key  # type: ignore[assignment]
            known = cell[cell["estimate"].notna()]
            covers = (known["low"] <= known["effect"]) & (known["effect"] <= known["high"])
            rows.append({
                **dict(zip(keys, values, strict=True)), "studies": len(known), "estimate": known["estimate"].mean(),
                "low": known["low"].mean(), "high": known["high"].mean(), "points": known["points"].mean(),
                **_spread("effect", known), **_spread("true", known), **_spread("bias", known),
                "coverage": share(covers), "detected": share(excludes_zero(known["low"], known["high"])),
                **{name: cell[name].mean() for name in ("treated", "control", "sd", "reliability", "asked")}})
        table = pd.DataFrame(rows)
        return table if not self.grid.sets else table.merge(self._between(keys), on=keys, how="left")

    def _between(self, keys: list[str]) -> pd.DataFrame:
        """How effect and bias differ between parameter sets."""
        known = self.of_studies[self.of_studies["estimate"].notna()]
        found = {f"{name}_{column}": values for name in ("effect", "bias") for column, values in zip(
            BETWEEN, between_groups(known, keys, SET, name).items(), strict=True)}
        return pd.DataFrame({name: values for name, (_, values) in found.items()}).reset_index()


def _spread(name: str, studies: pd.DataFrame) -> dict[str, float]:
    values = studies.groupby(SET)[name].mean() if SET in studies else studies[name]
    mean, low, high = mean_interval(values)
    return {name: mean, f"{name}_low": low, f"{name}_high": high}


# --- the designs

def read_study(overrides: Sequence[str], without: Sequence[str] = (),
               config_dir: str | None = None) -> tuple[tuple[Evaluation, ...], Grid]:
    """(survey design, arms) of each cell, from ``key=value`` overrides of which some may have several values.

    ``evaluation=NAME`` and ``evaluation.KEY=VALUE`` are keys of the survey design, the others those of a comparison
    (:func:`contactsim.comparison.design.read_grid`). Raises UserError.
    """
    lines = {line.partition("=")[0]: line for line in overrides if line.startswith(GROUP)}
    own, rest = take_keys(overrides, tuple(lines))
    if GROUP not in own:
        raise UserError(f"{GROUP}= is missing: it must be one of {', '.join(names(config_dir))}, or a YAML file.")
    several = {key: found for key, line in lines.items() if (found := _several(line, config_dir))}
    designs = []
    for chosen in product(*several.values()):
        values = {**own, **dict(zip(several, chosen, strict=True))}
        changes = {key.removeprefix(f"{GROUP}."): value for key, value in values.items() if key != GROUP}
        point = {key: label_of(values[key]) for key in several}
        designs.append((point, changes, load(str(values[GROUP]), changes, config_dir)))
    grid = read_grid(rest, without, config_dir)
    cells = [(dataclasses.replace(cell, design=dataclasses.replace(
        cell.design, point={**cell.design.point, **point})), _of_set(design, changes, cell))
        for cell in grid.cells for point, changes, design in designs]
    axes = {key: tuple(map(label_of, values)) for key, values in several.items()}
    return tuple(design for _, design in cells), dataclasses.replace(
        grid, cells=tuple(cell for cell, _ in cells), axes={**grid.axes, **axes})


def _of_set(evaluation: Evaluation, given: Mapping[str, Any], cell: Cell) -> Evaluation:
    """The survey design with the numbers of its items in the cell's parameter set, except those that are given."""
    config = cell.design.config
    if config.ensemble is None:
        return evaluation
    items = dict(evaluation.instruments)
    for (name, field), value in item_values(config.ensemble, config.ensemble_set).items():
        if name in items and f"instruments.{name}.{field}" not in given:
            items[name] = items[name].model_copy(update={field: value})
    return evaluation.model_copy(update={"instruments": items})


def _several(line: str, config_dir: str | None) -> list[Any]:
    """The values of an override that has several; empty for a single one."""
    try:
        override = OverridesParser.create().parse_override(line)
    except HydraException:  # a single value outside of Hydra's grammar, such as a title
        return []
    if not override.is_sweep_override():
        return []
    return list(values_of(Composition([], config_dir, sweep=True), override).values())


def waves(evaluation: Evaluation, design: Design) -> tuple[Design, dict[str, int]]:
    """(the comparison that the study needs, week of each wave); the action begins when the evaluation sets it.

    Raises UserError if the waves do not fit the action's calendar.
    """
    design = _moved(design, evaluation.start)
    begin = min(section.start for section in _studied(design).values())
    if evaluation.counted_from == "end" and design.end is None:
        raise UserError("evaluation.counted_from=end needs an action that ends: give it an end (or intakes=1), or set "
                        "evaluation.counted_from=start.")
    since = begin if evaluation.counted_from == "start" else design.end
    assert since is not None
    weeks = {"after": since + evaluation.after}
    if evaluation.asks_before:
        weeks = {"before": begin, **weeks}
    if evaluation.asks_twice_before:
        if begin < evaluation.gap:
            raise UserError(f"evaluation.gap={evaluation.gap} puts the first pretest before week 0, since the action "
                            f"begins in week {begin}: set evaluation.start={evaluation.gap} or later.")
        weeks = {"earlier": begin - evaluation.gap, **weeks}
    if weeks["after"] <= begin:
        raise UserError(f"evaluation.after={evaluation.after} puts the last wave into week {weeks['after']}, before "
                        f"the action has begun (week {begin}).")
    arms = {name: design.configs[name] for name in (CONTROL, TREATMENT)}
    return dataclasses.replace(design, configs=arms, readout_weeks=tuple(sorted({*weeks.values()}))), weeks


# --- the study

def study(evaluations: Sequence[Evaluation], grid: Grid, store: Path | str | None = None, jobs: int | None = None,
          scheduler: str | None = None, progress: Progress | None = None) -> Study:
    """Simulate and survey all seeds that the store lacks, and analyse the answers.

    Args:
        evaluations: survey design of each cell.
        grid: arms and seeds of each cell (see :func:`read_study`).
        store: folder of the store; one in the user's cache if None.
        jobs: processes; all processors if None, 0 for this very process. It changes no result.
        scheduler: address of a Dask scheduler, to use its workers instead.
        progress: called with ("replications", done, to do).

    Raises UserError for a survey that fails or cannot be made; what is stored by then stays.
    """
    statsmodels()
    seeds = grid.reference.design.seeds
    if len(seeds) < 2 and any(evaluation.control == "matched_town" for evaluation in evaluations):
        raise UserError("control=matched_town takes the town of another seed: set seeds=2 or more.")
    folder = Store(default_store(STORE) if store is None else store, missing=True)
    cells: list[Cell] = []
    first: dict[str, int] = {}
    planned: list[list[Task]] = []
    for evaluation, cell in zip(evaluations, grid.cells, strict=True):
        design, weeks = waves(evaluation, cell.design)
        first = first or weeks
        cells.append(dataclasses.replace(cell, design=design))
        planned.append(tasks_of(evaluation, design, cell.place, weeks))
    carry_out(folder, [task for tasks in planned for task in tasks], [cell.place for cell in cells], jobs,
              scheduler or grid.scheduler, progress)
    surveyed = read(folder, {task.id for tasks in planned for task in tasks})
    estimates: Rows = []
    paths: Rows = []
    for evaluation, cell, tasks in zip(evaluations, cells, planned, strict=True):
        own = {} if cell.parameter_set is None else {SET: cell.parameter_set}
        found = studies(evaluation, [surveyed[task.id] for task in tasks], {**cell.design.point, **own})
        estimates, paths = estimates + found[0], paths + found[1]
    of_studies = pd.DataFrame(estimates)
    check_asked(evaluations, of_studies)
    if of_studies["estimate"].isna().all():
        raise UserError(f"This evaluation has nobody to compare in any town: "
                        f"{next((note for note in of_studies['note'] if note), 'nobody to survey')}.")
    return Study(tuple(evaluations), dataclasses.replace(grid, cells=tuple(cells)), first, of_studies,
                 pd.DataFrame(paths))


def check_asked(evaluations: Sequence[Evaluation], of_studies: pd.DataFrame) -> None:
    """Raise UserError for an outcome that is put to nobody of the treated, in any study."""
    for outcome, asked in of_studies.groupby("outcome", sort=False)["asked"]:
        if (asked == 0).any() and not (asked > 0).any():
            item = next(one.instruments[str(outcome)] for one in evaluations if outcome in one.outcomes)
            after = f" and answer above the first category of {item.after}" if item.after else ""
            raise UserError(f"evaluation.outcomes={outcome} is put to nobody of the treated: it is for {item.put_to}"
                            f"{after}; choose other outcomes, or change the item, as in "
                            f"evaluation.instruments.{outcome}.groups=all.")


def studies(evaluation: Evaluation, towns: Sequence[Surveyed],
            point: Mapping[str, Label] | None = None) -> tuple[Rows, Rows]:
    """(estimates, mediation paths) of the studies that each take so many of the towns as are its sites, as rows."""
    number = len(towns) // sites_of(evaluation, towns)
    found = [analyse(evaluation, towns[k::number], k) for k in range(number)]
    first, second = ([{**(point or {}), **row} for study in found for row in study[k]] for k in (0, 1))
    return first, second


def analyse(evaluation: Evaluation, towns: Sequence[Surveyed], number: int = 0) -> tuple[Rows, Rows]:
    """(estimates, mediation paths) of one study of all these towns, as rows."""
    answered = [town for town in towns if not town.lacking]
    seeds = [town.seed for town in answered]
    rows: Rows = []
    paths: Rows = []
    for outcome in evaluation.outcomes:
        if not answered:
            nobody = Estimate(NAN, NAN, NAN, 0, 0, towns[0].lacking)
            rows += [_row(number, seeds, outcome, method, nobody, {}) for method in evaluation.methods]
            continue
        whole = pd.concat([town.tables[outcome] for town in answered], ignore_index=True)
        table, sd = standardised(whole)
        effect = _pooled([town.effects[outcome] for town in answered])
        item = {"sd": sd, "reliability": reliability(whole), "asked": effect.asked, "true": effect.true,
                "effect": effect.answers / sd if sd > 0 else NAN}
        same = Estimate(NAN, NAN, NAN, int(table["treated"].sum()), int((1 - table["treated"]).sum()),
                        "all gave the same first answer" if len(whole) else "nobody was asked")
        rows += [_row(number, seeds, outcome, method, ESTIMATORS[method](table) if sd > 0 else same, item)
                 for method in evaluation.methods]
        if sd > 0 and evaluation.mediator is not None and outcome == (evaluation.mediated or evaluation.outcomes[0]):
            table = table[table["mediator"].notna()]
            treated, mediator, change = (of.to_numpy(float) for of in (
                table["treated"], table["mediator"], score(table)))
            found = mediation(treated, mediator, change)
            paths.append({"study": number, "outcome": outcome, "mediator": evaluation.mediator, "total": found.total,
                          "indirect": found.indirect, "indirect_low": found.low, "indirect_high": found.high,
                          "direct": found.direct, "people": len(table), "share": found.share, "true": effect.true})
    return rows, paths


def _pooled(towns: Sequence[Effect]) -> Effect:
    """The mean effect of several towns, weighted by people."""
    people = sum(town.people for town in towns)
    true, answers = (sum(getattr(town, name) * town.people for town in towns if town.people) / people
                     if people else NAN for name in ("true", "answers"))
    return Effect(true, answers, people, sum(town.asked for town in towns) / len(towns))


def _row(number: int, seeds: list[int], outcome: str, method: str, estimate: Estimate,
         item: Mapping[str, float]) -> dict[str, Any]:
    sd, effect, true, reliable, asked = (item.get(name, NAN) for name in (
        "sd", "effect", "true", "reliability", "asked"))
    return {"study": number, "seeds": " ".join(map(str, seeds)), "outcome": outcome, "method": method,
            "estimate": estimate.value, "low": estimate.low, "high": estimate.high, "points": estimate.value * sd,
            "effect": effect, "true": true, "bias": estimate.value - effect, "treated": estimate.treated,
            "control": estimate.control, "sd": sd, "reliability": reliable, "asked": asked, "note": estimate.note}


def _studied(design: Design) -> dict[str, Any]:
    """The actions that only the treatment arm has."""
    control = design.configs[CONTROL].actions
    studied = {name: section for name, section in design.config.actions.items() if control.get(name) != section}
    if not studied:
        raise UserError("An evaluation needs an action that the treatment arm has and the control arm lacks, as in "
                        "action=youth_scheme.")
    return studied


def _moved(design: Design, start: int | None) -> Design:
    """The same with the studied actions' calendars moved so that the first begins in week ``start``."""
    studied = _studied(design)
    by = 0 if start is None else start - min(section.start for section in studied.values())
    if by == 0:
        return design
    moved = {name: section.moved(by) for name, section in studied.items()}
    full = design.config.model_copy(update={"actions": {**design.config.actions, **moved}})
    return dataclasses.replace(design, configs={**design.configs, TREATMENT: full},
                               end=None if design.end is None else design.end + by)
