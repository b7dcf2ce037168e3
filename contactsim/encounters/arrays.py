"""The arrays that the kernels of a week share, in tuples that Numba accepts."""

from __future__ import annotations

import math
from collections import namedtuple
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from contactsim.parameters import PUBLIC_PLACES, Conditions, ContactContext, Psychology
from contactsim.residents import Residents

#: The psychology's numbers as a tuple of floats, field for field, and the share of a feeling that a week keeps.
Rules: Any = namedtuple("Rules", [*Psychology.model_fields, "feeling_keeps"])  # type: ignore[misc]

#: Columns of ``Week.counts`` (meetings of the week by valence, or declined) ...
POSITIVE, NEGATIVE, NEUTRAL, DECLINED = 0, 1, 2, 3
#: ... and of ``Week.odds_factor`` (a resident's factors of the odds in meetings with a group).
TAKE_UP, PLEASANT, UNPLEASANT, PARTNER_EFFECT = 0, 1, 2, 3
#: Doses are counted in this many parts of a close hour, shared activity in hundredths of an hour.
CLOSE_HOUR, HOUR = 10_000, 100
#: A meeting with the own group in ``Members.activity``, whose lower half is shared activity: both are added at once.
OWN_MEETING = 2**32


class People(NamedTuple):
    """The columns of :class:`~contactsim.residents.Residents` that the kernels read or write."""

    group: NDArray[np.uint8]
    age: NDArray[np.float32]
    arrived: NDArray[np.float32]
    uid: NDArray[np.int32]
    baseline_attitude: NDArray[np.float32]
    sociability: NDArray[np.float32]
    negative_exposure: NDArray[np.float32]
    anxiety_trait: NDArray[np.float32]
    threat_trait: NDArray[np.float32]
    wandering: NDArray[np.float32]
    status: NDArray[np.float32]
    language: NDArray[np.float32]
    anxiety: NDArray[np.float32]
    threat: NDArray[np.float32]
    belonging: NDArray[np.float32]
    attitude: NDArray[np.float32]
    feeling: NDArray[np.float32]
    positive: NDArray[np.float32]
    negative: NDArray[np.float32]
    recent_positive: NDArray[np.float32]
    recent_negative: NDArray[np.float32]
    public_contact: NDArray[np.float32]
    public_balance: NDArray[np.float32]
    ties: NDArray[np.int32]
    friends: NDArray[np.uint8]
    cross_friends: NDArray[np.uint8]
    friend_groups: NDArray[np.unsignedinteger]
    extended_contact: NDArray[np.unsignedinteger]
    engagement: NDArray[np.float32]
    stigma: NDArray[np.float32]
    civic: NDArray[np.float32]
    rumour: NDArray[np.int8]


class Week(NamedTuple):
    """What residents bring into a week's meetings, and the results of the meetings before learning. N rows, G groups.

    Arrays by group leave the own group out, as in :class:`~contactsim.residents.Residents`.
    """

    # brought
    displaced: NDArray[np.uint32]  # (N,) bit k set: spends the k-th slot in an action instead; (0,) if nobody does
    availability: NDArray[np.float32]  # (N,) sociability by age if old enough to meet people and arrived, else 0
    odds_factor: NDArray[np.float32]  # (N, G - 1, 4) take-up, pleasant, unpleasant, partner effect
    # results
    counts: NDArray[np.uint8]  # (N, G - 1, 4) meetings by valence
    own_meetings: NDArray[np.uint8]  # (N,) meetings with the own group
    bonding: NDArray[np.uint8]  # (N,) those of them in community life (associations and sessions)
    dose: NDArray[np.int32]  # (N, G - 1, 2) positive and negative experience, parts of close hours
    company: NDArray[np.int32]  # (N,) close hours of positive and negative meetings, however familiar, parts
    shared_activity: NDArray[np.uint16]  # (N,) shared activity, hundredths of hours
    community: NDArray[np.uint16]  # (N,) the part of it in community life
    candidate: NDArray[np.int32]  # (N,) row with which a tie may form, -1 for none
    priority: NDArray[np.uint16]  # (N,) of that candidate
    free: NDArray[np.uint8]  # (N,) free places for ties at the start of the week


class Areas(NamedTuple):
    """Norms and composition of P neighbourhoods."""

    norm: NDArray[np.float64]  # (P, G, G) mean attitude of group g to group h
    share: NDArray[np.float64]  # (P, G) present share of group g
    number: NDArray[np.float64]  # (P,) residents counted in it
    past: NDArray[np.float64]  # (P, G) mean share over about the past year
    district: NDArray[np.float64]  # (P, G) present share of group g in the district around
    message_effect: NDArray[np.float64]  # (P, G, G) what messages add to the perceived norm


class Terms(NamedTuple):
    """The numbers of a contact context or session as the meeting kernel needs them."""

    dose: int  # parts of close hours: closeness times hours
    presence: float
    sociable: bool
    avoidability: float
    take_up: float  # odds factor
    positive: float  # odds factor
    negative: float  # odds factor
    inequality: float  # per gap in status
    shared_activity: int  # hundredths of hours
    tie_cross: float
    tie_own: float


#: One slot of a contact context for the meeting kernel: its scale (a row of ``within`` of
#: :class:`contactsim.encounters.schedule.SettingWeek`), its bit in ``Week.displaced``, its terms, its familiarity (per
#: week or hour together; of friends: their weight) and bases of draws.
SLOT = np.dtype([
    ("scale", np.int64), ("bit", np.uint32), ("dose", np.int32), ("presence", np.float32), ("sociable", bool),
    ("avoidability", float), ("take_up", float), ("positive", float), ("negative", float), ("inequality", float),
    ("shared_activity", np.int32), ("tie_cross", float), ("tie_own", float), ("familiar", float),
    ("pairing_base", np.uint64), ("presence_base", np.uint64), ("meeting_base", np.uint64)])
