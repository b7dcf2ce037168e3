"""The residents and areas of the Mesa model (:mod:`benchmarks.idiomatic_mesa`): what people do in a week."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, sqrt
from operator import mul
from typing import Any

import mesa

from contactsim.residents import ADULT_AGE, BELIEVES, MEETING_AGE, TIE_PLACES, WEEKS_A_YEAR

POSITIVE, NEGATIVE, NEUTRAL, DECLINED = range(4)


@dataclass(frozen=True, slots=True)
class Context:
    """A contact context: in which mixing groups its slots are held, and its numbers."""

    setting: str
    slots: int
    mixing_groups: list[list[Person | None]]
    presence: float
    sociable: bool
    avoidability: float
    take_up: float  # odds
    positive: float  # odds against neutral
    negative: float  # odds against neutral
    inequality: float  # per gap in status
    close_hours: float
    shared_hours: float
    tie_own: float
    tie_cross: float
    familiar: float  # how fast an hour loses what it teaches, per week together; of friends: what it teaches
    community: bool
    public: bool


class Area:
    """A neighbourhood and what it is like at the start of the week; a district is an area of neighbourhoods."""

    def __init__(self, members: list[Person], past: list[float]) -> None:
        self.members, self.past = members, past
        self.groups = range(len(past))
        self.number = [0] * len(past)
        self.share = [0.0] * len(past)
        self.norm = [[0.0] * len(past) for _ in past]
        self.district = self

    def look_around(self) -> None:
        """Take the groups' shares and mean attitudes."""
        self.number = [0 for _ in self.groups]
        norm = [[0.0 for _ in self.groups] for _ in self.groups]
        for person in self.members:
            if person.age >= MEETING_AGE and not person.arrived < 0.0:
                self.number[person.group] += 1
                sums = norm[person.group]
                for h, attitude in enumerate(person.attitude):
                    sums[h] += attitude
        self.norm = [[s / n for s in sums] if n else sums for sums, n in zip(norm, self.number, strict=True)]
        self.take_shares()

    def add_up(self, neighbourhoods: list[Area]) -> None:
        """Take the groups' shares from those of the neighbourhoods in this district."""
        self.number = [sum(one.number[g] for one in neighbourhoods) for g in self.groups]
        self.take_shares()

    def take_shares(self) -> None:
        """Turn numbers into shares."""
        total = max(1, sum(self.number))
        self.share = [n / total for n in self.number]

    def remember(self) -> None:
        """Let the past composition follow the present one."""
        self.past = [past + (share - past) / WEEKS_A_YEAR
                     for past, share in zip(self.past, self.share, strict=True)]


