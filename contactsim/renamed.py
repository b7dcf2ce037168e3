"""Names that a configuration no longer uses, with the names that replace them, and keys that were removed.

A configuration with an old name is refused with one sentence that states the new one, or what to use in place of a key
that was removed. Whatever reads a configuration asks here first: the command line, a user's own files, files of actions
and places, evaluations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_ACTION = r"actions\.[^.]+(\.parts\.[^.]+)*"

#: Section (a regular expression for its key with dots) -> {old key: new key}.
KEYS: dict[str, dict[str, str]] = {
    "": {"keep_history": "cache_burn_in"},
    "settings": {"occasions": "contact_contexts"},
    r"settings\.contact_contexts\.[^.]+": {"among": "scale", "slots": "encounters_per_week"},
    r"settings\.(school|work|association)": {"circle": "small_group"},
    "psychology": {
        "exposure_positive": "negative_exposure_positive", "unequal_standing": "unequal_status",
        "anxiety_disposition": "anxiety_baseline_attitude", "connectedness_rest": "belonging_rest",
        "connectedness_decline": "belonging_decline", "connectedness_gain": "belonging_gain"},
    "residents": {
        "disposition_mean": "baseline_attitude_mean", "disposition_spread": "baseline_attitude_spread",
        "exposure_spread": "negative_exposure_spread", "standing_gap": "status_gap",
        "standing_spread": "status_spread"},
    "scenario": {
        "history": "burn_in", "spin_up_min": "burn_in_min", "spin_up_max": "burn_in_max", "flat": "stationary"},
    "place": {"cell": "output_area_residents", "output_area": "output_area_residents"},
    _ACTION: {
        "willing": "intercept", "friendly": "attitude_coef", "nervous": "anxiety_coef", "connected": "belonging_coef",
        "isolated": "no_outgroup_friend_coef", "found": "recruitment", "again": "interval", "helps": "targets",
        "beside": "also_in_control", "slots": "encounters_per_session", "catches_up": "close_status_gap",
        "protects": "reduce_negative_exposure", "cushions": "dampen_change", "homes": "rehouse", "jobs": "employ"},
    _ACTION + r"\.helpers": {"friendly": "attitude_coef"},
    _ACTION + r"\.phases\.\d+": {"slots": "encounters_per_session", "takes": "displaces", "among": "scale"},
    _ACTION + r"\.gains": {"standing": "status"},
}

#: As KEYS, for keys of the first model that no single key replaces: {removed key: what to use}.
REMOVED: dict[str, dict[str, str]] = {
    "psychology": {
        "tie_cross": "psychology.tie is the rate of ties and psychology.homophily how rarely they cross groups",
        "tie_own": "psychology.tie is the rate of ties and psychology.own_positive the share of good meetings within a "
                   "group",
        "tie_fade_shared": "every tie fades by psychology.tie_fade",
        "threat_level": "psychology.threat_district is the threat from the share of other groups in the district"},
    "evaluation": {
        "items": "each outcome is a survey item, with a number of its own: evaluation.instruments.attitude.items=4",
        "categories": "each outcome is a survey item, with a scale of its own: evaluation.instruments.anxiety.high=7",
        "reliability": "each outcome is a survey item, with a reliability of its own: "
                       "evaluation.instruments.attitude.reliability=0.6"},
    "power": {
        "items": "power.item names the survey item, which has a scale of its own",
        "categories": "power.item names the survey item, which has a scale of its own"},
    r"scenario\.shocks\.[^.]+": {
        "attitude": "dose is what people learn from the event, in close negative hours, and feeling the fall of the "
                    "momentary feeling"}}

#: Old choice of a key -> new one, wherever the new one is allowed: scales, columns, names of configurations.
VALUES = {
    "circle": "small_group", "pool": "mixing_group", "cell": "output_area", "quarter": "district",
    "its_slots": "its_hours", "its_encounters": "its_hours", "connectedness": "belonging",
    "exposure": "negative_exposure", "disposition": "baseline_attitude", "standing": "status",
    "no_history": "no_burn_in", "no_exposure": "no_negative_exposure"}

#: Choices of the first model that were removed: key -> {removed choice: what to use}.
REMOVED_VALUES: dict[str, dict[str, str]] = {
    **{key: {name: f"no shipped item asks for {name}" for name in ("language", "status")} |
       {name: f"no shipped item asks for {name}, but one of your own can measure it (docs/instruments.md)"
        for name in ("stigma", "civic")} for key in ("evaluation.outcomes", "evaluation.mediator")},
    "psychology": {"equal_weight": "both kinds of meetings weigh the same by default, and psychology=unequal_weight "
                                   "lets negative ones weigh more"},
    "settings": {"four_meetings": "settings=default has the whole week"}}

#: As VALUES, for one key alone.
VALUES_OF: dict[str, dict[str, str]] = {
    "scenario.burn_in": {"lived": "true", "none": "false"},
    **{f"evaluation.{key}": {"positive": "good_episodes", "negative": "bad_episodes", "cross_ties": "close_friends"}
       for key in ("outcomes", "mediator", "mediated")}}


def new_key(key: str) -> str | None:
    """The key (with dots) under its present name; None if no part of it was renamed."""
    parts: list[str] = []
    for part in re.sub(r"\[(\d+)\]", r".\1", key).split("."):
        section = ".".join(parts)
        parts.append(next((keys[part] for pattern, keys in KEYS.items()
                           if part in keys and re.fullmatch(pattern, section)), part))
    found = ".".join(parts)
    return found if found != re.sub(r"\[(\d+)\]", r".\1", key) else None


def instead_of(key: str) -> str | None:
    """What to use in place of a removed key (with dots); None for a key that was not removed."""
    section, _, name = key.rpartition(".")
    return next((keys[name] for pattern, keys in REMOVED.items() if name in keys and re.fullmatch(pattern, section)),
                None)


def new_value(key: str, value: object, allowed: Iterable[Any] = ()) -> str | None:
    """The present name of a choice of ``key``; None if it was not renamed, or the new name is not ``allowed``."""
    old = str(value)
    if old in VALUES_OF.get(key, {}):
        return VALUES_OF[key][old]
    new = VALUES.get(old)
    return new if new is not None and new in {str(choice) for choice in allowed} else None


def key_sentence(shown: str, where: str, key: str, value: object = None) -> str | None:
    """The sentence for an old key; None for a key that was neither renamed nor removed.

    ``shown`` is what the user wrote (``key=value``), ``where`` it stands (a file, the command line; "" if unknown).
    """
    given, new, instead = f"'{shown}'{f' ({where})' if where else ''}", new_key(key), instead_of(key)
    if new is None:
        return None if instead is None else f"{given}: the key was removed; {instead}."
    other = new_value(new, value)
    return f"{given}: the key is now {new}{f'={other}' if other else ''}."


def value_sentence(shown: str, where: str, key: str, value: object, allowed: Iterable[Any] = ()) -> str | None:
    """The sentence for an old choice; None for one that is not old. Arguments as in :func:`key_sentence`."""
    given, instead = f"'{shown}'{f' ({where})' if where else ''}", REMOVED_VALUES.get(key, {}).get(str(value))
    if instead is not None:
        return f"{given}: the choice was removed; {instead}."
    new = new_value(key, value, allowed)
    return None if new is None else f"{given}: the value is now {key}={new}."
