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

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

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


class MisconfiguredError(ValueError):
    """An invalid field of a section that was chosen by name, with its key, until the caller can name the file that it comes from."""

    def __init__(self, key: str, model: type[Section], error: ValidationError) -> None:
        super().__init__(f"{key} is not allowed")
        self.key, self.model, self.error = key, model, error


def parameter(default: Any, low: float | None, high: float | None, unit: str, role: Role, text: str,
              source: str = "none", prior: tuple[float, float] | None = None, off: float | None = None) -> Any:
    """A field with its range [low, high], unit, role, source and one line of explanation.

    ``prior`` is the range that is thought plausible, from which calibration draws (None: not varied). ``off`` is the
    value that switches the mechanism off (None: the parameter switches nothing).
    """
    extra: dict[str, Any] = {"unit": unit, "role": role, "source": source}
    extra |= {} if prior is None else {"prior": list(prior)}
    extra |= {} if off is None else {"off": off}
    return Field(default=default, ge=low, le=high, description=text, json_schema_extra=extra)


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


class Psychology(Section):
    """How people take up, experience and learn from meetings. All are numbers, so that kernels can take them as a tuple.

    Base odds are those of two people with neutral attitude, resting anxiety and threat, average negative exposure, a
    shared language and equal status, under conditions of one half. Experience is measured in close hours: closeness of
    a meeting times its hours of company.
    """

    # presence in contexts that depend on sociability
    presence_age: float = parameter(
        1.0, 0, 1.5, "share", "assumed",
        "how far presence in leisure falls with age: from 1.2 of the mean at 16-30 evenly to .55 at 75",
        "diary: contacts by age (POLYMOD)", prior=(0.5, 1.2), off=0.0)
    seeking: float = parameter(
        2.5, 0, 3, "per attitude and share", "assumed",
        "liking raises presence where members of the other group are", "sign: self-selection into contact (A9, A22)",
        prior=(0.0, 3.0), off=0.0)
    # take-up of a meeting that can be avoided: odds = exp(take_up_base + both people's terms)
    take_up_base: float = parameter(
        0.5, -5, 5, "log odds", "assumed", "take-up of two neutral people", prior=(-0.5, 1.5))
    take_up_attitude: float = parameter(
        1.3, 0, 5, "log odds per attitude", "assumed", "liking raises each side's take-up", "sign: A22",
        prior=(0.0, 2.5), off=0.0)
    take_up_anxiety: float = parameter(
        1.0, 0, 5, "log odds per anxiety", "assumed", "anxiety above rest lowers each side's take-up",
        "sign: A22, essay 6", off=0.0)
    take_up_sociability: float = parameter(
        0.2, 0, 3, "log odds per sociability", "assumed", "people more sociable than the mean (1) take up more", off=0.0)
    take_up_language: float = parameter(
        1.0, 0, 5, "log odds per confidence", "assumed", "a missing shared language lowers take-up", off=0.0)
    # valence, drawn for each side: odds against neutral
    positive_base: float = parameter(
        2.5, -6, 4, "log odds", "calibrated", "positive against neutral, for two neutral people",
        "survey: share of good contact (T13)", prior=(0.0, 3.0))
    negative_base: float = parameter(
        0.8, -30, 4, "log odds", "calibrated", "negative against neutral, for two neutral people",
        "event records: good to bad (T14)", prior=(-2.5, 1.0))
    appraisal: float = parameter(
        0.5, 0, 5, "log odds per attitude", "calibrated",
        "self-confirming appraisal: liking raises positive and lowers negative odds",
        "survey: r of attitude with net contact (T16), against trials (T19, T20)", prior=(0.0, 2.5), off=0.0)
    appraisal_own: float = parameter(
        0.75, 0, 1, "share", "assumed", "weight of one's own attitude in the appraisal; the partner's has the rest")
    appraisal_anxiety: float = parameter(
        0.5, 0, 5, "log odds per anxiety", "assumed", "anxiety above rest lowers positive, raises negative odds",
        "sign: essay 6", off=0.0)
    appraisal_threat: float = parameter(
        1.6, 0, 20, "log odds per threat", "assumed", "threat above rest raises negative odds", "sign: A15, A16",
        prior=(0.0, 4.0), off=0.0)
    negative_exposure_positive: float = parameter(
        0.35, 0, 1, "log odds per negative exposure", "assumed", "negative exposure lowers positive odds",
        prior=(0.1, 1.0), off=0.0)
    conditions_positive: float = parameter(
        1.0, 0, 5, "log odds, none to all conditions", "assumed", "Allport's conditions raise positive odds", "sign: A1",
        off=0.0)
    conditions_negative: float = parameter(
        1.0, 0, 5, "log odds, none to all conditions", "assumed", "Allport's conditions lower negative odds", "sign: A1",
        off=0.0)
    mediator: float = parameter(
        1.0, 0, 5, "log odds", "assumed", "a mediator lowers negative odds", "sign: essay 3", off=0.0)
    neutral_ground: float = parameter(
        0.3, 0, 5, "log odds", "assumed", "neutral ground raises take-up and lowers negative odds",
        "sign: essays 2 and 5", off=0.0)
    unequal_status: float = parameter(
        1.0, 0, 10, "per status", "assumed",
        "negative odds rise by this times the gap in status where status is not equal", "sign: essay 10", off=0.0)
    inward_norms: float = parameter(
        0.5, 0, 5, "log odds per attitude", "assumed", "warm norms around lower negative odds, cold ones raise them",
        off=0.0)
    common_identity: float = parameter(
        0.5, 0, 5, "log odds per belonging", "assumed",
        "belonging to the place raises positive and lowers negative odds", "sign: essay 7", off=0.0)
    # learning
    negative_weight: float = parameter(
        1.0, 0, 8, "ratio", "contested",
        "weight of a negative against a positive meeting (literature 1.0 to 2.5)", "A9, A11; against them A11b",
        prior=(0.8, 2.5), off=0.0)
    prior_weight: float = parameter(
        11.0, 0.5, 2000, "close hours", "calibrated", "weight of the baseline attitude as experience (k of the gain)",
        "trials: effects of hours in mixed company (T19, T20)", prior=(1.5, 60.0))
    age_stability: float = parameter(
        0.5, 0, 5, "per 20 years", "assumed", "growth of prior_weight with each 20 years over 20", "sign: A25", off=0.0)
    familiarity: float = parameter(
        15.0, 0, 1000, "hours", "assumed",
        "hours with the same small group after which an hour teaches half of what the first did; 0: always the same",
        "sign: trials of few and of many hours have like effects (A3, A4, T19, T20)", prior=(5.0, 40.0), off=0.0)
    friend_weight: float = parameter(
        0.4, 0, 1, "share", "assumed", "what an hour with a friend teaches of the group, against one with somebody new",
        prior=(0.02, 0.5))
    forgetting: float = parameter(
        0.034, 0, 0.5, "per week", "assumed", "forgetting of experience", prior=(0.003, 0.04), off=0.0)
    recall: float = parameter(
        0.1, 0.005, 1, "per week", "assumed", "decay of the contact that a resident is used to")
    drift: float = parameter(
        0.02, 0, 0.5, "per week", "assumed", "return of attitude to its resting point", prior=(0.004, 0.05), off=0.0)
    wandering_memory: float = parameter(
        70.0, 1, 5200, "weeks", "calibrated", "relaxation time of the wandering part of the resting point",
        "panel: stability over one and four years", prior=(20.0, 260.0))
    feeling_gain: float = parameter(
        0.21, 0, 2, "attitude", "calibrated",
        "how far a week's meetings, beyond what one is used to, move the momentary feeling towards a group",
        "experience sampling: rise after a meeting (T21)", prior=(0.06, 0.8), off=0.0)
    feeling_half_life: float = parameter(
        1.2, 0.1, 52, "weeks", "calibrated", "half-life of the momentary feeling",
        "quasi-experiments: attitudes recover within weeks of an attack (T24)", prior=(1.0, 4.0))
    transfer: float = parameter(
        0.2, 0, 1, "share", "assumed", "secondary transfer: experience with one group that counts for another",
        "sign: A23b", off=0.0)
    extended: float = parameter(
        0.07, 0, 3, "close hours per week", "assumed",
        "extended contact: having an own-group friend with a friend in that group", "sign: A23", off=0.0)
    norms: float = parameter(
        0.003, 0, 0.5, "per week", "assumed", "pull to the own group's local mean attitude", "A23b", off=0.0)
    # intergroup anxiety
    anxiety_rest: float = parameter(0.35, 0, 1, "anxiety", "assumed", "resting intergroup anxiety of a neutral person")
    anxiety_baseline_attitude: float = parameter(
        0.37, 0, 1, "anxiety per attitude", "assumed", "warmer baseline attitudes rest at less anxiety",
        prior=(0.0, 0.5), off=0.0)
    anxiety_learning: float = parameter(
        0.02, 0, 1, "per close hour", "assumed", "learning of anxiety", "sign: A19", off=0.0)
    anxiety_drift: float = parameter(0.01, 0, 0.5, "per week", "assumed", "return of anxiety to rest", off=0.0)
    # perceived threat
    threat_rest: float = parameter(0.3, 0, 1, "threat", "assumed", "resting perceived threat")
    threat_baseline_attitude: float = parameter(
        0.2, 0, 1, "threat per attitude", "assumed", "warmer baseline attitudes rest at less threat", off=0.0)
    threat_district: float = parameter(
        0.1, 0, 2, "threat per share", "assumed",
        "threat of the first group from the share of other groups in the district (surveys asked the majority)",
        "sign: A15, A16, A26 (level at a wider scale than that of contact)", prior=(0.0, 1.0), off=0.0)
    threat_change: float = parameter(
        2.0, 0, 10, "threat per share gained in a year", "assumed", "threat from a fast rise of the local share",
        "sign: A26", off=0.0)
    threat_learning: float = parameter(
        0.02, 0, 1, "per close hour", "assumed", "learning of threat", "sign: A16", off=0.0)
    threat_drift: float = parameter(0.02, 0, 0.5, "per week", "assumed", "return of threat to rest", off=0.0)
    threat_attitude: float = parameter(
        1.1, 0, 2, "attitude per threat", "assumed", "threat above rest lowers the attitude's resting point",
        "sign: A16", prior=(0.05, 2.0), off=0.0)
    # ties
    tie: float = parameter(
        3.0, 0, 20, "per close hour", "assumed",
        "rate of ties in close hours that were good for both, but for those in public",
        "survey: number of friends")
    own_positive: float = parameter(
        0.4, 0, 1, "chance", "calibrated", "a meeting within a group is good for both (its valence is not drawn)",
        "survey: number of friends", prior=(0.1, 0.9))
    homophily: float = parameter(
        1.0, 0.1, 20, "ratio", "calibrated",
        "how much less likely good hours make a tie across groups than within one",
        "survey: no friend in another group (T09, T10)", prior=(0.1, 4.0))
    tie_further: float = parameter(
        0.54, 0, 1, "share", "calibrated",
        "chance of a further friend in a group where one has a friend already, against the first (each side)",
        "survey: how evenly such friends are spread (T09, T10)", prior=(0.03, 1.0), off=1.0)
    tie_limit: float = parameter(
        26.0, 1, 1000, "friends", "calibrated",
        "number of friends at which a person makes no further one; the chance falls evenly to it (each side)",
        "survey: number of friends", prior=(16.0, 32.0), off=1000.0)
    tie_fade: float = parameter(
        0.0022, 0, 1, "per week", "assumed", "fading of a tie", "about 10 % of friends replaced in a year", off=0.0)
    # community belonging and language
    belonging_rest: float = parameter(0.3, 0, 1, "belonging", "assumed", "level to which an adult's belonging declines")
    belonging_childhood: float = parameter(
        0.4, 0, 1, "belonging", "assumed", "how much higher that level is at five; it falls evenly to nothing at sixteen",
        "sign: A21 (control schools fall)", prior=(0.3, 0.5), off=0.0)
    belonging_decline: float = parameter(
        0.01, 0, 0.5, "per week", "assumed", "decline of belonging", "sign: A21", off=0.0)
    belonging_gain: float = parameter(
        0.01, 0, 1, "per hour of shared activity", "assumed", "shared activity sustains belonging", "sign: A21", off=0.0)
    belonging_everyday: float = parameter(
        0.1, 0, 1, "share", "assumed",
        "share of shared activity outside community life (class, team, street) that sustains belonging to the place",
        "sign: A21 (control schools fall)")
    # community engagement, civic participation, felt stigma, rumours
    engagement_rest: float = parameter(0.2, 0, 1, "engagement", "assumed", "level to which community engagement declines")
    engagement_decline: float = parameter(
        0.01, 0, 0.5, "per week", "assumed", "decline of engagement", "sign: A21", off=0.0)
    engagement_gain: float = parameter(
        0.015, 0, 1, "per hour of shared activity", "assumed",
        "shared activity in community life (associations and sessions) raises engagement", "sign: A21", off=0.0)
    civic_rest: float = parameter(
        0.5, 0, 1, "participation", "assumed", "civic participation at the start; changed by actions only")
    stigma_rest: float = parameter(0.2, 0, 1, "stigma", "assumed", "resting felt stigma")
    stigma_learning: float = parameter(
        0.0055, 0, 1, "per close hour", "assumed", "negative meetings raise felt stigma", "sign: essay 8", off=0.0)
    stigma_bonding: float = parameter(
        0.4, 0, 15, "close hours per meeting", "assumed",
        "an own-group meeting in community life lowers felt stigma", "sign: essay 8", off=0.0)
    stigma_drift: float = parameter(0.02, 0, 0.5, "per week", "assumed", "return of felt stigma to rest", off=0.0)
    stigma_anxiety: float = parameter(
        0.2, 0, 1, "anxiety per stigma", "assumed", "felt stigma raises the resting point of anxiety", "sign: essay 8",
        off=0.0)
    rumour_threat: float = parameter(
        0.2, 0, 1, "threat", "assumed", "believing a hostile rumour raises the resting point of threat",
        "sign: eight things", off=0.0)
    language_gain: float = parameter(
        0.01, 0, 1, "per close hour", "assumed", "learning of the shared language by newcomers",
        "sign: essays 2 and 4", off=0.0)


#: Largest number of slots in a week: displaced slots are stored as one bit each.
MAX_SLOTS = 32
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
        slots = sum(context.encounters_per_week for context in self.contact_contexts.values())
        if slots > MAX_SLOTS:
            raise ValueError(f"settings.contact_contexts have {slots} encounters_per_week in total; at most {MAX_SLOTS} "
                             f"are allowed")
        return self


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
