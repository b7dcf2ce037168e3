"""Figures of the report: all findings, the outcomes of each, descriptives along a gradient, and sweeps."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from contactsim.evidence.design import BASE, AcceptanceInterval, Folder
from contactsim.evidence.judging import ABSENT, DEPENDS, FAILS, FEW, HOLDS, MOST, ROBUST, FindingResult, OutcomeResult
from contactsim.evidence.numbers import swept, words

# Okabe and Ito's colours, which people with any common colour blindness can distinguish.
BLUE, ORANGE, GREEN, PURPLE, GREY, YELLOW = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#666666", "#E69F00"
#: Colour and marker of each verdict; the marker tells them apart without colours.
VERDICTS = {ROBUST: (BLUE, "o"), HOLDS: (BLUE, "o"), DEPENDS: (YELLOW, "D"), ABSENT: (ORANGE, "X"),
            FAILS: (ORANGE, "X")}
#: Sizes of a finding's figure in inches: width, space for names, space above and below an outcome.
WIDE, TITLE, LABEL = 8.5, 0.25, 0.45
#: Colours of panels, and markers and lines of the base and its alternatives.
COLOURS = (BLUE, ORANGE, GREEN, PURPLE)
LINES = (("o", "-"), ("s", "--"), ("^", ":"))


def gradient(folder: Folder, descriptives: pd.DataFrame) -> Figure:
    """The labelled descriptives along a folder's gradient: base worlds, mean and standard deviation over seeds."""
    assert folder.gradient is not None
    panels = {name: one.label for name, one in folder.gradient.descriptives.items() if one.label}
    figure = Figure(figsize=(2.75 * len(panels), 3.4), layout="constrained")
    names = {BASE: "as judged", **{name: one.text for name, one in folder.alternatives.items()}}
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for ax, (name, label), colour in zip(axes, panels.items(), cycle(COLOURS)):
        for (alternative, text), (marker, line) in zip(names.items(), cycle(LINES)):
            by_share = descriptives[descriptives["alternative"] == alternative].groupby("share")[name]
            mean, sd = by_share.mean(), by_share.std()
            ax.errorbar(100 * mean.index, mean, yerr=sd, color=colour, marker=marker, capsize=2, ls=line, label=text,
                        mfc=colour if alternative == BASE else "white")
        ax.set_title(label, fontsize=10)
        ax.set_xlabel("minority, % of residents")
        ax.set_ylim(bottom=0)
        _plain(ax)
    figure.axes[0].legend(fontsize=8, frameon=False)
    return figure


def overview(results: Sequence[FindingResult]) -> Figure:
    """All judged findings, sorted: the share of worlds in which the weakest outcome of each holds, and its others."""
    found = sorted(((one, one.worst) for one in results if one.worst is not None),
                   key=lambda pair: (pair[1].holds.share, pair[1].holds.low))
    figure = Figure(figsize=(WIDE, 0.9 + 0.24 * len(found)), layout="constrained")
    ax = figure.subplots()
    for at in (FEW, MOST):
        ax.axvline(100 * at, color=GREY, lw=0.8, ls=":")
    for y, (one, worst) in enumerate(found):
        colour, marker = VERDICTS[one.verdict]
        ax.plot([100 * worst.holds.low, 100 * worst.holds.high], [y, y], color=colour, lw=2)
        ax.plot([100 * of.holds.share for of in one.judged], [y] * len(one.judged), marker="|", ls="", color=GREY, ms=9)
        ax.plot(100 * worst.holds.share, y, marker=marker, color=colour, ms=7)
    ax.set_yticks(range(len(found)), [f"{one.claim if len(one.claim) < 62 else one.claim[:60] + ' …'}  {one.id}"
                                      for one, _ in found], fontsize=7)
    for word in dict.fromkeys(one.verdict for one, _ in reversed(found)):
        ax.plot([], [], marker=VERDICTS[word][1], color=VERDICTS[word][0], ls="-", label=word)
    figure.legend(loc="outside upper right", ncols=3, fontsize=8, frameon=False)
    ax.set_xlim(-2, 102)
    ax.set_xlabel("plausible worlds in which it holds, %", fontsize=8)
    _plain(ax)
    return figure


def finding(found: FindingResult) -> Figure:
    """The effects of each outcome of a finding in all worlds, with the acceptance interval shaded."""
    height = 0.45
    tall = sum(TITLE + height + LABEL for _ in found.outcomes)
    figure, top = Figure(figsize=(WIDE, tall)), tall
    for one in found.outcomes:
        top -= TITLE + height
        # placed in inches: an automatic layout would take most of the time of a report
        ax = figure.add_axes((0.1 / WIDE, top / tall, (WIDE - 0.2) / WIDE, height / tall))
        top -= LABEL
        _outcome(ax, one)
    return figure


def _outcome(ax: Axes, outcome: OutcomeResult) -> None:
    known = [x for x in outcome.effects if np.isfinite(x)]
    off = [(name, one.mean) for name, one in outcome.removals.items() if np.isfinite(one.mean)]
    _shade(ax, outcome.acceptance, [*known, *(mean for _, mean in off)])
    colour = VERDICTS[outcome.verdict][0] if outcome.judged else PURPLE
    ax.plot([mean for _, mean in off], [1.0] * len(off), marker="x", ls="", color=GREY)
    ax.plot(known, [0.0] * len(known), marker="|", ls="", color=colour, ms=8, alpha=0.6)
    if known:
        ax.plot([outcome.low, outcome.high], [0.0, 0.0], color=colour, lw=2)
        ax.plot(outcome.median, 0.0, marker="o", color=colour)
    ax.set_yticks([])
    ax.set_ylim(1.6, -0.6)
    ax.set_title(f"{outcome.id}: {outcome.verdict}", fontsize=9, loc="left")
    ax.set_xlabel(outcome.unit, fontsize=8)
    ax.tick_params(axis="x", labelsize=8)
    _plain(ax)
    ax.spines["left"].set_visible(False)


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


def _shade(ax: Axes, acceptance: AcceptanceInterval, values: Sequence[float]) -> None:
    """Shade the acceptance interval, on an axis that shows all values."""
    ends = [*values, *(end for end in acceptance if end is not None)]
    low, high = min([*ends, 0.0]), max([*ends, 0.0])
    edge = 0.08 * (high - low or 1.0)
    ax.set_xlim(low - edge, high + edge)
    ax.axvspan(low - edge if acceptance[0] is None else acceptance[0],
               high + edge if acceptance[1] is None else acceptance[1], color=GREEN, alpha=0.15, lw=0)
    ax.axvline(0.0, color=GREY, lw=0.6)


def _plain(ax: Axes) -> None:
    ax.spines[["top", "right"]].set_visible(False)
