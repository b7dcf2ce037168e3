"""Run a design: every world for every seed, estimands, intervals, verdicts, and what was kept before.

``contactsim replay polarisation --quick`` ends here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from contactsim.draws import Decision, stream
from contactsim.evidence.design import Design, Outcome, Sample, folder
from contactsim.evidence.estimands import ESTIMANDS, Case
from contactsim.evidence.judge import Interval, interval, verdict
from contactsim.evidence.observe import Observed, observe
from contactsim.evidence.variants import changed
from contactsim.parameters import ModelParameters
from contactsim.place import Place, synthetic_place
from contactsim.place.coarse import coarsened

BASE = "base"
#: Name under which the unit of the place's table is swept.
UNIT = "dissimilarity within units"
#: Estimands that need no other world beside the one looked at.
ONE_WORLD = ("contact_rise", "elasticity", "mediated", "worst_tenth", "worst_tenth_gradient", "spread_rise")
Worlds = dict[str, dict[float, Observed]]
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

    def verdicts(self) -> dict[str, dict[str, str]]:
        """{history: {outcome: verdict}}"""
        out: dict[str, dict[str, str]] = {}
        for j in self.judged:
            out.setdefault(j.history, {})[j.id] = j.verdict
        return out


def made_place(design: Design, share: float, residents: int, seed: int, within: float | None = None) -> Place:
    """The design's place for a share of the minority; ``within`` forgets its cells and makes new ones."""
    place = design.place
    majority, minority = place["groups"]
    made = synthetic_place(f"{design.name} {share:g}", residents, {majority: 1 - share, minority: share},
                           place["dissimilarity"], seed=_place_seed(seed, share), cell=place["cell"])
    return made if within is None else coarsened(made, "block", within, _place_seed(seed, share), place["cell"])


def _place_seed(seed: int, share: float) -> int:
    return int(stream(seed, Decision.PLACE, round(1000 * share)) >> np.uint64(2))


def worlds_of_seed(design: Design, base: ModelParameters, history: str, sample: Sample, seed: int,
                   done: Callable[[], None]) -> Worlds:
    """Every world of the design for one seed."""
    worlds: Worlds = {}
    for name in (BASE, *design.worlds):
        parameters = _in_history(base, history)
        if name != BASE:
            parameters = changed(parameters, design.worlds[name].set)
        worlds[name] = {}
        for share in design.gradient if name == BASE else design.worlds[name].at:
            place = made_place(design, share, sample.residents, seed)
            worlds[name][share] = observe(place, parameters, seed, design.weeks)
            done()
    return worlds


def _in_history(base: ModelParameters, history: str) -> ModelParameters:
    return changed(base, {"scenario.history": history})


def figure(design: Design, outcome: Outcome, worlds: Worlds, name: str) -> float:
    """The outcome's estimand in one world for one seed."""
    variant = design.worlds.get(name)
    selected = BASE if name == BASE or (variant is not None and variant.select_as_in_base) else name
    seen = worlds[name]
    if name == BASE and outcome.knock_outs:
        # the base is compared with knock-outs at the same shares
        seen = {share: seen[share] for share in design.knock_out_gradient}
    case = Case(seen, worlds[BASE], worlds[selected], worlds["no_contact"], worlds)
    return ESTIMANDS[outcome.estimand](case, **outcome.arguments)


def replay(design: Design, base: ModelParameters, sample: str, jobs: int | None = None,
           progress: Progress | None = None) -> Replayed:
    """Run the design's base world and knock-outs in each history and judge every outcome."""
    size = design.samples[sample]  # type: ignore[index]
    seeds = [design.first_seed + k for k in range(size.seeds)]
    tasks = [(history, seed) for history in design.histories for seed in seeds]
    per_task = len(design.gradient) + sum(len(world.at) for world in design.worlds.values())
    count = _Counter(progress, len(tasks) * per_task)
    results = _parallel(tasks, lambda t: worlds_of_seed(design, base, t[0], size, t[1], count), jobs)
    family = sum(1 + sum(rule == "leaves" for rule in o.knock_outs.values()) for o in design.outcomes)
    judged, readings = [], []
    for history in design.histories:
        seen = [results[history, seed] for seed in seeds]
        judged += [judge(design, outcome, history, seen, family) for outcome in design.outcomes]
        readings += [{"history": history, "world": world, "share": share, "seed": seed, **observed.summary}
                     for seed, worlds in zip(seeds, seen, strict=True)
                     for world, by_share in worlds.items() for share, observed in by_share.items()]
    return Replayed(design, sample, family, judged, readings)


