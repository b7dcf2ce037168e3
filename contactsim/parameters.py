"""All parameters of the model with default, unit, range, role and source.

Validation, ``--help``, the tables of the ODD and error messages are generated from these definitions. The role says where
a value comes from:

- ``assumed``: chosen by us; no source gives it,
- ``contested``: sources disagree; the range spans them, and reports vary it,
- ``calibrated``: fitted to the evidence named,
- ``sourced``: taken from the evidence named.

Evidence ids (A1 ...) are listed in ``docs/evidence.md``.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Role = Literal["assumed", "contested", "calibrated", "sourced"]

#: Largest effect of a message on a state, in standard deviations (A4: .12 in large studies).
LARGEST_EFFECT = 0.12


class Section(BaseModel):
    """A group of parameters: frozen, finite numbers only, no unknown keys, no silent conversion."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _real_numbers(cls, values: Any) -> Any:
        """YAML writes 1 for 1.0: accept an integer (not a boolean) for a real number."""
        if not isinstance(values, dict):
            return values
        real = {name for name, field in cls.model_fields.items() if field.annotation is float}
        return {key: float(value) if key in real and isinstance(value, int) and not isinstance(value, bool)
                else value for key, value in values.items()}


def parameter(default: Any, low: float | None, high: float | None, unit: str, role: Role, text: str,
              source: str = "none") -> Any:
    """A field with its range [low, high], unit, role, source and one line of explanation."""
    return Field(default=default, ge=low, le=high, description=text,
                 json_schema_extra={"unit": unit, "role": role, "source": source})


class Residents(Section):
    """Attributes of residents that the place's table does not give."""

    employment: float = parameter(
        0.74, 0, 1, "share of ages 18-66", "assumed", "adults of working age who have a workplace",
        "rounded from the 2011 employment rate of England and Wales (recalled)")
    membership: float = parameter(
        0.3, 0, 1, "share of residents over 5", "assumed", "residents who belong to an association")
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
        0.05, -1, 1, "attitude", "assumed", "mean of the stable baseline attitude towards other groups")
    baseline_attitude_spread: float = parameter(
        0.28, 0, 1, "attitude", "assumed", "standard deviation of the baseline attitude")
    sociability_spread: float = parameter(
        0.6, 0, 2, "log units", "assumed", "lognormal spread of how often people are present, mean 1")
    negative_exposure_spread: float = parameter(
        1.2, 0, 3, "log odds", "assumed",
        "MAIN ASSUMPTION: standard deviation of personal negative exposure (a stable trait)")
    status_gap: float = parameter(
        0.1, -1, 1, "status", "assumed",
        "how far the mean status of every group but the first lies below the first's")
    status_spread: float = parameter(0.15, 0, 1, "status", "assumed", "spread of status in a group")


