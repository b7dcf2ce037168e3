"""The report and the terminal's tables show shares of worlds, what carries findings, and what does not come out."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from contactsim.evidence import baseline, figures, numbers, report, tables
from contactsim.evidence.across_sets import Decider, share_of
from contactsim.evidence.judging import DEPENDS, REPORTED, FindingResult, OutcomeResult, Removal, verdict
from contactsim.evidence.report import render

OUTDATED = "Computed before the model's numbers last changed"
WORLDS = report.Worlds("ensemble 'plausible': made up", 40, 50)
DECIDER = Decider("psychology.appraisal", -0.62, 40, "self-confirming <appraisal>", "trials")


def removal(share: float, mechanism: bool = True, null_action: bool = False) -> Removal:
    return Removal("it is off", mechanism, null_action, share, share - 0.1, share + 0.1, 0.02, 12,
                   share_of(np.arange(12) < 3))


def outcome(name: str, held: int, of: int = 40, judged: bool = True, **removals: Removal) -> OutcomeResult:
    share = share_of(np.arange(of) < held)
    word = verdict(share) if judged else REPORTED
    effects = np.linspace(0.0, 0.2, of).tolist()
    return OutcomeResult(name, f"statement of {name}", "SD", (0.05, None), "assumed", "emergent", "ours", judged, word,
                         share, 0.1, 0.02, 0.18, 0.2, 2, 0, removals, DECIDER if word == DEPENDS else None, effects)


def result(name: str, *outcomes: OutcomeResult, role: str = "emergent", diagnosis: str = "",
           check: bool = False) -> FindingResult:
    return FindingResult(name, f"claim of {name}", "odd", "Odd ones", [1], "source", "cross-section", ["A1"], role, "",
                         "measured <so>", check, "2026-11-28", [{"date": "d", "what": "w", "why": "y"}], 40, 2, 4000,
                         list(outcomes), diagnosis)


FINDINGS = [
    result("F1", outcome("F1", 40, learning=removal(0.8), norms=removal(0.1), null=removal(1.0, False, True))),
    result("F2", outcome("F2", 39), outcome("F2-b", 40, judged=False), role="implied"),
    result("F3", outcome("F3", 20), role="calibrated"), result("F4", outcome("F4", 2), diagnosis="Too <weak>."),
    result("F5", outcome("F5", 40, null=removal(0.3, False, True))),
    result("F6", outcome("F6", 7, judged=False)), result("R1", outcome("R1", 40), check=True)]


def page(results: list[FindingResult] = FINDINGS, worlds: report.Worlds = WORLDS) -> str:
    return report.page(results, worlds, "quick", {"command": "contactsim replay <x>"})


def section(text: str, name: str) -> str:
    return re.findall(rf'(?s)<h2 id="{name}">(.*?)(?=<h2|</main>)', text)[0]


def printed(shown: Any) -> list[str]:
    console = Console(width=80, file=io.StringIO(), highlight=False)
    console.print(shown)
    lines: list[str] = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert max(map(len, lines)) <= 80
    return [" ".join(line.split()) for line in lines]


def test_the_terminals_overview_fits_eighty_columns() -> None:
    lines = printed(tables.overview(FINDINGS))
    assert "F1 claim of F1 40 of 40 robust learning" in lines and "F4 claim of F4 2 of 40 absent -" in lines
    assert "F6 claim of F6 - reported -" in lines


def test_the_terminals_results_fit_eighty_columns() -> None:
    long = result("F28", outcome("F28-volunteers-who-teach", 20, appraisal_threat_and_other_things=removal(-30.0)))
    lines = printed(tables.results_table([*FINDINGS, long]))
    assert "F1 0.100 [0.020, 0.180] 0.05 or more 40 of 40: robust" in lines
    assert "no learning 80% [70, 90] gone carries it" in lines and "null 30% [20, 40] gone leaves an effect" in lines
    assert any(line.startswith("F3: psychology.appraisal decides most") for line in lines)
    assert any(line.startswith("F5: without reach the action still has 70% of its effect") for line in lines)
    assert "F2-b 0.100 [0.020, 0.180] 0.05 or more (40 of 40)" in lines


def test_findings_are_counted_by_verdict() -> None:
    assert tables.count(FINDINGS) == "6 findings: 3 robust, 1 depends, 1 absent, 1 reported. 1 realism check: 1 robust."


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(baseline, "experiments_folder", lambda: tmp_path)
    return tmp_path


def test_the_page_is_self_contained(folder: Path) -> None:
    text = page()
    links, targets = set(re.findall(r'<a href="#(\w+)"', text)), set(re.findall(r'<(?:h2|section) id="(\w+)">', text))
    assert links <= targets and {"short", "emergent", "implied", "built_in", "lacking", "reported", "checks"} <= links
    assert text.count("<svg") == 1 + len(FINDINGS)
    assert "40 of 50 parameter sets" in text and "Odd ones: registered on 2026-11-28" in text
    assert not re.search(r"(src|href)=['\"]?https?:", text)


def test_each_finding_stands_in_the_section_of_its_role(folder: Path) -> None:
    found = {name: re.findall(r'<section id="(\w+)">', section(page(), name)) for name in (
        "emergent", "implied", "built_in", "reported", "checks")}
    assert found == {"emergent": ["F1", "F4", "F5"], "implied": ["F2"], "built_in": ["F3"], "reported": ["F6"],
                     "checks": ["R1"]}


def test_what_does_not_come_out_is_shown_with_its_reason(folder: Path) -> None:
    text = section(page(), "lacking")
    assert re.findall(r'href="#(\w+)"', text) == ["F3", "F4"]
    assert "<b>Why</b>: Too &lt;weak&gt;." in text and "There is no diagnosis yet." in text
    assert "self-confirming &lt;appraisal&gt;" in text and "F5: without reach" in text


def test_the_page_says_what_carries_a_finding_and_how_much_is_chance(folder: Path) -> None:
    text = " ".join(section(page(), "emergent").split())
    assert "F1: learning (80%)." in text and "F5: none of the mechanisms that were switched off." in text
    assert "Chance between seeds makes up 20% (F1) of the variance between worlds" in text
    assert "an action without reach must leave nothing" in text


def test_one_set_says_nothing_across_worlds(folder: Path) -> None:
    one = [result("F1", outcome("F1", 1, 1))]
    assert "nothing can be said across plausible worlds" in page(one, replace(WORLDS, sets=1))
    assert "nothing can be said across plausible worlds" not in page()


def test_the_overview_is_sorted_by_the_share_of_worlds() -> None:
    (ax,) = figures.overview(FINDINGS).axes
    order = [label.get_text().split()[-1] for label in ax.get_yticklabels()]
    assert order == ["F4", "F3", "F2", "F1", "F5", "R1"]  # from the bottom; F6 is not judged


def test_one_value_has_no_range() -> None:
    assert numbers.with_range(0.1, 0.1, 0.1) == "0.100" and numbers.with_range(0.1, 0.0, 0.2) == "0.100 [0.000, 0.200]"
    assert numbers.with_range(float("nan"), 0.0, 0.0) == "not computable"


def test_shares_are_written_with_their_intervals() -> None:
    nan = float("nan")
    assert numbers.percents(0.82, 0.7, 0.95) == "82% [70, 95]" and numbers.percents(0.82, nan, nan) == "82%"
    assert numbers.percents(nan, nan, nan) == "-" and numbers.percents(-0.1, -99.0, 0.2) == "-10% [-inf, 20]"


def test_a_page_is_well_formed(folder: Path) -> None:
    """Every element is closed, in its order, and all attributes are quoted."""
    text = page()
    opened: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag not in ("meta", "br"):
                opened.append(tag)

        def handle_startendtag(self, tag: str, attrs: object) -> None:
            pass

        def handle_endtag(self, tag: str) -> None:
            assert opened.pop() == tag

    Reader().feed(text)
    assert opened == []
    assert not re.search(r"<\w+[^>]*=[^\"'\s>]", re.sub(r"(?s)<svg.*?</svg>|<style>.*?</style>", "", text))
    assert text.count('<figure role="img" aria-label="') == 1 + len(FINDINGS)
    assert "contactsim replay &lt;x&gt;" in text


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
