"""Designs of findings: every finding exists once, with its estimands, worlds, knock-outs, places and actions."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from pathlib import Path

import pytest

from contactsim.config.run_config import compose
from contactsim.errors import UserError
from contactsim.evidence import gradients, loading, regression, tasks, worlds
from contactsim.evidence.design import Finding, Folder, MadePlace, WorldDesign
from contactsim.evidence.disputes import disputes
from contactsim.evidence.kept import state
from contactsim.evidence.listing import first_registration, listed
from contactsim.evidence.worlds import changed, negative_control

BASE = compose(["place=synthetic"]).parameters
ALL = loading.all_findings()


def test_every_finding_exists_once() -> None:
    assert sorted(name for name in ALL if name[0] == "F") == sorted(f"F{k}" for k in range(1, 35))


@pytest.mark.parametrize("name", ALL)
def test_estimands_take_their_arguments(name: str) -> None:
    _, finding = ALL[name]
    rows = {row.id: row for row in finding.outcomes}
    assert len(rows) == len(finding.outcomes)
    for row in finding.outcomes:
        if row.estimand == tasks.DIFFERENCE:
            assert row.arguments["outcome"] in rows
            assert row.arguments["knock_out"] in finding.knock_outs
        else:
            inspect.signature(tasks.ESTIMANDS[row.estimand]).bind(None, **row.arguments)


@pytest.mark.parametrize("name", ALL)
def test_worlds_exist_and_knock_outs_change_them(name: str) -> None:
    _, finding = ALL[name]
    for world in finding.worlds.values():
        worlds.parameters_of(world, BASE)
        assert set(worlds._sections(world)) == set(world.actions)
    for switch in finding.knock_outs.values():
        after = {key: worlds.knocked_out(world, key, switch) for key, world in finding.worlds.items()}
        assert after != finding.worlds
        for world in after.values():
            worlds.parameters_of(world, BASE)
            worlds._sections(world)


@pytest.mark.parametrize("name", loading.folders())
def test_places_can_be_made_at_every_size(name: str) -> None:
    folder = loading.folder(name)
    used = {(world.place.model_dump_json(), folder.residents(finding, sample)): world.place
            for finding in folder.findings for world in finding.worlds.values() for sample in folder.samples}
    for (_, residents), place in used.items():
        made = worlds.place_of(place, residents, folder.first_seed)
        assert made.residents == residents if isinstance(place, MadePlace) else made.residents > 0


def test_an_action_without_reach_has_none() -> None:
    _, finding = ALL["F14"]
    null = worlds.knocked_out(finding.worlds["scheme"], "scheme", finding.knock_outs["null_action"])
    assert worlds._sections(null)["youth_scheme"].reach == 0.0
    assert worlds.knocked_out(finding.worlds["control"], "control", finding.knock_outs["null_action"]).actions == {}


@pytest.mark.parametrize("words, ids", [
    (["f14", "F15"], ["F14", "F15"]), (["youth"], ["F14", "F15", "F16", "F17", "F18"]),
    (["polarisation"], ["F1", "F2", "F3", "F4", "F5", "F6"])])
def test_findings_are_selected_by_id_or_folder(words: list[str], ids: list[str]) -> None:
    what = loading.select(words)
    assert what.ids == ids
    assert [folder.name for folder in what.folders] == ["youth" if ids[0] != "F1" else "polarisation"]


@pytest.mark.parametrize("word, suggested", [
    ("F99", None), ("F140", None), ("F41", None), ("R7", None), ("R9", None), ("xyz", None), ("F", None),
    ("F-14", "F14"), ("FF14", "F14"), ("14", "F14"), ("f014", "F14"), ("R-4", "R4"), ("yuoth", "youth"),
    ("rumors", "rumours")])
def test_a_finding_is_suggested_for_its_own_number_only(word: str, suggested: str | None) -> None:
    with pytest.raises(UserError) as error:
        loading.select([word])
    found = re.search("Did you mean '(.*)'", str(error.value))
    assert (found[1] if found else None) == suggested


def test_an_invalid_design_gives_one_sentence(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "findings.yaml").write_text("name: odd\nfindings: []\n")
    monkeypatch.setattr(loading, "experiments_folder", lambda: tmp_path)
    with pytest.raises(UserError, match=r"findings.yaml: title"):
        loading.folder.__wrapped__("odd")


def test_a_place_that_does_not_exist_names_the_nearest() -> None:
    data = {"name": "odd", "findings": [{"id": "F1", "worlds": {"town": {"place": "mixd"}}, "outcomes": []}]}
    with pytest.raises(UserError, match="F1: there is no place 'mixd'\\. Did you mean 'mixed'"):
        loading.expanded(data)


def made_up_folder() -> Folder:
    """A folder with a gradient, an alternative, and a knock-out that excepts a world."""
    arguments = {"world": "d50", "column": "attitude"}
    outcome = {"id": "F2", "statement": "more", "estimand": "average", "arguments": arguments, "unit": "attitude",
               "acceptance": [0, None], "acceptance_source": "made up"}
    mean = {"estimand": "average", "arguments": {"column": "attitude"}}
    return Folder.model_validate(loading.expanded({
        "name": "made_up", "title": "Made up", "essays": [], "registered": "2026-11-28", "changes": [],
        "gradient": {"worlds": {"d02": 0.02, "d50": 0.5}, "groups": ["majority", "minority"], "dissimilarity": 0.3,
                     "weeks": 2, "descriptives": {"mean": mean}},
        "alternatives": {"none": {"text": "without burn-in", "set": {"scenario.burn_in": False}}},
        "worlds": {"d50_silent": {"place": "d50", "weeks": 2}},
        "findings": [{"id": "F2", "claim": "more", "source": "made up", "grade": "ours", "role": "emergent",
                      "measurement": "made up", "mechanisms": ["contact"], "outcomes": [outcome],
                      "knock_outs": {"neutral": {"text": "no meeting is bad", "except_in": ["d50_silent"],
                                                 "set": {"psychology.negative_base": -30.0}}}}]}))


def test_a_gradient_is_a_list_of_worlds() -> None:
    folder = made_up_folder()
    assert folder.gradient is not None
    for name, share in folder.gradient.worlds.items():
        place = folder.worlds[name].place
        assert isinstance(place, MadePlace)
        assert place.shares == {"majority": 1 - share, "minority": share} and place.key == round(1000 * share)
        assert all(finding.worlds[name] == folder.worlds[name] for finding in folder.findings)
    assert folder.worlds["d50_silent"].place == folder.worlds["d50"].place


def test_every_outcome_is_repeated_under_each_alternative_and_not_judged() -> None:
    finding = made_up_folder().findings[0]
    assert [(row.id, row.judged) for row in finding.outcomes] == [("F2", True), ("F2@none", False)]
    assert finding.under(None) is finding
    assert {world.set["scenario.burn_in"] for world in finding.under("none").worlds.values()} == {False}
    assert finding.outcomes[1].statement == "more, without burn-in"


def test_figures_are_computed_under_their_alternative(monkeypatch: pytest.MonkeyPatch) -> None:
    """An outcome under an alternative is the same estimand in the worlds of the alternative."""
    monkeypatch.setitem(tasks.ESTIMANDS, "average", lambda case, world, column: case.worlds[world])

    class Simulated:
        def data(self, world: WorldDesign, residents: int) -> str:
            return f"{world.set.get('scenario.burn_in')} {world.off.get('psychology.negative_base')}"

    found = tasks.figures(made_up_folder().findings[0], Simulated(), 500)  # type: ignore[arg-type]
    assert found == {"F2": {"base": "None None", "contact": "None None", "neutral": "None -30.0"},
                     "F2@none": {"base": "False None"}}


def test_a_knock_out_does_not_change_excepted_worlds() -> None:
    finding = made_up_folder().findings[0]
    switch, excepted = finding.knock_outs["neutral"], finding.worlds["d50_silent"]
    assert worlds.knocked_out(excepted, "d50_silent", switch) == excepted
    assert worlds.knocked_out(finding.worlds["d50"], "d50", switch).off["psychology.negative_base"] == -30.0


def test_claims_and_acceptance_intervals_do_not_change_the_identity() -> None:
    """The identity of a figure changes only with what determines it."""
    _, finding = ALL["F14"]

    def name(finding: Finding, seed: int = 1, residents: int = 500) -> str:
        return tasks.of_seeds(finding, BASE, residents, [seed])[0].id

    rows = [row.model_copy(update={"acceptance": (0.0, None), "statement": "x"}) for row in finding.outcomes]
    assert name(finding.model_copy(update={"claim": "other", "outcomes": rows})) == name(finding)
    worlds = {**finding.worlds, "scheme": finding.worlds["scheme"].model_copy(update={"weeks": 61})}
    others = [name(finding.model_copy(update={"worlds": worlds})), name(finding, seed=2), name(finding, residents=501),
              tasks.of_seeds(finding, negative_control("no_contact", BASE), 500, [1])[0].id]
    assert len({name(finding), *others}) == 5


def test_names_of_arms_contain_no_separator() -> None:
    """Figures are stored as OUTCOME/ARM."""
    for _, finding in ALL.values():
        assert not any("/" in side for side in finding.knock_outs)


def test_files_of_places_and_actions_are_part_of_the_identity() -> None:
    """The identity includes the content of files that a world names, so that a changed file is simulated again."""
    design = worlds.complete_design(ALL["F14"][1].worlds["scheme"])
    assert design["actions"]["youth_scheme"]["phases"][0]["name"] == "outdoors"
    assert design["place"]["shipped"] == "mini_england" and design["place"]["files"]
    assert worlds.complete_design(ALL["F23"][1].worlds["open"])["place"]["dissimilarity"] == 0.3


def test_all_findings_await_the_second_registration() -> None:
    lines = listed([])
    assert all(line["state"] == state(line["id"]) for line in lines) and len(lines) == len(ALL)
    assert [name for line in lines for name in line["regression"]] and all(
        name.split("-")[0] == line["id"] for line in lines for name in line["regression"])


def test_the_page_of_the_first_registration_states_its_archive() -> None:
    page = (loading.experiments_folder().parent / "docs" / "first-registration.md").read_text()
    assert set(first_registration()) == set(ALL)
    for name, words in first_registration().items():
        assert re.search(rf"(?m)^\| {name} \| .+ \| {words['full']} \| {words['quick']} \|$", page), name
    counts = Counter(words["full"] for name, words in first_registration().items() if name[0] == "F")
    sentence = " ".join(page.split())
    assert f"{counts['reproduced']} were reproduced in the full sample, " in sentence
    assert f"{counts['not reproduced']} were not, " in sentence
    assert f"{counts['not explained by the mechanism']} were not explained" in sentence and (
        f"{counts['inconclusive']} were inconclusive" in sentence)


def test_the_regression_simulates_its_outcomes_alone() -> None:
    selection = regression.selection()
    outcomes = [one for _, finding in selection.findings for one in finding.outcomes]
    assert sorted(one.id for one in outcomes) == sorted(loading.regression_outcomes())
    assert 10 <= len(outcomes) <= 30 and {"F5-gap", "F14-attitude"} <= {one.id for one in outcomes}
    for folder, finding in selection.findings:
        assert not finding.knock_outs and not finding.alternatives and finding in folder.findings
        assert folder.gradient is None and folder.sweeps is None
        assert all(name in str([one.arguments for one in finding.outcomes]) for name in finding.worlds)


def test_the_mean_odds_are_those_of_the_base_without_a_spread_of_negative_exposure() -> None:
    """A lognormal factor exp(spread z) has the mean exp(spread^2 / 2)."""
    off = changed(BASE, ALL["F5"][1].knock_outs["negative_exposure"].set).psychology
    spread = BASE.residents.negative_exposure_spread
    share = BASE.psychology.negative_exposure_positive * spread
    assert off.negative_base == pytest.approx(BASE.psychology.negative_base + spread ** 2 / 2)
    assert off.positive_base == pytest.approx(BASE.psychology.positive_base + share ** 2 / 2)


def test_disputes_refer_to_existing_outcomes_and_evidence() -> None:
    rows = {row.id: row for _, finding in ALL.values() for row in finding.outcomes}
    knock_outs = {row.id: finding.knock_outs_of(row) for _, finding in ALL.values() for row in finding.outcomes}
    evidence = (loading.experiments_folder().parent / "docs" / "evidence.md").read_text()
    positions = [of for one in disputes() for of in one.positions]
    assert {"A9", "A11", "A11b", "A17", "A18", "A19"} <= {name for of in positions for name in of.evidence}
    for of in positions:
        assert of.outcome in rows
        assert of.knock_out is None or of.knock_out in knock_outs[of.outcome]
        assert all(f"| {name} |" in evidence for name in of.evidence)


def test_folder_names_are_those_of_their_folders() -> None:
    for name in loading.folders():
        folder: Folder = loading.folder(name)
        assert folder.name == name
        assert (loading.experiments_folder() / name / "README.md").is_file()


def test_sweeps_refer_to_existing_outcomes_and_parameters() -> None:
    for folder in map(loading.folder, loading.folders()):
        of = folder.sweeps
        if of is not None:
            rows = {row.id: row for finding in folder.findings for row in finding.outcomes}
            assert {*of.outcomes, *of.arguments} <= set(rows)
            for name, arguments in of.arguments.items():
                inspect.signature(tasks.ESTIMANDS[rows[name].estimand]).bind(None, **rows[name].arguments | arguments)
            for path, values in of.parameters.items():
                assert None in values, f"{path}: the model's own value"
            for point in gradients.sweep_sets(of, BASE):
                if gradients.WITHIN_UNITS not in point:
                    changed(BASE, dict(point))


def test_descriptives_take_a_world() -> None:
    for folder in map(loading.folder, loading.folders()):
        for reading in () if folder.gradient is None else folder.gradient.descriptives.values():
            inspect.signature(tasks.ESTIMANDS[reading.estimand]).bind(None, world="d02", **reading.arguments)


@pytest.mark.parametrize("text, sentence", [
    ("findings: [{outcomes: [{band: [0, 1]}]}]", "'band' is now called acceptance"),
    ("findings: [{outcomes: [{knock_outs: {off: must_exit}}]}]", "there is no rule must_exit"),
    ("findings: [{worlds: {town: {probe: positive}}}]", "'probe' is now called impulse")])
def test_a_key_of_an_earlier_version_is_refused_with_its_present_name(
        text: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "findings.yaml").write_text(f"name: odd\n{text}\n")
    monkeypatch.setattr(loading, "experiments_folder", lambda: tmp_path)
    with pytest.raises(UserError, match=f"findings.yaml: .*{sentence}"):
        loading.folder.__wrapped__("odd")


def test_variants_set_and_shift() -> None:
    silent = changed(BASE, {"settings.contact_contexts.*.presence": 0.0, "psychology.negative_base": {"shift": 1.0}})
    assert {o.presence for o in silent.settings.contact_contexts.values()} == {0.0}
    assert silent.psychology.negative_base == BASE.psychology.negative_base + 1.0
    doubled = changed(BASE, {"psychology.negative_weight": {"factor": 2.0}})
    assert doubled.psychology.negative_weight == 2 * BASE.psychology.negative_weight
    with pytest.raises(UserError, match="negative_base"):
        changed(BASE, {"psychology.negativ_base": 0.0})
    with pytest.raises(UserError, match=r"psychology\.tie_own': the key was removed; psychology\.tie is"):
        changed(BASE, {"psychology.tie_own": 0.0})


def test_a_negative_control_exchanges_two_values() -> None:
    swapped = negative_control("swapped_sign", BASE).psychology
    assert swapped.positive_base == BASE.psychology.negative_base != BASE.psychology.positive_base
    assert swapped.negative_base == BASE.psychology.positive_base
