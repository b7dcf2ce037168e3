"""Runs and commands with actions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from contactsim import cli
from contactsim.config.action_catalogue import names
from contactsim.config.run_config import RunConfig, compose
from contactsim.mesa_model.model import NeighbourhoodModel
from contactsim.runs.run import execute, load_run
from contactsim.runs.show import closing_lines

SMALL = ["place=synthetic", "place.residents=600", "scenario=no_burn_in", "weeks=3"]


def test_a_run_stores_what_its_actions_did(tmp_path: Path) -> None:
    config = compose([*SMALL, "action=[welcome_project,youth_scheme]", f"output={tmp_path / 'run'}"])
    folder, _ = execute(config)
    run = load_run(folder)
    assert [one["name"] for one in run.actions] == ["welcome_project", "youth_scheme"]
    assert set(run.ledger["action"]) == {"welcome_project", "youth_scheme"}
    assert any("action welcome_project (host + convene)" in line for line in closing_lines(run))
    stored = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    assert RunConfig.model_validate(stored).actions == config.actions
    assert execute(config) == (folder, True), "the finished run is found"


def test_a_run_without_actions_stores_no_file_of_them(tmp_path: Path) -> None:
    folder, _ = execute(compose([*SMALL, f"output={tmp_path / 'run'}"]))
    assert not list(folder.glob("actions.*")) and load_run(folder).actions == []


def test_a_model_from_overrides_has_its_actions() -> None:
    model = NeighbourhoodModel.from_config(*SMALL, "action=library_chat", seed=3)
    model.step()
    assert [action.name for action in model.world.actions] == ["library_chat"]
    assert model.world.actions[0].ledger[0]["sessions"] == 1  # type: ignore[attr-defined]


def test_the_command_lists_every_action(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["actions", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in listed] == names()
    assert all({"mechanism", "cost", "evidence", "title", "harm"} <= set(one) for one in listed)
    assert cli.main(["actions"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in names())
    assert cli.main(["actions", "youth_scheme", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["fields"]["ages"] == [15, 17]
    assert cli.main(["actions", "youth_scheme"]) == 0
    assert "essay 6" in capsys.readouterr().out
    assert cli.main(["actions", "youth_sceme"]) == 2
    assert "Did you mean 'youth_scheme'" in capsys.readouterr().err


def test_a_broken_file_of_the_user_s_hides_no_other_action(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "action").mkdir()
    broken = {"kind": "mechanism: convne\ntitle: Cooking\n", "key": "like: library_chat\ntitel: Ours\n",
              "yaml": "mechanism: [\n", "none": "# nothing\n", "like": "like: libary_chat\n"}
    for name, text in {**broken, "ours": "like: library_chat\ntitle: Ours\n"}.items():
        (tmp_path / "action" / f"{name}.yaml").write_text(f"# @package actions.{name}\n{text}")
    assert cli.main(["actions", "--json", "--config-dir", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    listed = [row["name"] for row in json.loads(printed.out)]
    assert listed == sorted([*names(), "ours"])
    complaints = printed.err.splitlines()
    assert len(complaints) == len(broken) and all(line.startswith("contactsim: ") for line in complaints)
    for sentence, words in zip(complaints, ("titel", "convne", "libary_chat", "none.yaml", "yaml.yaml"), strict=True):
        assert words in sentence and "fault" not in sentence
    assert cli.main(["actions", "kind", "--config-dir", str(tmp_path)]) == 2
    printed = capsys.readouterr()
    assert "mechanism='convne' is not allowed" in printed.err and "kind.yaml" in printed.err
    assert printed.err.count("\n") == 1
