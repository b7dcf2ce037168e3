"""The folder of a comparison, written whole or not at all: its tables, and its summary as data for programs."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from contactsim.comparison import effects, paired_runs
from contactsim.comparison.compare import Comparison
from contactsim.comparison.design import Cell, Grid
from contactsim.comparison.effects import PARTS
from contactsim.comparison.paired_runs import TREATMENT
from contactsim.config import ensemble
from contactsim.errors import UserError
from contactsim.observers.panel import OUTCOMES
from contactsim.runs.folder import read_table, write_table
from contactsim.storage.atomic import new_folder
from contactsim.storage.provenance import provenance, run_code

TABLES = ("effects", "dose", "by_seed", "precision", "footprint", "seeds")
#: Of a grid only.
DIFFERENCES = "differences"
#: Week at which paired runs are compared with independent seeds, if it is read.
PRECISION_WEEK = 52
FILES = (*(f"{name}.parquet" for name in TABLES), "comparison.json", "config.yaml", "provenance.json", "figure.png")
UNITS = {
    "arm": "compared with the control arm", "week": "weeks since the end of the burn-in",
    "part": "; ".join(f"{name}: {text}" for name, text in PARTS.items()), "outcome": str(OUTCOMES),
    "by": "cut", "level": "level of the cut", "residents": "people, mean over seeds", "seeds": "seeds with a value, "
    "of all parameter sets",
    "effect": "standard deviations of the own group in the control arm", "low": "as effect (of a dose: as added), 95 % "
    "interval", "high": "as low", "raw": "the outcome's unit", "raw_low": "as raw", "raw_high": "as raw",
    "control": "mean in the control arm, the outcome's unit",
    "control_sd": "mean of the own groups' standard deviations in the control arm, the outcome's unit",
    "shown": "which interval is reported: effect, or raw if nothing varies in the control arm",
    "significant": "the reported interval excludes 0",
    "added": "close hours with other groups since the end of the burn-in, treatment minus control",
    "ordinary": "close hours with other groups in a year, control arm",
    "paired": "variance of one seed's effect, paired runs", "independent": "the same with independent seeds",
    "ratio": "independent over paired", "differing": "share in whom any bit differs",
    "moved": "share whose attitude to some group differs by more than 0.01",
    "reachable": "share that the week could reach", "stray": "residents who differ outside that set",
    "cost": "pounds", "burn_in": "weeks", "stationary": "whether the burn-in had settled at its end",
    ensemble.SET: "number of the parameter set", "sets": "parameter sets with a value",
    "sets_sd": "standard deviation between parameter sets net of seed noise, in the unit of the reported interval",
    "sets_p10": "10th percentile of the sets' effects, as sets_sd", "sets_p90": "90th percentile, as sets_sd",
    "sets_same_sign": "share of sets whose effect net of seed noise has the sign of the mean",
    "axis": "key of which values are compared", "value": "of that key", "reference": "first value of that key",
}


def target_of(grid: Grid, parent: str = "comparisons", digest: str | None = None) -> Path:
    """Where results are written: ``output``, or ``PARENT/PLACE-ACTIONS-DIGEST``; the digest is the grid's if None."""
    config = grid.reference.design.config
    if config.output:
        return Path(config.output).expanduser()
    what = "-".join(config.actions) or "parameters"
    name = re.sub(r"[^a-z0-9]+", "-", f"{grid.reference.place.name}-{what}".lower()).strip("-")[:60]
    return Path(parent) / f"{name}-{(digest or grid.digest())[:8]}"


