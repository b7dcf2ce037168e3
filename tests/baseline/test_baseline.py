"""A small baseline run: any change of the numbers must be meant (``python -m tests.baseline.update``)."""

from __future__ import annotations

import pytest

from contactsim.storage.provenance import NUMBERS
from tests.baseline import update
from tests.baseline.update import FILE, baseline_numbers, made_with, moved, read, run


def test_the_baseline_run_is_unchanged() -> None:
    parameters, baseline, by = read()
    changed = moved(baseline, run(parameters))
    elsewhere = {name: f"{old} then, {new} now" for name, new in made_with().items() if (old := by.get(name)) != new}
    assert not changed, f"{len(changed)} of {len(baseline)} measures moved. Made elsewhere: {elsewhere or 'no'}.\n" + \
        "\n".join(changed[:20])


def test_moved_numbers_are_in_the_changelog() -> None:
    """Stored tables become outdated with a new NUMBERS only, so it must match the changelog and the baseline."""
    changelog = (FILE.parents[2] / "CHANGELOG.md").read_text(encoding="utf-8")
    assert changelog.count("\n- **[numbers]** ") == NUMBERS == baseline_numbers()


def test_moved_numbers_are_not_written_before_numbers_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    before = FILE.read_bytes()
    _, baseline, _ = read()
    monkeypatch.setattr(
        update, "run", lambda parameters: {key: [v + 1.0 for v in row] for key, row in baseline.items()}
    )
    monkeypatch.setattr(update, "write", lambda *_: pytest.fail("it was written"))
    with pytest.raises(SystemExit, match="raise NUMBERS"):
        update.main([])
    assert FILE.read_bytes() == before


@pytest.mark.parametrize("name, change", [
    ("drift", 1e-6), ("negative_weight", 1e-6), ("norms", 1e-6), ("threat_change", 1e-6), ("belonging_gain", 1e-6),
    ("appraisal", 0.05), ("tie_fade", 1.0), ("language_gain", 0.3)])
def test_a_small_change_of_a_parameter_is_detected(name: str, change: float) -> None:
    """One part in a million where it moves a state; more where it acts through the chances of draws alone."""
    parameters, baseline, _ = read()
    psychology = parameters.psychology
    other = psychology.model_copy(update={name: getattr(psychology, name) * (1 + change)})
    assert moved(baseline, run(parameters.model_copy(update={"psychology": other})))


def test_the_baseline_run_covers_all_measures() -> None:
    _, baseline, _ = read()
    assert {key.split("|")[0] for key in baseline} >= {
        "attitude", "attitude_sd", "positive", "negative", "neutral", "declined", "residents", "anxiety", "threat",
        "belonging", "own_meetings", "ties", "cross_ties", "cross_friend"}
    assert all(max(row) > 0 for key, row in baseline.items() if not key.startswith("attitude|"))
    assert FILE.stat().st_size < 100_000


def test_what_moved_is_named() -> None:
    baseline = {"a|A|": [1.0, 2.0], "b|A|": [1.0, 2.0], "c|A|": [0.0]}
    now = {"a|A|": [1.0, 2.0 + 1e-10], "b|A|": [1.0, 2.1], "d|A|": [0.0]}
    assert moved(baseline, now) == [
        "c|A|: only baseline",
        "d|A|: only now",
        "b|A|: from week 1, 2 -> 2.1; last week 2 -> 2.1",
    ]
