"""Runs of a sweep: identity, failures as records, the same bits for any number of jobs, measures of one's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import contactsim
from contactsim.cli import main
from contactsim.config.run_config import compose
from contactsim.errors import UserError
from contactsim.runs.measure import WEEKLY, find_observer, results_of
from contactsim.runs.run import execute
from contactsim.runs.worker import Worker
from contactsim.storage.places import Places, read_place, write_place
from contactsim.sweeps import Results, RunSpec, Store, load, sweep
from contactsim.sweeps import task as task_module
from contactsim.sweeps.plan import make_plan
from contactsim.sweeps.task import identify
from tests import sweeping
from tests.sweeping import TINY, bytecode_kept, content, run_here, specs  # noqa: F401
from tests.worlds import make_parameters, two_groups


def identity(*more: str) -> str:
    keys = {line.split("=")[0] for line in more}
    config = compose([*(line for line in TINY if line.split("=")[0] not in keys), *more])
    return identify([RunSpec(config)], WEEKLY, Places(Path.cwd(), Path("none")))[0].id


def test_identity_hangs_on_science_and_on_nothing_else() -> None:
    base = identity()
    assert base == identity("threads=2", "output=elsewhere", "cache_burn_in=false", "force=true", "store=there")
    for change in ("seed=2", "weeks=5", "psychology.negative_weight=2.5", "place.dissimilarity=0.2",
                   "residents=no_negative_exposure", "action=community_centre"):
        assert identity(change) != base, change


def test_identity_hangs_on_the_contents_of_inputs_and_not_on_their_path(tmp_path: Path) -> None:
    def table(name: str, first: int) -> str:
        path = tmp_path / name
        path.write_text(f"area,group,count\nnorth,A,{first}\nnorth,B,40\nsouth,A,60\nsouth,B,290\n")
        return f"place.file={path}"

    one, elsewhere, other = (identity_of_table(table(*what)) for what in
                             (("a.csv", 310), ("b.csv", 310), ("c.csv", 311)))
    assert one == elsewhere != other


def test_a_run_is_repeated_exactly_without_its_input_file(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "there")
    Path("town.csv").write_text("area,group,count\nnorth,A,310\nnorth,B,40\nsouth,A,60\nsouth,B,290\n")
    assert main(["run", "place=census", "place.file=town.csv", "scenario=no_burn_in", "weeks=4", "store=../store"]) == 0
    Path("town.csv").write_text("area,group,count\nnorth,A,9\nnorth,B,400\nsouth,A,60\nsouth,B,290\n")
    monkeypatch.chdir(tmp_path)
    run = capsys.readouterr().out.partition(":")[0]
    assert main(["rerun", run, "--store", "store"]) == 0
    assert "the same to the last bit" in capsys.readouterr().out


def identity_of_table(file: str) -> str:
    config = compose(["place=census", file, "scenario=no_burn_in", "weeks=4"])
    return identify([RunSpec(config)], WEEKLY, Places(Path.cwd(), Path("none")))[0].id


def test_identity_hangs_on_the_model_and_the_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    run = specs([1])
    places = Places(Path.cwd(), Path("none"))
    weekly, own = (identify(run, measure, places)[0].id for measure in (WEEKLY, "tests.sweeping:Arrays"))
    monkeypatch.setattr(task_module, "code_digest", lambda *_: "another")
    assert len({weekly, own, identify(run, WEEKLY, places)[0].id}) == 3


def test_a_sweeps_weeks_are_those_of_a_run(tmp_path: Path) -> None:
    result = run_here(tmp_path / "store", specs([3])).need()[0]
    folder, _ = execute(compose([*TINY, "seed=3", f"output={tmp_path}/run"]))
    alone = pd.read_parquet(folder / "weekly.parquet")
    for name in alone:
        assert (result.weekly[name].astype(alone[name].dtype) == alone[name]).all(), name


def test_any_number_of_jobs_gives_the_same_bits(tmp_path: Path) -> None:
    run_here(tmp_path / "here", specs(range(7))).need()
    sweep(tmp_path / "two", specs(range(7)), jobs=2).need()
    assert content(tmp_path / "here").equals(content(tmp_path / "two"))
    assert len(content(tmp_path / "two")["digest"].unique()) == 7


def test_failures_are_records_with_their_message_and_are_retried_on_request(tmp_path: Path) -> None:
    asked: list[int] = []
    kwargs: dict[str, Any] = {"measure": sweeping.OddSeedsFail, "jobs": 1,
                              "progress": lambda done, todo, failed: asked.append(todo)}
    results = sweep(tmp_path / "store", specs(range(6)), **kwargs)
    assert [r.status for r in results] == ["ok", "failed"] * 3
    assert results[1].message == "OddError: seed 1 is odd" and results[2].numbers == {"seed": 2.0}
    with pytest.raises(UserError, match=r"3 of 6 runs failed.*seed 1 is odd"):
        results.need()
    assert asked == [6] * 7
    sweep(tmp_path / "store", specs(range(6)), **kwargs)
    assert asked == [6] * 7
    sweep(tmp_path / "store", specs(range(6)), retry_failed=True, **kwargs)
    assert asked == [6] * 7 + [3] * 4


def test_fail_fast_stops_and_the_next_sweep_does_the_rest(tmp_path: Path) -> None:
    results = sweep(tmp_path / "store", specs(range(1, 9)), sweeping.OddSeedsFail, jobs=1, fail_fast=True)
    statuses = [r.status for r in results]
    assert statuses[0] == "failed" and statuses.count("missing") >= 5
    rest = run_here(tmp_path / "store", specs(range(1, 9)), sweeping.OddSeedsFail)
    assert [r.status for r in rest] == ["failed", "ok"] * 4


def test_a_run_that_takes_too_long_is_a_record(tmp_path: Path) -> None:
    result = run_here(tmp_path / "store", specs([1], "weeks=5200"), timeout=0.05)[0]
    assert result.status == "timeout" and result.message == "took longer than timeout=0.05 seconds"


def test_a_run_that_kills_its_process_is_given_up_and_the_others_are_done(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("queue", "local"):
        monkeypatch.setattr(f"contactsim.runs.{module}.DEATHS", 2)  # a process less to wait for
    results = sweep(tmp_path / "store", specs([2, 3, 4]), sweeping.Killed, jobs=1)
    assert [r.status for r in results] == ["ok", "failed", "ok"]
    assert results[1].message == "its process died 2 times, the last time by signal 9"


def test_places_and_measures_made_in_python(tmp_path: Path) -> None:
    place, parameters = two_groups(), make_parameters(scenario={"burn_in": False})
    runs = [RunSpec.of(parameters, place, seed, 3, kind="made") for seed in (1, 2)]
    one = sweep(tmp_path / "store", runs, sweeping.Arrays, jobs=1).need()
    again = Results(Store(tmp_path / "store"), one.ids)
    assert again[0].arrays["ages"].size >= place.residents
    assert again[0].numbers != again[1].numbers
    assert np.array_equal(one[1].arrays["ages"], again[1].arrays["ages"])
    with pytest.raises(UserError, match=r"measure=no\.such:thing cannot be found"):
        sweep(tmp_path / "store", runs, "no.such:thing")


def test_an_observer_may_give_a_weekly_table(tmp_path: Path) -> None:
    run_here(tmp_path / "store", specs([1, 2]), sweeping.Weeks).need()
    frame = load(tmp_path / "store")
    assert len(frame) == 2 * 4 and set(frame["measure"]) == {"people"} and sorted(set(frame["week"])) == [0, 1, 2, 3]


def test_the_command_takes_an_observer_of_the_working_folder(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """In worker processes, which import it, too; an edit of what it imports makes other runs of the same command."""
    (tmp_path / "my_part.py").write_text("def part(people):\n    return people.active.sum()\n")
    (tmp_path / "my_observers.py").write_text(
        "from my_part import part\n\n\nclass Count:\n    def begin(self, world):\n        self.n = 0\n\n"
        "    moment = 'week_end'\n\n    def look(self, world):\n        self.n += part(world.people)\n\n"
        "    def result(self):\n        return {'person_weeks': self.n}\n")
    monkeypatch.chdir(tmp_path)
    command = ["sweep", "store=store", *TINY, "seed=1,2", "measure=my_observers:Count", "--jobs", "1"]
    assert main(command) == 0
    assert "to do: 2" in capsys.readouterr().out
    table = Store("store").read(["numbers", "measure", "message"]).to_pylist()
    assert [row["measure"] for row in table] == ["my_observers:Count"] * 2
    assert all(dict(row["numbers"])["person_weeks"] > 4 * 500 for row in table)
    assert main([*command, "--dry-run"]) == 0
    assert "to do: 0" in capsys.readouterr().out
    (tmp_path / "my_part.py").write_text("def part(people):\n    return 2 * people.active.sum()\n")
    assert main([*command, "--dry-run"]) == 0
    assert "to do: 2" in capsys.readouterr().out


def test_what_is_no_observer_or_gives_no_result_is_reported() -> None:
    for name, words in (("no.such:Thing", "cannot be found"), ("tests.sweeping:TINY", "is no observer"),
                        ("tests.sweeping:nothing", "cannot be found")):
        with pytest.raises(UserError, match=words):
            find_observer(name)
    with pytest.raises(TypeError, match="it must be a mapping"):
        results_of(3.0, "a:B")
    with pytest.raises(TypeError, match="lacks measure, group"):
        results_of(pd.DataFrame({"week": [1], "target": [""], "value": [1.0]}), "a:B")
    with pytest.raises(TypeError, match="2 dimensions"):
        results_of({"x": np.zeros((2, 2))}, "a:B")


def test_a_damaged_place_is_written_anew(tmp_path: Path) -> None:
    place = two_groups()
    write_place(place, tmp_path)
    kept, = tmp_path.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(whole[:100])
    write_place(place, tmp_path)
    assert kept.read_bytes() == whole and np.array_equal(read_place(kept).counts, place.counts)


def test_runs_with_actions_differ_from_those_without(tmp_path: Path) -> None:
    runs = [*specs([1], "weeks=8", what="none"), *specs([1], "weeks=8", "action=community_centre", what="centre")]
    results = run_here(tmp_path / "store", runs).need()
    assert not results[0].weekly["value"].equals(results[1].weekly["value"])


def test_a_place_that_changed_after_planning_is_no_result(tmp_path: Path) -> None:
    plan = make_plan(Store(tmp_path / "store", missing=True), specs([1]))
    plan.store.prepare()
    task = plan.runs[0].task(WEEKLY, (), Path.cwd(), None, False).message()
    task["facts"] = {**task["facts"], "place_digest": "another"}
    assert "not the place that was planned" in Worker(plan.store.path).execute(task)["message"]


def test_surveys_and_figures_are_kept_on_request(tmp_path: Path) -> None:
    import io

    for keep in ((), ("survey", "figure")):  # requested later: the run is simulated again, with the same weeks
        run_here(tmp_path / "store", specs([1]), keep=keep).need()
    table = Store(tmp_path / "store").read(["keep", "files"])
    files = dict(table["files"][0].as_py())
    assert table["keep"].to_pylist() == [["survey", "figure"]] and files["figure.png"].startswith(b"\x89PNG")
    assert set(pd.read_parquet(io.BytesIO(files["survey.parquet"]))["week"]) == {0, 4}


def test_loading_gives_parameters_as_columns(tmp_path: Path) -> None:
    runs = [run for weight in (1, 3) for run in
            specs(range(3), f"psychology.negative_weight={weight}", **{"psychology.negative_weight": weight})]
    run_here(tmp_path / "store", runs).need()
    frame = contactsim.load(tmp_path / "store").weekly()
    assert {"run", "place", "seed", "replication", "psychology.negative_weight", "week", "measure", "group", "target",
            "value"} <= set(frame)
    assert frame.groupby("psychology.negative_weight")["run"].nunique().to_dict() == {1: 3, 3: 3}
    assert sorted(frame["week"].unique()) == [0, 1, 2, 3] and frame.attrs["swept"] == ["psychology.negative_weight"]
    few = contactsim.load(tmp_path / "store").weekly(measures=["attitude"], weeks=[3], target="all others")
    assert set(few["measure"]) == {"attitude"} and len(few) == 6 * 2
    provenance = json.loads(Store(tmp_path / "store").catalogue()["provenance"][0].as_py())
    assert {"host", "process", "seconds", "started", "packages", "python", "inputs"} <= set(provenance)
