"""A world's week as the page draws it: a colour for each seat, lines for meetings, figures for areas and charts.

Everything is a copy, so that a picture can be drawn while the next week is simulated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from contactsim.demo.build import WorldView
from contactsim.encounters.arrays import NEGATIVE, POSITIVE
from contactsim.encounters.log import Meetings
from contactsim.observers.weekly import BY_GROUP, BY_TARGET
from contactsim.place.segregation import dissimilarity
from contactsim.residents import SURVEY_AGE, attitude_to_others, liking, over_others
from contactsim.world import World

#: Measures of the charts, for each group and for everyone: name, title, unit. Names that weekly.parquet has mean the
#: same here.
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
    ("with_friend", "Attitude and feeling now, with a friend in another group", "−1 to 1"),
    ("without_friend", "Attitude and feeling now, without one", "−1 to 1"),
    ("participants", "Attitude of participants (in A: the same people)", "−1 to 1"),
    ("others", "Attitude of all others", "−1 to 1"),
)
#: Number of bars in the distribution of attitudes from -1 to 1.
BARS = 40
#: Fewest people whose mean attitude is shown; a mean of fewer would say too much about each of them.
FEWEST = 10
#: Smallest difference in one person's attitude between two worlds that counts as warmer or colder.
CLEARLY = 0.05
#: Most meetings that are drawn.
MOST_LINES = 44
#: Lowest and highest value of each colouring, and the largest difference between two worlds.
SCALES = {"attitude": (-1.0, 1.0), "positive": (0.0, 4.0), "negative": (0.0, 2.0), "belonging": (0.0, 1.0)}
DIFFERENCES = {"attitude": 0.4, "positive": 2.0, "negative": 1.0, "belonging": 0.4}
#: Figures of an area that the page shows when the pointer is over it.
AREA_FIGURES = ("residents", "other groups", "attitude", "positive", "negative", "belonging")
#: The byte of a seat where nobody lives.
EMPTY = 255

# Colours that people with a colour-vision deficiency can tell apart: those of Okabe and Ito for groups, and scales
# whose lightness carries the order.
#: Colours of the groups in order; further groups start again with the first.
GROUP_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#8c5a2b", "#f0e442", "#5c5c5c")
#: Colours of the two worlds in charts; lines of the right one are also dashed.
WORLD_COLOURS = ("#17456b", "#b3470f")
#: Colours of good and bad meetings; lines of bad ones are also dashed and crossed.
MEETING_COLOURS = ("#0b6e4f", "#8b0a3d")
_COOL_WARM = ("#4b2e83", "#a99bc9", "#ecebe6", "#f0a561", "#b35806")
#: Colours along each scale, from its lowest value to its highest.
STOPS = {
    "attitude": _COOL_WARM,
    "positive": ("#f1f1ea", "#7fcdbb", "#1d91c0", "#0c2c84"),
    "negative": ("#f1f1ea", "#f4a582", "#ca4a68", "#5e0b4b"),
    "belonging": ("#fff7c7", "#6fb58a", "#21708d", "#232f63"),
    "difference": _COOL_WARM,
}
#: What the ends of a scale mean.
ENDS = {
    "attitude": ("cold", "warm"), "positive": ("none", "4 or more a week"), "negative": ("none", "2 or more a week"),
    "belonging": ("not at all", "fully"),
}
#: Names of the colourings.
NAMES = {"group": "group", "attitude": "attitude to other groups", "positive": "recent good contact",
         "negative": "recent bad contact", "belonging": "belonging"}


def palette(groups: int) -> dict[str, Any]:
    """All that the page needs to colour maps and charts."""
    return {
        "groups": [GROUP_COLOURS[g % len(GROUP_COLOURS)] for g in range(groups)], "worlds": WORLD_COLOURS,
        "meetings": MEETING_COLOURS, "stops": STOPS, "scales": SCALES, "differences": DIFFERENCES,
        "ends": ENDS, "names": NAMES,
    }


def column(world: World, colour: str) -> NDArray[np.float64]:
    """(N,) values that colour a map: group, attitude, positive, negative or belonging."""
    people = world.people
    if colour == "attitude":
        return attitude_to_others(world.people, world.weights)
    if colour in ("positive", "negative"):
        table = people.recent_positive if colour == "positive" else people.recent_negative
        return table.sum(axis=1)
    return people.column(colour).astype(float)


def paint(view: WorldView, colour: str) -> bytes:
    """One byte for each seat: the group, or the value scaled to 0 to 250; EMPTY where nobody lives."""
    values = column(view.world, colour)
    if colour == "group":
        return _seated(view, values)
    low, high = SCALES[colour]
    return _seated(view, 250 * (values - low) / (high - low))


def paint_difference(left: WorldView, right: WorldView, colour: str) -> bytes:
    """One byte for each seat: right minus left, 125 for no difference; EMPTY if empty in either world."""
    most = DIFFERENCES[colour]
    change = column(right.world, colour) - column(left.world, colour)
    one = np.frombuffer(_seated(left, 125 + 125 * change / most), np.uint8)
    other = np.frombuffer(_seated(right, 125 + 125 * change / most), np.uint8)
    return np.where(one == other, one, EMPTY).astype(np.uint8).tobytes()


def _seated(view: WorldView, values: NDArray[np.float64]) -> bytes:
    occupant = view.world.settings["street"].occupant
    shown = np.rint(np.clip(values, 0, 250)).astype(np.uint8)
    return np.where(occupant >= 0, shown[occupant], EMPTY).astype(np.uint8).tobytes()


def area_figures(view: WorldView) -> NDArray[np.float32]:
    """(areas, figures) :data:`AREA_FIGURES` of each tile, residents of all ages."""
    world, n_areas = view.world, view.map.tiles.shape[0]
    occupant = world.settings["street"].occupant
    rows = occupant[occupant >= 0]
    area = view.map.output_area[occupant >= 0]
    n = np.maximum(np.bincount(area, minlength=n_areas), 1)
    values = [world.people.group[rows] > 0, *(column(world, name)[rows] for name in AREA_FIGURES[2:])]
    means = [np.bincount(area, weights=value, minlength=n_areas) / n for value in values]
    return np.stack([np.bincount(area, minlength=n_areas), *means], axis=1).astype(np.float32)


def lines(view: WorldView, meetings: list[Meetings]) -> bytes:
    """Some of the week's meetings as (seat, seat, 0 good | 1 bad), uint32.

    A meeting is bad if it was bad for at least one of the two, and good if it was good for at least one and bad for
    neither. Good and bad meetings are shown in the proportion in which they happened.
    """
    if not meetings:
        return b""
    one, other = (np.concatenate([getattr(m, name) for m in meetings]) for name in ("one", "other"))
    mine, theirs = (np.concatenate([getattr(m, name) for m in meetings]) for name in ("mine", "theirs"))
    bad = (mine == NEGATIVE) | (theirs == NEGATIVE)
    seat = view.world.settings["street"].seat
    shown = np.flatnonzero((bad | (mine == POSITIVE) | (theirs == POSITIVE)) & (seat[one] >= 0) & (seat[other] >= 0))
    if shown.shape[0] > MOST_LINES:
        shown = shown[np.linspace(0, shown.shape[0] - 1, MOST_LINES).astype(int)]
    return np.stack([seat[one[shown]], seat[other[shown]], bad[shown]], axis=1).astype(np.uint32).tobytes()


def figures(world: World, took_part: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(measures, groups + 1) :data:`MEASURES` of the last week, for residents aged 16 and over; last column: everyone.

    ``took_part`` (N,) marks the participants, whose attitudes are shown separately.
    """
    by_target, by_group = world.record[-1]
    sums = np.concatenate([by_target[:, -1], by_target[:, -1].sum(axis=0, keepdims=True)])
    size = np.concatenate([by_group, by_group.sum(axis=0, keepdims=True)])
    n = np.maximum(size[:, 0], 1.0)
    mean = {name: sums[:, k] / n for k, name in enumerate(BY_TARGET)}
    mean |= {name: size[:, k] / n for k, name in enumerate(BY_GROUP) if k > 0}
    mean["attitude_sd"] = np.sqrt(np.maximum(mean["attitude_squared"] - mean["attitude"] ** 2, 0.0))
    mean["separation"] = _separation(mean, n)
    mean["dissimilarity"] = _separation_of_homes(world)
    now = over_others(liking(world.people), world.people.group, world.weights)
    mean["with_friend"], mean["without_friend"] = _split(world, now, world.people.cross_friends > 0)
    attitude = attitude_to_others(world.people, world.weights)
    mean["participants"], mean["others"] = _split(world, attitude, took_part)
    return np.stack([mean[name] for name, _, _ in MEASURES]).astype(np.float32)


