"""Appraisal at the start of a week: local norms and composition, and the odds factors of each resident.

Everything is read from the state at the start of the week. The odds of a meeting are products of a factor from each
side, so exponentials are computed once for each resident and week, not for each meeting.
"""

from __future__ import annotations

import numpy as np

from contactsim.compiled import inlined, inlined_and_callable, kernel, sized
from contactsim.encounters.arrays import PARTNER_EFFECT, PLEASANT, TAKE_UP, UNPLEASANT
from contactsim.residents import ADULT_AGE, MEETING_AGE

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
    """Neighbourhoods lo .. hi - 1: fill ``areas`` and what residents bring into the week, clear the week's results.

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
    group, age, arrived, attitude = people.group, people.age, people.arrived, sized(people.attitude, (G - 1,))
    norm, share = sized(areas.norm, (G, G)), sized(areas.share, (G,))
    message_effect, number = sized(areas.message_effect, (G, G)), areas.number
    availability, odds_factor = week.availability, sized(week.odds_factor, (G - 1, 4))
    for area in range(lo, hi):
        _clear_share(area, G, norm, share)
        for s in range(start[area], start[area + 1]):
            if occupant[s] >= 0:
                i = np.uintp(occupant[s])
                _clear(i, G, week)
                week.free[i] = people.ties.shape[1] - people.friends[i]
                here = age[i] >= MEETING_AGE and not arrived[i] < 0.0
                availability[i] = np.float32(
                    np.float64(people.sociability[i]) * _by_age(np.float64(age[i]), p.presence_age)) if here else 0.0
                if here:
                    _count(i, area, G, group, attitude, norm, share)
        number[area] = _average(area, G, norm, share, message_effect)
        for first in range(start[area], start[area + 1], BLOCK):
            n = 0
            for s in range(first, min(first + BLOCK, start[area + 1])):
                if occupant[s] >= 0:
                    rows[np.uintp(n)] = occupant[s]
                    n += 1
            for k in range(G - 1):
                _log_odds(n, k, G, rows, area, p, people, norm, odds)
                for c in range(4):
                    for r in range(n):
                        odds[c, r] = exp(odds[c, r])
                for r in range(n):
                    for c in range(4):
                        odds_factor[np.uintp(rows[r]), k, c] = odds[c, r]


@inlined
def _by_age(age, strength):  # type: ignore[no-untyped-def]
    """How often people of an age are out, against the mean: 1 for children, then as in contact diaries."""
    if age < ADULT_AGE:
        return 1.0
    return max(0.0, 1.0 + strength * (0.2 - 0.65 * min(1.0, max(0.0, (age - 30.0) / 45.0))))


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
    for k in range(G - 1):
        norm[area, own, group_at(k, own)] += attitude[i, k]


@inlined
def _average(area, G, norm, share, message_effect):  # type: ignore[no-untyped-def]
    """Turn the sums of a neighbourhood into norms and composition; returns the number of residents counted."""
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
    return total


@inlined
def _clear(i, G, week):  # type: ignore[no-untyped-def]
    counts, dose = sized(week.counts, (G - 1, 4)), sized(week.dose, (G - 1, 2))
    for k in range(G - 1):
        for c in range(4):
            counts[i, k, c] = 0
        dose[i, k, 0], dose[i, k, 1] = 0, 0
    week.own_meetings[i], week.bonding[i], week.company[i] = 0, 0, 0
    week.shared_activity[i], week.community[i], week.candidate[i], week.priority[i] = 0, 0, -1, np.uint16(0)


@inlined
def _log_odds(n, k, G, rows, area, p, people, norm, odds):  # type: ignore[no-untyped-def]
    """Logarithms of the odds factors of the residents rows[:n] in meetings with their k-th other group."""
    attitude, feeling = sized(people.attitude, (G - 1,)), sized(people.feeling, (G - 1,))
    for r in range(n):
        i = np.uintp(rows[r])
        own = np.uintp(people.group[i])
        like = liking(attitude[i, k], feeling[i, k])
        exposure = np.float64(people.negative_exposure[i])
        anxious = np.float64(people.anxiety[i]) - p.anxiety_rest
        identity = p.common_identity * (np.float64(people.belonging[i]) - p.belonging_rest)
        fear = p.appraisal_threat * (np.float64(people.threat[i]) - p.threat_rest)
        worry = p.appraisal_anxiety * anxious
        appraisal = p.appraisal * like
        odds[TAKE_UP, r] = (p.take_up_sociability * (np.float64(people.sociability[i]) - 1.0)
                            - p.take_up_anxiety * anxious
                            - p.take_up_language * (1.0 - np.float64(people.language[i]))) + p.take_up_attitude * like
        odds[PLEASANT, r] = (identity - worry - p.negative_exposure_positive * exposure + p.appraisal_own * appraisal)
        odds[UNPLEASANT, r] = (worry + fear + exposure - identity - p.appraisal_own * appraisal
                               - p.inward_norms * norm[area, own, group_at(k, own)])
        odds[PARTNER_EFFECT, r] = (1.0 - p.appraisal_own) * appraisal


@inlined
def liking(attitude, feeling):  # type: ignore[no-untyped-def]
    """Attitude and momentary feeling together, -1 to 1, rounded to single precision.

    It is computed where it is read, since attitude and feeling do not change before all meetings are over.
    """
    return np.float64(np.float32(min(1.0, max(-1.0, np.float64(attitude) + np.float64(feeling)))))


@inlined
def group_at(k, own):  # type: ignore[no-untyped-def]
    """The k-th group other than ``own``."""
    return np.uintp(k) + np.uintp(np.uintp(k) >= np.uintp(own))


@inlined
def other(h, own):  # type: ignore[no-untyped-def]
    """Position of group ``h`` among the groups other than ``own`` (:func:`contactsim.residents.position_of`)."""
    return np.uintp(h) - np.uintp(h > own)


@inlined_and_callable
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
