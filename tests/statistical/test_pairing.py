"""Pairing is exactly uniform: each way of pairing the seats of a mixing group is equally likely, in every slot anew."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from contactsim.draws import below, fold, stream
from contactsim.settings.pairing import pairs
from tests.statistical.deciding import ERRORS, P_VALUE, errors_from, p_of_counts, p_of_table

SLOTS = 20_000


def partners(seats: int, slots: int = SLOTS, empty: tuple[int, ...] = (), weeks: bool = True) -> NDArray[np.int64]:
    """(slots, seats): the seat of each seat's partner; -1 where it stays alone.

    By ``weeks`` one mixing group is paired in many slots, otherwise many mixing groups with keys of their own in one
    slot.
    """
    occupant = np.arange(seats, dtype=np.int32)
    occupant[list(empty)] = -1
    if not weeks:
        start = np.arange(slots + 1, dtype=np.int64) * seats
        many = np.where(np.tile(occupant, slots) >= 0, np.arange(slots * seats), -1).astype(np.int32)
        found = pairs(start, np.arange(slots, dtype=np.uint64) * np.uint64(77), many, stream(3))
        slot, found = found[:, 0] // seats, found % seats
    else:
        start, keys = np.array([0, seats]), np.array([12345], np.uint64)
        lists = [pairs(start, keys, occupant, stream(3, week)) for week in range(slots)]
        slot, found = np.repeat(np.arange(slots), [len(p) for p in lists]), np.concatenate(lists)
    out = np.full((slots, seats), -1)
    out[slot, found[:, 0]], out[slot, found[:, 1]] = found[:, 1], found[:, 0]
    return out


@njit
def naive(base, seats, slots):  # type: ignore[no-untyped-def]
    """A broken shuffle: each seat swaps with any other, not with those up to it. Partners, (slots, seats)."""
    out = np.full((slots, seats), -1)
    order = np.empty(seats, np.int64)
    for slot in range(slots):
        mine = fold(base, np.uint64(slot))
        for k in range(seats):
            order[k] = k
        for k in range(seats - 1, 0, -1):
            j = below(fold(mine, np.uint64(k)), seats)
            order[k], order[j] = order[j], order[k]
        for k in range(0, seats - 1, 2):
            out[slot, order[k]], out[slot, order[k + 1]] = order[k + 1], order[k]
    return out


def p_of_partners(partner: NDArray[np.int64]) -> float:
    """Smallest p value over seats (times their number) that each other seat, or nobody, is equally often partner.

    With an even number of seats nobody is alone; with an odd one each seat is, in one slot of ``seats``.
    """
    seats = partner.shape[1]
    worst = 1.0
    for seat in range(seats):
        counts = np.bincount(partner[:, seat] + 1, minlength=seats + 1)
        fitting = [k for k in range(seats + 1) if k != seat + 1 and (k > 0 or seats % 2)]
        assert counts.sum() == counts[fitting].sum()
        if len(fitting) > 1:
            worst = min(worst, p_of_counts(counts[fitting]) * seats)
    return worst


@pytest.mark.parametrize("seats, weeks", [*((n, False) for n in (*range(2, 14), 40)), (3, True), (8, True), (13, True)])
def test_each_seats_partner_is_uniform(seats: int, weeks: bool) -> None:
    """Over slots a seat's partner is multinomial, so Pearson's test is exact; n = 20,000 sees shares 10 % off."""
    assert p_of_partners(partners(seats, weeks=weeks)) > P_VALUE


@pytest.mark.parametrize("seats", [5, 7, 9])
def test_a_shuffle_that_favours_some_orders_is_seen(seats: int) -> None:
    """Negative control: the naive shuffle, whose orders are not equally likely."""
    assert p_of_partners(naive(stream(3), seats, SLOTS)) < P_VALUE


@pytest.mark.parametrize("seats, ways", [(4, 3), (5, 15), (6, 15), (8, 105)])
def test_each_way_of_pairing_is_equally_likely(seats: int, ways: int) -> None:
    """A mixing group of 2m seats has (2m - 1)!! pairings; one of 2m + 1 has (2m + 1) (2m - 1)!!."""
    _, counts = np.unique(partners(seats, weeks=False), axis=0, return_counts=True)
    assert counts.size == ways
    assert p_of_counts(counts) > P_VALUE


def test_pairs_of_a_large_mixing_group_meet_as_often_as_they_should() -> None:
    """400 seats, 3,000 slots: each pair is Binomial(3,000, 1 / 399), so the variance over pairs is that; 4.5 errors."""
    partner = partners(400, 3000, weeks=False)
    counts = np.zeros((400, 400))
    for row in partner:
        counts[np.arange(400), row] += 1
    met = counts[np.triu_indices(400, 1)]
    p = 1 / 399
    assert met.mean() == pytest.approx(3000 * p)
    ratio = met.var() / (3000 * p * (1 - p))
    assert abs(ratio - 1) < ERRORS * np.sqrt((2 + 1 / (3000 * p)) / met.size)


def test_empty_seats_leave_gaps_as_often_as_they_should() -> None:
    """With e of n (even) seats empty, somebody is alone with chance e / (n - 1), else with anybody equally."""
    seats, empty = 12, (0, 5, 9)
    partner = partners(seats, empty=empty, weeks=False)
    for seat in set(range(seats)) - set(empty):
        counts = np.bincount(partner[:, seat] + 1, minlength=seats + 1)
        others = [k for k in range(seats) if k != seat and k not in empty]
        shares = [len(empty) / (seats - 1), *[1 / (seats - 1)] * len(others)]
        assert p_of_counts(counts[[0, *[k + 1 for k in others]]], shares) * seats > P_VALUE
    assert (partner[:, list(empty)] == -1).all()


def test_slots_are_independent() -> None:
    """Whom one meets this week says nothing about next week: a table of (partner now, partner next week)."""
    partner = partners(6)
    table = np.zeros((6, 6), np.int64)
    np.add.at(table, (partner[:-1, 0], partner[1:, 0]), 1)
    assert p_of_table(table[1:, 1:]) > P_VALUE
    repeated = (partner[:-1] == partner[1:]).mean(axis=1)
    assert errors_from(repeated.mean(), 1 / 5, repeated.std(), SLOTS) < ERRORS


def test_mixing_groups_are_independent() -> None:
    """Two mixing groups with keys next to each other: whom a seat meets here says nothing about the other."""
    start, keys = np.array([0, 6, 12]), np.array([7, 8], np.uint64)
    table = np.zeros((5, 5), np.int64)
    for week in range(10_000):
        found = pairs(start, keys, np.arange(12, dtype=np.int32), stream(5, week))
        with_0 = found[(found == 0).any(axis=1)].sum()
        with_6 = found[(found == 6).any(axis=1)].sum() - 6
        table[with_0 - 1, with_6 - 7] += 1
    assert p_of_table(table) > P_VALUE
