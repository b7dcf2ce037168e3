"""Sessions of actions: who meets in them, what they take from the ordinary week, and what they leave alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from contactsim.draws import Decision
from contactsim.encounters.arrays import DECLINED
from contactsim.encounters.session import Session
from contactsim.errors import UserError
from contactsim.parameters import MOST_MEETINGS, Conditions, ContactContext
from contactsim.settings.pairing import pairs
from contactsim.world import World
from tests.worlds import (
    Doing,
    context,
    differing_columns,
    make_parameters,
    make_world,
    two_groups,
)
from tests.worlds import ordinary_week as week_of_unlike_hours
from tests.worlds import session as session_of_an_hour


def ordinary_week() -> dict[str, ContactContext]:
    """The tests' ordinary week with slots of an hour each."""
    return {name: one.model_copy(update={"hours": 1.0}) for name, one in week_of_unlike_hours().items()}


SLOTS = sum(one.encounters_per_week for one in ordinary_week().values())
#: A psychology in which nearly every hour in a small group makes a tie.
FRIENDLY = {"tie": 20.0, "own_positive": 1.0, "homophily": 1.0}
#: Meetings that cannot be declined, by people who are always there.
SURE = {"presence": 1.0, "sociable": False, "avoidability": 0.0}


def session(rows: Any, seats: int = 6, encounters: int = 1, name: str = "session", hours: float | None = None,
            **conditions: float) -> Session:
    """Teams of ``seats`` seats that pair once an hour, unless ``hours`` says otherwise."""
    hours = float(encounters) if hours is None else hours
    return session_of_an_hour(rows, seats, encounters, name, hours, **conditions)


def doing(*sessions: Session, displaces: Any = (), parameters: Any = None, threads: int = 1) -> World:
    """A world in which these sessions take place each week."""
    world = make_world(parameters=parameters or make_parameters(ordinary_week()), threads=threads)

    def do(world: World) -> None:
        for one in sessions:
            world.convene(one, displaces)

    world.actions = [Doing(do)]
    return world


def grown(world: World) -> NDArray[np.intp]:
    """Rows of all who are old enough to meet people and have arrived."""
    people = world.people
    return np.flatnonzero(people.active & (people.age >= 5) & ~(people.arrived < 0))


def met(world: World) -> NDArray[np.int64]:
    """(N,) meetings that each row had, declined ones left out."""
    across = world.week.counts[:, :, :DECLINED].astype(int)
    return world.week.own_meetings + across.sum(axis=(1, 2))


def displaced(world: World) -> NDArray[np.uint32]:
    """(N,) bits of the slots that this week's actions displace, read before any meeting."""
    bits: list[NDArray[np.uint32]] = []
    world.actions.append(Doing(lambda world: bits.append(world.displaced.copy())))
    world.step()
    assert not world.displaced.any(), "slots are still displaced when the next week begins"
    return bits[0]


def number(bits: NDArray[np.uint32]) -> NDArray[np.int64]:
    """(N,) how many bits are set."""
    return np.array([int(one).bit_count() for one in bits])


# --- what a session takes

@settings(max_examples=25)
@given(st.integers(0, 20), st.sampled_from([None, ("street", "friends"), ("team",), ("club", "hall", "neighbours")]))
def test_a_session_takes_exactly_its_hours_of_each_who_came(slots: int, displaces: tuple[str, ...] | None) -> None:
    """Or all if there are fewer; and none of anybody else."""
    world = make_world(parameters=make_parameters(ordinary_week()))
    rows = grown(world)[::3]
    one = session(np.where(np.arange(rows.size) % 4, rows, -1), 5, encounters=slots)
    world.actions = [Doing(lambda world: world.convene(one, displaces))]
    free = sum(one.encounters_per_week for name, one in ordinary_week().items()
               if displaces is None or name in displaces)
    taken = number(displaced(world))
    assert (taken[one.rows] == min(slots, free)).all()
    assert taken.sum() == taken[one.rows].sum()


def test_hours_are_met_on_average_where_slots_do_not_add_up_to_them() -> None:
    """2 hours of slots of .3, .5 and 3 hours: 1,050 people lose 2 on average (standard error .04), and none of them
    more than a last slot above. Of what is shorter than the session everything is lost."""
    lengths = {"short": (3, 0.3), "middle": (2, 0.5), "long": (3, 3.0)}
    contexts = {name: context("street", "neighbourhood", encounters_per_week=number, hours=hours)
                for name, (number, hours) in lengths.items()}
    of_bit = np.repeat([hours for _, hours in lengths.values()], [number for number, _ in lengths.values()])

    def lost(hours: float, displaces: Any = None) -> NDArray[np.float64]:
        world = doing(session(np.arange(1050), hours=hours), displaces=displaces, parameters=make_parameters(contexts))
        taken = displaced(world)[:1050]
        return np.array([of_bit[[bit for bit in range(8) if bits >> bit & 1]].sum() for bits in taken.tolist()])

    found = lost(2.0)
    assert found.mean() == pytest.approx(2.0, abs=0.16) and found.max() < 2 + 3 and found.min() >= 0
    assert not lost(0.0).any()
    np.testing.assert_allclose(lost(2.0, ("short", "middle")), 1.9)


