"""The store: whole or absent, of this version, packed without a changed bit, and never harmed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from contactsim.cli import main
from contactsim.errors import UserError
from contactsim.storage.atomic import new_file
from contactsim.storage.schema import OK, SCHEMA
from contactsim.sweeps import Results, Store, experiments, load, sweep
from contactsim.sweeps.plan import make_plan
from tests.sweeping import bytecode_kept, content, run_here, specs  # noqa: F401


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of eight tiny runs."""
    folder = tmp_path_factory.mktemp("made") / "store"
    runs = specs(range(8))
    run_here(folder, runs).need()
    experiments.record(Store(folder), "eight", make_plan(Store(folder), runs).runs, {"design": "made in Python"})
    Store(folder).compact()
    return folder


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Path:
    """A copy of it, to be ill-treated."""
    return Path(shutil.copytree(made, tmp_path / "store"))


def singles(folder: Path) -> Path:
    """The store with each run in a file of its own."""
    one = Store(folder)
    table = one.read(SCHEMA.names)
    shutil.rmtree(one.compacted)
    one.compacted.mkdir()
    for k in range(len(table)):
        one.write(table.slice(k, 1))
    return folder


def test_packing_changes_no_bit_and_leaves_few_files(store: Path) -> None:
    before = content(store)
    assert len(list((store / "compacted").iterdir())) == 1 and len(list((store / "runs").iterdir())) == 0
    singles(store)
    assert len(list((store / "runs").iterdir())) == 8 and content(store).equals(before)
    assert Store(store).compact() == 8
    assert len(list((store / "runs").iterdir())) == 0 and content(store).equals(before)


def test_a_run_in_two_files_counts_once(store: Path) -> None:
    before = content(store)
    packs = {path.name: path.read_bytes() for path in (store / "compacted").iterdir()}
    singles(store)
    for name, held in packs.items():
        (store / "compacted" / name).write_bytes(held)
    assert len(list((store / "runs").iterdir())) == 8 and content(store).equals(before)


def test_a_success_outranks_a_failure_of_the_same_run(store: Path) -> None:
    table = Store(store).read(SCHEMA.names).slice(0, 1)
    failed = table.set_column(1, SCHEMA.field(1), pa.array(["failed"]))
    Store(store).write(failed)
    assert len(list((store / "runs").glob("*.failed.*.parquet"))) == 1
    assert content(store)["status"].to_pylist() == [OK] * 8
    Store(store).write(table)
    assert list((store / "runs").glob("*.failed.*.parquet")) == []


