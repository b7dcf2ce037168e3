"""The command line as a user meets it: exit codes, where things go, and silence where it is wanted."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from contactsim import cli
from contactsim.runs.folder import FILES

#: What the first run on a machine may print, while it compiles.
PROGRESS = re.compile(r"contactsim: (compiling kernels|\d+ of \d+ ).*\n")
SMALL = ["place=synthetic", "place.residents=1000", "scenario=no_burn_in", "weeks=2"]


def call(where: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    return subprocess.run([sys.executable, "-c", "import sys; from contactsim.cli import main; sys.exit(main())",
                           *arguments], cwd=where, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A working directory in which one run was made, and what that printed."""
    where = tmp_path_factory.mktemp("used")
    return where, call(where, "run", *SMALL, "seed=7")


def test_a_run_end_to_end(used: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    where, done = used
    assert done.returncode == 0 and not PROGRESS.sub("", done.stderr), done.stderr
    lines = done.stdout.strip().splitlines()
    assert 3 <= len(lines) <= 6 and "positive" in done.stdout and "SD" in done.stdout
    assert [path.name for path in where.iterdir()] == ["runs"]
    (folder,) = (where / "runs").iterdir()
    assert folder.name.startswith("synthetic-seed7-") and f"runs/{folder.name}" in lines[-1]
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)


