"""The week's slots, made ready for the meeting kernel: all slots of a setting as one table."""

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
    """Slots that are lived together: a table, and what names the draws of each row."""

    table: NDArray[np.void]  # (S,) of SLOT
    names: NDArray[np.int64]  # (S,) key of the occasion's name
    numbers: NDArray[np.int64]  # (S,) which of the occasion's slots

    def draw(self, seed: int, week: int, decisions: NDArray[np.int64]) -> NDArray[np.void]:
        """The table with the bases of this week's draws."""
        bases = streams(seed, decisions, week, self.names, self.numbers)
        for k, field in enumerate(BASES[-decisions.shape[0]:]):
            self.table[field] = bases[:, k]
        return self.table


@dataclass(frozen=True)
class Round:
    """All slots of one setting in an ordinary week."""

    setting: Setting
    slots: Slots
    within: NDArray[np.int64]  # (scales, Q + 1) mixing groups of each scale inside each of the Q largest mixing groups
    start: NDArray[np.int64]  # edges of the mixing groups of all scales, one scale after the other
    keys: NDArray[np.uint64]  # their keys, at the places of their first edges
    edges: list[int]  # ranges of largest mixing groups, one for each thread

    def live(self, seed: int, week: int, people: People, notes: Week, threads: Threads,
             scratch: list[tuple[NDArray[np.int32], NDArray[np.int32]]]) -> None:
        """Everybody meets whom this week's slots bring together."""
        table = self.slots.draw(seed, week, DECISIONS)
        threads.run(lambda k, lo, hi: meet(lo, hi, table, self.within, self.start, self.keys, self.setting.occupant,
                                           people, notes, *scratch[k]), self.edges)


def rounds_of(contexts: Mapping[str, ContactContext], terms: Mapping[str, Terms], settings: Mapping[str, Setting],
              threads: Threads) -> tuple[list[Round], Slots]:
    """The rounds of an ordinary week, setting by setting, and the slots in which friends meet.

    The k-th slot of the week, counted over all contact contexts as they are written, has bit k.
    """
    at: dict[str, list[tuple[str, int, int]]] = {}
    bit = 0
    for name, context in contexts.items():
        for number in range(context.encounters_per_week):
            at.setdefault(context.setting, []).append((name, number, bit))
            bit += 1
    rounds = []
    for setting, rows in at.items():
        if setting != "ties":
            partitions = settings[setting].partitions
            scales = sorted({contexts[name].scale for name, _, _ in rows} | {_largest(partitions)},
                            key=lambda scale: len(partitions[scale]))
            slots = _slots(rows, terms, {name: scales.index(contexts[name].scale) for name, _, _ in rows})
            rounds.append(_round(settings[setting], slots, [partitions[scale] for scale in scales], threads))
    return rounds, _slots(at.get("ties", []), terms, {})


def _largest(partitions: Mapping[str, Partition]) -> str:
    return min(partitions, key=lambda scale: len(partitions[scale]))


def _slots(rows: list[tuple[str, int, int]], terms: Mapping[str, Terms], scale: Mapping[str, int]) -> Slots:
    table = np.zeros(len(rows), SLOT)
    for k, (name, _, bit) in enumerate(rows):
        table[k] = table_row(terms[name], scale.get(name, 0), bit)
    names = np.array([_key_of(name) for name, _, _ in rows], np.int64)
    return Slots(table, names, np.array([number for _, number, _ in rows], np.int64))


def table_row(terms: Terms, scale: int, bit: int | None) -> NDArray[np.void]:
    """One record of :data:`SLOT`, its draws still missing; without a bit nobody is ever away from it."""
    row = np.zeros((), SLOT)
    for field, value in terms._asdict().items():
        row[field] = value
    row["scale"], row["bit"] = scale, 0 if bit is None else 1 << bit
    return row


def _round(setting: Setting, slots: Slots, scales: list[Partition], threads: Threads) -> Round:
    largest = scales[0].start
    first = np.cumsum([0, *(part.start.shape[0] for part in scales)])
    within = np.stack([first[k] + np.searchsorted(part.start, largest) for k, part in enumerate(scales)])
    start = np.concatenate([part.start for part in scales])
    keys = np.concatenate([np.append(part.keys, np.uint64(0)) for part in scales])  # the last edge begins no mixing group
    return Round(setting, slots, within, start, keys, threads.split(largest))
