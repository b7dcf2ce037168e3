"""Figures of the ledger in the store of runs: nothing lived twice, nothing lost, and no harm to what lies beside."""

from __future__ import annotations

import dataclasses
import math
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

import contactsim
from contactsim.cli import main
from contactsim.errors import UserError
from contactsim.evidence import runs, shelf
from contactsim.evidence.shelf import Lived, Unit
from contactsim.sweep import Store
from tests import shelving
from tests.shelving import CHUNKS, UNITS, at_once, chunks
from tests.sweeping import bytecode_kept, content, live_here, specs, until  # noqa: F401

ALL = UNITS * CHUNKS


def singles(store: Path) -> list[Path]:
    return sorted((store / "runs").glob("*.parquet"))


def lived_by(store: Path) -> dict[str, str]:
    """When and by which process each unit was lived, as its row says."""
    table = Store(store).read(["id", "provenance"])
    return dict(zip(table["id"].to_pylist(), table["provenance"].to_pylist(), strict=True))


def never(units: Iterable[Unit]) -> Iterator[tuple[Unit, Lived]]:
    for unit in units:
        raise AssertionError(f"seed {unit.seed} was lived again")
    yield from ()


def test_figures_come_back_to_the_last_bit(tmp_path: Path) -> None:
    lived = Lived({"F3 (on F6's places)": {"base": 0.1 + 0.2, "off": math.nan},
                   "of/it": {"base": -0.0, "off": math.inf}},
                  {"base/share": [0.1, 0.5], "base/spread": [math.nan, 1 / 3]})
    store = Store(tmp_path / "store", missing=True)
    store.prepare()
    unit = Unit("F6", 3, 500, '{"a":1}', {"history": "none"})
    assert not shelf.has(store, unit)
    shelf.keep(store, unit, lived, 1.0)
    assert shelf.has(store, unit)
    for _ in range(2):
        found = shelf.read(store, {unit.id, "absent"})
        assert list(found) == [unit.id] and repr(found[unit.id]) == repr(lived)
        store.pack(at_least=1)
    row = store.catalogue().to_pylist()[0]
    assert (row["seed"], row["residents"], row["config"]) == (3, 500, '{"a":1}')
    assert row["point"] == '{"finding":"F6","history":"none"}'


@pytest.mark.parametrize("other", [{"finding": "F7"}, {"seed": 4}, {"residents": 501}, {"config": '{"a":2}'}])
def test_all_that_decides_figures_is_in_their_name(other: dict[str, Any]) -> None:
    unit = Unit("F6", 3, 500, '{"a":1}')
    assert dataclasses.replace(unit, point={"label": 1}).id == unit.id != dataclasses.replace(unit, **other).id


def test_another_model_has_other_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Unit("F6", 3, 500, "{}").id
    monkeypatch.setattr(shelf, "model_digest", lambda: "another")
    assert Unit("F6", 3, 500, "{}").id != before


def test_what_is_there_is_not_lived_and_nothing_is_written(tmp_path: Path) -> None:
    store, told = tmp_path / "store", []
    found = runs.live(chunks(), store, 1, lambda *of: told.append(of))
    assert told[0] == (0, ALL) and told[-1] == (ALL, ALL)
    assert {lived.figures["R1"]["base"] for lived in found.values()} == {
        100.0 * k + seed for k in range(CHUNKS) for seed in range(UNITS)}
    before = {path: path.stat().st_mtime_ns for path in store.rglob("*")}
    assert repr(runs.live(chunks(never), store, 1)) == repr(found)
    assert {path: path.stat().st_mtime_ns for path in store.rglob("*")} == before
    more = runs.live([*chunks(never), *chunks(each=UNITS + 1)], store, 1)
    assert len(more) == ALL + CHUNKS


@pytest.mark.parametrize(("jobs", "kill"), [(1, os.killpg), (2, os.kill)])
def test_killed_and_continued_nothing_is_lived_twice(tmp_path: Path, jobs: int,
                                                     kill: Callable[[int, int], None]) -> None:
    """Killed with its processes, or alone: they end by themselves."""
    store = tmp_path / "store"
    running = shelving.start(store, jobs)
    until(lambda: len(singles(store)) >= 3)
    kill(running.pid, signal.SIGKILL)
    running.communicate()
    held = lived_by(store)
    assert 3 <= len(held) < ALL and Store(store).damaged == {}
    running = shelving.start(store, jobs)
    _, errors = running.communicate(timeout=300)
    assert running.returncode == 0, errors
    now = lived_by(store)
    assert held.items() <= now.items() and len(now) == ALL
    assert list((store / "runs").iterdir()) == []  # packed, and what was unfinished removed


def test_two_at_once_do_no_harm(tmp_path: Path) -> None:
    both = [shelving.start(tmp_path / "store", 1) for _ in range(2)]
    for one in both:
        _, errors = one.communicate(timeout=300)
        assert one.returncode == 0, errors
    runs.live(chunks(), tmp_path / "undisturbed", 1)
    assert content(tmp_path / "store").equals(content(tmp_path / "undisturbed"))


def test_what_another_stored_meanwhile_is_not_lived(tmp_path: Path) -> None:
    lived: list[int] = []

    def with_another(units: Iterable[Unit]) -> Iterator[tuple[Unit, Lived]]:
        for one, found in at_once(units):
            lived.append(one.seed)
            if one.seed == 1:
                runs.live(chunks(), tmp_path, 1)
            yield one, found

    assert len(runs.live(chunks(with_another), tmp_path, 1)) == ALL
    assert lived == [0, 1]


