"""The figure of a run: contact, attitudes and friends by group, week by week."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, PercentFormatter

from contactsim.observers.weekly import ALL_OTHERS
from contactsim.runs.folder import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Okabe and Ito's colours, which colour-blind readers can distinguish; without yellow, which is too light on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
#: Number of groups drawn, the largest first, and of those with a band and a distribution.
MOST_GROUPS, MOST_BANDS = 6, 2
CAVEAT = ("A simulation that explains and explores. It does not predict what happens in a real town; "
          "most of its numbers are assumptions.")


def figure(run: Run) -> Figure:
    """Four panels: meetings, attitudes with their spread, their distribution at both ends, friends."""
    layout = ConstrainedLayoutEngine(rect=(0.005, 0.055, 0.985, 0.865), h_pad=0.12, w_pad=0.1)
    canvas = Figure(figsize=(11, 8.2), dpi=130, layout=layout)
    groups = _groups(run)
    axes = canvas.subplots(2, 2)
    _meetings(axes[0, 0], run.weekly, groups)
    _attitudes(axes[0, 1], run.weekly, groups)
    _distribution(axes[1, 0], run.survey, groups)
    _friends(axes[1, 1], run.weekly, groups)
    for axis in axes.flat:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(axis="y", color="#dddddd", linewidth=0.6)
        axis.set_axisbelow(True)
        axis.title.set_fontsize(11)
    for axis in (axes[0, 0], axes[0, 1], axes[1, 1]):
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.margins(x=0)
    canvas.text(0.01, 0.985, _title(run), fontsize=14, fontweight="bold", va="top")
    handles = [Line2D([], [], color=colour, linewidth=3, label=_short(name)) for name, colour in groups.items()]
    canvas.legend(handles=handles, loc="upper left", bbox_to_anchor=(0.003, 0.962), ncols=MOST_GROUPS,
                  frameon=False)
    canvas.text(0.01, 0.008, f"{CAVEAT}\n{_source(run, groups)}", fontsize=8, color="#444444", va="bottom")
    return canvas


def save(run: Run, path: Path) -> None:
    """Draw the figure into a .png, .pdf or .svg file, without the date, so that equal runs give equal files."""
    dates = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}}
    figure(run).savefig(path, metadata=dates.get(path.suffix))


def _groups(run: Run) -> dict[str, str]:
    residents = {name: values["residents"] for name, values in run.place["groups"].items()}
    largest = sorted(residents, key=lambda name: -residents[name])[:MOST_GROUPS]
    return dict(zip(largest, COLOURS, strict=False))


def _banded(groups: dict[str, str]) -> dict[str, str]:
    return dict(list(groups.items())[:MOST_BANDS])


def _of_largest(groups: dict[str, str]) -> str:
    return " (two largest groups)" if len(groups) > MOST_BANDS else ""


def _title(run: Run) -> str:
    place, record = run.place, run.provenance
    return f"{place['name']}: {place['residents']:,} residents, {record['weeks']} weeks, seed {record['seed']}"


def _source(run: Run, groups: dict[str, str]) -> str:
    burn_in = run.provenance["burn_in"]["weeks"]
    past = f"after {burn_in} weeks of burn-in" if burn_in else "without a burn-in"
    where = "Place from a table" if run.place["sources"] else "Synthetic place"
    others = len(run.place["groups"]) - len(groups)
    left_out = f" {others} smaller groups are not drawn." if others else ""
    return (f"{where}, {past}; residents aged 16 and over.{left_out} contactsim {run.provenance['contactsim']}, "
            f"run {run.provenance['digest'][:8]}.")


def _short(name: str) -> str:
    return name if len(name) <= 26 else f"{name[:25]}…"


def _series(weekly: pd.DataFrame, measure: str, group: str, target: str = "") -> pd.Series[Any]:
    of_group = weekly[(weekly["group"] == group) & (weekly["target"] == target)]
    chosen = of_group[of_group["measure"] == measure]
    return chosen.set_index("week")["value"]


def _meetings(axis: Axes, weekly: pd.DataFrame, groups: dict[str, str]) -> None:
    for group, colour in groups.items():
        for measure, style in (("positive", "-"), ("negative", (0, (4, 2)))):
            values = _series(weekly, measure, group, ALL_OTHERS)
            axis.plot(values.index, values, color=colour, linestyle=style, linewidth=1.6)
    axis.set_ylim(0, 1.15 * axis.get_ylim()[1])
    axis.set(title="Meetings with people of other groups", xlabel="week", ylabel="meetings per resident and week")
    axis.legend(handles=[Line2D([], [], color="#444444", linestyle="-", label="positive"),
                         Line2D([], [], color="#444444", linestyle=(0, (4, 2)), label="negative")],
                frameon=False, loc="upper right", ncols=2, fontsize=9)


def _attitudes(axis: Axes, weekly: pd.DataFrame, groups: dict[str, str]) -> None:
    for group, colour in groups.items():
        mean, spread = (_series(weekly, name, group, ALL_OTHERS) for name in ("attitude", "attitude_sd"))
        if group in _banded(groups):
            axis.fill_between(mean.index, mean - spread, mean + spread, color=colour, alpha=0.08, linewidth=0)
            for edge in (mean - spread, mean + spread):
                axis.plot(edge.index, edge, color=colour, linewidth=0.9, alpha=0.8, linestyle=(0, (1, 1.5)))
        axis.plot(mean.index, mean, color=colour, linewidth=1.9)
    axis.axhline(0, color="#888888", linewidth=0.8)
    axis.set(title=f"Attitude to all other groups: mean, ± 1 SD{_of_largest(groups)}", xlabel="week",
             ylabel="attitude (−1 cold to 1 warm)")


def _distribution(axis: Axes, survey: pd.DataFrame, groups: dict[str, str]) -> None:
    axis.set(title=f"True attitudes of respondents{_of_largest(groups)}", xlabel="attitude (−1 cold to 1 warm)",
             ylabel="share of the group per 0.1")
    if survey.empty:
        axis.text(0.5, 0.5, "no respondents", ha="center", transform=axis.transAxes)
        return
    edges = np.linspace(-1, 1, 21)
    first, last = survey["week"].min(), survey["week"].max()
    for group, colour in _banded(groups).items():
        for week, style, width in ((first, (0, (1.5, 1.5)), 1.4), (last, "-", 2.0)):
            values = survey.loc[(survey["group"] == group) & (survey["week"] == week), "attitude_true"]
            if len(values):
                share = np.histogram(values, edges)[0] / len(values)
                axis.stairs(share, edges, color=colour, linestyle=style, linewidth=width)
    axis.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axis.set_xlim(-1, 1)
    axis.legend(handles=[Line2D([], [], color="#444444", linestyle=(0, (1.5, 1.5)), label=f"week {first}"),
                         Line2D([], [], color="#444444", linestyle="-", linewidth=2, label=f"week {last}")],
                frameon=False, loc="upper left", fontsize=9)


def _friends(axis: Axes, weekly: pd.DataFrame, groups: dict[str, str]) -> None:
    for group, colour in groups.items():
        values = _series(weekly, "cross_friend", group)
        axis.plot(values.index, values, color=colour, linewidth=1.9)
    axis.set_ylim(0, min(1.0, 1.3 * max(axis.get_ylim()[1], 0.05)))
    axis.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axis.set(title="Friends across groups", xlabel="week", ylabel="residents with a friend in another group")
