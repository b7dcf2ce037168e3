"""The configuration: what is composed, and one sentence for everything that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from contactsim import cli
from contactsim.config.run_config import DEFINED, RunConfig, compose, validate
from contactsim.errors import UserError
from contactsim.paths import configs_folder


def variants(group: str) -> list[str]:
    return sorted(path.stem for path in (configs_folder() / group).glob("*.yaml"))


def test_defaults_are_the_definitions() -> None:
    config = compose([])
    for group, section in DEFINED.items():
        assert getattr(config, group) == section()
    assert (config.seed, config.weeks) == (
        RunConfig.model_fields["seed"].default,
        RunConfig.model_fields["weeks"].default,
    )


def test_every_variant_differs_only_in_what_its_file_names() -> None:
    for group, section in DEFINED.items():
        for name in variants(group):
            found = getattr(compose([f"{group}={name}"]), group).model_dump() if name != "shock" else None
            if found is not None:
                assert found != section().model_dump(), f"{group}={name} changes nothing"


def test_evidence_variants() -> None:
    assert compose(["psychology=unequal_weight"]).psychology.negative_weight == 1.5
    nothing = compose(["psychology=no_appraisal"]).psychology
    assert (nothing.appraisal, nothing.take_up_attitude) == (0.0, 0.0)
    assert compose(["residents=no_negative_exposure"]).residents.negative_exposure_spread == 0.0
    assert compose(["scenario=no_burn_in"]).scenario.burn_in is False


def test_whole_numbers_do_for_real_ones_and_new_names_can_be_added() -> None:
    config = compose(["psychology.appraisal=0", "+scenario.shocks.riot={week: 3, target: minority, threat: 0.2}"])
    assert config.psychology.appraisal == 0.0 and isinstance(config.psychology.appraisal, float)
    assert config.scenario.shocks["riot"].threat == 0.2


#: (overrides, parts that the sentence must hold)
BAD = [
    (["psychology.drift=0.9"], ["psychology.drift=0.9", "command line", "0 to 0.5", "per week"]),
    (["psychology.drift=-1"], ["psychology.drift=-1", "0 to 0.5"]),
    (["psychology.drift=nan"], ["psychology.drift=nan", "0 to 0.5"]),
    (["psychology.drift=inf"], ["psychology.drift=inf", "0 to 0.5"]),
    (["psychology.drift=true"], ["psychology.drift=true", "a number"]),
    (["psychology.drift=null"], ["psychology.drift=null", "a number"]),
    (["psychology.drift=[1]"], ["psychology.drift=[1", "a number"]),
    (["psychology.drift='0.1'"], ["psychology.drift='0.1'", "a number"]),
    (["psychology.drift={a: 1}"], ["psychology.drift={'a': 1}", "a number"]),
    (["psychology.drfit=0.1"], ["psychology.drfit=0.1", "unknown", "'drift'"]),
    (["+psychology.drfit=0.1"], ["psychology.drfit=0.1", "unknown", "'drift'"]),
    (["++psychology.drfit=0.1"], ["psychology.drfit=0.1", "unknown", "'drift'"]),
    (["psychology.drift.x=0.1"], ["psychology.drift.x=0.1", "psychology.drift is a value"]),
    (["seed=x"], ["seed='x'", "whole number", "0 to"]),
    (["seed='3'"], ["seed='3'", "whole number"]),
    (["seed=3.5"], ["seed=3.5", "whole number"]),
    (["seed=-1"], ["seed=-1", "0 to"]),
    (["seed=true"], ["seed=true", "whole number"]),
    (["seed=null"], ["seed=null", "whole number"]),
    (["sede=3"], ["sede=3", "unknown", "'seed'"]),
    (["+typo=3"], ["typo=3", "unknown", "allowed are seed, weeks"]),
    (["weeks=0"], ["weeks=0", "1 to 5200", "weeks"]),
    (["weeks=5201"], ["weeks=5201", "1 to 5200"]),
    (["weeks="], ["weeks=''", "1 to 5200"]),
    (["weeks=3", "weeks=4"], ["weeks", "twice", "'weeks=3'", "'weeks=4'"]),
    (["weeks"], ["'weeks'", "no value"]),
    (["weeks==3"], ["weeks==3", "quotes"]),
    (["place=[synthetic,synthetic]"], ["place=[synthetic,synthetic]", "list", "--multirun"]),
    (["psychology=[unequal_weight,no_appraisal]"], ["psychology=[", "list"]),
    (["seed=1,2"], ["seed=1,2", "--multirun"]),
    (["seed=range(0,3)"], ["seed=range(0,3)", "--multirun"]),
    (["psychology=unequal_wieght"], ["psychology=unequal_wieght", "allowed are", "'unequal_weight'"]),
    (["psycology=unequal_weight"], ["psycology=unequal_weight", "unknown", "'psychology'"]),
    (["psychology=3"], ["psychology=3", "unequal_weight"]),
    (["place=towns/mine.csv"], ["place=towns/mine.csv", "place=census place.file=towns/mine.csv"]),
    (["place=atlantis"], ["place=atlantis", "allowed are", "synthetic"]),
    (["place@x=synthetic"], ["place@x=synthetic"]),
    (["scenario.burn_in=livd"], ["scenario.burn_in='livd'", "command line", "true or false"]),
    (["scenario.burn_in_max=10"], ["scenario.burn_in_max=10", "scenario.burn_in_min=", "command line"]),
    (["settings.contact_contexts.town.scale=mixing_group"], ["settings.contact_contexts.town.scale=mixing_group",
                                                             "street", "district"]),
    ([f"settings.contact_contexts.{name}.encounters_per_week={slots}" for name, slots in (("friends", 8), ("town", 0))],
     ["8 encounters_per_week with friends", "at most 7"]),
    (["settings.contact_contexts.town.encounters_per_week=99"],
     ["settings.contact_contexts.town.encounters_per_week=99", "0 to 20"]),
    (["scenario.shocks.riot={week: 3}"], ["scenario.shocks.riot", "'+'"]),
    (["+scenario.shocks.riot={week: 3}"], ["scenario.shocks.riot.target", "missing"]),
    (["+weeks=3"], ["'+weeks='", "leave out the '+'"]),
    (["~sede"], ["'~sede'", "not there"]),
    (["~place"], ["place", "missing"]),
    (["~weeks=3"], ["'~weeks=3'", "not there"]),
    (["~psychology=foo"], ["'~psychology=foo'", "not there"]),
    (["+place=synthetic"], ["'+place=synthetic'", "leave out the '+'"]),
    (["++place=synthetic"], ["'++place=synthetic'", "leave out the '+'"]),
    (["psychology@y=unequal_weight"], ["psychology@y=unequal_weight", "unknown", "'psychology'"]),
    (["evaluation=youth_scheme"], ["evaluation=youth_scheme", "unknown"]),
    (["action=[youth_scheme,library_cat]"], ["action=library_cat", "allowed are", "'library_chat'"]),
    (["hydra.lancher=x"], ["hydra.lancher=x", "unknown in hydra", "'launcher'"]),
    (["hydra/launcher=jobib"], ["hydra/launcher=jobib", "basic"]),
    (["hydra.run.dir=a,b"], ["hydra.run.dir=a,b", "several values", "takes one"]),
    (["+scenario.shocks.riot={week: 3, target: minority, threat: 0.2}", "scenario.shocks.riot.weak=4"],
     ["scenario.shocks.riot.weak=4", "'week'"]),
    (["--multirun", "psycology=unequal_weight,no_appraisal"], ["psycology=unequal_weight", "unknown", "'psychology'"]),
    (["--multirun", "psychology=unequal_weight,no_apraisal"], ["psychology=no_apraisal", "'no_appraisal'"]),
    (["--multirun", "psychology.drfit=0.1,0.2"], ["psychology.drfit=0.1", "'drift'"]),
    (["output=${output}"], ["output", "Recursive interpolation"]),
    (["survey.nonresponse=1"], ["survey.nonresponse=1", "0 to 0.95"]),
    (["threads=0"], ["threads=0", "1 to 1024", "null"]),
    (["output=${oc.env:HOME}"], ["output=${oc.env:HOME}", "command line", "only other keys"]),
    (["output=${nowhere}"], ["output", "${nowhere}", "does not exist"]),
    (["+place._target_=os.system"], ["place._target_=os.system", "runs no code"]),
    (["+hydra.callbacks.x._target_=os.system"], ["hydra.callbacks.x._target_=os.system", "runs no code"]),
    (["+hydra.job_logging.handlers.x.class=os.system"], ["hydra.job_logging", "runs no code"]),
    (["place.dissimilarity=1.5"], ["place.dissimilarity=1.5", "command line"]),
    (["place.disimilarity=0.5"], ["place.disimilarity=0.5", "unknown", "'dissimilarity'"]),
    (["place=census", "place.file=nowhere.csv"], ["place.file=nowhere.csv"]),
    (["scenario=shock"], ["scenario.shocks.event.target", "configs/scenario/shock.yaml", "majority, minority"]),
    (["scenario=shock", "scenario.shocks.event.target=minorty"], ["minorty", "'minority'", "command line"]),
]


def complain(arguments: list[str], capsys: pytest.CaptureFixture[str], where: Path,
             monkeypatch: pytest.MonkeyPatch) -> str:
    """Run the command line; checks what every complaint must have and returns what it printed."""
    monkeypatch.chdir(where)
    assert cli.main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.strip().splitlines()) <= 6 and "Traceback" not in printed.err
    assert not [path for path in where.rglob("*") if "runs" in path.parts[-2:] and path.name != "runs"]
    return printed.err


@pytest.mark.parametrize(("overrides", "parts"), BAD, ids=[" ".join(overrides) for overrides, _ in BAD])
def test_a_mistake_is_one_sentence(overrides: list[str], parts: list[str], capsys: pytest.CaptureFixture[str],
                                   tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = complain(["run", *overrides], capsys, tmp_path, monkeypatch)
    for part in parts:
        assert part in printed, printed


def own(folder: Path, name: str, text: str) -> list[str]:
    """A configuration of a user's own and the options to find it."""
    path = folder / "mine" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return ["run", "--config-dir", "mine", f"{Path(name).parent}={Path(name).stem}"]