def test_what_another_forgot_meanwhile_is_lived_again(tmp_path: Path) -> None:
    times = 1

    def with_another(units: Iterable[Unit]) -> Iterator[tuple[Unit, Lived]]:
        nonlocal times
        yield from at_once(units)
        if times:
            times -= 1
            shelf.forget(tmp_path)

    assert len(runs.live(chunks(with_another), tmp_path, 1)) == ALL
    times = 99
    shelf.forget(tmp_path)
    with pytest.raises(UserError, match=rf"{ALL} figures vanish .*--fresh"):
        runs.live(chunks(with_another), tmp_path, 1)


@pytest.mark.parametrize("where", ["runs", "packs"])
def test_a_damaged_file_is_said_set_aside_and_lived_again(tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                                           where: str) -> None:
    runs.live(chunks(), tmp_path / "undisturbed", 1)
    store = Store(tmp_path / "store", missing=True)
    store.prepare()
    for one, found in at_once(unit for chunk in chunks() for unit in chunk.units):
        shelf.keep(store, one, found, 1.0)
    if where == "packs":
        store.pack()
    broken = sorted((store.path / where).glob("*.parquet"))[0]
    broken.write_bytes(broken.read_bytes()[:-50])
    before = lived_by(store.path)
    assert len(before) == (ALL - 1 if where == "runs" else 0)
    told: list[tuple[int, int]] = []
    runs.live(chunks(), store.path, 1, lambda *of: told.append(of))
    assert told[0] == (0, ALL - len(before)) and before.items() <= lived_by(store.path).items()
    assert content(store.path).equals(content(tmp_path / "undisturbed"))
    assert [path.name for path in (store.path / "damaged").iterdir()] == [broken.name]
    assert f"{where}/{broken.name} is damaged" in capsys.readouterr().err


def test_small_files_are_packed_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "PACK_EVERY", UNITS)
    files: list[int] = []
    runs.live(chunks(), tmp_path, 1, lambda *_: files.append(len(singles(tmp_path))))
    assert max(files) == UNITS and singles(tmp_path) == []


def test_a_process_that_dies_is_said_in_a_sentence_and_the_rest_is_kept(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"died, killed or out of memory.*goes on from there"):
        runs.live(chunks(shelving.killed), tmp_path, 2)
    assert 2 <= len(lived_by(tmp_path)) < ALL
    assert len(runs.live(chunks(), tmp_path, 1)) == ALL


def test_an_error_stops_all_processes_at_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="seed 3 is odd"):
        runs.live(chunks(shelving.failing), tmp_path, 2)
    assert len(lived_by(tmp_path)) == 3


def test_a_folder_that_is_no_store_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("dear")
    for words in (["--fresh"], []):
        assert main(["replay", "F7", "--quick", "--store", str(tmp_path), *words]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Runs of a sweep and units of the ledger, in one pack."""
    store = tmp_path / "mixed"
    live_here(store, specs([1, 2])).need()
    runs.live(chunks(), store, 1)
    assert len(content(store)) == 2 + ALL and len(list((store / "packs").iterdir())) == 1
    return store


def test_results_are_those_of_runs(mixed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    live_here(tmp_path / "runs", specs([1, 2])).need()
    assert contactsim.load(mixed).weekly().equals(contactsim.load(tmp_path / "runs").weekly())
    assert main(["results", str(tmp_path / "runs"), "--csv"]) == 0
    alone = capsys.readouterr().out
    assert main(["results", str(mixed), "--csv"]) == 0
    assert capsys.readouterr().out == alone
    assert main(["results", str(mixed)]) == 0
    said = capsys.readouterr().out
    assert "2 runs (2 ok)" in said and f"and {ALL} units of the ledger: contactsim replay ID" in said


def test_a_store_of_the_ledger_alone_has_no_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs.live(chunks(), tmp_path, 1)
    assert main(["results", str(tmp_path)]) == 2
    assert f"holds no runs but {ALL} units of the ledger (R1): contactsim replay ID" in capsys.readouterr().err
    with pytest.raises(UserError, match="units of the ledger"):
        contactsim.load(tmp_path)


def test_a_unit_of_the_ledger_is_not_rerun(mixed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = chunks()[1].units[2]
    assert main(["rerun", one.id, "--store", str(mixed)]) == 2
    said = capsys.readouterr().err
    assert "a unit of the ledger (R1, seed 102): contactsim replay R1" in said and said.count("\n") == 1


def test_fresh_forgets_figures_and_leaves_runs(mixed: Path, tmp_path: Path) -> None:
    live_here(tmp_path / "runs", specs([1, 2])).need()
    (mixed / "thesis.txt").write_text("dear")
    new = [Unit("R1", 9000 + k, 500, "{}") for k in range(3)]
    for one, found in at_once(new):
        shelf.keep(Store(mixed), one, found, 1.0)
    shelf.forget(mixed)
    assert content(mixed).equals(content(tmp_path / "runs"))
    assert singles(mixed) == [] and (mixed / "thesis.txt").is_file()
    shelf.forget(tmp_path / "absent")
    assert not (tmp_path / "absent").exists()
