"""What a week of meetings changes: one closed form for each state, which cannot leave its range.

Meetings count like further observations in a mean: if earlier experience has the weight w, n new observations move the
state by n / (w + n) of the way. Each step is thus a move by a share in [0, 1] towards a point inside the range, however
many meetings the week has. The order is: learning from the week's meetings, return to rest, pull of the local norms;
then memory; then anxiety, threat, belonging, engagement, felt stigma and language. All shares read the state and the
norms at the start of the week.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contactsim.compiled import ahead, inlined, kernel, sized
from contactsim.encounters.appraisal import group_at
from contactsim.encounters.arrays import CLOSE_HOUR, HOUR, NEGATIVE, POSITIVE
from contactsim.encounters.meeting import SOON
from contactsim.encounters.ties import find_meetings, form, meet_friends
from contactsim.residents import ADULT_AGE, BELIEVES, MEETING_AGE, TIE_PLACES, WEEKS_A_YEAR

#: Residents whose meetings with friends are found together (assumed; 32 to 256 are alike).
TOGETHER = 128


@kernel
def learn(lo, hi, start, occupant, p, transfer, friends, people, week, areas, good, bad, pairs):  # type: ignore[no-untyped-def]
    """Let all residents of the neighbourhoods lo .. hi - 1 meet their friends, learn from the week, and form ties.

    ``transfer`` (G, G): the share of an experience with group [column] that counts as one with group [row]. ``friends``
    are the slots in which friends meet. ``good`` and ``bad`` (G - 1,), and ``pairs`` of :func:`friends_at_once`, are
    scratch.
    """
    # Most places have two groups. A number of groups known at compile time lets loops be unrolled: a fifth faster.
    if transfer.shape[0] == 2:
        _learn(np.int64(2), lo, hi, start, occupant, p, transfer, friends, people, week, areas, good, bad, pairs)
    else:
        _learn(transfer.shape[0], lo, hi, start, occupant, p, transfer, friends, people, week, areas, good, bad, pairs)


@inlined
def _learn(G, lo, hi, start, occupant, p, transfer, friends, people, week, areas, good, bad, pairs):  # type: ignore[no-untyped-def]
    one, other, slot, ties, cross_friends = pairs[0], pairs[1], pairs[2], people.ties, people.cross_friends
    for area in range(lo, hi):
        for first in range(start[area], start[area + 1], TOGETHER):
            end, found = min(first + TOGETHER, start[area + 1]), 0
            for s in range(first, end):
                if occupant[s] >= 0:
                    found = find_meetings(np.uintp(occupant[s]), friends, ties, cross_friends, found, one, other, slot)
            meet_friends(G, found, friends, one, other, slot, people, week)
            for s in range(first, end):
                if occupant[s] >= 0:
                    i = np.uintp(occupant[s])
                    if s + SOON < start[area + 1] and occupant[s + SOON] >= 0:
                        candidate = week.candidate[np.uintp(occupant[s + SOON])]
                        if candidate >= 0:
                            ahead(week.candidate, np.uintp(candidate))
                    _resident(G, i, area, p, transfer, people, week, areas, good, bad)
                    form(i, people, week)
        for g in range(G):
            areas.past[area, g] += (areas.share[area, g] - areas.past[area, g]) / WEEKS_A_YEAR


def friends_at_once(slots: int) -> NDArray[np.int32]:
    """Scratch for the meetings of :data:`TOGETHER` residents with friends in a number of slots: rows and slots."""
    return np.empty((3, TOGETHER * TIE_PLACES * slots + 1), np.int32)


@inlined
def _resident(G, i, area, p, transfer, people, week, areas, good, bad):  # type: ignore[no-untyped-def]
    """One resident's week. Arithmetic is in double precision; states are stored in single precision."""
    own, age = np.uintp(people.group[i]), np.float64(people.age[i])
    share, past, district = sized(areas.share, (G,)), sized(areas.past, (G,)), sized(areas.district, (G,))
    baseline, threat = np.float64(people.baseline_attitude[i]), np.float64(people.threat[i])
    rest = baseline + np.float64(people.wandering[i]) - p.threat_attitude * (threat - p.threat_rest)
    prior = p.prior_weight * (1.0 + p.age_stability * 0.05 * max(0.0, age - 20.0))
    all_good, all_bad = _experience(i, own, G, transfer, week, good, bad)
    for k in range(G - 1):
        _towards(G, i, k, own, area, p, min(1.0, max(-1.0, rest)), prior, people, week, areas, good, bad)
    stigma = np.float64(people.stigma[i])
    people.stigma[i] = _updated_state(stigma, p.stigma_bonding * week.bonding[i], all_bad, p.stigma_learning,
                                      p.stigma_drift, p.stigma_rest)
    all_bad *= p.negative_weight
    rest = (p.anxiety_rest - p.anxiety_baseline_attitude * baseline + np.float64(people.anxiety_trait[i])
            + p.stigma_anxiety * (stigma - p.stigma_rest))
    people.anxiety[i] = _updated_state(np.float64(people.anxiety[i]), all_good, all_bad, p.anxiety_learning,
                                       p.anxiety_drift, rest)
    rest = (p.threat_rest - p.threat_baseline_attitude * baseline + np.float64(people.threat_trait[i])
            + p.threat_district * (1.0 - district[area, own]) * (own == 0)
            + p.threat_change * max(0.0, past[area, own] - share[area, own])
            + p.rumour_threat * (people.rumour[i] == BELIEVES))
    people.threat[i] = _updated_state(threat, all_good, all_bad, p.threat_learning, p.threat_drift, rest)
    community, shared = week.community[i] / HOUR, week.shared_activity[i] / HOUR
    c = _raised(np.float64(people.belonging[i]),
                p.belonging_gain * (community + p.belonging_everyday * (shared - community)))
    childhood = min(1.0, max(0.0, (ADULT_AGE - age) / (ADULT_AGE - MEETING_AGE)))
    rest = min(1.0, p.belonging_rest + p.belonging_childhood * childhood)
    people.belonging[i] = c + p.belonging_decline * (rest - c)
    c = _raised(np.float64(people.engagement[i]), p.engagement_gain * community)
    people.engagement[i] = c + p.engagement_decline * (p.engagement_rest - c)
    people.language[i] = _raised(np.float64(people.language[i]), p.language_gain * (week.company[i] / CLOSE_HOUR))
    people.public_contact[i] = np.float64(people.public_contact[i]) * (1.0 - 1.0 / WEEKS_A_YEAR)
    people.public_balance[i] = np.float64(people.public_balance[i]) * (1.0 - 1.0 / WEEKS_A_YEAR)
    people.age[i] = age + 1.0 / WEEKS_A_YEAR
    people.arrived[i] = np.float64(people.arrived[i]) + 1.0 / WEEKS_A_YEAR


