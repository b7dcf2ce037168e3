"""Who a figure is about: a few words of a design turned into a mask over rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from contactsim.evidence.panel import START, Array, Mask, Seen
from contactsim.residents import SURVEY_AGE

MAJORITY_ADULTS: dict[str, Any] = {"group": "majority"}
ADULT_AGES = (SURVEY_AGE, 200.0)
_KEYS = {"group", "ages", "part", "of", "in", "friend", "third", "half", "learner", "job"}


def mask(who: Mapping[str, Any] | None, seen: Seen, chosen: Mapping[str, Seen]) -> Mask:
    """(N,) rows of ``seen`` that ``who`` speaks of; ``chosen`` are the worlds that single people out.

    Keys: ``group`` (majority, minority, all), ``ages`` [from, below], ``part`` (participants, interested, staff,
    parents, others) ``of`` an action ``in`` a world, ``friend`` (1 with, 0 without a friend across groups at the
    start), ``learner`` (arrived within ten years), ``job``, and ``third`` or ``half`` {by, side} of those left.
    Ages are those of adults where neither ages nor a part are given.
    """
    who = MAJORITY_ADULTS if who is None else who
    unknown = set(who) - _KEYS
    if unknown:
        raise ValueError(f"who: there is no '{sorted(unknown)[0]}'")
    people = seen.people
    low, high = who.get("ages", (0, 200) if "part" in who else ADULT_AGES)
    rows = people["active"] & (people["age"] >= low) & (people["age"] < high)
    if who.get("group", "all") != "all":
        rows = rows & ((people["group"] == 0) == (who["group"] == "majority"))
    for key in ("learner", "job"):
        if key in who:
            rows = rows & (people[key] == who[key])
    if "friend" in who:
        rows = rows & ((seen.at("friends", START) > 0) == bool(who["friend"]))
    if "part" in who:
        rows = rows & _part(chosen[who["in"]], who["of"], who["part"])
    for key, share in (("third", 1 / 3), ("half", 1 / 2)):
        if key in who:
            by = chosen[who["in"]] if "in" in who else seen
            rows = _extreme(rows, trait(by, who[key]["by"]), who[key]["side"], share)
    return rows


def trait(seen: Seen, name: str) -> Array:
    """What people are ordered by, at the start."""
    if name in ("own_share", "own_share_near"):
        return seen.people[name]
    if name in ("recent_contact", "past_contact"):
        kind = name.removesuffix("_contact")
        return seen.at(f"{kind}_positive", START) + seen.at(f"{kind}_negative", START)
    return seen.at(name, START)


def _part(seen: Seen, action: str, part: str) -> Mask:
    took = seen.part(action, "participants")
    if part == "others":
        return ~took & ~seen.part(action, "staff")
    if part == "parents":
        homes = np.unique(seen.people["household"][took])
        return np.isin(seen.people["household"], homes) & (seen.people["age"] >= 18)
    return seen.part(action, part)


def _extreme(rows: Mask, by: Array, side: str, share: float) -> Mask:
    """The share of ``rows`` with the lowest or highest values; ties are broken by row."""
    index = np.flatnonzero(rows)
    order = index[np.argsort(by[index] if side == "low" else -by[index], kind="stable")]
    out = np.zeros(rows.shape[0], bool)
    out[order[: round(share * order.shape[0])]] = True
    return out
