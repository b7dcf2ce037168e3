"""What people have written about results: diagnoses of verdicts, and questions on which sources disagree."""

from __future__ import annotations

import re
from functools import cache

from pydantic import Field, TypeAdapter

from contactsim.evidence.design import DesignPart
from contactsim.evidence.loading import read_yaml
from contactsim.paths import experiments_folder

#: ``- **F6, F12**: text``, its further lines indented.
_ITEM = re.compile(r"^- \*\*((?:[FR]\d+)(?:, [FR]\d+)*)\*\*: (.+(?:\n  .+)*)", re.MULTILINE)


@cache
def diagnoses(folder: str) -> dict[str, str]:
    """Explanations of baseline verdicts as plain text by finding, from ``experiments/FOLDER/README.md``.

    They are the items of the form ``- **F6, F12**: text``; the result is empty if there is no such file.
    """
    file = experiments_folder() / folder / "README.md"
    if not file.is_file():
        return {}
    found: dict[str, str] = {}
    for ids, text in _ITEM.findall(file.read_text(encoding="utf-8")):
        plain = re.sub(r"[*`]", "", " ".join(text.split()))
        plain = plain[0].upper() + plain[1:]
        for name in ids.split(", "):
            found[name] = f"{found[name]} {plain}" if name in found else plain
    return found


class Position(DesignPart):
    """The position of some sources, and the outcome that tests it."""

    evidence: list[str]
    position: str
    outcome: str
    knock_out: str | None = None
    """the knock-out in which the outcome is computed; the base worlds if None"""


class Dispute(DesignPart):
    """A question on which sources disagree."""

    question: str
    note: str
    positions: list[Position] = Field(min_length=2)


def disputes() -> list[Dispute]:
    """The disputes of ``experiments/disputes.yaml``."""
    return TypeAdapter(list[Dispute]).validate_python(read_yaml("disputes.yaml"))