@inlined
def _towards(G, i, k, own, area, p, rest, prior, people, week, areas, good, bad):  # type: ignore[no-untyped-def]
    """What resident i's k-th other group is to them after the week: attitude, experience, feeling."""
    h = group_at(k, own)
    attitude, feeling = sized(people.attitude, (G - 1,)), sized(people.feeling, (G - 1,))
    positive, negative = sized(people.positive, (G - 1,)), sized(people.negative, (G - 1,))
    recent_positive, recent_negative = sized(people.recent_positive, (G - 1,)), sized(people.recent_negative, (G - 1,))
    counts, norm = sized(week.counts, (G - 1, 4)), sized(areas.norm, (G, G))
    gained = good[k] + p.extended * ((people.extended_contact[i] >> h) & 1)
    before = prior + np.float64(positive[i, k]) + np.float64(negative[i, k])
    a = _updated_attitude(np.float64(attitude[i, k]), gained, p.negative_weight * bad[k], before)
    a += p.drift * (rest - a)
    attitude[i, k] = a + p.norms * (norm[area, own, h] - a)
    positive[i, k] = (np.float64(positive[i, k]) + gained) * (1.0 - p.forgetting)
    negative[i, k] = (np.float64(negative[i, k]) + bad[k]) * (1.0 - p.forgetting)
    was_good, was_bad = np.float64(recent_positive[i, k]), np.float64(recent_negative[i, k])
    now_good, now_bad = np.float64(counts[i, k, POSITIVE]), np.float64(counts[i, k, NEGATIVE])
    moved = p.feeling_gain * (_saturated(now_good - p.negative_weight * now_bad)
                              - _saturated(was_good - p.negative_weight * was_bad))
    feeling[i, k] = (np.float64(feeling[i, k]) * p.feeling_keeps + moved) / (1.0 + abs(moved))
    recent_positive[i, k] = was_good + p.recall * (now_good - was_good)
    recent_negative[i, k] = was_bad + p.recall * (now_bad - was_bad)


@inlined
def _experience(i, own, G, transfer, week, good, bad):  # type: ignore[no-untyped-def]
    """Fill ``good`` and ``bad`` (G - 1,) with the week's experience, in close hours, secondary transfer included.

    Returns (good, bad) with all other groups. Most residents meet few groups in a week; the others are skipped.
    """
    dose, all_good, all_bad = sized(week.dose, (G - 1, 2)), 0.0, 0.0
    for k in range(G - 1):
        good[k], bad[k] = 0.0, 0.0
    for k in range(G - 1):
        if dose[i, k, POSITIVE] != 0 or dose[i, k, NEGATIVE] != 0:
            more_good, more_bad = dose[i, k, POSITIVE] / CLOSE_HOUR, dose[i, k, NEGATIVE] / CLOSE_HOUR
            all_good += more_good
            all_bad += more_bad
            g = group_at(k, own)
            for other in range(G - 1):
                h = group_at(other, own)
                good[other] += transfer[h, g] * more_good
                bad[other] += transfer[h, g] * more_bad
    return all_good, all_bad


@inlined
def _saturated(balance):  # type: ignore[no-untyped-def]
    """A week's balance of meetings on a scale from -1 to 1, on which the first meeting counts most."""
    return balance / (1.0 + abs(balance))


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
