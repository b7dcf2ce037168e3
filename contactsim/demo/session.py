"""One visitor's desk: the player, what it has sent, and what the visitor does."""

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
from contactsim.demo.captions import outcome, told, without_place
from contactsim.demo.lessons import lessons
from contactsim.demo.own_folder import config_dir
from contactsim.demo.player import Player
from contactsim.demo.ui_state import SIDES, Choice, check, key_of, read_link
from contactsim.errors import UserError

#: What a page without a link shows.
START = Choice(both=menu.comparisons()["apart_or_mixed"].both, left=menu.comparisons()["apart_or_mixed"].left,
               right=menu.comparisons()["apart_or_mixed"].right)
#: What the player sends, each kept for the components that draw it.
KINDS = ("status", "scene", "frame", "figures", "story", "trouble")
_MOST_UNDO = 50


class Desk:
    """The state of one page. Everything a visitor does goes through :meth:`act`."""

    def __init__(self, query: str) -> None:
        self.sent: dict[str, Any] = {kind: solara.reactive(None) for kind in KINDS}
        self.sent["status"].value = {"stage": "nothing", "playing": False, "week": 0}
        self.choice = solara.reactive(START)
        self.download: Any = solara.reactive(None)
        self.results: Any = solara.reactive(None)
        self.before: list[Choice] = []
        self.upload: Upload | None = None
        self.player = Player(self._take)
        self._query = query

    def open(self) -> Callable[[], None]:
        """Begin to work; what comes back ends it."""
        self.player.start()
        try:
            choice = read_link(self._query, tuple(lessons(config_dir()))) if self._query else START
        except UserError as error:
            self.sent["trouble"].value = f"This link cannot be shown: {error}"
            choice = START
        self.choice.value = choice
        self.player.show(choice)
        return self.player.stop

    def act(self, event: dict[str, Any]) -> None:
        """Do what a visitor asked for: ``what`` names a method, ``value`` is given to it."""
        method = getattr(self, f"do_{event.get('what')}", None)
        if method is None:
            return
        try:
            self.sent["trouble"].value = None
            method(event.get("value"))
        except UserError as error:
            self.sent["trouble"].value = " ".join(str(error).split())

    # --- weeks

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
        self._show(replace(self.choice.value, week=0), keep=False)

    # --- looking

    def do_speed(self, value: Any) -> None:
        self._look(speed=int(value))

    def do_colour(self, value: Any) -> None:
        self._look(colour=str(value))

    def do_view(self, value: Any) -> None:
        self._look(view=str(value))

    def do_meetings(self, value: Any) -> None:
        self._look(meetings=str(value))

    def _look(self, **changes: Any) -> None:
        choice = replace(self.choice.value, week=self.player.week, **changes)
        self.choice.value = read_link(choice.link(), tuple(lessons(config_dir())))
        self.player.look(choice)

    # --- changing the worlds

    def do_comparison(self, name: Any) -> None:
        found = menu.comparisons().get(str(name))
        if found is None:
            raise UserError(f"{name} is no comparison.")
        choice = replace(self.choice.value, left=found.left, right=found.right, week=0, lesson="")
        taken = {key_of(o) for o in (*found.both, *found.left, *found.right)}
        kept = tuple(o for o in choice.both if key_of(o) not in taken)
        self._show(replace(choice, both=(*found.both, *kept)))

    def do_place(self, name: Any) -> None:
        """Another place: what was said about the last one falls away."""
        if name not in menu.places(config_dir()):
            raise UserError(f"place={name} is unknown: allowed are {', '.join(menu.places(config_dir()))}.")
        choice = without_place(self.choice.value)
        self._show(replace(choice, both=(f"place={name}", *choice.both), upload="", week=0))

    def do_upload(self, file: Any) -> None:
        try:
            raw = base64.b64decode(file["content"], validate=True)
        except (binascii.Error, TypeError, KeyError):
            raise UserError("The file did not arrive whole: try again.") from None
        upload = take_upload(str(file["name"]), raw)
        wanted = self.choice.value.upload
        self.upload = upload
        if wanted and wanted == upload.digest:
            self._show(self.choice.value, keep=False)
            return
        choice = without_place(self.choice.value)
        self._show(replace(choice, upload=upload.digest, week=0, lesson=""))
        if wanted:
            self.sent["trouble"].value = (f"{upload.name} is not the file that this link was made with (its digest is "
                                          f"{upload.digest}, the link's {wanted}); it is shown all the same.")

    def do_refused(self, sentence: Any) -> None:
        raise UserError(str(sentence)[:200])

    def do_action(self, name: Any) -> None:
        if name not in menu.actions(config_dir()):
            raise UserError(f"action={name} is unknown: allowed are {', '.join(menu.actions(config_dir()))}.")
        own = next((o for o in self.choice.value.right if key_of(o) == "action"), "action=[]")
        names = [n.strip() for n in own.split("=", 1)[1].strip("[]").split(",") if n.strip()]
        if name in names:
            raise UserError(f"{name} is in world B already.")
        self._show(self.choice.value.changed("right", "action", f"[{','.join([*names, str(name)])}]"))

    def do_slider(self, change: Any) -> None:
        key, value = str(change["key"]), float(change["value"])
        if key not in {s["key"] for s in menu.sliders()}:
            raise UserError(f"{key} is no slider.")
        self._change(str(change["where"]), f"{key}={menu.override_value(key, value)}")

    def do_override(self, change: Any) -> None:
        self._change(str(change["where"]), str(change["text"]).strip())

    def _change(self, where: str, override: str) -> None:
        if where not in ("both", *SIDES):
            raise UserError(f"{where} is no world.")
        check(override)
        key, value = override.split("=", 1)
        self._show(self.choice.value.changed(where, key, value))

    def do_seed(self, value: Any) -> None:
        choice = replace(self.choice.value, week=0)
        self._show(read_link(f"{replace(choice, seed=1).link()}&seed={value}", tuple(lessons(config_dir()))))

    def do_undo(self, change: Any) -> None:
        self._show(self.choice.value.changed(str(change["where"]), str(change["key"]), None))

    def do_back(self, _: Any) -> None:
        if self.before:
            self._show(self.before.pop(), keep=False)

    def do_clear(self, _: Any) -> None:
        self._show(Choice(seed=self.choice.value.seed, colour=self.choice.value.colour))

    def do_lesson(self, name: Any) -> None:
        if not name:
            self._show(replace(self.choice.value, lesson="", week=0))
        elif name in lessons(config_dir()):
            self._show(lessons(config_dir())[name].choice(name))
        else:
            raise UserError(f"{name} is no lesson: allowed are {', '.join(lessons(config_dir()))}.")

    def _show(self, choice: Choice, keep: bool = True) -> None:
        """Build the worlds of a choice that the page may make, and remember the one before."""
        choice = read_link(choice.link(), tuple(lessons(config_dir())))
        if keep:
            self.before = [*self.before, replace(self.choice.value, week=0)][-_MOST_UNDO:]
        self.sent["status"].value = {"stage": "building", "playing": False, "week": 0}  # nothing to press
        self.choice.value = choice
        self.results.value = self.sent["story"].value = None
        self.player.show(choice, self.upload if choice.upload else None)

    # --- people and files

    def do_person(self, at: Any) -> None:
        if self.player.sides is None:
            return
        side = self.player.sides[1 if at.get("world") else 0]
        occupant = side.world.settings["street"].occupant
        seat = int(at.get("seat", -1))
        if not 0 <= seat < occupant.shape[0]:
            seats = np.flatnonzero((side.map.output_area == int(at.get("cell", 0))) & (occupant >= 0))
            seat = int(seats[seats.shape[0] // 2]) if seats.shape[0] else -1
        if seat < 0 or occupant[seat] < 0:
            raise UserError("Nobody lives there.")
        self.player.tell(1 if at.get("world") else 0, int(occupant[seat]))

    def do_forget(self, _: Any) -> None:
        self.sent["story"].value = None

    def do_csv(self, _: Any) -> None:
        if self.player.sides is None or not self.player.week:
            raise UserError("There are no weeks to take away yet: press play first.")
        self.player.take_away()

    def _take(self, kind: str, value: Any) -> None:
        """What the player sends, from its thread."""
        if kind == "csv":
            self.download.value = {"name": f"contactsim-week{self.player.week}.csv", "text": value}
            return
        if kind == "status" and value["stage"] == "ready" and not value["playing"]:
            self.choice.value = replace(self.choice.value, week=value["week"])
            self._reveal()
        self.sent[kind].value = value

    def _reveal(self) -> None:
        lesson = lessons(config_dir()).get(self.choice.value.lesson)
        if lesson is not None and self.player.week and self.player.sides is not None:
            left, right = self.player.sides
            moved = pictures.moved(left.world, right.world) if self.player.same else None
            self.results.value = {"week": self.player.week, "rows": outcome(lesson, self.player.rows), "moved": moved}

    def state(self) -> dict[str, Any]:
        """What the controls show."""
        file = self.upload.name if self.upload is not None else ""
        return {**self.sent["status"].value, **told(self.choice.value, file), "undoable": bool(self.before)}
