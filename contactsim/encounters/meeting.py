"""Meetings: pairs in each mixing group, take-up and valence for each side, all counted as integers.

Each resident has one seat in a setting and is paired within one mixing group, so mixing groups can be processed in any
order and on any number of threads. All slots of a setting are processed for one of its largest mixing groups before the
next, while the rows of its members are in the processor's cache.
"""

from __future__ import annotations

import numpy as np

from contactsim.compiled import ahead, inlined, kernel
from contactsim.draws import halves, nth, pair_key, uniform, unit
from contactsim.encounters.appraisal import other
from contactsim.encounters.arrays import (
    ALL_OWN,
    BONDING,
    DECLINED,
    NEGATIVE,
    NEUTRAL,
    PARTNER_EFFECT,
    PLEASANT,
    POSITIVE,
    TAKE_UP,
    UNPLEASANT,
    Slot,
)
from contactsim.settings.pairing import match

#: How many seats ahead of the current pair data are prefetched (measured: 6 to 16 are alike, 4 is too few).
SOON = 8


@kernel
def meet(lo, hi, slots, within, start, keys, occupant, people, week, able, order):  # type: ignore[no-untyped-def]
    """All ``slots`` (records of :data:`SLOT`) of a setting in its largest mixing groups lo .. hi - 1.

    The mixing groups of scale k inside the largest mixing group q are within[k, q] .. within[k, q + 1] - 1; mixing
    group p has the seats start[p] .. start[p + 1] - 1 and the key keys[p]. ``able`` and ``order`` are scratch for the
    longest mixing group.
    """
    # Arrays are taken out of their tuples once, since each access inside the loop would count references. Indices are
    # unsigned, since a signed index is tested for being negative.
    group, uid, status = people.group, people.uid, people.status
    availability, displaced, odds_factor = week.availability, week.displaced, week.odds_factor
    counts, dose, shared_activity, community = week.counts, week.dose, week.shared_activity, week.community
    candidate, priority = week.candidate, week.priority
    for q in range(lo, hi):
        begin = start[within[0, q]]
        gone = _find_able(begin, start[within[0, q] + 1], occupant, availability, displaced, able)
        for s in range(slots.shape[0]):
            t = _slot(slots[s])
            for mixing_group in range(within[t.scale, q], within[t.scale, q + 1]):
                seats = start[mixing_group + 1] - start[mixing_group]
                _find_present(start[mixing_group] - begin, seats, able, gone, availability, displaced, uid, t, order)
                match(t.pairing_base, keys[mixing_group], seats, order)
                across = _within_groups(seats, t, order, group, uid, counts, shared_activity, community, candidate,
                                        priority)
                for k in range(0, across, 2):
                    _prefetch(k + SOON, across, order, uid, status, odds_factor, counts, dose, shared_activity)
                    i, j = np.uintp(order[np.uintp(k)]), np.uintp(order[np.uintp(k + 1)])
                    _across(i, j, t, group, uid, status, odds_factor, counts, dose, shared_activity, community,
                            candidate, priority)


@inlined
def _slot(row):  # type: ignore[no-untyped-def]
    """A record of :data:`SLOT` as a tuple of values, which are not read from memory again after each write."""
    return Slot(row.scale, row.bit, row.closeness, row.presence, row.sociable,  # type: ignore[call-arg]
                row.avoidability, row.take_up, row.positive, row.negative, row.inequality, row.shared_activity,
                row.community, row.tie_cross, row.tie_own, row.pairing_base, row.presence_base, row.meeting_base)


@inlined
def _prefetch(k, seats, order, uid, status, odds_factor, counts, dose, shared_activity):  # type: ignore[no-untyped-def]
    """Prefetch the data that a later pair's meeting will read and write."""
    if k + 1 < seats:
        for side in range(2):
            row = np.uintp(order[np.uintp(k + side)])
            ahead(uid, row)
            ahead(status, row)
            ahead(odds_factor, row)
            ahead(counts, row)
            ahead(dose, row)
            ahead(shared_activity, row)


@inlined
def _find_able(first, last, occupant, availability, displaced, able):  # type: ignore[no-untyped-def]
    """Write into ``able`` the rows in the seats first .. last - 1 that meet people this week, -1 for the others.

    Returns the bits of all slots that some of them spend elsewhere.
    """
    gone = np.uint32(0)
    for k in range(last - first):
        row = occupant[np.uintp(first + k)]
        if row >= 0:
            i = np.uintp(row)
            gone |= displaced[i]
            row = row if availability[i] > 0.0 else -1
        able[np.uintp(k)] = row
    return gone


@inlined
def _find_present(first, seats, able, gone, availability, displaced, uid, t, order):  # type: ignore[no-untyped-def]
    """Write into order[:seats] the rows that are present in the slot, seat by seat; -1 for nobody."""
    if not t.sociable and t.presence >= 1.0 and gone & t.bit == 0:
        for k in range(seats):
            order[np.uintp(k)] = able[np.uintp(first + k)]
        return
    for k in range(seats):
        row = able[np.uintp(first + k)]
        if row >= 0:
            i = np.uintp(row)
            chance = t.presence * availability[i] if t.sociable else t.presence
            here = (displaced[i] & t.bit == 0) and uniform(t.presence_base, np.uint64(uid[i])) < chance
            row = row if here else -1
        order[np.uintp(k)] = row