def test_only_slots_of_what_is_displaced_are_taken() -> None:
    bits = {}
    for name, one in ordinary_week().items():
        first = sum(len(known) for known in bits.values())
        bits[name] = range(first, first + one.encounters_per_week)
    allowed = sum(1 << bit for name in ("street", "friends", "team") for bit in bits[name])
    world = doing(session(np.arange(200), encounters=3), displaces=("street", "friends", "team"))
    taken = displaced(world)
    assert not (taken & ~np.uint32(allowed)).any()
    assert np.bitwise_or.reduce(taken) == allowed, "some slot is never taken"


def test_sessions_of_one_week_take_slots_that_are_still_free() -> None:
    one = session(np.arange(200), encounters=3, name="one")
    other = session(np.arange(100, 300), encounters=4, name="other")
    taken = number(displaced(doing(one, other, displaces=None)))
    assert (taken[:100] == 3).all() and (taken[100:200] == 7).all() and (taken[200:300] == 4).all()
    taken = number(
        displaced(doing(*[session(np.arange(50), encounters=5, name=str(k)) for k in range(6)], displaces=None))
    )
    assert (taken[:50] == SLOTS).all()


def test_each_slot_is_taken_as_often_as_any_other() -> None:
    """1,000 people lose 4 of 14 hours: each slot of 286 in the mean, standard error 14; and by another name, others
    (all but one in 1,001)."""
    taken = displaced(doing(session(np.arange(1000), encounters=4), displaces=None))[:1000]
    lost = np.array([int((taken >> np.uint32(bit) & 1).sum()) for bit in range(SLOTS)])
    assert lost.sum() == 4000 and np.abs(lost - 4000 / SLOTS).max() < 4.5 * 14.3
    renamed = displaced(doing(session(np.arange(1000), encounters=4, name="another"), displaces=None))[:1000]
    assert (taken == renamed).mean() < 0.02


def test_time_spent_elsewhere_without_a_session() -> None:
    world = make_world()
    rows = np.arange(0, 300, 2)
    world.actions = [Doing(lambda world: world.displace(rows, None, None, "away"))]
    world.step()
    assert met(world)[rows].sum() == 0 and met(world)[1:300:2].sum() > 100
    with pytest.raises(KeyError):
        world.displace(rows, 1, ("no such context",), "away")


@pytest.mark.parametrize("contexts", [dict(ordinary_week()), dict(reversed(ordinary_week().items()))])
def test_the_order_of_contexts_does_not_matter_to_what_is_displaced(contexts: dict[str, Any]) -> None:
    """Nor does a contact context that nobody attends, even if it comes before the others."""
    one, other = session(np.arange(300), 6, encounters=3), session(np.arange(200, 500), 7, encounters=2, name="other")
    named = ("street", "team", "friends", "club")
    plain = doing(one, other, displaces=named)
    changed = doing(one, other, displaces=named, parameters=make_parameters(
        {"null": context("work", "mixing_group", presence=0.0), **contexts}))
    for world in (plain, changed):
        for _ in range(3):
            world.step()
    assert differing_columns(plain, changed) == []


# --- what it leaves alone

def test_pairs_in_which_nobody_left_meet_as_before() -> None:
    """All meet with whom the matching pairs them, unless one of the two is displaced: then nobody replaces them."""
    district = context("street", "district", encounters_per_week=3, **SURE)
    world = make_world(parameters=make_parameters({"it": district}))
    rows = grown(world)[::3]
    world.actions = [Doing(lambda world: world.displace(rows, 1, ("it",), "away"))]
    bases = [world.base(Decision.PAIRING, "it", slot) for slot in range(3)]
    setting, able = world.settings["street"], np.isin(np.arange(len(world.people)), grown(world))
    taken = displaced(world)
    expected = np.zeros(len(world.people), int)
    mixing_groups = setting.partitions["district"]
    for slot, base in enumerate(bases):
        there = able & (taken >> np.uint32(slot) & 1 == 0)
        for a, b in pairs(mixing_groups.start, mixing_groups.keys, setting.occupant, base).tolist():
            expected[[a, b]] += there[a] and there[b]
    np.testing.assert_array_equal(met(world), expected)
    assert number(taken).sum() == rows.size


