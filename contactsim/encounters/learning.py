"""What a week of meetings changes: one closed form for each state, which cannot leave its range.

Meetings count like further observations in a mean: with the weight w of what came before, n new ones move
the state by n / (w + n) of the way. Each step is thus a move of a share in [0, 1] towards a point inside the
range, however much is met in a week. The order is: learning from the week's meetings, return to rest, pull of
the norms around; then memory; then anxiety, threat, belonging, engagement, felt stigma and language. All
shares read the state and the norms of the week's start.
"""

from __future__ import annotations

import numpy as np

from contactsim.compiled import inlined, kernel, sized
from contactsim.encounters.arrays import BONDING, NEGATIVE, NEUTRAL, POSITIVE
from contactsim.residents import BELIEVES, WEEKS_A_YEAR


@kernel
def change(lo, hi, start, occupant, p, transfer, people, week, areas, good, bad):  # type: ignore[no-untyped-def]
    """Apply the week to all residents of the neighbourhoods lo .. hi - 1.

    ``transfer`` (G, G): how much an experience with group [column] counts as one with group [row]. ``good`` and
    ``bad`` (G,) are scratch: experience of the week, with its transfer.
    """
    # Two groups are the usual number. Where it is known when compiling, loops over groups need not be loops: this
    # saves a fifth.
    if transfer.shape[0] == 2:
        _change(np.int64(2), lo, hi, start, occupant, p, transfer, people, week, areas, good, bad)
    else:
        _change(transfer.shape[0], lo, hi, start, occupant, p, transfer, people, week, areas, good, bad)


@inlined
def _change(G, lo, hi, start, occupant, p, transfer, people, week, areas, good, bad):  # type: ignore[no-untyped-def]
    # Arrays are taken out of their tuples once: each access inside the loop would count references. Indices are
    # unsigned, for a signed one is looked at each time for whether it counts from the end.
    group, age, arrived, baseline_attitude = people.group, people.age, people.arrived, people.baseline_attitude
    anxiety, threat, belonging, language = people.anxiety, people.threat, people.belonging, people.language
    attitude, positive, negative = (
        sized(people.attitude, (G,)), sized(people.positive, (G,)), sized(people.negative, (G,)))
    recent_positive, recent_negative = sized(people.recent_positive, (G,)), sized(people.recent_negative, (G,))
    engagement, stigma, rumour = people.engagement, people.stigma, people.rumour
    counts, dose = sized(week.counts, (G, 4)), sized(week.dose, (G, 2))
    shared_activity, community, extended_contact = week.shared_activity, week.community, week.extended_contact
    norm, share, past = sized(areas.norm, (G, G)), sized(areas.share, (G,)), sized(areas.past, (G,))
    for mixing_group in range(lo, hi):
        for s in range(start[mixing_group], start[mixing_group + 1]):
            if occupant[s] < 0:
                continue
            i = np.uintp(occupant[s])
            own = np.uintp(group[i])
            rest = baseline_attitude[i] - p.threat_attitude * (threat[i] - p.threat_rest)
            rest = min(1.0, max(-1.0, rest))
            prior = p.prior_weight * (1.0 + p.age_stability * 0.05 * max(0.0, age[i] - 20.0))
            all_good, all_bad, met = _experience(i, own, G, transfer, counts, dose, good, bad)
            for h in range(G):
                if np.uintp(h) == own:
                    continue
                if (extended_contact[i] >> h) & 1:
                    good[h] += p.extended
                before = prior + positive[i, h] + negative[i, h]
                a = _learn(attitude[i, h], good[h], p.negative_weight * bad[h], before)
                a += p.drift * (rest - a)
                attitude[i, h] = a + p.norms * (norm[mixing_group, own, h] - a)
                positive[i, h] = (positive[i, h] + good[h]) * (1.0 - p.forgetting)
                negative[i, h] = (negative[i, h] + bad[h]) * (1.0 - p.forgetting)
                recent_positive[i, h] += p.recall * (counts[i, h, POSITIVE] - recent_positive[i, h])
                recent_negative[i, h] += p.recall * (counts[i, h, NEGATIVE] - recent_negative[i, h])
            felt = stigma[i]
            stigma[i] = _feel(felt, p.stigma_bonding * counts[i, own, BONDING], all_bad, p.stigma_learning,
                              p.stigma_drift, p.stigma_rest)
            all_bad *= p.negative_weight
            rest = (p.anxiety_rest - p.anxiety_baseline_attitude * baseline_attitude[i]
                    + p.stigma_anxiety * (felt - p.stigma_rest))
            anxiety[i] = _feel(anxiety[i], all_good, all_bad, p.anxiety_learning, p.anxiety_drift, rest)
            rest = (p.threat_rest + p.threat_level * (1.0 - share[mixing_group, own])
                    + p.threat_change * max(0.0, past[mixing_group, own] - share[mixing_group, own])
                    + p.rumour_threat * (rumour[i] == BELIEVES))
            threat[i] = _feel(threat[i], all_good, all_bad, p.threat_learning, p.threat_drift, rest)
            c = _rise(belonging[i], p.belonging_gain * 0.01 * shared_activity[i])
            belonging[i] = c + p.belonging_decline * (p.belonging_rest - c)
            c = _rise(engagement[i], p.engagement_gain * 0.01 * community[i])
            engagement[i] = c + p.engagement_decline * (p.engagement_rest - c)
            language[i] = _rise(language[i], p.language_gain * met)
            age[i] += 1.0 / WEEKS_A_YEAR
            arrived[i] += 1.0 / WEEKS_A_YEAR
        for g in range(G):
            past[mixing_group, g] += (share[mixing_group, g] - past[mixing_group, g]) / WEEKS_A_YEAR


@inlined
def _experience(i, own, G, transfer, counts, dose, good, bad):  # type: ignore[no-untyped-def]
    """Fill ``good`` and ``bad`` (G,) and return (good, bad) with all other groups and the number of meetings.

    Most residents meet few groups in a week, so the groups they did not meet are passed over.
    """
    all_good, all_bad, met = 0.0, 0.0, 0
    for h in range(G):
        good[h], bad[h] = 0.0, 0.0
    for g in range(G):
        if np.uintp(g) == own:
            continue
        met += counts[i, g, POSITIVE] + counts[i, g, NEGATIVE] + counts[i, g, NEUTRAL]
        if dose[i, g, POSITIVE] != 0 or dose[i, g, NEGATIVE] != 0:
            all_good += 0.01 * dose[i, g, POSITIVE]
            all_bad += 0.01 * dose[i, g, NEGATIVE]
            for h in range(G):
                good[h] += transfer[h, g] * 0.01 * dose[i, g, POSITIVE]
                bad[h] += transfer[h, g] * 0.01 * dose[i, g, NEGATIVE]
    return all_good, all_bad, met


@inlined
def _learn(a, good, bad, before):  # type: ignore[no-untyped-def]
    """Attitude ``a`` after ``good`` and ``bad`` experience, against the weight of what came ``before``."""
    return (before * a + good - bad) / (before + good + bad)


@inlined
def _feel(x, good, bad, learning, drift, rest):  # type: ignore[no-untyped-def]
    """Anxiety, threat or stigma ``x``: meetings move it to 0 (good) or 1 (bad), then it returns towards rest."""
    x = (x + learning * bad) / (1.0 + learning * (good + bad))
    return x + drift * (min(1.0, max(0.0, rest)) - x)


@inlined
def _rise(x, by):  # type: ignore[no-untyped-def]
    """A state ``x`` in [0, 1] that ``by`` (0 or more) brings nearer to 1."""
    return (x + by) / (1.0 + by)
