"""The start of a week: what the people around think, and what each resident brings into a meeting.

Everything is read from the state at the start of the week. The odds of a meeting are products of a factor
from each side, so the exponentials are taken once a week and resident, not once a meeting.
"""

from __future__ import annotations

import numpy as np

from contactsim.compiled import inlined, kernel, sized
from contactsim.encounters.arrays import PARTNER_EFFECT, PLEASANT, TAKE_UP, UNPLEASANT
from contactsim.encounters.exponential import exp
from contactsim.residents import MEETING_AGE

#: Residents whose factors are computed side by side.
BLOCK = 128


@kernel
def appraise(lo, hi, start, occupant, p, people, week, areas, rows, odds):  # type: ignore[no-untyped-def]
    """Neighbourhoods lo .. hi - 1: fill ``areas`` and ``week.availability`` and ``week.odds_factor``, clear the tallies.

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
    sociability, negative_exposure, language = people.sociability, people.negative_exposure, people.language
    anxiety, belonging = people.anxiety, people.belonging
    norm, share, message_effect = sized(areas.norm, (G, G)), sized(areas.share, (G,)), sized(areas.message_effect, (G, G))
    availability, odds_factor = week.availability, sized(week.odds_factor, (G - 1, 4))
    counts, dose = sized(week.counts, (G, 4)), sized(week.dose, (G, 2))
    shared_activity, community, candidate, priority = week.shared_activity, week.community, week.candidate, week.priority
    for mixing_group in range(lo, hi):
        _clear_share(mixing_group, G, norm, share)
        for s in range(start[mixing_group], start[mixing_group + 1]):
            if occupant[s] >= 0:
                i = np.uintp(occupant[s])
                _clear(i, G, counts, dose, shared_activity, community, candidate, priority)
                here = age[i] >= MEETING_AGE and not arrived[i] < 0.0
                availability[i] = sociability[i] if here else 0.0
                if here:
                    _count(i, mixing_group, G, group, attitude, norm, share)
        _around(mixing_group, G, norm, share, message_effect)
        for first in range(start[mixing_group], start[mixing_group + 1], BLOCK):
            n = 0
            for s in range(first, min(first + BLOCK, start[mixing_group + 1])):
                if occupant[s] >= 0:
                    rows[np.uintp(n)] = occupant[s]
                    n += 1
            for k in range(G - 1):
                _weigh_up(n, k, rows, mixing_group, p, group, sociability, negative_exposure, language, anxiety, belonging,
                          attitude, norm, odds)
                for c in range(4):
                    for r in range(n):
                        odds[c, r] = exp(odds[c, r])
                for r in range(n):
                    for c in range(4):
                        odds_factor[np.uintp(rows[r]), k, c] = odds[c, r]


@inlined
def _clear_share(mixing_group, G, norm, share):  # type: ignore[no-untyped-def]
    for g in range(G):
        share[mixing_group, g] = 0.0
        for h in range(G):
            norm[mixing_group, g, h] = 0.0


@inlined
def _count(i, mixing_group, G, group, attitude, norm, share):  # type: ignore[no-untyped-def]
    """Count resident i in a neighbourhood: one more of the group, and what is thought of each other."""
    own = np.uintp(group[i])
    share[mixing_group, own] += 1.0
    for h in range(G):
        norm[mixing_group, own, h] += attitude[i, h]


@inlined
def _around(mixing_group, G, norm, share, message_effect):  # type: ignore[no-untyped-def]
    """From counts to norms and composition of a neighbourhood: all old enough who have arrived, in order of seats."""
    total = 0.0
    for g in range(G):
        total += share[mixing_group, g]
        if share[mixing_group, g] > 0.0:
            for h in range(G):
                mean = norm[mixing_group, g, h] / share[mixing_group, g]
                norm[mixing_group, g, h] = min(1.0, max(-1.0, mean + message_effect[mixing_group, g, h]))
    if total > 0.0:
        for g in range(G):
            share[mixing_group, g] /= total


@inlined
def _clear(i, G, counts, dose, shared_activity, community, candidate, priority):  # type: ignore[no-untyped-def]
    for h in range(G):
        for k in range(4):
            counts[i, h, k] = 0
        dose[i, h, 0], dose[i, h, 1] = 0, 0
    shared_activity[i], community[i], candidate[i], priority[i] = 0, 0, -1, np.uint64(0)


@inlined
def _weigh_up(n, k, rows, mixing_group, p, group, sociability, negative_exposure, language, anxiety,  # type: ignore[no-untyped-def]
              belonging, attitude, norm, odds):
    """Logarithms of the factors that the residents rows[:n] bring into a meeting with their k-th other group."""
    for r in range(n):
        i = np.uintp(rows[r])
        own = np.uintp(group[i])
        h = np.uintp(k) + np.uintp(np.uintp(k) >= own)
        anxious = anxiety[i] - p.anxiety_rest
        identity = p.common_identity * (belonging[i] - p.belonging_rest)
        worry = p.appraisal_anxiety * anxious
        partner_effect = p.appraisal * attitude[i, h]
        odds[TAKE_UP, r] = (p.take_up_sociability * (sociability[i] - 1.0) - p.take_up_anxiety * anxious
                            - p.take_up_language * (1.0 - language[i])) + p.take_up_attitude * attitude[i, h]
        odds[PLEASANT, r] = identity - worry - p.negative_exposure_positive * negative_exposure[i] + p.appraisal_own * partner_effect
        odds[UNPLEASANT, r] = (worry + negative_exposure[i] - identity - p.appraisal_own * partner_effect
                               - p.inward_norms * norm[mixing_group, own, h])
        odds[PARTNER_EFFECT, r] = (1.0 - p.appraisal_own) * partner_effect


@inlined
def other(h, own):  # type: ignore[no-untyped-def]
    """Index of group h among the groups other than ``own``."""
    return np.uintp(h) - np.uintp(h > own)
