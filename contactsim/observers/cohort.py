"""Who the residents of a world were at one time: what later readings are held against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from contactsim.residents import MEETING_AGE
from contactsim.state import State

AGE_BANDS = {"5-15": 5, "16-24": 16, "25-44": 25, "45-64": 45, "65+": 65}
TERCILES = ("little", "middling", "much")


@dataclass(frozen=True)
class Residents:
    """Those old enough to meet people at week 0, one entry each, as they were then."""

    row: NDArray[np.intp]
    uid: NDArray[np.int64]
    group: NDArray[np.uint8]
    age: NDArray[np.float64]
    sex: NDArray[np.uint8]
    household: NDArray[np.int32]
    ties: NDArray[np.int32]
    """(n, places) rows of friends, -1 for none"""
    areas: dict[str, NDArray[np.int64]]
    """``neighbourhood`` and the mixing group of ``school``, ``work`` and ``association`` (-1 for none)"""
    prior: NDArray[np.float64]
    """meetings with other groups a week that a survey would find, good and bad ones"""
    groups: tuple[str, ...]

    def __len__(self) -> int:
        return self.row.shape[0]

    @property
    def own_group(self) -> NDArray[np.str_]:
        """Name of the own group."""
        return np.asarray(self.groups)[self.group]

    @property
    def age_band(self) -> NDArray[np.str_]:
        """Age at week 0 as one of :data:`AGE_BANDS`."""
        edges = np.array(list(AGE_BANDS.values()), float)
        return np.asarray(list(AGE_BANDS))[np.searchsorted(edges, self.age, side="right") - 1]

    @property
    def prior_contact(self) -> NDArray[np.str_]:
        """Third of the own group by contact at week 0, one of :data:`TERCILES`; equals are told apart by identifier."""
        third = np.zeros(len(self), int)
        for g in np.unique(self.group):
            own = np.flatnonzero(self.group == g)
            order = own[np.lexsort((self.uid[own], self.prior[own]))]
            third[order] = np.arange(own.size) * 3 // own.size
        return np.asarray(TERCILES)[third]

    def acquainted(self, who: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """(n,) whether each shares a household or a tie with somebody in ``who``."""
        rows = self.row[who]
        at_home: NDArray[np.bool_] = np.isin(self.household, self.household[who])
        return at_home | np.isin(self.ties, rows).any(axis=1)

    def table(self) -> pd.DataFrame:
        """Who they are as a table: group, age, age_band, sex, prior_contact and the areas."""
        return pd.DataFrame({"row": self.row, "group": self.own_group, "age": self.age, "age_band": self.age_band,
                             "sex": np.where(self.sex == 0, "female", "male"), "prior_contact": self.prior_contact,
                             **self.areas})


def residents(world: State) -> Residents:
    """Those who meet people now, as they are now (copies)."""
    people = world.people
    row = np.flatnonzero(people.active & (people.age >= MEETING_AGE) & ~(people.arrived < 0))
    areas = {name: _mixing_group(world, setting, scale, row) for name, setting, scale in (
        ("neighbourhood", "street", "neighbourhood"), ("school", "school", "mixing_group"), ("work", "work", "mixing_group"),
        ("association", "association", "mixing_group"))}
    prior = (people.recent_positive[row] + people.recent_negative[row]).sum(axis=1)
    return Residents(row, people.uid[row], people.group[row], people.age[row], people.sex[row], people.household[row],
                     people.ties[row], areas, prior, world.place.groups)


def _mixing_group(world: State, setting: str, scale: str, row: NDArray[np.intp]) -> NDArray[np.int64]:
    of = world.settings[setting]
    seat = of.seat[row]
    mixing_group = np.searchsorted(of.partitions[scale].start, seat, side="right") - 1
    return np.where(seat >= 0, mixing_group, -1)
