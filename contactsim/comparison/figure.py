"""Figures of a comparison: effects by outcome, time, subgroup and cell."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator

from contactsim.comparison.compare import Comparison
from contactsim.comparison.design import point_text
from contactsim.comparison.effects import KEYS, PARTS
from contactsim.comparison.paired_runs import TREATMENT
from contactsim.observers.panel import OUTCOMES
from contactsim.runs.plots import CAVEAT, COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Distance of the points of parameter sets from the line of their mean, of a row's height.
BESIDE = 0.07
_COLOUR = dict(zip(PARTS, COLOURS, strict=False))


def figure(comparison: Comparison) -> Figure:
    """Three panels: all outcomes at the end, attitude over time, attitude by subgroup. In a grid attitude by cell."""
    if comparison.grid.axes:
        return _figure_of_grid(comparison)
    design = comparison.design
    week = design.main_week
    e = _with_sets(comparison)
    e = e[e["arm"] == TREATMENT]
    layout = ConstrainedLayoutEngine(rect=(0.005, 0.05, 0.985, 0.88), w_pad=0.1)
    canvas = Figure(figsize=(13, 6.4), dpi=130, layout=layout)
    left, middle, right = canvas.subplots(1, 3, width_ratios=(1.3, 1, 1))
    _outcomes(left, e[(e["week"] == week) & (e["by"] == "all")], week)
    _over_time(middle, e[(e["by"] == "all") & (e["outcome"] == "attitude")], design.end)
    part = "participants" if (e.loc[e["part"] == "participants", "residents"] > 0).any() else "everybody"
    _subgroups(right, e[(e["week"] == week) & (e["part"] == part) & (e["outcome"] == "attitude")], part, week)
    for axis in (left, middle, right):
        axis.spines[["top", "right"]].set_visible(False)
        axis.title.set_fontsize(11)
    what = ", ".join(design.config.actions) or "other parameters"
    canvas.text(0.01, 0.985, f"{what} in {comparison.place.name}: treatment minus control", fontsize=14,
                fontweight="bold", va="top")
    _explain(canvas, comparison)
    return canvas


def _figure_of_grid(comparison: Comparison) -> Figure:
    """One panel: attitude at the end in each cell, by part."""
    cells = comparison.grid.points
    layout = ConstrainedLayoutEngine(rect=(0.005, 0.08, 0.985, 0.84), w_pad=0.1)
    canvas = Figure(figsize=(10, 2.6 + 0.5 * len(cells)), dpi=130, layout=layout)
    axis = canvas.add_subplot()
    tables, effects = [], _with_sets(comparison)
    for cell in cells:
        e = comparison.of_cell(effects, cell.design.point)
        tables.append(e[(e["arm"] == TREATMENT) & (e["week"] == cell.design.main_week) & (e["by"] == "all")
                        & (e["outcome"] == "attitude")].set_index("part"))
    shown = [part for part in PARTS if any((table.loc[[part], "residents"] > 0).all() for table in tables)]
    for k, part in enumerate(shown):
        rows = pd.DataFrame([table.loc[part] for table in tables])
        at = [i + 0.15 * (k - (len(shown) - 1) / 2) for i in range(len(cells))]
        _points(axis, rows, at, _COLOUR[part], part)
    labels = [point_text(cell.design.point) for cell in cells]
    axis.set_yticks(range(len(cells)), labels)
    axis.invert_yaxis()
    axis.axvline(0, color="#888888", linewidth=0.8)
    axis.legend(frameon=False, fontsize=8, loc="best")
    axis.spines[["top", "right"]].set_visible(False)
    axis.set(title="Attitude, treatment minus control", xlabel="SD")
    _explain(canvas, comparison)
    return canvas


def _with_sets(comparison: Comparison) -> pd.DataFrame:
    """The effects, with those of each parameter set as lists in the column ``of_sets`` where sets are pooled."""
    if not comparison.grid.sets:
        return comparison.effects
    keys = [*comparison.grid.axes, *KEYS]
    of_sets = comparison.of_sets().groupby(keys, sort=False, observed=True)["effect"].agg(list).rename("of_sets")
    return comparison.effects.merge(of_sets, left_on=keys, right_index=True, how="left", sort=False)


def _explain(canvas: Figure, comparison: Comparison) -> None:
    grid, seeds = comparison.grid, len(comparison.design.seeds)
    means = (f"Means over {len(grid.sets)} parameter sets (light points) with {seeds} seeds of paired runs each, with "
             f"95 % intervals over sets" if grid.sets else
             f"Means of {seeds} seeds of paired runs with 95 % intervals")
    canvas.text(0.01, 0.008, f"{CAVEAT}\n{means}, in SD of the own group in the control arm.", fontsize=8,
                color="#444444", va="bottom")


def save(comparison: Comparison, path: Path) -> None:
    """Draw the figure into a file."""
    figure(comparison).savefig(path)


def _outcomes(axis: Axes, table: pd.DataFrame, week: int) -> None:
    shown = [part for part in PARTS if (table.loc[table["part"] == part, "residents"] > 0).any()]
    for k, part in enumerate(shown):
        cells = table[table["part"] == part].set_index("outcome").reindex(list(OUTCOMES))
        at = [i + 0.15 * (k - (len(shown) - 1) / 2) for i in range(len(cells))]
        _points(axis, cells, at, _COLOUR[part], part)
    axis.set_yticks(range(len(OUTCOMES)), list(OUTCOMES))
    axis.invert_yaxis()
    axis.axvline(0, color="#888888", linewidth=0.8)
    axis.legend(frameon=False, fontsize=8, loc="best")
    axis.set(title=f"All outcomes, week {week}", xlabel="SD")


def _over_time(axis: Axes, table: pd.DataFrame, end: int | None) -> None:
    for part in PARTS:
        cells = table[(table["part"] == part) & (table["residents"] > 0)].sort_values("week")
        if not cells.empty:
            axis.plot(cells["week"], cells["effect"], color=_COLOUR[part], marker="o", markersize=3)
            axis.fill_between(cells["week"], cells["low"], cells["high"], color=_COLOUR[part], alpha=0.12, linewidth=0)
    if end is not None:
        axis.axvline(end, color="#888888", linewidth=0.8, linestyle=":")
    axis.axhline(0, color="#888888", linewidth=0.8)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set(title="Attitude over time" + (" (dotted: its end)" if end is not None else ""), xlabel="week", ylabel="SD")


def _subgroups(axis: Axes, table: pd.DataFrame, part: str, week: int) -> None:
    cells = table[(table["by"] != "all") & (table["residents"] > 0)].reset_index(drop=True)
    _points(axis, cells, list(range(len(cells))), _COLOUR[part], part)
    labels = [f"{by}: {level}" for by, level in zip(cells["by"], cells["level"], strict=True)]
    axis.set_yticks(range(len(cells)), labels)
    axis.invert_yaxis()
    axis.axvline(0, color="#888888", linewidth=0.8)
    axis.set(title=f"Attitude of {part}, week {week}", xlabel="SD")


def _points(axis: Axes, cells: pd.DataFrame, at: list[float], colour: str, label: str) -> None:
    if "of_sets" in cells:
        for y, effects in zip(at, cells["of_sets"], strict=True):
            axis.plot(effects, [y + BESIDE] * len(effects), "o", markersize=3, color=colour, alpha=0.3,
                      markeredgewidth=0)
    error = [(cells["effect"] - cells["low"]).fillna(0), (cells["high"] - cells["effect"]).fillna(0)]
    axis.errorbar(cells["effect"], at, xerr=error, fmt="o", markersize=3.5, color=colour, linewidth=1.2, label=label)
