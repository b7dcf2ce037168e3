"""Simulates the two worlds of a page on their own thread.

The page makes requests (show this state, play, step) and receives pictures. Only the thread touches a world, so no
picture is made while the world changes. A picture is sent once the page has drawn the previous one.
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
from contactsim.demo.build import Upload, WorldView, build, same_residents
from contactsim.demo.story import Story, life_story
from contactsim.demo.ui_state import MOST_WEEKS, SPEEDS, WORLDS, UIState
from contactsim.errors import UserError

#: Longest time between two pictures at the highest speed, and for the page to draw one, in seconds.
FRAME, PATIENCE = 0.04, 2.0
#: Residents of both worlds from which on the two worlds are simulated in parallel.
PARALLEL_FROM = 15_000
_THREADS = ThreadPoolExecutor(4, thread_name_prefix="contactsim-week")
Publish = Callable[[str, Any], None]


class Player:
    """The worlds of one page.

    ``publish`` is called from the player's thread with a kind and a value: ``status``, ``scene``, ``frame``,
    ``figures``, ``story`` (dicts), ``csv`` (text) or ``error`` (one sentence).
    """

    def __init__(self, publish: Publish) -> None:
        self._publish = publish
        self._changed = threading.Condition()
        self._new_state: tuple[UIState, Upload | None] | None = None
        self._steps, self._playing, self._stopped = 0, False, False
        self._reported_playing = False
        self._person: tuple[int, int] | None = None
        self._redraw = self._export = False
        self._until = MOST_WEEKS
        self._drawn = self._sent = self._built = 0
        self.state = UIState()
        self.upload: Upload | None = None
        self.views: tuple[WorldView, WorldView] | None = None
        self.same = False
        self.rows: tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]] = ([], [])
        self.thread = threading.Thread(target=self._work, daemon=True, name="contactsim-player")

    def start(self) -> None:
        """Start the thread."""
        self.thread.start()

    def stop(self) -> None:
        """End the thread after the current week."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def show(self, state: UIState, upload: Upload | None = None) -> None:
        """Build the worlds of a state and simulate them up to its week."""
        self._request(_new_state=(state, upload), _playing=False, _steps=0, _person=None, _until=MOST_WEEKS)

    def play(self, playing: bool, until: int = MOST_WEEKS) -> None:
        """Simulate week after week, until a pause or a given week, or pause."""
        self._request(_playing=playing, _until=min(until, MOST_WEEKS))

    def step(self, weeks: int = 1) -> None:
        """Simulate some weeks and pause."""
        self._request(_playing=False, _steps=weeks)

    def look(self, state: UIState) -> None:
        """Change how the worlds are displayed: colour, speed, view; the worlds stay as they are."""
        with self._changed:
            self.state = replace(state, week=self.week)
        self._request(_redraw=True)

    def drawn(self, number: int) -> None:
        """Note that the page has drawn picture ``number``."""
        self._request(_drawn=number)

    def tell_story(self, world: int, row: int) -> None:
        """Send the story of a resident of the left (0) or right (1) world."""
        self._request(_person=(world, row))

    def export(self) -> None:
        """Send the weeks of both worlds as a table."""
        self._request(_export=True)

    def resend(self) -> None:
        """Send all figures again, to a page that has lost them."""
        self._request(_redraw=True)

    def _request(self, **requests: Any) -> None:
        with self._changed:
            for name, value in requests.items():
                setattr(self, name, value)
            self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._has_work)
                if self._stopped:
                    return
            try:
                self._handle_request()
            except UserError as error:
                self._fail(str(error))
            except Exception as error:
                self._fail(f"This is a fault of contactsim ({type(error).__name__}: {str(error)[:200]}).")

    def _handle_request(self) -> None:
        """Do the most important thing that is requested; requests that a new state makes pointless are dropped."""
        with self._changed:
            new_state, self._new_state = self._new_state, None
            person, self._person = self._person, None
            redraw, self._redraw = self._redraw, False
            export, self._export = self._export, False
        if new_state is not None:
            self._build(*new_state)
        elif person is not None:
            self._tell_story(*person)
        elif export:
            self._publish("csv", pictures.weekly_csv([view.world.weekly() for view in self.views or ()]))
        elif redraw:
            self._draw(0)
        elif self._steps or self._playing:
            self._advance()
        elif self.views is not None:  # paused between two weeks
            self._status("ready")

    def _has_work(self) -> bool:
        return self._superseded() or (self.views is not None and bool(
            self._person or self._steps or self._playing or self._redraw or self._export or self._reported_playing))

    def _fail(self, sentence: str) -> None:
        self._request(_playing=False, _steps=0)
        self._publish("error", " ".join(sentence.split()))
        self._status("ready" if self.views is not None else "nothing")

    def _build(self, state: UIState, upload: Upload | None) -> None:
        self._status("building")
        last = [0.0]

        def progress(stage: str, done: int, total: int) -> None:
            if time.monotonic() - last[0] > 0.15:
                last[0] = time.monotonic()
                self._status("building", done=done, total=total)
                if self._superseded():
                    raise _SupersededError

        try:
            views = build(replace(state, week=0), upload, progress)
        except _SupersededError:
            return
        if self._superseded():
            return
        self.state, self.upload, self.views = replace(state, week=0), upload, views
        self.same = same_residents(*views)
        self.rows = ([], [])
        self._built += 1
        self._publish("scene", {"number": self._built, **pictures.scene(views, self.same)})
        while self.week < state.week and not self._superseded():
            self._simulate_week()
            if self.week % 20 == 0:
                self._status("building", done=self.week, total=state.week)
        if self._superseded():
            return
        self._draw(0)
        self._status("ready")

    def _superseded(self) -> bool:
        """Whether another state is requested, or the end; the current worlds are then no longer needed."""
        return self._stopped or self._new_state is not None

    @property
    def week(self) -> int:
        """Weeks simulated since week 0."""
        return len(self.rows[0])

    def _simulate_week(self) -> None:
        assert self.views is not None
        worlds = [view.world for view in self.views]
        if sum(len(world.people) for world in worlds) >= PARALLEL_FROM:
            list(_THREADS.map(lambda world: world.step(), worlds))
        else:
            for world in worlds:
                world.step()
        took_part = [pictures.participants(world) for world in worlds]
        if self.same:  # paired runs: the same people, whether or not their world has the action
            took_part = [took_part[0] | took_part[1]] * 2
        for rows, world, inside in zip(self.rows, worlds, took_part, strict=True):
            rows.append(pictures.figures(world, inside))

    def _advance(self) -> None:
        """Simulate the weeks until the next picture, send it and wait as long as the speed requires."""
        began, first = time.monotonic(), self.week
        if self._playing and not self._reported_playing:
            self._status("ready")
        speed = self.state.speed
        while True:
            self._simulate_week()
            with self._changed:
                self._steps = max(0, self._steps - 1)
                if self.week >= min(self._until, MOST_WEEKS):
                    self._steps, self._playing = 0, False
                continues = (self._playing or self._steps) and not self._superseded()
            fast = self._steps or speed == SPEEDS[-1]
            if not continues or not fast or time.monotonic() - began > FRAME:
                break
        self._draw(first)
        if not self._playing:
            if not self._steps:
                self._status("ready")
        elif speed != SPEEDS[-1]:
            with self._changed:
                self._changed.wait_for(lambda: self._superseded() or not self._playing,
                                       max(0.0, began + 1 / speed - time.monotonic()))

    def _draw(self, first: int) -> None:
        """Send this week's picture and the figures since week ``first``, once the page has drawn the last picture."""
        assert self.views is not None
        with self._changed:
            self._changed.wait_for(lambda: self._drawn >= self._sent - 1 or self._superseded(), PATIENCE)
            self._drawn = max(self._drawn, self._sent - 1)
            self._sent += 1
            self.state = replace(self.state, week=self.week)
        self._publish("figures", self._figures(first))
        self._publish("frame", self._frame())

    def _frame(self) -> dict[str, Any]:
        assert self.views is not None
        left, right = self.views
        colour = self.state.colour
        comparable = self.same and colour != "group"
        return {
            "number": self._sent, "week": self.week, "colour": colour,
            "worlds": [self._picture(view, colour) for view in self.views],
            "difference": pictures.paint_difference(left, right, colour) if comparable else b"",
        }

    def _picture(self, view: WorldView, colour: str) -> dict[str, bytes]:
        meetings = view.log.meetings() if view.log is not None else []
        dots = view.log is not None
        return {"seats": pictures.paint(view, colour) if dots else b"", "lines": pictures.lines(view, meetings),
                "area_figures": pictures.area_figures(view).tobytes()}

    def _figures(self, first: int) -> dict[str, Any]:
        assert self.views is not None
        left, right = self.views
        return {
            "worlds": self._built, "first": first, "week": self.week,
            "rows": [b"".join(row.tobytes() for row in rows[first:]) for rows in self.rows],
            "bars": [pictures.distribution(view.world).tobytes() for view in self.views],
            "warmer_and_colder": pictures.warmer_and_colder(left.world, right.world) if self.same else None,
        }

    def _tell_story(self, world: int, row: int) -> None:
        assert self.views is not None
        self._status("story")
        story: Story = life_story(self.state, WORLDS[world], row, self.week, self.upload)
        seat = int(self.views[world].world.settings["street"].seat[row])
        self._publish("story", {**story, "world": world, "seat": seat})
        self._status("ready")

    def _status(self, stage: str, **figures: int) -> None:
        self._reported_playing = self._playing
        self._publish("status", {"stage": stage, "playing": self._playing, "week": self.week, **figures})


class _SupersededError(Exception):
    """Another state has been requested meanwhile."""