class Psychology(Section):
    """How people take up, experience and learn from meetings. All are numbers, so that kernels can take them as a tuple.

    Base odds are those of two people with neutral attitude, resting anxiety, average negative exposure, a shared language
    and equal status, under conditions of one half.
    """

    # take-up of a meeting that can be avoided: odds = exp(take_up_base + both people's terms)
    take_up_base: float = parameter(0.5, -5, 5, "log odds", "assumed", "take-up of two neutral people")
    take_up_attitude: float = parameter(
        1.0, 0, 5, "log odds per attitude", "assumed", "liking raises each side's take-up", "sign: A22")
    take_up_anxiety: float = parameter(
        1.0, 0, 5, "log odds per anxiety", "assumed", "anxiety above rest lowers each side's take-up", "sign: A22, essay 6")
    take_up_sociability: float = parameter(
        0.2, 0, 3, "log odds per sociability", "assumed", "people more sociable than the mean (1) take up more")
    take_up_language: float = parameter(
        1.0, 0, 5, "log odds per confidence", "assumed", "a missing shared language lowers take-up")
    # valence, drawn for each side: odds against neutral
    positive_base: float = parameter(
        -1.0, -6, 4, "log odds", "assumed", "positive against neutral, for two neutral people")
    negative_base: float = parameter(
        -1.78, -30, 4, "log odds", "calibrated", "negative against neutral, for two neutral people",
        "A10, three positive for each negative (F7): experiments/base_rates")
    appraisal: float = parameter(
        2.0, 0, 5, "log odds per attitude", "assumed",
        "MAIN ASSUMPTION: self-confirming appraisal, positive odds up and negative odds down with attitude")
    appraisal_own: float = parameter(
        0.75, 0, 1, "share", "assumed", "weight of one's own attitude in the appraisal; the partner's has the rest")
    appraisal_anxiety: float = parameter(
        0.5, 0, 5, "log odds per anxiety", "assumed", "anxiety above rest lowers positive, raises negative odds", "sign: essay 6")
    negative_exposure_positive: float = parameter(
        0.3, 0, 1, "log odds per negative exposure", "assumed", "negative exposure lowers positive odds")
    conditions_positive: float = parameter(
        1.0, 0, 5, "log odds, none to all conditions", "assumed", "Allport's conditions raise positive odds", "sign: A1")
    conditions_negative: float = parameter(
        1.0, 0, 5, "log odds, none to all conditions", "assumed", "Allport's conditions lower negative odds", "sign: A1")
    mediator: float = parameter(1.0, 0, 5, "log odds", "assumed", "a mediator lowers negative odds", "sign: essay 3")
    neutral_ground: float = parameter(
        0.3, 0, 5, "log odds", "assumed", "neutral ground raises take-up and lowers negative odds",
        "sign: essays 2 and 5")
    unequal_status: float = parameter(
        1.0, 0, 10, "per status", "assumed",
        "negative odds rise by this times the gap in status where status is not equal", "sign: essay 10")
    inward_norms: float = parameter(
        0.5, 0, 5, "log odds per attitude", "assumed", "warm norms around lower negative odds, cold ones raise them")
    common_identity: float = parameter(
        0.5, 0, 5, "log odds per belonging", "assumed", "belonging to the place raises positive and lowers negative odds", "sign: essay 7")
    # learning
    negative_weight: float = parameter(
        1.5, 0, 8, "ratio", "contested",
        "weight of a negative against a positive meeting (literature 1.0 to 2.5)", "A9, A11; against them A11b")
    prior_weight: float = parameter(
        25.0, 0.5, 500, "close meetings", "assumed", "weight of the baseline attitude as experience (k of the gain)")
    age_stability: float = parameter(
        0.5, 0, 5, "per 20 years", "assumed", "growth of prior_weight with each 20 years over 20", "sign: A25")
    forgetting: float = parameter(0.01, 0, 0.5, "per week", "assumed", "forgetting of experience")
    recall: float = parameter(
        0.1, 0.005, 1, "per week", "assumed", "decay of the recent contact that a survey asks about")
    drift: float = parameter(0.01, 0, 0.5, "per week", "assumed", "return of attitude to its resting point")
    transfer: float = parameter(
        0.2, 0, 1, "share", "assumed", "secondary transfer: experience with one group that counts for another", "sign: A23b")
    extended: float = parameter(
        0.02, 0, 1, "close positive meetings per week", "assumed",
        "extended contact: having an own-group friend with a friend in that group", "sign: A23")
    norms: float = parameter(0.004, 0, 0.5, "per week", "assumed", "pull to the own group's local mean attitude", "A23b")
    # intergroup anxiety
    anxiety_rest: float = parameter(0.35, 0, 1, "anxiety", "assumed", "resting intergroup anxiety of a neutral person")
    anxiety_baseline_attitude: float = parameter(
        0.3, 0, 1, "anxiety per attitude", "assumed", "warmer baseline attitudes rest at less anxiety")
    anxiety_learning: float = parameter(0.03, 0, 1, "per close meeting", "assumed", "learning of anxiety", "sign: A19")
    anxiety_drift: float = parameter(0.01, 0, 0.5, "per week", "assumed", "return of anxiety to rest")
    # perceived threat
    threat_rest: float = parameter(0.3, 0, 1, "threat", "assumed", "resting perceived threat")
    threat_level: float = parameter(
        0.0, 0, 1, "threat per share", "assumed", "threat from the level of other groups' local share",
        "A26: level hardly matters; none is our reading of that")
    threat_change: float = parameter(
        2.0, 0, 10, "threat per share gained in a year", "assumed", "threat from a fast rise of that share", "sign: A26")
    threat_learning: float = parameter(0.02, 0, 1, "per close meeting", "assumed", "learning of threat", "sign: A16")
    threat_drift: float = parameter(0.02, 0, 0.5, "per week", "assumed", "return of threat to rest")
    threat_attitude: float = parameter(
        0.3, 0, 2, "attitude per threat", "assumed", "threat above rest lowers the attitude's resting point", "sign: A16")
    # ties
    tie_cross: float = parameter(
        0.03, 0, 1, "chance", "assumed", "a tie after a meeting in a small group that is positive for both")
    tie_own: float = parameter(0.02, 0, 1, "chance", "assumed", "a tie after an own-group meeting in a small group")
    tie_fade: float = parameter(0.01, 0, 1, "per week", "assumed", "fading of a tie outside shared small groups")
    tie_fade_shared: float = parameter(0.003, 0, 1, "per week", "assumed", "fading of a tie within a shared small group")
    # community belonging and language
    belonging_rest: float = parameter(0.3, 0, 1, "belonging", "assumed", "level to which belonging declines")
    belonging_decline: float = parameter(
        0.01, 0, 0.5, "per week", "assumed", "decline of belonging", "sign: A21")
    belonging_gain: float = parameter(
        0.02, 0, 1, "per shared activity", "assumed", "shared activity sustains belonging", "sign: A21")
    # community engagement, civic participation, felt stigma, rumours
    engagement_rest: float = parameter(0.2, 0, 1, "engagement", "assumed", "level to which community engagement declines")
    engagement_decline: float = parameter(0.01, 0, 0.5, "per week", "assumed", "decline of engagement", "sign: A21")
    engagement_gain: float = parameter(
        0.05, 0, 1, "per shared activity", "assumed",
        "shared activity in community life (associations and sessions) raises engagement", "sign: A21")
    civic_rest: float = parameter(
        0.5, 0, 1, "participation", "assumed", "civic participation at the start; changed by actions only")
    stigma_rest: float = parameter(0.2, 0, 1, "stigma", "assumed", "resting felt stigma")
    stigma_learning: float = parameter(
        0.02, 0, 1, "per close meeting", "assumed", "negative meetings raise felt stigma", "sign: essay 8")
    stigma_bonding: float = parameter(
        0.1, 0, 5, "close meetings per meeting", "assumed",
        "an own-group meeting in community life lowers felt stigma", "sign: essay 8")
    stigma_drift: float = parameter(0.02, 0, 0.5, "per week", "assumed", "return of felt stigma to rest")
    stigma_anxiety: float = parameter(
        0.2, 0, 1, "anxiety per stigma", "assumed", "felt stigma raises the resting point of anxiety", "sign: essay 8")
    rumour_threat: float = parameter(
        0.2, 0, 1, "threat", "assumed", "believing a hostile rumour raises the resting point of threat",
        "sign: eight things")
    language_gain: float = parameter(
        0.01, 0, 1, "per meeting", "assumed", "learning of the shared language by newcomers", "sign: essays 2 and 4")


