"""Ties: friends meet, ties form after good meetings in circles, fade when not kept up.

A tie stands in a place of each of the two rows; each row writes its own places only and both decide by the
same draws, so ties stay symmetric on any number of threads.
"""

from __future__ import annotations

import numpy as np

from contactsim.compiled import inlined, kernel
from contactsim.draws import halves, nth, pair_key, pair_part, uniform, unit
from contactsim.encounters.appraise import other
from contactsim.encounters.meet import note, valence
from contactsim.encounters.tables import LEAN


@kernel
def friends_meet(lo, hi, slots, people, week):  # type: ignore[no-untyped-def]
    """Rows lo .. hi - 1 meet each of their friends of other groups or not, in each of ``slots`` (records of
    :data:`SLOT`); own side noted only."""
    group, uid, standing = people.group, people.uid, people.standing
    ties, friend_groups = people.ties, people.friend_groups
    away, factor, tally, dose = week.away, week.factor, week.tally, week.dose
    for row in range(lo, hi):
        i = np.uintp(row)
        if friend_groups[i] & ~(1 << group[i]) == 0:
            continue
        a = np.uint64(uid[i])
        for s in range(slots.shape[0]):
            t = slots[s]
            for k in range(ties.shape[1]):
                j = ties[i, k]
                if j < 0 or group[j] == group[i] or (away[i] | away[j]) & t.bit:
                    continue
                b = np.uint64(uid[j])
                key = pair_key(t.meeting_base, a, b)
                if unit(key) < t.presence:
                    bad = t.negative * (1.0 + t.inequality * abs(standing[i] - standing[j]))
                    of_lower, of_higher = halves(nth(key, np.uint64(1)))
                    lean = factor[j, other(group[i], group[j]), LEAN]
                    what = valence(i, other(group[j], group[i]), lean, t.positive, bad,
                                   of_lower if a < b else of_higher, factor)
                    note(i, group[j], what, t.closeness, tally, dose)


@kernel
def hear_of(ties, group, friend_groups, heard):  # type: ignore[no-untyped-def]
    """Note for everybody in which other groups a friend of the own group has a friend.

    Those few who have such a friend tell it to theirs. Rows write to other rows here, so this is for one thread.
    """
    heard[:] = 0
    for j in range(group.shape[0]):
        others = friend_groups[j] & ~(1 << group[j])
        if others != 0:
            for k in range(ties.shape[1]):
                i = ties[j, k]
                if i >= 0 and group[i] == group[j]:
                    heard[i] |= others


@kernel
def free_places(lo, hi, ties, candidate, free):  # type: ignore[no-untyped-def]
    """Free tie places of the rows lo .. hi - 1 that have a candidate, before ties fade and form."""
    for row in range(lo, hi):
        i = np.uintp(row)
        if candidate[i] >= 0:
            n = 0
            for k in range(ties.shape[1]):
                if ties[i, k] < 0:
                    n += 1
            free[i] = n


@kernel
def renew(lo, hi, fade, fade_shared, base, circles, free, group, uid, ties, friend_groups, candidate):  # type: ignore[no-untyped-def]
    """Rows lo .. hi - 1: form the mutual candidates' ties, let others fade, note the friends' groups.

    ``circles`` (N, settings) holds the circle of each row in each setting, -1 for none. Rows without a
    candidate and without friends (``friend_groups`` 0) are passed over.
    """
    most = max(fade, fade_shared)
    for i in range(lo, hi):
        kept = candidate[i]
        if kept < 0 and friend_groups[i] == 0:
            continue
        if kept >= 0 and candidate[kept] != i:
            kept = -1
        changed = False
        if kept >= 0 and free[i] > 0 and free[kept] > 0:
            _form(i, kept, ties)
            changed = True
        for k in range(ties.shape[1]):
            j = ties[i, k]
            if j >= 0 and j != kept:
                u = uniform(base, pair_part(np.uint64(uid[i]), np.uint64(uid[j])))
                # most ties are kept whatever the two share, which is looked up for the others alone
                if u < most and u < (fade_shared if _share_circle(i, j, circles) else fade):
                    ties[i, k] = -1
                    changed = True
        if changed:
            friend_groups[i] = _know(i, group, ties)


@inlined
def _form(i, j, ties):  # type: ignore[no-untyped-def]
    """Put j in the first free place of i, unless they are tied already."""
    empty = -1
    for k in range(ties.shape[1]):
        if ties[i, k] == j:
            return
        if ties[i, k] < 0 and empty < 0:
            empty = k
    ties[i, empty] = j


@inlined
def _share_circle(i, j, circles):  # type: ignore[no-untyped-def]
    for s in range(circles.shape[1]):  # noqa: SIM110
        if circles[i, s] >= 0 and circles[i, s] == circles[j, s]:
            return True
    return False


@inlined
def _know(i, group, ties):  # type: ignore[no-untyped-def]
    """Bit g is set if resident i has a friend in group g."""
    groups = 0
    for k in range(ties.shape[1]):
        j = ties[i, k]
        if j >= 0:
            groups |= 1 << group[j]
    return groups
