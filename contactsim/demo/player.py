"""Lives the two worlds of a page on a thread of its own.

The page leaves wishes (show this choice, play, step) and gets pictures back; only the thread touches a world, so
nothing is drawn while it changes. A picture is sent when the page has drawn the one before.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contactsim.demo import pictures
from contactsim.demo.build import Side, Upload, alike, at_week_zero, build
from contactsim.demo.story import Story, live_again
from contactsim.demo.ui_state import MOST_WEEKS, SPEEDS, Choice
from contactsim.errors import UserError

#: Seconds that weeks may take before a picture is due, and that a picture may take to be drawn.
FRAME, PATIENCE = 0.04, 2.0
#: Residents of both worlds from which on the two live a week side by side.
WORTH_TWO = 15_000
_BOTH = ThreadPoolExecutor(4, thread_name_prefix="contactsim-week")
Publish = Callable[[str, Any], None]


class Player:
    """The worlds of one page.

    ``publish`` is called from the player's thread with a kind and a value: ``status`` (dict), ``scene``, ``frame``,
    ``figures`` (dicts), ``story`` (dict) or ``trouble`` (one sentence).
    """

    def __init__(self, publish: Publish) -> None:
        self._publish = publish
        self._changed = threading.Condition()
        self._wanted: tuple[Choice, Upload | None] | None = None
        self._steps, self._playing, self._stopped = 0, False, False
        self._said_playing = False
        self._person: tuple[int, int] | None = None
        self._redraw = self._export = False
        self._until = MOST_WEEKS
        self._drawn = self._sent = self._built = 0
        self.choice = Choice()
        self.upload: Upload | None = None
        self.sides: tuple[Side, Side] | None = None
        self.same = False
        self.rows: tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]] = ([], [])
        self.thread = threading.Thread(target=self._work, daemon=True, name="contactsim-player")

    def start(self) -> None:
        """Begin to work on wishes."""
        self.thread.start()

    def stop(self) -> None:
        """Leave off after the week at hand."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def show(self, choice: Choice, upload: Upload | None = None) -> None:
        """Build the worlds of a choice and live them up to its week."""
        self._wish(_wanted=(choice, upload), _playing=False, _steps=0, _person=None, _until=MOST_WEEKS)

    def play(self, playing: bool, until: int = MOST_WEEKS) -> None:
        """Let weeks go by until told otherwise, or until a week."""
        self._wish(_playing=playing, _until=min(until, MOST_WEEKS))

    def step(self, weeks: int = 1) -> None:
        """Live some weeks and pause."""
        self._wish(_playing=False, _steps=weeks)

    def look(self, choice: Choice) -> None:
        """Colour the maps otherwise, or let weeks go by at another pace; the worlds stay as they are."""
        with self._changed:
            self.choice = replace(choice, week=self.week)
        self._wish(_redraw=True)

    def drawn(self, number: int) -> None:
        """The page has drawn a picture."""
        self._wish(_drawn=number)

    def tell(self, world: int, row: int) -> None:
        """Tell what happened to a resident of the left (0) or right (1) world."""
        self._wish(_person=(world, row))

    def take_away(self) -> None:
        """Send the weeks of both worlds as a table."""
        self._wish(_export=True)

    def again(self) -> None:
        """Send all of the scene again, to a page that has lost it."""
        self._wish(_redraw=True)

    def _wish(self, **wishes: Any) -> None:
        with self._changed:
            for name, value in wishes.items():
                setattr(self, name, value)
            self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._something_to_do)
                if self._stopped:
                    return
                wanted, self._wanted = self._wanted, None
                person, self._person = self._person, None
                redraw, self._redraw = self._redraw, False
                export, self._export = self._export, False
            try:
                if wanted is not None:
                    self._build(*wanted)
                elif person is not None:
                    self._tell(*person)
                elif export:
                    self._publish("csv", pictures.weekly_csv([side.world.weekly() for side in self.sides or ()]))
                elif redraw:
                    self._draw(0)
                elif self._steps or self._playing:
                    self._go_on()
                elif self.sides is not None:  # paused between two weeks
                    self._status("ready")
            except UserError as error:
                self._trouble(str(error))
            except Exception as error:
                self._trouble(f"This is a fault of contactsim ({type(error).__name__}: {str(error)[:200]}).")

    def _something_to_do(self) -> bool:
        ready = self.sides is not None
        return bool(self._stopped or self._wanted
                    or (ready and (self._person or self._steps or self._playing or self._redraw or self._export
                              or self._said_playing)))

    def _trouble(self, sentence: str) -> None:
        self._wish(_playing=False, _steps=0)
        self._publish("trouble", " ".join(sentence.split()))
        self._status("ready" if self.sides is not None else "nothing")

    def _build(self, choice: Choice, upload: Upload | None) -> None:
        self._status("building")
        last = [0.0]

        def progress(stage: str, done: int, total: int) -> None:
            if time.monotonic() - last[0] > 0.15:
                last[0] = time.monotonic()
                self._status("building", done=done, total=total)
                if self._superseded():
                    raise _SupersededError

        try:
            sides = build(at_week_zero(choice), upload, progress)
        except _SupersededError:
            return
        if self._superseded():
            return
        self.choice, self.upload, self.sides = at_week_zero(choice), upload, sides
        self.same = alike(*sides)
        self.rows = ([], [])
        self._built += 1
        self._publish("scene", {"number": self._built, **pictures.scene(sides, self.same)})
        while self.week < choice.week and not self._superseded():
            self._live()
            if self.week % 20 == 0:
                self._status("building", done=self.week, total=choice.week)
        if self._superseded():
            return
        self._draw(0)
        self._status("ready")

    def _superseded(self) -> bool:
        """Whether what is being built is no longer wanted; then nothing is said to be ready."""
        return self._stopped or self._wanted is not None

    @property
    def week(self) -> int:
        """Weeks lived."""
        return len(self.rows[0])

    def _live(self) -> None:
        assert self.sides is not None
        worlds = [side.world for side in self.sides]
        if sum(len(world.people) for world in worlds) >= WORTH_TWO:
            list(_BOTH.map(lambda world: world.step(), worlds))
        else:
            for world in worlds:
                world.step()
        took_part = [pictures.participants(world) for world in worlds]
        if self.same:  # twins: the same people, whether or not their world has the action
            took_part = [took_part[0] | took_part[1]] * 2
        for rows, world, those in zip(self.rows, worlds, took_part, strict=True):
            rows.append(pictures.figures(world, those))

    def _go_on(self) -> None:
        began, first = time.monotonic(), self.week
        if self._playing and not self._said_playing:
            self._status("ready")
        pace = self.choice.speed
        while True:
            self._live()
            with self._changed:
                self._steps = max(0, self._steps - 1)
                if self.week >= min(self._until, MOST_WEEKS):
                    self._steps, self._playing = 0, False
                goes_on = (self._playing or self._steps) and self._wanted is None and not self._stopped
            hurried = self._steps or pace == SPEEDS[-1]
            if not goes_on or not hurried or time.monotonic() - began > FRAME:
                break
        self._draw(first)
        if not self._playing:
            if not self._steps:
                self._status("ready")
        elif pace != SPEEDS[-1]:
            with self._changed:
                self._changed.wait_for(lambda: self._stopped or self._wanted or not self._playing,
                                       max(0.0, began + 1 / pace - time.monotonic()))

    def _draw(self, first: int) -> None:
        """Send the picture of this week and the figures since ``first``, when the page has drawn the last one."""
        assert self.sides is not None
        with self._changed:
            self._changed.wait_for(lambda: self._drawn >= self._sent - 1 or self._stopped or self._wanted, PATIENCE)
            self._drawn = max(self._drawn, self._sent - 1)
            self._sent += 1
            self.choice = replace(self.choice, week=self.week)
        self._publish("figures", self._figures(first))
        self._publish("frame", self._frame())

    def _frame(self) -> dict[str, Any]:
        assert self.sides is not None
        left, right = self.sides
        colour = self.choice.colour
        comparable = self.same and colour != "group"
        return {
            "number": self._sent, "week": self.week, "colour": colour,
            "worlds": [self._picture(side, colour) for side in self.sides],
            "difference": pictures.paint_difference(left, right, colour) if comparable else b"",
        }

    def _picture(self, side: Side, colour: str) -> dict[str, bytes]:
        meetings = side.log.meetings() if side.log is not None else []
        dots = side.log is not None
        return {"seats": pictures.paint(side, colour) if dots else b"", "lines": pictures.lines(side, meetings),
                "areas": pictures.area_figures(side).tobytes()}

    def _figures(self, first: int) -> dict[str, Any]:
        assert self.sides is not None
        left, right = self.sides
        return {
            "worlds": self._built, "first": first, "week": self.week,
            "rows": [b"".join(row.tobytes() for row in rows[first:]) for rows in self.rows],
            "bars": [pictures.distribution(side.world).tobytes() for side in self.sides],
            "moved": pictures.moved(left.world, right.world) if self.same else None,
        }

    def _tell(self, world: int, row: int) -> None:
        assert self.sides is not None
        self._status("story")
        story: Story = live_again(self.choice, ("left", "right")[world], row, self.week, self.upload)
        seat = int(self.sides[world].world.settings["street"].seat[row])
        self._publish("story", {**story, "world": world, "seat": seat})
        self._status("ready")

    def _status(self, stage: str, **figures: int) -> None:
        self._said_playing = self._playing
        self._publish("status", {"stage": stage, "playing": self._playing, "week": self.week, **figures})


class _SupersededError(Exception):
    """Something else is wanted by now."""
