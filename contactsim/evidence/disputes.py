"""Where sources disagree: both readings of a matter, each with the row of the ledger that shows it."""

from __future__ import annotations

import yaml
from pydantic import Field, TypeAdapter

from contactsim.evidence.ledger import Part
from contactsim.paths import experiments_folder


class Side(Part):
    """A reading of some sources, and the row that shows it."""

    evidence: list[str]
    reading: str
    row: str
    knock_out: str | None = None
    """the world in which the row is read, where it is not the finding's own"""


class Dispute(Part):
    """A matter on which sources disagree."""

    matter: str
    note: str
    sides: list[Side] = Field(min_length=2)


def read() -> list[Dispute]:
    """What ``experiments/disputes.yaml`` says."""
    text = (experiments_folder() / "disputes.yaml").read_text(encoding="utf-8")
    return TypeAdapter(list[Dispute]).validate_python(yaml.safe_load(text))
