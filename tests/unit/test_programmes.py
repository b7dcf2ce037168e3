"""Estimands of actions and events, on worlds with known answers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from contactsim.evidence import programmes
from contactsim.evidence.effects import Worlds
from contactsim.evidence.panel import END, MIDPOINT, START, PanelData

#: Ten adults of the majority; their answers have a mean of 5 and a standard deviation of 1.
BASE = np.array([4.0, 6, 4, 6, 4, 6, 4, 6, 4, 6])
TERMS = {"with@end": 1.0, "without@end": -1.0}
LATER = {"with@midpoint": 1.0, "without@midpoint": -1.0}


def world(end: Any = BASE, midpoint: Any = BASE, attended: Any = None, people: dict[str, Any] | None = None,
          **more: Any) -> PanelData:
    """A world in which column ``answer_attitude`` has these values."""
    here = np.ones(10)
    static: dict[str, Any] = {
        "group": np.zeros(10, int), "age": np.full(10, 40.0), "uid": np.arange(10), "active": np.ones(10, bool),
        "household": np.arange(10), "district": np.arange(10) // 2, "job": np.ones(10, bool)} | (people or {})
    waves = {START: {"here": here, "answer_attitude": BASE}, MIDPOINT: {"here": here, "answer_attitude": midpoint},
             END: {"here": here, "answer_attitude": end, **more}}
    actions = {} if attended is None else {"club": {"participants": np.asarray(attended) > 0,
                                                    "attended": np.asarray(attended)}}
    return PanelData(1, static, waves, {}, actions)


def case(**worlds: PanelData) -> Worlds:
    return Worlds(worlds, worlds)


def test_a_share_of_an_effect_that_is_left() -> None:
    both = case(**{"with": world(BASE + 0.1, BASE + 0.4), "without": world()})
    assert programmes.ratio_of_effects(both, "answer_attitude", TERMS, LATER, "without@end") == pytest.approx(0.25)
    none = case(**{"with": world(BASE + 0.1), "without": world()})
    assert math.isnan(programmes.ratio_of_effects(none, "answer_attitude", TERMS, LATER, "without@end"))


def test_softening_compares_two_subgroups() -> None:
    """Those above the middle fall by .3, all others by .6."""
    fall = np.where(BASE > 5, 0.3, 0.6)
    both = case(**{"with": world(BASE - fall), "without": world()})
    high, low = ({"group": "majority", "having": {"answer_attitude": limits}} for limits in ([5, None], [None, 5]))
    found = programmes.softening(both, "answer_attitude", TERMS, "without@end", high, low)
    assert found == pytest.approx(0.5)


def test_the_difference_of_two_changes_in_two_towns() -> None:
    both = case(arts=world(BASE + 0.1), elsewhere=world(BASE - 0.2))
    found = programmes.difference_of_contrasts(
        both, "answer_attitude", {"arts@end": 1, "arts@start": -1}, {"group": "majority"},
        {"elsewhere@end": 1, "elsewhere@start": -1}, {"group": "majority"}, "elsewhere@start")
    assert found == pytest.approx(0.3)


def test_an_effect_by_the_share_of_others_in_the_district() -> None:
    """Districts 0 to 4 have two majority residents and 0 to 4 others; the effect falls by .1 from each to the next."""
    others = np.repeat(np.arange(5), np.arange(5))
    district = np.append(np.repeat(np.arange(5), 2), others)
    n = district.size
    group = np.array([0] * 10 + [1] * others.size)
    start = np.tile([4.0, 6.0], n // 2)
    effect = 0.5 - 0.1 * district
    worlds = {}
    for name, gain in (("with", effect), ("without", np.zeros(n))):
        people = {"group": group, "age": np.full(n, 40.0), "uid": np.arange(n), "active": np.ones(n, bool),
                  "district": district}
        waves = {wave: {"here": np.ones(n), "answer_attitude": start + gain * (wave == END)} for wave in (START, END)}
        worlds[name] = PanelData(1, people, waves, {})
    found = programmes.effect_by_segregation(case(**worlds), "answer_attitude", TERMS, "without@end",
                                             {"group": "majority"})
    # thirds of ten are three: districts 0, 0, 1 against 3, 4, 4
    assert found == pytest.approx((0.5 + 0.5 + 0.4) / 3 - (0.2 + 0.1 + 0.1) / 3)


def test_visitors_are_those_who_came_often_enough() -> None:
    attended = [30, 30, 30, 5, 0, 0, 0, 0, 0, 0]
    gain = np.array([0.3, 0.3, 0.3, 0.9] + [0.0] * 6)
    counts = {"second_positive": np.full(10, 6.0), "second_neutral": np.full(10, 2.0)}
    both = case(open=world(BASE + gain, attended=attended, second_negative=np.full(10, 2.0), **counts),
                shut=world(second_negative=np.full(10, 8.0), **counts))
    found = programmes.visitors_effect(both, "answer_attitude", "open", "shut", "club", 26, "shut@end")
    assert found == pytest.approx(0.3)
    assert programmes.visitors(both, "open", "club", 26) == 3
    # bad meetings are 2 of 10, and 8 of 16 without the club
    assert programmes.visitors_bad_share(both, "open", "shut", "club", 26) == pytest.approx(0.2 / 0.5 - 1)
    over = programmes.visitors_over_all(both, "answer_attitude", "open", "shut", "club", 26, "shut@end",
                                        {"open@end": 1, "shut@end": -1})
    assert over == pytest.approx(0.3 - gain.mean())
    closed = case(open=world(), shut=world())
    assert programmes.visitors_effect(closed, "answer_attitude", "open", "shut", "club", 26, "shut@end") == 0.0


def test_paths_through_contact_in_a_setting() -> None:
    """y = 5 + good - .5 bad; from the lower to the higher share good rises by 2 and bad by 1 (roots of meetings)."""
    step = np.arange(10.0)
    worlds, attitudes = {}, []
    for name, share in (("low", 0.1), ("high", 0.5)):
        good, bad = step % 3 + 5 * share, step % 2 + 2.5 * share
        attitudes.append(5 + good - 0.5 * bad)
        worlds[name] = world(attitudes[-1], second_positive=good**2, second_negative=bad**2)
    sd = np.concatenate(attitudes).std()
    both, shares = case(**worlds), {"low": 0.1, "high": 0.5}
    found = {path: programmes.setting_path(both, shares, path) for path in (
        "good", "bad", "total", "without_good", "without_bad", "weight_of_bad")}
    assert found == pytest.approx({"good": 2 / sd, "bad": -0.5 / sd, "total": 1.5 / sd, "without_good": -0.5 / sd,
                                   "without_bad": 2 / sd, "weight_of_bad": 0.25})
    assert programmes.setting_balance(both, shares, shares) == pytest.approx(0.0)


def test_parents_of_the_arts_school_against_parents_elsewhere() -> None:
    """Pupils are in rows 0 and 1, their parents in rows 2 and 3; row 4 came twice, row 5 once."""
    age = np.array([8.0, 8, 40, 40, 40, 40, 40, 40, 40, 40])
    household = np.array([0, 1, 0, 1, 2, 3, 4, 5, 6, 7])
    people = {"age": age, "household": household}
    attended = [12, 12, 0, 0, 2, 1, 0, 0, 0, 0]
    gain = np.array([0, 0, 1.0, 1, 3, 9, 9, 9, 9, 9])
    pupils = world(attended=[1, 1] + [0] * 8, people=people)
    worlds = case(arts=world(BASE + gain, attended=attended, people=people), elsewhere=world(people=people),
                  pupils=pupils)
    arguments: dict[str, Any] = {"column": "answer_attitude", "world": "arts", "control": "elsewhere", "wave": END,
                                 "pupils": "pupils", "sessions": "arts", "action": "club"}
    # those asked: 5, 7 and 7 against 4 and 6
    assert programmes.parents_gap(worlds, **arguments) == pytest.approx(19 / 3 - 5)
    # at equal attendance: parents who did not come, 5 and 7, against 4 and 6
    assert programmes.parents_gap(worlds, **arguments, net=True) == pytest.approx(1.0)
    assert programmes.parents_gap(worlds, **arguments, share_left=True) == pytest.approx(0.75)
