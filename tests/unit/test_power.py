"""Power: closed forms against simulation, and the commands that evaluate."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from contactsim import cli
from contactsim.errors import UserError
from contactsim.evaluate.power import check, needed, noise, seeds_needed, simulate, smallest, table
from contactsim.evaluate.power_show import render


def test_the_closed_form_is_the_textbooks() -> None:
    """Two groups of 64 see .5 SD with 80 % (Cohen 1988, table 2.4.1), for a scale without error."""
    question = check({"effect": 0.5, "reliability": [1.0], "stability": 0.5})
    assert needed(question, "after", 1.0) == 64
    assert smallest(question, "after", 64, 1.0) == pytest.approx(0.5, abs=0.005)
    assert noise("did", 1.0, 0.5) == 1.0  # asking before buys nothing at a correlation of one half
    assert noise("ancova", 0.8, 0.9) < min(1.0, noise("did", 0.8, 0.9))
    assert np.isnan(noise("matched", 0.8, 0.9))


def test_less_reliable_scales_and_smaller_samples_see_less() -> None:
    question = check({})
    by_sample = [smallest(question, "did", n, 0.8) for n in (20, 50, 200)]
    by_scale = [smallest(question, "did", 50, r) for r in (0.6, 0.8, 0.9)]
    assert by_sample == sorted(by_sample, reverse=True) and by_scale == sorted(by_scale, reverse=True)


@pytest.mark.parametrize("design", ["after", "did", "ancova", "before_after", "two_pretests"])
def test_simulated_studies_see_what_the_closed_form_says(design: str) -> None:
    """80 % of 200 studies, within three standard errors and the little that cutting into answers takes (.70 to .89)."""
    question = check({"studies": 200})
    assert 0.70 <= simulate(question, design, 60, 0.8, smallest(question, design, 60, 0.8)) <= 0.89


def test_nothing_is_seldom_found() -> None:
    """One side of a 5 % test: 2.5 % of 200 studies (decision: at most 6 %)."""
    assert simulate(check({"studies": 200}), "did", 60, 0.8, 0.0) <= 0.06


def test_seeds_follow_from_the_scatter_of_a_comparison() -> None:
    rng = np.random.default_rng(1)
    raw, without = 0.02 + 0.01 * rng.standard_normal(10), 0.3 + 0.05 * rng.standard_normal(10)
    of_seeds = pd.DataFrame({"side": "with", "week": 5, "part": "participants", "by": "all", "outcome": "attitude",
                             "raw": raw, "effect": raw / 0.25, "without": without})
    found = seeds_needed(check({}), of_seeds).set_index("effect")
    assert (found["twins"] < found["independent"]).all() and (found.loc[0.01] >= found.loc[0.1]).all()


def test_a_comparison_without_a_difference_tells_no_number_of_seeds() -> None:
    of_seeds = pd.DataFrame({"side": "with", "week": 5, "part": "participants", "by": "all", "outcome": "attitude",
                             "raw": np.zeros(4), "effect": np.zeros(4), "without": 0.3})
    question = check({"designs": "after", "sample": 20, "reliability": 0.8, "studies": 0})
    shown = Console(file=io.StringIO(), width=200)
    shown.print(render(question, table(question), seeds_needed(question, of_seeds), Path("here")))
    assert "tells no number of seeds" in shown.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("values, says", [
    ({"effect": 0}, "effect=0"), ({"sample": [2]}, "sample=[2]"), ({"reliability": [2]}, "reliability="),
    ({"designs": ["guess"]}, "guess"), ({"sample": ["many"]}, "sample=['many']"), ({"power": 1.5}, "power=1.5"),
    ({"effekt": 1}, "effekt")])
def test_mistakes_are_said(values: dict[str, object], says: str) -> None:
    with pytest.raises(UserError) as error:
        check(values)
    assert says in str(error.value) and "\n" not in str(error.value)


def test_the_power_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["power", "sample=[20,50]", "reliability=0.8", "designs=[did,after]", "studies=5"]
    assert cli.main(words) == 0
    assert "needed for 0.2" in capsys.readouterr().out
    (folder,) = (tmp_path / "power").iterdir()
    assert {"config.yaml", "figure.png", "power.json", "power.parquet"} == {path.name for path in folder.iterdir()}
    assert cli.main([*words, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["table"]) == 4
    assert cli.main(["power", "sampel=3"]) == 2 and "'sample'" in capsys.readouterr().err
    assert cli.main(["power", "--from", "nowhere"]) == 2 and "nowhere" in capsys.readouterr().err


def test_the_evaluate_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                              capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    town = ["evaluate", "place.residents=2000", "scenario=no_burn_in", "action=youth_scheme", "seeds=3"]
    whole = [*town, "actions.youth_scheme.intakes=1", "actions.youth_scheme.share=0.6", "actions.youth_scheme.reach=1"]
    assert cli.main([*whole, "evaluation=youth_scheme", "evaluation.after=2", "evaluation.sites=3"]) == 0
    out = capsys.readouterr().out
    assert "could be asked" in out and "true" in out and "Mediation" in out
    (folder,) = (tmp_path / "evaluations").iterdir()
    assert {"of_studies.parquet", "summary.parquet", "paths.parquet", "evaluation.json", "config.yaml",
            "provenance.json", "figure.png"} == {path.name for path in folder.iterdir()}
    summary = pd.read_parquet(folder / "summary.parquet")
    assert set(summary["method"]) == {"after", "before_after", "did", "ancova", "matched", "weighted"}
    for words, says in (
            ([*town, "evaluation=youth_scheme"], "needs an action that ends"), (whole, "evaluation= is missing"),
            ([*whole, "evaluation=youth_scheme", "evaluation.control=matched_town", "seeds=3"], "given twice"),
            ([*whole, "evaluation=two_pretests", "evaluation.start=3"], "evaluation.gap=13"),
            ([*whole, "evaluation=youth_scheme", "evaluation.ages=[90,95]"], "nobody"),
            (["evaluate", "evaluation=after_only"], "Nothing differs")):
        assert cli.main(words) == 2
        error = capsys.readouterr().err
        assert says in error and error.count("\n") == 1, error


def test_a_matched_town_is_another_seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                         capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["evaluate", "place.residents=1500", "scenario=no_burn_in", "action=arts_festival",
             "evaluation=arts_adults", "evaluation.after=6"]
    assert cli.main([*words, "seeds=2", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert {row["outcome"] for row in facts["estimates"]} == {"belonging", "engagement"} and facts["paths"]
    assert cli.main([*words, "seeds=1"]) == 2 and "another seed" in capsys.readouterr().err