#: Largest number of slots in a week: displaced slots are stored as one bit each.
MAX_SLOTS = 32
SettingName = Literal["street", "school", "work", "association", "ties"]
#: Scales at which people can meet in each setting.
SCALES_OF: dict[str, tuple[str, ...]] = {
    "street": ("small_group", "output_area", "neighbourhood", "district"), "school": ("small_group", "mixing_group"),
    "work": ("small_group", "mixing_group"), "association": ("small_group", "mixing_group"), "ties": ("friends",)}


class Conditions(Section):
    """The conditions of a meeting: closeness, whether it can be avoided, and Allport's four conditions."""

    closeness: float = parameter(0.3, 0, 1, "0-1", "assumed", "closeness of a meeting (stored in hundredths)")
    avoidability: float = parameter(1.0, 0, 1, "0-1", "assumed", "how far a meeting can be avoided")
    equal_status: float = parameter(0.5, 0, 1, "0-1", "assumed", "Allport: equal status")
    common_goals: float = parameter(0.3, 0, 1, "0-1", "assumed", "Allport: common goals")
    cooperation: float = parameter(0.3, 0, 1, "0-1", "assumed", "Allport: cooperation")
    support: float = parameter(0.5, 0, 1, "0-1", "assumed", "Allport: institutional support")
    mediator: float = parameter(0.0, 0, 1, "0-1", "assumed", "a mediator is present")
    neutral_ground: float = parameter(0.0, 0, 1, "0-1", "assumed", "the meeting is on neutral ground")


