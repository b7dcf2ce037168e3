"""Run the tasks of findings, and read their figures from a result store.

A store holds one row for each seed of a finding. Its identity is a digest of design, parameters and code (see
:func:`contactsim.evidence.tasks.of_seeds`), so a figure is computed only once, whichever command needs it. Every task
is stored when it finishes (see :mod:`contactsim.runs.executor`): a command that was stopped resumes there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import platformdirs

from contactsim.evidence import tasks
from contactsim.evidence.design import BASE, Finding, Folder, MadePlace, WorldDesign
from contactsim.evidence.loading import select
from contactsim.evidence.tasks import DIFFERENCE, Figures, figures_of
from contactsim.evidence.worlds import ITEMS, changed
from contactsim.parameters import ModelParameters
from contactsim.runs.executor import complete
from contactsim.runs.local import processors
from contactsim.runs.task import Task
from contactsim.storage.results import LEDGER
from contactsim.storage.schema import OK
from contactsim.storage.store import Store

#: Called with the number of finished tasks and of all tasks.
Progress = Callable[[int, int], None]
#: Values by dotted path: the model's parameters, and :data:`WITHIN_UNITS`.
ParameterSet = Mapping[str, float | None]
#: The dissimilarity inside units of every place (see ``within_units`` of a made place); None leaves places unchanged.
WITHIN_UNITS = "place.within_units"
#: {outcome: figures, one for each seed}
BySeed = dict[str, list[float]]


@dataclass(frozen=True)
class PlausibleWorld:
    """A parameter set in which findings are simulated."""

    base: ModelParameters
    values: Mapping[str, float]
    """what the set changes in ``base``"""
    knock_outs: bool
    """whether mechanisms and actions are switched off in it"""
    change: Callable[[ModelParameters], ModelParameters] = lambda parameters: parameters
    """applied after the set, as negative controls are"""


# --- the result store

def default_store() -> Path:
    """The store in which figures are stored unless another one is named."""
    return Path(platformdirs.user_cache_dir("contactsim")) / "findings"


def forget(store: Path) -> None:
    """Remove the figures of findings, and nothing else, from a store. Raises UserError."""
    Store(store, missing=True).forget(LEDGER)


def stored_figures(store: Store, ids: Collection[str]) -> dict[str, Figures]:
    """The figures in a store by task id. Raises UserError, also for a damaged file."""
    if not store.exists():
        return {}
    rows = store.read(["status", "numbers"], ids).to_pylist()
    return {row["id"]: figures_of(dict(row["numbers"])) for row in rows if row["status"] == OK}


# --- tasks

def figures(tasks: Sequence[Task], store: Path, jobs: int | None = None, progress: Progress | None = None,
            scheduler: str | None = None) -> dict[str, Figures]:
    """The figures of tasks by id; those that ``store`` does not have are computed first.

    Args:
        jobs: local processes; one per processor if None, this process if 1.
        scheduler: address of a Dask scheduler, to use its workers instead.

    Raises UserError for the first task that fails.
    """
    folder = Store(store, missing=True)
    size = Counter(task.group for task in tasks)
    # the largest groups first, so that no process works alone at the end
    order = sorted(tasks, key=lambda task: -size[task.group])
    here = min(jobs or processors(), len(size)) <= 1
    complete(folder, order, 0 if here else jobs, scheduler,
             None if progress is None else lambda done, total, failed: progress(done, total))
    return stored_figures(folder, {task.id for task in tasks})


def tasks_of(findings: Sequence[tuple[Folder, Finding]], base: ModelParameters, sample: str) -> dict[str, list[Task]]:
    """The tasks of findings by id, one for each seed of the sample."""
    return {finding.id: tasks.of_seeds(finding, base, folder.residents(finding, sample), folder.seeds(sample))
            for folder, finding in findings}


def reduced(finding: Finding) -> Finding:
    """A finding without knock-outs, but for those from which outcomes take a difference."""
    named = {one.arguments["knock_out"] for one in finding.outcomes if one.estimand == DIFFERENCE}
    return finding.model_copy(update={
        "outcomes": [one.model_copy(update={"knock_outs": []}) for one in finding.outcomes],
        "knock_outs": {name: one for name, one in finding.knock_outs.items() if name in named}})


def tasks_across(finding: Finding, worlds: Sequence[PlausibleWorld], residents: int,
                 seeds: Sequence[int]) -> list[list[Task]]:
    """The tasks of a finding in plausible worlds, by world and seed."""
    found = []
    for one in worlds:
        part = finding if one.knock_outs else reduced(finding)
        parameters, (here,) = with_parameter_set(one.values, [part], one.base)
        found.append(tasks.of_seeds(here, one.change(parameters), residents, seeds))
    return found


def by_seed(of_finding: Sequence[Task], computed: Mapping[str, Figures]) -> list[Figures]:
    """The figures of a finding's tasks, in the order of their seeds."""
    return [computed[one.id] for one in of_finding]


