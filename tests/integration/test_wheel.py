"""The wheel holds all that is needed, and its commands work from any folder.

Dependencies are those of the environment that runs the tests, so nothing is downloaded; that the declared
ones suffice is shown by the README's own commands, which install into an empty environment.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}


def run(*command: str | Path, cwd: Path) -> str:
    """The command's output; fails with what it said if it does."""
    words = [str(part) for part in command]
    done = subprocess.run(words, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts' folder of a new environment that has contactsim from its wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    wheel, = folder.glob("contactsim-*.whl")
    target = folder / "environment"
    venv.create(target, with_pip=False)
    python = target / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index", wheel,
        cwd=folder)
    packages = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip()
    (Path(packages) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return target / "bin"


def test_it_is_the_wheel_that_is_used(installed: Path, tmp_path: Path) -> None:
    where = run(installed / "python", "-c", "import contactsim; print(contactsim.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(installed.parent)


def test_a_place(installed: Path, tmp_path: Path) -> None:
    described = json.loads(run(installed / "contactsim", "place", "bradford", "--json", cwd=tmp_path))
    assert described["residents"] == 43_988


def test_a_run(installed: Path, tmp_path: Path) -> None:
    run(installed / "contactsim", "run", "place.residents=1000", "weeks=5", "scenario=no_burn_in",
        "output=first", cwd=tmp_path)
    files = {path.name for path in (tmp_path / "first").iterdir()}
    assert files >= {"config.yaml", "weekly.parquet", "provenance.json"}
    assert "1,000 residents" in run(installed / "contactsim", "show", "first", cwd=tmp_path)


def test_designs_travel_with_the_wheel(installed: Path, tmp_path: Path) -> None:
    code = "from contactsim.evidence.loading import folder; print(folder('polarisation').name)"
    assert run(installed / "python", "-c", code, cwd=tmp_path).strip() == "polarisation"


def test_templates_travel_with_the_wheel(installed: Path, tmp_path: Path) -> None:
    code = "from contactsim.evidence.report import render; print(render('changes', folders={}))"
    assert "<ul>" in run(installed / "python", "-c", code, cwd=tmp_path)
