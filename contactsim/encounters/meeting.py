"""Meetings: pairs in each mixing group, take-up, valence for each side, all noted as integers.

A mixing group's pairs touch its own members alone and each resident has one seat in a setting, so mixing groups can be
worked on in any order and by any number of threads. All slots of a setting are lived mixing group by mixing group of its
largest scale, while the rows of that mixing group are near the processor.
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

#: How many seats ahead of the pair at hand what a pair needs is asked for (measured: 6 to 16 are alike, 4 is too near).
SOON = 8


@kernel
def meet(lo, hi, slots, within, start, keys, occupant, people, week, there, order):  # type: ignore[no-untyped-def]
    """All ``slots`` (records of :data:`SLOT`) of a setting in its largest mixing groups lo .. hi - 1.

    The mixing groups of scale k inside the largest mixing group q are within[k, q] .. within[k, q + 1] - 1; mixing group p has the seats
    start[p] .. start[p + 1] - 1 and the key keys[p]. ``there`` and ``order`` are scratch for the longest mixing group.
    """
    # Arrays are taken out of their tuples once: each access inside the loop would count references. Indices are
    # unsigned, for a signed one is looked at each time for whether it counts from the end.
    group, uid, status = people.group, people.uid, people.status
    availability, displaced, odds_factor, counts, dose = week.availability, week.displaced, week.odds_factor, week.counts, week.dose
    shared_activity, community, candidate, priority = week.shared_activity, week.community, week.candidate, week.priority
    for q in range(lo, hi):
        begin = start[within[0, q]]
        gone = _able(begin, start[within[0, q] + 1], occupant, availability, displaced, there)
        for s in range(slots.shape[0]):
            t = _slot(slots[s])
            for mixing_group in range(within[t.scale, q], within[t.scale, q + 1]):
                seats = start[mixing_group + 1] - start[mixing_group]
                _come(start[mixing_group] - begin, seats, there, gone, availability, displaced, uid, t, order)
                match(t.pairing_base, keys[mixing_group], seats, order)
                across = _within_groups(seats, t, order, group, uid, counts, shared_activity, community, candidate, priority)
                for k in range(0, across, 2):
                    _look_ahead(k + SOON, across, order, uid, status, odds_factor, counts, dose, shared_activity)
                    i, j = np.uintp(order[np.uintp(k)]), np.uintp(order[np.uintp(k + 1)])
                    _across(i, j, t, group, uid, status, odds_factor, counts, dose, shared_activity, community, candidate, priority)


@inlined
def _slot(row):  # type: ignore[no-untyped-def]
    """A record of :data:`SLOT` as values of its own: in the record they would be read again after every note."""
    return Slot(row.scale, row.bit, row.closeness, row.presence, row.sociable, row.avoidability, row.take_up,  # type: ignore[call-arg]
                row.positive, row.negative, row.inequality, row.shared_activity, row.community, row.tie_cross, row.tie_own,
                row.pairing_base, row.presence_base, row.meeting_base)


@inlined
def _look_ahead(k, seats, order, uid, status, odds_factor, counts, dose, shared_activity):  # type: ignore[no-untyped-def]
    """Ask for what a later pair's meeting will read and write."""
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
def _able(first, last, occupant, availability, displaced, there):  # type: ignore[no-untyped-def]
    """Write who of the seats first .. last - 1 can meet people at all into ``there``, -1 for the others.

    Returns the bits of all slots from which somebody is away.
    """
    gone = np.uint32(0)
    for k in range(last - first):
        who = occupant[np.uintp(first + k)]
        if who >= 0:
            i = np.uintp(who)
            gone |= displaced[i]
            who = who if availability[i] > 0.0 else -1
        there[np.uintp(k)] = who
    return gone


@inlined
def _come(first, seats, there, gone, availability, displaced, uid, t, order):  # type: ignore[no-untyped-def]
    """Write who is there into order[:seats], seat by seat; -1 for nobody."""
    if not t.sociable and t.presence >= 1.0 and gone & t.bit == 0:
        for k in range(seats):
            order[np.uintp(k)] = there[np.uintp(first + k)]
        return
    for k in range(seats):
        who = there[np.uintp(first + k)]
        if who >= 0:
            i = np.uintp(who)
            chance = t.presence * availability[i] if t.sociable else t.presence
            here = (displaced[i] & t.bit == 0) and uniform(t.presence_base, np.uint64(uid[i])) < chance
            who = who if here else -1
        order[np.uintp(k)] = who


