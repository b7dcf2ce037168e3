"""The user's own folder of the served page: its places, actions and lessons are offered, too."""

from __future__ import annotations

import os

#: Solara loads the page by its name, so the folder travels as a variable of the process.
VARIABLE = "CONTACTSIM_CONFIG_DIR"


def config_dir() -> str | None:
    """The folder that the page was served with; None for none."""
    return os.environ.get(VARIABLE) or None


def use(folder: str | None) -> None:
    """Serve this folder from now on."""
    os.environ[VARIABLE] = folder or ""
