"""A run and its folder: what is in it, that it is whole, and that equal runs are equal."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from contactsim.cli import main
from contactsim.config.run_config import RunConfig, compose
from contactsim.errors import UserError
from contactsim.observers.weekly import UNITS
from contactsim.runs.folder import FILES, load_run
from contactsim.runs.run import execute
from contactsim.runs.show import closing_lines, summarise
from contactsim.storage import burn_in_cache
from tests.worlds import differing_columns, make_parameters, two_groups

SMALL = ["place=synthetic", "place.residents=1500", "scenario=no_burn_in", "weeks=4", "seed=3", "survey.size=60"]


def small(*more: str) -> RunConfig:
    keys = {override.split("=")[0] for override in more}
    return compose([*(override for override in SMALL if override.split("=")[0] not in keys), *more])


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small finished run."""
    folder, stood = execute(small(f"output={tmp_path_factory.mktemp('finished')}/run"))
    assert not stood
    return folder


def test_the_folder_holds_all_that_there_is_to_know(finished: Path) -> None:
    assert sorted(path.name for path in finished.iterdir()) == sorted(FILES)
    run = load_run(finished)
    assert run.weekly["week"].nunique() == 4 and set(run.weekly["measure"]) == set(UNITS)
    assert sorted(run.survey["week"].unique()) == [0, 4]
    assert run.survey["resident"].nunique() in (60, 61)
    config = yaml.safe_load((finished / "config.yaml").read_text())
    assert RunConfig.model_validate(config) == small(f"output={finished}")
    assert run.place["residents"] == 1500 and sum(g["residents"] for g in run.place["groups"].values()) == 1500
    record = run.provenance
    assert {"contactsim", "commit", "digest", "seed", "python", "platform", "packages", "kernels", "inputs", "burn_in",
            "seconds", "threads"} <= set(record)
    assert record["burn_in"] == {"weeks": 0, "flat": False, "drift_sd_per_half_year": None, "cached": False}
    assert record["packages"]["numpy"] == np.__version__
    assert (finished / "figure.png").read_bytes().startswith(b"\x89PNG")


def test_units_travel_with_the_tables(finished: Path) -> None:
    for name, column in (("weekly", "value"), ("survey", "attitude_true")):
        schema = pq.read_schema(finished / f"{name}.parquet")
        units = json.loads(schema.metadata[b"units"])
        assert units[column] and schema.field(column).metadata[b"unit"].decode() == units[column]
    assert json.loads(pq.read_schema(finished / "weekly.parquet").metadata[b"units"])["attitude"] == UNITS["attitude"]


