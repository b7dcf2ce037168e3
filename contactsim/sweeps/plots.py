"""Figures of a sweep: one or two swept parameters, and small multiples of the weeks by parameter set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from contactsim.errors import UserError
from contactsim.observers.weekly import UNITS
from contactsim.runs.plots import CAVEAT, COLOURS
from contactsim.sweeps.results import parts, summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Maximum number of panels, and number of values above which a line has a band instead of error bars.
MOST_PANELS, BAND = 30, 12
#: Maximum number of cells of a map that shows its numbers, and of tick labels on an axis of a map.
LABELLED, NAMED = 42, 12


def draw(table: pd.DataFrame, by: Sequence[str], figures: Sequence[str]) -> Figure:
    """Means over replications with 95 % intervals against one swept parameter, or as maps of two."""
    if len(by) == 1:
        return _against_one(summary(table, by, figures), by[0], figures)
    if len(by) == 2:
        return _maps(summary(table, by, figures), by, figures)
    names = ", ".join(by) or "none"
    raise UserError(f"--plot draws one or two swept parameters and here are {len(by)} ({names}): choose with "
                    f"--by KEY,KEY, fix some with --where KEY=VALUE, or draw the weeks with --weeks.")


def _against_one(means: pd.DataFrame, key: str, figures: Sequence[str]) -> Figure:
    measures = list(dict.fromkeys(parts(figure)[0] for figure in figures))
    canvas, axes = _grid(len(measures), 2, 4.6, 3.2)
    names = [parts(figure)[1] for figure in figures]
    groups = _coloured(names)
    numeric = pd.api.types.is_numeric_dtype(means[key])
    for axis, measure in zip(axes, measures, strict=True):
        for k, (group, colour) in enumerate(groups.items()):
            own = means[(means["measure"] == measure) & (means["group"] == group)]
            own = own.sort_values(key) if numeric else own
            at = own[key].to_numpy(float) if numeric else np.arange(len(own)) + 0.08 * (k - (len(groups) - 1) / 2)
            _line(axis, at, own, colour, joined=numeric)
        if not numeric:
            labels = list(dict.fromkeys(means[key].astype(str)))
            axis.set_xticks(range(len(labels)), labels)
        axis.set(title=measure, xlabel=key, ylabel=UNITS.get(measure, measure))
    return _finished(canvas, groups, _runs(means) + _some(groups, names))


def _line(axis: Axes, at: Any, own: pd.DataFrame, colour: str, joined: bool) -> None:
    mean = own["mean"].to_numpy(float)
    low, high = (own[name].fillna(own["mean"]).to_numpy(float) for name in ("low", "high"))
    if joined and len(own) > BAND:
        axis.fill_between(at, low, high, color=colour, alpha=0.15, linewidth=0)
        axis.plot(at, mean, color=colour, linewidth=1.4)
        return
    axis.errorbar(at, mean, yerr=[mean - low, high - mean], color=colour, linewidth=1.5, marker="o", markersize=4,
                  capsize=2.5, linestyle="-" if joined else "none")


def _maps(means: pd.DataFrame, by: Sequence[str], figures: Sequence[str]) -> Figure:
    canvas, axes = _grid(len(figures), max(1, len({parts(figure)[1] for figure in figures})), 4.6, 3.6)
    for axis, figure in zip(axes, figures, strict=True):
        measure, group = parts(figure)
        own = means[(means["measure"] == measure) & (means["group"] == group)]
        if own.groupby(list(by)).ngroups < own[by[0]].nunique() * own[by[1]].nunique() and all(
                pd.api.types.is_numeric_dtype(own[key]) for key in by):
            image: Any = axis.scatter(own[by[0]], own[by[1]], c=own["mean"], s=30, cmap="cividis",
                                      edgecolors="#444444", linewidths=0.4)
        else:
            image = _cells(axis, own, by)
        axis.set(title=f"{measure}{f', {group}' if group else ''}", xlabel=by[0], ylabel=by[1])
        canvas.colorbar(image, ax=axis, label=UNITS.get(measure, measure))
    return _finished(canvas, {}, _runs(means))


def _cells(axis: Axes, own: pd.DataFrame, by: Sequence[str]) -> Any:
    """A cell for each pair of values, with its number if there are few cells."""
    wide = own.pivot(index=by[1], columns=by[0], values="mean")
    if wide.size <= LABELLED:
        _write_in(axis, wide, own.pivot(index=by[1], columns=by[0], values="high") - wide)
    for values, ticks in ((wide.columns, axis.set_xticks), (wide.index, axis.set_yticks)):
        named = range(0, len(values), -(-len(values) // NAMED))
        ticks(list(named), [_tick(values[k]) for k in named])
    return axis.imshow(wide.to_numpy(float), origin="lower", aspect="auto", cmap="cividis")


def _write_in(axis: Axes, wide: pd.DataFrame, half: pd.DataFrame) -> None:
    """Mean and half of its interval in each cell of a map; light on dark and dark on light."""
    means, halves = wide.to_numpy(float), half.to_numpy(float)
    middle = (np.nanmin(means) + np.nanmax(means)) / 2
    for (i, j), mean in np.ndenumerate(means):
        axis.text(j, i, _mean_text(mean, float(halves[i, j])), ha="center", va="center", fontsize=8,
                  color="#ffffff" if mean < middle else "#000000")


def _mean_text(mean: float, half: float) -> str:
    """A mean with half of its interval, both to the interval's first digit."""
    if not (np.isfinite(half) and half > 0):
        return f"{mean:.3g}"
    digits = max(0, -int(np.floor(np.log10(half))))
    return f"{mean:.{digits}f}\n±{half:.{digits}f}"


