"""One run of a calibration: a nation with a parameter set, asked and measured as the sources asked and measured.

After the burn-in comes a year with two waves of a survey of the majority aged 16 and over, and beside its first weeks a
twin nation in which an attack happens; then two randomised trials run in the same nation (:mod:`contactsim.trials`).
Numbers of survey items that concern reporting alone (how many contacts are noticed, how unevenly they are reported) are
fitted inside the run, unless they are given.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from contactsim import trials
from contactsim.calibration.design import Fitted, Nation, Target
from contactsim.config.ensemble import INSTRUMENTS, with_instruments, with_values
from contactsim.config.run_config import compose
from contactsim.instruments.base import Instruments
from contactsim.instruments.catalogue import ask, shipped
from contactsim.instruments.contact import ContactFrequency
from contactsim.instruments.states import attitude_now
from contactsim.observers.attitude_panel import AttitudePanel
from contactsim.observers.panel import COUNTED, Panel
from contactsim.parameters import ModelParameters, Shock
from contactsim.place import Place, load_place
from contactsim.residents import SURVEY_AGE, WEEKS_A_YEAR
from contactsim.world import World, world_after_burn_in

Answers = dict[str, NDArray[np.float64]]
Figures = dict[str, float]
#: What a run is measured by.
FIGURES: dict[str, str] = {
    "never": "share never in contact out and about", "rare": "share in contact less than monthly, or never",
    "daily": "share in contact daily", "bad": "share who call this contact bad", "good": "share who call it good",
    "r_frequency": "correlation of attitude with the frequency of contact (square root of days a month)",
    "r_net": "correlation of attitude with net contact (valence times the square root of days a month)",
    "no_close_friend": "share without a close friend in another group",
    "no_friend": "share with nobody of another group in the circle of friends",
    "friends_share": "mean share of other groups among friends", "friends": "mean number of friends",
    "good_to_bad": "good meetings for each bad one, in a year",
    "mean_attitude": "mean attitude, 0 to 10", "sd_attitude": "standard deviation of attitude, 0 to 10",
    "r_anxiety": "correlation of attitude with anxiety", "r_threat": "correlation of attitude with threat",
    "sd_anxiety": "standard deviation of anxiety, share of the scale's length",
    "sd_threat": "standard deviation of threat, share of the scale's length",
    "icc_region": "share of the variance of attitude that lies between regions",
    "stability": "correlation of attitude over a year",
    "moment": "how much warmer a person is in a week with contact, in SD",
    "team": "effect of sixty hours in a mixed team, in SD", "room": "effect of a year in a mixed room, in SD",
    "attack_drop": "fall of attitude in the week of an attack, in SD",
    "attack_half_life": "weeks until half of that fall is gone (at most 8)",
}
#: The attack is that of ``scenario=shock``.
ATTACK = {"dose": 0.25, "feeling": 0.12, "anxiety": 0.05, "threat": 0.05}
ATTACK_WEEKS = 8
#: Items that are asked.
ITEMS = ("contact_frequency", "contact_valence", "close_friends", "circle_of_friends", "attitude", "anxiety", "threat")


def simulate(values: Mapping[str, float], nation: Nation, seed: int, fit: Mapping[str, Fitted] | None = None,
             to: Mapping[str, Target] | None = None) -> Figures:
    """The figures of one run, and under its path each number of an item that was fitted inside it.

    Args:
        values: by dotted path: parameters and, under ``instruments.``, given numbers of items.
        nation: place and burn-in.
        seed: of the run and of the sample of areas.
        fit: numbers of items to be fitted, by path.
        to: targets to which they are fitted, by figure.
    """
    where, parameters = setting(nation, seed, values)
    items = with_instruments({name: one for name, one in shipped().items() if name in ITEMS}, values)
    world, _ = world_after_burn_in(where, parameters, seed, threads=1)
    attacked = _attacked(world, parameters)
    panel, weekly = AttitudePanel(), Panel({WEEKS_A_YEAR}, columns=("attitude",), count=True)
    world.observe(panel)
    world.observe(weekly)
    paths = []
    for week in range(WEEKS_A_YEAR):
        world.step()
        if week < ATTACK_WEEKS:
            attacked.step()
            paths.append(_mean_attitude(attacked) - _mean_attitude(world))
    rows = majority(world)
    fitted = _fit(world, rows, items, fit, to) if fit and to else {}
    items = with_instruments(items, fitted)
    answers = ask(world, rows, items, wave=2)
    spread = float(np.std(attitude_now(world, rows)))
    yearly = panel.result()
    found = asked(answers, items) | _friends(world, rows) | _episodes(weekly, rows) | {
        "icc_region": _between_regions(world, rows, answers["attitude"]), "stability": yearly["stability"],
        "moment": yearly["moment"]} | _attack(np.array(paths) / spread)
    world.observers.clear()
    tried = trials.run(world)
    found |= dict(zip(tried["trial"], tried["effect"].astype(float), strict=True))
    return {name: float(found[name]) for name in FIGURES} | fitted


def majority(world: World) -> NDArray[np.intp]:
    """Rows of the first group aged 16 and over."""
    people = world.people
    return np.flatnonzero(people.active & (people.age >= SURVEY_AGE) & (people.group == 0))


def asked(answers: Answers, items: Instruments) -> Figures:
    """The figures of one wave of answers."""
    frequency, valence, attitude = (answers[name] for name in ("contact_frequency", "contact_valence", "attitude"))
    of_frequency = items["contact_frequency"]
    assert isinstance(of_frequency, ContactFrequency)
    days = np.sqrt(np.asarray(of_frequency.categories.values)[frequency.astype(int)])
    net = np.where(np.isnan(valence), 0.0, np.nan_to_num(valence - 5) * days)
    return {
        "never": float(np.mean(frequency == 0)), "rare": float(np.mean(frequency <= 1)),
        "daily": float(np.mean(frequency == len(of_frequency.categories.names) - 1)),
        "bad": float(np.mean(valence < 5)), "good": float(np.mean(valence > 5)),
        "r_frequency": _correlation(days, attitude), "r_net": _correlation(net, attitude),
        **({"no_close_friend": float(np.mean(answers["close_friends"] == 0)),
            "no_friend": float(np.mean(answers["circle_of_friends"] == 0)),
            "r_anxiety": _correlation(answers["anxiety"], attitude),
            "r_threat": _correlation(answers["threat"], attitude),
            "sd_anxiety": float(np.std(answers["anxiety"])) / _length(items["anxiety"]),
            "sd_threat": float(np.std(answers["threat"])) / _length(items["threat"])} if "anxiety" in answers else {}),
        "mean_attitude": float(np.mean(attitude)), "sd_attitude": float(np.std(attitude))}


# --- parts of a run

def setting(nation: Nation, seed: int, values: Mapping[str, float]) -> tuple[Place, ModelParameters]:
    """The place of a run, and its parameters."""
    base = _base(nation.place, nation.config_dir)
    burn_in = {"scenario.burn_in": True, "scenario.burn_in_min": nation.burn_in,
               "scenario.burn_in_max": nation.burn_in}
    model = {path: value for path, value in values.items() if not path.startswith(INSTRUMENTS)}
    return place(nation.model_dump_json(), seed), with_values(base, {**burn_in, **nation.set, **model})


@lru_cache(maxsize=4)
def _base(place: str, config_dir: str | None) -> ModelParameters:
    return compose([f"place={place}"], config_dir).parameters


@lru_cache(maxsize=8)
def place(nation: str, seed: int) -> Place:
    """The place of a nation (as JSON) for a seed, which also draws the sample of areas."""
    of = Nation.model_validate_json(nation)
    config = compose([f"place={of.place}"], of.config_dir).place
    return load_place({**config, **of.place_set, "seed": seed})


def _attacked(world: World, parameters: ModelParameters) -> World:
    """A copy of a world at week 0 in which an attack happens at once, blamed on the second group."""
    shock = Shock(week=0, target=world.place.groups[1], **ATTACK)
    scenario = parameters.scenario.model_copy(update={"shocks": {"attack": shock}})
    twin = World(world.place, parameters.model_copy(update={"scenario": scenario}), world.seed, threads=1)
    twin.restore({name: array.copy() for name, array in world.arrays().items()})
    return twin


def _mean_attitude(world: World) -> float:
    return float(np.mean(attitude_now(world, majority(world))))


def _attack(path: NDArray[np.float64]) -> Figures:
    """The drop in the first week, and the weeks until half of it is gone, from differences by week in SD."""
    drop = -path[0]
    below = np.flatnonzero(-path <= drop / 2)
    if drop <= 0 or not below.size:
        return {"attack_drop": float(drop), "attack_half_life": float(ATTACK_WEEKS)}
    week, (before, after) = below[0], -path[below[0] - 1:below[0] + 1]
    return {"attack_drop": float(drop), "attack_half_life": float(week - (drop / 2 - after) / (before - after))}


def _friends(world: World, rows: NDArray[np.intp]) -> Figures:
    friends = world.people.friends[rows].astype(float)
    there = friends > 0
    others = world.people.cross_friends[rows][there] / friends[there]
    return {"friends_share": float(np.mean(others)), "friends": float(np.mean(friends))}


def _episodes(weekly: Panel, rows: NDArray[np.intp]) -> Figures:
    kinds = dict(zip(COUNTED, weekly.meetings[WEEKS_A_YEAR][rows].sum(axis=0).tolist(), strict=True))
    return {"good_to_bad": (kinds["positive"] + 0.5) / (kinds["negative"] + 0.5)}


def _between_regions(world: World, rows: NDArray[np.intp], attitude: NDArray[np.float64]) -> float:
    """Intraclass correlation from a one-way analysis of variance; 0 where there is one region only."""
    region = world.place.levels[-1].area_of_output_area[world.people.output_area[rows]]
    number = np.bincount(region)
    groups = np.count_nonzero(number)
    if groups < 2:
        return 0.0
    mean = np.bincount(region, attitude) / np.maximum(number, 1)
    between = float(np.sum(number * (mean - attitude.mean()) ** 2)) / (groups - 1)
    within = float(np.sum((attitude - mean[region]) ** 2)) / (attitude.size - groups)
    size = (attitude.size - float(np.sum(number**2)) / attitude.size) / (groups - 1)
    return (between - within) / (between + (size - 1) * within)


def _correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    if one.std() < 1e-12 or other.std() < 1e-12:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def _length(item: Any) -> float:
    return float(item.high - item.low)


# --- numbers of items that are fitted inside a run

def _fit(world: World, rows: NDArray[np.intp], items: Instruments, fit: Mapping[str, Fitted],
         to: Mapping[str, Target]) -> dict[str, float]:
    """The numbers of items with the smallest sum of squared deviations from targets, in half widths of their intervals.

    Nelder-Mead on the log scale from the same start in every run.
    """
    some = {name: items[name] for name in ("contact_frequency", "contact_valence", "attitude")}
    paths = list(fit)
    low, high = (np.log([getattr(one, end) for one in fit.values()]) for end in ("low", "high"))
    start = np.log([one.start for one in fit.values()])

    def loss(x: NDArray[np.float64]) -> float:
        inside = np.clip(x, low, high)
        changed = with_instruments(some, dict(zip(paths, np.exp(inside).tolist(), strict=True)))
        found = asked(ask(world, rows, changed, wave=2), changed)
        deviation = sum(min(((found[name] - one.value) / ((one.high - one.low) / 2)) ** 2, 100.0)
                        for name, one in to.items())
        return float(deviation + 100.0 * np.sum((x - inside) ** 2))

    best = minimize(loss, start, method="Nelder-Mead", options={
        "maxfev": 90, "initial_simplex": start + np.vstack([np.zeros(start.size), 0.4 * np.eye(start.size)]),
        "xatol": 0.01, "fatol": 0.02})
    return dict(zip(paths, np.exp(np.clip(best.x, low, high)).tolist(), strict=True))
