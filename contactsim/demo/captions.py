"""A page's state in words: the content of the controls, the captions of the maps and a lesson's table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contactsim.demo import menu
from contactsim.demo.lessons import Lesson, lessons
from contactsim.demo.menu import config_dir
from contactsim.demo.pictures import MEASURES
from contactsim.demo.ui_state import WORLDS, UIState, key_of


def controls(state: UIState, file: str) -> dict[str, Any]:
    """What the controls show; ``file`` is the uploaded table's name."""
    changes = [{"where": where, "key": key_of(o), "value": o.split("=", 1)[1]}
               for where in ("both", *WORLDS) for o in getattr(state, where)]
    place = next((o.split("=", 1)[1] for o in state.both if key_of(o) == "place"), "synthetic")
    same = ("seed", "colour", "speed", "view", "meetings", "lesson", "upload")
    return {
        **{name: getattr(state, name) for name in same}, "file": file, "place": "upload" if state.upload else place,
        "changes": changes, "values": {where: _values(getattr(state, where)) for where in ("both", *WORLDS)},
        "commands": [state.command(world, file) for world in WORLDS],
    }


def captions(state: UIState) -> list[str]:
    """How each world differs, in a few words: those of the lesson or comparison, unless the worlds were changed."""
    lesson = lessons(config_dir()).get(state.lesson)
    known: list[Lesson | menu.Comparison] = [*([lesson] if lesson else []), *menu.comparisons().values()]
    for one in known:
        if (state.left, state.right) == (one.left, one.right):
            return list(one.worlds)
    return [" · ".join(_short(o) for o in getattr(state, world)) or "unchanged" for world in WORLDS]


def lesson_table(lesson: Lesson, rows: Sequence[list[NDArray[np.float32]]]) -> list[list[str]]:
    """The lesson's measures in the last week: one row each of title, unit, A, B, B minus A."""
    column = -1 if lesson.group is None else lesson.group
    found = []
    for k, (name, title, unit) in enumerate(MEASURES):
        if name in lesson.shows:
            a, b = (float(weeks[-1][k, column]) for weeks in rows)
            found.append((lesson.shows.index(name), [title, unit, *(_shown(v) for v in (a, b, b - a))]))
    return [row for _, row in sorted(found)]


def without_place(state: UIState) -> UIState:
    """The state without the overrides of the place."""
    others = {where: tuple(o for o in getattr(state, where) if key_of(o).split(".")[0] != "place")
            for where in ("both", *WORLDS)}
    return replace(state, **others)  # type: ignore[arg-type]


def _values(overrides: tuple[str, ...]) -> dict[str, float]:
    """The positions of the sliders."""
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
