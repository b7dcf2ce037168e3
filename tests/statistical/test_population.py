"""The population: traits, ages and households against the distributions that they are drawn from."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from contactsim.parameters import Psychology
from contactsim.parameters import Residents as ResidentParameters
from contactsim.residents import (
    ADULT_BANDS,
    ADULT_SHARES,
    CHILD_FURTHER,
    CHILD_SECOND,
    HOUSEHOLD_SIZES,
    Residents,
    populate,
)
from contactsim.settings.seating import members, ordered
from tests.statistical.deciding import ERRORS, P_VALUE, errors_from, errors_of_share, p_of_counts, p_of_uniform
from tests.worlds import make_place

PARAMETERS = ResidentParameters(
    employment=0.7,
    membership=0.3,
    minority_age_shift=-6.0,
    newcomers=0.2,
    vacancy=0.05,
    baseline_attitude_mean=0.1,
    baseline_attitude_spread=0.25,
    sociability_spread=0.6,
    negative_exposure_spread=1.2,
    status_gap=0.1,
    status_spread=0.1,
    anxiety_spread=0.2,
    threat_spread=0.15,
    wandering_spread=0.4,
)


@pytest.fixture(scope="module")
def people() -> Residents:
    """About 40,000 people in two large output areas, so that cut households at an output area's end do not matter."""
    return populate(ordered(make_place([[12_000, 8_000], [12_000, 8_000]])), PARAMETERS, Psychology(), 21)


@pytest.fixture(scope="module")
def rows(people: Residents) -> np.ndarray:
    return np.flatnonzero(people.active)


@pytest.mark.parametrize("trait, mean, spread", [
    ("baseline_attitude", PARAMETERS.baseline_attitude_mean, PARAMETERS.baseline_attitude_spread),
    ("negative_exposure", 0.0, PARAMETERS.negative_exposure_spread),
    ("anxiety_trait", 0.0, PARAMETERS.anxiety_spread), ("threat_trait", 0.0, PARAMETERS.threat_spread),
    ("wandering", 0.0, PARAMETERS.wandering_spread)])
def test_traits_are_normal(people: Residents, rows: np.ndarray, trait: str, mean: float, spread: float) -> None:
    """Mean within 4.5 s / √n (0.0056 for baseline attitudes), SD within 4.5 s / √(2n), and the whole shape by KS."""
    values = people.column(trait)[rows].astype(float)
    assert errors_from(values.mean(), mean, spread, rows.size) < ERRORS
    assert errors_from(values.std(), spread, spread / np.sqrt(2), rows.size) < ERRORS
    assert stats.kstest(values, "norm", args=(mean, spread)).pvalue > P_VALUE
    assert stats.kstest(values, "norm", args=(mean + 0.05 * spread, spread)).pvalue < P_VALUE


def test_sociability_is_lognormal_with_mean_one(people: Residents, rows: np.ndarray) -> None:
    values, s = people.sociability[rows], PARAMETERS.sociability_spread
    assert stats.kstest(np.log(values), "norm", args=(-s**2 / 2, s)).pvalue > P_VALUE
    assert errors_from(values.mean(), 1.0, np.sqrt(np.exp(s**2) - 1), rows.size) < ERRORS


def test_status_lies_lower_in_every_group_but_the_first(people: Residents, rows: np.ndarray) -> None:
    for group, mean in ((0, 0.5), (1, 0.5 - PARAMETERS.status_gap)):
        values = people.status[rows][people.group[rows] == group]
        assert errors_from(values.mean(), mean, PARAMETERS.status_spread, values.size) < ERRORS
        assert errors_from(values.std(), PARAMETERS.status_spread, PARAMETERS.status_spread / np.sqrt(2),
                           values.size) < ERRORS


def test_sexes_are_even(people: Residents, rows: np.ndarray) -> None:
    assert errors_of_share(int(people.sex[rows].sum()), rows.size, 0.5) < ERRORS


def test_households_have_the_sizes_of_the_census(people: Residents) -> None:
    """About 17,000 households; all but the last of each group and output area are as drawn."""
    size = np.diff(people.household_start)
    assert p_of_counts(np.bincount(size, minlength=7)[1:], HOUSEHOLD_SIZES) > P_VALUE
    assert p_of_counts(np.bincount(size, minlength=7)[1:], HOUSEHOLD_SIZES[[1, 0, 2, 3, 4, 5]]) < P_VALUE
    for group in (0, 1):
        mine = size[(people.group == group)[people.household_start[:-1]] & people.active[people.household_start[:-1]]]
        assert p_of_counts(np.bincount(mine, minlength=7)[1:], HOUSEHOLD_SIZES) > P_VALUE


