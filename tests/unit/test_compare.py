"""The comparison: what was asked for, intervals, cost, the folder and the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from contactsim import cli
from contactsim.comparison.compare import Comparison
from contactsim.comparison.cost_effectiveness import NOT_SIGNIFICANT, cost_effectiveness
from contactsim.comparison.design import SILENT, WITH, WITHOUT, Design, read_design
from contactsim.comparison.effects import precision, summarise
from contactsim.comparison.folder import FILES, load
from contactsim.comparison.show import _cell, _cost_lines, _costs
from contactsim.errors import UserError
from contactsim.observers.panel import OUTCOMES
from contactsim.runs.threads import StoppedError, Together, over_seeds
from contactsim.stats import mean_interval
from tests.worlds import two_groups

SMALL = ["place.residents=1500", "scenario=no_burn_in"]
ONCE = ["action=youth_scheme", "actions.youth_scheme.intakes=1"]


def of_seeds(effects: list[float], without: list[float] | None = None, raw: list[float] | None = None,
             residents: list[int] | None = None, outcome: str = "attitude") -> pd.DataFrame:
    number = len(effects)
    columns = zip(effects, without or [0.5] * number, raw or [e / 4 for e in effects], residents or [10] * number,
                  strict=True)
    return pd.DataFrame([{"side": WITH, "week": 1, "part": "participants", "by": "all", "level": "all",
                          "outcome": outcome, "residents": n, "effect": e, "raw": r, "without": b, "seed": k}
                         for k, (e, b, r, n) in enumerate(columns)])


def compared(table: pd.DataFrame, costs: list[float]) -> Comparison:
    """A comparison with these effects."""
    design = Design({}, tuple(range(len(costs))), 1, (1,))
    seeds = pd.DataFrame({"seed": range(len(costs)), "side": WITH, "cost": costs})
    nothing = pd.DataFrame()
    return Comparison(design, two_groups(2, 20), summarise(table), table, nothing, nothing, seeds, ())


def test_many_cells_are_summarised_as_one_is() -> None:
    row = summarise(of_seeds([0.1, 0.3, 0.2, 0.25])).iloc[0]
    assert tuple(row[["effect", "low", "high"]]) == pytest.approx(mean_interval([0.1, 0.3, 0.2, 0.25]))
    assert row["raw_low"] == pytest.approx(row["low"] / 4) and row["significant"] and row["seeds"] == 4
    nothing = summarise(of_seeds([0.0, 0.0])).iloc[0]
    assert (nothing["low"], nothing["high"]) == (0.0, 0.0) and not nothing["significant"]
    lonely = summarise(of_seeds([0.3])).iloc[0]
    assert np.isnan(lonely["low"]) and not lonely["significant"]


#: Over seeds the raw difference is steady and the standard deviations are not, or the other way round.
STEADY, UNSTEADY = [0.10, 0.11, 0.10, 0.09], [0.02, 0.9, 0.02, 0.03]


@pytest.mark.parametrize("effect, raw, significant", [(STEADY, UNSTEADY, True), (UNSTEADY, STEADY, False)])
def test_the_star_is_that_of_the_interval_that_is_printed(effect: list[float], raw: list[float],
                                                          significant: bool) -> None:
    row = summarise(of_seeds(effect, raw=raw)).iloc[0]
    assert row["shown"] == "effect" and row["significant"] == significant
    assert mean_interval(effect).significant == significant != mean_interval(raw).significant
    text = _cell(row)
    assert ("*" in text) == significant == (not text.splitlines()[1].startswith("-"))


def test_what_does_not_vary_without_is_shown_in_its_unit_with_that_units_interval() -> None:
    row = summarise(of_seeds([float("nan")] * 4, raw=STEADY)).iloc[0]
    assert row["shown"] == "raw" and row["significant"]
    assert _cell(row) == "+.100* in its unit\n+.087 +.113"
    assert not summarise(of_seeds([float("nan")] * 4, raw=UNSTEADY)).iloc[0]["significant"]


def test_precision_is_the_ratio_of_variances() -> None:
    effects, without = [0.4, 0.8, 0.6], [0.1, 0.5, 0.3]
    row = precision(of_seeds(effects, without)).iloc[0]
    raw = np.array(effects) / 4
    assert row["twins"] == pytest.approx(raw.var(ddof=1))
    assert row["ratio"] == pytest.approx(((raw + without).var(ddof=1) + np.var(without, ddof=1)) / raw.var(ddof=1))


def test_a_cost_per_unit_is_given_where_the_effect_has_a_star_and_nowhere_else() -> None:
    for effect, raw in ((STEADY, UNSTEADY), (UNSTEADY, STEADY)):
        found = compared(of_seeds(effect, raw=raw), [1000.0] * 4)
        star = bool(found.effect("attitude")["significant"])
        cost = found.cost_effectiveness("attitude")
        assert np.isfinite(cost.ratio) == star == bool(_costs(found))
        assert (str(cost) == NOT_SIGNIFICANT) == (not star)
        line, = _cost_lines({"total_cost": 1000.0, "cost": _costs(found), "participants": 10})
        assert ("no cost per unit" in line) == (not star) and line.startswith("Cost £1,000")


def test_a_cost_per_unit_has_no_limit_where_people_vary_too_much() -> None:
    """The effect is steady, the number of people is not: their gain cannot be told from none, but there is a star."""
    found = compared(of_seeds(STEADY, residents=[1, 400, 2, 1]), [1000.0] * 4)
    assert found.effect("attitude")["significant"] and np.isinf(found.cost_effectiveness("attitude").high)
    assert str(found.cost_effectiveness("attitude")).endswith(", no limit]")


def test_a_cost_in_the_outcomes_own_unit_where_nothing_varies_without() -> None:
    found = compared(of_seeds([float("nan")] * 4, raw=STEADY, outcome="civic"), [1000.0] * 4)
    cost = found.cost_effectiveness("civic")
    assert cost.unit == OUTCOMES["civic"] and cost.ratio == pytest.approx(1000 / (10 * np.mean(STEADY)))


def test_the_cost_of_an_effect_is_as_uncertain_as_the_effect() -> None:
    """With a cost that does not vary, Fieller's limits are the cost over the limits of the gain."""
    gains = [4.0, 5.0, 6.0, 5.5]
    _, low, high = mean_interval(gains)
    found = cost_effectiveness([1000.0] * 4, gains, True)
    assert (found.ratio, found.low, found.high) == pytest.approx((1000 / np.mean(gains), 1000 / high, 1000 / low))
    assert str(cost_effectiveness([float("nan")] * 3, [1.0, 2.0, 3.0], True)) == "the cost is not known"
    assert str(cost_effectiveness([1000.0] * 4, [-g for g in gains], True)).endswith("for one less")


