"""Files of a store that many processes on many machines may write: whole under their name, or absent."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

from contactsim.storage.atomic import PARTIAL, flush

#: Leftovers of other machines are removed after this many seconds (a day).
OLD = 86_400


def write_whole(target: Path, write: Callable[[Path], None]) -> None:
    """Let ``write`` fill a temporary file beside ``target``, flush it and give it the name. Raises OSError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}{PARTIAL}{socket.gethostname()}-{os.getpid()}-{time.monotonic_ns()}")
    try:
        write(partial)
        flush(partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes left: those of this machine at once, those of others after a day."""
    here = f"{PARTIAL}{socket.gethostname()}-"
    for path in folder.glob(f".*{PARTIAL}*"):
        try:
            old = time.time() - path.stat().st_mtime > OLD
            if old or (here in path.name and not _alive(path.name.rsplit("-", 2)[-2])):
                path.unlink(missing_ok=True)
        except OSError:
            continue


def _alive(process: str) -> bool:
    if os.name != "posix" or not process.isdigit():
        return True
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
