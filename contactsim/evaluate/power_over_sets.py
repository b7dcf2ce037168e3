"""Power over an ensemble: the effects of a comparison's parameter sets, and how often designs detect them.

The effect of a project is not known before it is evaluated. A comparison over an ensemble says which effects are
plausible; the mean of the power at each of them is the probability that a study detects the effect (its *assurance*:
O'Hagan, Stevens and Campbell 2005), and their spread says how much that hangs on the parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from contactsim.comparison.paired_runs import TREATMENT
from contactsim.config.ensemble import SET
from contactsim.evaluate.power import ONE_SAMPLE, Power, noise, ratings
from contactsim.stats import detection, net_means, quantiles

if TYPE_CHECKING:
    from rich.console import RenderableType

#: Percentiles that are reported, and the columns of effect and power that hold them.
PERCENTILES = {"p10": 0.1, "median": 0.5, "p90": 0.9}


def effects_of_sets(question: Power, by_seed: pd.DataFrame) -> pd.DataFrame:
    """The effect (SD) in each parameter set, net of seed noise, on what the item measures: of participants, last week.

    Of everybody if there are no participants. Columns: part, week, outcome, ensemble_set, effect. Empty if the
    comparison has a single set, or not this outcome.
    """
    keys = ["part", "week", "outcome"]
    if SET not in by_seed:
        return pd.DataFrame(columns=[*keys, SET, "effect"])
    here = by_seed[(by_seed["by"] == "all") & (by_seed["arm"] == TREATMENT) & by_seed["effect"].notna()
                   & (by_seed["week"] == by_seed["week"].max()) & (by_seed["outcome"] == _outcome(question))]
    means = net_means(here, keys, SET, "effect")[[*keys, SET, "net"]].rename(columns={"net": "effect"})
    participants = means[means["part"] == "participants"]
    return (participants if len(participants) else means[means["part"] == "everybody"]).reset_index(drop=True)


def _outcome(question: Power) -> str:
    return str(ratings()[question.item].measures)


def table(question: Power, effects: pd.DataFrame) -> pd.DataFrame:
    """Power over parameter sets by design, reliability and sample, as far as there is a closed form.

    Columns: design, reliability, sample, sets (number), mean, p10, median, p90 (chance of detecting the set's effect in
    the direction of the mean effect).
    """
    sign = np.sign(effects["effect"].mean())
    rows = []
    for design in question.designs:
        for reliability in question.reliability:
            spread = noise(design, reliability, question.stability)
            if np.isnan(spread):
                continue
            seen = sign * effects["effect"].to_numpy(float) * sqrt(reliability) / spread
            for sample in question.sample:
                power = [detection(one, sample, question.level, 1 if design in ONE_SAMPLE else 2) for one in seen]
                rows.append({"design": design, "reliability": reliability, "sample": sample, "sets": len(power),
                             "mean": float(np.mean(power)),
                             **dict(zip(PERCENTILES, quantiles(power, list(PERCENTILES.values())), strict=True))})
    return pd.DataFrame(rows)


def facts(question: Power, by_seed: pd.DataFrame | None) -> dict[str, Any] | None:
    """What the effects of the parameter sets are, and the power over them; None if no sets are pooled."""
    effects = effects_of_sets(question, by_seed) if by_seed is not None else pd.DataFrame()
    if effects.empty:
        return None
    spread = dict(zip(PERCENTILES, quantiles(effects["effect"], list(PERCENTILES.values())), strict=True))
    first = effects.iloc[0]
    return {"part": first["part"], "week": int(first["week"]), "outcome": first["outcome"], "sets": len(effects),
            "mean": float(effects["effect"].mean()), **spread, "power": table(question, effects).to_dict("records")}


def render(question: Power, found: Mapping[str, Any] | None) -> list[RenderableType]:
    """The power over parameter sets as a table for a terminal; nothing without sets."""
    from rich.table import Column, Table
    from rich.text import Text

    if found is None:
        return []
    shown = Table("design", "reliability", *(Column(f"{n}", justify="right") for n in question.sample), box=None,
                  pad_edge=False, padding=(0, 2, 0, 0))
    power = pd.DataFrame(found["power"], columns=["design", "reliability", "mean", "p10", "p90"])
    for (design, reliability), rows in power.groupby(["design", "reliability"], sort=False):
        shown.add_row(str(design), f"{reliability:g}", *(
            f"{row['mean']:.0%} ({100 * row['p10']:.0f}-{100 * row['p90']:.0f})" for _, row in rows.iterrows()))
    head = (f"Power over {found['sets']} parameter sets: mean, and in brackets the 10th to 90th percentile. The effect "
            f"on {found['outcome']} of {found['part']} in week {found['week']} is {found['median']:+.2f} SD in the "
            f"median set (10th to 90th percentile {found['p10']:+.2f} to {found['p90']:+.2f}; net of seed noise).")
    return [Text(""), Text(head), shown]
