"""The report tells a newcomer what is claimed, what is assumed, why a finding did not come out, and what moves what."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from contactsim.evidence import archived_tables, diagnoses, report, report_sections, summary
from contactsim.evidence.render import render
from contactsim.evidence.results import Entry, Judged
from contactsim.evidence.verdicts import NOT_REPRODUCED, REPRODUCED, blind, interval, verdict

BAND = (0.05, None)
OUTDATED = "Computed before the model's numbers last changed"
GOOD, NONE, UNCLEAR = [0.9, 1.0, 1.1], [0.0, 0.001, -0.001], [0.0, 0.3, 0.1]


def row(name: str, values: list[float], role: str = "emergent", off: dict[str, list[float]] | None = None,
        band: Any = BAND) -> Judged:
    found = interval(values, 1)
    knocked = {key: interval(one, 1) for key, one in (off or {}).items()}
    word, reason = verdict(found, band, knocked)
    return Judged(name, "says", "SD", band, "assumed", role, True, found,
                  {key: ("leaves", one) for key, one in knocked.items()}, word, reason, blind(found, band), values)


def entry(name: str, *rows: Judged, role: str = "emergent", diagnosis: str = "") -> Entry:
    return Entry(name, f"claim of {name}", "odd", "title", [1], "source", "ours", [], role, "", "reading", {}, False,
                 [], 1, 3, 100, list(rows), diagnosis)


FINDINGS = [
    entry("F1", row("F1", GOOD, off={"off": NONE})), entry("F2", row("F2", GOOD)),
    entry("F3", row("F3", GOOD, "implied"), role="implied"), entry("F4", row("F4", GOOD, off={"off": GOOD})),
    entry("F5", row("F5", NONE), diagnosis="Too <weak>."), entry("F6", row("F6", UNCLEAR))]


def test_only_what_hangs_on_a_mechanism_is_said_to_be_explained() -> None:
    by_group = {text.split(":")[0].split(" though")[0]: [e.id for e in entries] for text, entries in
                summary.groups(FINDINGS)}
    assert list(by_group.values()) == [["F1"], ["F2"], ["F3"], ["F4"], ["F5"], ["F6"]]
    assert next(iter(by_group)) == "The model explains these"


def test_rows_without_a_knock_out_are_told_apart() -> None:
    roles = {role.name: role for role in summary.roles(FINDINGS)}
    assert (roles["emergent"].held, roles["emergent"].free) == (["F1"], ["F2"])
    text = render("assumed", roles=roles.values())
    assert "Gone with their knock-out: F1." in text
    assert "explain little: F2." in text
    assert "implied: 1 of 1 rows reproduced" in text


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(archived_tables, "experiments_folder", lambda: tmp_path)
    return tmp_path


def test_the_page_stands_by_itself(folder: Path) -> None:
    page = report.page(FINDINGS, "quick", {"command": "contactsim replay"}, moved=["F1: kept 1, now 2"])
    links, targets = set(re.findall(r'<a href="#(\w+)"', page)), set(re.findall(r'<(?:h2|section) id="(\w+)">', page))
    assert links <= targets and {"short", "assumed", "findings", "moving", "fitted", "from"} <= links
    assert page.count("<svg") == len(FINDINGS)
    assert "<b>Why</b> (of the kept result): Too &lt;weak&gt;." in page
    assert "No longer holds: F1: kept 1, now 2" in page
    assert "<td>F6</td></tr>" in page  # the sample was too small for it, and the table says so
    assert "Nothing is kept yet: contactsim sensitivity" in page
    assert not re.search(r"(src|href)=['\"]?https?:", page)


def test_a_page_is_well_formed(folder: Path) -> None:
    """Every element is closed, in its order, and all attributes are quoted."""
    page = report.page(FINDINGS, "quick", {"command": "contactsim replay <x>"})
    opened: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag not in ("meta", "br"):
                opened.append(tag)

        def handle_startendtag(self, tag: str, attrs: object) -> None:
            pass

        def handle_endtag(self, tag: str) -> None:
            assert opened.pop() == tag

    Reader().feed(page)
    assert opened == []
    assert not re.search(r"<\w+[^>]*=[^\"'\s>]", re.sub(r"(?s)<svg.*?</svg>|<style>.*?</style>", "", page))
    assert page.count('<figure role="img" aria-label="') == len(FINDINGS)
    assert "contactsim replay &lt;x&gt;" in page


def test_both_readings_stand_side_by_side() -> None:
    rows = [row("F7-weight", GOOD, band=(1.0, None), off={"equal_weight": [1.2, 1.3, 1.25]}),
            row("F21-less", NONE), row("F21-alike", NONE, band=(-0.05, 0.05))]
    text = render("disputes", disputes=report_sections.disputed([entry("F7", *rows)]))
    assert text.count("<table") == 2  # rows of the other matters are not there
    assert "1.250 [" in text and "what is found where this reading is put in" in text
    assert text.index("contradicts it") < text.index("agrees with this reading")


def test_kept_tables_of_sensitivity_are_shown(folder: Path) -> None:
    lines = [("psychology.appraisal", "R1", True, True), ("psychology.appraisal", "R3", True, False),
             ("psychology.civic_rest", "R1", False, True), ("psychology.norms", "R1", False, False)]
    table = pd.DataFrame(lines, columns=["parameter", "row", "counts", "turns"])
    about = {"points": 7, "seeds": 2, "residents": 1200}
    archived_tables.keep(table, "sensitivity/each", about)
    indices = {"row": ["R1"], "parameter": ["psychology.norms"], "mu_star": [0.5], "mu_star_conf": [0.125],
               "inside_low": [0.0], "inside_high": [0.75]}
    archived_tables.keep(pd.DataFrame(indices), "sensitivity/morris", about)
    text = render("moving", **report_sections.moving())
    assert "<td>psychology.appraisal</td><td>R1, R3</td><td>R1</td></tr>" in text
    assert "<td>psychology.civic_rest</td><td><b>none</b>: no finding reads civic participation" in text
    assert f"<td>psychology.norms</td><td><b>none</b>: {report_sections.UNJUSTIFIED}" in text
    assert "0.50 ± 0.12 <b>(0%, 75%)</b>" in text
    assert "7 points, 2 seeds each, places of 1,200 residents." in text
    assert OUTDATED not in text
    (folder / "sensitivity" / "each.json").unlink()  # nobody knows what it was computed with
    assert OUTDATED in render("moving", **report_sections.moving())


def test_what_was_fitted_is_told_with_what_became_of_it() -> None:
    text = " ".join(render("fitted", fits=report_sections.fitted()).split())
    assert "In use is -1.78" in text and "Left: " in text and "12 evaluations of a budget of 12" in text


def test_diagnoses_reach_entries() -> None:
    assert "Fitting that rate" in diagnoses.read("polarisation")["F5"]
    assert FINDINGS[4].verdict == NOT_REPRODUCED and FINDINGS[0].verdict == REPRODUCED