def finished(grid: Grid) -> dict[str, Any] | None:
    """The summary of this comparison if its folder is there; raises UserError if the folder holds something else."""
    target = target_of(grid)
    if not target.exists() or grid.reference.design.config.force:
        return None
    try:
        record = json.loads((target / "provenance.json").read_text(encoding="utf-8"))
        found: dict[str, Any] = json.loads((target / "comparison.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UserError(f"output={target} is there and is no comparison of contactsim: choose another "
                        f"folder.") from None
    if record.get("comparison") != grid.digest() or record.get("model_sources") != _code(grid):
        raise UserError(f"output={target} holds another comparison, or one by another version of the model: choose "
                        f"another folder, or replace it with force=true.")
    return found


def _code(grid: Grid) -> str:
    """Digest of all code that decides the results."""
    sections = {f"{k}.{arm}.{name}": one for k, cell in enumerate(grid.cells)
                for arm, config in cell.design.configs.items() for name, one in config.actions.items()}
    return run_code(sections, effects.__name__, paired_runs.__name__)


def write(comparison: Comparison, seconds: float) -> tuple[Path, dict[str, Any]]:
    """Write the folder; returns it and the summary that it holds."""
    from contactsim.comparison.figure import save

    grid, design = comparison.grid, comparison.design
    target = target_of(grid)
    found = summary(comparison, str(target))
    with new_folder(target, replace=design.config.force) as folder:
        for name in (*TABLES, *([DIFFERENCES] if grid.axes else [])):
            table: pd.DataFrame = getattr(comparison, name)
            write_table(folder / f"{name}.parquet", table, UNITS)
        (folder / "config.yaml").write_text(yaml.safe_dump(_config(grid), sort_keys=False, allow_unicode=True),
                                            encoding="utf-8")
        write_json(folder / "provenance.json", {
            **provenance(design.config, comparison.place, 1), "model_sources": _code(grid),
            "comparison": grid.digest(), **ensemble_of(grid), "seeds": list(design.seeds), "weeks": design.weeks,
            "seconds": round(seconds, 3)})
        write_json(folder / "comparison.json", found)
        save(comparison, folder / "figure.png")
    return target, found


def _config(grid: Grid) -> dict[str, Any]:
    cells = [cell_config(grid, cell, seeds=list(cell.design.seeds), readout_weeks=list(cell.design.readout_weeks))
             for cell in grid.points]
    return {"axes": {key: list(values) for key, values in grid.axes.items()}, "cells": cells} if grid.axes else cells[0]


def ensemble_of(grid: Grid) -> dict[str, Any]:
    """Name, digest and numbers of the pooled parameter sets as ``ensemble``; empty for a single one."""
    if not grid.sets:
        return {}
    found = ensemble.read(str(grid.reference.design.config.ensemble))
    return {"ensemble": {"name": found.name, "title": found.title, "digest": found.digest, "sets": list(grid.sets)}}


def cell_config(grid: Grid, cell: Cell, **more: Any) -> dict[str, Any]:
    """A cell's values of the axes (in a grid), ``more``, and the configurations of its arms, as plain data.

    Of pooled parameter sets it has the numbers, and the configurations in the first.
    """
    return {**({"point": dict(cell.design.point)} if grid.axes else {}), **more, **ensemble_of(grid),
            **{arm: config.model_dump(mode="json") for arm, config in cell.design.configs.items()}}


def write_json(path: Path, values: Any) -> None:
    """Write JSON without numbers that JSON does not know."""
    path.write_text(f"{json.dumps(finite(values), indent=2, ensure_ascii=False, allow_nan=False)}\n", encoding="utf-8")


def finite(value: Any) -> Any:
    """The same with null in the place of numbers that are not finite."""
    if isinstance(value, dict):
        return {key: finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [finite(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.item() if hasattr(value, "item") else value


def load(folder: Path | str) -> dict[str, pd.DataFrame]:
    """The tables of a comparison's folder by name; raises UserError for any other folder."""
    path = Path(folder)
    if not (path / "comparison.json").is_file():
        raise UserError(f"{path} is no folder of a finished comparison (contactsim compare).")
    try:
        names = [name for name in (*TABLES, DIFFERENCES) if name in TABLES or (path / f"{name}.parquet").is_file()]
        return {name: read_table(path / f"{name}.parquet") for name in names}
    except (OSError, ValueError) as error:
        raise UserError(f"{path} is damaged: {str(error).splitlines()[0]}.") from None


# --- the summary

def summary(comparison: Comparison, folder: str) -> dict[str, Any]:
    """Place, arms, seeds, effects by week and part, cost, precision and footprint, ready for JSON.

    In a grid these are of the reference cell, except effects, cost and differences, which have the axes as keys. Of
    pooled parameter sets there is ``ensemble``: name, title, digest and numbers.
    """
    design, place = comparison.design, comparison.place
    seeds = comparison.of_cell(comparison.seeds)
    found: dict[str, Any] = {
        "folder": folder,
        "place": {"name": place.name, "residents": place.residents, "groups": list(place.groups)},
        "actions": list(design.config.actions), "arms": list(design.configs), "seeds": list(design.seeds),
        **ensemble_of(comparison.grid),
        "end": design.end, "readout_weeks": list(design.readout_weeks), "notes": list(comparison.notes),
        "parts": PARTS, "outcomes": OUTCOMES,
        "participants": _mean(seeds, "participants"), "staff": _mean(seeds, "staff"),
        "interested": _mean(seeds, "interested"), "total_cost": _mean(seeds, "cost"),
        "cost": [one for cell in comparison.grid.points for one in _costs(comparison, cell)],
        "precision": _precision(comparison), "footprint": _footprint(comparison.of_cell(comparison.footprint)),
        "effects": _records(comparison.effects[comparison.effects["week"] > 0]),
        "dose": _records(comparison.dose),
    }
    if comparison.grid.axes:
        d = comparison.differences
        found |= {"axes": {key: list(values) for key, values in comparison.grid.axes.items()},
                  "cells": [{"point": dict(cell.design.point), "week": cell.design.main_week}
                            for cell in comparison.grid.points],
                  "differences": _records(d[(d["week"] > 0) & (d["by"] == "all")])}
    return found


def _mean(seeds: pd.DataFrame, what: str) -> float:
    return float(seeds.loc[seeds["arm"] == TREATMENT, what].mean())


def _costs(comparison: Comparison, cell: Cell) -> list[dict[str, Any]]:
    """Cost of a unit of each outcome, for participants and everybody, if the effect is significant."""
    point, week = cell.design.point, cell.design.main_week
    e = comparison.of_cell(comparison.effects, point)
    rows = e[(e["week"] == week) & (e["by"] == "all") & e["part"].isin(["participants", "everybody"])
             & e["significant"]]
    found = [(row, comparison.cost_effectiveness(row["outcome"], row["part"], week, row["arm"], point))
             for _, row in rows.iterrows()]
    return [{**point, "arm": row["arm"], "week": week, "part": row["part"], "outcome": row["outcome"],
             **dataclasses.asdict(one), "text": str(one)} for row, one in found if not math.isnan(one.cost)]


def _precision(comparison: Comparison) -> list[dict[str, Any]]:
    weeks = comparison.design.readout_weeks
    week = PRECISION_WEEK if PRECISION_WEEK in weeks else weeks[-1]
    p = comparison.of_cell(comparison.precision)
    return _records(p[(p["week"] == week) & (p["arm"] == TREATMENT)])


def _footprint(footprint: pd.DataFrame) -> list[dict[str, Any]]:
    """Shares in the weeks whose reachable sets were computed, means over seeds; weeks since the burn-in."""
    here = footprint[(footprint["arm"] == TREATMENT) & footprint["reachable"].notna()]
    shown = here.groupby("week")[["differing", "moved", "reachable", "stray"]].mean().reset_index()
    return _records(shown.assign(week=shown["week"] + 1))


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]
