"""Estimands of simulated surveys, on answers with known results."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from contactsim.evidence import asked, asked_people
from contactsim.evidence.effects import Worlds
from contactsim.evidence.panel import END, MIDPOINT, START, PanelData

NAN = math.nan
#: Answers to contact_frequency.
NEVER, WEEKLY, DAILY = 0, 4, 6
FEW, SOME, MANY = 0, 1, 2


def survey(people: dict[str, Any] | None = None, end: dict[str, Any] | None = None, **answers: Any) -> Worlds:
    """A world of as many majority adults as there are answers, and two of the minority, who are not asked."""
    n = len(next(iter(answers.values())))
    given: dict[str, Any] = {"attitude": [5.0] * n, "contact_frequency": [DAILY] * n, "contact_valence": [5.0] * n,
                             "local_diversity": [FEW] * n, "close_friends": [0] * n, "circle_of_friends": [0] * n,
                             "threat": [3.0] * n, "good_episodes": [0] * n, "bad_episodes": [0] * n} | answers
    wave = {"here": np.ones(n + 2)} | {
        f"answer_{name}": np.array([*values, NAN, NAN], float) for name, values in given.items()}
    static: dict[str, Any] = {
        "group": np.array([0] * n + [1, 1]), "age": np.full(n + 2, 40.0), "uid": np.arange(n + 2),
        "active": np.ones(n + 2, bool), "district": np.zeros(n + 2, int)} | (people or {})
    waves = {START: wave, MIDPOINT: wave, END: wave | (end or {})}
    town = PanelData(1, static, waves, {})
    return Worlds({"town": town}, {"town": town})


AREAS = [FEW] * 4 + [MANY] * 4


def test_shares_ratios_and_differences_between_areas() -> None:
    case = survey(local_diversity=AREAS, contact_frequency=[NEVER, NEVER, DAILY, DAILY] + [DAILY] * 4,
                  contact_valence=[NAN, NAN, 3, 8, 3, 3, 8, 8])
    assert asked.asked_share(case, "town", "days", "few") == 15.0
    assert asked.band_ratio(case, "town", "days") == 2.0
    assert math.isclose(asked.band_elasticity(case, "town", "days"), math.log(2) / math.log(0.434 / 0.034))
    assert asked.band_ratio(case, "town", "bad") == 2.0  # one of four, two of four
    assert asked.asked_share(case, "town", "rare") == 0.25
    assert asked.band_difference(case, "town", "rare") == -0.5


def test_people_who_have_left_or_are_not_asked_do_not_count() -> None:
    case = survey(local_diversity=AREAS, attitude=[0.0] * 4 + [NAN] + [10.0] * 3)
    assert asked.asked(case, "town").attitude.mean() == pytest.approx(30 / 7)
    gone = survey(local_diversity=AREAS, end={"here": np.array([0.0] * 4 + [1.0] * 6)})
    assert asked.asked(gone, "town").rows.tolist() == [4, 5, 6, 7]


def test_those_with_weekly_bad_contact_against_all_others() -> None:
    attitude = np.array([2.0, 2, 2, 8, 8, 8, 1, 1, 1, 9, 9, 9])
    valence = [2, 2, 2, 8, 8, 8] * 2
    case = survey(local_diversity=[FEW] * 6 + [MANY] * 6, attitude=attitude, contact_valence=valence)
    sd = attitude.std()
    assert asked.weekly_bad_level(case, "town") == pytest.approx(-7 / sd)
    assert asked.weekly_bad_gradient(case, "town") == pytest.approx((-8 + 6) / sd)
    assert asked.weekly_gap_growth(case, "town") == pytest.approx((8 - 6) / sd)
    rarely = survey(local_diversity=[FEW] * 6 + [MANY] * 6, attitude=attitude, contact_valence=valence,
                    contact_frequency=[3] * 12)
    assert math.isnan(asked.weekly_bad_level(rarely, "town"))  # nobody weekly


def test_people_are_those_whom_the_selecting_world_selects() -> None:
    """In the base world rows 0 to 2 have bad contact; in the other one rows 3 to 5 have it, and are not meant."""
    attitude = [2.0, 2, 2, 8, 8, 8]
    base = survey(attitude=[5.0] * 6, contact_valence=[2, 2, 2, 8, 8, 8]).worlds["town"]
    other = survey(attitude=attitude, contact_valence=[8, 8, 8, 2, 2, 2]).worlds["town"]
    found = asked.weekly_bad_level(Worlds({"town": other}, {"town": base}), "town")
    assert found == pytest.approx(-6 / 3)


def test_worsening_is_a_change_of_those_with_bad_contact_against_others() -> None:
    before = np.array([4.0, 5, 6, 4, 5, 6])
    after = np.array([3.0, 4, 5, 5, 6, 7, NAN, NAN])
    case = survey(attitude=before, contact_valence=[2, 2, 2, 8, 8, 8], end={"answer_attitude": after})
    assert asked.worsening(case, "town") == pytest.approx(-2 / before.std())


def test_spread_between_areas() -> None:
    attitude = [4.0, 6, 4, 6, 2, 8, 2, 8]
    case = survey(local_diversity=AREAS, attitude=attitude)
    assert asked.band_spread(case, "town") == pytest.approx(2.0)


def test_frequency_of_contact_and_area() -> None:
    case = survey(local_diversity=AREAS, contact_frequency=[2] * 4 + [5] * 4)
    assert asked.area_correlation(case, "town") == pytest.approx(1.0)


def test_mediation_by_good_and_bad_contact() -> None:
    """y = 5 + .4 many + .5 good - .25 bad, where daily contact makes one point of valence worth the root of 30."""
    valence = np.array([5, 6, 7, 4, 3, 5, 5, 6, 7, 4, 3, 5, 7, 9, 8, 2, 1, 6], float)
    area = np.repeat([FEW, SOME, MANY], 6)
    root = math.sqrt(30)
    good, bad = root * np.maximum(valence - 5, 0), root * np.maximum(5 - valence, 0)
    attitude = 5 + 0.4 * (area == MANY) + 0.5 * good - 0.25 * bad
    case = survey(local_diversity=area, contact_valence=valence, attitude=attitude, threat=4 - 0.1 * good)
    sd = attitude.std()
    # mean points above the middle: 3 / 6 in few, 10 / 6 in many; below: 3 / 6 and 7 / 6
    through_good, through_bad = root * 7 / 6 * 0.5 / sd, -root * 4 / 6 * 0.25 / sd
    paths = {path: asked.area_path(case, "town", path) for path in ("good", "bad", "net", "rest", "total")}
    assert paths["good"] == pytest.approx(through_good) and paths["bad"] == pytest.approx(through_bad)
    assert paths["net"] == pytest.approx(through_good + through_bad)
    assert paths["rest"] == pytest.approx(0.4 / sd)
    assert paths["total"] == pytest.approx(0.4 / sd + through_good + through_bad)
    assert math.isnan(asked.area_path(survey(local_diversity=[FEW] * 6), "town", "net"))


def test_the_path_through_threat() -> None:
    """Good contact lowers threat by .1 a unit, and threat lowers attitude by 2 a unit."""
    rng = np.random.default_rng(1)
    area = rng.integers(0, 3, 3000)
    valence = 6 + area + rng.integers(0, 2, 3000)
    threat = 4 - 0.1 * math.sqrt(30) * (valence - 5) + rng.normal(0, 0.5, 3000)
    attitude = 5 - 2 * threat + rng.normal(0, 0.1, 3000)
    case = survey(local_diversity=area, contact_valence=valence, threat=threat, attitude=attitude)
    expected = 2 * math.sqrt(30) * 0.1 * 2 / attitude.std()
    assert asked.area_path(case, "town", "threat") == pytest.approx(expected, rel=0.1)


def test_good_for_each_bad() -> None:
    case = survey(contact_valence=[8, 8, 5, 2, NAN], contact_frequency=[DAILY, DAILY, DAILY, 5, NEVER],
                  good_episodes=[3, 0, 2, 1, 0], bad_episodes=[0, 1, 1, 0, 0])
    assert asked_people.good_to_bad(case, "town", "days") == pytest.approx(60 / 13)
    assert asked_people.good_to_bad(case, "town", "episodes") == 3.0
    assert math.isnan(asked_people.good_to_bad(survey(contact_valence=[8, 8]), "town", "days"))


def test_the_slope_below_the_middle_over_the_slope_above() -> None:
    valence = np.array([0, 2, 4, 5, 6, 8, 10], float)
    attitude = 5 + 0.2 * np.maximum(valence - 5, 0) - 0.5 * np.maximum(5 - valence, 0)
    assert asked_people.slope_ratio(survey(contact_valence=valence, attitude=attitude), "town") == pytest.approx(2.5)


def test_the_most_diverse_region_against_the_nation() -> None:
    region = np.array(["capital"] * 4 + ["rest"] * 4 + ["capital"] * 2)
    case = survey({"region": region}, close_friends=[0, 1, 1, 2, 0, 0, 0, 1])
    assert asked_people.region_ratio(case, "town", "no_close_friend") == pytest.approx(0.25 / 0.5)


def test_friends_against_the_share_of_others_in_the_district() -> None:
    """Two of eight residents of the district are others; one of ten friends is."""
    end = {"friends": np.array([1.0, 0, 0, 0, 0, 0, 5, 5]), "ties": np.array([5.0, 5, 0, 0, 0, 0, 5, 5])}
    case = survey(end=end, attitude=[5.0] * 6)
    assert asked_people.friends_apart(case, "town", None) == pytest.approx(1 - (1 / 10) / (2 / 8))


def test_threat_by_the_share_of_others_at_two_scales() -> None:
    """Threat rises by 1 with the share of others in the district and falls by .5 with that in the output area."""
    district = np.array([0] * 4 + [1] * 4 + [0] * 2)
    near = np.array([0.1, 0.4, 0.2, 0.6] * 2)
    wide = np.array([2 / 6] * 4 + [0.0] * 4)
    threat = 3 + wide - 0.5 * near
    case = survey({"district": district, "own_share_near": np.append(1 - near, [0.5, 0.5])}, threat=threat)
    assert asked_people.threat_by_scale(case, "town", "district") == pytest.approx(0.4 / threat.std())
    assert asked_people.threat_by_scale(case, "town", "output_area") == pytest.approx(-0.2 / threat.std())


def test_the_panel_model_recovers_its_own_covariances() -> None:
    """Stable variances 1 with covariance .4; deviations with variances 1, autoregression .3 and .2, cross-lag .1."""
    lags = np.array([[0.3, 0.0], [0.1, 0.2]])
    residual = np.eye(2) - lags @ lags.T
    lower = np.linalg.cholesky(residual)
    theta = np.array([1.0, 0.4, math.sqrt(1 - 0.16), 1.0, 0.0, 1.0, *[lower[0, 0], lower[1, 0], lower[1, 1]] * 2,
                      *lags.ravel()])
    implied = asked_people._implied(theta)[0]
    assert implied[1, 1] == pytest.approx(2.0) and implied[0, 1] == pytest.approx(0.4)
    fit = asked_people._random_intercepts(implied)
    assert fit["within"] == pytest.approx(0.1, abs=0.01)
    assert fit["between"] == pytest.approx(0.4, abs=0.02)


def test_correlations_of_answers() -> None:
    case = survey(attitude=[2.0, 4, 6, 8], contact_valence=[2, 4, 6, 8], close_friends=[2, 2, 0, 0],
                  good_episodes=[0, 1, 2, 3], bad_episodes=[3, 2, 1, 0])
    assert asked_people.attitude_correlation(case, "town", "net") == pytest.approx(1.0)
    assert asked_people.attitude_correlation(case, "town", "friends") == pytest.approx(-2 / math.sqrt(5))
    assert asked_people.attitude_correlation(case, "town", "frequency") == 0.0
    assert asked_people.episodes_correlation(case, "town") == pytest.approx(-1.0)
