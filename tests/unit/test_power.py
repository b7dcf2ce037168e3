"""Power: closed forms against simulation."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from contactsim.errors import UserError
from contactsim.evaluate.power import check, needed, noise, render, seeds_needed, simulate, smallest, table


def test_the_closed_form_is_the_textbooks() -> None:
    """Two groups of 64 detect .5 SD with 80 % power (Cohen 1988, table 2.4.1), for a scale without error."""
    question = check({"effect": 0.5, "reliability": [1.0], "stability": 0.5})
    assert needed(question, "after", 1.0) == 64
    assert smallest(question, "after", 64, 1.0) == pytest.approx(0.5, abs=0.005)
    assert noise("did", 1.0, 0.5) == 1.0  # asking before buys nothing at a correlation of one half
    assert noise("ancova", 0.8, 0.9) < min(1.0, noise("did", 0.8, 0.9))
    assert np.isnan(noise("matched", 0.8, 0.9))


def test_less_reliable_scales_and_smaller_samples_detect_less() -> None:
    question = check({})
    by_sample = [smallest(question, "did", n, 0.8) for n in (20, 50, 200)]
    by_scale = [smallest(question, "did", 50, r) for r in (0.6, 0.8, 0.9)]
    assert by_sample == sorted(by_sample, reverse=True) and by_scale == sorted(by_scale, reverse=True)


@pytest.mark.parametrize("design", ["after", "did", "ancova", "before_after", "two_pretests"])
def test_simulated_studies_detect_what_the_closed_form_says(design: str) -> None:
    """80 % of 200 studies, within three standard errors and the little that cutting into answers takes (.70 to .89)."""
    question = check({"studies": 200})
    assert 0.70 <= simulate(question, design, 60, 0.8, smallest(question, design, 60, 0.8)) <= 0.89


def test_no_effect_is_seldom_detected() -> None:
    """One side of a 5 % test: 2.5 % of 200 studies (decision: at most 6 %)."""
    assert simulate(check({"studies": 200}), "did", 60, 0.8, 0.0) <= 0.06


def test_points_are_those_of_the_item() -> None:
    """SD of answers: a quarter of the scale, of which the share of the reliability is true."""
    for item, width in (("attitude", 10), ("threat", 4)):
        question = check({"item": item, "designs": "after", "reliability": 0.64, "studies": 0})
        row = table(question).iloc[0]
        assert row["smallest_points"] == pytest.approx(row["smallest"] * 0.25 * width * 0.8)


def test_seeds_follow_from_the_variance_of_a_comparison() -> None:
    rng = np.random.default_rng(1)
    raw, control = 0.02 + 0.01 * rng.standard_normal(10), 0.3 + 0.05 * rng.standard_normal(10)
    by_seed = pd.DataFrame({"arm": "treatment", "week": 5, "part": "participants", "by": "all", "outcome": "attitude",
                             "raw": raw, "effect": raw / 0.25, "control": control})
    found = seeds_needed(check({}), by_seed).set_index("effect")
    assert (found["paired"] < found["independent"]).all() and (found.loc[0.01] >= found.loc[0.1]).all()


def test_a_comparison_without_a_difference_gives_no_number_of_seeds() -> None:
    by_seed = pd.DataFrame({"arm": "treatment", "week": 5, "part": "participants", "by": "all", "outcome": "attitude",
                             "raw": np.zeros(4), "effect": np.zeros(4), "control": 0.3})
    question = check({"designs": "after", "sample": 20, "reliability": 0.8, "studies": 0})
    shown = Console(file=io.StringIO(), width=200)
    shown.print(render(question, table(question), seeds_needed(question, by_seed), Path("here")))
    assert "gives no number of seeds" in shown.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("values, says", [
    ({"effect": 0}, "effect=0"), ({"sample": [2]}, "sample=[2]"), ({"reliability": [2]}, "reliability="),
    ({"designs": ["guess"]}, "guess"), ({"sample": ["many"]}, "sample=['many']"), ({"power": 1.5}, "power=1.5"),
    ({"effekt": 1}, "effekt"), ({"item": "close_friends"}, "item='close_friends' is unknown: allowed are anxiety")])
def test_mistakes_are_said(values: dict[str, object], says: str) -> None:
    with pytest.raises(UserError) as error:
        check(values)
    assert says in str(error.value) and "\n" not in str(error.value)
