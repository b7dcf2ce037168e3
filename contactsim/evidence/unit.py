"""One seed of the ledger: the worlds of its findings are lived once each and every figure is read off them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from contactsim.evidence import descriptions, effects, relations
from contactsim.evidence.effects import Worlds
from contactsim.evidence.ledger import Finding, KnockOut, Row, WorldDesign
from contactsim.evidence.lived import Histories, decides, key_of, knocked, see
from contactsim.evidence.seen import Seen
from contactsim.parameters import ModelParameters
from contactsim.storage.identity import canonical_json, code_digest, digest_of

#: Name of a finding's own worlds among its knock-outs.
BASE = "base"
ESTIMANDS: dict[str, Callable[..., float]] = {**effects.ESTIMANDS, **relations.ESTIMANDS,
                                               **descriptions.ESTIMANDS}
#: Estimand that takes one figure less the same with a knock-out.
AGAINST = "against_knock_out"
#: {row: {base or knock-out: figure}}
Figures = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Unit:
    """A seed to be lived, with all that decides its figures."""

    finding: str
    """what ``contactsim replay`` is asked for to live it: a finding or a folder"""
    seed: int
    residents: int
    config: str
    """what else decides its figures, as JSON; claims and bands do not"""
    code: str
    """digest of the code that computes them (:func:`contactsim.storage.identity.code_digest`)"""
    point: Mapping[str, Any] = field(default_factory=dict)
    """labels of its row besides the finding; the config decides"""

    @cached_property
    def id(self) -> str:
        """Digest of everything that decides the figures."""
        return digest_of([self.finding, self.seed, self.residents, self.config, self.code])


@dataclass(frozen=True)
class Lived:
    """What a unit came to."""

    figures: Figures
    arrays: Mapping[str, Sequence[float]] = field(default_factory=dict)


@dataclass
class Lives:
    """Worlds of one seed, each lived once."""

    base: ModelParameters
    seed: int
    histories: Histories = field(default_factory=Histories)
    seen: dict[str, Seen] = field(default_factory=dict)

    def see(self, world: WorldDesign, residents: int) -> Seen:
        """A world as it was seen."""
        key = key_of(world, residents)
        if key not in self.seen:
            self.seen[key] = see(world, self.base, residents, self.seed, self.histories)
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


def of_seeds(finding: Finding, base: ModelParameters, residents: int, seeds: Iterable[int]) -> list[Unit]:
    """A finding's units, one for each seed."""
    config = canonical_json({
        "worlds": {name: decides(world) for name, world in finding.worlds.items()},
        "knock_outs": {name: one.model_dump(mode="json", exclude={"text"}) for name, one in finding.knock_outs.items()},
        "alternatives": {name: one.set for name, one in finding.alternatives.items()},
        "rows": [[row.id, row.estimand, row.arguments, sorted(row.knock_outs), row.alternative]
                 for row in finding.outcomes],
        "parameters": base.model_dump(mode="json")})
    return [Unit(finding.id, seed, residents, config, code_digest(__name__)) for seed in seeds]


def live_seed(units: Iterable[Unit], base: ModelParameters, seed: int,
              findings: Mapping[str, Finding]) -> Iterator[tuple[Unit, Lived]]:
    """Live a seed of several findings, whose worlds and histories are shared."""
    lives = Lives(base, seed)
    for one in units:
        yield one, Lived(figures(findings[one.finding], lives, one.residents))
