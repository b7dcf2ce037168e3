"""The report of a study: tables for a terminal, a figure, and a folder written whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import yaml
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from contactsim.comparison.design import at_point, point_text
from contactsim.comparison.effects import BETWEEN
from contactsim.comparison.folder import UNITS as UNITS_OF_SETS
from contactsim.comparison.folder import cell_config, ensemble_of, target_of, write_json
from contactsim.comparison.report import between_row, between_table, plain_table, runs_text
from contactsim.config.ensemble import SET
from contactsim.errors import UserError
from contactsim.evaluate import estimators, survey
from contactsim.evaluate.design import METHODS
from contactsim.evaluate.study import Study
from contactsim.evaluate.tasks import sites_of
from contactsim.runs.plots import CAVEAT, COLOURS
from contactsim.runs.run import write_table
from contactsim.storage.atomic import new_folder
from contactsim.storage.provenance import digest_of, provenance

if TYPE_CHECKING:
    from rich.console import RenderableType

LEGEND = ("estimate: what a study finds, in SD of the first answers, with its own 95 % interval (means over studies); "
          "points: the same in points of the item. effect: on the answers of the same people, from paired runs, in the "
          "unit of the estimate. true: on the states that the items measure, SD of true states. bias: estimate minus "
          "effect, interval over studies. coverage: share of studies whose interval contains the effect; detected: "
          "share whose interval excludes 0.")
#: Where parameter sets are pooled.
POOLED = ("Over {}: means and shares are over sets and seeds together; intervals of bias are Student's t over the "
          "sets' means. 'Between sets' shows how the sets differ net of seed noise: their SD, 10th and 90th "
          "percentile, and the share of sets with the sign of the mean.")
UNITS = {"estimate": "SD of the first wave's answers", "low": "as estimate, 95 %", "high": "as estimate, 95 %",
         "points": "points of the item", "effect": "on answers, as estimate", "true": "on states, SD of true states",
         "bias": "estimate minus effect", "treated": "people", "control": "people",
         "coverage": "share of studies whose interval contains the effect on answers",
         "detected": "share of studies whose interval excludes 0", "sd": "points, first wave's answers",
         "reliability": "share of the variance of the first wave's answers that is of true states",
         "asked": "share of the treated to whom the item is put", "total": "as estimate", "indirect": "as estimate",
         "indirect_low": "as estimate", "indirect_high": "as estimate", "direct": "as estimate", "people": "people",
         SET: UNITS_OF_SETS[SET],
         **{f"{name}_{column}": UNITS_OF_SETS[column] for name in ("effect", "bias") for column in BETWEEN}}


def facts(study: Study, folder: str) -> dict[str, Any]:
    """The study as data."""
    reference = study.grid.reference
    found = {"folder": folder, "title": study.design.title, "source": study.design.source,
             "place": reference.place.name, "actions": list(reference.design.config.actions),
             "seeds": list(reference.design.seeds), **ensemble_of(study.grid), "weeks": study.weeks,
             "design": study.design.model_dump(mode="json"), "items": items(study), "notes": notes(study),
             "estimates": study.summary.to_dict("records"), "paths": _paths(study).to_dict("records")}
    return found | ({"axes": {key: list(values) for key, values in study.grid.axes.items()}} if study.grid.axes else {})


def items(study: Study) -> dict[str, dict[str, Any]]:
    """By outcome: title, whom it is for, answers, reporting noise, and what was found of its first answers."""
    asked = {name: design.instruments[name] for design in study.designs for name in design.outcomes}
    means = study.of_studies.groupby("outcome")[["sd", "reliability", "asked"]].mean().to_dict("index")
    return {name: {"title": one.title, "for": one.put_to, "answers": one.scale, "reporting": one.reporting,
                   **{str(key): float(value) for key, value in means[name].items()}}
            for name, one in asked.items()}


def notes(study: Study) -> list[str]:
    """Deviations from the design, each once with the number of its studies."""
    noted = study.of_studies[study.of_studies["note"] != ""]
    lines = [f"{method}: {note}" if count == 1 else f"{method}: {note} (and {count - 1} more like it)"
             for method, note, count in ((m, cell["note"].iloc[0], len(cell)) for m, cell in noted.groupby("method"))]
    if study.grid.sets and (study.of_studies["study"] == 0).all():
        seeds = 2 * max(sites_of(design, study.grid.reference.design.seeds) for design in study.designs)
        lines.append(f"Each parameter set has one study, which does not tell sets from seeds: set seeds={seeds} or "
                     f"more.")
    for size in dict.fromkeys(design.size for design in study.designs):
        study_of = [SET, "study"] if study.grid.sets else ["study"]
        most = pd.concat([at_point(study.of_studies, cell.design.point).groupby(study_of)["treated"].max()
                          for design, cell in zip(study.designs, study.grid.cells, strict=True) if design.size == size])
        if (most < size).any():
            lines.append(f"The sample is smaller than size={size}: {most.mean():.0f} people could be surveyed and "
                         f"responded.")
    return lines


def _paths(study: Study) -> pd.DataFrame:
    """Mediation paths, means over studies (also of the limits of their intervals)."""
    if study.paths.empty:
        return study.paths
    keys, rows = [*study.grid.axes, "outcome", "mediator"], []
    for key, cell in study.paths.groupby(keys, sort=False):
        columns = ("total", "indirect", "indirect_low", "indirect_high", "direct", "true", "people")
        rows.append({**dict(zip(keys, key, strict=True)), **{name: float(cell[name].mean()) for name in columns}})
    return pd.DataFrame(rows)


# --- terminal

def render(found: dict[str, Any]) -> RenderableType:
    """The facts as tables for a terminal."""
    from rich.console import Group
    from rich.text import Text

    axes = list(found.get("axes", {}))
    towns = f"{runs_text(found, 'town', ' (seeds)')}, studies: {found['estimates'][0]['studies']}"
    head = f"{found['title']} ({', '.join(found['actions'])} in {found['place']}, {towns})"
    waves = ", ".join(f"{wave} {week}" for wave, week in found["weeks"].items())
    blocks: list[Any] = []
    for label in dict.fromkeys(_label(row, axes) for row in found["estimates"]):
        table = plain_table(["outcome", "method"], ["estimate", "points", "effect", "true", "bias", "coverage",
                                                     "detected", "people"])
        for row in found["estimates"]:
            if _label(row, axes) == label:
                table.add_row(row["outcome"], row["method"], _interval(row["estimate"], row["low"], row["high"]),
                              _number(row["points"]), _number(row["effect"]), _number(row["true"]),
                              _interval(row["bias"], row["bias_low"], row["bias_high"]),
                              _share(row["coverage"]), _share(row["detected"]),
                              f"{row['treated']:.0f}\n{row['control']:.0f}")
        blocks += [Text(label), table] if label else [table]
        if "ensemble" in found:
            blocks.append(_between([row for row in found["estimates"] if _label(row, axes) == label]))
    used = dict.fromkeys(row["method"] for row in found["estimates"])
    lines = [_item_line(name, one) for name, one in found["items"].items()]
    lines += [f"{method}: {METHODS[method]}." for method in used]
    for path in found["paths"]:
        span = f"{path['indirect_low']:+.3f} to {path['indirect_high']:+.3f}, bootstrap"
        cell = f"{_label(path, axes)}, " if axes else ""
        lines.append(f"Mediation, {cell}{path['outcome']} through {path['mediator']}: {path['indirect']:+.3f} of "
                     f"{path['total']:+.3f} SD ({span}); a decomposition of covariances, not a causal estimate.")
    pooled = [Text(POOLED.format(runs_text(found)))] if "ensemble" in found else []
    return Group(Text(head, style="bold"), Text(f"Weeks of the waves: {waves}", style="dim"), *pooled, *blocks,
                 Text(LEGEND, style="dim"), *map(Text, [*lines, *found["notes"], found["folder"]]))


def _between(rows: Sequence[Mapping[str, Any]]) -> RenderableType:
    """How effects (the same with each method), and the bias of each method, differ between parameter sets."""
    table = between_table("between sets")
    for outcome in dict.fromkeys(row["outcome"] for row in rows):
        here = [row for row in rows if row["outcome"] == outcome and row["studies"]]
        if not here:
            continue
        table.add_row(*between_row(f"{outcome}: effect", here[0], "effect_sets"))
        for row in here:
            table.add_row(*between_row(f"{outcome}: bias of {row['method']}", row, "bias_sets"))
    return table


def _item_line(name: str, item: Mapping[str, Any]) -> str:
    found = {key: item[key] or 0.0 for key in ("asked", "sd", "reliability")}  # null in a file: not finite
    few = f", {found['asked']:.0%} of the treated" if found["asked"] < 1 else ""
    of = f"; SD {item['sd']:.2f} points" if found["sd"] > 0 else ""
    true = f", of the variance {item['reliability']:.2f} is of true states" if found["reliability"] > 0 else ""
    return f"{name}: {item['answers']}; asked of {item['for']}{few}{of}{true}."


def _label(row: Mapping[str, Any], axes: Sequence[str]) -> str:
    return point_text({axis: row[axis] for axis in axes})


def _number(value: float | None) -> str:
    return "–" if value is None or pd.isna(value) else f"{value:+.3f}"


def _share(value: float | None) -> str:
    return "–" if value is None or pd.isna(value) else f"{value:.0%}"


def _interval(value: float | None, low: float | None, high: float | None) -> str:
    return _number(value) if low is None or pd.isna(low) else f"{_number(value)}\n{low:+.2f} {high:+.2f}"


# --- figure

def figure(study: Study) -> Figure:
    """One panel per outcome: studies as dots, their mean with its mean interval, the true effect as a line.

    In a grid: the reference cell.
    """
    reference = study.grid.reference.design.point
    table, summary = (at_point(one, reference) for one in (study.of_studies, study.summary))
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
        axis.axvline(here.iloc[0]["effect"], color=COLOURS[1], linewidth=1.6)
        axis.axvline(here.iloc[0]["true"], color=COLOURS[1], linewidth=1.2, linestyle=":")
        axis.axvline(0, color="#888888", linewidth=0.8)
        axis.set_yticks(range(len(here)), list(here["method"]) if k == 0 else [""] * len(here))
        axis.invert_yaxis()
        axis.set_title(outcome, fontsize=11)
        axis.set_xlabel("SD of answers")
        axis.spines[["top", "right"]].set_visible(False)
    cell = f"; {point_text(reference)}" if reference else ""
    canvas.text(0.01, 0.98, f"{study.design.title}{cell}", fontsize=12, fontweight="bold", va="top")
    canvas.text(0.01, 0.925, "estimates (dots: studies; bars: their intervals), the effect on answers (line) and "
                "on states (dotted)", fontsize=9, va="top")
    canvas.text(0.01, 0.01, CAVEAT, fontsize=7, color="#444444", va="bottom")
    return canvas


# --- folder

def write(study: Study, seconds: float) -> tuple[Path, dict[str, Any]]:
    """Write the folder; returns it and the facts that it holds. Raises UserError if it holds something else."""
    reference = study.grid.reference
    config = reference.design.config
    designs = [design.model_dump(mode="json") for design in study.designs]
    digest = digest_of([study.grid.digest(), designs if study.several_designs else designs[0]])
    target = target_of(study.grid, "evaluations", digest)
    if target.exists() and not config.force and not (target / "evaluation.json").is_file():
        raise UserError(f"output={target} is there and is no evaluation of contactsim: choose another folder, or "
                        f"replace it with force=true.")
    found = facts(study, str(target))
    with new_folder(target, replace=True) as folder:
        write_table(folder / "of_studies.parquet", study.of_studies, UNITS)
        write_table(folder / "summary.parquet", study.summary, UNITS)
        if not study.paths.empty:
            write_table(folder / "paths.parquet", study.paths, UNITS)
        text = yaml.safe_dump(_config(study), sort_keys=False, allow_unicode=True)
        (folder / "config.yaml").write_text(text, encoding="utf-8")
        write_json(folder / "provenance.json", {
            **provenance(config, reference.place, 1, survey.__name__, estimators.__name__), "evaluation": digest,
            **ensemble_of(study.grid), "seeds": list(reference.design.seeds), "seconds": round(seconds, 3)})
        write_json(folder / "evaluation.json", found)
        figure(study).savefig(folder / "figure.png")
    return target, found


def _config(study: Study) -> dict[str, Any]:
    own = [{"evaluation": design.model_dump(mode="json")} if study.several_designs else {} for design in study.designs]
    cells = [cell_config(study.grid, cell, **more) for cell, more in zip(study.grid.cells, own, strict=True)
             if cell.parameter_set == study.grid.reference.parameter_set]
    shared = {"evaluation": study.design.model_dump(mode="json"), "weeks": study.weeks,
              "seeds": list(study.grid.reference.design.seeds)}
    return {**shared, "cells": cells} if study.grid.axes else {**shared, **cells[0]}
