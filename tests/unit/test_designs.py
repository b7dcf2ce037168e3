"""Every design can be run: its estimands, worlds and parameters exist; and a replay works end to end."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest

from contactsim.config import compose
from contactsim.errors import UserError
from contactsim.evidence import command, design, replay
from contactsim.evidence.design import Sample, load, names
from contactsim.evidence.estimands import ESTIMANDS
from contactsim.evidence.judge import INCONCLUSIVE, NOT_REPRODUCED, REPRODUCED
from contactsim.evidence.variants import changed

BASE = compose(["place=synthetic"]).parameters


@pytest.mark.parametrize("name", names())
def test_design_is_complete(name: str) -> None:
    registered = load(name)
    assert len({o.id for o in registered.outcomes}) == len(registered.outcomes)
    for outcome in registered.outcomes:
        inspect.signature(ESTIMANDS[outcome.estimand]).bind(None, **outcome.arguments)
        assert set(outcome.knock_outs) <= set(registered.worlds)
        assert outcome.role != "emergent" or outcome.knock_outs, "an emergent finding needs a knock-out"
    for world in registered.worlds.values():
        assert changed(BASE, world.set) != BASE
    for path, values in registered.sweeps.parameters.items():
        assert any(replay._is_base(BASE, path, value) for value in values), f"{path}: the base's value is not swept"
        for value in values:
            changed(BASE, {path: value})


@pytest.mark.parametrize("name", names())
def test_verdicts_are_kept_for_both_samples(name: str) -> None:
    kept = replay.kept_verdicts(load(name))
    assert set(kept) == {"full", "quick"}


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
        "samples": {"quick": Sample(seeds=3, residents=2500)}, "weeks": 6, "gradient": [0.1, 0.5],
        "knock_out_gradient": [0.1, 0.5], "histories": ["none"], "worlds": worlds, "outcomes": outcomes})
    monkeypatch.setattr(command, "load", lambda name: small)
    return small


def test_replay_writes_ledger_and_report(tiny: design.Design, tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                         monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "kept_verdicts", lambda d: {})
    assert command.main(["polarisation", "--quick", "--output", str(tmp_path / "out")]) == 0
    ledger = json.loads((tmp_path / "out" / "ledger.json").read_text())
    assert [o["id"] for o in ledger["outcomes"]] == [o.id for o in tiny.outcomes]
    f1 = ledger["outcomes"][0]["results"][0]
    assert f1["effect"]["mean"] > 0.05 > f1["knock_outs"]["no_contact"]["mean"] == 0.0
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.count("<svg") == 2
    assert "does not predict a real town" in page
    assert "http" not in page.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", "").replace("https://matplotlib.org", "")
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_replay_is_the_same_on_any_number_of_jobs(tiny: design.Design) -> None:
    one, two = (replay.replay(tiny, BASE, "quick", jobs) for jobs in (1, 2))
    assert [j.values for j in one.judged] == [j.values for j in two.judged]
    assert one.readings == two.readings


def test_a_kept_verdict_that_no_longer_holds_fails(tiny: design.Design, tmp_path: Path,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    """And so does the negative control: no contact in the base's place."""
    now = replay.replay(tiny, BASE, "quick").verdicts()["none"]
    kept = {"quick": {"none": {"F1": now["F1"]}}}
    for module in (command, replay):
        monkeypatch.setattr(module, "kept_verdicts", lambda d: kept)
    arguments = ["polarisation", "--quick", "--quiet", "--output", str(tmp_path / "out")]
    assert now["F1"] == REPRODUCED
    assert command.main(arguments) == 0
    assert command.main([*arguments, "--negative-control", "no_contact"]) == 1
    kept["quick"]["none"]["F1"] = NOT_REPRODUCED
    assert command.main(arguments) == 1


def test_keep_refuses_other_parameters(tiny: design.Design) -> None:
    with pytest.raises(UserError, match="--keep"):
        command.main(["polarisation", "--quick", "--keep", "psychology.negative_weight=1"])
    with pytest.raises(UserError, match="no_contact"):
        command.main(["polarisation", "--quick", "--negative-control", "no_contacts"])


def test_too_few_seeds_judge_nothing(tiny: design.Design) -> None:
    single = tiny.model_copy(update={"samples": {"quick": Sample(seeds=1, residents=2500)}})
    assert {j.verdict for j in replay.replay(single, BASE, "quick").judged} == {INCONCLUSIVE}
