"""The classroom in a real browser, as a visitor sees it."""

from __future__ import annotations

import csv
import io
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlencode

import pytest

from contactsim.config.run_config import compose
from contactsim.evidence.listing import listed
from contactsim.runs.folder import load_run
from contactsim.runs.run import execute
from tests.browser.conftest import PATIENCE, Classroom

Visit = Callable[..., Classroom]
SMALL = urlencode([("both", "place.residents=1500"), ("both", "scenario=no_burn_in"),
                   ("right", "place.dissimilarity=0.7"), ("seed", "3")])
PAIRED = urlencode([("both", "place.residents=1500"), ("both", "scenario=no_burn_in"),
                   ("right", "action=[community_centre]")])
TABLE = ("area,group,count\n" + "".join(f"N{k:02d},<b>blue</b>,{150 + 9 * k}\nN{k:02d},green,90\n" for k in range(8))
         ).encode()


def test_it_opens_with_two_worlds_and_requests_nothing_from_elsewhere(visit: Visit) -> None:
    room = visit()
    assert room.week() == 0
    assert room.colours(0) > 10 and room.colours(1) > 10
    assert room.page.locator(".cs-grid canvas").count() >= 8


def test_play_pause_step_reset(visit: Visit) -> None:
    room = visit(SMALL)
    room.press("Play")
    room.reaches(4)
    room.pause()
    stopped = room.week()
    first = room.numbers()
    room.step()
    assert room.week() == stopped + 1
    assert room.numbers() != first
    room.press("Reset")
    room.page.wait_for_function("document.querySelector('.cs-week b').innerText === '0'")
    room.ready()
    for _ in range(stopped):
        room.step()
    assert room.numbers() == first


def test_the_keyboard_is_enough(visit: Visit) -> None:
    room = visit(SMALL)
    room.page.keyboard.press(".")
    room.reaches(1)
    room.ready()
    room.page.keyboard.press(" ")
    room.reaches(3)
    room.page.keyboard.press(" ")
    room.ready()
    room.page.focus(".cs-map canvas")
    room.page.keyboard.press("ArrowDown")
    room.page.wait_for_selector(".cs-tip")
    spoken = room.page.inner_text(".cs-live")
    assert "residents" in spoken and "attitude" in spoken
    room.page.keyboard.press("ArrowDown")
    room.page.wait_for_function(f"document.querySelector('.cs-live').innerText !== {spoken!r}")
    room.page.keyboard.press("Enter")
    room.page.wait_for_selector(".cs-story")
    room.page.keyboard.press("Escape")
    room.page.wait_for_selector(".cs-story", state="detached")


def test_a_change_is_shown_shared_and_undone(visit: Visit) -> None:
    room = visit(SMALL)
    room.step()
    room.page.click("text=Parameters")
    room.page.select_option(".cs-controls details select", "right")
    room.page.locator("#p-psychology\\.negative_weight").evaluate(
        "slider => { slider.value = 2.5; slider.dispatchEvent(new Event('change')); }")
    room.page.wait_for_selector("code:text('psychology.negative_weight=2.5')")
    room.page.wait_for_function("document.querySelector('.cs-week b').innerText === '0'")
    room.ready()
    assert "psychology.negative_weight=2.5" in parse_qs(room.query())["right"]
    room.press("Undo the last change")
    room.page.wait_for_selector("code:text('psychology.negative_weight=2.5')", state="detached")
    room.ready()
    assert "negative_weight" not in room.query()


def test_a_link_shows_the_same_week_to_somebody_else(visit: Visit) -> None:
    room = visit(SMALL)
    for _ in range(3):
        room.step()
    room.page.select_option(".cs-legend select", "group")
    room.page.wait_for_selector(".cs-swatches")
    room.page.wait_for_function("window.location.search.includes('colour=group')")
    other = visit(room.query())
    assert other.week() == 3 and other.numbers() == room.numbers()
    assert other.page.query_selector(".cs-swatches")


def test_charts_show_figures_in_whatever_order_they_arrive(visit: Visit) -> None:
    """Figures may arrive before their worlds, and charts may be made before their properties are set."""
    room = visit(SMALL)
    room.step()
    before, early, late = room.page.evaluate("""async () => {
        const charts = document.querySelector('.cs-charts').__vue__, { scene, figures, table } = charts;
        charts.rows = [[], []]; charts.scene = charts.figures = null;
        await charts.$nextTick();
        charts.figures = figures;
        await charts.$nextTick();
        charts.scene = scene;
        await charts.$nextTick();
        const early = charts.table;
        charts.group = undefined;
        charts.$options.mounted.forEach(hook => hook.call(charts));
        await charts.$nextTick();
        return [table, early, charts.table];
    }""")
    assert before == early == late and "–" not in before[0]


