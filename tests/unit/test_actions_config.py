"""Actions on the command line and in files: what is composed, one sentence for everything that is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contactsim.actions import build
from contactsim.config.action_catalogue import load, names
from contactsim.config.run_config import compose, validate
from contactsim.errors import UserError
from contactsim.storage.identity import digest_of, place_digest
from contactsim.storage.provenance import scientific_digest
from tests.acting import town

#: The rows of the brief's table, and what a comparison needs besides.
ROWS = {
    "youth_scheme", "arts_festival", "community_centre", "welcome_project", "esol_partnership", "schools_linking",
    "red_card", "poles_are_polls", "donate_blood", "british_poles", "moving_on_up", "equality_scorecard", "knowing_how",
    "integration_plan", "school_intake", "mixed_workplaces", "housing_choice", "growth_resources", "womens_workshops",
    "peer_leaders", "tension_mediation", "police_liaison", "nursery_families", "young_refugee_care", "sports_clubs",
    "library_chat", "creative_confidence", "anti_racism_workshops"}
BESIDES = {"hostile_rumour", "community_centre_cut"}
#: The mechanisms that the brief gives them.
MECHANISMS = {
    "youth_scheme": {"convene"}, "arts_festival": {"convene", "host", "speak"}, "community_centre": {"host"},
    "welcome_project": {"host", "convene"}, "esol_partnership": {"convene", "level"}, "schools_linking": {"convene"},
    "red_card": {"convene"}, "poles_are_polls": {"speak"}, "donate_blood": {"speak"},
    "british_poles": {"speak", "level"}, "moving_on_up": {"level"}, "equality_scorecard": {"level", "equip"},
    "school_intake": {"level"}, "mixed_workplaces": {"level"}, "housing_choice": {"level"},
    "growth_resources": {"level"},
    "womens_workshops": {"convene"}, "peer_leaders": {"convene"}, "tension_mediation": {"speak", "host"},
    "police_liaison": {"level", "host"}, "nursery_families": {"host"}, "young_refugee_care": {"level", "convene"},
    "sports_clubs": {"convene"}, "library_chat": {"host"}, "creative_confidence": {"convene"},
    "anti_racism_workshops": {"convene", "speak"}}


def test_every_row_has_a_file_that_says_what_it_must() -> None:
    assert set(names()) == ROWS | BESIDES
    for name in names():
        section = load(name)
        assert section.title and section.about and section.harm and section.source != "our own", name
        assert MECHANISMS.get(name, set(section.kinds)) == set(section.kinds), name
        assert all(one[0] in "AF" and one[1:].rstrip("b").rstrip("c").isdigit() for one in section.evidence), name
        assert all(cost.source.strip() for cost in section.costs())
    assert "equip" in load("knowing_how").kinds and load("integration_plan").mechanism == "plan"


def test_several_actions_and_overrides() -> None:
    config = compose(["action=[youth_scheme,community_centre]", "actions.youth_scheme.capacity=60",
                      "actions.community_centre.conditions.mediator=0"])
    assert list(config.actions) == ["youth_scheme", "community_centre"]
    assert config.actions["youth_scheme"].capacity == 60  # type: ignore[attr-defined]
    assert config.actions["community_centre"].conditions.mediator == 0.0  # type: ignore[attr-defined]
    assert list(compose(["action=youth_scheme"]).actions) == ["youth_scheme"]
    assert compose([]).actions == {}


def test_the_message_can_be_switched_off_on_the_command_line() -> None:
    for word, said in (("off", "off"), ("false", "off"), ("on", "on")):
        config = compose(["action=arts_festival", f"actions.arts_festival.message={word}"])
        assert config.actions["arts_festival"].message == said  # type: ignore[attr-defined]


def test_the_same_one_several_times() -> None:
    config = compose(["action=community_centre", "+actions.north.like=community_centre", "+actions.north.start=26",
                      "+actions.north.conditions.mediator=0.5", "actions.south.like=community_centre"])
    north, south = config.actions["north"], config.actions["south"]
    assert north.start == 26 and south == load("community_centre")
    assert north.conditions.mediator == 0.5  # type: ignore[attr-defined]
    assert north.conditions.closeness == south.conditions.closeness  # type: ignore[attr-defined]


def test_likeness_of_likeness_and_parts_of_a_plan(tmp_path: Path) -> None:
    own = tmp_path / "action"
    own.mkdir()
    (own / "small.yaml").write_text("# @package actions.small\nlike: youth_scheme\ncapacity: 26\n", encoding="utf-8")
    (own / "smaller.yaml").write_text("# @package actions.smaller\nlike: small\nteam: 5\n", encoding="utf-8")
    (own / "both.yaml").write_text("# @package actions.both\nmechanism: plan\nparts:\n  a: {like: small}\n"
                                   "  b: {like: library_chat}\n", encoding="utf-8")
    found = compose(["action=[smaller,both]"], str(tmp_path)).actions
    smaller = found["smaller"].model_dump()
    assert (smaller["capacity"], smaller["team"], smaller["share"]) == (26, 5, 0.12)
    assert found["both"].kinds == ("convene", "host")
    assert found["both"].parts["a"].capacity == 26  # type: ignore[attr-defined]


def test_a_kept_configuration_is_read_back_as_it_was() -> None:
    config = compose(["action=[integration_plan,youth_scheme,donate_blood]", "+actions.x.like=welcome_project"])
    again = validate(json.loads(json.dumps(config.model_dump(mode="json"))))
    assert again == config and again.model_dump() == config.model_dump()
    place = town()
    assert scientific_digest(again, place) == scientific_digest(config, place)
    for one, other in zip(*(build(c.actions, place, c.parameters) for c in (config, again)), strict=True):
        assert [m.config for m in one.members()] == [m.config for m in other.members()]


def test_the_digest_hangs_on_actions_and_is_unchanged_without_any() -> None:
    place, none = town(), compose([])
    values = none.model_dump(mode="json", include={
        "seed", "weeks", "residents", "settings", "psychology", "scenario", "survey"})
    assert scientific_digest(none, place) == digest_of({**values, "place": place_digest(place)})
    digests = {scientific_digest(compose(chosen), place) for chosen in (
        [], ["action=youth_scheme"], ["action=youth_scheme", "actions.youth_scheme.reach=0.5"],
        ["action=library_chat"])}
    assert len(digests) == 4


ON = "action=youth_scheme"
HOUSE = "action=community_centre"
#: (overrides, parts that the sentence must hold)
BAD = [
    (["action=[youth_scheme,youth_scheme]"], ["youth_scheme twice", "+actions.north.like=youth_scheme"]),
    (["action=[community_centre,community_centre_cut]"], [
        "community_centre and community_centre_cut, one action", "+actions.north.like=community_centre_cut"]),
    ([ON, "+actions.youth_scheme.like=library_chat"], ["has a mechanism and is like library_chat", "another name"]),
    (["action=youth_sceme"], ["action=youth_sceme", "Did you mean 'youth_scheme'"]),
    (["actions.north.like=comunity_centre"], ["actions.north.like=comunity_centre", "Did you mean 'community_centre'"]),
    (["actions.north.start=3"], ["actions.north", "mechanism", "like"]),
    ([ON, "actions.youth_scheme.mechanism=convince"], ["mechanism='convince'", "convene"]),
    ([ON, "actions.youth_scheme.capasity=3"], ["actions.youth_scheme.capasity=3", "Did you mean 'capacity'"]),
    ([ON, "actions.youth_scheme.capacity=-1"], ["actions.youth_scheme.capacity=-1", "command line", "0 to"]),
    ([ON, "actions.youth_scheme.capacity=many"], ["capacity='many'", "a whole number"]),
    ([ON, "actions.youth_scheme.cost.session=-5"], ["actions.youth_scheme.cost.session=-5", "pounds"]),
    ([ON, "actions.youth_scheme.capacity=5"], ["team=13 is larger than its capacity=5"]),
    ([ON, "actions.youth_scheme.start=9", "actions.youth_scheme.end=5"], ["start=9 is after end=5", "command line"]),
    ([ON, "actions.youth_scheme.start=9", "actions.youth_scheme.cut=5"], ["start=9 is after cut=5", "command line"]),
    ([ON, "actions.youth_scheme.ages=[17,15]"], ["ages=[17, 15]", "[15, 17]"]),
    ([ON, "actions.youth_scheme.ages=17"], ["actions.youth_scheme.ages=17"]),
    ([ON, "actions.youth_scheme.recruitment=forced"], ["recruitment='forced'", "voluntary, referred, whole_class"]),
    ([ON, "actions.youth_scheme.link=true"], ["link=True", "whole_class"]),
    ([ON, "actions.youth_scheme.gains={attitude: 0.1}"], ["gains.attitude=0.1", "language, status, civic"]),
    ([ON, "actions.youth_scheme.phases=[]"], ["actions.youth_scheme.phases="]),
    ([ON, "actions.youth_scheme.phases=[{weeks: 0}]"], ["phases.0.weeks=0", "1 to 5200"]),
    ([ON, "+actions.youth_scheme.sourced.nothing=me"], ["sourced=nothing", "names no key"]),
    ([ON, "actions.youth_scheme=5"], ["actions.youth_scheme=5", "mapping"]),
    ([HOUSE, "actions.community_centre.rooms=0"], ["rooms=0", "1 to"]),
    ([HOUSE, "actions.community_centre.recruitment=whole_class"], ["whole_class", "open venue"]),
    (["action=donate_blood", "actions.donate_blood.threat=0.5"], ["threat=0.5", "0.12"]),
    (["action=arts_festival", "actions.arts_festival.message=loud"], ["message='loud'", "on, off"]),
    (["action=arts_festival", "actions.arts_festival.parts.singing.capacity=-1"], [
        "actions.arts_festival.parts.singing.capacity=-1"]),
    (["action=arts_festival", "actions.arts_festival.parts.band.reach=1"], ["actions.arts_festival.parts.band"]),
]


@pytest.mark.parametrize(("overrides", "parts"), BAD, ids=lambda one: " ".join(one)[:70])
def test_one_clear_sentence(overrides: list[str], parts: list[str]) -> None:
    with pytest.raises(UserError) as error:
        compose(overrides)
    text = str(error.value)
    assert all(part in text for part in parts), text
    assert "\n" not in text and text.endswith((".", "?", ")."))


#: Only a place can tell: (overrides, parts of the sentence)
MISPLACED = [
    ([ON, "actions.youth_scheme.groups=[Z]"], ["actions.youth_scheme.groups='Z' is no group of this place", "A, B"]),
    ([HOUSE, "actions.community_centre.areas=['district 9']"], ["areas='district 9' is no area", "Did you mean"]),
    ([HOUSE, "actions.community_centre.helpers.groups=[Z]"], ["helpers.groups='Z'"]),
    (["action=donate_blood", "actions.donate_blood.concerns=[Z]"], ["concerns='Z'"]),
    (["action=arts_festival", "actions.arts_festival.parts.singing.groups=[Z]"], ["arts_festival.singing.groups='Z'"]),
    ([ON, "+actions.again.like=youth_scheme", "+actions.again.start=1"], [
        "youth_scheme and actions.again both take the whole of week 1", "another start"]),
    (["+actions.e.mechanism=equip", "+actions.e.targets=[none]"], ["actions.e.targets=none is no action of this run"]),
]


@pytest.mark.parametrize(("overrides", "parts"), MISPLACED, ids=lambda one: " ".join(one)[:70])
def test_one_clear_sentence_for_what_does_not_fit_the_place(overrides: list[str], parts: list[str]) -> None:
    config = compose(overrides)
    with pytest.raises(UserError) as error:
        build(config.actions, town(), config.parameters)
    assert all(part in str(error.value) for part in parts), error.value


def test_schemes_for_other_people_or_weeks_may_take_the_whole_week() -> None:
    for apart in (["+actions.again.start=2"], ["+actions.again.ages=[18,20]"],
                  ["+actions.again.areas=['district 0']", "actions.youth_scheme.areas=['district 1']"]):
        config = compose([ON, "+actions.again.like=youth_scheme", *apart])
        assert len(build(config.actions, town(), config.parameters)) == 2


def test_a_file_without_its_first_line(tmp_path: Path) -> None:
    (tmp_path / "action").mkdir()
    (tmp_path / "action" / "mine.yaml").write_text("like: youth_scheme\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"first line must be '# @package actions\.NAME'"):
        compose(["action=mine"], str(tmp_path))


def test_a_circle_of_likes(tmp_path: Path) -> None:
    (tmp_path / "action").mkdir()
    for one, other in (("hen", "egg"), ("egg", "hen")):
        (tmp_path / "action" / f"{one}.yaml").write_text(f"# @package actions.{one}\nlike: {other}\n", encoding="utf-8")
    with pytest.raises(UserError, match="goes round in a circle"):
        compose(["action=hen"], str(tmp_path))
