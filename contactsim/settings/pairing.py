"""Who meets whom in a slot: a keyed shuffle of a pool's seats, paired in order.

A pool has a stable key and a fixed number of seats, some of them empty. Its pairs depend on the seed, the
week, the slot, its key and its number of seats and on nothing else, so another pool, a programme or a
person more leaves them as they are. The shuffle is Fisher and Yates' (exactly uniform); it needs one
draw a seat and no search, which was faster than a cycle-walking Feistel network for sizes that are no
powers of two.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contactsim.compiled import inlined, kernel
from contactsim.draws import below, fold


@inlined
def shuffle(base, key, first, seats, order):  # type: ignore[no-untyped-def]
    """Write a keyed permutation of the seats first .. first + seats - 1 into order[:seats] (int32).

    The pairs of the slot are (order[0], order[1]), (order[2], order[3]) ...; with an odd number of seats
    the last one stays alone.
    """
    stream = fold(base, key)
    for k in range(seats):
        order[k] = first + k
    for k in range(seats - 1, 0, -1):
        j = below(stream, np.uint64(k), k + 1)
        order[k], order[j] = order[j], order[k]


@kernel
def _pairs(start, keys, occupant, base, order, out):  # type: ignore[no-untyped-def]
    found = 0
    for pool in range(start.shape[0] - 1):
        first, seats = start[pool], start[pool + 1] - start[pool]
        shuffle(base, keys[pool], first, seats, order)
        for k in range(0, seats - 1, 2):
            a, b = occupant[order[k]], occupant[order[k + 1]]
            if a >= 0 and b >= 0:
                out[found, 0], out[found, 1] = a, b
                found += 1
    return found


def pairs(start: NDArray[np.int64], keys: NDArray[np.uint64], occupant: NDArray[np.int32],
          base: np.uint64) -> NDArray[np.int32]:
    """All pairs (n, 2) of rows that a slot's shuffle brings together, before it is known who is there."""
    longest = int(np.diff(start).max(initial=0))
    out = np.empty((occupant.shape[0] // 2 + 1, 2), np.int32)
    found = _pairs(start, keys, occupant, base, np.empty(longest, np.int32), out)
    return out[:found]
