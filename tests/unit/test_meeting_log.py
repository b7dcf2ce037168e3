"""The meetings of a meeting log add up to the world's counts, person by person."""

from __future__ import annotations

import numpy as np
import pytest

from contactsim.config.run_config import compose
from contactsim.encounters.arrays import NEGATIVE, POSITIVE
from contactsim.encounters.log import counts_of
from contactsim.observers.meetings import MeetingLog
from contactsim.place import load_place
from contactsim.runs.run import begin
from contactsim.world import World
from tests.worlds import differing_columns, four_groups, make_parameters, make_world

BUSY = {"moves": 0.3, "departures": 0.2, "arrivals": 0.1}


def across(world: World, log: MeetingLog) -> np.ndarray:
    """The week's counts of meetings between groups, for present residents (empty rows hold counts of earlier weeks)."""
    counts = world.week.counts.astype(int)
    assert log.snapshot is not None
    counts[np.setdiff1d(np.arange(len(world.people)), log.snapshot.occupant["street"])] = 0
    return counts


def counted(log: MeetingLog, row: int | None = None) -> np.ndarray:
    """The counts that follow from the log's meetings of the week."""
    assert log.snapshot is not None
    return counts_of(log.meetings(row), log.snapshot.columns["group"], log.snapshot.message_effect.shape[1])


def watched(world: World) -> tuple[World, MeetingLog]:
    log = MeetingLog()
    world.observe(log)
    return world, log


@pytest.mark.parametrize("scenario", [{}, BUSY])
def test_meetings_add_up_to_the_counts_while_people_come_and_go(scenario: dict[str, float]) -> None:
    """Four groups, every setting and scale, friends, a year's end with new seats."""
    world, log = watched(make_world(four_groups(), make_parameters(scenario={**scenario})))
    good = bad = 0
    for _ in range(56):
        world.step()
        found, counts = log.meetings(), counted(log)
        assert (counts == across(world, log)).all()
        good, bad = good + counts[:, :, POSITIVE].sum(), bad + counts[:, :, NEGATIVE].sum()
    assert good > 100 and bad > 20
    assert any(m.context == "friends" for m in found)


def test_meetings_of_one_resident_are_those_of_all() -> None:
    world, log = watched(make_world(four_groups()))
    for _ in range(12):
        world.step()
    everyone = counted(log)
    for row in range(0, len(world.people), 7):
        alone = counted(log, row)
        assert (alone[row] == everyone[row]).all()


def test_sessions_of_actions_are_logged() -> None:
    config = compose(["place.residents=2000", "action=[community_centre]", "scenario=no_burn_in", "threads=1"])
    world, log = watched(begin(config, load_place(config.place))[0])
    names = set()
    for _ in range(4):
        world.step()
        assert (counted(log) == across(world, log)).all()
        names |= {m.context for m in log.result()}
    assert names - set(world.parameters.settings.contact_contexts)


def test_a_meeting_log_changes_nothing() -> None:
    logged, _ = watched(make_world(four_groups(), make_parameters(scenario=BUSY)))
    unlogged = make_world(four_groups(), make_parameters(scenario=BUSY))
    for _ in range(6):
        logged.step()
        unlogged.step()
    assert differing_columns(logged, unlogged) == []
