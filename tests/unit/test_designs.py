"""Every design can be run: its estimands, worlds and parameters exist; and a replay works end to end."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest

from contactsim import cli
from contactsim.config import compose
from contactsim.errors import UserError
from contactsim.evidence import asked, command, design, gradients, kept, replay, shelf, tried
from contactsim.evidence.design import Sample, load, names
from contactsim.evidence.estimands import ESTIMANDS
from contactsim.evidence.judge import INCONCLUSIVE, NOT_REPRODUCED, REPRODUCED
from contactsim.evidence.variants import changed
from contactsim.sweep import Store
from contactsim.sweep.rows import SCHEMA

BASE = compose(["place=synthetic"]).parameters


def replayed(*words: str) -> int:
    """The exit code of a replay; its errors are raised."""
    return cli.main(["replay", *words, "--debug"])


@pytest.mark.parametrize("name", names())
def test_design_is_complete(name: str) -> None:
    registered = load(name)
    assert len({o.id for o in registered.outcomes}) == len(registered.outcomes)
    for outcome in registered.outcomes:
        inspect.signature(ESTIMANDS[outcome.estimand]).bind(None, **outcome.arguments)
        assert set(outcome.knock_outs) <= set(registered.worlds)
        assert outcome.role != "emergent" or "leaves" in outcome.knock_outs.values(), f"{outcome.id}: a knock-out"
    for world in registered.worlds.values():
        assert changed(BASE, world.set) != BASE
    for path, values in registered.sweeps.parameters.items():
        assert any(replay._is_base(BASE, path, value) for value in values), f"{path}: the base's value is not swept"
        for value in values:
            changed(BASE, {path: value})


def test_variants_set_and_shift() -> None:
    silent = changed(BASE, {"settings.occasions.*.presence": 0.0, "psychology.negative_base": {"shift": 1.0}})
    assert {o.presence for o in silent.settings.occasions.values()} == {0.0}
    assert silent.psychology.negative_base == BASE.psychology.negative_base + 1.0
    with pytest.raises(UserError, match="negative_base"):
        changed(BASE, {"psychology.negativ_base": 0.0})


def test_unknown_replay_names_the_nearest() -> None:
    with pytest.raises(UserError, match="Did you mean 'polarisation'"):
        load("polarization")


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> design.Design:
    """The polarisation design on two seeds, few weeks, three of its worlds."""
    full = load("polarisation")
    worlds = {name: full.worlds[name].model_copy(update={"at": [0.1, 0.5]})
              for name in ("no_contact", "halved_negative", "no_negative")}
    outcomes = [o.model_copy(update={"knock_outs": {k: v for k, v in o.knock_outs.items() if k in worlds}})
                for o in full.outcomes]
    small = full.model_copy(update={
        "samples": {"quick": Sample(seeds=3, residents=1200)}, "weeks": 6, "gradient": [0.1, 0.5],
        "knock_out_gradient": [0.1, 0.5], "histories": ["none"], "worlds": worlds, "outcomes": outcomes})
    monkeypatch.setattr(asked.design, "load", lambda name: small)
    return small


@pytest.fixture
def store(tmp_path: Path) -> list[str]:
    """Arguments of a replay that leaves everything in the test's folder."""
    return ["--quick", "--jobs", "1", "--store", str(tmp_path / "store"), "--output", str(tmp_path / "out")]


def test_replay_writes_ledger_and_report(tiny: design.Design, store: list[str], tmp_path: Path) -> None:
    assert replayed("polarisation", *store) in (0, 1)
    ledger = json.loads((tmp_path / "out" / "ledger.json").read_text())
    assert [entry["id"] for entry in ledger["findings"]] == ["F1", "F2", "F3", "F4", "F5"]
    f1 = ledger["findings"][0]["rows"][0]
    assert f1["effect"]["mean"] > 0.05 > f1["knock_outs"]["no_contact"][1]["mean"] == 0.0
    page = (tmp_path / "out" / "report.html").read_text()
    swept = tried.read("polarisation/swept") is not None
    assert page.count("<svg") == 6 + swept  # one a finding, the gradient, and what is kept of a full replay's sweeps
    assert "does not predict a real town" in page
    assert "http" not in page.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", "").replace("https://matplotlib.org", "")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "store"]


