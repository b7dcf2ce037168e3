"""The schedule of an ordinary week: for each setting one table of slots for the meeting kernel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from contactsim.compiled import Threads
from contactsim.draws import Decision, name_key, streams
from contactsim.encounters.arrays import SLOT, People, Terms, Week
from contactsim.encounters.meeting import meet
from contactsim.parameters import ContactContext
from contactsim.settings.seating import Partition, Setting

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
    within: NDArray[np.int64]  # (scales, Q + 1) first mixing group of each scale in each of the Q largest
    start: NDArray[np.int64]  # first seats of the mixing groups, one scale after the other
    keys: NDArray[np.uint64]  # keys of the mixing groups, aligned with ``start``
    edges: list[int]  # ranges of largest mixing groups, one for each thread

    def meet(self, seed: int, week: int, people: People, results: Week, threads: Threads,
             scratch: list[tuple[NDArray[np.int32], NDArray[np.int32]]]) -> None:
        """All meetings of a week in this setting; results are added to ``results``."""
        table = self.slots.draw(seed, week, DECISIONS)
        threads.run(lambda k, lo, hi: meet(lo, hi, table, self.within, self.start, self.keys, self.setting.occupant,
                                           people, results, *scratch[k]), self.edges)


def weekly_schedule(contexts: Mapping[str, ContactContext], terms: Mapping[str, Terms],
                    settings: Mapping[str, Setting], threads: Threads) -> tuple[list[SettingWeek], Slots]:
    """The ordinary week of each setting, and the slots in which friends meet.

    The k-th slot of the week, counted over all contact contexts in the order of the parameters, has bit k.
    """
    at: dict[str, list[tuple[str, int, int]]] = {}
    bit = 0
    for name, context in contexts.items():
        for number in range(context.encounters_per_week):
            at.setdefault(context.setting, []).append((name, number, bit))
            bit += 1
    weeks = []
    for setting, rows in at.items():
        if setting != "ties":
            partitions = settings[setting].partitions
            scales = sorted({contexts[name].scale for name, _, _ in rows} | {_largest(partitions)},
                            key=lambda scale: len(partitions[scale]))
            slots = _slots(rows, terms, {name: scales.index(contexts[name].scale) for name, _, _ in rows})
            weeks.append(_setting_week(settings[setting], slots, [partitions[scale] for scale in scales], threads))
    return weeks, _slots(at.get("ties", []), terms, {})


def _largest(partitions: Mapping[str, Partition]) -> str:
    return min(partitions, key=lambda scale: len(partitions[scale]))


def _slots(rows: list[tuple[str, int, int]], terms: Mapping[str, Terms], scale: Mapping[str, int]) -> Slots:
    table = np.zeros(len(rows), SLOT)
    for k, (name, _, bit) in enumerate(rows):
        table[k] = table_row(terms[name], scale.get(name, 0), bit)
    names = np.array([_key_of(name) for name, _, _ in rows], np.int64)
    return Slots(table, names, np.array([number for _, number, _ in rows], np.int64))


def table_row(terms: Terms, scale: int, bit: int | None) -> NDArray[np.void]:
    """One record of :data:`SLOT` without the bases of its draws; a slot without a bit cannot be displaced."""
    row = np.zeros((), SLOT)
    for field, value in terms._asdict().items():
        row[field] = value
    row["scale"], row["bit"] = scale, 0 if bit is None else 1 << bit
    return row


def _setting_week(setting: Setting, slots: Slots, scales: list[Partition], threads: Threads) -> SettingWeek:
    largest = scales[0].start
    first = np.cumsum([0, *(part.start.shape[0] for part in scales)])
    within = np.stack([first[k] + np.searchsorted(part.start, largest) for k, part in enumerate(scales)])
    start = np.concatenate([part.start for part in scales])
    keys = np.concatenate([np.append(part.keys, np.uint64(0)) for part in scales])  # the last edge has no mixing group
    return SettingWeek(setting, slots, within, start, keys, threads.split(largest))
