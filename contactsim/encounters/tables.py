"""The arrays that the kernels of a week share, as tuples that Numba takes as they are."""

from __future__ import annotations

import math
from collections import namedtuple
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from contactsim.parameters import Occasion, Psychology
from contactsim.residents import Residents

#: The psychology's numbers as a tuple of floats, field for field.
Rules: Any = namedtuple("Rules", list(Psychology.model_fields))  # type: ignore[misc]

#: Columns of ``Week.tally`` (meetings of the week by what they were) ...
POSITIVE, NEGATIVE, NEUTRAL, DECLINED = 0, 1, 2, 3
#: ... and of ``Week.factor`` (what a person brings into a meeting with a group; factors of odds).
TAKE_UP, PLEASANT, UNPLEASANT, LEAN = 0, 1, 2, 3


class People(NamedTuple):
    """The columns of :class:`~contactsim.residents.Residents` that the kernels read or write."""

    group: NDArray[np.uint8]
    age: NDArray[np.float64]
    arrived: NDArray[np.float32]
    uid: NDArray[np.int64]
    disposition: NDArray[np.float64]
    sociability: NDArray[np.float64]
    exposure: NDArray[np.float64]
    standing: NDArray[np.float64]
    language: NDArray[np.float64]
    anxiety: NDArray[np.float64]
    threat: NDArray[np.float64]
    connectedness: NDArray[np.float64]
    attitude: NDArray[np.float64]
    positive: NDArray[np.float64]
    negative: NDArray[np.float64]
    recent_positive: NDArray[np.float64]
    recent_negative: NDArray[np.float64]
    ties: NDArray[np.int32]
    friend_groups: NDArray[np.uint16]


class Week(NamedTuple):
    """What one week writes down before anything changes."""

    out: NDArray[np.float64]  # (N,) sociability of those old enough to meet people, else 0
    factor: NDArray[np.float64]  # (N, G - 1, 4) take-up, pleasant, unpleasant, lean; the own group left out
    tally: NDArray[np.int16]  # (N, G, 4) meetings; the own group's column 0 counts own-group meetings
    dose: NDArray[np.int32]  # (N, G, 2) positive and negative meetings in hundredths of closeness
    joint: NDArray[np.int32]  # (N,) joint activity, hundredths
    candidate: NDArray[np.int32]  # (N,) whom a tie may form with, -1 nobody
    priority: NDArray[np.uint64]  # (N,) of that candidate


class Areas(NamedTuple):
    """Per neighbourhood P: what the people around think, and who they are."""

    norm: NDArray[np.float64]  # (P, G, G) mean attitude of group g to group h
    share: NDArray[np.float64]  # (P, G) share of group g now
    past: NDArray[np.float64]  # (P, G) its mean over about the past year


class Terms(NamedTuple):
    """An occasion's numbers, made ready for the meeting kernel."""

    closeness: int  # hundredths
    presence: float
    sociable: bool
    avoidability: float
    take_up: float  # odds factor
    positive: float  # odds factor
    negative: float  # odds factor
    inequality: float  # per gap in standing
    joint: int  # hundredths
    tie_cross: float
    tie_own: float


class Streams(NamedTuple):
    """Bases of the draws of one occasion's slot in one week."""

    pairing: np.uint64
    presence: np.uint64
    take_up: np.uint64
    valence: np.uint64
    tie: np.uint64


def rules(psychology: Psychology) -> Any:
    """The psychology as the kernels take it."""
    return Rules(**psychology.model_dump())


def people_of(residents: Residents) -> People:
    """The residents' live columns as the kernels take them."""
    return People(*(getattr(residents, name) for name in People._fields))


def blank_week(residents: Residents) -> Week:
    """Empty arrays for a week's notes; about 100 bytes a resident with two groups."""
    n, G = len(residents), residents.groups
    return Week(np.zeros(n), np.zeros((n, G - 1, 4)), np.zeros((n, G, 4), np.int16), np.zeros((n, G, 2), np.int32),
                np.zeros(n, np.int32), np.full(n, -1, np.int32), np.zeros(n, np.uint64))


def conditions(occasion: Occasion) -> float:
    """Allport's conditions of an occasion as one number in [0, 1]: their mean."""
    return (occasion.equal_status + occasion.common_goals + occasion.cooperation + occasion.support) / 4


def terms(occasion: Occasion, p: Psychology) -> Terms:
    """The occasion's odds factors. Conditions of one half leave the psychology's base odds as they are."""
    fit = conditions(occasion) - 0.5
    in_circle = occasion.among == "circle"
    return Terms(
        closeness=round(100 * occasion.closeness),
        presence=occasion.presence,
        sociable=occasion.sociable,
        avoidability=occasion.avoidability,
        take_up=math.exp(p.take_up_base),
        positive=math.exp(p.positive_base + p.conditions_positive * fit),
        negative=math.exp(p.negative_base - p.conditions_negative * fit - p.mediator * occasion.mediator),
        inequality=p.unequal_standing * (1 - occasion.equal_status),
        joint=round(100 * occasion.common_goals * occasion.cooperation),
        tie_cross=p.tie_cross if in_circle else 0.0,
        tie_own=p.tie_own if in_circle else 0.0,
    )
