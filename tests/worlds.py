"""Small places, parameters and worlds for tests, made by hand so that no test hangs on a file or a generator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contactsim.draws import name_key
from contactsim.encounters.session import Session
from contactsim.parameters import Conditions, ContactContext, ModelParameters, Psychology, Residents, Scenario, Settings
from contactsim.place.core import Level, Place, Provenance
from contactsim.world import World

#: Made by hand, nothing from a table.
NOWHERE = Provenance((), (), None, (), ("everything",))


def make_place(counts: Any, output_areas_a_neighbourhood: int = 3, neighbourhoods_a_district: int = 2) -> Place:
    """A place with the given (output areas, groups) counts and nested areas of equal numbers of output areas."""
    counts = np.asarray(counts, np.int32)
    output_area = np.arange(counts.shape[0], dtype=np.int32)
    levels = []
    for name, prefix, area in (
            ("output_area", "cell", output_area), ("block", "block", output_area // output_areas_a_neighbourhood),
            ("district", "district", output_area // (output_areas_a_neighbourhood * neighbourhoods_a_district)),
            ("town", "town", np.zeros_like(output_area))):
        levels.append(Level(name, False, area.astype(np.int32), tuple(f"{prefix} {a}" for a in range(area[-1] + 1))))
    return Place("made", tuple("ABCDEFGHIJKLMNOP"[:counts.shape[1]]), counts, tuple(levels), NOWHERE)


def two_groups(output_areas: int = 12, people: int = 90) -> Place:
    """Two groups, from output areas mostly of A to output areas mostly of B, with ``people`` in each."""
    share = np.linspace(0.15, 0.75, output_areas)
    b = np.rint(share * people).astype(int)
    return make_place(np.column_stack([people - b, b]))


def four_groups(output_areas: int = 9, people: int = 80) -> Place:
    """Four groups of unlike sizes, one of them missing from every third output area."""
    rows = []
    for c in range(output_areas):
        d = 0 if c % 3 == 0 else 4 + c % 3
        b, x = 10 + 3 * (c % 4), 8 + 2 * (c % 5)
        rows.append([people - b - x - d, b, x, d])
    return make_place(rows)


def context(setting: str, scale: str, **changes: Any) -> ContactContext:
    """A contact context with the given fields and the defaults for the others."""
    return ContactContext(setting=setting, scale=scale, **changes)  # type: ignore[arg-type]


def ordinary_week() -> dict[str, ContactContext]:
    """Every setting at every scale, with conditions that differ in every field."""
    return {
        "neighbours": context("street", "small_group", encounters_per_week=2, hours=1.3, presence=0.7, closeness=0.41,
                              avoidability=0.9),
        "corner": context("street", "output_area", presence=0.45, closeness=0.3, equal_status=0.9),
        "street": context("street", "neighbourhood", encounters_per_week=2, presence=0.5, closeness=0.2, support=0.1,
                          mediator=0.3),
        "town": context("street", "district", presence=0.5, closeness=0.1, equal_status=0.2, avoidability=0.7),
        "shops": context("public", "mixing_group", encounters_per_week=2, hours=0.3, presence=0.6, closeness=0.1,
                         avoidability=0.5),
        "classmates": context("school", "small_group", presence=0.9, sociable=False, closeness=0.6, avoidability=0.2,
                               common_goals=0.5, cooperation=0.6, support=0.8),
        "schoolyard": context("school", "mixing_group", presence=0.8, sociable=False),
        "team": context("work", "small_group", hours=2.7, presence=0.9, sociable=False, closeness=0.55,
                        avoidability=0.0, common_goals=0.7, cooperation=0.9),
        "workplace": context("work", "mixing_group", presence=0.9, sociable=False, closeness=0.2, equal_status=0.3),
        "club": context("association", "small_group", presence=0.6, closeness=0.6, mediator=0.5, common_goals=0.8,
                         cooperation=0.7, support=0.9, neutral_ground=0.4),
        "hall": context("association", "mixing_group", presence=0.5, closeness=0.25, mediator=1.0, neutral_ground=1.0),
        "friends": context("ties", "friends", encounters_per_week=2, presence=0.35, sociable=False, closeness=0.8,
                            avoidability=0.0, equal_status=0.8),
    }


def make_settings(contexts: dict[str, ContactContext] | None = None, **changes: Any) -> Settings:
    """Settings with the given contact contexts (an ordinary week where none are given)."""
    return Settings(contact_contexts=ordinary_week() if contexts is None else contexts, **changes)


def make_parameters(contexts: dict[str, ContactContext] | None = None, residents: dict[str, Any] | None = None,
                    psychology: dict[str, Any] | Psychology | None = None, scenario: dict[str, Any] | None = None,
                    **settings: Any) -> ModelParameters:
    """All parameters, with the given changes to each section."""
    mind = psychology if isinstance(psychology, Psychology) else Psychology(**(psychology or {}))
    return ModelParameters(residents=Residents(**(residents or {})), psychology=mind,
                           settings=make_settings(contexts, **settings), scenario=Scenario(**(scenario or {})))


def odd_psychology(variant: int) -> Psychology:
    """A psychology in which every parameter is away from its default, inside its range; the same each time."""
    values = {}
    for name, field in Psychology.model_fields.items():
        low, high = (next(getattr(m, b) for m in field.metadata if hasattr(m, b)) for b in ("ge", "le"))
        turn = (name_key(name, str(variant)) % 1000) / 1000
        value = field.default * (0.6 + 0.3 * turn) if turn < 0.5 else field.default * (1.1 + 0.4 * turn)
        if field.default == 0:
            value = low + (0.05 + 0.3 * turn) * (high - low)
        values[name] = min(max(value, low), high)
    values["tie"], values["own_positive"] = 0.9 + 0.1 * variant % 0.3, 0.7  # ties enough in a few weeks
    return Psychology(**values)


def make_world(place: Place | None = None, parameters: ModelParameters | None = None, seed: int = 11,
               threads: int = 1) -> World:
    """A world at week 0 without a burn-in."""
    return World(place or two_groups(), parameters or make_parameters(), seed, threads)


@dataclass
class Doing:
    """An action made by hand: it calls ``do`` with the world in each of its weeks."""

    do: Callable[[Any], None]
    name: str = "made"

    def week(self, world: Any) -> None:
        """Do it."""
        self.do(world)


def session(rows: Any, seats: int = 6, encounters: int = 1, name: str = "session", hours: float = 1.0,
            hours_before: Any = None, **conditions: Any) -> Session:
    """Teams of ``seats`` seats for these rows (-1 for nobody), in this order; the last team's other seats are empty."""
    rows = np.asarray(rows, np.int32)
    start = seats * np.arange(-(-rows.size // seats) + 1)
    occupant = np.append(rows, np.full(start[-1] - rows.size, -1, np.int32))
    before = None if hours_before is None else np.resize(np.asarray(hours_before, np.float32), occupant.size)
    return Session(name, start, occupant, Conditions(**conditions), encounters, hours, before)


def columns_of(world: World) -> dict[str, NDArray[Any]]:
    """Copies of all columns of the residents, of the week's notes and of the areas, by name."""
    found = {name: world.people.column(name).copy() for name in world.people.array_names
             if name not in ("household_start", "dwelling_start")}
    found |= {f"week.{name}": getattr(world.week, name).copy() for name in world.week._fields} | {
        "week.displaced": world.displaced.copy()}
    found |= {f"areas.{name}": getattr(world.areas, name).copy() for name in world.areas._fields}
    return found


def same_bits(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.bool_]:
    """Row by row: whether two arrays of one shape and type hold the same bits (nan equals nan)."""
    assert a.shape == b.shape and a.dtype == b.dtype
    x, y = np.ascontiguousarray(a), np.ascontiguousarray(b)
    equal = x.view(np.uint8).reshape(*x.shape, -1) == y.view(np.uint8).reshape(*y.shape, -1)
    return np.asarray(equal.reshape(x.shape[0], -1).all(axis=1))


def differing_columns(a: World, b: World) -> list[str]:
    """Names of the columns in which two worlds differ in any bit."""
    one, other = columns_of(a), columns_of(b)
    return [name for name in one if not same_bits(one[name], other[name]).all()]