def test_a_run_can_be_repeated_and_a_difference_is_noticed(
        finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rerun", str(finished), "--output", f"{tmp_path}/new"]) == 0
    assert "the same to the last bit" in (text := capsys.readouterr().out) and load_run(tmp_path / "new")
    assert "code" not in text
    other = shutil.copytree(finished, tmp_path / "other")
    config = yaml.safe_load((other / "config.yaml").read_text())
    (other / "config.yaml").write_text(yaml.safe_dump({**config, "seed": 4}))
    assert main(["rerun", str(other)]) == 1
    assert "NOT the same: weekly, survey" in capsys.readouterr().out
    config["place"]["residents"] = 1600
    (other / "config.yaml").write_text(yaml.safe_dump(config))
    assert main(["rerun", str(other)]) == 2
    assert "gives another place than it gave then" in capsys.readouterr().err


@pytest.mark.parametrize(("changed", "code"), [
    ({"model_sources": "old"}, "measure"), ({"model_sources": "old", "model": "old"}, "model")])
def test_a_rerun_says_whether_the_model_or_only_its_measure_has_changed(
        finished: Path, tmp_path: Path, changed: dict[str, str], code: str,
        capsys: pytest.CaptureFixture[str]) -> None:
    other = shutil.copytree(finished, tmp_path / "other")
    record = json.loads((other / "provenance.json").read_text())
    (other / "provenance.json").write_text(json.dumps({**record, **changed}))
    assert main(["rerun", str(other), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["same"] and found["code"] == code


def test_no_path_of_this_machine_in_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder, _ = execute(small("output=here"))
    for name in ("config.yaml", "place.json", "provenance.json"):
        text = (folder / name).read_text()
        assert str(tmp_path) not in text and str(Path.home()) not in text


def test_equal_seeds_give_equal_files_and_another_does_not(finished: Path, tmp_path: Path) -> None:
    again, _ = execute(small(f"output={tmp_path}/again", "threads=1"))
    other, _ = execute(small(f"output={tmp_path}/other", "seed=4"))
    for name in ("weekly.parquet", "survey.parquet"):
        assert (again / name).read_bytes() == (finished / name).read_bytes()
        assert not pd.read_parquet(other / name).equals(pd.read_parquet(finished / name))


def test_a_finished_run_is_not_done_again(finished: Path) -> None:
    before = (finished / "provenance.json").read_bytes()
    assert execute(small(f"output={finished}")) == (finished, True)
    assert (finished / "provenance.json").read_bytes() == before


def test_another_run_in_the_folder_is_replaced_only_with_force(finished: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(finished, tmp_path / "copy"))
    with pytest.raises(UserError, match=r"another configuration.*force=true"):
        execute(small(f"output={copy}", "weeks=5"))
    assert load_run(copy).provenance["weeks"] == 4
    execute(small(f"output={copy}", "weeks=5", "force=true"))
    assert load_run(copy).provenance["weeks"] == 5


def test_a_run_of_another_version_of_the_model_is_reported(finished: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(finished, tmp_path / "copy"))
    change(copy, model_sources="older")
    with pytest.raises(UserError, match="another version of the model"):
        execute(small(f"output={copy}"))


@pytest.mark.parametrize("force", ["false", "true"])
def test_a_folder_that_is_no_run_is_never_replaced(tmp_path: Path, force: str) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("dear")
    with pytest.raises(UserError, match="no run of contactsim"):
        execute(small(f"output={tmp_path}/mine", f"force={force}"))
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "dear"


def change(folder: Path, **values: Any) -> None:
    """Change a record of a run."""
    path = folder / "provenance.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_folders_that_cannot_be_read_back(finished: Path, tmp_path: Path) -> None:
    def damaged(name: str) -> Path:
        return Path(shutil.copytree(finished, tmp_path / name))

    with pytest.raises(UserError, match="no such folder"):
        load_run(tmp_path / "nowhere")
    with pytest.raises(UserError, match="no finished run: it lacks"):
        load_run(tmp_path)
    (damaged("lacking") / "survey.parquet").unlink()
    with pytest.raises(UserError, match=r"lacks survey\.parquet"):
        load_run(tmp_path / "lacking")
    (damaged("cut") / "weekly.parquet").write_bytes((finished / "weekly.parquet").read_bytes()[:500])
    with pytest.raises(UserError, match="is damaged"):
        load_run(tmp_path / "cut")
    (damaged("json") / "provenance.json").write_text("{")
    with pytest.raises(UserError, match=r"provenance\.json is damaged"):
        load_run(tmp_path / "json")
    change(damaged("future"), format=99, contactsim="9.0")
    with pytest.raises(UserError, match=r"format 99 by contactsim 9\.0; this version reads format 2"):
        load_run(tmp_path / "future")


KILLED = """
import os, signal, sys
from contactsim.cli import main
from contactsim.config.run_config import compose
from contactsim.runs.run import execute
def die(stage, done, total):
    if stage == "weeks" and done == 3:
        os.kill(os.getpid(), signal.SIGKILL)
execute(compose(sys.argv[1:]), die)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_a_killed_run_leaves_nothing_that_looks_finished(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, *SMALL, f"output={tmp_path}/run"], check=False)
    assert done.returncode == -signal.SIGKILL
    left = list(tmp_path.iterdir())
    assert not (tmp_path / "run").exists() and len(left) == 1
    with pytest.raises(UserError, match="unfinished"):
        load_run(left[0])
    execute(small(f"output={tmp_path}/run"))
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_an_interrupted_run_leaves_nothing(tmp_path: Path) -> None:
    def interrupt(stage: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        execute(small(f"output={tmp_path}/run"), interrupt)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of kept burn-ins."""
    monkeypatch.setattr(burn_in_cache, "folder", lambda: tmp_path / "burn_ins")
    return tmp_path / "burn_ins"


SHORT = {"burn_in_min": 30, "burn_in_max": 30}


def test_a_kept_burn_in_lives_on_bit_for_bit(kept: Path) -> None:
    scenario = {**SHORT, "moves": 0.3, "departures": 0.2, "arrivals": 0.1}
    place, parameters = two_groups(), make_parameters(scenario=scenario)
    fresh, burn_in, was_kept = burn_in_cache.cached_world(place, parameters, 5, 1)
    again, same, now_kept = burn_in_cache.cached_world(place, parameters, 5, 2)
    assert (was_kept, now_kept) == (False, True) and same == burn_in and len(list(kept.iterdir())) == 1
    for _ in range(60):  # past the yearly change of seats
        fresh.step()
        again.step()
    assert differing_columns(fresh, again) == []
    pd.testing.assert_frame_equal(fresh.weekly(), again.weekly(), check_exact=True)


def test_only_the_same_burn_in_is_taken(kept: Path) -> None:
    place, parameters = two_groups(), make_parameters(scenario=SHORT)
    burn_in_cache.cached_world(place, parameters, 5, 1)
    for other, seed in ((make_parameters(scenario=SHORT, psychology={"drift": 0.03}), 5), (parameters, 6)):
        assert not burn_in_cache.cached_world(place, other, seed, 1)[2]
    assert not burn_in_cache.cached_world(two_groups(people=92), parameters, 5, 1)[2]
    later = make_parameters(scenario={**SHORT, "moves": 0.1})  # begins with week 0: the same burn-in
    assert burn_in_cache.cached_world(place, later, 5, 1)[2]


def test_a_damaged_burn_in_is_simulated_again(kept: Path) -> None:
    place, parameters = two_groups(), make_parameters(scenario=SHORT)
    fresh, _, _ = burn_in_cache.cached_world(place, parameters, 5, 1)
    (file,) = kept.iterdir()
    whole = file.read_bytes()
    for bad in (b"", b"not a burn-in", whole[:-3000], whole[:2000] + bytes([whole[2000] ^ 1]) + whole[2001:]):
        file.write_bytes(bad)
        again, _, was_kept = burn_in_cache.cached_world(place, parameters, 5, 1)
        assert not was_kept and differing_columns(fresh, again) == []


def test_the_oldest_burn_ins_go_first(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, parameters = two_groups(), make_parameters(scenario=SHORT)
    burn_in_cache.cached_world(place, parameters, 1, 1)
    (first,) = kept.iterdir()
    os.utime(first, (1, 1))
    monkeypatch.setattr(burn_in_cache, "LIMIT", int(1.5 * first.stat().st_size))
    burn_in_cache.cached_world(place, parameters, 2, 1)
    assert not first.exists() and len(list(kept.iterdir())) == 1


def test_keep_burn_in_can_be_switched_off(kept: Path, tmp_path: Path) -> None:
    with_burn_in = ["scenario=default", "scenario.burn_in_min=27", "scenario.burn_in_max=27", "weeks=2"]
    one, _ = execute(small(*with_burn_in, f"output={tmp_path}/a", "cache_burn_in=false"))
    assert not kept.exists()
    two, _ = execute(small(*with_burn_in, f"output={tmp_path}/b"))
    three, _ = execute(small(*with_burn_in, f"output={tmp_path}/c"))
    assert [load_run(run).provenance["burn_in"]["cached"] for run in (one, two, three)] == [False, False, True]
    assert len({(run / "survey.parquet").read_bytes() for run in (one, two, three)}) == 1
    assert len({(run / "weekly.parquet").read_bytes() for run in (one, two, three)}) == 1


def test_the_summary_is_of_the_weekly_record(finished: Path) -> None:
    run = load_run(finished)
    figures = summarise(run)
    own = run.weekly[(run.weekly["group"] == "minority") & (run.weekly["target"] == "all others")]
    positive = own[own["measure"] == "positive"]["value"]
    attitude = own[own["measure"] == "attitude"].set_index("week")["value"]
    assert figures["groups"]["minority"]["positive"]["start"] == pytest.approx(positive.mean())
    assert figures["groups"]["minority"]["attitude"] == {"start": attitude[0], "end": attitude[3]}
    assert 3 <= len(closing_lines(run)) <= 6 and str(finished) in closing_lines(run)[-1]
    json.dumps(figures)
