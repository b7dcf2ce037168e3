"""Made output areas: exact totals, nesting, the required dissimilarity, and independence of anything else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from contactsim.errors import UserError
from contactsim.place import synthetic_place
from contactsim.place.core import Place, check_nesting
from contactsim.place.downscaling import MEASURED, Split, default_dissimilarity, split
from contactsim.place.nesting import group_in_order
from contactsim.place.segregation import dissimilarity

UNITS = arrays(np.int64, st.tuples(st.integers(1, 6), st.integers(2, 4)),
               elements=st.integers(0, 9000)).filter(lambda totals: (totals.sum(axis=1) > 0).all())


def cut(totals: np.ndarray, target: float | np.ndarray, **keys: int) -> Split:
    codes = tuple(f"unit {i}" for i in range(len(totals)))
    groups = tuple(f"group {g}" for g in range(totals.shape[1]))
    return split(totals, codes, groups, np.broadcast_to(np.asarray(target, float), len(totals)), **keys)


@settings(max_examples=40, deadline=None)
@given(UNITS, st.floats(0, 0.9))
def test_units_keep_their_exact_totals_and_output_areas_nest(totals: np.ndarray, target: float) -> None:
    parts = cut(totals, target)
    assert (parts.counts >= 0).all()
    sums = np.zeros_like(totals)
    np.add.at(sums, parts.unit, parts.counts)
    assert (sums == totals).all()
    for fine, coarse in ((parts.block, parts.district), (parts.district, parts.unit)):
        assert (np.diff(fine) >= 0).all()
        assert len(np.unique(np.stack([fine, coarse]), axis=1).T) == len(np.unique(fine))
    for unit in range(len(totals)):
        inside = parts.counts[parts.unit == unit]
        assert dissimilarity(inside) == pytest.approx(parts.reached[unit], nan_ok=True)
        assert len(inside) == max(1, np.rint(totals[unit].sum() / 300))


@settings(max_examples=30, deadline=None)
@given(st.integers(5_000, 60_000), st.floats(0.15, 0.85), st.floats(0.05, 0.8), st.integers(0, 1000))
def test_two_groups_reach_their_dissimilarity_in_output_areas_of_equal_size(
        residents: int, share: float, target: float, seed: int) -> None:
    first = round(residents * share)
    parts = cut(np.array([[first, residents - first]]), target, seed=seed)
    assert parts.reached[0] == pytest.approx(target, abs=0.005)
    sizes = parts.counts.sum(axis=1)
    assert np.abs(sizes - residents / len(sizes)).max() < 0.15 * 300


def test_a_units_output_areas_depend_on_nothing_but_the_unit() -> None:
    totals = np.array([[900, 700], [7000, 500], [300, 15_000], [4000, 4000]])
    target = np.array([0.2, 0.3, 0.4, 0.5])
    codes, groups = ("w", "x", "y", "z"), ("a", "b")
    whole = split(totals, codes, groups, target)
    order = np.array([2, 0])
    some = split(totals[order], ("y", "w"), groups, target[order])
    for position, unit in enumerate(order):
        assert (some.counts[some.unit == position] == whole.counts[whole.unit == unit]).all()


def test_the_order_of_minorities_does_not_matter_and_the_seed_does() -> None:
    totals = np.array([[5000, 2000, 900]])
    one = split(totals, ("u",), ("a", "b", "c"), np.array([0.4]))
    other = split(totals[:, [0, 2, 1]], ("u",), ("a", "c", "b"), np.array([0.4]))
    assert np.abs(one.counts - other.counts[:, [0, 2, 1]]).max() <= 1  # sums of floats in another order
    assert (split(totals, ("u",), ("a", "b", "c"), np.array([0.4]), seed=1).counts != one.counts).any()


def by_level(place: Place) -> list[float]:
    return [dissimilarity(place.totals(level.name)) for level in place.levels]


@pytest.mark.parametrize(("shares", "target"), [
    ({"a": 0.64, "b": 0.36}, 0.66), ({"a": 0.5, "b": 0.3, "c": 0.2}, 0.3), ({"a": 0.95, "b": 0.05}, 0.1),
    ({f"g{i}": 1 / 16 for i in range(16)}, 0.5)])
def test_a_made_place_has_exact_groups_and_the_dissimilarity_asked_for(
        shares: dict[str, float], target: float) -> None:
    place = synthetic_place("made", 31_000, shares, target)
    assert place.residents == 31_000 and place.groups == tuple(shares)
    assert np.abs(place.counts.sum(axis=0) - 31_000 * np.array(list(shares.values()))).max() <= 1
    assert [level.name for level in place.levels] == ["output_area", "block", "district"]
    assert all(level.synthetic for level in place.levels)
    sizes = [place.residents / level.areas for level in place.levels]
    assert sizes == pytest.approx([300, 1500, 7500], rel=0.1)
    check_nesting(place.levels, "made")
    values = by_level(place)
    assert values[0] == pytest.approx(target, abs=0.01)
    assert values[0] >= values[1] >= values[2]


def test_dissimilarity_falls_over_levels_as_in_real_districts() -> None:
    """A27: Bradford .660 / .642 / .604 and Hackney .253 / .187 / .156 (mean over made places, within .04)."""
    for residents, share, target, expected in ((522_000, 0.639, 0.660, (0.642, 0.604)),
                                               (246_000, 0.362, 0.253, (0.187, 0.156))):
        shares = {"a": share, "b": 1 - share}
        values = [by_level(synthetic_place("made", residents, shares, target, seed=seed))
                  for seed in range(6)]
        assert np.mean(values, axis=0)[1:] == pytest.approx(expected, abs=0.04)


def test_unreachable_dissimilarity_is_refused_with_the_range() -> None:
    with pytest.raises(UserError, match=r"dissimilarity=0\.99 cannot be reached .* from 0\.\d+ to 0\.\d+\."):
        synthetic_place("made", 1500, {"a": 0.5, "b": 0.5}, 0.99)


def test_a_made_place_does_not_change_with_its_name() -> None:
    one, other = (synthetic_place(name, 9000, {"a": 0.5, "b": 0.5}, 0.4) for name in ("one", "other"))
    assert (one.counts == other.counts).all() and one.levels[0].codes == other.levels[0].codes


@given(arrays(np.int64, st.integers(1, 40), elements=st.integers(1, 3000)), st.integers(1, 4))
def test_grouping_in_order_nests_and_is_contiguous(sizes: np.ndarray, parents: int) -> None:
    parent = np.arange(sizes.size) * parents // sizes.size
    groups = group_in_order(sizes, parent, 1500)
    assert groups[0] == 0 and set(np.diff(groups)) <= {0, 1}
    for one in np.unique(groups):
        assert len(np.unique(parent[groups == one])) == 1


def test_the_default_inside_units_grows_with_their_size() -> None:
    values = default_dissimilarity(np.array([100, 1_670, 4_000, 8_200, 16_300, 10**7]))
    assert (np.diff(values) >= 0).all() and values[1] == pytest.approx(0.145) and values[-1] == 0.355


def test_the_default_inside_units_is_what_output_areas_show(census: Path) -> None:
    """The figures of ``downscaling.MEASURED`` for LSOAs and MSOAs, computed again from the six tables."""
    tables = [pd.read_csv(file) for file in sorted((census / "census2011").glob("oa_*.csv"))]
    table = pd.concat(tables)
    others = table.loc[:, "Irish":"Other"].sum(axis=1)
    pair = pd.DataFrame({"a": table["WhiteBrit"], "b": others})
    for level, (residents, expected) in zip(("LSOA", "MSOA"), MEASURED, strict=False):
        inside = pair.groupby(table[level].to_numpy())
        assert inside.sum().sum(axis=1).mean() == pytest.approx(residents, rel=0.01)
        found = inside.apply(lambda unit: dissimilarity(unit.to_numpy())).median()
        assert found == pytest.approx(expected, abs=0.001)
