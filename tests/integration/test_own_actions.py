"""Actions and mechanisms of a user's own: the examples of docs/actions/index.md, in fresh processes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def example(name: str) -> str:
    """The block of the index that is under the mark ``example: NAME``."""
    text = (ROOT / "docs" / "actions" / "index.md").read_text(encoding="utf-8")
    found = re.search(rf"<!-- example: {name} -->\n```\w+\n(.*?)```", text, re.DOTALL)
    assert found, f"no example {name}"
    return found[1]


def contactsim(folder: Path, *words: str) -> str:
    """What a fresh process prints, with ``folder`` on its path."""
    paths = os.pathsep.join([str(folder), str(ROOT)])
    program = "import sys; from contactsim.cli import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", program, *words], cwd=folder,
                          env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


RUN = ("run", "--config-dir", "mine", "place=synthetic", "place.residents=900", "scenario=no_burn_in", "weeks=3",
       "output=done")


def test_an_action_of_ones_own_needs_only_a_file(tmp_path: Path) -> None:
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
