"""One seed of the ledger: the worlds of its findings are lived once each and every figure is read off them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version
from platform import platform, python_version
from typing import Any

from contactsim.compiled import sources_digest
from contactsim.evidence import descriptions, effects, relations
from contactsim.evidence.effects import Worlds
from contactsim.evidence.ledger import Finding, KnockOut, Row, WorldDesign
from contactsim.evidence.panel import Seen
from contactsim.evidence.worlds import BurnIns, decides, key_of, knocked, see
from contactsim.parameters import ModelParameters
from contactsim.runs.task import Task
from contactsim.storage.identity import canonical_json, code_digest, digest_of
from contactsim.storage.results import LEDGER, TaskOutput

#: Name of a finding's own worlds among its knock-outs.
BASE = "base"
ESTIMANDS: dict[str, Callable[..., float]] = {**effects.ESTIMANDS, **relations.ESTIMANDS,
                                               **descriptions.ESTIMANDS}
#: Estimand that takes one figure less the same with a knock-out.
AGAINST = "against_knock_out"
#: {row: {base or knock-out: figure}}
Figures = dict[str, dict[str, float]]
#: Between a row and its side in the name of a stored number; no name of a side has it.
_BETWEEN = "/"


@dataclass
class Lives:
    """Worlds of one seed, each lived once."""

    base: ModelParameters
    seed: int
    burn_ins: BurnIns = field(default_factory=BurnIns)
    seen: dict[str, Seen] = field(default_factory=dict)

    def see(self, world: WorldDesign, residents: int) -> Seen:
        """A world as it was seen."""
        key = key_of(world, residents)
        if key not in self.seen:
            self.seen[key] = see(world, self.base, residents, self.seed, self.burn_ins)
        return self.seen[key]


def figures(finding: Finding, lives: Lives, residents: int) -> Figures:
    """Every row's figure in the finding's own worlds and with each of its knock-outs."""
    rows = {row.id: row for row in finding.outcomes}
    found: Figures = {}
    for alternative in (None, *finding.alternatives):
        here = finding.under(alternative)
        own = _Side(here, None, lives, residents, None)
        sides = {name: _Side(here, knock_out, lives, residents, own) for name, knock_out in here.knock_outs.items()}
        found |= {row.id: {name: _figure(row, rows, side, sides) for name, side in ((BASE, own), *sides.items())
                           if name == BASE or name in row.knock_outs}
                  for row in here.outcomes if row.alternative == alternative}
    return found


class _Side:
    """The worlds of a finding as they are, or with something switched off; lived when first asked for."""

    def __init__(self, finding: Finding, knock_out: KnockOut | None, lives: Lives, residents: int,
                 own: _Side | None) -> None:
        self.designs = finding.worlds if knock_out is None else {
            name: knocked(world, name, knock_out) for name, world in finding.worlds.items()}
        self.no_reach = knock_out is not None and bool(knock_out.no_reach)
        worlds = _Lazy(self.designs, lives, residents)
        as_in_base = own is not None and knock_out is not None and knock_out.select_as_in_base
        self.case: Worlds = Worlds(worlds, own.case.worlds if own is not None and as_in_base else worlds)


class _Lazy(Mapping[str, Seen]):
    """Worlds by name, lived when looked at."""

    def __init__(self, designs: Mapping[str, WorldDesign], lives: Lives, residents: int) -> None:
        self.designs, self.lives, self.residents = designs, lives, residents

    def __getitem__(self, name: str) -> Seen:
        return self.lives.see(self.designs[name], self.residents)

    def __iter__(self) -> Any:
        return iter(self.designs)

    def __len__(self) -> int:
        return len(self.designs)


def _figure(row: Row, rows: Mapping[str, Row], side: _Side, sides: Mapping[str, _Side]) -> float:
    if row.estimand != AGAINST:
        return ESTIMANDS[row.estimand](side.case, **row.arguments)
    of = rows[row.arguments["of"]]
    # where no action has any reach there is nothing to switch off: the figure is held against itself
    other = side if side.no_reach else sides[row.arguments["knock_out"]]
    return _figure(of, rows, side, sides) - _figure(of, rows, other, sides)


def of_seeds(finding: Finding, base: ModelParameters, residents: int, seeds: Iterable[int]) -> list[Task]:
    """A finding's tasks, one for each seed. Their identity is the digest of all that decides the figures: worlds with
    their places and actions, rows, parameters, and code; claims and bands do not."""
    config = canonical_json({
        "worlds": {name: decides(world) for name, world in finding.worlds.items()},
        "knock_outs": {name: one.model_dump(mode="json", exclude={"text"}) for name, one in finding.knock_outs.items()},
        "alternatives": {name: one.set for name, one in finding.alternatives.items()},
        "rows": [[row.id, row.estimand, row.arguments, sorted(row.knock_outs), row.alternative]
                 for row in finding.outcomes],
        "parameters": base.model_dump(mode="json")})
    code, parameters = code_digest(__name__), base.model_dump_json()
    payload = {"finding": finding.model_dump_json(), "parameters": parameters, "residents": residents}
    facts = {"measure": LEDGER, "model": code, "residents": residents, "config": config,
             "labels": canonical_json({"finding": finding.id})}
    return [Task(digest_of([finding.id, seed, residents, config, code]), f"{__name__}:{Replication.__name__}",
                 {**payload, "seed": seed}, {**facts, "seed": seed}, [__name__], code,
                 group=digest_of([parameters, seed])) for seed in seeds]


class Replication:
    """Computes figures; keeps the worlds of the last seed in memory (a :class:`contactsim.runs.task.Runner`)."""

    def __init__(self, store: object = None) -> None:
        self._lives: tuple[str, Lives] | None = None

    def run(self, payload: Mapping[str, Any], facts: dict[str, Any]) -> TaskOutput:
        """The figures of one seed of a finding; findings of one seed share their worlds and burn-ins."""
        key = f"{payload['seed']} {payload['parameters']}"
        if self._lives is None or self._lives[0] != key:
            base = ModelParameters.model_validate_json(payload["parameters"])
            self._lives = key, Lives(base, payload["seed"])
        facts["provenance"] = {"contactsim": version("contactsim"), "kernels": sources_digest(),
                               "python": python_version(), "platform": platform()}
        finding = _finding(payload["finding"])
        return TaskOutput(numbers=numbers_of(figures(finding, self._lives[1], payload["residents"])))


@lru_cache(maxsize=64)
def _finding(text: str) -> Finding:
    return Finding.model_validate_json(text)


def numbers_of(figures: Figures) -> dict[str, float]:
    """Figures as named numbers, ``ROW/SIDE``."""
    return {f"{row}{_BETWEEN}{side}": value for row, sides in figures.items() for side, value in sides.items()}


def figures_of(numbers: Mapping[str, float]) -> Figures:
    """The figures that :func:`numbers_of` has written so."""
    figures: Figures = {}
    for name, value in numbers.items():
        row, _, side = name.rpartition(_BETWEEN)
        figures.setdefault(row, {})[side] = value
    return figures
