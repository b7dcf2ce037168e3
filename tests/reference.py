"""One week of the model, person by person, in plain Python: slow, readable, and independent of the kernels.

It shares nothing with the package but the keyed draws. It is written from the rules, not from the kernels, and
must agree with them in every bit; where the last bit hangs on the order of a sum or a product, that order is
the rules' own: terms are added as they are written, people in the order of their seats.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from contactsim.draws import Decision, below, fold, halves, name_key, nth, pair_key, pair_part, stream, uniform, unit
from contactsim.encounters.session import Session
from contactsim.parameters import Conditions, ContactContext, ModelParameters
from contactsim.residents import BELIEVES
from contactsim.world import World

U = np.uint64
MEETING_AGE = 5.0
KINDS = ("positive", "negative", "neutral", "declined")
#: Columns in single precision.
SINGLE = ("arrived", "engagement", "stigma", "civic")
SCALARS = (
    "uid",
    "group",
    "age",
    "arrived",
    "baseline_attitude",
    "sociability",
    "negative_exposure",
    "status",
    "language",
    "anxiety",
    "threat",
    "belonging",
    "engagement",
    "stigma",
    "civic",
    "rumour",
)
LISTS = ("attitude", "positive", "negative", "recent_positive", "recent_negative", "ties")


@dataclass
class Person:
    """One resident. Lists by group have one entry for each group; the own group's entry never changes."""

    row: int
    uid: int
    group: int
    age: float
    arrived: float
    baseline_attitude: float
    sociability: float
    negative_exposure: float
    status: float
    language: float
    anxiety: float
    threat: float
    belonging: float
    engagement: float
    stigma: float
    civic: float
    rumour: int
    attitude: list[float]
    positive: list[float]
    negative: list[float]
    recent_positive: list[float]
    recent_negative: list[float]
    ties: list[int]
    friend_groups: set[int]

    def start_week(self, groups: int) -> None:
        """Clear the week's records."""
        self.counts = [dict.fromkeys(KINDS, 0) for _ in range(groups)]
        self.dose = [{"positive": 0, "negative": 0} for _ in range(groups)]
        self.own_meetings = self.bonding = 0
        self.shared_activity = self.community = 0
        self.candidate = -1
        self.rank = 0
        self.brings: list[dict[str, float]] = [{} for _ in range(groups)]


@dataclass
class MixingGroup:
    """Numbered seats under a stable key; a seat holds a row or nobody (-1)."""

    key: int
    first: int
    seats: list[int]


@dataclass
class Gathering:
    """One slot of a contact context or session: what names its draws, and what a meeting in it is like."""

    key: int
    slot: int
    at: Conditions
    presence: float = 1.0
    sociable: bool = False
    in_small_group: bool = True
    in_community: bool = True
    bit: int | None = None


@dataclass
class Area:
    """A neighbourhood: who sits where in it, what its people think, and who they are."""

    seats: list[int]
    norm: list[list[float]]
    share: list[float]
    past: list[float]
    message_effect: list[list[float]]


