# ruff: noqa: N802  components are named like classes in Solara
"""The page. ``contactsim demo`` serves it; ``solara run contactsim.demo.app`` does too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import solara

from contactsim.demo import menu
from contactsim.demo.lessons import captions, lesson_findings, lessons
from contactsim.demo.menu import config_dir
from contactsim.demo.pictures import MEASURES, palette
from contactsim.demo.session import BrowserSession

STYLE = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
Event = Callable[[dict[str, Any]], None]


@solara.component_vue("map.vue")
def _Map(scene: Any, frame: Any, palette: Any, captions: Any, difference: bool, lines: bool, picked: Any,
           event_drawn: Callable[[int], None], event_chosen: Event) -> None:
    """The maps."""


@solara.component_vue("charts.vue")
def _Charts(scene: Any, figures: Any, palette: Any, measures: Any, whose: int, difference: bool, repeat: str,
            event_resend: Callable[[Any], None]) -> None:
    """The charts."""


@solara.component_vue("transport.vue")
def _Transport(state: Any, week: int, palette: Any, groups: Any, dots: bool, event_act: Event) -> None:
    """Play, step, reset, and how the maps are coloured."""


@solara.component_vue("controls.vue")
def _Controls(state: Any, menu: Any, link: str, download: Any, event_act: Event) -> None:
    """What the two worlds are."""


@solara.component_vue("lesson.vue")
def _Lesson(state: Any, lessons: Any, lesson: Any, results: Any, findings: Any, event_act: Event) -> None:
    """The lesson."""


@solara.component_vue("story.vue")
def _Story(story: Any, event_act: Event) -> None:
    """A resident's life story."""


@solara.component
def Page() -> None:
    """The classroom; each visitor has a separate session."""
    query = solara.use_router().search or ""
    session = solara.use_memo(lambda: BrowserSession(query.lstrip("?")), [])
    solara.use_effect(session.open, [])
    solara.Title("contactsim: two worlds side by side")
    solara.Style(STYLE)
    with solara.Div(classes=["cs-page"]):
        with solara.Div(classes=["cs-side"]):
            _Head()
            Lesson(session)
            Controls(session)
        with solara.Div(classes=["cs-main"]):
            Transport(session)
            Message(session)
            Map(session)
            Charts(session)
        Story(session)


@solara.component
def _Head() -> None:
    solara.HTML("header", "<h1>Two worlds</h1><p>How everyday meetings, good and bad, shape what groups think of each "
                          "other. Use it to explore and explain; it does not predict any real town. All people are "
                          "invented.</p>",
                classes=["cs-head"])


@solara.component
def Message(session: BrowserSession) -> None:
    """The progress of a build, or an error."""
    status, error = session.sent["status"].value, session.sent["error"].value
    if error:
        solara.Div(classes=["cs-error"], children=[error], attributes={"role": "alert"})
    if status["stage"] in ("building", "story"):
        done = f" {100 * status['done'] // max(1, status['total'])} %" if "total" in status else ""
        what = {"building": "Simulating the years before week 0", "story": "Simulating the weeks again for this story"}
        solara.Div(classes=["cs-busy"], children=[f"{what[status['stage']]} …{done}"], attributes={"role": "status"})


@solara.component
def Map(session: BrowserSession) -> None:
    """The maps of this visitor's worlds."""
    scene, state, story = session.sent["scene"].value, session.state.value, session.sent["story"].value
    _Map(scene=scene, frame=session.sent["frame"].value, palette=_palette(scene), captions=captions(state),
           difference=state.view == "difference", lines=state.meetings == "shown",
           picked=story and {"world": story["world"], "seat": story["seat"], "area": -1},
           event_drawn=session.player.drawn, event_chosen=lambda at: session.act({"what": "person", "value": at}))


@solara.component
def Charts(session: BrowserSession) -> None:
    """The charts of this visitor's worlds."""
    scene, state = session.sent["scene"].value, session.state.value
    lesson = lessons(config_dir()).get(state.lesson)
    whose = lesson.group if lesson is not None and lesson.group is not None else -1
    _Charts(scene=scene, figures=session.sent["figures"].value, palette=_palette(scene), measures=MEASURES, whose=whose,
            difference=state.view == "difference", repeat=state.command("right"),
            event_resend=lambda _: session.player.resend())


@solara.component
def Transport(session: BrowserSession) -> None:
    """The bar above the maps."""
    scene, frame = session.sent["scene"].value, session.sent["frame"].value
    _Transport(state=session.controls(), week=frame["week"] if frame else 0, palette=_palette(scene),
               groups=scene["worlds"][0]["groups"] if scene else [], dots=bool(scene and scene["dots"]),
               event_act=session.act)


@solara.component
def Controls(session: BrowserSession) -> None:
    """The controls next to the maps."""
    content = {"comparisons": {name: [c.title, c.text] for name, c in menu.comparisons().items()},
             "places": menu.places(config_dir()), "actions": menu.actions(config_dir()),
             "sliders": list(menu.sliders())}
    _Controls(state=session.controls(), menu=content, link=session.state.value.link(), download=session.download.value,
              event_act=session.act)


@solara.component
def Lesson(session: BrowserSession) -> None:
    """The chosen lesson, or the list of lessons."""
    all_lessons = lessons(config_dir())
    found = [{"name": name, "title": lesson.title, "minutes": lesson.minutes} for name, lesson in all_lessons.items()]
    lesson = all_lessons.get(session.state.value.lesson)
    shown = None
    if lesson is not None:
        shown = lesson.model_dump(mode="json", by_alias=True)
        groups = (session.sent["scene"].value or {"worlds": [{"groups": []}]})["worlds"][0]["groups"]
        known = lesson.group is not None and lesson.group < len(groups)
        shown["of"] = groups[lesson.group] if known else "everyone aged 16 and over"
    _Lesson(state=session.controls(), lessons=found, lesson=shown, results=session.results.value,
            findings=lesson_findings(session.state.value.lesson, config_dir()) if lesson else [], event_act=session.act)


@solara.component
def Story(session: BrowserSession) -> None:
    """The life story of the resident who was clicked."""
    _Story(story=session.sent["story"].value, event_act=session.act)


def _palette(scene: Any) -> dict[str, Any]:
    return palette(len(scene["worlds"][0]["groups"]) if scene else 2)
