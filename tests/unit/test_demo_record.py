"""Meetings worked out again from a week's notes agree with the week's tally, person by person."""

from __future__ import annotations

import numpy as np
import pytest

from contactsim.config.run_config import compose
from contactsim.demo.story import live_again
from contactsim.demo.ui_state import Choice
from contactsim.encounters.arrays import NEGATIVE, POSITIVE
from contactsim.encounters.log import counts_of
from contactsim.errors import UserError
from contactsim.observers.meetings import MeetingLog
from contactsim.place import load_place
from contactsim.runs.run import begin
from contactsim.world import World
from tests.worlds import differing_columns, four_groups, make_parameters, make_world

BUSY = {"moves": 0.3, "departures": 0.2, "arrivals": 0.1}


def across(world: World, log: MeetingLog) -> np.ndarray:
    """The week's tally of meetings between groups alone, of those who lived there (rows of others keep old notes)."""
    tally = world.week.counts.astype(int)
    assert log.snapshot is not None
    tally[np.setdiff1d(np.arange(len(world.people)), log.snapshot.occupant["street"])] = 0
    tally[np.arange(len(world.people)), log.snapshot.columns["group"]] = 0
    return tally


def counted(log: MeetingLog, row: int | None = None) -> np.ndarray:
    """The log's meetings of the week, added up."""
    assert log.snapshot is not None
    return counts_of(log.meetings(row), log.snapshot.columns["group"], log.snapshot.message_effect.shape[1])


def watched(world: World) -> tuple[World, MeetingLog]:
    log = MeetingLog()
    world.observe(log)
    return world, log


@pytest.mark.parametrize("scenario", [{}, BUSY])
def test_meetings_add_up_to_the_tally_while_people_come_and_go(scenario: dict[str, float]) -> None:
    """Four groups, every setting and scale, friends, a year's end with new seats."""
    world, log = watched(make_world(four_groups(), make_parameters(scenario={**scenario})))
    good = bad = 0
    for _ in range(56):
        world.step()
        found, tally = log.meetings(), counted(log)
        assert (tally == across(world, log)).all()
        good, bad = good + tally[:, :, POSITIVE].sum(), bad + tally[:, :, NEGATIVE].sum()
    assert good > 100 and bad > 20
    assert any(m.context == "friends" for m in found)


def test_meetings_of_one_resident_are_those_of_all() -> None:
    world, log = watched(make_world(four_groups()))
    for _ in range(12):
        world.step()
    whole = counted(log)
    for row in range(0, len(world.people), 7):
        alone = counted(log, row)
        assert (alone[row] == whole[row]).all()


def test_sessions_of_actions_are_seen() -> None:
    config = compose(["place.residents=2000", "action=[community_centre]", "scenario=no_burn_in", "threads=1"])
    world, log = watched(begin(config, load_place(config.place))[0])
    names = set()
    for _ in range(4):
        world.step()
        assert (counted(log) == across(world, log)).all()
        names |= {m.context for m in log.result()}
    assert names - set(world.parameters.settings.contact_contexts)


def test_a_meeting_log_changes_nothing() -> None:
    seen, _ = watched(make_world(four_groups(), make_parameters(scenario=BUSY)))
    unseen = make_world(four_groups(), make_parameters(scenario=BUSY))
    for _ in range(6):
        seen.step()
        unseen.step()
    assert differing_columns(seen, unseen) == []


def test_a_life_is_told_from_real_meetings() -> None:
    choice = Choice(both=("place.residents=1500", "scenario=no_burn_in", "place.shares=[0.5, 0.5]"), seed=3)
    stories = [live_again(choice, "left", row, 20) for row in (4, 40, 400)]
    for story in stories:
        assert len(story["attitude"]) == 21 and all(-1 <= a <= 1 for a in story["attitude"])
        assert all(1 <= scene["week"] <= 20 for scene in story["scenes"])
    assert any(story["scenes"] for story in stories)
    assert stories[0] == live_again(choice, "left", 4, 20)


def test_a_week_that_told_says_what_the_attitude_did() -> None:
    """Good and bad are those of the resident, not of the other side."""
    choice = Choice(both=("place.residents=1500", "scenario=no_burn_in", "place.shares=[0.5, 0.5]"), seed=3)
    config = compose([*choice.overrides("left"), "seed=3", "threads=1"])
    world = begin(config, load_place(config.place))[0]
    row, felt = 40, {"good": 0, "bad": 0}
    for _ in range(20):
        world.step()
        others = np.arange(world.people.groups) != world.people.group[row]
        felt["good"] += int(world.week.counts[row, others, POSITIVE].sum())
        felt["bad"] += int(world.week.counts[row, others, NEGATIVE].sum())
    told = live_again(choice, "left", row, 20)["summary"][0]
    assert f"{felt['good']} good meeting" in told and f"{felt['bad']} bad one" in told
    assert felt["good"] != felt["bad"]


def test_nobody_has_no_life() -> None:
    with pytest.raises(UserError, match="no resident"):
        live_again(Choice(both=("place.residents=500", "scenario=no_burn_in")), "left", 10**6, 1)