@inlined
def _within_groups(seats, t, order, group, uid, counts, shared_activity, community,  # type: ignore[no-untyped-def]
                   candidate, priority):
    """Meetings within groups: they are positive and may lead to a tie.

    Moves the pairs of two groups to the front of ``order`` and returns how many seats they take.
    """
    across = 0
    for k in range(0, seats - 1, 2):
        one, two = order[np.uintp(k)], order[np.uintp(k + 1)]
        if one < 0 or two < 0:
            continue
        i, j = np.uintp(one), np.uintp(two)
        g, h = group[i], group[j]
        own = np.int16(g == h)  # added without a branch, which a processor could not predict
        counts[i, g, ALL_OWN] += own
        counts[j, h, ALL_OWN] += own
        if t.community:
            counts[i, g, BONDING] += own
            counts[j, h, BONDING] += own
        _add_shared_activity(i, j, t.shared_activity * own, t.community, shared_activity, community)
        if t.tie_own > 0.0 and own:
            key = pair_key(t.meeting_base, np.uint64(uid[i]), np.uint64(uid[j]))
            _propose(i, j, t.tie_own, key, candidate, priority)
        order[np.uintp(across)], order[np.uintp(across + 1)] = one, two  # the next pair overwrites one of one group
        across += 2 * (g != h)
    return across


@inlined
def _across(i, j, t, group, uid, status, odds_factor, counts, dose, shared_activity, community,  # type: ignore[no-untyped-def]
            candidate, priority):
    """A meeting between groups: taken up or declined; then a valence for each side; it may lead to a tie."""
    g, h = group[i], group[j]
    m, n = other(h, g), other(g, h)
    a, b = np.uint64(uid[i]), np.uint64(uid[j])
    key = pair_key(t.meeting_base, a, b)
    odds = t.take_up * odds_factor[i, m, TAKE_UP] * odds_factor[j, n, TAKE_UP]
    declined = unit(key) * (1.0 + odds) < t.avoidability
    bad = t.negative * (1.0 + t.inequality * abs(status[i] - status[j]))
    of_lower, of_higher = halves(nth(key, np.uint64(1)))
    of_i, of_j = of_lower if a < b else of_higher, of_higher if a < b else of_lower
    mine = valence(i, m, odds_factor[j, n, PARTNER_EFFECT], t.positive, bad, of_i, odds_factor)
    theirs = valence(j, n, odds_factor[i, m, PARTNER_EFFECT], t.positive, bad, of_j, odds_factor)
    # A declined meeting gets a valence, too, since computing it costs less than a branch.
    mine += (DECLINED - mine) * declined
    theirs += (DECLINED - theirs) * declined
    record(i, h, mine, t.closeness, counts, dose)
    record(j, g, theirs, t.closeness, counts, dose)
    agreeable = (not declined) & (mine != NEGATIVE) & (theirs != NEGATIVE)
    _add_shared_activity(i, j, t.shared_activity * agreeable, t.community, shared_activity, community)
    if t.tie_cross > 0.0 and mine == POSITIVE and theirs == POSITIVE:
        _propose(i, j, t.tie_cross, key, candidate, priority)


@inlined
def _add_shared_activity(i, j, hundredths, in_community, shared_activity, community):  # type: ignore[no-untyped-def]
    shared_activity[i] += hundredths
    shared_activity[j] += hundredths
    if in_community:
        community[i] += hundredths
        community[j] += hundredths


@inlined
def valence(i, k, partner_effect, positive, negative, u, odds_factor):  # type: ignore[no-untyped-def]
    """Valence of a meeting with the k-th other group for resident i: multinomial odds against neutral."""
    good = positive * odds_factor[i, k, PLEASANT] * partner_effect
    bad = negative * odds_factor[i, k, UNPLEASANT] / partner_effect
    at = u * (1.0 + good + bad)
    # Comparisons are added up without a branch, which a processor could not predict.
    return POSITIVE + (NEGATIVE - POSITIVE) * (at >= good) + (NEUTRAL - NEGATIVE) * (at >= good + bad)


@inlined
def record(i, h, what, closeness, counts, dose):  # type: ignore[no-untyped-def]
    """Count a meeting for one side; a neutral or declined one adds nothing to the dose."""
    counts[i, h, what] += 1
    dose[i, h, what % 2] += closeness * (what < NEUTRAL)


@inlined
def _propose(i, j, chance, key, candidate, priority):  # type: ignore[no-untyped-def]
    """Propose a tie with probability ``chance``: each becomes the other's candidate unless it has a better one.

    The proposal of highest priority wins, whatever the order of meetings.
    """
    if unit(nth(key, np.uint64(2))) < chance:
        rank = nth(key, np.uint64(3))
        if rank > priority[i]:
            priority[i], candidate[i] = rank, j
        if rank > priority[j]:
            priority[j], candidate[j] = rank, i