def _separation(mean: dict[str, NDArray[np.float64]], n: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 - (share of meetings across groups) / (that share if people met at random); nan where nobody met."""
    across = mean["positive"] + mean["negative"] + mean["neutral"]
    all_meetings = across + mean["own_meetings"]
    share = across / np.where(all_meetings > 0, all_meetings, np.nan)
    groups = n[:-1] / n[-1]
    expected = np.append(1.0 - groups, 1.0 - (groups**2).sum())
    return np.asarray(1.0 - share / np.maximum(expected, 1e-12))


def _separation_of_homes(world: World) -> NDArray[np.float64]:
    people, groups = world.people, world.people.groups
    rows = np.flatnonzero(people.active)
    area = people.output_area[rows]
    n_areas = world.place.counts.shape[0]
    counts = np.bincount(area * groups + people.group[rows], minlength=n_areas * groups).reshape(n_areas, groups)
    each = [dissimilarity(counts, g) for g in range(groups)]
    return np.array([*each, each[0]])


def participants(world: World) -> NDArray[np.bool_]:
    """(N,) who has ever taken part in an action."""
    inside = np.zeros(len(world.people), bool)
    for action in world.actions:
        inside[np.asarray(getattr(action, "participants", ()), np.intp)] = True
    return inside


def _split(world: World, values: NDArray[np.float64],
           subgroup: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(groups + 1,) mean of ``values`` (N,) in a subgroup (N,) and in all others; nan for fewer than :data:`FEWEST`."""
    adults = world.people.active & (world.people.age >= SURVEY_AGE)
    both = _means(world, values, adults & subgroup), _means(world, values, adults & ~subgroup)
    return both if subgroup.any() else (both[0], np.full_like(both[1], np.nan))


def _means(world: World, values: NDArray[np.float64], rows: NDArray[np.bool_]) -> NDArray[np.float64]:
    groups = world.people.groups
    n = np.bincount(world.people.group[rows], minlength=groups).astype(float)
    total = np.bincount(world.people.group[rows], weights=values[rows], minlength=groups)
    people = np.append(n, n.sum())
    return np.where(people >= FEWEST, np.append(total, total.sum()) / np.maximum(people, 1.0), np.nan)


def distribution(world: World) -> NDArray[np.float32]:
    """(groups + 1, bars) shares of residents aged 16 and over by their attitude to all other groups."""
    people = world.people
    rows = np.flatnonzero(people.active & (people.age >= SURVEY_AGE))
    bar = np.clip(((attitude_to_others(world.people, world.weights, rows) + 1) / 2 * BARS).astype(int), 0, BARS - 1)
    counts = np.bincount(people.group[rows] * np.intp(BARS) + bar, minlength=people.groups * BARS)
    counts = counts.reshape(people.groups, BARS)
    counts = np.concatenate([counts, counts.sum(axis=0, keepdims=True)])
    return (counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)).astype(np.float32)