OWN_BAD = [
    ("psychology/new.yaml", "defaults: [default]\ndrift: 0.9\n", ["psychology.drift=0.9", "mine/psychology/new.yaml"]),
    ("psychology/new.yaml", "defaults: [default]\ndrfit: 0.1\n", ["drfit", "mine/psychology/new.yaml", "'drift'"]),
    ("psychology/new.yaml", "defaults: [defalt]\n", ["psychology=defalt", "psychology/new.yaml", "'default'"]),
    ("psychology/new.yaml", "drift: 0.1\ndrift: 0.2\n", ["mine/psychology/new.yaml", "line 2", "duplicate"]),
    ("psychology/new.yaml", "drift: [0.1\n", ["mine/psychology/new.yaml", "line", "YAML"]),
    ("psychology/new.yaml", "drift: 0.1\n  x: 2\n", ["mine/psychology/new.yaml", "line 2", "YAML"]),
    ("psychology/new.yaml", "drift: ${oc.env:HOME}\n", ["psychology.drift=${oc.env:HOME}", "mine/psychology/new.yaml"]),
    ("place/new.yaml", "kind: synthetic\n_target_: os.system\n", ["place._target_", "runs no code"]),
    ("place/new.yaml", "# @package _global_\nhydra:\n  callbacks:\n    x: {_target_: os.system}\n",
     ["hydra.callbacks.x._target_", "runs no code"]),
    ("psychology/unequal_weight.yaml", "drift: 0.1\n", ["psychology/unequal_weight.yaml", "another name"]),
    ("psychology/default.yaml", "drift: 0.1\n", ["psychology/default.yaml", "another name"]),
]


