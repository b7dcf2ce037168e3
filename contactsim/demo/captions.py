"""A choice in words: what the controls, the captions and a lesson's table show of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contactsim.demo import menu
from contactsim.demo.lessons import Lesson, lessons
from contactsim.demo.own_folder import config_dir
from contactsim.demo.pictures import MEASURES
from contactsim.demo.ui_state import SIDES, Choice, key_of


def told(choice: Choice, file: str) -> dict[str, Any]:
    """What the controls show of a choice; ``file`` is the uploaded table's name."""
    changes = [{"where": where, "key": key_of(o), "value": o.split("=", 1)[1]}
               for where in ("both", *SIDES) for o in getattr(choice, where)]
    place = next((o.split("=", 1)[1] for o in choice.both if key_of(o) == "place"), "synthetic")
    same = ("seed", "colour", "speed", "view", "meetings", "lesson", "upload")
    return {
        **{name: getattr(choice, name) for name in same}, "file": file, "place": "upload" if choice.upload else place,
        "changes": changes, "values": {where: _values(getattr(choice, where)) for where in ("both", *SIDES)},
        "commands": [choice.command(side, file) for side in SIDES],
    }


def captions(choice: Choice) -> list[str]:
    """What is different about each world, in a few words; those of the lesson or comparison if it is one unchanged."""
    lesson = lessons(config_dir()).get(choice.lesson)
    known: list[Lesson | menu.Comparison] = [*([lesson] if lesson else []), *menu.comparisons().values()]
    for one in known:
        if (choice.left, choice.right) == (one.left, one.right):
            return list(one.worlds)
    return [" · ".join(_short(o) for o in getattr(choice, side)) or "as it is" for side in SIDES]


def outcome(lesson: Lesson, rows: Sequence[list[NDArray[np.float32]]]) -> list[list[str]]:
    """The lesson's measures in the last of both worlds' weeks: title, unit, A, B, B minus A."""
    column = -1 if lesson.group is None else lesson.group
    found = []
    for k, (name, title, unit) in enumerate(MEASURES):
        if name in lesson.shows:
            a, b = (float(weeks[-1][k, column]) for weeks in rows)
            found.append((lesson.shows.index(name), [title, unit, *(_shown(v) for v in (a, b, b - a))]))
    return [row for _, row in sorted(found)]


def without_place(choice: Choice) -> Choice:
    """The choice without anything that is said about the place."""
    kept = {where: tuple(o for o in getattr(choice, where) if key_of(o).split(".")[0] != "place")
            for where in ("both", *SIDES)}
    return replace(choice, **kept)  # type: ignore[arg-type]


def _values(overrides: tuple[str, ...]) -> dict[str, float]:
    """The values of sliders."""
    known = {s["key"] for s in menu.sliders()}
    found = {key_of(o): menu.slider_value(key_of(o), o.split("=", 1)[1]) for o in overrides if key_of(o) in known}
    return {key: value for key, value in found.items() if value is not None}


def _short(override: str) -> str:
    key, value = key_of(override), override.split("=", 1)[1]
    if key == "action":
        titles = menu.actions(config_dir())
        return ", ".join(titles.get(name.strip(), name) for name in value.strip("[]").split(","))
    section, _, rest = key.partition(".")
    short = rest if section in ("place", "scenario", "psychology", "residents") and rest else key
    return f"{short.replace('_', ' ')} {value}"


def _shown(value: float) -> str:
    return "–" if value != value else f"{value:.3f}".replace("-", "−")
