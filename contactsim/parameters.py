"""All parameters of the model but those of its psychology, which has a module of its own."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from contactsim.psychology import Psychology
from contactsim.section import Section, parameter

#: Largest effect of a message on a state, in standard deviations (A4: .12 in large studies).
LARGEST_EFFECT = 0.12


class Residents(Section):
    """Attributes of residents that the place's table does not give."""

    employment: float = parameter(
        0.74, 0, 1, "share of ages 18-66", "assumed", "adults of working age who have a workplace",
        "rounded from the 2011 employment rate of England and Wales (recalled)")
    membership: float = parameter(
        0.45, 0, 1, "share of residents over 5", "assumed", "residents who belong to an association",
        "order: adults in any organisation, 45 to 55 % (recalled)")
    minority_age_shift: float = parameter(
        -6.0, -30, 30, "years", "assumed",
        "shift of the ages of every group but the first (younger minorities)",
        "direction: census 2011 ages by ethnic group (recalled); size assumed")
    newcomers: float = parameter(
        0.1, 0, 1, "share of groups but the first", "assumed",
        "residents who arrived within the last ten years")
    vacancy: float = parameter(
        0.04, 0.0, 0.5, "share of dwellings", "assumed", "dwellings that are empty at the start",
        "order of the household spaces without usual residents in census 2011, 4 % (recalled)")
    baseline_attitude_mean: float = parameter(
        -0.4, -1, 1, "attitude", "calibrated", "mean of the stable baseline attitude towards other groups",
        "survey: mean attitude -.07", prior=(-0.6, 0.15))
    baseline_attitude_spread: float = parameter(
        0.42, 0, 1, "attitude", "calibrated", "standard deviation of the baseline attitude",
        "survey: SD of attitude .47", prior=(0.25, 0.65))
    wandering_spread: float = parameter(
        0.6, 0, 1, "attitude", "calibrated",
        "standard deviation of the part of the attitude's resting point that wanders (media, politics, life events)",
        "panel: stability of answers over a year below 1 (T18)", prior=(0.1, 0.8), off=0.0)
    anxiety_spread: float = parameter(
        0.19, 0, 1, "anxiety", "calibrated", "standard deviation of resting anxiety apart from the baseline attitude",
        "survey: r of anxiety with attitude -.4, not closer", prior=(0.0, 0.28), off=0.0)
    threat_spread: float = parameter(
        0.22, 0, 1, "threat", "calibrated", "standard deviation of resting threat apart from attitude",
        "survey: r of threat with attitude -.4, not closer", prior=(0.0, 0.28), off=0.0)
    sociability_spread: float = parameter(
        0.65, 0, 2, "log units", "calibrated", "lognormal spread of how often people are present, mean 1",
        "diary: SD of ln(1 + contacts) over people", prior=(0.4, 1.3))
    negative_exposure_spread: float = parameter(
        0.3, 0, 3, "log odds", "assumed",
        "standard deviation of personal negative exposure (a stable trait)", prior=(0.1, 1.4), off=0.0)
    status_gap: float = parameter(
        0.1, -1, 1, "status", "assumed",
        "how far the mean status of every group but the first lies below the first's")
    status_spread: float = parameter(0.15, 0, 1, "status", "assumed", "spread of status in a group")


#: Largest number of slots in a week: displaced slots are stored as one bit each.
MAX_SLOTS = 32
#: Largest number of them in which friends meet: a resident may have 24 friends, and meetings are counted in a byte.
MAX_SLOTS_OF_FRIENDS = 7
#: Most meetings that a resident may have in a week, as they are counted in a byte; five are left for impulses.
MOST_MEETINGS = 250
SettingName = Literal["street", "public", "school", "work", "association", "ties"]
#: Scales at which people can meet in each setting.
SCALES_OF: dict[str, tuple[str, ...]] = {
    "street": ("small_group", "output_area", "neighbourhood", "district"), "public": ("mixing_group",),
    "school": ("small_group", "mixing_group"), "work": ("small_group", "mixing_group"),
    "association": ("small_group", "mixing_group"), "ties": ("friends",)}
#: Settings where people are out and about, as surveys of contact ask.
PUBLIC_PLACES = ("street", "public")


