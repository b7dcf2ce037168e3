"""The parameters of the psychology, each with default, range, unit, role, source, prior range and switch."""

from __future__ import annotations

from contactsim.section import Section, parameter


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
