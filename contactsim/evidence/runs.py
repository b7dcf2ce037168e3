"""Running the ledger: what a store lacks is simulated by the executor, the findings of one seed by one process.

Every task is stored as soon as it is there (see :mod:`contactsim.runs.executor`): a replay that is killed goes on where
it was, losing the tasks in flight at most, and two at once do no harm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from contactsim.evidence import result_store, tasks
from contactsim.evidence.ledger import Finding, Folder
from contactsim.evidence.tasks import Figures
from contactsim.parameters import ModelParameters
from contactsim.runs.executor import complete
from contactsim.runs.local import processors
from contactsim.runs.task import Task
from contactsim.storage.store import Store

#: Called with how many tasks are done and how many there are.
Progress = Callable[[int, int], None]


def seeds_of(folder: Folder, sample: str) -> range:
    """Seeds of a sample."""
    return range(folder.first_seed, folder.first_seed + folder.samples[sample].seeds)  # type: ignore[index]


def run(findings: Sequence[tuple[Folder, Finding]], base: ModelParameters, sample: str, store: Path,
        jobs: int | None = None, progress: Progress | None = None,
        scheduler: str | None = None) -> Mapping[str, list[Figures]]:
    """Every finding's figures by id, one for each seed; see :func:`figures`."""
    tasks = {finding.id: tasks.of_seeds(finding, base, folder.residents(finding, sample), seeds_of(folder, sample))
             for folder, finding in findings}
    found = figures([one for of_finding in tasks.values() for one in of_finding], store, jobs, progress, scheduler)
    return {name: [found[one.id] for one in of_finding] for name, of_finding in tasks.items()}


def figures(tasks: Sequence[Task], store: Path, jobs: int | None = None, progress: Progress | None = None,
            scheduler: str | None = None) -> dict[str, Figures]:
    """The figures of tasks by id; those that ``store`` lacks are computed first.

    Args:
        jobs: processes of this machine; all processors if None, this very process for one.
        scheduler: address of a Dask scheduler, to use its workers instead.

    Raises UserError for the first task that fails.
    """
    folder = Store(store, missing=True)
    size = Counter(task.group for task in tasks)
    # the largest groups first, so that no process is left alone with one at the end
    order = sorted(tasks, key=lambda task: -size[task.group])
    here = min(jobs or processors(), len(size)) <= 1
    complete(folder, order, 0 if here else jobs, scheduler,
             None if progress is None else lambda done, total, failed: progress(done, total))
    return result_store.read(folder, {task.id for task in tasks})
