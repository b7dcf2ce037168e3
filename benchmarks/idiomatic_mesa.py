"""The week of contactsim once more, as a modeller would write it in Mesa: one agent for each resident.

The rules and formulas are those of ``docs/odd.md``; the code shares nothing with contactsim's kernels but the
numbers of the parameters. Random numbers come from ``model.random``. The model starts from a copy of a
World's residents, seats and areas, so that both can go on from the same week.
"""

from __future__ import annotations

from itertools import pairwise
from math import exp

import mesa

from contactsim.encounters.arrays import Terms
from contactsim.residents import BELIEVES, MEETING_AGE, SURVEY_AGE, TIE_PLACES, WEEKS_A_YEAR
from contactsim.world import World

POSITIVE, NEGATIVE, NEUTRAL, DECLINED = range(4)
TRAITS = ("group", "age", "arrived", "baseline_attitude", "sociability", "negative_exposure", "status", "language",
          "anxiety", "threat", "belonging", "engagement", "stigma", "civic", "rumour")
EXPERIENCES = ("attitude", "positive", "negative", "recent_positive", "recent_negative")
#: What the data collector reports, by group and target and by group.
OF_TARGET = ("attitude", "attitude_sd", "positive", "negative", "neutral", "declined")
OF_GROUP = ("residents", "anxiety", "threat", "belonging", "own_meetings", "ties", "cross_ties", "cross_friend",
            "engagement", "stigma", "civic")


class Neighbourhood:
    """Composition and norms of a neighbourhood at the start of the week."""

    def __init__(self, groups: int, past: list[float]) -> None:
        self.groups = range(groups)
        self.members: list[Person] = []
        self.past = past
        self.share = [0.0] * groups
        self.norm = [[0.0] * groups for _ in self.groups]

    def look_around(self) -> None:
        """Take the groups' shares and mean attitudes."""
        number = [0] * len(self.groups)
        norm = [[0.0] * len(self.groups) for _ in self.groups]
        for person in self.members:
            if person.age >= MEETING_AGE:
                number[person.group] += 1
                sums = norm[person.group]
                for h, attitude in enumerate(person.attitude):
                    sums[h] += attitude
        total = max(1, sum(number))
        self.share = [n / total for n in number]
        self.norm = [[s / n for s in sums] if n else sums for sums, n in zip(norm, number, strict=True)]

    def remember(self) -> None:
        """Let the past composition follow the present one."""
        self.past = [past + (share - past) / WEEKS_A_YEAR
                     for past, share in zip(self.past, self.share, strict=True)]


