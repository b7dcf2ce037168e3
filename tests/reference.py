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

from contactsim.draws import Decision, below, fold, name_key, pair_part, stream, uniform
from contactsim.parameters import ModelParameters, Occasion
from contactsim.world import World

U = np.uint64
MEETING_AGE = 5.0
KINDS = ("positive", "negative", "neutral", "declined")


@dataclass
class Person:
    """Somebody who lives here. Lists by group hold one entry for each group; the own one stays as it is."""

    row: int
    uid: int
    group: int
    age: float
    arrived: float
    disposition: float
    sociability: float
    exposure: float
    standing: float
    language: float
    anxiety: float
    threat: float
    connectedness: float
    attitude: list[float]
    positive: list[float]
    negative: list[float]
    recent_positive: list[float]
    recent_negative: list[float]
    ties: list[int]
    friend_groups: set[int]

    def start_week(self, groups: int) -> None:
        """A clean sheet for the week's notes."""
        self.tally = [dict.fromkeys(KINDS, 0) for _ in range(groups)]
        self.dose = [{"positive": 0, "negative": 0} for _ in range(groups)]
        self.joint = 0
        self.candidate = -1
        self.rank = 0
        self.brings: list[dict[str, float]] = [{} for _ in range(groups)]


@dataclass
class Pool:
    """Numbered seats under a stable key; a seat holds a row or nobody (-1)."""

    key: int
    first: int
    seats: list[int]


@dataclass
class Area:
    """A neighbourhood: who sits where in it, what its people think, and who they are."""

    seats: list[int]
    norm: list[list[float]]
    share: list[float]
    past: list[float]


