"""Draws are uniform, and independent over people, weeks, decisions and seeds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray
from scipy import stats

from contactsim.draws import (
    Decision,
    below,
    fold,
    halves,
    normals,
    nth,
    pair_key,
    present_draws,
    short,
    short_below,
    short_unit,
    stream,
    uniforms,
    unit,
)
from tests.statistical.deciding import ERRORS, P_VALUE, p_of_counts, p_of_table, p_of_uniform

N = 100_000
PEOPLE = np.arange(N)
Draw = Callable[..., NDArray[np.floating]]


@njit
def folds(base, parts):  # type: ignore[no-untyped-def]
    out = np.empty(parts.shape[0], np.uint64)
    for i in range(parts.shape[0]):
        out[i] = fold(base, parts[i])
    return out


@njit
def numbers_below(begin, count, n):  # type: ignore[no-untyped-def]
    out = np.empty(count, np.int64)
    for i in range(count):
        out[i] = below(nth(begin, np.uint64(i)), n)
    return out


@njit
def of_pairs(base, n):  # type: ignore[no-untyped-def]
    """The numbers of all pairs of n people: take-up, both halves for valence, tie and rank; (pairs, 5)."""
    out = np.empty((n * (n - 1) // 2, 5))
    k = 0
    for a in range(n):
        for b in range(a + 1, n):
            key = pair_key(base, np.uint64(a), np.uint64(b))
            first, second = halves(nth(key, np.uint64(1)))
            out[k, 0], out[k, 1], out[k, 2] = unit(key), first, second
            out[k, 3], out[k, 4] = unit(nth(key, np.uint64(2))), unit(nth(key, np.uint64(3)))
            k += 1
    return out


def weyl(n: int) -> NDArray[np.float64]:
    """A broken generator: multiples of the golden ratio, even in one dimension and in no other."""
    return np.arange(n) * 0.6180339887498949 % 1.0


def serial_table(x: NDArray[np.float64], lag: int, output_areas: int = 16) -> NDArray[np.int64]:
    """Counts of (output area of x[i], output area of x[i + lag])."""
    i = (x * output_areas).astype(int)
    table = np.zeros((output_areas, output_areas), np.int64)
    np.add.at(table, (i[:-lag], i[lag:]), 1)
    return table


def joint_table(x: NDArray[np.float64], y: NDArray[np.float64], output_areas: int = 16) -> NDArray[np.int64]:
    """Counts of (output area of x[i], output area of y[i])."""
    table = np.zeros((output_areas, output_areas), np.int64)
    np.add.at(table, ((x * output_areas).astype(int), (y * output_areas).astype(int)), 1)
    return table


@pytest.mark.parametrize("key", [(1, Decision.PRESENCE, 0), (1, Decision.PRESENCE, 1), (2, Decision.MEETING, -52),
                                 (2**40, Decision.FRIENDS, 9, 2**62, 3)])
def test_the_draws_of_people_in_a_row_are_uniform(key: tuple[int, ...]) -> None:
    """Kolmogorov–Smirnov over 100,000 people sees a departure of 0.7 % of the distribution function (D > 2.2 / √n)."""
    drawn = uniforms(stream(*key), PEOPLE)
    assert drawn.min() >= 0 and drawn.max() < 1
    assert p_of_uniform(drawn) > P_VALUE
    assert p_of_uniform(drawn * 0.99) < P_VALUE  # a broken one


@pytest.mark.parametrize("lag", [1, 2, 7, 1000])
def test_the_draws_of_neighbours_are_independent(lag: int) -> None:
    """16 by 16 output areas of (u_i, u_i+lag), about 390 in each; the Weyl sequence fails."""
    assert p_of_counts(serial_table(uniforms(stream(5, 1), PEOPLE), lag).ravel()) > P_VALUE
    assert p_of_counts(serial_table(weyl(N), lag).ravel()) < P_VALUE


@pytest.mark.parametrize("one, other", [
    ((1, 13, 0), (1, 13, 1)), ((1, 13, 0), (2, 13, 0)), ((1, 13, 0), (1, 14, 0)), ((1, 13, 0, 5, 0), (1, 13, 0, 5, 1)),
    ((1, 13, -1), (1, 13, 0)), ((3, 13, 1), (1, 13, 3))])
def test_streams_that_differ_in_one_part_are_independent(one: tuple[int, ...], other: tuple[int, ...]) -> None:
    """By correlation (standard error 1 / √n) and by a 16 by 16 table; a stream with itself fails both."""
    a, b = (uniforms(stream(*key), PEOPLE) for key in (one, other))
    assert p_of_table(joint_table(a, b)) > P_VALUE
    assert abs(np.corrcoef(a, b)[0, 1]) < ERRORS / np.sqrt(N)
    for shift in (1, 2, 52):  # one is not the other a few people on
        assert abs(np.corrcoef(a[shift:], b[:-shift])[0, 1]) < ERRORS / np.sqrt(N)
    assert not np.isin(a, b).any()


def test_one_persons_draws_over_weeks_are_independent() -> None:
    weeks = np.array([uniforms(stream(1, Decision.PRESENCE, week), np.array([17]))[0] for week in range(-2000, 8000)])
    assert p_of_uniform(weeks) > P_VALUE
    assert p_of_counts(serial_table(weeks, 1, 8).ravel()) > P_VALUE


def test_all_bits_are_balanced_and_change_with_any_bit_of_the_key() -> None:
    """Each of 64 bits is set in half of the keys, and flips in half when one bit of the part flips (avalanche)."""
    base, parts = stream(9), np.arange(1, 20_001, dtype=np.uint64)
    plain = folds(base, parts)
    bits = np.arange(64, dtype=np.uint64)
    limit = ERRORS * 0.5 / np.sqrt(parts.size)
    assert np.abs((plain[:, None] >> bits & np.uint64(1)).mean(axis=0) - 0.5).max() < limit
    for flip in (0, 1, 17, 40, 63):
        turned = plain ^ folds(base, parts ^ np.uint64(2**flip))
        assert np.abs((turned[:, None] >> bits & np.uint64(1)).mean(axis=0) - 0.5).max() < limit * 1.1


@pytest.mark.parametrize("n", [2, 3, 7, 40, 1000])
def test_below_is_even(n: int) -> None:
    """Chi-square over 200,000 draws; without one of its numbers it fails."""
    counts = np.bincount(numbers_below(stream(4, n), 200_000, n), minlength=n)
    assert counts.size == n
    assert p_of_counts(counts) > P_VALUE
    assert p_of_counts(np.append(counts[:-2], [0, counts[-2:].sum()])) < P_VALUE


def test_pairs_have_keys_of_their_own() -> None:
    """No two of all pairs of 1,400 people share their first number, nor their second or third."""
    numbers = of_pairs(stream(6), 1400)
    for k in (0, 3, 4):
        assert np.unique(numbers[:, k]).size == numbers.shape[0]


def test_the_numbers_of_one_meeting_are_uniform_and_independent() -> None:
    """Of all pairs of 500 people (124,750): each of the five is even, for all and for one person's pairs, and no two
    of one meeting go together; nor do those of the next slot. The lower half of a number with itself fails."""
    here, next_slot = (of_pairs(stream(6, Decision.MEETING, 0, 5, slot), 500) for slot in (0, 1))
    for k in range(5):
        assert p_of_uniform(here[:, k]) > P_VALUE and p_of_uniform(here[:499, k]) > P_VALUE
        assert p_of_counts(serial_table(here[:, k], 1).ravel()) > P_VALUE
        for other in [*here.T[k + 1:], *next_slot.T]:
            assert p_of_table(joint_table(here[:, k], other)) > P_VALUE
    mixed = np.where(np.arange(here.shape[0]) % 20 == 0, here[:, 1], here[:, 2])  # the same half in one of 20
    assert p_of_table(joint_table(here[:, 1], mixed)) < P_VALUE


def test_normals_are_normal() -> None:
    drawn = normals(stream(8), PEOPLE)
    assert stats.kstest(drawn, "norm").pvalue > P_VALUE
    assert stats.kstest(drawn * 1.03, "norm").pvalue < P_VALUE
    assert np.isfinite(drawn).all()


# --- short numbers of 32 bits, which decide presence and pairs

@njit
def shorts(base, parts):  # type: ignore[no-untyped-def]
    out = np.empty(parts.shape[0], np.uint32)
    for i in range(parts.shape[0]):
        out[i] = short(base, np.uint32(parts[i]))
    return out


@njit
def short_units(base, parts):  # type: ignore[no-untyped-def]
    out = np.empty(parts.shape[0])
    for i in range(parts.shape[0]):
        out[i] = short_unit(short(base, np.uint32(parts[i])))
    return out


@njit
def short_numbers_below(base, count, n):  # type: ignore[no-untyped-def]
    out = np.empty(count, np.int64)
    for i in range(count):
        out[i] = short_below(short(base, np.uint32(i)), n)
    return out


SHORT_KEYS = [(1, Decision.PRESENCE, 0, 3, 0), (1, Decision.PAIRING, 1, 3, 7),
              (2**40, Decision.PRESENCE, -52, 2**62, 3)]


@pytest.mark.parametrize("key", SHORT_KEYS)
@pytest.mark.parametrize("draw", [short_units, present_draws])
def test_short_draws_are_uniform_and_independent_over_people(draw: Draw, key: tuple[int, ...]) -> None:
    """By Kolmogorov and Smirnov (over 100,000: steps of 2^-24 do not matter) and by pairs of people some rows apart."""
    drawn = draw(stream(*key), PEOPLE).astype(float)
    assert drawn.min() >= 0 and drawn.max() < 1
    assert p_of_uniform(drawn) > P_VALUE
    assert p_of_uniform(drawn * 0.99) < P_VALUE
    for lag in (1, 2, 3, 8, 64, 1024):
        assert p_of_counts(serial_table(drawn, lag).ravel()) > P_VALUE, lag
    assert np.unique(drawn).size > 0.99 * N


@pytest.mark.parametrize("draw", [short_units, present_draws])
@pytest.mark.parametrize("other", [(1, 13, 1, 5, 0), (1, 13, 0, 5, 1), (2, 13, 0, 5, 0), (1, 12, 0, 5, 0),
                                   (1, 13, 0, 6, 0)])
def test_short_draws_of_slots_weeks_and_seeds_are_independent(draw: Draw, other: tuple[int, ...]) -> None:
    a, b = (draw(stream(*key), PEOPLE).astype(float) for key in ((1, 13, 0, 5, 0), other))
    assert p_of_table(joint_table(a, b)) > P_VALUE
    for shift in (0, 1, 2, 64):
        assert abs(np.corrcoef(a[shift:], b[:N - shift])[0, 1]) < ERRORS / np.sqrt(N - shift)
    mixed = np.where(np.arange(N) % 20 == 0, a, b)  # the same in one of 20
    assert p_of_table(joint_table(a, mixed)) < P_VALUE


@pytest.mark.parametrize("uid", [0, 1, 17, 123_456])
def test_one_persons_presence_is_independent_over_weeks_and_slots(uid: int) -> None:
    one = np.array([uid])
    drawn = np.array([present_draws(stream(1, Decision.PRESENCE, week, 5, slot), one)[0]
                      for week in range(2500) for slot in range(8)], float)
    assert p_of_uniform(drawn) > P_VALUE
    for lag in (1, 8):
        assert p_of_counts(serial_table(drawn, lag, 8).ravel()) > P_VALUE


def test_bits_of_short_numbers_change_with_any_bit_of_base_or_part() -> None:
    """Each of 32 bits flips in half of the keys when one bit of the part, or of either half of the base, flips."""
    parts, bits = np.arange(1, 40_001, dtype=np.uint64), np.arange(32, dtype=np.uint32)
    base = stream(9)
    plain, limit = shorts(base, parts), ERRORS * 0.5 / np.sqrt(parts.size) * 1.1
    assert np.abs((plain[:, None] >> bits & np.uint32(1)).mean(axis=0) - 0.5).max() < limit
    for flip in (0, 1, 17, 31):
        turned = plain ^ shorts(base, parts ^ np.uint64(2**flip))
        assert np.abs((turned[:, None] >> bits & np.uint32(1)).mean(axis=0) - 0.5).max() < limit
    for flip in (0, 13, 31, 32, 47, 63):
        turned = plain ^ shorts(base ^ np.uint64(2**flip), parts)
        assert np.abs((turned[:, None] >> bits & np.uint32(1)).mean(axis=0) - 0.5).max() < limit, flip


@pytest.mark.parametrize("n", [2, 3, 7, 40, 400])
def test_short_below_is_even(n: int) -> None:
    counts = np.bincount(short_numbers_below(stream(4, n), 200_000, n), minlength=n)
    assert counts.size == n
    assert p_of_counts(counts) > P_VALUE
    assert p_of_counts(np.append(counts[:-2], [0, counts[-2:].sum()])) < P_VALUE