@pytest.mark.parametrize("null", [
    session([], 6), session([-1] * 12, 6, encounters=3), session(np.arange(200), 6, encounters=0, hours=0.0)])
@pytest.mark.parametrize("displaces", [(), None, ("street", "club")])
def test_a_session_to_which_nobody_comes_changes_no_bit(null: Session, displaces: Iterable[str] | None) -> None:
    plain, other = doing(), doing(null, displaces=displaces)
    for _ in range(4):
        plain.step()
        other.step()
    assert differing_columns(plain, other) == []


def test_people_who_sit_alone_change_no_bit_where_nothing_is_displaced() -> None:
    plain, other = doing(), doing(session(np.arange(200), 1, encounters=3))
    for _ in range(3):
        plain.step()
        other.step()
    assert differing_columns(plain, other) == []


def test_actions_do_nothing_in_a_burn_in() -> None:
    world = doing(session(np.arange(200), 6), displaces=None)
    world.actions.append(Doing(lambda world: pytest.fail("a burn-in has no actions")))
    world.clock = -2
    world.step()
    world.step()


def test_a_team_more_leaves_the_pairs_of_all_others() -> None:
    """So does a session more, and a person more in an empty seat."""
    empty = make_parameters({})
    rows = grown(make_world(parameters=empty))[:60]
    with_gap = np.where(np.arange(60) == 7, -1, rows)
    before = doing(session(with_gap, 6, encounters=2), parameters=empty)
    added = session(rows[::2] + 900, 2, name="b")
    more = doing(session([*rows, *rows[:5] + 500], 6, encounters=2), added, parameters=empty)
    before.step()
    more.step()
    team = np.setdiff1d(rows[:60], rows[6:12])
    for name in ("counts", "own_meetings", "dose", "company", "shared_activity", "community", "candidate"):
        np.testing.assert_array_equal(getattr(before.week, name)[team], getattr(more.week, name)[team])
    assert 0 < met(before)[rows[6:12]].sum() < met(more)[rows[6:12]].sum()


@pytest.mark.parametrize("threads", [2, 5])
def test_threads_change_no_bit_of_sessions(threads: int) -> None:
    one, many = (doing(session(np.arange(5, 400), 7, encounters=2), displaces=None, threads=n) for n in (1, threads))
    for _ in range(3):
        one.step()
        many.step()
    assert differing_columns(one, many) == []


# --- who meets in it

@pytest.mark.parametrize("seats, slots", [(2, 1), (5, 4), (6, 3), (30, 2)])
def test_all_who_come_meet_in_every_slot_but_the_odd_one(seats: int, slots: int) -> None:
    """Two teams, all seats taken: each slot pairs all of a team, but one of an odd number."""
    rows = grown(make_world())[:2 * seats]
    world = doing(session(rows, seats, encounters=slots, avoidability=0.0), parameters=make_parameters({}))
    world.step()
    assert met(world)[rows].sum() == 2 * slots * (seats - seats % 2) == met(world).sum()
    assert met(world).max() <= slots


def test_little_children_and_those_to_come_are_never_there() -> None:
    world = doing(session(np.arange(120), 12, encounters=3, avoidability=0.0), parameters=make_parameters({}))
    world.people.age[:40] = 4.0
    world.people.arrived[40:80] = -0.5
    world.step()
    assert met(world)[:80].sum() == 0 < met(world)[80:120].sum()


def test_a_session_is_community_life_in_a_small_group() -> None:
    """Own-group meetings there are counted, shared activity twice over, and ties form."""
    world = doing(session(np.arange(400), 8, encounters=2, common_goals=0.9, cooperation=0.8, avoidability=0.0),
                  parameters=make_parameters({}, psychology=FRIENDLY))
    world.step()
    people, week = world.people, world.week
    assert week.own_meetings.sum() > 100
    np.testing.assert_array_equal(week.bonding, week.own_meetings)
    assert week.shared_activity.sum() > 0 and week.shared_activity.max() % 72 == 0
    np.testing.assert_array_equal(week.community, week.shared_activity)
    assert (people.ties >= 0).any(axis=1)[met(world) > 0].mean() > 0.3
    assert world.people.engagement.max() > world.parameters.psychology.engagement_rest


