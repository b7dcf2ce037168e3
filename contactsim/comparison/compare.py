"""A comparison, or a grid of them: paired runs over several seeds, effects with intervals, and costs.

Replications are tasks of the executor and lie in a store, so that an interrupted comparison goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from contactsim.comparison.design import Cell, Design, Grid, Label, at_point
from contactsim.comparison.effects import (
    KEYS,
    CostEffectiveness,
    cost_effectiveness,
    differences,
    dose_estimates,
    precision,
    set_means,
    summarise,
)
from contactsim.comparison.paired_runs import TREATMENT
from contactsim.comparison.tasks import Replicated, default_store, read, tasks_of
from contactsim.config.ensemble import SET
from contactsim.observers.panel import OUTCOMES
from contactsim.place import Place
from contactsim.runs.executor import complete
from contactsim.runs.task import Task
from contactsim.storage.places import write_place
from contactsim.storage.store import Store

#: Called with (stage, done, total).
Progress = Callable[[str, int, int], None]
#: Name of the default store in the user's cache.
STORE = "comparisons"


@dataclass(frozen=True)
class Comparison:
    """The results of a comparison; see :mod:`contactsim.comparison.effects` for the tables.

    Tables of a grid begin with a column for each axis. Where parameter sets are pooled, tables of seeds also have the
    column ``ensemble_set``.
    """

    grid: Grid
    effects: pd.DataFrame
    """means over seeds (and parameter sets) with 95 % intervals"""
    by_seed: pd.DataFrame
    """effects of each seed"""
    precision: pd.DataFrame
    """variances of effects with paired runs and with independent seeds"""
    footprint: pd.DataFrame
    """seed, arm, week, differing, moved, reachable, stray (:class:`contactsim.comparison.paired_runs.PairedRuns`)"""
    seeds: pd.DataFrame
    """seed, arm, cost (pounds), participants, staff, interested, burn_in (weeks), stationary"""
    notes: tuple[str, ...]
    """warnings and remarks"""
    differences: pd.DataFrame = field(default_factory=pd.DataFrame)
    """difference-in-differences between cells of a grid; empty for a single comparison"""
    dose: pd.DataFrame = field(default_factory=pd.DataFrame)
    """close hours that arms add, beside an ordinary year's (:func:`contactsim.comparison.effects.dose_estimates`)"""

    @property
    def design(self) -> Design:
        """The design of the (reference) comparison."""
        return self.grid.reference.design

    @property
    def place(self) -> Place:
        """Where the (reference) comparison takes place."""
        return self.grid.reference.place

    def of_sets(self) -> pd.DataFrame:
        """Effects of each parameter set, means over its seeds: axes, ensemble_set, columns of effects."""
        keys = [*self.grid.axes, *KEYS]
        return set_means(self.by_seed, keys, ["residents", "effect", "raw", "control", "control_sd"])

    def of_cell(self, table: pd.DataFrame, cell: Mapping[str, Label] | None = None) -> pd.DataFrame:
        """The rows of a table for one cell of the grid; the reference cell if ``cell`` is None."""
        return at_point(table, {**self.design.point, **(cell or {})})

    def effect(self, outcome: str, part: str = "participants", week: int | None = None, by: str = "all",
               level: str = "all", arm: str = TREATMENT, cell: Mapping[str, Label] | None = None) -> pd.Series[Any]:
        """One row of :attr:`effects`.

        Args:
            outcome: see :data:`contactsim.observers.panel.OUTCOMES`.
            part: see :data:`contactsim.comparison.effects.PARTS`.
            week: one of the readout weeks; the last if None.
            by: all, group, age or prior contact.
            level: of that cut.
            arm: ``treatment`` or ``message off``.
            cell: values of axes in a grid; those that are not given are the reference's.

        Raises KeyError.
        """
        e = self.of_cell(self.effects, cell)
        at = int(e["week"].max()) if week is None else week
        found = e[(e["arm"] == arm) & (e["week"] == at) & (e["part"] == part) & (e["by"] == by)
                  & (e["level"] == level) & (e["outcome"] == outcome)]
        if found.empty:
            raise KeyError(f"no effect on {outcome} of {part}, {by} {level}, arm {arm}, week {at}")
        return found.iloc[0]

    def cost_effectiveness(self, outcome: str, part: str = "participants", week: int | None = None,
                           arm: str = TREATMENT, cell: Mapping[str, Label] | None = None) -> CostEffectiveness:
        """Pounds for each person whose outcome is one unit higher, summed over the part.

        The unit is that of the effect's interval: a standard deviation, or the outcome's own if it does not vary in the
        control arm. Arguments as in :meth:`effect`. Raises KeyError.
        """
        row = self.effect(outcome, part, week, arm=arm, cell=cell)
        e, seeds = self.of_cell(self.by_seed, cell), self.of_cell(self.seeds, cell)
        run = [SET, "seed"] if SET in e else ["seed"]
        rows = e[(e["arm"] == arm) & (e["week"] == row["week"]) & (e["part"] == part) & (e["by"] == "all")
                 & (e["outcome"] == outcome)].set_index(run)
        costs = seeds[seeds["arm"] == arm].set_index(run)["cost"].reindex(rows.index)
        pairs = pd.DataFrame({"cost": costs, "gain": rows[row["shown"]] * rows["residents"]}).dropna()
        if SET in e:
            pairs = pairs.groupby(level=SET).mean()
        return cost_effectiveness(pairs["cost"].to_list(), pairs["gain"].to_list(), bool(row["significant"]),
                                  "SD" if row["shown"] == "effect" else OUTCOMES[outcome])


