"""Writing so that what stands under its name is whole: temporary beside the target, flushed, then renamed."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contactsim.errors import UserError

#: In the name of what is not finished.
PARTIAL = ".partial-"


@contextmanager
def new_folder(target: Path, replace: bool = False) -> Iterator[Path]:
    """A temporary folder that takes the name ``target`` when the block ends well, and vanishes otherwise.

    Leftovers of killed processes are removed first. An existing ``target`` is replaced only with
    ``replace``. Raises UserError where nothing can be written.
    """
    remove_leftovers(target)
    partial = target.with_name(f".{target.name}{PARTIAL}{os.getpid()}")
    try:
        partial.mkdir(parents=True)
    except OSError as error:
        raise UserError(f"{target} cannot be written: {error.strerror}.") from None
    try:
        yield partial
        for path in [*partial.rglob("*"), partial]:
            flush(path)
        if replace and target.exists():
            old = target.with_name(f".{target.name}{PARTIAL}old-{os.getpid()}")
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
    """A temporary path whose file takes the name ``target`` when the block ends well."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}{PARTIAL}{os.getpid()}")
    try:
        yield partial
        flush(partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def is_partial(path: Path) -> bool:
    """Whether a name is that of something unfinished."""
    return PARTIAL in path.name


def remove_leftovers(target: Path) -> None:
    """Remove what killed processes left of ``target``; nothing that a living process works on."""
    for path in target.parent.glob(f".{target.name}{PARTIAL}*"):
        process = path.name.rsplit("-", 1)[-1]
        if process.isdigit() and not _alive(int(process)):
            shutil.rmtree(path, ignore_errors=True)


def flush(path: Path) -> None:
    """Have the system write a file, or a folder's list of names, to the disk."""
    if path.is_dir() and os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _alive(process: int) -> bool:
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
