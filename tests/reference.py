"""One week of the model, person by person, in plain Python: slow, readable, and independent of the kernels.

It shares nothing with the package but the keyed draws. It is written from the rules, not from the kernels, and
must agree with them in every bit; where the last bit hangs on the order of a sum or a product, that order is
the rules' own: terms are added as they are written, people in the order of their seats.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from contactsim.draws import (
    Decision,
    fold,
    halves,
    name_key,
    normals,
    nth,
    pair_key,
    present_key,
    short,
    short_below,
    short_pair,
    short_unit,
    stream,
    uniform,
    unit,
)
from contactsim.encounters.session import Session
from contactsim.parameters import Conditions, ContactContext, ModelParameters, Shock
from contactsim.residents import BELIEVES
from contactsim.world import World

U = np.uint64
MEETING_AGE = 5.0
KINDS = ("positive", "negative", "neutral", "declined")
#: Columns of the people, all of the second and third kind in single precision.
NUMBERS = ("uid", "group", "rumour", "friends", "cross_friends", "extended_contact")
SCALARS = (
    "age",
    "arrived",
    "baseline_attitude",
    "sociability",
    "negative_exposure",
    "anxiety_trait",
    "threat_trait",
    "status",
    "language",
    "wandering",
    "anxiety",
    "threat",
    "belonging",
    "engagement",
    "stigma",
    "civic",
    "public_contact",
    "public_balance",
)
LISTS = ("attitude", "feeling", "positive", "negative", "recent_positive", "recent_negative")


@dataclass
class Person:
    """One resident. Lists by group have one entry for each group; the own group's entry never changes."""

    row: int
    uid: int
    group: int
    rumour: int
    friends: int
    cross_friends: int
    extended_contact: int
    age: float
    arrived: float
    baseline_attitude: float
    sociability: float
    negative_exposure: float
    anxiety_trait: float
    threat_trait: float
    status: float
    language: float
    wandering: float
    anxiety: float
    threat: float
    belonging: float
    engagement: float
    stigma: float
    civic: float
    public_contact: float
    public_balance: float
    attitude: list[float]
    feeling: list[float]
    positive: list[float]
    negative: list[float]
    recent_positive: list[float]
    recent_negative: list[float]
    ties: list[int]
    friend_groups: set[int]

    def store(self) -> None:
        """Round the states to single precision, in which they are stored."""
        for name in SCALARS:
            setattr(self, name, _single(getattr(self, name)))
        for name in LISTS:
            setattr(self, name, [_single(x) for x in getattr(self, name)])

    def start_week(self, groups: int) -> None:
        """Clear the week's records."""
        self.counts = [dict.fromkeys(KINDS, 0) for _ in range(groups)]
        self.dose = [{"positive": 0, "negative": 0} for _ in range(groups)]
        self.own_meetings = self.bonding = self.company = 0
        self.outside = {"street": [0, 0], "public": [0, 0]}  # encounters, balance
        self.shared_activity = self.community = 0
        self.candidate = -1
        self.rank = 0
        self.brings: list[dict[str, float]] = [{} for _ in range(groups)]
        self.liking = [_single(min(1.0, max(-1.0, a + f))) for a, f in zip(self.attitude, self.feeling, strict=True)]


@dataclass
class MixingGroup:
    """Numbered seats under a stable key; a seat holds a row or nobody (-1)."""

    key: int
    first: int
    seats: list[int]


@dataclass
class Gathering:
    """One slot of a contact context or session: what names its draws, and what a meeting in it is like.

    ``before`` are the hours that the members of a session have spent together; ``pace`` is how fast an hour loses what
    it teaches, per week (or hour) together.
    """

    key: int
    slot: int
    at: Conditions
    presence: float = 1.0
    sociable: bool = False
    allows_ties: bool = True
    in_community: bool = True
    bit: int | None = None
    setting: str = ""
    hours: float = 1.0
    pace: float = 0.0
    before: dict[int, float] = dataclasses.field(default_factory=dict)


