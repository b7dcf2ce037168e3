"""Effects in one seed: on whom, and how large.

An effect is a mean over people of the arm's value minus the control arm's, each person's difference in standard
deviations of the own group in the control arm at that time. :mod:`contactsim.comparison.estimates` puts seeds together.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from contactsim.actions import Action, remarks
from contactsim.comparison.paired_runs import CONTROL, LISTS, PairedRuns
from contactsim.observers.panel import AGE_BANDS, OUTCOMES, TERCILES
from contactsim.stats import standardised

#: The people on whom an effect is estimated. Each resident belongs to exactly one of the last four parts.
PARTS = {"everybody": "everybody aged 5 and over at week 0", "participants": "had taken part by then",
         "staff": "staff and volunteers who had not taken part",
         "spillover": "shared a household or, at week 0, a tie with participants or staff", "others": "everybody else"}


def parts(paired: PairedRuns, arm: str, week: int | None = None) -> dict[str, NDArray[np.bool_]]:
    """(n,) masks by name of :data:`PARTS`, as of a readout week (None: the last)."""
    everybody = np.ones(len(paired.residents), bool)
    participants, staff = paired.mask(arm, "participants", week), paired.mask(arm, "staff", week)
    staff &= ~participants
    spillover = paired.connected(participants | staff)
    return {"everybody": everybody, "participants": participants, "staff": staff, "spillover": spillover,
            "others": ~(participants | staff | spillover)}


def effects(paired: PairedRuns, arm: str) -> pd.DataFrame:
    """Effects of one arm in one seed by week, part, cut and outcome.

    Columns: arm, week, part, by (all, group, age, prior contact), level, outcome, residents, effect (SD), raw (the
    outcome's unit), control (mean in the control arm, the outcome's unit), control_sd (mean of the people's own
    groups' standard deviations there, the outcome's unit). An effect is nan if the outcome does not vary in the
    control arm and yet differs, and if there is nobody.
    """
    cuts = _cuts(paired)
    rows: list[dict[str, Any]] = []
    for week in sorted(paired.arms[arm].readings):
        masks = parts(paired, arm, week)
        for outcome in OUTCOMES:
            raw, spread = paired.difference(arm, outcome, week), paired.spread(outcome, week)
            z = standardised(raw, spread)
            control = paired.arms[CONTROL].readings[week].values[outcome].astype(float)
            for part, mask in masks.items():
                counted = mask & ~np.isnan(raw)
                for by, (codes, levels) in cuts.items():
                    n, *means = _means(codes[counted], len(levels), [one[counted] for one in (z, raw, control, spread)])
                    rows += [{"arm": arm, "week": week, "part": part, "by": by, "level": level, "outcome": outcome,
                              "residents": int(n[k]), "effect": means[0][k], "raw": means[1][k],
                              "control": means[2][k], "control_sd": means[3][k]} for k, level in enumerate(levels)]
    return pd.DataFrame(rows)


def _cuts(paired: PairedRuns) -> dict[str, tuple[NDArray[np.intp], list[str]]]:
    people = paired.residents
    of = {"all": (np.full(len(people), "all"), ["all"]), "group": (people.own_group, list(people.groups)),
          "age": (people.age_band, list(AGE_BANDS)), "prior contact": (people.prior_contact, list(TERCILES))}
    return {by: (pd.Categorical(values, categories=levels).codes.astype(np.intp), levels)
            for by, (values, levels) in of.items()}


def _means(codes: NDArray[np.intp], levels: int, columns: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    n = np.bincount(codes, minlength=levels).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        return [n, *(np.bincount(codes, weights=column, minlength=levels) / n for column in columns)]


def facts(paired: PairedRuns, arm: str) -> dict[str, float]:
    """What one arm needed in one seed: cost (pounds more than the control arm; nan if unknown), participants, staff and
    interested (people), burn_in (weeks) and stationary (1 if the burn-in had settled at its end)."""
    here, there = paired.arms[arm].cost, paired.arms[CONTROL].cost
    return {"cost": here - (there if there == there else 0.0),
            **{what: float(paired.mask(arm, what).sum()) for what in LISTS},
            "burn_in": float(paired.burn_in.weeks), "stationary": float(paired.burn_in.stationary)}


def notes(paired: PairedRuns, arm: str) -> list[str]:
    """What the arm's actions report, such as places that could not be filled."""
    return [f"{action.name}: {note}" for action in paired.arms[arm].actions if isinstance(action, Action)
            for note in remarks(action)]
