"""How fast the classroom is, measured in a real browser: usable after opening, weeks a second, forty visitors.

    python benchmarks/demo.py                 # writes benchmarks/results/demo.json
    python benchmarks/demo.py --only small    # one of: open, small, large, many

Needs the extras viz and dev, and a Chromium. Weeks a second are weeks that the page has drawn, all charts in view.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page, sync_playwright

PORT = 8797
ADDRESS = f"http://127.0.0.1:{PORT}/"
RESULTS = Path(__file__).parent / "results" / "demo.json"
SEEN = {"width": 1600, "height": 1400}
WEEK = "Number(document.querySelector('.cs-week b').innerText)"
SMALL = [("both", "place.residents=2000"), ("right", "place.dissimilarity=0.6"), ("speed", "1000")]
LARGE = [("both", "place.residents=100000"), ("right", "action=[community_centre]"), ("speed", "1000")]
READY = ".cs-transport .cs-play:not(:disabled)"
#: Counts the pictures that the browser draws.
COUNT = """() => { window.drawn = 0; const real = CanvasRenderingContext2D.prototype.clearRect;
  CanvasRenderingContext2D.prototype.clearRect = function (...a) {
    if (this.canvas.classList.contains('cs-over')) window.drawn += 0.5; return real.apply(this, a); }; }"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=["open", "small", "large", "many"])
    parser.add_argument("--visitors", type=int, default=40)
    options = parser.parse_args()
    only, visitors = options.only, options.visitors
    server = start()
    found: dict[str, Any] = {"machine": platform.machine(), "processors": os.cpu_count(),
                             "load_at_start": round(os.getloadavg()[0], 1)}
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"),
                args=["--no-sandbox", "--renderer-process-limit=4"])
            if only in (None, "open"):
                found["usable_after_s"] = [round(opening(browser), 2) for _ in range(5)]
            if only in (None, "small"):
                found["residents_2000"] = pace(browser, server, SMALL, seconds=10, patience=60)
            if only in (None, "large"):
                found["residents_100000"] = pace(browser, server, LARGE, seconds=15, patience=600)
            if only in (None, "many"):
                found["visitors"] = many(browser, visitors)
    finally:
        server.terminate()
        server.wait(20)
    print(json.dumps(found, indent=2))
    stored = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps({**stored, **found}, indent=2) + "\n", encoding="utf-8")


def start() -> subprocess.Popen[str]:
    """The classroom, ready."""
    server = subprocess.Popen(
        [sys.executable, "-c", "import sys; from contactsim.cli import main; sys.exit(main())", "demo", "--no-open",
         "--port", str(PORT)], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    next(line for line in server.stdout if "is open" in line)
    return server


def visit(browser: Browser, query: list[tuple[str, str]], patience: float) -> Page:
    """A new visitor's page, ready."""
    page = browser.new_context(viewport=SEEN).new_page()  # type: ignore[arg-type]
    page.set_default_timeout(1000 * patience)
    page.goto(ADDRESS + ("?" + urlencode(query) if query else ""))
    page.wait_for_function("document.querySelector('.cs-transport .cs-play:not(:disabled)')"
                           " && !document.querySelector('.cs-busy') && document.querySelectorAll('.cs-map').length > 1")
    return page


def opening(browser: Browser) -> float:
    """Seconds from asking for the page until it can be played, for a browser that has never seen it."""
    began = time.perf_counter()
    page = visit(browser, [], 60)
    seconds = time.perf_counter() - began
    page.context.close()
    return seconds


def processor_seconds(server: subprocess.Popen[str]) -> float:
    """Processor time that the server has used, all threads together (Linux)."""
    words = Path(f"/proc/{server.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def pace(browser: Browser, server: subprocess.Popen[str], query: list[tuple[str, str]], seconds: float,
         patience: float) -> dict[str, float]:
    """Weeks and pictures per second at full speed, and processor time of the server per week."""
    page = visit(browser, query, patience)
    page.evaluate(COUNT)
    page.get_by_role("button", name="Play").first.click()
    page.wait_for_function(f"{WEEK} > 2")
    used = processor_seconds(server)
    began, week, drawn = time.perf_counter(), page.evaluate(WEEK), page.evaluate("window.drawn")
    page.wait_for_function(f"performance.now() > {page.evaluate('performance.now()') + 1000 * seconds}")
    spent, weeks = time.perf_counter() - began, page.evaluate(WEEK) - week
    pictures = page.evaluate("window.drawn") - drawn
    used = processor_seconds(server) - used
    page.context.close()
    return {"weeks_a_second": round(weeks / spent, 1), "pictures_a_second": round(pictures / spent, 1),
            "server_processor_ms_a_week": round(1000 * used / max(1, weeks), 1),
            "server_processors_had": round(used / spent, 2)}


def many(browser: Browser, visitors: int) -> dict[str, Any]:
    """Many pages, each with worlds of its own, play ten weeks at once; how many failed, and how long it took.

    The pages share one browser's cache, since a class would have a machine each: what is asked for is whether the
    server bears them.
    """
    began = time.perf_counter()
    context = browser.new_context(viewport={"width": 1000, "height": 700})
    context.set_default_timeout(180_000)
    pages = [context.new_page() for _ in range(visitors)]
    for seed, page in enumerate(pages, start=1):
        page.goto(ADDRESS + "?" + urlencode([("both", "place.residents=2000"), ("speed", "1"), ("seed", str(seed))]),
                  wait_until="commit")
    for page in pages:
        page.wait_for_selector(READY)
    opened = time.perf_counter() - began
    for page in pages:
        page.evaluate("document.querySelector('.cs-transport .cs-play').click()")
    failed = 0
    for page in pages:
        try:
            page.wait_for_function(f"{WEEK} >= 10")
            failed += page.query_selector(".cs-error") is not None
        except Exception:
            failed += 1
    played = time.perf_counter() - began - opened
    context.close()
    return {"visitors": visitors, "failed": failed, "all_open_after_s": round(opened, 1),
            "all_at_week_10_after_s": round(played, 1)}


if __name__ == "__main__":
    main()
