"""Keyed random draws: every draw is a pure function of (seed, decision, week, who).

A draw has no state and no order. Two runs that differ in one thing therefore share every other draw, and
the result cannot depend on threads, processes or the order of pools.

The hash is the finalizer of splitmix64 (Steele, Lea and Flood 2014, doi 10.1145/2660193.2660195), applied
twice for each part of a key so that the streams of two keys are not shifted copies of one another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from contactsim.compiled import inlined, kernel

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11, _S32 = (np.uint64(n) for n in (30, 27, 31, 11, 32))
_TO_UNIT = 2.0**-53
_MASK, _SIGN = 0xFFFFFFFFFFFFFFFF, 0x8000000000000000


class Decision(IntEnum):
    """What a draw decides. Numbers are part of the reproducibility contract: append, never renumber."""

    PLACE = 1
    AGE = 2
    SEX = 3
    ARRIVED = 4
    DISPOSITION = 5
    SOCIABILITY = 6
    EXPOSURE = 7
    STANDING = 8
    HOUSEHOLD = 9
    VACANCY = 10
    SEATING = 11
    PAIRING = 12
    PRESENCE = 13
    TAKE_UP = 14
    VALENCE = 15
    TIE_FORMS = 16
    TIE_FADES = 17
    FRIENDS_MEET = 18
    FRIENDS_VALENCE = 19
    MOVE = 20
    DEPARTURE = 21
    ARRIVAL = 22
    SURVEY = 23
    EMPLOYMENT = 24
    MEMBERSHIP = 25
    ANXIETY = 26


@inlined
def mix(z):  # type: ignore[no-untyped-def]
    """The splitmix64 finalizer: uint64 -> uint64, a bijection."""
    z = (z ^ (z >> _S30)) * _M1
    z = (z ^ (z >> _S27)) * _M2
    return z ^ (z >> _S31)


@inlined
def fold(base, part):  # type: ignore[no-untyped-def]
    """Add one part to a key: (uint64, uint64) -> uint64."""
    return mix(base ^ mix(part + _GOLDEN))


@inlined
def uniform(base, part):  # type: ignore[no-untyped-def]
    """A float in [0, 1) for ``part`` (uint64) of the stream ``base`` (uint64)."""
    return (fold(base, part) >> _S11) * _TO_UNIT


@inlined
def below(base, part, n):  # type: ignore[no-untyped-def]
    """An integer in [0, n) for n < 2**31 (multiply and shift; bias below n / 2**32)."""
    return np.int64(((fold(base, part) >> _S32) * np.uint64(n)) >> _S32)


@inlined
def pair_part(a, b):  # type: ignore[no-untyped-def]
    """One key part (uint64) for the unordered pair of identifiers a and b (uint64)."""
    low, high = (a, b) if a < b else (b, a)
    return mix(low) ^ (high * _GOLDEN)


def stream(seed: int, *parts: int) -> np.uint64:
    """The base of a stream of draws: seed, decision, week and whatever else names it (any integers)."""
    return np.uint64(_stream(tuple([_signed(int(part)) for part in (seed, *parts)])))


def streams(seed: int, decisions: NDArray[np.int64], *parts: int) -> NDArray[np.uint64]:
    """:func:`stream` for several decisions at once: (decisions,) bases with the same ``parts``, 64-bit integers."""
    bases: NDArray[np.uint64] = _streams(_signed(seed), decisions, parts)
    return bases


def _signed(part: int) -> int:
    """The 64-bit signed integer with the same last 64 bits, which a kernel takes as it is."""
    return (part + _SIGN & _MASK) - _SIGN


def name_key(*names: str) -> int:
    """A stable 63-bit key of a name such as a pool's: it depends on the text alone."""
    digest = hashlib.blake2b("\x1f".join(names).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def uniforms(base: np.uint64, parts: NDArray[np.integer] | Iterable[int]) -> NDArray[np.float64]:
    """Floats in [0, 1), one for each part; equal to :func:`uniform` part by part."""
    keys = np.asarray(parts).astype(np.uint64)
    return _uniforms(np.uint64(base), keys.ravel()).reshape(keys.shape)


def normals(base: np.uint64, parts: NDArray[np.integer] | Iterable[int]) -> NDArray[np.float64]:
    """Standard normal draws, one for each part (inverse of the normal distribution)."""
    return ndtri(uniforms(base, parts) + 0.5 * _TO_UNIT)


@kernel
def _streams(seed, decisions, parts):  # type: ignore[no-untyped-def]
    out = np.empty(decisions.shape[0], np.uint64)
    for k in range(decisions.shape[0]):
        base = fold(mix(np.uint64(seed) ^ _GOLDEN), np.uint64(decisions[k]))
        for n in range(len(parts)):
            base = fold(base, np.uint64(parts[n]))
        out[k] = base
    return out


@kernel
def _stream(parts):  # type: ignore[no-untyped-def]
    base = mix(np.uint64(parts[0]) ^ _GOLDEN)
    for k in range(1, len(parts)):
        base = fold(base, np.uint64(parts[k]))
    return base


@kernel
def _uniforms(base, parts):  # type: ignore[no-untyped-def]
    out = np.empty(parts.shape[0])
    for i in range(parts.shape[0]):
        out[i] = uniform(base, parts[i])
    return out
