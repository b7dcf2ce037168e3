"""The second registration: every finding is asked, with sourced acceptance intervals, in few worlds that many share."""

from __future__ import annotations

import datetime
import re
from typing import Any

import pytest

from contactsim.config.run_config import compose
from contactsim.evidence import loading, tasks, worlds
from contactsim.evidence.design import Finding, ShippedPlace, WorldDesign
from contactsim.evidence.panel import END, MIDPOINT, START

BASE = compose(["place=synthetic"]).parameters
ALL = loading.all_findings()
#: Claims for which no source gives a size: reported, not judged.
REPORTED = {"F27", "F28", "F30", "F31", "F33"}
#: Residents of mini_england.
NATION = 28_800


def arguments_of(finding: Finding) -> str:
    return str([outcome.arguments for outcome in finding.outcomes])


def used(finding: Finding) -> dict[str, WorldDesign]:
    """The worlds that the finding's outcomes name."""
    spoken = arguments_of(finding)
    return {name: world for name, world in finding.worlds.items() if f"'{name}'" in spoken or f"'{name}@" in spoken}


def test_every_finding_is_registered_anew() -> None:
    assert set(ALL) == {f"F{k}" for k in range(1, 35)} | {f"R{k}" for k in range(1, 5)}
    assert {folder.registered for folder, _ in ALL.values()} == {datetime.date(2026, 11, 28)}


@pytest.mark.parametrize("name", ALL)
def test_a_judged_outcome_has_an_interval_with_a_source(name: str) -> None:
    _, finding = ALL[name]
    for outcome in finding.outcomes:
        assert outcome.id.split("-")[0] == name
        if outcome.judged:
            low, high = outcome.acceptance
            assert low is not None or high is not None, outcome.id
            assert low is None or high is None or low < high, outcome.id
            assert not outcome.acceptance_source.startswith(("assumed", "shown", "ours")), outcome.id


def test_claims_without_a_quantitative_source_are_reported_and_all_others_judged() -> None:
    judged = {name for name, (_, finding) in ALL.items() if any(outcome.judged for outcome in finding.outcomes)}
    assert judged == set(ALL) - REPORTED


def test_every_evidence_id_exists() -> None:
    page = (loading.experiments_folder().parent / "docs" / "evidence.md").read_text()
    for _, finding in ALL.values():
        assert all(f"| {name} |" in page for name in finding.evidence)
        assert all(f"| {name} |" in page for outcome in finding.outcomes for name in outcome.evidence or ())


@pytest.mark.parametrize("name", ALL)
def test_outcomes_read_worlds_and_waves_that_exist(name: str) -> None:
    _, finding = ALL[name]
    for world, wave in re.findall(r"'(\w+)@([\w ]+)'", arguments_of(finding)):
        read = {f"week {week}" for week in finding.worlds[world].read}
        assert wave in {START, MIDPOINT, END, *read}, f"{name}: {world}@{wave}"
    assert used(finding)


def test_worlds_of_the_nation_are_the_same_in_all_findings() -> None:
    """So that a nation is simulated once for all of them."""
    named: dict[str, set[str]] = {}
    for _, finding in ALL.values():
        for world in ("england", "panel"):
            if world in used(finding):
                named.setdefault(world, set()).add(worlds.key_of(finding.worlds[world], 0))
    assert set(named) == {"england", "panel"} and all(len(keys) == 1 for keys in named.values())


def test_a_parameter_set_costs_about_a_minute() -> None:
    """Resident-weeks of all base worlds with their burn-ins, and of all mechanisms, each world once."""
    seen: set[str] = set()
    costs = {"base": 0, "mechanisms": 0}

    def add(kind: str, world: WorldDesign, residents: int) -> None:
        n = NATION if isinstance(world.place, ShippedPlace) else residents
        parameters = worlds.parameters_of(world, BASE)
        before = parameters.model_dump_json(exclude={"scenario": worlds._AFTER_BURN_IN})  # type: ignore[arg-type]
        for key, weeks in ((worlds.key_of(world, n), world.weeks),
                           (f"{world.place.model_dump_json()} {n} {before}",
                            parameters.scenario.burn_in_min if parameters.scenario.burn_in else 0)):
            costs[kind] += 0 if key in seen else n * weeks
            seen.add(key)

    of_all = [(folder.residents(finding, "full"), finding) for folder, finding in ALL.values()]
    for residents, finding in of_all:
        for world in used(finding).values():
            add("base", world, residents)
    for residents, finding in of_all:
        for outcome in finding.outcomes:
            for name in finding.knock_outs_of(outcome):
                switch, spoken = finding.knock_outs[name], str(outcome.arguments)
                for key, world in finding.worlds.items():
                    if switch.mechanism and (f"'{key}'" in spoken or f"'{key}@" in spoken):
                        add("mechanisms", worlds.knocked_out(world, key, switch), residents)
    assert costs["base"] < 60e6 and costs["mechanisms"] < 80e6, costs


def test_every_estimand_but_descriptives_of_gradients_is_used() -> None:
    spoken: set[Any] = {outcome.estimand for _, finding in ALL.values() for outcome in finding.outcomes}
    assert set(tasks.ESTIMANDS) - spoken <= {"average", "people"}


def test_the_page_of_the_registration_names_every_finding() -> None:
    page = (loading.experiments_folder().parent / "docs" / "second-registration.md").read_text()
    for name in ALL:
        assert re.search(rf"(?m)^\| {name} \|", page), name
