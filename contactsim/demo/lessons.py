"""Lessons: files that define two worlds, ask for a prediction, run and show the result (docs/teaching.md)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contactsim.demo import menu
from contactsim.demo.pictures import MEASURES
from contactsim.demo.ui_state import COLOURS, MOST_WEEKS, WORLDS, UIState, check, key_of
from contactsim.errors import UserError
from contactsim.paths import group_files

FOLDER = Path(__file__).parent / "lessons"
#: The part of a file's name before the name of the lesson; it orders the list.
_NUMBER = re.compile(r"^\d+[a-z]?_")


class Lesson(BaseModel):
    """The content of a lesson's file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    minutes: int = Field(ge=1, le=30, description="how long it takes, reading included")
    from_: str = Field(alias="from", description="the essay it comes from")
    worlds: tuple[str, str] = Field(description="a few words on each world")
    both: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    right: tuple[str, ...] = ()
    seed: int = Field(default=1, ge=0, le=2**31 - 1)
    colour: str = "attitude"
    weeks: int = Field(ge=4, le=MOST_WEEKS, description="length of the run in weeks")
    story: list[str] = Field(min_length=1, description="paragraphs to read first")
    question: str
    options: list[str] = Field(min_length=2, max_length=4)
    shows: list[str] = Field(min_length=1, description="measures of the results table")
    group: int | None = Field(default=None, ge=0, description="whose figures: a group's number, or everyone")
    reveal: list[str] = Field(min_length=1)
    findings: list[str] = Field(min_length=1, description="findings of the ledger that are shown")
    evidence: list[str] = Field(min_length=1, description="what the sources found, with ids of docs/evidence.md")
    limits: list[str] = Field(min_length=1)
    teacher: list[str] = Field(min_length=1, description="notes for the teacher on harm and limits")
    next: str = Field(default="", description="name of the next lesson")

    def ui_state(self, name: str) -> UIState:
        """The page's state at the start of the lesson."""
        return UIState(both=self.both, left=self.left, right=self.right, seed=self.seed, colour=self.colour,
                       lesson=name, speed=10)


def lessons(config_dir: str | None = None) -> dict[str, Lesson]:
    """All lessons that can be read, by name: the shipped ones, then those of ``config_dir/lesson``.

    The name of a lesson is that of its file without the leading number (``cure`` in ``3b_cure.yaml``); files are read
    in the order of their names. Files that cannot be used are left out; :func:`listed` reports them. Raises UserError
    for a ``config_dir`` that is not a folder, or a user's file with the name of a shipped one.
    """
    return listed(config_dir)[0]


@cache
def listed(config_dir: str | None = None) -> tuple[dict[str, Lesson], tuple[str, ...]]:
    """(lessons by name as in :func:`lessons`, one sentence for each file that cannot be used)."""
    found: dict[str, Lesson] = {}
    errors = []
    for stem, path in group_files("lesson", config_dir, FOLDER).items():
        name = _NUMBER.sub("", stem)
        try:
            if name in found:
                raise UserError(f"{path.name} names the lesson '{name}', which exists already: rename the file.")
            found[name] = read(path)
        except UserError as error:
            errors.append(str(error))
    return found, tuple(errors)


@cache
def lesson_findings(name: str, config_dir: str | None = None) -> list[dict[str, str]]:
    """A lesson's findings from the ledger: id, claim, state (whether they were judged), folder.

    Raises KeyError for an unknown lesson, UserError for a lesson that names an unknown finding.
    """
    # imported here: it takes a second, and only lessons need it
    from contactsim.evidence.listing import listed as findings_listed

    try:
        lines = findings_listed(lessons(config_dir)[name].findings)
    except UserError as error:
        raise UserError(f"Lesson {name}, findings: {error}") from None
    return [{key: line[key] for key in ("id", "claim", "state", "folder")} for line in lines]


def read(path: Path) -> Lesson:
    """Read a lesson's file; raises UserError that names the mistake."""
    try:
        values: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        lesson = Lesson.model_validate(values)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(f"{path.name} cannot be read as a lesson: {str(error).splitlines()[0]}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise UserError(f"{path.name}: {key} is not allowed ({first['msg'].lower()}).") from None
    for override in (*lesson.both, *lesson.left, *lesson.right):
        check(override)
    known = [name for name, _, _ in MEASURES]
    wrong = [name for name in lesson.shows if name not in known]
    if wrong or lesson.colour not in COLOURS:
        what = f"shows {wrong[0]}: allowed are {', '.join(known)}" if wrong else f"colour {lesson.colour}"
        raise UserError(f"{path.name}: {what}.")
    return lesson


def captions(state: UIState) -> list[str]:
    """How each world differs, in a few words: those of the lesson or comparison, unless the worlds were changed."""
    lesson = lessons(menu.config_dir()).get(state.lesson)
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


def _short(override: str) -> str:
    key, value = key_of(override), override.split("=", 1)[1]
    if key == "action":
        titles = menu.actions(menu.config_dir())
        return ", ".join(titles.get(name.strip(), name) for name in value.strip("[]").split(","))
    section, _, rest = key.partition(".")
    short = rest if section in ("place", "scenario", "psychology", "residents") and rest else key
    return f"{short.replace('_', ' ')} {value}"


def _shown(value: float) -> str:
    return "–" if value != value else f"{value:.3f}".replace("-", "−")