class Town:
    """All that one week needs to know, and the week itself."""

    def __init__(self, world: World) -> None:
        """Take over the state of a world as it stands between two weeks."""
        self.seed, self.week = world.seed, world.clock
        self.parameters: ModelParameters = world.parameters
        self.p = world.parameters.psychology
        self.groups = len(world.place.groups)
        self.group_names = world.place.groups
        self.people = {int(row): _person(world, int(row)) for row in np.flatnonzero(world.people.active)}
        self.settings = {
            name: {scale: [Pool(int(part.keys[k]), int(part.start[k]),
                                [int(row) for row in setting.occupant[part.start[k]:part.start[k + 1]]])
                           for k in range(len(part.keys))]
                   for scale, part in setting.partitions.items()}
            for name, setting in world.settings.items()}
        self.areas = [Area(pool.seats, [], [], [float(x) for x in world.areas.past[k]])
                      for k, pool in enumerate(self.settings["street"]["neighbourhood"])]

    def step(self) -> None:
        """One week: climate, appraisal, encounters, change, ties."""
        self._climate()
        for person in self.people.values():
            person.start_week(self.groups)
        for area in self.areas:
            self._around(area)
            for person in self._present(area.seats):
                self._bring(person, area)
        for name, occasion in self.parameters.settings.occasions.items():
            for slot in range(occasion.slots):
                if occasion.setting == "ties":
                    self._friends_meet(name, occasion, slot)
                else:
                    self._meet(name, occasion, slot)
        far = {row: self._friends_of_friends(person) for row, person in self.people.items()}
        for area in self.areas:
            for person in self._present(area.seats):
                self._change(person, area, far[person.row])
            for g in range(self.groups):
                area.past[g] += (area.share[g] - area.past[g]) / 52
        self._renew_ties()
        self.week += 1

    # --- the start of the week

    def _present(self, seats: list[int]) -> list[Person]:
        return [self.people[row] for row in seats if row >= 0]

    def _climate(self) -> None:
        for shock in self.parameters.scenario.shocks.values():
            if shock.week != self.week:
                continue
            target = self.group_names.index(shock.target)
            for person in self.people.values():
                if person.group != target:
                    person.attitude[target] += shock.attitude * (-1.0 - person.attitude[target])
                    person.anxiety += shock.anxiety * (1.0 - person.anxiety)
                    person.threat += shock.threat * (1.0 - person.threat)

    def _around(self, area: Area) -> None:
        """Norms: the mean attitude of each group; composition: the groups' shares. Of all old enough and arrived."""
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
                row.append(total / counts[g] if counts[g] else 0.0)
            area.norm.append(row)
        area.share = [count / len(grown) if grown else 0.0 for count in counts]

    def _bring(self, person: Person, area: Area) -> None:
        """The factors of the odds that somebody brings into a meeting with each other group."""
        p = self.p
        anxious = person.anxiety - p.anxiety_rest
        belonging = p.common_identity * (person.connectedness - p.connectedness_rest)
        for h in range(self.groups):
            if h == person.group:
                continue
            attitude = person.attitude[h]
            take_up = (-p.take_up_anxiety * anxious + p.take_up_sociability * math.log(person.sociability)
                       - p.take_up_language * (1.0 - person.language)) + p.take_up_attitude * attitude
            own_lean = p.appraisal_own * (p.appraisal * attitude)
            pleasant = belonging - p.appraisal_anxiety * anxious - p.exposure_positive * person.exposure + own_lean
            unpleasant = (p.appraisal_anxiety * anxious + person.exposure - belonging - own_lean
                          - p.inward_norms * area.norm[person.group][h])
            person.brings[h] = {"take_up": math.exp(take_up), "pleasant": math.exp(pleasant),
                                "unpleasant": math.exp(unpleasant),
                                "lean": math.exp((1.0 - p.appraisal_own) * (p.appraisal * attitude))}

    # --- encounters

    def _draws(self, decision: Decision, name: str, slot: int) -> np.uint64:
        return stream(self.seed, decision, self.week, name_key(name), slot)

    def _odds(self, occasion: Occasion) -> tuple[float, float]:
        """Base odds of a positive and of a negative meeting against a neutral one, under these conditions."""
        p = self.p
        fit = (occasion.equal_status + occasion.common_goals + occasion.cooperation + occasion.support) / 4 - 0.5
        return (math.exp(p.positive_base + p.conditions_positive * fit),
                math.exp(p.negative_base - p.conditions_negative * fit - p.mediator * occasion.mediator))

    def _shuffled(self, pool: Pool, draws: np.uint64) -> list[int]:
        """The seats of a pool in a random order (Fisher and Yates)."""
        mine = U(fold(draws, U(pool.key)))
        seats = list(pool.seats)
        for last in range(len(seats) - 1, 0, -1):
            other = int(below(mine, U(last), last + 1))
            seats[last], seats[other] = seats[other], seats[last]
        return seats

    def _is_there(self, person: Person, occasion: Occasion, draws: np.uint64) -> bool:
        """Young children and those who are still to come never are."""
        if person.age < MEETING_AGE or person.arrived < 0:
            return False
        chance = occasion.presence * (person.sociability if occasion.sociable else 1.0)
        return bool(uniform(draws, U(person.uid)) < chance)

    def _meet(self, name: str, occasion: Occasion, slot: int) -> None:
        pairing = self._draws(Decision.PAIRING, name, slot)
        presence = self._draws(Decision.PRESENCE, name, slot)
        for pool in self.settings[occasion.setting][occasion.among]:
            order = self._shuffled(pool, pairing)
            for one, other in zip(order[0::2], order[1::2], strict=False):
                if one < 0 or other < 0:
                    continue
                a, b = self.people[one], self.people[other]
                if self._is_there(a, occasion, presence) and self._is_there(b, occasion, presence):
                    self._encounter(a, b, name, occasion, slot)

    def _encounter(self, a: Person, b: Person, name: str, occasion: Occasion, slot: int) -> None:
        together = U(pair_part(U(a.uid), U(b.uid)))
        if a.group == b.group:
            a.tally[a.group]["positive"] += 1
            b.tally[b.group]["positive"] += 1
            for_a = for_b = "positive"
        else:
            odds = math.exp(self.p.take_up_base) * (a.brings[b.group]["take_up"] * b.brings[a.group]["take_up"])
            walks_away = uniform(self._draws(Decision.TAKE_UP, name, slot), together)
            if walks_away < occasion.avoidability / (1.0 + odds):
                a.tally[b.group]["declined"] += 1
                b.tally[a.group]["declined"] += 1
                return
            draws = self._draws(Decision.VALENCE, name, slot)
            for_a = self._lives_it(a, b, occasion, uniform(draws, U(a.uid)))
            for_b = self._lives_it(b, a, occasion, uniform(draws, U(b.uid)))
        if "negative" not in (for_a, for_b):
            activity = round(100 * occasion.common_goals * occasion.cooperation)
            a.joint += activity
            b.joint += activity
        if occasion.among == "circle" and for_a == for_b == "positive":
            chance = self.p.tie_own if a.group == b.group else self.p.tie_cross
            draws = self._draws(Decision.TIE_FORMS, name, slot)
            if uniform(draws, together) < chance:
                rank = int(fold(draws + U(1), together))
                for one, other in ((a, b), (b, a)):
                    if rank > one.rank:
                        one.rank, one.candidate = rank, other.row

    def _lives_it(self, me: Person, partner: Person, occasion: Occasion, draw: float) -> str:
        """Whether the meeting is positive, negative or neutral for ``me``; noted down."""
        base_good, base_bad = self._odds(occasion)
        gap = abs(me.standing - partner.standing)
        base_bad *= 1.0 + self.p.unequal_standing * (1 - occasion.equal_status) * gap
        brings, lean = me.brings[partner.group], partner.brings[me.group]["lean"]
        good = base_good * brings["pleasant"] * lean
        bad = base_bad * brings["unpleasant"] / lean
        at = draw * (1.0 + good + bad)
        what = "positive" if at < good else "negative" if at < good + bad else "neutral"
        me.tally[partner.group][what] += 1
        if what != "neutral":
            me.dose[partner.group][what] += round(100 * occasion.closeness)
        return what

    def _friends_meet(self, name: str, occasion: Occasion, slot: int) -> None:
        """Friends of different groups meet or not by one draw; each lives it in an own way."""
        meets = self._draws(Decision.FRIENDS_MEET, name, slot)
        lives = self._draws(Decision.FRIENDS_VALENCE, name, slot)
        for me in self.people.values():
            for row in me.ties:
                if row < 0 or self.people[row].group == me.group:
                    continue
                friend = self.people[row]
                together = U(pair_part(U(me.uid), U(friend.uid)))
                if uniform(meets, together) < occasion.presence:
                    self._lives_it(me, friend, occasion, uniform(U(fold(lives, U(me.uid))), together))

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
        rest = me.disposition - p.threat_attitude * (me.threat - p.threat_rest)
        rest = min(1.0, max(-1.0, rest))
        prior = p.prior_weight * (1.0 + p.age_stability * max(0.0, me.age - 20.0) / 20.0)
        for h in others:
            good = bad = 0.0
            for g in others:
                counts_for = 1.0 if g == h else p.transfer
                good += counts_for * 0.01 * me.dose[g]["positive"]
                bad += counts_for * 0.01 * me.dose[g]["negative"]
            if h in far:
                good += p.extended
            before = prior + me.positive[h] + me.negative[h]
            attitude = _towards_experience(me.attitude[h], good, p.negative_weight * bad, before)
            attitude += p.drift * (rest - attitude)
            me.attitude[h] = attitude + p.norms * (area.norm[me.group][h] - attitude)
            me.positive[h] = (me.positive[h] + good) * (1.0 - p.forgetting)
            me.negative[h] = (me.negative[h] + bad) * (1.0 - p.forgetting)
            me.recent_positive[h] += p.recall * (me.tally[h]["positive"] - me.recent_positive[h])
            me.recent_negative[h] += p.recall * (me.tally[h]["negative"] - me.recent_negative[h])
        good = bad = 0.0
        for h in others:
            good += 0.01 * me.dose[h]["positive"]
            bad += 0.01 * me.dose[h]["negative"]
        bad *= p.negative_weight
        rest = p.anxiety_rest - p.anxiety_disposition * me.disposition
        me.anxiety = _feeling(me.anxiety, good, bad, p.anxiety_learning, p.anxiety_drift, rest)
        strangers, shrinking = 1.0 - area.share[me.group], area.past[me.group] - area.share[me.group]
        rest = p.threat_rest + p.threat_level * strangers + p.threat_change * max(0.0, shrinking)
        me.threat = _feeling(me.threat, good, bad, p.threat_learning, p.threat_drift, rest)
        activity = 1.0 - math.exp(-p.connectedness_gain * 0.01 * me.joint)
        lifted = me.connectedness + activity * (1.0 - me.connectedness)
        me.connectedness = lifted + p.connectedness_decline * (p.connectedness_rest - lifted)
        met = sum(me.tally[h][kind] for h in others for kind in ("positive", "negative", "neutral"))
        if me.language < 1.0:
            me.language += (1.0 - math.exp(-p.language_gain * met)) * (1.0 - me.language)
        me.age += 1.0 / 52
        me.arrived = float(np.float32(me.arrived + 1.0 / 52))

    # --- ties

    def _renew_ties(self) -> None:
        """Mutual best candidates with a free place each become friends; other ties may fade."""
        draws = stream(self.seed, Decision.TIE_FADES, self.week, name_key(""), 0)
        free = {row: person.ties.count(-1) for row, person in self.people.items()}
        for me in self.people.values():
            chosen = me.candidate
            mutual = chosen >= 0 and self.people[chosen].candidate == me.row
            if mutual and chosen not in me.ties and free[me.row] and free[chosen]:
                me.ties[me.ties.index(-1)] = chosen
        together = self._circles()
        for me in self.people.values():
            for place, row in enumerate(me.ties):
                if row < 0 or (me.candidate == row and self.people[row].candidate == me.row):
                    continue
                hazard = self.p.tie_fade_shared if together[me.row] & together[row] else self.p.tie_fade
                if uniform(draws, U(pair_part(U(me.uid), U(self.people[row].uid)))) < hazard:
                    me.ties[place] = -1
        for me in self.people.values():
            me.friend_groups = {self.people[row].group for row in me.ties if row >= 0}

    def _circles(self) -> dict[int, set[tuple[str, int]]]:
        found: dict[int, set[tuple[str, int]]] = {row: set() for row in self.people}
        for name, partitions in self.settings.items():
            for k, pool in enumerate(partitions["circle"]):
                for row in pool.seats:
                    if row >= 0:
                        found[row].add((name, k))
        return found


