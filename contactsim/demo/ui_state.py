"""What a page shows: two worlds as overrides of the configuration, and how they are displayed; also as a link.

A world of the page is the run that ``contactsim run`` makes of the same overrides. Links come from other people, so
only keys that describe a world are accepted: none that names a file, a folder or code.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from contactsim.demo.menu import config_dir
from contactsim.errors import UserError, nearest

WORLDS = ("left", "right")
#: What the maps can be coloured by.
COLOURS = ("group", "attitude", "positive", "negative", "belonging")
VIEWS = ("side", "difference")
MEETINGS = ("shown", "hidden")
#: Weeks a second; the last is as fast as possible.
SPEEDS = (1, 2, 5, 10, 1000)
#: Bounds on what one page may ask of the machine.
LONGEST_LINK, MOST_CHANGES, MOST_RESIDENTS, MOST_WEEKS = 6000, 60, 200_000, 1040
#: Groups of the configuration from which a link may choose, and sections in which it may set numbers.
_GROUPS = ("place", "residents", "settings", "psychology", "scenario", "action")
_PLACE = ("residents", "shares", "dissimilarity", "seed", "scheme", "groups", "dissimilarity_within")
_KEY = re.compile(r"\+{0,2}[a-z_]\w*(\.\w+)*")
_NAME = re.compile(r"\w+|\[\w+(, ?\w+)*\]|\[\]")
_TEXT = re.compile(r"[\w .,:+\-\[\]{}'&]*")
_DIGEST = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class UIState:
    """All that a link holds."""

    both: tuple[str, ...] = ()
    """overrides of both worlds"""
    left: tuple[str, ...] = ()
    """overrides of the left world only"""
    right: tuple[str, ...] = ()
    """overrides of the right world only"""
    seed: int = 1
    week: int = 0
    """weeks simulated since week 0"""
    upload: str = ""
    """digest of the census file that this state needs"""
    lesson: str = ""
    """name of a lesson"""
    colour: str = "attitude"
    speed: int = 5
    view: str = "side"
    """the two worlds side by side, or with the difference between them as a third map"""
    meetings: str = "shown"
    """whether the week's meetings are drawn as lines"""

    def overrides(self, world: str) -> list[str]:
        """The overrides of one world (left or right); its own ones win over those of both."""
        own: tuple[str, ...] = getattr(self, world)
        taken = {key_of(override) for override in own}
        return [*(o for o in self.both if key_of(o) not in taken), *own]

    def changed(self, where: str, key: str, value: str | None) -> UIState:
        """The state with one override set (None: removed) in ``both``, ``left`` or ``right``, at week 0.

        A change of both worlds removes the key from each of them.
        """
        places = ("both", *WORLDS) if where == "both" else (where,)
        changed = {name: tuple(o for o in getattr(self, name) if key_of(o) != key.lstrip("+")) for name in places}
        if value is not None:
            changed[where] = (*changed[where], f"{key}={value}")
        return replace(self, **changed, week=0)  # type: ignore[arg-type]

    def without_place(self) -> UIState:
        """The state without the overrides of the place."""
        others = {where: tuple(o for o in getattr(self, where) if key_of(o).split(".")[0] != "place")
                for where in ("both", *WORLDS)}
        return replace(self, **others)  # type: ignore[arg-type]

    def link(self) -> str:
        """The state as the query of an address, without the question mark."""
        start = UIState()
        pairs: list[tuple[str, Any]] = [(name, o) for name in ("both", *WORLDS) for o in getattr(self, name)]
        for name in ("seed", "week", "upload", "lesson", "colour", "speed", "view", "meetings"):
            if getattr(self, name) != getattr(start, name):
                pairs.append((name, getattr(self, name)))
        return urlencode(pairs)

    def command(self, world: str, file: str = "") -> str:
        """The command line that repeats a world up to its week; ``file`` is the uploaded table's name."""
        words = [*self.overrides(world)]
        if self.upload:
            words = ["place=census", f"place.file={file}", *words]
        words += [f"seed={self.seed}", f"weeks={max(1, self.week)}"]
        words += ["--config-dir", own] if (own := config_dir()) else []
        return "contactsim run " + " ".join(shlex.quote(word) for word in words)


