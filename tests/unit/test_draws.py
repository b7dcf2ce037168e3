"""Keyed draws: their numbers are part of the reproducibility contract, so they are pinned here."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri

from contactsim.draws import (
    Decision,
    below,
    fold,
    halves,
    mix,
    name_key,
    normals,
    nth,
    pair_key,
    present_draws,
    present_key,
    short,
    short_below,
    short_unit,
    stream,
    streams,
    uniform,
    uniforms,
    unit,
)
from contactsim.place import Level

U = np.uint64
M = 2**64 - 1
HALF = 2**32 - 1
GOLDEN = 0x9E3779B97F4A7C15
words = st.integers(0, M)


def splitmix(z: int) -> int:
    """The published finalizer in Python's own integers."""
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & M
    z = (z ^ z >> 27) * 0x94D049BB133111EB & M
    return z ^ z >> 31


def folded(base: int, part: int) -> int:
    return splitmix(base ^ splitmix(part + GOLDEN & M))


def test_the_finalizer_is_the_published_one() -> None:
    """The first outputs of splitmix64 from state 0, as published with the generator."""
    outputs = [int(mix(U(GOLDEN * k & M))) for k in (1, 2, 3)]
    assert outputs == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]


@given(words, words)
def test_fold_and_uniform_are_what_they_say(base: int, part: int) -> None:
    assert int(mix(U(base))) == splitmix(base)
    assert int(fold(U(base), U(part))) == folded(base, part)
    assert uniform(U(base), U(part)) == (folded(base, part) >> 11) * 2.0**-53


@given(words, st.integers(1, 2**31 - 1))
def test_below_stays_below(number: int, n: int) -> None:
    drawn = int(below(U(number), n))
    assert drawn == (number >> 32) * n >> 32
    assert 0 <= drawn < n


@given(words)
def test_numbers_become_floats_from_nought_to_less_than_one(number: int) -> None:
    first, second = halves(U(number))
    assert unit(U(number)) == (number >> 11) * 2.0**-53
    assert (first, second) == ((number >> 32) * 2.0**-32, (number % 2**32) * 2.0**-32)
    assert min(unit(U(number)), first, second) >= 0 and max(unit(U(number)), first, second) < 1


@given(words, st.integers(0, 10**6))
def test_the_nth_number_is_that_of_splitmix(begin: int, n: int) -> None:
    """The generator adds the golden ratio to its state for each number."""
    assert int(nth(U(begin), U(n))) == splitmix(begin + n * GOLDEN & M)


@given(words, words, words)
def test_a_pair_has_no_order(base: int, a: int, b: int) -> None:
    low, high = sorted((a, b))
    assert int(pair_key(U(base), U(a), U(b))) == int(pair_key(U(base), U(b), U(a)))
    assert int(pair_key(U(base), U(a), U(b))) == splitmix(splitmix(base ^ low) + high * GOLDEN & M)


def finished(x: int) -> int:
    """The finalizer of MurmurHash3 for 32 bits, as published, in Python's own integers."""
    x = (x ^ x >> 16) * 0x85EBCA6B & HALF
    x = (x ^ x >> 13) * 0xC2B2AE35 & HALF
    return x ^ x >> 16


def shortened(base: int, part: int) -> int:
    return finished(finished(part ^ base & HALF) + (base >> 32) & HALF)


def test_the_short_finalizer_is_the_published_one() -> None:
    """Values of fmix32, as computed with the published C code."""
    assert [finished(x) for x in (0, 1, 0xFFFFFFFF)] == [0, 0x514E28B7, 0x81F16F39]
    assert int(short(U(0), np.uint32(1))) == finished(0x514E28B7)


@given(words, st.integers(0, HALF), st.integers(1, 2**31 - 1))
def test_short_numbers_are_what_they_say(base: int, part: int, n: int) -> None:
    number = int(short(U(base), np.uint32(part)))
    assert number == shortened(base, part)
    assert float(short_unit(np.uint32(number))) == (number >> 8) * 2.0**-24 < 1
    assert int(short_below(np.uint32(number), n)) == number * n >> 32 < n


@given(words, st.lists(st.integers(0, HALF), max_size=20))
def test_presence_is_a_short_number_of_a_hashed_identifier(base: int, uid: list[int]) -> None:
    drawn = present_draws(U(base), np.array(uid, np.int64))
    assert drawn.dtype == np.float32
    keys = [shortened(0, one) for one in uid]
    assert [int(present_key(np.uint32(one))) for one in uid] == keys
    assert drawn.tolist() == [(shortened(base, key) >> 8) * 2.0**-24 for key in keys]


@given(st.integers(-2**63, M), st.lists(st.integers(-2**63, M), max_size=5))
def test_a_stream_is_a_chain_of_folds(seed: int, parts: list[int]) -> None:
    base = splitmix(seed & M ^ GOLDEN)
    for part in parts:
        base = folded(base, part & M)
    assert int(stream(seed, *parts)) == base


@given(words, st.lists(st.integers(0, 2**63 - 1), max_size=20))
def test_arrays_equal_single_draws(base: int, parts: list[int]) -> None:
    drawn = uniforms(U(base), np.array(parts, np.int64))
    assert drawn.tolist() == [uniform(U(base), U(part)) for part in parts]
    assert normals(U(base), np.array(parts, np.int64)).tolist() == [float(ndtri(u + 2.0**-54)) for u in drawn]


