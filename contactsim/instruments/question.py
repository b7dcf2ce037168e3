"""One item put to residents, with the draws of their reporting noise.

Noise has a part that is stable in a person (the way somebody uses a scale) and a part that is new in each wave. Draws
are keyed by item, person and wave: an answer depends neither on who else is asked nor on the order of questions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contactsim.draws import Decision, name_key, normals, stream, uniforms
from contactsim.state import State

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Question:
    """One item, put to some residents in one wave."""

    name: str
    """of the item; a key of its draws"""
    world: State
    rows: NDArray[np.integer]
    """rows of the residents who are asked"""
    wave: int
    """key of the draws of this wave"""

    @property
    def uid(self) -> NDArray[np.int32]:
        """(rows,) identifiers of those asked."""
        return self.world.people.uid[self.rows]

    def noise(self, stable: float, number: int = 0) -> Values:
        """(rows,) standard normal noise of the item's part ``number``; ``stable`` is its share of lasting variance."""
        lasting, new = (normals(base, self.uid) for base in (self.base("stable", number), self.base("", number, True)))
        return np.asarray(np.sqrt(stable) * lasting + np.sqrt(1 - stable) * new)

    def uniform(self) -> Values:
        """(rows,) uniform draws of this wave."""
        return uniforms(self.base("uniform", 0, True), self.uid)

    def base(self, part: str, number: int = 0, of_wave: bool = False) -> np.uint64:
        """The base of a stream of the item's draws, the same in all waves or (``of_wave``) new in each."""
        wave = (self.wave,) if of_wave else ()
        return stream(self.world.seed, Decision.ANSWER, name_key(self.name, part), number, *wave)
