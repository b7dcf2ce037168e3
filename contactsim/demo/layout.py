"""Where a map draws areas and residents.

Places have no geography: areas are drawn as nested tiles whose size is proportional to their population, in the order
of the place's table.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contactsim.world import World

#: Space around a district, a neighbourhood and an output area, as a share of the map's width.
GAPS = (0.008, 0.004, 0.0018)
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Map:
    """A place drawn in the unit square."""

    tiles: NDArray[np.float32]  # (output areas, 4) left, top, width, height
    seats: NDArray[np.float32]  # (seats, 2) middle of each dwelling seat
    output_area: NDArray[np.int32]  # (seats,) output area of each seat


def draw_map(world: World) -> Map:
    """The map of a world: a tile for each output area and a point for each dwelling seat."""
    start = world.settings["street"].partitions["output_area"].start
    weights = np.diff(start).astype(float)
    levels = [world.place.levels[k].area_of_output_area for k in (2, 1, 0)]
    tiles = np.zeros((weights.shape[0], 4), np.float32)
    _nest((0.0, 0.0, 1.0, 1.0), np.arange(weights.shape[0]), weights, levels, 0, tiles)
    output_area = np.repeat(np.arange(weights.shape[0], dtype=np.int32), np.diff(start))
    seats = np.concatenate([_points(tile, int(n)) for tile, n in zip(tiles, weights, strict=True)])
    return Map(tiles, seats, output_area)


def _nest(box: Box, output_areas: NDArray[np.intp], weights: NDArray[np.float64], levels: list[NDArray[np.int32]],
          depth: int, tiles: NDArray[np.float32]) -> None:
    """Write the tiles of some output areas, which together fill ``box``, into ``tiles``."""
    if depth == len(levels):
        tiles[output_areas[0]] = box
        return
    parts = np.split(output_areas, np.flatnonzero(np.diff(levels[depth][output_areas])) + 1)
    gap = GAPS[depth] if len(parts) > 1 or depth == len(levels) - 1 else 0.0
    for part, inner in zip(parts, boxes(box, [float(weights[p].sum()) for p in parts]), strict=True):
        x, y, w, h = inner
        _nest((x + gap, y + gap, max(w - 2 * gap, 1e-4), max(h - 2 * gap, 1e-4)), part, weights, levels, depth + 1,
              tiles)


def boxes(box: Box, weights: list[float]) -> list[Box]:
    """The box divided into one part for each weight, in order; repeatedly halves the weight along the longer edge."""
    if len(weights) == 1:
        return [box]
    x, y, w, h = box
    sums = np.cumsum(weights)
    k = int(np.argmin(np.abs(sums[:-1] - sums[-1] / 2))) + 1
    share = float(sums[k - 1] / sums[-1])
    if w >= h:
        one, other = (x, y, w * share, h), (x + w * share, y, w * (1 - share), h)
    else:
        one, other = (x, y, w, h * share), (x, y + h * share, w, h * (1 - share))
    return [*boxes(one, weights[:k]), *boxes(other, weights[k:])]


def _points(tile: NDArray[np.float32], n: int) -> NDArray[np.float32]:
    """n points in rows inside a tile."""
    x, y, w, h = (float(v) for v in tile)
    across = max(1, min(n, round((n * w / h) ** 0.5)))
    down = max(1, -(-n // across))
    k = np.arange(n)
    return np.column_stack([x + w * (k % across + 0.5) / across, y + h * (k // across + 0.5) / down]).astype(np.float32)
