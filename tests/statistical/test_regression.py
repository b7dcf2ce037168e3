"""The regression notices a broken model: each negative control fails results that the model itself passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from contactsim.config.run_config import compose
from contactsim.evidence import baseline, ledger, negative_controls, runs
from contactsim.evidence.ledger import Finding, Folder
from contactsim.evidence.results import Entry, entry
from contactsim.parameters import ModelParameters

BASE = compose(["place=synthetic"]).parameters
SEEDS, RESIDENTS, WEEKS = 4, 1000, 26


def small() -> list[tuple[Folder, Finding]]:
    """R1, R3 and F7 on few residents, without a burn-in."""
    out = []
    for name in ("R1", "R3", "F7"):
        folder, finding = ledger.all_findings()[name]
        worlds = {key: world.model_copy(update={"weeks": WEEKS, "set": {"scenario.burn_in": False}})
                  for key, world in finding.worlds.items()}
        rows = [row.model_copy(update={"knock_outs": {}}) for row in finding.outcomes]
        size = {"quick": ledger.Sample(seeds=SEEDS, residents=RESIDENTS)}
        finding = finding.model_copy(update={"worlds": worlds, "outcomes": rows, "knock_outs": {}})
        out.append((folder.model_copy(update={"samples": size, "name": "small"}), finding))
    return out


def replayed(parameters: ModelParameters, store: Path) -> list[Entry]:
    figures = runs.run(small(), parameters, "quick", store, jobs=1)
    return [entry(folder, finding, figures[finding.id], "quick") for folder, finding in small()]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("figures")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baseline, "experiments_folder", lambda: tmp_path)
    baseline.keep(replayed(BASE, store), "quick")


def test_the_model_itself_passes(store: Path) -> None:
    assert baseline.moved(replayed(BASE, store), "quick") == []


@pytest.mark.parametrize("control", negative_controls.names())
def test_each_negative_control_fails(control: str, store: Path) -> None:
    assert baseline.moved(replayed(negative_controls.apply(control, BASE), store), "quick") != []
