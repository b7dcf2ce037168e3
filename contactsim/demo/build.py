"""The two worlds of a page's state, built at week 0, and their maps."""

from __future__ import annotations

import hashlib
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contactsim.config.run_config import RunConfig, compose
from contactsim.demo.menu import config_dir
from contactsim.demo.ui_state import MOST_RESIDENTS, WORLDS, UIState
from contactsim.errors import UserError
from contactsim.observers.meetings import MeetingLog
from contactsim.place import Place, load_place
from contactsim.place.build import table_place
from contactsim.place.config import TablePlace, parse
from contactsim.runs.progress import Report
from contactsim.runs.run import begin
from contactsim.storage.burn_in_cache import key as burn_in_key
from contactsim.world import World

#: Largest uploaded table in bytes.
LARGEST_UPLOAD = 5_000_000
#: Largest number of residents for which each is drawn as a dot.
MOST_DOTS = 6500
#: Space around a district, a neighbourhood and an output area, as a share of the map's width.
GAPS = (0.008, 0.004, 0.0018)
Box = tuple[float, float, float, float]

# Hydra stores what it composes in global variables, so one thread composes at a time.
_COMPOSING = threading.Lock()
# At most two burn-ins run at a time, however many pages are open.
_RUNNING = threading.BoundedSemaphore(2)


@dataclass(frozen=True)
class Upload:
    """A census table that a visitor has uploaded; it is held in memory only."""

    name: str
    raw: bytes

    @property
    def digest(self) -> str:
        """The digest that a link holds instead of the file."""
        return hashlib.sha256(self.raw).hexdigest()[:16]


def take_upload(name: str, raw: bytes) -> Upload:
    """An uploaded table with a harmless name; raises UserError for one that is too large or compressed."""
    if len(raw) > LARGEST_UPLOAD:
        raise UserError(f"{_plain_name(name)} has {len(raw) / 1e6:.1f} MB; at most {LARGEST_UPLOAD / 1e6:.0f} MB are "
                        f"accepted.")
    if raw[:2] in (b"\x1f\x8b", b"PK"):
        raise UserError(f"{_plain_name(name)} is compressed: save the table as CSV.")
    return Upload(_plain_name(name), raw)


def _plain_name(name: str) -> str:
    plain = re.sub(r"[^\w.-]+", "_", name.replace("\\", "/").rsplit("/", 1)[-1])[-60:].strip("._-")
    return plain or "table.csv"


@dataclass(frozen=True)
class Map:
    """A place drawn in the unit square.

    Places have no geography: areas are drawn as nested tiles whose size is proportional to their population, in the
    order of the place's table.
    """

    tiles: NDArray[np.float32]
    """(output areas, 4) left, top, width, height"""
    seats: NDArray[np.float32]
    """(seats, 2) middle of each dwelling seat"""
    output_area: NDArray[np.int32]
    """(seats,) output area of each seat"""


@dataclass(frozen=True)
class WorldView:
    """One world of the page and what is needed to draw it."""

    config: RunConfig
    world: World
    map: Map
    log: MeetingLog | None
    """who met whom in the last week; None where there are too many residents to draw"""


def build(state: UIState, upload: Upload | None = None,
          progress: Report | None = None) -> tuple[WorldView, WorldView]:
    """The left and the right world at week 0; raises UserError for an invalid configuration.

    ``progress`` is called with the progress of both burn-ins together.
    """
    configs = [configure(state, world, upload) for world in WORLDS]
    places = [place_of(config, upload) for config in configs]
    keys = [burn_in_key(place, config.parameters, config.seed) for config, place in zip(configs, places, strict=True)]
    counts: dict[int, tuple[int, int]] = {}

    def one(k: int) -> WorldView:
        def report(stage: str, done: int, total: int) -> None:
            counts[k] = (done, total)
            if progress is not None:
                progress(stage, sum(d for d, _ in counts.values()), sum(t for _, t in counts.values()))

        return _view(configs[k], places[k], report)

    if keys[0] == keys[1] and configs[0].cache_burn_in:
        return one(0), one(1)
    with ThreadPoolExecutor(2) as pool:
        left, right = pool.map(one, range(2))
    return left, right


def configure(state: UIState, world: str, upload: Upload | None = None) -> RunConfig:
    """The configuration of the left or right world; raises UserError for an invalid one."""
    overrides = state.overrides(world)
    if state.upload:
        if upload is None or upload.digest != state.upload:
            raise UserError("This link shows a place from a file that is not in it: upload the file to see it.")
        overrides = ["place=census", f"place.file={upload.name}", *overrides]
    config = _composed((*overrides, f"seed={state.seed}", "threads=1"), config_dir())
    return config.model_copy(update={"cache_burn_in": False}) if state.upload else config  # store nothing


@lru_cache(maxsize=128)
def _composed(overrides: tuple[str, ...], folder: str | None) -> RunConfig:
    """The configuration of these overrides, cached because composing it takes longer than reading its burn-in."""
    with _COMPOSING:
        return compose(list(overrides), folder)


def place_of(config: RunConfig, upload: Upload | None) -> Place:
    """The place of a configuration; raises UserError for one that is too large for a page."""
    keys = parse(config.place)
    if isinstance(keys, TablePlace) and upload is not None and keys.file == upload.name:
        place = table_place(keys, Path.cwd(), upload.raw)
    else:
        place = load_place(config.place)
    if place.residents > MOST_RESIDENTS:
        raise UserError(f"{place.name} has {place.residents:,} residents; the page shows at most {MOST_RESIDENTS:,}: "
                        f"use the command line, or upload a part of the table.")
    return place


def _view(config: RunConfig, place: Place, progress: Report) -> WorldView:
    with _RUNNING:
        world = begin(config, place, progress)[0]
    log = MeetingLog() if place.residents <= MOST_DOTS else None
    if log is not None:
        world.observe(log)
    return WorldView(config, world, draw_map(world), log)


def same_residents(one: WorldView, other: WorldView) -> bool:
    """Whether the same people live in the same seats of both worlds at week 0, so that they can be compared."""
    a, b = one.world.place, other.world.place
    return a.groups == b.groups and a.counts.shape == b.counts.shape and bool((a.counts == b.counts).all())


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