class Person(mesa.Agent):
    """One resident."""

    model: Town
    anxiety: float
    threat: float
    belonging: float
    engagement: float
    stigma: float
    language: float

    def __init__(self, model: Town, world: World, row: int) -> None:
        super().__init__(model)
        for name in TRAITS:
            setattr(self, name, world.people.column(name)[row].item())
        for name in EXPERIENCES:
            setattr(self, name, world.people.column(name)[row].tolist())
        self.others = [h for h in range(model.groups) if h != self.group]
        self.small_groups = {(setting, int(c)) for setting, c in enumerate(world.small_groups[row]) if c >= 0}
        self.friends: list[Person] = []
        self.friend_groups: set[int] = set()
        self.neighbourhood: Neighbourhood
        self.brings: dict[int, tuple[float, float, float, float]] = {}
        self.forget_week()

    def forget_week(self) -> None:
        """Clear this week's notes."""
        self.met = [[0, 0, 0, 0] for _ in range(self.model.groups)]
        self.good = [0.0] * self.model.groups
        self.bad = [0.0] * self.model.groups
        self.shared_activity = self.community = 0.0
        self.bonding = 0
        self.candidate: Person | None = None
        self.priority = 0.0

    def prepare(self) -> None:
        """Clear the notes and weigh up what one brings into a meeting with each other group."""
        self.forget_week()
        p = self.model.p
        self.goes_out = self.age >= MEETING_AGE and not self.arrived < 0.0
        anxious = self.anxiety - p.anxiety_rest
        take_up = (p.take_up_sociability * (self.sociability - 1.0) - p.take_up_anxiety * anxious
                   - p.take_up_language * (1.0 - self.language))
        identity = p.common_identity * (self.belonging - p.belonging_rest)
        worry = p.appraisal_anxiety * anxious
        norm = self.neighbourhood.norm[self.group]
        for h in self.others:
            attitude = self.attitude[h]
            lean = p.appraisal * attitude
            own = p.appraisal_own * lean
            self.brings[h] = (
                exp(take_up + p.take_up_attitude * attitude),
                exp(identity - worry - p.negative_exposure_positive * self.negative_exposure + own),
                exp(worry + self.negative_exposure - identity - own - p.inward_norms * norm[h]),
                exp(lean - own))

    def is_there(self, t: Terms) -> bool:
        """Whether the person is present in a slot of a contact context."""
        if not self.goes_out:
            return False
        return self.random.random() < (t.presence * self.sociability if t.sociable else t.presence)

    def meet(self, partner: Person, t: Terms) -> None:
        """Two people who were brought together: take-up, valence for each side, maybe a tie."""
        if self.group == partner.group:
            self.met[self.group][POSITIVE] += 1
            partner.met[self.group][POSITIVE] += 1
            if t.community:
                self.bonding += 1
                partner.bonding += 1
            mine = theirs = POSITIVE
            chance = t.tie_own
        else:
            odds = t.take_up * self.brings[partner.group][0] * partner.brings[self.group][0]
            if t.avoidability and self.random.random() < t.avoidability / (1.0 + odds):
                self.met[partner.group][DECLINED] += 1
                partner.met[self.group][DECLINED] += 1
                return
            mine = self.live_through(partner, t)
            theirs = partner.live_through(self, t)
            chance = t.tie_cross
        if mine != NEGATIVE and theirs != NEGATIVE:
            self.do_together(t)
            partner.do_together(t)
        if chance and mine == POSITIVE and theirs == POSITIVE and self.random.random() < chance:
            priority = self.random.random()
            self.consider(partner, priority)
            partner.consider(self, priority)

    def do_together(self, t: Terms) -> None:
        """Note the shared activity of a meeting."""
        self.shared_activity += t.shared_activity / 100
        if t.community:
            self.community += t.shared_activity / 100

    def live_through(self, partner: Person, t: Terms) -> int:
        """What a meeting is for this side, noted."""
        _, pleasant, unpleasant, _ = self.brings[partner.group]
        lean = partner.brings[self.group][3]
        gap = abs(self.status - partner.status)
        good = t.positive * pleasant * lean
        bad = t.negative * (1.0 + t.inequality * gap) * unpleasant / lean
        at = self.random.random() * (1.0 + good + bad)
        if at < good:
            valence = POSITIVE
            self.good[partner.group] += t.closeness / 100
        elif at < good + bad:
            valence = NEGATIVE
            self.bad[partner.group] += t.closeness / 100
        else:
            valence = NEUTRAL
        self.met[partner.group][valence] += 1
        return valence

    def consider(self, partner: Person, priority: float) -> None:
        """Take a partner as this week's candidate for a tie, if none of higher priority came."""
        if priority > self.priority:
            self.candidate, self.priority = partner, priority

    def meet_friends(self, t: Terms) -> None:
        """Each friend of another group is met or not; friends meet once, each side notes its own."""
        for friend in self.friends:
            if (friend.group != self.group and self.unique_id < friend.unique_id
                    and self.random.random() < t.presence):
                self.live_through(friend, t)
                friend.live_through(self, t)

    def change(self) -> None:
        """What the week changes."""
        p, transfer = self.model.p, self.model.p.transfer
        norm, share, past = self.neighbourhood.norm[self.group], self.neighbourhood.share, self.neighbourhood.past
        all_good, all_bad = sum(self.good), sum(self.bad)
        known = set()
        for friend in self.friends:
            if friend.group == self.group:
                known |= friend.friend_groups
        rest = self.baseline_attitude - p.threat_attitude * (self.threat - p.threat_rest)
        rest = min(1.0, max(-1.0, rest))
        prior = p.prior_weight * (1.0 + p.age_stability * max(0.0, self.age - 20.0) / 20.0)
        for h in self.others:
            good = self.good[h] + transfer * (all_good - self.good[h])
            bad = self.bad[h] + transfer * (all_bad - self.bad[h])
            if h in known:
                good += p.extended
            attitude, positive, negative = self.attitude[h], self.positive[h], self.negative[h]
            before, weighted = prior + positive + negative, p.negative_weight * bad
            attitude = (before * attitude + good - weighted) / (before + good + weighted)
            attitude += p.drift * (rest - attitude)
            self.attitude[h] = attitude + p.norms * (norm[h] - attitude)
            self.positive[h] = (positive + good) * (1.0 - p.forgetting)
            self.negative[h] = (negative + bad) * (1.0 - p.forgetting)
            self.recent_positive[h] += p.recall * (self.met[h][POSITIVE] - self.recent_positive[h])
            self.recent_negative[h] += p.recall * (self.met[h][NEGATIVE] - self.recent_negative[h])
        stigma_before = self.stigma
        self.stigma = feel(stigma_before, p.stigma_bonding * self.bonding, all_bad, p.stigma_learning, p.stigma_drift,
                           p.stigma_rest)
        all_bad *= p.negative_weight
        rest = (
            p.anxiety_rest
            - p.anxiety_baseline_attitude * self.baseline_attitude
            + p.stigma_anxiety * (stigma_before - p.stigma_rest)
        )
        self.anxiety = feel(self.anxiety, all_good, all_bad, p.anxiety_learning, p.anxiety_drift, rest)
        rest = (p.threat_rest + p.threat_level * (1.0 - share[self.group])
                + p.threat_change * max(0.0, past[self.group] - share[self.group])
                + p.rumour_threat * (self.rumour == BELIEVES))
        self.threat = feel(self.threat, all_good, all_bad, p.threat_learning, p.threat_drift, rest)
        self.belonging = rise(self.belonging, p.belonging_gain * self.shared_activity)
        self.belonging += p.belonging_decline * (p.belonging_rest - self.belonging)
        self.engagement = rise(self.engagement, p.engagement_gain * self.community)
        self.engagement += p.engagement_decline * (p.engagement_rest - self.engagement)
        if self.language < 1.0:
            meetings = sum(sum(self.met[h][:DECLINED]) for h in self.others)
            self.language = rise(self.language, p.language_gain * meetings)
        self.age += 1.0 / WEEKS_A_YEAR
        self.arrived += 1.0 / WEEKS_A_YEAR

    def form_tie(self) -> None:
        """Two who are each other's candidate become friends, if both have a place free."""
        partner = self.candidate
        if (partner is not None and partner.candidate is self and partner not in self.friends
                and len(self.friends) < TIE_PLACES and len(partner.friends) < TIE_PLACES):
            self.friends.append(partner)
            partner.friends.append(self)

    def lose_ties(self) -> None:
        """Ties fade, less often among those who share a small group."""
        p = self.model.p
        for friend in list(self.friends):
            if self.unique_id < friend.unique_id and not (self.candidate is friend and friend.candidate is self):
                fade = p.tie_fade if self.small_groups.isdisjoint(friend.small_groups) else p.tie_fade_shared
                if self.random.random() < fade:
                    self.friends.remove(friend)
                    friend.friends.remove(self)

    def know_friends(self) -> None:
        """Note the groups of one's friends."""
        self.friend_groups = {friend.group for friend in self.friends}