class Town:
    """The state that one week needs, and the week itself. Actions use it as they use a world."""

    def __init__(self, world: World) -> None:
        """Copy the state of a world between two weeks."""
        self.seed, self.clock = world.seed, world.clock
        self.parameters: ModelParameters = world.parameters
        self.p = world.parameters.psychology
        self.groups = len(world.place.groups)
        self.group_names = world.place.groups
        self.people = {int(row): _person(world, int(row)) for row in np.flatnonzero(world.people.active)}
        self.settings = {
            name: {scale: [MixingGroup(int(part.keys[k]), int(part.start[k]),
                                [int(row) for row in setting.occupant[part.start[k]:part.start[k + 1]]])
                           for k in range(len(part.keys))]
                   for scale, part in setting.partitions.items()}
            for name, setting in world.settings.items()}
        self.areas = [
            Area(mixing_group.seats, [], [], world.areas.past[k].tolist(), world.areas.message_effect[k].tolist())
            for k, mixing_group in enumerate(self.settings["street"]["neighbourhood"])
        ]
        self.actions = list(world.actions)
        self.slots: list[tuple[str, ContactContext, int]] = [
            (name, context, slot) for name, context in self.parameters.settings.contact_contexts.items()
            for slot in range(context.encounters_per_week)]

    def step(self) -> None:
        """One week: shocks, actions, appraisal, encounters, change, ties."""
        self._shocks()
        self.sessions: list[Session] = []
        self.displaced: dict[int, set[int]] = {row: set() for row in self.people}
        if self.clock >= 0:
            for action in self.actions:
                action.week(self)  # type: ignore[arg-type]
        for person in self.people.values():
            person.start_week(self.groups)
        for area in self.areas:
            self._around(area)
            for person in self._present(area.seats):
                self._bring(person, area)
        for bit, (name, context, slot) in enumerate(self.slots):
            community = context.setting == "association"
            gathering = Gathering(name_key(name), slot, context, context.presence, context.sociable,
                                  context.scale == "small_group", community, bit)
            if context.setting == "ties":
                self._friends_meet(gathering)
            else:
                self._meet(self.settings[context.setting][context.scale], gathering)
        for session in self.sessions:
            teams = [
                MixingGroup(
                    k, int(session.start[k]), session.occupant[session.start[k] : session.start[k + 1]].tolist()
                )
                for k in range(len(session.start) - 1)
            ]
            for slot in range(session.encounters):
                self._meet(teams, Gathering(name_key("session", session.name), slot, session.conditions))
        far = {row: self._friends_of_friends(person) for row, person in self.people.items()}
        for area in self.areas:
            for person in self._present(area.seats):
                self._change(person, area, far[person.row])
            for g in range(self.groups):
                area.past[g] += (area.share[g] - area.past[g]) / 52
        self._renew_ties()
        self.clock += 1

    # --- actions

    def convene(self, session: Session, displaces: Any = ()) -> None:
        """A session takes place this week, instead of some slots of those who come."""
        self.sessions.append(session)
        if displaces != ():
            self.displace(session.rows, session.encounters, displaces, session.name)

    def displace(self, rows: Any, slots: int | None, displaces: Any, name: str) -> None:
        """Each row loses the ``slots`` free slots of these contact contexts with the lowest draws."""
        for row in rows:
            free = [bit for bit, (context, _, _) in enumerate(self.slots)
                    if (displaces is None or context in displaces) and bit not in self.displaced[row]]
            draw = {bit: uniform(stream(self.seed, Decision.DISPLACED, self.clock, name_key(name, self.slots[bit][0]),
                                        self.slots[bit][2]), U(self.people[row].uid)) for bit in free}
            self.displaced[row] |= set(sorted(free, key=draw.__getitem__)[:slots])

    # --- the start of the week

    def _present(self, seats: list[int]) -> list[Person]:
        return [self.people[row] for row in seats if row >= 0]

    def _shocks(self) -> None:
        for shock in self.parameters.scenario.shocks.values():
            if shock.week != self.clock:
                continue
            target = self.group_names.index(shock.target)
            for person in self.people.values():
                if person.group != target:
                    person.attitude[target] += shock.attitude * (-1.0 - person.attitude[target])
                    person.anxiety += shock.anxiety * (1.0 - person.anxiety)
                    person.threat += shock.threat * (1.0 - person.threat)
                else:
                    felt = np.float32(person.stigma)
                    person.stigma = float(felt + np.float32(shock.stigma) * (np.float32(1) - felt))

    def _around(self, area: Area) -> None:
        """Norms: the mean attitude of each group, and what messages add to it; composition: the groups' shares. Of all
        old enough and arrived."""
        grown = [person for person in self._present(area.seats)
                 if person.age >= MEETING_AGE and not person.arrived < 0]
        counts = [sum(person.group == g for person in grown) for g in range(self.groups)]
        area.norm = []
        for g in range(self.groups):
            row = []
            for h in range(self.groups):
                total = 0.0
                for person in grown:
                    if person.group == g:
                        total += person.attitude[h]
                row.append(min(1.0, max(-1.0, total / counts[g] + area.message_effect[g][h])) if counts[g] else 0.0)
            area.norm.append(row)
        area.share = [count / len(grown) if grown else 0.0 for count in counts]

    def _bring(self, person: Person, area: Area) -> None:
        """The factors of the odds that somebody brings into a meeting with each other group."""
        p = self.p
        anxious = person.anxiety - p.anxiety_rest
        belonging = p.common_identity * (person.belonging - p.belonging_rest)
        for h in range(self.groups):
            if h == person.group:
                continue
            attitude = person.attitude[h]
            take_up = (p.take_up_sociability * (person.sociability - 1.0) - p.take_up_anxiety * anxious
                       - p.take_up_language * (1.0 - person.language)) + p.take_up_attitude * attitude
            own_part = p.appraisal_own * (p.appraisal * attitude)
            pleasant = (
                belonging
                - p.appraisal_anxiety * anxious
                - p.negative_exposure_positive * person.negative_exposure
                + own_part
            )
            unpleasant = (p.appraisal_anxiety * anxious + person.negative_exposure - belonging - own_part
                          - p.inward_norms * area.norm[person.group][h])
            person.brings[h] = {"take_up": exp(take_up), "pleasant": exp(pleasant), "unpleasant": exp(unpleasant),
                                "partner_effect": exp((1.0 - p.appraisal_own) * (p.appraisal * attitude))}

    # --- encounters

    def _draws(self, decision: Decision, gathering: Gathering) -> np.uint64:
        return stream(self.seed, decision, self.clock, gathering.key, gathering.slot)

    def _base_odds(self, at: Conditions) -> tuple[float, float, float]:
        """Odds of taking up, and of a positive and a negative meeting against a neutral one, under these conditions."""
        p = self.p
        fit = (at.equal_status + at.common_goals + at.cooperation + at.support) / 4 - 0.5
        ground = p.neutral_ground * at.neutral_ground
        return (math.exp(p.take_up_base + ground),
                math.exp(p.positive_base + p.conditions_positive * fit),
                math.exp(p.negative_base - p.conditions_negative * fit - p.mediator * at.mediator - ground))

    def _matched(self, mixing_group: MixingGroup, draws: np.uint64) -> list[tuple[int, int]]:
        """The mixing group's seats in random pairs: the last one left takes a partner from all others that are left."""
        begin = U(fold(draws, U(mixing_group.key)))
        left, found = list(mixing_group.seats), []
        if len(left) % 2:  # one of them stays alone
            alone = _pick(begin, len(left))
            left[alone], left[-1] = left[-1], left[alone]
            left.pop()
        while left:
            last = left.pop()
            if len(left) > 1:
                chosen = _pick(begin, len(left))
                left[chosen], left[-1] = left[-1], left[chosen]
            found.append((left.pop(), last))
        return found

    def _is_there(self, person: Person, gathering: Gathering) -> bool:
        """Young children, those who are still to come and those who are elsewhere with an action never are."""
        if person.age < MEETING_AGE or person.arrived < 0 or gathering.bit in self.displaced[person.row]:
            return False
        chance = gathering.presence * (person.sociability if gathering.sociable else 1.0)
        return bool(uniform(self._draws(Decision.PRESENCE, gathering), U(person.uid)) < chance)

    def _meet(self, mixing_groups: list[MixingGroup], gathering: Gathering) -> None:
        draws = self._draws(Decision.PAIRING, gathering)
        for mixing_group in mixing_groups:
            for one, other in self._matched(mixing_group, draws):
                if one < 0 or other < 0:
                    continue
                a, b = self.people[one], self.people[other]
                if self._is_there(a, gathering) and self._is_there(b, gathering):
                    self._encounter(a, b, gathering)

    def _encounter(self, a: Person, b: Person, gathering: Gathering) -> None:
        key = U(pair_key(self._draws(Decision.MEETING, gathering), U(a.uid), U(b.uid)))
        if a.group == b.group:
            for one in (a, b):
                one.own_meetings += 1
                one.bonding += gathering.in_community
            for_a = for_b = "positive"
        else:
            odds = self._base_odds(gathering.at)[0] * a.brings[b.group]["take_up"] * b.brings[a.group]["take_up"]
            if unit(key) * (1.0 + odds) < gathering.at.avoidability:
                a.counts[b.group]["declined"] += 1
                b.counts[a.group]["declined"] += 1
                return
            for_a = self._experience(a, b, gathering.at, key)
            for_b = self._experience(b, a, gathering.at, key)
        if "negative" not in (for_a, for_b):
            activity = round(100 * gathering.at.common_goals * gathering.at.cooperation)
            for one in (a, b):
                one.shared_activity += activity
                one.community += activity * gathering.in_community
        chance = self.p.tie_own if a.group == b.group else self.p.tie_cross
        if gathering.in_small_group and for_a == for_b == "positive" and unit(U(nth(key, U(2)))) < chance:
            rank = int(nth(key, U(3)))
            for one, other in ((a, b), (b, a)):
                if rank > one.rank:
                    one.rank, one.candidate = rank, other.row

    def _experience(self, me: Person, partner: Person, at: Conditions, key: np.uint64) -> str:
        """Whether the meeting is positive, negative or neutral for ``me``; noted down."""
        first, second = halves(U(nth(key, U(1))))
        draw = float(first if me.uid < partner.uid else second)
        _, base_good, base_bad = self._base_odds(at)
        gap = abs(me.status - partner.status)
        base_bad *= 1.0 + self.p.unequal_status * (1 - at.equal_status) * gap
        brings, effect = me.brings[partner.group], partner.brings[me.group]["partner_effect"]
        good = base_good * brings["pleasant"] * effect
        bad = base_bad * brings["unpleasant"] / effect
        point = draw * (1.0 + good + bad)
        what = "positive" if point < good else "negative" if point < good + bad else "neutral"
        me.counts[partner.group][what] += 1
        if what != "neutral":
            me.dose[partner.group][what] += round(100 * at.closeness)
        return what

    def _friends_meet(self, gathering: Gathering) -> None:
        """Friends of different groups meet by one draw, unless one is displaced; each side draws a valence."""
        draws = self._draws(Decision.FRIENDS, gathering)
        for me in self.people.values():
            for row in me.ties:
                if row < 0 or self.people[row].group == me.group:
                    continue
                friend = self.people[row]
                if gathering.bit in self.displaced[me.row] | self.displaced[row]:
                    continue
                key = U(pair_key(draws, U(me.uid), U(friend.uid)))
                if unit(key) < gathering.presence:
                    self._experience(me, friend, gathering.at, key)

    # --- change

    def _friends_of_friends(self, person: Person) -> set[int]:
        """Groups in which an own-group friend has a friend."""
        groups: set[int] = set()
        for row in person.ties:
            if row >= 0 and self.people[row].group == person.group:
                groups |= self.people[row].friend_groups
        return groups

    def _change(self, me: Person, area: Area, far: set[int]) -> None:
        p = self.p
        others = [h for h in range(self.groups) if h != me.group]
        rest = me.baseline_attitude - p.threat_attitude * (me.threat - p.threat_rest)
        rest = min(1.0, max(-1.0, rest))
        prior = p.prior_weight * (1.0 + p.age_stability * 0.05 * max(0.0, me.age - 20.0))
        for h in others:
            good = bad = 0.0
            for g in others:
                counts_for = 1.0 if g == h else p.transfer
                good += counts_for * 0.01 * me.dose[g]["positive"]
                bad += counts_for * 0.01 * me.dose[g]["negative"]
            if h in far:
                good += p.extended
            before = prior + me.positive[h] + me.negative[h]
            weighted = p.negative_weight * bad
            attitude = (before * me.attitude[h] + good - weighted) / (before + good + weighted)
            attitude += p.drift * (rest - attitude)
            me.attitude[h] = attitude + p.norms * (area.norm[me.group][h] - attitude)
            me.positive[h] = (me.positive[h] + good) * (1.0 - p.forgetting)
            me.negative[h] = (me.negative[h] + bad) * (1.0 - p.forgetting)
            me.recent_positive[h] += p.recall * (me.counts[h]["positive"] - me.recent_positive[h])
            me.recent_negative[h] += p.recall * (me.counts[h]["negative"] - me.recent_negative[h])
        good = bad = 0.0
        for h in others:
            good += 0.01 * me.dose[h]["positive"]
            bad += 0.01 * me.dose[h]["negative"]
        felt = me.stigma
        me.stigma = _feeling(felt, p.stigma_bonding * me.bonding, bad, p.stigma_learning, p.stigma_drift,
                             p.stigma_rest)
        bad *= p.negative_weight
        rest = (
            p.anxiety_rest
            - p.anxiety_baseline_attitude * me.baseline_attitude
            + p.stigma_anxiety * (felt - p.stigma_rest)
        )
        me.anxiety = _feeling(me.anxiety, good, bad, p.anxiety_learning, p.anxiety_drift, rest)
        strangers, shrinking = 1.0 - area.share[me.group], area.past[me.group] - area.share[me.group]
        rest = p.threat_rest + p.threat_level * strangers + p.threat_change * max(0.0, shrinking)
        if me.rumour == BELIEVES:
            rest += p.rumour_threat
        me.threat = _feeling(me.threat, good, bad, p.threat_learning, p.threat_drift, rest)
        lifted = _raised(me.belonging, p.belonging_gain * 0.01 * me.shared_activity)
        me.belonging = lifted + p.belonging_decline * (p.belonging_rest - lifted)
        lifted = _raised(me.engagement, p.engagement_gain * 0.01 * me.community)
        me.engagement = lifted + p.engagement_decline * (p.engagement_rest - lifted)
        met = sum(me.counts[h][kind] for h in others for kind in ("positive", "negative", "neutral"))
        me.language = _raised(me.language, p.language_gain * met)
        me.age += 1.0 / 52
        me.arrived += 1.0 / 52
        for name in SINGLE:
            setattr(me, name, float(np.float32(getattr(me, name))))

    # --- ties

    def _renew_ties(self) -> None:
        """Mutual best candidates with a free place each become friends; other ties may fade."""
        draws = stream(self.seed, Decision.TIE_FADES, self.clock, name_key(""), 0)
        free = {row: person.ties.count(-1) for row, person in self.people.items()}
        for me in self.people.values():
            chosen = me.candidate
            mutual = chosen >= 0 and self.people[chosen].candidate == me.row
            if mutual and chosen not in me.ties and free[me.row] and free[chosen]:
                me.ties[me.ties.index(-1)] = chosen
        together = self._small_groups()
        for me in self.people.values():
            for place, row in enumerate(me.ties):
                if row < 0 or (me.candidate == row and self.people[row].candidate == me.row):
                    continue
                hazard = self.p.tie_fade_shared if together[me.row] & together[row] else self.p.tie_fade
                if uniform(draws, U(pair_part(U(me.uid), U(self.people[row].uid)))) < hazard:
                    me.ties[place] = -1
            me.ties.sort(key=lambda row: row < 0)  # free places last, friends in their order
        for me in self.people.values():
            me.friend_groups = {self.people[row].group for row in me.ties if row >= 0}

    def _small_groups(self) -> dict[int, set[tuple[str, int]]]:
        found: dict[int, set[tuple[str, int]]] = {row: set() for row in self.people}
        for name, partitions in self.settings.items():
            for k, mixing_group in enumerate(partitions["small_group"]):
                for row in mixing_group.seats:
                    if row >= 0:
                        found[row].add((name, k))
        return found


