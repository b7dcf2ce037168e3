"""Lessons: files that set up two worlds, ask a question, run and show the answer (docs/teaching.md)."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contactsim.demo.pictures import MEASURES
from contactsim.demo.ui_state import COLOURS, MOST_WEEKS, Choice, check
from contactsim.errors import UserError
from contactsim.paths import group_files

#: What a verdict of the ledger means to a first-year student.
VERDICTS = {
    "reproduced": "The model shows it.",
    "inconclusive": "The model's sample is too small to say.",
    "not reproduced": "The model does not show it, or not as much as was fixed beforehand.",
    "not explained by the mechanism": "The model shows it, and for another reason than was fixed beforehand.",
    "": "Not replayed yet.",
}
FOLDER = Path(__file__).parent / "lessons"
#: What stands before the name of a lesson in that of its file: its place in the list.
_NUMBER = re.compile(r"^\d+[a-z]?_")


class Lesson(BaseModel):
    """One lesson's file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    minutes: int = Field(ge=1, le=30, description="how long it takes, reading included")
    from_: str = Field(alias="from", description="the essay it comes from")
    worlds: tuple[str, str] = Field(description="what each world is, in a few words")
    both: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    right: tuple[str, ...] = ()
    seed: int = Field(default=1, ge=0, le=2**31 - 1)
    colour: str = "attitude"
    weeks: int = Field(ge=4, le=MOST_WEEKS, description="weeks that the run takes")
    story: list[str] = Field(min_length=1, description="paragraphs to read first")
    question: str
    options: list[str] = Field(min_length=2, max_length=4)
    shows: list[str] = Field(min_length=1, description="measures of the table that reveals what came of it")
    group: int | None = Field(default=None, ge=0, description="whose figures: a group's number, or everyone")
    reveal: list[str] = Field(min_length=1)
    findings: list[str] = Field(min_length=1, description="findings whose kept verdicts are told")
    evidence: list[str] = Field(min_length=1, description="what the sources found, with ids of docs/evidence.md")
    limits: list[str] = Field(min_length=1)
    teacher: list[str] = Field(min_length=1, description="notes on harm and limits, for who leads the class")
    next: str = Field(default="", description="name of the lesson that goes on from here")

    def choice(self, name: str) -> Choice:
        """The two worlds of the lesson."""
        return Choice(both=self.both, left=self.left, right=self.right, seed=self.seed, colour=self.colour, lesson=name,
                      speed=10)


def lessons(config_dir: str | None = None) -> dict[str, Lesson]:
    """All lessons that can be read, by name: the shipped ones, then those of ``config_dir/lesson``.

    The name of a lesson is that of its file without the number before it, as in ``3b_cure.yaml``; files are taken in
    the order of their names. What cannot be read is left out and told by :func:`listed`. Raises UserError for a
    ``config_dir`` that is not a folder, or an own file with the name of a shipped one.
    """
    return listed(config_dir)[0]


@cache
def listed(config_dir: str | None = None) -> tuple[dict[str, Lesson], tuple[str, ...]]:
    """(lessons by name as in :func:`lessons`, one sentence for each file that cannot be used)."""
    found: dict[str, Lesson] = {}
    complaints = []
    for stem, path in group_files("lesson", config_dir, FOLDER).items():
        name = _NUMBER.sub("", stem)
        try:
            if name in found:
                raise UserError(f"{path.name} names the lesson '{name}', which there is already: rename the file.")
            found[name] = read(path)
        except UserError as error:
            complaints.append(str(error))
    return found, tuple(complaints)


@cache
def verdicts(name: str, config_dir: str | None = None) -> list[dict[str, str]]:
    """What came of replaying a lesson's findings: id, claim, verdict as kept (full sample first), and its meaning.

    Raises KeyError for an unknown lesson, UserError for a lesson that names an unknown finding.
    """
    from contactsim.evidence.baseline import (
        listed as findings_listed,  # takes a second, which only lessons have to wait for
    )

    try:
        lines = findings_listed(lessons(config_dir)[name].findings)
    except UserError as error:
        raise UserError(f"Lesson {name}, findings: {error}") from None
    found = []
    for line in lines:
        sample = next((sample for sample in ("full", "quick") if line["baseline"][sample]), "")
        verdict = line["baseline"].get(sample, "")
        found.append({"id": line["id"], "claim": line["claim"], "verdict": verdict, "sample": sample,
                      "means": VERDICTS[verdict], "folder": line["folder"]})
    return found


def read(path: Path) -> Lesson:
    """A lesson's file; raises UserError that says what is wrong with it."""
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