def test_sessions_are_refused_when_a_resident_s_meetings_could_not_be_counted() -> None:
    """Who is in one session only may have as many encounters as fit; two of them for somebody are too many."""
    most = MOST_MEETINGS - SLOTS - 23 * ordinary_week()["friends"].encounters_per_week
    one, other = (session(rows, 2, most, name=name) for rows, name in ((range(40), "one"), (range(40, 80), "other")))
    world = doing(one, other)
    world.step()
    assert most <= world.week.own_meetings.max() <= met(world).max() <= MOST_MEETINGS
    with pytest.raises(UserError, match=f"week 0 up to again give a resident {most + 1} encounters; at most {most}"):
        doing(one, other, session([3, 90], 2, 1, name="again")).step()


def test_conditions_of_a_session_are_felt() -> None:
    """A mediator, neutral ground and equal status leave fewer bad meetings; neutral ground alone fewer declined."""
    def meetings(**conditions: float) -> NDArray[np.int64]:
        world = doing(session(np.arange(1000), 10, encounters=20, **conditions), parameters=make_parameters(
            {}, psychology={"negative_base": 0.0, "neutral_ground": 1.0}))
        world.step()
        return np.asarray(world.week.counts[:, 0, 1:].sum(axis=0))

    plain, better = meetings(), meetings(mediator=1.0, equal_status=1.0)  # negative, neutral, declined
    neutral, forced = meetings(neutral_ground=1.0), meetings(avoidability=0.0)
    assert better[0] < 0.7 * plain[0] and neutral[2] < 0.9 * plain[2] and forced[2] == 0 < plain[2]


def test_a_session_has_names_and_numbers_of_its_own() -> None:
    """Another name or week is another matching; the same one the same."""
    def partners(name: str, week: int = 0) -> NDArray[np.int32]:
        world = doing(session(np.arange(200, 400), 20, name=name), parameters=make_parameters(
            {}, psychology=FRIENDLY), threads=1)
        world.clock = week
        world.step()
        return world.week.candidate.copy()

    first = partners("one")
    assert (first == partners("one")).all()
    for other in (partners("other"), partners("one", 1)):
        assert (first[200:400] != other[200:400]).mean() > 0.5


def test_who_came_are_those_with_a_seat() -> None:
    one = Session("it", np.array([0, 3, 5]), np.array([4, -1, 9, -1, 2], np.int32), Conditions(), 1)
    assert one.rows.tolist() == [4, 9, 2]
    assert make_world(two_groups()).sessions == []


# --- how much an hour counts

def doses(hours: float, encounters: int = 4, before: float | list[float] = 0.0, dilution: float = 1.0,
          familiarity: float = 10.0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(N,) effective dose and (N,) company of a session of teams of two, in parts of close hours."""
    world = make_world(parameters=make_parameters({}, psychology={"familiarity": familiarity}))
    rows = grown(world)[:600]
    known = np.resize(np.asarray(before, np.float32), rows.size)
    one = replace(session(rows, 2, encounters, hours=hours, avoidability=0.0, closeness=0.5), hours_before=known,
                  dilution=dilution)
    world.actions = [Doing(lambda world: world.convene(one, ()))]
    world.step()
    return world.week.dose.sum(axis=(1, 2), dtype=np.int64), world.week.company.astype(np.int64)


def test_dose_is_closeness_times_hours_however_often_pairs_are_made() -> None:
    """Everybody meets one other in a team of two; meetings that are neither good nor bad add nothing."""
    dose, company = doses(4.0, encounters=1)
    assert set(dose.tolist()) == {0, 5000 * 4} and (dose == company).all()
    more, _ = doses(4.0, encounters=4)
    assert set(more.tolist()) <= set(range(0, 5000 * 5, 5000)) and more.max() == 5000 * 4


def test_an_hour_counts_less_the_more_hours_people_have_had_together() -> None:
    new, company = doses(4.0)
    assert new.sum() > 0
    for before, dilution, share in ((10.0, 1.0, 1 / 2), (30.0, 1.0, 1 / 4), (10.0, 0.5, 1 / 1.5), (30.0, 0.0, 1.0)):
        dose, same = doses(4.0, before=before, dilution=dilution)
        assert dose.sum() == pytest.approx(share * new.sum(), rel=1e-3)
        np.testing.assert_array_equal(same, company)
    assert doses(4.0, before=30.0, familiarity=0.0)[0].sum() == new.sum()


def test_a_newcomer_is_new_to_everybody() -> None:
    """Two have been together since the later one came."""
    np.testing.assert_array_equal(doses(4.0, before=[500.0, 0.0])[0], doses(4.0)[0])


def test_it_displaces_no_less_for_those_who_know_each_other() -> None:
    one = session(np.arange(200), encounters=3)
    known = replace(one, hours_before=np.full(one.occupant.shape, 90, np.float32))
    np.testing.assert_array_equal(displaced(doing(one, displaces=None)), displaced(doing(known, displaces=None)))
