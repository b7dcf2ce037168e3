"""Meetings: pairs in each mixing group, take-up and valence for each side, all counted as integers.

Each resident has one seat in a setting and is paired within one mixing group, so mixing groups can be processed in any
order and on any number of threads. For one of the largest mixing groups after the other, the kernel copies what its
members bring into scratch, holds all slots of the setting there, and adds the results to the members' week.
"""

from __future__ import annotations

import numpy as np

from contactsim.compiled import ahead, inlined, kernel, sized
from contactsim.draws import halves, nth, pair_key, present_key, short, short_pair, short_unit, unit
from contactsim.encounters.appraisal import liking, other
from contactsim.encounters.arrays import (
    DECLINED,
    NEGATIVE,
    NEUTRAL,
    OWN_MEETING,
    PARTNER_EFFECT,
    PLEASANT,
    POSITIVE,
    TAKE_UP,
    UNPLEASANT,
    Slot,
)
from contactsim.residents import WEEKS_A_YEAR
from contactsim.settings.pairing import match

#: How many seats ahead of the present one the data of members are prefetched (measured: 16 is better than 8).
SOON = 16


@kernel
def meet(lo, hi, slots, within, start, keys, occupant, since, now, rules, seeking,  # type: ignore[no-untyped-def]
         community, public, people, week, members):
    """All ``slots`` (records of :data:`SLOT`) of a setting in its largest mixing groups lo .. hi - 1.

    The mixing groups of scale k inside the largest mixing group q are within[k, q] .. within[k, q + 1] - 1; mixing
    group p has the seats start[p] .. start[p + 1] - 1 and the key keys[p]. The member in seat s has been with the small
    group for ``abs(now - since[s])`` weeks (of a session: hours). ``rules`` is the psychology; ``seeking`` its rule of
    that name, 0 where presence does not depend on liking. Whether the setting is ``community`` life or in ``public``
    decides which sums its meetings enter. ``members`` is scratch for the largest mixing group.
    """
    if week.odds_factor.shape[1] == 1:  # see learn: a number of groups known at compile time
        _meet(np.int64(2), lo, hi, slots, within, start, keys, occupant, since, now, rules, seeking, community,
              public, people, week, members)
    else:
        _meet(week.odds_factor.shape[1] + 1, lo, hi, slots, within, start, keys, occupant, since, now, rules, seeking,
              community, public, people, week, members)


@inlined
def _meet(G, lo, hi, slots, within, start, keys, occupant, since, now, rules, seeking,  # type: ignore[no-untyped-def]
          community, public, people, week, members):
    # Arrays are taken out of their tuples once, since each access inside the loop would count references. Indices are
    # unsigned, since a signed index is tested for being negative.
    m = members
    row, uid, key, group, displaced, able, leisure, together = (
        m.row, m.uid, m.key, m.group, m.displaced, m.able, m.leisure, m.since)
    odds_factor, status, counts = sized(m.odds_factor, (G - 1, 4)), m.status, sized(m.counts, (G - 1, 4))
    activity, dose, company = m.activity, sized(m.dose, (G - 1, 2)), m.company
    candidate, priority, order, partner = m.candidate, m.priority, m.order, m.partner
    nobody = np.int32(row.shape[0] - 1)
    for q in range(lo, hi):
        begin = start[within[0, q]]
        seats = start[within[0, q + 1]] - begin
        gone = _gather(G, begin, seats, occupant, since, now, seeking, people, week, members)
        for s in range(slots.shape[0]):
            t = _slot(slots[s])
            _find_present(seats, nobody, gone, key, displaced, able, leisure, t, order)
            for mixing_group in range(within[t.scale, q], within[t.scale, q + 1]):
                first, n = start[mixing_group] - begin, start[mixing_group + 1] - start[mixing_group]
                match(t.pairing_base, keys[mixing_group], first, n, order, partner)
                across = _within_groups(first, n, nobody, t, order, partner, group, row, uid, activity,
                                        candidate, priority, rules, people)
                for k in range(first, first + across, 2):
                    i, j = np.uintp(order[np.uintp(k)]), np.uintp(order[np.uintp(k + 1)])
                    _across(i, j, t, group, row, uid, status, together, odds_factor, counts, dose, company,
                            activity, candidate, priority, rules, people)
        _scatter(G, seats, community, public, people, week, members)


