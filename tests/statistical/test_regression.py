"""Each negative control, a broken model, deviates from a baseline from which the model itself does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from contactsim.config.run_config import compose
from contactsim.evidence import baseline, loading, regression, runs
from contactsim.evidence.baseline import Measured
from contactsim.evidence.design import Finding, Folder, SampleSize
from contactsim.evidence.worlds import negative_control, negative_controls
from contactsim.parameters import ModelParameters

BASE = compose(["place=synthetic"]).parameters
SEEDS, RESIDENTS, WEEKS = 4, 1000, 32


def small() -> list[tuple[Folder, Finding]]:
    """R1, R3, F7 and the shock of F21 with few residents and without a burn-in."""
    out = []
    for name in ("R1", "R3", "F7", "F21"):
        folder, finding = loading.all_findings()[name]
        finding = runs.base_only(finding, loading.regression_outcomes())
        worlds = {key: world.model_copy(update={"weeks": WEEKS, "set": {**world.set, "scenario.burn_in": False}})
                  for key, world in finding.worlds.items()}
        size = {"quick": SampleSize(seeds=SEEDS, residents=RESIDENTS)}
        finding = finding.model_copy(update={"worlds": worlds})
        out.append((folder.model_copy(update={"samples": size, "name": "small"}), finding))
    return out


def replayed(parameters: ModelParameters, store: Path) -> list[Measured]:
    return regression.measure(small(), parameters, "quick", store, jobs=1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("figures")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baseline, "experiments_folder", lambda: tmp_path)
    baseline.update(replayed(BASE, store), "quick")


def test_the_model_itself_passes(store: Path) -> None:
    assert baseline.deviations(replayed(BASE, store), "quick") == []


@pytest.mark.parametrize("control", negative_controls())
def test_each_negative_control_fails(control: str, store: Path) -> None:
    assert baseline.deviations(replayed(negative_control(control, BASE), store), "quick") != []
