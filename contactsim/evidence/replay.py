"""A replay along a gradient: every world for every seed, intervals, verdicts, sweeps, and what was kept before."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contactsim.evidence import gradients, runs
from contactsim.evidence.design import Design, Outcome
from contactsim.evidence.gradients import BASE, UNIT, alone
from contactsim.evidence.judge import Interval, interval, verdict
from contactsim.evidence.runs import Progress
from contactsim.parameters import ModelParameters


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


def replay(design: Design, base: ModelParameters, sample: str, store: Path, jobs: int | None = None,
           progress: Progress | None = None) -> Replayed:
    """Live what ``store`` lacks of the design's worlds, in each history, and judge every outcome."""
    size = design.samples[sample]  # type: ignore[index]
    units = {history: gradients.units(design, base, history, size) for history in design.histories}
    found = runs.live([runs.Chunk(gradients.live_seed, [one], (design, base, history))
                       for history, of_history in units.items() for one in of_history], store, jobs, progress)
    family = sum(1 + sum(rule == "leaves" for rule in o.knock_outs.values()) for o in design.outcomes)
    judged, readings = [], []
    for history, of_history in units.items():
        figures = [found[one.id].figures for one in of_history]
        judged += [judge(outcome, history, [one[outcome.id] for one in figures], family)
                   for outcome in design.outcomes]
        readings += [line for one in of_history for line in gradients.readings(found[one.id], history, one.seed)]
    return Replayed(design, sample, family, judged, readings)


def sweep(design: Design, base: ModelParameters, store: Path, jobs: int | None = None,
          progress: Progress | None = None) -> list[dict[str, Any]]:
    """Every outcome that one world can tell, at each value of each swept number; lived history.

    What ``store`` lacks is lived. One row for each value and outcome: parameter, value, whether it is the base's,
    outcome, mean, low, high (95 % interval of its own, not of a family) and whether that lies inside the band.
    """
    size = design.sweeps.sample
    values = [(path, value) for path, all_values in design.sweeps.parameters.items() for value in all_values]
    values += [(UNIT, value) for value in design.sweeps.dissimilarity_within_units]  # type: ignore[misc]
    units = {at: gradients.swept_units(design, base, *at, size) for at in values}
    found = runs.live([runs.Chunk(gradients.live_swept, [one], (design, base, *at)) for at, of_value in units.items()
                       for one in of_value], store, jobs, progress)
    rows = []
    for (path, value), of_value in units.items():
        seen = [found[one.id].figures for one in of_value]
        for outcome in alone(design):
            of = interval([figures[outcome.id][BASE] for figures in seen], 1)
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
