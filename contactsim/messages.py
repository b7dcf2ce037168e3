"""Shocks, messages and rumours: influences that need no intergroup meeting.

A shock (A17) is experienced through others: attitude, anxiety and threat learn from it as from so many negative close
hours, but it adds no experience of one's own. Earlier experience softens it by the rule of learning; how far ties do is
a result. The feeling of the moment falls with it and recovers by itself. Messages lower threat or anxiety a little (A4)
and the effect fades as these return to rest. A rumour spreads between people who know each other, and so does its
correction.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contactsim.draws import Decision, uniforms
from contactsim.errors import UserError, nearest
from contactsim.parameters import Psychology, Rumour, Shock
from contactsim.residents import BELIEVES, KNOWS_BETTER, SURVEY_AGE, UNHEARD, Residents, position_of
from contactsim.state import State


def check_shocks(shocks: dict[str, Shock], groups: tuple[str, ...]) -> None:
    """Raise a UserError if the target of a shock is not a group of the place."""
    for name, shock in shocks.items():
        if shock.target not in groups:
            raise UserError(f"scenario.shocks.{name}.target={shock.target!r} is no group of this place; "
                            f"its groups are {', '.join(groups)}.{nearest(shock.target, groups)}")


def apply_shocks(shocks: dict[str, Shock], week: int, people: Residents, groups: tuple[str, ...],
                 psychology: Psychology) -> None:
    """Apply this week's shocks: to the target's felt stigma, and to all other groups as :func:`_experience` says."""
    for _, shock in sorted(shocks.items()):  # so that their order in a file means nothing
        if shock.week == week:
            target = groups.index(shock.target)
            _experience(shock, people, np.flatnonzero(people.active & (people.group != target)), target, psychology)
            _raise(people.stigma, np.flatnonzero(people.active & (people.group == target)), shock.stigma)


def _experience(shock: Shock, people: Residents, rows: NDArray[np.intp], target: int, p: Psychology) -> None:
    """Let ``rows`` experience a shock, for which the group ``target`` is blamed, through others.

    With prior weight P and experience E (close hours), attitude moves by the share D / (P + E + D) of the way to -1;
    D is the shock's dose times the weight of negative contact. Anxiety and threat learn from D at their own rates, then
    move by the shock's shares of the rest of the way to 1. The feeling of the moment moves by the shock's share times
    P / (P + E) of the way to -1.
    """
    at = position_of(target, people.group[rows])
    attitude, feeling, positive, negative = (
        column[rows, at].astype(np.float64) for column in (people.attitude, people.feeling, people.positive,
                                                           people.negative))
    years = np.maximum(0.0, people.age[rows].astype(np.float64) - 20.0)
    prior = p.prior_weight * (1.0 + p.age_stability * 0.05 * years)
    experience = prior + positive + negative
    bad = p.negative_weight * shock.dose
    people.attitude[rows, at] = (experience * attitude - bad) / (experience + bad)
    people.feeling[rows, at] = feeling + shock.feeling * prior / experience * (-1.0 - feeling)
    for state, learning, share in ((people.anxiety, p.anxiety_learning, shock.anxiety),
                                   (people.threat, p.threat_learning, shock.threat)):
        learned = (state[rows].astype(np.float64) + learning * bad) / (1.0 + learning * bad)
        state[rows] = learned + share * (1.0 - learned)


def _raise(state: NDArray[np.float32], rows: NDArray[np.intp], share: float) -> None:
    """Move the state of ``rows`` by a share of the way to 1."""
    before = state[rows].astype(np.float64)
    state[rows] = before + share * (1.0 - before)


def ease(people: Residents, column: str, rows: NDArray[np.integer], strength: float,
         effect: NDArray[np.float64]) -> None:
    """Lower ``threat`` or ``anxiety`` of rows by up to ``strength`` standard deviations among residents of 16 and over.

    ``effect`` (N,) is the message's present effect on each row and is updated here, so a repeated message lowers the
    state by ``strength`` and no more.
    """
    state = people.column(column)
    spread = float(state[people.active & (people.age >= SURVEY_AGE)].std(dtype=np.float64))
    by = np.clip(strength * spread - effect[rows], 0.0, state[rows])
    state[rows] -= by
    effect[rows] += by


def warm(world: State, neighbourhoods: NDArray[np.bool_], about: NDArray[np.bool_], strength: float,
         effect: NDArray[np.float64]) -> None:
    """Raise the perceived norm towards the groups that a message is ``about`` (N,) in some neighbourhoods (P,).

    The norm of the other groups rises by at most ``strength`` standard deviations of their attitude, however often the
    message is repeated; ``effect`` (P, G, G) is the message's present effect and is updated here.
    """
    people, groups = world.people, world.people.groups
    concerned = np.bincount(people.group[about], minlength=groups) > 0
    listeners = people.active & ~about & (people.age >= SURVEY_AGE)
    for target in np.flatnonzero(concerned):
        rows = np.flatnonzero(listeners & (people.group != target))
        by = strength * float(people.attitude[rows, position_of(target, people.group[rows])].std(dtype=np.float64))
        for group in np.flatnonzero(~concerned):
            more = np.where(neighbourhoods, np.maximum(0.0, by - effect[:, group, target]), 0.0)
            effect[:, group, target] += more
            world.areas.message_effect[:, group, target] += more


def fade(world: State, effect: NDArray[np.float64], share: float) -> None:
    """Remove a ``share`` of a message's ``effect`` (P, G, G) on perceived norms."""
    world.areas.message_effect[:] -= share * effect
    effect *= 1 - share


def believe(people: Residents, rows: NDArray[np.integer]) -> None:
    """Let those of the rows who have not heard the rumour believe it."""
    people.rumour[rows[people.rumour[rows] == UNHEARD]] = BELIEVES


def spread(world: State, rumour: Rumour, rows: NDArray[np.intp], name: str) -> None:
    """One week in which the rumour spreads among ``rows``, is corrected by those who know better, and is forgotten.

    It passes between friends and within small groups (near neighbours, class table, team, club).
    """
    people = world.people
    if not people.rumour.any():
        return
    believers, knowers = (_known(world, people.rumour == state)[rows] for state in (BELIEVES, KNOWS_BETTER))
    now, uid = people.rumour[rows], people.uid[rows]
    hears = uniforms(world.base(Decision.RUMOUR, name), uid) < 1 - (1 - rumour.tells) ** believers
    corrected = uniforms(world.base(Decision.RUMOUR, name, 1), uid) < 1 - (1 - rumour.corrects) ** knowers
    forgets = uniforms(world.base(Decision.RUMOUR, name, 2), uid) < rumour.forgets
    then = np.where((now == UNHEARD) & hears, BELIEVES, now)
    then = np.where((then != UNHEARD) & forgets & (now != UNHEARD), UNHEARD, then)
    people.rumour[rows] = np.where((then == BELIEVES) & corrected, KNOWS_BETTER, then)


def _known(world: State, kind: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(N,) number of acquaintances in ``kind`` (N,) of each row: friends, and members of its small groups."""
    ties = world.people.ties
    number = (kind[ties] & (ties >= 0)).sum(axis=1).astype(np.int64)
    for small_group in world.small_groups.T:
        member = small_group >= 0
        inside = np.bincount(small_group[member], weights=kind[member])
        number[member] += inside[small_group[member]].astype(np.int64) - kind[member]
    return number
