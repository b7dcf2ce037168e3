"""Schemes, bundled places, the keys of a place, and its description."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from contactsim.errors import UserError
from contactsim.paths import configs_folder
from contactsim.place import (
    bundled_names,
    bundled_place,
    describe,
    formats,
    load_place,
    read_table,
    render,
)
from contactsim.place.config import Columns, SamplePlace, SyntheticPlace, TablePlace
from contactsim.place.scheme import Scheme, merge, read_scheme, scheme_names

FAMILIES = {"census2011": formats.KS201_GROUPS, "census2021": formats.TS021_GROUPS,
            "broad": ("White British", "Other White", "Asian", "Black", "Mixed", "Other")}
REAL = [name for name in bundled_names() if name not in ("census", "england_sample", "mini_england", "synthetic")]


@pytest.mark.parametrize("name", scheme_names())
def test_each_scheme_puts_every_column_into_one_of_2_to_16_groups(name: str) -> None:
    scheme = read_scheme(configs_folder() / "scheme" / f"{name}.yaml")
    assert set(scheme.columns) <= set(FAMILIES) and "census2021" in scheme.columns
    for family, by_group in scheme.columns.items():
        columns = FAMILIES[family]
        counts = np.arange(1, len(columns) + 1)[None, :]
        groups, merged = merge(scheme, columns, counts, "a table")
        assert groups == scheme.groups and 2 <= len(groups) <= 16
        assert merged.sum() == counts.sum()
        for group, total in zip(groups, merged[0], strict=True):
            assert total == sum(columns.index(column) + 1 for column in by_group[group])


def scheme_of(**groups: list[str]) -> Scheme:
    return Scheme("mine", tuple(groups), {"own": {name: tuple(columns) for name, columns in groups.items()}})


def test_columns_in_no_group_or_missing_are_named() -> None:
    counts = np.ones((1, 3), np.int64)
    with pytest.raises(UserError, match=r"column 'green' of t\.csv is in no group of the scheme mine"):
        merge(scheme_of(warm=["red"], cold=["blue"]), ("red", "blue", "green"), counts, "t.csv")
    with pytest.raises(UserError, match=r"'blu', which t\.csv does not have\. Did you mean 'blue'"):
        merge(scheme_of(warm=["red", "blue"], cold=["blu", "green"]), ("red", "blue", "green"), counts,
              "t.csv")
    with pytest.raises(UserError, match=r"has no columns of t\.csv"):
        merge(scheme_of(warm=["a"], cold=["b"]), ("red", "blue", "green"), counts, "t.csv")


@pytest.mark.parametrize(("text", "expected"), [
    ("groups: {a: {own: [x]}, b: {own: [x]}}", "puts the column 'x' of own into two groups, 'a' and 'b'"),
    ("groups: {a: {own: [x]}}", "has 1 groups"), ("groups: [a, b]", "must have a mapping 'groups'"),
    ("groups: {a: {own: x}, b: {own: [y]}}", "must list the columns of group 'a'"),
    ("a: [", "not valid YAML")])
def test_wrong_schemes_are_refused(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "wrong.yaml").write_text(text)
    with pytest.raises(UserError, match=expected):
        read_scheme(tmp_path / "wrong.yaml")


@pytest.mark.parametrize("name", REAL)
def test_bundled_places_are_small_real_and_say_what_is_made(name: str) -> None:
    place = bundled_place(name)
    assert 25_000 <= place.residents <= 46_000
    assert place.groups == ("White British", "Everyone else") and len(place.levels) >= 3
    assert place.levels[0].synthetic and not place.levels[2].synthetic
    assert "Open Government Licence v3.0" in place.provenance.note
    assert any("split" in text for text in place.provenance.synthetic)
    six = bundled_place(name, scheme="six")
    assert len(six.groups) == 6 and six.residents == place.residents


@pytest.mark.parametrize("name", sorted(set(REAL) - {"bolton"}))
def test_bundled_figures_are_those_of_the_census(census: Path, name: str) -> None:
    place = bundled_place(name, scheme="six")
    district = "thanet" if name == "newington" else name
    codes = list(place.level("MSOA").codes)
    real = load_place({"file": str(census / "census2011" / f"oa_{district}.csv"), "scheme": "six",
                       "within": {"MSOA": codes}})
    assert (real.totals("MSOA") == place.totals("MSOA")).all()
    made, measured = describe(place)["dissimilarity"], describe(real)["dissimilarity"]
    assert made["MSOA"] == pytest.approx(measured["MSOA"])
    assert made["output_area"] == pytest.approx(measured["OA"], abs=0.03)


def test_bundled_bolton_is_the_2021_table(census: Path) -> None:
    place = bundled_place("bolton", scheme="six")
    real = load_place({"file": str(census / "census2021" / "ts021_ward_bolton.csv"), "scheme": "six",
                       "within": {"ward": list(place.level("ward").codes)}})
    assert (real.totals("ward") == place.totals("ward")).all()
    assert (real.counts == place.counts).all()  # output areas depend on the unit alone


def test_the_dissimilarity_inside_units_can_be_swept() -> None:
    values = [describe(bundled_place("bolton", dissimilarity_within=d))["dissimilarity"]
              for d in (0, 0.2, 0.4)]
    output_areas, wards = [v["output_area"] for v in values], [v["ward"] for v in values]
    assert output_areas[0] < output_areas[1] < output_areas[2] and len(set(wards)) == 1
    assert output_areas[0] == pytest.approx(wards[0], abs=0.005)


def test_description_is_plain_json_and_tells_census_from_synthetic() -> None:
    figures = json.loads(json.dumps(describe(bundled_place("slough")), allow_nan=False))
    assert figures["residents"] == sum(group["residents"] for group in figures["groups"].values())
    assert list(figures["dissimilarity"]) == ["output_area", "block", "MSOA"]
    assert {level["name"]: level["synthetic"] for level in figures["levels"]} == {
        "output_area": True, "block": True, "MSOA": False, "LAD": False}
    assert figures["sources"][0]["kind"] == "own table (wide)" and len(figures["sources"][0]["sha256"]) == 64
    assert all(row["unit"] for row in figures["indices"])


def test_description_for_people_fits_80_columns() -> None:
    console = Console(width=80, record=True, file=None, quiet=False, force_terminal=False)
    with console.capture() as captured:
        console.print(render(bundled_place("hackney")))
    text = captured.get()
    assert "30,953 residents" in text and "output area *" in text and "* made" in text and "…" not in text


@pytest.mark.parametrize(("keys", "expected"), [
    ({}, "place.file is missing"),
    ({"kind": "tabel", "file": "x"}, "place.kind=tabel is unknown: allowed are table, sample and synthetic. Did you"),
    ({"file": "x", "cel": 10}, "place.cel=10 is not a key of this place."),
    ({"file": "x", "output_area_residents": 10},
     "output_area_residents=10 is not allowed (residents of a made output area): it must be from 50"),
    ({"file": "x", "dissimilarity_within": 1.0}, "it must be at least 0 and below 1"),
    ({"file": "x", "within": {"LAD": "Bradford"}}, "place.within.LAD='Bradford' is not allowed"),
    ({"shares": [0.5, 0.6], "residents": 900, "dissimilarity": 0.1}, "place.shares add up to 1.1; they must"),
    ({"shares": [1.0], "residents": 900, "dissimilarity": 0.1}, "2 to 16 are allowed"),
    ({"shares": [0.5, 0.5], "groups": ["a"], "residents": 900, "dissimilarity": 0}, "must name each of"),
    ({"shares": {"a": 1.2, "b": -0.2}, "residents": 900, "dissimilarity": 0.1}, "shares.a=1.2 must be above"),
    ({"shares": [0.9999, 0.0001], "residents": 900, "dissimilarity": 0.1}, "is nobody"),
    ({"shares": [0.5, 0.5], "residents": 9, "dissimilarity": 0.1}, "it must be from 100 to 1e+07 residents"),
])
def test_wrong_keys_are_refused_in_one_sentence(keys: dict[str, Any], expected: str) -> None:
    with pytest.raises(UserError) as caught:
        load_place(keys)
    assert expected in str(caught.value) and "\n" not in str(caught.value)


def test_lists_of_shares_get_names_and_bundled_names_are_checked() -> None:
    place = load_place({"shares": [0.6, 0.3, 0.1], "residents": 3000, "dissimilarity": 0.3})
    assert place.groups == ("majority", "minority 1", "minority 2")
    with pytest.raises(UserError, match=r"place=bradfrod is unknown.*Did you mean 'bradford'"):
        bundled_place("bradfrod")


def test_all_of_england_and_wales_can_be_split(census: Path) -> None:
    file = census / "census2011" / "lsoa_england_wales.csv.gz"
    place = load_place({"file": str(file)})
    assert place.residents == 56_018_232 and place.difference == 56_018_232 - 56_075_912
    assert [level.name for level in place.levels] == ["output_area", "LSOA", "MSOA", "LAD", "RGN"]
    white, rest = read_table(file).counts[:, 0].sum(), read_table(file).counts[:, 1:].sum()
    assert place.counts.sum(axis=0).tolist() == [white, rest]
    bradford = load_place({"file": str(file), "within": {"LAD": ["Bradford"]}})
    whole = place.level("LAD")
    rows = whole.area_of_output_area == whole.codes.index("Bradford")
    assert (place.counts[rows] == bradford.counts).all()


def test_the_manual_names_every_key() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "places.md").read_text(encoding="utf-8")
    tables, columns = manual, manual.split("\ncolumns:\n")[1].split("```")[0]
    for model in (TablePlace, SamplePlace, SyntheticPlace):
        for key in set(model.model_fields) - {"kind"}:
            assert f"`{key}`" in tables, key
    for key in set(Columns.model_fields):
        assert f"{key}:" in columns, key
    for name in [*scheme_names(), *REAL, "mini_england", "england_sample"]:
        assert f"`{name}`" in manual
