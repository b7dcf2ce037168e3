"""The executor: nothing carried out twice, nothing lost, failures as records, and no harm to other stored results."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from contactsim.errors import UserError
from contactsim.runs import executor
from contactsim.runs.executor import carry_out, complete, stored
from contactsim.runs.queue import Queue
from contactsim.storage.results import LEDGER, TaskOutput
from contactsim.storage.store import Store
from contactsim.sweeps import sweep
from tests.sweeping import Arrays, bytecode_kept, content, run_here, specs, until  # noqa: F401
from tests.tasks import EACH, GROUPS, AtOnce, Failing, Killed, start, tasks

ALL = EACH * GROUPS


def done(path: Path, of: Any, jobs: int = 0, **more: Any) -> Store:
    """The store, with all of these tasks carried out."""
    store = Store(path, missing=True)
    complete(store, of, jobs, **more)
    return store


def singles(store: Path) -> list[Path]:
    return sorted((store / "runs").glob("*.parquet"))


def provenance(store: Path) -> dict[str, str]:
    """When and by which process each task was carried out, by seed; of complete files only."""
    table, _ = Store(store).read_undamaged(["id", "provenance"])
    return dict(zip(table["id"].to_pylist(), table["provenance"].to_pylist(), strict=True))


def test_what_is_there_is_not_carried_out_and_nothing_is_written(tmp_path: Path) -> None:
    reports: list[tuple[int, ...]] = []
    done(tmp_path, tasks(), progress=lambda *of: reports.append(of))
    assert reports[0] == (0, ALL, 0) and reports[-1] == (ALL, ALL, 0)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    done(tmp_path, tasks(Failing))  # it would fail
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    done(tmp_path, tasks(each=EACH + 1))
    assert len(content(tmp_path)) == ALL + GROUPS


@pytest.mark.parametrize(("jobs", "kill"), [(0, os.killpg), (2, os.kill)])
def test_killed_and_continued_nothing_is_carried_out_twice(tmp_path: Path, jobs: int,
                                                           kill: Callable[[int, int], None]) -> None:
    """Killed with its processes, or alone: they end by themselves."""
    store = tmp_path / "store"
    running = start(store, jobs)
    until(lambda: len(singles(store)) >= 3)
    kill(running.pid, signal.SIGKILL)
    running.communicate()
    before = provenance(store)
    assert 3 <= len(before) < ALL
    running = start(store, jobs)
    _, errors = running.communicate(timeout=300)
    assert running.returncode == 0, errors
    now = provenance(store)
    assert before.items() <= now.items() and len(now) == ALL
    assert list((store / "runs").iterdir()) == []  # packed, and what was unfinished removed


def test_two_at_once_do_no_harm(tmp_path: Path) -> None:
    both = [start(tmp_path / "store", 0) for _ in range(2)]
    for one in both:
        _, errors = one.communicate(timeout=300)
        assert one.returncode == 0, errors
    done(tmp_path / "undisturbed", tasks())
    assert content(tmp_path / "store").equals(content(tmp_path / "undisturbed"))


class WithAnother(AtOnce):
    """Lets another command do something after each task."""

    do: Callable[[int], Any] = staticmethod(lambda seed: None)

    def run(self, payload: Mapping[str, Any], facts: dict[str, Any]) -> TaskOutput:
        found = super().run(payload, facts)
        type(self).do(payload["seed"])
        return found


def with_another(do: Callable[[int], Any]) -> list[Any]:
    WithAnother.do = staticmethod(do)
    here = f"{__name__}:{WithAnother.__name__}"
    return [type(task)(**{**vars(task), "runner": here}) for task in tasks()]


def test_what_another_stored_meanwhile_is_not_carried_out(tmp_path: Path) -> None:
    seen: list[int] = []

    def another(seed: int) -> None:
        seen.append(seed)
        if seed == 1:
            done(tmp_path, tasks())

    assert len(content(done(tmp_path, with_another(another)).path)) == ALL
    assert seen == [0, 1]


def test_what_another_removed_meanwhile_is_carried_out_again(tmp_path: Path) -> None:
    times = [1]

    def another(seed: int) -> None:
        if seed == 305 and times:
            times.pop()
            Store(tmp_path).forget(LEDGER)

    store = done(tmp_path, with_another(another))
    assert len(content(tmp_path)) == ALL
    store.forget(LEDGER)
    with pytest.raises(UserError, match=r"results disappear .*--no-cache"):
        done(tmp_path, with_another(lambda seed: store.forget(LEDGER)))


@pytest.mark.parametrize("where", ["runs", "compacted"])
def test_a_damaged_file_is_quarantined_and_its_tasks_are_carried_out_again(
        tmp_path: Path, capsys: pytest.CaptureFixture[str], where: str) -> None:
    store = tmp_path / "store"
    done(tmp_path / "undisturbed", tasks())
    done(store, tasks())
    if where == "runs":
        table = Store(store).read(executor.row({}).schema.names)
        next((store / "compacted").iterdir()).unlink()
        for k in range(len(table)):
            Store(store).write(table.slice(k, 1))
    broken = sorted((store / where).glob("*.parquet"))[0]
    broken.write_bytes(broken.read_bytes()[:-50])
    with pytest.raises(UserError, match=rf"{where}/{broken.name} is damaged.*quarantines the file"):
        Store(store).read(["id"])
    before = provenance(store)
    assert len(before) == (ALL - 1 if where == "runs" else 0)
    found = stored(Store(store), {task.id for task in tasks()})
    assert found.damaged == [f"{where}/{broken.name}"] and len(found.done) == len(before)
    reports: list[tuple[int, ...]] = []
    done(store, tasks(), progress=lambda *of: reports.append(of))
    assert reports[0] == (0, ALL - len(before), 0) and before.items() <= provenance(store).items()
    assert content(store).equals(content(tmp_path / "undisturbed"))
    assert [path.name for path in (store / "quarantined").iterdir()] == [broken.name]
    assert f"{where}/{broken.name} is damaged: it was moved to" in capsys.readouterr().err


def test_small_files_are_compacted_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "COMPACT_EVERY", EACH)
    files: list[int] = []
    done(tmp_path, tasks(), progress=lambda *_: files.append(len(singles(tmp_path))))
    assert max(files) == EACH and singles(tmp_path) == []


def test_tasks_of_a_group_stay_with_one_process_whose_runner_remembers(tmp_path: Path) -> None:
    done(tmp_path, tasks(), jobs=2)
    processes: dict[int, set[int]] = {}
    for name, text in provenance(tmp_path).items():
        seed, record = int(name, 16), json.loads(text)
        processes.setdefault(seed // 100, set()).add(record["process"])
        assert [before for before in record["before"] if before // 100 == seed // 100] == [
            100 * (seed // 100) + k for k in range(seed % 100)]
    assert all(len(one) == 1 for one in processes.values())


def test_a_task_whose_process_dies_is_a_failure_and_stored_results_stay(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("queue", "local"):
        monkeypatch.setattr(f"contactsim.runs.{module}.DEATHS", 2)  # a process less to wait for
    with pytest.raises(UserError, match=r"seed 102.* failed: its process died 2 times.*continues from there"):
        done(tmp_path, tasks(Killed, each=3, groups=2), jobs=2)
    assert 2 <= len(stored(Store(tmp_path), {task.id for task in tasks()}).done) < ALL
    done(tmp_path, tasks())
    assert content(tmp_path)["status"].to_pylist() == ["ok"] * ALL


def test_a_failure_stops_all_processes_at_once_and_is_done_again_next_time(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"failed: ValueError: seed 3 is odd"):
        done(tmp_path, tasks(Failing), jobs=2)
    found = stored(Store(tmp_path), {task.id for task in tasks()})
    assert len(found.done) == 3 and len(found.failed) == 1
    done(tmp_path, tasks())
    assert content(tmp_path)["status"].to_pylist() == ["ok"] * ALL


def test_where_failures_are_results_the_rest_goes_on(tmp_path: Path) -> None:
    answers = list(carry_out(Store(tmp_path, missing=True), tasks(Failing, groups=1), 0))
    assert [answer["status"] for answer in answers] == ["ok"] * 3 + ["failed"] + ["ok"] * 2
    assert answers[3]["message"] == "ValueError: seed 3 is odd"


def test_other_code_than_was_planned_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="another version of the code"):
        done(tmp_path, tasks(code="another"))
    assert len(content(tmp_path)) == 0


def test_an_interruption_says_what_is_stored(tmp_path: Path) -> None:
    def interrupt(ended: int, *_: int) -> None:
        if ended == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match=rf"5 of {ALL} are stored in .*continues from there"):
        done(tmp_path, tasks(), progress=interrupt)
    assert len(content(tmp_path)) == 5


def test_with_a_cold_cache_of_kernels_the_first_task_runs_alone(tmp_path: Path,
                                                                monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "cache_is_cold", lambda: True)
    done(tmp_path / "store", tasks(), jobs=2)
    assert len(content(tmp_path / "store")) == ALL
    queue = Queue(tasks(each=2, groups=1, group=None), first_alone=True)
    (first,) = queue.take_now(0)
    assert queue.take_now(1) == []
    queue.done(first)
    assert len(queue.take_now(1)) == 1
    queue = Queue(tasks(each=2, groups=1, group=None), first_alone=True)
    assert queue.take(0) == first and not queue.died(first)  # its process died: the others need not wait again
    assert queue.take(0) == first and len(queue.take_now(1)) == 1


def test_dask_carries_out_groups_and_says_what_is_wrong(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="NO DISTRIBUTED EXECUTOR WAS TESTED: no distributed here")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=False,
                                  dashboard_address=None) as cluster:
        done(tmp_path / "dask", tasks(), scheduler=cluster.scheduler_address)
        done(tmp_path / "here", tasks())
        assert content(tmp_path / "dask").equals(content(tmp_path / "here"))
        with pytest.raises(UserError, match=r"failed: ValueError: seed 3 is odd"):
            done(tmp_path / "failing", tasks(Failing, groups=1), scheduler=cluster.scheduler_address)
        with pytest.raises(UserError, match="another version of the code"):
            done(tmp_path / "other", tasks(code="another"), scheduler=cluster.scheduler_address)
        sweep(tmp_path / "observed", specs([1, 2]), Arrays, scheduler=cluster.scheduler_address).need()
        run_here(tmp_path / "observed here", specs([1, 2]), Arrays).need()
        assert content(tmp_path / "observed").equals(content(tmp_path / "observed here"))


def test_of_a_group_whose_workers_died_one_task_is_given_up_and_the_rest_goes_on(tmp_path: Path) -> None:
    from contactsim.runs.dask import _killed

    batch = tasks(groups=1)
    store = done(tmp_path, batch[:2])
    queue = Queue(batch)
    assert queue.take_now(0) == batch
    answers = list(_killed(batch, queue, store))
    assert [answer["id"] for answer in answers] == [task.id for task in batch[:3]]
    assert "died" in answers[2] and queue.take_now(1) == batch[3:]


def test_a_queue_lets_tasks_wait_for_what_they_share() -> None:
    first, second = tasks(each=2, groups=1, group=None, shared="burn-in")
    queue = Queue([first, second])
    assert queue.take(0) == first and queue.take_now(1) == []
    queue.done(first)
    assert queue.take_now(1) == [second]
    two_groups = tasks(each=3, groups=2)
    queue = Queue(two_groups)
    batch = queue.take_now(0)
    assert batch == two_groups[:3] and queue.take_now(1) == two_groups[3:]
    queue.put_back(batch[1:])
    assert queue.take_now(2) == batch[1:]