class ContactContext(Conditions):
    """How people meet in one setting at one scale: how often, and under which conditions."""

    setting: SettingName = Field(description="the setting; 'ties' means meetings of friends of two groups")
    scale: Literal["small_group", "mixing_group", "output_area", "neighbourhood", "district", "friends"] = Field(
        description="who can meet: a small group, a mixing group, an area (street) or friends (ties)")
    encounters_per_week: int = parameter(1, 0, 20, "per week", "assumed", "slots: how many times a week pairs are made")
    presence: float = parameter(0.6, 0, 1, "chance", "assumed", "a resident is present in a slot")
    sociable: bool = parameter(True, None, None, "yes/no", "assumed", "sociable people are present more often")


class MixingGroups(Section):
    """Sizes of a setting's mixing groups and small groups, and how the mixing groups are filled."""

    size: int = parameter(30, 4, 2000, "seats", "assumed", "seats of a mixing group, including empty ones")
    small_group: int = parameter(10, 2, 30, "seats", "assumed", "seats of a small group inside a mixing group")
    empty: float = parameter(0.1, 0, 0.9, "share", "assumed", "seats left empty at the start")
    sorting: float = parameter(
        0.2, 0, 1, "share", "assumed", "members who come through their own group's networks")
    local: float = parameter(0.5, 0, 1, "share", "assumed", "members who come from one district rather than from anywhere")


class Settings(Section):
    """Where people meet. In the street, small groups are near neighbours and areas are those of the place."""

    neighbours: int = parameter(12, 2, 30, "seats", "assumed", "seats of a small group of near neighbours")
    school: MixingGroups = Field(default=MixingGroups(size=30, small_group=6, empty=0.1, sorting=0.1, local=1.0))
    work: MixingGroups = Field(default=MixingGroups(size=40, small_group=10, empty=0.1, sorting=0.2, local=0.3))
    association: MixingGroups = Field(default=MixingGroups(size=50, small_group=10, empty=0.1, sorting=0.4, local=0.7))
    contact_contexts: dict[str, ContactContext] = Field(description="how people meet in these settings, by name")

    @model_validator(mode="after")
    def _scales(self) -> Settings:
        for name, context in self.contact_contexts.items():
            allowed = SCALES_OF[context.setting]
            if context.scale not in allowed:
                raise ValueError(f"settings.contact_contexts.{name}.scale={context.scale} does not fit setting "
                                 f"{context.setting}: allowed are {', '.join(allowed)}")
        slots = sum(context.encounters_per_week for context in self.contact_contexts.values())
        if slots > MAX_SLOTS:
            raise ValueError(f"settings.contact_contexts have {slots} encounters_per_week in total; at most {MAX_SLOTS} "
                             f"are allowed")
        return self


class Shock(Section):
    """An event that changes attitudes to one group (A17)."""

    week: int = parameter(0, 0, 5200, "week", "assumed", "when it happens")
    target: str = Field(description="name of the group that is blamed")
    attitude: float = parameter(0.0, 0, 1, "share of the way to -1", "assumed", "fall of attitudes to the target")
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


class Survey(Section):
    """A survey of residents aged 16 and over, before the first week and after the last (the same sample)."""

    size: int = parameter(1000, 0, 1_000_000, "residents", "assumed", "sample size; all residents if there are fewer")
    reliability: float = parameter(
        0.8, 0.05, 1, "share of variance", "assumed",
        "share of an answer's variance that is true: noise has sqrt((1 - r) / r) times the SD of all eligible residents")
    nonresponse: float = parameter(
        0.0, 0, 0.95, "share of the sample", "assumed", "residents who do not answer, at random, the same in each wave")


class ModelParameters(Section):
    """All parameters of a world, apart from its place and seed."""

    residents: Residents = Residents()
    settings: Settings
    psychology: Psychology = Psychology()
    scenario: Scenario = Scenario()
