"""Recruitment: the target group of an action, self-selection, allocation of places, and teams.

All functions work on whole columns, with draws keyed by the action and the person.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contactsim.actions.schema import OTHERS, Audience
from contactsim.draws import Decision, name_key, stream, uniforms
from contactsim.errors import UserError, nearest
from contactsim.place import Place
from contactsim.residents import MEETING_AGE, attitude_to_others
from contactsim.settings.seating import SCALES, WORK_AGES
from contactsim.state import State

Rows = NDArray[np.intp]
#: Fewest residents of an area that may be chosen as most mixed or most segregated (assumed).
FEWEST = 30


def check(name: str, config: Audience, place: Place) -> None:
    """Raise UserError for a group or an area that the place does not have."""
    helpers = getattr(config, "helpers", None)
    check_groups(f"actions.{name}.groups", config.groups, place)
    check_groups(f"actions.{name}.helpers.groups", helpers.groups if helpers else None, place)
    known = {code for level in place.levels for code in level.codes}
    for area in config.areas or ():
        if area not in known:
            raise UserError(f"actions.{name}.areas={area!r} is no area of this place (levels "
                            f"{', '.join(level.name for level in place.levels)}).{nearest(area, known)}")


def check_groups(key: str, groups: list[str] | None, place: Place) -> None:
    """Raise UserError for the first of the groups that the place does not have."""
    for group in groups or ():
        if group not in (*place.groups, OTHERS):
            raise UserError(f"{key}={group!r} is no group of this place; its groups are {', '.join(place.groups)}."
                            f"{nearest(group, place.groups)}")


def group_numbers(place: Place, groups: list[str]) -> list[int]:
    """Indices of the named groups; ``others`` are all but the first."""
    named = [place.groups.index(group) for group in groups if group in place.groups]
    return named + (list(range(1, len(place.groups))) if OTHERS in groups and OTHERS not in place.groups else [])


def eligible(world: State, config: Audience) -> Rows:
    """Rows of the target group: active residents that fit age, group, sex, language, work and areas."""
    people = world.people
    first, last = config.ages or (0, 200)
    years = np.floor(people.age)
    mask = people.active & (people.age >= MEETING_AGE if config.ages is None else years >= first) & (years <= last)
    if config.groups is not None:
        mask &= np.isin(people.group, group_numbers(world.place, config.groups))
    if config.sex is not None:
        mask &= people.sex == (config.sex == "male")
    if config.newcomers is not None:
        mask &= people.arrived <= config.newcomers
    if config.language_below is not None:
        mask &= people.language < config.language_below
    if config.unemployed:
        mask &= (people.age >= WORK_AGES[0]) & (people.age < WORK_AGES[1]) & (world.settings["work"].seat < 0)
    output_areas = output_areas_of(world, config)
    if output_areas is not None:
        mask &= output_areas[people.output_area]
    return np.flatnonzero(mask)


def output_areas_of(world: State, config: Audience) -> NDArray[np.bool_] | None:
    """(output areas,) whether each lies in the areas of the action; None for the whole place."""
    place = world.place
    if config.areas is not None:
        wanted = set(config.areas)
        inside = np.zeros(place.counts.shape[0], bool)
        for level in place.levels:
            inside |= np.isin(level.area_of_output_area, [k for k, code in enumerate(level.codes) if code in wanted])
        return inside
    if config.choose in (None, "all"):
        return None
    area = place.levels[SCALES.index(config.scale)].area_of_output_area
    people = world.people
    rows = np.flatnonzero(people.active)
    groups = people.groups
    counts = np.bincount(area[people.output_area[rows]] * groups + people.group[rows],
                         minlength=(area.max() + 1) * groups).reshape(-1, groups)
    total = counts.sum(axis=1)
    alike = ((counts / np.maximum(total, 1)[:, None]) ** 2).sum(axis=1)
    rank = np.where(total >= FEWEST, alike if config.choose == "most_mixed" else -alike, np.inf)
    return np.isin(area, np.argsort(rank, kind="stable")[:config.number])


def neighbourhoods_of(world: State, config: Audience) -> NDArray[np.bool_]:
    """(neighbourhoods,) whether each lies in the areas of the action, by its first output area."""
    partitions = world.settings["street"].partitions
    first = partitions["neighbourhood"].start[:-1]
    output_areas = output_areas_of(world, config)
    if output_areas is None:
        return np.ones(first.shape[0], bool)
    return output_areas[np.searchsorted(partitions["output_area"].start, first, side="right") - 1]


def self_selection(world: State, rows: Rows, attitude_coef: float, anxiety_coef: float,
                   no_outgroup_friend_coef: float = 0.0) -> NDArray[np.float64]:
    """(rows,) log odds of taking part, relative to a person of neutral attitude with anxiety at its resting level.

    The mean attitude to all other groups counts times ``attitude_coef``, anxiety above rest times ``-anxiety_coef``;
    ``no_outgroup_friend_coef`` is added for those without a friend in another group.
    """
    people = world.people
    alone = people.cross_friends[rows] == 0
    return np.asarray(attitude_coef * attitude_to_others(people, world.weights, rows) + no_outgroup_friend_coef * alone
                      - anxiety_coef * (people.anxiety[rows] - world.parameters.psychology.anxiety_rest))


def parents(world: State, rows: NDArray[np.integer]) -> NDArray[np.int64]:
    """(rows,) an adult of the household of each row (a child), each adult once; -1 if there is none, or for -1."""
    people = world.people
    head = np.where(rows >= 0, people.household_start[people.household[rows]], -1)
    able = (head >= 0) & people.active[head] & (people.age[head] >= 18)
    found = np.where(able, head, -1)
    _, first = np.unique(found, return_index=True)
    once = np.full(found.shape[0], -1, np.int64)
    once[first] = found[first]
    return once


def keyed(world: State, decision: Decision, name: str, rows: Rows, slot: int = 0) -> NDArray[np.float64]:
    """(rows,) uniform draws, the same in every week."""
    return uniforms(stream(world.seed, decision, 0, name_key(name), slot), world.people.uid[rows])


def chosen(world: State, name: str, rows: Rows, weight: NDArray[np.float64], number: int, slot: int = 0) -> Rows:
    """``number`` of the rows, drawn without replacement with log weights; in the order of their draws."""
    wait = -np.log1p(-keyed(world, Decision.RECRUITED, name, rows, slot)) * np.exp(-weight)
    first = np.argpartition(wait, number)[:number] if number < rows.shape[0] else np.arange(rows.shape[0])
    return rows[first[np.argsort(wait[first], kind="stable")]]


def shared_out(group: NDArray[np.integer], priority: NDArray[np.float64], shares: NDArray[np.float64],
               places: int) -> NDArray[np.intp]:
    """Positions of those who get a place: by priority, with the given shares of groups as far as there are people."""
    order = np.lexsort((priority, group))
    counts = np.bincount(group, minlength=shares.shape[0])
    rank = np.empty(group.shape[0])
    rank[order] = np.arange(group.shape[0]) - np.repeat(np.cumsum(counts) - counts, counts)
    turn = (rank + 0.5) / np.maximum(shares[group], 1e-9)
    return np.lexsort((priority, turn))[:places]


def deal(label: NDArray[np.integer], block: NDArray[np.integer], priority: NDArray[np.float64], size: int,
         mixed: bool) -> tuple[NDArray[np.intp], int]:
    """(team of each person, number of teams): each block is divided into teams of at most ``size``.

    With ``mixed`` the labels (groups, classes) are spread evenly over the teams of a block; otherwise people of the
    same label share a team.
    """
    order = np.lexsort((priority, label, block))
    counts = np.bincount(block)
    teams = -(-counts // size)
    first = np.cumsum(teams) - teams
    index = np.arange(order.shape[0]) - np.repeat(np.cumsum(counts) - counts, counts)
    at = block[order]
    inner = index % teams[at] if mixed else index * teams[at] // counts[at]
    team = np.empty(order.shape[0], np.intp)
    team[order] = first[at] + inner
    return team, int(teams.sum())


def seated(team: NDArray[np.intp], teams: int, rows: Rows, seats: int) -> NDArray[np.int32]:
    """(teams * seats,) row in each seat, -1 for an empty one; members of a team in the given order."""
    order = np.argsort(team, kind="stable")
    counts = np.bincount(team, minlength=teams)
    index = np.arange(order.shape[0]) - np.repeat(np.cumsum(counts) - counts, counts)
    occupant = np.full(teams * seats, -1, np.int32)
    occupant[team[order] * seats + index] = rows[order]
    return occupant
