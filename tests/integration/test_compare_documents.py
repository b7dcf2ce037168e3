"""The commands and the Python in docs/compare.md and docs/evaluation.md work as they are written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from contactsim.comparison.effects import PARTS
from contactsim.evaluate.design import METHODS, names

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name, blocks", [("compare.md", 3), ("evaluation.md", 2)])
def test_commands_of_the_documents_work(name: str, blocks: int, tmp_path: Path) -> None:
    found = re.findall(r"(?s)<!-- tested -->\n```(bash|python)\n(.*?)```", (DOCS / name).read_text())
    assert len(found) == blocks
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for language, code in found:
        command = ["bash", "-euc", code] if language == "bash" else [sys.executable, "-c", code]
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
        assert done.returncode == 0, f"{code}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"


def test_every_design_method_and_part_is_described() -> None:
    evaluation, compare = (DOCS / "evaluation.md").read_text(), (DOCS / "compare.md").read_text()
    assert [name for name in (*names(), *METHODS) if f"| `{name}` |" not in evaluation] == []
    assert [part for part in PARTS if f"| {part} |" not in compare] == []
