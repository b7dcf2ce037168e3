"""Parameter sets of an ensemble in configurations: what they change, and what the user's own values keep."""

from __future__ import annotations

from pathlib import Path

import pytest

from contactsim.config import ensemble
from contactsim.config.run_config import compose
from contactsim.errors import UserError


@pytest.fixture
def mine(tmp_path: Path) -> str:
    table = "set,psychology.seeking,instruments.contact_frequency.seen\n1,1.25,7.5\n2,0.5,3\n"
    (tmp_path / "mine.csv").write_text(table, encoding="utf-8")
    file = tmp_path / "mine.yaml"
    file.write_text(f"title: two sets\ndigest: {ensemble.digest(table.encode())}\n", encoding="utf-8")
    return str(file)


def test_a_set_changes_parameters_and_items(mine: str) -> None:
    config = compose([f"ensemble={mine}"])
    assert (config.ensemble_set, config.psychology.seeking) == (1, 1.25)
    assert config.survey.instruments["contact_frequency"].seen == 7.5  # type: ignore[attr-defined]
    second = compose([f"ensemble={mine}", "ensemble_set=2"])
    assert second.psychology.seeking == 0.5
    assert second.psychology.norms == compose([]).psychology.norms


def test_what_the_user_gives_stays(mine: str, tmp_path: Path) -> None:
    assert compose([f"ensemble={mine}", "psychology.seeking=2.0"]).psychology.seeking == 2.0
    (tmp_path / "psychology").mkdir()
    (tmp_path / "psychology" / "calm.yaml").write_text("defaults: [default]\nseeking: 2.75\n", encoding="utf-8")
    assert compose([f"ensemble={mine}", "psychology=calm"], str(tmp_path)).psychology.seeking == 2.75


def test_a_set_needs_its_ensemble_and_must_exist(mine: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"needs an ensemble"):
        compose(["ensemble_set=2"])
    with pytest.raises(UserError, match="has the sets 1 to 2"):
        compose([f"ensemble={mine}", "ensemble_set=3"])
    with pytest.raises(UserError, match=r"ensemble=plausibel does not exist"):
        compose(["ensemble=plausibel"])
    with pytest.raises(UserError, match=r"sets=3 is not allowed.* has 2 sets"):
        ensemble.read(mine).first(3)
    assert ensemble.read(mine).first(1).numbers == [1]


def test_a_table_that_was_changed_is_refused(mine: str) -> None:
    table = Path(mine).with_suffix(".csv")
    table.write_text(table.read_text(encoding="utf-8").replace("1.25", "1.26"), encoding="utf-8")
    with pytest.raises(UserError, match="was changed after it was made"):
        ensemble.read(mine)


@pytest.mark.parametrize("table", ["", "set,psychology.seeking\n", "psychology.seeking\n1\n",
                                   "set,psychology.seeking\n1,much\n", "set,psychology.seeking\n1\n"])
def test_a_damaged_table_is_refused(table: str, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text(table, encoding="utf-8")
    (tmp_path / "bad.yaml").write_text("title: bad\n", encoding="utf-8")
    with pytest.raises(UserError, match="parameter set"):
        ensemble.read(str(tmp_path / "bad.yaml"))


def test_values_at_paths_that_do_not_exist_are_refused() -> None:
    base = compose([]).parameters
    assert ensemble.with_values(base, {"psychology.seeking": 0.5}).psychology.seeking == 0.5
    with pytest.raises(UserError, match=r"psychology.seking is no parameter"):
        ensemble.with_values(base, {"psychology.seking": 0.5})
    with pytest.raises(UserError, match=r"psychology.seeking"):
        ensemble.with_values(base, {"psychology.seeking": 99.0})


def test_all_sets_are_an_axis(mine: str) -> None:
    assert ensemble.over_all_sets([f"ensemble={mine}", "weeks=3"])[-1] == "ensemble_set=1,2"
    assert ensemble.over_all_sets([f"ensemble={mine}", "ensemble_set=2"])[-1] == "ensemble_set=2"
    assert ensemble.over_all_sets(["weeks=3"]) == ["weeks=3"]


def test_the_shipped_ensemble_is_complete_and_its_page_states_its_counts() -> None:
    shipped = ensemble.read(ensemble.PLAUSIBLE)
    assert 30 <= len(shipped.sets) <= 100 and shipped.numbers == list(range(1, len(shipped.sets) + 1))
    base = compose([]).parameters
    for values in shipped.sets:
        ensemble.with_values(base, {path: x for path, x in values.items() if not path.startswith(ensemble.INSTRUMENTS)})
    page = " ".join((Path(__file__).parents[2] / "docs" / "calibration.md").read_text(encoding="utf-8").split())
    about = shipped.about
    assert f"has {about['sets']} parameter sets. Of {about['runs']} sets" in page
    assert f"{about['agreed_before_the_check']} agreed with the {len(about['targets'])} targets" in page
    assert f"{about['checked']} of these were run again" in page
