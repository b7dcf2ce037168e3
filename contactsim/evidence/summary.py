"""The ledger in plain language: what the model explains, what only comes out because it is built in, what does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contactsim.evidence.results import Entry
from contactsim.evidence.verdicts import INCONCLUSIVE, NOT_EXPLAINED, NOT_REPRODUCED, REPRODUCED

ROLES = {
    "assumed": "Built in. The replay shows that it is in, and how large; it proves nothing.",
    "calibrated": "A parameter was or may be fitted to it. It proves nothing either.",
    "implied": "Follows in one step from something built in. What is tested is its size.",
    "emergent": "No single number's sign states it. These rows are what the model claims to explain, each as far as "
                "its knock-out makes it vanish."}


def groups(findings: Sequence[Entry]) -> list[tuple[str, list[Entry]]]:
    """Findings by what can be said of them, the strongest claim first; groups without any are left out."""
    came_out = [e for e in findings if e.verdict == REPRODUCED]
    found = [
        ("The model explains these: nothing states them, they come out as the sources say, and they go when the "
         "mechanism, or the action, is switched off", [e for e in came_out if e.role == "emergent" and e.held]),
        ("These come out though nothing states them, but no switch was fixed beforehand that must make all of them go, "
         "so that what carries them is not shown", [e for e in came_out if e.role == "emergent" and not e.held]),
        ("These come out because they are built in, fitted, or follow in one step; that proves nothing",
         [e for e in came_out if e.role != "emergent"]),
        ("These come out, and stay when the mechanism that should carry them is switched off: it is something else",
         [e for e in findings if e.verdict == NOT_EXPLAINED]),
        ("Of these, at least one part comes out otherwise than the sources say; why is told with each",
         [e for e in findings if e.verdict == NOT_REPRODUCED]),
        ("Of these this sample cannot say", [e for e in findings if e.verdict == INCONCLUSIVE])]
    return [(text, entries) for text, entries in found if entries]


@dataclass(frozen=True)
class Role:
    """What comes out of the rows of one role; rows by id."""

    name: str
    text: str
    rows: list[str]
    """all that are judged"""
    reproduced: list[str]
    held: list[str]
    """of these: gone with a knock-out that must make them go"""
    free: list[str]
    """of these: without such a knock-out"""


def roles(findings: Sequence[Entry]) -> list[Role]:
    """What the model only assumes, and what it claims, by role of the judged rows."""
    found = []
    for name, text in ROLES.items():
        rows = [row for entry in findings for row in entry.rows if row.judged and row.role == name]
        good = [row for row in rows if row.verdict == REPRODUCED]
        found.append(Role(name, text, [row.id for row in rows], [row.id for row in good],
                          [row.id for row in good if row.held], [row.id for row in good if not row.held]))
    return found