@inlined
def _slot(row):  # type: ignore[no-untyped-def]
    """A record of :data:`SLOT` as a tuple of values, which are not read from memory again after each write."""
    return Slot(row.scale, row.bit, row.dose, row.presence, row.sociable,  # type: ignore[call-arg]
                row.avoidability, row.take_up, row.positive, row.negative, row.inequality, row.shared_activity,
                row.tie_cross, row.tie_own, row.familiar, row.pairing_base, row.presence_base, row.meeting_base)


@inlined
def _gather(G, begin, seats, occupant, since, now, seeking, people, week, members):  # type: ignore[no-untyped-def]
    """Copy what the members in the seats from ``begin`` on bring, and clear their results.

    Returns the bits of all slots that some of them spend elsewhere.
    """
    m, gone, counted = members, np.uint32(0), 0
    uid, group, status = people.uid, people.group, people.status
    availability, displaced = week.availability, week.displaced
    attitude, feeling = sized(people.attitude, (G - 1,)), sized(people.feeling, (G - 1,))
    brought = sized(week.odds_factor, (G - 1, 4))
    odds_factor, counts, dose = (
        sized(m.odds_factor, (G - 1, 4)), sized(m.counts, (G - 1, 4)), sized(m.dose, (G - 1, 2)))
    by_group = m.partner  # free until pairs are drawn
    for g in range(G):
        by_group[g] = 0
    for k in range(seats):
        at, row = np.uintp(k), occupant[np.uintp(begin + k)]
        if k + SOON < seats and occupant[np.uintp(begin + k + SOON)] >= 0:
            soon = np.uintp(occupant[np.uintp(begin + k + SOON)])
            ahead(group, soon)  # a member's block lies in two or three lines of the cache
            ahead(week.candidate, soon)
            ahead(week.community, soon)
        m.row[at], m.able[at], m.leisure[at] = -1, np.float32(0.0), np.float32(0.0)
        if row < 0:
            continue
        i = np.uintp(row)
        if not availability[i] > 0.0:
            continue
        m.row[at], m.uid[at], m.group[at], m.status[at] = row, np.uint32(uid[i]), group[i], status[i]
        m.key[at] = present_key(np.uint32(uid[i]))
        m.able[at], m.leisure[at] = np.float32(1.0), availability[i]
        elsewhere = displaced[i] if displaced.shape[0] > 0 else np.uint32(0)
        m.displaced[at] = elsewhere
        gone |= elsewhere
        m.since[at] = abs(np.float32(now) - np.float32(since[np.uintp(begin + k)]))
        m.activity[at], m.company[at] = 0, 0
        m.candidate[at], m.priority[at] = -1, np.uint16(0)
        for h in range(G - 1):
            for c in range(4):
                odds_factor[at, h, c] = brought[i, h, c]
                counts[at, h, c] = 0
            dose[at, h, 0], dose[at, h, 1] = 0, 0
        by_group[group[i]] += 1
        counted += 1
    if seeking > 0.0 and counted > 0:
        for k in range(seats):
            at = np.uintp(k)
            if m.row[at] >= 0:
                i, drawn = np.uintp(m.row[at]), 0.0
                for h in range(G - 1):
                    members_of = np.float64(by_group[h + (h >= m.group[at])])
                    drawn += members_of * liking(attitude[i, h], feeling[i, h])
                factor = max(0.0, 1.0 + seeking * drawn / counted)
                m.leisure[at] = np.float32(np.float64(m.leisure[at]) * factor)
    return gone


@inlined
def _find_present(seats, nobody, gone, key, displaced, able, leisure, t, order):  # type: ignore[no-untyped-def]
    """Write into order[:seats] who is present in the slot, seat by seat; ``nobody`` for an absent member.

    Without branches, so that a processor decides for several seats at once.
    """
    if not t.sociable and t.presence >= 1.0 and gone & t.bit == 0:
        for k in range(seats):
            at = np.uintp(k)
            order[at] = np.int32(at) if able[at] > 0 else nobody
        return
    chances = leisure if t.sociable else able
    for k in range(seats):
        at = np.uintp(k)
        here = short_unit(short(t.presence_base, key[at])) < t.presence * chances[at]
        here &= displaced[at] & t.bit == 0
        order[at] = np.int32(at) if here else nobody


