"""Lessons are complete, their worlds can be built, and a broken file is reported with its mistake."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from contactsim.config import action_catalogue
from contactsim.demo import menu
from contactsim.demo.build import build, configure
from contactsim.demo.lessons import FOLDER, VERDICTS, captions, lessons, read, verdicts
from contactsim.demo.lessons import listed as lesson_files
from contactsim.demo.pictures import MEASURES, figures, participants, warmer_and_colder
from contactsim.demo.ui_state import WORLDS, UIState, check, read_link
from contactsim.errors import UserError
from contactsim.evidence.baseline import listed
from contactsim.evidence.verdicts import ORDER


def test_there_are_six_lessons_in_the_order_of_their_files() -> None:
    """The third has two parts."""
    assert list(lessons()) == ["parallel_lives", "more_contact_of_both_kinds", "polarisation", "cure", "youth_scheme",
                               "festival", "shock"]
    assert [lesson.next for lesson in lessons().values() if lesson.next] == ["cure"]


@pytest.mark.parametrize("name", list(lessons()))
def test_a_lesson_can_be_shown_and_shared(name: str) -> None:
    lesson = lessons()[name]
    state = lesson.ui_state(name)
    assert read_link(state.link(), tuple(lessons())) == state
    configs = [configure(state, world) for world in WORLDS]
    assert configs[0] != configs[1]
    assert captions(state) == list(lesson.worlds)
    assert any("harm" in line.lower() for line in lesson.teacher)


@pytest.mark.parametrize("name", list(lessons()))
def test_the_place_of_a_lesson_is_large_enough_for_its_action(name: str) -> None:
    """The youth scheme takes an eighth of those of 15 to 17: fewer than ten teams would be no lesson."""
    config = configure(lessons()[name].ui_state(name), "right")
    residents = config.place["residents"]
    assert residents >= 3000
    if "youth_scheme" in config.actions:
        assert residents * 3 / 100 * config.actions["youth_scheme"].share >= 4 * config.actions["youth_scheme"].team


@pytest.mark.parametrize("name", list(lessons()))
def test_a_lesson_shows_the_verdicts_in_the_baseline_of_the_ledger(name: str) -> None:
    shown = verdicts(name)
    assert [line["id"] for line in shown] == lessons()[name].findings
    for line, of_ledger in zip(shown, listed(lessons()[name].findings), strict=True):
        assert line["verdict"] == (of_ledger["baseline"]["full"] or of_ledger["baseline"]["quick"])
        assert line["means"] == VERDICTS[line["verdict"]]
    assert {*ORDER, ""} == set(VERDICTS)


def test_part_one_shows_polarisation_through_contact() -> None:
    """Same people with and without meetings: many warmer, many colder, a wider spread, little change in the mean."""
    state = lessons()["polarisation"].ui_state("polarisation")
    left, right = build(replace(state, both=(*state.both[1:], "place.residents=3000")))
    for _ in range(52):
        left.world.step()
        right.world.step()
    warmer, colder = warmer_and_colder(left.world, right.world)
    assert warmer > 0.15 and colder > 0.1
    names = [name for name, _, _ in MEASURES]
    shown = [figures(view.world, participants(view.world))[:, -1] for view in (left, right)]
    sd, mean, apart = ([row[names.index(name)] for row in shown] for name in ("attitude_sd", "attitude", "separation"))
    assert apart[0] != apart[0] and 0 < apart[1] < 1  # undefined where nobody meets
    assert sd[1] - sd[0] > 0.03 and abs(mean[1] - mean[0]) < sd[1] - sd[0]
    assert warmer_and_colder(right.world, right.world) == (0.0, 0.0)


def test_a_broken_lesson_is_reported_with_its_mistake(tmp_path: Path) -> None:
    values = yaml.safe_load((FOLDER / "6_shock.yaml").read_text())
    for change, named in (({"shows": ["happiness"]}, "happiness"), ({"weeks": 0}, "weeks"),
                          ({"colour": "pink"}, "pink"), ({"both": ["output=/x"]}, "output"),
                          ({"teacher": []}, "teacher"), ({"extra": 1}, "extra"), ({"findings": []}, "findings"),
                          ({"worlds": ["one"]}, "worlds")):
        file = tmp_path / "7_broken.yaml"
        file.write_text(yaml.safe_dump({**values, **change}))
        with pytest.raises(UserError, match=named):
            read(file)
    file.write_text("title: [")
    with pytest.raises(UserError, match="cannot be read"):
        read(file)


def test_own_lessons_places_and_actions_are_listed_and_a_broken_one_hides_no_other(tmp_path: Path) -> None:
    for group in ("lesson", "place", "action"):
        (tmp_path / group).mkdir()
    text = (FOLDER / "6_shock.yaml").read_text()
    (tmp_path / "lesson" / "7_our_town.yaml").write_text(text)
    (tmp_path / "lesson" / "8_broken.yaml").write_text(text.replace("weeks:", "wekks:", 1))
    (tmp_path / "lesson" / "9_shock.yaml").write_text(text)
    (tmp_path / "place" / "mytown.yaml").write_text("# My town. Made up.\nkind: synthetic\n")
    (tmp_path / "action" / "ours.yaml").write_text("# @package actions.ours\nlike: library_chat\ntitle: Ours\n")
    (tmp_path / "action" / "typo.yaml").write_text("# @package actions.typo\nmechanism: convne\n")
    own = str(tmp_path)
    found, errors = lesson_files(own)
    assert list(found) == [*lessons(), "our_town"] == list(lessons(own))
    assert [sentence.split(":")[0].split(" ")[0] for sentence in errors] == ["8_broken.yaml", "9_shock.yaml"]
    assert verdicts("our_town", own) == verdicts("shock")
    assert menu.places(own)["mytown"] == "My town" and "mytown" not in menu.places()
    assert menu.actions(own) == {**menu.actions(), "ours": "Ours"}


def test_the_page_builds_worlds_from_the_folder_that_it_is_served_with(tmp_path: Path) -> None:
    (tmp_path / "psychology").mkdir()
    (tmp_path / "psychology" / "mine.yaml").write_text("defaults:\n  - default\nnegative_weight: 2.5\n")
    state = replace(lessons()["shock"].ui_state("shock"), both=("psychology=mine", "place.residents=500"))
    try:
        menu.use_config_dir(str(tmp_path))
        assert configure(state, "left").psychology.negative_weight == 2.5
        assert state.command("left").endswith(f"--config-dir {tmp_path}")
    finally:
        menu.use_config_dir(None)
    with pytest.raises(UserError, match="psychology=mine"):
        configure(state, "left")


@pytest.mark.parametrize("name", list(menu.comparisons()))
def test_a_comparison_makes_two_worlds(name: str) -> None:
    found = menu.comparisons()[name]
    state = UIState(both=tuple(check(o) for o in found.both), left=found.left, right=found.right)
    assert configure(state, "left") != configure(state, "right")


def test_everything_on_the_menu_exists() -> None:
    assert "census" not in menu.places() and "bradford" in menu.places()
    assert set(menu.actions()) == set(action_catalogue.names())
    for slider in menu.sliders():
        assert slider["unit"] and slider["text"] and slider["low"] <= slider["value"] <= slider["high"]
        for value in (slider["low"], slider["high"]):
            text = menu.override_value(slider["key"], value)
            assert menu.slider_value(slider["key"], text) == pytest.approx(value)
            check(f"{slider['key']}={text}")
