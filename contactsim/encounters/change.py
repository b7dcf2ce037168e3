"""What a week of meetings changes: one closed form for each state, which cannot leave its range.

Each step is a move of a share in [0, 1] towards a point inside the range. The order is: learning from the
week's meetings, return to rest, pull of the norms around; then memory; then anxiety, threat,
connectedness and language. All shares read the state and the norms of the week's start.
"""

from __future__ import annotations

import math

import numpy as np

from contactsim.compiled import inlined, kernel
from contactsim.encounters.tables import NEGATIVE, NEUTRAL, POSITIVE
from contactsim.residents import WEEKS_A_YEAR


@kernel
def change(lo, hi, start, occupant, p, transfer, people, week, areas):  # type: ignore[no-untyped-def]
    """Apply the week to all residents of the neighbourhoods lo .. hi - 1.

    ``transfer`` (G, G): how much an experience with group [column] counts as one with group [row].
    """
    # Arrays are taken out of their tuples once: each access inside the loop would count references.
    group, age, arrived, disposition = people.group, people.age, people.arrived, people.disposition
    anxiety, threat, connectedness, language = people.anxiety, people.threat, people.connectedness, people.language
    attitude, positive, negative = people.attitude, people.positive, people.negative
    recent_positive, recent_negative = people.recent_positive, people.recent_negative
    ties, friend_groups = people.ties, people.friend_groups
    tally, dose, joint = week.tally, week.dose, week.joint
    norm, share, past = areas.norm, areas.share, areas.past
    G = transfer.shape[0]
    good, bad = np.zeros(G), np.zeros(G)  # experience of the week, with its transfer
    for pool in range(lo, hi):
        for s in range(start[pool], start[pool + 1]):
            i = occupant[s]
            if i < 0:
                continue
            own = group[i]
            friends = _friends_of_friends(i, group, ties, friend_groups)
            rest = disposition[i] - p.threat_attitude * (threat[i] - p.threat_rest)
            rest = min(1.0, max(-1.0, rest))
            prior = p.prior_weight * (1.0 + p.age_stability * max(0.0, age[i] - 20.0) / 20.0)
            all_good, all_bad, met = _experience(i, own, transfer, tally, dose, good, bad)
            for h in range(G):
                if h == own:
                    continue
                if (friends >> h) & 1:
                    good[h] += p.extended
                a = _learn(attitude[i, h], good[h], p.negative_weight * bad[h],
                           prior + positive[i, h] + negative[i, h])
                a += p.drift * (rest - a)
                attitude[i, h] = a + p.norms * (norm[pool, own, h] - a)
                positive[i, h] = (positive[i, h] + good[h]) * (1.0 - p.forgetting)
                negative[i, h] = (negative[i, h] + bad[h]) * (1.0 - p.forgetting)
                recent_positive[i, h] += p.recall * (tally[i, h, POSITIVE] - recent_positive[i, h])
                recent_negative[i, h] += p.recall * (tally[i, h, NEGATIVE] - recent_negative[i, h])
            all_bad *= p.negative_weight
            rest = p.anxiety_rest - p.anxiety_disposition * disposition[i]
            anxiety[i] = _feel(anxiety[i], all_good, all_bad, p.anxiety_learning, p.anxiety_drift, rest)
            rest = (p.threat_rest + p.threat_level * (1.0 - share[pool, own])
                    + p.threat_change * max(0.0, past[pool, own] - share[pool, own]))
            threat[i] = _feel(threat[i], all_good, all_bad, p.threat_learning, p.threat_drift, rest)
            c = connectedness[i]
            c += (1.0 - math.exp(-p.connectedness_gain * 0.01 * joint[i])) * (1.0 - c)
            connectedness[i] = c + p.connectedness_decline * (p.connectedness_rest - c)
            if language[i] < 1.0:
                language[i] += (1.0 - math.exp(-p.language_gain * met)) * (1.0 - language[i])
            age[i] += 1.0 / WEEKS_A_YEAR
            arrived[i] += 1.0 / WEEKS_A_YEAR
        for g in range(G):
            past[pool, g] += (share[pool, g] - past[pool, g]) / WEEKS_A_YEAR


@inlined
def _experience(i, own, transfer, tally, dose, good, bad):  # type: ignore[no-untyped-def]
    """Fill ``good`` and ``bad`` (G,) and return (good, bad) with all other groups and the number of meetings.

    Most residents meet few groups in a week, so the groups they did not meet are passed over.
    """
    G = transfer.shape[0]
    all_good, all_bad, met = 0.0, 0.0, 0
    for h in range(G):
        good[h], bad[h] = 0.0, 0.0
    for g in range(G):
        if g == own:
            continue
        met += tally[i, g, POSITIVE] + tally[i, g, NEGATIVE] + tally[i, g, NEUTRAL]
        if dose[i, g, POSITIVE] != 0 or dose[i, g, NEGATIVE] != 0:
            all_good += 0.01 * dose[i, g, POSITIVE]
            all_bad += 0.01 * dose[i, g, NEGATIVE]
            for h in range(G):
                good[h] += transfer[h, g] * 0.01 * dose[i, g, POSITIVE]
                bad[h] += transfer[h, g] * 0.01 * dose[i, g, NEGATIVE]
    return all_good, all_bad, met


@inlined
def _friends_of_friends(i, group, ties, friend_groups):  # type: ignore[no-untyped-def]
    """Bit h is set if resident i has an own-group friend who has a friend in group h."""
    groups = 0
    if not (friend_groups[i] >> group[i]) & 1:
        return groups
    for k in range(ties.shape[1]):
        j = ties[i, k]
        if j >= 0 and group[j] == group[i]:
            groups |= friend_groups[j]
    return groups


@inlined
def _learn(a, good, bad, weight):  # type: ignore[no-untyped-def]
    """Attitude ``a`` after ``good`` and ``bad`` experience, against the ``weight`` of what came before."""
    new = good + bad
    if new == 0.0:
        return a
    return a + (1.0 - math.exp(-new / weight)) * ((good - bad) / new - a)


@inlined
def _feel(x, good, bad, learning, drift, rest):  # type: ignore[no-untyped-def]
    """Anxiety or threat ``x``: meetings move it to 0 (good) or 1 (bad), then it returns towards rest."""
    new = good + bad
    if new > 0.0:
        x += (1.0 - math.exp(-learning * new)) * (bad / new - x)
    return x + drift * (min(1.0, max(0.0, rest)) - x)