def test_seeds_come_back_in_their_order() -> None:
    assert over_seeds(lambda seed: seed * 10, [3, 1, 2], jobs=2) == [30, 10, 20]
    with pytest.raises(UserError, match="second"):
        over_seeds(lambda seed: _refuse(seed), [1, 2, 3], jobs=2)


def test_all_seeds_are_told_together_and_end_together() -> None:
    told_of: list[tuple[str, int, int]] = []
    tell = Together(lambda *told: told_of.append(told), 2)
    for stage in ("burn_in", "seed 1", "seed 2"):
        tell(stage, 1, 5)
    assert told_of == [("burn_in", 1, 10), ("twin weeks", 1, 10), ("twin weeks", 2, 10)]
    tell.stop()
    with pytest.raises(StoppedError):
        tell("seed 1", 2, 5)


def _refuse(seed: int) -> int:
    if seed == 2:
        raise UserError("second")
    return seed


def test_what_is_asked_for() -> None:
    design = read_design([*SMALL, *ONCE, "seeds=3", "seed=7", "follow=[4,9]"])
    assert design.seeds == (7, 8, 9) and list(design.configs) == [WITHOUT, WITH]
    end = sum(phase.weeks for phase in design.config.actions["youth_scheme"].phases)
    assert design.end == end and design.read_at == (end, end + 4, end + 9)
    assert not design.configs[WITHOUT].actions and list(design.config.actions) == ["youth_scheme"]
    lasting = read_design([*SMALL, "action=community_centre", "weeks=60"])
    assert lasting.end is None and lasting.read_at == (52, 60) and "lasts" in lasting.notes[0]
    short = read_design([*SMALL, *ONCE, f"weeks={end + 2}", "follow=4"])
    assert short.read_at == (end, end + 2) and f"before {end + 4}" in short.notes[0]