def test_a_truncated_file_is_quarantined_and_its_runs_are_simulated_again(
        store: Path, made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    singles(store)
    broken = sorted((store / "runs").iterdir())[2]
    broken.write_bytes(broken.read_bytes()[:-100])
    with pytest.raises(UserError, match=f"runs/{broken.name} is damaged.*quarantines the file"):
        Store(store).catalogue()
    sweep(store, specs(range(8)), jobs=1).need()
    assert f"runs/{broken.name} is damaged: it was moved to" in capsys.readouterr().err
    assert content(store).equals(content(made))
    assert [path.name for path in (store / "quarantined").iterdir()] == [broken.name]


def test_what_another_process_quarantined_is_no_error(store: Path) -> None:
    pack = next((store / "compacted").iterdir())
    pack.write_bytes(pack.read_bytes()[:-100])
    one, two = (Store(store).read_undamaged(["id"]) for _ in range(2))
    assert len(one[0]) == len(two[0]) == 0 and list(one[1]) == list(two[1]) == [f"compacted/{pack.name}"]
    assert Store(store).quarantine(one[1]) == [f"compacted/{pack.name}"]
    assert Store(store).quarantine(two[1]) == []


def test_forgetting_a_measure_leaves_the_others_and_damaged_files(store: Path) -> None:
    before = content(store)
    singles(store)
    row = Store(store).read(SCHEMA.names).slice(0, 1)
    at = {name: SCHEMA.get_field_index(name) for name in ("id", "measure")}
    for key in ("a" * 16, "b" * 16):
        other = row.set_column(at["measure"], SCHEMA.field("measure"), pa.array(["other"]))
        Store(store).write(other.set_column(at["id"], SCHEMA.field("id"), pa.array([key])))
        if key[0] == "a":
            Store(store).compact()  # one row in a pack with runs, one in a file of its own
    (store / "runs" / "broken.parquet").write_bytes(b"half")
    assert len(Store(store).read_undamaged(["id"])[0]) == 10
    Store(store).forget("other")
    assert Store(store).read_undamaged([name for name in SCHEMA.names if name != "provenance"])[0].equals(before)
    assert [path.name for path in (store / "runs").iterdir()] == ["broken.parquet"]
    packs = {path: path.stat().st_mtime_ns for path in (store / "compacted").iterdir()}
    Store(store).forget("other")
    assert len(packs) == 1 and packs == {path: path.stat().st_mtime_ns for path in (store / "compacted").iterdir()}


def test_flipped_bits_are_noticed(store: Path) -> None:
    pack = next((store / "compacted").iterdir())
    held = bytearray(pack.read_bytes())
    held[len(held) // 2] ^= 0xFF
    pack.write_bytes(held)
    table, damaged = Store(store).read_undamaged(["id"])  # wherever the bits are, and whatever is asked for
    assert len(table) == 0 and list(damaged) == [f"compacted/{pack.name}"]


@pytest.mark.parametrize("where", ["runs", "compacted"])
def test_whoever_plans_lists_or_loads_finds_a_damaged_file(
        store: Path, where: str, capsys: pytest.CaptureFixture[str]) -> None:
    if where == "runs":
        singles(store)
    broken = sorted((store / where).iterdir())[0]
    held = bytearray(broken.read_bytes())
    held[len(held) // 3] ^= 0x10  # one bit, which Parquet itself may not notice
    broken.write_bytes(held)
    words = f"{where}/{broken.name} is damaged"
    plan = make_plan(Store(store), specs(range(8)))
    assert plan.damaged == [f"{where}/{broken.name}"] and len(plan.todo) == (8 if where == "compacted" else 1)
    with pytest.raises(UserError, match=words):
        load(store)
    with pytest.raises(UserError, match=words):
        Results(Store(store), [run.id for run in plan.runs]).need()
    for command in (["results", str(store)], ["results", str(store), "--csv"], ["results", str(store), "--mean"],
                    ["rerun", plan.runs[0].id, "--store", str(store)]):
        assert main(command) == 2
        out, err = capsys.readouterr()
        assert words in err and "quarantines the file" in err and err.count("\n") == 1 and not out
    Store(store).compact()
    Store(store).forget("weekly")
    assert list(Store(store).read_undamaged(["id"])[1]) == plan.damaged  # neither compacted nor removed


@pytest.mark.parametrize(("text", "words"), [
    (json.dumps({"kind": "contactsim store", "format": 99}), "store of format 99.*reads and writes format 3"),
    ("{", "is damaged"), ("[]", "is damaged")])
def test_a_store_of_another_version_or_damaged_is_reported_and_not_touched(store: Path, text: str, words: str) -> None:
    (store / "store.json").write_text(text)
    before = {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}
    with pytest.raises(UserError, match=words):
        sweep(store, specs(range(9)), jobs=1)
    assert {path: path.read_bytes() for path in store.rglob("*") if path.is_file()} == before


def test_a_folder_that_is_no_store_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("dear")
    with pytest.raises(UserError, match="no store of contactsim"):
        sweep(tmp_path, specs(range(1)), jobs=1)
    with pytest.raises(UserError, match="no store of contactsim"):
        Store(tmp_path / "nowhere")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_name_stands_for_its_runs_and_more_but_not_for_others(store: Path) -> None:
    before = content(store)
    with pytest.raises(UserError, match=r"name=eight stands for another sweep.*8 runs.*choose another name"):
        sweep(store, specs(range(8), "weeks=5"), jobs=1, name="eight")
    assert content(store).equals(before)
    asked: list[int] = []
    sweep(store, specs(range(10)), jobs=1, name="eight", progress=lambda done, todo, failed: asked.append(todo))
    assert asked == [2, 2, 2] and len(content(store)) == 10
    with pytest.raises(UserError, match=r"name=a/b is not allowed"):
        sweep(store, specs(range(1)), name="a/b")


def test_an_interrupted_write_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"before")
    with pytest.raises(KeyboardInterrupt), new_file(tmp_path / "target") as partial:
        partial.write_bytes(b"half")
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == ["target"]
    assert (tmp_path / "target").read_bytes() == b"before"


def test_what_a_killed_writer_left_is_not_read_and_removed(store: Path) -> None:
    code = ("import os, signal, sys; from pathlib import Path; from contactsim.storage.atomic import new_file\n"
            f"with new_file(Path({str(store)!r}, 'runs', 'abc.parquet')) as partial:\n"
            "    partial.write_bytes(b'half')\n    os.kill(os.getpid(), signal.SIGKILL)")
    assert subprocess.run([sys.executable, "-c", code]).returncode == -9
    assert len(list((store / "runs").iterdir())) == 1
    assert len(content(store)) == 8
    Store(store).prepare()
    assert list((store / "runs").iterdir()) == []
