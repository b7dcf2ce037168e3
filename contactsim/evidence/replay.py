"""A replay along a gradient: every world for every seed, intervals, verdicts, sweeps, and what was kept before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contactsim.evidence import runs, unit
from contactsim.evidence.design import Design, Outcome
from contactsim.evidence.gradients import BASE, UNIT, alone, live_seed, live_swept, name_of, swept_name
from contactsim.evidence.judge import Interval, interval, verdict
from contactsim.parameters import ModelParameters

#: Called with how many weeks' worth of worlds are done and how many there are.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Judged:
    """An outcome with its interval, those of its knock-outs, and the verdict."""

    id: str
    history: str
    effect: Interval
    knock_outs: dict[str, Interval]
    verdict: str
    reason: str
    values: list[float]


@dataclass(frozen=True)
class Replayed:
    """Everything a report needs."""

    design: Design
    sample: str
    family: int
    judged: list[Judged]
    readings: list[dict[str, Any]]
    """one row for each history, world, share and seed"""
    swept: list[dict[str, Any]] = field(default_factory=list)
    """one row for each swept parameter, value and outcome"""


def replay(design: Design, base: ModelParameters, sample: str, jobs: int | None = None,
           progress: Progress | None = None, store: Path | None = None) -> Replayed:
    """Live what ``store`` lacks of the design's worlds, in each history, and judge every outcome."""
    size = design.samples[sample]  # type: ignore[index]
    store = runs.store_folder() if store is None else store
    tasks = {(history, design.first_seed + k): (design, base, history, size, design.first_seed + k)
             for history in design.histories for k in range(size.seeds)}
    names = {at: name_of(*task) for at, task in tasks.items()}
    runs.spread([(live_seed, (str(store), *task, names[at]), 1) for at, task in tasks.items()
                 if unit.kept(store, names[at]) is None], jobs, progress)
    found: dict[tuple[str, int], Any] = {at: unit.kept(store, name) for at, name in names.items()}
    family = sum(1 + sum(rule == "leaves" for rule in o.knock_outs.values()) for o in design.outcomes)
    judged, readings = [], []
    for history in design.histories:
        seen = [one for (in_, _), one in found.items() if in_ == history]
        judged += [judge(outcome, history, [one["figures"][outcome.id] for one in seen], family)
                   for outcome in design.outcomes]
        readings += [reading for one in seen for reading in one["readings"]]
    return Replayed(design, sample, family, judged, readings)


def sweep(design: Design, base: ModelParameters, jobs: int | None = None,
          progress: Progress | None = None, store: Path | None = None) -> list[dict[str, Any]]:
    """Every outcome that one world can tell, at each value of each swept number; lived history.

    What ``store`` lacks is lived. One row for each value and outcome: parameter, value, whether it is the base's,
    outcome, mean, low, high (95 % interval of its own, not of a family) and whether that lies inside the band.
    """
    size = design.sweeps.sample
    store = runs.store_folder() if store is None else store
    values = [(path, value) for path, all_values in design.sweeps.parameters.items() for value in all_values]
    values += [(UNIT, value) for value in design.sweeps.dissimilarity_within_units]  # type: ignore[misc]
    tasks = {(path, value, design.first_seed + k): (design, base, path, value, size, design.first_seed + k)
             for path, value in values for k in range(size.seeds)}
    names = {at: swept_name(*task) for at, task in tasks.items()}
    runs.spread([(live_swept, (str(store), *task, names[at]), 1) for at, task in tasks.items()
                 if unit.kept(store, names[at]) is None], jobs, progress)
    found: dict[Any, Any] = {at: unit.kept(store, name) for at, name in names.items()}
    rows = []
    for path, value in values:
        seen = [found[path, value, design.first_seed + k] for k in range(size.seeds)]
        for outcome in alone(design):
            of = interval([figures[outcome.id] for figures in seen], 1)
            rows.append({"parameter": path, "value": value, "is_base": _is_base(base, path, value),
                         "outcome": outcome.id, "mean": of.mean, "low": of.low, "high": of.high,
                         "inside": of.inside(outcome.band), "outside": of.outside(outcome.band)})
    return rows


def _is_base(base: ModelParameters, path: str, value: float | None) -> bool:
    if path == UNIT:
        return value is None
    section, name = path.split(".")
    return bool(getattr(getattr(base, section), name) == value)


def judge(outcome: Outcome, history: str, figures: list[dict[str, float]], family: int) -> Judged:
    """Interval and verdict of one outcome from its figures by world, one for each seed."""
    values = [figure[BASE] for figure in figures]
    effect = interval(values, family)
    knocked = {name: interval([figure[name] for figure in figures], family) for name in outcome.knock_outs}
    must_leave = {name: knocked[name] for name, rule in outcome.knock_outs.items() if rule == "leaves"}
    word, reason = verdict(effect, outcome.band, must_leave)
    return Judged(outcome.id, history, effect, knocked, word, reason, values)
