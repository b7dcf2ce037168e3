"""Comparisons and evaluations over an ensemble: two parameter sets with two seeds each in a tiny place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import contactsim
from contactsim import cli
from contactsim.comparison.folder import load
from contactsim.config.ensemble import SET, digest
from contactsim.runs.folder import read_table
from contactsim.storage.store import Store

TINY = ["ensemble=mine.yaml", "place.residents=700", "scenario=no_burn_in", "store=store", "action=youth_scheme",
        "actions.youth_scheme.intakes=1", "actions.youth_scheme.share=1", "actions.youth_scheme.reach=1"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    table = "set,psychology.negative_weight,psychology.transfer\n1,1.0,0.2\n2,3.0,0.7\n"
    Path("mine.csv").write_text(table, encoding="utf-8")
    Path("mine.yaml").write_text(f"title: two sets\ndigest: {digest(table.encode())}\n", encoding="utf-8")
    return tmp_path


def test_a_comparison_is_pooled_over_sets_and_seeds(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["compare", *TINY, "follow_up=0", "output=over"]
    contactsim.compare(*words[1:], jobs=0)
    assert cli.main(words) == 0
    out = capsys.readouterr().out
    assert "Over 2 parameter sets and 2 seeds each: an interval is" in out.replace("\n", " ").replace("  ", " ")
    assert "participants, between sets" in out and max(map(len, out.splitlines())) <= 80
    tables = load("over")
    means = tables["by_seed"].groupby([SET, "part", "by", "level", "week", "outcome"])["effect"].mean()
    everybody = tables["effects"].query("part == 'everybody' and by == 'all' and week > 0")
    row, = everybody[everybody["outcome"] == "attitude"].to_dict("records")
    of_sets = [means[number, "everybody", "all", "all", row["week"], "attitude"] for number in (1, 2)]
    assert row["effect"] == pytest.approx(sum(of_sets) / 2) and (row["sets"], row["seeds"]) == (2, 4)
    assert {"sets_sd", "sets_p10", "sets_p90", "sets_same_sign"} <= set(tables["dose"])
    assert sorted(set(zip(tables["seeds"][SET], tables["seeds"]["seed"], strict=True))) == [
        (1, 1), (1, 2), (2, 10001), (2, 10002)]
    assert cli.main([*words, "--json"]) == 0
    facts: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert facts["ensemble"]["sets"] == [1, 2] and facts["ensemble"]["title"] == "two sets"
    assert {"sets", "sets_sd"} <= set(facts["effects"][0]) and "axes" not in facts
    assert json.loads(Path("over/provenance.json").read_text(encoding="utf-8"))["ensemble"]["digest"]

    stored = len(Store("store").read(["status"]))
    alone = contactsim.compare(*TINY, "ensemble_set=2", "seed=10001", seeds=2, follow_up=0, jobs=0).by_seed
    assert len(Store("store").read(["status"])) == stored == 4  # a set with its seeds is the same comparison alone
    second = tables["by_seed"].query(f"{SET} == 2").drop(columns=SET).reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, second)

    assert cli.main(["power", "--from", "over", "studies=0", "output=power"]) == 0
    assert "Power over 2 parameter sets" in capsys.readouterr().out
    assert set(read_table(Path("power/over_sets.parquet"))["sets"]) == {2}


def test_a_grid_over_sets_has_differences_between_its_cells(capsys: pytest.CaptureFixture[str]) -> None:
    words = [*TINY, "follow_up=0", "place.dissimilarity=0.2,0.6", "output=grid"]
    result = contactsim.compare(*words, jobs=0)
    assert cli.main(["compare", *words]) == 0
    out = capsys.readouterr().out
    assert out.count("place.dissimilarity 0.") == 3 and "ensemble_set" not in out
    found = load("grid")
    assert len(found["effects"].groupby("place.dissimilarity")) == 2 and (found["differences"]["sets"] <= 2).all()
    assert "2 parameter sets, 2 cells" in repr(result)
    result.plot("figure.png")
    assert Path("figure.png").stat().st_size > 20_000


def test_an_evaluation_is_pooled_over_sets(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["evaluate", *TINY, "evaluation=after_only", "evaluation.outcomes=[attitude]", "output=survey"]
    assert cli.main([*words, "--jobs", "2"]) == 0
    out = capsys.readouterr().out
    assert "between sets" in out and "attitude: effect" in out and max(map(len, out.splitlines())) <= 80
    facts = json.loads(Path("survey/evaluation.json").read_text(encoding="utf-8"))
    row = facts["estimates"][0]
    assert row["studies"] == 4 and row["effect_sets"] == 2 and facts["ensemble"]["sets"] == [1, 2]
    of_studies = read_table(Path("survey/of_studies.parquet"))
    means = of_studies[of_studies["method"] == row["method"]].groupby(SET)["effect"].mean()
    assert row["effect"] == pytest.approx(means.mean()) and row["effect_sets_p10"] <= row["effect_sets_p90"]


def test_an_unknown_ensemble_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["compare"], ["evaluate", "evaluation=after_only"]):
        assert cli.main([*command, "action=library_chat", "ensemble=nowhere"]) != 0
        error = capsys.readouterr().err
        assert "ensemble=nowhere does not exist" in error and len(error.strip().splitlines()) == 1
