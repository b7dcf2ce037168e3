"""The arrays that the kernels of a week share, in tuples that Numba accepts."""

from __future__ import annotations

import math
from collections import namedtuple
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from contactsim.parameters import Conditions, ContactContext, Psychology
from contactsim.residents import Residents, contiguous

#: The psychology's numbers as a tuple of floats, field for field.
Rules: Any = namedtuple("Rules", list(Psychology.model_fields))  # type: ignore[misc]

#: Columns of ``Week.counts`` (meetings of the week by valence, or declined) ...
POSITIVE, NEGATIVE, NEUTRAL, DECLINED = 0, 1, 2, 3
#: ... where the own group's columns count all own-group meetings and those in community life ...
ALL_OWN, BONDING = 0, 1
#: ... and of ``Week.odds_factor`` (a resident's factors of the odds in meetings with a group).
TAKE_UP, PLEASANT, UNPLEASANT, PARTNER_EFFECT = 0, 1, 2, 3


class People(NamedTuple):
    """The columns of :class:`~contactsim.residents.Residents` that the kernels read or write."""

    group: NDArray[np.uint8]
    age: NDArray[np.float64]
    arrived: NDArray[np.float32]
    uid: NDArray[np.int64]
    baseline_attitude: NDArray[np.float64]
    sociability: NDArray[np.float64]
    negative_exposure: NDArray[np.float64]
    status: NDArray[np.float64]
    language: NDArray[np.float64]
    anxiety: NDArray[np.float64]
    threat: NDArray[np.float64]
    belonging: NDArray[np.float64]
    attitude: NDArray[np.float64]
    positive: NDArray[np.float64]
    negative: NDArray[np.float64]
    recent_positive: NDArray[np.float64]
    recent_negative: NDArray[np.float64]
    ties: NDArray[np.int32]
    friend_groups: NDArray[np.uint16]
    engagement: NDArray[np.float32]
    stigma: NDArray[np.float32]
    civic: NDArray[np.float32]
    rumour: NDArray[np.int8]


class Week(NamedTuple):
    """Results of a week's meetings before learning. N rows, G groups."""

    availability: NDArray[np.float64]  # (N,) sociability if old enough to meet people and arrived, else 0
    displaced: NDArray[np.uint32]  # (N,) bit k set: spends the week's k-th slot in an action instead
    odds_factor: NDArray[np.float64]  # (N, G - 1, 4) take-up, pleasant, unpleasant, partner effect; no own group
    counts: NDArray[np.int16]  # (N, G, 4) meetings by valence; own group: all, and those in community life
    dose: NDArray[np.int32]  # (N, G, 2) positive and negative meetings in hundredths of closeness
    shared_activity: NDArray[np.int32]  # (N,) shared activity, hundredths
    community: NDArray[np.int32]  # (N,) the part of it in community life (associations and sessions)
    candidate: NDArray[np.int32]  # (N,) row with which a tie may form, -1 for none
    priority: NDArray[np.uint64]  # (N,) of that candidate
    extended_contact: NDArray[np.uint16]  # (N,) bit g set: a friend of the own group has a friend in group g


class Areas(NamedTuple):
    """Norms and composition of P neighbourhoods."""

    norm: NDArray[np.float64]  # (P, G, G) mean attitude of group g to group h
    share: NDArray[np.float64]  # (P, G) present share of group g
    past: NDArray[np.float64]  # (P, G) mean share over about the past year
    message_effect: NDArray[np.float64]  # (P, G, G) what messages add to the perceived norm


class Terms(NamedTuple):
    """The numbers of a contact context or session as the meeting kernel needs them."""

    closeness: int  # hundredths
    presence: float
    sociable: bool
    avoidability: float
    take_up: float  # odds factor
    positive: float  # odds factor
    negative: float  # odds factor
    inequality: float  # per gap in status
    shared_activity: int  # hundredths
    community: bool  # community life: an association or a session
    tie_cross: float
    tie_own: float


#: One slot of a contact context for the meeting kernel: its scale (a row of ``within`` of
#: :class:`contactsim.encounters.schedule.SettingWeek`), its bit in ``Week.displaced``, its terms and bases of draws.
SLOT = np.dtype([
    ("scale", np.int64), ("bit", np.uint32), ("closeness", np.int32), ("presence", float), ("sociable", bool),
    ("avoidability", float), ("take_up", float), ("positive", float), ("negative", float), ("inequality", float),
    ("shared_activity", np.int32), ("community", bool), ("tie_cross", float), ("tie_own", float),
    ("pairing_base", np.uint64), ("presence_base", np.uint64), ("meeting_base", np.uint64)])
#: The same, field for field, as a tuple of numbers.
Slot: Any = namedtuple("Slot", list(SLOT.names or ()))  # type: ignore[misc]


def rules(psychology: Psychology) -> Any:
    """The psychology as a tuple for the kernels."""
    return Rules(**psychology.model_dump())


def people_of(residents: Residents) -> People:
    """The residents' columns as a tuple for the kernels; the arrays are shared, not copied."""
    return People(*(getattr(residents, name) for name in People._fields))


def blank_week(residents: Residents) -> Week:
    """Arrays for the results of a week, about 120 bytes for each resident with two groups."""
    n, G = len(residents), residents.groups
    return Week(*contiguous(Week(
        availability=np.zeros(n), displaced=np.zeros(n, np.uint32), odds_factor=np.zeros((n, G - 1, 4)),
        counts=np.zeros((n, G, 4), np.int16), dose=np.zeros((n, G, 2), np.int32), shared_activity=np.zeros(n, np.int32),
        community=np.zeros(n, np.int32), candidate=np.full(n, -1, np.int32), priority=np.zeros(n, np.uint64),
        extended_contact=np.zeros(n, np.uint16))))


def allport(at: Conditions) -> float:
    """Allport's four conditions as one number in [0, 1]: their mean."""
    return (at.equal_status + at.common_goals + at.cooperation + at.support) / 4


def terms(context: ContactContext, p: Psychology) -> Terms:
    """Terms of a contact context: residents are present by chance, and ties form in small groups only."""
    community = context.setting == "association"
    return _terms(context, p, context.presence, context.sociable, community, context.scale == "small_group")


def terms_of_session(at: Conditions, p: Psychology) -> Terms:
    """Terms of an action's session: all members are present, it is community life, and its teams are small groups."""
    return _terms(at, p, presence=1.0, sociable=False, community=True, in_small_group=True)


def _terms(at: Conditions, p: Psychology, presence: float, sociable: bool, community: bool,
           in_small_group: bool) -> Terms:
    """Odds factors. Conditions of one half leave the psychology's base odds as they are."""
    fit = allport(at) - 0.5
    neutral = p.neutral_ground * at.neutral_ground
    return Terms(
        closeness=round(100 * at.closeness),
        presence=presence,
        sociable=sociable,
        avoidability=at.avoidability,
        take_up=math.exp(p.take_up_base + neutral),
        positive=math.exp(p.positive_base + p.conditions_positive * fit),
        negative=math.exp(p.negative_base - p.conditions_negative * fit - p.mediator * at.mediator - neutral),
        inequality=p.unequal_status * (1 - at.equal_status),
        shared_activity=round(100 * at.common_goals * at.cooperation),
        community=community,
        tie_cross=p.tie_cross if in_small_group else 0.0,
        tie_own=p.tie_own if in_small_group else 0.0,
    )
