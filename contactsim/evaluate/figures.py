"""The figure of a study: each method's estimates beside the truth."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from contactsim.evaluate.study import Study
from contactsim.runs.plots import CAVEAT, COLOURS


def figure(study: Study) -> Figure:
    """One panel an outcome: studies as dots, their mean with its mean interval, the truth as a line."""
    table, summary = study.of_studies, study.summary
    outcomes = list(dict.fromkeys(table["outcome"]))
    layout = ConstrainedLayoutEngine(rect=(0.005, 0.07, 0.985, 0.84), w_pad=0.1)
    canvas = Figure(figsize=(max(5.0, 3.1 * len(outcomes)), 4.6), dpi=130, layout=layout)
    for k, outcome in enumerate(outcomes):
        axis = canvas.add_subplot(1, len(outcomes), k + 1)
        here = summary[summary["outcome"] == outcome].reset_index(drop=True)
        for at, row in here.iterrows():
            dots = table[(table["outcome"] == outcome) & (table["method"] == row["method"])]["estimate"]
            axis.plot(dots, [float(str(at))] * len(dots), "o", markersize=3, color=COLOURS[0], alpha=0.35)
            axis.plot([row["low"], row["high"]], [float(str(at))] * 2, color=COLOURS[0], linewidth=3)
        true = here.iloc[0]
        axis.axvline(true["true"], color=COLOURS[1], linewidth=1.6)
        axis.axvline(0, color="#888888", linewidth=0.8)
        axis.set_yticks(range(len(here)), list(here["method"]) if k == 0 else [""] * len(here))
        axis.invert_yaxis()
        axis.set_title(outcome, fontsize=11)
        axis.set_xlabel("SD")
        axis.spines[["top", "right"]].set_visible(False)
    canvas.text(0.01, 0.98, study.design.title, fontsize=12, fontweight="bold", va="top")
    canvas.text(0.01, 0.925, "estimates (dots: studies; bars: their intervals) and the true effect (vertical line)",
                fontsize=9, va="top")
    canvas.text(0.01, 0.01, CAVEAT, fontsize=7, color="#444444", va="bottom")
    return canvas


def save(study: Study, path: Path) -> None:
    """Draw the figure into a file."""
    figure(study).savefig(path)
