"""The pages of actions: made from their files, none missing or stale."""

from __future__ import annotations

from pathlib import Path

import pytest

from contactsim.actions.registry import mechanisms
from contactsim.actions.sections import BUILTIN, MisconfiguredError, classes, sections
from contactsim.config.action_catalogue import load, names
from contactsim.docs_tools.action_pages import filled, page

DOCS = Path(__file__).parents[2] / "docs" / "actions"
AGAIN = "run python -m contactsim.docs_tools.action_pages"


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


def test_the_core_names_no_mechanism() -> None:
    """A mechanism is known by its name alone; a file may name any that there is."""
    core = Path(__file__).parents[2] / "contactsim"
    for file in (core / "world.py", *sorted((core / "encounters").glob("*.py"))):
        text = file.read_text(encoding="utf-8")
        assert "contactsim.actions" not in text, file
    assert set(mechanisms()) >= set(BUILTIN) == {"convene", "host", "speak", "level", "equip", "plan"}
    assert {name: kind.Config for name, kind in mechanisms().items()} == classes()
    with pytest.raises(MisconfiguredError):
        sections({"it": {"mechanism": "host", "rooms": 0}}, "actions")
