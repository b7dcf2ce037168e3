"""Meetings: pairs in each pool, take-up, valence for each side, all noted as integers.

A pool's pairs touch its own members alone and each resident has one seat in a setting, so pools can be
worked on in any order and by any number of threads.
"""

from __future__ import annotations

import numpy as np

from contactsim.compiled import inlined, kernel
from contactsim.draws import fold, pair_part, uniform
from contactsim.encounters.appraise import other
from contactsim.encounters.tables import (
    DECLINED,
    LEAN,
    NEGATIVE,
    NEUTRAL,
    PLEASANT,
    POSITIVE,
    TAKE_UP,
    UNPLEASANT,
)
from contactsim.settings.pairing import shuffle

#: With more other groups than these, a pair needs a small part of its rows, and fetching all would take longer.
FEW = 4


@kernel
def meet(lo, hi, start, keys, occupant, t, streams, people, week, order):  # type: ignore[no-untyped-def]
    """One slot of one occasion for the pools lo .. hi - 1; ``order`` is scratch for the longest pool.

    The number it returns means nothing (see :func:`_fetch`).
    """
    # Arrays are taken out of their tuples once: each access inside the loop would count references.
    group, uid, standing = people.group, people.uid, people.standing
    out, factor, tally, dose = week.out, week.factor, week.tally, week.dose
    joint, candidate, priority = week.joint, week.candidate, week.priority
    fetched = 0.0
    for pool in range(lo, hi):
        first, seats = start[pool], start[pool + 1] - start[pool]
        fetched += _fetch(first, seats, occupant, group, uid, standing, out, factor, tally, dose, joint)
        shuffle(streams.pairing, keys[pool], first, seats, order)
        for k in range(0, seats - 1, 2):
            i, j = occupant[order[k]], occupant[order[k + 1]]
            if i < 0 or j < 0:
                continue
            a, b = np.uint64(uid[i]), np.uint64(uid[j])
            if not (_there(out[i], a, t, streams.presence) and _there(out[j], b, t, streams.presence)):
                continue
            g, h = group[i], group[j]
            if g == h:
                tally[i, g, POSITIVE] += 1
                tally[j, g, POSITIVE] += 1
                mine, theirs, chance = POSITIVE, POSITIVE, t.tie_own
            else:
                m, n = other(h, g), other(g, h)
                if _declined(factor[i, m, TAKE_UP] * factor[j, n, TAKE_UP], pair_part(a, b), t, streams.take_up):
                    tally[i, h, DECLINED] += 1
                    tally[j, g, DECLINED] += 1
                    continue
                bad = t.negative * (1.0 + t.inequality * abs(standing[i] - standing[j]))
                mine = valence(i, m, factor[j, n, LEAN], t.positive, bad, uniform(streams.valence, a), factor)
                theirs = valence(j, n, factor[i, m, LEAN], t.positive, bad, uniform(streams.valence, b), factor)
                note(i, h, mine, t.closeness, tally, dose)
                note(j, g, theirs, t.closeness, tally, dose)
                chance = t.tie_cross
            if mine != NEGATIVE and theirs != NEGATIVE:
                joint[i] += t.joint
                joint[j] += t.joint
            if chance > 0.0 and mine == POSITIVE and theirs == POSITIVE:
                _propose(i, j, chance, pair_part(a, b), streams.tie, candidate, priority)
    return fetched


@inlined
def _fetch(first, seats, occupant, group, uid, standing, out, factor, tally, dose, joint):  # type: ignore[no-untyped-def]
    """Read a pool's rows in the order of memory, so that the pairs find them in the processor's cache.

    Pairs come in random order; to wait for each of their rows took longer than the meeting itself. The sum
    only keeps the compiler from leaving the reads out.
    """
    read = 0.0
    for s in range(first, first + seats):
        i = occupant[s]
        if i >= 0:
            read += out[i] + standing[i] + uid[i] + group[i] + joint[i]
            if factor.shape[1] <= FEW:
                read += tally[i, 0, 0] + dose[i, 0, 0] + factor[i, 0, 0] + factor[i, factor.shape[1] - 1, 0]
    return read


@inlined
def _there(out, part, t, base):  # type: ignore[no-untyped-def]
    """Is the resident with this identifier there in this slot?"""
    if out == 0.0:
        return False
    return uniform(base, part) < (t.presence * out if t.sociable else t.presence)


@inlined
def _declined(odds, part, t, base):  # type: ignore[no-untyped-def]
    """Does the pair walk away? Only where the occasion lets people, less often at higher odds of take-up."""
    if t.avoidability == 0.0:
        return False
    return uniform(base, part) < t.avoidability / (1.0 + t.take_up * odds)


@inlined
def valence(i, k, lean, positive, negative, u, factor):  # type: ignore[no-untyped-def]
    """What a meeting with the k-th of the other groups is for resident i: multinomial odds against neutral."""
    good = positive * factor[i, k, PLEASANT] * lean
    bad = negative * factor[i, k, UNPLEASANT] / lean
    at = u * (1.0 + good + bad)
    if at < good:
        return POSITIVE
    if at < good + bad:
        return NEGATIVE
    return NEUTRAL


@inlined
def note(i, h, what, closeness, tally, dose):  # type: ignore[no-untyped-def]
    """Write a meeting down for one side."""
    tally[i, h, what] += 1
    if what != NEUTRAL:
        dose[i, h, what] += closeness


@inlined
def _propose(i, j, chance, part, base, candidate, priority):  # type: ignore[no-untyped-def]
    """Make the two each other's candidate for a tie, if chance has it and none of higher priority came.

    The highest priority wins whatever the order of meetings; both must end as each other's candidate.
    """
    if uniform(base, part) < chance:
        rank = fold(base + np.uint64(1), part)
        if rank > priority[i]:
            priority[i], candidate[i] = rank, j
        if rank > priority[j]:
            priority[j], candidate[j] = rank, i