def test_arrays_keep_their_shape() -> None:
    parts = np.arange(12).reshape(3, 4)
    drawn = uniforms(stream(1), parts)
    assert drawn.shape == (3, 4)
    assert drawn[2, 1] == uniform(stream(1), U(9))


def test_normals_are_finite_at_both_ends() -> None:
    assert np.isfinite(ndtri(0.0 + 2.0**-54)) and np.isfinite(ndtri((2**53 - 1) * 2.0**-53))


def test_the_numbers_of_the_contract() -> None:
    """Same seed, same version, same bits: these change only with a new major version."""
    base = stream(7, Decision.PAIRING, 3, name_key("street"), 0)
    assert int(base) == 0x376D9AFE70A260C5
    assert name_key("street", "cell", "E00053353") == 2198409118504937349
    assert uniform(base, U(42)) == 0.09064183031482687
    pair = U(pair_key(base, U(42), U(7)))
    assert (int(pair), int(nth(pair, U(1))), int(below(pair, 1000))) == (
        0x60D5318398552FCD, 0x7139AFB31F59A772, 378)
    assert halves(pair) == (0.3782530731987208, 0.5950498462188989)
    assert (int(short(base, np.uint32(7))), float(present_draws(base, np.array([42]))[0])) == (
        1882064847, 0.8936793208122253)


def test_renamed_things_keep_their_keys() -> None:
    """Keys are made from the former names, alone or between slashes, and from no other text that contains them."""
    assert name_key("street", "output_area", "E00053353") == name_key("street", "cell", "E00053353")
    assert name_key("belonging/") == int.from_bytes(
        hashlib.blake2b(b"connectedness/", digest_size=8).digest(), "little") >> 1
    assert name_key("evidence", "status", "end") == name_key("evidence", "standing", "end")
    assert name_key("evidence", "attitude", "midpoint", "") == name_key("evidence", "attitude", "middle", "")
    assert name_key("district 3") != name_key("quarter 3") and name_key("status_report") != name_key("standing_report")


def test_synthetic_districts_keep_their_keys() -> None:
    """A table's own codes are used as they are."""
    area = np.zeros(1, np.int32)
    assert Level("district", True, area, ("district 12",)).names_in_keys == ("quarter 12",)
    assert Level("block", True, area, ("district 1 block 3",)).names_in_keys == ("quarter 1 block 3",)
    assert Level("district", False, area, ("district 12",)).names_in_keys == ("district 12",)
    assert Level("district", True, area, ("old district 2b, district hall",)).names_in_keys[0].endswith("district hall")


def test_decisions_are_never_renumbered() -> None:
    fixed = {
        "PLACE": 1,
        "AGE": 2,
        "SEX": 3,
        "ARRIVED": 4,
        "BASELINE_ATTITUDE": 5,
        "SOCIABILITY": 6,
        "NEGATIVE_EXPOSURE": 7,
        "STATUS": 8,
        "HOUSEHOLD": 9,
        "VACANCY": 10,
        "SEATING": 11,
        "PAIRING": 12,
        "PRESENCE": 13,
        "TIE_FADES": 17,
        "MOVE": 20,
        "DEPARTURE": 21,
        "ARRIVAL": 22,
        "SURVEY": 23,
        "EMPLOYMENT": 24,
        "MEMBERSHIP": 25,
        "ANXIETY": 26,
        "DISPLACED": 27,
        "RECRUITED": 28,
        "TEAM": 29,
        "ATTENDS": 30,
        "MESSAGE": 31,
        "RUMOUR": 32,
        "PLACEMENT": 33,
        "ITEM": 34,
        "RESPONSE": 35,
        "MEETING": 36,
        "FRIENDS": 37,
        "WANDERING": 38,
        "THREAT": 39,
        "TENURE": 40,
        "TURNOVER": 41,
        "ANSWER": 42,
    }
    retired = {14, 15, 16, 18, 19}
    assert {decision.name: decision.value for decision in Decision} == fixed
    values = [decision.value for decision in Decision.__members__.values()]
    assert len(set(values)) == len(values) and not retired & set(values)


@pytest.mark.parametrize("one, other", [((1, 2), (2, 1)), ((1,), (1, 0)), ((-1,), (1,)), ((0,), (2**32,))])
def test_streams_of_unlike_keys_differ(one: tuple[int, ...], other: tuple[int, ...]) -> None:
    assert stream(5, *one) != stream(5, *other)
    assert stream(*one) != stream(*other)


def test_names_are_told_apart_by_their_parts() -> None:
    assert name_key("ab", "c") != name_key("a", "bc")
    assert 0 <= name_key("x") < 2**63


@given(st.integers(-(2**70), 2**70), st.lists(st.integers(1, 40), min_size=1, max_size=6), st.integers(-600, 600),
       st.lists(st.tuples(st.integers(0, 2**63 - 1), st.integers(0, 20)), max_size=5))
def test_several_streams_are_those_of_each_decision(seed: int, decisions: list[int], week: int,
                                                    slots: list[tuple[int, int]]) -> None:
    names, numbers = (np.array([slot[k] for slot in slots], np.int64) for k in (0, 1))
    together = streams(seed, np.array(decisions, np.int64), week, names, numbers)
    assert together.dtype == np.uint64
    assert together.tolist() == [[int(stream(seed, d, week, name, number)) for d in decisions]
                                 for name, number in slots]