def sweep(design: Design, base: ModelParameters, jobs: int | None = None,
          progress: Progress | None = None) -> list[dict[str, Any]]:
    """Every outcome that one world can tell, at each value of each swept number; lived history.

    One row for each value and outcome: parameter, value, whether it is the base's, outcome, mean, low, high
    (95 % interval of its own, not of a family) and whether that lies inside the band.
    """
    size = design.sweeps.sample
    seeds = [design.first_seed + k for k in range(size.seeds)]
    values = [(path, value) for path, all_values in design.sweeps.parameters.items() for value in all_values]
    values += [(UNIT, value) for value in design.sweeps.dissimilarity_within_units]  # type: ignore[misc]
    tasks = [(path, value, seed) for path, value in values for seed in seeds]
    count = _Counter(progress, len(tasks) * len(design.knock_out_gradient))

    def work(task: tuple[str, float | None, int]) -> dict[float, Observed]:
        path, value, seed = task
        parameters = _in_history(base if path == UNIT else changed(base, {path: value}), "lived")
        seen = {}
        for share in design.knock_out_gradient:
            place = made_place(design, share, size.residents, seed, value if path == UNIT else None)
            seen[share] = observe(place, parameters, seed, design.weeks)
            count()
        return seen

    results = _parallel(tasks, work, jobs)
    rows = []
    for path, value in values:
        for outcome in design.outcomes:
            if outcome.estimand in ONE_WORLD and outcome.arguments.get("reading") != "effect":
                cases = [Case(seen, seen, seen, {}, {}) for seen in (results[path, value, seed] for seed in seeds)]
                found = interval([ESTIMANDS[outcome.estimand](case, **outcome.arguments) for case in cases], 1)
                rows.append({"parameter": path, "value": value, "is_base": _is_base(base, path, value),
                             "outcome": outcome.id, "mean": found.mean, "low": found.low, "high": found.high,
                             "inside": found.inside(outcome.band), "outside": found.outside(outcome.band)})
    return rows


def _is_base(base: ModelParameters, path: str, value: float | None) -> bool:
    if path == UNIT:
        return value is None
    section, name = path.split(".")
    return bool(getattr(getattr(base, section), name) == value)


def judge(design: Design, outcome: Outcome, history: str, seen: list[Worlds], family: int) -> Judged:
    """Interval and verdict of one outcome over seeds."""
    values = [figure(design, outcome, worlds, BASE) for worlds in seen]
    effect = interval(values, family)
    knocked = {name: interval([figure(design, outcome, worlds, name) for worlds in seen], family)
               for name in outcome.knock_outs}
    must_leave = {name: knocked[name] for name, rule in outcome.knock_outs.items() if rule == "leaves"}
    word, reason = verdict(effect, outcome.band, must_leave)
    return Judged(outcome.id, history, effect, knocked, word, reason, values)


def kept_verdicts(design: Design) -> dict[str, dict[str, dict[str, str]]]:
    """{sample: {history: {outcome: verdict}}} as kept with the design; empty where none is kept."""
    file = folder(design.name) / "kept.json"
    if not file.exists():
        return {}
    kept: dict[str, dict[str, dict[str, str]]] = json.loads(file.read_text(encoding="utf-8"))["verdicts"]
    return kept


def moved(result: Replayed) -> list[str]:
    """A sentence for each kept verdict that no longer holds."""
    kept = kept_verdicts(result.design).get(result.sample, {})
    now = result.verdicts()
    return [f"{outcome} ({history}): kept '{before}', now '{now[history][outcome]}'"
            for history, outcomes in kept.items() for outcome, before in outcomes.items()
            if now[history][outcome] != before]


class _Counter:
    """Counts worlds done, from any thread, for a progress bar."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0
        if progress is not None:
            progress(0, total)

    def __call__(self) -> None:
        self.done += 1
        if self.progress is not None:
            self.progress(self.done, self.total)


def _parallel(tasks: Iterable[Any], work: Callable[[Any], Any], jobs: int | None) -> dict[Any, Any]:
    """Results by task. Threads suffice: the kernels run without the interpreter lock."""
    with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        futures = {pool.submit(work, task): task for task in tasks}
        try:
            return {futures[done]: done.result() for done in as_completed(futures)}
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def as_json(result: Replayed) -> dict[str, Any]:
    """The ledger as plain data."""
    return {
        "replay": result.design.name, "sample": result.sample, "family": result.family,
        "changes": result.design.changes,
        "outcomes": [{**o.model_dump(), "results": [asdict(j) for j in result.judged if j.id == o.id]}
                     for o in result.design.outcomes],
        "swept": result.swept,
    }
