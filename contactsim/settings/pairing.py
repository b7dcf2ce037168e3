"""Pairing: a keyed random matching of the seats of each mixing group in a slot.

A mixing group has a stable key and a fixed number of seats, some of them empty. Its pairs depend on the seed, the week,
the slot, its key and its number of seats only, so an additional mixing group, action or resident does not change them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contactsim.compiled import inlined, kernel
from contactsim.draws import fold, short, short_below


@inlined
def match(base, key, first, seats, order, partner):  # type: ignore[no-untyped-def]
    """Rearrange order[first:first + seats] so that the members of each pair are adjacent; an odd seat out comes last.

    The pairs are the first two, the next two, and so on. The last remaining seat draws its partner from all
    others that remain, and so on: half of a Fisher-Yates shuffle, which makes each way of pairing the seats equally
    likely. ``partner`` is scratch for the draws.
    """
    begin = fold(base, key)
    for k in range(2, seats + 1):
        partner[np.uintp(k)] = short_below(short(begin, np.uint32(k)), k)
    if seats % 2 == 1:
        _swap(order, first + seats - 1, first + short_below(short(begin, np.uint32(seats)), seats))
    for last in range(seats - seats % 2 - 1, 1, -2):
        _swap(order, first + last - 1, first + partner[np.uintp(last)])


@inlined
def _swap(order, k, j):  # type: ignore[no-untyped-def]
    k, j = np.uintp(k), np.uintp(j)
    order[k], order[j] = order[j], order[k]


@kernel
def _pairs(start, keys, occupant, base, order, partner, out):  # type: ignore[no-untyped-def]
    found = 0
    for mixing_group in range(start.shape[0] - 1):
        first, seats = start[mixing_group], start[mixing_group + 1] - start[mixing_group]
        for k in range(seats):
            order[k] = occupant[first + k]
        match(base, keys[mixing_group], 0, seats, order, partner)
        for k in range(0, seats - 1, 2):
            if order[k] >= 0 and order[k + 1] >= 0:
                out[found, 0], out[found, 1] = order[k], order[k + 1]
                found += 1
    return found


def pairs(start: NDArray[np.integer], keys: NDArray[np.uint64], occupant: NDArray[np.int32],
          base: np.uint64) -> NDArray[np.int32]:
    """(n, 2) rows of all pairs of a slot, before presence is drawn."""
    longest = int(np.diff(start).max(initial=0))
    out = np.empty((occupant.shape[0] // 2 + 1, 2), np.int32)
    found = _pairs(start, keys, occupant, base, np.empty(longest, np.int32), np.empty(longest + 1, np.int32), out)
    return out[:found]
