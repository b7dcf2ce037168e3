"""Tasks of the executor: one seed of a finding. Each world is simulated once, and all figures are computed from it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version
from platform import platform, python_version
from typing import Any

from contactsim.compiled import sources_digest
from contactsim.evidence import asked, asked_people, effects, programmes, relations
from contactsim.evidence.design import BASE, Finding, KnockOut, Outcome, WorldDesign
from contactsim.evidence.effects import Worlds
from contactsim.evidence.panel import PanelData
from contactsim.evidence.worlds import BurnIns, complete_design, key_of, knocked_out, simulate
from contactsim.parameters import ModelParameters
from contactsim.runs.task import Task
from contactsim.storage.identity import canonical_json, code_digest, digest_of
from contactsim.storage.results import LEDGER, TaskOutput

ESTIMANDS: dict[str, Callable[..., float]] = {
    **effects.ESTIMANDS, **relations.ESTIMANDS, **asked.ESTIMANDS, **asked_people.ESTIMANDS, **programmes.ESTIMANDS}
#: Estimand of a figure minus the same figure under a knock-out.
DIFFERENCE = "difference_from_knock_out"
#: {outcome: {base or knock-out: figure}}
Figures = dict[str, dict[str, float]]
#: Memory for the data of the worlds of one seed.
MOST_BYTES = 1_500_000_000
#: Separates the outcome from the arm in the name of a stored number; the name of an arm does not contain it.
_SEPARATOR = "/"


@dataclass
class SimulatedWorlds:
    """The worlds of one seed, each simulated once, as long as there is room for them in memory."""

    base: ModelParameters
    seed: int
    burn_ins: BurnIns = field(default_factory=BurnIns)
    simulated: OrderedDict[str, PanelData] = field(default_factory=OrderedDict)

    def data(self, world: WorldDesign, residents: int) -> PanelData:
        """The data of a world, which is simulated on the first call; those not used for longest make room."""
        key = key_of(world, residents)
        if key not in self.simulated:
            self.simulated[key] = simulate(world, self.base, residents, self.seed, self.burn_ins)
            while len(self.simulated) > 1 and sum(one.nbytes for one in self.simulated.values()) > MOST_BYTES:
                self.simulated.popitem(last=False)
        self.simulated.move_to_end(key)
        return self.simulated[key]


def figures(finding: Finding, simulated: SimulatedWorlds, residents: int) -> Figures:
    """The figures of all outcomes in the base worlds and under each of their knock-outs."""
    outcomes = {outcome.id: outcome for outcome in finding.outcomes}
    found: Figures = {}
    for alternative in (None, *finding.alternatives):
        here = finding.under(alternative)
        base = _Arm(here, None, simulated, residents, None)
        arms = {name: _Arm(here, knock_out, simulated, residents, base)
                for name, knock_out in here.knock_outs.items()}
        of_alternative = [outcome for outcome in here.outcomes if outcome.alternative == alternative]
        found |= {outcome.id: {} for outcome in of_alternative}
        for name, arm in ((BASE, base), *arms.items()):  # arm by arm, so that few worlds are needed at once
            for outcome in of_alternative:
                if name == BASE or name in here.knock_outs_of(outcome):
                    found[outcome.id][name] = _figure(outcome, outcomes, arm, arms)
    return found


class _Arm:
    """The base worlds of a finding, or its worlds under a knock-out; simulated on first use."""

    def __init__(self, finding: Finding, knock_out: KnockOut | None, simulated: SimulatedWorlds, residents: int,
                 base: _Arm | None) -> None:
        self.designs = finding.worlds if knock_out is None else {
            name: knocked_out(world, name, knock_out) for name, world in finding.worlds.items()}
        self.no_reach = knock_out is not None and bool(knock_out.no_reach)
        worlds = _LazyWorlds(self.designs, simulated, residents)
        from_base = base is not None and knock_out is not None and knock_out.subgroup_from_base
        self.case: Worlds = Worlds(worlds, base.case.worlds if base is not None and from_base else worlds)


class _LazyWorlds(Mapping[str, PanelData]):
    """Data of worlds by name; a world is simulated when it is looked up."""

    def __init__(self, designs: Mapping[str, WorldDesign], simulated: SimulatedWorlds, residents: int) -> None:
        self.designs, self.simulated, self.residents = designs, simulated, residents

    def __getitem__(self, name: str) -> PanelData:
        return self.simulated.data(self.designs[name], self.residents)

    def __iter__(self) -> Any:
        return iter(self.designs)

    def __len__(self) -> int:
        return len(self.designs)


def _figure(outcome: Outcome, outcomes: Mapping[str, Outcome], arm: _Arm, arms: Mapping[str, _Arm]) -> float:
    if outcome.estimand != DIFFERENCE:
        return ESTIMANDS[outcome.estimand](arm.case, **outcome.arguments)
    of = outcomes[outcome.arguments["outcome"]]
    # if no action has any reach, the knock-out has nothing to switch off: the difference is taken from the arm itself
    other = arm if arm.no_reach else arms[outcome.arguments["knock_out"]]
    return _figure(of, outcomes, arm, arms) - _figure(of, outcomes, other, arms)


def of_seeds(finding: Finding, base: ModelParameters, residents: int, seeds: Iterable[int]) -> list[Task]:
    """A finding's tasks, one for each seed.

    Their identity is a digest of everything that determines the figures: worlds with their places and actions,
    outcomes, parameters and code. Claims and acceptance intervals do not change it.
    """
    config = canonical_json({
        "worlds": {name: complete_design(world) for name, world in finding.worlds.items()},
        "knock_outs": {name: one.model_dump(mode="json", exclude={"text", "mechanism"})
                       for name, one in finding.knock_outs.items()},
        "alternatives": {name: one.set for name, one in finding.alternatives.items()},
        "outcomes": [[one.id, one.estimand, one.arguments, sorted(finding.knock_outs_of(one)), one.alternative]
                     for one in finding.outcomes],
        "parameters": base.model_dump(mode="json")})
    code, parameters = code_digest(__name__), base.model_dump_json()
    payload = {"finding": finding.model_dump_json(), "parameters": parameters, "residents": residents}
    facts = {"measure": LEDGER, "model": code, "residents": residents, "config": config,
             "labels": canonical_json({"finding": finding.id})}
    return [Task(digest_of([finding.id, seed, residents, config, code]), f"{__name__}:{Replication.__name__}",
                 {**payload, "seed": seed}, {**facts, "seed": seed}, [__name__], code,
                 group=digest_of([parameters, seed])) for seed in seeds]


class Replication:
    """Computes figures; holds the worlds of the last seed in memory (a :class:`contactsim.runs.task.Runner`)."""

    def __init__(self, store: object = None) -> None:
        self._simulated: tuple[str, SimulatedWorlds] | None = None

    def run(self, payload: Mapping[str, Any], facts: dict[str, Any]) -> TaskOutput:
        """The figures of one seed of a finding; findings of one seed share their worlds and burn-ins."""
        key = f"{payload['seed']} {payload['parameters']}"
        if self._simulated is None or self._simulated[0] != key:
            base = ModelParameters.model_validate_json(payload["parameters"])
            self._simulated = key, SimulatedWorlds(base, payload["seed"])
        facts["provenance"] = {"contactsim": version("contactsim"), "kernels": sources_digest(),
                               "python": python_version(), "platform": platform()}
        finding = _finding(payload["finding"])
        return TaskOutput(numbers=numbers_of(figures(finding, self._simulated[1], payload["residents"])))


@lru_cache(maxsize=64)
def _finding(text: str) -> Finding:
    return Finding.model_validate_json(text)


def numbers_of(figures: Figures) -> dict[str, float]:
    """Figures as named numbers, ``OUTCOME/ARM``."""
    return {f"{outcome}{_SEPARATOR}{arm}": value for outcome, arms in figures.items() for arm, value in arms.items()}


def figures_of(numbers: Mapping[str, float]) -> Figures:
    """Figures from the named numbers of :func:`numbers_of`."""
    figures: Figures = {}
    for name, value in numbers.items():
        outcome, _, arm = name.rpartition(_SEPARATOR)
        figures.setdefault(outcome, {})[arm] = value
    return figures
