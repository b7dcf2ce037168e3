"""Shocks, messages and rumours: influences that need no intergroup meeting.

Only shocks (A17) change attitudes directly; how far ties soften them is a result, not a rule. Messages lower threat or
anxiety a little (A4), and the effect fades as these return to rest. A rumour spreads between people who know each
other, and so does its correction.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contactsim.draws import Decision, uniforms
from contactsim.errors import UserError, nearest
from contactsim.parameters import Rumour, Shock
from contactsim.residents import BELIEVES, KNOWS_BETTER, SURVEY_AGE, UNHEARD, Residents
from contactsim.state import State


def check_shocks(shocks: dict[str, Shock], groups: tuple[str, ...]) -> None:
    """Raise a UserError if the target of a shock is not a group of the place."""
    for name, shock in shocks.items():
        if shock.target not in groups:
            raise UserError(f"scenario.shocks.{name}.target={shock.target!r} is no group of this place; "
                            f"its groups are {', '.join(groups)}.{nearest(shock.target, groups)}")


def apply_shocks(shocks: dict[str, Shock], week: int, people: Residents, groups: tuple[str, ...]) -> None:
    """Apply this week's shocks to all other groups' attitude to the target, anxiety and threat, and to its stigma."""
    for shock in shocks.values():
        if shock.week == week:
            target = groups.index(shock.target)
            others = np.flatnonzero(people.active & (people.group != target))
            people.attitude[others, target] += shock.attitude * (-1.0 - people.attitude[others, target])
            people.anxiety[others] += shock.anxiety * (1.0 - people.anxiety[others])
            people.threat[others] += shock.threat * (1.0 - people.threat[others])
            theirs = np.flatnonzero(people.active & (people.group == target))
            people.stigma[theirs] += np.float32(shock.stigma) * (1 - people.stigma[theirs])


def ease(people: Residents, column: str, rows: NDArray[np.integer], strength: float,
         effect: NDArray[np.float64]) -> None:
    """Lower ``threat`` or ``anxiety`` of rows by up to ``strength`` standard deviations among residents of 16 and over.

    ``effect`` (N,) is the message's present effect on each row and is updated here, so a repeated message lowers the
    state by ``strength`` and no more.
    """
    state = people.column(column)
    spread = float(state[people.active & (people.age >= SURVEY_AGE)].std())
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
        by = strength * float(people.attitude[listeners, target].std())
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
    """(N,) number of acquaintances in ``kind`` (N,) of each row: friends and members of its small groups."""
    ties = world.people.ties
    number = (kind[ties] & (ties >= 0)).sum(axis=1).astype(np.int64)
    for small_group in world.small_groups.T:
        member = small_group >= 0
        inside = np.bincount(small_group[member], weights=kind[member])
        number[member] += inside[small_group[member]].astype(np.int64) - kind[member]
    return number