@dataclass
class Area:
    """A neighbourhood: who sits where in it, what its people think, and who they are."""

    seats: list[int]
    norm: list[list[float]]
    share: list[float]
    past: list[float]
    message_effect: list[list[float]]
    district: int
    number: int = 0
    around: list[float] = dataclasses.field(default_factory=list)


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
            Area(mixing_group.seats, [], [], world.areas.past[k].tolist(), world.areas.message_effect[k].tolist(),
                 next(d for d, wide in enumerate(self.settings["street"]["district"])
                      if wide.first <= mixing_group.first < wide.first + len(wide.seats)))
            for k, mixing_group in enumerate(self.settings["street"]["neighbourhood"])
        ]
        self.weeks = {name: {int(row): world.clock - int(setting.since[seat])
                             for seat, row in enumerate(setting.occupant) if row >= 0}
                      for name, setting in world.settings.items()}
        self.actions = list(world.actions)
        self.slots: list[tuple[str, ContactContext, int]] = [
            (name, context, slot) for name, context in self.parameters.settings.contact_contexts.items()
            for slot in range(context.encounters_per_week)]

    def step(self) -> None:
        """One week: shocks, actions, appraisal, encounters, change, ties."""
        self._wander()
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
        self._districts()
        self.leisure = {name: self._seek(name) for name in self.settings}
        for bit, (name, context, slot) in enumerate(self.slots):
            community = context.setting == "association"
            gathering = Gathering(name_key(name), slot, context, context.presence, context.sociable,
                                  context.setting != "public", community, bit, context.setting, context.hours,
                                  self._pace(context))
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
            before = {} if session.hours_before is None else dict(
                zip(session.occupant.tolist(), session.hours_before.tolist(), strict=True))
            pace = session.dilution / self.p.familiarity if self.p.familiarity > 0 else 0.0
            for slot in range(session.encounters):
                self._meet(teams, Gathering(name_key("session", session.name), slot, session.conditions,
                                            hours=session.hours / session.encounters, pace=pace, before=before))
        for area in self.areas:
            for person in self._present(area.seats):
                self._change(person, area)
                person.store()
            for g in range(self.groups):
                area.past[g] += (area.share[g] - area.past[g]) / 52
        self._renew_ties()
        self.clock += 1
        for weeks in self.weeks.values():
            for row in weeks:
                weeks[row] += 1

    # --- actions

    def convene(self, session: Session, displaces: Any = ()) -> None:
        """A session takes place this week, instead of some slots of those who come."""
        self.sessions.append(session)
        if displaces != ():
            self.displace(session.rows, session.hours, displaces, session.name)

    def displace(self, rows: Any, hours: float | None, displaces: Any, name: str) -> None:
        """Each row loses the free slots of these contact contexts with the lowest draws, until their hours are up; the
        last one with the chance by which it fits."""
        first = next(k for k, (context, _, _) in enumerate(self.slots) if displaces is None or context in displaces)
        key = name_key(name, self.slots[first][0] if displaces is None else next(iter(displaces)))
        last = U(stream(self.seed, Decision.DISPLACED, self.clock, key, 0)) ^ U(1)
        for row in rows:
            free = [bit for bit, (context, _, _) in enumerate(self.slots)
                    if (displaces is None or context in displaces) and bit not in self.displaced[row]]
            draw = {bit: uniform(stream(self.seed, Decision.DISPLACED, self.clock, name_key(name, self.slots[bit][0]),
                                        self.slots[bit][2]), U(self.people[row].uid)) for bit in free}
            left = math.inf if hours is None else hours
            for bit in sorted(free, key=draw.__getitem__):
                length = self.slots[bit][1].hours
                if uniform(last, U(self.people[row].uid)) * length < left:
                    self.displaced[row].add(bit)
                left -= length

    # --- the start of the week

    def _present(self, seats: list[int]) -> list[Person]:
        return [self.people[row] for row in seats if row >= 0]

    def _wander(self) -> None:
        """Every thirteen weeks the wandering part of everybody's resting point moves on."""
        spread = self.parameters.residents.wandering_spread
        if spread > 0 and self.clock % 13 == 0:
            keep = float(np.exp(-13 / self.p.wandering_memory))
            for person in self.people.values():
                new = normals(stream(self.seed, Decision.WANDERING, self.clock), np.array([person.uid]))[0]
                person.wandering = _single(keep * person.wandering + np.sqrt(1 - keep**2) * spread * new)

    def _shocks(self) -> None:
        for _, shock in sorted(self.parameters.scenario.shocks.items()):
            if shock.week != self.clock:
                continue
            target = self.group_names.index(shock.target)
            for person in self.people.values():
                if person.group != target:
                    self._hears(person, target, shock)
                else:
                    person.stigma = person.stigma + shock.stigma * (1.0 - person.stigma)
                person.store()

    def _hears(self, me: Person, target: int, shock: Shock) -> None:
        """An event teaches as close negative hours would, but is no experience of one's own.

        The feeling of those without experience falls most.
        """
        own = self._prior(me)
        before = own + me.positive[target] + me.negative[target]
        weighted = self.p.negative_weight * shock.dose
        me.attitude[target] = (before * me.attitude[target] - weighted) / (before + weighted)
        fall = shock.feeling * own / before
        me.feeling[target] = me.feeling[target] + fall * (-1.0 - me.feeling[target])
        for name, learning, direct in (("anxiety", self.p.anxiety_learning, shock.anxiety),
                                       ("threat", self.p.threat_learning, shock.threat)):
            x = (getattr(me, name) + learning * weighted) / (1.0 + learning * weighted)
            setattr(me, name, x + direct * (1.0 - x))

    def _prior(self, me: Person) -> float:
        """Weight of the baseline attitude as experience."""
        return self.p.prior_weight * (1.0 + self.p.age_stability * 0.05 * max(0.0, me.age - 20.0))

    def _pace(self, context: ContactContext) -> float:
        """How fast an hour in a context loses what it teaches, per week in the same small group."""
        def hours(scale: str) -> float:
            return math.fsum(c.encounters_per_week * c.hours * c.presence**2
                             for c in self.parameters.settings.contact_contexts.values()
                             if c.setting == context.setting and c.scale == scale)

        def others(scale: str) -> float:
            seats = [len(one.seats) for one in self.settings[context.setting][scale]]
            return max(1.0, float(np.mean(seats)) - 1.0)

        if context.setting == "ties" or context.scale not in ("small_group", "mixing_group"):
            return 0.0
        if not hours("small_group") or not self.p.familiarity:
            return 0.0
        pace = hours("small_group") / self.p.familiarity
        if context.scale == "mixing_group":
            each = hours("small_group") / others("small_group")
            pace *= min(1.0, hours("mixing_group") / others("mixing_group") / each)
        return pace

    def _districts(self) -> None:
        """Composition of the districts, from that of their neighbourhoods."""
        for area in self.areas:
            inside = [one for one in self.areas if one.district == area.district]
            number = 0.0
            for one in inside:
                number += one.number
            area.around = []
            for g in range(self.groups):
                people = 0.0
                for one in inside:
                    people += one.share[g] * one.number
                area.around.append(people / max(number, 1.0))

    def _seek(self, setting: str) -> dict[int, float]:
        """How often each member of a setting is present in leisure: those who like the others come where they are."""
        found: dict[int, float] = {}
        partitions = self.settings[setting]
        for mixing_group in min(partitions.values(), key=len):
            here = [person for person in self._present(mixing_group.seats) if self._able(person)]
            here = [person for person in here if self._often(person) > 0]
            number = [sum(person.group == g for person in here) for g in range(self.groups)]
            for person in here:
                drawn = 0.0
                for h in range(self.groups):
                    if h != person.group:
                        drawn += number[h] * person.liking[h]
                factor = max(0.0, 1.0 + self.p.seeking * drawn / len(here))
                often = self._often(person)
                found[person.row] = _single(often * factor) if self.p.seeking > 0 else often
        return found

    def _able(self, person: Person) -> bool:
        return person.age >= MEETING_AGE and not person.arrived < 0

    def _often(self, person: Person) -> float:
        """Presence in leisure by sociability and age."""
        older = min(1.0, max(0.0, (person.age - 30.0) / 45.0))
        of_age = 1.0 if person.age < 16.0 else max(0.0, 1.0 + self.p.presence_age * (0.2 - 0.65 * older))
        return _single(person.sociability * of_age)

    def _around(self, area: Area) -> None:
        """Norms: the mean attitude of each group, and what messages add to it; composition: the groups' shares. Of all
        old enough and arrived."""
        grown = [person for person in self._present(area.seats) if self._able(person)]
        area.number = len(grown)
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
            attitude = person.liking[h]
            fear = p.appraisal_threat * (person.threat - p.threat_rest)
            take_up = (p.take_up_sociability * (person.sociability - 1.0) - p.take_up_anxiety * anxious
                       - p.take_up_language * (1.0 - person.language)) + p.take_up_attitude * attitude
            own_part = p.appraisal_own * (p.appraisal * attitude)
            pleasant = (
                belonging
                - p.appraisal_anxiety * anxious
                - p.negative_exposure_positive * person.negative_exposure
                + own_part
            )
            unpleasant = (p.appraisal_anxiety * anxious + fear + person.negative_exposure - belonging - own_part
                          - p.inward_norms * area.norm[person.group][h])
            person.brings[h] = {name: _single(exp(x)) for name, x in (
                ("take_up", take_up), ("pleasant", pleasant), ("unpleasant", unpleasant),
                ("partner_effect", (1.0 - p.appraisal_own) * (p.appraisal * attitude)))}

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
        if not self._able(person) or not self._often(person) > 0 or gathering.bit in self.displaced[person.row]:
            return False
        if not gathering.sociable and gathering.presence >= 1.0:
            return True
        chance = np.float32(gathering.presence)
        if gathering.sociable:
            chance *= np.float32(self.leisure[gathering.setting][person.row])
        drawn = short(U(self._draws(Decision.PRESENCE, gathering)), np.uint32(present_key(np.uint32(person.uid))))
        return bool(short_unit(np.uint32(drawn)) < chance)

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
                for one, other in ((a, b), (b, a)):
                    one.counts[other.group]["declined"] += 1
                    self._out_and_about(one, "declined", gathering)
                return
            for_a = self._experience(a, b, gathering, key, a.uid < b.uid)
            for_b = self._experience(b, a, gathering, key, b.uid < a.uid)
        if "negative" not in (for_a, for_b):
            activity = round(100 * gathering.at.common_goals * gathering.at.cooperation * gathering.hours)
            for one in (a, b):
                one.shared_activity += activity
                one.community += activity * gathering.in_community
        chance = 1.0 - math.exp(-self.p.tie * gathering.at.closeness * gathering.hours)
        if a.group == b.group:
            chance *= self.p.own_positive
        else:
            chance = min(1.0, chance / self.p.homophily)
        for one, other in ((a, b), (b, a)):
            chance *= self._room(one, other.group)
        ids = np.uint32(a.uid), np.uint32(b.uid)
        drawn = _pair_draw(self._draws(Decision.MEETING, gathering), a.uid, b.uid)
        if gathering.allows_ties and for_a == for_b == "positive" and drawn < chance:
            rank = int(short_pair(U(self._draws(Decision.PRESENCE, gathering)), *ids)) >> 16
            for one, other in ((a, b), (b, a)):
                if rank > one.rank or (rank == one.rank and other.row < one.candidate):
                    one.rank, one.candidate = rank, other.row

    def _room(self, person: Person, group: int) -> float:
        """How ready somebody is for a further friend, of ``group``, against one who has no friends."""
        room = max(0.0, 1.0 - person.friends / self.p.tie_limit)
        if group != person.group and group in person.friend_groups:
            room *= self.p.tie_further
        return room

    def _experience(self, me: Person, partner: Person, gathering: Gathering, key: np.uint64, lower: bool) -> str:
        """Whether the meeting is positive, negative or neutral for ``me``; noted down."""
        at = gathering.at
        first, second = halves(U(nth(key, U(1))))
        draw = float(first if lower else second)
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
            dose = round(10_000 * at.closeness * gathering.hours)
            me.dose[partner.group][what] += int(dose * self._weight(me, partner, gathering) + 0.5)
            me.company += dose
        self._out_and_about(me, what, gathering)
        return what

    def _weight(self, me: Person, partner: Person, gathering: Gathering) -> float:
        """What an hour teaches, against one with somebody new; two have been together since the later one came."""
        if gathering.setting == "ties":
            return self.p.friend_weight
        if gathering.setting:
            together = min(self.weeks[gathering.setting][one.row] for one in (me, partner))
        else:
            together = min(gathering.before.get(one.row, 0.0) for one in (me, partner))
        return 1.0 / (1.0 + gathering.pace * together)

    def _out_and_about(self, me: Person, what: str, gathering: Gathering) -> None:
        if gathering.setting in me.outside:
            me.outside[gathering.setting][0] += 1
            me.outside[gathering.setting][1] += (what == "positive") - (what == "negative")

    def _friends_meet(self, gathering: Gathering) -> None:
        """Friends of different groups meet by one draw, unless one is displaced; each side draws a valence."""
        draws = self._draws(Decision.FRIENDS, gathering)
        for me in self.people.values():
            for row in me.ties:
                if row < 0 or self.people[row].group == me.group:
                    continue
                if gathering.bit in self.displaced[me.row] | self.displaced[row]:
                    continue
                key = U(pair_key(draws, U(me.row), U(row)))
                if _pair_draw(draws, me.row, row) < np.float32(gathering.presence):
                    self._experience(me, self.people[row], gathering, key, me.row < row)

    # --- change

    def _friends_of_friends(self, person: Person) -> set[int]:
        """Groups in which an own-group friend has a friend."""
        groups: set[int] = set()
        for row in person.ties:
            if row >= 0 and self.people[row].group == person.group:
                groups |= self.people[row].friend_groups
        return groups

    def _change(self, me: Person, area: Area) -> None:
        p = self.p
        fast = 8.0 if self.clock < -52 else 1.0  # early in a burn-in, belonging and engagement settle faster
        gain, decline, more, less = (x if fast == 1.0 else min(0.5, fast * x) for x in (
            p.belonging_gain, p.belonging_decline, p.engagement_gain, p.engagement_decline))
        others = [h for h in range(self.groups) if h != me.group]
        rest = me.baseline_attitude + me.wandering - p.threat_attitude * (me.threat - p.threat_rest)
        rest = min(1.0, max(-1.0, rest))
        prior = self._prior(me)
        for h in others:
            good = bad = 0.0
            for g in others:
                counts_for = 1.0 if g == h else p.transfer
                good += counts_for * (me.dose[g]["positive"] / 10_000)
                bad += counts_for * (me.dose[g]["negative"] / 10_000)
            good += p.extended * (me.extended_contact >> h & 1)
            before = prior + me.positive[h] + me.negative[h]
            weighted = p.negative_weight * bad
            attitude = (before * me.attitude[h] + good - weighted) / (before + good + weighted)
            attitude += p.drift * (rest - attitude)
            me.attitude[h] = attitude + p.norms * (area.norm[me.group][h] - attitude)
            me.positive[h] = (me.positive[h] + good) * (1.0 - p.forgetting)
            me.negative[h] = (me.negative[h] + bad) * (1.0 - p.forgetting)
            now, usual = (good_ones - p.negative_weight * bad_ones for good_ones, bad_ones in (
                (me.counts[h]["positive"], me.counts[h]["negative"]), (me.recent_positive[h], me.recent_negative[h])))
            moved = p.feeling_gain * (now / (1.0 + abs(now)) - usual / (1.0 + abs(usual)))
            me.feeling[h] = (me.feeling[h] * 0.5 ** (1.0 / p.feeling_half_life) + moved) / (1.0 + abs(moved))
            me.recent_positive[h] += p.recall * (me.counts[h]["positive"] - me.recent_positive[h])
            me.recent_negative[h] += p.recall * (me.counts[h]["negative"] - me.recent_negative[h])
        good = bad = 0.0
        for h in others:
            good += me.dose[h]["positive"] / 10_000
            bad += me.dose[h]["negative"] / 10_000
        felt = me.stigma
        me.stigma = _feeling(felt, p.stigma_bonding * me.bonding, bad, p.stigma_learning, p.stigma_drift,
                             p.stigma_rest)
        bad *= p.negative_weight
        rest = (
            p.anxiety_rest
            - p.anxiety_baseline_attitude * me.baseline_attitude
            + me.anxiety_trait
            + p.stigma_anxiety * (felt - p.stigma_rest)
        )
        me.anxiety = _feeling(me.anxiety, good, bad, p.anxiety_learning, p.anxiety_drift, rest)
        shrinking = area.past[me.group] - area.share[me.group]
        rest = p.threat_rest - p.threat_baseline_attitude * me.baseline_attitude + me.threat_trait
        rest += p.threat_district * (1.0 - area.around[me.group]) * (me.group == 0)
        rest += p.threat_change * max(0.0, shrinking)
        rest += p.rumour_threat * (me.rumour == BELIEVES)
        me.threat = _feeling(me.threat, good, bad, p.threat_learning, p.threat_drift, rest)
        community, shared = me.community / 100, me.shared_activity / 100
        lifted = _raised(me.belonging, gain * (community + p.belonging_everyday * (shared - community)))
        childhood = min(1.0, max(0.0, (16.0 - me.age) / 11.0))
        rest = min(1.0, p.belonging_rest + p.belonging_childhood * childhood)
        me.belonging = lifted + decline * (rest - lifted)
        lifted = _raised(me.engagement, more * community)
        me.engagement = lifted + less * (p.engagement_rest - lifted)
        me.language = _raised(me.language, p.language_gain * (me.company / 10_000))
        for name in me.outside if self._able(me) and self._often(me) > 0 else ():
            encounters, balance = me.outside[name]
            me.public_contact = _single(me.public_contact + encounters / 51.0)
            me.public_balance = _single(me.public_balance + balance / 51.0)
        me.public_contact *= 1.0 - 1.0 / 52
        me.public_balance *= 1.0 - 1.0 / 52
        me.age += 1.0 / 52
        me.arrived += 1.0 / 52

    # --- ties

    def _renew_ties(self) -> None:
        """Mutual best candidates with a free place each become friends; every fourth week other ties may fade."""
        draws = stream(self.seed, Decision.TIE_FADES, self.clock, name_key(""), 0)
        due = self.clock % 4 == 0
        fade = 1.0 - (1.0 - self.p.tie_fade) ** 4
        free = {row: person.ties.count(-1) for row, person in self.people.items()}
        for me in self.people.values():
            chosen, new = me.candidate, list(me.ties)
            mutual = chosen >= 0 and self.people[chosen].candidate == me.row
            if mutual and chosen not in me.ties and free[me.row] and free[chosen]:
                new[new.index(-1)] = chosen
            for place, row in enumerate(me.ties):
                may_fade = due and row >= 0 and not (mutual and row == chosen)
                if may_fade and _pair_draw(draws, me.row, row) < np.float32(fade):
                    new[place] = -1
            new.sort(key=lambda row: 2 if row < 0 else int(self.people[row].group == me.group))
            me.renewed = new
        for me in self.people.values():
            me.ties = me.renewed
            me.friend_groups = {self.people[row].group for row in me.ties if row >= 0}
            me.friends = sum(row >= 0 for row in me.ties)
            me.cross_friends = sum(row >= 0 and self.people[row].group != me.group for row in me.ties)
        for me in self.people.values():
            if due:
                me.extended_contact = sum(1 << g for g in self._friends_of_friends(me))

    def _friends_of_friends(self, person: Person) -> set[int]:
        """Other groups in which an own-group friend has a friend."""
        groups: set[int] = set()
        for row in person.ties:
            if row >= 0 and self.people[row].group == person.group:
                groups |= self.people[row].friend_groups
        return groups - {person.group}


