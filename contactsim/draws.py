"""Keyed random draws: every draw is a pure function of seed, decision, week and person.

Draws have no state and no order. Two runs that differ in one thing therefore share all other draws (common random
numbers), and results cannot depend on threads, processes or the order of mixing groups.

The hash is the finalizer of splitmix64 (Steele, Lea and Flood 2014, doi 10.1145/2660193.2660195), applied
twice for each part of a key, so that the streams of two keys are not shifted copies of one another. Where one
decision needs several numbers (the pairs of a mixing group, the two sides of a meeting), they are successive numbers
of splitmix64 itself, started at a hash of the key (:func:`nth`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from contactsim.compiled import inlined_and_callable, kernel

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11, _S32 = (np.uint64(n) for n in (30, 27, 31, 11, 32))
_N1, _N2 = np.uint32(0x85EBCA6B), np.uint32(0xC2B2AE35)
_T8, _T13, _T16 = np.uint32(8), np.uint32(13), np.uint32(16)
_TO_SHORT, _SHORT_GOLDEN = np.float32(2.0**-24), np.uint32(0x9E3779B1)
_TO_UNIT, _TO_HALF, _LOW = 2.0**-53, 2.0**-32, np.uint64(0xFFFFFFFF)
_MASK, _SIGN = 0xFFFFFFFFFFFFFFFF, 0x8000000000000000


class Decision(IntEnum):
    """What a draw decides. The numbers are part of the reproducibility contract: append new ones, never renumber, and
    never reuse a retired one (14 to 16, 18, 19)."""

    PLACE = 1
    AGE = 2
    SEX = 3
    ARRIVED = 4
    BASELINE_ATTITUDE = 5
    SOCIABILITY = 6
    NEGATIVE_EXPOSURE = 7
    STATUS = 8
    HOUSEHOLD = 9
    VACANCY = 10
    SEATING = 11
    PAIRING = 12
    PRESENCE = 13
    TIE_FADES = 17
    MOVE = 20
    DEPARTURE = 21
    ARRIVAL = 22
    SURVEY = 23
    EMPLOYMENT = 24
    MEMBERSHIP = 25
    ANXIETY = 26
    DISPLACED = 27
    RECRUITED = 28
    TEAM = 29
    ATTENDS = 30
    MESSAGE = 31
    RUMOUR = 32
    PLACEMENT = 33
    ITEM = 34
    RESPONSE = 35
    MEETING = 36
    FRIENDS = 37
    WANDERING = 38
    THREAT = 39
    TENURE = 40
    TURNOVER = 41
    ANSWER = 42


@inlined_and_callable
def mix(z):  # type: ignore[no-untyped-def]
    """The splitmix64 finalizer: uint64 -> uint64, a bijection."""
    z = (z ^ (z >> _S30)) * _M1
    z = (z ^ (z >> _S27)) * _M2
    return z ^ (z >> _S31)


@inlined_and_callable
def fold(base, part):  # type: ignore[no-untyped-def]
    """Add one part to a key: (uint64, uint64) -> uint64."""
    return mix(base ^ mix(part + _GOLDEN))


@inlined_and_callable
def uniform(base, part):  # type: ignore[no-untyped-def]
    """A float in [0, 1) for ``part`` (uint64) of the stream ``base`` (uint64)."""
    return unit(fold(base, part))


@inlined_and_callable
def below(number, n):  # type: ignore[no-untyped-def]
    """An integer in [0, n) from a random uint64, n < 2**31 (multiply and shift; bias below n / 2**32)."""
    return np.int64(((number >> _S32) * np.uint64(n)) >> _S32)


@inlined_and_callable
def unit(number):  # type: ignore[no-untyped-def]
    """A float in [0, 1) from the upper 53 bits of a uint64."""
    return (number >> _S11) * _TO_UNIT


@inlined_and_callable
def short(base, part):  # type: ignore[no-untyped-def]
    """A random uint32 for ``part`` (uint32) of the stream ``base`` (uint64): two rounds of murmur3's finalizer.

    Processors compute many of these side by side, which they cannot do with 64-bit multiplications. It decides
    presence and pairs, of which a week has dozens for each resident (MurmurHash3, Appleby 2011, public domain).
    """
    x = np.uint32(part ^ np.uint32(base))
    x = _finish(x)
    x = np.uint32(x + np.uint32(base >> _S32))
    return _finish(x)


@inlined_and_callable
def _finish(x):  # type: ignore[no-untyped-def]
    x = np.uint32(np.uint32(x ^ np.uint32(x >> _T16)) * _N1)
    x = np.uint32(np.uint32(x ^ np.uint32(x >> _T13)) * _N2)
    return np.uint32(x ^ np.uint32(x >> _T16))


@inlined_and_callable
def short_pair(base, i, j):  # type: ignore[no-untyped-def]
    """A random uint32 for the unordered pair of rows i and j (uint32) of the stream ``base``."""
    low, high = (i, j) if i < j else (j, i)
    return short(base, np.uint32(np.uint32(low * _SHORT_GOLDEN) + high))


@inlined_and_callable
def short_unit(number):  # type: ignore[no-untyped-def]
    """A float32 in [0, 1) from the upper 24 bits of a uint32."""
    return np.float32(np.int32(number >> _T8)) * _TO_SHORT


@inlined_and_callable
def short_below(number, n):  # type: ignore[no-untyped-def]
    """An integer in [0, n) from a random uint32, n < 2**31 (multiply and shift; bias below n / 2**32)."""
    return np.int32((np.uint64(number) * np.uint64(n)) >> _S32)


@inlined_and_callable
def nth(begin, n):  # type: ignore[no-untyped-def]
    """The n-th number (uint64) of splitmix64 started at ``begin`` (uint64), itself a hash of a key."""
    return mix(begin + n * _GOLDEN)


@inlined_and_callable
def halves(number):  # type: ignore[no-untyped-def]
    """Two floats in [0, 1) from the upper and the lower 32 bits of a uint64."""
    return (number >> _S32) * _TO_HALF, (number & _LOW) * _TO_HALF


@inlined_and_callable
def pair_key(base, a, b):  # type: ignore[no-untyped-def]
    """A hash (uint64) of the unordered pair of identifiers a and b (uint64) in the stream ``base``."""
    low, high = (a, b) if a < b else (b, a)
    return mix(mix(base ^ low) + high * _GOLDEN)


def stream(seed: int, *parts: int) -> np.uint64:
    """The base of a stream of draws, from the seed, the decision, the week and further parts (any integers)."""
    return np.uint64(_stream(tuple([_signed(int(part)) for part in (seed, *parts)])))


def streams(seed: int, decisions: NDArray[np.int64], week: int, names: NDArray[np.int64],
            slots: NDArray[np.int64]) -> NDArray[np.uint64]:
    """:func:`stream` (seed, decision, week, name, slot) for many names at once: (names, decisions) bases.

    ``names`` (keys) and ``slots`` have equal length.
    """
    bases = np.empty((names.shape[0], decisions.shape[0]), np.uint64)
    _streams(_signed(seed), decisions, week, names, slots, bases)
    return bases


def _signed(part: int) -> int:
    """The signed 64-bit integer with the same last 64 bits, as kernels need it."""
    return (part + _SIGN & _MASK) - _SIGN


#: Former names of things that were renamed. A key is made from the former name, so that renaming moves no draw.
KEPT_NAMES = {"output_area": "cell", "district": "quarter", "belonging": "connectedness", "status": "standing",
              "baseline_attitude": "disposition", "negative_exposure": "exposure", "midpoint": "middle"}
#: A renamed word that is a name or a part of one, as in ``"belonging/"``.
_RENAMED = re.compile(rf"(?<![^/])(?:{'|'.join(KEPT_NAMES)})(?![^/])")


def name_key(*names: str) -> int:
    """A stable 63-bit key of a name such as a mixing group's. It depends on the text alone (:data:`KEPT_NAMES`)."""
    text = "\x1f".join(_RENAMED.sub(lambda word: KEPT_NAMES[word[0]], name) for name in names)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1


