"""Figures of findings in a store of runs: they are read as they were written, and do not affect runs."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import contactsim
from contactsim.api.results import SweepResult
from contactsim.cli import main
from contactsim.errors import UserError
from contactsim.evidence import runs
from contactsim.evidence.tasks import figures_of, numbers_of
from contactsim.runs.worker import Worker
from contactsim.sweeps import Store
from tests.sweeping import bytecode_kept, content, run_here, specs  # noqa: F401
from tests.tasks import EACH, GROUPS, tasks

ALL = EACH * GROUPS


def singles(store: Path) -> list[Path]:
    return sorted((store / "runs").glob("*.parquet"))


def test_figures_are_read_as_they_were_written(tmp_path: Path) -> None:
    odd = {"F3 (on F6's places)": {"base": 0.1 + 0.2, "off": math.nan}, "of/it": {"base": -0.0, "off": math.inf}}
    assert repr(figures_of(numbers_of(odd))) == repr(odd)
    found = runs.figures(tasks(), tmp_path, 1)
    assert found == {task.id: {"R1": {"base": float(task.payload["seed"]), "off": 0.0}} for task in tasks()}
    stored = runs.stored_figures(Store(tmp_path), {task.id for task in tasks()})
    assert runs.figures(tasks(), tmp_path, 1) == stored == found


def test_a_folder_that_is_no_store_is_not_changed(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("dear")
    for words in (["--no-cache"], []):
        assert main(["replay", "F7", "--quick", "--store", str(tmp_path), *words]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Runs of a sweep and tasks of the ledger, in one compacted file."""
    store = tmp_path / "mixed"
    run_here(store, specs([1, 2])).need()
    runs.figures(tasks(), store, 1)
    assert len(content(store)) == 2 + ALL and len(list((store / "packs").iterdir())) == 1
    return store


def test_results_are_those_of_runs(mixed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_here(tmp_path / "runs", specs([1, 2])).need()
    assert SweepResult(mixed).weekly().equals(SweepResult(tmp_path / "runs").weekly())
    assert main(["results", str(tmp_path / "runs"), "--csv"]) == 0
    alone = capsys.readouterr().out
    assert main(["results", str(mixed), "--csv"]) == 0
    assert capsys.readouterr().out == alone
    assert main(["results", str(mixed)]) == 0
    printed = capsys.readouterr().out
    assert "2 runs (2 ok)" in printed and f"and {ALL} units of the ledger: contactsim replay ID" in printed


def test_a_store_of_the_ledger_alone_has_no_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs.figures(tasks(), tmp_path, 1)
    assert main(["results", str(tmp_path)]) == 2
    assert f"holds no runs but {ALL} units of the ledger (R1): contactsim replay ID" in capsys.readouterr().err
    with pytest.raises(UserError, match="units of the ledger"):
        contactsim.load(tmp_path)


def test_a_task_of_the_ledger_is_not_rerun(mixed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = tasks()[EACH + 2]
    assert main(["rerun", one.id, "--store", str(mixed)]) == 2
    printed = capsys.readouterr().err
    assert "a unit of the ledger (R1, seed 102): contactsim replay R1" in printed and printed.count("\n") == 1


def test_forgetting_figures_does_not_affect_runs(mixed: Path, tmp_path: Path) -> None:
    run_here(tmp_path / "runs", specs([1, 2])).need()
    (mixed / "thesis.txt").write_text("dear")
    worker = Worker(mixed)
    for one in tasks(each=3, groups=9)[-3:]:
        worker.execute(one.message())
    assert len(singles(mixed)) == 3
    runs.forget(mixed)
    assert content(mixed).equals(content(tmp_path / "runs"))
    assert singles(mixed) == [] and (mixed / "thesis.txt").is_file()
    runs.forget(tmp_path / "absent")
    assert not (tmp_path / "absent").exists()
