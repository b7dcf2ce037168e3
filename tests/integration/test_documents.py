"""The documents' commands and examples work, and no file of the project names a registry or one machine's paths."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: What makes an example of the README small: it then shows that it works and not what comes out.
SMALL = (("place=bradford", "place=synthetic place.residents=900 scenario=no_burn_in"),
         ('"place=bradford"', '"place=synthetic", "place.residents=900", "scenario=no_burn_in"'),
         ("contactsim compare ", "contactsim compare seeds=2 "),
         ("contactsim evaluate ", "contactsim evaluate seeds=2 "),
         ("place.residents=3000", "place.residents=900 scenario=no_burn_in"),
         ("replications=5", "replications=2"), ("seeds=5", "seeds=2"), ("weeks=52", "weeks=4"), ("weeks=26", "weeks=4"))


def blocks(name: str) -> list[tuple[str, str]]:
    """(language, code) of the marked blocks of a document."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.findall(r"(?s)<!-- tested -->\n```(bash|python)\n(.*?)```", text)


def works(language: str, code: str, folder: Path) -> None:
    """Run one block in ``folder`` as a reader would."""
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    command = ["bash", "-euc", code] if language == "bash" else [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    assert done.returncode == 0, f"{code}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"


@pytest.mark.parametrize("name", ["docs/tutorial.md", "docs/how-to.md", "docs/sweeps.md"])
def test_examples_of_the_documents_work(name: str, tmp_path: Path) -> None:
    """In the order of the page and in one folder, for later blocks use what earlier ones have written."""
    found = blocks(name)
    assert len(found) >= 3
    for language, code in found:
        works(language, code, tmp_path)


def test_examples_of_the_readme_work_in_a_small_town(tmp_path: Path) -> None:
    found = blocks("README.md")
    assert len(found) == 4
    for language, code in found:
        for large, small in reversed(SMALL) if language == "bash" else SMALL[1:]:
            code = code.replace(large, small)
        works(language, code, tmp_path)


def files() -> list[Path]:
    """The project's files: those that git has or would add; in a copy without git, all that are no output."""
    if (ROOT / ".git").exists():
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
        found = [ROOT / name for name in listed.decode().split("\0") if name]
    else:
        ours = ("contactsim", "configs", "experiments", "tests", "docs", "benchmarks", ".ci")
        found = [path for folder in ours for path in (ROOT / folder).rglob("*")]
        found += [path for path in ROOT.iterdir() if path.suffix in (".md", ".toml", ".txt", ".cff", ".yaml")]
    return [path for path in found if path.is_file() and "__pycache__" not in path.parts]


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    hosts = ("py" + "pi.org", "python" + "hosted", "registry." + "npmjs", "deb." + "debian.org")
    paths = ("/" + "work/", "/" + "farm/", "/" + "root/", "/" + "tmp/", "/" + "home/")
    found = files()
    assert len(found) > 30
    for path in found:
        if path.suffix not in (".png", ".parquet", ".npz", ".gz"):
            text = path.read_text(encoding="utf-8")
            assert [word for word in (*hosts, *paths) if word in text] == [], path
