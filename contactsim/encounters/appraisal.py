"""Appraisal at the start of a week: local norms and composition, and the odds factors of each resident.

Everything is read from the state at the start of the week. The odds of a meeting are products of a factor from each
side, so exponentials are computed once for each resident and week, not for each meeting.
"""

from __future__ import annotations

import numpy as np

from contactsim.compiled import inlined, kernel, sized
from contactsim.encounters.arrays import PARTNER_EFFECT, PLEASANT, TAKE_UP, UNPLEASANT
from contactsim.residents import MEETING_AGE

#: Residents whose odds factors are computed together.
BLOCK = 128
LOG2_E = 1.4426950408889634
#: ln 2 in two parts, the first short enough that its multiples are exact (as in fdlibm's e_exp.c).
LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
#: Added to a number below 2**51, this rounds it to an integer and leaves that integer, with the offset of a double's
#: exponent, in the last bits.
ROUND = 1.5 * 2.0**52 + 1023.0
#: Larger arguments give the result of the limit; the model's are far smaller.
EXP_LIMIT = 700.0
C3, C4, C5, C6, C7 = 1 / 6, 1 / 24, 1 / 120, 1 / 720, 1 / 5040
C8, C9, C10, C11, C12 = 1 / 40320, 1 / 362880, 1 / 3628800, 1 / 39916800, 1 / 479001600


@kernel
def appraise(lo, hi, start, occupant, p, people, week, areas, rows, odds):  # type: ignore[no-untyped-def]
    """Neighbourhoods lo .. hi - 1: fill ``areas``, ``week.availability`` and ``week.odds_factor``, clear counts.

    ``rows`` (BLOCK,) and ``odds`` (4, BLOCK) are scratch.
    """
    if areas.share.shape[1] == 2:  # see learn: a number of groups known at compile time
        _appraise(np.int64(2), lo, hi, start, occupant, p, people, week, areas, rows, odds)
    else:
        _appraise(areas.share.shape[1], lo, hi, start, occupant, p, people, week, areas, rows, odds)


@inlined
def _appraise(G, lo, hi, start, occupant, p, people, week, areas, rows, odds):  # type: ignore[no-untyped-def]
    # Arrays are taken out of their tuples once, since each access inside the loop would count references. Indices are
    # unsigned, since a signed index is tested for being negative.
    group, age, arrived, attitude = people.group, people.age, people.arrived, sized(people.attitude, (G,))
    sociability, negative_exposure, language = people.sociability, people.negative_exposure, people.language
    anxiety, belonging = people.anxiety, people.belonging
    norm, share = sized(areas.norm, (G, G)), sized(areas.share, (G,))
    message_effect = sized(areas.message_effect, (G, G))
    availability, odds_factor = week.availability, sized(week.odds_factor, (G - 1, 4))
    counts, dose = sized(week.counts, (G, 4)), sized(week.dose, (G, 2))
    shared_activity, community = week.shared_activity, week.community
    candidate, priority = week.candidate, week.priority
    for area in range(lo, hi):
        _clear_share(area, G, norm, share)
        for s in range(start[area], start[area + 1]):
            if occupant[s] >= 0:
                i = np.uintp(occupant[s])
                _clear(i, G, counts, dose, shared_activity, community, candidate, priority)
                here = age[i] >= MEETING_AGE and not arrived[i] < 0.0
                availability[i] = sociability[i] if here else 0.0
                if here:
                    _count(i, area, G, group, attitude, norm, share)
        _average(area, G, norm, share, message_effect)
        for first in range(start[area], start[area + 1], BLOCK):
            n = 0
            for s in range(first, min(first + BLOCK, start[area + 1])):
                if occupant[s] >= 0:
                    rows[np.uintp(n)] = occupant[s]
                    n += 1
            for k in range(G - 1):
                _log_odds(n, k, rows, area, p, group, sociability, negative_exposure, language, anxiety,
                          belonging, attitude, norm, odds)
                for c in range(4):
                    for r in range(n):
                        odds[c, r] = exp(odds[c, r])
                for r in range(n):
                    for c in range(4):
                        odds_factor[np.uintp(rows[r]), k, c] = odds[c, r]


