"""The worlds of a page equal those of the command line, and its pictures show their state."""

from __future__ import annotations

import shlex
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from contactsim.config.run_config import compose
from contactsim.demo import pictures
from contactsim.demo.build import LARGEST_UPLOAD, Upload, boxes, build, draw_map, take_upload
from contactsim.demo.player import Player
from contactsim.demo.ui_state import WORLDS, UIState, read_link
from contactsim.errors import UserError
from contactsim.residents import SURVEY_AGE, attitude_to_others
from contactsim.runs.folder import load_run
from contactsim.runs.run import execute
from tests.worlds import four_groups, make_world

SMALL = UIState(both=("place.residents=1500", "scenario=no_burn_in"), left=("place.dissimilarity=0.6",),
               right=("psychology.negative_weight=2.5",), seed=4, speed=1000)
TABLE = ("area,group,count\n" + "".join(f"N{k:02d},<b>blue</b>,{150 + 9 * k}\nN{k:02d},green,90\n" for k in range(8))
         ).encode()


class Listener:
    """Collects what a player sends and confirms that pictures are drawn."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Any]] = []
        self._changed = threading.Condition()
        self.player = Player(self.take)
        self.player.start()

    def take(self, kind: str, value: Any) -> None:
        with self._changed:
            self.sent.append((kind, value))
            self._changed.notify_all()
        if kind == "frame":
            self.player.drawn(value["number"])

    def wait(self, test: Any, seconds: float = 60) -> Any:
        """The first sent (kind, value) for which the test is true, from now on or before."""
        with self._changed:
            assert self._changed.wait_for(lambda: any(test(*s) for s in self.sent), seconds), self.sent[-3:]
            return next(v for k, v in self.sent if test(k, v))

    def until(self, week: int) -> None:
        self.wait(lambda kind, v: kind == "frame" and v["week"] == week)
        self.wait(lambda kind, v: kind == "status" and v["stage"] == "ready" and v["week"] == week)


@pytest.fixture
def listener() -> Any:
    one = Listener()
    yield one
    one.player.stop()
    one.player.thread.join(20)
    assert not one.player.thread.is_alive()


def test_numbers_are_those_of_the_command_line(listener: Listener, tmp_path: Path) -> None:
    """Every measure of every week, in both worlds, for the command that the page shows."""
    listener.player.show(SMALL)
    listener.player.play(True, until=6)
    listener.until(6)
    assert listener.player.views is not None
    for k, which in enumerate(WORLDS):
        words = shlex.split(listener.player.state.command(which))[2:]
        folder, _ = execute(compose([*words, f"output={tmp_path}/{which}", "survey.size=0"]))
        pd.testing.assert_frame_equal(listener.player.views[k].world.weekly(), load_run(folder).weekly)
        weekly = load_run(folder).weekly
        last = weekly[(weekly.week == 5) & (weekly.group == "majority") & weekly.target.isin(["all others", ""])]
        of_page = listener.player.rows[k][-1][:, 0]
        for name in ("positive", "negative", "attitude", "attitude_sd", "cross_friend", "belonging", "engagement"):
            value = last[last.measure == name]["value"].item()
            at = [m[0] for m in pictures.MEASURES].index(name)
            assert of_page[at] == np.float32(value), name


def test_an_uploaded_place_is_that_of_the_command_line(listener: Listener, tmp_path: Path,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    upload = take_upload("my table.csv", TABLE)
    state = UIState(both=("scenario=no_burn_in",), upload=upload.digest, speed=1000)
    listener.player.show(state, upload)
    listener.player.play(True, until=3)
    listener.until(3)
    assert listener.player.views is not None
    monkeypatch.chdir(tmp_path)
    Path(upload.name).write_bytes(TABLE)
    words = shlex.split(listener.player.state.command("left", upload.name))[2:]
    folder, _ = execute(compose([*words, "output=run", "survey.size=0"]))
    pd.testing.assert_frame_equal(listener.player.views[0].world.weekly(), load_run(folder).weekly)
    assert not listener.player.views[0].config.cache_burn_in


def test_an_upload_is_refused_in_one_sentence() -> None:
    with pytest.raises(UserError, match="at most 5 MB"):
        take_upload("a.csv", b"x" * (LARGEST_UPLOAD + 1))
    for name, raw in (("a.csv.gz", b"\x1f\x8b123"), ("a.xlsx", b"PK12")):
        with pytest.raises(UserError, match="compressed"):
            take_upload(name, raw)
    assert take_upload("../../<img src=x>.csv", b"a").name == "img_src_x_.csv"
    for raw in (b"", b"\0\1\2", b"hello\nworld\n", b"area,group,count\nA,x,-3\n"):
        upload = take_upload("bad.csv", raw)
        with pytest.raises(UserError, match=r"bad\.csv"):
            build(UIState(upload=upload.digest), upload)
    with pytest.raises(UserError, match="upload the file"):
        build(UIState(upload="0" * 16), Upload("other.csv", TABLE))


def test_paired_worlds_have_the_same_people_and_differ_only_by_the_action() -> None:
    null = UIState(both=("place.residents=1500", "scenario=no_burn_in"),
                  right=("action=[community_centre]", "actions.community_centre.regulars=0"))
    left, right = build(null)
    for _ in range(3):
        left.world.step()
        right.world.step()
    assert (left.world.people.attitude == right.world.people.attitude).all()
    difference = np.frombuffer(pictures.paint_difference(left, right, "attitude"), np.uint8)
    assert set(np.unique(difference)) <= {125, pictures.EMPTY}


def test_a_picture_shows_the_state_of_the_world() -> None:
    left, _ = build(SMALL)
    world = left.world
    world.step()
    occupant = world.settings["street"].occupant
    groups = np.frombuffer(pictures.paint(left, "group"), np.uint8)
    assert (groups[occupant >= 0] == world.people.group[occupant[occupant >= 0]]).all()
    assert (groups[occupant < 0] == pictures.EMPTY).all()
    shown = np.frombuffer(pictures.paint(left, "attitude"), np.uint8)[occupant >= 0] / 250 * 2 - 1
    assert np.abs(shown - attitude_to_others(world.people, world.weights, occupant[occupant >= 0])).max() <= 0.0041
    areas = pictures.area_figures(left)
    assert areas[:, 0].sum() == 1500
    expected = world.place.counts[:, 1] / world.place.counts.sum(axis=1)
    assert np.allclose(areas[:, 1], expected, atol=1e-6)
    bars = pictures.distribution(world)
    assert np.allclose(bars.sum(axis=1), 1, atol=1e-5)


def test_friends_are_shown_with_the_feeling_of_the_moment() -> None:
    """Attitude and feeling together are what people would answer; participants are shown with their attitude alone."""
    world = build(SMALL)[0].world
    for _ in range(3):
        world.step()
    people = world.people
    friends = people.active & (people.age >= SURVEY_AGE) & (people.cross_friends > 0)
    shown = pictures.figures(world, friends)[:, -1]
    now, slow = (shown[[m[0] for m in pictures.MEASURES].index(name)] for name in ("with_friend", "participants"))
    answers = np.clip(people.attitude + people.feeling, -1, 1)[friends, 0]
    assert now == pytest.approx(answers.mean(), abs=1e-5)
    assert slow == pytest.approx(people.attitude[friends, 0].mean(), abs=1e-5)
    assert abs(now - slow) > 0.005


def test_lines_are_meetings_between_groups_of_both_kinds() -> None:
    left, _ = build(SMALL)
    assert left.log is not None
    left.world.step()
    found = np.frombuffer(pictures.lines(left, left.log.meetings()), np.uint32).reshape(-1, 3)
    occupant, group = left.world.settings["street"].occupant, left.world.people.group
    assert 0 < found.shape[0] <= pictures.MOST_LINES and set(found[:, 2]) == {0, 1}
    assert (group[occupant[found[:, 0]]] != group[occupant[found[:, 1]]]).all()


def test_a_map_has_a_place_for_every_seat() -> None:
    world = make_world(four_groups())
    drawn = draw_map(world)
    x, y, w, h = drawn.tiles.T
    assert (drawn.tiles >= 0).all() and (x + w <= 1.0001).all() and (y + h <= 1.0001).all()
    area = (w * h) / np.diff(world.settings["street"].partitions["output_area"].start)
    assert area.max() / area.min() < 1.6
    of_seat = drawn.tiles[drawn.output_area]
    assert (drawn.seats >= of_seat[:, :2]).all() and (drawn.seats <= of_seat[:, :2] + of_seat[:, 2:]).all()
    for i in range(len(drawn.tiles)):
        for j in range(i):
            apart = (x[i] + w[i] <= x[j] + 1e-6 or x[j] + w[j] <= x[i] + 1e-6
                     or y[i] + h[i] <= y[j] + 1e-6 or y[j] + h[j] <= y[i] + 1e-6)
            assert apart, (i, j)


def test_a_box_is_cut_by_weight_and_in_order() -> None:
    cut = boxes((0.0, 0.0, 2.0, 1.0), [1.0, 1.0, 2.0])
    assert [round(w * h, 9) for _, _, w, h in cut] == [0.5, 0.5, 1.0]
    assert cut[2] == (1.0, 0.0, 1.0, 1.0)


def test_a_player_steps_pauses_and_starts_again(listener: Listener) -> None:
    listener.player.show(SMALL)
    listener.player.step(3)
    listener.until(3)
    first = [row.tobytes() for row in listener.player.rows[1]]
    listener.player.show(SMALL)
    listener.player.step(3)
    listener.until(3)
    assert [row.tobytes() for row in listener.player.rows[1]] == first


def test_a_state_with_weeks_is_simulated_up_to_them(listener: Listener) -> None:
    listener.player.show(read_link(UIState(both=SMALL.both, week=5).link()))
    listener.until(5)
    assert listener.player.state.week == 5


def test_what_cannot_be_built_leaves_the_player_ready(listener: Listener) -> None:
    listener.player.show(UIState(both=("psychology.drift=99",)))
    sentence = listener.wait(lambda kind, v: kind == "error")
    assert "psychology.drift=99" in sentence and "0.5" in sentence
    listener.player.show(SMALL)
    listener.wait(lambda kind, v: kind == "frame")


def test_players_run_in_parallel_and_independently() -> None:
    many = [Listener() for _ in range(6)]
    for k, one in enumerate(many):
        one.player.show(UIState(both=("place.residents=800", "scenario=no_burn_in"), seed=k, speed=1000))
        one.player.play(True, until=8)
    for one in many:
        one.until(8)
        one.player.stop()
    rows = {one.player.rows[0][-1].tobytes() for one in many}
    assert len(rows) == len(many)
