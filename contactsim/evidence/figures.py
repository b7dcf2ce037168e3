"""Figures of the report: outcomes with their acceptance intervals, descriptives along a gradient, and sweeps."""

from __future__ import annotations

from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from contactsim.evidence.design import BASE, AcceptanceInterval, Folder
from contactsim.evidence.tables import swept, words
from contactsim.evidence.verdicts import FindingResult, Interval, OutcomeResult

# Okabe and Ito's colours, which people with any common colour blindness can distinguish.
BLUE, ORANGE, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#666666"
#: Sizes of a finding's figure in inches: width, space for names, space above and below an outcome.
WIDE, LEFT, TITLE, LABEL = 8.5, 2.0, 0.25, 0.45
#: Colours of panels, and markers and lines of the base and its alternatives.
COLOURS = (BLUE, ORANGE, GREEN, PURPLE)
LINES = (("o", "-"), ("s", "--"), ("^", ":"))


def gradient(folder: Folder, descriptives: pd.DataFrame) -> Figure:
    """The labelled descriptives along a folder's gradient: base worlds, mean and standard deviation over seeds."""
    assert folder.gradient is not None
    base = descriptives[descriptives["knock_out"] == BASE]
    panels = {name: one.label for name, one in folder.gradient.descriptives.items() if one.label}
    figure = Figure(figsize=(2.75 * len(panels), 3.4), layout="constrained")
    names = {BASE: "as judged", **{name: one.text for name, one in folder.alternatives.items()}}
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for ax, (name, label), colour in zip(axes, panels.items(), cycle(COLOURS)):
        for (alternative, text), (marker, line) in zip(names.items(), cycle(LINES)):
            by_share = base[base["alternative"] == alternative].groupby("share")[name]
            mean, sd = by_share.mean(), by_share.std()
            ax.errorbar(100 * mean.index, mean, yerr=sd, color=colour, marker=marker, capsize=2, ls=line, label=text,
                        mfc=colour if alternative == BASE else "white")
        ax.set_title(label, fontsize=10)
        ax.set_xlabel("minority, % of residents")
        ax.set_ylim(bottom=0)
        _plain(ax)
    figure.axes[0].legend(fontsize=8, frameon=False)
    return figure


def finding(found: FindingResult) -> Figure:
    """The intervals of each outcome of a finding and of its knock-outs, with the acceptance interval shaded."""
    heights = [0.1 + 0.24 * (1 + len(one.knock_outs)) for one in found.outcomes]
    tall = sum(TITLE + height + LABEL for height in heights)
    figure, top = Figure(figsize=(WIDE, tall)), tall
    for one, height in zip(found.outcomes, heights, strict=True):
        top -= TITLE + height
        # placed in inches: an automatic layout would take most of the time of a report
        ax = figure.add_axes((LEFT / WIDE, top / tall, (WIDE - LEFT - 0.1) / WIDE, height / tall))
        top -= LABEL
        _outcome(ax, one)
    return figure


def _outcome(ax: Axes, outcome: OutcomeResult) -> None:
    shown = [("base worlds", outcome.effect)]
    shown += [(words(name), one) for name, (_, one) in outcome.knock_outs.items()]
    _shade(ax, outcome.acceptance, [one for _, one in shown])
    for y, (_, one) in enumerate(shown):
        colour = GREY if y else BLUE if outcome.judged else PURPLE
        if np.isfinite(one.low):
            ax.plot([one.low, one.high], [y, y], color=colour, lw=2)
        if np.isfinite(one.mean):
            ax.plot(one.mean, y, marker="x" if y else "o", color=colour)
    ax.set_yticks(range(len(shown)), [name for name, _ in shown], fontsize=8)
    ax.set_ylim(len(shown) - 0.4, -0.6)
    ax.set_title(f"{outcome.id}: {outcome.verdict if outcome.judged else 'not judged'}", fontsize=9, loc="left")
    ax.set_xlabel(outcome.unit, fontsize=8)
    ax.tick_params(axis="x", labelsize=8)
    _plain(ax)


def sweeps(lines: list[dict[str, Any]], acceptance: dict[str, AcceptanceInterval]) -> Figure:
    """Small multiples: one row for each parameter, one column for each outcome with its acceptance interval shaded."""
    table = pd.DataFrame(lines)
    parameters, names = list(dict.fromkeys(table["parameter"])), list(dict.fromkeys(table["outcome"]))
    figure = Figure(figsize=(2.1 * len(names) + 1, 1.9 * len(parameters)), layout="constrained")
    grid = figure.subplots(len(parameters), len(names), squeeze=False, sharey="col")
    for i, parameter in enumerate(parameters):
        for k, name in enumerate(names):
            ax, found = grid[i, k], table[(table["parameter"] == parameter) & (table["outcome"] == name)]
            at = np.arange(len(found))
            low, high = acceptance[name]
            ax.axhspan(-1e3 if low is None else low, 1e3 if high is None else high, color=GREEN, alpha=0.15, lw=0)
            shown = np.append(table.loc[table["outcome"] == name, ["low", "high"]].to_numpy(dtype=float), 0.0)
            ax.set_ylim(shown.min() - 0.1 * np.ptp(shown), shown.max() + 0.1 * np.ptp(shown))
            mean, ends = found["mean"].to_numpy(dtype=float), found[["low", "high"]].to_numpy(dtype=float).T
            ax.errorbar(at, mean, yerr=abs(ends - mean), color=BLUE, marker="o", capsize=2)
            is_base = found["is_base"].to_numpy(dtype=bool)
            ax.plot(at[is_base], mean[is_base], "o", ms=9, mfc="none", mec=ORANGE, mew=2)
            labels = [swept(value, "known") for value in found["value"]]
            ax.set_xticks(at, labels, fontsize=7)
            ax.tick_params(axis="y", labelsize=7)
            _plain(ax)
            if i == 0:
                ax.set_title(name, fontsize=9)
            if k == 0:
                ax.set_ylabel(words(parameter.split(".")[-1]), fontsize=8)
    return figure


def _shade(ax: Axes, acceptance: AcceptanceInterval, intervals: list[Interval]) -> None:
    """Shade the acceptance interval, on an axis that shows all finite values."""
    ends = [x for one in intervals for x in (one.low, one.high, one.mean) if np.isfinite(x)]
    ends += [end for end in acceptance if end is not None]
    low, high = min([*ends, 0.0]), max([*ends, 0.0])
    edge = 0.08 * (high - low or 1.0)
    ax.set_xlim(low - edge, high + edge)
    ax.axvspan(low - edge if acceptance[0] is None else acceptance[0],
               high + edge if acceptance[1] is None else acceptance[1], color=GREEN, alpha=0.15, lw=0)
    ax.axvline(0.0, color=GREY, lw=0.6)


def _plain(ax: Axes) -> None:
    ax.spines[["top", "right"]].set_visible(False)