def test_a_reload_in_the_middle_continues_from_there(visit: Visit) -> None:
    room = visit(SMALL)
    room.press("Play")
    room.page.wait_for_function("/week=[1-9]/.test(window.location.search)")
    room.reload()
    assert room.week() >= 1
    room.step()
    fresh = visit(room.query())
    assert fresh.numbers() == room.numbers()


def test_two_visitors_do_not_see_each_other(visit: Visit) -> None:
    one, other = visit(SMALL), visit(SMALL.replace("seed=3", "seed=4"))
    one.press("Play")
    one.reaches(3)
    assert other.week() == 0
    one.pause()
    while other.week() < one.week():
        other.step()
    assert other.numbers() != one.numbers()
    same = visit(one.query())
    assert same.numbers() == one.numbers()


def test_several_visitors_play_at_once(visit: Visit) -> None:
    rooms = [visit(SMALL.replace("seed=3", f"seed={seed}")) for seed in range(5, 10)]
    for room in rooms:
        room.press("Play")
    for room in rooms:
        room.reaches(5)
        assert not room.page.query_selector(".cs-error")


def test_a_lesson_from_question_to_limits(visit: Visit) -> None:
    room = visit(SMALL)
    room.page.select_option(".cs-lesson select", "parallel_lives")
    room.page.wait_for_selector(".cs-predict")
    room.ready()
    assert not room.page.query_selector("text=What the evidence says")
    room.page.click(".cs-predict label >> nth=1")
    room.page.click(".cs-lesson .cs-play")
    room.page.wait_for_selector("text=What the evidence says")
    assert room.week() == 52
    assert room.page.locator(".cs-lesson tbody tr").count() == 5
    assert "lesson=parallel_lives" in room.query()
    assert room.page.inner_text(".cs-lesson tbody tr td") not in ("", "–")
    assert "homes far apart" in room.page.inner_text(".cs-map figcaption")
    finding = room.page.inner_text(".cs-findings li")
    assert "F8" in finding and listed(["F8"])[0]["state"] in finding


def test_a_newcomer_learns_what_polarisation_through_contact_means(visit: Visit) -> None:
    """By keyboard alone: choose the lesson, predict, run, read how many became warmer and colder, open part two.

    Nearly everybody becomes warmer in this model (see tests/unit/test_demo_lessons.py), and the page says so.
    """
    room = visit(SMALL)
    page = room.page
    page.focus(".cs-lesson select")
    for title in ("Parallel lives", "More contact of both kinds", "Polarisation and its cure, part 1"):
        page.keyboard.press("ArrowDown")
        page.wait_for_selector(f".cs-lesson h2:has-text('{title}')")
    room.ready()
    page.focus(".cs-predict input")
    page.keyboard.press("Space")
    page.wait_for_selector(".cs-lesson .cs-play:not(:disabled)")
    page.focus(".cs-lesson .cs-play")
    page.keyboard.press("Enter")
    page.wait_for_selector(".cs-moved", timeout=4 * PATIENCE)
    assert room.week() == 104
    warmer, colder = page.locator(".cs-moved b").all_inner_texts()
    assert int(warmer.split()[0]) > 80 and colder in ("0 %", "under 1 %", "1 %")
    assert "polarisation through contact" in page.inner_text(".cs-lesson").lower()
    room.press("Next")
    page.wait_for_selector("h2:has-text('part 2')")
    room.ready()
    assert room.week() == 0 and not page.query_selector(".cs-moved")
    assert page.locator(".cs-predict input:checked").count() == 0


def test_an_uploaded_table_is_not_in_the_link_and_its_names_are_text(visit: Visit) -> None:
    room = visit(SMALL)
    room.upload("my <i>table</i>.csv", TABLE)
    room.page.wait_for_function("window.location.search.includes('upload=')")
    room.ready()
    room.step()
    assert room.page.query_selector(".cs-page option b, .cs-page option i, .cs-swatches b") is None
    assert "<b>blue</b>" in room.page.inner_text(".cs-key select")
    assert "blue" not in room.query() and len(parse_qs(room.query())["upload"][0]) == 16
    other = visit(opened=False)
    other.page.goto(other.address + "?" + room.query())
    assert "upload the file" in other.error()
    other.upload("same.csv", TABLE)
    other.page.wait_for_selector(".cs-error", state="detached")
    other.ready()
    other.reaches(1)
    assert other.numbers() == room.numbers()


