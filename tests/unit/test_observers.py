"""Observers only read: a world with observers has the same bits as one without, and writing raises an error."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from contactsim.draws import Decision, present_draws
from contactsim.encounters.arrays import NEGATIVE, POSITIVE
from contactsim.encounters.log import contexts_of_week, pairs_of_week
from contactsim.encounters.session import Impulse
from contactsim.errors import UserError
from contactsim.instruments.questionnaire import Survey
from contactsim.observers.base import Moment, Observer
from contactsim.observers.footprint import Snapshots, differing, reachable
from contactsim.observers.meetings import MeetingLog
from contactsim.observers.panel import COUNTED, Panel
from contactsim.observers.survey import SurveyWaves, survey
from contactsim.observers.weekly import WeeklyRecord
from contactsim.residents import attitude_to_others
from contactsim.state import State
from contactsim.world import World
from tests.worlds import Doing, differing_columns, four_groups, make_parameters, make_world, session

BUSY = {"moves": 0.3, "departures": 0.2, "arrivals": 0.1}


class Diary(Observer):
    """Notes when it is called, and the clock."""

    def __init__(self, moment: Moment) -> None:
        self.moment = moment  # type: ignore[misc]
        self.notes: list[Any] = []

    def begin(self, world: State) -> None:
        self.notes.append("begin")

    def look(self, world: State) -> None:
        self.notes.append((world.clock, len(world.sessions), int(world.week.counts.sum()) > 0))

    def result(self) -> list[Any]:
        return self.notes


class Vandal(Observer):
    """Writes into a given array."""

    moment: ClassVar[Moment] = "after_actions"

    def __init__(self, pick: Any) -> None:
        self.pick = pick

    def look(self, world: State) -> None:
        self.pick(world)[:] = 0


def busy(*observers: Observer) -> World:
    """Six busy weeks: four groups, every setting, sessions, people who come and go."""
    world = make_world(four_groups(), make_parameters(scenario=BUSY))
    world.actions.append(Doing(lambda w: w.convene(session(range(0, 60, 3)), displaces=None)))
    world.observe(*observers)
    for _ in range(6):
        world.step()
    return world


def test_all_observers_together_change_nothing() -> None:
    observers = [Panel([3, 6], count=True), SurveyWaves(Survey(size=100), [2, 6]), MeetingLog(), Snapshots(range(6)),
                 *(Diary(moment) for moment in ("after_actions", "before_moves", "week_end"))]
    seen, unseen = busy(*observers), busy()
    assert differing_columns(seen, unseen) == []
    assert seen.weekly().equals(unseen.weekly())
    assert all(observer.result() is not None and len(observer.result()) > 0 for observer in observers
               if not isinstance(observer, Snapshots))


@pytest.mark.parametrize("pick", [
    lambda w: w.people.attitude, lambda w: w.week.displaced, lambda w: w.areas.message_effect,
    lambda w: w.settings["work"].since, lambda w: w.settings["work"].occupant, lambda w: w.people.household_start,
    lambda w: w.week.counts])
def test_an_observer_that_writes_is_stopped(pick: Any) -> None:
    world = make_world()
    world.observe(Vandal(pick))
    with pytest.raises(ValueError, match="read-only"):
        world.step()
    assert pick(world).flags.writeable  # and the world can be used again


def test_observers_look_at_their_moment() -> None:
    diaries = {moment: Diary(moment) for moment in ("after_actions", "before_moves", "week_end")}
    world = make_world()
    world.actions.append(Doing(lambda w: w.convene(session([0, 1, 2]))))
    world.observe(*diaries.values())
    world.step()
    world.step()
    assert diaries["after_actions"].result() == ["begin", (0, 1, False), (1, 1, True)]  # the notes are of week 0
    assert diaries["before_moves"].result() == ["begin", (0, 0, True), (1, 0, True)]
    assert diaries["week_end"].result() == ["begin", (1, 0, True), (2, 0, True)]


def test_a_moment_that_there_is_not_is_refused() -> None:
    with pytest.raises(UserError, match=r"Diary.moment='noon' is not a moment of a week: it must be one of"):
        make_world().observe(Diary("noon"))  # type: ignore[arg-type]


def test_observers_may_be_given_with_the_world() -> None:
    diary, plain = Diary("week_end"), make_world()
    world = World(plain.place, plain.parameters, 11, 1, observers=[diary])
    world.step()
    assert diary.result() == ["begin", (1, 0, True)] and world.observers == [diary]


def test_the_weekly_record_is_an_observer_like_others() -> None:
    world = make_world(four_groups(), make_parameters(scenario=BUSY))
    other = WeeklyRecord(world.threads)
    other.begin(world)
    world.step()
    assert len(world.record) == 1 and world.weekly_record.weeks == [0]
    other.begin(world)
    assert other.sums == [] and other.weeks == []


def test_a_panel_reads_the_same_people_and_counts_their_meetings() -> None:
    world = make_world(four_groups(), make_parameters(scenario=BUSY))
    rows = np.arange(0, len(world.people), 5)
    panel = Panel([2, 5], ["attitude", "positive"], rows, count=True)
    world.observe(panel)
    total = np.zeros((len(world.people), len(COUNTED)), np.int64)
    for week in range(5):
        world.step()
        if week >= 2:
            total += np.column_stack([world.week.counts.sum(axis=1, dtype=int), world.week.own_meetings])
    assert sorted(panel.waves) == [0, 2, 5] and sorted(panel.meetings) == [2, 5]
    assert (panel.meetings[5] == total[rows]).all()
    last = panel.waves[5]
    assert (last["attitude"] == attitude_to_others(world.people, world.weights, rows)).all()
    assert (last["positive"] == world.people.recent_positive[rows].sum(axis=1, dtype=float)).all()
    assert (last["here"] == (world.people.active[rows] & (world.people.uid[rows] == panel.uid))).all()
    assert 0 < last["here"].sum() < rows.size


def test_survey_waves_are_surveys() -> None:
    world, parameters = make_world(), Survey(size=50)
    waves = SurveyWaves(parameters, [2])
    first = survey(world, parameters)
    world.observe(waves)
    world.step()
    world.step()
    table = waves.result()
    assert table.iloc[:len(first)].equals(first) and set(table["week"]) == {0, 2}
    assert table.iloc[len(first):].reset_index(drop=True).equals(survey(world, parameters))


def test_attitude_to_others_weighs_groups_by_their_size() -> None:
    world = make_world(four_groups())
    sizes = world.place.counts.sum(axis=0).astype(float)
    row = 7
    own = world.people.group[row]
    world.people.attitude[row] = [0.1, -0.4, 0.7]
    expected = np.average(world.people.attitude[row], weights=np.delete(sizes, own))
    assert attitude_to_others(world.people, world.weights, np.array([row]))[0] == pytest.approx(expected)


def test_pairs_of_a_week_are_there_and_not_elsewhere() -> None:
    """All pairs, own group included, against the draws taken person by person; those in a session are displaced."""
    world = make_world(four_groups())
    snapshots = Snapshots(range(9))
    displaced = np.arange(0, 60, 3)
    world.actions.append(Doing(lambda w: w.displace(displaced, None, None, "away")))
    world.observe(snapshots)
    world.step()
    week = snapshots.latest
    assert week is not None
    met, with_displaced = (list(pairs_of_week(week, displaced=displaced)) for displaced in (False, True))
    assert not np.isin(np.concatenate([pair for _, _, pair in met]), displaced).any()
    assert np.isin(np.concatenate([pair for _, _, pair in with_displaced]), displaced).any()
    for context, slot, pair in with_displaced:
        if context.kind == "setting" and context.terms.sociable:
            base = world_base(week.seed, context.key, slot)
            draw = present_draws(base, week.columns["uid"][pair])
            assert (draw < context.terms.presence * week.leisure(context.setting)[pair]).all()
    assert {context.kind for context in contexts_of_week(week)} == {"setting", "friends"}


def world_base(seed: int, key: int, slot: int) -> np.uint64:
    from contactsim.draws import stream

    return stream(seed, Decision.PRESENCE, 0, key, slot)


def test_whom_an_impulse_changes_is_among_those_it_can_reach() -> None:
    moved, still = make_world(), make_world()
    moved.impulses.append(Impulse(POSITIVE))
    snapshots = [Snapshots([0]) for _ in range(2)]
    for world, one in zip((moved, still), snapshots, strict=True):
        world.observe(one)
        world.step()
    differ, reached = differing(moved, still), reachable(snapshots[0].result(), snapshots[1].result())
    assert differ.any() and not (differ & ~reached).any() and not reached.all()


@pytest.mark.parametrize("kind, sign", [(POSITIVE, 1), (NEGATIVE, -1)])
def test_an_impulse_is_one_meeting_more_for_a_group(kind: int, sign: int) -> None:
    moved, still = make_world(), make_world()
    moved.impulses.append(Impulse(kind, week=1))
    for week in range(2):
        moved.step()
        still.step()
        assert (differing_columns(moved, still) == []) == (week == 0)
    more = moved.week.counts.astype(int) - still.week.counts
    concerned = (moved.people.group == 0) & (moved.week.availability > 0)
    assert (more[concerned, 0, kind] == 1).all() and more.sum() == concerned.sum() > 0
    change = (moved.people.attitude - still.people.attitude)[concerned, 0]
    assert (sign * change >= 0).all() and sign * change.mean() > 0
