"""One seed of the ledger: the worlds of its findings are lived once each and every figure is read off them.

A unit is a pure function of designs, parameters and seed. Its figures are written whole, one file for each finding and
seed, under a name that is the digest of all that decides them; what is there is never run again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from contactsim.evidence import effects, relations
from contactsim.evidence.effects import Worlds
from contactsim.evidence.ledger import Finding, KnockOut, Row, WorldDesign
from contactsim.evidence.lived import Histories, decides, key_of, knocked, see
from contactsim.evidence.seen import Seen
from contactsim.lab.provenance import digest_of, model_digest
from contactsim.lab.store import new_file
from contactsim.parameters import ModelParameters

#: Name of a finding's own worlds among its knock-outs.
BASE = "base"
ESTIMANDS: dict[str, Callable[..., float]] = {**effects.ESTIMANDS, **relations.ESTIMANDS}
#: Estimand that takes one figure less the same with a knock-out.
AGAINST = "against_knock_out"
#: What of this package decides a figure, besides the model.
_SOURCES = ("effects", "relations", "seen", "who", "lived", "unit")
#: {row: {base or knock-out: figure}}
Figures = dict[str, dict[str, float]]


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
    own = _Side(finding, None, lives, residents, None)
    sides = {name: _Side(finding, knock_out, lives, residents, own) for name, knock_out in finding.knock_outs.items()}
    rows = {row.id: row for row in finding.outcomes}
    return {row.id: {name: _figure(row, rows, side, sides) for name, side in ((BASE, own), *sides.items())
                     if name == BASE or name in row.knock_outs} for row in finding.outcomes}


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


def name_of(finding: Finding, base: ModelParameters, residents: int, seed: int) -> str:
    """Digest of everything that decides a finding's figures for a seed; claims and bands do not."""
    worlds = {name: decides(world) for name, world in finding.worlds.items()}
    switches = {name: one.model_dump(exclude={"text"}) for name, one in finding.knock_outs.items()}
    rows = [[row.id, row.estimand, row.arguments, sorted(row.knock_outs)] for row in finding.outcomes]
    return digest_of([finding.id, worlds, switches, rows, base.model_dump(mode="json"), residents, seed,
                      model_digest(), sources_digest()])


@cache
def sources_digest() -> str:
    """Digest of the sources of this package that decide figures."""
    digest = hashlib.blake2b(digest_size=8)
    for name in _SOURCES:
        digest.update(Path(str(import_module(f"contactsim.evidence.{name}").__file__)).read_bytes())
    return digest.hexdigest()


def kept(store: Path, name: str) -> Figures | None:
    """Figures that a store has under a name; None where there are none that can be read."""
    try:
        found: Figures = json.loads((store / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found


def keep(store: Path, name: str, found: Any) -> None:
    """Write figures, whole or not at all."""
    with new_file(store / f"{name}.json") as partial:
        partial.write_text(json.dumps(found), encoding="utf-8")


def live_seed(store: str, base: ModelParameters, seed: int, work: list[tuple[Finding, int, str]]) -> None:
    """Live a seed of several findings, each with its number of residents and the name of its file.

    This is what a process of its own does; it writes each finding's figures as soon as they are there.
    """
    lives = Lives(base, seed)
    for finding, residents, name in work:
        if kept(Path(store), name) is None:
            keep(Path(store), name, figures(finding, lives, residents))
