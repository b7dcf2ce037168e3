"""A running classroom and a real browser; without a Chromium these tests are skipped, and say so."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="the classroom's tests need playwright (extra dev)")
pytest.importorskip("solara", reason="the classroom's tests need solara (extra viz)")

#: Longest wait in milliseconds, on a busy machine.
PATIENCE = 30_000
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of ``contactsim demo``, which runs in a separate process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-c", "import sys; from contactsim.cli import main; sys.exit(main())", "demo", "--no-open",
         "--port", str(port)], stdout=subprocess.PIPE, text=True, cwd=tmp_path_factory.mktemp("served"),
        env={**os.environ, "PYTHONUNBUFFERED": "1"})
    assert server.stdout is not None
    for line in server.stdout:
        if "is open" in line:
            break
    else:
        pytest.fail(f"contactsim demo ended with {server.wait()} before it opened")
    yield f"http://127.0.0.1:{port}/"
    server.terminate()
    server.wait(20)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    executable = os.environ.get("CHROMIUM") or next((path for name in NAMES if (path := shutil.which(name))), None)
    if executable is None:
        pytest.skip("no Chromium on this machine: install one (apt-get install chromium) or name it in CHROMIUM")
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield launched
        launched.close()


class Classroom:
    """One visitor's page."""

    def __init__(self, context: Any, address: str) -> None:
        self.context, self.address = context, address
        self.foreign: list[str] = []
        self.faults: list[str] = []
        self.page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.on("request", self._on_request)
        self.page.on("pageerror", lambda fault: self.faults.append(str(fault)))
        self.page.on("console", lambda line: self.faults.append(line.text) if line.type == "error" else None)

    def _on_request(self, request: Any) -> None:
        if not request.url.startswith((self.address, "data:", "blob:", self.address.replace("http", "ws"))):
            self.foreign.append(request.url)

    def open(self, query: str = "") -> Classroom:
        """Go to the page and wait until it can be used."""
        self.page.goto(self.address + (f"?{query}" if query else ""))
        self.ready()
        return self

    def ready(self) -> None:
        """Wait until nothing is being built."""
        self.page.wait_for_function(
            "document.querySelector('.cs-transport .cs-play:not(:disabled)') && !document.querySelector('.cs-busy')"
            " && document.querySelectorAll('.cs-map').length > 1")

    def reload(self) -> None:
        """Load the page again. An event that the closed page could not send any more is not an error."""
        self.page.reload()
        self.ready()
        self.faults[:] = [fault for fault in self.faults if fault != "Cannot send"]

    def week(self) -> int:
        return int(re.sub(r"\D", "", self.page.inner_text(".cs-week")))

    def reaches(self, week: int) -> None:
        """Wait until at least this week has been drawn."""
        self.page.wait_for_function(f"Number(document.querySelector('.cs-week b').innerText) >= {week}")

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=False).first.click()

    def pause(self) -> None:
        """Pause, and wait until the link holds the week."""
        self.press("Pause")
        self.page.wait_for_selector(".cs-play:has-text('Play')")
        self.linked()

    def linked(self) -> None:
        """Wait until the link holds the week that is shown."""
        self.page.wait_for_function(
            "new URLSearchParams(location.search).get('week') === document.querySelector('.cs-week b').innerText")

    def step(self) -> None:
        """Simulate a week, and wait until the link holds it."""
        week = self.week()
        self.press("Step a week")
        self.reaches(week + 1)
        self.ready()
        self.linked()

    def numbers(self) -> dict[str, list[str]]:
        """The table of numbers: measure -> A, B, B minus A."""
        if not self.page.query_selector(".cs-numbers"):
            self.press("Show the numbers")
        self.page.wait_for_function("document.querySelector('.cs-numbers caption')?.innerText.startsWith("
                                    "`Week ${document.querySelector('.cs-week b').innerText},`)")
        rows = self.page.eval_on_selector_all(
            ".cs-numbers tbody tr", "rows => rows.map(r => [...r.children].map(c => c.innerText))")
        return {row[0].split("\n")[0].strip(): row[1:] for row in rows}

    def colours(self, panel: int) -> int:
        """How many colours a map shows: one for an empty canvas."""
        return int(self.page.evaluate(
            """k => { const c = document.querySelectorAll('.cs-map canvas:not(.cs-over)')[k];
                      const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data, seen = new Set();
                      for (let i = 0; i < d.length; i += 4 * 37) seen.add(d[i] * 65536 + d[i + 1] * 256 + d[i + 2]);
                      return seen.size; }""", panel))

    def error(self) -> str:
        """The error that the page shows."""
        self.page.wait_for_selector(".cs-error")
        return str(self.page.inner_text(".cs-error"))

    def upload(self, name: str, raw: bytes) -> None:
        self.page.set_input_files("input[type=file]", {"name": name, "mimeType": "text/csv", "buffer": raw})

    def download(self, name: str) -> Path:
        with self.page.expect_download() as waiting:
            self.press(name)
        return Path(waiting.value.path())

    def query(self) -> str:
        return str(self.page.evaluate("window.location.search")).lstrip("?")


@pytest.fixture
def visit(browser: Any, address: str) -> Iterator[Callable[..., Classroom]]:
    """Open the classroom as another visitor; checks at the end that no page failed or made a foreign request."""
    visitors: list[Classroom] = []

    def open_page(query: str = "", opened: bool = True) -> Classroom:
        room = Classroom(browser.new_context(viewport={"width": 1440, "height": 900}), address)
        visitors.append(room)
        return room.open(query) if opened else room

    yield open_page
    for room in visitors:
        room.context.close()
        assert room.foreign == [] and room.faults == []
