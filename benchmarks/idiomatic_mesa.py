"""The week of contactsim once more, as a modeller would write it in Mesa: one agent for each resident.

The rules and formulas are those of ``docs/odd.md``; the code shares nothing with contactsim's kernels but the numbers
of the parameters. Random numbers come from ``model.random``. The model starts from a copy of a World's residents, seats
and areas at week 0 or later, so that both can go on from the same week. It has the ordinary week and no scenario: no
shocks, actions, moves or arrivals, and not the yearly change of seats, which takes contactsim little time.
"""

from __future__ import annotations

from itertools import pairwise
from math import exp

import mesa

from benchmarks.idiomatic_person import Area, Context, Person
from benchmarks.idiomatic_summary import summary
from contactsim.encounters.arrays import CLOSE_HOUR, HOUR, in_community, in_public, terms
from contactsim.encounters.schedule import familiarity
from contactsim.encounters.ties import EVERY
from contactsim.residents import WANDERING_WEEKS
from contactsim.settings.seating import largest_scale
from contactsim.world import World

TRAITS = ("group", "age", "arrived", "baseline_attitude", "sociability", "negative_exposure", "anxiety_trait",
          "threat_trait", "status", "language", "wandering", "anxiety", "threat", "belonging", "engagement", "stigma",
          "civic", "rumour", "public_contact", "public_balance")
EXPERIENCES = ("attitude", "feeling", "positive", "negative", "recent_positive", "recent_negative")


class Town(mesa.Model):
    """A copy of a :class:`contactsim.world.World` as a Mesa model; the world itself stays as it is."""

    def __init__(self, world: World, seed: int) -> None:
        super().__init__(seed=seed)
        self.p, self.week, self.groups = world.rules, world.clock, len(world.place.groups)
        self.wandering_spread = world.parameters.residents.wandering_spread
        self.weights = world.weights.tolist()
        person = self.copy_people(world)
        seats = {(name, scale): copy_seats(world, person, name, scale)
                 for name, setting in world.settings.items() for scale in setting.partitions}
        contexts = world.parameters.settings.contact_contexts
        self.contexts = []
        for name, one in contexts.items():
            t = terms(one, world.parameters.psychology)
            familiar = familiarity(contexts, name, world.settings, world.parameters.psychology)
            self.contexts.append(Context(
                one.setting, one.encounters_per_week, seats.get((one.setting, one.scale), []), t.presence, t.sociable,
                t.avoidability, t.take_up, t.positive, t.negative, t.inequality, t.dose / CLOSE_HOUR,
                t.shared_activity / HOUR, t.tie_own, t.tie_cross, familiar, in_community(one), in_public(one)))
        self.gatherings = [(setting, members) for setting in {c.setting for c in self.contexts if c.sociable}
                           for members in seats[setting, largest_scale(world.settings[setting].partitions)]]
        self.copy_areas(world, seats)
        self.summary = summary(self)
        self.datacollector = mesa.DataCollector(
            model_reporters={name: lambda model, name=name: model.summary[name] for name in self.summary})

    def copy_people(self, world: World) -> dict[int, Person]:
        """A person for each resident, by row, with their seats and friends."""
        people, person = world.people, {}
        columns = {name: people.column(name).tolist() for name in TRAITS}
        columns |= {name: people.by_group(name).tolist() for name in EXPERIENCES}
        for row in people.active.nonzero()[0].tolist():
            values = {name: column[row] for name, column in columns.items()}
            person[row] = Person(self, values, int(people.extended_contact[row]))
        for row, one in person.items():
            one.friends = [person[j] for j in people.ties[row].tolist() if j >= 0]
            one.know_friends()
        for name, setting in world.settings.items():
            for row, since in zip(setting.occupant.tolist(), setting.since.tolist(), strict=True):
                if row in person:
                    person[row].since[name] = since
        return person

    def copy_areas(self, world: World, seats: dict[tuple[str, str], list[list[Person | None]]]) -> None:
        """Neighbourhoods with their people, and districts with their neighbourhoods."""
        self.neighbourhoods, self.districts = [], []
        for past, members in zip(world.areas.past.tolist(), seats["street", "neighbourhood"], strict=True):
            neighbourhood = Area([one for one in members if one is not None], past)
            for one in neighbourhood.members:
                one.neighbourhood = neighbourhood
            self.neighbourhoods.append(neighbourhood)
        for members in seats["street", "district"]:
            district = Area([one for one in members if one is not None], [0.0] * self.groups)
            inside = list(dict.fromkeys(one.neighbourhood for one in district.members))
            for neighbourhood in inside:
                neighbourhood.district = district
            self.districts.append((district, inside))

    def step(self) -> None:
        """One week."""
        if self.wandering_spread and self.week % WANDERING_WEEKS == 0:
            self.agents.do("wander", exp(-WANDERING_WEEKS / self.p.wandering_memory), self.wandering_spread)
        for neighbourhood in self.neighbourhoods:
            neighbourhood.look_around()
        for district, inside in self.districts:
            district.add_up(inside)
        self.agents.do("prepare")
        self.seek_company()
        for context in self.contexts:
            for _ in range(context.slots):
                if context.setting == "ties":
                    self.agents.shuffle_do("meet_friends", context)
                else:
                    self.bring_together(context)
        self.agents.do("change")
        self.renew_ties()
        for neighbourhood in self.neighbourhoods:
            neighbourhood.remember()
        self.week += 1
        self.summary = summary(self)
        self.datacollector.collect(self)

    def seek_company(self) -> None:
        """Those who go out decide how often they come to each setting of leisure."""
        for setting, seats in self.gatherings:
            here = [one for one in seats if one is not None and one.goes_out]
            number = [0] * self.groups
            for one in here:
                number[one.group] += 1
            for one in here:
                one.seek(setting, number, len(here))

    def bring_together(self, context: Context) -> None:
        """Shuffle each mixing group's seats and pair them in order; both must be there to meet."""
        for seats in context.mixing_groups:
            order = seats.copy()
            self.random.shuffle(order)
            for a, b in zip(order[::2], order[1::2], strict=False):
                if a is not None and b is not None and a.is_there(context) and b.is_there(context):
                    a.meet(b, context)

    def renew_ties(self) -> None:
        """Ties form; every fourth week others fade, and people look at their friends' friends."""
        due = self.week % EVERY == 0
        self.agents.do("form_tie")
        if due:
            self.agents.do("lose_ties", 1.0 - (1.0 - self.p.tie_fade) ** EVERY)
        self.agents.do("know_friends")
        if due:
            self.agents.do("know_their_friends")


def copy_seats(world: World, person: dict[int, Person], setting: str, scale: str) -> list[list[Person | None]]:
    """Each mixing group's seats; None is an empty seat."""
    occupant = world.settings[setting].occupant.tolist()
    start = world.settings[setting].partitions[scale].start.tolist()
    return [[person.get(row) for row in occupant[a:b]] for a, b in pairwise(start)]
