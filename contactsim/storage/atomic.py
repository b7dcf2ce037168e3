"""Atomic files and folders: written under a temporary name next to the target, flushed to the disk, then renamed.

Whatever stands under its own name is complete, also when many processes on many machines write into one folder.
"""

from __future__ import annotations

import errno
import os
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contactsim.errors import UserError

#: Part of the name of everything that is not finished.
PARTIAL = ".partial-"
#: Seconds after which leftovers of other machines are removed (a day).
OLD = 86_400


@contextmanager
def new_folder(target: Path, replace: bool = False) -> Iterator[Path]:
    """A temporary folder that takes the name ``target`` when the block succeeds, and is removed otherwise.

    Leftovers of killed processes are removed first. An existing ``target`` is replaced only with ``replace``.
    Raises UserError if nothing can be written.
    """
    remove_leftovers(target.parent, target.name)
    partial = _partial(target)
    try:
        partial.mkdir(parents=True)
    except OSError as error:
        raise UserError(f"{target} cannot be written: {error.strerror}.") from None
    try:
        yield partial
        for path in [*partial.rglob("*"), partial]:
            flush(path)
        if replace and target.exists():
            old = _partial(target)
            target.replace(old)
            partial.replace(target)
            shutil.rmtree(old, ignore_errors=True)
        else:
            partial.replace(target)
        flush(target.parent)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.ENOTEMPTY, errno.EEXIST, errno.EDQUOT):
            raise UserError(f"{target} cannot be written: {error.strerror}.") from None
        raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """A temporary path whose file takes the name ``target`` when the block succeeds. Raises OSError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = _partial(target)
    try:
        yield partial
        flush(partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def is_partial(path: Path) -> bool:
    """Whether a name is that of something unfinished."""
    return PARTIAL in path.name


def remove_leftovers(folder: Path, name: str = "*") -> None:
    """Remove what killed processes left of ``name`` (of everything by default) in a folder.

    Leftovers of this machine go as soon as their process has ended, those of other machines after a day.
    """
    here = f"{PARTIAL}{socket.gethostname()}-"
    for path in folder.glob(f".{name}{PARTIAL}*"):
        try:
            old = time.time() - path.stat().st_mtime > OLD
            if old or (here in path.name and not _alive(path.name.rsplit("-", 2)[-2])):
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        except OSError:
            continue


def flush(path: Path) -> None:
    """Make the system write a file, or a folder's list of names, to the disk."""
    if path.is_dir() and os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _partial(target: Path) -> Path:
    """A temporary name that no other process and no other call uses."""
    return target.with_name(f".{target.name}{PARTIAL}{socket.gethostname()}-{os.getpid()}-{time.monotonic_ns()}")


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
