"""One seed of a replay along a gradient of diversity: every world of the design, and every outcome's figure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from contactsim.draws import Decision, stream
from contactsim.evidence import unit
from contactsim.evidence.design import Design, Outcome, Sample
from contactsim.evidence.estimands import ESTIMANDS, Case
from contactsim.evidence.observe import Observed, observe
from contactsim.evidence.unit import Lived, Unit
from contactsim.evidence.variants import changed
from contactsim.parameters import ModelParameters
from contactsim.place import Place, synthetic_place
from contactsim.place.coarse import coarsened
from contactsim.storage.identity import canonical_json, code_digest

BASE = unit.BASE
#: Name under which the unit of the place's table is swept.
UNIT = "dissimilarity within units"
#: Name of the shares among a world's readings.
SHARE = "share"
#: Estimands that need no other world beside the one looked at.
ONE_WORLD = ("contact_rise", "elasticity", "mediated", "worst_tenth", "worst_tenth_gradient", "spread_rise")
Worlds = dict[str, dict[float, Observed]]


def made_place(design: Design, share: float, residents: int, seed: int, within: float | None = None) -> Place:
    """The design's place for a share of the minority; ``within`` forgets its cells and makes new ones."""
    place = design.place
    majority, minority = place["groups"]
    made = synthetic_place(f"{design.name} {share:g}", residents, {majority: 1 - share, minority: share},
                           place["dissimilarity"], seed=_place_seed(seed, share), cell=place["cell"])
    return made if within is None else coarsened(made, "block", within, _place_seed(seed, share), place["cell"])


def _place_seed(seed: int, share: float) -> int:
    return int(stream(seed, Decision.PLACE, round(1000 * share)) >> np.uint64(2))


def worlds_of_seed(design: Design, base: ModelParameters, history: str, residents: int, seed: int) -> Worlds:
    """Every world of the design for one seed."""
    worlds: Worlds = {}
    for name in (BASE, *design.worlds):
        parameters = in_history(base, history)
        if name != BASE:
            parameters = changed(parameters, design.worlds[name].set)
        worlds[name] = {
            share: observe(made_place(design, share, residents, seed), parameters, seed, design.weeks)
            for share in (design.gradient if name == BASE else design.worlds[name].at)}
    return worlds


def in_history(base: ModelParameters, history: str) -> ModelParameters:
    """The parameters with one of the design's histories."""
    return changed(base, {"scenario.history": history})


def figure(design: Design, outcome: Outcome, worlds: Worlds, name: str) -> float:
    """The outcome's estimand in one world for one seed."""
    variant = design.worlds.get(name)
    selected = BASE if name == BASE or (variant is not None and variant.select_as_in_base) else name
    seen = worlds[name]
    if name == BASE and outcome.knock_outs:
        # the base is compared with knock-outs at the same shares
        seen = {share: seen[share] for share in design.knock_out_gradient}
    case = Case(seen, worlds[BASE], worlds[selected], worlds["no_contact"], worlds)
    return ESTIMANDS[outcome.estimand](case, **outcome.arguments)


def live_seed(units: Iterable[Unit], design: Design, base: ModelParameters,
              history: str) -> Iterator[tuple[Unit, Lived]]:
    """Live seeds in one history: figures, and each world's readings along the shares."""
    for one in units:
        worlds = worlds_of_seed(design, base, history, one.residents, one.seed)
        figures = {o.id: {name: figure(design, o, worlds, name) for name in (BASE, *o.knock_outs)}
                   for o in design.outcomes}
        yield one, Lived(figures, _arrays(worlds))


def _arrays(worlds: Worlds) -> dict[str, list[float]]:
    arrays = {}
    for world, by_share in worlds.items():
        arrays[f"{world}/{SHARE}"] = list(by_share)
        for name in next(iter(by_share.values())).summary:
            arrays[f"{world}/{name}"] = [observed.summary[name] for observed in by_share.values()]
    return arrays


def readings(lived: Lived, history: str, seed: int) -> list[dict[str, Any]]:
    """A seed's readings, one line for each world and share."""
    worlds: dict[str, dict[str, Sequence[float]]] = {}
    for key, values in lived.arrays.items():
        world, name = key.split("/")
        worlds.setdefault(world, {})[name] = values
    return [{"history": history, "world": world, "share": share, "seed": seed,
             **{name: values[k] for name, values in columns.items() if name != SHARE}}
            for world, columns in worlds.items() for k, share in enumerate(columns[SHARE])]


def alone(design: Design) -> list[Outcome]:
    """The outcomes that one world can tell."""
    return [outcome for outcome in design.outcomes
            if outcome.estimand in ONE_WORLD and outcome.arguments.get("reading") != "effect"]


def live_swept(units: Iterable[Unit], design: Design, base: ModelParameters, path: str,
               value: float | None) -> Iterator[tuple[Unit, Lived]]:
    """Live seeds with one swept number, lived history: figures by outcome."""
    parameters = in_history(base if path == UNIT else changed(base, {path: value}), "lived")
    within = value if path == UNIT else None
    for one in units:
        seen = {share: observe(made_place(design, share, one.residents, one.seed, within), parameters, one.seed,
                               design.weeks) for share in design.knock_out_gradient}
        case = Case(seen, seen, seen, {}, {})
        yield one, Lived({o.id: {BASE: ESTIMANDS[o.estimand](case, **o.arguments)} for o in alone(design)})


def units(design: Design, base: ModelParameters, history: str, sample: Sample) -> list[Unit]:
    """A history's units, one for each seed; claims and bands decide no figure."""
    decides = design.model_dump(mode="json", include={
        "name", "place", "gradient", "weeks", "knock_out_gradient", "worlds"})
    outcomes = [[o.id, o.estimand, o.arguments, sorted(o.knock_outs)] for o in design.outcomes]
    config = canonical_json({"design": decides, "outcomes": outcomes, "parameters": base.model_dump(mode="json"),
                    "history": history})
    return _of_seeds(design, sample, config, {"history": history})


def swept_units(design: Design, base: ModelParameters, path: str, value: float | None, sample: Sample) -> list[Unit]:
    """The units with one swept number, one for each seed."""
    decides = design.model_dump(mode="json", include={"name", "place", "weeks", "knock_out_gradient"})
    outcomes = [[o.id, o.estimand, o.arguments] for o in alone(design)]
    config = canonical_json({"design": decides, "outcomes": outcomes, "parameters": base.model_dump(mode="json"),
                    "swept": [path, value]})
    return _of_seeds(design, sample, config, {"history": "lived", path: value})


def _of_seeds(design: Design, sample: Sample, config: str, point: Mapping[str, Any]) -> list[Unit]:
    seeds = range(design.first_seed, design.first_seed + sample.seeds)
    return [Unit(design.name, seed, sample.residents, config, code_digest(__name__), point) for seed in seeds]
