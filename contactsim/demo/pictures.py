"""A world's week as the page draws it: a colour for each seat, lines for meetings, figures for areas and charts.

Everything is a copy, so that a picture can be drawn while the next week is lived.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from contactsim.demo.build import Side
from contactsim.encounters.arrays import NEGATIVE, POSITIVE
from contactsim.encounters.log import Meetings
from contactsim.observers.weekly import BY_GROUP, BY_TARGET
from contactsim.place.segregation import dissimilarity
from contactsim.residents import SURVEY_AGE, attitude_to_others
from contactsim.world import World

#: What the charts show of each group, and of everyone: name, title, unit. Names of weekly.parquet mean the same here.
MEASURES = (
    ("positive", "Positive meetings", "a resident and week"),
    ("negative", "Negative meetings", "a resident and week"),
    ("attitude", "Mean attitude", "−1 to 1"),
    ("attitude_sd", "Spread of attitudes", "standard deviation"),
    ("cross_friend", "Friend in another group", "share of residents"),
    ("belonging", "Belonging", "0 to 1"),
    ("engagement", "Engagement", "0 to 1"),
    ("separation", "Separation of meetings", "0 mixed, 1 own group only"),
    ("dissimilarity", "Separation of homes (D)", "0 mixed, 1 apart"),
    ("with_friend", "Attitude of those with a friend in another group", "−1 to 1"),
    ("without_friend", "Attitude of those without", "−1 to 1"),
    ("participants", "Attitude of participants (in A: of the same people)", "−1 to 1"),
    ("others", "Attitude of all others", "−1 to 1"),
)
#: Bars of the distribution of attitudes, from -1 to 1.
BARS = 40
#: People below whom a mean of some of them is not shown: it would be theirs and no mean.
FEWEST = 10
#: By how much the attitude of one person must differ between two worlds to be called warmer or colder.
CLEARLY = 0.05
#: Meetings drawn at most.
MOST_LINES = 44
#: Lowest and highest value of each colouring, and of a difference between two worlds.
SCALES = {"attitude": (-1.0, 1.0), "positive": (0.0, 4.0), "negative": (0.0, 2.0), "belonging": (0.0, 1.0)}
DIFFERENCES = {"attitude": 0.4, "positive": 2.0, "negative": 1.0, "belonging": 0.4}
#: Figures of an area that the page tells on hovering.
AREA_FIGURES = ("residents", "other groups", "attitude", "positive", "negative", "belonging")
EMPTY = 255


def column(world: World, colour: str) -> NDArray[np.float64]:
    """(N,) what a map is coloured by."""
    people = world.people
    if colour == "attitude":
        return attitude_to_others(world.people, world.weights)
    if colour in ("positive", "negative"):
        table = people.recent_positive if colour == "positive" else people.recent_negative
        return table.sum(axis=1)
    return people.column(colour).astype(float)


def paint(side: Side, colour: str) -> bytes:
    """One byte a seat: the group, or the value from 0 to 250 of its scale; EMPTY where nobody lives."""
    values = column(side.world, colour)
    if colour == "group":
        return _seated(side, values)
    low, high = SCALES[colour]
    return _seated(side, 250 * (values - low) / (high - low))


def paint_difference(left: Side, right: Side, colour: str) -> bytes:
    """One byte a seat: right minus left, from 0 to 250 with 125 for none; EMPTY where either lacks somebody."""
    most = DIFFERENCES[colour]
    change = column(right.world, colour) - column(left.world, colour)
    one = np.frombuffer(_seated(left, 125 + 125 * change / most), np.uint8)
    other = np.frombuffer(_seated(right, 125 + 125 * change / most), np.uint8)
    return np.where(one == other, one, EMPTY).astype(np.uint8).tobytes()


def _seated(side: Side, values: NDArray[np.float64]) -> bytes:
    occupant = side.world.settings["street"].occupant
    shown = np.rint(np.clip(values, 0, 250)).astype(np.uint8)
    return np.where(occupant >= 0, shown[occupant], EMPTY).astype(np.uint8).tobytes()


def area_figures(side: Side) -> NDArray[np.float32]:
    """(cells, figures) :data:`AREA_FIGURES` of each tile, all ages."""
    world, cells = side.world, side.map.tiles.shape[0]
    occupant = world.settings["street"].occupant
    rows = occupant[occupant >= 0]
    cell = side.map.output_area[occupant >= 0]
    n = np.maximum(np.bincount(cell, minlength=cells), 1)
    values = [world.people.group[rows] > 0, *(column(world, name)[rows] for name in AREA_FIGURES[2:])]
    means = [np.bincount(cell, weights=value, minlength=cells) / n for value in values]
    return np.stack([np.bincount(cell, minlength=cells), *means], axis=1).astype(np.float32)


def lines(side: Side, meetings: list[Meetings]) -> bytes:
    """Some of the week's meetings as (seat, seat, 0 good | 1 bad), uint32: bad for one side at least, or good
    for one side at least and bad for neither.

    Kinds are shown in the proportion in which they happened.
    """
    if not meetings:
        return b""
    one, other = (np.concatenate([getattr(m, name) for m in meetings]) for name in ("one", "other"))
    mine, theirs = (np.concatenate([getattr(m, name) for m in meetings]) for name in ("mine", "theirs"))
    bad = (mine == NEGATIVE) | (theirs == NEGATIVE)
    seat = side.world.settings["street"].seat
    shown = np.flatnonzero((bad | (mine == POSITIVE) | (theirs == POSITIVE)) & (seat[one] >= 0) & (seat[other] >= 0))
    if shown.shape[0] > MOST_LINES:
        shown = shown[np.linspace(0, shown.shape[0] - 1, MOST_LINES).astype(int)]
    return np.stack([seat[one[shown]], seat[other[shown]], bad[shown]], axis=1).astype(np.uint32).tobytes()


def figures(world: World, took_part: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(measures, groups + 1) of the week just lived, residents aged 16 and over; the last column is everyone.

    ``took_part`` (N,) says whose attitudes are shown apart from those of the others.
    """
    by_target, by_group = world.record[-1]
    sums = np.concatenate([by_target[:, -1], by_target[:, -1].sum(axis=0, keepdims=True)])
    size = np.concatenate([by_group, by_group.sum(axis=0, keepdims=True)])
    n = np.maximum(size[:, 0], 1.0)
    mean = {name: sums[:, k] / n for k, name in enumerate(BY_TARGET)}
    mean |= {name: size[:, k] / n for k, name in enumerate(BY_GROUP) if k > 0}
    mean["attitude_sd"] = np.sqrt(np.maximum(mean["attitude_squared"] - mean["attitude"] ** 2, 0.0))
    mean["separation"] = _separation(mean, n)
    mean["dissimilarity"] = _homes(world)
    mean["with_friend"], mean["without_friend"] = _by(world, world.people.friend_groups & ~_own_bit(world) > 0)
    mean["participants"], mean["others"] = _by(world, took_part)
    return np.stack([mean[name] for name, _, _ in MEASURES]).astype(np.float32)