def test_what_differs_may_be_a_parameter_or_part_of_an_action() -> None:
    design = read_design([*SMALL, *ONCE, "weeks=5"], ["actions.youth_scheme.conditions.closeness=0.1"])
    closeness = [config.actions["youth_scheme"].conditions.closeness for config in design.configs.values()]
    assert closeness == [0.1, 0.8]
    design = read_design([*SMALL, "weeks=5", "psychology.norms=0.01"], ["psychology.norms=0"])
    assert [config.psychology.norms for config in design.configs.values()] == [0.0, 0.01]


def test_an_action_that_meets_and_speaks_is_also_asked_for_silently() -> None:
    design = read_design([*SMALL, "action=tension_mediation", "weeks=5"])
    assert list(design.configs) == [WITHOUT, WITH, SILENT]
    assert design.configs[SILENT].actions["tension_mediation"].message == "off"
    assert "hostile_rumour" in design.configs[WITHOUT].actions and "hostile_rumour" in design.config.actions


@pytest.mark.parametrize("given, without, says", [
    ([], [], "Nothing differs"),
    (["action=youth_scheme", "seeds=0"], [], "seeds=0"),
    (["action=youth_scheme", "seeds=2", "seeds=3"], [], "seeds is given twice"),
    (["action=youth_scheme", "follow=[-1]"], [], "follow="),
    (["action=youth_schema"], [], "youth_scheme"),
    (["action=youth_scheme"], ["seed=3"], "changes seed"),
    ([], ["place.residents=900"], "changes place"),
    ([], ["residents.vacancy=0"], "changes residents"),
    ([], ["psychology.normz=0"], "'norms'"),
])
def test_mistakes_are_said(given: list[str], without: list[str], says: str) -> None:
    with pytest.raises(UserError) as error:
        read_design([*SMALL, *given], without)
    assert says in str(error.value) and "\n" not in str(error.value)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(["compare", *arguments])
    found = capsys.readouterr()
    return code, found.out, found.err


def test_the_command_writes_a_folder_and_says_what_came_of_it(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    words = [*SMALL, *ONCE, "seeds=3", "follow=2", "--jobs", "2"]
    code, out, err = run(capsys, *words)
    assert code == 0 and err == "" and "participants" in out and "illustrative" in out and "Cost £" in out
    (folder,) = (tmp_path / "comparisons").iterdir()
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    tables = load(folder)
    assert len(set(tables["effects"]["week"])) == 3 and (tables["reach"]["stray"] == 0).all()
    assert (tables["effects"].query("week == 0")["raw"].fillna(0) == 0).all()
    before = (folder / "provenance.json").read_bytes()
    code, again, _ = run(capsys, *words)
    assert code == 0 and again == out and (folder / "provenance.json").read_bytes() == before
    code, text, _ = run(capsys, *words, "--json")
    facts: dict[str, Any] = json.loads(text)
    assert facts["seeds"] == [1, 2, 3] and facts["cost"] and facts["effects"] and facts["participants"] > 0


def test_threads_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for jobs in ("1", "2"):
        words = [*SMALL, *ONCE, "seeds=3", "follow=0", "--quiet", "--jobs", jobs, f"output=j{jobs}"]
        assert cli.main(["compare", *words]) == 0
    one, two = load("j1")["of_seeds"], load("j2")["of_seeds"]
    pd.testing.assert_frame_equal(one, two, check_exact=True)


def test_zero_places_are_a_run_that_says_so(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = run(capsys, *SMALL, *ONCE, "actions.youth_scheme.capacity=0", "seeds=2", "follow=0")
    assert code == 0 and "Nobody took part in any seed" in out and "no outcome differs" in out
    (folder,) = (tmp_path / "comparisons").iterdir()
    told_of = load(folder)["effects"].dropna(subset="effect")
    assert (told_of[["effect", "low", "high"]] == 0).all(axis=None)


def test_a_folder_of_something_else_is_left_alone(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    code, _, err = run(capsys, *SMALL, *ONCE, "seeds=2", "output=mine")
    assert code == 2 and "no comparison" in err
    code, _, err = run(capsys, *SMALL, *ONCE, "--jobs", "0")
    assert code == 2 and "--jobs 0" in err
    with pytest.raises(UserError, match="no folder of a finished comparison"):
        load(tmp_path / "mine")
