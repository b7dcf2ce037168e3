"""The store of many runs: a folder of Parquet files with one row a run, and no server.

``runs/ID.DIGEST.parquet`` holds one run (``ID.failed.DIGEST.parquet`` a failure), written under a temporary name,
flushed and renamed by the process that did it: whole or absent, and never waiting for anybody. From time to time small
files are packed into ``packs/``, many rows to a file, and then removed; a run that is in both for a
moment counts once. So 2,000 small runs are a handful of files in the end, a kill loses the run in flight
and no other, and processes on several machines need no lock. Nothing is ever changed in place.

Every file has the digest of its bytes in its name. Whoever reads a store checks each file once, whichever columns are
asked for: a damaged one is an error with its name, never a table with fewer rows.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import sys
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from contactsim.errors import UserError
from contactsim.storage.concurrent import remove_leftovers, write_whole
from contactsim.storage.schema import CATALOGUE, OK, SCHEMA

#: Version of the layout.
FORMAT = 2
#: Bytes of results that a pack holds at most, and from which on a file is left as it is: put together again and
#: again, large files would cost more than many runs do.
PACK, LARGE = 32_000_000, 4_000_000
_FAILED = ".failed"
#: Files that this process has checked, with their time and size.
_WHOLE: set[tuple[Path, int, int]] = set()


class Store:
    """A folder of runs. Reading is safe while others write."""

    def __init__(self, path: Path | str, missing: bool = False) -> None:
        """Open a store; with ``missing``, one that is not there yet counts as empty. Raises UserError."""
        self.path = Path(path).expanduser()
        self.runs, self.packs = self.path / "runs", self.path / "packs"
        self.experiments, self.places = self.path / "experiments", self.path / "places"
        if missing and not self.exists():
            self._check_free()
        else:
            self._check()

    def exists(self) -> bool:
        """Whether the store is there."""
        return (self.path / "store.json").is_file()

    def _check_free(self) -> None:
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise UserError(f"store={self.path} is there and is no store of contactsim: choose another folder.")

    def _create(self) -> None:
        with self.writing():
            text = json.dumps({"kind": "contactsim store", "format": FORMAT}) + "\n"
            write_whole(self.path / "store.json", lambda partial: _write_text(partial, text))

    def _check(self) -> None:
        if not self.exists():
            raise UserError(f"{self.path} is no store of contactsim: it has no store.json.")
        try:
            found = json.loads((self.path / "store.json").read_text(encoding="utf-8"))["format"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(f"{self.path / 'store.json'} is damaged ({error}); the runs beside it are not touched: "
                            f"copy the file from another store of this version.") from None
        if found != FORMAT:
            raise UserError(f"{self.path} is a store of format {found}; this version of contactsim reads and writes "
                            f"format {FORMAT}: choose another folder, or use the version that made it.")

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Say what is wrong with the disk in one sentence. Raises UserError."""
        try:
            yield
        except OSError as error:
            hint = {errno.ENOSPC: "free some space and give the same command again",
                    errno.EDQUOT: "free some space and give the same command again"}.get(
                        error.errno or 0, "it must be a folder that you may write to")
            raise UserError(f"store={self.path} cannot be written: {error.strerror or error}; what is stored already "
                            f"is whole ({hint}).") from None

    def prepare(self) -> None:
        """Make the store if there is none, see that it can be written, and remove what killed processes left.

        Raises UserError.
        """
        if not self.exists():
            self._create()
        with self.writing():
            for folder in (self.runs, self.packs, self.experiments, self.places):
                folder.mkdir(parents=True, exist_ok=True)
                remove_leftovers(folder)
            write_whole(self.runs / ".probe", lambda partial: _write_text(partial, "x" * 4096))
            (self.runs / ".probe").unlink(missing_ok=True)

    def write(self, table: pa.Table) -> None:
        """Write one run's row under its name, whole or not at all; earlier failures of it go. Raises OSError."""
        name, ok = table["id"][0].as_py(), table["status"][0].as_py() == OK
        failures = [path for path in self.runs.glob(f"{name}{_FAILED}.*") if not path.name.startswith(".")]
        held = _parquet_bytes(table)
        target = self.runs / f"{name}{'' if ok else _FAILED}.{_bytes_digest(held)}.parquet"
        write_whole(target, lambda partial: _write_bytes(partial, held))
        for path in failures:
            if path != target:
                path.unlink(missing_ok=True)

    def catalogue(self) -> pa.Table:
        """Every run once, sorted by id, without the results. A success outranks failures. Raises UserError."""
        return self.read(CATALOGUE)

    def read(self, columns: Iterable[str], ids: Collection[str] | None = None) -> pa.Table:
        """The chosen columns of every run once (or of ``ids``), sorted by id.

        Raises UserError for a damaged file, whether or not it holds what is asked for, and for one that vanishes.
        """
        table, damaged = self.read_whole(columns, ids)
        for name, why in damaged.items():
            more = f" (and {len(damaged) - 1} more)" if len(damaged) > 1 else ""
            raise UserError(f"{self.path / name} is damaged{more}: {why}. Nothing is read without its runs: give the "
                            f"command that made them again, which sets the file aside and does them again, or move "
                            f"it out of the store.")
        return table

    def read_whole(self, columns: Iterable[str],
                   ids: Collection[str] | None = None) -> tuple[pa.Table, dict[str, str]]:
        """As :meth:`read` without what damaged files hold, and those files by name with the reason: for a planner."""
        wanted = list(dict.fromkeys(["id", "status", "kept", *columns]))
        for _ in range(5):
            with contextlib.suppress(_MovedError):
                table, damaged = self._read_all(wanted, ids)
                table = self._once(table)
                return table.select([name for name in SCHEMA.names if name in set(columns) | {"id"}]), damaged
        raise UserError(f"{self.path} changes too fast to be read: try again when fewer sweeps work on it.")

    def _read_all(self, columns: list[str], ids: Collection[str] | None) -> tuple[pa.Table, dict[str, str]]:
        damaged: dict[str, str] = {}
        known = pa.array(sorted(ids)) if ids is not None else None
        parts = [SCHEMA.empty_table().select(columns)]
        # singles before packs: a run that is packed in between is then found in its pack
        for path in [*_parquet(self.runs), *_parquet(self.packs)]:
            if ids is not None and path.parent == self.runs and path.name.split(".")[0] not in ids:
                continue
            try:
                self._check_whole(path)
                part = _read(path, columns, known)
            except FileNotFoundError:
                if path.parent == self.packs:
                    raise _MovedError from None
                continue
            except (OSError, ValueError, pa.ArrowException) as error:
                damaged[path.relative_to(self.path).as_posix()] = str(error).splitlines()[0][:160].rstrip(".")
                continue
            if part.num_rows:
                parts.append(part)
        return pa.concat_tables(parts), damaged

    def _check_whole(self, path: Path) -> None:
        """See once that a file is as it was written, all of it. Raises OSError, ValueError or ArrowException."""
        fact = path.stat()
        known = path.absolute(), fact.st_mtime_ns, fact.st_size
        if known not in _WHOLE:
            if _bytes_digest(path.read_bytes()) != path.stem.rpartition(".")[2]:
                raise ValueError("its bytes are not those that were written")
            _WHOLE.add(known)

    @staticmethod
    def _once(table: pa.Table) -> pa.Table:
        if not table.num_rows:
            return table
        rank = pc.add(pc.multiply(pc.cast(pc.equal(table["status"], OK), pa.int32()), 100),
                      pc.cast(pc.fill_null(pc.list_value_length(table["kept"]), 0), pa.int32()))
        order = pc.sort_indices(pa.table({"id": table["id"], "rank": rank}),
                                sort_keys=[("id", "ascending"), ("rank", "descending")])
        table = table.take(order)
        ids = table["id"].to_pylist()
        return table.filter(pa.array([k == 0 or ids[k - 1] != name for k, name in enumerate(ids)]))

    def has(self, name: str) -> bool:
        """Whether a success of that identity is there, perhaps written by another process a moment ago."""
        table, _ = self.read_whole(["status"], {name})
        return OK in table["status"].to_pylist()

    def set_aside(self, damaged: Iterable[str]) -> list[str]:
        """Move damaged files, as :meth:`read_whole` names them, to ``damaged/`` and say so; returns those moved."""
        moved = []
        with self.writing():
            for name in damaged:
                (self.path / "damaged").mkdir(exist_ok=True)
                with contextlib.suppress(FileNotFoundError):  # another process has moved it
                    (self.path / name).replace(self.path / "damaged" / Path(name).name)
                    moved.append(name)
        for name in moved:
            print(f"contactsim: {self.path / name} is damaged: it is set aside in {self.path / 'damaged'}, and what is "
                  f"lacking is done again", file=sys.stderr)
        return moved

    def forget(self, measure: str) -> None:
        """Remove all rows of a measure and no others. Raises UserError.

        Killed at any moment it has lost no other row. Who packs at the same time may bring some of the rows back.
        """
        with self.writing():
            for path in [*_parquet(self.runs), *_parquet(self.packs)]:
                with contextlib.suppress(FileNotFoundError, ValueError, pa.ArrowException):  # vanished, or damaged
                    self._forget(path, measure)

    def _forget(self, path: Path, measure: str) -> None:
        self._check_whole(path)
        of_others = pc.fill_null(pc.not_equal(_read(path, ["measure"])["measure"], measure), True)
        if pc.all(of_others).as_py():
            return
        if pc.any(of_others).as_py():
            left = _read(path, SCHEMA.names).filter(of_others)
            self._write_pack(left)
        path.unlink()

    def _write_pack(self, table: pa.Table) -> Path:
        held = _parquet_bytes(table)
        target = self.packs / f"{_bytes_digest(held)}.parquet"
        write_whole(target, lambda partial: _write_bytes(partial, held))
        return target

    def pack(self, at_least: int = 2) -> int:
        """Put small files together, ``at_least`` that many of them; returns how many runs were packed.

        Safe at any moment and beside others: a pack is whole before the files in it are removed.
        """
        packed = 0
        for group in self._groups():
            if len(group) >= at_least:
                packed += self._pack(group)
        return packed

    def _groups(self) -> Iterator[list[tuple[Path, os.stat_result]]]:
        """Files to be packed together: up to PACK bytes."""
        group: list[tuple[Path, os.stat_result]] = []
        size = 0
        for path in [*_parquet(self.runs), *_parquet(self.packs)]:
            with contextlib.suppress(FileNotFoundError):
                fact = path.stat()
                if fact.st_size > LARGE:
                    continue
                if size + fact.st_size > PACK:
                    yield group
                    group, size = [], 0
                group.append((path, fact))
                size += fact.st_size
        yield group

    def _pack(self, group: list[tuple[Path, os.stat_result]]) -> int:
        parts, read = [], []
        for path, fact in group:
            try:
                self._check_whole(path)
                parts.append(_read(path, SCHEMA.names))
                read.append((path, fact))
            except (OSError, ValueError, pa.ArrowException):
                continue  # vanished into another's pack, or damaged: left where it is
        if len(parts) < 2:
            return 0
        target = self._write_pack(self._once(pa.concat_tables(parts)))
        for path, fact in read:
            with contextlib.suppress(FileNotFoundError):
                if path != target and path.stat().st_mtime_ns == fact.st_mtime_ns:
                    path.unlink()
        return len(parts)