def test_heads_have_the_ages_of_adults(people: Residents) -> None:
    """By band for the first group; inside a band evenly; younger by the shift, but 18 at least, in the others."""
    heads = people.household_start[:-1]
    heads = heads[people.active[heads]]
    first = people.age[heads[people.group[heads] == 0]]
    assert p_of_counts(np.histogram(first, ADULT_BANDS)[0], ADULT_SHARES) > P_VALUE
    cumulative = np.interp(first, ADULT_BANDS, np.concatenate([[0], np.cumsum(ADULT_SHARES)]))
    assert p_of_uniform(cumulative) > P_VALUE
    others = people.age[heads[people.group[heads] == 1]]
    shifted = np.clip(np.interp((np.arange(10_000) + 0.5) / 10_000, np.concatenate([[0], np.cumsum(ADULT_SHARES)]),
                                ADULT_BANDS) + PARAMETERS.minority_age_shift, 18, 95)
    assert errors_from(others.mean(), shifted.mean(), shifted.std(), others.size) < ERRORS


@pytest.mark.parametrize("member, chance", [(0, 0.0), (1, CHILD_SECOND), (2, CHILD_FURTHER), (4, CHILD_FURTHER)])
def test_later_members_of_a_household_are_more_often_children(people: Residents, rows: np.ndarray, member: int,
                                                              chance: float) -> None:
    mine = rows[rows - people.household_start[people.household[rows]] == member]
    children = int((people.age[mine] < 18).sum())
    assert children == 0 if chance == 0 else errors_of_share(children, mine.size, chance) < ERRORS
    if chance:
        assert p_of_uniform(people.age[mine][people.age[mine] < 18] / 18) > P_VALUE


def test_about_a_fifth_are_children(people: Residents, rows: np.ndarray) -> None:
    """A band around 21 % (the census's share of under-18s), not a test of a draw."""
    assert 0.17 < (people.age[rows] < 18).mean() < 0.25


def test_newcomers_by_household(people: Residents) -> None:
    heads = people.household_start[:-1]
    heads = heads[people.active[heads] & (people.group[heads] == 1)]
    arrived = people.arrived[heads]
    new = ~np.isnan(arrived)
    assert errors_of_share(int(new.sum()), heads.size, PARAMETERS.newcomers) < ERRORS
    assert p_of_uniform(arrived[new] / 10) > P_VALUE


def test_work_and_membership_by_their_shares(people: Residents, rows: np.ndarray) -> None:
    belong = members(people, PARAMETERS, 21)
    age = people.age[rows]
    working = int(((age >= 18) & (age < 67)).sum())
    assert errors_of_share(belong["work"].size, working, PARAMETERS.employment) < ERRORS
    assert errors_of_share(belong["association"].size, int((age >= 5).sum()), PARAMETERS.membership) < ERRORS
    both = np.intersect1d(belong["work"], belong["association"]).size
    assert errors_of_share(both, belong["work"].size, PARAMETERS.membership) < ERRORS


def test_states_rest_apart_from_the_baseline_attitude(people: Residents, rows: np.ndarray) -> None:
    """Anxiety correlates with the baseline attitude by -c s / sqrt(c^2 s^2 + t^2), c its slope, s and t the
    two spreads; few reach the ends of the range."""
    p = Psychology()
    for state, slope, spread in (("anxiety", p.anxiety_baseline_attitude, PARAMETERS.anxiety_spread),
                                 ("threat", p.threat_baseline_attitude, PARAMETERS.threat_spread)):
        values = people.column(state)[rows].astype(float)
        explained = slope * PARAMETERS.baseline_attitude_spread
        expected = -explained / np.hypot(explained, spread)
        inside = (values > 0) & (values < 1)
        assert inside.mean() > 0.9
        found = np.corrcoef(values, people.baseline_attitude[rows])[0, 1]
        assert abs(found - expected) < 0.03, state


def test_public_holds_everybody_old_enough(people: Residents, rows: np.ndarray) -> None:
    np.testing.assert_array_equal(members(people, PARAMETERS, 21)["public"], rows[people.age[rows] >= 5])
