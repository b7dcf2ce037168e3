"""Readings along a folder's gradient of places: what its worlds look like, for a table and a figure; never judged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from contactsim.evidence.gradient import Gradient
from contactsim.evidence.ledger import Finding, Folder, Row, Rule
from contactsim.evidence.result_store import Figures
from contactsim.evidence.tasks import BASE


def finding(folder: Folder, gradient: Gradient) -> Finding:
    """The readings as rows of a finding without a claim, so that they are evaluated as those of all others are.

    Each world is read as it is and with the knock-outs of the rows that speak of it, under each alternative.
    """
    rows = [_row(folder, world, name, alternative) for alternative in (None, *folder.alternatives)
            for world in gradient.worlds for name in gradient.readings]
    knock_outs = {name: one for other in folder.findings for name, one in other.knock_outs.items()}
    knock_outs = {name: one.model_copy(update={"not_in": [], "select_as_in_base": False})
                  for name, one in knock_outs.items()}
    return Finding(id=folder.name, claim="", source="", grade="ours", role="emergent", reading="",
                   worlds={world: folder.worlds[world] for world in gradient.worlds}, knock_outs=knock_outs,
                   alternatives=folder.alternatives, outcomes=rows)


def _row(folder: Folder, world: str, name: str, alternative: str | None) -> Row:
    assert folder.gradient is not None
    of = folder.gradient.readings[name]
    return Row(id=_id(world, name, alternative), says=name, estimand=of.estimand,
               arguments={**of.arguments, "world": world}, unit="", band=(None, None), band_source="", judged=False,
               alternative=alternative, knock_outs=_knock_outs_of(folder, world))


def _id(world: str, name: str, alternative: str | None) -> str:
    return f"{world}:{name}" if alternative is None else f"{world}:{name}@{alternative}"


def _knock_outs_of(folder: Folder, world: str) -> dict[str, Rule]:
    return {name: "reported" for finding in folder.findings for row in finding.outcomes if row.speaks_of(world)
            for name in row.knock_outs}


def table(folder: Folder, gradient: Gradient, seeds: Sequence[int], figures: Sequence[Figures]) -> pd.DataFrame:
    """One line for each alternative, knock-out (or base), world along the gradient and seed.

    Columns: folder, alternative, knock_out, share, seed, and a column for each reading.
    """
    lines: list[dict[str, Any]] = []
    for alternative in (None, *folder.alternatives):
        for knock_out in (BASE, *dict.fromkeys(name for world in gradient.worlds
                                               for name in _knock_outs_of(folder, world))):
            lines += [{"folder": folder.name, "alternative": alternative or BASE, "knock_out": knock_out,
                       "share": share, "seed": seed,
                       **{name: found[_id(world, name, alternative)][knock_out] for name in gradient.readings}}
                      for seed, found in zip(seeds, figures, strict=True) for world, share in gradient.worlds.items()
                      if knock_out == BASE or knock_out in _knock_outs_of(folder, world)]
    return pd.DataFrame(lines)


def means(readings: pd.DataFrame) -> pd.DataFrame:
    """Mean readings of the base over seeds, by alternative and share."""
    frame = readings[readings["knock_out"] == BASE].drop(columns=["folder", "knock_out", "seed"])
    return frame.groupby(["alternative", "share"], sort=False).mean().reset_index()
