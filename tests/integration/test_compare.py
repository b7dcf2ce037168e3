"""``contactsim compare``: its folder, its output and its store."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from contactsim import cli
from contactsim.comparison.folder import FILES, load
from contactsim.errors import UserError
from contactsim.storage.store import Store

SMALL = ["place.residents=1500", "scenario=no_burn_in", "store=store"]
ONCE = ["action=youth_scheme", "actions.youth_scheme.intakes=1"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(["compare", *arguments])
    found = capsys.readouterr()
    return code, found.out, found.err


def test_the_command_writes_a_folder_and_prints_its_summary(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [*SMALL, *ONCE, "seeds=3", "follow_up=2", "--jobs", "2"]
    code, out, err = run(capsys, *words)
    assert code == 0 and err == "" and "participants" in out and "illustrative" in out and "Cost £" in out
    (folder,) = (here / "comparisons").iterdir()
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    tables = load(folder)
    assert len(set(tables["effects"]["week"])) == 3 and (tables["footprint"]["stray"] == 0).all()
    assert (tables["effects"].query("week == 0")["raw"].fillna(0) == 0).all()
    before = (folder / "provenance.json").read_bytes()
    code, repeated, _ = run(capsys, *words)
    assert code == 0 and repeated == out and (folder / "provenance.json").read_bytes() == before
    code, text, _ = run(capsys, *words, "--json")
    facts: dict[str, Any] = json.loads(text)
    assert facts["seeds"] == [1, 2, 3] and facts["cost"] and facts["effects"] and facts["participants"] > 0

    code, out, _ = run(capsys, *SMALL, *ONCE, "seeds=3", "follow_up=2", "output=elsewhere", "--jobs", "1")
    assert code == 0 and len(Store("store").read(["status"])) == 3  # nothing is simulated again
    pd.testing.assert_frame_equal(load("elsewhere")["by_seed"], tables["by_seed"], check_exact=True)


def test_a_grid_has_effects_of_each_cell_and_their_differences(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [*SMALL, *ONCE, "seeds=2", "follow_up=0", "place.dissimilarity=0.2,0.6", "output=grid"]
    code, out, _ = run(capsys, *words)
    assert code == 0 and "Difference-in-differences" in out and "place.dissimilarity" in out
    tables = load("grid")
    assert set(tables["effects"]["place.dissimilarity"]) == {0.2, 0.6}
    assert set(tables["differences"]["value"]) == {0.6} and set(tables["differences"]["seeds"]) <= {0, 1, 2}
    code, repeated, _ = run(capsys, *words)
    assert code == 0 and repeated == out
    code, text, _ = run(capsys, *words, "--json")
    assert json.loads(text)["axes"] == {"place.dissimilarity": [0.2, 0.6]} and json.loads(text)["differences"]


def test_a_dask_cluster_gives_the_same_bits_as_this_machine(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    distributed = pytest.importorskip("distributed", reason="NO DISTRIBUTED COMPARISON WAS TESTED: no distributed here")
    words = [*SMALL[:-1], *ONCE, "seeds=2", "follow_up=0", "place.dissimilarity=0.2,0.6"]
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        address = [f"engine.scheduler={cluster.scheduler_address}", "engine=dask"]
        code, _, error = run(capsys, *words, *address, "store=of cluster", "output=from cluster", "--quiet")
        assert code == 0, error
        assert cluster.scheduler.computations, "the cluster was not used"
    assert run(capsys, *words, "store=own", "output=from here", "--jobs", "1", "--quiet")[0] == 0
    own, others = load("from here"), load("from cluster")
    assert set(own) == set(others) == {"effects", "dose", "by_seed", "precision", "footprint", "seeds",
                                         "differences"}
    for name, table in own.items():
        pd.testing.assert_frame_equal(others[name], table, check_exact=True, obj=name)
    there, here_stored = (sorted(Store(name).read(["id", "numbers", "files"]).to_pylist(), key=lambda row: row["id"])
                          for name in ("of cluster", "own"))
    assert there == here_stored and len(there) == 4


def test_a_killed_comparison_goes_on_where_it_was(here: Path) -> None:
    """The process is killed once something is stored; the same command then simulates the rest only."""
    words = [*SMALL, *ONCE, "seeds=4", "follow_up=0", "--jobs", "1", "--quiet", "output=out"]
    command = [sys.executable, "-c", "import sys; from contactsim.cli import main; sys.exit(main())", "compare", *words]
    process = subprocess.Popen(command, env=dict(os.environ))
    stored = Path("store", "runs")
    while not list(stored.glob("[!.]*.parquet")):
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    first = {path.name: path.stat().st_mtime_ns for path in stored.glob("[!.]*.parquet")}
    assert first and not Path("out").exists()
    assert cli.main(["compare", *words]) == 0
    rows = Store("store").read(["status", "seed", "provenance"]).to_pylist()
    assert sorted(row["seed"] for row in rows) == [1, 2, 3, 4] and load("out")["by_seed"]["seed"].nunique() == 4
    processes = [json.loads(row["provenance"])["process"] for row in rows]
    assert len(set(processes)) > 1


def test_no_participants_are_a_result(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, *SMALL, *ONCE, "actions.youth_scheme.capacity=0", "seeds=2", "follow_up=0")
    assert code == 0 and "Nobody took part in any seed" in out and "no outcome differs" in out
    (folder,) = (here / "comparisons").iterdir()
    known = load(folder)["effects"].dropna(subset="effect")
    assert (known[["effect", "low", "high"]] == 0).all(axis=None)


def test_a_folder_of_something_else_is_left_alone(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "mine").mkdir()
    code, _, err = run(capsys, *SMALL, *ONCE, "seeds=2", "output=mine")
    assert code == 2 and "no comparison" in err and not Path("store").exists()
    code, _, err = run(capsys, *SMALL, *ONCE, "--jobs", "0")
    assert code == 2 and "--jobs 0" in err
    with pytest.raises(UserError, match="no folder of a finished comparison"):
        load(here / "mine")