def exp(x: float) -> float:
    """The model's own exponential, operation by operation: whole powers of 2 and a polynomial for the rest."""
    whole = x * 1.4426950408889634 + (1.5 * 2.0**52 + 1023.0) - (1.5 * 2.0**52 + 1023.0)
    r = (x - whole * 6.93147180369123816490e-01) - whole * 1.90821492927058770002e-10
    c = [1 / math.factorial(k) for k in range(13)]
    r2 = r * r
    r4 = r2 * r2
    low = ((c[0] + r) + (c[2] + c[3] * r) * r2) + ((c[4] + c[5] * r) + (c[6] + c[7] * r) * r2) * r4
    high = (c[8] + c[9] * r) + (c[10] + c[11] * r) * r2 + c[12] * r4
    return math.ldexp(low + high * (r4 * r4), int(whole))


def _pick(begin: np.uint64, number: int) -> int:
    """One of ``number``, by the number-th number begun at ``begin``."""
    return int(below(U(nth(begin, U(number))), number))


def _feeling(x: float, good: float, bad: float, learning: float, drift: float, rest: float) -> float:
    """Anxiety, threat or stigma: good meetings draw it to 0, bad ones to 1; then it goes back towards rest."""
    x = (x + learning * bad) / (1.0 + learning * (good + bad))
    return x + drift * (min(1.0, max(0.0, rest)) - x)