class Conditions(Section):
    """The conditions of a meeting: closeness, whether it can be avoided, and Allport's four conditions."""

    closeness: float = parameter(0.3, 0, 1, "0-1", "assumed", "closeness of a meeting")
    avoidability: float = parameter(1.0, 0, 1, "0-1", "assumed", "how far a meeting can be avoided")
    equal_status: float = parameter(0.5, 0, 1, "0-1", "assumed", "Allport: equal status")
    common_goals: float = parameter(0.3, 0, 1, "0-1", "assumed", "Allport: common goals")
    cooperation: float = parameter(0.3, 0, 1, "0-1", "assumed", "Allport: cooperation")
    support: float = parameter(0.5, 0, 1, "0-1", "assumed", "Allport: institutional support")
    mediator: float = parameter(0.0, 0, 1, "0-1", "assumed", "a mediator is present")
    neutral_ground: float = parameter(0.0, 0, 1, "0-1", "assumed", "the meeting is on neutral ground")


class ContactContext(Conditions):
    """How people meet in one setting at one scale: how often, and under which conditions."""

    setting: SettingName = Field(
        description="the setting; 'public' is shops, transport and centres, 'ties' are meetings of friends of two groups")
    scale: Literal["small_group", "mixing_group", "output_area", "neighbourhood", "district", "friends"] = Field(
        description="who can meet: a small group, a mixing group, an area (street) or friends (ties)")
    encounters_per_week: int = parameter(1, 0, 20, "per week", "assumed", "slots: how many times a week pairs are made")
    hours: float = parameter(
        1.0, 0, 40, "hours", "assumed", "company in a slot for those who meet (talk and joint activity, not mere presence)")
    presence: float = parameter(0.6, 0, 1, "chance", "assumed", "a resident is present in a slot")
    sociable: bool = parameter(True, None, None, "yes/no", "assumed", "sociable people are present more often")


class MixingGroups(Section):
    """Sizes of a setting's mixing groups and small groups, and how the mixing groups are filled."""

    size: int = parameter(30, 4, 2000, "seats", "assumed", "seats of a mixing group, including empty ones")
    small_group: int = parameter(10, 2, 30, "seats", "assumed", "seats of a small group inside a mixing group")
    empty: float = parameter(0.1, 0, 0.9, "share", "assumed", "seats left empty at the start")
    sorting: float = parameter(
        0.2, 0, 1, "share", "assumed", "members who come through their own group's networks")
    local: float = parameter(0.5, 0, 1, "share", "assumed", "members of mixing groups that draw from one district")
    far: float = parameter(
        0.0, 0, 1, "share", "assumed", "members of mixing groups that draw from the region; the others draw from one town")
    turnover: float = parameter(
        0.0, 0, 1, "share a year", "assumed", "members who change places with members of other mixing groups of the kind")

    @model_validator(mode="after")
    def _shares(self) -> MixingGroups:
        if self.local + self.far > 1:
            raise ValueError(f"local={self.local} and far={self.far} are shares of the members and must not add up to "
                             f"more than 1")
        return self


class Settings(Section):
    """Where people meet. In the street, small groups are near neighbours and areas are those of the place."""

    neighbours: int = parameter(12, 2, 30, "seats", "assumed", "seats of a small group of near neighbours")
    public: MixingGroups = Field(default=MixingGroups(
        size=400, small_group=10, sorting=0.25, local=0.25, far=0.1, turnover=0.3))
    school: MixingGroups = Field(default=MixingGroups(size=30, small_group=6, sorting=0.45, local=1.0, turnover=0.15))
    work: MixingGroups = Field(default=MixingGroups(
        size=40, small_group=10, sorting=0.1, local=0.2, far=0.45, turnover=0.15))
    association: MixingGroups = Field(default=MixingGroups(size=50, small_group=10, sorting=0.4, local=0.7, turnover=0.15))
    contact_contexts: dict[str, ContactContext] = Field(description="how people meet in these settings, by name")

    @model_validator(mode="after")
    def _scales(self) -> Settings:
        for name, context in self.contact_contexts.items():
            allowed = SCALES_OF[context.setting]
            if context.scale not in allowed:
                raise ValueError(f"settings.contact_contexts.{name}.scale={context.scale} does not fit setting "
                                 f"{context.setting}: allowed are {', '.join(allowed)}")
        if self.slots() > MAX_SLOTS:
            raise ValueError(f"settings.contact_contexts have {self.slots()} encounters_per_week in total; at most "
                             f"{MAX_SLOTS} are allowed")
        if self.slots("ties") > MAX_SLOTS_OF_FRIENDS:
            raise ValueError(f"settings.contact_contexts have {self.slots('ties')} encounters_per_week with friends in "
                             f"total; at most {MAX_SLOTS_OF_FRIENDS} are allowed")
        return self

    def slots(self, setting: str | None = None) -> int:
        """Number of slots a week, in all settings or in one."""
        return sum(context.encounters_per_week for context in self.contact_contexts.values()
                   if setting in (None, context.setting))


