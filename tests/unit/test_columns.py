"""Columns in one stretch of memory are the same columns, in the shapes that kernels count on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from contactsim.encounters.arrays import blank_week
from contactsim.residents import BY_GROUP, CACHE_LINE, contiguous
from tests.worlds import four_groups, make_world, two_groups


def test_copies_are_equal_apart_and_begin_at_a_cache_line() -> None:
    arrays = [np.arange(7, dtype=np.int16), np.full((3, 2), np.nan), np.array([True]), np.arange(130.0)]
    copies = contiguous(arrays)
    for array, copy in zip(arrays, copies, strict=True):
        assert copy.dtype == array.dtype and copy.shape == array.shape and copy.flags.c_contiguous
        assert copy.flags.writeable and copy.ctypes.data % CACHE_LINE == 0
        np.testing.assert_array_equal(copy, array)
        assert not np.shares_memory(copy, array)
    for copy in copies:
        copy[...] = 1
        for other in copies:
            assert other is copy or not np.shares_memory(copy, other)
        copy[...] = 0


def test_a_world_s_columns_lie_together() -> None:
    people = make_world().people
    for arrays in ([people.age, people.positive, people.ties], [people.attitude, *blank_week(people)[1:]]):
        assert len({id(_memory(array)) for array in arrays}) == 1


def _memory(array: NDArray[Any]) -> Any:
    """What holds an array's values."""
    while array.base is not None:
        array = array.base
    return array


def test_arrays_have_the_inner_lengths_that_kernels_tell_the_compiler() -> None:
    """``sized`` is believed, not looked at: a row would be sought where it does not lie."""
    for place, G in ((two_groups(), 2), (four_groups(), 4)):
        world = make_world(place)
        people, week, areas = world.people, world.week, world.areas
        columns = [people.column(name) for name in BY_GROUP]
        assert {array.shape[1:] for array in columns} == {(G - 1,)}
        assert {array.shape[1:] for array in (areas.share, areas.past, areas.district)} == {(G,)}
        assert {areas.norm.shape[1:], areas.message_effect.shape[1:], world.transfer.shape} == {(G, G)}
        assert (week.odds_factor.shape[1:], week.counts.shape[1:], week.dose.shape[1:]) == (
            (G - 1, 4), (G - 1, 4), (G - 1, 2))
        for array in (*columns, *week, *areas):  # inner axes lie in order without gaps
            assert array.strides[1:] == np.empty(array.shape[1:], array.dtype).strides
