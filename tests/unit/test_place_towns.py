"""Roles of levels: the towns and regions of a place, or the whole place where it has none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from contactsim.errors import UserError
from contactsim.place import Level, Place, Provenance, bundled_place, describe, load_place, synthetic_place
from contactsim.place.core import ROLES, check_nesting
from contactsim.settings.seating import SCALES, ordered

MADE = {"kind": "synthetic", "shares": [0.7, 0.3], "dissimilarity": 0.3}


def place_of(*names: str) -> Place:
    """A place of one output area with these levels above its districts."""
    area = np.zeros(1, np.int32)
    levels = tuple(Level(name, False, area, (name,)) for name in ("output_area", "block", "district", *names))
    return Place("a", ("x", "y"), np.array([[3, 2]], np.int32), levels, Provenance((), (), None, (), ()))


@pytest.mark.parametrize(("names", "town", "region"), [
    ((), "place", "place"), (("LAD",), "LAD", "place"), (("RGN",), "place", "RGN"), (("LAD", "RGN"), "LAD", "RGN"),
    (("ward", "LAD", "RGN", "country"), "LAD", "RGN"), (("county", "state"), "county", "state"),
    (("town", "county", "region"), "town", "region"), (("county", "country"), "county", "country"),
    (("town", "county"), "town", "county")])
def test_towns_and_regions_are_found_by_name_and_then_by_order(names: tuple[str, ...], town: str, region: str) -> None:
    place = place_of(*names)
    assert [place.of_role(role).name for role in ROLES] == ["output_area", "block", "district", town, region]
    assert [place.role_of(level) for level in place.levels[:3]] == list(ROLES[:3]) == list(SCALES)
    known = {level.name: place.role_of(level) for level in place.levels[3:]}
    assert {name: role for name, role in known.items() if role} == {
        name: role for name, role in ((town, "town"), (region, "region")) if name != "place"}


def test_a_place_without_towns_is_one_town_and_an_unknown_role_is_named() -> None:
    place = synthetic_place("made", 9000, {"a": 0.6, "b": 0.4}, 0.3)
    town = place.of_role("town")
    assert town.areas == 1 and town.area_of_output_area.tolist() == [0] * len(place.counts)
    with pytest.raises(UserError, match=r"'twon' is no role of a level: allowed are .*Did you mean 'town'"):
        place.of_role("twon")


def test_a_census_place_has_local_authorities_as_towns(census: Path) -> None:
    assert bundled_place("bradford").of_role("town").codes == ("Bradford",)
    file = str(census / "census2011" / "lsoa_england_wales.csv.gz")
    place = load_place({"file": file, "within": {"RGN": ["Wales", "North East"]}})
    town, region = place.of_role("town"), place.of_role("region")
    assert (town.name, town.areas) == ("LAD", 34) and region.codes == ("North East", "Wales")
    assert [level["role"] for level in describe(place)["levels"]] == list(ROLES)


@pytest.mark.parametrize("towns", [2, 5])
def test_a_made_place_of_several_towns(towns: int) -> None:
    place = load_place({**MADE, "residents": 4000 * towns + 3, "towns": towns, "tolerance": 0.02})
    assert place.residents == 4000 * towns + 3
    assert place.counts.sum(axis=0)[1] == pytest.approx(0.3 * place.residents, abs=1)
    totals = place.totals("town")
    assert totals.shape[0] == towns and np.ptp(totals, axis=0).max() <= 1
    check_nesting(place.levels, "made")
    assert place.of_role("town").codes == tuple(f"town {t + 1}" for t in range(towns))
    first = place.of_role("town").area_of_output_area == 0
    second = place.of_role("town").area_of_output_area == 1
    assert (place.counts[first] != place.counts[second]).any()
    assert describe(place)["dissimilarity"]["output_area"] == pytest.approx(0.3, abs=0.02)


def test_one_town_is_the_place_that_it_always_was() -> None:
    one, plain = load_place({**MADE, "residents": 9000, "towns": 1}), load_place({**MADE, "residents": 9000})
    assert (one.counts == plain.counts).all()
    assert [level.name for level in one.levels] == ["output_area", "block", "district"]


def test_too_many_towns_for_a_group_are_refused() -> None:
    with pytest.raises(UserError, match=r"place\.towns=9 is more than the residents of the smallest group \(4\)"):
        load_place({"shares": [0.99, 0.01], "residents": 400, "dissimilarity": 0.1, "towns": 9})


def test_ordering_puts_the_output_areas_of_each_town_next_to_each_other() -> None:
    place = load_place({**MADE, "residents": 8000, "towns": 2, "tolerance": 0.02})
    assert all((a.area_of_output_area == b.area_of_output_area).all() for a, b in
               zip(ordered(place).levels, place.levels, strict=True))
    mixed = np.random.default_rng(1).permutation(len(place.counts))
    shuffled = Place(place.name, place.groups, place.counts[mixed],
                     tuple(Level(level.name, level.synthetic, level.area_of_output_area[mixed] if k else
                                 np.arange(len(mixed), dtype=np.int32),
                                 level.codes if k else tuple(np.array(level.codes)[mixed]))
                           for k, level in enumerate(place.levels)), place.provenance)
    for level in ordered(shuffled).levels:
        assert (np.diff(level.area_of_output_area) != 0).sum() == level.areas - 1
