"""History matching: how implausible a parameter set is, and draws from the sets that are not ruled out.

Implausibility is the distance of a figure from its target in standard deviations of everything that may part the two:
error of measurement, discrepancy of the model, error of the emulator with the noise of one seed (Craig et al. 1997;
Vernon, Goldstein and Bower 2010). A set is ruled out if its largest implausibility exceeds the cutoff.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contactsim.calibration.design import HALF_WIDTH, Design, Prior, Target
from contactsim.calibration.emulator import Emulator

Array = NDArray[np.float64]
#: Share of the population that survives each step towards the cutoff, and steps of its Markov chain.
_SURVIVE, _STEPS, _POPULATION, _LEVELS = 0.4, 25, 300, 40


@dataclass(frozen=True)
class Space:
    """The parameters that are varied, as the unit cube of their prior ranges."""

    priors: Mapping[str, Prior]

    @property
    def names(self) -> list[str]:
        """Dotted paths, in order."""
        return list(self.priors)

    def values(self, unit: Array) -> dict[str, float]:
        """The parameter set at a point, (p,)."""
        return {name: float(f"{prior.value(float(u)):.6g}")
                for (name, prior), u in zip(self.priors.items(), unit, strict=True)}

    def units(self, sets: Sequence[Mapping[str, float]]) -> Array:
        """(n, p) points of parameter sets."""
        return np.array([[prior.unit(one[name]) for name, prior in self.priors.items()] for one in sets])


def deviations(figures: Sequence[Mapping[str, float]], targets: Sequence[Target], design: Design) -> Array:
    """(n, targets) figure minus target, in standard deviations of measurement and discrepancy together."""
    found = np.empty((len(figures), len(targets)))
    for k, target in enumerate(targets):
        low, value, high = target.low, target.value, target.high
        got = np.array([one[target.figure] for one in figures])
        if target.figure in design.logs:
            low, value, high, got = np.log(low), np.log(value), np.log(high), np.log(np.maximum(got, 1e-9))
        found[:, k] = (got - value) / ((high - low) / 2 * np.hypot(1 / HALF_WIDTH, design.discrepancy))
    return found


def squeezed(deviation: Array) -> Array:
    """Deviations with the far ones drawn in, 2 asinh(z / 2): they matter less to emulators than what is near."""
    return np.asarray(2 * np.arcsinh(deviation / 2))


class Matcher:
    """Emulators of all targets, and the implausibility that follows from them.

    Args:
        units: (n, p) parameter sets that were run.
        deviation: (n, targets) their deviations.
    """

    def __init__(self, units: Array, deviation: Array) -> None:
        self.emulators = [Emulator(units, squeezed(of_target)) for of_target in deviation.T]

    def implausibility(self, units: Array, without: int | None = None) -> Array:
        """(m, targets) implausibility of parameter sets; 0 for the target number ``without``."""
        found = np.empty((units.shape[0], len(self.emulators)))
        for k, emulator in enumerate(self.emulators):
            found[:, k] = 0.0 if k == without else self.of(k, emulator(units))
        return found

    def of(self, target: int, expected: Array) -> Array:
        """(m,) implausibility for a target from expected squeezed deviations."""
        # error on the scale of deviations, by the derivative of 2 sinh(s / 2)
        error = self.emulators[target].error * np.cosh(expected / 2)
        return np.asarray(np.abs(2 * np.sinh(expected / 2)) / np.sqrt(1 + error**2))


@dataclass(frozen=True)
class Region:
    """Parameter sets that are not ruled out at a cutoff."""

    units: Array
    """(m, p) points, about evenly spread over the region"""
    cutoff: float
    """the cutoff, or the lowest one that was reached"""
    share: float
    """of the prior's volume, estimated"""


def region(worst: Callable[[Array], Array], dimensions: int, cutoff: float, seed: int) -> Region:
    """Points evenly drawn from where ``worst`` does not exceed a cutoff, and the region's share of the unit cube.

    Subset simulation (Au and Beck 2001): the cutoff falls in steps, each survived by a fixed share of the population,
    and a Markov chain of differential evolution moves (emcee) spreads the survivors over what is left.

    Args:
        worst: (m, p) points to (m,) their largest implausibility.
    """
    from scipy.stats import qmc

    random = np.random.RandomState(seed)
    points = qmc.LatinHypercube(dimensions, rng=np.random.default_rng(seed)).random(20 * _POPULATION)
    values, share, level = worst(points), 1.0, np.inf
    for _ in range(_LEVELS):
        before = level
        level = max(cutoff, float(np.quantile(values, _SURVIVE if share < 1 else _POPULATION / 2 / values.size)))
        inside = values <= level
        share *= float(np.mean(inside))
        chosen = points[inside][random.randint(0, int(inside.sum()), _POPULATION)]
        points, values = spread_on(worst, chosen, level, random)
        if level <= cutoff or level > 0.995 * before:
            break
    return Region(points, level, share)


def spread_on(worst: Callable[[Array], Array], points: Array, level: float,
              random: np.random.RandomState) -> tuple[Array, Array]:
    """Points that a Markov chain reaches from (m, p) ``points`` inside a level, and their largest implausibility."""
    import emcee

    def log_density(at: Array) -> Array:
        within = np.all((at >= 0) & (at <= 1), axis=1)
        found = np.full(at.shape[0], -np.inf)
        if within.any():
            found[within] = np.where(worst(at[within]) <= level, 0.0, -np.inf)
        return found

    # copies of one survivor must differ for the moves to be defined; those that leave the region stay where they were
    moved = points + 1e-4 * random.standard_normal(points.shape)
    start = np.where((log_density(moved) == 0.0)[:, None], moved, points)
    sampler = emcee.EnsembleSampler(start.shape[0], start.shape[1], log_density, vectorize=True,
                                    moves=[(emcee.moves.DEMove(), 0.8), (emcee.moves.DESnookerMove(), 0.2)])
    state = emcee.State(start, random_state=random.get_state())
    for step in sampler.sample(state, iterations=_STEPS, skip_initial_state_check=True, store=False):
        last = step
    return last.coords, worst(last.coords)
