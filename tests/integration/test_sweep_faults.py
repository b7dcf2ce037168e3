"""Kills, full disks and two writers: nothing stored is harmed, and the same command continues to the same bits."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pytest

from contactsim.errors import UserError
from contactsim.sweeps import sweep
from tests.sweeping import bytecode_kept, content, run_here, specs, start, until  # noqa: F401

RUNS = 48
SWEEP = ["place.residents=600", "scenario=no_burn_in", "weeks=12", f"seed=range(0,{RUNS})"]


def stored(store: Path) -> int:
    """Files of single runs in a store."""
    return len(list((store / "runs").glob("*.parquet")))


def finish(store: Path, *more: str) -> None:
    """Give the sweep's command and let it end well."""
    done = start("sweep", f"store={store}", *SWEEP, *more)
    _, errors = done.communicate(timeout=300)
    assert done.returncode == 0, errors


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    """What one process stores that nobody disturbs."""
    store = tmp_path_factory.mktemp("undisturbed") / "store"
    run_here(store, specs(range(RUNS), "weeks=12")).need()
    assert len(content(store)) == RUNS
    return content(store)


def test_killed_ten_times_and_continued_is_as_undisturbed(undisturbed: pa.Table, tmp_path: Path) -> None:
    store, chance = tmp_path / "store", random.Random(5)
    seen: list[int] = []
    for _ in range(10):
        before = stored(store)
        running = start("sweep", f"store={store}", *SWEEP, "--jobs", str(chance.choice((1, 1, 2))))
        more = chance.randrange(1, 3)
        until(lambda: stored(store) >= before + more or running.poll() is not None)  # noqa: B023
        kill = os.killpg if chance.random() < 0.5 else os.kill  # with its workers, or alone
        kill(running.pid, signal.SIGKILL)
        running.communicate()
        seen.append(stored(store))
        held = content(store)
        assert held.equals(undisturbed.filter(pa.compute.is_in(undisturbed["id"], held["id"])))
    assert 10 <= seen[-1] < RUNS, seen  # it was always killed in the middle
    finish(store)
    assert content(store).equals(undisturbed)


def test_two_writers_at_once_do_no_harm(undisturbed: pa.Table, tmp_path: Path) -> None:
    both = [start("sweep", f"store={tmp_path}/store", *SWEEP, "--jobs", "1") for _ in range(2)]
    for one in both:
        _, errors = one.communicate(timeout=300)
        assert one.returncode == 0, errors
    assert content(tmp_path / "store").equals(undisturbed)


def test_a_killed_worker_costs_nothing(undisturbed: pa.Table, tmp_path: Path) -> None:
    store = tmp_path / "store"
    running = start("sweep", f"store={store}", *SWEEP, "--jobs", "2")
    until(lambda: stored(store) >= 3)
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children")
    if not children.exists():
        pytest.skip("NO WORKER WAS KILLED: this system does not list a process's children")
    workers = {pid for path in Path(f"/proc/{running.pid}/task").glob("*/children") for pid in path.read_text().split()}
    os.kill(int(min(workers)), signal.SIGKILL)
    _, errors = running.communicate(timeout=300)
    assert running.returncode == 0, errors
    assert content(store).equals(undisturbed)


@contextmanager
def small_disk(size: str) -> Iterator[Path]:
    """A file system of that size; the test is skipped where none can be mounted."""
    folder = Path(tempfile.mkdtemp())
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True,
                          text=True)
    if done.returncode:
        folder.rmdir()
        pytest.skip(f"NO FULL DISK WAS TESTED: no tmpfs can be mounted here ({done.stderr.strip()})")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        folder.rmdir()


def test_a_full_disk_is_reported_and_the_sweep_goes_on_when_there_is_space(undisturbed: pa.Table) -> None:
    with small_disk("256k") as disk:
        full = start("sweep", f"store={disk}/store", *SWEEP, "--jobs", "1")
        _, errors = full.communicate(timeout=300)
        assert full.returncode == 2 and "No space left" in errors and "same command" in errors, errors
        assert "Traceback" not in errors and errors.count("\n") == 1
        held = content(disk / "store")
        assert 0 < len(held) < RUNS
        assert held.equals(undisturbed.filter(pa.compute.is_in(undisturbed["id"], held["id"])))
        subprocess.run(["mount", "-o", "remount,size=20m", str(disk)], check=True)
        finish(disk / "store", "--jobs", "1")
        assert content(disk / "store").equals(undisturbed)


def unprivileged() -> list[str]:
    """Words before a command that take from root the privilege to write anywhere; none for other users."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("NO READ-ONLY STORE WAS TESTED: root writes anywhere, and setpriv is not here to hinder it")
    return ["setpriv", "--inh-caps=-all", "--bounding-set=-dac_override,-dac_read_search,-fowner"]


def test_a_read_only_store_is_reported_and_not_touched(tmp_path: Path) -> None:
    store = tmp_path / "store"
    run_here(store, specs([1, 2], "weeks=12")).need()
    for path in [store, *store.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before, files = content(store), sorted(store.rglob("*"))
    try:
        refused = start("sweep", f"store={store}", *SWEEP, "--jobs", "1", before=unprivileged())
        _, errors = refused.communicate(timeout=300)
        assert refused.returncode == 2, errors
        assert re.search(r"cannot be written: .*what is stored already is complete", errors), errors
        assert "Traceback" not in errors and errors.count("\n") == 1
        assert content(store).equals(before) and sorted(store.rglob("*")) == files
    finally:
        for path in [store, *store.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[Path, list[subprocess.Popen[bytes]]]]:
    """A Dask scheduler and two workers, each a process of its own; its file and the workers."""
    pytest.importorskip("distributed", reason="NO DISTRIBUTED ENGINE WAS TESTED: distributed is not installed")
    file, log = tmp_path / "scheduler.json", (tmp_path / "log").open("wb")

    def dask(what: str, *more: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", f"distributed.cli.dask_{what}", "--no-dashboard", "--host",
                                 "127.0.0.1", "--scheduler-file", str(file), *more], stdout=log, stderr=log)

    scheduler = dask("scheduler", "--port", "0")
    workers = [dask("worker", "--nthreads", "1", "--no-nanny", "--local-directory", str(tmp_path / f"worker{k}"))
               for k in range(2)]
    try:
        until(file.exists)
        yield file, workers
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()
        log.close()


def test_a_distributed_sweep_with_a_killed_worker_is_as_undisturbed(
        undisturbed: pa.Table, tmp_path: Path, cluster: tuple[Path, list[subprocess.Popen[bytes]]]) -> None:
    file, workers = cluster
    store = tmp_path / "store"
    running = start("sweep", f"store={store}", *SWEEP, "engine=dask", f"engine.scheduler={file}")
    until(lambda: stored(store) >= 4)
    workers[0].kill()
    _, errors = running.communicate(timeout=300)
    assert running.returncode == 0, errors
    assert content(store).equals(undisturbed)


def test_a_scheduler_that_does_not_answer_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="NO DISTRIBUTED ENGINE WAS TESTED: distributed is not installed")
    monkeypatch.setattr("contactsim.runs.dask.TIMEOUT", 0.5)
    with pytest.raises(UserError, match=r"engine\.scheduler=.*does not answer"):
        sweep(tmp_path / "store", specs([1]), scheduler="tcp://127.0.0.1:9")
