"""One seed of a replay along a gradient of diversity: every world of the design, and every outcome's figure."""

from __future__ import annotations

import inspect
from pathlib import Path

import numpy as np

from contactsim.draws import Decision, stream
from contactsim.evidence import estimands, unit
from contactsim.evidence import observe as observing
from contactsim.evidence.design import Design, Outcome, Sample
from contactsim.evidence.estimands import ESTIMANDS, Case
from contactsim.evidence.observe import Observed, observe
from contactsim.evidence.variants import changed
from contactsim.lab.provenance import digest_of, model_digest
from contactsim.parameters import ModelParameters
from contactsim.place import Place, synthetic_place
from contactsim.place.coarse import coarsened

BASE = unit.BASE
#: Name under which the unit of the place's table is swept.
UNIT = "dissimilarity within units"
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


def worlds_of_seed(design: Design, base: ModelParameters, history: str, sample: Sample, seed: int) -> Worlds:
    """Every world of the design for one seed."""
    worlds: Worlds = {}
    for name in (BASE, *design.worlds):
        parameters = in_history(base, history)
        if name != BASE:
            parameters = changed(parameters, design.worlds[name].set)
        worlds[name] = {
            share: observe(made_place(design, share, sample.residents, seed), parameters, seed, design.weeks)
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


def live_seed(store: str, design: Design, base: ModelParameters, history: str, sample: Sample, seed: int,
              name: str) -> None:
    """Live a seed in one history and keep its figures and readings in a store."""
    worlds = worlds_of_seed(design, base, history, sample, seed)
    figures = {o.id: {name: figure(design, o, worlds, name) for name in (BASE, *o.knock_outs)}
               for o in design.outcomes}
    readings = [{"history": history, "world": world, "share": share, "seed": seed, **observed.summary}
                for world, by_share in worlds.items() for share, observed in by_share.items()]
    unit.keep(Path(store), name, {"figures": figures, "readings": readings})


def alone(design: Design) -> list[Outcome]:
    """The outcomes that one world can tell."""
    return [outcome for outcome in design.outcomes
            if outcome.estimand in ONE_WORLD and outcome.arguments.get("reading") != "effect"]


def live_swept(store: str, design: Design, base: ModelParameters, path: str, value: float | None, sample: Sample,
               seed: int, name: str) -> None:
    """Live a seed with one swept number, lived history, and keep its figures by outcome in a store."""
    parameters = in_history(base if path == UNIT else changed(base, {path: value}), "lived")
    within = value if path == UNIT else None
    seen = {share: observe(made_place(design, share, sample.residents, seed, within), parameters, seed, design.weeks)
            for share in design.knock_out_gradient}
    case = Case(seen, seen, seen, {}, {})
    unit.keep(Path(store), name, {o.id: ESTIMANDS[o.estimand](case, **o.arguments) for o in alone(design)})


def swept_name(design: Design, base: ModelParameters, path: str, value: float | None, sample: Sample,
               seed: int) -> str:
    """Digest of everything that decides a seed's figures with one swept number."""
    decides = design.model_dump(mode="json", include={"name", "place", "weeks", "knock_out_gradient"})
    outcomes = [[o.id, o.estimand, o.arguments] for o in alone(design)]
    sources = [inspect.getsource(what) for what in (estimands, observing, live_swept)]
    return digest_of([decides, outcomes, base.model_dump(mode="json"), path, value, sample.residents, seed,
                      model_digest(), sources])


def name_of(design: Design, base: ModelParameters, history: str, sample: Sample, seed: int) -> str:
    """Digest of everything that decides a seed's figures; claims and bands do not."""
    decides = design.model_dump(mode="json", include={
        "name", "place", "gradient", "weeks", "knock_out_gradient", "worlds"})
    outcomes = [[o.id, o.estimand, o.arguments, sorted(o.knock_outs)] for o in design.outcomes]
    sources = [inspect.getsource(what) for what in (estimands, observing, figure)]
    return digest_of([decides, outcomes, base.model_dump(mode="json"), history, sample.residents, seed,
                      model_digest(), sources])
