"""The dose of an action: close hours that it adds, beside those of an ordinary year."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from contactsim.comparison.compare import compare
from contactsim.comparison.design import read_grid
from contactsim.comparison.effects import PARTS, dose_estimates, doses, parts
from contactsim.comparison.folder import summary
from contactsim.comparison.paired_runs import CONTROL, TREATMENT, Arm, PairedRuns, simulate_pair
from contactsim.comparison.report import render
from contactsim.encounters.arrays import CLOSE_HOUR
from contactsim.observers.close_hours import CloseHours
from tests.acting import made
from tests.worlds import make_parameters, make_world, two_groups

PLACE = two_groups()
CLUB: dict[str, Any] = {"mechanism": "convene", "reach": 1.0, "intercept": 5.0, "capacity": 60, "team": 10,
                        "hours": 4.0, "ages": [20, 60], "encounters_per_session": 4, "phases": [{"weeks": 4}],
                        "conditions": {"closeness": 1.0, "avoidability": 0.0}}


@cache
def pair(capacity: int = 60, seed: int = 5) -> PairedRuns:
    parameters = make_parameters(scenario={"burn_in_min": 4, "burn_in_max": 4, "departures": 0.3})
    world = make_world(PLACE, parameters)
    arms = {CONTROL: Arm(parameters), TREATMENT: Arm(parameters, lambda: made(world, ("club", {
        **CLUB, "capacity": capacity})))}
    return simulate_pair(PLACE, seed, arms, 8, [4, 8])


def test_close_hours_are_those_of_all_weeks() -> None:
    world = make_world(PLACE)
    rows = np.arange(3, len(world.people), 2)
    hours = CloseHours(rows)
    world.observe(hours)
    total = np.zeros(rows.size, np.int64)
    for _ in range(5):
        world.step()
        total += world.week.company[rows]
    assert total.any()
    np.testing.assert_array_equal(hours.result(), total / CLOSE_HOUR)


def test_a_dose_is_a_difference_between_the_arms_beside_a_year_without() -> None:
    found = pair()
    control, treated = found.arms[CONTROL].close_hours, found.arms[TREATMENT].close_hours
    added, ordinary = found.dose(TREATMENT, 8)
    gone = ~found.arms[CONTROL].readings[8].here
    assert gone.any() and np.isnan(added[gone]).all() and np.isnan(ordinary[gone]).all()
    np.testing.assert_allclose(added[~gone], (treated[8] - control[8])[~gone])
    np.testing.assert_allclose(ordinary[~gone], control[8][~gone] * 52 / 8)
    club = parts(found, TREATMENT, 8)["participants"] & ~gone
    assert 1 < added[club].mean() < 16 and (control[0] == 0).all()


def test_the_table_has_the_mean_of_each_part_and_cut() -> None:
    found = pair()
    table = doses(found, TREATMENT)
    assert set(table["week"]) == {4, 8} and set(table["part"]) == set(PARTS)
    added, ordinary = found.dose(TREATMENT, 8)
    club = parts(found, TREATMENT, 8)["participants"] & ~np.isnan(added)
    row = table[(table["week"] == 8) & (table["part"] == "participants") & (table["by"] == "all")].iloc[0]
    assert row["residents"] == club.sum()
    assert (row["added"], row["ordinary"]) == pytest.approx((added[club].mean(), ordinary[club].mean()))
    groups = table[(table["week"] == 8) & (table["part"] == "participants") & (table["by"] == "group")]
    assert groups["residents"].sum() == club.sum()


def test_an_action_for_nobody_has_no_dose() -> None:
    table = doses(pair(capacity=0), TREATMENT)
    assert (table["added"].dropna() == 0).all() and table["added"].notna().any()
    nobody = table[table["part"] == "participants"]
    assert (nobody["residents"] == 0).all() and nobody[["added", "ordinary"]].isna().all(axis=None)


def test_doses_over_seeds() -> None:
    by_seed = pd.concat([doses(pair(seed=seed), TREATMENT).assign(seed=seed) for seed in (5, 6, 7)])
    table = dose_estimates(by_seed)
    assert len(table) == len(doses(pair(), TREATMENT))
    row = table[(table["week"] == 8) & (table["part"] == "participants") & (table["by"] == "all")].iloc[0]
    each = by_seed[(by_seed["week"] == 8) & (by_seed["part"] == "participants") & (by_seed["by"] == "all")]
    assert row["added"] == pytest.approx(each["added"].mean()) and row["low"] < row["added"] < row["high"]
    assert row["ordinary"] == pytest.approx(each["ordinary"].mean())


def test_a_comparison_shows_the_dose_beside_the_effects(tmp_path: Path) -> None:
    grid = read_grid(["action=youth_scheme", "actions.youth_scheme.intakes=1", "place.residents=1500", "seeds=2",
                      "scenario=no_burn_in", "follow_up=[2]"])
    comparison = compare(grid, tmp_path, jobs=0)
    found = summary(comparison, "nowhere")
    rows = [one for one in found["dose"] if (one["week"], one["part"], one["by"]) == (4, "participants", "all")]
    assert len(rows) == 1 and rows[0]["added"] > 5 and rows[0]["ordinary"] > 0
    console = Console(width=140)
    with console.capture() as printed:
        console.print(render(found))
    first = ("close hours added", "in an ordinary year")
    lines = [line for line in printed.get().splitlines() if line.startswith(first)]
    assert len(lines) == 4 and f"{rows[0]['added']:+,.1f}" in lines[0] and f"{rows[0]['ordinary']:,.1f}" in lines[1]
