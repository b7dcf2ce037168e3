"""``contactsim evaluate`` and ``contactsim power``: their folders, their output and their store."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

from contactsim import cli
from contactsim.evaluate.design import load
from contactsim.storage.store import Store


def test_the_power_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["power", "sample=[20,50]", "reliability=0.8", "designs=[did,after]", "studies=5"]
    assert cli.main(words) == 0
    assert "needed for 0.2" in capsys.readouterr().out
    (folder,) = (tmp_path / "power").iterdir()
    assert {"config.yaml", "figure.png", "power.json", "power.parquet"} == {path.name for path in folder.iterdir()}
    assert cli.main([*words, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["table"]) == 4
    assert cli.main(["power", "items=3"]) == 2 and "the key was removed; power.item names" in capsys.readouterr().err
    assert cli.main(["power", "sampel=3"]) == 2 and "'sample'" in capsys.readouterr().err
    assert cli.main(["power", "--from", "nowhere"]) == 2 and "nowhere" in capsys.readouterr().err


def test_the_evaluate_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                              capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    town = ["evaluate", "place.residents=2000", "scenario=no_burn_in", "action=youth_scheme", "seeds=3",
            "store=store"]
    whole = [*town, "actions.youth_scheme.intakes=1", "actions.youth_scheme.share=0.6", "actions.youth_scheme.reach=1"]
    assert cli.main([*whole, "evaluation=youth_scheme", "evaluation.after=2", "evaluation.sites=3"]) == 0
    out = capsys.readouterr().out
    assert "could be surveyed" in out and "true" in out and "Mediation" in out
    assert "mean of 3 items, 0 to 10; asked of all, 11 and over" in out
    (folder,) = (tmp_path / "evaluations").iterdir()
    assert {"of_studies.parquet", "summary.parquet", "paths.parquet", "evaluation.json", "config.yaml",
            "provenance.json", "figure.png"} == {path.name for path in folder.iterdir()}
    summary = pd.read_parquet(folder / "summary.parquet")
    stored = len(Store("store").read(["status"]))
    fewer = ["evaluation=youth_scheme", "evaluation.after=2", "evaluation.sites=3", "evaluation.methods=[did,ancova]"]
    assert cli.main([*whole, *fewer, "--quiet", "output=fewer"]) == 0
    assert len(Store("store").read(["status"])) == stored == 3  # other methods need no other answers
    pd.testing.assert_frame_equal(pd.read_parquet("fewer/summary.parquet").reset_index(drop=True), summary[
        summary["method"].isin(["did", "ancova"])].reset_index(drop=True), check_exact=True)
    assert set(summary["method"]) == {"after", "before_after", "did", "ancova", "matched", "weighted"}
    for words, says in (
            ([*town, "evaluation=youth_scheme"], "needs an action that ends"), (whole, "evaluation= is missing"),
            ([*whole, "evaluation=youth_scheme", "evaluation.control=matched_town", "seeds=3"], "given twice"),
            ([*whole, "evaluation=two_pretests", "evaluation.start=3"], "evaluation.gap=13"),
            ([*whole, "evaluation=youth_scheme", "evaluation.ages=[90,95]"], "nobody"),
            ([*whole, "evaluation=youth_scheme", "evaluation.outcomes=[attitude,warmth]"],
             "evaluation.outcomes='warmth' is unknown: allowed are anxiety, attitude"),
            ([*whole, "evaluation=youth_scheme", "evaluation.reliability=0.6,0.8"], "the key was removed"),
            (["evaluate", "evaluation=after_only"], "Nothing differs")):
        assert cli.main(words) == 2
        error = capsys.readouterr().err
        assert says in error and error.count("\n") == 1, error


def test_a_matched_town_is_another_seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                         capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["evaluate", "place.residents=1500", "scenario=no_burn_in", "action=arts_festival",
             "evaluation=arts_adults", "evaluation.after=6", "store=store"]
    assert cli.main([*words, "seeds=2", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert {row["outcome"] for row in facts["estimates"]} == {"belonging", "engagement"} and facts["paths"]
    assert len(Store("store").read(["status"])) == 2
    assert cli.main([*words, "seeds=3", "--json"]) == 0 and "estimates" in capsys.readouterr().out
    assert len(Store("store").read(["status"])) == 4  # a new town, and another match of the second
    assert cli.main([*words, "seeds=1"]) == 2 and "another seed" in capsys.readouterr().err


def test_several_values_give_estimates_for_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["evaluate", "place.residents=1000", "scenario=no_burn_in", "action=arts_festival", "seeds=2",
             "evaluation=after_only", "evaluation.after=2", "store=store", "psychology.negative_weight=1,2",
             "output=grid"]
    assert cli.main(words) == 0 and "psychology.negative_weight 2" in capsys.readouterr().out
    summary = pd.read_parquet("grid/summary.parquet")
    assert set(summary["psychology.negative_weight"]) == {1, 2} and len(Store("store").read(["status"])) == 4


def test_several_values_of_a_survey_design_give_estimates_for_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                                   capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    town = ["evaluate", "place.residents=1000", "scenario=no_burn_in", "action=arts_festival", "seeds=2",
            "evaluation=after_only", "evaluation.after=2", "store=store", "psychology.negative_weight=1,2"]
    assert cli.main([*town, "evaluation.size=20,9000", "output=grid"]) == 0
    out = capsys.readouterr().out
    assert "psychology.negative_weight 2, evaluation.size 9000" in out
    assert "smaller than size=9000" in out and "smaller than size=20:" not in out
    keys = ["psychology.negative_weight", "evaluation.size"]
    summary = pd.read_parquet("grid/summary.parquet")
    found = {tuple(key): cell for key, cell in summary.groupby(keys)}
    assert set(found) == {(weight, size) for weight in (1, 2) for size in (20, 9000)}
    assert all((cell["treated"] <= size).all() for (_, size), cell in found.items())
    assert cli.main([*town[:-1], "psychology.negative_weight=2", "evaluation.size=20", "output=one"]) == 0
    one = pd.read_parquet("one/summary.parquet")  # the same as the cell, which is not surveyed again
    pd.testing.assert_frame_equal(found[2, 20].drop(columns=keys).reset_index(drop=True), one, check_exact=True)
    assert len(Store("store").read(["status"])) == 8
    config = yaml.safe_load(Path("grid/config.yaml").read_text())
    assert [cell["evaluation"]["size"] for cell in config["cells"]] == [20, 9000, 20, 9000]
    for words, says in (("evaluation.size=20,20", "a value twice"), ("evaluation.size=interval(20,90)", "interval"),
                        ("evaluation.size=20,many", "evaluation.size='many'")):
        assert cli.main([*town, words]) == 2
        error = capsys.readouterr().err
        assert says in error and error.count("\n") == 1, error


def test_an_item_of_the_user_s_own_is_an_outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine" / "instrument").mkdir(parents=True)
    (tmp_path / "mine" / "instrument" / "duty.yaml").write_text(
        "title: duty\nmeasures: civic\nwording: Do you do your part here?\nsource: our own\nlow: 1\nhigh: 7\n")
    words = ["evaluate", "place.residents=1000", "scenario=no_burn_in", "action=arts_festival", "seeds=2",
             "evaluation=after_only", "evaluation.after=2", "evaluation.outcomes=[duty]", "store=store"]
    assert cli.main([*words, "-cd", "mine", "evaluation.instruments.duty.reliability=0.6,0.9"]) == 0
    out = capsys.readouterr().out
    assert "evaluation.instruments.duty.reliability 0.9" in out and "duty: 1 to 7; asked of all, 16 and over" in out
    assert cli.main(words) == 2 and "evaluation.outcomes='duty' is unknown" in capsys.readouterr().err


def test_several_survey_designs_are_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["evaluate", "place.residents=1000", "scenario=no_burn_in", "action=arts_festival", "seeds=2",
             "evaluation=after_only,arts_children", "evaluation.after=2", "evaluation.control=others", "store=store",
             "output=designs", "--quiet"]
    assert cli.main(words) == 0
    summary = pd.read_parquet("designs/summary.parquet")
    methods = {name: set(cell["method"]) for name, cell in summary.groupby("evaluation")}
    assert methods == {name: set(load(name).methods) for name in ("after_only", "arts_children")}