@pytest.mark.parametrize(("name", "text", "parts"), OWN_BAD)
def test_a_mistake_in_a_file_names_the_file(name: str, text: str, parts: list[str], capsys: pytest.CaptureFixture[str],
                                            tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = complain(own(tmp_path, name, text), capsys, tmp_path, monkeypatch)
    for part in parts:
        assert part in printed, printed


def test_a_configuration_of_ones_own_is_found(tmp_path: Path) -> None:
    own(tmp_path, "psychology/new.yaml", "defaults: [unequal_weight]\ndrift: 0.03\n")
    found = compose(["psychology=new"], config_dir=str(tmp_path / "mine")).psychology
    assert (found.drift, found.negative_weight) == (0.03, 1.5)


def test_a_folder_that_is_none(capsys: pytest.CaptureFixture[str], tmp_path: Path,
                               monkeypatch: pytest.MonkeyPatch) -> None:
    assert "nowhere is not a folder" in complain(["run", "-cd", "nowhere"], capsys, tmp_path, monkeypatch)


def test_a_reference_to_a_key_without_a_value_is_no_mistake() -> None:
    assert compose(["store=here", "output=${store}"]).output == "here"
    assert compose(["output=${store}"]).output is None


def test_plain_data_can_be_checked_without_hydra() -> None:
    values = compose([]).model_dump()
    assert validate(values) == compose([])
    with pytest.raises(UserError, match="seed=true"):
        validate({**values, "seed": True})
