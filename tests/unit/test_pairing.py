"""Pairing: a keyed matching of the seats of each mixing group, and nothing else, decides who meets whom."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from contactsim.draws import fold, short, short_below, stream
from contactsim.settings.pairing import pairs

U = np.uint64
sizes = st.lists(st.integers(0, 17), min_size=1, max_size=8)
seeds = st.integers(0, 2**32)


def mixing_groups(seats: list[int], empty: float = 0.0, seed: int = 0) -> tuple[NDArray, NDArray, NDArray]:
    """(start, keys, occupant) of mixing groups of these sizes; row 10 s + 1 sits in seat s."""
    start = np.concatenate([[0], np.cumsum(seats)]).astype(np.int64)
    occupant = (10 * np.arange(start[-1]) + 1).astype(np.int32)
    occupant[np.random.default_rng(seed).random(occupant.size) < empty] = -1
    return start, np.arange(100, 100 + len(seats), dtype=np.uint64), occupant


def by_mixing_group(found: NDArray, start: NDArray, occupant: NDArray) -> list[set[frozenset[int]]]:
    """The pairs of each mixing group."""
    out: list[set[frozenset[int]]] = [set() for _ in range(len(start) - 1)]
    seat = {int(row): s for s, row in enumerate(occupant) if row >= 0}
    for a, b in found.tolist():
        here, there = (int(np.searchsorted(start, seat[x], side="right")) - 1 for x in (a, b))
        assert here == there, "a pair across two mixing groups"
        out[here].add(frozenset((a, b)))
    return out


def matched(base: np.uint64, key: int, seats: list[int]) -> list[tuple[int, int]]:
    """An own matching from single draws: the last one left takes a partner from all others that are left."""
    begin, left, found = U(fold(base, U(key))), list(seats), []

    def take(number: int) -> int:
        place = int(short_below(short(begin, np.uint32(number)), number))
        left[place], left[number - 1] = left[number - 1], left[place]
        return left.pop(number - 1)

    if len(left) % 2:
        take(len(left))
    while left:
        last = left.pop()
        found.append((take(len(left)) if len(left) > 1 else left.pop(), last))
    return found


@given(sizes, seeds, st.floats(0, 1))
def test_pairs_are_those_of_the_rule(seats: list[int], seed: int, empty: float) -> None:
    start, keys, occupant = mixing_groups(seats, empty, seed)
    base = stream(seed)
    expected = set()
    for mixing_group in range(len(seats)):
        rows = occupant[start[mixing_group]:start[mixing_group + 1]].tolist()
        expected |= {(a, b) for a, b in matched(base, int(keys[mixing_group]), rows) if a >= 0 and b >= 0}
    found = [tuple(pair) for pair in pairs(start, keys, occupant, base).tolist()]
    assert set(found) == expected and len(found) == len(expected)


@given(sizes, seeds)
def test_everybody_has_one_partner_at_most_and_nobody_more_stays_alone_than_must(seats: list[int], seed: int) -> None:
    start, keys, occupant = mixing_groups(seats)
    found = pairs(start, keys, occupant, stream(seed))
    assert np.unique(found).size == found.size
    assert [len(p) for p in by_mixing_group(found, start, occupant)] == [n // 2 for n in seats]


@settings(max_examples=50)
@given(sizes, seeds, st.data())
def test_a_person_more_leaves_all_other_pairs(seats: list[int], seed: int, data: st.DataObject) -> None:
    start, keys, occupant = mixing_groups([*seats, 6], 0.4, seed)
    empty = np.flatnonzero(occupant < 0)
    if not empty.size:
        return
    filled = occupant.copy()
    newcomer = 100_003
    filled[data.draw(st.sampled_from(empty.tolist()))] = newcomer
    before = {frozenset(p) for p in pairs(start, keys, occupant, stream(seed)).tolist()}
    after = {frozenset(p) for p in pairs(start, keys, filled, stream(seed)).tolist()}
    assert before <= after
    assert all(newcomer in pair for pair in after - before)
    assert len(after - before) <= 1


@settings(max_examples=50)
@given(sizes, seeds, st.integers(0, 8), st.integers(1, 9))
def test_a_mixing_group_more_leaves_the_pairs_of_all_others(seats: list[int], seed: int, where: int, size: int) -> None:
    """Wherever it is put among them, though all later seats then have other numbers."""
    where = min(where, len(seats))
    start, keys, occupant = mixing_groups(seats, 0.2, seed)
    more_start = np.concatenate([[0], np.cumsum([*seats[:where], size, *seats[where:]])]).astype(np.int64)
    more_keys = np.insert(keys, where, U(9999))
    guests = np.arange(1_000_000, 1_000_000 + size, dtype=np.int32)
    more_occupant = np.insert(occupant, start[where], guests).astype(np.int32)
    before = by_mixing_group(pairs(start, keys, occupant, stream(seed)), start, occupant)
    after = by_mixing_group(pairs(more_start, more_keys, more_occupant, stream(seed)), more_start, more_occupant)
    assert after[:where] + after[where + 1:] == before


@given(st.integers(2, 60), seeds)
def test_a_seat_more_changes_one_pair(size: int, seed: int) -> None:
    """Whoever stayed alone among an odd number of seats takes the new one; of an even number one loses a partner."""
    start, keys, occupant = mixing_groups([size])
    more_start, _, more = mixing_groups([size + 1])
    before, after = (by_mixing_group(pairs(s, keys, o, stream(seed)), s, o)[0]
                     for s, o in ((start, occupant), (more_start, more)))
    assert len(before - after) <= 1


def test_seats_renumbered_are_paired_anew() -> None:
    """Why seats are never renumbered: this is the negative control of the three tests above."""
    start, keys, occupant = mixing_groups([40])
    before, after = (by_mixing_group(pairs(start, keys, o, stream(1)), start, occupant)[0]
                     for o in (occupant, np.roll(occupant, 1)))
    assert len(before & after) < 5


@given(seeds)
def test_keys_and_bases_make_other_pairs(seed: int) -> None:
    start, keys, occupant = mixing_groups([40, 40])
    found = pairs(start, keys, occupant, stream(seed))
    one, other = by_mixing_group(found, start, occupant)
    assert len({frozenset(r + 400 for r in pair) for pair in one} & other) < 10
    again = pairs(start, keys, occupant, stream(seed + 1))
    assert (again != found).any()


def test_nobody_and_nothing() -> None:
    start, keys, occupant = mixing_groups([0, 1, 2, 0])
    assert pairs(start, keys, occupant, stream(1)).shape == (1, 2)
    assert pairs(start, keys, np.full_like(occupant, -1), stream(1)).shape == (0, 2)
