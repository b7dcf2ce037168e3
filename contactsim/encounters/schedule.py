"""The schedule of an ordinary week: for each setting one table of slots for the meeting kernel."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contactsim.compiled import Threads
from contactsim.draws import Decision, name_key, streams
from contactsim.encounters.arrays import SLOT, Members, People, Terms, Week, in_community, in_public, terms
from contactsim.encounters.meeting import meet
from contactsim.parameters import ContactContext, Psychology
from contactsim.settings.seating import Partition, Setting, largest_scale

#: The decisions of a slot, in the order of the last fields of :data:`SLOT`.
DECISIONS = np.array([Decision.PAIRING, Decision.PRESENCE, Decision.MEETING])
FRIENDS = np.array([Decision.FRIENDS])
BASES = ["pairing_base", "presence_base", "meeting_base"]

_key_of = cache(name_key)


@dataclass(frozen=True)
class Slots:
    """Slots that are processed together: a table, and the names of the draws of each row."""

    table: NDArray[np.void]  # (S,) of SLOT
    names: NDArray[np.int64]  # (S,) key of the contact context's name
    numbers: NDArray[np.int64]  # (S,) number of the slot within its contact context

    def draw(self, seed: int, week: int, decisions: NDArray[np.int64]) -> NDArray[np.void]:
        """The table with the bases of the draws of a week."""
        bases = streams(seed, decisions, week, self.names, self.numbers)
        for k, field in enumerate(BASES[-decisions.shape[0]:]):
            self.table[field] = bases[:, k]
        return self.table


@dataclass(frozen=True)
class SettingWeek:
    """All slots of one setting in an ordinary week."""

    setting: Setting
    slots: Slots
    within: NDArray[np.int32]  # (scales, Q + 1) first mixing group of each scale in each of the Q largest
    start: NDArray[np.int32]  # first seats of the mixing groups, one scale after the other
    keys: NDArray[np.uint64]  # keys of the mixing groups, aligned with ``start``
    edges: list[int]  # ranges of largest mixing groups, one for each thread
    community: bool
    """whether meetings here are community life"""
    public: bool
    """whether people here are out and about"""

    def meet(self, seed: int, week: int, rules: Any, people: People, results: Week, threads: Threads,
             scratch: list[Members]) -> None:
        """All meetings of a week in this setting; results are added to ``results``."""
        table, since = self.slots.draw(seed, week, DECISIONS), self.setting.since
        seeking = rules.seeking if self.slots.table["sociable"].any() else 0.0
        threads.run(lambda k, lo, hi: meet(
            lo, hi, table, self.within, self.start, self.keys, self.setting.occupant, since, float(week), rules,
            seeking, self.community, self.public, people, results, scratch[k]), self.edges)


def weekly_schedule(contexts: Mapping[str, ContactContext], p: Psychology,
                    settings: Mapping[str, Setting], threads: Threads) -> tuple[list[SettingWeek], Slots]:
    """The ordinary week of each setting, and the slots in which friends meet.

    The k-th slot of the week, counted over all contact contexts in the order of the parameters, has bit k. Nothing else
    depends on that order: settings meet in their own, since sums of the memory of public life are rounded.
    """
    rows_of = {name: (terms(context, p), familiarity(contexts, name, settings, p))
               for name, context in contexts.items()}
    at: dict[str, list[tuple[str, int, int]]] = {}
    bit = 0
    for name, context in contexts.items():
        for number in range(context.encounters_per_week):
            at.setdefault(context.setting, []).append((name, number, bit))
            bit += 1
    weeks = []
    for setting in settings:
        if rows := at.get(setting, []):
            partitions = settings[setting].partitions
            scales = sorted({contexts[name].scale for name, _, _ in rows} | {largest_scale(partitions)},
                            key=lambda scale: len(partitions[scale]))
            slots = _slots(rows, rows_of, {name: scales.index(contexts[name].scale) for name, _, _ in rows})
            one = contexts[rows[0][0]]
            weeks.append(_setting_week(settings[setting], slots, scales, threads, in_community(one), in_public(one)))
    return weeks, _slots(at.get("ties", []), rows_of, {})


def familiarity(contexts: Mapping[str, ContactContext], name: str, settings: Mapping[str, Setting],
                p: Psychology) -> float:
    """How fast an hour in a contact context loses what it teaches, per week in the same small group.

    After H hours with the same few people an hour counts 1 / (1 + H / familiarity); H is the time in the small group
    times :func:`hours_together`. In a whole class or firm the hours spread over more people, in the same proportion as
    they do there; in the street and in public one meets ever new ones. Friends count by ``friend_weight`` instead.
    """
    context = contexts[name]
    if context.setting == "ties":
        return p.friend_weight
    hours = hours_together(contexts, context.setting, "small_group")
    if p.familiarity == 0.0 or hours == 0.0 or context.scale not in ("small_group", "mixing_group"):
        return 0.0
    pace = hours / p.familiarity
    if context.scale == "small_group":
        return pace
    small, large = (max(float(np.diff(settings[context.setting].partitions[scale].start).mean()) - 1.0, 1.0)
                    for scale in ("small_group", "mixing_group"))
    return pace * min(1.0, hours_together(contexts, context.setting, "mixing_group") / large / (hours / small))


def hours_together(contexts: Mapping[str, ContactContext], setting: str, scale: str) -> float:
    """Hours a week that members of a mixing group of a ``scale`` spend in each other's company."""
    return math.fsum(context.encounters_per_week * context.hours * context.presence**2 for context in contexts.values()
                     if context.setting == setting and context.scale == scale)


def _slots(rows: list[tuple[str, int, int]], of: Mapping[str, tuple[Terms, float]], scale: Mapping[str, int]) -> Slots:
    table = np.zeros(len(rows), SLOT)
    for k, (name, _, bit) in enumerate(rows):
        numbers, familiar = of[name]
        table[k] = table_row(numbers, scale.get(name, 0), bit, familiar)
    names = np.array([_key_of(name) for name, _, _ in rows], np.int64)
    return Slots(table, names, np.array([number for _, number, _ in rows], np.int64))


def table_row(terms: Terms, scale: int, bit: int | None, familiar: float) -> NDArray[np.void]:
    """One record of :data:`SLOT` without the bases of its draws; a slot without a bit cannot be displaced."""
    row = np.zeros((), SLOT)
    for field, value in terms._asdict().items():
        row[field] = value
    row["scale"], row["bit"], row["familiar"] = scale, 0 if bit is None else 1 << bit, familiar
    return row


def _setting_week(setting: Setting, slots: Slots, scales: list[str], threads: Threads, community: bool,
                  public: bool) -> SettingWeek:
    parts = [setting.partitions[scale] for scale in scales]
    first = np.cumsum([0, *(part.start.shape[0] for part in parts)], dtype=np.int32)
    start = np.concatenate([part.start for part in parts])
    keys = np.concatenate([np.append(part.keys, np.uint64(0)) for part in parts])  # the last edge has no mixing group
    for k, scale in enumerate(scales):  # the partitions become parts of these arrays, so that they are stored once
        setting.partitions[scale] = Partition(start[first[k]:first[k + 1]], keys[first[k]:first[k + 1] - 1])
    largest = parts[0].start
    begins = [np.searchsorted(part.start, largest).astype(np.int32) for part in parts]
    within = np.stack([first[k] + begin for k, begin in enumerate(begins)])
    return SettingWeek(setting, slots, within, start, keys, threads.split(largest), community, public)
