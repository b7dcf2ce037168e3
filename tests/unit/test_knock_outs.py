"""Each parameter that has a value ``off`` switches off, at that value, what its name says; at its default it does not.

A mechanism carries a cause to an effect. Two worlds differ in the cause alone: switched off, the effect is the same in
every bit; at the default it differs, which shows that the test can fail.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from contactsim.encounters.arrays import NEGATIVE, PARTNER_EFFECT, PLEASANT, POSITIVE, TAKE_UP, UNPLEASANT, terms
from contactsim.encounters.session import Impulse
from contactsim.parameters import Psychology, Residents, Section
from contactsim.residents import BELIEVES, position_of
from contactsim.world import World
from tests.worlds import context, four_groups, make_parameters, make_world, same_bits, session, two_groups

Change = Callable[[World], None]
Reading = Callable[[World], NDArray[Any]]


class Case(NamedTuple):
    """What a mechanism carries to what. ``meetings``: in an ordinary week; otherwise nobody meets."""

    cause: Change
    effect: Reading
    meetings: bool = False
    groups: int = 2
    without: dict[str, float] = {}
    """other parameters of the psychology that would carry the same cause to the same effect, or hide it"""


def switches() -> dict[str, tuple[str, float]]:
    """Section and value ``off`` of each parameter that has one."""
    found = {}
    sections: dict[str, type[Section]] = {"residents": Residents, "psychology": Psychology}
    for section, model in sections.items():
        for name, field in model.model_fields.items():
            extra = field.json_schema_extra
            if isinstance(extra, dict) and "off" in extra:
                found[name] = section, float(extra["off"])  # type: ignore[arg-type]
    return found


# --- causes

def more(column: str, by: float, low: float = 0.0) -> Change:
    """Raise a column of everybody, within its range."""
    def cause(world: World) -> None:
        values = world.people.column(column)
        values[:] = np.clip(values + by, low, 1.0)

    return cause


def becomes(column: str, value: Any) -> Change:
    def cause(world: World) -> None:
        world.people.column(column)[:] = value

    return cause


def impulse(kind: int) -> Change:
    return lambda world: world.impulses.append(Impulse(kind, 0))


def own_session(world: World) -> None:
    """Members of the first group do something together."""
    rows = np.flatnonzero(world.people.active & (world.people.group == 0))[:120]
    world.sessions.append(session(rows, encounters=3, common_goals=1.0, cooperation=1.0))


def mixed_session(world: World) -> None:
    rows = np.flatnonzero(world.people.active)[:400:2]
    world.sessions.append(session(rows, encounters=3, closeness=1.0, avoidability=0.0))


def years_together(world: World) -> None:
    for setting in world.settings.values():
        setting.since -= np.int16(200)


def younger_adults(world: World) -> None:
    world.people.age[world.people.age > 30] = 25.0


def grown_up(world: World) -> None:
    world.people.age[:] = 40.0


def twenty_years_older(world: World) -> None:
    world.people.age[:] += 20.0


def a_shrunken_group(world: World) -> None:
    world.areas.past[:] += 0.2


def fewer_others_elsewhere(world: World) -> None:
    """People of other groups outside the first neighbourhood are too young to count."""
    people, end = world.people, world.settings["street"].partitions["neighbourhood"].start[1]
    away = np.arange(len(people)) >= end
    people.age[away & (people.group > 0)] = 3.0


def known_groups(world: World) -> None:
    world.people.extended_contact[:] = 3


def friends_everywhere(world: World) -> None:
    world.people.friend_groups[:] = 3


def norms_of_messages(world: World) -> None:
    world.areas.message_effect[:] = 0.2


# --- effects

def column(name: str) -> Reading:
    return lambda world: world.people.column(name)[world.people.active]


def odds(kind: int) -> Reading:
    return lambda world: world.week.odds_factor[world.people.active, :, kind]


def attitude_to_a_third(world: World) -> NDArray[Any]:
    """Of the first group to the third, which the impulse is not with."""
    rows = np.flatnonzero(world.people.active & (world.people.group == 0))
    return world.people.attitude[rows, int(position_of(2, 0))]


def threat_in_the_first_neighbourhood(world: World) -> NDArray[Any]:
    end = world.settings["street"].partitions["neighbourhood"].start[1]
    return world.people.threat[:end][world.people.group[:end] == 0]


def all_meetings(world: World) -> NDArray[Any]:
    """All who met, of whatever group and kind: who was present."""
    return world.week.counts.sum(axis=(1, 2)) + world.week.own_meetings


CASES: dict[str, Case] = {
    "presence_age": Case(younger_adults, lambda world: world.week.availability),
    "seeking": Case(more("attitude", 0.5, -1.0), all_meetings, True),
    "take_up_attitude": Case(more("attitude", 0.3, -1.0), odds(TAKE_UP)),
    "take_up_anxiety": Case(more("anxiety", 0.3), odds(TAKE_UP)),
    "take_up_sociability": Case(becomes("sociability", 2.0), odds(TAKE_UP)),
    "take_up_language": Case(becomes("language", 0.4), odds(TAKE_UP)),
    "appraisal": Case(more("attitude", 0.3, -1.0), lambda world: np.stack([odds(PLEASANT)(world), odds(
        UNPLEASANT)(world), odds(PARTNER_EFFECT)(world)], axis=1), without={"inward_norms": 0.0}),
    "appraisal_anxiety": Case(more("anxiety", 0.3), odds(UNPLEASANT)),
    "appraisal_threat": Case(more("threat", 0.3), odds(UNPLEASANT)),
    "negative_exposure_positive": Case(becomes("negative_exposure", 1.0), odds(PLEASANT)),
    "unequal_status": Case(lambda world: becomes("status", np.where(world.people.group, 0.1, 0.9))(world),
                           lambda world: world.week.counts, True, without={"negative_base": 2.0}),
    "inward_norms": Case(norms_of_messages, odds(UNPLEASANT)),
    "common_identity": Case(more("belonging", 0.4), odds(PLEASANT)),
    "negative_weight": Case(impulse(NEGATIVE), column("attitude")),
    "age_stability": Case(twenty_years_older, column("attitude"), without={"threat_change": 0.0}),
    "familiarity": Case(years_together, lambda world: world.week.dose, True),
    "drift": Case(more("baseline_attitude", 0.3, -1.0), column("attitude")),
    "transfer": Case(impulse(POSITIVE), attitude_to_a_third, groups=4),
    "extended": Case(known_groups, column("attitude")),
    "norms": Case(norms_of_messages, column("attitude")),
    "anxiety_baseline_attitude": Case(more("baseline_attitude", 0.3, -1.0), column("anxiety")),
    "anxiety_learning": Case(impulse(NEGATIVE), column("anxiety")),
    "threat_baseline_attitude": Case(more("baseline_attitude", 0.3, -1.0), column("threat")),
    "threat_district": Case(fewer_others_elsewhere, threat_in_the_first_neighbourhood),
    "threat_change": Case(a_shrunken_group, column("threat")),
    "threat_learning": Case(impulse(NEGATIVE), column("threat")),
    "threat_attitude": Case(more("threat", 0.3), column("attitude")),
    "tie_further": Case(friends_everywhere, lambda world: world.week.candidate, True, without={"tie": 20.0}),
    "belonging_childhood": Case(grown_up, column("belonging")),
    "belonging_gain": Case(own_session, column("belonging")),
    "engagement_gain": Case(own_session, column("engagement")),
    "stigma_learning": Case(impulse(NEGATIVE), column("stigma")),
    "stigma_bonding": Case(own_session, column("stigma")),
    "stigma_anxiety": Case(more("stigma", 0.3), column("anxiety")),
    "rumour_threat": Case(becomes("rumour", BELIEVES), column("threat")),
    "language_gain": Case(mixed_session, column("language")),
}
#: Parameters that, switched off, leave a state as it was in a week in which nobody meets; and what else moves it.
STAYS: dict[str, tuple[str, dict[str, float]]] = {
    "forgetting": ("positive", {"extended": 0.0}), "anxiety_drift": ("anxiety", {}), "threat_drift": ("threat", {}),
    "belonging_decline": ("belonging", {}), "engagement_decline": ("engagement", {}), "stigma_drift": ("stigma", {}),
    "tie_fade": ("friends", {})}
#: Parameters that, switched off, leave a column at 0 for everybody.
ZERO = {"wandering_spread": "wandering", "anxiety_spread": "anxiety_trait", "threat_spread": "threat_trait",
        "negative_exposure_spread": "negative_exposure", "feeling_gain": "feeling"}
#: Parameters of conditions, the field of a contact context that they weigh, and the numbers for the kernels.
TERMS = {"conditions_positive": ("cooperation", ["positive"]), "conditions_negative": ("cooperation", ["negative"]),
         "mediator": ("mediator", ["negative"]), "neutral_ground": ("neutral_ground", ["take_up", "negative"])}


def test_every_switch_has_its_test() -> None:
    assert sorted([*CASES, *STAYS, *ZERO, *TERMS, "tie_limit"]) == sorted(switches())


def values(name: str) -> tuple[float, float]:
    """(off, on)"""
    section, off = switches()[name]
    model: type[Section] = Residents if section == "residents" else Psychology
    return off, float(model.model_fields[name].default)


def world_with(name: str, value: float, meetings: bool, groups: int = 2, **psychology: float) -> World:
    section = switches()[name][0]
    mind = psychology | ({name: value} if section == "psychology" else {})
    parameters = make_parameters(None if meetings else {}, {"newcomers": 0.3} | (
        {name: value} if section == "residents" else {}), mind)
    world = make_world(two_groups(12, 100) if groups == 2 else four_groups(), parameters)
    world.people.belonging[:], world.people.language[:] = 0.5, 0.5
    return world


def effect(name: str, value: float, caused: bool) -> NDArray[Any]:
    case = CASES[name]
    world = world_with(name, value, case.meetings, case.groups, **case.without)
    if name == "age_stability":
        world.people.age[:] = 30.0
        world.impulses.append(Impulse(POSITIVE, 0))
    if caused:
        case.cause(world)
    world.step()
    return case.effect(world).copy()


@pytest.mark.parametrize("name", CASES)
def test_a_cause_has_no_effect_without_the_mechanism(name: str) -> None:
    off, on = values(name)
    assert off != on
    assert same_bits(effect(name, off, False), effect(name, off, True)).all()
    assert not same_bits(effect(name, on, False), effect(name, on, True)).all()


@pytest.mark.parametrize("name", STAYS)
def test_a_state_stays_without_the_mechanism(name: str) -> None:
    column_name, without = STAYS[name]
    for value, stays in zip(values(name), (True, False), strict=True):
        world = world_with(name, value, True)
        for _ in range(5):
            world.step()
        quiet = world_with(name, value, False, **without)
        quiet.restore({key: array.copy() for key, array in world.arrays().items()})
        quiet.clock = 52  # a week in which ties may fade
        people = quiet.people
        if name != "tie_fade":
            people.column(column_name)[:] = 0.8
        before = people.column(column_name).copy()
        assert before.any()
        for _ in range(25):
            quiet.step()
        assert same_bits(people.column(column_name), before)[people.active].all() == stays


@pytest.mark.parametrize("name", ZERO)
def test_a_column_stays_at_zero_without_the_mechanism(name: str) -> None:
    for value, zero in zip(values(name), (True, False), strict=True):
        world = world_with(name, value, True)
        for _ in range(15):
            world.step()
        assert world.week.counts.any()
        assert (world.people.column(ZERO[name]) == 0).all() == zero


@pytest.mark.parametrize("name", TERMS)
def test_a_condition_counts_for_nothing_without_its_weight(name: str) -> None:
    field, numbers = TERMS[name]
    for value, same in zip(values(name), (True, False), strict=True):
        p = Psychology(**{name: value})
        few, many = (terms(context("work", "small_group", **{field: x}), p) for x in (0.0, 1.0))
        assert [getattr(few, number) == getattr(many, number) for number in numbers] == [same] * len(numbers)


def test_twelve_friends_hardly_matter_without_a_limit_of_friends() -> None:
    """At 1000 friends as the limit they lower the chance of a tie by (1 - 12 / 1000)^2 = 2 %; at 24 by 75 %."""
    for value, low, high in zip(values("tie_limit"), (0.93, 0.1), (1.03, 0.45), strict=True):
        found = []
        for friends in (0, 12):
            world = world_with("tie_limit", value, True, tie=0.6)
            world.people.friends[:] = friends
            world.step()
            found.append((world.week.candidate >= 0).sum())
        assert found[0] > 100 and low < found[1] / found[0] < high
