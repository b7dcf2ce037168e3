"""Lessons are complete, their worlds can be built, and a broken file is reported with its mistake."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from contactsim.config import action_catalogue
from contactsim.demo import menu
from contactsim.demo.build import build, configure
from contactsim.demo.lessons import FOLDER, captions, lesson_findings, lessons, read
from contactsim.demo.lessons import listed as lesson_files
from contactsim.demo.pictures import MEASURES, figures, participants, warmer_and_colder
from contactsim.demo.ui_state import WORLDS, UIState, check, read_link
from contactsim.errors import UserError
from contactsim.evidence.listing import listed
from contactsim.residents import SURVEY_AGE
from contactsim.world import World


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
def test_a_lesson_shows_its_findings_with_their_states(name: str) -> None:
    assert lesson_findings(name) == [{key: line[key] for key in ("id", "claim", "state", "folder")}
                                     for line in listed(lessons()[name].findings)]


def year_of_part_one(*overrides: str) -> tuple[World, World]:
    """The worlds of part 1 after a year: the same people without and with meetings."""
    state = lessons()["polarisation"].ui_state("polarisation")
    left, right = build(replace(state, both=(*state.both[1:], "place.residents=3000", *overrides)))
    for _ in range(52):
        left.world.step()
        right.world.step()
    return left.world, right.world


def shown(world: World, *names: str) -> list[float]:
    """Measures of the results table, for everyone."""
    known = [name for name, _, _ in MEASURES]
    values = figures(world, participants(world))[:, -1]
    return [float(values[known.index(name)]) for name in names]


def test_part_one_widens_the_gap_between_good_and_bad_experience_and_not_the_spread() -> None:
    """Nearly all meetings are good, so nearly everybody is warmer, and the spread is no wider than without meetings.

    In the first model it was wider and many were colder. There, appraisal was stronger, people differed three times as
    much in bad experiences, and a meeting that was not good was as often bad as neutral. What remains: those with the
    best balance of experience are further from those with the worst than the same people without meetings.
    """
    alone, met = year_of_part_one()
    warmer, colder = warmer_and_colder(alone, met)
    assert warmer > 0.8 and colder < 0.02
    assert warmer_and_colder(met, met) == (0.0, 0.0)
    spread, separation = zip(*(shown(world, "attitude_sd", "separation") for world in (alone, met)), strict=True)
    assert separation[0] != separation[0] and -0.2 < separation[1] < 1  # undefined where nobody meets
    assert spread[1] < spread[0]
    with_friend, without_friend = shown(met, "with_friend", "without_friend")
    assert with_friend - without_friend > 0.2
    adults = met.people.age >= SURVEY_AGE
    balance = (met.people.positive - met.people.negative)[adults, 0]
    low, high = np.quantile(balance, [0.1, 0.9])
    gaps = [attitude[balance >= high].mean() - attitude[balance <= low].mean()
            for attitude in (world.people.attitude[adults, 0] for world in (alone, met))]
    assert gaps[0] > 0  # warm people have better experiences ...
    assert gaps[1] > gaps[0] + 0.15  # ... and become warmer through them


def test_the_spread_of_part_one_grows_with_strong_appraisal_and_unequal_exposure() -> None:
    """What the limits of the lesson say: the spread depends on these two assumptions."""
    alone, met = year_of_part_one("psychology.appraisal=4.0", "residents.negative_exposure_spread=2.0")
    assert shown(met, "attitude_sd")[0] > shown(alone, "attitude_sd")[0] + 0.005
    assert warmer_and_colder(alone, met)[1] > 0.005


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
    assert lesson_findings("our_town", own) == lesson_findings("shock")
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
