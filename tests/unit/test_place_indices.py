"""Indices of segregation: bounds, hand-made cases, PySAL as an oracle, and evidence A27."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from contactsim.place import describe, index_table, load_place, synthetic_place
from contactsim.place.segregation import UNITS, dissimilarity, diversity, entropy, exposure, theil_h

COUNTS = arrays(np.int64, st.tuples(st.integers(1, 12), st.integers(2, 5)),
                elements=st.integers(0, 400)).filter(lambda counts: (counts.sum(axis=0) > 0).all())


@given(COUNTS)
def test_indices_stay_within_their_bounds(counts: np.ndarray) -> None:
    groups = counts.shape[1]
    assert -1e-12 <= dissimilarity(counts) <= 1 + 1e-12
    assert -1e-12 <= theil_h(counts) <= 1 + 1e-12
    met = exposure(counts)
    assert (met >= 0).all() and np.allclose(met.sum(axis=1), 1)
    assert (diversity(counts) >= -1e-12).all() and (diversity(counts) <= 1 - 1 / groups + 1e-12).all()
    assert (entropy(counts) >= 0).all() and (entropy(counts) <= np.log(groups) + 1e-12).all()


@given(COUNTS, st.integers(1, 5))
def test_indices_do_not_depend_on_size_or_order(counts: np.ndarray, times: int) -> None:
    shuffled = counts[::-1] * times
    assert dissimilarity(shuffled) == pytest.approx(dissimilarity(counts))
    assert theil_h(shuffled) == pytest.approx(theil_h(counts), abs=1e-12)
    assert exposure(shuffled) == pytest.approx(exposure(counts))


def test_extremes_and_a_case_worked_by_hand() -> None:
    apart, alike = np.array([[10, 0], [0, 30]]), np.array([[10, 20], [20, 40]])
    assert dissimilarity(apart) == 1 and theil_h(apart) == pytest.approx(1) and exposure(apart)[0, 0] == 1
    assert dissimilarity(alike) == 0 and theil_h(alike) == pytest.approx(0, abs=1e-12)
    counts = np.array([[3, 1], [1, 3]])
    assert dissimilarity(counts) == pytest.approx(0.5)
    assert exposure(counts)[0, 1] == pytest.approx(3 / 4 * 1 / 4 + 1 / 4 * 3 / 4)
    assert diversity(counts)[0] == pytest.approx(1 - 9 / 16 - 1 / 16)
    assert entropy(np.array([[1, 1]]))[0] == pytest.approx(np.log(2))
    assert np.isnan(dissimilarity(np.array([[5, 0]])))


@settings(max_examples=15, deadline=None)
@given(COUNTS.filter(lambda counts: len(counts) > 1 and (counts.sum(axis=1) > 0).all()))
def test_agree_with_pysal(counts: np.ndarray) -> None:
    pysal = pytest.importorskip("segregation")
    names = [f"g{i}" for i in range(counts.shape[1])]
    frame = pd.DataFrame(counts, columns=names).assign(total=counts.sum(axis=1))
    single, multi = pysal.singlegroup, pysal.multigroup
    two = {"group_pop_var": "g0", "total_pop_var": "total"}
    if (counts[:, 0] < counts.sum(axis=1)).any():
        assert dissimilarity(counts) == pytest.approx(single.Dissim(frame, **two).statistic)
    assert exposure(counts)[0, 0] == pytest.approx(single.Isolation(frame, **two).statistic)
    assert 1 - exposure(counts)[0, 0] == pytest.approx(single.Interaction(frame, **two).statistic)
    assert theil_h(counts) == pytest.approx(multi.MultiInfoTheory(frame, groups=names).statistic, abs=1e-9)
    local = multi.SimpsonsInteraction(pd.DataFrame(counts.sum(axis=0)[None, :], columns=names), groups=names)
    assert diversity(counts.sum(axis=0)[None, :])[0] == pytest.approx(local.statistic)


A27 = {
    "bradford": (0.660, 0.642, 0.604), "birmingham": (0.528, 0.517, 0.506), "thanet": (0.309, 0.271, 0.243),
    "slough": (0.360, 0.339, 0.302), "hackney": (0.253, 0.187, 0.156),
}


@pytest.mark.parametrize("district", A27)
def test_real_districts_have_the_dissimilarity_of_a27(census: Path, district: str) -> None:
    figures = describe(load_place({"file": str(census / "census2011" / f"oa_{district}.csv")}))
    assert list(figures["dissimilarity"]) == ["OA", "LSOA", "MSOA"]
    for value, expected in zip(figures["dissimilarity"].values(), A27[district], strict=True):
        assert value == pytest.approx(expected, abs=0.0005)


def test_the_scheme_does_not_change_the_reference_groups_dissimilarity(census: Path) -> None:
    file = str(census / "census2011" / "oa_slough.csv")
    two, fourteen = (describe(load_place({"file": file, "scheme": name})) for name in ("two", "detailed"))
    assert two["dissimilarity"] == pytest.approx(fourteen["dissimilarity"])


def test_the_table_of_indices_is_tidy_and_has_units() -> None:
    place = synthetic_place("made", 6000, {"a": 0.5, "b": 0.3, "c": 0.2}, 0.4)
    table = index_table(place)
    assert not table.duplicated(["level", "index", "group", "other"]).any()
    assert set(table["index"]) == set(UNITS) and (table["unit"] == table["index"].map(UNITS)).all()
    assert set(table["level"]) == {"place", "output_area", "block"}  # one district: nothing to compare
    pair = table.query("index == 'dissimilarity' and level == 'output_area' and group == 'a' and other == 'b'")
    assert pair["value"].item() == pytest.approx(dissimilarity(place.counts[:, :2]))
