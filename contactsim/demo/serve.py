"""Serves the page on this machine; nothing is fetched from other machines."""

from __future__ import annotations

import os
import sys
import threading
import warnings
import webbrowser

from contactsim.demo.menu import config_dir, use_config_dir

#: Settings of Solara: no telemetry, no banner, and the session of a closed page ends after a minute.
ENVIRONMENT = {
    "SOLARA_TELEMETRY_MIXPANEL_ENABLE": "False",
    "SOLARA_THEME_SHOW_BANNER": "False",
    "SOLARA_THEME_VARIANT": "light",
    "SOLARA_THEME_VARIANT_USER_SELECTABLE": "False",
    "SOLARA_KERNEL_CULL_TIMEOUT": "60s",
    "SOLARA_SESSION_SAME_SITE": "lax",
    "SOLARA_ASSETS_FONTAWESOME_ENABLED": "False",
    "SOLARA_MODE": "production",
    "SOLARA_APP": "contactsim.demo.app",
}
LOCAL = ("127.0.0.1", "localhost", "::1")


def serve(host: str, port: int, browser: bool, folder: str | None = None) -> None:
    """Compile the kernels, then serve until interrupted.

    ``folder`` is a user's own folder, whose places, actions and lessons are listed with the shipped ones. Raises
    UserError for one that cannot be used.
    """
    use_config_dir(folder)
    os.environ.update(ENVIRONMENT)
    warnings.filterwarnings("ignore", message="Cookies with samesite=none")
    warm()
    import uvicorn

    where = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    config = uvicorn.Config("solara.server.starlette:app", host=host, port=port, log_level="warning",
                            ws_max_size=32 * 2**20)
    server = uvicorn.Server(config)
    threading.Thread(target=_announce, args=(server, where, browser), daemon=True).start()
    server.run()


def warm() -> None:
    """Compile the kernels and load what a page needs, so that the first visitor need not wait."""
    from contactsim.demo import app  # noqa: F401  imports all that a page needs
    from contactsim.demo.lessons import lesson_findings, listed
    from contactsim.demo.player import Player
    from contactsim.demo.session import START

    lessons, errors = listed(config_dir())
    for sentence in errors:
        print(f"contactsim: {sentence}", file=sys.stderr)

    done = threading.Event()

    def sent(kind: str, _: object) -> None:
        if kind in ("frame", "error"):
            done.set()

    player = Player(sent)
    player.start()
    player.show(START)
    for name in lessons:
        lesson_findings(name, config_dir())
    done.wait(120)
    player.stop()
    player.thread.join()


def _announce(server: object, where: str, browser: bool) -> None:
    import time

    while not getattr(server, "started", False):
        time.sleep(0.05)
    print(f"The classroom is open at {where} (Ctrl-C closes it).", flush=True)
    if browser:
        webbrowser.open(where)
