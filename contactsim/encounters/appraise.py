"""The start of a week: what the people around think, and what each resident brings into a meeting.

Everything is read from the state at the start of the week. The odds of a meeting are products of a factor
from each side, so the exponentials are taken once a week and resident, not once a meeting.
"""

from __future__ import annotations

import math

import numpy as np

from contactsim.compiled import inlined, kernel
from contactsim.encounters.tables import LEAN, PLEASANT, TAKE_UP, UNPLEASANT
from contactsim.residents import MEETING_AGE


@kernel
def appraise(lo, hi, start, occupant, p, people, week, areas):  # type: ignore[no-untyped-def]
    """Neighbourhoods lo .. hi - 1: fill ``areas`` and ``week.out`` and ``week.factor``, clear the tallies."""
    # Arrays are taken out of their tuples once: each access inside the loop would count references.
    group, age, arrived, attitude = people.group, people.age, people.arrived, people.attitude
    sociability, exposure, language = people.sociability, people.exposure, people.language
    anxiety, connectedness = people.anxiety, people.connectedness
    norm, share = areas.norm, areas.share
    out, factor, tally, dose = week.out, week.factor, week.tally, week.dose
    joint, candidate, priority = week.joint, week.candidate, week.priority
    for pool in range(lo, hi):
        _around(pool, start, occupant, group, age, arrived, attitude, norm, share)
        for s in range(start[pool], start[pool + 1]):
            i = occupant[s]
            if i < 0:
                continue
            _clear(i, tally, dose)
            joint[i], candidate[i], priority[i] = 0, -1, np.uint64(0)
            here = age[i] >= MEETING_AGE and not arrived[i] < 0.0
            out[i] = sociability[i] if here else 0.0
            _bring(i, pool, p, group, sociability, exposure, language, anxiety, connectedness, attitude, norm, factor)


@inlined
def _around(pool, start, occupant, group, age, arrived, attitude, norm, share):  # type: ignore[no-untyped-def]
    """Norms and composition of one neighbourhood, of all old enough who have arrived; sums run in order of seats."""
    G = attitude.shape[1]
    for g in range(G):
        share[pool, g] = 0.0
        for h in range(G):
            norm[pool, g, h] = 0.0
    for s in range(start[pool], start[pool + 1]):
        i = occupant[s]
        if i >= 0 and age[i] >= MEETING_AGE and not arrived[i] < 0.0:
            g = group[i]
            share[pool, g] += 1.0
            for h in range(G):
                norm[pool, g, h] += attitude[i, h]
    total = 0.0
    for g in range(G):
        total += share[pool, g]
        if share[pool, g] > 0.0:
            for h in range(G):
                norm[pool, g, h] /= share[pool, g]
    if total > 0.0:
        for g in range(G):
            share[pool, g] /= total


@inlined
def _clear(i, tally, dose):  # type: ignore[no-untyped-def]
    for h in range(tally.shape[1]):
        for k in range(4):
            tally[i, h, k] = 0
        dose[i, h, 0], dose[i, h, 1] = 0, 0


@inlined
def _bring(i, pool, p, group, sociability, exposure, language, anxiety, connectedness,  # type: ignore[no-untyped-def]
           attitude, norm, factor):
    """Factors of the odds that resident i brings into a meeting with each other group."""
    own = group[i]
    anxious = anxiety[i] - p.anxiety_rest
    take_up = (-p.take_up_anxiety * anxious + p.take_up_sociability * math.log(sociability[i])
               - p.take_up_language * (1.0 - language[i]))
    identity = p.common_identity * (connectedness[i] - p.connectedness_rest)
    pleasant = identity - p.appraisal_anxiety * anxious - p.exposure_positive * exposure[i]
    unpleasant = p.appraisal_anxiety * anxious + exposure[i] - identity
    for h in range(attitude.shape[1]):
        if h != own:
            k = other(h, own)
            a = attitude[i, h]
            lean = p.appraisal * a
            factor[i, k, TAKE_UP] = math.exp(take_up + p.take_up_attitude * a)
            factor[i, k, PLEASANT] = math.exp(pleasant + p.appraisal_own * lean)
            factor[i, k, UNPLEASANT] = math.exp(
                unpleasant - p.appraisal_own * lean - p.inward_norms * norm[pool, own, h])
            factor[i, k, LEAN] = math.exp((1.0 - p.appraisal_own) * lean)


@inlined
def other(h, own):  # type: ignore[no-untyped-def]
    """Index of group h among the groups other than ``own``."""
    return np.intp(h) - np.intp(h > own)
