"""Made-up findings for tests, so that no test of the engine depends on the registered designs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from contactsim.config import ensemble
from contactsim.evidence import baseline, judging, loading
from contactsim.paths import experiments_folder

SETS = """set,psychology.feeling_half_life,psychology.appraisal,instruments.attitude.reliability
1,1.0,0.5,0.9
2,1.5,0.2,0.85
3,2.5,0.9,0.8
4,4.0,0.4,0.7
"""


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make ``folder`` the folder of experiments, with the made-up findings and a made-up ensemble ``plausible`` of four
    sets alone; returns it.
    """
    folder.mkdir(exist_ok=True)
    for file in experiments_folder().glob("*.yaml"):
        shutil.copy(file, folder)
    shutil.copytree(Path(__file__).parent / "made_up", folder / "made_up")
    (folder / "regression.yaml").write_text("outcomes: [F1-drop, F2]\nsamples: {full: {seeds: 3}}\n")
    (folder / "disputes.yaml").write_text(
        "- {question: Which, note: Made up., positions: [{evidence: [A1], position: this, outcome: F1-drop}, "
        "{evidence: [A2], position: that, outcome: F1-drop, knock_out: no_attack}]}\n")
    (folder / "ensembles").mkdir()
    (folder / "ensembles" / "plausible.csv").write_text(SETS)
    (folder / "ensembles" / "plausible.yaml").write_text("title: made up\n")
    for module in (baseline, ensemble, judging, loading):
        monkeypatch.setattr(module, "experiments_folder", lambda: folder)
    return folder