class _MovedError(Exception):
    """A pack went into another one while it was to be read."""


def _parquet(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.parquet") if not path.name.startswith("."))


def _parquet_bytes(table: pa.Table) -> bytes:
    out = pa.BufferOutputStream()
    pq.write_table(table, out, compression="zstd", row_group_size=64)
    held: bytes = out.getvalue().to_pybytes()
    return held


def _bytes_digest(held: bytes) -> str:
    return hashlib.blake2b(held, digest_size=16).hexdigest()


def _write_bytes(path: Path, held: bytes) -> None:
    path.write_bytes(held)


def _read(path: Path, columns: list[str], ids: pa.Array | None = None) -> pa.Table:
    # Arrow's own file: its threads would let go of a file of Python's late, and abort a process that is ending by then
    with pa.OSFile(str(path), "rb") as file:
        parquet = pq.ParquetFile(file)
        if parquet.schema_arrow.names != SCHEMA.names:
            raise ValueError("it has other columns than a store of this version")
        if ids is None:
            return parquet.read(columns=columns).select(columns).cast(_schema(columns))
        parts = []
        for group in range(parquet.num_row_groups):
            there = pc.is_in(parquet.read_row_group(group, columns=["id"])["id"], ids)
            if pc.any(there).as_py():
                part = parquet.read_row_group(group, columns=columns).filter(there)
                parts.append(part.select(columns).cast(_schema(columns)))
        return pa.concat_tables(parts) if parts else _schema(columns).empty_table()


def _schema(columns: list[str]) -> Any:
    return pa.schema([SCHEMA.field(name) for name in columns])


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