@inlined
def _within_groups(seats, t, order, group, uid, counts, shared_activity, community, candidate, priority):  # type: ignore[no-untyped-def]
    """Live the meetings within groups: they are pleasant, and may make a tie.

    The pairs across groups are brought to the front of ``order``; returns how many seats they have.
    """
    across = 0
    for k in range(0, seats - 1, 2):
        one, two = order[np.uintp(k)], order[np.uintp(k + 1)]
        if one < 0 or two < 0:
            continue
        i, j = np.uintp(one), np.uintp(two)
        g, h = group[i], group[j]
        own = np.int16(g == h)  # added without a branch: a processor cannot foresee who meets
        counts[i, g, ALL_OWN] += own
        counts[j, h, ALL_OWN] += own
        if t.community:
            counts[i, g, BONDING] += own
            counts[j, h, BONDING] += own
        _do_together(i, j, t.shared_activity * own, t.community, shared_activity, community)
        if t.tie_own > 0.0 and own:
            key = pair_key(t.meeting_base, np.uint64(uid[i]), np.uint64(uid[j]))
            _propose(i, j, t.tie_own, key, candidate, priority)
        order[np.uintp(across)], order[np.uintp(across + 1)] = one, two  # overwritten by the next one, if own
        across += 2 * (g != h)
    return across


@inlined
def _across(i, j, t, group, uid, status, odds_factor, counts, dose, shared_activity, community,  # type: ignore[no-untyped-def]
            candidate, priority):
    """A meeting between groups: taken up or declined, then lived by each side, and it may make a tie."""
    g, h = group[i], group[j]
    m, n = other(h, g), other(g, h)
    a, b = np.uint64(uid[i]), np.uint64(uid[j])
    key = pair_key(t.meeting_base, a, b)
    odds = t.take_up * odds_factor[i, m, TAKE_UP] * odds_factor[j, n, TAKE_UP]
    declined = unit(key) * (1.0 + odds) < t.avoidability
    bad = t.negative * (1.0 + t.inequality * abs(status[i] - status[j]))
    of_lower, of_higher = halves(nth(key, np.uint64(1)))
    mine = valence(i, m, odds_factor[j, n, PARTNER_EFFECT], t.positive, bad, of_lower if a < b else of_higher, odds_factor)
    theirs = valence(j, n, odds_factor[i, m, PARTNER_EFFECT], t.positive, bad, of_higher if a < b else of_lower, odds_factor)
    # What it would have been is worked out for a declined one, too, which costs less than a branch.
    mine += (DECLINED - mine) * declined
    theirs += (DECLINED - theirs) * declined
    note(i, h, mine, t.closeness, counts, dose)
    note(j, g, theirs, t.closeness, counts, dose)
    agreeable = (not declined) & (mine != NEGATIVE) & (theirs != NEGATIVE)
    _do_together(i, j, t.shared_activity * agreeable, t.community, shared_activity, community)
    if t.tie_cross > 0.0 and mine == POSITIVE and theirs == POSITIVE:
        _propose(i, j, t.tie_cross, key, candidate, priority)


@inlined
def _do_together(i, j, hundredths, in_community, shared_activity, community):  # type: ignore[no-untyped-def]
    shared_activity[i] += hundredths
    shared_activity[j] += hundredths
    if in_community:
        community[i] += hundredths
        community[j] += hundredths


@inlined
def valence(i, k, partner_effect, positive, negative, u, odds_factor):  # type: ignore[no-untyped-def]
    """What a meeting with the k-th of the other groups is for resident i: multinomial odds against neutral."""
    good = positive * odds_factor[i, k, PLEASANT] * partner_effect
    bad = negative * odds_factor[i, k, UNPLEASANT] / partner_effect
    at = u * (1.0 + good + bad)
    # Comparisons are added up without a branch: a processor cannot foresee what a meeting will be.
    return POSITIVE + (NEGATIVE - POSITIVE) * (at >= good) + (NEUTRAL - NEGATIVE) * (at >= good + bad)


@inlined
def note(i, h, what, closeness, counts, dose):  # type: ignore[no-untyped-def]
    """Write a meeting down for one side; a neutral or declined one adds nothing to whichever dose."""
    counts[i, h, what] += 1
    dose[i, h, what % 2] += closeness * (what < NEUTRAL)


@inlined
def _propose(i, j, chance, key, candidate, priority):  # type: ignore[no-untyped-def]
    """Make the two each other's candidate for a tie, if chance has it and none of higher priority came.

    The highest priority wins whatever the order of meetings; both must end as each other's candidate.
    """
    if unit(nth(key, np.uint64(2))) < chance:
        rank = nth(key, np.uint64(3))
        if rank > priority[i]:
            priority[i], candidate[i] = rank, j
        if rank > priority[j]:
            priority[j], candidate[j] = rank, i
