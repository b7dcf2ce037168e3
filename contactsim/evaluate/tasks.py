"""Surveys as tasks of the executor: one for each cell of a grid and seed.

A task stores the answers and the true effects of one seed. What is computed from them, such as estimates, is no part of
it: other methods of the same waves, and more seeds, simulate nothing again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from contactsim.comparison import paired_runs
from contactsim.comparison.design import Design
from contactsim.comparison.paired_runs import CONTROL
from contactsim.comparison.tasks import arms_task, check_design, frame_of, parquet_bytes, simulated
from contactsim.evaluate.design import Evaluation
from contactsim.evaluate.survey import Effect, Surveyed, survey
from contactsim.place import Place
from contactsim.runs.task import Task
from contactsim.storage.results import TaskOutput
from contactsim.storage.schema import OK
from contactsim.storage.store import Store

MEASURE = "evaluation"
#: Keys of an evaluation that do not decide the answers, or decide them by the weeks of the waves only.
_NOT_ANSWERS = {"title", "about", "source", "methods", "mediated", "start", "gap", "after", "counted_from",
                "instruments"}
#: Keys of a survey item that describe it.
_DESCRIBES = {"title", "wording", "source"}
_BETWEEN = "/"


def sites_of(evaluation: Evaluation, seeds: Sequence[Any]) -> int:
    """Number of towns that share a sample."""
    return min(evaluation.sites, len(seeds))


def tasks_of(evaluation: Evaluation, design: Design, place: Place, weeks: Mapping[str, int]) -> list[Task]:
    """The surveys of a design, one for each seed. Raises UserError for arms that cannot be simulated.

    Args:
        evaluation: survey design.
        design: arms and seeds.
        place: where.
        weeks: of the waves.
    """
    check_design(design, place)
    seeds, matched = design.seeds, evaluation.control == "matched_town"
    found = []
    for k, seed in enumerate(seeds):  # the control arm of each seed is the matched town of the seed before
        also = {"answers": evaluation.model_dump(mode="json", exclude=_NOT_ANSWERS), "waves": dict(weeks),
                "items": {name: one.model_dump(mode="json", exclude=_DESCRIBES)
                          for name, one in evaluation.instruments.items()},
                "sites": sites_of(evaluation, seeds), "match": seeds[(k + 1) % len(seeds)] if matched else None}
        payload = {**also, "evaluation": evaluation.model_dump(mode="json")}
        found.append(arms_task(design, place, seed, f"{__name__}:{Survey.__name__}", MEASURE, survey.__module__,
                               paired_runs.__name__, also=also, payload=payload))
    return found


class Survey:
    """Surveys one seed (a :class:`contactsim.runs.task.Runner`)."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def run(self, payload: Mapping[str, Any], facts: dict[str, Any]) -> TaskOutput:
        """Simulate both arms, and the control arm of a matched town if the design has one; keep the answers."""
        design = Evaluation.model_validate(payload["evaluation"])
        paired = simulated(self.store, payload, facts, footprint=False, instruments=design.instruments)
        other = (None if payload["match"] is None else simulated(
            self.store, payload, facts, payload["match"], [CONTROL], footprint=False, instruments=design.instruments))
        found = survey(design, paired, other, payload["waves"], payload["sites"])
        numbers = {f"{name}{_BETWEEN}{outcome}": float(value) for outcome, effect in found.effects.items()
                   for name, value in dataclasses.asdict(effect).items()}
        files = {f"{outcome}.parquet": parquet_bytes(table) for outcome, table in found.tables.items()}
        return TaskOutput(numbers=numbers, files={**files, "lacking.txt": found.lacking.encode()})


def read(store: Store, ids: Collection[str]) -> dict[str, Surveyed]:
    """The surveys that a store holds, by identity. Raises UserError, also for a damaged file."""
    return {row["id"]: _surveyed(row["seed"], dict(row["numbers"]), dict(row["files"]))
            for row in store.read(["status", "seed", "numbers", "files"], ids).to_pylist() if row["status"] == OK}


def _surveyed(seed: int, numbers: Mapping[str, float], files: Mapping[str, bytes]) -> Surveyed:
    by: dict[str, dict[str, Any]] = {}
    for name, value in numbers.items():
        kind, _, outcome = name.partition(_BETWEEN)
        by.setdefault(outcome, {})[kind] = int(value) if kind == "people" else value
    tables = {name.removesuffix(".parquet"): frame_of(held) for name, held in files.items()
              if name.endswith(".parquet")}
    return Surveyed(seed, tables, {outcome: Effect(**found) for outcome, found in by.items()},
                    files["lacking.txt"].decode())
