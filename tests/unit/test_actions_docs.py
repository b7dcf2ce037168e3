"""The pages of actions: made from their files, none missing or stale, and every example on them works."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from contactsim.actions.registry import MisconfiguredError, mechanisms, sections
from contactsim.config.action_catalogue import load, names
from contactsim.docs_tools.action_pages import filled, page

DOCS = Path(__file__).parents[2] / "docs" / "actions"
AGAIN = "run python -m contactsim.docs_tools.action_pages"


def example(name: str) -> str:
    """The block of the index that stands under the mark ``example: NAME``."""
    text = (DOCS / "index.md").read_text(encoding="utf-8")
    found = re.search(rf"<!-- example: {name} -->\n```\w+\n(.*?)```", text, re.DOTALL)
    assert found, f"no example {name}"
    return found[1]


@pytest.mark.parametrize("name", names())
def test_each_action_has_its_page(name: str) -> None:
    file = DOCS / f"{name}.md"
    assert file.is_file(), f"{file} is missing: {AGAIN}"
    assert file.read_text(encoding="utf-8") == page(name, load(name)), f"{file} is stale: {AGAIN}"


def test_no_page_is_left_over_and_the_index_is_fresh() -> None:
    assert {file.stem for file in DOCS.glob("*.md")} == {*names(), "index"}
    text = (DOCS / "index.md").read_text(encoding="utf-8")
    assert filled(text) == text, f"docs/actions/index.md is stale: {AGAIN}"


def test_a_page_says_what_is_sourced_and_what_is_assumed() -> None:
    text = page("youth_scheme", load("youth_scheme"))
    assert "| `ages` | 15, 17 | essay 6 |" in text and "| `reach` | 0.6 | assumed |" in text
    assert "| `cost.participant` | 1800.0 | essay 6:" in text


def contactsim(folder: Path, *words: str) -> str:
    """What a fresh process prints, with ``folder`` on its path."""
    paths = os.pathsep.join([str(folder), str(Path(__file__).parents[2])])
    program = "import sys; from contactsim.cli import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", program, *words], cwd=folder,
                          env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


RUN = ("run", "--config-dir", "mine", "place=synthetic", "place.residents=900", "scenario=no_burn_in", "weeks=3",
       "output=done")


def test_an_action_of_ones_own_needs_a_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "mine" / "action").mkdir(parents=True)
    (tmp_path / "mine" / "action" / "cooking_evenings.yaml").write_text(example("yaml"), encoding="utf-8")
    assert "action cooking_evenings (convene)" in contactsim(tmp_path, *RUN, "action=cooking_evenings")
    assert "the size of the kitchen" in contactsim(tmp_path, "actions", "--config-dir", "mine", "cooking_evenings")


def test_a_mechanism_of_ones_own_is_a_class_and_an_entry_point(tmp_path: Path) -> None:
    """The example of the page, installed as a package would be."""
    (tmp_path / "my_walks.py").write_text(example("class"), encoding="utf-8")
    line = re.search(r'(?m)^walks = "(.+)"$', example("entry point"))
    assert line and '[project.entry-points."contactsim.mechanisms"]' in example("entry point")
    info = tmp_path / "my_walks-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-walks\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[contactsim.mechanisms]\nwalks = {line[1]}\n", encoding="utf-8")
    (tmp_path / "mine" / "action").mkdir(parents=True)
    (tmp_path / "mine" / "action" / "sunday_walks.yaml").write_text(example("class yaml"), encoding="utf-8")
    assert "action sunday_walks (walks)" in contactsim(tmp_path, *RUN, "action=sunday_walks")


def test_the_core_names_no_mechanism() -> None:
    """A mechanism is known by its name alone; a file may name any that there is."""
    core = Path(__file__).parents[2] / "contactsim"
    for file in (core / "world.py", *sorted((core / "encounters").glob("*.py"))):
        text = file.read_text(encoding="utf-8")
        assert "contactsim.actions" not in text, file
    assert set(mechanisms()) >= {"convene", "host", "speak", "level", "equip", "plan"}
    with pytest.raises(MisconfiguredError):
        sections({"it": {"mechanism": "host", "rooms": 0}}, "actions")
