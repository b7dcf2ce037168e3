"""The report of a power analysis: tables for a terminal, a figure and a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import yaml

from contactsim.comparison.folder import write_json
from contactsim.errors import UserError
from contactsim.evaluate.power import Power
from contactsim.runs.folder import write_table
from contactsim.storage.atomic import new_folder
from contactsim.storage.identity import digest_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.console import RenderableType

UNITS = {"sample": "participants; as many controls", "reliability": "Cronbach's alpha",
         "smallest": "SD of true values", "needed": "participants", "simulated": "share of studies that detect it",
         "simulated_at": "SD of true values", "effect": "SD", "paired": "seeds", "independent": "seeds in each arm"}
#: Effects on attitudes in evaluations of the youth scheme (F14), drawn for comparison.
BAND = (0.02, 0.2)


def write(question: Power, table: pd.DataFrame, seeds: pd.DataFrame | None) -> tuple[Path, dict[str, Any]]:
    """Write the folder; returns it and the facts. Raises UserError if it holds something else."""
    values = question.model_dump(mode="json", exclude={"output", "force"})
    target = Path(question.output).expanduser() if question.output else Path("power") / digest_of(values)[:8]
    if target.exists() and not question.force and not (target / "power.json").is_file():
        raise UserError(f"output={target} is there and is no folder of contactsim power: choose another, or replace "
                        f"it with force=true.")
    facts = {"folder": str(target), "question": values, "table": table.to_dict("records"),
             "seeds": [] if seeds is None else seeds.to_dict("records")}
    with new_folder(target, replace=True) as folder:
        write_table(folder / "power.parquet", table, UNITS)
        if seeds is not None:
            write_table(folder / "seeds.parquet", seeds, UNITS)
        (folder / "config.yaml").write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
        write_json(folder / "power.json", facts)
        figure(question, table).savefig(folder / "figure.png")
    return target, facts


def render(question: Power, table: pd.DataFrame, seeds: pd.DataFrame | None, folder: Path) -> RenderableType:
    """The tables for a terminal."""
    from rich.console import Group
    from rich.table import Column, Table
    from rich.text import Text

    shown = Table("design", "reliability", *(Column(f"{n}", justify="right") for n in question.sample),
                  Column(f"needed for {question.effect:g}", justify="right"), box=None, pad_edge=False,
                  padding=(0, 2, 0, 0))
    for (design, reliability), cell in table.groupby(["design", "reliability"], sort=False):
        shown.add_row(str(design), f"{reliability:g}", *(_cell(row) for _, row in cell.iterrows()),
                      "–" if np.isnan(cell["needed"].iloc[0]) else f"{cell['needed'].iloc[0]:,.0f}")
    head = (f"Smallest effect (SD of true values) that a number of participants, and as many controls, detect with "
            f"{question.power:.0%} power; in brackets the share of {question.studies} simulated studies that detect it")
    last = (f"Stability of true values {question.stability:g}, {question.items} items of {question.categories} "
            f"answers. Evaluations of the youth scheme report {BAND[0]:g} to {BAND[1]:g} SD (F14).")
    return Group(Text(head), shown, Text(last, style="dim"), *_seeds(seeds), Text(f"{folder}: table and figure"))


def _cell(row: pd.Series[Any]) -> str:
    share = "" if np.isnan(row["simulated"]) else f" ({row['simulated']:.0%})"
    return f"at {row['simulated_at']:.2f}{share}" if np.isnan(row["smallest"]) else f"{row['smallest']:.2f}{share}"


def _seeds(seeds: pd.DataFrame | None) -> list[RenderableType]:
    from rich.table import Column, Table
    from rich.text import Text

    if seeds is None:
        return [Text("For the number of seeds, give the folder of a comparison: --from comparisons/...", style="dim")]
    if seeds.empty:
        return [Text("The comparison gives no number of seeds: it needs an outcome that differs, and 3 seeds.")]
    effects = sorted(seeds["effect"].unique())
    shown = Table("part", "outcome", *(Column(f"{e:g} SD", justify="right") for e in effects), box=None, pad_edge=False,
                  padding=(0, 2, 0, 0))
    for (part, outcome), cell in seeds[seeds["outcome"].isin(["attitude", "positive", "belonging"])].groupby(
            ["part", "outcome"], sort=False):
        by = cell.set_index("effect")
        shown.add_row(str(part), str(outcome), *(f"{by.loc[e, 'paired']:,.0f} / {by.loc[e, 'independent']:,.0f}"
                                                 for e in effects))
    return [Text(""), Text("Seeds needed to detect a mean effect: paired runs / independent seeds in each arm"), shown]


def figure(question: Power, table: pd.DataFrame) -> Figure:
    """Smallest effect against sample size, one line per design, one panel per reliability."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    from contactsim.evaluate.power import smallest
    from contactsim.runs.plots import COLOURS

    layout = ConstrainedLayoutEngine(rect=(0.005, 0.02, 0.985, 0.9))
    canvas = Figure(figsize=(max(5.5, 3.6 * len(question.reliability)), 4.4), dpi=130, layout=layout)
    axes = canvas.subplots(1, len(question.reliability), sharey=True, squeeze=False)[0]
    samples = np.unique(np.geomspace(max(8, min(question.sample) / 2), 2 * max(question.sample), 25).astype(int))
    for axis, reliability in zip(axes, question.reliability, strict=True):
        axis.axhspan(*BAND, color="#bbbbbb", alpha=0.4, linewidth=0, label="youth scheme (F14)")
        for design, colour in zip(question.designs, COLOURS, strict=False):
            line = [smallest(question, design, int(n), reliability) for n in samples]
            if not np.isnan(line).all():
                axis.loglog(samples, line, color=colour, label=design)
        axis.set_title(f"reliability {reliability:g}", fontsize=10)
        axis.set_xlabel("participants (and as many controls)")
        axis.grid(which="both", color="#eeeeee")
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("smallest effect, SD of true values")
    axes[0].legend(frameon=False, fontsize=8)
    canvas.text(0.01, 0.98, f"Smallest effect that a study detects with {question.power:.0%} power", fontsize=12,
                fontweight="bold", va="top")
    return canvas