def _pair_draw(draws: np.uint64, one: int, other: int) -> np.float32:
    return np.float32(short_unit(np.uint32(short_pair(U(draws), np.uint32(one), np.uint32(other)))))


def _single(x: float) -> float:
    return float(np.float32(x))


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
    return int(short_below(np.uint32(short(begin, np.uint32(number))), number))


def _feeling(x: float, good: float, bad: float, learning: float, drift: float, rest: float) -> float:
    """Anxiety, threat or stigma: good meetings draw it to 0, bad ones to 1; then it goes back towards rest."""
    x = (x + learning * bad) / (1.0 + learning * (good + bad))
    return x + drift * (min(1.0, max(0.0, rest)) - x)


def _raised(x: float, by: float) -> float:
    """What brings a state nearer to 1, the less the nearer it is."""
    return (x + by) / (1.0 + by)


def _person(world: World, row: int) -> Person:
    people = world.people
    scalars: dict[str, Any] = {name: getattr(people, name)[row].item() for name in (*NUMBERS, *SCALARS)}
    lists = {name: [float(x) for x in people.by_group(name, np.array([row]))[0]] for name in LISTS}
    groups = {g for g in range(people.groups) if int(people.friend_groups[row]) >> g & 1}
    return Person(row=row, friend_groups=groups, ties=people.ties[row].tolist(), **scalars, **lists)


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
        others = [h for h in range(town.groups) if h != person.group]
        for name in (*NUMBERS, *SCALARS, "ties"):
            compare(name, row, getattr(person, name), getattr(people, name)[row].tolist())
        for name in LISTS:
            compare(name, row, [getattr(person, name)[h] for h in others], getattr(people, name)[row].tolist())
        compare("friend_groups", row, sum(1 << g for g in person.friend_groups), int(people.friend_groups[row]))
        compare("counts", row, [[person.counts[h][kind] for kind in KINDS] for h in others], week.counts[row].tolist())
        compare("dose", row, [[person.dose[h]["positive"], person.dose[h]["negative"]] for h in others],
                week.dose[row].tolist())
        for name in ("own_meetings", "bonding", "company", "shared_activity", "community", "candidate"):
            compare(name, row, getattr(person, name), int(getattr(week, name)[row]))
        compare("priority", row, person.rank, int(week.priority[row]))
    for k, area in enumerate(town.areas):
        for name, ours in (("norm", area.norm), ("share", area.share), ("past", area.past), ("district", area.around)):
            compare(f"areas.{name}", k, ours, getattr(world.areas, name)[k].tolist())
    return found