@pytest.mark.parametrize("raw, named", [(b"hello\nworld\n", "columns"), (b"", "empty"), (b"\x1f\x8b12", "compressed"),
                                       (b"area,group,count\nA,x,-3\n", "-3"), (b"a" * 5_000_001, "at most 5 MB")])
def test_a_bad_file_is_refused_and_the_page_continues(visit: Visit, raw: bytes, named: str) -> None:
    room = visit(SMALL)
    room.upload("bad.csv", raw)
    assert named in room.error()
    room.press("Undo the last change") if "upload=" in room.query() else None
    room.page.wait_for_function("!window.location.search.includes('upload=')")
    room.ready()
    room.step()


@pytest.mark.parametrize("query, named", [("both=place.file%3D%2Fetc%2Fpasswd", "place.file"), ("seed=-4", "seed"),
                                         ("both=psychology.drift%3D9", "psychology.drift"), ("%FF=%00&x", "unknown"),
                                         ("left=psychology.drifd%3D0.1", "drift")])
def test_a_bad_link_is_explained_and_the_page_continues(visit: Visit, query: str, named: str) -> None:
    room = visit(opened=False)
    room.page.goto(room.address + "?" + query)
    assert named in room.error()
    room.page.select_option(".cs-controls select", "weight")
    room.press("Back to the start")
    room.page.wait_for_selector(".cs-error", state="detached")
    room.ready()
    room.step()


def test_a_click_opens_a_life_story(visit: Visit) -> None:
    room = visit(SMALL + "&week=12")
    room.page.click(".cs-map canvas", position={"x": 150, "y": 120})
    room.page.wait_for_selector(".cs-story li, .cs-story .cs-quiet")
    assert "In 12 weeks" in room.page.inner_text(".cs-story")
    room.page.click(".cs-close")
    room.page.wait_for_selector(".cs-story", state="detached")


def test_paired_worlds_show_the_difference(visit: Visit) -> None:
    room = visit(PAIRED + "&week=6")
    room.page.check(".cs-tick input >> nth=0")
    room.page.wait_for_function("document.querySelectorAll('.cs-map').length === 3")
    room.page.wait_for_function(
        """() => { const c = document.querySelectorAll('.cs-map canvas:not(.cs-over)')[2];
                   return c && c.width > 100 && !document.querySelector('.cs-none'); }""")
    assert room.colours(2) > 3
    assert "view=difference" in room.query()
    assert "warmer in B than the same person in A" in room.page.inner_text(".cs-key")


def test_downloads_equal_the_runs_of_the_command_lines(visit: Visit, tmp_path: Path) -> None:
    room = visit(SMALL + "&week=4")
    room.page.click("text=Share and download")
    rows = list(csv.DictReader(io.StringIO(room.download("Data (CSV)").read_text())))
    assert room.download("Maps (PNG)").read_bytes().startswith(b"\x89PNG")
    assert room.download("Charts as SVG").read_text().startswith("<svg")
    for world, line in zip("AB", room.page.locator(".cs-controls pre").all_inner_texts(), strict=True):
        words = shlex.split(line)
        assert words[:2] == ["contactsim", "run"]
        folder, _ = execute(compose([*words[2:], f"output={tmp_path}/{world}", "survey.size=0"]))
        weekly = load_run(folder).weekly
        mine = [float(row["value"]) for row in rows if row["world"] == world]
        assert len(mine) == len(weekly) and mine == weekly["value"].tolist()


def test_the_command_refuses_in_one_sentence() -> None:
    for options, named in ((["--port", "99999"], "65535"), (["--host", "no.such.host.invalid"], "not an address"),
                          (["--prot", "1"], "--port")):
        done = subprocess.run([sys.executable, "-c", "import sys; from contactsim.cli import main; sys.exit(main())",
                               "demo", "--no-open", *options], capture_output=True, text=True, timeout=120)
        assert done.returncode == 2 and named in done.stderr and "Traceback" not in done.stderr
