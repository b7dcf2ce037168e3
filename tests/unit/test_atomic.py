"""Files and folders are written completely or not at all."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from contactsim.errors import UserError
from contactsim.storage.atomic import PARTIAL, is_partial, new_file, new_folder

#: No process has this number: it is larger than any that a system gives.
DEAD = 2**30


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    with new_folder(tmp_path / "run") as folder:
        (folder / "a").write_text("1")
        assert is_partial(folder) and not (tmp_path / "run").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["run"] and (tmp_path / "run" / "a").read_text() == "1"


def test_nothing_is_left_by_a_failure(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), new_folder(tmp_path / "run") as folder:
        (folder / "a").write_text("1")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_replaced_only_on_request(tmp_path: Path) -> None:
    with new_folder(tmp_path / "run") as folder:
        (folder / "a").write_text("1")
    with pytest.raises(UserError, match="cannot be written"), new_folder(tmp_path / "run") as folder:
        (folder / "a").write_text("2")
    assert (tmp_path / "run" / "a").read_text() == "1"
    with new_folder(tmp_path / "run", replace=True) as folder:
        (folder / "b").write_text("2")
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["b"]
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_leftovers_of_the_dead_go_and_those_of_the_living_stay(tmp_path: Path) -> None:
    here = socket.gethostname()
    gone = tmp_path / f".run{PARTIAL}{here}-{DEAD}-1"
    lives = tmp_path / f".run{PARTIAL}{here}-{os.getppid()}-1"
    elsewhere = tmp_path / f".run{PARTIAL}elsewhere-{DEAD}-1"
    other = tmp_path / f".another{PARTIAL}{here}-{DEAD}-1"
    old = tmp_path / f".run{PARTIAL}elsewhere-1-1"
    for path in (gone, lives, elsewhere, other, old):
        path.mkdir()
    os.utime(old, (0, 0))
    with new_folder(tmp_path / "run"):
        pass
    assert not gone.exists() and lives.exists() and elsewhere.exists() and other.exists() and not old.exists()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"), new_folder(tmp_path / "file" / "run"):
        pass


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    with new_file(tmp_path / "deep" / "x.txt") as partial:
        partial.write_text("1")
    assert (tmp_path / "deep" / "x.txt").read_text() == "1"
    with pytest.raises(RuntimeError), new_file(tmp_path / "deep" / "x.txt") as partial:
        partial.write_text("2")
        raise RuntimeError
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["x.txt"]
    assert (tmp_path / "deep" / "x.txt").read_text() == "1"
