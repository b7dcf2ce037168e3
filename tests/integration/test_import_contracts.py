"""Import contracts hold and forbidden imports break them; importing the package loads nothing heavy."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import contactsim

ROOT = Path(__file__).parents[2]
#: By what is wrong: code that is added to modules of the package.
FORBIDDEN = {
    "upwards": {"world.py": "from contactsim.config import run_config\n"},
    "upwards inside a function": {"draws.py": "def later():\n    import contactsim.world\n"},
    "upwards for type checkers": {"place/__init__.py": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from contactsim.state import State\n")},
    "between siblings": {"observers/__init__.py": "import contactsim.actions\n"},
    "a circle inside a package": {"place/one.py": "import contactsim.place.two\n",
                                  "place/two.py": "def later():\n    import contactsim.place.one\n"},
    "a module without a layer": {"new_module.py": ""},
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package and its contracts in a folder of their own."""
    folder = tmp_path_factory.mktemp("contracts")
    shutil.copytree(ROOT / "contactsim", folder / "contactsim", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def broken(folder: Path) -> str:
    """What ``lint-imports`` prints where a contract is broken, '' where all are kept."""
    done = subprocess.run([Path(sys.executable).with_name("lint-imports")], cwd=folder, capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"})
    assert done.returncode in (0, 1) and "Contracts:" in done.stdout, done.stdout + done.stderr
    return done.stdout if done.returncode else ""


def test_the_contracts_are_kept(copy: Path) -> None:
    assert broken(copy) == ""


@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_forbidden_import_breaks_a_contract(copy: Path, name: str) -> None:
    files = {copy / "contactsim" / file: code for file, code in FORBIDDEN[name].items()}
    before = {path: path.read_text(encoding="utf-8") for path in files if path.exists()}
    for path, code in files.items():
        path.write_text(f"{before.get(path, '')}\n{code}", encoding="utf-8")
    try:
        found = broken(copy)
        assert all(path.stem in found or path.parent.stem in found for path in files) and "BROKEN" in found
    finally:
        for path in files:
            if path in before:
                path.write_text(before[path], encoding="utf-8")
            else:
                path.unlink()


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = ("import sys, contactsim; print([m for m in ('mesa', 'numpy', 'pandas', 'hydra') if m in sys.modules], "
            "dir(contactsim))")
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.startswith("[]") and all(name in printed for name in contactsim.__all__)
