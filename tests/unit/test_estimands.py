"""Estimands along a gradient, and those that describe one world, on people whose answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from contactsim.draws import Decision, stream, uniforms
from contactsim.evidence.descriptions import (
    average,
    bimodality_change,
    burn_in,
    people,
    sarle,
    share_above_zero,
    share_between_areas,
    spread,
)
from contactsim.evidence.effects import (
    Worlds,
    contact_ratio,
    contact_rise,
    frequent_negative,
    frequent_negative_rise,
    spread_change,
)
from contactsim.evidence.panel import END, MIDDLE, START, Seen
from contactsim.evidence.relations import elasticity, net_contact_effect

N = 2000
ZERO = np.zeros(N)


def world(end: np.ndarray = ZERO, positive: np.ndarray = ZERO, negative: np.ndarray = ZERO,
          middle: np.ndarray = ZERO) -> Seen:
    """Adults of the majority, and as many of the minority whom no figure here may look at."""
    def both(values: np.ndarray) -> np.ndarray:
        return np.concatenate([values, np.full(N, 1e6)])

    at_end = {"attitude": both(end), "friends": both(positive), "here": np.ones(2 * N)} | {
        f"{half}_{what}": both(of) for half in ("first", "second")
        for what, of in (("positive", positive), ("negative", negative))}
    waves = {START: {"attitude": both(ZERO)}, MIDDLE: {"attitude": both(middle)}, END: at_end}
    static = {"group": np.repeat([0, 1], N), "age": np.full(2 * N, 40.0), "uid": np.arange(2 * N),
              "active": np.ones(2 * N, bool), "neighbourhood": np.arange(2 * N) % 4}
    return Seen(1, static, waves, {}, burn_in={"weeks": 208.0, "flat": 1.0})


def case(**worlds: Seen) -> Worlds:
    return Worlds(worlds, worlds)


def noise(seed: int, n: int = N) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=n)


def test_contact_rise_counts_standard_deviations() -> None:
    low, high = noise(1), noise(1) + 1.0
    rise = contact_rise(case(few=world(low, low, low), many=world(high, high, high)), "positive", "few", "many")
    assert math.isclose(rise, 1.0 / np.concatenate([low, high]).std(), rel_tol=1e-9)


def test_no_meetings_is_no_rise() -> None:
    nothing = case(few=world(noise(1)), many=world(noise(1)))
    assert contact_rise(nothing, "negative", "few", "many") == 0.0
    assert math.isnan(elasticity(nothing, "negative", {"few": 0.1, "many": 0.5}))
    assert math.isnan(contact_ratio(nothing, "negative", "few", "many"))


def test_elasticity_of_proportional_contact_is_one() -> None:
    shares = {"d02": 0.02, "d10": 0.1, "d50": 0.5}
    worlds = case(**{name: world(noise(1), np.full(N, 3 * s), np.full(N, s**2)) for name, s in shares.items()})
    assert math.isclose(elasticity(worlds, "positive", shares), 1.0, rel_tol=1e-9)
    assert math.isclose(elasticity(worlds, "negative", shares), 2.0, rel_tol=1e-9)


def test_contact_ratio_compares_two_worlds() -> None:
    both = case(base=world(negative=np.full(N, 0.5)), half=world(negative=np.full(N, 0.25)))
    assert contact_ratio(both, "negative", "half", "base") == 0.5


@pytest.mark.parametrize(("good", "bad"), [(0.5, -0.3), (0.1, -0.9)])
def test_mediation_finds_the_product_of_coefficients(good: float, bad: float) -> None:
    """y = good p + bad n, p = 2 d + e, n = d + f: the net indirect effect is 2 good + bad per share."""
    shares = {"d02": 0.02, "d10": 0.1, "d50": 0.5}
    worlds, ys = {}, []
    for k, (name, share) in enumerate(shares.items()):
        p, n = 2 * share + 0.1 * noise(3 * k), share + 0.1 * noise(3 * k + 1)
        y = good * p + bad * n + 0.01 * noise(3 * k + 2)
        ys.append(y)
        worlds[name] = world(y, p, n)
    expected = (2 * good + bad) * 0.48 / np.concatenate(ys).std()
    assert math.isclose(net_contact_effect(case(**worlds), shares), expected, abs_tol=0.03)


def test_those_with_most_negative_contact_are_a_tenth() -> None:
    negative = np.arange(N, dtype=float)
    end = np.where(negative >= N * 0.9, -1.0, 0.0) + 0.1 * noise(1)
    worlds = case(d10=world(0.1 * noise(2), negative=negative), d50=world(end, negative=negative), alone=world())
    gap = (end[-N // 10:].mean() - end[: -N // 10].mean()) / end.std()
    for reading in ("level", "change", "effect"):
        assert math.isclose(frequent_negative(worlds, "d50", reading, "alone"), gap, rel_tol=1e-9)
    assert frequent_negative_rise(worlds, "level", "d10", "d50") < -1.0


def test_people_are_singled_out_in_the_worlds_that_are_chosen() -> None:
    negative = np.arange(N, dtype=float)
    here, base = world(negative, negative=-negative), world(negative, negative=negative)
    assert frequent_negative(Worlds({"d50": here}, {"d50": here}), "d50", "level") < 0
    assert frequent_negative(Worlds({"d50": here}, {"d50": base}), "d50", "level") > 0


def test_a_keyed_number_decides_between_equals() -> None:
    order = uniforms(stream(1, Decision.SURVEY), np.arange(N))
    assert frequent_negative(case(d50=world(order)), "d50", "level") < -1.0  # the lowest numbers, not the first rows


def test_spread_change_and_shapes() -> None:
    a, half = noise(1), noise(2, N // 2)
    camps = np.concatenate([half - 3, half + 3])
    worlds = case(one=world(a), wide=world(1.2 * a), camps=world(camps))
    assert math.isclose(spread_change(worlds, "wide", "one", "attitude"), 0.2, rel_tol=1e-9)
    assert bimodality_change(worlds, "camps", "one", "attitude") > 0.3
    assert math.isclose(bimodality_change(worlds, "wide", "one", "attitude"), 0.0, abs_tol=1e-9)


def test_sarle_knows_one_hump_from_two() -> None:
    assert sarle(noise(1)) < 0.4
    assert sarle(np.concatenate([noise(1) - 5, noise(2) + 5])) > 0.8
    assert math.isnan(sarle(np.ones(10)))


def test_descriptions_of_one_world() -> None:
    seen = case(town=world(noise(1), positive=(noise(2) > 0).astype(float)))
    assert average(seen, "town", "attitude") == noise(1).mean()
    assert spread(seen, "town", "attitude") == noise(1).std()
    assert share_above_zero(seen, "town", "friends") == (noise(2) > 0).mean()
    assert people(seen, "town") == N and people(seen, "town", {"group": "minority"}) == N
    assert (burn_in(seen, "town", "weeks"), burn_in(seen, "town", "flat")) == (208.0, 1.0)


def test_the_share_of_variance_between_areas() -> None:
    area = (np.arange(N) % 4).astype(float)
    assert math.isclose(share_between_areas(case(town=world(area)), "town", "attitude"), 1.0, rel_tol=1e-9)
    assert share_between_areas(case(town=world(noise(1))), "town", "attitude") < 0.01