def _towards_experience(attitude: float, good: float, bad: float, before: float) -> float:
    """Learning: the more was lived before, the less the week's experience moves."""
    if good + bad == 0:
        return attitude
    gain = 1.0 - math.exp(-(good + bad) / before)
    return attitude + gain * ((good - bad) / (good + bad) - attitude)


def _feeling(x: float, good: float, bad: float, learning: float, drift: float, rest: float) -> float:
    """Anxiety or threat: good meetings draw it to 0, bad ones to 1; then it goes back towards rest."""
    if good + bad > 0:
        x += (1.0 - math.exp(-learning * (good + bad))) * (bad / (good + bad) - x)
    return x + drift * (min(1.0, max(0.0, rest)) - x)


def _person(world: World, row: int) -> Person:
    people = world.people
    scalars = {name: getattr(people, name)[row].item() for name in (
        "uid", "group", "age", "arrived", "disposition", "sociability", "exposure", "standing", "language", "anxiety",
        "threat", "connectedness")}
    lists: dict[str, Any] = {name: getattr(people, name)[row].tolist() for name in (
        "attitude", "positive", "negative", "recent_positive", "recent_negative", "ties")}
    groups = {g for g in range(people.groups) if int(people.friend_groups[row]) >> g & 1}
    return Person(row=row, friend_groups=groups, **scalars, **lists)


