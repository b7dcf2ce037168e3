"""An old name in a configuration is refused with one sentence that states the new one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
import yaml

from contactsim import cli, renamed
from contactsim.actions.schema import GAINED, Helpers
from contactsim.actions.sections import BUILTIN, MisconfiguredError, Phase, sections
from contactsim.config.run_config import RunConfig, compose, validate
from contactsim.config.sentences import sentence
from contactsim.errors import UserError
from contactsim.evaluate.design import load
from contactsim.evaluate.power import Power
from contactsim.parameters import ContactContext, MixingGroups, Psychology, Residents, Scenario, Settings, Shock
from contactsim.place import bundled_place, synthetic_place
from contactsim.place.config import SyntheticPlace, parse

#: A key in each section of the table, as a user writes it.
SECTIONS = {
    r"settings\.contact_contexts\.[^.]+": "settings.contact_contexts.town",
    r"settings\.(school|work|association)": "settings.school",
    renamed._ACTION: "actions.youth_scheme",
    renamed._ACTION + r"\.helpers": "actions.youth_scheme.helpers",
    renamed._ACTION + r"\.phases\.\d+": "actions.youth_scheme.phases.0",
    renamed._ACTION + r"\.gains": "actions.youth_scheme.gains",
}
PAIRS = [(SECTIONS.get(pattern, pattern), old, new) for pattern, keys in renamed.KEYS.items() for old,
         new in keys.items()]
#: The present keys of each section.
PRESENT = {
    "": set(RunConfig.model_fields), "settings": set(Settings.model_fields),
    "settings.contact_contexts.town": set(ContactContext.model_fields),
    "settings.school": set(MixingGroups.model_fields),
    "psychology": set(Psychology.model_fields), "residents": set(Residents.model_fields),
    "scenario": set(Scenario.model_fields), "place": set(SyntheticPlace.model_fields),
    "actions.youth_scheme": {key for kind in BUILTIN.values() for key in kind.model_fields},
    "actions.youth_scheme.helpers": set(Helpers.model_fields), "actions.youth_scheme.phases.0": set(Phase.model_fields),
    "actions.youth_scheme.gains": set(GAINED)}


#: Sections that are not part of a run.
OF_SURVEYS = ("evaluation", "power")


def key_of(section: str, name: str) -> str:
    return f"{section}.{name}" if section else name


def complaint(*overrides: str, config_dir: str | None = None) -> str:
    with pytest.raises(UserError) as error:
        compose(list(overrides), config_dir)
    text = str(error.value)
    assert "\n" not in text and text.endswith((".", ")."))
    return text


@pytest.mark.parametrize(("section", "old", "new"), PAIRS)
def test_the_new_key_exists_and_the_old_one_does_not(section: str, old: str, new: str) -> None:
    assert new in PRESENT[section] and old not in PRESENT[section]
    assert renamed.new_key(key_of(section, old)) == key_of(section, new)
    assert renamed.new_key(key_of(section, new)) is None


@pytest.mark.parametrize(("section", "old", "new"), PAIRS)
def test_an_old_key_on_the_command_line(section: str, old: str, new: str) -> None:
    if section.endswith((".phases.0", ".gains")):  # a list or a free mapping is given as a whole
        value = f"[{{{old}: 1}}]" if section.endswith(".phases.0") else f"{{{old}: 0.1}}"
        text = complaint("action=youth_scheme", f"{section.removesuffix('.0')}={value}")
        assert f"the key is now {'gains.' if 'gains' in section else section + '.'}{new}" in text
        return
    chosen = ["action=youth_scheme"] if section.startswith("actions") else []
    for prefix in ("", "+") if section != "place" else ("",):  # a new key of a place is checked when it is loaded
        text = complaint(*chosen, f"{prefix if not chosen else ''}{key_of(section, old)}=3")
        assert re.search(rf"{key_of(section, old)}=3' \(command line\): the key is now {key_of(section, new)}\.",
                         text), text


@pytest.mark.parametrize(("section", "removed"), [
    (section.replace(r"\.[^.]+", ".event").replace("\\", ""), key)
    for section, keys in renamed.REMOVED.items() if section not in OF_SURVEYS for key in keys])
def test_a_removed_key_is_refused_with_what_to_use(section: str, removed: str) -> None:
    shock = ["scenario=shock", "scenario.shocks.event.target=minority"] if "shocks" in section else []
    for prefix in ("", "+"):
        text = complaint(*shock, f"{prefix}{section}.{removed}=0.5")
        assert text.startswith(f"'{prefix}{section}.{removed}=0.5' (command line): the key was removed; ") or (
            text.startswith(f"'{section}.{removed}=0.5' (command line): the key was removed; "))
    present = [name for model in (Psychology, Shock) for name in model.model_fields]
    instead = renamed.instead_of(f"{section}.{removed}")
    assert instead is not None and any(name in re.findall(r"\w+", instead) for name in present)


@pytest.mark.parametrize(("choice", "instead"), [
    (f"{group}={name}", text) for group, names in renamed.REMOVED_VALUES.items()
    if group.partition(".")[0] not in OF_SURVEYS for name, text in names.items()])
def test_a_removed_choice_is_refused_with_what_to_use(choice: str, instead: str) -> None:
    assert complaint(choice) == f"'{choice}' (command line): the choice was removed; {instead}."
    used = re.findall(r"\w+=\w+", instead)
    assert used and compose(used)


@pytest.mark.parametrize(("old", "instead"), renamed.REMOVED["evaluation"].items())
def test_a_removed_key_of_an_evaluation_is_refused_with_one_that_works(old: str, instead: str) -> None:
    with pytest.raises(UserError) as error:
        load("youth_scheme", {old: 1})
    assert str(error.value) == f"'evaluation.{old}=1' (command line): the key was removed; {instead}."
    (key, value), = re.findall(r"evaluation\.(\S+)=(\S+)", instead)
    assert load("youth_scheme", {key: yaml.safe_load(value)}) != load("youth_scheme")


@pytest.mark.parametrize("old", renamed.REMOVED["power"])
def test_a_removed_key_of_a_power_analysis_is_refused(old: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["power", f"{old}=3"]) == 2
    assert f"'{old}=3' (command line): the key was removed; power.item names the" in capsys.readouterr().err
    assert "item" in Power.model_fields and old not in Power.model_fields


@pytest.mark.parametrize("key", ["outcomes", "mediator"])
def test_an_old_outcome_of_an_evaluation_is_refused(key: str) -> None:
    of_key = f"evaluation.{key}"
    for old, new in [*renamed.VALUES_OF[of_key].items(), *renamed.REMOVED_VALUES[of_key].items()]:
        with pytest.raises(UserError) as error:
            load("youth_scheme", {key: old})
        assert str(error.value).startswith(f"'{of_key}={old}': the ") and new in str(error.value)
        assert old in renamed.REMOVED_VALUES[of_key] or load("youth_scheme", {key: new, "mediated": None})


def test_every_part_of_a_key_is_renamed() -> None:
    assert complaint("settings.occasions.town.slots=3") == (
        "'settings.occasions.town.slots=3' (command line): "
        "the key is now settings.contact_contexts.town.encounters_per_week.")


def test_an_old_choice_comes_with_its_key() -> None:
    assert complaint("scenario.history=none").endswith("the key is now scenario.burn_in=false.")
    assert complaint("scenario.burn_in=lived").endswith("the value is now scenario.burn_in=true.")


@pytest.mark.parametrize(("old", "new"), renamed.VALUES.items())
def test_the_new_choice_is_one_somewhere(old: str, new: str) -> None:
    fields = [*ContactContext.model_fields.values(), *Phase.model_fields.values(),
              *(field for kind in BUILTIN.values() for field in kind.model_fields.values())]
    choices = {choice for field in fields for choice in get_args(field.annotation)}
    columns = {"belonging", "negative_exposure", "baseline_attitude", "status"}
    assert new in choices | columns | {"no_burn_in", "no_negative_exposure"} and old not in choices


@pytest.mark.parametrize(("override", "key", "new"), [
    ("settings.contact_contexts.town.scale=quarter", "settings.contact_contexts.town.scale", "district"),
    ("settings.contact_contexts.town.scale=cell", "settings.contact_contexts.town.scale", "output_area"),
    ("settings.contact_contexts.town.scale=circle", "settings.contact_contexts.town.scale", "small_group"),
    ("settings.contact_contexts.town.scale=pool", "settings.contact_contexts.town.scale", "mixing_group"),
    ("actions.youth_scheme.scale=quarter", "actions.youth_scheme.scale", "district"),
    ("actions.youth_scheme.phases=[{displaces: its_slots}]", "actions.youth_scheme.phases.0.displaces", "its_hours"),
    ("actions.youth_scheme.phases=[{displaces: its_encounters}]", "actions.youth_scheme.phases.0.displaces",
     "its_hours"),
    ("scenario=no_history", "scenario", "no_burn_in"), ("residents=no_exposure", "residents", "no_negative_exposure")])
def test_an_old_choice_on_the_command_line(override: str, key: str, new: str) -> None:
    text = complaint("action=youth_scheme", override)
    assert f"the value is now {key}={new}." in text and "(command line)" in text


@pytest.mark.parametrize(("group", "text", "new"), [
    ("psychology", "defaults: [default]\nexposure_positive: 0.2\n", "psychology.negative_exposure_positive"),
    ("residents", "defaults: [default]\nstanding_gap: 0.2\n", "residents.status_gap"),
    ("scenario", "defaults: [default]\nhistory: none\n", "scenario.burn_in=false"),
    ("settings", "defaults: [default]\noccasions:\n  town: {slots: 1}\n", "settings.contact_contexts")])
def test_an_old_key_in_a_file_names_the_file(group: str, text: str, new: str, tmp_path: Path) -> None:
    (tmp_path / group).mkdir()
    (tmp_path / group / "mine.yaml").write_text(text, encoding="utf-8")
    found = complaint(f"{group}=mine", config_dir=str(tmp_path))
    assert f"the key is now {new}." in found and f"{group}/mine.yaml" in found


def test_an_old_key_in_the_file_of_an_action(tmp_path: Path) -> None:
    (tmp_path / "action").mkdir()
    file = tmp_path / "action" / "mine.yaml"
    file.write_text("# @package actions.mine\nlike: youth_scheme\nwilling: 1.0\n", encoding="utf-8")
    found = complaint("action=mine", config_dir=str(tmp_path))
    assert "the key is now actions.mine.intercept." in found and "mine.yaml" in found
    file.write_text("# @package actions.mine\nlike: youth_scheme\nsourced: {willing: me}\n", encoding="utf-8")
    assert "the key is now intercept" in complaint("action=mine", config_dir=str(tmp_path))


def test_an_old_key_of_a_part_of_a_plan() -> None:
    found = complaint("action=arts_festival", "actions.arts_festival.parts.singing.again=3")
    assert "the key is now actions.arts_festival.parts.singing.interval." in found


def test_an_old_key_of_an_action_from_plain_data() -> None:
    with pytest.raises(MisconfiguredError) as wrong:
        sections({"mine": {"mechanism": "level", "jobs": True}}, "actions")
    found = sentence(wrong.value.error, lambda key: "here", wrong.value.model, f"{wrong.value.key}.")
    assert found == "'actions.mine.jobs=true' (here): the key is now actions.mine.employ."


@pytest.mark.parametrize("old", ["cell", "output_area"])
def test_an_old_key_of_a_place(old: str) -> None:
    values = {"kind": "synthetic", "residents": 1000, "shares": [0.5, 0.5], "dissimilarity": 0.2}
    for call in (lambda: parse({**values, old: 300}), lambda: bundled_place("bradford", None, **{old: 300})):
        with pytest.raises(UserError, match=f"'place.{old}=300': the key is now place.output_area_residents."):
            call()


def test_an_old_level_of_a_place() -> None:
    place = synthetic_place("made", 3000, {"a": 0.6, "b": 0.4}, 0.3)
    for old, new in (("cell", "output_area"), ("quarter", "district")):
        with pytest.raises(UserError, match=f"The level '{old}' of the place 'made' is now called '{new}'"):
            place.level(old)


def test_a_configuration_of_today_has_no_old_name() -> None:
    values = compose(["action=[youth_scheme,arts_festival,integration_plan]"]).model_dump()
    assert validate(values)

    def keys(node: object, key: str = "") -> list[str]:
        pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else []
        return [key, *(one for name, value in pairs for one in keys(value, key_of(key, str(name))))]

    assert not [key for key in keys(values) if renamed.new_key(key)]
