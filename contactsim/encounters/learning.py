"""What a week of meetings changes: one closed form for each state, which cannot leave its range.

Meetings count like further observations in a mean: if earlier experience has the weight w, n new observations move the
state by n / (w + n) of the way. Each step is thus a move by a share in [0, 1] towards a point inside the range, however
many meetings the week has. The order is: learning from the week's meetings, return to rest, pull of the local norms;
then memory; then anxiety, threat, belonging, engagement, felt stigma and language. All shares read the state and the
norms at the start of the week.
"""

from __future__ import annotations

import numpy as np

from contactsim.compiled import inlined, kernel, sized
from contactsim.encounters.arrays import BONDING, NEGATIVE, NEUTRAL, POSITIVE
from contactsim.residents import BELIEVES, WEEKS_A_YEAR


@kernel
def learn(lo, hi, start, occupant, p, transfer, people, week, areas, good, bad):  # type: ignore[no-untyped-def]
    """Apply the week's meetings to all residents of the neighbourhoods lo .. hi - 1.

    ``transfer`` (G, G): the share of an experience with group [column] that counts as one with group [row]. ``good``
    and ``bad`` (G,) are scratch for the week's experience, secondary transfer included.
    """
    # Most places have two groups. A number of groups known at compile time lets loops be unrolled: a fifth faster.
    if transfer.shape[0] == 2:
        _learn(np.int64(2), lo, hi, start, occupant, p, transfer, people, week, areas, good, bad)
    else:
        _learn(transfer.shape[0], lo, hi, start, occupant, p, transfer, people, week, areas, good, bad)


@inlined
def _learn(G, lo, hi, start, occupant, p, transfer, people, week, areas, good, bad):  # type: ignore[no-untyped-def]
    # Arrays are taken out of their tuples once, since each access inside the loop would count references. Indices are
    # unsigned, since a signed index is tested for being negative.
    group, age, arrived, baseline_attitude = people.group, people.age, people.arrived, people.baseline_attitude
    anxiety, threat, belonging, language = people.anxiety, people.threat, people.belonging, people.language
    attitude, positive, negative = (
        sized(people.attitude, (G,)), sized(people.positive, (G,)), sized(people.negative, (G,)))
    recent_positive, recent_negative = sized(people.recent_positive, (G,)), sized(people.recent_negative, (G,))
    engagement, stigma, rumour = people.engagement, people.stigma, people.rumour
    counts, dose = sized(week.counts, (G, 4)), sized(week.dose, (G, 2))
    shared_activity, community, extended_contact = week.shared_activity, week.community, week.extended_contact
    norm, share, past = sized(areas.norm, (G, G)), sized(areas.share, (G,)), sized(areas.past, (G,))
    for area in range(lo, hi):
        for s in range(start[area], start[area + 1]):
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
                a = _updated_attitude(attitude[i, h], good[h], p.negative_weight * bad[h], before)
                a += p.drift * (rest - a)
                attitude[i, h] = a + p.norms * (norm[area, own, h] - a)
                positive[i, h] = (positive[i, h] + good[h]) * (1.0 - p.forgetting)
                negative[i, h] = (negative[i, h] + bad[h]) * (1.0 - p.forgetting)
                recent_positive[i, h] += p.recall * (counts[i, h, POSITIVE] - recent_positive[i, h])
                recent_negative[i, h] += p.recall * (counts[i, h, NEGATIVE] - recent_negative[i, h])
            stigma_before = stigma[i]
            bonding = p.stigma_bonding * counts[i, own, BONDING]
            stigma[i] = _updated_state(stigma_before, bonding, all_bad, p.stigma_learning, p.stigma_drift,
                                       p.stigma_rest)
            all_bad *= p.negative_weight
            rest = (p.anxiety_rest - p.anxiety_baseline_attitude * baseline_attitude[i]
                    + p.stigma_anxiety * (stigma_before - p.stigma_rest))
            anxiety[i] = _updated_state(anxiety[i], all_good, all_bad, p.anxiety_learning, p.anxiety_drift, rest)
            rest = (p.threat_rest + p.threat_level * (1.0 - share[area, own])
                    + p.threat_change * max(0.0, past[area, own] - share[area, own])
                    + p.rumour_threat * (rumour[i] == BELIEVES))
            threat[i] = _updated_state(threat[i], all_good, all_bad, p.threat_learning, p.threat_drift, rest)
            c = _raised(belonging[i], p.belonging_gain * 0.01 * shared_activity[i])
            belonging[i] = c + p.belonging_decline * (p.belonging_rest - c)
            c = _raised(engagement[i], p.engagement_gain * 0.01 * community[i])
            engagement[i] = c + p.engagement_decline * (p.engagement_rest - c)
            language[i] = _raised(language[i], p.language_gain * met)
            age[i] += 1.0 / WEEKS_A_YEAR
            arrived[i] += 1.0 / WEEKS_A_YEAR
        for g in range(G):
            past[area, g] += (share[area, g] - past[area, g]) / WEEKS_A_YEAR


@inlined
def _experience(i, own, G, transfer, counts, dose, good, bad):  # type: ignore[no-untyped-def]
    """Fill ``good`` and ``bad`` (G,) and return (good, bad) with all other groups and the number of meetings.

    Most residents meet few groups in a week; groups that they did not meet are skipped.
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
def _updated_attitude(a, good, bad, before):  # type: ignore[no-untyped-def]
    """Attitude ``a`` after ``good`` and ``bad`` experience; ``before`` is the weight of earlier experience."""
    return (before * a + good - bad) / (before + good + bad)


@inlined
def _updated_state(x, good, bad, learning, drift, rest):  # type: ignore[no-untyped-def]
    """Anxiety, threat or stigma ``x``: meetings move it towards 0 (good) or 1 (bad), then it returns towards rest."""
    x = (x + learning * bad) / (1.0 + learning * (good + bad))
    return x + drift * (min(1.0, max(0.0, rest)) - x)


@inlined
def _raised(x, by):  # type: ignore[no-untyped-def]
    """The state ``x`` in [0, 1], raised towards 1 by ``by`` (0 or more)."""
    return (x + by) / (1.0 + by)