def _raised(x: float, by: float) -> float:
    """What brings a state nearer to 1, the less the nearer it is."""
    return (x + by) / (1.0 + by)


def _person(world: World, row: int) -> Person:
    people = world.people
    scalars: dict[str, Any] = {name: getattr(people, name)[row].item() for name in SCALARS}
    lists: dict[str, Any] = {name: getattr(people, name)[row].tolist() for name in LISTS}
    groups = {g for g in range(people.groups) if int(people.friend_groups[row]) >> g & 1}
    return Person(row=row, friend_groups=groups, **scalars, **lists)


def differences(town: Town, world: World) -> list[str]:
    """The values that differ, as ``column row: reference, world``; empty when every bit agrees."""
    people, week = world.people, world.week
    found = []

    def compare(name: str, row: int, ours: Any, theirs: Any) -> None:
        if ours != theirs and not (ours != ours and theirs != theirs):
            found.append(f"{name} {row}: {ours!r}, {theirs!r}")

    active = np.flatnonzero(people.active).tolist()
    compare("active", -1, sorted(town.people), active)
    for row, person in town.people.items():
        for name in (*SCALARS, *LISTS):
            compare(name, row, getattr(person, name), getattr(people, name)[row].tolist())
        compare("friend_groups", row, sum(1 << g for g in person.friend_groups), int(people.friend_groups[row]))
        counts = [[t[kind] for kind in KINDS] for t in person.counts]
        counts[person.group] = [person.own_meetings, person.bonding, 0, 0]
        compare("counts", row, counts, week.counts[row].tolist())
        compare("dose", row, [[d["positive"], d["negative"]] for d in person.dose], week.dose[row].tolist())
        compare("shared_activity", row, person.shared_activity, int(week.shared_activity[row]))
        compare("community", row, person.community, int(week.community[row]))
        compare("candidate", row, person.candidate, int(week.candidate[row]))
        compare("priority", row, person.rank, int(week.priority[row]))
    for k, area in enumerate(town.areas):
        for name in ("norm", "share", "past"):
            compare(f"areas.{name}", k, getattr(area, name), getattr(world.areas, name)[k].tolist())
    return found
