"""One visitor's session: the player, what it has sent, and the visitor's commands."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import solara

from contactsim.demo import menu, pictures
from contactsim.demo.build import Upload, take_upload
from contactsim.demo.lessons import lesson_table, lessons
from contactsim.demo.menu import config_dir
from contactsim.demo.player import Player
from contactsim.demo.ui_state import WORLDS, UIState, check, key_of, read_link
from contactsim.errors import UserError

#: The state of a page that is opened without a link.
START = UIState(both=menu.comparisons()["apart_or_mixed"].both, left=menu.comparisons()["apart_or_mixed"].left,
               right=menu.comparisons()["apart_or_mixed"].right)
#: Kinds of values that the player sends; the last of each kind is stored for the components that draw it.
KINDS = ("status", "scene", "frame", "figures", "story", "error")
_MOST_UNDO = 50


class BrowserSession:
    """One page of one visitor. Each event of the page goes through :meth:`act`."""

    def __init__(self, query: str) -> None:
        self.sent: dict[str, Any] = {kind: solara.reactive(None) for kind in KINDS}
        self.sent["status"].value = {"stage": "nothing", "playing": False, "week": 0}
        self.state = solara.reactive(START)
        self.download: Any = solara.reactive(None)
        self.results: Any = solara.reactive(None)
        self.earlier: list[UIState] = []
        self.upload: Upload | None = None
        self.player = Player(self._receive)
        self._query = query

    def open(self) -> Callable[[], None]:
        """Start the player and show the link's worlds; returns the function that ends the session."""
        self.player.start()
        try:
            state = read_link(self._query, tuple(lessons(config_dir()))) if self._query else START
        except UserError as error:
            self.sent["error"].value = f"This link cannot be shown: {error}"
            state = START
        self.state.value = state
        self.player.show(state)
        return self.player.stop

    def act(self, event: dict[str, Any]) -> None:
        """Handle an event of the page: ``what`` names the method, ``value`` is its argument."""
        method = getattr(self, f"do_{event.get('what')}", None)
        if method is None:
            return
        try:
            self.sent["error"].value = None
            method(event.get("value"))
        except UserError as error:
            self.sent["error"].value = " ".join(str(error).split())

    # --- simulation

    def do_play(self, _: Any) -> None:
        self.player.play(True)

    def do_pause(self, _: Any) -> None:
        self.player.play(False)

    def do_step(self, _: Any) -> None:
        self.player.step()

    def do_run(self, weeks: Any) -> None:
        self.results.value = None
        self.player.play(True, until=int(weeks))

    def do_reset(self, _: Any) -> None:
        self._show(replace(self.state.value, week=0), undoable=False)

    # --- display

    def do_speed(self, value: Any) -> None:
        self._look(speed=int(value))

    def do_colour(self, value: Any) -> None:
        self._look(colour=str(value))

    def do_view(self, value: Any) -> None:
        self._look(view=str(value))

    def do_meetings(self, value: Any) -> None:
        self._look(meetings=str(value))

    def _look(self, **changes: Any) -> None:
        state = replace(self.state.value, week=self.player.week, **changes)
        self.state.value = read_link(state.link(), tuple(lessons(config_dir())))
        self.player.look(state)

    # --- changing the worlds

    def do_comparison(self, name: Any) -> None:
        found = menu.comparisons().get(str(name))
        if found is None:
            raise UserError(f"{name} is no comparison.")
        state = replace(self.state.value, left=found.left, right=found.right, week=0, lesson="")
        taken = {key_of(o) for o in (*found.both, *found.left, *found.right)}
        others = tuple(o for o in state.both if key_of(o) not in taken)
        self._show(replace(state, both=(*found.both, *others)))

    def do_place(self, name: Any) -> None:
        """Show another place; the overrides of the last one are removed."""
        if name not in menu.places(config_dir()):
            raise UserError(f"place={name} is unknown: allowed are {', '.join(menu.places(config_dir()))}.")
        state = self.state.value.without_place()
        self._show(replace(state, both=(f"place={name}", *state.both), upload="", week=0))

    def do_upload(self, file: Any) -> None:
        try:
            raw = base64.b64decode(file["content"], validate=True)
        except (binascii.Error, TypeError, KeyError):
            raise UserError("The upload was incomplete: try again.") from None
        upload = take_upload(str(file["name"]), raw)
        needed = self.state.value.upload
        self.upload = upload
        if needed and needed == upload.digest:
            self._show(self.state.value, undoable=False)
            return
        state = self.state.value.without_place()
        self._show(replace(state, upload=upload.digest, week=0, lesson=""))
        if needed:
            self.sent["error"].value = (f"{upload.name} is not the file that this link was made with (its digest is "
                                          f"{upload.digest}, the link's {needed}); it is shown nevertheless.")

    def do_refused(self, sentence: Any) -> None:
        raise UserError(str(sentence)[:200])

    def do_action(self, name: Any) -> None:
        if name not in menu.actions(config_dir()):
            raise UserError(f"action={name} is unknown: allowed are {', '.join(menu.actions(config_dir()))}.")
        own = next((o for o in self.state.value.right if key_of(o) == "action"), "action=[]")
        names = [n.strip() for n in own.split("=", 1)[1].strip("[]").split(",") if n.strip()]
        if name in names:
            raise UserError(f"{name} is in world B already.")
        self._show(self.state.value.changed("right", "action", f"[{','.join([*names, str(name)])}]"))

    def do_slider(self, change: Any) -> None:
        key, value = str(change["key"]), float(change["value"])
        if key not in {s["key"] for s in menu.sliders()}:
            raise UserError(f"{key} is no slider.")
        self._change(str(change["where"]), f"{key}={menu.override_value(key, value)}")

    def do_override(self, change: Any) -> None:
        self._change(str(change["where"]), str(change["text"]).strip())

    def _change(self, where: str, override: str) -> None:
        if where not in ("both", *WORLDS):
            raise UserError(f"{where} is no world.")
        check(override)
        key, value = override.split("=", 1)
        self._show(self.state.value.changed(where, key, value))

    def do_seed(self, value: Any) -> None:
        state = replace(self.state.value, week=0)
        self._show(read_link(f"{replace(state, seed=1).link()}&seed={value}", tuple(lessons(config_dir()))))

    def do_undo(self, change: Any) -> None:
        self._show(self.state.value.changed(str(change["where"]), str(change["key"]), None))

    def do_back(self, _: Any) -> None:
        if self.earlier:
            self._show(self.earlier.pop(), undoable=False)

    def do_clear(self, _: Any) -> None:
        self._show(UIState(seed=self.state.value.seed, colour=self.state.value.colour))

    def do_lesson(self, name: Any) -> None:
        if not name:
            self._show(replace(self.state.value, lesson="", week=0))
        elif name in lessons(config_dir()):
            self._show(lessons(config_dir())[name].ui_state(name))
        else:
            raise UserError(f"{name} is no lesson: allowed are {', '.join(lessons(config_dir()))}.")

    def _show(self, state: UIState, undoable: bool = True) -> None:
        """Build the worlds of a state, after checking it, and remember the previous state for undo."""
        state = read_link(state.link(), tuple(lessons(config_dir())))
        if undoable:
            self.earlier = [*self.earlier, replace(self.state.value, week=0)][-_MOST_UNDO:]
        self.sent["status"].value = {"stage": "building", "playing": False, "week": 0}  # disables the buttons
        self.state.value = state
        self.results.value = self.sent["story"].value = None
        self.player.show(state, self.upload if state.upload else None)

    # --- people and files

    def do_person(self, at: Any) -> None:
        if self.player.views is None:
            return
        view = self.player.views[1 if at.get("world") else 0]
        occupant = view.world.settings["street"].occupant
        seat = int(at.get("seat", -1))
        if not 0 <= seat < occupant.shape[0]:
            seats = np.flatnonzero((view.map.output_area == int(at.get("area", 0))) & (occupant >= 0))
            seat = int(seats[seats.shape[0] // 2]) if seats.shape[0] else -1
        if seat < 0 or occupant[seat] < 0:
            raise UserError("Nobody lives there.")
        self.player.tell_story(1 if at.get("world") else 0, int(occupant[seat]))

    def do_forget(self, _: Any) -> None:
        self.sent["story"].value = None

    def do_csv(self, _: Any) -> None:
        if self.player.views is None or not self.player.week:
            raise UserError("There are no weeks to download yet: press Play first.")
        self.player.export()

    def _receive(self, kind: str, value: Any) -> None:
        """Store what the player sends; called from its thread."""
        if kind == "csv":
            self.download.value = {"name": f"contactsim-week{self.player.week}.csv", "text": value}
            return
        if kind == "status" and value["stage"] == "ready" and not value["playing"]:
            self.state.value = replace(self.state.value, week=value["week"])
            self._show_results()
        self.sent[kind].value = value

    def _show_results(self) -> None:
        """Fill in the results table of the lesson."""
        lesson = lessons(config_dir()).get(self.state.value.lesson)
        if lesson is not None and self.player.week and self.player.views is not None:
            left, right = self.player.views
            shares = pictures.warmer_and_colder(left.world, right.world) if self.player.same else None
            self.results.value = {"week": self.player.week, "rows": lesson_table(lesson, self.player.rows),
                                  "warmer_and_colder": shares}

    def controls(self) -> dict[str, Any]:
        """The state of the controls."""
        file = self.upload.name if self.upload is not None else ""
        return {**self.sent["status"].value, **_controls(self.state.value, file), "undoable": bool(self.earlier)}


def _controls(state: UIState, file: str) -> dict[str, Any]:
    """What the controls show; ``file`` is the uploaded table's name."""
    changes = [{"where": where, "key": key_of(o), "value": o.split("=", 1)[1]}
               for where in ("both", *WORLDS) for o in getattr(state, where)]
    place = next((o.split("=", 1)[1] for o in state.both if key_of(o) == "place"), "synthetic")
    same = ("seed", "colour", "speed", "view", "meetings", "lesson", "upload")
    return {
        **{name: getattr(state, name) for name in same}, "file": file, "place": "upload" if state.upload else place,
        "changes": changes, "values": {where: _slider_values(getattr(state, where)) for where in ("both", *WORLDS)},
        "commands": [state.command(world, file) for world in WORLDS],
    }


def _slider_values(overrides: tuple[str, ...]) -> dict[str, float]:
    """The positions of the sliders."""
    known = {s["key"] for s in menu.sliders()}
    found = {key_of(o): menu.slider_value(key_of(o), o.split("=", 1)[1]) for o in overrides if key_of(o) in known}
    return {key: value for key, value in found.items() if value is not None}