def _tick(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def draw_weeks(weeks: pd.DataFrame, by: Sequence[str], measure: str) -> Figure:
    """Small multiples: a panel for each parameter set, week by week; mean and middle 90 % of the replications.

    ``weeks`` as from :func:`contactsim.sweeps.results.weeks_of` for one measure.
    """
    sets = list(weeks.groupby(list(by), sort=False, observed=True)) if by else [((), weeks)]
    if len(sets) > MOST_PANELS:
        raise UserError(f"--weeks draws a panel for each parameter set and here are {len(sets)}, more than "
                        f"{MOST_PANELS}: select some with --where KEY=VALUE.")
    names = list(weeks["group"].astype(str).unique())
    groups = _coloured(names)
    canvas, axes = _grid(len(sets), min(4, len(sets)), 3.2, 2.4, same_y=True)
    for k, (axis, (values, runs)) in enumerate(zip(axes, sets, strict=True)):
        for group, colour in groups.items():
            by_week = runs[runs["group"] == group].groupby("week")["value"]
            mean, low, high = by_week.mean(), by_week.quantile(0.05), by_week.quantile(0.95)
            axis.fill_between(mean.index, low, high, color=colour, alpha=0.15, linewidth=0)
            axis.plot(mean.index, mean, color=colour, linewidth=1.4)
        axis.set_title("\n".join(f"{key}={_tick(value)}" for key, value in zip(by, values, strict=True)), fontsize=8)
        axis.set_xlabel("week")
        if k % min(4, len(sets)) == 0:
            axis.set_ylabel(UNITS.get(measure, measure), fontsize=8)
    return _finished(canvas, groups, f"{measure}; {weeks['run'].nunique()} runs; band: middle 90 % of the runs"
                     + _some(groups, names))


def _grid(panels: int, columns: int, width: float, height: float, same_y: bool = False) -> tuple[Figure, list[Axes]]:
    columns = min(columns, panels)
    rows = -(-panels // columns)
    canvas = Figure(figsize=(width * columns, height * rows + 0.9), dpi=130, layout="constrained")
    axes = canvas.subplots(rows, columns, squeeze=False, sharey=same_y)
    for axis in axes.flat[panels:]:
        axis.set_visible(False)
    return canvas, list(axes.flat[:panels])


def _coloured(names: Sequence[str]) -> dict[str, str]:
    """A colour for each group, up to the number of distinguishable colours."""
    return dict(zip(dict.fromkeys(names), COLOURS, strict=False))


def _some(groups: dict[str, str], names: Sequence[str]) -> str:
    return f"; {len(groups)} of {len(set(names))} groups" if len(groups) < len(set(names)) else ""


def _runs(means: pd.DataFrame) -> str:
    low, high = means["runs"].min(), means["runs"].max()
    runs = low if low == high else f"{low} to {high}"
    return f"{runs} runs per parameter set; bars, bands and ±: 95 % interval of the mean over seeds"


def _finished(canvas: Figure, groups: dict[str, str], text: str) -> Figure:
    for axis in canvas.axes:
        axis.spines[["top", "right"]].set_visible(False)
    if len(groups) > 1:
        handles = [Line2D([], [], color=colour, linewidth=3, label=name) for name, colour in groups.items()]
        canvas.legend(handles=handles, loc="outside upper left", ncols=6, frameon=False)
    canvas.supxlabel(f"{text}\n{CAVEAT}", fontsize=7, color="#444444", x=0.01, ha="left")
    return canvas


def save(canvas: Figure, file: str) -> None:
    """Write a figure in the format of the file's ending. Raises UserError."""
    path = Path(file)
    if path.suffix not in (".png", ".pdf", ".svg"):
        raise UserError(f"--plot {file} cannot be drawn by its ending: allowed are .png, .pdf and .svg.")
    dates = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}}
    try:
        canvas.savefig(path, metadata=dates.get(path.suffix))
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}.") from None
