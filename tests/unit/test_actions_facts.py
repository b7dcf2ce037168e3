"""What the sources say of each project, held against its file: a figure that is changed must be noticed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from contactsim.actions.schema import plain
from contactsim.config.action_catalogue import load, names

ROOT = Path(__file__).parents[2]
#: action -> path of a field (parts and phases by name or number) -> what the sources say
FACTS: dict[str, dict[str, Any]] = {
    "youth_scheme": {"ages": [15, 17], "recruitment": "voluntary", "team": 13, "mix": "mixed", "quota": "area",
                     "share": 0.12,
                     "cost.participant": 1800, "phases.0.displaces": "the_week", "phases.1.displaces": "the_week",
                     "phases.0.sessions": 5, "phases.1.sessions": 5, "phases.2.sessions": 5,
                     "phases.0.weeks": 1, "phases.1.weeks": 1, "phases.2.weeks": 2, "phases.2.hours": 6},
    "arts_festival": {"end": 104, "parts.festival.start": 30, "parts.festival.every": 52,
                      "parts.champions.mechanism": "convene", "parts.singing.mechanism": "convene",
                      "parts.kindness.ages": [7, 10], "parts.kindness.recruitment": "whole_class",
                      "parts.stories.mechanism": "speak"},
    "community_centre": {"recruitment": "drop_in", "conditions.mediator": 1, "conditions.neutral_ground": 1,
                         "bonding": 0.25,
                         "helpers.number": 8},
    "community_centre_cut": {"cut": 52, "rooms_after_cut": 2, "rooms": 8},
    "welcome_project": {"parts.lunch.hours": 2.5, "parts.lunch.every": 1,
                        "parts.lunch.helpers.number": 6, "parts.lunch.conditions.mediator": 1,
                        "parts.lunch.conditions.neutral_ground": 1, "parts.allotment.capacity": 4,
                        "parts.english.mechanism": "convene", "parts.celebrations.mechanism": "host"},
    "esol_partnership": {"parts.classes.hours": 2,
                         "parts.classes.capacity": 15, "parts.classes.grows_to": 100, "parts.classes.grows_over": 156,
                         "parts.classes.wait": 52, "parts.classes.helpers.sessions": 6,
                         "parts.summer_school.capacity": 60, "parts.summer_school.phases.0.weeks": 6},
    "schools_linking": {"recruitment": "whole_class", "link": True, "capacity": 2760, "phases.5.whom": "parents",
                        "conditions.neutral_ground": 1, "phases.2.conditions.neutral_ground": 0},
    "red_card": {"capacity": 288, "team": 12, "mix": "own", "quota": "guests", "interval": 52},
    "poles_are_polls": {"mechanism": "speak"},
    "donate_blood": {"capacity": 2500},
    "moving_on_up": {"capacity": 300, "end": 104, "sex": "male", "unemployed": True, "employ": True,
                     "cost.fixed": 800_000},
    "knowing_how": {"parts.workshops.capacity": 27, "parts.workshops.phases.0.sessions": 2,
                    "parts.workshops.phases.0.weeks": 5, "parts.workshops.phases.0.every": 4,
                    "parts.workshops.hours": 3, "parts.champions.mechanism": "equip"},
    "integration_plan": {"choose": "most_segregated"},
    "school_intake": {"reassigns": "school", "within": "district"},
    "mixed_workplaces": {"reassigns": "work"},
    "housing_choice": {"rehouse": True},
    "womens_workshops": {"sex": "female", "recruitment": "drop_in", "quota": "even"},
    "peer_leaders": {"quota": "even", "phases.1.scale": "all"},
    "police_liaison": {"parts.surgeries.helpers.number": 3},
    "nursery_families": {"ages": [2, 4], "whom": "parents"},
    "library_chat": {"sex": "female", "end": None},
    "creative_confidence": {"mix": "own", "phases.1.scale": "all"},
    "anti_racism_workshops": {"parts.workshops.no_outgroup_friend_coef": 2},
}
#: action -> figures that its page must tell
TOLD = {
    "youth_scheme": ["60 hours", "five days", "£50", "£30"], "arts_festival": ["50 works", "23", "254"],
    "welcome_project": ["Friday", "15 and 30", "ten years", "allotment"],
    "esol_partnership": ["twelve months", "nearly 100"],
    "schools_linking": ["80 classes", "46 schools", "2,760"], "red_card": ["24 teams"],
    "donate_blood": ["2,500"], "british_poles": ["hundred candidates", "45 were elected"],
    "moving_on_up": ["£800,000", "almost 300", "15 to 11 %", "is unknown", "22,000"],
    "equality_scorecard": ["seven areas"], "knowing_how": ["27 people", "four workshops"],
    "police_liaison": ["Three", "20,000"], "library_chat": ["ten years"], "housing_choice": ["Nobody is obliged"]}


def at(values: Any, path: str) -> Any:
    for key in path.split("."):
        values = values[int(key)] if isinstance(values, list) else values[key]
    return values


@pytest.mark.parametrize("name", FACTS)
def test_the_file_holds_to_the_facts(name: str) -> None:
    fields = plain(load(name))
    assert {path: at(fields, path) for path in FACTS[name]} == FACTS[name]


@pytest.mark.parametrize("name", TOLD)
def test_the_page_tells_the_figures(name: str) -> None:
    section = load(name)
    text = " ".join([section.about, section.price(), *(str(one) for one in plain(section).values())])
    assert [figure for figure in TOLD[name] if figure not in text] == []


def test_welcome_expects_fifteen_to_thirty() -> None:
    lunch = load("welcome_project").parts["lunch"]  # type: ignore[attr-defined]
    usual = lunch.regulars * (lunch.core * lunch.faithful + (1 - lunch.core) * lunch.attendance)
    assert usual * (1 - lunch.varies) >= 15 and usual * (1 + lunch.varies) <= lunch.rooms * lunch.room == 30


@pytest.mark.parametrize("name", names())
def test_evidence_is_in_the_evidence_page_or_a_finding(name: str) -> None:
    rows = re.findall(r"(?m)^\| (A\d+[bc]?) \|", (ROOT / "docs" / "evidence.md").read_text(encoding="utf-8"))
    designs = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "experiments").glob("*/*.yaml"))
    assert set(load(name).evidence) <= {*rows, *re.findall(r"\bF\d+\b", designs)}
