"""Which findings are asked for: by id, by folder, or all."""

from __future__ import annotations

from dataclasses import dataclass

from contactsim.errors import UserError, nearest
from contactsim.evidence import ledger
from contactsim.evidence.ledger import Finding, Folder


@dataclass(frozen=True)
class Asked:
    """What a replay is about."""

    name: str
    """for the folder of its report"""
    findings: list[tuple[Folder, Finding]]

    @property
    def ids(self) -> list[str]:
        """Ids of the findings."""
        return [finding.id for _, finding in self.findings]

    @property
    def folders(self) -> list[Folder]:
        """The findings' folders, each once."""
        return list({folder.name: folder for folder, _ in self.findings}.values())


def asked(words: list[str]) -> Asked:
    """Findings of ids and folders; all for none. Raises UserError for a name that is neither."""
    everything = ledger.all_findings()
    of_folder = {name: [finding.id for finding in ledger.folder(name).findings] for name in ledger.folders()}
    ids: list[str] = []
    for word in words or of_folder:
        name = word.upper() if word.upper() in everything else word
        if name not in {*everything, *of_folder}:
            raise UserError(f"There is no finding or folder '{word}'; folders are {', '.join(of_folder)}, findings "
                            f"F1 to F34.{nearest(word, [*of_folder, *everything])}")
        ids += [id for id in of_folder.get(name, [name]) if id not in ids]
    return Asked("-".join(words[:4]).lower() or "all", [everything[id] for id in ids])
