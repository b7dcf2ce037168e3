"""Paired runs: nothing differs but what the difference reaches, and effects are what was put in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from contactsim.comparison.effects import PARTS, effects, parts, precision, summarise
from contactsim.comparison.paired_runs import CONTROL, TREATMENT, Arm, PairedRuns, simulate_pair
from contactsim.encounters.session import Session
from contactsim.errors import UserError
from contactsim.observers import footprint
from contactsim.observers.panel import OUTCOMES, Panel
from contactsim.parameters import Conditions, ModelParameters, Shock
from contactsim.world import World
from tests.worlds import columns_of, make_parameters, make_world, ordinary_week, same_bits, two_groups

CLOSE = Conditions(closeness=0.8, avoidability=0.0, equal_status=1.0, common_goals=1.0, cooperation=1.0, support=1.0)
PLACE = two_groups(12, 100)


class Club:
    """Some people meet in teams of ten until a week, instead of other things (``displaces``; None: of anything)."""

    def __init__(self, rows: Any, last: int = 6, name: str = "club", displaces: Any = None) -> None:
        self.displaces = displaces
        self.name, self.rows, self.last = name, np.asarray(rows, np.int32), last
        self.participants = self.rows[:0]

    def week(self, world: World) -> None:
        if world.clock < self.last and self.rows.size:
            self.participants = self.rows
            start = np.append(np.arange(0, self.rows.size, 10), self.rows.size).astype(np.int64)
            world.convene(Session(self.name, start, self.rows, CLOSE, 2), displaces=self.displaces)


class Herald(Club):
    """A message that makes other groups seem warmer in the first neighbourhood."""

    def week(self, world: World) -> None:
        world.areas.message_effect[0, 0, 1] = 0.05


class Usher(Club):
    """Moves people to other seats at work."""

    def week(self, world: World) -> None:
        work = world.settings["work"]
        if world.clock == 1:
            rows = np.flatnonzero(work.seat >= 0)[:4]
            empty = np.flatnonzero(work.occupant < 0)[:4]
            work.leave(rows)
            work.place(rows, empty, world.clock)


def quick(**scenario: Any) -> ModelParameters:
    """A connected town in which small differences spread fast."""
    return make_parameters(
        ordinary_week(), scenario={"burn_in_min": 20, "burn_in_max": 20, **scenario},
        psychology={"norms": 0.05, "prior_weight": 1.0, "forgetting": 0.2})


def adults(place: Any = PLACE, number: int = 40) -> np.ndarray:
    people = make_world(place, quick(), seed=5).people
    return np.flatnonzero(people.active & (people.age > 20))[5:5 + number]


def pair(make: Any, weeks: int = 12, mark: bool = False, seed: int = 5, **scenario: Any) -> PairedRuns:
    arms = {CONTROL: Arm(quick()), TREATMENT: Arm(quick(**scenario), make)}
    return simulate_pair(PLACE, seed, arms, weeks, [weeks // 2, weeks], range(weeks) if mark else ())


@pytest.mark.parametrize("make", [
    lambda: [Club(adults())], lambda: [Club(adults(), displaces=())], lambda: [Herald([])], lambda: [Usher([])],
    lambda: [Club(adults(number=20)), Club(adults(number=33), name="other")]])
def test_who_differs_is_within_what_the_week_can_reach(make: Any) -> None:
    found = pair(make, mark=True).footprint
    assert (found["stray"] == 0).all() and found["reachable"].notna().all()
    assert (found["differing"] <= found["reachable"] + 1e-12).all()
    assert found["differing"].iloc[-1] > found["differing"].iloc[0] and found["reachable"].iloc[0] < 1


def test_a_shock_in_one_arm_reaches_whom_it_hits() -> None:
    shock = {"shocks": {"event": Shock(week=3, target="B", dose=3.0, feeling=0.3)}}
    found = pair(tuple, mark=True, **shock).footprint
    assert (found["stray"] == 0).all()
    assert (found["differing"][:3] == 0).all() and found["differing"].iloc[3] > 0.3


@pytest.mark.parametrize("way", ["_norms", "_teams"])
def test_a_way_that_is_left_out_is_noticed(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """Negative control: without one of the ways of reach somebody differs outside the set."""
    nothing = {"_norms": lambda a, b: np.zeros(a.columns["uid"].shape, bool), "_teams": lambda a, b, rows: rows}
    monkeypatch.setattr(footprint, way, nothing[way])
    in_addition = [Club(adults(), displaces=())]  # nobody is missed elsewhere, so the sessions alone reach them
    assert pair(lambda: in_addition, mark=True).footprint["stray"].sum() > 0


def test_computing_the_footprint_changes_nothing() -> None:
    with_it, without_it = (pair(lambda: [Club(adults())], mark=mark) for mark in (True, False))
    for outcome in OUTCOMES:
        assert np.array_equal(with_it.difference(TREATMENT, outcome, 12), without_it.difference(TREATMENT, outcome, 12))


def test_the_control_arm_is_an_ordinary_run() -> None:
    """Its readings are those of a run of its own, burn-in included."""
    from contactsim.world import world_after_burn_in

    found = pair(lambda: [Club(adults())])
    alone, _ = world_after_burn_in(PLACE, quick(), 5, threads=1)
    panel = Panel([12], OUTCOMES, found.residents.row, dtype=np.float32)
    alone.observe(panel)
    for _ in range(12):
        alone.step()
    for outcome, values in found.arms[CONTROL].readings[12].values.items():
        assert same_bits(values, panel.waves[12][outcome]).all(), outcome


@pytest.mark.parametrize("make", [tuple, lambda: [Club([])]])
def test_a_null_action_is_exactly_nothing(make: Any) -> None:
    """No row differs in any bit in any week, and every interval is [0, 0]."""
    found = [pair(make, seed=seed, mark=True) for seed in (1, 2, 3)]
    assert all((one.footprint[["differing", "moved", "reachable", "stray"]] == 0).all(axis=None) for one in found)
    table = pd.concat([effects(one, TREATMENT).assign(seed=one.seed) for one in found])
    known = summarise(table).dropna(subset="effect")
    assert (known[["effect", "low", "high", "raw", "raw_low", "raw_high"]] == 0).all(axis=None)
    assert not known["significant"].any() and set(known["part"]) == {"everybody", "others"}


def test_all_columns_are_equal_at_week_0() -> None:
    found = pair(lambda: [Club(adults())])
    assert all((found.difference(TREATMENT, outcome, 0) == 0).all() for outcome in OUTCOMES)


def test_parts_share_out_the_residents() -> None:
    found = pair(lambda: [Club(adults())])
    masks, people = parts(found, TREATMENT), found.residents
    assert list(masks) == list(PARTS)
    assert (np.sum([masks[name] for name in list(PARTS)[1:]], axis=0) == 1).all()
    assert set(people.row[masks["participants"]]) == set(adults())
    for k in np.flatnonzero(masks["spillover"])[:50]:
        home = np.isin(people.household[masks["participants"]], people.household[k]).any()
        assert home or np.isin(people.ties[k], adults()).any()
    outside = people.household[masks["others"]]
    assert not np.isin(outside, people.household[masks["participants"]]).any()
    assert not parts(found, TREATMENT, 0)["participants"].any()


def test_a_club_warms_its_members_most_and_paired_runs_are_precise() -> None:
    found = [pair(lambda: [Club(adults())], seed=seed) for seed in range(1, 5)]
    table = pd.concat([effects(one, TREATMENT).assign(seed=one.seed) for one in found])
    known = summarise(table).query("week == 6 and outcome == 'belonging' and by == 'all'").set_index("part")
    assert known.loc["participants", "low"] > 0.1 > abs(known.loc["others", "effect"])
    bought = precision(table).query("week == 12 and outcome == 'attitude'").set_index("part")
    assert bought.loc["everybody", "ratio"] > 10


def test_effects_are_in_the_own_groups_spread() -> None:
    found = pair(lambda: [Club(adults())])
    table = effects(found, TREATMENT).query("week == 12 and part == 'everybody' and outcome == 'attitude'")
    table = table[table["by"] == "group"]
    for g, name in enumerate(found.residents.groups):
        own = found.residents.group == g
        values = found.arms[CONTROL].readings[12].values["attitude"].astype(float)
        expected = found.difference(TREATMENT, "attitude", 12)[own].mean() / values[own].std()
        assert table.loc[table["level"] == name, "effect"].item() == pytest.approx(expected, rel=1e-9)


def test_prior_contact_is_in_thirds_of_the_own_group() -> None:
    people = pair(tuple).residents
    for g in (0, 1):
        third = people.prior_contact[people.group == g]
        counts = [int((third == name).sum()) for name in ("little", "middling", "much")]
        assert max(counts) - min(counts) <= 1
        prior = people.prior[people.group == g]
        assert prior[third == "little"].max() <= prior[third == "much"].min()


def test_arms_that_share_no_week_0_are_refused() -> None:
    other = quick().settings.model_copy(update={"work": quick().settings.school})
    with pytest.raises(UserError, match="share their seats"):
        changed = Arm(quick().model_copy(update={"settings": other}))
        simulate_pair(PLACE, 1, {CONTROL: Arm(quick()), TREATMENT: changed}, 2, [2])
    with pytest.raises(UserError, match=r"scenario\.burn_in cannot differ"):
        simulate_pair(PLACE, 1, {CONTROL: Arm(quick()), TREATMENT: Arm(quick(burn_in=False))}, 2, [2])
    with pytest.raises(UserError, match="outside the 2 weeks"):
        simulate_pair(PLACE, 1, {CONTROL: Arm(quick()), TREATMENT: Arm(quick())}, 2, [3])


def test_newcomers_in_a_row_are_not_the_same_person() -> None:
    busy = {"departures": 0.9, "arrivals": 0.9}
    arms = {CONTROL: Arm(quick(**busy)), TREATMENT: Arm(quick(**busy), lambda: [Club(adults())])}
    found = simulate_pair(PLACE, 1, arms, 30, [30], range(30))
    gone = ~found.arms[CONTROL].readings[30].here
    assert 0.1 < gone.mean() < 0.9 and np.isnan(found.difference(TREATMENT, "attitude", 30)[gone]).all()
    assert (found.footprint["stray"] == 0).all()


def test_columns_of_helpers_are_complete() -> None:
    """The reach looks at every column that a world has (the week's own notes are written anew each week)."""
    world = make_world(PLACE, quick())
    held = set(world.snapshot().columns)
    expected = {name for name in columns_of(world) if not name.startswith(("week.", "areas.")) and name != "dwelling"}
    assert expected <= held