def differences(town: Town, world: World) -> list[str]:
    """What the two say otherwise, as ``column row: reference, world``; empty when every bit agrees."""
    people, week = world.people, world.week
    found = []

    def compare(name: str, row: int, ours: Any, theirs: Any) -> None:
        if ours != theirs and not (ours != ours and theirs != theirs):
            found.append(f"{name} {row}: {ours!r}, {theirs!r}")

    active = np.flatnonzero(people.active).tolist()
    compare("active", -1, sorted(town.people), active)
    for row, person in town.people.items():
        for name in ("uid", "group", "age", "arrived", "disposition", "sociability", "exposure", "standing", "language",
                     "anxiety", "threat", "connectedness", "attitude", "positive", "negative", "recent_positive",
                     "recent_negative", "ties"):
            compare(name, row, getattr(person, name), getattr(people, name)[row].tolist())
        compare("friend_groups", row, sum(1 << g for g in person.friend_groups), int(people.friend_groups[row]))
        compare("tally", row, [[t[kind] for kind in KINDS] for t in person.tally], week.tally[row].tolist())
        compare("dose", row, [[d["positive"], d["negative"]] for d in person.dose], week.dose[row].tolist())
        compare("joint", row, person.joint, int(week.joint[row]))
        compare("candidate", row, person.candidate, int(week.candidate[row]))
    for k, area in enumerate(town.areas):
        for name in ("norm", "share", "past"):
            compare(f"areas.{name}", k, getattr(area, name), getattr(world.areas, name)[k].tolist())
    return found
