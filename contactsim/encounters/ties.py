"""Ties: friends meet; ties form after hours that were good for both, and fade.

A tie is stored in both rows. Each row writes its own places only and both rows use the same draws, so ties stay
symmetric on any number of threads. Draws are keyed by the two rows, which belong to the two people for as long as they
are friends, so those who do not meet need not be looked up. Friends of other groups come first, then those of the own
group, then free places.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contactsim.compiled import ahead, inlined, kernel, sized
from contactsim.draws import halves, nth, pair_key, short_pair, short_unit
from contactsim.encounters.appraisal import other as position
from contactsim.encounters.arrays import NEUTRAL, PARTNER_EFFECT
from contactsim.encounters.meeting import record, valence
from contactsim.residents import TIE_PLACES, Residents

#: Weeks from one fading of ties and one look at friends of friends to the next (a matter of cost).
EVERY = 4


@inlined
def find_meetings(i, slots, ties, cross_friends, found, one, other, slot):  # type: ignore[no-untyped-def]
    """List the meetings of resident i with friends of other groups in ``slots``, those displaced included.

    Writes the two rows and the number of the slot into ``one``, ``other`` and ``slot`` from place ``found`` on, and
    returns the next free place. Without branches, which a processor could not predict.
    """
    for place in range(cross_friends[i]):
        j = ties[i, np.uintp(place)]
        for s in range(slots.shape[0]):
            drawn = short_unit(short_pair(slots[s].meeting_base, np.uint32(i), np.uint32(j)))
            at = np.uintp(found)
            one[at], other[at], slot[at] = np.int32(i), j, np.int32(s)
            found += drawn < slots[s].presence
    return found


@inlined
def meet_friends(G, found, slots, one, other, slot, people, week):  # type: ignore[no-untyped-def]
    """Meetings in the first ``found`` places of ``one``, ``other`` and ``slot`` (see :func:`find_meetings`).

    Only the side of ``one`` is recorded; the friend's turn records the other.
    """
    group, status, displaced = people.group, people.status, week.displaced
    odds_factor, company = sized(week.odds_factor, (G - 1, 4)), week.company
    counts, dose = sized(week.counts, (G - 1, 4)), sized(week.dose, (G - 1, 2))
    for r in range(found):
        ahead(group, np.uintp(other[np.uintp(r)]))
        ahead(odds_factor, np.uintp(other[np.uintp(r)]))
    for r in range(found):
        i, j, t = np.uintp(one[np.uintp(r)]), np.uintp(other[np.uintp(r)]), slots[slot[np.uintp(r)]]
        if displaced.shape[0] > 0 and (displaced[i] | displaced[j]) & t.bit:
            continue
        key = pair_key(t.meeting_base, np.uint64(i), np.uint64(j))
        bad = t.negative * (1.0 + t.inequality * abs(np.float64(status[i]) - np.float64(status[j])))
        of_lower, of_higher = halves(nth(key, np.uint64(1)))
        k = position(group[j], group[i])
        effect = np.float64(odds_factor[j, position(group[i], group[j]), PARTNER_EFFECT])
        what = valence(i, k, effect, t.positive, bad, of_lower if i < j else of_higher, odds_factor)
        record(i, k, what, np.int32(np.float64(t.dose) * t.familiar + 0.5), counts, dose)
        company[i] += t.dose * (what < NEUTRAL)


@kernel
def find_extended_contact(lo, hi, people):  # type: ignore[no-untyped-def]
    """Find for rows lo .. hi - 1 the other groups in which a friend of the own group has a friend."""
    group, ties, friend_groups = people.group, people.ties, people.friend_groups
    for row in range(lo, hi):
        i, found = np.uintp(row), 0
        for place in range(people.cross_friends[i], people.friends[i]):
            found |= friend_groups[np.uintp(ties[i, np.uintp(place)])]
        people.extended_contact[i] = found & ~(1 << group[i])


@inlined
def form(i, people, week):  # type: ignore[no-untyped-def]
    """Form a tie of resident i with a mutual candidate, if both had a free place at the start of the week."""
    candidate, free = week.candidate, week.free
    j = candidate[i]
    if j < 0 or np.uintp(candidate[np.uintp(j)]) != i or free[i] == 0 or free[np.uintp(j)] == 0:
        return
    ties, friends = people.ties, people.friends[i]
    for place in range(friends):
        if ties[i, np.uintp(place)] == j:
            return
    at, g = friends, people.group[np.uintp(j)]
    if g != people.group[i]:  # friends of the own group move back by one place
        at = people.cross_friends[i]
        for place in range(friends, at, -1):
            ties[i, np.uintp(place)] = ties[i, np.uintp(place - 1)]
        people.cross_friends[i] = at + 1
    ties[i, np.uintp(at)] = j
    people.friends[i] = friends + 1
    people.friend_groups[i] |= 1 << g


@kernel
def fade_ties(lo, hi, fade, base, people, candidate):  # type: ignore[no-untyped-def]
    """Rows lo .. hi - 1: let ties fade with probability ``fade``, except those with mutual candidates of this week."""
    ties = sized(people.ties, (TIE_PLACES,))
    for row in range(lo, hi):
        i, some = np.uintp(row), False
        for place in range(TIE_PLACES):  # also free ones: a processor decides for several places at once
            j = ties[i, np.uintp(place)]
            some |= (j >= 0) & (short_unit(short_pair(base, np.uint32(i), np.uint32(j))) < fade)
        if some:
            _fade(i, fade, base, ties, people, candidate)


@inlined
def _fade(i, fade, base, ties, people, candidate):  # type: ignore[no-untyped-def]
    """Let the ties of resident i fade; those that stay keep their order."""
    group, friends, cross, number, across = people.group, people.friends[i], people.cross_friends[i], 0, 0
    j = candidate[i]
    met = j if j >= 0 and np.uintp(candidate[np.uintp(j)]) == i else -1
    for place in range(friends):  # without branches, which a processor could not predict
        j = ties[i, np.uintp(place)]
        fades = short_unit(short_pair(base, np.uint32(i), np.uint32(j))) < fade
        stays = (not fades) | (j == met)
        ties[i, np.uintp(number)] = j
        number += stays
        across += stays & (place < cross)
    for place in range(number, friends):
        ties[i, np.uintp(place)] = -1
    own = 1 << group[i]
    groups = np.int64(people.friend_groups[i]) & ~own
    if across < cross:
        groups = 0
        for place in range(across):
            groups |= 1 << group[np.uintp(ties[i, np.uintp(place)])]
    people.friend_groups[i] = groups | (own if number > across else 0)
    people.friends[i], people.cross_friends[i] = number, across


@inlined
def _order(i, people):  # type: ignore[no-untyped-def]
    """Bring the friends of resident i into their order, otherwise as before, and count them."""
    group, ties = people.group, people.ties
    number, groups = 0, 0
    for own in range(2):
        for place in range(number, ties.shape[1]):
            friend = ties[i, np.uintp(place)]
            if friend < 0:
                continue
            same = group[np.uintp(friend)] == group[i]
            if same != (own == 1):
                continue
            groups |= 1 << group[np.uintp(friend)]
            for to in range(place, number, -1):  # the others move back by one place
                ties[i, np.uintp(to)] = ties[i, np.uintp(to - 1)]
            ties[i, np.uintp(number)] = friend
            number += 1
        if own == 0:
            people.cross_friends[i] = number
    for place in range(number, ties.shape[1]):
        ties[i, np.uintp(place)] = -1
    people.friends[i], people.friend_groups[i] = number, groups


@kernel
def _order_rows(rows, people):  # type: ignore[no-untyped-def]
    for r in range(rows.shape[0]):
        _order(np.uintp(rows[r]), people)


def end_ties(people: Residents, columns: tuple[NDArray[np.generic], ...], gone: NDArray[np.bool_]) -> None:
    """End all ties of residents who have left (N,); ``columns`` are the residents' columns as the kernels take them."""
    leaving = np.flatnonzero(gone)
    theirs = people.ties[leaving]
    affected = np.union1d(leaving, theirs[theirs >= 0])
    people.ties[leaving] = -1
    rest = people.ties[affected]
    people.ties[affected] = np.where((rest >= 0) & gone[rest], -1, rest)
    _order_rows(affected, columns)
