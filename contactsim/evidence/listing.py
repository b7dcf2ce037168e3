"""The ledger as it is listed without a run: designs, and what is kept of their replays."""

from __future__ import annotations

from typing import Any

from contactsim.evidence import baseline
from contactsim.evidence.ledger import Finding, Folder
from contactsim.evidence.results import ORDER
from contactsim.evidence.selection import asked


def listed(words: list[str]) -> list[dict[str, Any]]:
    """One mapping a finding, in the order of their numbers. Raises UserError for an unknown name."""
    lines = [_line(folder, finding) for folder, finding in asked(words).findings]
    return sorted(lines, key=lambda line: (line["id"][0], int(line["id"][1:])))


def _line(folder: Folder, finding: Finding) -> dict[str, Any]:
    rows = [row.model_dump() for row in finding.outcomes]
    worlds = {name: {**world.model_dump(exclude_defaults=True), "place": world.place.name}
              for name, world in finding.worlds.items()}
    return {"id": finding.id, "claim": finding.claim, "folder": folder.name, "title": folder.title,
            "essays": folder.essays, "source": finding.source, "grade": finding.grade, "evidence": finding.evidence,
            "role": finding.role, "role_note": finding.role_note, "reading": finding.reading,
            "registered": folder.registered, "changes": folder.changes, "worlds": worlds,
            "knock_outs": {name: one.text for name, one in finding.knock_outs.items()}, "rows": rows,
            "kept": _kept(folder.name, [row.id for row in finding.outcomes if row.judged])}


def _kept(folder: str, rows: list[str]) -> dict[str, str]:
    """The verdict on a finding by sample: the worst of its judged rows, '' where not all are kept."""
    found = {}
    for sample in ("quick", "full"):
        words = {baseline.read(folder, sample).get(row, {}).get("verdict") for row in rows}
        found[sample] = "" if None in words else next(word for word in ORDER if word in words)
    return found
