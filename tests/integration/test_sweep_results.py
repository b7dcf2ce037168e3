"""Results of a store: tables, filters, aggregates, figures, sensitivity, and repeated runs."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import contactsim
from contactsim.cli import main
from contactsim.commands import results as results_command
from contactsim.commands import sweep as sweep_command
from contactsim.errors import UserError
from contactsim.runs import progress
from contactsim.sweeps import Store, experiments, plots
from contactsim.sweeps.config import Expansion, read
from contactsim.sweeps.plan import make_plan
from contactsim.sweeps.plots import draw
from tests.sweeping import TINY, OddSeedsFail, bytecode_kept, run_here, specs  # noqa: F401

WEIGHT, EXPOSED = "psychology.negative_weight", "residents.negative_exposure_spread"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three weights, two spreads of negative exposure, three seeds; made by the command line."""
    folder = tmp_path_factory.mktemp("results") / "store"
    assert main(["sweep", f"store={folder}", *TINY, f"{WEIGHT}=1,2,3", f"{EXPOSED}=0,1", "replications=3", "-q"]) == 0
    return folder


def output_of(capsys: pytest.CaptureFixture[str], *arguments: Any, code: int = 0) -> str:
    """What a command prints; its one sentence where it fails."""
    assert main([str(a) for a in arguments]) == code
    out, err = capsys.readouterr()
    assert err.count("\n") == (code == 2)
    return err if code else out


def table(capsys: pytest.CaptureFixture[str], *arguments: Any) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(output_of(capsys, "results", *arguments, "--csv")))


