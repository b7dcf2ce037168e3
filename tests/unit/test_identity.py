"""Identity of results: everything that decides a figure changes it, and nothing else does."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest

import contactsim
from contactsim.comparison import folder
from contactsim.comparison import tasks as comparison_tasks
from contactsim.comparison.design import read_grid
from contactsim.config.run_config import RunConfig, compose
from contactsim.evidence import tasks
from contactsim.evidence.design import Finding
from contactsim.evidence.loading import select
from contactsim.evidence.worlds import knocked_out
from contactsim.parameters import ModelParameters
from contactsim.place import load_place
from contactsim.runs import run
from contactsim.runs.measure import WEEKLY
from contactsim.storage import burn_in_cache, identity
from contactsim.storage.identity import closure, code_digest
from contactsim.storage.places import Places
from contactsim.storage.provenance import MODEL, run_code, run_modules
from contactsim.storage.sources import parse
from contactsim.sweeps import RunSpec
from contactsim.sweeps.task import identify
from tests.sweeping import TINY

ROOT = Path(contactsim.__file__).parent
TREE = {
    "__init__.py": "from little import eager\n\ndef lazily():\n    from little import seldom\n",
    "eager.py": "E = 1\n",
    "seldom.py": "S = 1\n",
    "measure.py": ("'''A measure.'''\nfrom __future__ import annotations\nimport math\n"
                   "from typing import TYPE_CHECKING\n"
                   "import numpy as np\nfrom . import near\nfrom .deep import far as f\nimport little.deep.other\n"
                   "if TYPE_CHECKING:\n    from little import typed\n\n"
                   "def measure():\n    '''Says what.'''\n    from little.inside import x\n    return x  # why\n"),
    "near.py": "from little.farther import thing\n",
    "farther.py": "thing = 1\n",
    "inside.py": "x = 1\n",
    "typed.py": "T = 1\n",
    "outside.py": "import little.measure\n",
    "deep/__init__.py": "",
    "deep/far.py": "from ..back import *\n",
    "deep/other.py": "import contactsim.draws\n",
    "back.py": "b = 1\n",
}
OF_MEASURE = {"little", "little.eager", "little.measure", "little.near", "little.farther", "little.inside",
              "little.deep", "little.deep.far", "little.deep.other", "little.back"}


@pytest.fixture
def little(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small package of a user's own."""
    for name, text in TREE.items():
        (tmp_path / "little" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "little" / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path / "little"


def test_the_closure_follows_every_import_that_may_run(little: Path) -> None:
    found = closure("little.measure")
    assert {name for name in found if name.startswith("little")} == OF_MEASURE
    assert "contactsim.draws" in found and not any(name.startswith(("numpy", "math")) for name in found)


def test_what_a_package_imports_lazily_counts_where_something_is_taken_from_it(little: Path) -> None:
    assert "little.seldom" not in closure("little.near")
    (little / "user.py").write_text("from little import lazily\n")
    assert "little.seldom" in closure("little.user")
    (little / "user.py").write_text("import little\n")
    assert "little.seldom" in closure("little.user")
    (little / "user.py").write_text("from little import eager\n")
    assert "little.seldom" not in closure("little.user")


@pytest.mark.parametrize("name", sorted(TREE))
def test_an_edit_of_code_counts_inside_the_closure_and_nowhere_else(little: Path, name: str) -> None:
    before = code_digest("little.measure")
    path = little / name
    module = ".".join(["little", *Path(name).with_suffix("").parts]).removesuffix(".__init__")
    edit(path, lambda text: text + "\n\n# a comment\n")
    assert code_digest("little.measure") == before
    edit(path, lambda text: text + "\nnew = 1\n")
    assert (code_digest("little.measure") != before) == (module in OF_MEASURE)


def edit(path: Path, change: Callable[[str], str]) -> None:
    """Change a file; its size or time tells."""
    path.write_text(change(path.read_text()))


def test_comments_docstrings_and_layout_do_not_count_and_code_does() -> None:
    one = digest("'''Old.'''\nx: int = 1\n'''Of x.'''\ndef f(a, b):\n    '''Old.'''\n    return a + b\n")
    assert one == digest("\n\nx: int = (1)  # one\ndef f(a,\n      b):\n    return (a+b)\n")
    for other in ("x: int = 1\ndef f(a, b):\n    return b + a\n", "x: int = 2\ndef f(a, b):\n    return a + b\n",
                  "x: int = 1.0\ndef f(a, b):\n    return a + b\n", "x: int = 1\ndef f(a, b):\n    return a - b\n",
                  "x: int = 1\ndef f(b, a):\n    return a + b\n", "x: int = 1\ndef f(a, b=0):\n    return a + b\n",
                  "def f(a, b):\n    return a + b\nx: int = 1\n"):
        assert digest(other) != one, other
    assert digest("x = [[1], 2]") != digest("x = [[1, 2]]") != digest("x = [1, [2]]")
    assert digest("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a\nelse:\n    x = 1") == digest(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import b\nelse:\n    x = 1")


def digest(text: str) -> bytes:
    return parse(text.encode(), False).digest


def test_versions_of_numerical_packages_count(monkeypatch: pytest.MonkeyPatch) -> None:
    before, version = code_digest(*MODEL), identity._version
    for name in ("numpy", "numba", "scipy", "rich"):
        monkeypatch.setattr(identity, "_DIGESTS", {})
        monkeypatch.setattr(identity, "_version", lambda of, name=name: "other" if of == name else version(of))
        assert (code_digest(*MODEL) != before) == (name != "rich")


def test_a_module_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"contactsim\.nowhere"):
        code_digest("contactsim.nowhere")


def test_the_model_and_the_ledger_hang_on_all_that_they_import() -> None:
    model, of_ledger = closure(*MODEL), closure(tasks.__name__)
    assert set(model) <= set(of_ledger)
    for name in ("world", "place.build", "place.downscaling", "place.scheme", "encounters.meeting",
                 "draws", "settings.pairing", "actions.plan", "actions.recruitment", "parameters", "observers.weekly"):
        assert f"contactsim.{name}" in model, name
    for name in ("effects", "relations", "panel", "design", "worlds", "tasks"):
        assert f"contactsim.evidence.{name}" in of_ledger, name
    for name in ("cli", "commands", "demo", "docs_tools", "evidence.report", "calibration", "sweeps",
                 "comparison.report"):
        measures = closure("contactsim.comparison.effects"), closure("contactsim.evaluate.survey")
        for found in (model, of_ledger, *measures):
            assert not any(f"{module}.".startswith(f"contactsim.{name}.") for module in found), name


def test_no_module_of_the_model_imports_by_a_name_that_is_no_syntax() -> None:
    for name in {*closure(tasks.__name__, *MODEL)} - {"contactsim"}:  # users alone take names from the package itself
        text = source(name).read_text()
        assert "import_module(" not in text and "__import__(" not in text, name


def source(module: str) -> Path:
    path = ROOT.parent.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def test_identities_are_made_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "_PARSED", {})
    monkeypatch.setattr(identity, "_DIGESTS", {})
    began = time.process_time()
    code_digest(*MODEL)
    first, began = time.process_time() - began, time.process_time()
    for _ in range(100):
        code_digest(*MODEL)
    assert first < 1.5 and time.process_time() - began < 0.5