def compare(grid: Grid, store: Path | str | None = None, jobs: int | None = None, scheduler: str | None = None,
            progress: Progress | None = None) -> Comparison:
    """Simulate all replications that the store lacks, and estimate effects.

    Args:
        grid: of :func:`contactsim.comparison.design.read_grid`.
        store: folder of the store; one in the user's cache if None.
        jobs: processes; all processors if None, 0 for this very process. It changes no result.
        scheduler: address of a Dask scheduler, to use its workers instead.
        progress: called with ("replications", done, to do).

    Raises UserError for a replication that fails; what is stored by then stays.
    """
    folder = Store(default_store(STORE) if store is None else store, missing=True)
    planned = [(cell, tasks_of(cell.design, cell.place)) for cell in grid.cells]
    carry_out(folder, [task for _, tasks in planned for task in tasks], [cell.place for cell in grid.cells], jobs,
              scheduler or grid.scheduler, progress)
    stored = read(folder, {task.id for _, tasks in planned for task in tasks})
    return put_together(grid, [(cell, seed, stored[task.id]) for cell, tasks in planned
                               for seed, task in zip(cell.design.seeds, tasks, strict=True)])


def carry_out(store: Store, tasks: Sequence[Task], places: Sequence[Place], jobs: int | None, scheduler: str | None,
              progress: Progress | None) -> None:
    """Complete tasks of :func:`contactsim.comparison.tasks.arms_task`, whose places are written to the store first."""
    store.prepare()
    with store.writing():
        for place in {id(place): place for place in places}.values():
            write_place(place, store.places)
    complete(store, tasks, jobs, scheduler,
             None if progress is None else lambda done, total, failed: progress("replications", done, total))


def put_together(grid: Grid, replicated: Sequence[tuple[Cell, int, Replicated]]) -> Comparison:
    """The comparison of stored replications, given as (cell, seed, results) in the order of cells and seeds."""
    axes = list(grid.axes)

    def joined(tables: Sequence[tuple[pd.DataFrame, Cell, int]]) -> pd.DataFrame:
        return pd.concat([_labelled(table.assign(seed=seed), cell) for table, cell, seed in tables], ignore_index=True)

    by_seed = joined([(one.effects, cell, seed) for cell, seed, one in replicated])
    dose = joined([(one.dose, cell, seed) for cell, seed, one in replicated])
    footprint = joined([(one.footprint, cell, seed) for cell, seed, one in replicated])
    seeds = pd.concat([_labelled(_facts(seed, one), cell) for cell, seed, one in replicated], ignore_index=True)
    notes = list(dict.fromkeys([*(note for cell in grid.cells for note in cell.design.notes),
                                *(note for _, _, one in replicated for note in one.notes)]))
    stray = int(footprint["stray"].sum())
    if stray:
        notes.append(f"{stray} residents differ outside what the rules can reach: please report this as a fault.")
    return Comparison(grid, summarise(by_seed, axes), by_seed, precision(by_seed, axes), footprint, seeds,
                      (*notes, *_warnings(seeds, grid, bool(footprint["differing"].any()))),
                      differences(by_seed, grid.axes), dose_estimates(dose, axes))


def _labelled(table: pd.DataFrame, cell: Cell) -> pd.DataFrame:
    """The table with the cell's value of each axis, and its parameter set, in front."""
    own = {**cell.design.point, **({} if cell.parameter_set is None else {SET: cell.parameter_set})}
    for at, (axis, value) in enumerate(own.items()):
        table.insert(at, axis, [value] * len(table))
    return table


def _facts(seed: int, one: Replicated) -> pd.DataFrame:
    whole = dict.fromkeys(["participants", "staff", "interested", "burn_in"], int) | {"stationary": bool}
    return pd.DataFrame([{"seed": seed, "arm": arm, **facts} for arm, facts in one.facts.items()]).astype(whole)


def _warnings(seeds: pd.DataFrame, grid: Grid, differs: bool) -> list[str]:
    design = grid.reference.design
    treated = seeds[seeds["arm"] == TREATMENT]
    notes = []
    if design.config.actions and not treated["participants"].any():
        notes.append("No action lists participants: it affects everybody." if differs
                     else "Nobody took part in any seed.")
    if len(design.seeds) < 2:
        notes.append("One seed for each parameter set does not tell sets from seeds: set seeds=2 or more." if grid.sets
                     else "One seed gives no interval: set seeds=10 or so.")
    if not treated["stationary"].all() and (treated["burn_in"] > 0).any():
        notes.append(f"The burn-in was not stationary at its end in {int((~treated['stationary']).sum())} of "
                     f"{len(treated)} {'runs' if grid.sets else 'seeds'}.")
    return notes