class Person(mesa.Agent):
    """One resident."""

    model: Any
    group: int
    age: float
    wandering: float
    anxiety: float
    threat: float
    belonging: float
    engagement: float
    stigma: float
    language: float
    public_contact: float
    public_balance: float

    def __init__(self, model: Any, values: dict[str, Any], extended_contact: int) -> None:
        super().__init__(model)
        for name, value in values.items():
            setattr(self, name, value)
        self.others = [h for h in range(model.groups) if h != self.group]
        self.since: dict[str, int] = {}  # week of the seat, by setting
        self.leisure: dict[str, float] = {}  # factor of presence, by setting
        self.liking = [0.0] * model.groups
        self.friends: list[Person] = []
        self.friend_groups: set[int] = set()
        self.known_groups = {h for h in self.others if extended_contact >> h & 1}
        self.neighbourhood: Area
        self.brings: dict[int, tuple[float, float, float, float]] = {}
        self.forget_week()

    def forget_week(self) -> None:
        """Clear this week's notes."""
        self.met = [[0, 0, 0, 0] for _ in range(self.model.groups)]
        self.good = [0.0] * self.model.groups
        self.bad = [0.0] * self.model.groups
        self.own_meetings = self.bonding = 0
        self.out_and_about = self.balance = 0
        self.company = self.shared_activity = self.community = 0.0
        self.candidate: Person | None = None
        self.priority = 0.0

    def prepare(self) -> None:
        """Clear the notes and weigh up what one brings into a meeting with each other group."""
        self.forget_week()
        p = self.model.p
        self.availability = self.sociability * self.presence_by_age()
        self.goes_out = self.age >= MEETING_AGE and not self.arrived < 0.0 and self.availability > 0.0
        anxious = self.anxiety - p.anxiety_rest
        take_up = (p.take_up_sociability * (self.sociability - 1.0) - p.take_up_anxiety * anxious
                   - p.take_up_language * (1.0 - self.language))
        identity = p.common_identity * (self.belonging - p.belonging_rest)
        worry = p.appraisal_anxiety * anxious
        fear = p.appraisal_threat * (self.threat - p.threat_rest)
        norm = self.neighbourhood.norm[self.group]
        for h in self.others:
            liking = self.liking[h] = min(1.0, max(-1.0, self.attitude[h] + self.feeling[h]))
            lean = p.appraisal * liking
            own = p.appraisal_own * lean
            self.brings[h] = (
                exp(take_up + p.take_up_attitude * liking),
                exp(identity - worry - p.negative_exposure_positive * self.negative_exposure + own),
                exp(worry + fear + self.negative_exposure - identity - own - p.inward_norms * norm[h]),
                exp(lean - own))

    def presence_by_age(self) -> float:
        """How often people of one's age are out."""
        if self.age < ADULT_AGE:
            return 1.0
        older = min(1.0, max(0.0, (self.age - 30.0) / 45.0))
        return max(0.0, 1.0 + self.model.p.presence_age * (0.2 - 0.65 * older))

    def seek(self, setting: str, number: list[int], total: int) -> None:
        """Come to a setting more often the more people whom one likes are there: ``number`` by group of ``total``."""
        drawn = sum(map(mul, number, self.liking)) / total
        self.leisure[setting] = self.availability * max(0.0, 1.0 + self.model.p.seeking * drawn)

    def is_there(self, context: Context) -> bool:
        """Whether the person is present in a slot of a contact context."""
        if not self.goes_out:
            return False
        factor = self.leisure[context.setting] if context.sociable else 1.0
        return self.random.random() < context.presence * factor

    def meet(self, partner: Person, context: Context) -> None:
        """Two people who were brought together: take-up, valence for each side, maybe a tie."""
        if self.group == partner.group:
            self.own_meetings += 1
            partner.own_meetings += 1
            if context.community:
                self.bonding += 1
                partner.bonding += 1
            agree = True
            chance = context.tie_own
        else:
            odds = context.take_up * self.brings[partner.group][0] * partner.brings[self.group][0]
            if self.random.random() * (1.0 + odds) < context.avoidability:
                self.note(partner, DECLINED, context)
                partner.note(self, DECLINED, context)
                return
            together = self.model.week - max(self.since[context.setting], partner.since[context.setting])
            weight = 1.0 / (1.0 + context.familiar * together)
            mine = self.experience(partner, context, weight)
            theirs = partner.experience(self, context, weight)
            agree = mine != NEGATIVE and theirs != NEGATIVE
            chance = context.tie_cross if mine == POSITIVE and theirs == POSITIVE else 0.0
        if agree:
            self.do_together(context)
            partner.do_together(context)
        if chance and self.random.random() < chance * self.room_for(partner) * partner.room_for(self):
            priority = self.random.random()
            self.consider(partner, priority)
            partner.consider(self, priority)

    def room_for(self, partner: Person) -> float:
        """How ready one is for a further friend, against somebody without friends."""
        p = self.model.p
        room: float = max(0.0, 1.0 - len(self.friends) / p.tie_limit)
        if self.group != partner.group and partner.group in self.friend_groups:
            room *= p.tie_further
        return room

    def do_together(self, context: Context) -> None:
        """Note the shared activity of a meeting."""
        self.shared_activity += context.shared_hours
        if context.community:
            self.community += context.shared_hours

    def experience(self, partner: Person, context: Context, weight: float) -> int:
        """What a meeting is for this side; its hours teach ``weight`` of what hours with somebody new do."""
        _, pleasant, unpleasant, _ = self.brings[partner.group]
        lean = partner.brings[self.group][3]
        good = context.positive * pleasant * lean
        bad = context.negative * (1.0 + context.inequality * abs(self.status - partner.status)) * unpleasant / lean
        at = self.random.random() * (1.0 + good + bad)
        if at < good:
            valence = POSITIVE
            self.good[partner.group] += weight * context.close_hours
            self.company += context.close_hours
        elif at < good + bad:
            valence = NEGATIVE
            self.bad[partner.group] += weight * context.close_hours
            self.company += context.close_hours
        else:
            valence = NEUTRAL
        self.note(partner, valence, context)
        return valence

    def note(self, partner: Person, valence: int, context: Context) -> None:
        """Count a meeting with another group."""
        self.met[partner.group][valence] += 1
        if context.public:
            self.out_and_about += 1
            self.balance += (valence == POSITIVE) - (valence == NEGATIVE)

    def consider(self, partner: Person, priority: float) -> None:
        """Take a partner as this week's candidate for a tie, if none of higher priority came."""
        if priority > self.priority:
            self.candidate, self.priority = partner, priority

    def meet_friends(self, context: Context) -> None:
        """Each friend of another group is met or not; friends meet once, each side notes its own."""
        for friend in self.friends:
            if (friend.group != self.group and self.unique_id < friend.unique_id
                    and self.random.random() < context.presence):
                self.experience(friend, context, context.familiar)
                friend.experience(self, context, context.familiar)

    def change(self) -> None:
        """What the week changes."""
        p = self.model.p
        all_good, all_bad = sum(self.good), sum(self.bad)
        rest = self.baseline_attitude + self.wandering - p.threat_attitude * (self.threat - p.threat_rest)
        rest = min(1.0, max(-1.0, rest))
        prior = p.prior_weight * (1.0 + p.age_stability * max(0.0, self.age - 20.0) / 20.0)
        for h in self.others:
            self.learn(h, all_good, all_bad, prior, rest)
        stigma_before = self.stigma
        self.stigma = feel(stigma_before, p.stigma_bonding * self.bonding, all_bad, p.stigma_learning, p.stigma_drift,
                           p.stigma_rest)
        all_bad *= p.negative_weight
        rest = (p.anxiety_rest - p.anxiety_baseline_attitude * self.baseline_attitude + self.anxiety_trait
                + p.stigma_anxiety * (stigma_before - p.stigma_rest))
        self.anxiety = feel(self.anxiety, all_good, all_bad, p.anxiety_learning, p.anxiety_drift, rest)
        self.threat = feel(self.threat, all_good, all_bad, p.threat_learning, p.threat_drift, self.resting_threat())
        everyday = p.belonging_everyday * (self.shared_activity - self.community)
        self.belonging = rise(self.belonging, p.belonging_gain * (self.community + everyday))
        childhood = min(1.0, max(0.0, (ADULT_AGE - self.age) / (ADULT_AGE - MEETING_AGE)))
        rest = min(1.0, p.belonging_rest + p.belonging_childhood * childhood)
        self.belonging += p.belonging_decline * (rest - self.belonging)
        self.engagement = rise(self.engagement, p.engagement_gain * self.community)
        self.engagement += p.engagement_decline * (p.engagement_rest - self.engagement)
        self.language = rise(self.language, p.language_gain * self.company)
        self.public_contact += (self.out_and_about - self.public_contact) / WEEKS_A_YEAR
        self.public_balance += (self.balance - self.public_balance) / WEEKS_A_YEAR
        self.age += 1.0 / WEEKS_A_YEAR
        self.arrived += 1.0 / WEEKS_A_YEAR

    def learn(self, h: int, all_good: float, all_bad: float, prior: float, rest: float) -> None:
        """Attitude and momentary feeling towards group ``h`` after the week, and what is remembered of it."""
        p, norm = self.model.p, self.neighbourhood.norm[self.group][h]
        good = self.good[h] + p.transfer * (all_good - self.good[h])
        bad = self.bad[h] + p.transfer * (all_bad - self.bad[h])
        if h in self.known_groups:
            good += p.extended
        attitude, positive, negative = self.attitude[h], self.positive[h], self.negative[h]
        before, weighted = prior + positive + negative, p.negative_weight * bad
        attitude = (before * attitude + good - weighted) / (before + good + weighted)
        attitude += p.drift * (rest - attitude)
        self.attitude[h] = attitude + p.norms * (norm - attitude)
        self.positive[h] = (positive + good) * (1.0 - p.forgetting)
        self.negative[h] = (negative + bad) * (1.0 - p.forgetting)
        met, used_good, used_bad = self.met[h], self.recent_positive[h], self.recent_negative[h]
        now = met[POSITIVE] - p.negative_weight * met[NEGATIVE]
        used = used_good - p.negative_weight * used_bad
        moved = p.feeling_gain * (now / (1.0 + abs(now)) - used / (1.0 + abs(used)))
        self.feeling[h] = (self.feeling[h] * p.feeling_keeps + moved) / (1.0 + abs(moved))
        self.recent_positive[h] = used_good + p.recall * (met[POSITIVE] - used_good)
        self.recent_negative[h] = used_bad + p.recall * (met[NEGATIVE] - used_bad)

    def resting_threat(self) -> float:
        """The level to which threat returns."""
        p, g, area = self.model.p, self.group, self.neighbourhood
        rest: float = p.threat_rest - p.threat_baseline_attitude * self.baseline_attitude + self.threat_trait
        if g == 0:
            rest += p.threat_district * (1.0 - area.district.share[g])
        if self.rumour == BELIEVES:
            rest += p.rumour_threat
        return rest + p.threat_change * max(0.0, area.past[g] - area.share[g])

    def wander(self, keep: float, spread: float) -> None:
        """The wandering part of the attitude's resting point moves on."""
        self.wandering = keep * self.wandering + sqrt(1.0 - keep * keep) * self.random.gauss(0.0, spread)

    def form_tie(self) -> None:
        """Two who are each other's candidate become friends, if both have a place free."""
        partner = self.candidate
        if (partner is not None and partner.candidate is self and partner not in self.friends
                and len(self.friends) < TIE_PLACES and len(partner.friends) < TIE_PLACES):
            self.friends.append(partner)
            partner.friends.append(self)

    def lose_ties(self, chance: float) -> None:
        """Ties fade, but not with somebody with whom one would make one."""
        for friend in list(self.friends):
            if (self.unique_id < friend.unique_id and not (self.candidate is friend and friend.candidate is self)
                    and self.random.random() < chance):
                self.friends.remove(friend)
                friend.friends.remove(self)

    def know_friends(self) -> None:
        """Note the groups of one's friends."""
        self.friend_groups = {friend.group for friend in self.friends}

    def know_their_friends(self) -> None:
        """Note the other groups in which friends of the own group have friends."""
        known: set[int] = set()
        for friend in self.friends:
            if friend.group == self.group:
                known |= friend.friend_groups
        self.known_groups = known - {self.group}


def feel(state: float, good: float, bad: float, learning: float, drift: float, rest: float) -> float:
    """Anxiety, threat or stigma after a week: meetings move it to 0 or 1, then it returns towards rest."""
    state = (state + learning * bad) / (1.0 + learning * (good + bad))
    return state + drift * (min(1.0, max(0.0, rest)) - state)


def rise(state: float, by: float) -> float:
    """A state in [0, 1] that ``by`` brings nearer to 1."""
    return (state + by) / (1.0 + by)
