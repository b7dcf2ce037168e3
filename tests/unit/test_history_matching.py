"""Calibration: designs and targets, emulators, history matching, and the waves on figures with known answers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contactsim import cli
from contactsim.calibration import design as designs
from contactsim.calibration import diagnostics, report, survey, waves
from contactsim.calibration.design import Design, Nation, Prior, Target
from contactsim.calibration.emulator import Emulator
from contactsim.calibration.matching import Matcher, Space, deviations, region, squeezed
from contactsim.calibration.tasks import task
from contactsim.config import ensemble
from contactsim.errors import UserError
from contactsim.instruments.catalogue import shipped
from contactsim.runs.task import Task
from contactsim.storage.store import Store

DESIGN = designs.design()
NATION = Nation(place_set={"towns": 10, "districts": 2, "neighbourhoods": 2, "neighbourhood_residents": 40,
                           "output_area_residents": 20}, set={"settings.public.size": 100}, burn_in=6)


# --- designs and targets

def test_every_row_of_the_targets_is_asked_or_says_why_not() -> None:
    asked, left = designs.targets(DESIGN, survey.FIGURES)
    assert {one.figure for one in asked} == set(survey.FIGURES)
    assert all("not asked" in why for why in left.values())
    assert set(DESIGN.fitted_to) <= set(survey.FIGURES) and set(DESIGN.logs) <= set(survey.FIGURES)
    for path, fitted in DESIGN.instruments.items():
        _, name, field = path.split(".")
        assert fitted.low < getattr(shipped()[name], field) < fitted.high


def test_intervals_are_widened_by_the_weakest_grade(tmp_path: Path) -> None:
    file = tmp_path / "targets.csv"
    file.write_text("id,figure,quantity,value,lo,hi,grade,source\nA,never,n,0.5,0.4,0.7,C/D,s\n"
                    "B,good_to_bad,g,4,2,8,D,s\nC,,not here,1,0,2,C,s\n", encoding="utf-8")
    (never, ratio), left = designs.targets(DESIGN, survey.FIGURES, str(file))
    factor = DESIGN.widen["D"]
    assert (never.low, never.high) == pytest.approx((0.5 - 0.1 * factor, 0.5 + 0.2 * factor))
    assert (ratio.low, ratio.high) == pytest.approx((4 / 2**factor, 4 * 2**factor))  # on the log scale
    assert list(left) == ["C"]


@pytest.mark.parametrize("text, message", [
    ("id,figure,quantity,value,lo,hi,grade\n", "no column 'source'"),
    ("id,figure,quantity,value,lo,hi,grade,source\nA,nevr,n,.5,.4,.7,C,s\n", "Did you mean 'never'"),
    ("id,figure,quantity,value,lo,hi,grade,source\nA,never,n,.9,.4,.7,C,s\n", "line 2.*between lo=0.4 and hi=0.7"),
    ("id,figure,quantity,value,lo,hi,grade,source\nA,never,n,x,.4,.7,C,s\n", "must be numbers"),
    ("id,figure,quantity,value,lo,hi,grade,source\nA,good_to_bad,n,1,0,2,C,s\n", "above 0"),
    ("id,figure,quantity,value,lo,hi,grade,source\nA,,n,1,0,2,C,s\n", "no target")])
def test_a_wrong_table_of_targets_is_refused(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "targets.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        designs.targets(DESIGN, survey.FIGURES, str(file))


def test_wrong_designs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        cli.main(["calibrate", str(tmp_path / "nothing.yaml"), "--debug"])
    with pytest.raises(UserError, match="no such file"):
        cli.main(["calibrate", "--targets", str(tmp_path / "nothing.csv"), "--debug"])
    shipped_design = Path("experiments/calibration.yaml").read_text(encoding="utf-8")
    file = tmp_path / "mine.yaml"
    file.write_text(shipped_design.replace("psychology.belonging_childhood", "psychology.belonging_chldhood"),
                    encoding="utf-8")
    with pytest.raises(UserError, match=r"Did you mean 'psychology.belonging_childhood'"):
        designs.design(str(file))
    file.write_text(shipped_design.replace("cutoff: 3.0", "cutoff: much"), encoding="utf-8")
    with pytest.raises(UserError, match="cutoff"):
        designs.design(str(file))


def test_priors_are_those_of_the_parameter_table_and_hold_the_defaults() -> None:
    for path, prior in designs.priors(DESIGN).items():
        section, name = path.split(".")
        default = getattr(designs.SECTIONS[section](), name)
        assert prior.low <= default <= prior.high, path
        assert prior.value(prior.unit(default)) == pytest.approx(default)
    assert Prior(low=1.0, high=10.0).value(0.5) == pytest.approx(np.sqrt(10))
    assert Prior(low=-1.0, high=10.0).value(0.5) == pytest.approx(4.5)
    with pytest.raises(ValueError, match="must be below"):
        Prior(low=2.0, high=1.0)


# --- emulators and implausibility

def _cube(n: int, p: int, seed: int = 1) -> Any:
    return np.random.default_rng(seed).random((n, p))


def test_an_emulator_predicts_a_curve_and_knows_its_error() -> None:
    def curve(units: Any) -> Any:
        return 3 * units[:, 0] + 2 * np.sin(4 * units[:, 1]) - units[:, 2] ** 2

    seen, new, noise = _cube(150, 6), _cube(400, 6, 2), np.random.default_rng(3).normal(0, 0.1, 550)
    emulator = Emulator(seen, curve(seen) + noise[:150])
    error = np.sqrt(np.mean((emulator(new) - curve(new) - noise[150:]) ** 2))
    assert emulator.r2 > 0.95
    assert 0.5 < error / emulator.error < 1.5
    unrelated = Emulator(seen, noise[:150])
    assert unrelated.r2 < 0.2 and unrelated.error > 0.08


def test_the_region_is_where_it_is_and_as_large_as_it_is() -> None:
    def distance(units: Any) -> Any:  # in the first two dimensions only
        return 10 * np.sqrt(((units[:, :2] - 0.4) ** 2).sum(axis=1))

    found = region(distance, 5, 0.5, seed=4)
    assert found.cutoff == 0.5 and np.all(distance(found.units) <= 0.5)
    assert np.log(found.share / (np.pi * 0.05**2)) == pytest.approx(0, abs=0.5)
    assert np.abs(found.units[:, 2:].mean(axis=0) - 0.5).max() < 0.12  # spread over the dimensions that do not matter
    assert np.array_equal(region(distance, 5, 0.5, seed=4).units, found.units)


def test_a_cutoff_that_nothing_reaches_ends_with_the_lowest_one() -> None:
    found = region(lambda units: 5 + units[:, 0], 3, 3.0, seed=1)
    assert 5 < found.cutoff < 5.2


def test_deviations_are_in_standard_deviations_of_measurement_and_discrepancy() -> None:
    target = Target(id="A", figure="never", quantity="q", value=0.5, low=0.4, high=0.6, grade="C", source="s")
    ratio = target.model_copy(update={"figure": "good_to_bad", "value": 4.0, "low": 2.0, "high": 8.0})
    of = DESIGN.model_copy(update={"discrepancy": 0.5, "logs": ["good_to_bad"]})
    found = deviations([{"never": 0.6, "good_to_bad": 8.0}, {"never": 0.5, "good_to_bad": 2.0}], [target, ratio], of)
    half = 1 / np.hypot(1 / 1.96, 0.5)
    assert found == pytest.approx(np.array([[half, half], [0, -half]]))
    assert squeezed(np.array([0.1, 100.0])) == pytest.approx([0.1, 9.21], abs=0.01)


def test_agreement_allows_few_misses_and_none_beyond_the_cutoff() -> None:
    of = DESIGN.model_copy(update={"cutoff": 3.0, "near": 2.0, "misses": 1})
    deviation = np.array([[0, 2.5, 0], [2.5, -2.5, 0], [0, 0, 3.1], [1, 1, 1.0]])
    assert waves.agrees(deviation, of).tolist() == [True, False, False, True]


# --- the waves, on a model whose answer is known

TRUTH = 0.3


class _Known(waves.Work):
    """Figures that depend on three parameters, without a simulation."""

    def figures(self, tasks: Sequence[Task], what: str) -> list[dict[str, float]]:
        found = []
        for one in tasks:
            x = SPACE.units([{**CENTRE, **one.payload["values"]}])[0]
            jitter = np.random.default_rng(one.payload["seed"]).normal(0, 0.002)
            figures = {name: 0.5 + x[k % 3] - TRUTH + jitter for k, name in enumerate(survey.FIGURES)}
            found.append(figures | {path: fitted.start for path, fitted in DESIGN.instruments.items()})
        return found


SPACE = Space(dict(list(designs.priors(DESIGN).items())[:5]))
CENTRE = SPACE.values(np.full(5, 0.5))


@pytest.fixture(scope="module")
def known() -> waves.Calibration:
    held = {name: "not here" for name in designs.table_priors() if name not in SPACE.names}
    sample = DESIGN.samples["quick"].model_copy(update={
        "waves": [40, 30], "candidates": 20, "keep": 8, "truths": 6, "nation": NATION, "check": NATION})
    of = DESIGN.model_copy(update={"held": held, "logs": [], "misses": 0})
    targets = [Target(id=f"T{k}", figure=name, quantity=name, value=0.5, low=0.42, high=0.58, grade="C", source="s")
               for k, name in enumerate(list(survey.FIGURES)[:4])]
    return waves.calibrate(of, sample, targets, _Known(Store("nowhere", missing=True)))


def test_waves_find_the_parameter_sets_that_give_the_targets(known: waves.Calibration) -> None:
    units = known.space.units(known.ensemble)
    assert len(known.kept) == 8
    assert np.abs(units[:, :3] - TRUTH).max() < 0.12      # what figures depend on is found
    assert units[:, 3:].std(axis=0).min() > 0.1           # and what they do not depend on is left open
    assert known.waves[1].share < 0.1 and known.waves[1].agree > known.waves[0].agree
    assert all(set(DESIGN.instruments) <= set(one) for one in known.ensemble)


def test_the_first_set_is_nearest_to_the_middle(known: waves.Calibration) -> None:
    units = known.space.units(known.ensemble)
    distance = (((units - np.median(units, axis=0)) / units.std(axis=0)) ** 2).sum(axis=1)
    assert distance.argmin() == 0 and np.all(np.diff(distance) >= -1e-9)


def test_diagnoses_name_what_is_pinned_and_recover_the_truth(known: waves.Calibration) -> None:
    pinned = diagnostics.pinned(known)
    assert set(pinned["parameter"][:3]) == set(known.space.names[:3])
    assert pinned["left"].iloc[:3].max() < 0.3 and pinned["left"].iloc[3:].min() > 0.5
    assert diagnostics.agreement(known)["inside"].min() >= 0.4
    assert diagnostics.recovery(known)["recovered"].all()
    left_out = diagnostics.left_out(known)
    assert np.abs(left_out["median"].iloc[[0, 3]] - 0.5).max() < 0.06  # two that are alike predict each other
    assert left_out["ruled_out"].iloc[1] > 0.5  # nothing else speaks to the second


def test_the_files_of_a_calibration_can_be_used_and_are_complete(known: waves.Calibration, tmp_path: Path) -> None:
    about = {"command": "contactsim calibrate", "version": "1", "design": "mine", "seconds": 1}
    report.write(known, {"T99": "not asked"}, tmp_path / "found", about)
    read = ensemble.read(str(tmp_path / "found" / "ensemble.yaml"))
    assert read.numbers == list(range(1, 9))
    assert [list(one) for one in read.sets] == [[*known.space.names, *DESIGN.instruments]] * 8
    assert read.sets[0] == pytest.approx(known.ensemble[0], rel=1e-5)
    page = (tmp_path / "found" / "report.html").read_text(encoding="utf-8")
    assert "8 of these make up the ensemble" in page and "T99 (not asked)" in page
    assert not re.search(r"(src|href)=.https?:", page)  # it loads nothing


def test_emulators_forget_nothing_that_a_target_left_out_can_miss(known: waves.Calibration) -> None:
    worst = known.matcher.implausibility(known.region.units)
    without = known.matcher.implausibility(known.region.units, without=0)
    assert np.all(without[:, 0] == 0) and np.array_equal(worst[:, 1:], without[:, 1:])
    assert isinstance(known.matcher, Matcher)


# --- one run

def test_a_run_gives_every_figure_and_the_same_bits_again() -> None:
    values = {"psychology.seeking": 1.0, "instruments.contact_frequency.seen": 5.0}
    first, second = (survey.simulate(values, NATION, seed=3) for _ in range(2))
    assert list(first) == list(survey.FIGURES) and all(np.isfinite(list(first.values())))
    assert first == second
    more = survey.simulate({**values, "instruments.contact_frequency.seen": 20.0}, NATION, seed=3)
    assert more["daily"] > first["daily"] and more["friends"] == first["friends"]


def test_numbers_of_items_are_fitted_to_their_targets() -> None:
    asked = {one.figure: one for one in designs.targets(DESIGN, survey.FIGURES)[0]}
    to = {name: asked[name] for name in DESIGN.fitted_to}
    fitted = survey.simulate({}, NATION, 3, DESIGN.instruments, to)
    given = survey.simulate({path: 0.5 * fitted[path] for path in DESIGN.instruments}, NATION, 3)

    def off(found: dict[str, float]) -> float:
        return sum(((found[name] - one.value) / (one.high - one.low)) ** 2 for name, one in to.items())

    assert off(fitted) < off(given)


def test_answers_are_counted_as_the_survey_counts_them() -> None:
    answers = {"contact_frequency": np.array([0.0, 1, 4, 6]), "contact_valence": np.array([np.nan, 3, 5, 8]),
               "attitude": np.array([2.0, 3, 5, 8])}
    found = survey.asked(answers, shipped())
    assert (found["never"], found["rare"], found["daily"], found["bad"], found["good"]) == (0.25, 0.5, 0.25, 0.25, 0.25)
    days = np.sqrt([0, 0.33, 4.35, 30.0])
    assert found["r_frequency"] == pytest.approx(np.corrcoef(days, answers["attitude"])[0, 1])
    assert found["r_net"] == pytest.approx(np.corrcoef(days * [0, -2, 0, 3], answers["attitude"])[0, 1])


def test_the_identity_of_a_run_is_what_decides_it() -> None:
    one = task({"psychology.seeking": 1.0}, NATION, 3)
    others = [task({"psychology.seeking": 1.1}, NATION, 3), task({"psychology.seeking": 1.0}, NATION, 4),
              task({"psychology.seeking": 1.0}, NATION.model_copy(update={"burn_in": 7}), 3),
              task({"psychology.seeking": 1.0}, NATION, 3, DESIGN.instruments)]
    assert one.id == task({"psychology.seeking": 1.0}, NATION, 3).id
    assert len({one.id, *(other.id for other in others)}) == 5


def test_a_design_keeps_its_samples_apart() -> None:
    full, quick = DESIGN.samples["full"], DESIGN.samples["quick"]
    assert sum(full.waves) < waves.CHECK_SEEDS  # seeds of the check are new
    assert isinstance(DESIGN, Design) and quick.check_seeds >= 1
