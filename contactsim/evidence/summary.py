"""The ledger in plain language: what the model explains, what only comes out because it is built in, what does not."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from contactsim.evidence.entries import Entry, Judged
from contactsim.evidence.judge import INCONCLUSIVE, NOT_EXPLAINED, NOT_REPRODUCED, REPRODUCED

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


def plain(findings: Sequence[Entry]) -> str:
    """The groups as a list, with the claims."""
    parts = []
    for text, entries in groups(findings):
        items = "".join(f"<li><a href=#{e.id}>{e.id}</a> {escape(e.claim)}</li>" for e in entries)
        parts.append(f"<h3>{escape(text)} ({len(entries)})</h3><ul>{items}</ul>")
    return "".join(parts)


def table(findings: Sequence[Entry]) -> str:
    """One line a finding."""
    lines = ["<table><tr><th>finding<th>claim<th>rests on<th>role<th>verdict<th>rows reproduced"
             "<th>sample too small to notice a break of</tr>"]
    lines += [f"<tr><td><a href=#{e.id}>{e.id}</a><td>{escape(e.claim)}<td>{e.grade}<td>{e.role}<td><b>{e.verdict}</b>"
              f"<td>{e.counted}<td>{escape(', '.join(e.too_small)) or '-'}</tr>" for e in findings]
    return "".join(lines) + "</table>"


def roles(findings: Sequence[Entry]) -> str:
    """What the model only assumes, and what it claims, by role of the rows."""
    parts = []
    for role, text in ROLES.items():
        rows = [row for e in findings for row in e.rows if row.judged and row.role == role]
        good = [row for row in rows if row.verdict == REPRODUCED]
        parts.append(f"<dt>{role}: {len(good)} of {len(rows)} rows reproduced</dt><dd>{escape(text)} "
                     f"{escape(_emergent(good) if role == 'emergent' else _ids(good))}</dd>")
    return f"<dl>{''.join(parts)}</dl>"


def _emergent(good: Sequence[Judged]) -> str:
    """Rows that hang on a mechanism, told apart from those for which none was registered to be switched off."""
    held, free = [row for row in good if row.held], [row for row in good if not row.held]
    said = f"Gone with their knock-out: {_ids(held)}"
    return f"{said} In the band, with no knock-out that they must fail, so that they explain little: {_ids(free)}" \
        if free else said


def _ids(rows: Sequence[Judged]) -> str:
    return f"{', '.join(row.id for row in rows) or 'None came out'}."
