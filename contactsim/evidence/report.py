"""The ledger as one self-contained page with pictures, for a browser without a network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from contactsim.evidence import archived_tables, figures, readings, report_sections, summary, sweeps, tables
from contactsim.evidence.ledger import Folder
from contactsim.evidence.render import render, svg
from contactsim.evidence.results import Entry

LIMITS = ("This replay shows what follows from the model's assumptions, and on which of them it hangs. The model "
          "explains and explores; it does not predict a real town, and reproducing a claim says nothing about cause in "
          "the world, least of all where the claim rests on a cross-section, on testimony or on argument.")
CHECKS = "No findings of the essays: does the made world look like surveyed ones?"


@dataclass(frozen=True)
class Along:
    """What a folder with a gradient or sweeps adds to its findings."""

    folder: Folder
    readings: pd.DataFrame
    """see :func:`contactsim.evidence.readings.table`; empty without a gradient"""
    swept: list[dict[str, Any]]
    """see :func:`contactsim.evidence.sweeps.run`; empty where nothing was swept"""


@dataclass(frozen=True)
class Chapter:
    """A part of the page with a heading."""

    id: str
    title: str
    text: Markup


def page(entries: Sequence[Entry], sample: str, provenance: dict[str, Any], along: Sequence[Along] = (),
         moved: Sequence[str] = ()) -> str:
    """The report. ``along`` adds what was read along gradients and sweeps; ``moved`` what no longer holds."""
    findings = [entry for entry in entries if not entry.check]
    chapters = [chapter for chapter in _chapters(entries, sample, provenance, along, moved) if chapter.text.strip()]
    return render("report", limits=LIMITS, chapters=chapters, findings=findings)


def _chapters(entries: Sequence[Entry], sample: str, provenance: dict[str, Any], along: Sequence[Along],
              moved: Sequence[str]) -> Iterator[Chapter]:
    findings, checks = [e for e in entries if not e.check], [e for e in entries if e.check]
    changes = {entry.folder: entry.changes for entry in entries}
    yield Chapter("short", "In short", render(
        "short", said=tables.count(list(entries)), sample=sample, moved=moved, groups=summary.groups(findings),
        findings=findings))
    yield Chapter("assumed", "What is assumed, and what comes out", render("assumed", roles=summary.roles(findings)))
    yield Chapter("read", "How to read this", render("read"))
    yield Chapter("disputes", "Where sources disagree", render("disputes", disputes=report_sections.disputed(entries)))
    yield Chapter("findings", "Findings", _findings(findings))
    yield Chapter("checks", "Realism checks", _findings(checks, CHECKS) if checks else Markup(""))
    yield Chapter("along", "Along the gradient of diversity",
                  render("along", along=[_along(one) for one in along]))
    yield Chapter("moving", "Which numbers move which findings", render("moving", **report_sections.moving()))
    yield Chapter("fitted", "What was fitted", render("fitted", fits=report_sections.fitted()))
    yield Chapter("changes", "Changes since registration", render(
        "changes", changes=[(folder, change) for folder, of in changes.items() for change in of]))
    yield Chapter("from", "Provenance", render("provenance", provenance=provenance))


def _findings(entries: Sequence[Entry], introduction: str = "") -> Markup:
    return render("findings", entries=entries, introduction=introduction,
                  pictures={entry.id: svg(figures.entry(entry)) for entry in entries})


def _along(one: Along) -> dict[str, Any]:
    """A folder's gradient and sweeps: of this replay, or the sweeps as kept of the last full one."""
    rows, kept = one.swept, None
    if not rows and one.folder.sweeps is not None:
        kept = archived_tables.read(f"{one.folder.name}/swept")
        rows = [] if kept is None else [{str(key): value for key, value in row.items()}
                                        for row in kept.table.to_dict("records")]
    bands = {row.id: row.band for finding in one.folder.findings for row in finding.outcomes}
    shown = one.folder.gradient is not None and not one.readings.empty
    return {"picture": svg(figures.gradient(one.folder, one.readings)) if shown else "",
            "table": Markup(readings.means(one.readings).round(3).to_html(index=False, border=0)) if shown else "",
            "sweep": svg(figures.sweeps(rows, bands)) if rows else "", "kept": kept,
            "sentences": sweeps.sentences(rows)}
