"""The waves of a calibration: run, emulate, rule out, run again; then the check on new seeds, and the ensemble."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from contactsim.calibration.design import Design, Sample, Target, priors
from contactsim.calibration.matching import Array, Matcher, Region, Space, deviations, region
from contactsim.calibration.survey import Figures
from contactsim.calibration.tasks import task
from contactsim.runs.executor import complete
from contactsim.runs.task import Task
from contactsim.storage.schema import OK
from contactsim.storage.store import Store

#: Called with what is being done, finished tasks and all tasks.
Report = Callable[[str, int, int], None]
#: Seeds of the checks begin so far after those of the waves.
CHECK_SEEDS = 1000
ParameterSet = dict[str, float]


@dataclass(frozen=True)
class Wave:
    """What one wave did."""

    number: int
    sets: int
    cutoff: float
    """the cutoff of the region that its sets were drawn from; infinite in the first wave"""
    share: float
    """share of the prior's volume that was not ruled out before it"""
    agree: int
    """its runs that agree with the targets"""
    r2: list[float]
    """by target: share of variance that emulators of all runs so far predict when a run is left out"""
    ruled_out: list[float]
    """by target: share of the prior that this target alone rules out, from emulators of all runs so far"""


@dataclass(frozen=True)
class Runs:
    """Parameter sets that were run, with their figures."""

    sets: list[ParameterSet]
    figures: list[Figures]
    deviation: Array
    """(n, targets)"""

    def __add__(self, other: Runs) -> Runs:
        return Runs(self.sets + other.sets, self.figures + other.figures, np.vstack([self.deviation, other.deviation]))


@dataclass(frozen=True)
class Calibration:
    """A finished calibration."""

    design: Design
    sample: Sample
    targets: list[Target]
    space: Space
    waves: list[Wave]
    runs: Runs
    matcher: Matcher
    region: Region
    candidates: Runs
    """sets that were run again, with their fitted numbers of items; mean figures over new seeds"""
    kept: list[int]
    """the candidates in the ensemble, from the middle outwards"""

    @property
    def ensemble(self) -> list[ParameterSet]:
        """The parameter sets of the ensemble."""
        return [self.candidates.sets[k] for k in self.kept]


@dataclass(frozen=True)
class Work:
    """Where runs are computed and stored."""

    store: Store
    jobs: int | None = None
    scheduler: str | None = None
    report: Report = lambda what, done, total: None

    def figures(self, tasks: Sequence[Task], what: str) -> list[Figures]:
        """The figures of tasks in order; those that the store lacks are computed first. Raises UserError."""
        complete(self.store, tasks, self.jobs, self.scheduler,
                 lambda done, total, failed: self.report(what, done, total))
        table = self.store.read(["id", "status", "numbers"], {one.id for one in tasks}).to_pylist()
        found = {row["id"]: dict(row["numbers"]) for row in table if row["status"] == OK}
        return [found[one.id] for one in tasks]


def calibrate(design: Design, sample: Sample, targets: Sequence[Target], work: Work) -> Calibration:
    """Run all waves and the check. What an earlier, stopped run of the same calibration stored is taken from there."""
    from threadpoolctl import threadpool_limits

    # one thread: small matrices gain nothing from more, and sums have the same bits on every machine
    with threadpool_limits(1):
        return _calibrate(design, sample, targets, work)


def _calibrate(design: Design, sample: Sample, targets: Sequence[Target], work: Work) -> Calibration:
    space = Space(priors(design))
    waves: list[Wave] = []
    done: Runs | None = None
    matcher: Matcher | None = None
    for number, size in enumerate(sample.waves, 1):
        work.report(f"wave {number}: choosing parameter sets", 0, size)
        units, cutoff, share = _points(matcher, design, size, len(space.names), design.first_seed + number)
        here = _wave(space, units, design, sample, targets, work, number, 0 if done is None else len(done.sets))
        done = here if done is None else done + here
        matcher = Matcher(space.units(done.sets), done.deviation)
        ruled_out = _ruled_out(matcher, design.cutoff, len(space.names), design.first_seed)
        waves.append(Wave(number, size, cutoff, share, int(agrees(here.deviation, design).sum()),
                          [one.r2 for one in matcher.emulators], ruled_out))
    assert done is not None and matcher is not None
    left = region(worst_of(matcher), len(space.names), design.cutoff, design.first_seed)
    chosen = _candidates(done, design, sample.candidates)
    checked = _check(done, chosen, design, sample, targets, work)
    kept = _kept(checked, space, design, sample.keep)
    return Calibration(design, sample, list(targets), space, waves, done, matcher, left, checked, kept)


