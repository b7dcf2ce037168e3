"""What happened to this person: a world is simulated again with one resident observed, and summarised as a short story.

Every sentence follows from the meeting log and the resident's state; only the wording is invented.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np

from contactsim.demo.build import Upload, configure, place_of
from contactsim.demo.ui_state import UIState
from contactsim.encounters.arrays import DECLINED, NEGATIVE, POSITIVE
from contactsim.errors import UserError
from contactsim.observers.base import Observer
from contactsim.observers.meetings import MeetingLog
from contactsim.residents import attitude_to_others
from contactsim.runs.run import begin
from contactsim.state import State

#: Where a meeting of a contact context takes place; contexts and sessions that are not listed are shown by name.
WHERE = {
    "neighbours": "next door", "street": "in the street", "town": "in town", "public": "in a shop or on the bus",
    "classmates": "at the class table",
    "schoolyard": "in the schoolyard", "team": "in the work team", "workplace": "at the workplace",
    "club": "at the club", "friends": "among friends",
}
WHAT = {POSITIVE: "good", NEGATIVE: "bad", DECLINED: "declined"}
#: Most scenes of a story.
MOST_SCENES = 9


class Scene(TypedDict):
    """One event of a life story."""

    week: int
    kind: str
    text: str


class Story(TypedDict):
    """A life story over the weeks of a world."""

    title: str
    person: str
    summary: list[str]
    scenes: list[Scene]
    attitude: list[float]
    note: str


@dataclass(frozen=True)
class _Event:
    week: int
    where: str
    partner: int
    theirs: int
    """what it was for the partner"""
    felt: int
    """what it was for the resident"""


def life_story(state: UIState, world: str, row: int, weeks: int, upload: Upload | None = None) -> Story:
    """Simulate the left or right world of a state for some weeks and tell the story of the resident in ``row``.

    Raises UserError if nobody lives in that row.
    """
    config = configure(state, world, upload)
    simulated = begin(config, place_of(config, upload))[0]
    if not 0 <= row < len(simulated.people):
        raise UserError(f"There is no resident {row} in this place.")
    log = MeetingLog()
    life = Life(row, log)
    simulated.observe(log, life)
    for _ in range(weeks):
        simulated.step()
    if not simulated.people.active[row]:
        raise UserError(f"Nobody lives there now: resident {row} has left the place.")
    return life.result()


class Life(Observer):
    """One resident's meetings, friends and attitude, week by week; starts again when another resident moves in."""

    def __init__(self, row: int, log: MeetingLog) -> None:
        self.row, self.log = row, log

    def begin(self, world: State) -> None:
        """Record who lives in the row."""
        self.world = world
        self.uid = int(world.people.uid[self.row])
        self.events: list[_Event] = []
        self.ties: list[tuple[int, int, bool]] = []  # week, friend, made or lost
        self.attitude = [self._attitude()]
        self.friends = self._friends()
        self.began = world.clock

    def look(self, world: State) -> None:
        """Add the past week."""
        people, week = world.people, world.clock
        if int(people.uid[self.row]) != self.uid:  # another resident has moved in
            self.begin(world)
            return
        for meeting in self.log.meetings(self.row):
            for one, other, mine, theirs in zip(meeting.one, meeting.other, meeting.mine, meeting.theirs, strict=True):
                here = one == self.row
                partner, felt, other_felt = (other, mine, theirs) if here else (one, theirs, mine)
                self.events.append(_Event(week, meeting.context, int(partner), int(other_felt), int(felt)))
        friends = self._friends()
        self.ties += [(week, friend, True) for friend in sorted(friends - self.friends)]
        self.ties += [(week, friend, False) for friend in sorted(self.friends - friends)]
        self.friends = friends
        self.attitude.append(self._attitude())

    def result(self) -> Story:
        """The life story in sentences."""
        return {"title": f"Resident {self.uid:,}", "person": self._person(), "summary": self._summary(),
                "scenes": self._scenes(), "attitude": [round(a, 4) for a in self.attitude],
                "note": "One person's story is an illustration. Only averages over many people show what an action "
                        "does. Nobody here is real."}

    def _attitude(self) -> float:
        return float(attitude_to_others(self.world.people, self.world.weights, np.array([self.row]))[0])

    def _friends(self) -> set[int]:
        people = self.world.people
        ties = people.ties[self.row]
        return {int(j) for j in ties if j >= 0 and people.group[j] != people.group[self.row]}

    def _name(self, row: int) -> str:
        people = self.world.people
        return f"resident {int(people.uid[row]):,} ({self.world.place.groups[people.group[row]]}, " \
               f"{max(0, int(people.age[row]))})"

    def _person(self) -> str:
        people, row = self.world.people, self.row
        belongs = [name for name in ("school", "work", "association") if self.world.settings[name].seat[row] >= 0]
        places = {"school": "goes to school", "work": "has a workplace", "association": "belongs to an association"}
        age = int(people.age[row])
        since = people.arrived[row]
        newcomer = f", arrived {since:.0f} years ago" if since == since and since >= 1 else ""
        doing = ", ".join(places[name] for name in belongs) or "belongs to no school, workplace or association"
        return (f"{self.world.place.groups[people.group[row]]}, {age} years old{newcomer}; {doing}. "
                f"{_more(people.sociability[row], 1.0, 'Often out', 'Seldom out', 'Out as often as most')}; "
                f"{_more(people.negative_exposure[row], 0.0, 'more', 'less', 'as')} exposed to bad experiences "
                f"{'as' if abs(people.negative_exposure[row]) < 0.5 else 'than'} most.")

    def _summary(self) -> list[str]:
        counts = {what: sum(e.felt == what for e in self.events) for what in (POSITIVE, NEGATIVE, DECLINED)}
        weeks = len(self.attitude) - 1
        sentences = [f"In {_number(weeks, 'week')}: {_number(counts[POSITIVE], 'good meeting')} with other groups, "
                     f"{_number(counts[NEGATIVE], 'bad one')}, and {counts[DECLINED]:,} that did not happen "
                     f"because one of the two walked away."]
        if self.began:
            sentences.insert(0, f"Moved in in week {self.began}.")
        change = self.attitude[-1] - self.attitude[0]
        how = "hardly changed" if abs(change) < 0.02 else "grew warmer" if change > 0 else "grew colder"
        sentences.append(f"The attitude to other groups {how}: from {self.attitude[0]:+.2f} to "
                         f"{self.attitude[-1]:+.2f} (on a scale from -1 to +1).")
        sentences.append(f"Friends in other groups now: {len(self.friends)}.")
        return sentences

    def _scenes(self) -> list[Scene]:
        """The main events: the first good and bad meeting, friendships, sessions, weeks with the largest changes."""
        found: dict[tuple[int, str], Scene] = {}

        def add(week: int, kind: str, text: str) -> None:
            if len(found) < MOST_SCENES:
                found.setdefault((week, text), {"week": week, "kind": kind, "text": text})

        for what in (POSITIVE, NEGATIVE):
            first = next((e for e in self.events if e.felt == what), None)
            if first is not None:
                add(first.week, WHAT[what], f"The first {WHAT[what]} meeting: {self._describe(first)}")
        for week, friend, made in self.ties[:4]:
            add(week, "good" if made else "bad",
                f"{'Made friends with' if made else 'Lost touch with'} {self._name(friend)}.")
        steps = np.diff(self.attitude)
        for k in np.argsort(-np.abs(steps))[:3] if steps.size else []:
            self._add_week(int(k), float(steps[k]), add)
        planned = [e for e in self.events if e.where not in WHERE]
        if planned:
            add(planned[0].week, "good", f"Came to {_where(planned[0].where)} for the first time.")
        mixed = next((e for e in self.events if {e.felt, e.theirs} == {POSITIVE, NEGATIVE}), None)
        if mixed is not None:
            add(mixed.week, "mixed", f"One meeting, two views: {self._describe(mixed)} For the other person it was "
                                     f"{WHAT[mixed.theirs]}.")
        return sorted(found.values(), key=lambda scene: scene["week"])

    def _add_week(self, k: int, step: float, add: Any) -> None:
        """Add the scene of the ``k``-th week, in which the attitude changed by ``step``."""
        week = self.began + k + 1
        events = [e for e in self.events if e.week == week and e.felt in (POSITIVE, NEGATIVE)]
        if not events:
            return
        good, bad = (sum(e.felt == what for e in events) for what in (POSITIVE, NEGATIVE))
        add(week, "good" if step > 0 else "bad",
            f"A week with a large change: {_number(good, 'good meeting')} and {_number(bad, 'bad one')}; the "
            f"attitude changed by {step:+.3f}.")

    def _describe(self, event: _Event) -> str:
        verb = {POSITIVE: "got on well with", NEGATIVE: "fell out with"}[event.felt]
        return f"{_where(event.where)}, {verb} {self._name(event.partner)}."


def _where(context: str) -> str:
    return WHERE.get(context, context.replace("_", " ").replace("/", " "))


def _number(n: int, thing: str) -> str:
    return f"{n:,} {thing}{'' if n == 1 else 's'}"


def _more(value: float, middle: float, more: str, less: str, same: str) -> str:
    return same if abs(value - middle) < 0.5 else more if value > middle else less
