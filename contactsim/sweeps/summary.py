"""Aggregates over replications: for each point, mean with its interval, and quantiles."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

from contactsim.errors import UserError, nearest
from contactsim.stats import mean_interval
from contactsim.stats import quantiles as quantiles_of

#: Measures that are shown unless others are asked for.
SHOWN = ("attitude", "attitude_sd", "positive", "negative")


def chosen(figures: Sequence[str], measures: Sequence[str] | None) -> list[str]:
    """The figures, such as ``attitude[Group]``, of the measures asked for. Raises UserError for an unknown one."""
    names = list(dict.fromkeys(figure.partition("[")[0] for figure in figures))
    if measures is None:
        measures = [name for name in SHOWN if name in names] or names
    for measure in measures:
        if measure not in names and measure not in figures:
            raise UserError(f"--measure {measure} is not among the measures of these runs: {', '.join(names)}."
                            f"{nearest(measure, names)}")
    return [figure for measure in measures for figure in figures if figure in (measure, f"{measure}[{_in(figure)}]")]


def parts(figure: str) -> tuple[str, str]:
    """(measure, group) of a figure; no group for a number of a measure of one's own."""
    return figure.partition("[")[0], _in(figure)


def _in(figure: str) -> str:
    found = re.search(r"\[(.*)\]$", figure)
    return found[1] if found else ""


def summary(table: pd.DataFrame, by: Sequence[str], figures: Sequence[str],
            quantiles: Sequence[float] = ()) -> pd.DataFrame:
    """One row for each point and figure: the point's columns, measure, group, runs, mean, low, high, quantiles.

    ``low`` and ``high`` are Student's 95 % interval of the mean over seeds; nan for a single seed. All points share
    their seeds, so where ``by`` leaves out a swept parameter the runs of a seed are averaged first: they are no
    independent runs. Quantiles are over runs.
    """
    rows: list[dict[str, Any]] = []
    at = [f"q{q:g}" for q in quantiles]
    grouped = table.groupby(list(by), sort=False, dropna=False) if by else [((), table)]
    for point, runs in grouped:
        for figure in figures:
            known = runs[figure].dropna()
            over_seeds = mean_interval(known.groupby(runs["seed"]).mean())
            measure, group = parts(figure)
            rows.append({**dict(zip(by, point, strict=True)), "measure": measure, "group": group, "runs": len(known),
                         **over_seeds._asdict(), **dict(zip(at, quantiles_of(known, quantiles), strict=True))})
    columns = [*by, "measure", "group", "runs", "mean", "low", "high", *at]
    return pd.DataFrame(rows, columns=columns)