#: The same, field for field, as a tuple of numbers.
Slot: Any = namedtuple("Slot", list(SLOT.names or ()))  # type: ignore[misc]


class Members(NamedTuple):
    """Scratch for the members of one mixing group with L seats: what they bring, and their results of the week.

    The last element of each array stands for nobody.
    """

    row: NDArray[np.int32]  # (L + 1,) -1 for nobody
    uid: NDArray[np.uint32]
    key: NDArray[np.uint32]  # hash of the identifier
    group: NDArray[np.uint8]
    displaced: NDArray[np.uint32]
    able: NDArray[np.float32]  # 1 if the member meets people this week, else 0
    leisure: NDArray[np.float32]  # factor of presence where it depends on sociability
    since: NDArray[np.float32]  # weeks (of a session: hours) with the small group
    odds_factor: NDArray[np.float32]  # (L + 1, G - 1, 4)
    status: NDArray[np.float32]
    counts: NDArray[np.uint8]  # (L + 1, G - 1, 4)
    activity: NDArray[np.int64]  # OWN_MEETING for each meeting with the own group, and shared activity
    dose: NDArray[np.int32]  # (L + 1, G - 1, 2)
    company: NDArray[np.int32]
    candidate: NDArray[np.int32]
    priority: NDArray[np.uint16]
    order: NDArray[np.int32]  # who is present in a slot, in pairs
    partner: NDArray[np.int32]  # draws of the pairing


def members(seats: int, groups: int) -> Members:
    """Scratch for mixing groups of up to ``seats`` seats."""
    n, others = seats + 1, groups - 1
    return Members(
        row=np.full(n, -1, np.int32), uid=np.zeros(n, np.uint32), key=np.zeros(n, np.uint32),
        group=np.zeros(n, np.uint8), displaced=np.zeros(n, np.uint32), able=np.zeros(n, np.float32),
        leisure=np.zeros(n, np.float32), since=np.zeros(n, np.float32),
        odds_factor=np.zeros((n, others, 4), np.float32), status=np.zeros(n, np.float32),
        counts=np.zeros((n, others, 4), np.uint8), activity=np.zeros(n, np.int64),
        dose=np.zeros((n, others, 2), np.int32), company=np.zeros(n, np.int32),
        candidate=np.full(n, -1, np.int32), priority=np.zeros(n, np.uint16),
        order=np.zeros(n, np.int32), partner=np.zeros(max(n + 1, groups), np.int32))


def rules(psychology: Psychology) -> Any:
    """The psychology as a tuple for the kernels."""
    values = psychology.model_dump() | {"feeling_keeps": 0.5 ** (1.0 / psychology.feeling_half_life)}
    return Rules(**values)


def people_of(residents: Residents) -> People:
    """The residents' columns as a tuple for the kernels; the arrays are shared, not copied."""
    return People(*(getattr(residents, name) for name in People._fields))


def blank_week(residents: Residents) -> Week:
    """Arrays for a week; all but ``displaced``, which few weeks need, lie in the residents' own block of memory."""
    arrays = {name: residents.block[name] for name in Week._fields if name != "displaced"}
    week = Week(displaced=nobody_displaced(), **arrays)
    week.candidate[:] = -1
    return week


def nobody_displaced() -> NDArray[np.uint32]:
    """``Week.displaced`` of a week in which all have all their slots; each world has its own array."""
    return np.zeros(0, np.uint32)


def allport(at: Conditions) -> float:
    """Allport's four conditions as one number in [0, 1]: their mean."""
    return (at.equal_status + at.common_goals + at.cooperation + at.support) / 4


def in_community(context: ContactContext) -> bool:
    """Whether a contact context is community life."""
    return context.setting == "association"


def in_public(context: ContactContext) -> bool:
    """Whether a contact context is out and about: street, shops, transport."""
    return context.setting in PUBLIC_PLACES


def terms(context: ContactContext, p: Psychology) -> Terms:
    """Terms of a contact context: residents are present by chance, and no ties form among the strangers of public."""
    return _terms(context, p, context.hours, context.presence, context.sociable, context.setting != "public")


def terms_of_session(at: Conditions, p: Psychology, hours: float) -> Terms:
    """Terms of a slot of an action's session: all members are present, and ties may form."""
    return _terms(at, p, hours, presence=1.0, sociable=False, ties=True)


def _terms(at: Conditions, p: Psychology, hours: float, presence: float, sociable: bool,
           ties: bool) -> Terms:
    """Odds factors. Conditions of one half leave the psychology's base odds as they are."""
    tie = 1.0 - math.exp(-p.tie * at.closeness * hours) if ties else 0.0
    fit = allport(at) - 0.5
    neutral = p.neutral_ground * at.neutral_ground
    return Terms(
        dose=round(CLOSE_HOUR * at.closeness * hours),
        presence=presence,
        sociable=sociable,
        avoidability=at.avoidability,
        take_up=math.exp(p.take_up_base + neutral),
        positive=math.exp(p.positive_base + p.conditions_positive * fit),
        negative=math.exp(p.negative_base - p.conditions_negative * fit - p.mediator * at.mediator - neutral),
        inequality=p.unequal_status * (1 - at.equal_status),
        shared_activity=round(HOUR * at.common_goals * at.cooperation * hours),
        tie_cross=min(1.0, tie / p.homophily),
        tie_own=tie * p.own_positive,
    )
