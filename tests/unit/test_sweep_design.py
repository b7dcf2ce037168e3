"""Designs and overrides: the runs that a sweep describes, before anything is simulated."""

from __future__ import annotations

import numpy as np
import pytest

from contactsim.errors import UserError
from contactsim.sweeps.config import Expansion, read, split
from contactsim.sweeps.designs import Axis, parameter_sets, unit_sample
from tests.sweeping import TINY


def expansion(*overrides: str) -> Expansion:
    keys = {line.split("=")[0] for line in overrides}
    own, rest = split([*(line for line in TINY if line.split("=")[0] not in keys), *overrides])
    return Expansion(rest, read(own))


def test_values_are_crossed() -> None:
    found = parameter_sets([Axis("a", (1, 2)), Axis("b", ("x", "y", "z"))], "cartesian")
    assert len(found) == 6 and {(p["a"], p["b"]) for p in found} == {(a, b) for a in (1, 2) for b in "xyz"}


def test_zipped_values_are_combined_one_by_one_and_the_others_are_crossed() -> None:
    found = parameter_sets([Axis("a", (1, 2)), Axis("b", (10, 20)), Axis("c", (7, 8))], "cartesian", ["a", "b"])
    assert [(p["a"], p["b"], p["c"]) for p in found] == [(1, 10, 7), (1, 10, 8), (2, 20, 7), (2, 20, 8)]


def test_a_key_of_an_earlier_version_is_refused_with_its_new_name() -> None:
    with pytest.raises(UserError, match=r"paired is now called zip"):
        expansion("psychology.negative_weight=1,2", "paired=[psychology.negative_weight]")


def test_zipped_values_of_unequal_length_or_unknown_keys_are_refused() -> None:
    with pytest.raises(UserError, match="a has 2, b has 3"):
        parameter_sets([Axis("a", (1, 2)), Axis("b", (1, 2, 3))], "cartesian", ["a", "b"])
    with pytest.raises(UserError, match=r"zip=psychology\.wieght.*Did you mean 'psychology\.weight'"):
        parameter_sets([Axis("psychology.weight", (1, 2))], "cartesian", ["psychology.wieght"])


@pytest.mark.parametrize(("design", "count"), [("latin", 16), ("sobol", 16 * 5), ("morris", 16 * 4)])
def test_samples_have_their_size_lie_inside_and_are_the_same_each_time(design: str, count: int) -> None:
    names = ["a", "b", "c"]
    one, again = unit_sample(design, names, 16, 3), unit_sample(design, names, 16, 3)
    assert one.shape == (count, 3) and one.min() >= 0 and one.max() <= 1
    assert np.array_equal(one, again) and not np.array_equal(one, unit_sample(design, names, 16, 4))


def test_a_hypercube_has_one_parameter_set_in_each_slice() -> None:
    slices = np.sort(np.floor(unit_sample("latin", ["a", "b"], 20, 1) * 20), axis=0)
    assert np.array_equal(slices, np.tile(np.arange(20.0)[:, None], 2))


def test_a_larger_sobol_sample_begins_with_the_smaller() -> None:
    small, large = unit_sample("sobol", ["a", "b"], 8, 1), unit_sample("sobol", ["a", "b"], 16, 1)
    assert np.array_equal(large[:len(small)], small)


def test_integers_reach_both_ends_equally_often() -> None:
    axis = Axis("weeks", (), 4, 6, integer=True)
    found = [axis.at(share) for share in np.linspace(0, 1, 3001)]
    assert {type(value) for value in found} == {int}
    assert np.abs(np.bincount(found)[4:] - 1000).max() <= 1


def test_intervals_and_designs_need_each_other() -> None:
    with pytest.raises(UserError, match=r"is an interval.*design=latin, sobol, morris"):
        expansion("psychology.negative_weight=interval(1,2)")
    with pytest.raises(UserError, match="there is none"):
        expansion("psychology.negative_weight=1,2", "design=latin")
    with pytest.raises(UserError, match=r"power of two, such as 16"):
        expansion("psychology.negative_weight=interval(1,2)", "design=sobol", "samples=12")


def test_runs_are_parameter_sets_times_replications_with_seeds_counted_up() -> None:
    found = expansion("psychology.negative_weight=1,2.5", "seed=7", "replications=3").specs()
    assert [(s.config.psychology.negative_weight, s.config.seed, s.replication) for s in found] == [
        (1.0, 7, 0), (1.0, 8, 1), (1.0, 9, 2), (2.5, 7, 0), (2.5, 8, 1), (2.5, 9, 2)]
    assert dict(found[3].labels) == {"psychology.negative_weight": 2.5}
    seeds = expansion("seed='range(0,60)'".replace("'", "")).specs()
    assert [s.config.seed for s in seeds] == list(range(60))


def test_groups_lists_and_references_vary_too() -> None:
    found = expansion("residents=default,no_negative_exposure", "place.shares=[0.8,0.2],[0.7,0.3]").specs()
    assert [s.config.residents.negative_exposure_spread == 0 for s in found] == [False, False, True, True]
    assert [s.config.place["shares"] for s in found][:2] == [[0.8, 0.2], [0.7, 0.3]]
    assert dict(found[1].labels) == {"residents": "default", "place.shares": "[0.7,0.3]"}
    found = expansion("weeks=3,5", "place.seed=${weeks}").specs()
    assert [(s.config.weeks, s.config.place["seed"]) for s in found] == [(3, 3), (5, 5)]


@pytest.mark.parametrize(("override", "words"), [
    ("psychology.negative_weight=1,99", r"negative_weight=99.* \(command line\).*from 0 to 8"),
    ("psychology.negativ_weight=1,2", r"Did you mean 'negative_weight'"),
    ("psychology=default,unequal", r"psychology=unequal .*unequal_weight"),
    ("psychology.negative_weight=1,2,1", "contains a value twice"),
    ("seed=interval(1,5)", "no interval to sample"),
    ("psychology.negative_weight=interval(1,99)", r"interval\(1,99\).*both ends must be a number from 0 to 8"),
    ("output=here", "no meaning in a sweep"),
    ("zip=[seed,weeks]", "all parameter sets use the same seeds"),
    ("keep=[surveys]", r"keep.*\[survey,figure\]\. Did you mean 'survey'"),
    ("keep=survey", r"keep='survey' \(command line\).*a list, as in \[survey,figure\]"),
    ("replications=0", r"replications=0 \(command line\).*from 1"),
    ("engine=dusk", r"engine=dusk .*allowed are dask, local"),
    ("engine=dask", r"engine\.scheduler.*missing"),
    ("desing=latin", "desing"),
    ("design=latim", "Did you mean 'latin'"),
    ("hydra/launcher=joblib", "--multirun"),
])
def test_what_no_run_can_take_is_refused_before_anything_is_done(override: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        expansion(override).specs()


def test_replications_and_several_seeds_exclude_each_other() -> None:
    with pytest.raises(UserError, match="give one of them"):
        expansion("seed=1,2", "replications=3").specs()