def test_the_same_again_is_reported(used: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    where, first = used
    again = call(where, "run", *SMALL, "seed=7")
    assert again.returncode == 0 and "holds this run already" in again.stdout
    assert again.stdout.splitlines()[1:] == first.stdout.splitlines()


def test_show(used: tuple[Path, subprocess.CompletedProcess[str]], capsys: pytest.CaptureFixture[str],
              monkeypatch: pytest.MonkeyPatch) -> None:
    where, _ = used
    monkeypatch.chdir(where)
    (folder,) = Path("runs").iterdir()
    assert cli.main(["show", str(folder)]) == 0
    text = capsys.readouterr().out
    assert "1,000 residents" in text and "majority" in text and "figure.png" in text and "no burn-in" in text
    (folder / "figure.png").unlink()
    assert cli.main(["show", str(folder), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["groups"]["majority"]["attitude"]["end"] and Path(figures["figure"]).is_file()
    assert cli.main(["show", str(folder), "--figure", "other.svg"]) == 0 and Path("other.svg").is_file()
    Path("other.svg").unlink()
    assert cli.main(["show", str(folder), "--figure", "other.bmp"]) == 2
    assert cli.main(["show", "nowhere"]) == 2


def test_many_runs_go_on_after_one_that_fails(tmp_path: Path) -> None:
    done = call(tmp_path, "run", "--multirun", *SMALL[:-1], "seed=range(0,2)", "weeks=2,0")
    assert done.returncode == 2
    assert len([line for line in done.stderr.splitlines() if "weeks=0" in line and "1 to 5200" in line]) == 2
    assert "Traceback" not in done.stderr and "Error executing" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["runs"] and len(list((tmp_path / "runs").iterdir())) == 2


def test_quiet_says_nothing(tmp_path: Path) -> None:
    done = call(tmp_path, "run", "--quiet", *SMALL, "output=here")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "") and (tmp_path / "here").is_dir()


def test_help_shows_groups_and_parameters_with_unit_range_and_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", "--help"]) == 0
    text = capsys.readouterr().out
    for part in ("place ", "synthetic", "unequal_weight", "no_burn_in", "psychology.drift=0.02", "0 to 0.5 (per week)",
                 "seed=1", "survey.size=1000", "--multirun", "--quiet"):
        assert part in text


def printed_and_loaded(*words: str) -> tuple[str, set[str]]:
    """What a command prints, and the modules that its process imports."""
    code = "import sys; from contactsim.cli import main; main(sys.argv[1:]); print(*sys.modules)"
    text = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True).stdout
    return text, set(text.splitlines()[-1].split())


def test_help_and_version_cost_little(tmp_path: Path) -> None:
    assert call(tmp_path, "--version").stdout.startswith("contactsim ")
    lists, loaded = printed_and_loaded("--help")
    assert not loaded & {"numpy", "pandas", "numba", "hydra", "mesa", "matplotlib", "pydantic", "rich"}
    for name in cli.COMMANDS:
        assert name in lists


@pytest.mark.parametrize("words", [("actions",), ("actions", "youth_scheme")])
def test_actions_are_described_without_what_simulates_them(words: tuple[str, ...]) -> None:
    text, loaded = printed_and_loaded(*words)
    assert "youth_scheme" in text and not loaded & {"numba", "pandas", "scipy", "mesa"}


@pytest.mark.parametrize("words", [("run", "--help"), ("run", "--cfg", "job")])
def test_a_configuration_is_composed_and_described_without_what_simulates_it(words: tuple[str, ...]) -> None:
    text, loaded = printed_and_loaded(*words)
    assert "survey" in text and not loaded & {"numba", "pandas", "scipy", "mesa", "contactsim.state"}


def test_cfg_and_info_are_hydras(tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                 monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["run", "--cfg", "job", "psychology=unequal_weight"]) == 0
    text = capsys.readouterr().out
    assert "negative_weight: 1.5" in text and "hydra:" not in text
    assert cli.main(["run", "--cfg", "job", "--package", "scenario"]) == 0
    assert "burn_in_min" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
    assert call(tmp_path, "run", "--info", "defaults").stdout.count("psychology/default") == 1


@pytest.mark.parametrize(("arguments", "part"), [
    (["rum"], "'run'"), (["run", "--quite"], "'--quiet'"), (["run", "--cfg", "jobs"], "job"),
    (["run", "hydra/launcher=nosuch"], "basic"), (["show"], "RUN"), (["place"], "PLACE"),
    (["place", "nowhere.csv"], "neither a file nor the name of a place")])
def test_mistakes_in_the_command_itself(arguments: list[str], part: str, capsys: pytest.CaptureFixture[str],
                                        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments) == 2
    printed = capsys.readouterr().err
    assert part in printed and "Traceback" not in printed and len(printed.splitlines()) <= 6


def fail(*_: object) -> None:
    raise RuntimeError("something inside")


def test_a_fault_is_one_line_and_its_traceback_is_for_debugging(
        capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("contactsim.runs.run.load_place", fail)
    assert cli.main(["run", *SMALL]) == 1
    printed = capsys.readouterr().err
    assert "report" in printed and "something inside" in printed and len(printed.splitlines()) == 1
    with pytest.raises(RuntimeError):
        cli.main(["run", "--debug", *SMALL])
    assert cli.main(["run", "--multirun", *SMALL, "seed=1,2"]) == 1


def test_an_interrupt_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
                                  tmp_path: Path) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("contactsim.runs.run.load_place", interrupt)
    assert cli.main(["run", *SMALL]) == 130
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_place_describes_a_bundled_place_and_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["place", "synthetic", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["residents"] == 10_000
    Path("town.yaml").write_text("kind: synthetic\nresidents: 900\nshares: [0.6, 0.4]\ndissimilarity: 0.3\n")
    assert cli.main(["place", "town.yaml"]) == 0
    assert "900 residents" in capsys.readouterr().out
    Path("town.yaml").write_text("a: [1\n")
    assert cli.main(["place", "town.yaml"]) == 2


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no terminals of this kind on this system")
def test_a_bar_on_a_terminal_only(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    with subprocess.Popen([sys.executable, "-c", "import sys; from contactsim.cli import main; sys.exit(main())", "run",
                           *SMALL, "output=here"], cwd=tmp_path, stderr=theirs, stdout=subprocess.DEVNULL) as process:
        os.close(theirs)
        seen = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            seen += part
    os.close(ours)
    assert process.returncode == 0 and b"weeks" in seen and b"2/2" in seen
