"""A comparison: twin worlds over several seeds, their effects, what they cost and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from contactsim.actions import Action, remarks
from contactsim.comparison.cost_effectiveness import CostEffectiveness, cost_effectiveness
from contactsim.comparison.design import WITH, Design, read_design
from contactsim.comparison.effects import effects, precision, summarise
from contactsim.comparison.paired_runs import MARKED, WITHOUT, Progress, Twins, live
from contactsim.observers.panel import OUTCOMES
from contactsim.place import Place
from contactsim.runs.threads import Together, over_seeds

__all__ = ["Comparison", "Design", "compare", "one_seed", "read_design"]


@dataclass(frozen=True)
class Comparison:
    """What came of a comparison; tables are described in :mod:`contactsim.comparison.effects`."""

    design: Design
    place: Place
    effects: pd.DataFrame
    """all seeds together"""
    of_seeds: pd.DataFrame
    """seed by seed"""
    precision: pd.DataFrame
    """what twins buy in precision"""
    reach: pd.DataFrame
    """seed, side, week, differing, reachable, stray (see :class:`contactsim.comparison.paired_runs.Twins`)"""
    seeds: pd.DataFrame
    """seed, side, cost (pounds), participants, staff, interested, burn-in (weeks), flat"""
    notes: tuple[str, ...]
    """what a reader should know"""

    def effect(self, outcome: str, part: str = "participants", week: int | None = None, by: str = "all",
               level: str = "all", side: str = WITH) -> pd.Series[Any]:
        """One line of :attr:`effects`, of the last reading where no week is given. Raises KeyError."""
        at = self.design.read_at[-1] if week is None else week
        e = self.effects
        found = e[(e["side"] == side) & (e["week"] == at) & (e["part"] == part) & (e["by"] == by)
                  & (e["level"] == level) & (e["outcome"] == outcome)]
        if found.empty:
            raise KeyError(f"no effect on {outcome} of {part}, {by} {level}, side {side}, week {at}")
        return found.iloc[0]

    def cost_effectiveness(self, outcome: str, part: str = "participants", week: int | None = None,
                           side: str = WITH) -> CostEffectiveness:
        """Pounds for each person whose outcome is one unit higher, summed over the part.

        The unit is that of the effect's interval: a standard deviation, or the outcome's own where it does not vary in
        the untreated world. Raises KeyError.
        """
        cell = self.effect(outcome, part, week, side=side)
        e = self.of_seeds
        cells = e[(e["side"] == side) & (e["week"] == cell["week"]) & (e["part"] == part) & (e["by"] == "all")
                  & (e["outcome"] == outcome)].set_index("seed")
        costs = self.seeds[self.seeds["side"] == side].set_index("seed")["cost"].reindex(cells.index)
        return cost_effectiveness(costs.to_list(), (cells[cell["shown"]] * cells["residents"]).to_list(),
                                  bool(cell["significant"]), "SD" if cell["shown"] == "effect" else OUTCOMES[outcome])


def compare(design: Design, place: Place, jobs: int = 1, progress: Progress | None = None) -> Comparison:
    """Live all seeds, ``jobs`` at a time, and put them together. Raises UserError."""
    tell = Together(progress, len(design.seeds))
    found = over_seeds(lambda seed: _of_one(one_seed(design, place, seed, tell), design), design.seeds, jobs, tell.stop)
    of_seeds = pd.concat([one[0] for one in found], ignore_index=True)
    reach = pd.concat([one[1] for one in found], ignore_index=True)
    seeds = pd.concat([one[2] for one in found], ignore_index=True)
    notes = list(dict.fromkeys([*design.notes, *(note for one in found for note in one[3])]))
    stray = int(reach["stray"].sum())
    if stray:
        notes.append(f"{stray} residents differ outside what the rules can reach: please report this as a fault.")
    return Comparison(design, place, summarise(of_seeds), of_seeds, precision(of_seeds), reach, seeds,
                      (*notes, *_warnings(seeds, design, bool(reach["differing"].any()))))


def one_seed(design: Design, place: Place, seed: int, progress: Progress | None = None) -> Twins:
    """The twin worlds of one seed."""
    marked = [week for week in MARKED if week < design.weeks]
    return live(place, seed, design.sides(place), design.weeks, design.read_at, marked, design.config.cache_burn_in,
                progress)


def _of_one(twins: Twins, design: Design) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, list[str]]:
    sides = [name for name in design.configs if name != WITHOUT]
    table = pd.concat([effects(twins, side) for side in sides], ignore_index=True)
    seed = twins.seed
    facts = pd.DataFrame([{"seed": seed, "side": side, "cost": _added(twins, side),
                           **{what: int(twins.mask(side, what).sum())
                              for what in ("participants", "staff", "interested")},
                           "burn_in": twins.burn_in.weeks, "flat": twins.burn_in.stationary} for side in sides])
    notes = [f"{action.name}: {note}" for action in twins.sides[WITH].actions if isinstance(action, Action)
             for note in remarks(action)]
    return table.assign(seed=seed), twins.reach.assign(seed=seed), facts, notes


def _added(twins: Twins, side: str) -> float:
    """What the side costs more than the untreated one."""
    here, there = twins.sides[side].cost, twins.sides[WITHOUT].cost
    return here - (there if there == there else 0.0)


def _warnings(seeds: pd.DataFrame, design: Design, differs: bool) -> list[str]:
    with_ = seeds[seeds["side"] == WITH]
    notes = []
    if design.config.actions and not with_["participants"].any():
        notes.append("Nobody is listed as having taken part: what is done is done to everybody." if differs
                    else "Nobody took part in any seed.")
    if len(design.seeds) < 2:
        notes.append("One seed gives no interval: ask for seeds=10 or so.")
    if not with_["flat"].all() and (with_["burn_in"] > 0).any():
        notes.append(f"The burn-in was not flat at its end in {int((~with_['flat']).sum())} of {len(with_)} seeds.")
    return notes