def test_csv_has_a_row_for_each_run_sorted_without_times(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = table(capsys, store)
    assert len(rows) == 18 and (rows["status"] == "ok").all() and "seconds" not in rows
    assert rows.equals(rows.sort_values([EXPOSED, WEIGHT, "seed"], ignore_index=True)) or rows.equals(
        rows.sort_values([WEIGHT, EXPOSED, "seed"], ignore_index=True))
    weekly = contactsim.load(store).weekly(measures=["attitude"], weeks=[0, 1, 2, 3], target="all others")
    mean = weekly[(weekly["run"] == rows["run"][5]) & (weekly["group"] == "minority")]["value"].mean()
    assert rows["attitude[minority]"][5] == pytest.approx(mean, abs=1e-12)


def test_filters(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(table(capsys, store, "--where", f"{WEIGHT}=1,3", "--where", f"{EXPOSED}>0")) == 6
    assert len(table(capsys, store, "--where", "seed!=1")) == 12
    assert len(table(capsys, store, "--where", f"{WEIGHT}<=2")) == 12
    assert "Did you mean 'psychology.negative_weight'" in output_of(
        capsys, "results", store, "--where", "psychology.negativ_weight=1", code=2)
    assert "cannot be read" in output_of(capsys, "results", store, "--where", "seed", code=2)
    assert "are not numbers" in output_of(capsys, "results", store, "--where", "place>1", code=2)


def test_means_intervals_and_quantiles_are_those_of_the_runs(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = table(capsys, store)
    found = table(capsys, store, "--mean", "--quantiles", "0.1,0.5", "--measure", "attitude")
    assert len(found) == 3 * 2 * 2 and (found["runs"] == 3).all()
    own = rows[(rows[WEIGHT] == 2) & (rows[EXPOSED] == 1)]["attitude[majority]"]
    row = found[(found[WEIGHT] == 2) & (found[EXPOSED] == 1) & (found["group"] == "majority")].iloc[0]
    low, high = stats.t.interval(0.95, 2, own.mean(), stats.sem(own))
    assert (row["mean"], row["low"], row["high"]) == pytest.approx((own.mean(), low, high))
    assert (row["q0.1"], row["q0.5"]) == pytest.approx((own.quantile(0.1), own.median()))
    by_one = table(capsys, store, "--mean", "--by", WEIGHT, "--measure", "attitude")
    assert (by_one["runs"] == 6).all() and len(by_one) == 3 * 2


def test_an_interval_is_over_seeds_and_not_over_runs_that_share_one(
        store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = table(capsys, store)
    found = table(capsys, store, "--mean", "--by", WEIGHT, "--measure", "attitude")
    row = found[(found[WEIGHT] == 2) & (found["group"] == "majority")].iloc[0]
    seeds = rows[rows[WEIGHT] == 2].groupby("seed")["attitude[majority]"].mean()
    low, high = stats.t.interval(0.95, 2, seeds.mean(), stats.sem(seeds))
    assert (row["mean"], row["low"], row["high"]) == pytest.approx((seeds.mean(), low, high))


def test_exports_to_files(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output_of(capsys, "results", store, "--parquet", tmp_path / "a.parquet")
    output_of(capsys, "results", store, "--weeks", "--csv", tmp_path / "b.csv", "--measure", "positive")
    assert len(pd.read_parquet(tmp_path / "a.parquet")) == 18
    weekly = pd.read_csv(tmp_path / "b.csv")
    assert len(weekly) == 18 * 4 * 2 * 2 and set(weekly["measure"]) == {"positive"}
    assert "cannot be written" in output_of(capsys, "results", store, "--csv", tmp_path / "a.parquet" / "c.csv", code=2)


def test_overview_and_mistakes(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = output_of(capsys, "results", store)
    assert "18 runs (18 ok)" in text and "±" in text and "minority" in text
    found = json.loads(output_of(capsys, "results", store, "--json"))
    assert found["runs"] == {"ok": 18} and {"measure", "group", "mean", "low", WEIGHT} <= set(found["means"][0])
    assert len(json.loads(output_of(capsys, "results", store, "--mean", "--json"))) == len(found["means"])
    assert "Did you mean 'attitude'" in output_of(capsys, "results", store, "--measure", "atitude", code=2)
    assert "numbers from 0 to 1" in output_of(capsys, "results", store, "--quantiles", "5", code=2)
    assert "is no experiment" in output_of(capsys, "results", store, "--name", "other", code=2)
    assert "no store of contactsim" in output_of(capsys, "results", store.parent, code=2)
    assert "design=latin, sobol, morris" in output_of(capsys, "results", store, "--sensitivity", code=2)
    assert "from 1" in output_of(capsys, "results", store, "--last", 0, code=2)


@pytest.mark.parametrize(("file", "more"), [
    ("one.png", ["--where", f"{EXPOSED}=0"]), ("two.svg", []), ("by.pdf", ["--by", EXPOSED]),
    ("weeks.png", ["--weeks", "--measure", "positive"])])
def test_figures(store: Path, tmp_path: Path, file: str, more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    output_of(capsys, "results", store, "--plot", tmp_path / file, *more)
    once = (tmp_path / file).read_bytes()
    assert len(once) > 5000
    if file == "one.png":
        output_of(capsys, "results", store, "--plot", tmp_path / file, *more)
        assert (tmp_path / file).read_bytes() == once


def test_a_full_grid_is_drawn_as_cells_and_a_sample_as_points() -> None:
    pairs = [(a, b) for a in (1.0, 2.0) for b in (3.0, 4.0, 5.0)]
    for kept, cells in ((pairs, True), (pairs[:-1], False)):
        rows = [{"a": a, "b": b, "seed": seed, "y": a * b + seed / 8} for a, b in kept for seed in (1, 2)]
        axis = draw(pd.DataFrame(rows), ["a", "b"], ["y"]).axes[0]
        assert (len(axis.images) == 1) == cells
        if not cells:
            assert [tuple(at) for at in axis.collections[0].get_offsets()] == kept
        else:
            assert "3.2\n±0.8" in {text.get_text() for text in axis.texts}


def test_figures_that_cannot_be_drawn(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "allowed are .png" in output_of(capsys, "results", store, "--plot", "figure.doc", code=2)
    assert "one or two swept parameters" in output_of(
        capsys, "results", store, "--by", f"{WEIGHT},{EXPOSED},seed", "--plot", tmp_path / "x.png", code=2)


def test_rerun_is_the_same_to_the_last_bit_and_notices_what_is_not(
        store: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    run = table(capsys, store)["run"][3]
    assert "the same to the last bit" in output_of(capsys, "rerun", run[:8], "--store", store)
    assert "is not a run of" in output_of(capsys, "rerun", "zz", "--store", store, code=2)
    from contactsim.sweeps import task

    assert json.loads(output_of(capsys, "rerun", run, "--store", store, "--json"))["code"] == "same"
    monkeypatch.setattr(task, "code_digest", lambda *_: "another")
    assert "that of the measure or of an action has changed" in output_of(capsys, "rerun", run, "--store", store)
    honest = task.result_digest
    monkeypatch.setattr(task, "result_digest", lambda table: honest(table)[::-1])
    assert main(["rerun", run, "--store", str(store)]) == 1
    assert "NOT the same" in capsys.readouterr().out


def test_the_plan_is_printed_and_a_dry_run_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = output_of(capsys, "sweep", f"store={tmp_path}/store", *TINY, f"{WEIGHT}=1,2", "replications=20", "--dry-run")
    for words in ("40 runs (2 parameter sets)", "to do: 40", "of disk", "ratio; allowed 0 to 8"):
        assert words in text
    assert list(tmp_path.iterdir()) == []


def test_multirun_writes_to_the_same_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "store"
    output_of(capsys, "run", "--multirun", f"store={folder}", *TINY, f"{WEIGHT}=1,2", "seed=5,6", "--quiet")
    assert "done already: 4" in output_of(
        capsys, "sweep", f"store={folder}", *TINY, f"{WEIGHT}=1,2", "seed=5,6", "--dry-run")
    rows = table(capsys, folder)
    assert list(zip(rows[WEIGHT], rows["seed"], strict=True)) == [(1, 5), (1, 6), (2, 5), (2, 6)]
    assert "exclude each other" in output_of(capsys, "run", f"store={folder}", f"output={tmp_path}/x", *TINY, code=2)


@pytest.mark.parametrize(("design", "samples", "index", "expected", "within"), [
    ("sobol", 64, "S1", (0.9, 0.1), 0.1), ("sobol", 64, "ST", (0.9, 0.1), 0.1), ("morris", 8, "mu_star", (3, 1), 1e-9),
    ("latin", 128, "S1", (0.9, 0.1), 0.15)])
def test_sensitivity_of_a_known_function(tmp_path: Path, design: str, samples: int, index: str,
                                         expected: tuple[float, float], within: float) -> None:
    pytest.importorskip("SALib", reason="NO SENSITIVITY INDEX WAS TESTED: SALib is not installed")
    from contactsim.sweeps.designs import indices, sampled_experiment
    from contactsim.sweeps.results import catalogue

    # the second in alphabetical order comes first, so that a mixed-up order shows
    expansion = Expansion([*TINY, f"{WEIGHT}=interval(1,3)", "psychology.appraisal=interval(0,4)"],
                    read([f"design={design}", f"samples={samples}"]))
    store = Store(tmp_path / "store", missing=True)
    plan = make_plan(store, expansion.specs())
    store.prepare()
    name = experiments.record(store, None, plan.runs, expansion.about())
    listed = catalogue(store, name).assign(status="ok")
    listed["y[]"] = 3 * (listed[WEIGHT] - 1) / 2 + listed["psychology.appraisal"] / 4
    listed.attrs["swept"] = [WEIGHT, "psychology.appraisal"]
    found = indices(store, sampled_experiment(store, None), listed, ["y[]"])
    own = found[found["index"] == index].set_index("parameter")
    values = [own["value"][key] for key in (WEIGHT, "psychology.appraisal")]
    assert values == pytest.approx(expected, abs=within)
    assert (own["low"] <= own["value"]).all() and (own["value"] <= own["high"]).all()
    with pytest.raises(UserError, match=f"of {len(expansion.parameter_sets)} parameter sets"):
        indices(store, name, listed.iloc[1:], ["y[]"])
    assert np.isfinite(own[["low", "high"]].to_numpy()).all()


def test_results_of_a_store_without_successes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_here(tmp_path / "store", specs([1, 3]), OddSeedsFail)
    text = output_of(capsys, "results", tmp_path / "store")
    assert "2 runs (2 failed)" in text and "OddError: seed 1 is odd" in text
    assert "no results to draw" in output_of(capsys, "results", tmp_path / "store", "--plot", "x.png", code=2)
    run = contactsim.sweeps.results.catalogue(Store(tmp_path / "store"))["run"][0]
    assert "failed again (OddError: seed" in output_of(capsys, "rerun", run, "--store", tmp_path / "store")


def test_every_table_reports_what_is_missing_or_damaged(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_here(tmp_path / "store", specs([1, 2, 4]), OddSeedsFail)
    assert main(["results", str(tmp_path / "store"), "--mean"]) == 0
    assert "1 of 3 runs have no results" in capsys.readouterr().err
    (tmp_path / "store" / "runs" / "00.parquet").write_bytes(b"no")
    assert main(["results", str(tmp_path / "store"), "--mean"]) == 2
    assert "runs/00.parquet is damaged" in capsys.readouterr().err


def test_a_reader_that_has_seen_enough_is_no_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(table: Any, file: Any) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(results_command, "_write_csv", closed)
    with pytest.raises(BrokenPipeError):
        results_command._export(pd.DataFrame(), SimpleNamespace(csv="-", parquet=None))


def test_a_sweep_counts_what_ended_and_reports_its_progress_to_a_log(
        monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(progress, "EVERY", 0.0)
    plan: Any = SimpleNamespace(todo=[1, 2, 3, 4], failed=set(), store=SimpleNamespace(path="study"))
    answers = [{"id": "a", "status": "ok"}, {"id": "b", "status": "failed", "message": "odd"}]
    assert sweep_command._follow(iter(answers), plan, quiet=False, retry_failed=False) == 1
    out, errors = capsys.readouterr()
    assert "1 run done; 1 failed; 2 not started" in out
    assert "1 of 4 runs, 0 failed, about" in errors and "2 of 4 runs, 1 failed, about" in errors


def test_groups_that_a_figure_leaves_out_are_counted() -> None:
    names = [f"group {k}" for k in range(9)]
    drawn = plots._coloured([*names, "group 0"])
    assert len(set(drawn.values())) == len(drawn) == 6 and plots._some(drawn, names) == "; 6 of 9 groups"
    assert plots._some(plots._coloured(names[:6]), names[:6]) == ""
