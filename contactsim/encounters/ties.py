"""Ties: friends meet; ties form after positive meetings in small groups and fade.

A tie is stored in both rows. Each row writes its own places only and both rows use the same draws, so ties stay
symmetric on any number of threads. Free places come last, so a search through a row's friends ends at the first one.
"""

from __future__ import annotations

import numpy as np

from contactsim.compiled import inlined, kernel
from contactsim.draws import halves, nth, pair_key, pair_part, uniform, unit
from contactsim.encounters.appraisal import other
from contactsim.encounters.arrays import PARTNER_EFFECT
from contactsim.encounters.meeting import record, valence

#: Rows that are searched at a time for residents who have or may get friends.
BLOCK = 128


@kernel
def friends_meet(lo, hi, slots, people, week):  # type: ignore[no-untyped-def]
    """Meetings of rows lo .. hi - 1 with their friends of other groups in each of ``slots`` (records of :data:`SLOT`).

    Only the row's own side is recorded; the friend's row records the other.
    """
    group, uid, status = people.group, people.uid, people.status
    ties, friend_groups = people.ties, people.friend_groups
    displaced, odds_factor, counts, dose = week.displaced, week.odds_factor, week.counts, week.dose
    for row in range(lo, hi):
        i = np.uintp(row)
        if friend_groups[i] & ~(1 << group[i]) == 0:
            continue
        a = np.uint64(uid[i])
        for s in range(slots.shape[0]):
            t = slots[s]
            for k in range(ties.shape[1]):
                j = ties[i, k]
                if j < 0:
                    break
                if group[j] == group[i] or (displaced[i] | displaced[j]) & t.bit:
                    continue
                b = np.uint64(uid[j])
                key = pair_key(t.meeting_base, a, b)
                if unit(key) < t.presence:
                    bad = t.negative * (1.0 + t.inequality * abs(status[i] - status[j]))
                    of_lower, of_higher = halves(nth(key, np.uint64(1)))
                    partner_effect = odds_factor[j, other(group[i], group[j]), PARTNER_EFFECT]
                    what = valence(i, other(group[j], group[i]), partner_effect, t.positive, bad,
                                   of_lower if a < b else of_higher, odds_factor)
                    record(i, group[j], what, t.closeness, counts, dose)


@kernel
def find_extended_contact(ties, group, friend_groups, extended_contact):  # type: ignore[no-untyped-def]
    """Find for each resident the other groups in which a friend of the own group has a friend.

    Sets bit g of ``extended_contact`` (N,). Rows write to other rows, so this runs on one thread.
    """
    extended_contact[:] = 0
    for j in range(group.shape[0]):
        others = friend_groups[j] & ~(1 << group[j])
        if others != 0:
            for k in range(ties.shape[1]):
                i = ties[j, k]
                if i < 0:
                    break
                if group[i] == group[j]:
                    extended_contact[i] |= others


@kernel
def free_places(lo, hi, ties, candidate, free):  # type: ignore[no-untyped-def]
    """Count the free tie places of the rows lo .. hi - 1 that have a candidate, before ties fade and form."""
    for row in range(lo, hi):
        i = np.uintp(row)
        if candidate[i] >= 0:
            free[i] = ties.shape[1] - number_of_friends(i, ties)


@kernel
def renew(lo, hi, fade, fade_shared, base, small_groups, free, group, uid, ties, friend_groups, candidate, rows):  # type: ignore[no-untyped-def]
    """Rows lo .. hi - 1: form ties between mutual candidates, let other ties fade, update the friends' groups.

    ``small_groups`` (N, settings) holds the small group of each row in each setting, -1 for none. Rows without a
    candidate and without friends (``friend_groups`` 0) are skipped. ``rows`` (BLOCK,) is scratch.
    """
    for first in range(lo, hi, BLOCK):
        n = 0
        for row in range(first, min(first + BLOCK, hi)):
            i = np.uintp(row)
            rows[np.uintp(n)] = row  # without a branch: the next row overwrites one that is skipped
            n += (candidate[i] >= 0) | (friend_groups[i] != 0)
        for r in range(n):
            i = np.uintp(rows[np.uintp(r)])
            mutual = candidate[i]
            if mutual >= 0 and np.uintp(candidate[np.uintp(mutual)]) != i:
                mutual = -1
            changed = _fade(i, mutual, fade, fade_shared, base, small_groups, uid, ties)
            if mutual >= 0 and free[i] > 0 and free[np.uintp(mutual)] > 0:
                changed |= _form(i, mutual, ties)
            if changed:
                friend_groups[i] = _groups_of_friends(i, group, ties)


@inlined
def number_of_friends(i, ties):  # type: ignore[no-untyped-def]
    """How many friends resident i has."""
    n = 0
    while n < ties.shape[1] and ties[i, np.uintp(n)] >= 0:
        n += 1
    return n


@inlined
def _fade(i, mutual, fade, fade_shared, base, small_groups, uid, ties):  # type: ignore[no-untyped-def]
    """End the fading ties of resident i, except one with ``mutual``; returns whether any tie ended."""
    most, faded = max(fade, fade_shared), False
    for k in range(ties.shape[1]):
        friend = ties[i, np.uintp(k)]
        if friend < 0:
            break
        if friend != mutual:
            j = np.uintp(friend)
            u = uniform(base, pair_part(np.uint64(uid[i]), np.uint64(uid[j])))
            # most ties last in either case, so the shared small group is looked up for the others only
            if u < most and u < (fade_shared if _share_small_group(i, j, small_groups) else fade):
                ties[i, np.uintp(k)] = -1
                faded = True
    if faded:
        _close_gaps(i, ties)
    return faded


@inlined
def _close_gaps(i, ties):  # type: ignore[no-untyped-def]
    """Move the free places of resident i to the end; friends stay in their order."""
    n = 0
    for k in range(ties.shape[1]):
        friend = ties[i, k]
        if friend >= 0:
            ties[i, k] = -1
            ties[i, n] = friend
            n += 1


@inlined
def _form(i, j, ties):  # type: ignore[no-untyped-def]
    """Put j in the first free place of i unless the two have a tie already; returns whether i has a new tie."""
    n = number_of_friends(i, ties)
    for k in range(n):
        if ties[i, k] == j:
            return False
    ties[i, n] = j
    return True


@inlined
def _share_small_group(i, j, small_groups):  # type: ignore[no-untyped-def]
    for s in range(small_groups.shape[1]):
        if small_groups[i, s] >= 0 and small_groups[i, s] == small_groups[j, s]:
            return True
    return False


@inlined
def _groups_of_friends(i, group, ties):  # type: ignore[no-untyped-def]
    """Bits of the groups in which resident i has friends."""
    groups = 0
    for k in range(ties.shape[1]):
        j = ties[i, k]
        if j < 0:
            break
        groups |= 1 << group[j]
    return groups
