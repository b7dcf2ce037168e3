"""The section of an action: its end, its message, and the weeks that it takes whole."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

import contactsim
from contactsim.actions import Action, ActionSection, Gathering, listing, sections
from contactsim.actions.registry import check_conflicts
from contactsim.actions.sections import BUILTIN
from contactsim.errors import UserError

PROGRAMME = {"mechanism": "convene", "start": 3, "phases": [{"weeks": 4}, {"weeks": 2, "displaces": "the_week"}]}


@pytest.mark.parametrize("values, week", [
    ({"mechanism": "level"}, None), ({"mechanism": "level", "end": 9, "cut": 7}, 7),
    ({"mechanism": "equip", "end": 9}, 9), ({"mechanism": "speak", "cut": 7}, 7),
    (PROGRAMME, 9), ({**PROGRAMME, "intakes": 3, "interval": 10}, 29), ({**PROGRAMME, "intakes": None}, None),
    ({**PROGRAMME, "intakes": None, "end": 30}, 30), ({**PROGRAMME, "cut": 5}, 5),
    ({"mechanism": "host", "cut": 7}, 7), ({"mechanism": "host", "cut": 7, "rooms_after_cut": 1}, None),
    ({"mechanism": "host", "cut": 7, "rooms_after_cut": 1, "end": 9}, 9),
    ({"mechanism": "plan", "start": 5, "parts": {"a": PROGRAMME, "b": {"mechanism": "speak", "end": 20}}}, 25),
    ({"mechanism": "plan", "start": 5, "parts": {"a": PROGRAMME, "b": {"mechanism": "speak"}}}, None),
    ({"mechanism": "plan", "start": 5, "end": 12, "parts": {"a": PROGRAMME, "b": {"mechanism": "speak"}}}, 12)])
def test_each_mechanism_says_when_it_ends(values: dict[str, Any], week: int | None) -> None:
    assert sections({"it": values}, "actions")["it"].ends() == week


def test_a_section_moves_with_its_whole_calendar() -> None:
    moved = sections({"it": {"mechanism": "host", "start": 2, "cut": 9}}, "actions")["it"].moved(4)
    assert (moved.start, moved.end, moved.cut) == (6, None, 13)


def test_only_what_meets_and_speaks_has_a_message_to_switch_off() -> None:
    message, house = {"mechanism": "speak"}, {"mechanism": "host"}
    found = sections({"message": message, "house": house, "both": {"mechanism": "plan", "parts": {
        "message": message, "house": house}}, "words": {"mechanism": "plan", "parts": {"message": message}}}, "actions")
    assert [found[name].only_speaks for name in found] == [True, False, False, True]
    assert [found[name].gathers for name in found] == [False, True, True, False]
    silent = found["both"].without_message()
    assert silent is not None and not silent.speaks and silent.without_message() is None
    assert [found[name].without_message() for name in ("message", "house", "words")] == [None] * 3


def test_whole_weeks_are_those_of_phases_that_take_them() -> None:
    found = sections({"it": {**PROGRAMME, "intakes": None, "interval": 10, "end": 28}, "house": {"mechanism": "host"}},
                     "actions")
    assert found["it"].whole_weeks(520) == {7, 8, 17, 18, 27} and found["it"].whole_weeks(10) == {7, 8}
    assert not found["house"].whole_weeks(520)


class Parade(ActionSection):
    """A section of another package, with a rule of its own."""

    def whole_weeks(self, horizon: int) -> set[int]:
        return {self.start}


def test_an_action_of_another_package_works_with_the_defaults() -> None:
    section = Parade(mechanism="parade", start=2, cut=8)
    assert section.ends() == 8 and section.without_message() is None and not section.subsections()
    one, other = (Action(name, section) for name in ("one", "other"))
    assert one.singles() == [one] and listing([one, object]) == [one, object] and one.share_reached == 1.0
    with pytest.raises(UserError, match="whole of week 2"):
        check_conflicts([one, other])


def test_runs_comparisons_and_evaluations_name_no_mechanism() -> None:
    """Runs, comparisons and evaluations import no mechanism, name none, and read no field that only one has."""
    own = {name: set(kind.model_fields) - set(Gathering.model_fields) for name, kind in BUILTIN.items()}
    fields = {field for name in ("convene", "host", "plan") for field in own[name]} - {"share", "team", "mix", "wait"}
    package = Path(contactsim.__file__).parent
    for file in (package / "runs" / "run.py", package / "runs" / "show.py", *package.glob("comparison/*.py"),
                 *package.glob("evaluate/*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not modules & {f"contactsim.actions.{name}" for name in BUILTIN}, file
        words = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        assert not words & {"convene", "host", "speak", "equip"}, file
        assert not {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)} & fields, file