@inlined
def _within_groups(first, seats, nobody, t, order, within, group, row, uid, activity,  # type: ignore[no-untyped-def]
                   candidate, priority, rules, people):
    """Meetings within groups among the pairs in order[first:first + seats]: they are positive and may lead to a tie.

    Moves the pairs of two groups to the front of this part of ``order`` and returns how many seats they take.
    ``within`` is scratch for the others.
    """
    across, number = first, 0
    for k in range(first, first + seats - 1, 2):
        one, two = order[np.uintp(k)], order[np.uintp(k + 1)]
        i, j = np.uintp(one), np.uintp(two)
        # Numbers are added without a branch, which a processor could not predict.
        both = (one != nobody) & (two != nobody)
        own = both & (group[i] == group[j])
        more = (OWN_MEETING + np.int64(t.shared_activity)) * own
        activity[i] += more
        activity[j] += more
        within[np.uintp(2 * number)], within[np.uintp(2 * number + 1)] = one, two
        number += own
        order[np.uintp(across)], order[np.uintp(across + 1)] = one, two  # the next pair overwrites one that is not
        across += 2 * (both & (group[i] != group[j]))
    if t.tie_own > 0.0:
        proposed, friends = 0, people.friends
        for k in range(number):
            one, two = within[np.uintp(2 * k)], within[np.uintp(2 * k + 1)]
            i, j = np.uintp(one), np.uintp(two)
            chance = t.tie_own * _room(friends[np.uintp(row[i])], rules) * _room(friends[np.uintp(row[j])], rules)
            within[np.uintp(2 * proposed)], within[np.uintp(2 * proposed + 1)] = one, two
            proposed += short_unit(short_pair(t.meeting_base, uid[i], uid[j])) < chance
        for k in range(proposed):
            i, j = np.uintp(within[np.uintp(2 * k)]), np.uintp(within[np.uintp(2 * k + 1)])
            _propose(i, j, t, uid, row, candidate, priority)
    return across - first


@inlined
def _across(i, j, t, group, row, uid, status, together, odds_factor, counts, dose, company,  # type: ignore[no-untyped-def]
            activity, candidate, priority, rules, people):
    """A meeting between groups: taken up or declined; then a valence for each side; it may lead to a tie."""
    g, h = group[i], group[j]
    m, n = other(h, g), other(g, h)
    a, b = np.uint64(uid[i]), np.uint64(uid[j])
    key = pair_key(t.meeting_base, a, b)
    odds = t.take_up * np.float64(odds_factor[i, m, TAKE_UP]) * np.float64(odds_factor[j, n, TAKE_UP])
    declined = unit(key) * (1.0 + odds) < t.avoidability
    bad = t.negative * (1.0 + t.inequality * abs(np.float64(status[i]) - np.float64(status[j])))
    of_lower, of_higher = halves(nth(key, np.uint64(1)))
    of_i, of_j = of_lower if a < b else of_higher, of_higher if a < b else of_lower
    mine = valence(i, m, np.float64(odds_factor[j, n, PARTNER_EFFECT]), t.positive, bad, of_i, odds_factor)
    theirs = valence(j, n, np.float64(odds_factor[i, m, PARTNER_EFFECT]), t.positive, bad, of_j, odds_factor)
    # A declined meeting gets a valence, too, since computing it costs less than a branch.
    mine += (DECLINED - mine) * declined
    theirs += (DECLINED - theirs) * declined
    # Two residents have been together since the later one came.
    weight = 1.0 / (1.0 + t.familiar * np.float64(min(together[i], together[j])))
    weighted = np.int32(np.float64(t.dose) * weight + 0.5)
    record(i, m, mine, weighted, counts, dose)
    record(j, n, theirs, weighted, counts, dose)
    company[i] += t.dose * (mine < NEUTRAL)
    company[j] += t.dose * (theirs < NEUTRAL)
    agreeable = (not declined) & (mine != NEGATIVE) & (theirs != NEGATIVE)
    activity[i] += t.shared_activity * agreeable
    activity[j] += t.shared_activity * agreeable
    if t.tie_cross > 0.0 and mine == POSITIVE and theirs == POSITIVE:
        chance = t.tie_cross * _room_across(np.uintp(row[i]), h, rules, people)
        chance *= _room_across(np.uintp(row[j]), g, rules, people)
        if short_unit(short_pair(t.meeting_base, uid[i], uid[j])) < chance:
            _propose(i, j, t, uid, row, candidate, priority)