def _separation(mean: dict[str, NDArray[np.float64]], n: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far meetings fall short of those of people who meet by chance: 1 - across / (across if by chance); nan
    where nobody met."""
    across = mean["positive"] + mean["negative"] + mean["neutral"]
    all_meetings = across + mean["own_meetings"]
    share = across / np.where(all_meetings > 0, all_meetings, np.nan)
    groups = n[:-1] / n[-1]
    expected = np.append(1.0 - groups, 1.0 - (groups**2).sum())
    return np.asarray(1.0 - share / np.maximum(expected, 1e-12))


def _homes(world: World) -> NDArray[np.float64]:
    people, groups = world.people, world.people.groups
    rows = np.flatnonzero(people.active)
    cell = people.output_area_of_dwelling[people.dwelling[people.household[rows]]]
    cells = world.place.counts.shape[0]
    counts = np.bincount(cell * groups + people.group[rows], minlength=cells * groups).reshape(cells, groups)
    each = [dissimilarity(counts, g) for g in range(groups)]
    return np.array([*each, each[0]])


def participants(world: World) -> NDArray[np.bool_]:
    """(N,) who has ever taken part in an action."""
    inside = np.zeros(len(world.people), bool)
    for action in world.actions:
        inside[np.asarray(getattr(action, "participants", ()), np.intp)] = True
    return inside


def _own_bit(world: World) -> NDArray[np.uint16]:
    return np.left_shift(np.uint16(1), world.people.group.astype(np.uint16))


def _by(world: World, those: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean attitude by group, and of everyone, of those and of all others; nan for fewer than :data:`FEWEST`."""
    people = world.people
    asked = people.active & (people.age >= SURVEY_AGE)
    attitude = attitude_to_others(world.people, world.weights)
    both = _means(world, attitude, asked & those), _means(world, attitude, asked & ~those)
    return both if those.any() else (both[0], np.full_like(both[1], np.nan))


def _means(world: World, values: NDArray[np.float64], rows: NDArray[np.bool_]) -> NDArray[np.float64]:
    groups = world.people.groups
    n = np.bincount(world.people.group[rows], minlength=groups).astype(float)
    total = np.bincount(world.people.group[rows], weights=values[rows], minlength=groups)
    people = np.append(n, n.sum())
    return np.where(people >= FEWEST, np.append(total, total.sum()) / np.maximum(people, 1.0), np.nan)


def distribution(world: World) -> NDArray[np.float32]:
    """(groups + 1, bars) shares of residents aged 16 and over by attitude to all others."""
    people = world.people
    rows = np.flatnonzero(people.active & (people.age >= SURVEY_AGE))
    bar = np.clip(((attitude_to_others(world.people, world.weights, rows) + 1) / 2 * BARS).astype(int), 0, BARS - 1)
    counts = np.bincount(people.group[rows] * np.intp(BARS) + bar, minlength=people.groups * BARS)
    counts = counts.reshape(people.groups, BARS)
    counts = np.concatenate([counts, counts.sum(axis=0, keepdims=True)])
    return (counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)).astype(np.float32)