@inlined
def _clear_share(area, G, norm, share):  # type: ignore[no-untyped-def]
    for g in range(G):
        share[area, g] = 0.0
        for h in range(G):
            norm[area, g, h] = 0.0


@inlined
def _count(i, area, G, group, attitude, norm, share):  # type: ignore[no-untyped-def]
    """Add resident i to the sums of a neighbourhood: members and attitudes of the own group."""
    own = np.uintp(group[i])
    share[area, own] += 1.0
    for h in range(G):
        norm[area, own, h] += attitude[i, h]


@inlined
def _average(area, G, norm, share, message_effect):  # type: ignore[no-untyped-def]
    """Turn the sums of a neighbourhood into norms and composition."""
    total = 0.0
    for g in range(G):
        total += share[area, g]
        if share[area, g] > 0.0:
            for h in range(G):
                mean = norm[area, g, h] / share[area, g]
                norm[area, g, h] = min(1.0, max(-1.0, mean + message_effect[area, g, h]))
    if total > 0.0:
        for g in range(G):
            share[area, g] /= total


@inlined
def _clear(i, G, counts, dose, shared_activity, community, candidate, priority):  # type: ignore[no-untyped-def]
    for h in range(G):
        for k in range(4):
            counts[i, h, k] = 0
        dose[i, h, 0], dose[i, h, 1] = 0, 0
    shared_activity[i], community[i], candidate[i], priority[i] = 0, 0, -1, np.uint64(0)


@inlined
def _log_odds(n, k, rows, area, p, group, sociability, negative_exposure, language, anxiety,  # type: ignore[no-untyped-def]
              belonging, attitude, norm, odds):
    """Logarithms of the odds factors of the residents rows[:n] in meetings with their k-th other group."""
    for r in range(n):
        i = np.uintp(rows[r])
        own = np.uintp(group[i])
        h = np.uintp(k) + np.uintp(np.uintp(k) >= own)
        anxious = anxiety[i] - p.anxiety_rest
        identity = p.common_identity * (belonging[i] - p.belonging_rest)
        worry = p.appraisal_anxiety * anxious
        appraisal = p.appraisal * attitude[i, h]
        odds[TAKE_UP, r] = (p.take_up_sociability * (sociability[i] - 1.0) - p.take_up_anxiety * anxious
                            - p.take_up_language * (1.0 - language[i])) + p.take_up_attitude * attitude[i, h]
        odds[PLEASANT, r] = (identity - worry - p.negative_exposure_positive * negative_exposure[i]
                             + p.appraisal_own * appraisal)
        odds[UNPLEASANT, r] = (worry + negative_exposure[i] - identity - p.appraisal_own * appraisal
                               - p.inward_norms * norm[area, own, h])
        odds[PARTNER_EFFECT, r] = (1.0 - p.appraisal_own) * appraisal


@inlined
def other(h, own):  # type: ignore[no-untyped-def]
    """Index of group ``h`` among the groups other than ``own``."""
    return np.uintp(h) - np.uintp(h > own)


@inlined
def exp(x):  # type: ignore[no-untyped-def]
    """e to the power of x (float64): the same bits on every platform, and compiled for several rows at once.

    A library's exponential is a function call for each row, and its last bit differs between libraries. This one
    evaluates a polynomial after the usual reduction of the argument; its relative error is below 5e-16 (tested).
    """
    x = min(max(x, -EXP_LIMIT), EXP_LIMIT)
    shifted = np.float64(x * LOG2_E + ROUND)
    power_of_two = shifted - ROUND
    r = (x - power_of_two * LN2_HIGH) - power_of_two * LN2_LOW
    r2 = r * r
    r4 = r2 * r2
    low = ((1.0 + r) + (0.5 + C3 * r) * r2) + ((C4 + C5 * r) + (C6 + C7 * r) * r2) * r4
    high = (C8 + C9 * r) + (C10 + C11 * r) * r2 + C12 * r4
    power = np.int64(shifted.view(np.int64) << np.int64(52)).view(np.float64)
    return (low + high * (r4 * r4)) * power
