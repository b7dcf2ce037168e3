"""Small nations: the sample, its table of our own making, and one sentence for each table that cannot be sampled."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contactsim.errors import UserError
from contactsim.paths import configs_folder
from contactsim.place import Place, bundled_place, composition, describe, load_place
from contactsim.place.core import ROLES, check_nesting
from contactsim.place.csv_reader import largest_remainders
from contactsim.place.sample import quotas, scaled, systematic
from contactsim.place.segregation import exposure

HEADING = ["region", "town", "district", "area", "red", "blue", "green", "grey"]
COLUMNS = {"groups": HEADING[4:], "parents": {name: name for name in HEADING[:3]}}


def rows(regions: int = 3, towns: int = 4, districts: int = 3, areas: int = 3) -> list[list[Any]]:
    """A table with four groups; the towns of region r are r + 1 times as large as those of region 0."""
    out: list[list[Any]] = []
    for r in range(regions):
        for t in range(towns):
            for d in range(districts):
                for n in range(areas):
                    k = (7 * r + 5 * t + 3 * d + n) % 11
                    names = [f"R{r}", f"R{r}T{t}", f"R{r}T{t}D{d}", f"R{r}T{t}D{d}N{n}"]
                    counts = (900 - 60 * k, 40 * k, 20 * k + 5, 10 * (k % 3))
                    out.append([*names, *(count * (r + 1) for count in counts)])
    return out


def keys_of(folder: Path, table: list[list[Any]], heading: list[str] = HEADING, **keys: Any) -> dict[str, Any]:
    with (folder / "nation.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([heading, *table])
    return {"kind": "sample", "file": str(folder / "nation.csv"), "columns": COLUMNS, "towns": 8, "districts": 2,
            "neighbourhoods": 2, "neighbourhood_residents": 60, "output_area_residents": 30, **keys}


def same(one: Place, other: Place) -> bool:
    return (one.counts.shape == other.counts.shape and bool((one.counts == other.counts).all())
            and all(a.codes == b.codes for a, b in zip(one.levels, other.levels, strict=True)))


def adjacent(place: Place) -> bool:
    return all(np.count_nonzero(np.diff(level.area_of_output_area)) == level.areas - 1 for level in place.levels)


def test_a_sample_has_the_levels_and_numbers_asked_for(tmp_path: Path) -> None:
    place = load_place(keys_of(tmp_path, rows()))
    assert [level.name for level in place.levels] == list(ROLES)
    assert [level.areas for level in place.levels] == [64, 32, 16, 8, 3]
    assert place.groups == tuple(HEADING[4:]) and place.residents == 32 * 60
    assert (place.totals("neighbourhood").sum(axis=1) == 60).all()
    assert all(len(set(level.codes)) == level.areas for level in place.levels)
    check_nesting(place.levels, "sample")
    assert adjacent(place)


@pytest.mark.parametrize("seed", range(4))
def test_the_same_seed_gives_the_same_place_and_another_one_does_not(tmp_path: Path, seed: int) -> None:
    keys = keys_of(tmp_path, rows())
    one = load_place({**keys, "seed": seed})
    assert same(one, load_place({**keys, "seed": seed}))
    assert not same(one, load_place({**keys, "seed": seed + 1}))
    shuffled = rows()
    np.random.default_rng(seed).shuffle(shuffled)
    assert same(one, load_place({**keys_of(tmp_path, shuffled), "seed": seed}))


def test_regions_have_their_share_of_the_towns(tmp_path: Path) -> None:
    place = load_place(keys_of(tmp_path, rows(), towns=12))
    towns = np.bincount(place.level("region").area_of_output_area[
        np.unique(place.level("town").area_of_output_area, return_index=True)[1]])
    assert place.level("region").codes == ("R0", "R1", "R2") and towns.tolist() == [2, 4, 6]
    # six of the four towns of region R2: two are drawn twice and come in two parts
    again = [code for code in place.level("town").codes if code.startswith("R2")]
    assert len(again) == 6 and sum(code.endswith("(2)") for code in again) == 2


def test_a_town_that_is_drawn_twice_is_drawn_in_parts(tmp_path: Path) -> None:
    table = [["R0", "large", f"D{k}", f"N{k}", 900 - 100 * k, 100 + 100 * k, 0, 0] for k in (2, 0, 3, 1)]
    table.append(["R0", "small", "smallD", "smallN", 3, 1, 1, 1])
    place = load_place(keys_of(tmp_path, table, towns=2, neighbourhoods=1))
    assert place.level("town").codes == ("large", "large (2)")
    # each part has a less and a more mixed district, and none is drawn twice
    assert place.level("district").codes == ("D0", "D2", "D1", "D3")


@pytest.mark.parametrize("seed", range(5))
def test_a_sample_has_little_mixed_and_very_mixed_towns_in_the_right_numbers(tmp_path: Path, seed: int) -> None:
    share = {f"T{(5 * k) % 8}": k for k in range(8)}  # the order of names is not that of shares
    table = [["R", name, f"{name}D", f"{name}N", 900 - 100 * k, 100 * k, 0, 50] for name, k in share.items()]
    place = load_place(keys_of(tmp_path, table, towns=4, districts=1, neighbourhoods=1, seed=seed))
    assert [share[code] // 2 for code in place.level("town").codes] == [0, 1, 2, 3]


def test_a_region_too_small_for_a_town_is_left_out_and_named(tmp_path: Path) -> None:
    table = [*rows(2), ["tiny", "tinyT", "tinyD", "tinyN", 2, 1, 1, 1]]
    place = load_place(keys_of(tmp_path, table))
    assert any("1 of 3 regions are too small for one of 8 towns and left out (tiny)" in note
               for note in place.provenance.cleaning_notes)


@given(st.lists(st.integers(1, 500), min_size=1, max_size=12), st.integers(1, 200))
def test_quotas_add_up_and_are_within_one_of_the_exact_share(sizes: list[int], towns: int) -> None:
    residents = np.array(sizes, float)
    given_out = quotas(residents, towns)
    assert given_out.sum() == towns
    assert (np.abs(given_out - residents / residents.sum() * towns) < 1).all()


@given(st.lists(st.integers(1, 500), min_size=1, max_size=12), st.integers(1, 30), st.floats(0, 0.999))
def test_a_systematic_sample_takes_each_area_as_often_as_its_size_says(sizes: list[int], n: int, start: float) -> None:
    weights = np.array(sizes, float)
    taken = np.bincount(systematic(weights, n, start), minlength=weights.size)
    assert taken.sum() == n and (np.abs(taken - weights / weights.sum() * n) < 1 + 1e-9).all()


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.integers(2, 16), st.integers(1, 300))
def test_scaled_residents_are_exact_in_sum_and_in_expectation(seed: int, groups: int, residents: int) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 900, (5, groups)) + np.eye(5, groups, dtype=np.int64)
    starts = (np.arange(200) + 0.5) / 200
    many = np.stack([scaled(counts, residents, np.full(5, u)) for u in starts])
    exact = counts * residents / counts.sum(axis=1)[:, None]
    assert (many >= 0).all() and (many.sum(axis=2) == residents).all() and (np.abs(many - exact) < 1 + 1e-9).all()
    assert many.mean(axis=0) == pytest.approx(exact, abs=0.011)


def test_residents_are_represented_in_proportion(tmp_path: Path) -> None:
    """Over seeds, the groups of the sample have their shares in the table (here without rounding of quotas)."""
    table = rows()
    whole = np.array([row[4:] for row in table]).sum(axis=0)
    keys = keys_of(tmp_path, table, towns=6, neighbourhood_residents=200)
    shares = np.mean([load_place({**keys, "seed": seed}).shares for seed in range(20)], axis=0)
    assert shares == pytest.approx(whole / whole.sum(), abs=0.01)


def test_a_table_of_shares_is_sampled_like_its_counts(tmp_path: Path) -> None:
    table = rows()
    counted = load_place(keys_of(tmp_path, table))
    as_shares = [[*row[:4], *(f"{n / sum(row[4:]):.7f}" for n in row[4:]), sum(row[4:])] for row in table]
    columns = {**COLUMNS, "shares": True, "total": "all"}
    place = load_place(keys_of(tmp_path, as_shares, [*HEADING, "all"]) | {"columns": columns})
    assert same(place, counted)
    equal = load_place({**keys_of(tmp_path, as_shares, [*HEADING, "all"], towns=6),
                        "columns": {**COLUMNS, "shares": True}})
    assert equal.level("region").areas == 3 and equal.residents == 6 * 4 * 60


def test_largest_remainders_keep_totals() -> None:
    shares = np.array([[0.5, 0.25, 0.25], [1 / 3, 1 / 3, 1 / 3], [1.0, 0.0, 0.0]])
    assert largest_remainders(shares, np.array([10, 10, 7])).tolist() == [[5, 3, 2], [4, 3, 3], [7, 0, 0]]


def changed(row: int, column: str, value: Any) -> list[list[Any]]:
    table = rows()
    table[row][HEADING.index(column)] = value
    return table


@pytest.mark.parametrize(("table", "keys", "expected"), [
    (rows(), {"columns": {**COLUMNS, "parents": {"district": "district", "town": "town"}}},
     "has no regions, and place.kind=sample needs the district, town and region of each area: name their columns in "
     "place.columns.parents (larger areas: district, town)."),
    (rows(), {"columns": {"groups": HEADING[4:]}}, "(larger areas: none)"),
    (rows(), {"columns": {**COLUMNS, "groups": ["red", "bleu"]}}, "has no column 'bleu'"),
    (rows(), {"columns": {**COLUMNS, "parents": {"region": "land", "town": "town", "district": "district"}}},
     "has no column 'land'"),
    (changed(4, "blue", -3), {}, "line 6, column 'blue': '-3' is not a count of residents"),
    (changed(4, "area", "R0T0D0N0"), {}, "has the area 'R0T0D0N0' more than once"),
    (changed(0, "region", ""), {}, "R0T0D0N0 has no region"),
    (changed(0, "region", "R1"), {}, "but areas must nest"),
    (changed(1, "town", "R1T0"), {}, "but areas must nest"),
    (rows(), {"towns": 13}, "place.towns=13 is more than the 12 towns of"),
    (rows(), {"districts": 4}, "place.districts=4 is more than any town of"),
    (rows(), {"neighbourhoods": 4}, "has: at most 3."),
    (rows(), {"neighbourhood_residents": 5}, "place.neighbourhood_residents=5 is not allowed"),
    (rows(), {"reference": "pink"}, "place.reference=pink is no group of this place"),
    (rows(), {"split_above": 500}, "place.split_above=500 is not a key of this place."),
    (changed(2, "red", 0.5), {"columns": {**COLUMNS, "shares": True}}, "column 'red': '900' is not a share"),
    ([[*row[:4], 0.5, 0.2, 0.1, 0.1] for row in rows()], {"columns": {**COLUMNS, "shares": True}},
     "line 2: the shares of the groups add up to 0.9; they must add up to 1."),
])
def test_what_cannot_be_sampled_is_refused_in_one_sentence(tmp_path: Path, table: list[list[Any]], keys: dict[str, Any],
                                                           expected: str) -> None:
    with pytest.raises(UserError) as caught:
        load_place({**keys_of(tmp_path, table), **keys})
    assert expected in str(caught.value) and "\n" not in str(caught.value)


def figures(place: Place) -> dict[str, dict[str, float]]:
    met = {name: exposure(place.totals(name)) for name in ROLES[1:]}
    return {"majority to minority": {name: m[0, 1] for name, m in met.items()},
            "minority to majority": {name: m[1, 0] for name, m in met.items()}}


def test_the_shipped_table_is_what_its_script_makes() -> None:
    shipped = (configs_folder() / "place" / "areas" / "mini_england.csv").read_text(encoding="utf-8")
    assert shipped == composition.as_csv()


def test_the_shipped_table_reaches_the_figures_of_england_and_wales() -> None:
    codes, counts = composition.areas()
    for way, wanted in (("majority to minority", (0, 1)), ("minority to majority", (1, 0))):
        for k, name in enumerate(("region", "town", "district", "neighbourhood")):
            if name in composition.WANTED[way]:
                area = np.unique([code[k] for code in codes], return_inverse=True)[1]
                sums = np.stack([np.bincount(area, weights=column) for column in counts.T], axis=1).astype(np.int64)
                assert exposure(sums)[wanted] == pytest.approx(
                    composition.WANTED[way][name], abs=composition.TOLERANCE["exposure"]), (way, name)
    share, majority = counts[:, 1] / counts.sum(axis=1), counts[:, 0]
    order = np.argsort(share)
    middle = (np.cumsum(majority[order]) - majority[order] / 2) / majority.sum()
    for q, wanted_share in composition.WANTED["quantiles"].items():
        assert np.interp(q, middle, share[order]) == pytest.approx(
            wanted_share, rel=composition.TOLERANCE["quantiles"]), q


def test_the_capital_is_far_more_diverse_than_the_other_regions() -> None:
    codes, counts = composition.areas()
    regions, area = np.unique([code[0] for code in codes], return_inverse=True)
    share = np.bincount(area, weights=counts[:, 1]) / np.bincount(area, weights=counts.sum(axis=1))
    of = dict(zip(regions, share, strict=True))
    assert of.pop("capital") == pytest.approx(0.55, abs=0.01)  # London, census 2011: .551
    assert min(of.values()) > 0.06 and max(of.values()) < 0.21  # the other nine: .063 to .208


#: Largest distance from the wanted exposures: of one sample, and of the mean of twelve.
ONE = {"majority to minority": 0.015, "minority to majority": 0.06}
MEAN = {"majority to minority": 0.004, "minority to majority": 0.015}


def test_mini_england_is_near_the_wanted_figures() -> None:
    found = [figures(bundled_place("mini_england", seed=seed)) for seed in range(12)]
    for way in ONE:
        for name, wanted in composition.WANTED[way].items():
            values = [f[way][name] for f in found]
            assert np.abs(np.array(values) - wanted).max() < ONE[way], (way, name)
            assert np.mean(values) == pytest.approx(wanted, abs=MEAN[way]), (way, name)


def test_mini_england_is_a_place_of_28_800_residents() -> None:
    place = bundled_place("mini_england")
    assert place.residents == 28_800 and place.groups == ("majority", "minority") and adjacent(place)
    assert [level.areas for level in place.levels] == [576, 288, 96, 48, 10]
    text = describe(place)
    assert list(text["dissimilarity"]) == list(ROLES) and [level["role"] for level in text["levels"]] == list(ROLES)
    assert list(text["dissimilarity"].values()) == sorted(text["dissimilarity"].values(), reverse=True)
    assert any("48 of 60 towns" in line for line in text["synthetic"])


def test_real_areas_are_sampled_likewise(census: Path) -> None:
    file = str(census / "census2011" / "lsoa_england_wales.csv.gz")
    place = bundled_place("england_sample", file=file)
    assert place.residents == 28_800 and place.level("region").areas == 10 and place.groups[0] == "White British"
    found = figures(place)
    for way in ONE:
        for name, wanted in composition.WANTED[way].items():
            assert found[way][name] == pytest.approx(wanted, abs=2 * ONE[way]), (way, name)
    six = bundled_place("england_sample", file=file, scheme="six", towns=20)
    assert len(six.groups) == 6 and six.residents == 12_000


def test_real_areas_need_a_file() -> None:
    with pytest.raises(UserError, match=r"place\.file is missing"):
        bundled_place("england_sample")
