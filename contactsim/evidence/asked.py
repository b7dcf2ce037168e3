"""Which findings are asked for: by id, by folder, or all."""

from __future__ import annotations

from dataclasses import dataclass

from contactsim.errors import UserError, nearest
from contactsim.evidence import design, ledger
from contactsim.evidence.design import Design
from contactsim.evidence.ledger import Finding, Folder

#: The folder whose design has a form of its own: places along a gradient.
GRADIENT = "polarisation"


@dataclass(frozen=True)
class Asked:
    """What a replay is about."""

    name: str
    """for the folder of its report"""
    ids: list[str]
    findings: list[tuple[Folder, Finding]]
    gradient: Design | None
    """where a finding of polarisation is among them"""


def asked(words: list[str]) -> Asked:
    """Findings of ids and folders; all for none. Raises UserError for a name that is neither."""
    gradient = design.load(GRADIENT)
    along = gradient_ids(gradient)
    everything = ledger.all_findings()
    of_folder = {GRADIENT: along, **{name: [f.id for f in ledger.folder(name).findings] for name in ledger.folders()}}
    ids: list[str] = []
    for word in words or of_folder:
        name = word.upper() if word.upper() in {*everything, *along} else word
        if name not in {*everything, *along, *of_folder}:
            known = [*of_folder, *along, *everything]
            raise UserError(f"There is no finding or folder '{word}'; folders are {', '.join(of_folder)}, findings "
                            f"F1 to F34.{nearest(word, known)}")
        ids += [id for id in of_folder.get(name, [name]) if id not in ids]
    return Asked("-".join(words[:4]).lower() or "all", ids, [everything[id] for id in ids if id in everything],
                 gradient if set(ids) & set(along) else None)


def gradient_ids(gradient: Design) -> list[str]:
    """Findings of polarisation: F4-level and F4-time are rows of F4."""
    return list(dict.fromkeys(outcome.id.split("-")[0] for outcome in gradient.outcomes))
