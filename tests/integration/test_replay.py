"""A replay from end to end: it is stored, resumed, reported, and compared with the baseline."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from contactsim import cli
from contactsim.config.run_config import compose
from contactsim.errors import UserError
from contactsim.evidence import baseline, loading, runs, tables, tasks
from contactsim.evidence.design import Folder, Outcome, SampleSize, WorldDesign
from contactsim.evidence.verdicts import INCONCLUSIVE, REPRODUCED, judge
from contactsim.storage.schema import SCHEMA
from contactsim.sweeps import Store

BASE = compose(["place=synthetic"]).parameters
SHARES = {"d10": 0.1, "d50": 0.5}
FINDINGS = ["F1", "F2", "F3", "F4", "F5"]


def small(folder: Folder) -> Folder:
    """Polarisation on two places, few weeks, without a burn-in and with three of its knock-outs."""
    def world(design: WorldDesign) -> WorldDesign:
        return design.model_copy(update={"weeks": 6, "set": {**design.set, "scenario.burn_in": False}})

    def arguments(one: Outcome) -> dict[str, object]:
        shorter = {"reference": "d10"} if one.estimand != "contact_ratio" else {}
        changes = {key: shorter[key] for key in one.arguments if key in shorter}
        return {**one.arguments, **changes, **({"worlds": SHARES} if "worlds" in one.arguments else {})}

    findings = []
    for finding in folder.findings:
        outcomes = [one.model_copy(update={"arguments": arguments(one), "knock_outs": {
            name: rule for name, rule in one.knock_outs.items() if name in ("no_contact", "no_negative")}})
            for one in finding.outcomes if one.alternative is None]
        findings.append(finding.model_copy(update={
            "worlds": {name: world(one) for name, one in finding.worlds.items()}, "outcomes": outcomes,
            "alternatives": {}}))
    assert folder.gradient is not None
    return folder.model_copy(update={
        "samples": {"quick": SampleSize(seeds=3, residents=1200)}, "findings": findings, "alternatives": {},
        "worlds": {name: world(one) for name, one in folder.worlds.items()},
        "gradient": folder.gradient.model_copy(update={"worlds": SHARES})})


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Folder:
    """The one folder that there is."""
    return put_in_place(small(loading.folder("polarisation")), monkeypatch)


def put_in_place(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.setattr(loading, "folders", lambda: ["polarisation"])
    monkeypatch.setattr(loading, "folder", lambda name: folder)
    return folder


@pytest.fixture
def store(tmp_path: Path) -> list[str]:
    """Arguments of a replay that leaves everything in the test's folder."""
    return ["--quick", "--jobs", "1", "--store", str(tmp_path / "store"), "--output", str(tmp_path / "out")]


def replayed(*words: str) -> int:
    """The exit code of a replay; its errors are raised."""
    return cli.main(["replay", *words, "--debug"])


def never(*_: object) -> None:
    raise AssertionError("a world was run again")


def lacking_one(folder: Path) -> None:
    """Leave a store as if a kill had come before the last task."""
    store = Store(folder)
    table = store.read(SCHEMA.names)
    runs.forget(folder)
    for k in range(len(table) - 1):
        store.write(table.slice(k, 1))


def test_replay_writes_results_descriptives_and_report(tiny: Folder, store: list[str], tmp_path: Path) -> None:
    assert replayed("polarisation", *store) in (0, 1)
    written = json.loads((tmp_path / "out" / "ledger.json").read_text())
    assert [entry["id"] for entry in written["findings"]] == FINDINGS
    f1 = written["findings"][0]["outcomes"][0]
    assert f1["effect"]["mean"] > 0.05 > f1["knock_outs"]["no_contact"][1]["mean"] == 0.0
    page = (tmp_path / "out" / "report.html").read_text()
    swept = baseline.read_table("polarisation/swept") is not None
    assert page.count("<svg") == 6 + swept  # one per finding, the gradient, and the archived sweeps
    assert "does not predict a real town" in page
    assert "http" not in page.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", "").replace("https://matplotlib.org", "")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "store"]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "descriptives.csv", "ledger.csv", "ledger.json", "report.html"]
    table = pd.read_csv(tmp_path / "out" / "descriptives.csv")
    base = table[table["knock_out"] == "base"]
    assert len(base) == 3 * len(SHARES) and set(table["knock_out"]) == {"base", "no_contact", "no_negative"}
    assert (table.loc[table["knock_out"] == "no_contact", "positive"] == 0).all() and (base["positive"] > 0).all()
    assert base.groupby("share")["minority"].mean().loc[0.5] > base.groupby("share")["minority"].mean().loc[0.1]


