"""Kept results of a full replay: verdicts in the list of findings, and the page that is made from them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from contactsim.docs_tools import results_page
from contactsim.evidence import baseline, kept, listing
from contactsim.evidence.loading import all_findings
from contactsim.paths import experiments_folder

ROOT = Path(__file__).parents[2]


def _line(outcome: str, share: float, verdict: str, worlds: str = "base", **more: Any) -> dict[str, Any]:
    return {"finding": "F1", "outcome": outcome, "statement": f"statement of {outcome}", "unit": "SD", "worlds": worlds,
            "acceptance_low": 0.05, "acceptance_high": None, "judged": verdict != "reported", "sets": 40,
            "holds": round(40 * share), "share": share, "share_low": share - 0.05, "share_high": share + 0.05,
            "verdict": verdict, "median": 0.1, "p10": 0.08, "p90": 0.2, "decides": "psychology.seeking", **more}


@pytest.fixture
def archived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """F1 has two judged outcomes and one that is reported; threat carries the first."""
    monkeypatch.setattr(baseline, "experiments_folder", lambda: tmp_path)
    folder, _ = all_findings()["F1"]
    (tmp_path / folder.name).mkdir()
    lines = [_line("F1-a", 0.95, "robust"), _line("F1-b", 0.5, "depends"), _line("F1-c", 0.1, "reported"),
             _line("F1-a", 0.2, "", worlds="threat", carries=True, removed=0.8),
             _line("F1-a", 0.9, "", worlds="norms", carries=False, removed=0.1)]
    baseline.archive_table(pd.DataFrame(lines), f"{folder.name}/result", {
        "parameter_sets": 40, "seeds": 1, "worlds": "ensemble 'plausible'"})
    kept.kept.cache_clear()
    yield
    kept.kept.cache_clear()


@pytest.mark.usefixtures("archived")
def test_the_verdict_on_a_finding_is_that_of_its_weakest_judged_outcome() -> None:
    assert list(kept.kept()) == ["F1"]
    assert kept.state("F1") == "depends, 20 of 40"
    assert kept.state("F2") == kept.NOT_KEPT
    assert kept.kept()["F1"].carriers("F1-a") == ["threat"]
    line, = listing.listed(["F1"])
    assert line["state"] == "depends, 20 of 40"


@pytest.mark.usefixtures("archived")
def test_the_page_says_what_holds_what_carries_it_and_what_decides() -> None:
    text = results_page.page(list(kept.kept().values()))
    assert "0 robust, 1 depends, 0 absent, 0 reported" in text
    assert "**Depends**, its weakest outcome in 20 of 40 worlds." in text
    assert "| statement of F1-a (SD) | 0.100 [0.080, 0.200] | 0.05 or more | 38 of 40 | robust |" in text
    assert "| statement of F1-c (SD) | 0.100 [0.080, 0.200] | – | – | reported |" in text
    assert "statement of F1-a: carried by threat." in text
    assert "What decides: `psychology.seeking`." in text
    axes = results_page.picture(list(kept.kept().values())).axes[0]
    assert [label.get_text()[-2:] for label in axes.get_yticklabels()] == ["F1"]


def test_the_page_of_results_is_that_of_the_kept_results() -> None:
    if not any(experiments_folder().glob("*/result.csv")):
        pytest.skip("NO FULL REPLAY IS KEPT: docs/results.md not tested")
    assert results_page.main(["--check"]) == 0
    assert (ROOT / "docs" / results_page.PICTURE).is_file()
