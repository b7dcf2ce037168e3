"""Estimands along a gradient and descriptives of one world, on data with known answers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from contactsim.draws import Decision, stream, uniforms
from contactsim.evidence import effects
from contactsim.evidence.effects import Worlds
from contactsim.evidence.panel import END, MIDPOINT, START, PanelData
from contactsim.evidence.relations import elasticity, net_contact_effect

N = 2000
ZERO = np.zeros(N)


def world(end: np.ndarray = ZERO, positive: np.ndarray = ZERO, negative: np.ndarray = ZERO,
          midpoint: np.ndarray = ZERO) -> PanelData:
    """Adults of the majority, and as many of the minority, whom no figure here may include."""
    def both(values: np.ndarray) -> np.ndarray:
        return np.concatenate([values, np.full(N, 1e6)])

    at_end = {"attitude": both(end), "friends": both(positive), "here": np.ones(2 * N)} | {
        f"{half}_{kind}": both(of) for half in ("first", "second")
        for kind, of in (("positive", positive), ("negative", negative))}
    waves = {START: {"attitude": both(ZERO)}, MIDPOINT: {"attitude": both(midpoint)}, END: at_end}
    static = {"group": np.repeat([0, 1], N), "age": np.full(2 * N, 40.0), "uid": np.arange(2 * N),
              "active": np.ones(2 * N, bool), "neighbourhood": np.arange(2 * N) % 4}
    return PanelData(1, static, waves, {}, burn_in={"weeks": 208.0, "stationary": 1.0})


def case(**worlds: PanelData) -> Worlds:
    return Worlds(worlds, worlds)


def noise(seed: int, n: int = N) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=n)


def test_contact_rise_counts_standard_deviations() -> None:
    low, high = noise(1), noise(1) + 1.0
    rise = effects.contact_rise(case(few=world(low, low, low), many=world(high, high, high)), "positive", "many", "few")
    assert math.isclose(rise, 1.0 / np.concatenate([low, high]).std(), rel_tol=1e-9)


def test_no_meetings_is_no_rise() -> None:
    nothing = case(few=world(noise(1)), many=world(noise(1)))
    assert effects.contact_rise(nothing, "negative", "many", "few") == 0.0
    assert math.isnan(elasticity(nothing, "negative", {"few": 0.1, "many": 0.5}))
    assert math.isnan(effects.contact_ratio(nothing, "negative", "few", "many"))


def test_elasticity_of_proportional_contact_is_one() -> None:
    shares = {"d02": 0.02, "d10": 0.1, "d50": 0.5}
    worlds = case(**{name: world(noise(1), np.full(N, 3 * s), np.full(N, s**2)) for name, s in shares.items()})
    assert math.isclose(elasticity(worlds, "positive", shares), 1.0, rel_tol=1e-9)
    assert math.isclose(elasticity(worlds, "negative", shares), 2.0, rel_tol=1e-9)


def test_contact_ratio_compares_two_worlds() -> None:
    both = case(base=world(negative=np.full(N, 0.5)), half=world(negative=np.full(N, 0.25)))
    assert effects.contact_ratio(both, "negative", "half", "base") == 0.5


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


def test_frequent_negative_contact_compares_a_tenth_with_all_others() -> None:
    negative = np.arange(N, dtype=float)
    end = np.where(negative >= N * 0.9, -1.0, 0.0) + 0.1 * noise(1)
    worlds = case(d10=world(0.1 * noise(2), negative=negative), d50=world(end, negative=negative), alone=world())
    gap = (end[-N // 10:].mean() - end[: -N // 10].mean()) / end.std()
    for outcome in ("level", "change", "effect"):
        assert math.isclose(effects.frequent_negative(worlds, "d50", outcome, "alone"), gap, rel_tol=1e-9)
    assert effects.frequent_negative_rise(worlds, "level", "d50", "d10") < -1.0


def test_subgroups_are_selected_in_the_selecting_worlds() -> None:
    negative = np.arange(N, dtype=float)
    here, base = world(negative, negative=-negative), world(negative, negative=negative)
    assert effects.frequent_negative(Worlds({"d50": here}, {"d50": here}), "d50", "level") < 0
    assert effects.frequent_negative(Worlds({"d50": here}, {"d50": base}), "d50", "level") > 0


def test_a_keyed_number_orders_people_with_equal_counts() -> None:
    order = uniforms(stream(1, Decision.SURVEY), np.arange(N))
    # the people with the lowest numbers are selected, not the first rows
    assert effects.frequent_negative(case(d50=world(order)), "d50", "level") < -1.0


def test_spread_change_and_shapes() -> None:
    a, half = noise(1), noise(2, N // 2)
    camps = np.concatenate([half - 3, half + 3])
    worlds = case(one=world(a), wide=world(1.2 * a), camps=world(camps))
    assert math.isclose(effects.spread_change(worlds, "wide", "one", "attitude"), 0.2, rel_tol=1e-9)
    assert effects.bimodality_change(worlds, "camps", "one", "attitude") > 0.3
    assert math.isclose(effects.bimodality_change(worlds, "wide", "one", "attitude"), 0.0, abs_tol=1e-9)


def test_descriptions_of_one_world() -> None:
    town = case(town=world(noise(1), positive=(noise(2) > 0).astype(float)))
    assert effects.average(town, "town", "attitude") == noise(1).mean()
    assert effects.spread(town, "town", "attitude") == noise(1).std()
    assert effects.share_above_zero(town, "town", "friends") == (noise(2) > 0).mean()
    assert effects.people(town, "town") == N and effects.people(town, "town", {"group": "minority"}) == N
    assert (effects.burn_in(town, "town", "weeks"), effects.burn_in(town, "town", "stationary")) == (208.0, 1.0)


def test_the_share_of_variance_between_areas() -> None:
    area = (np.arange(N) % 4).astype(float)
    assert math.isclose(effects.share_between_areas(case(town=world(area)), "town", "attitude"), 1.0, rel_tol=1e-9)
    assert effects.share_between_areas(case(town=world(noise(1))), "town", "attitude") < 0.01