def test_a_full_replay_keeps_the_tables_that_documents_speak_of(tiny: design.Design, tmp_path: Path,
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    full = tiny.model_copy(update={"samples": {"full": Sample(seeds=2, residents=1200)}})
    monkeypatch.setattr(asked.design, "load", lambda name: full)
    swept = [{"parameter": "psychology.norms", "value": 0.01, "is_base": False, "outcome": "F5", "mean": 0.3,
              "low": 0.2, "high": 0.4, "inside": False, "outside": False}]
    monkeypatch.setattr(command, "sweep", lambda *_: swept)
    for module in (kept, tried):
        monkeypatch.setattr(module, "experiments_folder", lambda: tmp_path)
    folder = ["--jobs", "1", "--store", str(tmp_path / "store"), "--output", str(tmp_path / "out")]
    assert replayed("polarisation", "--full", "--update-baseline", *folder) == 0
    written = {path.name for path in (tmp_path / "polarisation").iterdir()}
    assert written == {"kept.json", "result.csv", "result.json", "swept.csv", "swept.json"}
    table = tried.read("polarisation/swept")
    assert table is not None and table.about["seeds"] == 2 and not table.outdated


def lacking_one(folder: Path) -> None:
    """Leave a store as if a kill had come before the last seed."""
    store = Store(folder)
    table = store.read(SCHEMA.names)
    shelf.forget(folder)
    for k in range(len(table) - 1):
        store.write(table.slice(k, 1))


def test_what_is_in_the_store_is_not_lived_again(tiny: design.Design, store: list[str], tmp_path: Path,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    replayed("F1", *store)
    assert len(Store(tmp_path / "store").catalogue()) == 3  # three seeds

    def never(*_: object) -> None:
        raise AssertionError("a world was lived again")

    monkeypatch.setattr(gradients, "worlds_of_seed", never)
    replayed("F1", *store)
    lacking_one(tmp_path / "store")
    for more in ([], ["--no-cache"]):
        with pytest.raises(AssertionError, match="lived again"):
            replayed("F1", *store, *more)
        assert len(Store(tmp_path / "store").catalogue()) == (0 if more else 2)


def test_swept_numbers_in_the_store_are_not_lived_again(tiny: design.Design, tmp_path: Path,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    few = tiny.sweeps.model_copy(update={
        "sample": Sample(seeds=2, residents=1200), "parameters": {"psychology.norms": [0.0, 0.004]},
        "dissimilarity_within_units": [0.15]})
    small = tiny.model_copy(update={"sweeps": few})
    rows = replay.sweep(small, BASE, tmp_path, 2)
    assert [row["is_base"] for row in rows if row["outcome"] == "F5"] == [False, True, False]

    def never(*_: object) -> None:
        raise AssertionError("a world was lived again")

    monkeypatch.setattr(gradients, "observe", never)
    assert replay.sweep(small, BASE, tmp_path, 1) == rows
    lacking_one(tmp_path)
    with pytest.raises(AssertionError, match="lived again"):
        replay.sweep(small, BASE, tmp_path, 1)


def test_replay_is_the_same_on_any_number_of_jobs(tiny: design.Design, tmp_path: Path) -> None:
    one, two = (replay.replay(tiny, BASE, "quick", tmp_path / str(jobs), jobs) for jobs in (1, 2))
    assert [j.values for j in one.judged] == [j.values for j in two.judged]
    assert one.readings == two.readings


def test_readings_come_back_from_the_store_as_they_were_seen(tiny: design.Design, tmp_path: Path) -> None:
    size = tiny.samples["quick"]
    replayed = replay.replay(tiny, BASE, "quick", tmp_path, 1)
    seen = gradients.worlds_of_seed(tiny, BASE, "none", size.residents, tiny.first_seed)
    lines = [line for line in replayed.readings if line["seed"] == tiny.first_seed]
    assert len(replayed.readings) == 3 * len(lines)
    assert lines == [{"history": "none", "world": world, "share": share, "seed": tiny.first_seed, **observed.summary}
                     for world, by_share in seen.items() for share, observed in by_share.items()]
    assert list(lines[0]) == ["history", "world", "share", "seed", *seen["base"][0.1].summary]


def test_a_kept_verdict_that_no_longer_holds_fails(tiny: design.Design, store: list[str],
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    """And so does the negative control: no contact in the base's place."""
    found = {"F1": {"verdict": REPRODUCED, "mean": 1.0, "tolerance": 100.0}}
    monkeypatch.setattr(kept, "read", lambda folder, sample: found)
    assert replayed("F1", *store) == 0
    assert replayed("F1", *store, "--negative-control", "no_contact") == 1
    found["F1"]["verdict"] = NOT_REPRODUCED
    assert replayed("F1", *store) == 1
    assert replayed("F1", *store, "psychology.negative_weight=1") == 0  # other parameters are not compared


def test_keep_refuses_other_parameters(tiny: design.Design) -> None:
    with pytest.raises(UserError, match="--update-baseline"):
        replayed("polarisation", "--quick", "--update-baseline", "psychology.negative_weight=1")
    with pytest.raises(UserError, match="no_contact"):
        replayed("polarisation", "--quick", "--negative-control", "no_contacts")


def test_too_few_seeds_judge_nothing(tiny: design.Design, tmp_path: Path) -> None:
    single = tiny.model_copy(update={"samples": {"quick": Sample(seeds=1, residents=1200)}})
    assert {j.verdict for j in replay.replay(single, BASE, "quick", tmp_path, 1).judged} == {INCONCLUSIVE}