def warmer_and_colder(one: World, other: World) -> tuple[float, float]:
    """Shares of those aged 16 and over who are clearly (:data:`CLEARLY`) warmer, and colder, in the other world."""
    both = one.people.active & other.people.active & (one.people.uid == other.people.uid)
    rows = np.flatnonzero(both & (other.people.age >= SURVEY_AGE))
    change = attitude_to_others(other.people, other.weights, rows) - attitude_to_others(one.people, one.weights, rows)
    n = max(1, rows.shape[0])
    return float((change > CLEARLY).sum() / n), float((change < -CLEARLY).sum() / n)


def scene(views: Sequence[WorldView], same: bool) -> dict[str, Any]:
    """What does not change from week to week: the maps, the groups, whether residents are drawn as dots."""
    return {
        "same": same, "dots": all(view.log is not None for view in views),
        "worlds": [{
            "groups": list(view.world.place.groups), "residents": view.world.place.residents,
            "name": view.world.place.name, "tiles": view.map.tiles.tobytes(), "seats": view.map.seats.tobytes(),
            "areas": list(view.world.place.levels[0].codes)} for view in views],
    }


def weekly_csv(tables: list[pd.DataFrame]) -> str:
    """The weeks of both worlds as one tidy table: world, week, measure, group, target, value."""
    both = pd.concat([table.astype({"measure": str, "group": str, "target": str}).assign(world=name)
                       for name, table in zip("AB", tables, strict=True)])
    return str(both[["world", "week", "measure", "group", "target", "value"]].to_csv(index=False))
