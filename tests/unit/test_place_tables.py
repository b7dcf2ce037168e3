"""Tables: every known shape, untidy ones, and one plain sentence for each that is wrong."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactsim.errors import UserError
from contactsim.place import Place, formats, load_place, read_table

KS_HEADING = ["OA", "Persons", *formats.KS201_GROUPS, "LSOA", "MSOA", "LAD", "RGN"]


def ks_rows(areas: int = 60) -> list[list[Any]]:
    """A made KS201EW table: LSOAs of 5 output areas, MSOAs of 20."""
    rows = []
    for i in range(areas):
        counts = [200 + i % 7, 3, 9, 5, 2 * (i % 9), 60, 4, 1, 6, i % 5, 2, 1, 0, 3]
        rows.append([f"E{i:08d}", sum(counts), *counts, f"E01{i // 5:06d}", f"E02{i // 20:06d}",
                     "Town", "North"])
    return rows


def write(path: Path, heading: list[str], rows: list[list[Any]], **how: Any) -> dict[str, Any]:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, **how).writerows([heading, *rows])
    return {"file": str(path)}


TS_HEADING = ["date", "geography", "geography code", f"Ethnic group: {formats.TS021_TOTAL}",
              *(f"Ethnic group: {name}" for broad, parts in formats.TS021_PARTS.items()
                for name in (broad, *(f"{broad}: {part}" for part in parts)))]


def ts_rows(prefix: str = "E00", areas: int = 40, size: int = 10) -> list[list[Any]]:
    rows = []
    for i in range(areas):
        row: list[Any] = []
        total = 0
        for b, parts in enumerate(formats.TS021_PARTS.values()):
            counts = [size + (i * 7 + b * 3 + p) % 11 for p in range(len(parts))]
            row += [sum(counts), *counts]
            total += sum(counts)
        rows.append([2021, f"Area {i}", f"{prefix}{i:06d}", total, *row])
    return rows


def same(one: Place, other: Place) -> bool:
    return (one.groups == other.groups and np.array_equal(one.counts, other.counts)
            and [level.name for level in one.levels] == [level.name for level in other.levels]
            and all(a.codes == b.codes and np.array_equal(a.area_of_output_area, b.area_of_output_area)
                    for a, b in zip(one.levels, other.levels, strict=True)))


def query_export(heading: list[str], rows: list[list[Any]], level: str) -> str:
    """The same table as Nomis exports a query: preamble, percentages next to counts, and a footer."""
    out = io.StringIO()
    writer = csv.writer(out)
    for line in (["TS021 - Ethnic group"], ["ONS Crown Copyright Reserved [from Nomis on 1 May 2024]"], [],
                 ["Population", "All usual residents"], ["Units", "Persons"], ["Date", "2021"], []):
        writer.writerow(line)
    names = [name.removeprefix("Ethnic group: ") for name in heading[3:]]
    writer.writerow([f"2021 {level}", "mnemonic", *(text for name in names for text in (name, "%"))])
    for row in rows:
        counts = [int(value) for value in row[3:]]
        shares = [f"{100 * count / max(counts[0], 1):.1f}" for count in counts]
        pairs = zip(counts, shares, strict=True)
        writer.writerow([row[1], row[2], *(text for pair in pairs for text in pair)])
    writer.writerows([[], ["In order to protect against disclosure, records have been swapped."]])
    return out.getvalue()


# ---- shapes -----------------------------------------------------------------------------------------------

def test_census_2011_table_with_its_larger_areas(tmp_path: Path) -> None:
    place = load_place(write(tmp_path / "ks.csv", KS_HEADING, ks_rows()))
    assert [(level.name, level.synthetic, level.areas) for level in place.levels] == [
        ("OA", False, 60), ("LSOA", False, 12), ("MSOA", False, 3), ("LAD", False, 1), ("RGN", False, 1)]
    assert place.groups == ("White British", "Everyone else")
    assert place.residents == sum(row[1] for row in ks_rows()) and place.difference == 0


def test_gzipped_with_byte_order_mark_blank_lines_and_thousands_is_the_same_place(tmp_path: Path) -> None:
    plain = load_place(write(tmp_path / "ks.csv", KS_HEADING, ks_rows()))
    rows = ks_rows()
    rows[0][2] = "1,200"
    odd = load_place(write(tmp_path / "odd.csv", KS_HEADING, rows))
    assert odd.counts[0, 0] == 1200 and odd.difference == 1200 - ks_rows()[0][2]
    text = (tmp_path / "ks.csv").read_text().replace("\r\n", "\r\n\r\n")
    (tmp_path / "ks2.csv.gz").write_bytes(gzip.compress(b"\xef\xbb\xbf" + text.encode()))
    assert same(plain, load_place({"file": str(tmp_path / "ks2.csv.gz")}))


@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(tmp_path_factory: pytest.TempPathFactory, random: Any) -> None:
    folder = tmp_path_factory.mktemp("order")
    rows = ks_rows(40)
    plain = load_place(write(folder / "a.csv", KS_HEADING, rows))
    random.shuffle(rows)
    assert same(plain, load_place(write(folder / "b.csv", KS_HEADING, rows)))


def test_ts021_of_output_areas_gets_made_blocks_in_code_order_and_says_so(tmp_path: Path) -> None:
    place = load_place(write(tmp_path / "ts.csv", TS_HEADING, ts_rows()))
    assert [(level.name, level.synthetic) for level in place.levels] == [
        ("OA", False), ("block", True), ("district", True)]
    assert place.residents == sum(row[3] for row in ts_rows())
    assert any("code order" in text for text in place.provenance.synthetic)


def test_ts021_three_shapes_are_the_same_place(census: Path, tmp_path: Path) -> None:
    source = census / "census2021" / "ts021_ward_bolton.csv"
    heading, *rows = list(csv.reader(source.open(encoding="utf-8-sig", newline="")))
    write(tmp_path / "pipes.csv", heading, rows, delimiter="|")
    (tmp_path / "export.csv").write_text(query_export(heading, rows, "ward"))
    download, pipes, export = (load_place({"file": str(file), "scheme": "detailed2021"})
                               for file in (source, tmp_path / "pipes.csv", tmp_path / "export.csv"))
    assert same(download, pipes) and same(download, export)
    assert download.residents == 295_981 and download.difference == 0
    assert [(level.name, level.areas) for level in download.levels][2] == ("ward", 20)
    assert any("percentages" in text for text in export.provenance.cleaning_notes)


@pytest.mark.parametrize(("prefix", "size", "names"), [
    ("E00", 10, ["OA", "block", "district"]), ("W01", 70, ["output_area", "LSOA", "district"]),
    ("E02", 400, ["output_area", "block", "MSOA"]), ("E05", 700, ["output_area", "block", "ward"]),
    ("E09", 9000, ["output_area", "block", "district", "LAD"])])
def test_ts021_at_every_level_has_three_scales(
        tmp_path: Path, prefix: str, size: int, names: list[str]) -> None:
    place = load_place(write(tmp_path / "ts.csv", TS_HEADING, ts_rows(prefix, 12, size)))
    assert [level.name for level in place.levels] == names
    sizes = [place.residents / level.areas for level in place.levels[:3]]
    assert 150 < sizes[0] < 500 and 500 < sizes[1] < 3500 and 1500 < sizes[2] < 25_000


def test_ts021_names_of_layer_areas_tell_the_district(tmp_path: Path) -> None:
    rows = ts_rows("E01", 20, 70)
    for i, row in enumerate(rows):
        row[1] = f"{'Aton' if i < 12 else 'Beton'} {i // 4 + 1:03d}{'ABCD'[i % 4]}"
    config = write(tmp_path / "ts.csv", TS_HEADING, rows)
    place = load_place({**config, "within": {"LAD": ["Aton"]}})
    assert [(level.name, level.areas) for level in place.levels] == [
        ("output_area", len(place.counts)), ("LSOA", 12), ("MSOA", 3), ("LAD", 1)]


def test_subtotals_are_not_counted(tmp_path: Path) -> None:
    rows = ts_rows()
    rows[3][4] += 5  # a subtotal that its parts do not reach
    place = load_place(write(tmp_path / "ts.csv", TS_HEADING, rows))
    assert place.residents == sum(row[3] for row in ts_rows())
    assert "1 subtotals differ" in " ".join(place.provenance.cleaning_notes)


LONG = [["x1", "red", 120], ["x1", "blue", 30], ["x2", "red", 20], ["x2", "blue", 140], ["x3", "red", 10]]


def test_long_tables_by_their_own_columns_or_a_mapping(tmp_path: Path) -> None:
    own = load_place(write(tmp_path / "a.csv", ["area", "group", "count"], LONG))
    heading = ["where", "who", "n", "town"]
    columns = {"area": "where", "group": "who", "count": "n", "parents": {"town": "town"}}
    rows = [[*row, "T"] for row in LONG]
    mapped = load_place({**write(tmp_path / "b.csv", heading, rows), "columns": columns})
    assert own.groups == ("blue", "red") and own.residents == 320  # the largest group comes first
    assert np.array_equal(own.counts, mapped.counts)
    assert own.counts.tolist() == [[30, 120], [140, 20], [0, 10]]
    assert load_place({"file": str(tmp_path / "a.csv"), "reference": "red"}).counts[0].tolist() == [120, 30]


def test_wide_tables_by_a_mapping_and_a_scheme_of_ones_own(tmp_path: Path) -> None:
    rows = [["x1", 90, 9, 1, 101], ["x2", 5, 50, 45, 100]]
    config = {**write(tmp_path / "w.csv", ["id", "r", "b", "g", "all"], rows),
              "columns": {"area": "id", "groups": {"red": "r", "blue": "b", "green": "g"}, "total": "all"}}
    place = load_place(config)
    assert place.groups == ("red", "blue", "green") and place.difference == -1
    (tmp_path / "mine.yaml").write_text("groups: {warm: {own: [red]}, cold: {own: [blue, green]}}")
    merged = load_place({**config, "scheme": "mine.yaml"}, base=tmp_path)
    assert merged.groups == ("warm", "cold") and merged.counts.tolist() == [[90, 10], [5, 95]]


# ---- untidy tables ----------------------------------------------------------------------------------------

def test_residents_are_the_sum_of_groups_and_the_difference_is_reported(tmp_path: Path) -> None:
    rows = ks_rows()
    rows[0][1] += 7
    rows[9][1] -= 2
    place = load_place(write(tmp_path / "ks.csv", KS_HEADING, rows))
    assert place.residents == sum(row[1] for row in ks_rows()) and place.difference == -5
    assert "In 2 of 60 areas the groups do not add up to the stated total (off by at most 7)" in " ".join(
        place.provenance.cleaning_notes)


def test_areas_with_nobody_and_footers_are_left_out_and_reported(tmp_path: Path) -> None:
    rows = ks_rows()
    rows[4][1:16] = [0] * 15
    config = write(tmp_path / "ks.csv", KS_HEADING, [*rows, ["Source: Office for National Statistics"]])
    place = load_place(config)
    assert len(place.counts) == 59 and (place.counts.sum(axis=1) > 0).all()
    assert "E00000004" not in place.levels[0].codes
    message = " ".join(place.provenance.cleaning_notes)
    assert "1 area with nobody left out" in message and "1 line without any count left out" in message


def test_mixed_geography_is_refused_unless_a_level_is_chosen(tmp_path: Path) -> None:
    rows = [*ts_rows("E00"), *ts_rows("E01", 3, 90), *ts_rows("E92", 1, 900)]
    config = write(tmp_path / "ts.csv", TS_HEADING, rows)
    with pytest.raises(UserError, match=r"mixes levels .* \(3 LSOAs, 40 OAs, 1 country\).*place\.level="):
        load_place(config)
    chosen = load_place({**config, "level": "oa"})
    alone = load_place(write(tmp_path / "alone.csv", TS_HEADING, ts_rows("E00")))
    assert same(chosen, alone)
    assert any("4 rows of other levels of geography left out" in text for text in chosen.provenance.cleaning_notes)


def test_within_keeps_a_part_and_its_figures(tmp_path: Path) -> None:
    config = write(tmp_path / "ks.csv", KS_HEADING, ks_rows())
    place = load_place({**config, "within": {"MSOA": ["E02000001"], "LAD": ["Town"]}})
    assert place.levels[0].codes == tuple(f"E{i:08d}" for i in range(20, 40))
    assert place.provenance.stated_total == sum(row[1] for row in ks_rows()[20:40])


def test_areas_that_do_not_nest_are_refused(tmp_path: Path) -> None:
    rows = ks_rows()
    rows[1][17] = "E02000002"  # its LSOA has four other output areas elsewhere
    with pytest.raises(UserError, match="LSOA E01000000 lies in two areas of level MSOA"):
        load_place(write(tmp_path / "ks.csv", KS_HEADING, rows))


# ---- wrong tables -----------------------------------------------------------------------------------------

def changed(row: int, column: int, value: Any) -> Callable[[Path], dict[str, Any]]:
    def make(path: Path) -> dict[str, Any]:
        rows = ks_rows()
        rows[row][column] = value
        return write(path, KS_HEADING, rows)
    return make


def raw(text: bytes) -> Callable[[Path], dict[str, Any]]:
    def make(path: Path) -> dict[str, Any]:
        path.write_bytes(text)
        return {"file": str(path)}
    return make


def renamed(heading: list[str], old: str, new: str,
            rows: list[list[Any]]) -> Callable[[Path], dict[str, Any]]:
    return lambda path: write(path, [new if name == old else name for name in heading], rows)


WRONG: dict[str, tuple[Callable[[Path], dict[str, Any]], str]] = {
    "missing": (lambda path: {"file": str(path)}, "does not exist"),
    "empty": (raw(b"\n\n"), "is empty"),
    "binary": (raw(b"PK\0\0\0\0"), "is not a text file"),
    "broken gzip": (raw(b"\x1f\x8b\x08\0\0"), "cannot be read"),
    "no areas": (lambda path: write(path, KS_HEADING, []), "has a heading but no areas"),
    "negative": (changed(2, 4, -3), "line 4, column 'OtherWhite': '-3' is not a count"),
    "words": (changed(2, 5, "many"), "line 4, column 'Mixed': 'many' is not a count"),
    "fraction": (changed(0, 2, 12.5), "line 2, column 'WhiteBrit': '12.5' is not a count"),
    "blank": (changed(0, 3, ""), "column 'Irish': an empty field is not a count"),
    "infinite": (changed(0, 3, "inf"), "column 'Irish': 'inf' is not a count"),
    "twice": (changed(50, 0, "E00000004"), "has the area 'E00000004' more than once"),
    "no parent": (changed(5, 16, ""), "E00000005 has no LSOA"),
    "misspelt": (renamed(KS_HEADING, "Pakistani", "Pakistan", ks_rows()),
                 "has no column 'Pakistani'. Did you mean 'Pakistan'?"),
    "column twice": (renamed(KS_HEADING, "RGN", "Mixed", ks_rows()), "has the column 'Mixed' more than once"),
    "leaf missing": (renamed(TS_HEADING, "Ethnic group: White: Roma", "Roma", ts_rows()),
                     "has no column 'White: Roma'"),
    "unknown": (lambda path: write(path, ["a", "b"], [[1, 2]]), "has columns of no known table (a, b ...)"),
    "pair twice": (lambda path: write(path, ["area", "group", "count"], [*LONG, LONG[0]]),
                   "line 7: area 'x1' and group 'red' occur together more than once"),
    "one group": (lambda path: write(path, ["area", "group", "count"], [["x", "red", 5]]), "has 1 groups"),
    "nobody": (lambda path: write(path, ["area", "group", "count"], [["x", "red", 0], ["x", "blue", 0]]),
               "has no residents"),
    "mapping": (lambda path: {**write(path, ["area", "red", "blue"], [["x", 3, 5]]),
                              "columns": {"groups": ["red", "bleu"]}},
                "has no column 'bleu'; its columns are area, red, blue. Did you mean 'blue'?"),
    "level": (lambda path: {**write(path, KS_HEADING, ks_rows()), "level": "LSAO"},
              "place.level=LSAO is not in"),
    "within level": (lambda path: {**write(path, KS_HEADING, ks_rows()), "within": {"LDA": ["Town"]}},
                     "Did you mean 'LAD'?"),
    "within area": (lambda path: {**write(path, KS_HEADING, ks_rows()), "within": {"LAD": ["Twon"]}},
                    "'Twon' is no LAD of"),
    "scheme": (lambda path: {**write(path, KS_HEADING, ks_rows()), "scheme": "detialed"},
               "Did you mean 'detailed'?"),
    "reference": (lambda path: {**write(path, KS_HEADING, ks_rows()), "reference": "White Brit"},
                  "Did you mean 'White British'?"),
    "parents": (lambda path: {**write(path, ["area", "group", "count", "town"],
                                      [["x", "red", 1, "T"], ["x", "blue", 1, "U"]]),
                              "columns": {"parents": {"town": "town"}}}, "but areas must nest"),
    "inside": (lambda path: {**write(path, ["area", "red", "blue", "d"], [["x", 900, 900, 1.5]]),
                             "columns": {"groups": ["red", "blue"], "dissimilarity_within": "d"}},
               "'1.5' is not a dissimilarity"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_in_one_sentence(tmp_path: Path, case: str) -> None:
    make, expected = WRONG[case]
    with pytest.raises(UserError) as caught:
        load_place(make(tmp_path / "table.csv"))
    message = str(caught.value)
    assert expected in message
    assert "\n" not in message and message.endswith((".", "?")) and len(message) < 400


def test_read_table_tells_kind_and_level(tmp_path: Path) -> None:
    write(tmp_path / "ts.csv", TS_HEADING, ts_rows("E05", 4, 700))
    table = read_table(tmp_path / "ts.csv")
    assert (table.level, table.source.kind, table.source.areas) == ("ward", "census 2021 table TS021", 4)
    assert len(table.source.sha256) == 64
