"""The start of a week: what the people around think, and what each resident brings into a meeting.

Everything is read from the state at the start of the week. The odds of a meeting are products of a factor
from each side, so the exponentials are taken once a week and resident, not once a meeting.
"""

from __future__ import annotations

import numpy as np

from contactsim.compiled import inlined, kernel, sized
from contactsim.encounters.arrays import LEAN, PLEASANT, TAKE_UP, UNPLEASANT
from contactsim.encounters.exponential import exp
from contactsim.residents import MEETING_AGE

#: Residents whose factors are computed side by side.
BLOCK = 128


@kernel
def appraise(lo, hi, start, occupant, p, people, week, areas, rows, odds):  # type: ignore[no-untyped-def]
    """Neighbourhoods lo .. hi - 1: fill ``areas`` and ``week.out`` and ``week.factor``, clear the tallies.

    ``rows`` (BLOCK,) and ``odds`` (4, BLOCK) are scratch.
    """
    if areas.share.shape[1] == 2:  # see change: a number of groups that is known when compiling
        _appraise(np.int64(2), lo, hi, start, occupant, p, people, week, areas, rows, odds)
    else:
        _appraise(areas.share.shape[1], lo, hi, start, occupant, p, people, week, areas, rows, odds)


@inlined
def _appraise(G, lo, hi, start, occupant, p, people, week, areas, rows, odds):  # type: ignore[no-untyped-def]
    # Arrays are taken out of their tuples once: each access inside the loop would count references. Indices are
    # unsigned, for a signed one is looked at each time for whether it counts from the end.
    group, age, arrived, attitude = people.group, people.age, people.arrived, sized(people.attitude, (G,))
    sociability, exposure, language = people.sociability, people.exposure, people.language
    anxiety, connectedness = people.anxiety, people.connectedness
    norm, share, said = sized(areas.norm, (G, G)), sized(areas.share, (G,)), sized(areas.said, (G, G))
    out, factor = week.out, sized(week.factor, (G - 1, 4))
    tally, dose = sized(week.tally, (G, 4)), sized(week.dose, (G, 2))
    joint, community, candidate, priority = week.joint, week.community, week.candidate, week.priority
    for pool in range(lo, hi):
        _clear_share(pool, G, norm, share)
        for s in range(start[pool], start[pool + 1]):
            if occupant[s] >= 0:
                i = np.uintp(occupant[s])
                _clear(i, G, tally, dose, joint, community, candidate, priority)
                here = age[i] >= MEETING_AGE and not arrived[i] < 0.0
                out[i] = sociability[i] if here else 0.0
                if here:
                    _count(i, pool, G, group, attitude, norm, share)
        _around(pool, G, norm, share, said)
        for first in range(start[pool], start[pool + 1], BLOCK):
            n = 0
            for s in range(first, min(first + BLOCK, start[pool + 1])):
                if occupant[s] >= 0:
                    rows[np.uintp(n)] = occupant[s]
                    n += 1
            for k in range(G - 1):
                _weigh_up(n, k, rows, pool, p, group, sociability, exposure, language, anxiety, connectedness,
                          attitude, norm, odds)
                for c in range(4):
                    for r in range(n):
                        odds[c, r] = exp(odds[c, r])
                for r in range(n):
                    for c in range(4):
                        factor[np.uintp(rows[r]), k, c] = odds[c, r]


@inlined
def _clear_share(pool, G, norm, share):  # type: ignore[no-untyped-def]
    for g in range(G):
        share[pool, g] = 0.0
        for h in range(G):
            norm[pool, g, h] = 0.0


@inlined
def _count(i, pool, G, group, attitude, norm, share):  # type: ignore[no-untyped-def]
    """Count resident i in a neighbourhood: one more of the group, and what is thought of each other."""
    own = np.uintp(group[i])
    share[pool, own] += 1.0
    for h in range(G):
        norm[pool, own, h] += attitude[i, h]


@inlined
def _around(pool, G, norm, share, said):  # type: ignore[no-untyped-def]
    """From counts to norms and composition of a neighbourhood: all old enough who have arrived, in order of seats."""
    total = 0.0
    for g in range(G):
        total += share[pool, g]
        if share[pool, g] > 0.0:
            for h in range(G):
                mean = norm[pool, g, h] / share[pool, g]
                norm[pool, g, h] = min(1.0, max(-1.0, mean + said[pool, g, h]))
    if total > 0.0:
        for g in range(G):
            share[pool, g] /= total


@inlined
def _clear(i, G, tally, dose, joint, community, candidate, priority):  # type: ignore[no-untyped-def]
    for h in range(G):
        for k in range(4):
            tally[i, h, k] = 0
        dose[i, h, 0], dose[i, h, 1] = 0, 0
    joint[i], community[i], candidate[i], priority[i] = 0, 0, -1, np.uint64(0)


@inlined
def _weigh_up(n, k, rows, pool, p, group, sociability, exposure, language, anxiety,  # type: ignore[no-untyped-def]
              connectedness, attitude, norm, odds):
    """Logarithms of the factors that the residents rows[:n] bring into a meeting with their k-th other group."""
    for r in range(n):
        i = np.uintp(rows[r])
        own = np.uintp(group[i])
        h = np.uintp(k) + np.uintp(np.uintp(k) >= own)
        anxious = anxiety[i] - p.anxiety_rest
        identity = p.common_identity * (connectedness[i] - p.connectedness_rest)
        worry = p.appraisal_anxiety * anxious
        lean = p.appraisal * attitude[i, h]
        odds[TAKE_UP, r] = (p.take_up_sociability * (sociability[i] - 1.0) - p.take_up_anxiety * anxious
                            - p.take_up_language * (1.0 - language[i])) + p.take_up_attitude * attitude[i, h]
        odds[PLEASANT, r] = identity - worry - p.exposure_positive * exposure[i] + p.appraisal_own * lean
        odds[UNPLEASANT, r] = (worry + exposure[i] - identity - p.appraisal_own * lean
                               - p.inward_norms * norm[pool, own, h])
        odds[LEAN, r] = (1.0 - p.appraisal_own) * lean


@inlined
def other(h, own):  # type: ignore[no-untyped-def]
    """Index of group h among the groups other than ``own``."""
    return np.uintp(h) - np.uintp(h > own)