def key_of(override: str) -> str:
    """The key that an override sets."""
    return override.split("=", 1)[0].lstrip("+")


def read_link(query: str, lessons: tuple[str, ...] = ()) -> UIState:
    """The state that a link holds; raises UserError for anything that a page would not have written."""
    if len(query) > LONGEST_LINK:
        raise UserError(f"This link has {len(query):,} characters; at most {LONGEST_LINK:,} are read.")
    values: dict[str, Any] = {"both": [], "left": [], "right": []}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in UIState.__dataclass_fields__:
            raise UserError(f"{name}={value[:40]} in this link is unknown: allowed are "
                            f"{', '.join(UIState.__dataclass_fields__)}.{nearest(name, UIState.__dataclass_fields__)}")
        if name in ("both", *WORLDS):
            values[name].append(check(value))
        else:
            values[name] = value
    _check_changes(values)
    numbers = {"seed": (0, 2**31 - 1), "week": (0, MOST_WEEKS), "speed": (SPEEDS[0], SPEEDS[-1])}
    for name, (low, high) in numbers.items():
        if name in values:
            values[name] = _integer(name, values[name], low, high)
    _one_of("colour", values, COLOURS)
    _one_of("view", values, VIEWS)
    _one_of("meetings", values, MEETINGS)
    _one_of("lesson", values, ("", *lessons))
    if values.get("upload") and not _DIGEST.fullmatch(values["upload"]):
        raise UserError(f"upload={values['upload'][:40]} in this link is no digest of a file (16 characters, 0-9 a-f).")
    for name in ("both", *WORLDS):
        values[name] = tuple(values[name])
    return UIState(**values)


def check(override: str) -> str:
    """An override that a page may make, unchanged; raises UserError for any other."""
    key, equals, value = override.partition("=")
    bare = key.lstrip("+")
    head, _, rest = bare.partition(".")
    if not equals or not _KEY.fullmatch(key) or "_target_" in key or not _TEXT.fullmatch(value):
        raise UserError(f"'{override[:60]}' is no change that the page can make: it must be key=value, as in "
                        f"psychology.negative_weight=2.")
    allowed = head in (*_GROUPS, "actions") and (head != "place" or rest in ("", *_PLACE))
    if not allowed:
        raise UserError(f"{bare} cannot be set in the page: allowed are {', '.join(_GROUPS)}, and the keys of place "
                        f"{', '.join(_PLACE)}.")
    if not rest and not _NAME.fullmatch(value):
        raise UserError(f"{override[:60]} names no configuration of contactsim.")
    if bare == "place" and value == "census":
        raise UserError("place=census needs a file: use the page's own upload.")
    if bare == "place.residents":
        _integer("place.residents", value, 100, MOST_RESIDENTS)
    if bare in ("scenario.burn_in_min", "scenario.burn_in_max"):
        _integer(bare, value, 0, MOST_WEEKS)
    return override


def _check_changes(values: dict[str, Any]) -> None:
    """Raise UserError for too many overrides, or two of the same key."""
    changes = sum(len(values[name]) for name in ("both", *WORLDS))
    if changes > MOST_CHANGES:
        raise UserError(f"This link makes {changes} changes; at most {MOST_CHANGES} are read.")
    for name in ("both", *WORLDS):
        keys = [key_of(o) for o in values[name]]
        for key in keys:
            if keys.count(key) > 1:
                raise UserError(f"{key} is set twice in {name} of this link: set it once.")


def _integer(name: str, text: str, low: int, high: int) -> int:
    if not re.fullmatch(r"\d{1,10}", str(text)) or not low <= int(text) <= high:
        raise UserError(f"{name}={str(text)[:40]} is not allowed: it must be a whole number from {low} to {high}.")
    return int(text)


def _one_of(name: str, values: dict[str, Any], allowed: tuple[str, ...]) -> None:
    if name in values and values[name] not in allowed:
        raise UserError(f"{name}={values[name][:40]} in this link is not allowed: it must be one of "
                        f"{', '.join(a for a in allowed if a)}.{nearest(values[name], allowed)}")