def run(findings: Sequence[tuple[Folder, Finding]], base: ModelParameters, sample: str, store: Path,
        jobs: int | None = None, progress: Progress | None = None,
        scheduler: str | None = None) -> dict[str, list[Figures]]:
    """The figures of findings by id, one for each seed; see :func:`figures`."""
    of_findings = tasks_of(findings, base, sample)
    computed = figures([one for of_one in of_findings.values() for one in of_one], store, jobs, progress, scheduler)
    return {name: by_seed(of_one, computed) for name, of_one in of_findings.items()}


# --- parameter sets, for calibration, sensitivity analyses and sweeps

def base_findings(names: Sequence[str], outcomes: Sequence[str] | None = None) -> list[Finding]:
    """Findings with :func:`base_only`."""
    return [base_only(finding, outcomes) for _, finding in select(names).findings]


def base_only(finding: Finding, outcomes: Sequence[str] | None = None) -> Finding:
    """A finding without knock-outs and alternatives, with some of its outcomes (all if None)."""
    chosen = [one.model_copy(update={"knock_outs": []}) for one in finding.outcomes if one.alternative is None
              and one.estimand != DIFFERENCE and (outcomes is None or one.id in outcomes)]
    used = str([one.arguments for one in chosen])
    worlds = {name: world for name, world in finding.worlds.items() if name in used}
    return finding.model_copy(update={"outcomes": chosen, "knock_outs": {}, "alternatives": {}, "worlds": worlds})


def with_parameter_set(values: ParameterSet, findings: Sequence[Finding],
                       base: ModelParameters) -> tuple[ModelParameters, list[Finding]]:
    """Parameters and findings under a parameter set; numbers of instruments are set in the findings' worlds."""
    items = {path: value for path, value in values.items() if path.startswith(ITEMS)}
    parameters = changed(base, {path: value for path, value in values.items()
                                if path != WITHIN_UNITS and path not in items})

    def under(world: WorldDesign) -> WorldDesign:
        place = world.place
        if isinstance(place, MadePlace) and values.get(WITHIN_UNITS) is not None:
            place = place.model_copy(update={"within_units": values[WITHIN_UNITS]})
        return world.model_copy(update={"place": place, "set": {**items, **world.set}})

    if not items and values.get(WITHIN_UNITS) is None:
        return parameters, list(findings)
    return parameters, [finding.model_copy(update={"worlds": {
        name: under(world) for name, world in finding.worlds.items()}}) for finding in findings]


def tasks_of_sets(parameter_sets: Sequence[ParameterSet], findings: Sequence[Finding], base: ModelParameters,
                  seeds: Sequence[int], residents: int) -> list[list[Task]]:
    """The tasks of findings under each parameter set."""
    of_sets = []
    for values in parameter_sets:
        parameters, here = with_parameter_set(values, findings, base)
        of_sets.append([one for finding in here for one in tasks.of_seeds(finding, parameters, residents, seeds)])
    return of_sets


def base_figures(of_set: Sequence[Task], computed: Mapping[str, Figures]) -> BySeed:
    """The figures in the base worlds by outcome, one for each seed, from the tasks of one parameter set."""
    found: BySeed = {}
    for one in of_set:
        for outcome, values in computed[one.id].items():
            found.setdefault(outcome, []).append(values[BASE])
    return found


def evaluate(parameter_sets: Sequence[ParameterSet], findings: Sequence[Finding], base: ModelParameters,
             seeds: Sequence[int], residents: int, store: Path, jobs: int | None = None,
             progress: Progress | None = None, scheduler: str | None = None) -> list[BySeed]:
    """The figures of findings under each parameter set; those that ``store`` has are not computed again."""
    of_sets = tasks_of_sets(parameter_sets, findings, base, seeds, residents)
    computed = figures([one for of_set in of_sets for one in of_set], store, jobs, progress, scheduler)
    return [base_figures(of_set, computed) for of_set in of_sets]


def mean(values: Sequence[float]) -> float:
    """Mean over seeds."""
    return float(np.mean(values))
