"""The two worlds of a choice, at the choice's week."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from contactsim.config.run_config import RunConfig, compose
from contactsim.demo.layout import Map, draw_map
from contactsim.demo.own_folder import config_dir
from contactsim.demo.ui_state import MOST_RESIDENTS, SIDES, Choice
from contactsim.errors import UserError
from contactsim.observers.meetings import MeetingLog
from contactsim.place import Place, load_place
from contactsim.place.build import table_place
from contactsim.place.config import TablePlace, parse
from contactsim.runs.run import begin
from contactsim.storage.burn_in_cache import key as burn_in_key
from contactsim.world import World

#: Bytes of an uploaded table at most.
LARGEST_UPLOAD = 5_000_000
#: Residents up to which each is drawn as a dot.
MOST_DOTS = 6500
#: Says how far the building is: stage, done, total.
Progress = Callable[[str, int, int], None]

# Hydra keeps what it composes in variables of the process.
_COMPOSING = threading.Lock()
# Two burn-ins at a time, however many pages are open.
_LIVING = threading.BoundedSemaphore(2)


@dataclass(frozen=True)
class Upload:
    """A census table that somebody brought along; it is kept in memory only."""

    name: str
    raw: bytes

    @property
    def digest(self) -> str:
        """What a link holds in place of the file."""
        return hashlib.sha256(self.raw).hexdigest()[:16]


def take_upload(name: str, raw: bytes) -> Upload:
    """An uploaded table, its name made harmless; raises UserError for one that is too large or compressed."""
    if len(raw) > LARGEST_UPLOAD:
        raise UserError(f"{_plain_name(name)} has {len(raw) / 1e6:.1f} MB; at most {LARGEST_UPLOAD / 1e6:.0f} MB are "
                        f"taken.")
    if raw[:2] in (b"\x1f\x8b", b"PK"):
        raise UserError(f"{_plain_name(name)} is compressed: save the table as CSV.")
    return Upload(_plain_name(name), raw)


def _plain_name(name: str) -> str:
    plain = re.sub(r"[^\w.-]+", "_", name.replace("\\", "/").rsplit("/", 1)[-1])[-60:].strip("._-")
    return plain or "table.csv"


@dataclass(frozen=True)
class Side:
    """One world of the page."""

    config: RunConfig
    world: World
    map: Map
    log: MeetingLog | None
    """knows who met whom in a week; None where residents are too many to draw"""


def build(choice: Choice, upload: Upload | None = None, progress: Progress | None = None) -> tuple[Side, Side]:
    """Both worlds at week 0; raises UserError for a choice that makes no world."""
    configs = [configure(choice, side, upload) for side in SIDES]
    places = [place_of(config, upload) for config in configs]
    keys = [burn_in_key(place, config.parameters, config.seed) for config, place in zip(configs, places, strict=True)]
    told: dict[int, tuple[int, int]] = {}

    def one(k: int) -> Side:
        def tell(stage: str, done: int, total: int) -> None:
            told[k] = (done, total)
            if progress is not None:
                progress(stage, sum(d for d, _ in told.values()), sum(t for _, t in told.values()))

        return _side(configs[k], places[k], tell)

    if keys[0] == keys[1] and configs[0].cache_burn_in:
        return one(0), one(1)
    with ThreadPoolExecutor(2) as pool:
        left, right = pool.map(one, range(2))
    return left, right


def configure(choice: Choice, side: str, upload: Upload | None = None) -> RunConfig:
    """The run that a world is; raises UserError."""
    overrides = choice.overrides(side)
    if choice.upload:
        if upload is None or upload.digest != choice.upload:
            raise UserError("This link shows a place from a file that is not in it: upload the file to see it.")
        overrides = ["place=census", f"place.file={upload.name}", *overrides]
    config = _composed((*overrides, f"seed={choice.seed}", "threads=1"), config_dir())
    return config.model_copy(update={"cache_burn_in": False}) if choice.upload else config  # nothing stays on the disk


@lru_cache(maxsize=128)
def _composed(overrides: tuple[str, ...], folder: str | None) -> RunConfig:
    """The run of these overrides; it never changes, and composing it takes longer than reading its burn-in."""
    with _COMPOSING:
        return compose(list(overrides), folder)


def place_of(config: RunConfig, upload: Upload | None) -> Place:
    """Who lives where; raises UserError for a place too large for a page."""
    keys = parse(config.place)
    if isinstance(keys, TablePlace) and upload is not None and keys.file == upload.name:
        place = table_place(keys, Path.cwd(), upload.raw)
    else:
        place = load_place(config.place)
    if place.residents > MOST_RESIDENTS:
        raise UserError(f"{place.name} has {place.residents:,} residents; the page takes {MOST_RESIDENTS:,} at most: "
                        f"use the command line, or keep a part of the table.")
    return place


def _side(config: RunConfig, place: Place, progress: Progress) -> Side:
    with _LIVING:
        world = begin(config, place, progress)[0]
    log = MeetingLog() if place.residents <= MOST_DOTS else None
    if log is not None:
        world.observe(log)
    return Side(config, world, draw_map(world), log)


def alike(one: Side, other: Side) -> bool:
    """Whether the same people live in the same seats of both at week 0, so that one can be told from the other."""
    a, b = one.world.place, other.world.place
    return a.groups == b.groups and a.counts.shape == b.counts.shape and bool((a.counts == b.counts).all())


def at_week_zero(choice: Choice) -> Choice:
    """The choice before anything was lived."""
    return replace(choice, week=0)
