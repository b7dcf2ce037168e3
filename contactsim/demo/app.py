# ruff: noqa: N802  components are named like classes in Solara
"""The page. ``contactsim demo`` serves it; ``solara run contactsim.demo.app`` does too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import solara

from contactsim.demo import menu
from contactsim.demo.captions import captions
from contactsim.demo.colours import palette
from contactsim.demo.lessons import lessons, verdicts
from contactsim.demo.own_folder import config_dir
from contactsim.demo.pictures import MEASURES
from contactsim.demo.session import Desk

STYLE = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
Event = Callable[[dict[str, Any]], None]


@solara.component_vue("stage.vue")
def _Stage(scene: Any, frame: Any, palette: Any, captions: Any, difference: bool, lines: bool, picked: Any,
           event_drawn: Callable[[int], None], event_chosen: Event) -> None:
    """The maps."""


@solara.component_vue("charts.vue")
def _Charts(scene: Any, figures: Any, palette: Any, measures: Any, whose: int, difference: bool, repeat: str,
            event_again: Callable[[Any], None]) -> None:
    """The charts."""


@solara.component_vue("transport.vue")
def _Transport(state: Any, week: int, palette: Any, groups: Any, dots: bool, event_act: Event) -> None:
    """Play, step, reset, and how the maps are coloured."""


@solara.component_vue("controls.vue")
def _Controls(state: Any, offers: Any, link: str, download: Any, event_act: Event) -> None:
    """What the worlds are."""


@solara.component_vue("lesson.vue")
def _Lesson(state: Any, lessons: Any, lesson: Any, results: Any, verdicts: Any, event_act: Event) -> None:
    """The lesson."""


@solara.component_vue("story.vue")
def _Story(story: Any, event_act: Event) -> None:
    """A resident's life."""


@solara.component
def Page() -> None:
    """The classroom, with a desk of its own for each visitor."""
    query = solara.use_router().search or ""
    desk = solara.use_memo(lambda: Desk(query.lstrip("?")), [])
    solara.use_effect(desk.open, [])
    solara.Title("contactsim: two worlds side by side")
    solara.Style(STYLE)
    with solara.Div(classes=["cs-page"]):
        with solara.Div(classes=["cs-side"]):
            _Head()
            Lesson(desk)
            Controls(desk)
        with solara.Div(classes=["cs-main"]):
            Transport(desk)
            Trouble(desk)
            Stage(desk)
            Charts(desk)
        Story(desk)


@solara.component
def _Head() -> None:
    solara.HTML("header", "<h1>Two worlds</h1><p>How everyday meetings, good and bad, shape what groups think of each "
                          "other. It explains and explores; it predicts no real town. All people are invented.</p>",
                classes=["cs-head"])


@solara.component
def Trouble(desk: Desk) -> None:
    """What is being built, or what went wrong."""
    status, trouble = desk.sent["status"].value, desk.sent["trouble"].value
    if trouble:
        solara.Div(classes=["cs-trouble"], children=[trouble], attributes={"role": "alert"})
    if status["stage"] in ("building", "story"):
        done = f" {100 * status['done'] // max(1, status['total'])} %" if "total" in status else ""
        what = "Living the years before week 0" if status["stage"] == "building" else "Living it again"
        solara.Div(classes=["cs-busy"], children=[f"{what} …{done}"], attributes={"role": "status"})


@solara.component
def Stage(desk: Desk) -> None:
    """The maps of this visitor's worlds."""
    scene, choice, story = desk.sent["scene"].value, desk.choice.value, desk.sent["story"].value
    _Stage(scene=scene, frame=desk.sent["frame"].value, palette=_palette(scene), captions=captions(choice),
           difference=choice.view == "difference", lines=choice.meetings == "shown",
           picked=story and {"world": story["world"], "seat": story["seat"], "cell": -1},
           event_drawn=desk.player.drawn, event_chosen=lambda at: desk.act({"what": "person", "value": at}))


@solara.component
def Charts(desk: Desk) -> None:
    """The charts of this visitor's worlds."""
    scene, choice = desk.sent["scene"].value, desk.choice.value
    lesson = lessons(config_dir()).get(choice.lesson)
    whose = lesson.group if lesson is not None and lesson.group is not None else -1
    _Charts(scene=scene, figures=desk.sent["figures"].value, palette=_palette(scene), measures=MEASURES, whose=whose,
            difference=choice.view == "difference", repeat=choice.command("right"),
            event_again=lambda _: desk.player.again())


@solara.component
def Transport(desk: Desk) -> None:
    """The bar above the maps."""
    scene, frame = desk.sent["scene"].value, desk.sent["frame"].value
    _Transport(state=desk.state(), week=frame["week"] if frame else 0, palette=_palette(scene),
               groups=scene["worlds"][0]["groups"] if scene else [], dots=bool(scene and scene["dots"]),
               event_act=desk.act)


@solara.component
def Controls(desk: Desk) -> None:
    """The controls beside the maps."""
    given = {"comparisons": {name: [c.title, c.text] for name, c in menu.comparisons().items()},
             "places": menu.places(config_dir()), "actions": menu.actions(config_dir()),
             "sliders": list(menu.sliders())}
    _Controls(state=desk.state(), offers=given, link=desk.choice.value.link(), download=desk.download.value,
              event_act=desk.act)


@solara.component
def Lesson(desk: Desk) -> None:
    """The lesson that was chosen, or the list of them."""
    offered = lessons(config_dir())
    found = [{"name": name, "title": lesson.title, "minutes": lesson.minutes} for name, lesson in offered.items()]
    lesson = offered.get(desk.choice.value.lesson)
    shown = None
    if lesson is not None:
        shown = lesson.model_dump(mode="json", by_alias=True)
        groups = (desk.sent["scene"].value or {"worlds": [{"groups": []}]})["worlds"][0]["groups"]
        known = lesson.group is not None and lesson.group < len(groups)
        shown["of"] = groups[lesson.group] if known else "everyone aged 16 and over"
    _Lesson(state=desk.state(), lessons=found, lesson=shown, results=desk.results.value,
            verdicts=verdicts(desk.choice.value.lesson, config_dir()) if lesson else [], event_act=desk.act)


@solara.component
def Story(desk: Desk) -> None:
    """The life of the resident who was clicked."""
    _Story(story=desk.sent["story"].value, event_act=desk.act)


def _palette(scene: Any) -> dict[str, Any]:
    return palette(len(scene["worlds"][0]["groups"]) if scene else 2)