def feel(state: float, good: float, bad: float, learning: float, drift: float, rest: float) -> float:
    """Anxiety, threat or stigma after a week: meetings move it to 0 or 1, then it returns towards rest."""
    state = (state + learning * bad) / (1.0 + learning * (good + bad))
    return state + drift * (min(1.0, max(0.0, rest)) - state)


def rise(state: float, by: float) -> float:
    """A state in [0, 1] that ``by`` brings nearer to 1."""
    return (state + by) / (1.0 + by)


class Town(mesa.Model):
    """A copy of a :class:`contactsim.world.World` as a Mesa model; the world itself stays as it is."""

    def __init__(self, world: World, seed: int) -> None:
        super().__init__(seed=seed)
        self.p = world.rules
        self.groups = len(world.place.groups)
        self.contact_contexts = [
            (o, world.terms[name]) for name, o in world.parameters.settings.contact_contexts.items()
        ]
        self.weights = world.weights.tolist()
        person = {row: Person(self, world, row) for row in world.people.active.nonzero()[0].tolist()}
        for row, one in person.items():
            one.friends = [person[j] for j in world.people.ties[row].tolist() if j >= 0]
            one.know_friends()
        self.mixing_groups = {(o.setting, o.scale): self._mixing_groups(world, person, o.setting, o.scale)
                      for o, _ in self.contact_contexts if o.setting != "ties"}
        self.neighbourhoods = []
        for past, seats in zip(world.areas.past.tolist(), self._mixing_groups(world, person, "street", "neighbourhood"),
                               strict=True):
            neighbourhood = Neighbourhood(self.groups, past)
            neighbourhood.members = [one for one in seats if one is not None]
            for one in neighbourhood.members:
                one.neighbourhood = neighbourhood
            self.neighbourhoods.append(neighbourhood)
        self.summary: dict[str, float] = {}
        self.summarise()
        self.datacollector = mesa.DataCollector(
            model_reporters={name: lambda model, name=name: model.summary[name] for name in self.summary})

    @staticmethod
    def _mixing_groups(world: World, person: dict[int, Person], setting: str, scale: str) -> list[list[Person | None]]:
        """Each mixing group's seats; None is an empty seat."""
        occupant = world.settings[setting].occupant.tolist()
        start = world.settings[setting].partitions[scale].start.tolist()
        return [[person.get(row) for row in occupant[a:b]] for a, b in pairwise(start)]

    def step(self) -> None:
        """One week."""
        for neighbourhood in self.neighbourhoods:
            neighbourhood.look_around()
        self.agents.do("prepare")
        for context, t in self.contact_contexts:
            for _ in range(context.encounters_per_week):
                if context.setting == "ties":
                    self.agents.shuffle_do("meet_friends", t)
                else:
                    self.bring_together(self.mixing_groups[context.setting, context.scale], t)
        self.agents.do("change")
        self.agents.do("form_tie")
        self.agents.do("lose_ties")
        self.agents.do("know_friends")
        for neighbourhood in self.neighbourhoods:
            neighbourhood.remember()
        self.summarise()
        self.datacollector.collect(self)

    def bring_together(self, mixing_groups: list[list[Person | None]], t: Terms) -> None:
        """Shuffle each mixing group's seats and pair them in order; both must be there to meet."""
        for seats in mixing_groups:
            order = seats.copy()
            self.random.shuffle(order)
            for a, b in zip(order[::2], order[1::2], strict=False):
                if a is not None and b is not None and a.is_there(t) and b.is_there(t):
                    a.meet(b, t)

    def summarise(self) -> None:
        """Means over residents of survey age, in one pass: what the data collector reports."""
        G = self.groups
        by_target = [[[0.0] * len(OF_TARGET) for _ in range(G + 1)] for _ in range(G)]
        by_group = [[0.0] * len(OF_GROUP) for _ in range(G)]
        for one in self.agents:
            if one.age < SURVEY_AGE:
                continue
            g = one.group
            weights, to_all = self.weights[g], by_target[g][G]
            overall = 0.0
            for h in one.others:
                attitude, sums = one.attitude[h], by_target[g][h]
                overall += weights[h] * attitude
                sums[0] += attitude
                sums[1] += attitude * attitude
                for k, n in enumerate(one.met[h], start=2):
                    sums[k] += n
                    to_all[k] += n
            to_all[0] += overall
            to_all[1] += overall * overall
            cross = sum(friend.group != g for friend in one.friends)
            for k, value in enumerate((1, one.anxiety, one.threat, one.belonging, one.met[g][POSITIVE],
                                       len(one.friends), cross, cross > 0, one.engagement, one.stigma,
                                       one.civic)):
                by_group[g][k] += value
        for g in range(G):
            n = max(1.0, by_group[g][0])
            self.summary |= {f"{name} {g}": value / n for name, value in zip(OF_GROUP, by_group[g], strict=True)}
            self.summary[f"residents {g}"] = n
            for h, sums in enumerate(by_target[g]):
                if h != g:
                    means = [value / n for value in sums]
                    means[1] = max(0.0, means[1] - means[0] ** 2) ** 0.5
                    self.summary |= {target(name, g, h, G): value
                                     for name, value in zip(OF_TARGET, means, strict=True)}


def target(name: str, group: int, other: int, groups: int) -> str:
    """The name of a measure of a group towards another, or towards all others together."""
    return f"{name} {group}" if other == groups else f"{name} {group} {other}"