def uniforms(base: np.uint64, parts: NDArray[np.integer] | Iterable[int]) -> NDArray[np.float64]:
    """Floats in [0, 1), one for each part; equal to :func:`uniform` part by part."""
    keys = np.asarray(parts).astype(np.uint64)
    out = np.empty(keys.shape)
    _uniforms(np.uint64(base), keys.ravel(), out.ravel())
    return out


def normals(base: np.uint64, parts: NDArray[np.integer] | Iterable[int]) -> NDArray[np.float64]:
    """Standard normal draws, one for each part (inverse of the normal distribution)."""
    return ndtri(uniforms(base, parts) + 0.5 * _TO_UNIT)


def present_draws(base: np.uint64, uid: NDArray[np.integer]) -> NDArray[np.float32]:
    """Floats in [0, 1) that decide whether the people with these identifiers are present in a slot."""
    out = np.empty(uid.shape, np.float32)
    _present_draws(np.uint64(base), uid.ravel().astype(np.uint32), out.ravel())
    return out


def friends_draws(base: np.uint64, one: NDArray[np.integer], other: NDArray[np.integer]) -> NDArray[np.float32]:
    """Floats in [0, 1) that decide whether the friends in these pairs of rows meet in a slot."""
    out = np.empty(one.shape, np.float32)
    _friends_draws(np.uint64(base), one.astype(np.uint32), other.astype(np.uint32), out)
    return out


@kernel
def _friends_draws(base, one, other, out):  # type: ignore[no-untyped-def]
    for k in range(one.shape[0]):
        out[k] = short_unit(short_pair(base, one[k], other[k]))


@inlined_and_callable
def present_key(uid):  # type: ignore[no-untyped-def]
    """A hash (uint32) of an identifier (uint32), for :func:`short` draws of presence."""
    return short(np.uint64(0), uid)


@kernel
def _present_draws(base, uid, out):  # type: ignore[no-untyped-def]
    for k in range(uid.shape[0]):
        out[k] = short_unit(short(base, present_key(uid[k])))


@kernel
def _streams(seed, decisions, week, names, slots, out):  # type: ignore[no-untyped-def]
    for k in range(decisions.shape[0]):
        base = fold(mix(np.uint64(seed) ^ _GOLDEN), np.uint64(decisions[k]))
        base = fold(base, np.uint64(week))
        for n in range(names.shape[0]):
            out[n, k] = fold(fold(base, np.uint64(names[n])), np.uint64(slots[n]))


@kernel
def _stream(parts):  # type: ignore[no-untyped-def]
    base = mix(np.uint64(parts[0]) ^ _GOLDEN)
    for k in range(1, len(parts)):
        base = fold(base, np.uint64(parts[k]))
    return base


@kernel
def _uniforms(base, parts, out):  # type: ignore[no-untyped-def]
    for i in range(parts.shape[0]):
        out[i] = uniform(base, parts[i])