def agrees(deviation: Array, design: Design) -> NDArray[np.bool_]:
    """(n,) whether figures agree with the targets: none beyond the cutoff, and few beyond ``near``."""
    far = np.abs(deviation)
    return np.asarray((far.max(axis=1) <= design.cutoff) & ((far > design.near).sum(axis=1) <= design.misses))


def worst_of(matcher: Matcher, without: int | None = None) -> Callable[[Array], Array]:
    """Points to their largest implausibility."""
    return lambda units: np.asarray(matcher.implausibility(units, without).max(axis=1))


# --- the runs of a wave

def _points(matcher: Matcher | None, design: Design, size: int, dimensions: int,
            seed: int) -> tuple[Array, float, float]:
    """(size, p) points of a wave, the cutoff of the region they come from, and its share of the prior.

    The first wave is a Latin hypercube. Later ones have half of their points in the region that is not ruled out, and
    half where the largest expected implausibility is lowest, down to the design's aim.
    """
    if matcher is None:
        from scipy.stats import qmc

        return qmc.LatinHypercube(dimensions, rng=np.random.default_rng(seed)).random(size), np.inf, 1.0
    wide = region(worst_of(matcher), dimensions, design.cutoff, seed)
    close = region(worst_of(matcher), dimensions, design.aim, seed)
    half = size // 2
    return np.vstack([_some(wide.units, half), _some(close.units, size - half)]), wide.cutoff, wide.share


def _wave(space: Space, units: Array, design: Design, sample: Sample, targets: Sequence[Target], work: Work,
          number: int, before: int) -> Runs:
    sets = [space.values(unit) for unit in units]
    to = [one for one in targets if one.figure in design.fitted_to]
    fit = design.instruments if to else {}
    tasks = [task(values, sample.nation, design.first_seed + (before + k) % sample.seeds, fit, to)
             for k, values in enumerate(sets)]
    figures = work.figures(tasks, f"wave {number} of {len(sample.waves)}")
    return Runs(sets, figures, deviations(figures, targets, design))


def _ruled_out(matcher: Matcher, cutoff: float, dimensions: int, seed: int) -> list[float]:
    from scipy.stats import qmc

    units = qmc.LatinHypercube(dimensions, rng=np.random.default_rng(seed)).random(4000)
    return [float(share) for share in np.mean(matcher.implausibility(units) > cutoff, axis=0)]


def _some(units: Array, number: int) -> Array:
    """So many of the points, evenly spaced in their order; all if there are fewer."""
    return np.asarray(units[_evenly(len(units), number)])


def _evenly(of: int, number: int) -> NDArray[np.intp]:
    return np.unique(np.linspace(0, of - 1, min(number, of)).round().astype(np.intp))


# --- the check, and the ensemble

def _candidates(runs: Runs, design: Design, number: int) -> list[int]:
    """Runs that agree with the targets; if they are too few, also those that come nearest."""
    fits = np.flatnonzero(agrees(runs.deviation, design))
    if fits.size > number:
        return [int(k) for k in fits[_evenly(fits.size, number)]]
    beyond = np.maximum(np.abs(runs.deviation) - 1.0, 0.0)
    order = np.argsort((beyond**2).sum(axis=1), kind="stable")
    return [*fits.tolist(), *(int(k) for k in order if k not in set(fits.tolist()))][:number]


def _check(runs: Runs, chosen: Sequence[int], design: Design, sample: Sample, targets: Sequence[Target],
           work: Work) -> Runs:
    """The chosen sets with their fitted numbers of items, in the nation and on the seeds of the check."""
    sets = [runs.sets[k] | {path: float(f"{runs.figures[k][path]:.6g}") for path in design.instruments
                            if path in runs.figures[k]} for k in chosen]
    seeds = [design.first_seed + CHECK_SEEDS + k for k in range(sample.check_seeds)]
    found = work.figures([task(values, sample.check, seed) for values in sets for seed in seeds], "check on new seeds")
    means = pd.DataFrame(found).groupby(np.repeat(np.arange(len(sets)), len(seeds))).mean().to_dict("records")
    figures = [{str(name): float(value) for name, value in one.items()} for one in means]
    return Runs(sets, figures, deviations(figures, targets, design))


def _kept(checked: Runs, space: Space, design: Design, number: int) -> list[int]:
    """The checked sets that still agree, at most ``number``, sorted by their distance from the middle."""
    fits = np.flatnonzero(agrees(checked.deviation, design))
    if not fits.size:
        return []
    chosen = fits[_evenly(fits.size, number)]
    units = space.units([checked.sets[k] for k in chosen])
    spread = np.maximum(units.std(axis=0), 1e-9)
    distance = (((units - np.median(units, axis=0)) / spread) ** 2).sum(axis=1)
    return [int(chosen[k]) for k in np.argsort(distance, kind="stable")]
