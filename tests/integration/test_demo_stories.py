"""Life stories of the classroom follow from the meetings of a resident."""

from __future__ import annotations

import pytest

from contactsim.config.run_config import compose
from contactsim.demo.story import life_story
from contactsim.demo.ui_state import UIState
from contactsim.encounters.arrays import NEGATIVE, POSITIVE
from contactsim.errors import UserError
from contactsim.place import load_place
from contactsim.runs.run import begin


def test_a_story_has_an_attitude_for_each_week_and_can_be_repeated() -> None:
    state = UIState(both=("place.residents=1500", "scenario=no_burn_in", "place.shares=[0.5, 0.5]"), seed=3)
    stories = [life_story(state, "left", row, 20) for row in (4, 40, 400)]
    for story in stories:
        assert len(story["attitude"]) == 21 and all(-1 <= a <= 1 for a in story["attitude"])
        assert all(1 <= scene["week"] <= 20 for scene in story["scenes"])
    assert any(story["scenes"] for story in stories)
    assert stories[0] == life_story(state, "left", 4, 20)


def test_a_story_counts_meetings_as_the_resident_felt_them() -> None:
    """Good and bad are those of the resident, not of the partner."""
    state = UIState(both=("place.residents=1500", "scenario=no_burn_in", "place.shares=[0.5, 0.5]"), seed=3)
    config = compose([*state.overrides("left"), "seed=3", "threads=1"])
    world = begin(config, load_place(config.place))[0]
    row, felt = 40, {"good": 0, "bad": 0}
    for _ in range(20):
        world.step()
        felt["good"] += int(world.week.counts[row, :, POSITIVE].sum())
        felt["bad"] += int(world.week.counts[row, :, NEGATIVE].sum())
    summary = life_story(state, "left", row, 20)["summary"][0]
    assert f"{felt['good']} good meeting" in summary and f"{felt['bad']} bad one" in summary
    assert felt["good"] != felt["bad"]


def test_an_unknown_resident_is_refused() -> None:
    with pytest.raises(UserError, match="no resident"):
        life_story(UIState(both=("place.residents=500", "scenario=no_burn_in")), "left", 10**6, 1)
