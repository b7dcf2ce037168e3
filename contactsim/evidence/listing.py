"""The list of findings: their designs, the kept verdicts, and the verdicts of the first registration."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import pandas as pd

from contactsim.evidence.design import Finding, Folder
from contactsim.evidence.kept import state
from contactsim.evidence.loading import regression_outcomes, select
from contactsim.paths import experiments_folder


def listed(names: Sequence[str]) -> list[dict[str, Any]]:
    """Designs and states of findings, one mapping each, ordered by their numbers; nothing is simulated.

    ``names`` are ids and folders, all findings if empty. Raises UserError for an unknown name.
    """
    lines = [_line(folder, finding) for folder, finding in select(names).findings]
    return sorted(lines, key=lambda line: (line["id"][0], int(line["id"][1:])))


def _line(folder: Folder, finding: Finding) -> dict[str, Any]:
    outcomes = [outcome.model_dump() for outcome in finding.outcomes]
    worlds = {name: {**world.model_dump(exclude_defaults=True), "place": world.place.name}
              for name, world in finding.worlds.items()}
    return {"id": finding.id, "claim": finding.claim, "folder": folder.name, "title": folder.title,
            "essays": folder.essays, "source": finding.source, "grade": finding.grade, "evidence": finding.evidence,
            "role": finding.role, "role_note": finding.role_note, "measurement": finding.measurement,
            "registered": folder.registered, "changes": folder.changes, "worlds": worlds,
            "knock_outs": {name: one.text for name, one in finding.knock_outs.items()}, "outcomes": outcomes,
            "state": state(finding.id),
            "regression": [one.id for one in finding.outcomes if one.id in regression_outcomes()],
            "first_registration": first_registration().get(finding.id, {})}


@cache
def first_registration() -> dict[str, dict[str, str]]:
    """The verdicts on the findings with the first model: {finding: {quick, full}}; nothing is compared with them."""
    table = pd.read_csv(experiments_folder() / "first_registration.csv")
    found: dict[str, dict[str, str]] = {}
    for line in table.to_dict("records"):
        found[line["finding"]] = {"quick": line["finding_quick"], "full": line["finding_full"]}
    return found
