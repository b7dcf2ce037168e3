"""What a study found beside the truth: for programs (JSON-ready) and for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from contactsim.evaluate.design import METHODS
from contactsim.evaluate.study import Study

if TYPE_CHECKING:
    from rich.console import RenderableType

LEGEND = ("estimate: what a study finds, in SD of the first answers, with its own 95 % interval (means over studies). "
          "true: effect on the same people, twin worlds, SD of true values. bias: estimate less true, interval over "
          "studies. covered, found: share of studies whose interval holds the truth; leaves out 0.")


def facts(study: Study, folder: str) -> dict[str, Any]:
    """The study in figures."""
    return {"folder": folder, "title": study.design.title, "source": study.design.source, "place": study.place.name,
            "actions": list(study.worlds.config.actions), "seeds": list(study.worlds.seeds), "weeks": study.weeks,
            "design": study.design.model_dump(mode="json"), "notes": notes(study),
            "estimates": study.summary.to_dict("records"), "paths": _paths(study).to_dict("records")}


def notes(study: Study) -> list[str]:
    """What went otherwise than asked for, each thing once with the number of its seeds."""
    told = study.of_studies[study.of_studies["note"] != ""]
    lines = [f"{method}: {note}" if count == 1 else f"{method}: {note} (and {count - 1} more like it)"
             for method, note, count in ((m, cell["note"].iloc[0], len(cell)) for m, cell in told.groupby("method"))]
    most = study.of_studies.groupby("study")["treated"].max()
    if (most < study.design.size).any():
        lines.append(f"size={study.design.size} was asked for; {most.mean():.0f} could be asked and answered.")
    return lines


def render(found: dict[str, Any]) -> RenderableType:
    """The figures as tables for a terminal."""
    from rich.console import Group
    from rich.table import Column, Table
    from rich.text import Text

    towns = f"{len(found['seeds'])} towns (seeds), studies: {found['estimates'][0]['studies']}"
    head = f"{found['title']} ({', '.join(found['actions'])} in {found['place']}, {towns})"
    waves = ", ".join(f"{wave} {week}" for wave, week in found["weeks"].items())
    table = Table("outcome", "method", *(Column(name, justify="right", no_wrap=True) for name in (
        "estimate", "true", "bias", "covered", "found", "people")), box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for row in found["estimates"]:
        table.add_row(row["outcome"], row["method"], _interval(row["estimate"], row["low"], row["high"]),
                      _number(row["true"]), _interval(row["bias"], row["bias_low"], row["bias_high"]),
                      _share(row["covered"]), _share(row["found"]), f"{row['treated']:.0f}\n{row['control']:.0f}")
    used = dict.fromkeys(row["method"] for row in found["estimates"])
    lines = [f"{method}: {METHODS[method]}." for method in used]
    for path in found["paths"]:
        span = f"{path['indirect_low']:+.3f} to {path['indirect_high']:+.3f}, bootstrap"
        lines.append(f"Mediation, {path['outcome']} through {path['mediator']}: {path['indirect']:+.3f} of "
                     f"{path['total']:+.3f} SD ({span}); a decomposition of covariances, no proof of the way.")
    return Group(Text(head, style="bold"), Text(f"Weeks asked: {waves}", style="dim"), table, Text(LEGEND, style="dim"),
                 *(Text(line) for line in [*lines, *found["notes"], found["folder"]]))


def _paths(study: Study) -> pd.DataFrame:
    """Mediation paths, means over studies (limits of the studies' own intervals too)."""
    if study.paths.empty:
        return study.paths
    rows = []
    for (outcome, mediator), cell in study.paths.groupby(["outcome", "mediator"], sort=False):
        columns = ("total", "indirect", "indirect_low", "indirect_high", "direct", "true", "people")
        rows.append({"outcome": outcome, "mediator": mediator, **{name: float(cell[name].mean()) for name in columns}})
    return pd.DataFrame(rows)


def _number(value: float | None) -> str:
    return "–" if value is None or pd.isna(value) else f"{value:+.3f}"


def _share(value: float | None) -> str:
    return "–" if value is None or pd.isna(value) else f"{value:.0%}"


def _interval(value: float | None, low: float | None, high: float | None) -> str:
    return _number(value) if low is None or pd.isna(low) else f"{_number(value)}\n{low:+.2f} {high:+.2f}"
