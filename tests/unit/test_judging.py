"""Judging: verdicts from shares of parameter sets, what carries an effect, null actions, and disputes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from contactsim.evidence import disputes, judging, loading
from contactsim.evidence.design import Finding, Folder, KnockOut, Outcome
from contactsim.evidence.judging import ABSENT, DEPENDS, FAILS, HOLDS, REPORTED, ROBUST, FindingResult, judge
from contactsim.evidence.replay import spread
from tests import designs

KNOCK_OUTS = {"learning": KnockOut(text="nothing is learned", mechanism=True),
              "null_action": KnockOut(text="no reach", no_reach=[]), "other": KnockOut(text="another part")}


def outcome(name: str, **changes: Any) -> Outcome:
    return Outcome(**{"id": name, "statement": "more", "estimand": "contrast", "unit": "SD", "acceptance": (0.05, None),
                      "acceptance_source": "assumed", **changes})


def finding(*outcomes: Outcome, **changes: Any) -> Finding:
    return Finding(**{"id": "F1", "claim": "claim", "source": "us", "grade": "ours", "role": "emergent",
                      "measurement": "people", "worlds": {}, "outcomes": list(outcomes), "knock_outs": KNOCK_OUTS,
                      **changes})


def folder(of: Finding) -> Folder:
    return Folder(name="odd", title="odd", essays=[], registered="2026-11-28", changes=[], samples={}, findings=[of])


def judged(of: Finding, base: list[float], knocked: dict[str, float] | None = None, sets: int = 2) -> FindingResult:
    """Each set has two seeds, the figure ± .001; knock-outs multiply it, in the first sets only."""
    figures = [[{one.id: {"base": value + by, **{
        name: factor * (value + by) for name, factor in (knocked or {}).items() if k < sets}} for one in of.outcomes}
        for by in (-0.001, 0.001)] for k, value in enumerate(base)]
    return judge(folder(of), of, figures, [{"psychology.norms": value} for value in base], 100)


@pytest.mark.parametrize("base, word", [
    ([0.1] * 20, ROBUST), ([0.1] * 18 + [0.0] * 2, ROBUST), ([0.1] * 17 + [0.0] * 3, DEPENDS),
    ([0.1] * 3 + [0.0] * 17, DEPENDS), ([0.1] * 2 + [0.0] * 18, ABSENT), ([0.0] * 20, ABSENT),
    ([0.1], HOLDS), ([0.0], FAILS)])
def test_the_verdict_is_that_of_the_share_of_worlds(base: list[float], word: str) -> None:
    found = judged(finding(outcome("F1")), base)
    assert found.verdict == word and found.outcomes[0].holds.of == len(base)


def test_a_finding_has_the_worst_verdict_of_its_judged_outcomes() -> None:
    of = finding(outcome("F1"), outcome("F1-high", acceptance=(0.5, None)),
                 outcome("F1-none", acceptance=(9.0, None), judged=False))
    found = judged(of, [0.1] * 10 + [0.6] * 5)
    assert [one.verdict for one in found.outcomes] == [ROBUST, DEPENDS, REPORTED]
    assert (found.verdict, found.counted) == (DEPENDS, "1 of 2")
    assert found.worst is not None and found.worst.id == "F1-high"
    assert judged(finding(outcome("F1", judged=False)), [0.1] * 3).verdict == REPORTED


def test_a_carrier_is_a_mechanism_without_which_half_is_gone() -> None:
    found = judged(finding(outcome("F1")), [0.1, 0.2, 0.3, 0.4], {"learning": 0.4, "other": 0.1, "null_action": 0.0})
    one = found.outcomes[0]
    assert one.removals["learning"].share == pytest.approx(0.6) and one.carriers == ["learning"]
    assert one.removals["learning"].sets == 2
    assert judged(finding(outcome("F1")), [0.1] * 4, {"learning": 0.6}).outcomes[0].carriers == []


@pytest.mark.parametrize("left, fault", [(0.0, False), (0.05, False), (0.4, True), (-0.4, True)])
def test_a_null_action_must_leave_nothing(left: float, fault: bool) -> None:
    null = KnockOut(text="no reach", no_reach=["treatment"])
    world = {"place": {"name": "x", "shares": {"a": 0.5, "b": 0.5}, "dissimilarity": 0.1}, "weeks": 1}
    of = finding(outcome("F1"), knock_outs={"null": null}, worlds={"treatment": world})
    found = judged(of, [0.1, 0.2, 0.3], {"null": left}, sets=3)
    assert bool(found.faults) == found.outcomes[0].removals["null"].fault == fault
    assert found.outcomes[0].carriers == []


def test_what_decides_is_looked_for_where_it_depends() -> None:
    found = judged(finding(outcome("F1")), np.linspace(0.0, 0.1, 20).tolist())
    assert found.outcomes[0].decider is not None and found.outcomes[0].decider.path == "psychology.norms"
    assert judged(finding(outcome("F1")), np.linspace(0.1, 0.2, 20).tolist()).outcomes[0].decider is None


def test_worlds_without_a_figure_do_not_hold() -> None:
    found = judged(finding(outcome("F1")), [0.1, 0.1, float("nan")]).outcomes[0]
    assert (found.missing, found.holds.number, found.holds.of) == (1, 2, 3) and found.median == pytest.approx(0.1)


def test_readings_of_a_dispute_have_shares_of_worlds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    designs.install(tmp_path / "experiments", monkeypatch)
    of = finding(outcome("F1-drop", acceptance=(None, -0.05)), knock_outs={"no_attack": KnockOut(text="none")})
    (found,) = disputes.tested([judged(of, [-0.1, -0.1, 0.0], {"no_attack": 0.0})])
    assert [(one.holds.number, one.holds.of) for one in found.positions] == [(2, 3), (0, 2)]
    assert disputes.tested([judged(of, [-0.1])]) == []  # the knock-out was not simulated


def test_a_diagnosis_is_read_from_its_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "odd").mkdir()
    items = "- **F6, F12**: one\n  *two* `three`.\n- **F6**: four.\n- no\n"
    (tmp_path / "odd" / "README.md").write_text(f"Diagnosis:\n\n{items}")
    monkeypatch.setattr(judging, "experiments_folder", lambda: tmp_path)
    assert judging.diagnoses.__wrapped__("odd") == {"F6": "One two three. Four.", "F12": "One two three."}


def test_an_outcome_that_cannot_fail_is_not_judged() -> None:
    with pytest.raises(ValidationError, match="it cannot fail"):
        outcome("F1", acceptance=(None, None))
    assert not outcome("F1", acceptance=(None, None), judged=False).judged


def test_samples_and_mechanisms_are_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    designs.install(tmp_path / "experiments", monkeypatch)
    made_up = loading.folder.__wrapped__("made_up")
    first = made_up.findings[0]
    assert made_up.samples["quick"].seeds == 1 and made_up.samples["quick"].sets == 3
    assert list(first.knock_outs) == ["feeling", "norms", "no_attack"]
    assert [one.mechanism for one in first.knock_outs.values()] == [True, True, False]
    assert first.knock_outs_of(first.outcomes[1]) == []


@pytest.mark.parametrize("of, number, positions", [
    (40, 6, [0, 6, 13, 20, 26, 33]), (40, None, list(range(40))), (3, 6, [0, 1, 2]), (5, 1, [0])])
def test_few_sets_are_taken_at_equal_steps(of: int, number: int | None, positions: list[int]) -> None:
    """From the one nearest the middle outwards, so that they represent all."""
    assert spread(of, number) == positions