class Edited:
    """The package's sources as if one module had been edited."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch, self.module, self.text = monkeypatch, "", b""
        original = identity.read
        monkeypatch.setattr(identity, "_PARSED", {**identity._PARSED})

        def read(path: Path) -> bytes:
            return original(path) + (self.text if self.module and path == source(self.module) else b"")

        monkeypatch.setattr(identity, "read", read)

    def __call__(self, module: str, text: bytes = b"\nedited = 1\n") -> None:
        """Edit this module, and no other."""
        for one in {self.module, module} - {""}:
            identity._PARSED.pop(source(one), None)
        self.monkeypatch.setattr(identity, "_DIGESTS", {})
        self.module, self.text = module, text


@pytest.fixture
def edited(monkeypatch: pytest.MonkeyPatch) -> Edited:
    return Edited(monkeypatch)


@cache
def composed(*more: str) -> RunConfig:
    keys = {line.split("=")[0] for line in more}
    return compose([*(line for line in TINY if line.split("=")[0] not in keys), *more])


def run_identity(*more: str, measure: str = WEEKLY) -> str:
    return identify([RunSpec(composed(*more))], measure, Places(Path.cwd(), Path("none")))[0].id


def folder_identity() -> str:
    return run_code(composed().actions, *run.MEASURES)


def burn_in_identity() -> str:
    config = composed("scenario=growth")
    return burn_in_cache.key(load_place(config.place), config.parameters, 1)


def ledger_identity() -> str:
    _, finding = select(["F14"]).findings[0]
    return tasks.of_seeds(finding, composed().parameters, 600, [1])[0].id


comparison = cache(lambda: read_grid([*TINY, "action=community_centre", "seeds=2"]))


def comparison_identity() -> str:
    cell = comparison().reference
    return folder._code(comparison()) + comparison_tasks.tasks_of(cell.design, cell.place)[0].id


IDENTITIES: dict[str, Callable[[], str]] = {
    "run": run_identity, "folder": folder_identity, "burn-in": burn_in_identity, "finding": ledger_identity,
    "comparison": comparison_identity}
EVERYWHERE = ["world", "encounters.meeting", "place.build", "place.downscaling", "parameters", "draws",
              "observers.weekly"]
NOWHERE = ["storage.store", "runs.executor", "docs_tools.odd", "commands.sweep", "demo.session", "cli",
           "evidence.report"]


@pytest.mark.parametrize("what", list(IDENTITIES))
def test_a_figures_identity_hangs_on_all_of_its_code_and_on_no_other(what: str, edited: Edited) -> None:
    identity_of = IDENTITIES[what]
    own = {"run": ["actions.convene", "instruments.states"], "folder": ["actions.convene", "observers.survey"],
           "burn-in": ["world"], "finding": ["evidence.worlds", "evidence.effects", "actions.convene"],
           "comparison": ["comparison.paired_runs", "comparison.effects", "actions.convene"]}[what]
    edited("")
    before = identity_of()
    for name in [*EVERYWHERE, *own]:
        edited(f"contactsim.{name}")
        assert identity_of() != before, name
        edited(f"contactsim.{name}", b"\n# a comment\n")
        assert identity_of() == before, name
    for name in NOWHERE:
        edited(f"contactsim.{name}")
        assert identity_of() == before, name
    if what == "burn-in":  # actions begin at week 0
        edited("contactsim.actions.convene")
        assert identity_of() == before


def test_a_runs_identity_hangs_on_its_configuration_and_its_places_contents(tmp_path: Path) -> None:
    base = run_identity()
    for change in ("seed=2", "weeks=5", "psychology.negative_weight=2.5", "action=community_centre",
                   "place.dissimilarity=0.2"):
        assert run_identity(change) != base, change
    table = tmp_path / "a.csv"
    ids = []
    for first in (310, 310, 311):
        table.write_text(f"area,group,count\nnorth,A,{first}\nnorth,B,40\nsouth,A,60\nsouth,B,290\n")
        config = compose(["place=census", f"place.file={table}", "scenario=no_burn_in", "weeks=4"])
        ids.append(identify([RunSpec(config)], WEEKLY, Places(Path.cwd(), Path("none")))[0].id)
    assert ids[0] == ids[1] != ids[2]


def test_a_runs_identity_hangs_on_its_measure_and_on_what_that_imports(little: Path) -> None:
    before = run_identity(measure="little.measure:measure")
    assert before not in (run_identity(), run_identity(measure="little.near:measure"))
    edit(little / "farther.py", lambda text: text + "other = 2\n")
    assert run_identity(measure="little.measure:measure") != before


def test_a_mechanism_of_another_package_counts(little: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = type("Mine", (), {"__module__": "little.measure"})
    monkeypatch.setattr("contactsim.storage.provenance.mechanisms", lambda: {"mine": mine})
    sections = {"a": SimpleNamespace(kinds=("mine",))}
    assert run_modules(sections) == sorted([*MODEL, "little.measure"])  # type: ignore[arg-type]
    before = run_code(sections)  # type: ignore[arg-type]
    edit(little / "farther.py", lambda text: text + "other = 2\n")
    assert run_code(sections) != before  # type: ignore[arg-type]


def test_a_figure_of_the_ledger_hangs_on_its_design_and_its_places(monkeypatch: pytest.MonkeyPatch) -> None:
    _, finding = select(["F14"]).findings[0]
    base = composed().parameters

    def of(finding: Finding = finding, parameters: ModelParameters = base, residents: int = 600) -> str:
        return tasks.of_seeds(finding, parameters, residents, [1])[0].id

    before = of()
    name, world = next(iter(finding.worlds.items()))
    longer = world.model_copy(update={"weeks": world.weeks + 1})
    assert of(finding.model_copy(update={"worlds": {**finding.worlds, name: longer}})) != before
    assert of(finding.model_copy(update={"outcomes": finding.outcomes[:-1]})) != before
    assert of(residents=601) != before
    changed = base.model_copy(update={"psychology": base.psychology.model_copy(update={"negative_weight": 2.5})})
    assert of(parameters=changed) != before
    assert of(finding.model_copy(update={"claim": "otherwise"})) == before
    elsewhere = world.model_copy(update={"place": world.place.model_copy(update={"set": {"towns": 20}})})
    assert of(finding.model_copy(update={"worlds": {**finding.worlds, name: elsewhere}})) != before


def test_a_task_of_the_ledger_carries_its_design_to_other_processes() -> None:
    for _, finding in select([]).findings:
        task = tasks.of_seeds(finding, composed().parameters, 600, [1])[0]
        assert task == type(task)(**json.loads(json.dumps(task.message())))
        there = Finding.model_validate_json(task.payload["finding"])
        base = ModelParameters.model_validate_json(task.payload["parameters"])
        assert tasks.of_seeds(there, base, 600, [1])[0].id == task.id
        assert there.worlds == finding.worlds and there.outcomes == finding.outcomes
        for name, knock_out in finding.knock_outs.items():
            for world, design in finding.worlds.items():
                assert knocked_out(design, world, there.knock_outs[name]) == knocked_out(design, world, knock_out)


def test_an_edit_is_noticed_within_a_process(little: Path) -> None:
    before = code_digest("little.farther")
    edit(little / "farther.py", lambda text: "thing = 22\n")
    assert code_digest("little.farther") != before
