"""The pages of the documentation site that say what the code does, and the notebooks' code.

That the site can be built, with every notebook executed and no warning, is checked by ``.ci/run``.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from contactsim.cli import COMMANDS
from contactsim.docs_tools.layers import draw, layers

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
NOTEBOOKS = sorted([*(DOCS / "notebooks").glob("*.md"), DOCS / "replications.md", DOCS / "reference" / "commands.md"])


def test_the_picture_of_the_layers_is_that_of_the_import_contract() -> None:
    picture = (DOCS / "pictures" / "layers.svg").read_text(encoding="utf-8")
    assert picture == draw(layers(PROJECT)), "run python -m contactsim.docs_tools.layers"


def test_another_contract_is_another_picture() -> None:
    assert '"sweeps",' in PROJECT
    assert draw(layers(PROJECT.replace('"sweeps",', '"studies",'))) != draw(layers(PROJECT))


def test_the_architecture_page_describes_every_layer() -> None:
    rows = re.findall(r"(?m)^\| (`.*?) \|", (DOCS / "architecture.md").read_text(encoding="utf-8"))
    described = [sorted(re.findall(r"`(\w+)`", row)) for row in rows]
    assert described == [sorted(names) for names in reversed(layers(PROJECT))], "one row a layer, from the bottom up"


def test_every_command_is_in_the_reference() -> None:
    shown = set(re.findall(r'(?m)^show\("(\w+)"\)$', (DOCS / "reference" / "commands.md").read_text(encoding="utf-8")))
    assert shown == set(COMMANDS)


def test_terms_in_italics_have_an_entry_in_the_glossary() -> None:
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"(?s)```\{glossary\}\n(.*?)```", text))
    terms = re.findall(r"(?m)^(\S.*)$", blocks)
    assert len(terms) == len(set(terms)) > 40
    used = {re.sub(r"\s+", " ", term) for term in re.findall(r"(?<!\*)\*([a-z][^*]*)\*(?!\*)", blocks)}
    assert {term for term in used if term not in terms and term.removesuffix("s") not in terms} <= {"y", "x"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_executed_when_the_site_is_built(path: Path) -> None:
    """A page without this header would show its code and not run it."""
    text = path.read_text(encoding="utf-8")
    assert text.startswith("---\nfile_format: mystnb\nkernelspec: {name: python3}\n---\n")
    cells = re.findall(r"(?ms)^```\{code-cell\}\n(?::\w+:.*?\n)*(.*?)^```$", text)
    assert cells
    for cell in cells:
        if not cell.startswith("%%writefile"):
            ast.parse(cell)


def test_no_page_with_code_cells_is_left_out() -> None:
    assert sorted(path for path in DOCS.rglob("*.md") if "{code-cell}" in path.read_text(encoding="utf-8")) == NOTEBOOKS


def test_no_page_needs_a_library_for_mathematics() -> None:
    """It would be loaded from another machine by whoever reads the page."""
    found = [path.name for path in DOCS.rglob("*.md") if re.search(r"\{math\}|\$\$", path.read_text(encoding="utf-8"))]
    assert found == []