class Shock(Section):
    """An event for which one group is blamed (A17), such as an attack elsewhere."""

    week: int = parameter(0, 0, 5200, "week", "assumed", "when it happens")
    target: str = Field(description="name of the group that is blamed")
    dose: float = parameter(
        0.0, 0, 1000, "close negative hours", "assumed",
        "vicarious experience of all but the target: learned like a negative meeting, but no experience is added")
    feeling: float = parameter(
        0.0, 0, 1, "share of the way to -1", "assumed",
        "fall of the momentary feeling of those without experience of the target; experience softens it")
    anxiety: float = parameter(0.0, 0, 1, "share of the way to 1", "assumed", "rise of anxiety of all but the target")
    threat: float = parameter(0.0, 0, 1, "share of the way to 1", "assumed", "rise of threat of all but the target")
    stigma: float = parameter(0.0, 0, 1, "share of the way to 1", "assumed", "rise of felt stigma of the target")


class Rumour(Section):
    """A hostile rumour about a group: how it starts and spreads."""

    begins: float = parameter(0.05, 0, 1, "share", "assumed", "residents reached at the start who believe it")
    tells: float = parameter(0.01, 0, 1, "chance a week", "assumed", "a believer passes it on to a given acquaintance")
    corrects: float = parameter(
        0.01, 0, 1, "chance a week", "assumed", "somebody who knows better corrects a given acquaintance",
        "sign: eight things")
    forgets: float = parameter(0.01, 0, 1, "chance a week", "assumed", "a resident forgets it")


class Scenario(Section):
    """What happens to the place: its burn-in before week 0, moves, arrivals, departures and shocks."""

    burn_in: bool = Field(
        default=True,
        description="simulate weeks before week 0 until attitudes are stationary; false starts residents at rest")
    burn_in_min: int = parameter(208, 0, 5200, "weeks", "assumed", "shortest burn-in")
    burn_in_max: int = parameter(520, 0, 5200, "weeks", "assumed", "longest burn-in, if it is not stationary before")
    stationary: float = parameter(
        0.005, 0, 1, "SD per half year", "assumed", "a burn-in is stationary if mean and spread of attitudes change less")
    moves: float = parameter(0.0, 0, 1, "share of households a year", "assumed", "households that look for another dwelling")
    departures: float = parameter(0.0, 0, 1, "share of households a year", "assumed", "households that leave the place")
    arrivals: float = parameter(0.0, 0, 1, "share of empty dwellings a week", "assumed", "empty dwellings that newcomers take")
    arrival_shares: dict[str, float] | None = Field(
        default=None, description="shares of the groups among arrivals; those of the place if not given")
    own_group_preference: float = parameter(
        0.0, 0, 10, "log odds per share", "assumed", "movers prefer areas with more of their own group")
    shocks: dict[str, Shock] = Field(default={}, description="events by name")

    @model_validator(mode="after")
    def _order(self) -> Scenario:
        if self.burn_in_max < self.burn_in_min:
            raise ValueError(f"scenario.burn_in_max={self.burn_in_max} is below "
                             f"scenario.burn_in_min={self.burn_in_min}; it must be at least that")
        return self


class ModelParameters(Section):
    """All parameters of a world, apart from its place and seed."""

    residents: Residents = Residents()
    settings: Settings
    psychology: Psychology = Psychology()
    scenario: Scenario = Scenario()
