"""Climate: what reaches people without a meeting.

Shocks (A17) are the only thing that may move attitudes directly; how far ties soften them is measured, not
coded. Messages move what people fear, by little (A4), and fade as that returns to rest. A rumour passes between
people who know each other, and so does its correction.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contactsim.draws import Decision, uniforms
from contactsim.errors import UserError, nearest
from contactsim.parameters import Section, Shock, parameter
from contactsim.residents import BELIEVES, KNOWS_BETTER, SURVEY_AGE, UNHEARD, Residents
from contactsim.state import State

#: The most, in standard deviations of a state, by which one message may hold it down (A4: .12 in large studies).
MOST = 0.12


class Rumour(Section):
    """A hostile rumour about a group: how it begins and passes on."""

    begins: float = parameter(0.05, 0, 1, "share", "assumed", "of those it is told to, who believe it at the start")
    tells: float = parameter(0.01, 0, 1, "chance a week", "assumed", "a believer tells one whom they know")
    corrects: float = parameter(
        0.01, 0, 1, "chance a week", "assumed", "somebody who knows better puts one right whom they know",
        "sign: eight things")
    forgets: float = parameter(0.01, 0, 1, "chance a week", "assumed", "somebody forgets it")


def check_shocks(shocks: dict[str, Shock], groups: tuple[str, ...]) -> None:
    """Raise a UserError when a shock blames a group that the place does not have."""
    for name, shock in shocks.items():
        if shock.target not in groups:
            raise UserError(f"scenario.shocks.{name}.target={shock.target!r} is no group of this place; "
                            f"its groups are {', '.join(groups)}.{nearest(shock.target, groups)}")


def act(shocks: dict[str, Shock], week: int, people: Residents, groups: tuple[str, ...]) -> None:
    """Let this week's shocks move attitudes to their target, and the anxiety and threat of all others."""
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
         said: NDArray[np.float64]) -> None:
    """Lower ``threat`` or ``anxiety`` of rows by ``strength`` standard deviations of the residents of 16 and over.

    ``said`` (N,) is what the message still weighs with each row and is brought up to date: told again and again
    it holds the state down by ``strength`` and no more.
    """
    state = people.column(column)
    spread = float(state[people.active & (people.age >= SURVEY_AGE)].std())
    by = np.clip(strength * spread - said[rows], 0.0, state[rows])
    state[rows] -= by
    said[rows] += by


def warm(world: State, neighbourhoods: NDArray[np.bool_], about: NDArray[np.bool_], strength: float,
         said: NDArray[np.float64]) -> None:
    """Let other groups of some neighbourhoods (P,) seem warmer towards the groups that a message is ``about`` (N,).

    By ``strength`` standard deviations of their attitude at most, however often it is told; ``said`` (P, G, G) is
    what the message adds at present and is brought up to date.
    """
    people, groups = world.people, world.people.groups
    concerned = np.bincount(people.group[about], minlength=groups) > 0
    listeners = people.active & ~about & (people.age >= SURVEY_AGE)
    for target in np.flatnonzero(concerned):
        by = strength * float(people.attitude[listeners, target].std())
        for group in np.flatnonzero(~concerned):
            more = np.where(neighbourhoods, np.maximum(0.0, by - said[:, group, target]), 0.0)
            said[:, group, target] += more
            world.areas.message_effect[:, group, target] += more


def fade(world: State, said: NDArray[np.float64], share: float) -> None:
    """Let a share of what a message adds to norms be forgotten."""
    world.areas.message_effect[:] -= share * said
    said *= 1 - share


def believe(people: Residents, rows: NDArray[np.integer]) -> None:
    """Let those of the rows who have not heard of the rumour believe it."""
    people.rumour[rows[people.rumour[rows] == UNHEARD]] = BELIEVES


def spread(world: State, rumour: Rumour, rows: NDArray[np.intp], name: str) -> None:
    """A week of talk about a rumour: ``rows`` are told, put right or forget; everybody who knows better puts right.

    People talk with friends and within their small groups (near neighbours, class table, team, club).
    """
    people = world.people
    if not people.rumour.any():
        return
    believers, knowers = (_known(world, people.rumour == state)[rows] for state in (BELIEVES, KNOWS_BETTER))
    now, uid = people.rumour[rows], people.uid[rows]
    told = uniforms(world.base(Decision.RUMOUR, name), uid) < 1 - (1 - rumour.tells) ** believers
    right = uniforms(world.base(Decision.RUMOUR, name, 1), uid) < 1 - (1 - rumour.corrects) ** knowers
    forgets = uniforms(world.base(Decision.RUMOUR, name, 2), uid) < rumour.forgets
    then = np.where((now == UNHEARD) & told, BELIEVES, now)
    then = np.where((then != UNHEARD) & forgets & (now != UNHEARD), UNHEARD, then)
    people.rumour[rows] = np.where((then == BELIEVES) & right, KNOWS_BETTER, then)


def _known(world: State, kind: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(N,) how many people of a kind each row knows: friends and members of its small groups, itself left out."""
    ties = world.people.ties
    number = (kind[ties] & (ties >= 0)).sum(axis=1).astype(np.int64)
    for small_group in world.small_groups.T:
        member = small_group >= 0
        inside = np.bincount(small_group[member], weights=kind[member])
        number[member] += inside[small_group[member]].astype(np.int64) - kind[member]
    return number
