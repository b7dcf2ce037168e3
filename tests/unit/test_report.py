"""The report shows claims, assumptions, explanations of failures, and which parameters change which outcomes."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from rich.console import Console

from contactsim.evidence import baseline, calibration, report, tables
from contactsim.evidence.report import render
from contactsim.evidence.verdicts import (
    FindingResult,
    OutcomeResult,
    interval,
    underpowered,
    verdict,
)

ACCEPTANCE = (0.05, None)
OUTDATED = "Computed before the model's numbers last changed"
GOOD, NONE, UNCLEAR = [0.9, 1.0, 1.1], [0.0, 0.001, -0.001], [0.0, 0.3, 0.1]


def outcome(name: str, values: list[float], role: str = "emergent", off: dict[str, list[float]] | None = None,
            acceptance: Any = ACCEPTANCE) -> OutcomeResult:
    found = interval(values, 1)
    knocked = {key: interval(one, 1) for key, one in (off or {}).items()}
    word, reason = verdict(found, acceptance, knocked)
    return OutcomeResult(name, "statement", "SD", acceptance, "assumed", role, True, found,
                         {key: ("must_exit", one) for key, one in knocked.items()}, word, reason,
                         underpowered(found, acceptance), values)


def result(name: str, *outcomes: OutcomeResult, role: str = "emergent", diagnosis: str = "") -> FindingResult:
    return FindingResult(name, f"claim of {name}", "odd", "title", [1], "source", "ours", [], role, "", "measurement",
                         {}, False, [], 1, 3, 100, list(outcomes), diagnosis)


FINDINGS = [
    result("F1", outcome("F1", GOOD, off={"off": NONE})), result("F2", outcome("F2", GOOD)),
    result("F3", outcome("F3", GOOD, "implied"), role="implied"), result("F4", outcome("F4", GOOD, off={"off": GOOD})),
    result("F5", outcome("F5", NONE), diagnosis="Too <weak>."), result("F6", outcome("F6", UNCLEAR))]


def test_only_findings_with_a_tested_mechanism_count_as_explained() -> None:
    by_group = {text.split(":")[0]: [one.id for one in results] for text, results in report.groups(FINDINGS)}
    assert list(by_group.values()) == [["F1"], ["F2"], ["F3"], ["F4"], ["F5"], ["F6"]]
    assert next(iter(by_group)) == "The model explains these"


@pytest.mark.parametrize("width", [80, 120])
def test_the_terminals_table_has_each_number_and_verdict_in_one_line(width: int) -> None:
    off = {"nothing_learned_from_negative": NONE, "no_contact": GOOD}
    long = result("F28", outcome("F28-volunteers", GOOD, off=off), outcome("F28-themselves", NONE, "implied"),
                  replace(outcome("F28-other", NONE), judged=False), outcome("F28-unbounded", [0.1]))
    console = Console(width=width, file=io.StringIO(), highlight=False)
    console.print(tables.results_table([*FINDINGS, long], "quick", console.width))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert max(map(len, lines)) <= width
    assert any(line.startswith("F28, emergent: not reproduced (0 of 3 outcomes") for line in lines)
    found = {tuple(re.split(r" {2,}", line.strip())) for line in lines}
    accepted, mean = "0.05 or more", "1.000 [0.752, 1.248]"
    assert {("F28-volunteers", mean, accepted, "not explained"), ("no contact", mean, "must exit"),
            ("F28-other", "0.000 [-0.002, 0.002]", accepted, "(not reproduced)"),
            ("F28-unbounded", "0.100 [-inf, inf]", accepted, "inconclusive")} <= found
    assert len({line.index("0.05 or more") for line in lines if "0.05 or more" in line}) == 1, "columns are aligned"


def test_outcomes_without_a_knock_out_are_listed_separately() -> None:
    roles = {role.name: role for role in report.roles(FINDINGS)}
    assert (roles["emergent"].mechanism_tested, roles["emergent"].untested) == (["F1"], ["F2"])
    text = render("assumed", roles=roles.values())
    assert "Outside the acceptance interval with their knock-out: F1." in text
    assert "explain little: F2." in text
    assert "implied: 1 of 1 outcomes reproduced" in text


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(baseline, "experiments_folder", lambda: tmp_path)
    return tmp_path


def test_the_page_is_self_contained(folder: Path) -> None:
    page = report.page(FINDINGS, "quick", {"command": "contactsim replay"}, deviations=["F1: baseline 1, now 2"])
    links, targets = set(re.findall(r'<a href="#(\w+)"', page)), set(re.findall(r'<(?:h2|section) id="(\w+)">', page))
    assert links <= targets and {"short", "assumed", "findings", "moving", "fitted", "from"} <= links
    assert page.count("<svg") == len(FINDINGS)
    assert "<b>Explanation</b> (of the baseline result): Too &lt;weak&gt;." in page
    assert "Deviates from the baseline: F1: baseline 1, now 2" in page
    assert "<td>F6</td></tr>" in page  # the sample was too small for it, and the table says so
    assert "There is no archived analysis: run contactsim sensitivity" in page
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


def test_positions_of_a_dispute_are_shown_side_by_side() -> None:
    weights = {"equal_weight": [1.2, 1.3, 1.25], "more_weight": [1.4, 1.6, 1.5]}
    outcomes = [outcome("F7-weight", GOOD, acceptance=(1.0, None), off=weights),
                outcome("F21-less", NONE), outcome("F21-alike", NONE, acceptance=(-0.05, 0.05))]
    text = render("disputes", disputes=report.disputed([result("F7", *outcomes)]))
    assert text.count("<table") == 2  # rows of the other matters are not there
    assert "1.250 [" in text and "1.500 [" in text and "the result if this position is assumed" in text
    assert text.index("contradicts it") < text.index("agrees with this position")


def test_archived_tables_of_sensitivity_are_shown(folder: Path) -> None:
    lines = [("psychology.appraisal", "R1", True, True), ("psychology.appraisal", "R3", True, False),
             ("psychology.civic_rest", "R1", False, True), ("psychology.norms", "R1", False, False)]
    table = pd.DataFrame(lines, columns=["parameter", "outcome", "material", "crosses"])
    record = {"parameter_sets": 7, "seeds": 2, "residents": 1200}
    baseline.archive_table(table, "sensitivity/each", record)
    indices = {"outcome": ["R1"], "parameter": ["psychology.norms"], "mu_star": [0.5], "mu_star_conf": [0.125],
               "inside_low": [0.0], "inside_high": [0.75]}
    baseline.archive_table(pd.DataFrame(indices), "sensitivity/morris", record)
    text = render("moving", **report.sensitivities())
    assert "<td>psychology.appraisal</td><td>R1, R3</td><td>R1</td></tr>" in text
    assert "<td>psychology.civic_rest</td><td><b>none</b>: no finding concerns civic participation" in text
    assert f"<td>psychology.norms</td><td><b>none</b>: {report.UNJUSTIFIED}" in text
    assert "0.50 ± 0.12 <b>(0%, 75%)</b>" in text
    assert "7 parameter sets, 2 seeds each, places of 1,200 residents." in text
    assert OUTDATED not in text
    (folder / "sensitivity" / "each.json").unlink()  # without its record
    assert OUTDATED in render("moving", **report.sensitivities())


def test_fits_are_shown_with_their_conclusions() -> None:
    design = calibration.designs()["ratio"]
    fit = {"method": calibration.METHOD, "evaluations": 9, "budget": 12, "design": {"seeds": 4},
           "parameters": {"psychology.negative_base": -0.5}, "outcomes": {"F7-ratio": 3.1}, "objective": 0.01}
    text = " ".join(render("fitted", fits=[(design, fit)]).split())
    assert "until the calibration to surveys" in text and "9 evaluations of a budget of 12" in text
    assert "F7-ratio 3.1 (target 3)" in text
    assert "There is no archived fit" in render("fitted", fits=[])


def test_the_page_says_that_its_words_are_no_verdicts(folder: Path) -> None:
    assert "they are no verdicts on it" in report.page(FINDINGS, "quick", {"command": "contactsim replay"})
