"""A replay from end to end: it is simulated in plausible worlds, stored, resumed, judged and reported."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from contactsim import cli
from contactsim.errors import UserError
from contactsim.evidence import baseline, tasks
from contactsim.storage.schema import SCHEMA
from contactsim.sweeps import Store
from tests import designs

SETS = 4


@pytest.fixture(autouse=True)
def experiments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return designs.install(tmp_path / "experiments", monkeypatch)


def replayed(*words: str) -> int:
    return cli.main(["replay", *words, "--jobs", "1", "--store", "store", "--output", "out", "--debug"])


def ledger() -> dict[str, dict[str, object]]:
    found = json.loads(Path("out/ledger.json").read_text())
    return {outcome["id"]: outcome | {"finding": one["verdict"]} for one in found["findings"]
            for outcome in one["outcomes"]}


def never(*_: object) -> None:
    raise AssertionError("simulated again")


def test_findings_are_judged_across_plausible_worlds(capsys: pytest.CaptureFixture[str]) -> None:
    assert replayed("made_up", "--full") == 0
    said, found = capsys.readouterr().out, ledger()
    assert max(map(len, said.splitlines())) <= 80
    assert re.search(r"F1 +An attack lowers attitudes +\d of 4 ", said) and "F3    Nobody" in said
    drop = found["F1-drop"]
    assert drop["holds"]["of"] == SETS and drop["seeds"] == 2 and len(drop["effects"]) == SETS
    assert drop["removals"]["no_attack"]["share"] == pytest.approx(1.0)
    assert drop["removals"]["feeling"]["sets"] == SETS and drop["removals"]["norms"]["share"] < 0.2
    assert found["F1-depends"]["removals"] == {}
    assert (found["F2"]["verdict"], found["F2"]["holds"]["number"]) == ("absent", 0)
    assert (found["F3"]["verdict"], found["F3"]["finding"]) == ("reported", "reported")
    table = pd.read_csv("out/ledger.csv")
    assert set(table["worlds"]) == {"base", "feeling", "norms", "no_attack"}


def test_the_report_is_one_file_with_its_sections() -> None:
    replayed("made_up", "--quick")
    page = Path("out/report.html").read_text()
    assert sorted(path.name for path in Path("out").iterdir()) == ["ledger.csv", "ledger.json", "report.html"]
    assert page.count("<svg") == 4  # all findings, and one for each
    for title in ("Emergent: what the model explains", "Implied", "What does not come out, and why", "Reported only",
                  "Where sources disagree", "How to read this report"):
        assert f"{title}" in page
    assert "Nothing happens in this world." in page
    for source in ("http://www.w3.org", "http://purl.org", "http://creativecommons.org", "https://matplotlib.org"):
        page = page.replace(source, "")
    assert "http" not in page


def test_the_quick_sample_switches_off_in_some_of_its_worlds() -> None:
    replayed("F1", "--quick")
    drop = ledger()["F1-drop"]
    assert drop["holds"]["of"] == 3 and {off["sets"] for off in drop["removals"].values()} == {2}
    assert drop["noise"] is None  # one seed
    replayed("F1", "--quick", "--sets", "1")
    assert ledger()["F1-drop"]["verdict"] in ("holds here", "fails here")


def test_stored_figures_are_not_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    replayed("F1", "--quick")
    before = ledger()
    rows = Store(Path("store")).catalogue()
    assert len(rows) == 3  # one for each parameter set and seed
    monkeypatch.setattr(tasks, "simulate", never)
    replayed("F1", "--quick")
    assert ledger() == before
    with pytest.raises(UserError, match="simulated again"):
        replayed("F1", "--quick", "psychology.norms=0")


def test_one_world_is_simulated_once_for_all_its_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    """F1 and F2 share the world calm, also without norms."""
    calls: list[str] = []
    real = tasks.simulate

    def counted(world, base, *others):  # type: ignore[no-untyped-def]
        calls.append(f"{world.model_dump_json()} {base.model_dump_json()}")
        return real(world, base, *others)

    monkeypatch.setattr(tasks, "simulate", counted)
    replayed("F1", "F2", "--quick", "--sets", "2")
    assert len(calls) == len(set(calls)) > 0


def test_the_models_own_values_say_nothing_across_worlds(capsys: pytest.CaptureFixture[str]) -> None:
    assert replayed("F1", "--quick", "ensemble=default") == 0
    assert "nothing can be said across plausible worlds" in " ".join(capsys.readouterr().out.split())
    assert ledger()["F1-drop"]["holds"]["of"] == 1
    assert "With one parameter set nothing can be said" in Path("out/report.html").read_text()


def test_an_override_replaces_values_of_the_sets() -> None:
    replayed("F1", "--quick", "psychology.feeling_half_life=1.0")
    same = ledger()["F1-depends"]["effects"]
    replayed("F1", "--quick")
    spread = ledger()["F1-depends"]["effects"]
    assert max(spread) - min(spread) > 2 * (max(same) - min(same))


def test_mistakes_are_named() -> None:
    with pytest.raises(UserError, match=r"ensemble=plausibl does not exist.*Did you mean 'plausible'"):
        replayed("F1", "--quick", "ensemble=plausibl")
    with pytest.raises(UserError, match=r"--sets 9 is not allowed.*4 parameter sets"):
        replayed("F1", "--quick", "--sets", "9")
    with pytest.raises(UserError, match="named findings"):
        replayed("--quick", "--sets", "2")
    with pytest.raises(UserError, match="--update-baseline"):
        replayed("made_up", "--quick", "--update-baseline", "psychology.negative_weight=1")
    with pytest.raises(UserError, match="no_contact"):
        replayed("made_up", "--quick", "--negative-control", "no_contacts")


def test_a_full_replay_archives_the_result_of_a_folder(experiments: Path) -> None:
    assert replayed("F1", "--full", "--sets", "2", "--update-baseline") == 0
    assert not (experiments / "made_up" / "result.csv").exists()  # a part of the folder replaces no table of it
    assert replayed("made_up", "--full", "--sets", "2", "--update-baseline") == 0
    table = baseline.read_table("made_up/result")
    assert table is not None and table.record["parameter_sets"] == 2 and not table.outdated


def test_a_replay_without_names_is_the_regression(experiments: Path, monkeypatch: pytest.MonkeyPatch,
                                                  capsys: pytest.CaptureFixture[str]) -> None:
    """It simulates the outcomes of the regression without knock-outs in one parameter set, and compares means."""
    assert replayed("--update-baseline") == 0
    table = pd.read_csv("out/regression.csv")
    assert list(table["outcome"]) == ["F1-drop", "F2"] and table["baseline_mean"].isna().all()
    assert set(table["seeds"]) == {3}
    written = json.loads((experiments / "made_up" / "baseline.json").read_text())["full"]
    assert list(written) == ["F1-drop", "F2"] and all(set(row) == {"mean", "tolerance"} for row in written.values())
    stored = Store(Path("store")).read(["numbers"]).to_pylist()
    assert {name for row in stored for name, _ in row["numbers"]} == {"F1-drop/base", "F2/base"}
    monkeypatch.setattr(tasks, "simulate", never)
    capsys.readouterr()
    assert replayed() == 0
    assert "Every mean of the baseline holds." in capsys.readouterr().out


def test_a_deviation_from_the_baseline_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"F2": {"mean": 5.0, "tolerance": 9.0}}
    monkeypatch.setattr(baseline, "read", lambda folder, sample: found)
    assert replayed("--quick") == 0
    found["F2"]["mean"] = 50.0
    assert replayed("--quick") == 1
    assert replayed("--quick", "psychology.negative_weight=1") == 0  # other parameters are not compared


def test_a_missing_figure_is_computed_when_run_again() -> None:
    replayed("F1", "--quick")
    before, store = ledger(), Store(Path("store"))
    table = store.read(SCHEMA.names).slice(1)
    for file in [*Path("store").glob("runs/*.parquet"), *Path("store").glob("compacted/*.parquet")]:
        file.unlink()
    for k in range(table.num_rows):
        store.write(table.slice(k, 1))
    replayed("F1", "--quick")
    assert ledger() == before


def test_a_negative_control_breaks_every_parameter_set() -> None:
    replayed("F2", "--quick")
    before = ledger()["F2"]["effects"]
    replayed("F2", "--quick", "--negative-control", "no_contact")
    assert all(one != other for one, other in zip(before, ledger()["F2"]["effects"], strict=True))


def test_figures_do_not_depend_on_the_number_of_processes() -> None:
    replayed("F1", "F2", "--quick", "--sets", "2")
    one = ledger()
    cli.main(["replay", "F1", "F2", "--quick", "--sets", "2", "--jobs", "2", "--store", "store2", "--output", "out",
              "--debug"])
    assert ledger() == one