@inlined
def valence(i, k, partner_effect, positive, negative, u, odds_factor):  # type: ignore[no-untyped-def]
    """Valence of a meeting with the k-th other group for resident i: multinomial odds against neutral."""
    good = positive * np.float64(odds_factor[i, k, PLEASANT]) * partner_effect
    bad = negative * np.float64(odds_factor[i, k, UNPLEASANT]) / partner_effect
    at = u * (1.0 + good + bad)
    # Comparisons are added up without a branch, which a processor could not predict.
    return POSITIVE + (NEGATIVE - POSITIVE) * (at >= good) + (NEUTRAL - NEGATIVE) * (at >= good + bad)


@inlined
def record(i, k, what, weighted, counts, dose):  # type: ignore[no-untyped-def]
    """Count a meeting for one side; a neutral or declined one adds nothing to the dose."""
    counts[i, k, what] += 1
    dose[i, k, what % 2] += weighted * (what < NEUTRAL)


@inlined
def _propose(i, j, t, uid, row, candidate, priority):  # type: ignore[no-untyped-def]
    """Propose a tie: each becomes the other's candidate unless it has a better one.

    The proposal of highest priority wins, whatever the order of meetings.
    """
    rank = np.uint16(short_pair(t.presence_base, uid[i], uid[j]) >> np.uint32(16))
    prefer(i, row[j], rank, candidate, priority)
    prefer(j, row[i], rank, candidate, priority)


@inlined
def _room(friends, rules):  # type: ignore[no-untyped-def]
    """How ready someone with this number of friends is for a further one, against one who has none."""
    return max(0.0, 1.0 - friends / rules.tie_limit)


@inlined
def _room_across(i, g, rules, people):  # type: ignore[no-untyped-def]
    """How ready resident i is for a further friend in another group ``g``."""
    room = _room(people.friends[i], rules)
    if (people.friend_groups[i] >> g) & 1:
        room *= rules.tie_further
    return room


@inlined
def prefer(i, partner, rank, candidate, priority):  # type: ignore[no-untyped-def]
    """Make ``partner`` the candidate of i if its rank is higher (of two with the same rank the lower row)."""
    if rank > priority[i] or (rank == priority[i] and partner < candidate[i]):
        priority[i], candidate[i] = rank, partner


@inlined
def _scatter(G, seats, community, public, people, week, members):  # type: ignore[no-untyped-def]
    """Add the results of the members in the first ``seats`` places of scratch to their week."""
    m = members
    counts, dose = sized(m.counts, (G - 1, 4)), sized(m.dose, (G - 1, 2))
    all_counts, all_dose = sized(week.counts, (G - 1, 4)), sized(week.dose, (G - 1, 2))
    own_meetings, bonding, company = week.own_meetings, week.bonding, week.company
    shared_activity, in_community, candidate, priority = (
        week.shared_activity, week.community, week.candidate, week.priority)
    for k in range(seats):
        at = np.uintp(k)
        if m.row[at] < 0:
            continue
        i, encounters, balance = np.uintp(m.row[at]), 0, np.int64(0)
        for h in range(G - 1):
            for c in range(4):
                all_counts[i, h, c] += counts[at, h, c]
                encounters += counts[at, h, c]
            balance += np.int64(counts[at, h, POSITIVE]) - np.int64(counts[at, h, NEGATIVE])
            all_dose[i, h, POSITIVE] += dose[at, h, POSITIVE]
            all_dose[i, h, NEGATIVE] += dose[at, h, NEGATIVE]
        met, shared = m.activity[at] >> np.int64(32), m.activity[at] & np.int64(OWN_MEETING - 1)
        own_meetings[i] += met
        company[i] += m.company[at]
        shared_activity[i] += shared
        if community:
            bonding[i] += met
            in_community[i] += shared
        if public:
            # What learning forgets of it in the same week is made up for.
            people.public_contact[i] = np.float64(people.public_contact[i]) + encounters / (WEEKS_A_YEAR - 1.0)
            people.public_balance[i] = np.float64(people.public_balance[i]) + balance / (WEEKS_A_YEAR - 1.0)
        if m.candidate[at] >= 0:
            prefer(i, m.candidate[at], m.priority[at], candidate, priority)