def moved(one: World, other: World) -> tuple[float, float]:
    """Shares of those aged 16 and over who are clearly (:data:`CLEARLY`) warmer, and colder, in the other world."""
    both = one.people.active & other.people.active & (one.people.uid == other.people.uid)
    rows = np.flatnonzero(both & (other.people.age >= SURVEY_AGE))
    change = attitude_to_others(other.people, other.weights, rows) - attitude_to_others(one.people, one.weights, rows)
    n = max(1, rows.shape[0])
    return float((change > CLEARLY).sum() / n), float((change < -CLEARLY).sum() / n)


def scene(sides: Sequence[Side], same: bool) -> dict[str, Any]:
    """What stays while weeks go by: the maps, the groups, whether residents are dots."""
    return {
        "same": same, "dots": all(side.log is not None for side in sides),
        "worlds": [{
            "groups": list(side.world.place.groups), "residents": side.world.place.residents,
            "name": side.world.place.name, "tiles": side.map.tiles.tobytes(), "seats": side.map.seats.tobytes(),
            "cells": list(side.world.place.levels[0].codes)} for side in sides],
    }


def weekly_csv(tables: list[pd.DataFrame]) -> str:
    """Both worlds' weeks as one tidy table: world, week, measure, group, target, value."""
    whole = pd.concat([table.astype({"measure": str, "group": str, "target": str}).assign(world=name)
                       for name, table in zip("AB", tables, strict=True)])
    return str(whole[["world", "week", "measure", "group", "target", "value"]].to_csv(index=False))