def test_unbounded_intervals_are_null(tiny: Folder, store: list[str], tmp_path: Path,
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    put_in_place(tiny.model_copy(update={"samples": {"quick": SampleSize(seeds=1, residents=1200)}}), monkeypatch)
    replayed("F1", *store)
    text = (tmp_path / "out" / "ledger.json").read_text()
    assert not {"NaN", "Infinity"} & set(text.replace(",", " ").split())
    assert json.loads(text)["findings"][0]["outcomes"][0]["effect"]["low"] is None


def test_a_full_replay_archives_the_tables_of_a_folder(tiny: Folder, tmp_path: Path,
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    put_in_place(tiny.model_copy(update={"samples": {"full": SampleSize(seeds=2, residents=1200)}}), monkeypatch)
    swept = [{"parameter": "psychology.norms", "value": 0.01, "is_base": False, "outcome": "F5", "mean": 0.3,
              "low": 0.2, "high": 0.4, "inside": False, "outside": False}]
    monkeypatch.setattr(tables, "sweep_tasks", lambda *_: [])
    monkeypatch.setattr(tables, "sweep_table", lambda *_: swept)
    monkeypatch.setattr(baseline, "experiments_folder", lambda: tmp_path)
    folder = ["--jobs", "1", "--store", str(tmp_path / "store"), "--output", str(tmp_path / "out")]
    assert replayed("F1", "--full", "--update-baseline", *folder) == 0  # a part of the folder replaces no table of it
    assert {path.name for path in (tmp_path / "polarisation").iterdir()} == {"baseline.json"}
    assert replayed("polarisation", "--full", "--update-baseline", *folder) == 0
    written = {path.name for path in (tmp_path / "polarisation").iterdir()}
    assert written == {"baseline.json", "result.csv", "result.json", "swept.csv", "swept.json"}
    table = baseline.read_table("polarisation/swept")
    assert table is not None and table.record["seeds"] == 2 and not table.outdated


def test_stored_figures_are_not_computed_again(tiny: Folder, store: list[str], tmp_path: Path,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    replayed("F1", *store)
    assert len(Store(tmp_path / "store").catalogue()) == 6  # three seeds of the finding, and of the descriptives
    monkeypatch.setattr(tasks, "simulate", never)
    replayed("F1", *store)
    lacking_one(tmp_path / "store")
    for more in ([], ["--no-cache"]):
        with pytest.raises(UserError, match="run again"):
            replayed("F1", *store, *more)
        statuses = Store(tmp_path / "store").catalogue()["status"].to_pylist()
        assert statuses.count("ok") == (0 if more else 5)


def test_stored_sweeps_are_not_computed_again(tiny: Folder, tmp_path: Path,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    assert tiny.sweeps is not None
    few = tiny.sweeps.model_copy(update={
        "sample": SampleSize(seeds=2, residents=1200), "parameters": {"psychology.norms": [0.0, BASE.psychology.norms]},
        "dissimilarity_within_units": [0.15], "outcomes": ["F4-level", "F5"], "arguments": {}})

    def swept(jobs: int) -> list[dict[str, object]]:
        of_sets = tables.sweep_tasks(tiny, few, BASE)
        computed = runs.figures([one for of_set in of_sets for one in of_set], tmp_path, jobs)
        return tables.sweep_table(tiny, few, BASE, of_sets, computed)

    lines = swept(2)
    of_f5 = [line for line in lines if line["outcome"] == "F5"]
    assert [line["is_base"] for line in of_f5] == [False, True, False]
    assert len({line["mean"] for line in of_f5}) == 3  # each parameter set has its own worlds
    monkeypatch.setattr(tasks, "simulate", never)
    assert swept(1) == lines
    lacking_one(tmp_path)
    with pytest.raises(UserError, match="run again"):
        swept(1)


def test_replay_is_the_same_on_any_number_of_jobs(tiny: Folder, tmp_path: Path) -> None:
    assert tiny.gradient is not None
    findings = [(tiny, finding) for finding in (*tiny.findings, tables.gradient_finding(tiny, tiny.gradient))]
    one, two = (runs.run(findings, BASE, "quick", tmp_path / str(jobs), jobs) for jobs in (1, 2))
    assert one == two and set(one) == {*FINDINGS, "polarisation"}


def test_a_deviation_from_the_baseline_fails(tiny: Folder, store: list[str],
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    """And so does the negative control: no contact in the base's place."""
    found = {"F1": {"mean": 5.0, "tolerance": 4.99}}
    monkeypatch.setattr(baseline, "read", lambda folder, sample: found)
    assert replayed("F1", *store) == 0
    assert replayed("F1", *store, "--negative-control", "no_contact") == 1
    found["F1"]["mean"] = 50.0
    assert replayed("F1", *store) == 1
    assert replayed("F1", *store, "psychology.negative_weight=1") == 0  # other parameters are not compared


def test_a_replay_without_names_is_the_regression(tiny: Folder, store: list[str], tmp_path: Path,
                                                  monkeypatch: pytest.MonkeyPatch,
                                                  capsys: pytest.CaptureFixture[str]) -> None:
    """It simulates the outcomes of the regression without knock-outs, and compares means."""
    monkeypatch.setattr(baseline, "experiments_folder", lambda: tmp_path)
    assert replayed(*store, "--update-baseline") == 0
    outcomes = ["F1", "F2", "F3", "F4-level", "F5"]
    table = pd.read_csv(tmp_path / "out" / "regression.csv")
    assert list(table["outcome"]) == outcomes and table["baseline_mean"].isna().all()
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["regression.csv"]
    written = json.loads((tmp_path / "polarisation" / "baseline.json").read_text())["quick"]
    assert list(written) == outcomes and all(set(row) == {"mean", "tolerance"} for row in written.values())
    stored = Store(tmp_path / "store").read(["numbers"]).to_pylist()
    assert {name for row in stored for name, _ in row["numbers"]} == {f"{name}/base" for name in outcomes}
    monkeypatch.setattr(tasks, "simulate", never)
    capsys.readouterr()
    assert replayed(*store) == 0
    said = capsys.readouterr().out
    assert "Every mean of the baseline holds." in said and REPRODUCED not in said
    assert list(pd.read_csv(tmp_path / "out" / "regression.csv")["baseline_mean"].round(4)) == [
        written[name]["mean"] for name in outcomes]


def test_an_update_of_the_baseline_refuses_other_parameters() -> None:
    with pytest.raises(UserError, match="--update-baseline"):
        replayed("polarisation", "--quick", "--update-baseline", "psychology.negative_weight=1")
    with pytest.raises(UserError, match="no_contact"):
        replayed("polarisation", "--quick", "--negative-control", "no_contacts")


def test_one_seed_decides_nothing(tiny: Folder, tmp_path: Path) -> None:
    single = tiny.model_copy(update={"samples": {"quick": SampleSize(seeds=1, residents=1200)}})
    found = runs.run([(single, finding) for finding in single.findings], BASE, "quick", tmp_path, 1)
    results = [judge(single, finding, found[finding.id], "quick") for finding in single.findings]
    assert {one.verdict for result in results for one in result.outcomes} == {INCONCLUSIVE}
