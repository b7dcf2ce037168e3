"""The ledger as it is listed without a run: designs, and what is kept of their replays."""

from __future__ import annotations

from typing import Any

from contactsim.evidence import kept
from contactsim.evidence.asked import GRADIENT, asked
from contactsim.evidence.design import Design
from contactsim.evidence.entries import ORDER, switched_off
from contactsim.evidence.ledger import Finding, Folder


def listed(words: list[str]) -> list[dict[str, Any]]:
    """One mapping a finding, in the order of their numbers. Raises UserError for an unknown name."""
    what = asked(words)
    lines = [_of_folder(folder, finding) for folder, finding in what.findings]
    if what.gradient is not None:
        lines += [line for line in _of_gradient(what.gradient) if line["id"] in what.ids]
    return sorted(lines, key=lambda line: (line["id"][0], int(line["id"][1:])))


def _of_folder(folder: Folder, finding: Finding) -> dict[str, Any]:
    rows = [row.model_dump() for row in finding.outcomes]
    return {"id": finding.id, "claim": finding.claim, "folder": folder.name, "title": folder.title,
            "essays": folder.essays, "source": finding.source, "grade": finding.grade, "evidence": finding.evidence,
            "role": finding.role, "role_note": finding.role_note, "reading": finding.reading,
            "registered": folder.registered, "changes": folder.changes,
            "worlds": {name: world.model_dump(exclude_defaults=True) for name, world in finding.worlds.items()},
            "knock_outs": {name: one.text for name, one in finding.knock_outs.items()}, "rows": rows,
            "kept": _kept(folder.name, [row.id for row in finding.outcomes if row.judged])}


def _of_gradient(design: Design) -> list[dict[str, Any]]:
    lines: dict[str, dict[str, Any]] = {}
    for outcome in design.outcomes:
        name = outcome.id.split("-")[0]
        line = lines.setdefault(name, {
            "id": name, "claim": outcome.claim, "folder": GRADIENT, "title": design.title, "essays": design.essays,
            "source": "essays 3 and 6", "grade": outcome.grade, "evidence": outcome.evidence, "role": outcome.role,
            "role_note": outcome.role_note, "reading": design.population, "registered": design.registered,
            "changes": design.changes, "worlds": {"shares": design.gradient},
            "knock_outs": {}, "rows": []})
        line["knock_outs"].update(switched_off(design, [outcome]))
        line["rows"].append(outcome.model_dump())
    for line in lines.values():
        line["kept"] = _kept(GRADIENT, [row["id"] for row in line["rows"]])
    return list(lines.values())


def _kept(folder: str, rows: list[str]) -> dict[str, str]:
    """The verdict on a finding by sample: the worst of its judged rows, '' where not all are kept."""
    found = {}
    for sample in ("quick", "full"):
        words = {kept.read(folder, sample).get(row, {}).get("verdict") for row in rows}
        found[sample] = "" if None in words else next(word for word in ORDER if word in words)
    return found
