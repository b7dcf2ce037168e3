"""What a page shows: two worlds as overrides of the configuration, and how they are looked at; also as a link.

A world of the page is the run ``contactsim run`` would make of the same overrides. Links come from other people,
so only keys are taken that describe a world: none that names a file, a folder or code.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from contactsim.demo.own_folder import config_dir
from contactsim.errors import UserError, nearest

SIDES = ("left", "right")
#: What the maps can be coloured by.
COLOURS = ("group", "attitude", "positive", "negative", "belonging")
VIEWS = ("side", "difference")
MEETINGS = ("shown", "hidden")
#: Weeks a second; the last is as fast as it goes.
SPEEDS = (1, 2, 5, 10, 1000)
#: Bounds on what one page may ask of the machine.
LONGEST_LINK, MOST_CHANGES, MOST_RESIDENTS, MOST_WEEKS = 6000, 60, 200_000, 1040
#: Groups of the configuration from which a link may choose, and sections of which it may set numbers.
_GROUPS = ("place", "residents", "settings", "psychology", "scenario", "action")
_PLACE = ("residents", "shares", "dissimilarity", "seed", "scheme", "groups", "dissimilarity_within")
_KEY = re.compile(r"\+{0,2}[a-z_]\w*(\.\w+)*")
_NAME = re.compile(r"\w+|\[\w+(, ?\w+)*\]|\[\]")
_TEXT = re.compile(r"[\w .,:+\-\[\]{}'&]*")
_DIGEST = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Choice:
    """All that a link holds."""

    both: tuple[str, ...] = ()
    """overrides of both worlds"""
    left: tuple[str, ...] = ()
    """overrides of the left world alone"""
    right: tuple[str, ...] = ()
    """overrides of the right world alone"""
    seed: int = 1
    week: int = 0
    """weeks already lived"""
    upload: str = ""
    """digest of the census file that one has to have to see this"""
    lesson: str = ""
    """name of a lesson's file"""
    colour: str = "attitude"
    speed: int = 5
    view: str = "side"
    """the two worlds side by side, or the difference between them beside"""
    meetings: str = "shown"
    """whether the week's meetings are drawn as lines"""

    def overrides(self, side: str) -> list[str]:
        """The overrides of one world; its own ones win over those of both."""
        own: tuple[str, ...] = getattr(self, side)
        taken = {key_of(override) for override in own}
        return [*(o for o in self.both if key_of(o) not in taken), *own]

    def changed(self, where: str, key: str, value: str | None) -> Choice:
        """The choice with one override set (None: taken away) in ``both``, ``left`` or ``right``, at week 0.

        A change of both worlds takes the key away from each of them.
        """
        places = ("both", *SIDES) if where == "both" else (where,)
        kept = {name: tuple(o for o in getattr(self, name) if key_of(o) != key.lstrip("+")) for name in places}
        if value is not None:
            kept[where] = (*kept[where], f"{key}={value}")
        return replace(self, **kept, week=0)  # type: ignore[arg-type]

    def link(self) -> str:
        """The choice as the query of an address, without the question mark."""
        start = Choice()
        pairs: list[tuple[str, Any]] = [(name, o) for name in ("both", *SIDES) for o in getattr(self, name)]
        for name in ("seed", "week", "upload", "lesson", "colour", "speed", "view", "meetings"):
            if getattr(self, name) != getattr(start, name):
                pairs.append((name, getattr(self, name)))
        return urlencode(pairs)

    def command(self, side: str, file: str = "") -> str:
        """The command line that repeats a world up to its week; ``file`` is the uploaded table's name."""
        words = [*self.overrides(side)]
        if self.upload:
            words = ["place=census", f"place.file={file}", *words]
        words += [f"seed={self.seed}", f"weeks={max(1, self.week)}"]
        words += ["--config-dir", own] if (own := config_dir()) else []
        return "contactsim run " + " ".join(shlex.quote(word) for word in words)


def key_of(override: str) -> str:
    """The key that an override sets."""
    return override.split("=", 1)[0].lstrip("+")


def read_link(query: str, lessons: tuple[str, ...] = ()) -> Choice:
    """The choice that a link holds; raises UserError for anything that no link of ours would hold."""
    if len(query) > LONGEST_LINK:
        raise UserError(f"This link has {len(query):,} characters; at most {LONGEST_LINK:,} are read.")
    values: dict[str, Any] = {"both": [], "left": [], "right": []}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in Choice.__dataclass_fields__:
            raise UserError(f"{name}={value[:40]} in this link is unknown: allowed are "
                            f"{', '.join(Choice.__dataclass_fields__)}.{nearest(name, Choice.__dataclass_fields__)}")
        if name in ("both", *SIDES):
            values[name].append(check(value))
        else:
            values[name] = value
    changes = sum(len(values[name]) for name in ("both", *SIDES))
    if changes > MOST_CHANGES:
        raise UserError(f"This link makes {changes} changes; at most {MOST_CHANGES} are read.")
    for name in ("both", *SIDES):
        keys = [key_of(o) for o in values[name]]
        for key in keys:
            if keys.count(key) > 1:
                raise UserError(f"{key} stands twice in {name} of this link: give it once.")
    numbers = {"seed": (0, 2**31 - 1), "week": (0, MOST_WEEKS), "speed": (SPEEDS[0], SPEEDS[-1])}
    for name, (low, high) in numbers.items():
        if name in values:
            values[name] = _whole(name, values[name], low, high)
    _one_of("colour", values, COLOURS)
    _one_of("view", values, VIEWS)
    _one_of("meetings", values, MEETINGS)
    _one_of("lesson", values, ("", *lessons))
    if values.get("upload") and not _DIGEST.fullmatch(values["upload"]):
        raise UserError(f"upload={values['upload'][:40]} in this link is no digest of a file (16 characters, 0-9 a-f).")
    for name in ("both", *SIDES):
        values[name] = tuple(values[name])
    return Choice(**values)


def check(override: str) -> str:
    """An override that a page may make, as it is; raises UserError for any other."""
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
        _whole("place.residents", value, 100, MOST_RESIDENTS)
    if bare in ("scenario.burn_in_min", "scenario.burn_in_max"):
        _whole(bare, value, 0, MOST_WEEKS)
    return override


def _whole(name: str, text: str, low: int, high: int) -> int:
    if not re.fullmatch(r"\d{1,10}", str(text)) or not low <= int(text) <= high:
        raise UserError(f"{name}={str(text)[:40]} is not allowed: it must be a whole number from {low} to {high}.")
    return int(text)


def _one_of(name: str, values: dict[str, Any], allowed: tuple[str, ...]) -> None:
    if name in values and values[name] not in allowed:
        raise UserError(f"{name}={values[name][:40]} in this link is not allowed: it must be one of "
                        f"{', '.join(a for a in allowed if a)}.{nearest(values[name], allowed)}")
