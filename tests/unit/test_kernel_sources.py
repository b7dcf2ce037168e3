"""The compile cache notices an edit in every file that holds a compiled function."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from contactsim import compiled
from contactsim.encounters import learning
from contactsim.encounters.arrays import Rules
from contactsim.parameters import Psychology

PACKAGE = Path(compiled.__file__).parent
COMPILERS = {"kernel", "inlined", "inlined_and_callable", "njit", "jit", "vectorize"}


def compiles(source: str) -> bool:
    """Whether a file decorates a function with one of the package's compilers or with Numba itself."""
    decorators = (d for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)
                  for d in node.decorator_list)
    return any(set(ast.unparse(d).replace("(", ".").split(".")) & COMPILERS
               for d in decorators)


def test_every_file_with_a_kernel_is_listed() -> None:
    found = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py")
             if compiles(path.read_text(encoding="utf-8"))}
    assert found and found <= set(compiled.KERNEL_SOURCES)
    assert len(set(compiled.KERNEL_SOURCES)) == len(compiled.KERNEL_SOURCES)


def test_every_file_that_gives_a_kernel_a_constant_is_listed() -> None:
    """A constant is frozen into compiled code, so a stale one would be used after an edit of its file."""
    giving = set()
    for name in compiled.KERNEL_SOURCES:
        tree = ast.parse((PACKAGE / name).read_text(encoding="utf-8"))
        inside = {n.id for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) and f.decorator_list
                  for n in ast.walk(f) if isinstance(n, ast.Name)}
        giving |= {(node.module or "").removeprefix("contactsim.").replace(".", "/") + ".py" for node in ast.walk(tree)
                   if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("contactsim.")
                   and {alias.asname or alias.name for alias in node.names} & inside}
    assert "residents.py" in giving
    assert giving <= set(compiled.KERNEL_SOURCES)


def test_the_files_that_name_the_fields_of_the_kernels_tuples_are_listed() -> None:
    """Compiled code takes the field of a tuple by position: two parameters in another order are another kernel."""
    assert Rules._fields == (*Psychology.model_fields, "feeling_keeps")
    assert {"psychology.py", "encounters/arrays.py"} <= set(compiled.KERNEL_SOURCES)


def test_a_decorated_function_is_found() -> None:
    assert compiles("@kernel\ndef f(): ...")
    assert compiles("@numba.njit(nogil=True)\ndef f(): ...")
    assert not compiles("@dataclass\nclass A:\n    def f(self): ...")


@pytest.mark.parametrize("name", compiled.KERNEL_SOURCES)
def test_the_digest_changes_with_each_listed_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for source in compiled.KERNEL_SOURCES:
        (tmp_path / source).parent.mkdir(exist_ok=True)
        (tmp_path / source).write_bytes((PACKAGE / source).read_bytes())
    monkeypatch.setattr(compiled, "_ROOT", tmp_path)
    before = compiled.sources_digest()
    with (tmp_path / name).open("a", encoding="utf-8") as file:
        file.write("# one more line\n")
    assert compiled.sources_digest() != before


def test_a_step_of_a_kernel_cannot_be_called_from_python() -> None:
    """It has no code that takes arguments from Python, so a call would end the process."""
    with pytest.raises(TypeError, match="_resident is a step of kernels"):
        learning._resident()
