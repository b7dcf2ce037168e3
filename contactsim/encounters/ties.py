"""Ties: friends meet, ties form after good meetings in small groups, fade when not kept up.

A tie stands in a place of each of the two rows; each row writes its own places only and both decide by the
same draws, so ties stay symmetric on any number of threads. Free places come last, so that looking through a
row's friends ends at the first of them.
"""

from __future__ import annotations

import numpy as np

from contactsim.compiled import inlined, kernel
from contactsim.draws import halves, nth, pair_key, pair_part, uniform, unit
from contactsim.encounters.appraisal import other
from contactsim.encounters.arrays import PARTNER_EFFECT
from contactsim.encounters.meeting import note, valence

#: Rows among which those that have or may get friends are sought before any of them is looked at.
BLOCK = 128


@kernel
def friends_meet(lo, hi, slots, people, week):  # type: ignore[no-untyped-def]
    """Rows lo .. hi - 1 meet each of their friends of other groups or not, in each of ``slots`` (records of
    :data:`SLOT`); own side noted only."""
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
                    note(i, group[j], what, t.closeness, counts, dose)


@kernel
def hear_of(ties, group, friend_groups, extended_contact):  # type: ignore[no-untyped-def]
    """Note for everybody in which other groups a friend of the own group has a friend.

    Those few who have such a friend tell it to theirs. Rows write to other rows here, so this is for one thread.
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
    """Free tie places of the rows lo .. hi - 1 that have a candidate, before ties fade and form."""
    for row in range(lo, hi):
        i = np.uintp(row)
        if candidate[i] >= 0:
            free[i] = ties.shape[1] - number_of_friends(i, ties)


@kernel
def renew(lo, hi, fade, fade_shared, base, small_groups, free, group, uid, ties, friend_groups, candidate, rows):  # type: ignore[no-untyped-def]
    """Rows lo .. hi - 1: form the mutual candidates' ties, let others fade, note the friends' groups.

    ``small_groups`` (N, settings) holds the small group of each row in each setting, -1 for none. Rows without a
    candidate and without friends (``friend_groups`` 0) are passed over. ``rows`` (BLOCK,) is scratch.
    """
    for first in range(lo, hi, BLOCK):
        n = 0
        for row in range(first, min(first + BLOCK, hi)):
            i = np.uintp(row)
            rows[np.uintp(n)] = row  # without a branch: the next one overwrites a row that is passed over
            n += (candidate[i] >= 0) | (friend_groups[i] != 0)
        for r in range(n):
            i = np.uintp(rows[np.uintp(r)])
            kept = candidate[i]
            if kept >= 0 and np.uintp(candidate[np.uintp(kept)]) != i:
                kept = -1
            changed = _fade(i, kept, fade, fade_shared, base, small_groups, uid, ties)
            if kept >= 0 and free[i] > 0 and free[np.uintp(kept)] > 0:
                changed |= _form(i, kept, ties)
            if changed:
                friend_groups[i] = _know(i, group, ties)


@inlined
def number_of_friends(i, ties):  # type: ignore[no-untyped-def]
    """How many friends resident i has."""
    n = 0
    while n < ties.shape[1] and ties[i, np.uintp(n)] >= 0:
        n += 1
    return n


@inlined
def _fade(i, kept, fade, fade_shared, base, small_groups, uid, ties):  # type: ignore[no-untyped-def]
    """End the ties of resident i that fade, all but one with ``kept``; returns whether any did."""
    most, faded = max(fade, fade_shared), False
    for k in range(ties.shape[1]):
        friend = ties[i, np.uintp(k)]
        if friend < 0:
            break
        if friend != kept:
            j = np.uintp(friend)
            u = uniform(base, pair_part(np.uint64(uid[i]), np.uint64(uid[j])))
            # most ties are kept whatever the two share, which is looked up for the others alone
            if u < most and u < (fade_shared if _share_small_group(i, j, small_groups) else fade):
                ties[i, np.uintp(k)] = -1
                faded = True
    if faded:
        _close_gaps(i, ties)
    return faded


@inlined
def _close_gaps(i, ties):  # type: ignore[no-untyped-def]
    """Bring the free places of resident i last; friends stay in their order."""
    n = 0
    for k in range(ties.shape[1]):
        friend = ties[i, k]
        if friend >= 0:
            ties[i, k] = -1
            ties[i, n] = friend
            n += 1


@inlined
def _form(i, j, ties):  # type: ignore[no-untyped-def]
    """Put j in the first free place of i, unless they are tied already; returns whether it was done."""
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
def _know(i, group, ties):  # type: ignore[no-untyped-def]
    """Bit g is set if resident i has a friend in group g."""
    groups = 0
    for k in range(ties.shape[1]):
        j = ties[i, k]
        if j < 0:
            break
        groups |= 1 << group[j]
    return groups
